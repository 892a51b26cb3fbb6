"""Write tables: GeoPackage, Parquet, xlsx, csv and JSON, the same bytes for the same result."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import xlsxwriter

from walkcover.result import Result

# Stands in files that must carry a date where the plan gives none.
NO_DATE = "2000-01-01"
WIDEST_COLUMN = 40


def write_parquet(table: gpd.GeoDataFrame, path: Path) -> None:
    """Write a table as GeoParquet."""
    _plain(table).to_parquet(path, index=False)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as csv in UTF-8 with a byte order mark, which Excel needs."""
    table.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def write_geopackage(result: Result, path: Path) -> None:
    """Write the map layers as one GeoPackage; walks without a path are null there."""
    layers = {
        "residences": (result.residences, "Point"),
        "sites": (result.sites, "Point"),
        "zones": (result.zones, "MultiPolygon"),
        "gap_areas": (result.gap_areas, "MultiPolygon"),
        "isochrones": (result.isochrones, "MultiPolygon"),
    }
    write_layers(layers, path, date=result.plan.plan.date)


def write_layers(
    layers: Mapping[str, tuple[gpd.GeoDataFrame, str]], path: Path, *, date: str
) -> None:
    """Write layers, each with its kind of geometry, as a GeoPackage dated like the plan."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{date or NO_DATE}T00:00:00.000Z"})
    try:
        for name, (table, kind) in layers.items():
            _finite(_own_names(_plain(table))).to_file(
                path,
                layer=name,
                driver="GPKG",
                geometry_type=kind,
                promote_to_multi=kind == "MultiPolygon",
            )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_xlsx(result: Result, path: Path) -> None:
    """Write the report's tables, a sheet each; text never becomes a formula."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
    date = dt.datetime.fromisoformat(result.plan.plan.date or NO_DATE)
    tables = {
        "stages": result.stages,
        "zones": result.zones,
        "gap_areas": result.gap_areas,
        "rollout": result.rollout,
        "remedies": result.remedies,
        "sites": result.sites,
        "closures": result.closures,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": date, "title": result.plan.plan.name})
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        rows = [
            (key, value)
            for key, value in result.summary.items()
            if isinstance(value, str | int | float)
        ]
        _write_sheet(book, "summary", pd.DataFrame(rows, columns=["figure", "value"]), head)
        for name, table in tables.items():
            _write_sheet(book, name, table.drop(columns="geometry", errors="ignore"), head)


def write_summary(summary: dict[str, Any], path: Path) -> None:
    """Write the summary as JSON."""
    text = json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _write_sheet(
    book: xlsxwriter.Workbook, name: str, table: pd.DataFrame, head: xlsxwriter.format.Format
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 1)
    for column, title in enumerate(table.columns):
        values = table[title].tolist()
        sheet.write_string(0, column, str(title), head)
        for row, value in enumerate(values, start=1):
            _write_cell(sheet, row, column, value)
        longest = max((len(str(v)) for v in [title, *values[:200]]), default=0)
        sheet.set_column(column, column, min(longest + 2, WIDEST_COLUMN))
    if len(table):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


def _write_cell(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: Any) -> None:
    if isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, column, bool(value))
    elif isinstance(value, int | float | np.number):
        if math.isfinite(value):
            sheet.write_number(row, column, float(value))
        elif math.isinf(value):
            sheet.write_string(row, column, "∞")
    elif value is not None and value is not pd.NA and value is not pd.NaT:
        sheet.write_string(row, column, str(value))


def _plain(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Text in columns of mixed objects, which file formats do not know."""
    plain = table.copy()
    # What was noted on reading stands in the audit, not in the bytes.
    plain.attrs = {}
    for name in plain.columns:
        if name != plain.geometry.name and plain[name].dtype == object:
            plain[name] = plain[name].map(str, na_action="ignore").astype("str")
    return plain


def _own_names(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Names that a GeoPackage can tell apart: letters of either case are one, two are its own."""
    names: dict[str, str] = {}
    taken = {"fid", "geom"}
    for column in table.columns.drop(table.geometry.name):
        name = str(column)
        while name.lower() in taken:
            name += "_given"
        taken.add(name.lower())
        names[column] = name
    return table.rename(columns=names)


def _finite(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    numbers = table.select_dtypes("float").columns
    table[numbers] = table[numbers].replace([np.inf, -np.inf], np.nan)
    return table
