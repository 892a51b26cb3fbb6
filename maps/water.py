"""Turn the water of a result into the plain data of the map's background layer."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover.maps.packing import deltas, pack_ints, pack_texts, to_units

# Streams are drawn thinner than rivers and canals.
SMALL = frozenset({"stream"})
# A name stands along a stretch of its river about as long as the name is wide at zoom 14.
NAME_UNITS = 600
# Between two places for the name of one river: a screen is some 2,000 units wide at zoom 17.
NAME_EVERY_UNITS = 3_000

PlainData = dict[str, Any]
Shapes = np.ndarray[Any, Any]


def water_data(water: gpd.GeoDataFrame) -> PlainData:
    """
    Pack areas, rivers and streams, with the names of what flows.

    Parameters
    ----------
    water
        The table `water` of a result.

    Returns
    -------
    data
        `areas`: packed lengths and coordinates of rings, outlines counter-clockwise and holes
        clockwise, so that areas which lie over each other fill what either covers; `lines`: the
        same of rivers and canals, then of streams; `names` and packed `label_*`: places and
        directions of the names along them.

    Examples
    --------
    >>> from shapely import LineString
    >>> river = gpd.GeoDataFrame({"kind": ["line"], "waterway": ["river"], "name": ["澄河"]},
    ...                          geometry=[LineString([(112, 37), (112.1, 37)])], crs=4326)
    >>> data = water_data(river)
    >>> [one["lengths"]["bytes"] for one in data["lines"]], data["areas"]["lengths"]["bytes"]
    ([1, 0], 0)
    """
    shapes = water.geometry.to_numpy()
    is_area = (water["kind"] == "area").to_numpy()
    small = water["waterway"].isin(SMALL).to_numpy()
    outlines = shapely.get_parts(shapely.orient_polygons(shapes[is_area]))
    return {
        "areas": _packed(shapely.get_rings(outlines)),
        "lines": [_packed(shapes[~is_area & (small == kind)]) for kind in (False, True)],
        **_names(water[~is_area & (water["name"] != "").to_numpy()]),
    }


def _packed(lines: Shapes) -> PlainData:
    coords = shapely.get_coordinates(lines)
    x, y = to_units(coords[:, 0], coords[:, 1])
    return {
        "lengths": pack_ints(shapely.get_num_coordinates(lines)),
        "x": pack_ints(deltas(x)),
        "y": pack_ints(deltas(y)),
    }


def _names(named: gpd.GeoDataFrame) -> PlainData:
    """Places along the rivers of each name, longest first, and the way the water runs there."""
    rows: list[tuple[str, float, float, float, float, float]] = []
    for name, shapes in named.groupby("name", sort=True).geometry:
        lines = shapely.transform(shapes.to_numpy(), _units)
        for line in shapely.get_parts(shapely.line_merge(shapely.union_all(lines))):
            if line.length < NAME_UNITS:
                continue
            count = max(1, round(line.length / NAME_EVERY_UNITS))
            middles = (np.arange(count) + 0.5) / count * line.length
            at = shapely.get_coordinates(shapely.line_interpolate_point(line, middles))
            ends = [
                shapely.get_coordinates(shapely.line_interpolate_point(line, middles + half))
                for half in (-NAME_UNITS / 2, NAME_UNITS / 2)
            ]
            rows += [
                (str(name), *place, *step, line.length)
                for place, step in zip(at, ends[1] - ends[0], strict=True)
            ]
    columns = ["name", "x", "y", "dx", "dy", "length"]
    table = pd.DataFrame(rows, columns=columns).sort_values(
        ["length", "name"], ascending=[False, True], kind="stable"
    )
    codes, names = pd.factorize(table["name"])
    x, y, dx, dy = (np.rint(table[key].to_numpy(np.float64)) for key in columns[1:5])
    return {
        "names": pack_texts([str(name) for name in names]),
        "label_name": pack_ints(codes),
        "label_x": pack_ints(deltas(x)),
        "label_y": pack_ints(deltas(y)),
        "label_dx": pack_ints(dx),
        "label_dy": pack_ints(dy),
    }


def _units(lonlat: Shapes) -> Shapes:
    return np.column_stack(to_units(lonlat[:, 0], lonlat[:, 1])).astype(np.float64)
