"""Write what the pages on daily work have in common: figures, times of the day, names of places."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from walkcover.maps import formats
from walkcover.maps.document import Cell, Column, Paragraph, Row, Table
from walkcover.maps.layers import is_text
from walkcover.maps.text import ZH, Words

HOURS_OF_A_DAY = 24.0
SECONDS_OF_AN_HOUR = 3600.0
# A table of figures with more rows stands in halves side by side.
WHOLE_ROWS = 6

Figures = Mapping[str, Any]
Write = Callable[[float], str]


def number_of(figures: Figures, name: str) -> float:
    """
    Take a figure of a summary.

    Returns
    -------
    value
        NaN where it is not known.

    Examples
    --------
    >>> number_of({"desks": 4, "left_people": None}, "desks")
    4.0
    >>> number_of({"desks": 4, "left_people": None}, "left_people")
    nan
    """
    value = figures.get(name)
    return math.nan if value is None else float(value)


def figure_rows(
    listed: Sequence[tuple[str, str, Write]], figures: Figures, words: Words, *, part: str
) -> list[Row]:
    """
    Write figures of a summary one below the other; those that are not known are left out.

    Parameters
    ----------
    listed
        Name of a figure, key of its title, and what writes it.
    figures
        The summary.
    words
        The language.
    part
        Name of the summary: the figure ``tubes`` of ``relay`` has the key ``relay.tubes``.

    Returns
    -------
    rows
        A title and a figure each.
    """
    rows = []
    for name, title, write in listed:
        value = number_of(figures, name)
        if not math.isnan(value):
            cell = Cell(write(value), key=f"{part}.{name}", value=value)
            rows.append(Row((Cell(words(title)), cell)))
    return rows


def figure_table(rows: Sequence[Row]) -> Table:
    """Make a table of titles and figures that needs no heads, in halves where it is long."""
    columns = (Column("", "name"), Column("", "number"))
    return Table(columns, tuple(rows), halves=len(rows) > WHOLE_ROWS)


def joined(sentences: Sequence[str], words: Words) -> str:
    """
    Put sentences behind each other.

    Examples
    --------
    >>> joined(["One.", "Two."], Words("en")), joined(["一。", "二。"], Words("zh"))
    ('One. Two.', '一。二。')
    """
    return ("" if words.language == ZH else " ").join(sentences)


def time_text(hour: float, words: Words) -> str:
    """
    Write a time, and whether it is on the next day.

    Examples
    --------
    >>> time_text(9.5, Words("en")), time_text(25.0, Words("en")), time_text(25.0, Words("zh"))
    ('09:30', '01:00 next day', '次日 01:00')
    """
    if not math.isfinite(hour):
        return formats.MISSING
    text = formats.clock(hour)
    # What is rounded up to midnight is on the next day too.
    is_later = round(hour * 60) >= HOURS_OF_A_DAY * 60
    return words("next_day", time=text) if is_later else text


def hours_text(hours: float) -> str:
    """
    Write a number of hours, never less than it is.

    Examples
    --------
    >>> hours_text(9.5), hours_text(9.51), hours_text(8.0)
    ('9.5', '9.6', '8')
    """
    if not math.isfinite(hours):
        return formats.MISSING
    return formats.number(math.ceil(round(hours * 10, 6)) / 10)


def place_title(place_id: object, name: object) -> str:
    """
    Call a place by its name and its id.

    Examples
    --------
    >>> place_title("S1", "North"), place_title("S1", "S1"), place_title("S1", "")
    ('North (S1)', 'S1', 'S1')
    """
    return f"{name} ({place_id})" if is_text(name) and name != place_id else str(place_id)


def shown_note(count: int, shown: int, words: Words, *, file: str) -> list[Paragraph]:
    """
    Say how many rows a table leaves out, and where they are.

    Parameters
    ----------
    count, shown
        Rows there are, and rows of the table.
    words
        The language.
    file
        The output file that holds all.

    Returns
    -------
    note
        Nothing where all are shown.
    """
    if count <= shown:
        return []
    counts = {"count": formats.people(count), "shown": formats.people(shown)}
    return [Paragraph(words("shown_of", file=file, **counts), "quiet")]
