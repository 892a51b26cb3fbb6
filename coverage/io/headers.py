"""Find the table in the rows of a sheet, with titles above it and totals and notes below."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from walkcover._cell_values import cell_text, is_missing, parse_amount
from walkcover._errors import InputError
from walkcover._intake import SHOWN

# Rows with their number in the sheet.
Numbered = list[tuple[int, list[str]]]

COLON = "[:\uff1a]"
# 填报单位:…, 日期:…: what stands above and below tables in offices.
LABEL = re.compile(rf"[^:\uff1a]{{1,12}}{COLON}.*", re.DOTALL)
TOTAL = re.compile(
    rf"(?:全[省市县区镇]|本页)?(?:总计|合计|共计|小计|总和|total|sub-?total){COLON}?[\d,.]*[人个户处]?",
    re.IGNORECASE,
)
GRAND_TOTAL = re.compile(r"(?:全[省市县区镇])?(?:总计|合计|共计|总和|total)", re.IGNORECASE)
FOOTNOTE = re.compile(
    rf"\*|[(\uff08]?(?:注|备注|附注|说明|数据来源|资料来源|来源|notes?|sources?){COLON}"
    rf"|(?:填表|制表|填报|审核|联系|复核|统计)[^:\uff1a]{{0,4}}{COLON}",
    re.IGNORECASE,
)
# A title that makes every number mean more than it says.
MULTIPLE_UNIT = re.compile(rf"单位\s*{COLON}?\s*[百千万亿]")
UNITS = ("人", "户", "个", "台", "%")
MOST_TITLES = 10
# Sums that differ by less than this are the same, whatever was rounded.
SUM_TOLERANCE = 0.5


@dataclass(frozen=True)
class Merge:
    """Merged cells: rows as the sheet numbers them, columns from 0, ends included."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


def table_of_rows(
    rows: Iterable[Sequence[str]], *, what: str, merges: Sequence[Merge] = ()
) -> pd.DataFrame:
    """
    Make a table of the rows of a sheet, as offices write them.

    Titles above the header are left out. A header may have several rows: the name of a column is
    that of its lowest cell, or where two columns share it, all its cells from above joined by
    ``/``. Rows of totals, repeated headers and notes below the table are left out. Merged cells of
    words hold for every row they span; those of numbers are refused, as nobody knows whether the
    number is one for all or one for each.

    Parameters
    ----------
    rows
        Cells as text, row by row, from the first row of the sheet.
    what
        What messages call the table.
    merges
        Merged cells, where the format knows them.

    Returns
    -------
    table
        Text; the index is the number of the row in the sheet. ``attrs["notes"]`` says what was
        done, ``attrs["full_names"]`` gives the column of each joined name.

    Raises
    ------
    InputError
        If there is no row, a row has more cells than the header, a title says that numbers are
        multiples, or merged cells share a number.

    Examples
    --------
    >>> sheet = [["采样点一览表", "", ""], ["编号", "经纬度", ""], ["", "经度", "纬度"],
    ...          ["B1", "112.5", "37.8"], ["合计", "1", ""]]
    >>> table = table_of_rows(sheet, what="sites")
    >>> table
       编号     经度    纬度
    4  B1  112.5  37.8
    >>> table.attrs["full_names"]
    {'经纬度/经度': '经度', '经纬度/纬度': '纬度'}
    """
    numbered: Numbered = [
        (number, list(row)) for number, row in enumerate(rows, start=1) if any(map(str.strip, row))
    ]
    if not numbered:
        msg = f"{what}: the table is empty: expected a header and at least one row"
        raise InputError(msg)
    notes: list[str] = []
    numbered = _below_titles(numbered, notes, what=what)
    depth = _header_depth(numbered, merges)
    header, body = numbered[:depth], numbered[depth:]
    names, full_names = _names(header, merges, notes)
    body = _without_repeats(body, header, notes)
    body, totals = _without_totals(body, notes, width=len(names))
    _refuse_long_rows(body, len(names), what=what)
    body = [(number, (row + [""] * (len(names) - len(row)))[: len(names)]) for number, row in body]
    body = _filled(body, merges, names, notes, what=what)
    _compare_totals(totals, body, names, notes)
    table = pd.DataFrame(
        [row for _, row in body],
        columns=names,
        index=[number for number, _ in body],
        dtype="str",
    )
    table.attrs["notes"] = notes
    if full_names:
        table.attrs["full_names"] = full_names
    return table


def _words(row: Sequence[str]) -> list[str]:
    """The cells of a row that hold something."""
    return [cell.strip() for cell in row if cell.strip()]


def _first_word(row: Sequence[str]) -> str:
    """The first cell of a row that holds something; every row has one."""
    return row[0].strip() or next(filter(None, map(str.strip, row)))


def _is_name(cell: str) -> bool:
    """Tell what may name a column from numbers and marks for nothing."""
    return not is_missing(cell) and not _is_number(cell)


def _number(cell: str) -> float:
    return parse_amount(cell, units=UNITS).value


def _is_number(cell: str) -> bool:
    return not math.isnan(_number(cell))


def _below_titles(numbered: Numbered, notes: list[str], *, what: str) -> Numbered:
    """Leave out titles: rows of one cell, or of few labelled ones, over a row of several names."""
    count = 0
    while count < min(MOST_TITLES, len(numbered)):
        words = _words(numbered[count][1])
        if len(words) > 1 and not all(map(LABEL.fullmatch, words)):
            break
        count += 1
    if not 0 < count < len(numbered):
        return numbered
    header = _words(numbered[count][1])
    titles = numbered[:count]
    most = max(len(_words(row)) for _, row in titles)
    if len(header) < max(2, most + 1) or not all(map(_is_name, header)):
        return numbered
    for number, row in titles:
        text = " ".join(_words(row))
        if MULTIPLE_UNIT.search(text):
            msg = (
                f"{what}: row {number} says {text!r}: expected plain numbers; multiply them in "
                "the table and take this line out"
            )
            raise InputError(msg)
        notes.append(f"row {number} is a title ({text}) and was left out")
    return numbered[count:]


def _header_depth(numbered: Numbered, merges: Sequence[Merge]) -> int:
    """Count the rows of the header."""
    by_number = dict(numbered)
    last = numbered[0][0]
    row = last
    while row <= last:
        for merge in merges:
            if merge.first_row != row:
                continue
            last = max(last, merge.last_row)
            below = _words(by_number.get(merge.last_row + 1, []))
            spans = merge.first_column < merge.last_column
            if spans and below and all(map(_is_name, below)) and _has_numbers(numbered[2:]):
                last = max(last, merge.last_row + 1)
        row += 1
    depth = sum(number <= last for number, _ in numbered)
    if depth > 1 or len(numbered) < 2:
        return depth
    return 2 if _completes(numbered[0][1], numbered[1][1], numbered[2:]) else 1


def _completes(upper: Sequence[str], lower: Sequence[str], rest: Numbered) -> bool:
    """Tell whether a row names just the columns that the row above it leaves open."""
    width = max(map(len, (upper, lower)))
    above, below = ([*row, *[""] * (width - len(row))] for row in (upper, lower))
    while width and not (above[width - 1].strip() or below[width - 1].strip()):
        width -= 1
    gaps = {place for place in range(1, width) if not above[place].strip()}
    parents = {place - 1 for place in gaps} - gaps
    if not gaps or not above[0].strip() or not _has_numbers(rest):
        return False
    filled = {place for place in range(width) if below[place].strip()}
    return filled == gaps | parents and all(_is_name(below[place]) for place in filled)


def _has_numbers(rows: Numbered) -> bool:
    return any(_is_number(cell) for _, row in rows[:SHOWN] for cell in row)


def _names(
    header: Numbered, merges: Sequence[Merge], notes: list[str]
) -> tuple[list[str], dict[str, str]]:
    """Name the columns; also give the joined names where a column has a shorter one."""
    grid, numbers = _grid(header, merges)
    if len(grid) > 1:
        notes.append(f"header in rows {numbers[0]}-{numbers[-1]}")
    elif numbers[0] > 1:
        notes.append(f"header in row {numbers[0]}")
    paths = [_path([row[place] for row in grid]) for place in range(len(grid[0]))]
    while paths and not paths[-1]:
        paths.pop()
    broken = sorted({part for path in paths for part in path if "\n" in part or "\r" in part})
    if broken:
        notes.append(f"line breaks were taken out of the names of {len(broken)} columns")
    paths = [tuple(map(_one_line, path)) for path in paths]
    counts = Counter(path[-1] for path in paths if path)
    names = []
    full_names = {}
    for place, path in enumerate(paths, start=1):
        full = "/".join(path)
        is_single = bool(path) and counts[path[-1]] == 1
        names.append((path[-1] if is_single else full) or f"column {place}")
        if is_single and full != path[-1]:
            full_names[full] = path[-1]
    return names, full_names


def _grid(header: Numbered, merges: Sequence[Merge]) -> tuple[list[list[str]], list[int]]:
    """Cells of the header, each name in all the cells it spans; also the numbers of the rows."""
    width = max(len(row) for _, row in header)
    grid = [[cell.strip() for cell in row] + [""] * (width - len(row)) for _, row in header]
    numbers = [number for number, _ in header]
    if len(grid) == 1:
        return grid, numbers
    spans = [merge for merge in merges if merge.first_row in numbers]
    for merge in spans:
        levels = [n for n, row in enumerate(numbers) if merge.first_row <= row <= merge.last_row]
        places = range(merge.first_column, min(merge.last_column + 1, width))
        for level in levels:
            for place in places:
                grid[level][place] = grid[levels[0]][places[0]]
    if not spans:
        # A format without merged cells: a name spans the open cells behind it.
        for place in range(1, width):
            if grid[1][place] and not grid[0][place]:
                grid[0][place] = grid[0][place - 1]
    return grid, numbers


def _path(cells: Sequence[str]) -> tuple[str, ...]:
    """Names over each other, once each where they are merged."""
    path: list[str] = []
    for cell in cells:
        if cell and path[-1:] != [cell]:
            path.append(cell)
    return tuple(path)


def _one_line(name: str) -> str:
    """Take line breaks out: none between Chinese characters, a blank between letters."""
    return re.sub(r"\s*[\r\n]+\s*", " ", re.sub(r"(?<=[^\x00-\x7f])\s*[\r\n]+\s*", "", name))


def _without_repeats(body: Numbered, header: Numbered, notes: list[str]) -> Numbered:
    """Leave out headers that are repeated on every printed page."""
    once = [words for words in (_words(row) for _, row in header) if len(words) > 1]
    starts = {words[0] for words in once}
    again = [n for n, row in body if _first_word(row) in starts and _words(row) in once]
    if again:
        notes.append(f"{_rows(again)} repeat the header and were left out")
    dropped = {*again}
    return [(number, row) for number, row in body if number not in dropped]


def _without_totals(body: Numbered, notes: list[str], *, width: int) -> tuple[Numbered, Numbered]:
    """Leave out notes below the table and rows of totals; also give the totals."""
    end = len(body)
    while end and _is_footnote(body[end - 1][1]):
        end -= 1
        number, row = body[end]
        notes.append(f"row {number} is a note ({' '.join(_words(row))}) and was left out")
    said = [(number, row) for number, row in body[:end] if _is_total(row)]
    numbers = {number for number, _ in said}
    others = [row for number, row in body[:end] if number not in numbers]
    # A row that fills every column may be a place of that name; then its numbers do not add up.
    totals = [
        (number, row)
        for number, row in said
        if width < 3 or len(_words(row)) < width or _adds_up(row, others)
    ]
    for number, row in totals[:SHOWN]:
        notes.append(f"row {number} is a total row ({_words(row)[0]}) and was left out")
    if len(totals) > SHOWN:
        notes.append(f"{len(totals)} total rows in all were left out")
    dropped = {number for number, _ in totals}
    return [(number, row) for number, row in body[:end] if number not in dropped], totals


def _is_footnote(row: Sequence[str]) -> bool:
    words = _words(row)
    labelled = len(words) == 1 or all(map(LABEL.fullmatch, words))
    return labelled and FOOTNOTE.match(words[0]) is not None


def _is_total(row: Sequence[str]) -> bool:
    first = _first_word(row)
    # Blanks within 合 计 are no part of the word.
    tight = first if first.isascii() and " " not in first else "".join(first.split())
    return TOTAL.fullmatch(tight) is not None


def _adds_up(total: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether some number of a row is the sum of those in its column."""
    for place, cell in enumerate(total):
        cells = [row[place] for row in rows if place < len(row) and not is_missing(row[place])]
        if not cells or not all(map(_is_number, [cell, *cells])):
            continue
        if abs(math.fsum(map(_number, cells)) - _number(cell)) <= SUM_TOLERANCE:
            return True
    return False


def _refuse_long_rows(body: Numbered, width: int, *, what: str) -> None:
    wide = [(number, row) for number, row in body if len(row) > width]
    long = [f"row {number}" for number, row in wide if any(map(str.strip, row[width:]))]
    if long:
        msg = (
            f"{what}: more cells than the header has in {len(long)} rows, "
            f"first {', '.join(long[:SHOWN])}: expected a header with one name per column, above "
            "it nothing but titles of one cell, and quotes around cells with commas"
        )
        raise InputError(msg)


def _filled(
    body: Numbered, merges: Sequence[Merge], names: Sequence[str], notes: list[str], *, what: str
) -> Numbered:
    """Give the words of merged cells to every row that they span."""
    by_number = dict(body)
    faults: list[str] = []
    count = 0
    for merge in merges:
        rows = [n for n in range(merge.first_row, merge.last_row + 1) if n in by_number]
        if len(rows) < 2 or rows[0] != merge.first_row or merge.first_column >= len(names):
            continue
        value = by_number[rows[0]][merge.first_column]
        if _is_number(value):
            where = f"rows {rows[0]}-{rows[-1]} of column {names[merge.first_column]!r}"
            faults.append(f"{where} ({value!r})")
        elif value.strip():
            for number in rows[1:]:
                by_number[number][merge.first_column] = value
            count += 1
    if faults:
        msg = (
            f"{what}: merged cells share one number in {len(faults)} places, first "
            f"{', '.join(faults[:SHOWN])}: expected a number of its own in every row; unmerge "
            "the cells and write what each row has"
        )
        raise InputError(msg)
    if count:
        notes.append(f"merged cells in {count} places hold for every row that they span")
    return [(number, by_number[number]) for number, _ in body]


def _compare_totals(
    totals: Numbered, body: Numbered, names: Sequence[str], notes: list[str]
) -> None:
    """Say where the last grand total is not the sum of the rows."""
    if not totals or not GRAND_TOTAL.match("".join(_words(totals[-1][1])[0].split())):
        return
    number, row = totals[-1]
    for place, (name, cell) in enumerate(zip(names, row, strict=False)):
        cells = [line[place] for _, line in body if not is_missing(line[place])]
        # Totals of codes and coordinates are none; a column of words has none either.
        if not _is_number(cell) or not cells or not all(map(_is_number, cells)):
            continue
        total, added = _number(cell), math.fsum(map(_number, cells))
        if abs(added - total) > SUM_TOLERANCE:
            notes.append(
                f"row {number} says {cell_text(total)} for column {name!r}, but its rows add up "
                f"to {cell_text(added)}"
            )


def _rows(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:SHOWN]))
    return f"rows {shown}" + (f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else "")
