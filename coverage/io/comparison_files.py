"""Write comparisons: a workbook, and Parquet with one figure a row."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from walkcover.comparison import Comparison
from walkcover.comparison_tables import side_by_side, stacked, tidy
from walkcover.io.writers import NO_DATE
from walkcover.plan import Plan

WIDEST_COLUMN = 40
NARROWEST_COLUMN = 8
# Number formats by how the name of a column ends, the first that fits.
FORMATS = (
    ("_share_difference", "+0.0%;-0.0%;0.0%"),
    ("_share", "0.0%"),
    ("_share_base", "0.0%"),
    ("_s_difference", "+0.0;-0.0;0.0"),
    ("_difference", "+#,##0;-#,##0;0"),
    ("_s", "0.0"),
    ("_s_base", "0.0"),
    ("lon", "0.000000"),
    ("lat", "0.000000"),
)
PLAIN = "#,##0.##"


def write_comparison_parquet(comparisons: Sequence[Comparison], path: Path) -> None:
    """Write every figure of all comparisons, one a row, as Parquet."""
    tidy(comparisons).to_parquet(path, index=False)


def write_comparison_xlsx(comparisons: Sequence[Comparison], path: Path, *, plan: Plan) -> None:
    """Write comparisons as a workbook, a sheet per table; text never becomes a formula."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
    date = dt.datetime.fromisoformat(plan.plan.date or NO_DATE)
    sheets = {"comparison": side_by_side(comparisons)}
    if any(one.after is not None for one in comparisons):
        sheets["comparison_after"] = side_by_side(comparisons, after=True)
    for name, table in (("changes", "changes"), ("stages", "by_stage"), ("zones", "by_zone")):
        sheets[name] = stacked(comparisons, table)
    sites = stacked(comparisons, "sites")
    sheets["sites"] = sites[sites["change"] != ""].reset_index(drop=True)
    notes = [(one.name, note) for one in comparisons for note in one.notes]
    if notes:
        sheets["notes"] = pd.DataFrame(notes, columns=["scenario", "note"])
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": date, "title": plan.plan.name})
        for name, table in sheets.items():
            _write_sheet(book, name, table)


def _write_sheet(book: xlsxwriter.Workbook, name: str, table: pd.DataFrame) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 1)
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    for column, title in enumerate(table.columns):
        values = table[title].tolist()
        form = book.add_format({"num_format": number_format(str(title))})
        sheet.write_string(0, column, str(title), head)
        for row, value in enumerate(values, start=1):
            _write_cell(sheet, row, column, value, form)
        longest = max((len(_shown(v)) for v in values), default=0)
        width = min(max(longest + 2, NARROWEST_COLUMN), WIDEST_COLUMN)
        sheet.set_column(column, column, width)
    if len(table):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


def number_format(title: str) -> str:
    """
    Choose the number format of a column.

    Examples
    --------
    >>> number_format("covered_share_base"), number_format("people")
    ('0.0%', '#,##0.##')
    """
    return next((form for end, form in FORMATS if title.endswith(end)), PLAIN)


def _shown(value: Any) -> str:
    return f"{value:,.1f}" if isinstance(value, float | np.floating) else str(value)


def _write_cell(
    sheet: xlsxwriter.worksheet.Worksheet,
    row: int,
    column: int,
    value: Any,
    form: xlsxwriter.format.Format,
) -> None:
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        if math.isfinite(value):
            sheet.write_number(row, column, float(value), form)
        elif math.isinf(value):
            sheet.write_string(row, column, "∞")
    elif value is not None and value is not pd.NA:
        sheet.write_string(row, column, str(value))
