"""Read heights of the ground: GeoTIFF in any CRS, and SRTM tiles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.errors import RasterioError
from rasterio.windows import Window

from walkcover._errors import InputError, MissingFileError

Floats = NDArray[np.float64]

SUFFIXES = (".tif", ".tiff", ".hgt", ".hgt.zip")
# What SRTM writes where the radar saw nothing, whether the file says so or not.
SRTM_VOID = -32768
# No street on earth lies lower or higher, in metres.
LOWEST_M, HIGHEST_M = -500.0, 6500.0


def sample_heights(paths: Sequence[Path], lon: Floats, lat: Floats) -> Floats:
    """
    Read the height of the ground at some points, between cell centres bilinearly.

    Of the four cells around a point those without a height are left out, and the others count for
    more; where rasters overlap, the first that knows a height decides.

    Parameters
    ----------
    paths
        GeoTIFF (heights in metres, any CRS), ``.hgt`` or ``.hgt.zip`` of SRTM under their own
        names, as ``N37E112.hgt``.
    lon, lat
        Points in WGS84 degrees, shape (k,).

    Returns
    -------
    height_m
        Metres, shape (k,); NaN where no raster knows one.

    Raises
    ------
    MissingFileError
        If a file does not exist.
    InputError
        If a file cannot be read, has no CRS or several bands, or holds no heights in metres.
    """
    height_m = np.full(len(lon), np.nan)
    for path in paths:
        wanted = np.flatnonzero(np.isnan(height_m))
        if not len(wanted):
            break
        height_m[wanted] = _sample(path, lon[wanted], lat[wanted])
    return height_m


def _sample(path: Path, lon: Floats, lat: Floats) -> Floats:
    if not path.is_file():
        msg = f"{path}: there is no such file ([network] elevation)"
        raise MissingFileError(msg)
    if not path.name.lower().endswith(SUFFIXES):
        known = ", ".join(SUFFIXES)
        msg = f"{path}: unknown kind of elevation file: expected one of {known}"
        raise InputError(msg)
    try:
        with rasterio.open(path) as raster:
            return _bilinear(raster, path, lon, lat)
    except RasterioError as error:
        msg = (
            f"{path}: the heights cannot be read ({error}); expected a whole GeoTIFF, or an SRTM "
            "tile under its own name, as N37E112.hgt or N37E112.hgt.zip"
        )
        raise InputError(msg) from error


def _bilinear(raster: rasterio.DatasetReader, path: Path, lon: Floats, lat: Floats) -> Floats:
    if raster.crs is None:
        msg = f"{path}: the raster names no coordinate system; expected one with heights in place"
        raise InputError(msg)
    if raster.count != 1:
        msg = f"{path}: the raster has {raster.count} bands; expected one, of heights in metres"
        raise InputError(msg)
    x, y = Transformer.from_crs(4326, raster.crs, always_xy=True).transform(lon, lat)
    to_cell = ~raster.transform
    column = to_cell.a * np.asarray(x) + to_cell.b * np.asarray(y) + to_cell.c
    row = to_cell.d * np.asarray(x) + to_cell.e * np.asarray(y) + to_cell.f
    inside = (column >= 0) & (column <= raster.width) & (row >= 0) & (row <= raster.height)
    heights = np.full(len(lon), np.nan)
    if not inside.any():
        return heights
    # Cells are known at their centres.
    column, row = column[inside] - 0.5, row[inside] - 0.5
    window = _window(raster, column, row)
    grid = raster.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
    grid[grid == SRTM_VOID] = np.nan
    _refuse_other_units(grid, path)
    heights[inside] = _between_cells(grid, column - window.col_off, row - window.row_off)
    return heights


def _window(raster: rasterio.DatasetReader, column: Floats, row: Floats) -> Window:
    """The cells around all points, no more."""
    west, north = max(0, int(column.min()) - 1), max(0, int(row.min()) - 1)
    east = min(raster.width, int(column.max()) + 2)
    south = min(raster.height, int(row.max()) + 2)
    return Window(west, north, east - west, south - north)


def _between_cells(grid: Floats, column: Floats, row: Floats) -> Floats:
    """Weigh the four cells around each point; those beyond the rim are those at the rim."""
    west, north = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
    total, weight = np.zeros(len(column)), np.zeros(len(column))
    heights: Floats = np.full(len(column), np.nan)
    for right in (0, 1):
        for down in (0, 1):
            share = np.abs(1 - right - (column - west)) * np.abs(1 - down - (row - north))
            i = np.clip(north + down, 0, grid.shape[0] - 1)
            j = np.clip(west + right, 0, grid.shape[1] - 1)
            height = grid[i, j]
            known = np.isfinite(height)
            total += np.where(known, share * np.nan_to_num(height), 0.0)
            weight += np.where(known, share, 0.0)
    np.divide(total, weight, out=heights, where=weight > 0)
    return heights


def _refuse_other_units(grid: Floats, path: Path) -> None:
    known = grid[np.isfinite(grid)]
    if known.size and not (known.min() >= LOWEST_M and known.max() <= HIGHEST_M):
        msg = (
            f"{path}: heights from {known.min():g} to {known.max():g} are none in metres; "
            f"expected {LOWEST_M:g} to {HIGHEST_M:g}: is it another raster, another unit, or is "
            "its nodata value not set?"
        )
        raise InputError(msg)
