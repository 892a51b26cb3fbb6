"""River and hills of the example town."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from _town_design import EAST_M, NORTH_M, RIVER_HALF_WIDTH_M, RIVER_KM, SOUTH_M, WEST_M
from _town_drawing import curve
from scipy import ndimage
from scipy.interpolate import RegularGridInterpolator
from shapely import LineString, Polygon

TERRAIN_M = 90.0


def draw_river() -> tuple[LineString, Polygon]:
    """Draw the river's middle and its water."""
    middle = curve(RIVER_KM)
    along = np.arange(0, middle.length, 40.0)
    points = shapely.get_coordinates(shapely.line_interpolate_point(middle, along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(middle, along + 5.0))
    heading = (ahead - points) / np.hypot(*(ahead - points).T)[:, None]
    normal = np.c_[-heading[:, 1], heading[:, 0]]
    width = RIVER_HALF_WIDTH_M * (1 + 0.22 * np.sin(along / 410) + 0.12 * np.sin(along / 137 + 1))
    banks = np.r_[points + normal * width[:, None], (points - normal * width[:, None])[::-1]]
    return middle, Polygon(banks).buffer(0)


@dataclass(frozen=True)
class Terrain:
    """Heights in metres on a grid of the sheet."""

    x_m: np.ndarray
    y_m: np.ndarray
    height_m: np.ndarray

    def at(self, points: np.ndarray) -> np.ndarray:
        """Read heights, shape (n,), at points in metres, shape (n, 2)."""
        read = RegularGridInterpolator(
            (self.y_m, self.x_m), self.height_m, bounds_error=False, fill_value=None
        )
        return np.asarray(read(points[:, ::-1]))


def raise_hills(flat: shapely.Geometry, river: LineString, rng: np.random.Generator) -> Terrain:
    """Raise hills that grow with the distance from the flat ground along river and towns."""
    x_m = np.arange(WEST_M, EAST_M + TERRAIN_M, TERRAIN_M)
    y_m = np.arange(SOUTH_M, NORTH_M + TERRAIN_M, TERRAIN_M)
    grid_x, grid_y = np.meshgrid(x_m, y_m)
    away = shapely.distance(shapely.points(grid_x, grid_y), flat)
    hills = np.zeros_like(away)
    for reach, weight in ((14, 1.0), (7, 0.55), (3, 0.22)):
        noise = ndimage.gaussian_filter(rng.standard_normal(away.shape), reach)
        hills += weight * (1 - np.abs(noise / noise.std()) / 1.6)
    hills = (hills - hills.min()) / (hills.max() - hills.min())
    upstream = shapely.line_locate_point(river, shapely.points(grid_x, grid_y))
    valley = 770 + 0.0022 * (river.length - upstream) + 0.012 * np.minimum(away, 1500)
    return Terrain(x_m, y_m, valley + (1 - np.exp(-away / 1400)) * (40 + 330 * hills))
