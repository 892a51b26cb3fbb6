"""What the commands print as JSON: one object of plain values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from walkcover.result import Result

M2_PER_KM2 = 1e6


def to_json(record: Mapping[str, Any]) -> str:
    """
    Write a record as JSON.

    Parameters
    ----------
    record
        Plain values.

    Returns
    -------
    text
        In the form of summary.json.

    Examples
    --------
    >>> print(to_json({"name": "一条街"}))
    {
      "name": "一条街"
    }
    """
    return json.dumps(record, ensure_ascii=False, indent=2, allow_nan=False)


def table_record(table: pd.DataFrame) -> list[dict[str, Any]]:
    """
    Turn a table into a list of rows.

    Parameters
    ----------
    table
        Any table without geometry.

    Returns
    -------
    rows
        A mapping per row; what is missing, and what is not finite, is None.

    Examples
    --------
    >>> table_record(pd.DataFrame({"stage": ["city"], "desks": [np.nan], "order": [1]}))
    [{'stage': 'city', 'desks': None, 'order': 1}]
    """
    names = [str(name) for name in table.columns]
    columns = [[_plain(value) for value in table[name].tolist()] for name in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def suggestion_record(result: Result) -> dict[str, Any]:
    """
    Say what was suggested: the summary, and the rollout as rows.

    Parameters
    ----------
    result
        A result with suggestions.

    Returns
    -------
    record
        The keys of summary.json, and ``rollout``: the columns of rollout.csv.
    """
    return {**result.summary, "rollout": table_record(result.rollout)}


def bands_record(bands: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """
    Say how large the bands of isochrones are.

    Parameters
    ----------
    bands
        The table of isochrones, polygons in EPSG:4326.

    Returns
    -------
    rows
        Per band: minutes_from, minutes_to, and area_km2 on the ellipsoid.

    Examples
    --------
    >>> import shapely
    >>> square = gpd.GeoDataFrame({"minutes_from": [0.0], "minutes_to": [5.0]},
    ...                           geometry=[shapely.box(0, 0, 0.01, 0.01)], crs=4326)
    >>> round(bands_record(square)[0]["area_km2"], 3)
    1.231
    """
    geod = pyproj.Geod(ellps="WGS84")
    areas = [abs(geod.geometry_area_perimeter(shape)[0]) / M2_PER_KM2 for shape in bands.geometry]
    table = pd.DataFrame(bands.drop(columns="geometry")).assign(area_km2=areas)
    return table_record(table[["minutes_from", "minutes_to", "area_km2"]])


def files_record(paths: Iterable[Path]) -> list[str]:
    """
    Name the files that were written, as they were asked for.

    Examples
    --------
    >>> files_record([Path("out") / "map.html"])
    ['out/map.html']
    """
    return [path.as_posix() for path in paths]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    return None if isinstance(value, float) and not math.isfinite(value) else value
