"""What a report says, as plain blocks: every form of the report is written from these."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, ClassVar, Literal

from walkcover.maps.drawing import Drawing

# What a column holds: one word, some words, names that may be long, codes, or figures of one unit.
Kind = Literal["word", "text", "name", "code", "people", "share", "minutes", "number", "degrees"]
WORDY: tuple[Kind, ...] = ("word", "text", "name", "code")
ARROW = " → "
# Neither XML nor UTF-8 has these; they come in with broken files.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Cell:
    """
    A figure or some words, as written and, for figures, as the summary has them.

    Parameters
    ----------
    text
        As written.
    after
        As written after building; empty where nothing changes, or there is no after.
    note
        Quiet words behind it.
    key, value, value_after
        Name of the figure and its raw values; no name for words, no value after without an after.
    """

    text: str
    after: str = ""
    note: str = ""
    key: str = ""
    value: float | None = None
    value_after: float | None = None

    def __str__(self) -> str:
        """Write both states in a line."""
        return self.text + (ARROW + self.after if self.after else "")


@dataclass(frozen=True)
class Column:
    """A column of a table: its head (lines parted by line ends), kind, and a head over several."""

    title: str
    kind: Kind = "text"
    over: str = ""


@dataclass(frozen=True)
class Row:
    """Cells of a table, the name of the row for programs, and how deep it is indented."""

    cells: tuple[Cell, ...]
    key: str = ""
    depth: int = 0


@dataclass(frozen=True)
class Table:
    """
    A table.

    Parameters
    ----------
    columns, rows
        What stands in it.
    keys
        What the keys of its rows are.
    halves
        Whether it stands in halves side by side, as it is long and thin.
    by_hand
        Whether its rows are high enough to write into by hand.
    """

    block: ClassVar[str] = "table"
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    keys: str = "row"
    halves: bool = False
    by_hand: bool = False


@dataclass(frozen=True)
class Paragraph:
    """Some sentences: in large type, plain, or quiet; `names` may break anywhere."""

    block: ClassVar[str] = "paragraph"
    text: str
    style: Literal["plain", "say", "quiet", "names"] = "plain"


@dataclass(frozen=True)
class Bullets:
    """A list, with numbers where the order says something."""

    block: ClassVar[str] = "bullets"
    lines: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading inside a chapter: of the chapter's own level, or one below."""

    block: ClassVar[str] = "heading"
    text: str
    level: Literal[2, 3] = 3


@dataclass(frozen=True)
class Card:
    """A headline figure with its title, a warning, and words beneath."""

    title: str
    figure: Cell
    tag: Cell | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cards:
    """Headline figures side by side."""

    block: ClassVar[str] = "cards"
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class FactCard:
    """What is known of one thing: its title, a word on it, and named facts."""

    title: str
    tag: str
    facts: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class FactCards:
    """Cards of many things, some side by side."""

    block: ClassVar[str] = "fact_cards"
    cards: tuple[FactCard, ...]


@dataclass(frozen=True)
class Figure:
    """A drawing with lines of explanation, `beside` or beneath it."""

    block: ClassVar[str] = "figure"
    drawing: Drawing
    caption: tuple[str, ...]
    beside: bool = False


@dataclass(frozen=True)
class Terms:
    """Words and what they mean."""

    block: ClassVar[str] = "terms"
    terms: tuple[tuple[str, str], ...]


Block = Table | Paragraph | Bullets | Heading | Cards | FactCards | Figure | Terms


@dataclass(frozen=True)
class Chapter:
    """A chapter: a short key, its title (the first page has none), a warning beside the title."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    tag: str = ""
    new_page: bool = False


@dataclass(frozen=True)
class Document:
    """
    A whole report in one language.

    Parameters
    ----------
    title, subtitle
        What stands on top.
    language
        Tag of the language, as ``zh-CN``.
    date
        As ``2022-05-20``; empty where the plan has none.
    banner
        What the document may be used for.
    page_label
        What stands at the foot of a page, with ``{page}`` and ``{pages}``.
    chapters
        In order.
    """

    title: str
    subtitle: str
    language: str
    date: str
    banner: str
    page_label: str
    chapters: tuple[Chapter, ...]


def figure_cell(
    before: float, after: float | None, write: Callable[[float], str], *, key: str = ""
) -> Cell:
    """
    Write a figure before and after building; nothing is said twice.

    Parameters
    ----------
    before, after
        Raw values; None where there is no state after building.
    write
        Writes a value.
    key
        Name of the figure.

    Returns
    -------
    cell
        The cell.

    Examples
    --------
    >>> from walkcover.maps import formats
    >>> str(figure_cell(0.5, 0.75, formats.share)), str(figure_cell(0.5, 0.5, formats.share))
    ('50.0% → 75.0%', '50.0%')
    """
    text = write(before)
    later = "" if after is None else write(after)
    return Cell(text, "" if later == text else later, key=key, value=before, value_after=after)


def writable(thing: Any) -> Any:
    r"""
    Replace what no file can hold in all texts of a document or a part of it.

    Parameters
    ----------
    thing
        A block, a document, a text, or a tuple of them.

    Returns
    -------
    thing
        The same with U+FFFD in the place of control characters and halves of surrogate pairs.

    Examples
    --------
    >>> writable(Bullets(("a\x00b", "c\nd")))
    Bullets(lines=('a\ufffdb', 'c\nd'), ordered=False)
    """
    if isinstance(thing, str):
        return UNWRITABLE.sub("\ufffd", thing)
    if isinstance(thing, tuple):
        return tuple(map(writable, thing))
    if is_dataclass(thing) and not isinstance(thing, type | Drawing):
        return replace(thing, **{f.name: writable(getattr(thing, f.name)) for f in fields(thing)})
    return thing
