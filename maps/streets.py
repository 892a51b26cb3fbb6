"""Turn the streets of a result into the plain data that the map draws beneath everything."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover.maps.packing import deltas, pack_ints, pack_texts, strip_order, to_units

MAIN_STREETS = frozenset(
    f"{kind}{link}"
    for kind in ("trunk", "primary", "secondary", "tertiary")
    for link in ("", "_link")
)
PATHS = frozenset({"footway", "path", "steps", "cycleway", "track", "bridleway", "service"})
# A straight piece shorter than this carries no name at any zoom.
LABEL_MIN_UNITS = 60

PlainData = dict[str, Any]


def street_data(streets: gpd.GeoDataFrame) -> PlainData:
    """
    Pack the streets in three kinds (main, ordinary, paths), with names where they fit.

    Returns
    -------
    data
        `kinds`: packed lengths and coordinates of each kind; `names` and packed `label_*`: the
        middle and direction of each named street's longest straight piece.
    """
    lines = streets[streets.geometry.notna() & ~streets.geometry.is_empty]
    lines = lines.explode(index_parts=False, ignore_index=True)
    highway = lines["highway"].astype("str")
    kind = np.select([highway.isin(MAIN_STREETS), highway.isin(PATHS)], [0, 2], 1)
    kinds = [_packed_lines(lines.geometry[kind == number].to_numpy()) for number in range(3)]
    return {"kinds": kinds} | _street_labels(lines)


def _packed_lines(lines: np.ndarray[Any, Any]) -> PlainData:
    """
    Pack lines in the order that is shorter: as given, or neighbours in town one after another.

    In an extract a line mostly begins where the last one ended; other tables have no such order.
    """
    first = shapely.get_coordinates(shapely.get_point(lines, 0))
    order = strip_order(*to_units(first[:, 0], first[:, 1]))
    ways = [_packed_in_order(lines), _packed_in_order(lines[order])]
    return min(ways, key=lambda way: len(way["x"]["packed"]) + len(way["y"]["packed"]))


def _packed_in_order(lines: np.ndarray[Any, Any]) -> PlainData:
    coords = shapely.get_coordinates(lines)
    x, y = to_units(coords[:, 0], coords[:, 1])
    return {
        "lengths": pack_ints(shapely.get_num_coordinates(lines)),
        "x": pack_ints(deltas(x)),
        "y": pack_ints(deltas(y)),
    }


def _street_labels(lines: gpd.GeoDataFrame) -> PlainData:
    named = lines[lines["name"].notna() & (lines["name"].astype("str") != "")]
    coords, line = shapely.get_coordinates(named.geometry.to_numpy(), return_index=True)
    x, y = to_units(coords[:, 0], coords[:, 1])
    pieces = pd.DataFrame(
        {
            "line": line[:-1],
            "x": (x[:-1] + x[1:]) // 2,
            "y": (y[:-1] + y[1:]) // 2,
            "dx": np.diff(x),
            "dy": np.diff(y),
        }
    )[line[:-1] == line[1:]]
    pieces["length"] = np.hypot(pieces["dx"], pieces["dy"])
    pieces = pieces[pieces["length"] >= LABEL_MIN_UNITS]
    # Longest first: where two names want the same place, the longer street has it.
    longest = pieces.sort_values(["length", "line"], ascending=[False, True], kind="stable")
    longest = longest.drop_duplicates("line")
    codes, names = pd.factorize(named["name"].astype("str").to_numpy()[longest["line"]])
    return {
        "names": pack_texts([str(name) for name in names]),
        "label_name": pack_ints(codes),
        "label_x": pack_ints(deltas(longest["x"])),
        "label_y": pack_ints(deltas(longest["y"])),
        "label_dx": pack_ints(longest["dx"]),
        "label_dy": pack_ints(longest["dy"]),
    }
