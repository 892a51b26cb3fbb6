"""Write tables: GeoPackage, Parquet, csv and JSON, the same bytes for the same result."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from walkcover.operations import RelayPlan, RoundPlan
from walkcover.result import Result

# Tables by name of the layer, each with its kind of geometry.
Layers = dict[str, tuple[gpd.GeoDataFrame, str]]

# Stands in files that must carry a date where the plan gives none.
NO_DATE = "2000-01-01"
# A spreadsheet takes a cell of a csv file that starts with one of these for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

log = logging.getLogger("walkcover")


def write_parquet(table: gpd.GeoDataFrame, path: Path) -> None:
    """Write a table as GeoParquet."""
    _plain(table).to_parquet(path, index=False)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """
    Write a table as csv in UTF-8 with a byte order mark, which Excel needs.

    Texts stay as they are: an apostrophe before ``=1+1`` would be part of the name for every
    program that reads the file again. Where a spreadsheet would take a text for a formula the log
    warns, and names the file in which it is none.

    References
    ----------
    OWASP, CSV Injection: no way of quoting is safe in all spreadsheets and keeps the data.
    """
    found = formula_like(table)
    if found:
        column, text = found[0]
        log.warning(
            "%s: %d texts start with = + - or @, first %r in column %r; a spreadsheet takes them "
            "for formulas: open report.xlsx instead, where they are text",
            path.name,
            len(found),
            text,
            column,
        )
    table.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def formula_like(table: pd.DataFrame) -> list[tuple[str, str]]:
    """
    List the texts of a table that a spreadsheet would take for formulas; numbers are none.

    Parameters
    ----------
    table
        The table.

    Returns
    -------
    found
        Column and text, heads of columns first, then column by column.

    Examples
    --------
    >>> formula_like(pd.DataFrame({"name": ["=1+1", "a=b"], "change": [-1.0, 2.0]}))
    [('name', '=1+1')]
    """
    heads = [(str(name), str(name)) for name in table.columns]
    cells = [
        (str(name), one)
        for name in table.columns
        if not pd.api.types.is_numeric_dtype(table[name])
        for one in table[name]
        if isinstance(one, str)
    ]
    return [(column, text) for column, text in heads + cells if text.startswith(FORMULA_STARTS)]


def write_geopackage(result: Result, path: Path) -> None:
    """Write the map layers as one GeoPackage; walks without a path are null there."""
    layers: Layers = {
        "residences": (result.residences, "Point"),
        "sites": (result.sites, "Point"),
        "zones": (result.zones, "MultiPolygon"),
        "gap_areas": (result.gap_areas, "MultiPolygon"),
        "isochrones": (result.isochrones, "MultiPolygon"),
    }
    work = result.operations
    if work is not None and work.rounds is not None:
        layers |= round_layers(work.rounds)
    if work is not None and work.relay is not None:
        layers |= relay_layers(work.relay)
    write_layers(layers, path, date=result.plan.plan.date)


def round_layers(rounds: RoundPlan) -> Layers:
    """Layers of the rounds, with their kinds of geometry."""
    return {
        "bases": (rounds.bases, "Point"),
        "stops": (rounds.stops, "Point"),
        "rounds": (rounds.days, "MultiLineString"),
    }


def relay_layers(relay: RelayPlan) -> Layers:
    """Layers of the relay, with their kinds of geometry."""
    return {
        "relay_sources": (relay.sources, "Point"),
        "relay_hubs": (relay.hubs, "Point"),
        "laboratories": (relay.laboratories, "Point"),
        "relay_routes": (relay.routes, "MultiLineString"),
        "relay_transfers": (relay.transfers, "MultiLineString"),
    }


def with_lon_lat(table: pd.DataFrame) -> pd.DataFrame:
    """Write places as columns lon and lat in place of a geometry of points; drop lines."""
    if not isinstance(table, gpd.GeoDataFrame):
        return table
    plain = pd.DataFrame(table.drop(columns=table.geometry.name))
    if (table.geometry.geom_type == "Point").all():
        plain = plain.assign(lon=table.geometry.x.round(6), lat=table.geometry.y.round(6))
    return plain


def write_layers(layers: Layers, path: Path, *, date: str) -> None:
    """Write layers, each with its kind of geometry, as a GeoPackage dated like the plan."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{date or NO_DATE}T00:00:00.000Z"})
    try:
        for name, (table, kind) in layers.items():
            _finite(_own_names(_plain(table))).to_file(
                path,
                layer=name,
                driver="GPKG",
                geometry_type=kind,
                promote_to_multi=kind.startswith("Multi"),
            )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_summary(summary: dict[str, Any], path: Path) -> None:
    """Write the summary as JSON."""
    text = json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


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
