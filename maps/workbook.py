"""Write tables and sentences as an Excel workbook whose bytes hang on nothing but its content."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from walkcover._errors import InputError
from walkcover.maps.workbook_cells import (
    MOST_HEAD_LETTERS,
    cell_text,
    sheet_name,
    shortened,
    shown_width,
    unique_heads,
)

Kind = Literal[
    "text", "people", "share", "change", "percent", "minutes", "metres", "degrees", "number"
]
NUMBER_FORMATS: dict[Kind, str] = {
    "text": "@",
    "people": "#,##0",
    "share": "0.0%",
    "change": "+0.0%;-0.0%;0.0%",
    "percent": "0.00%",
    "minutes": "#,##0.0",
    "metres": "#,##0.0",
    "degrees": "0.00000",
    "number": "#,##0.##",
}
# The same in Python, to measure how wide a column is.
SHOWN_AS: dict[Kind, str] = {
    "people": ",.0f", "share": ".1%", "change": "+.1%", "percent": ".2%", "degrees": ".5f",
}  # fmt: skip
# Limits of Excel: rows of a sheet less its head, columns.
MOST_ROWS, MOST_COLUMNS = 2**20 - 1, 2**14
# Stands where a workbook must carry a date and the plan gives none.
NO_DATE = "2000-01-01"
# Widths of columns in letters: the least, the most, heads that are not broken; and how many rows
# are measured.
NARROWEST, WIDEST, ONE_LINE, MEASURED_ROWS = 9, 48, 20, 5000
TABLE_STYLE = "Table Style Light 1"
BAR_COLOUR, HEAD_COLOUR = "#9ecae1", "#e3e7eb"
LINE_HEIGHT = 15
# Columns of the sheet of sentences: the first holds names, the others their values.
TEXT_WIDTHS = (46, 30, 18, 18, 18)


@dataclass(frozen=True)
class SheetColumn:
    """A column: its head, what it holds, and its values (None and NaN leave a cell empty)."""

    title: str
    kind: Kind
    values: Sequence[Any]


@dataclass(frozen=True)
class DataSheet:
    """
    A table on a sheet of its own.

    Parameters
    ----------
    key
        Name of the Excel table: a letter, then letters, digits and ``_``.
    title
        Name of the sheet; what Excel forbids in it is left out.
    columns
        At least one, all of the same length.
    frozen
        How many columns stay in sight.
    none
        What to write under the heads where there is no row.
    """

    key: str
    title: str
    columns: tuple[SheetColumn, ...]
    frozen: int = 1
    none: str = ""

    @property
    def n_rows(self) -> int:
        """Number of rows under the head."""
        return len(self.columns[0].values)


@dataclass(frozen=True)
class TextLine:
    """A sentence across the first sheet: as a title, a heading, or plain."""

    text: str
    style: Literal["title", "heading", "plain"] = "plain"


@dataclass(frozen=True)
class TextTable:
    """A small table on the first sheet; a value may be of another kind than its column."""

    key: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    kinds: tuple[Kind, ...] = ()


TextBlock = TextLine | TextTable


class _Exact(Worksheet):  # type: ignore[misc]  # XlsxWriter has no types.
    """A sheet that writes every number with all its digits; XlsxWriter itself rounds to 16."""

    def _xml_number_element(self, number: float, attributes: Any = ()) -> None:
        marks = "".join(f' {key}="{self._escape_attributes(str(one))}"' for key, one in attributes)
        self.fh.write(f"<c{marks}><v>{number!r}</v></c>")


def write_workbook(
    path: Path,
    *,
    title: str,
    date: str,
    first: tuple[str, Sequence[TextBlock]],
    sheets: Sequence[DataSheet],
) -> None:
    """
    Write a workbook: a sheet of sentences, then a sheet per table.

    Text is never read as a formula, an address or a number. What no file can hold is replaced by
    U+FFFD; a text of more than 32,767 letters is cut and ends in "…". A table with more rows than
    a sheet has goes on on a sheet of the same name with a number.

    Parameters
    ----------
    path
        Where to.
    title
        Title in the properties of the file.
    date
        Date in the properties, as ``2022-05-20``; 2000-01-01 where it is empty.
    first
        Name and content of the first sheet.
    sheets
        The tables.

    Raises
    ------
    InputError
        If a table has more columns than a sheet can hold.
    """
    # Already text, numbers stay numbers: nothing is to be read out of a cell's text.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        created = dt.datetime.fromisoformat(date or NO_DATE)
        name = shortened(cell_text(title), MOST_HEAD_LETTERS)
        book.set_properties({"created": created, "title": name})
        taken: set[str] = set()
        _write_first(book, sheet_name(first[0], taken), first[1])
        for one in sheets:
            for number, part in enumerate(_parts(one, MOST_ROWS), start=1):
                suffix = f" {number}" if number > 1 else ""
                _write_sheet(book, sheet_name(one.title, taken, suffix), part)


def _parts(sheet: DataSheet, most: int) -> Iterator[DataSheet]:
    """Cut a table into parts that fit a sheet."""
    if len(sheet.columns) > MOST_COLUMNS:
        msg = (
            f"table {sheet.key!r} has {len(sheet.columns)} columns, a sheet of Excel at most "
            f"{MOST_COLUMNS}; leave columns out of the input tables"
        )
        raise InputError(msg)
    yield _rows_of(sheet, 0, most, sheet.key)
    for number, start in enumerate(range(most, sheet.n_rows, most), start=2):
        yield _rows_of(sheet, start, start + most, f"{sheet.key}_{number}")


def _rows_of(sheet: DataSheet, start: int, stop: int, key: str) -> DataSheet:
    columns = tuple(
        SheetColumn(one.title, one.kind, one.values[start:stop]) for one in sheet.columns
    )
    return DataSheet(key, sheet.title, columns, sheet.frozen, sheet.none)


def _write_sheet(book: xlsxwriter.Workbook, name: str, part: DataSheet) -> None:
    sheet = book.add_worksheet(name, worksheet_class=_Exact)
    heads = unique_heads(one.title for one in part.columns)
    last = len(part.columns) - 1
    head = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bg_color": HEAD_COLOUR}
    )
    sheet.freeze_panes(1, min(part.frozen, last))
    if part.n_rows:
        columns = [{"header": one, "header_format": head} for one in heads]
        table = {"name": part.key, "columns": columns, "style": TABLE_STYLE, "banded_rows": False}
        sheet.add_table(0, 0, part.n_rows, last, table)
    lines = 1
    for column, (title, one) in enumerate(zip(heads, part.columns, strict=True)):
        form = _format(book, one.kind)
        sheet.write_string(0, column, title, head)
        for row, value in enumerate(one.values, start=1):
            write_cell(sheet, row, column, value, form)
        width = _column_width(title, one)
        sheet.set_column(column, column, width)
        lines = max(lines, math.ceil(shown_width(title) / (width - 2)))
        if part.n_rows and one.kind == "share":
            _bars(sheet, part.n_rows, column)
    sheet.set_row(0, LINE_HEIGHT * lines)
    if not part.n_rows and part.none:
        sheet.write_string(1, 0, cell_text(part.none))
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _format(book: xlsxwriter.Workbook, kind: Kind) -> Format:
    look: dict[str, Any] = {"num_format": NUMBER_FORMATS[kind], "valign": "top"}
    # Text keeps off the figures that end at its left.
    if kind == "text":
        look |= {"text_wrap": True, "align": "left", "indent": 1}
    return book.add_format(look)


def write_cell(sheet: Worksheet, row: int, column: int, value: Any, form: Format) -> None:
    """Write a number as a number and anything else as text; what is missing stays empty."""
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        if math.isinf(value):
            sheet.write_string(row, column, "∞", form)
        else:
            sheet.write_number(row, column, value.item() if hasattr(value, "item") else value, form)
    else:
        sheet.write_string(row, column, cell_text(str(value)), form)


def _column_width(title: str, column: SheetColumn) -> int:
    """As wide as the widest cell; a long head takes two lines."""
    measured = islice(column.values, MEASURED_ROWS)
    widest = max((shown_width(_as_shown(one, column.kind)) for one in measured), default=0)
    # The button of the filter takes room beside the head.
    head = shown_width(title) + 3
    head = head if head <= ONE_LINE else math.ceil(head / 2) + 3
    return min(max(widest + 2, head, NARROWEST), WIDEST)


def _as_shown(value: Any, kind: Kind) -> str:
    if not isinstance(value, int | float | np.number) or isinstance(value, bool):
        return "" if value is None else str(value)
    return format(float(value), SHOWN_AS.get(kind, ",.1f"))


def _bars(sheet: Worksheet, n_rows: int, column: int) -> None:
    """Draw shares as bars behind their figures, from nothing to all."""
    sheet.conditional_format(
        1, column, n_rows, column,
        {"type": "data_bar", "bar_solid": True, "bar_color": BAR_COLOUR, "data_bar_2010": True,
         "min_type": "num", "min_value": 0, "max_type": "num", "max_value": 1},
    )  # fmt: skip


def _write_first(book: xlsxwriter.Workbook, name: str, blocks: Sequence[TextBlock]) -> None:
    """Write sentences across the sheet, and small tables between them."""
    sheet = book.add_worksheet(name, worksheet_class=_Exact)
    for column, width in enumerate(TEXT_WIDTHS):
        sheet.set_column(column, column, width)
    wrap = {"text_wrap": True, "valign": "top"}
    forms = {
        "title": book.add_format({"bold": True, "font_size": 16, **wrap}),
        "heading": book.add_format({"bold": True, "font_size": 12, **wrap}),
        "plain": book.add_format(wrap),
    }
    sizes = {"title": 1.5, "heading": 1.2, "plain": 1.0}
    row, across = 0, sum(TEXT_WIDTHS)
    for block in blocks:
        if isinstance(block, TextTable):
            row = _write_text_table(book, sheet, row, block) + 1
            continue
        text, size = cell_text(block.text), sizes[block.style]
        # Excel fits the height of a row to its text only where no cells are merged.
        lines = sum(math.ceil(shown_width(line) * size / across) or 1 for line in text.split("\n"))
        sheet.set_row(row, LINE_HEIGHT * size * lines + 2)
        sheet.merge_range(row, 0, row, len(TEXT_WIDTHS) - 1, "", forms[block.style])
        sheet.write_string(row, 0, text, forms[block.style])
        row += 1
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)


def _write_text_table(
    book: xlsxwriter.Workbook, sheet: Worksheet, row: int, table: TextTable
) -> int:
    """Write a small table and give the row behind it."""
    heads = unique_heads(table.heads)
    head = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bg_color": HEAD_COLOUR}
    )
    columns = [{"header": one, "header_format": head} for one in heads]
    last = row + len(table.rows)
    form = {"name": table.key, "columns": columns, "style": TABLE_STYLE, "banded_rows": False}
    sheet.add_table(row, 0, last, len(heads) - 1, form | {"autofilter": False})
    for column, title in enumerate(heads):
        sheet.write_string(row, column, title, head)
    for number, values in enumerate(table.rows):
        kind = table.kinds[number] if table.kinds else "text"
        for column, value in enumerate(values):
            form_of = _format(book, "text" if isinstance(value, str) else kind)
            write_cell(sheet, row + 1 + number, column, value, form_of)
    return last + 1
