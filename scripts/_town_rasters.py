"""Heights and people of the example town on cells of 3 seconds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import rasterio
from _town_degrees import CENTRE_LAT, CENTRE_LON, METRIC_CRS, to_degrees
from _town_design import EAST_M, NORTH_M, SOUTH_M, WEST_M
from _town_ground import Terrain
from pyproj import Transformer


def degree_grid(step: float) -> tuple[rasterio.Affine, int, int]:
    """Lay a grid of whole steps over the sheet: transform, rows, columns."""
    corners = to_degrees(np.array([[x, y] for x in (WEST_M, EAST_M) for y in (SOUTH_M, NORTH_M)]))
    west, south = np.floor(corners.min(axis=0) / step).astype(int)
    east, north = np.ceil(corners.max(axis=0) / step).astype(int)
    transform = rasterio.Affine(step, 0, west * step, 0, -step, north * step)
    return transform, int(north - south), int(east - west)


def write_raster(path: Path, values: np.ndarray, transform: rasterio.Affine) -> None:
    """Write one band in WGS84 as a compressed GeoTIFF."""
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype=values.dtype, crs="EPSG:4326", transform=transform, compress="deflate", zlevel=9,
        predictor=2 if values.dtype.kind == "i" else 3,
    ) as raster:  # fmt: skip
        raster.write(values, 1)


def write_elevation(path: Path, terrain: Terrain) -> None:
    """Write heights in whole metres on cells of 3 seconds (92 m by 74 m)."""
    transform, rows, columns = degree_grid(1 / 1200)
    row, column = np.mgrid[:rows, :columns]
    lon, lat = transform @ (column.ravel() + 0.5, row.ravel() + 0.5)
    to_metric = Transformer.from_crs("EPSG:4326", METRIC_CRS, always_xy=True)
    origin = to_metric.transform(CENTRE_LON, CENTRE_LAT)
    x, y = to_metric.transform(lon, lat)
    points = np.c_[x - origin[0], y - origin[1]]
    points = points.clip([WEST_M, SOUTH_M], [terrain.x_m[-1], terrain.y_m[-1]])
    heights = terrain.at(points).reshape(rows, columns)
    write_raster(path, np.round(heights).astype("int16"), transform)


def write_population(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """Count the people of the residences on cells of 3 seconds."""
    transform, height, width = degree_grid(1 / 1200)
    people = np.zeros((height, width), dtype="float32")
    for row in rows:
        column, line = ~transform @ (float(row["经度"]), float(row["纬度"]))
        people[int(line), int(column)] += int(row["人数"])
    write_raster(path, people, transform)
