"""Read the sheets of Excel workbooks: cells as people see them, and which are merged."""

from __future__ import annotations

import datetime as dt
import posixpath
import re
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import openpyxl
import pandas as pd
from openpyxl.utils import range_boundaries

from walkcover._cell_values import cell_text
from walkcover._errors import InputError
from walkcover.io.headers import Merge, table_of_rows

MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*ref="([A-Z]+\d+:[A-Z]+\d+)"')
# A formula whose result was never stored: a program wrote it, and no spreadsheet has seen it yet.
UNSOLVED = re.compile(
    rb'<(?:\w+:)?c [^>]*?r="([A-Z]+\d+)"[^>]*><(?:\w+:)?f(?:>[^<]*</(?:\w+:)?f>|[^>]*/>)'
    rb"(?:<(?:\w+:)?v ?/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>"
)
# A format such as 000000, which shows a number with zeros before it.
PADDED = re.compile(r"0{2,}")
# Spreadsheets keep 15 digits; of longer numbers the last ones are gone.
KEPT_DIGITS = 15
SHOWN = 5


def read_workbook(path: Path, *, layer: str = "") -> pd.DataFrame:
    """
    Read one sheet of a workbook as text.

    Parameters
    ----------
    path
        An xlsx file.
    layer
        The sheet; may be left out where only one has content.

    Returns
    -------
    table
        As `walkcover.io.headers.table_of_rows` gives it. Dates are year-month-day, percentages
        end in ``%``, and numbers whose format shows zeros before them keep these.

    Raises
    ------
    InputError
        If the sheet is unknown or not named, there is no table in it, or formulas have no stored
        result.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> book = openpyxl.Workbook()
    >>> for row in (["区划码", "人数"], [7, 215]):
    ...     book.active.append(row)
    >>> book.active["A2"].number_format = "0000"
    >>> with TemporaryDirectory() as folder:
    ...     book.save(Path(folder, "towns.xlsx"))
    ...     read_workbook(Path(folder, "towns.xlsx"))
        区划码   人数
    2  0007  215
    """
    with warnings.catch_warnings():
        # What openpyxl cannot keep (drop-down lists, print settings) is of no use here.
        warnings.simplefilter("ignore", UserWarning)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        names = book.sheetnames
        sheets: dict[str, list[list[str]]] = {}
        for sheet in book.worksheets:
            if not layer or sheet.title == layer:
                # The size that a sheet states is wrong in files of some programs.
                sheet.reset_dimensions()
                sheets[sheet.title] = [[_shown(cell) for cell in row] for row in sheet.iter_rows()]
        book.close()
    if layer and layer not in names:
        msg = f"{path}: there is no sheet {layer!r}; the workbook has {', '.join(names)}"
        raise InputError(msg)
    filled = {name: rows for name, rows in sheets.items() if any(map(any, rows))}
    if len(filled) > 1:
        msg = f"{path}: several sheets have content: name one of {', '.join(filled)} as layer"
        raise InputError(msg)
    name, rows = next(iter((filled or sheets).items()), ("", []))
    content = _sheet_xml(path, name) if name else b""
    unsolved = [cell.decode() for cell in UNSOLVED.findall(content)]
    if unsolved:
        msg = (
            f"{path}: {len(unsolved)} formulas have no stored result, first "
            f"{', '.join(unsolved[:SHOWN])}: open the workbook in a spreadsheet program and save it"
        )
        raise InputError(msg)
    return table_of_rows(rows, what=path.name, merges=_merges(content))


def _shown(cell: Any) -> str:
    """Make text of a cell as its format shows it, where that is more than its value."""
    value = cell.value
    if isinstance(value, dt.time):
        return value.isoformat("seconds" if value.second else "minutes")
    text = cell_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not text:
        return text
    form = str(cell.number_format or "")
    is_whole = text.isdecimal()
    if is_whole and PADDED.fullmatch(form):
        return text.zfill(len(form))
    if form.endswith("%"):
        return f"{(Decimal(text) * 100).normalize():f}%"
    if is_whole and len(text) > KEPT_DIGITS:
        return f"{int(text):.{KEPT_DIGITS - 1}E}"
    return text


def _sheet_xml(path: Path, name: str) -> bytes:
    """Find the part of a workbook that holds a sheet."""
    with ZipFile(path) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): link.get("Target", "") for link in links}
        for sheet in book.iter():
            if sheet.tag.endswith("}sheet") and sheet.get("name") == name:
                link = next(value for key, value in sheet.attrib.items() if key.endswith("}id"))
                return archive.read(posixpath.join("/xl", targets[link]).lstrip("/"))
    msg = f"{path}: sheet {name!r} is not where the workbook says: save it again as .xlsx"
    raise InputError(msg)


def _merges(content: bytes) -> list[Merge]:
    """Read which cells are merged, from top to bottom."""
    merges = []
    for reference in MERGED.findall(content):
        left, top, right, bottom = range_boundaries(reference.decode())
        merges.append(Merge(int(top), int(bottom), int(left) - 1, int(right) - 1))
    return sorted(merges, key=lambda merge: (merge.first_row, merge.first_column))
