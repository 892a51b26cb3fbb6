"""Networks drawn in metres by `oracle_cases.lonlat`, for tests that need no file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from oracle_cases import Way, lonlat
from pyproj import CRS

from walkcover.network import Lines, Network, build_network
from walkcover.street_index import StreetIndex
from walkcover.tags import STREET_COLUMNS, street_row

UTM_49N = CRS(32649)


def draw_lines(ways: list[Way]) -> Lines:
    """Lines that meet where they share a spot."""
    spots = [spot for way in ways for spot in way.spots]
    lon, lat = np.array([lonlat(spot) for spot in spots]).T
    number = {spot: i for i, spot in enumerate(dict.fromkeys(spots))}
    return Lines(
        indptr=np.cumsum([0, *(len(way.spots) for way in ways)]),
        lon=lon,
        lat=lat,
        point=np.array([number[spot] for spot in spots]),
        tags=pd.DataFrame([street_row(way.tags) for way in ways], columns=list(STREET_COLUMNS)),
    )


def draw_network(ways: list[Way], *, min_component_m: float = 1000.0, **points) -> Network:
    """Build a network; points are entrances, signals and kerbs as spots."""
    places = {
        kind: np.array([lonlat(spot) for spot in spots]).reshape(-1, 2)
        for kind, spots in points.items()
    }
    return build_network(draw_lines(ways), min_component_m=min_component_m, points=places)


def draw_index(ways: list[Way], **options) -> StreetIndex:
    return StreetIndex(draw_network(ways, **options), UTM_49N)


def draw_shapes(places: list[list[tuple[float, float]]]) -> np.ndarray:
    """Points of single spots, polygons of several."""
    shapes = np.empty(len(places), dtype=object)
    for i, spots in enumerate(places):
        corners = [lonlat(spot) for spot in spots]
        shapes[i] = shapely.Point(corners[0]) if len(corners) == 1 else shapely.Polygon(corners)
    return shapes
