"""From metres on the sheet of the example town to degrees."""

from __future__ import annotations

import math

import numpy as np
from pyproj import Transformer

CENTRE_LON, CENTRE_LAT = 112.0, 37.2
METRIC_CRS = "EPSG:32649"


def to_degrees(points: np.ndarray) -> np.ndarray:
    """Turn metres on the sheet, shape (n, 2), into longitude and latitude (WGS84)."""
    to_metric = Transformer.from_crs("EPSG:4326", METRIC_CRS, always_xy=True)
    origin = np.array(to_metric.transform(CENTRE_LON, CENTRE_LAT))
    moved = np.asarray(points) + origin
    lon, lat = to_metric.transform(moved[:, 0], moved[:, 1], direction="INVERSE")
    return np.stack([lon, lat], axis=1)


def to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """Shift WGS84 by the public GCJ-02 formula (inside China)."""
    x, y = lon - 105.0, lat - 35.0
    pi = math.pi
    ripple = (20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + ripple
    north += (20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * pi) + 320 * math.sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + ripple
    east += (20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)) * 2 / 3
    axis, squared = 6_378_245.0, 0.00669342162296594323
    bend = 1 - squared * math.sin(math.radians(lat)) ** 2
    north_degree = math.radians(axis * (1 - squared) / bend**1.5)
    east_degree = math.radians(axis / math.sqrt(bend) * math.cos(math.radians(lat)))
    return lon + east / east_degree, lat + north / north_degree
