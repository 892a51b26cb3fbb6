"""Streets as people know them: by name."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from walkcover.network import Network, row_of
from walkcover.street_index import Shapes, StreetIndex

# Farther streets do not tell where a place is.
NAMED_WITHIN_M = 2000.0
NAMES = 2


def near_streets(points: Shapes, index: StreetIndex, *, names: int = NAMES) -> list[str]:
    """
    Name the nearest streets of each place.

    Parameters
    ----------
    points
        Shapes in WGS84 degrees, shape (n,).
    index
        The streets.
    names
        How many different names to give.

    Returns
    -------
    near
        Names, nearest first, joined by ``、``; empty where no named street is near.
    """
    named = np.flatnonzero(index.network.name != "")
    planar = index.to_metric(points)
    tree = shapely.STRtree(index.lines[named])
    place, edge = tree.query(planar, predicate="dwithin", distance=NAMED_WITHIN_M)
    edge = named[edge]
    distance = shapely.distance(planar[place], index.lines[edge])
    order = np.lexsort([edge, distance, place])
    found: list[list[str]] = [[] for _ in range(len(points))]
    for row, name in zip(place[order], index.network.name[edge[order]], strict=True):
        if len(found[row]) < names and name not in found[row]:
            found[row].append(name)
    return ["、".join(parts) for parts in found]


def street_lines(network: Network) -> gpd.GeoDataFrame:
    """
    Edges as lines, for maps.

    Parameters
    ----------
    network
        The walking network.

    Returns
    -------
    streets
        name, highway, private and LineStrings in EPSG:4326, a row per edge.
    """
    lines = shapely.linestrings(
        np.column_stack([network.lon, network.lat]), indices=row_of(network.indptr)
    )
    columns = {"name": network.name, "highway": network.highway, "private": network.private}
    return gpd.GeoDataFrame(columns, geometry=lines, crs=4326)
