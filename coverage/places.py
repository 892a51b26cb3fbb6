"""Put the rows of a table on the globe, and see that they lie near the network."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from walkcover._errors import InputError
from walkcover._intake import Intake

COORDINATES = ("lon", "lat")
POLYGONS = ("Polygon", "MultiPolygon")
PLACES = ("Point", *POLYGONS)
# Farther from the network than this, everything given is in the wrong place.
NEAR_NETWORK_M = 10_000.0
# A degree of the equator.
DEGREE_M = 111_320.0


def locate(
    frame: pd.DataFrame,
    *,
    crs: str,
    lon: str = "lon",
    lat: str = "lat",
    what: str = "places",
) -> gpd.GeoDataFrame:
    """
    Turn any table of places into points or polygons in WGS84, other columns untouched.

    Parameters
    ----------
    frame
        A GeoDataFrame of points or polygons, or a table with two columns of coordinates.
    crs
        What the coordinates are in, as for `check_residences`.
    lon, lat
        Names of the columns of coordinates; a GeoDataFrame with a geometry needs none.
    what
        What messages call the table.

    Returns
    -------
    places
        In EPSG:4326, rows, index and columns as given, but for the columns of coordinates.

    Raises
    ------
    InputError
        If the table is empty, or a coordinate or the system is missing or cannot be; all faults
        in one message.

    Examples
    --------
    >>> table = pd.DataFrame({"x": [112.5], "y": ["37.8"], "floors": [6]})
    >>> locate(table, crs="wgs84", lon="x", lat="y")
       floors            geometry
    0       6  POINT (112.5 37.8)
    """
    table = Intake(frame, what=what, columns={"lon": lon, "lat": lat}, known=COORDINATES)
    return table.finish(table.locate(crs, PLACES), reserved=("geometry",))


def check_near_network(
    places: gpd.GeoDataFrame | gpd.GeoSeries,
    bounds: tuple[float, float, float, float],
    *,
    what: str,
) -> None:
    """
    Refuse places of which none lies within 10 km of the network.

    Parameters
    ----------
    places
        Points or polygons in EPSG:4326.
    bounds
        West, south, east and north of the network in degrees.
    what
        What the message calls the places.

    Raises
    ------
    InputError
        If all places lie farther away; the message says how far, and whether swapped axes
        explain it.

    Examples
    --------
    >>> homes = gpd.GeoSeries.from_xy([37.8], [112.5])
    >>> check_near_network(homes, (112.4, 37.7, 112.7, 38.0), what="residences")
    Traceback (most recent call last):
    ...
    walkcover._errors.InputError: residences: none of 1 lies within 10 km of the network; ...
    """
    boxes = shapely.bounds(places.geometry.to_numpy())
    nearest_m = _nearest_m(boxes, bounds)
    if nearest_m <= NEAR_NETWORK_M:
        return
    hint = "check that both are of the same town, and the crs of either"
    if _nearest_m(boxes[:, [1, 0, 3, 2]], bounds) <= NEAR_NETWORK_M:
        hint = "lon and lat are swapped: exchange the names of the two columns"
    corners = " ".join(f"{degrees:.4f}" for degrees in bounds)
    msg = (
        f"{what}: none of {len(places)} lies within {NEAR_NETWORK_M / 1000:.0f} km of the network; "
        f"the nearest is {nearest_m / 1000:.0f} km from its box ({corners}): {hint}"
    )
    raise InputError(msg)


def _nearest_m(boxes: NDArray[np.float64], bounds: tuple[float, float, float, float]) -> float:
    """Measure from the network's box to the nearest of many boxes, on a plane touching it."""
    west, south, east, north = bounds
    apart_x = np.maximum(0.0, np.maximum(west - boxes[:, 2], boxes[:, 0] - east))
    apart_y = np.maximum(0.0, np.maximum(south - boxes[:, 3], boxes[:, 1] - north))
    shrink = math.cos(math.radians((south + north) / 2.0))
    return float(np.nanmin(np.hypot(apart_x * shrink, apart_y)) * DEGREE_M)
