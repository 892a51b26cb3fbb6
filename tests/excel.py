"""Read workbooks as another program does: every Excel table by its name."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.workbook import Workbook


def open_book(path: Path) -> Workbook:
    """Open a workbook; openpyxl warns of the looks of data bars, which it does not keep."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*extension is not supported")
        # Read at once, so that no file stays open.
        with path.open("rb") as file:
            return openpyxl.load_workbook(file)


def read_tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of each Excel table, its heads first."""
    return {
        name: [tuple(cell.value for cell in row) for row in sheet[cells]]
        for sheet in open_book(path)
        for name, cells in sheet.tables.items()
    }
