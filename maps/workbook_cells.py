"""Texts as cells, heads, and names of sheets that Excel takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from walkcover.maps.document import writable

# Limits of Excel: letters in a cell, in the head of a table, in the name of a sheet.
MOST_LETTERS, MOST_HEAD_LETTERS, MOST_NAME_LETTERS = 32767, 255, 31
NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")


def cell_text(text: str) -> str:
    r"""
    Make a text one that a cell can hold.

    Examples
    --------
    >>> cell_text("a\r\nb\x00"), len(cell_text("x" * 40000)), len(cell_text("\U0001f600" * 20000))
    ('a\nb\ufffd', 32767, 16384)
    """
    clean: str = writable(text.replace("\r\n", "\n").replace("\r", "\n"))
    return shortened(clean, MOST_LETTERS)


def shortened(text: str, most: int) -> str:
    """
    Cut a text, and end it in "…"; Excel counts a letter beyond the first plane as two.

    Examples
    --------
    >>> shortened("abcd", 3), shortened("abc", 3)
    ('ab…', 'abc')
    """
    if len(text.encode("utf-16-le")) <= 2 * most:
        return text
    return _first_letters(text, most - 1) + "…"


def _first_letters(text: str, most: int) -> str:
    """As many letters from the start as Excel counts `most`: two beyond the first plane."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")


def sheet_name(title: str, taken: set[str], suffix: str = "") -> str:
    r"""
    Make a name of a sheet that Excel allows and no other sheet has.

    Parameters
    ----------
    title
        As wished.
    taken
        Names that there are, in lower case; the new one is added.
    suffix
        Stands behind it in any case.

    Returns
    -------
    name
        At most 31 letters, none of ``[]:*?/\``.

    Examples
    --------
    >>> taken = set()
    >>> [sheet_name(one, taken) for one in ("a/b [x]", "A-b -x-", "a" * 40)]
    ['a-b -x-', 'A-b -x- 2', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
    """
    plain = NOT_IN_NAMES.sub("-", cell_text(title).replace("\n", " ")).strip("' ") or "-"
    # Excel keeps this name for itself.
    plain = "-" + plain if plain.casefold() == "history" else plain
    number, end = 1, suffix
    while True:
        kept = _first_letters(plain, MOST_NAME_LETTERS - len(end))
        name = kept.strip("' ") + end
        if name.casefold() not in taken:
            taken.add(name.casefold())
            return name
        number += 1
        end = f"{suffix} {number}"


def shown_width(text: str) -> int:
    r"""
    Count how many letters wide a text is; Chinese ones count double, lines by the longest.

    Examples
    --------
    >>> shown_width("Zone"), shown_width("辖区"), shown_width("two\nlines")
    (4, 4, 5)
    """
    return max(
        sum(
            0 if unicodedata.combining(letter) else
            2 if unicodedata.east_asian_width(letter) in "WF" else 1
            for letter in line
        )
        for line in text.split("\n")
    )  # fmt: skip


def unique_heads(titles: Iterable[str]) -> list[str]:
    r"""
    Make heads of a table that Excel takes: one line, no two alike in letters of either case.

    Examples
    --------
    >>> unique_heads(["Name", "name", "a\nb", ""])
    ['Name', 'name 2', 'a b', '-']
    """
    heads: list[str] = []
    taken: set[str] = set()
    for title in titles:
        plain = shortened(" ".join(cell_text(title).split()) or "-", MOST_HEAD_LETTERS - 8)
        head, number = plain, 1
        while head.casefold() in taken:
            number += 1
            head = f"{plain} {number}"
        taken.add(head.casefold())
        heads.append(head)
    return heads
