"""Read population rasters: people per cell or per square kilometre, around a study area only."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from pyproj import CRS, Transformer
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from walkcover._errors import InputError, MissingFileError
from walkcover.cells import people_of_density
from walkcover.crs import WGS84, check_system
from walkcover.network import Floats

# Rows of a window are read in strips of about so many cells, so that a province fits.
STRIP_CELLS = 4_000_000
# The rim of the study area is followed in so many steps a side: it bends in another CRS.
RIM_STEPS = 64
# No cell and no square kilometre holds so many: a mark for "nothing" that the file does not name.
TOO_MANY_PEOPLE = 1e9

log = logging.getLogger("walkcover")


def read_raster_cells(
    path: str | Path,
    bounds: tuple[float, float, float, float],
    *,
    unit: str = "people",
    crs: str = "",
    elderly: str | Path | None = None,
) -> gpd.GeoDataFrame:
    """
    Read the cells of a raster that have people, around a study area.

    Cells without data have no people: those the file masks (a nodata value, a mask, an alpha
    band), NaN, and negative ones.

    Parameters
    ----------
    path
        GeoTIFF, or another raster that GDAL reads, with one band; in any CRS.
    bounds
        West, south, east and north of the study area in degrees; only the window around it is
        read, in strips.
    unit
        ``people`` per cell, or ``people_per_km2``, multiplied with the true area of each cell.
    crs
        EPSG:n for a file that names no CRS.
    elderly
        A raster on the same grid, in the same unit, of the people of 65 and more.

    Returns
    -------
    cells
        In EPSG:4326, ordered by row and column: cell_id (``<row>_<column>`` of the whole raster,
        counted from 0), people (float64), elderly_people where asked for, and polygons, whose
        corners are those of the raster's own CRS.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it cannot be read, has several bands, no CRS or no place, lies elsewhere, has values
        that nobody can mean, or the elderly are on another grid.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "people.tif")
    ...     place = rasterio.Affine(0.1, 0, 112.5, 0, -0.1, 37.9)
    ...     with rasterio.open(path, "w", driver="GTiff", width=2, height=1, count=1, nodata=-1,
    ...                        dtype="float32", crs="EPSG:4326", transform=place) as raster:
    ...         raster.write(np.array([[7.5, -1.0]], dtype="float32"), 1)
    ...     read_raster_cells(path, (112.0, 37.0, 113.0, 38.0))[["cell_id", "people"]]
      cell_id  people
    0     0_0     7.5
    """
    path = Path(path)
    with _open(path) as source:
        own = _own_crs(source, crs, path)
        window = _window(source, own, bounds, path)
        layers = [source]
        if elderly is None:
            row, column, values = _read_strips(layers, window, [path])
        else:
            with _open(Path(elderly)) as second:
                _refuse_other_grid(source, second, path, Path(elderly))
                layers.append(second)
                row, column, values = _read_strips(layers, window, [path, Path(elderly)])
        corners = _corners(source, row, column)
    shapes = gpd.GeoSeries(_to_degrees(corners, own), crs=WGS84)
    names = ["people", "elderly_people"][: len(values)]
    if unit == "people_per_km2":
        values = [people_of_density(shapes, value) for value in values]
    ids = pd.Series([f"{r}_{c}" for r, c in zip(row, column, strict=True)], dtype="str")
    columns = {"cell_id": ids, **dict(zip(names, values, strict=True))}
    log.info("%s: %d cells with people in a window of %s", path.name, len(ids), _size(window))
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84)


@contextmanager
def _open(path: Path) -> Iterator[rasterio.DatasetReader]:
    """Open a raster of one band, turning the reader's complaints into ours."""
    if not path.is_file():
        msg = f"{path}: there is no such raster ([population])"
        raise MissingFileError(msg)
    try:
        with warnings.catch_warnings():
            # A raster without a place is refused below, in words that say what to do.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            source = rasterio.open(path)
        with source:
            bands = [band for band in source.colorinterp if band != ColorInterp.alpha]
            if len(bands) != 1:
                msg = (
                    f"{path}: the raster has {len(bands)} bands: expected one, of people; cut it "
                    "out (`gdal_translate -b 1`)"
                )
                raise InputError(msg)
            if source.transform.is_identity:
                msg = f"{path}: the raster does not say where it lies: expected a GeoTIFF"
                raise InputError(msg)
            yield source
    except RasterioError as error:
        msg = f"{path}: the raster cannot be read: {error}"
        raise InputError(msg) from error


def _own_crs(source: rasterio.DatasetReader, crs: str, path: Path) -> CRS:
    """Find the CRS of a raster; the plan may name one only where the file names none."""
    system = check_system(crs) if crs not in ("", "auto") else ""
    own = CRS.from_wkt(source.crs.to_wkt()) if source.crs else None
    if own is not None and not system:
        return own
    named = None
    if system.startswith("EPSG"):
        named = CRS(system)
    elif system == "wgs84":
        named = CRS(WGS84)
    if named is None or (own is not None and not own.equals(named, ignore_axis_order=True)):
        has = f"its own, {own.name!r}" if own is not None else "none"
        msg = (
            f"{path}: the raster's CRS is {has}, and [population] crs is {crs!r}: expected EPSG:n "
            "for a raster without a CRS, and nothing for one that has its own"
        )
        raise InputError(msg)
    return named


def _window(
    source: rasterio.DatasetReader,
    own: CRS,
    bounds: tuple[float, float, float, float],
    path: Path,
) -> Window:
    """Find rows and columns of the raster that cover the study area."""
    west, south, east, north = bounds
    rim = shapely.segmentize(
        shapely.box(west, south, east, north), max(east - west, north - south) / RIM_STEPS
    )
    lon, lat = shapely.get_coordinates(rim).T
    x, y = Transformer.from_crs(WGS84, own, always_xy=True).transform(lon, lat)
    known = np.isfinite(x) & np.isfinite(y)
    column, row = _placed(~source.transform, np.asarray(x)[known], np.asarray(y)[known])
    wanted = np.array([0, 0, 0, 0])
    if known.any():
        # One cell more on each side: the rim is followed in steps only.
        low = np.floor([row.min() - 1, column.min() - 1])
        high = np.ceil([row.max() + 1, column.max() + 1])
        wanted = np.concatenate([low, high]).astype(np.int64)
    size = [source.height, source.width]
    first, last = np.maximum(wanted[:2], 0), np.minimum(wanted[2:], size)
    if (first >= last).any():
        msg = (
            f"{path}: the raster lies elsewhere: its box in {own.name} is "
            f"{' '.join(f'{edge:.4f}' for edge in source.bounds)}, the study area is "
            f"{west:.4f} {south:.4f} {east:.4f} {north:.4f} in degrees: expected a raster of the "
            "same place; check the file and its CRS"
        )
        raise InputError(msg)
    # The spare cell on each side may be missing.
    if (wanted[:2] + 1 < 0).any() or (wanted[2:] - 1 > size).any():
        log.warning("%s: the raster does not cover the whole study area", path.name)
    return Window(first[1], first[0], last[1] - first[1], last[0] - first[0])


def _read_strips(
    layers: list[rasterio.DatasetReader], window: Window, paths: list[Path]
) -> tuple[np.ndarray, np.ndarray, list[Floats]]:
    """Read a window strip by strip; give row, column and values of cells that are not empty."""
    height = max(1, STRIP_CELLS // window.width)
    rows, columns, values = [], [], []
    for top in range(window.row_off, window.row_off + window.height, height):
        low = min(top + height, window.row_off + window.height)
        strip = Window(window.col_off, top, window.width, low - top)
        read = np.array(
            [_people(layer, strip, path) for layer, path in zip(layers, paths, strict=True)]
        )
        row, column = np.nonzero((read > 0).any(axis=0))
        rows.append(row + top)
        columns.append(column + window.col_off)
        values.append(read[:, row, column])
    return np.concatenate(rows), np.concatenate(columns), list(np.concatenate(values, axis=1))


def _people(source: rasterio.DatasetReader, window: Window, path: Path) -> Floats:
    """Read values as numbers from 0 on; what has no data is 0."""
    band = next(i for i, kind in enumerate(source.colorinterp) if kind != ColorInterp.alpha)
    read = source.read(band + 1, window=window, masked=True)
    values = np.ma.filled(read.astype(np.float64), np.nan)
    values = values * source.scales[band] + source.offsets[band]
    values = np.where(values > 0, values, 0.0)
    wild = np.argwhere(values > TOO_MANY_PEOPLE)
    if len(wild):
        row, column = wild[0] + [window.row_off, window.col_off]
        msg = (
            f"{path}: {len(wild)} cells have more than {TOO_MANY_PEOPLE:g} people, first row {row} "
            f"column {column} ({values[tuple(wild[0])]:g}): expected people; if that value marks "
            "cells without data, say so in the file (`gdal_edit.py -a_nodata`)"
        )
        raise InputError(msg)
    return values


def _refuse_other_grid(
    source: rasterio.DatasetReader, second: rasterio.DatasetReader, path: Path, elderly: Path
) -> None:
    same = (
        source.shape == second.shape
        and source.transform.almost_equals(second.transform)
        and source.crs == second.crs
    )
    if not same:
        msg = (
            f"{elderly}: its cells are not those of {path.name}: expected the same CRS, corner, "
            "cell size and shape; resample it (`gdalwarp -r sum`)"
        )
        raise InputError(msg)


def _corners(source: rasterio.DatasetReader, row: np.ndarray, column: np.ndarray) -> Floats:
    """Give the four corners of cells in the raster's CRS, shape (k, 4, 2)."""
    columns = column[:, None] + np.array([0, 1, 1, 0])
    rows = row[:, None] + np.array([1, 1, 0, 0])
    return np.stack(_placed(source.transform, columns, rows), axis=2)


def _placed(place: rasterio.Affine, x: np.ndarray, y: np.ndarray) -> tuple[Floats, Floats]:
    """Apply the six numbers that place a raster, which may be turned, or undo them."""
    return place.a * x + place.b * y + place.c, place.d * x + place.e * y + place.f


def _to_degrees(corners: Floats, own: CRS) -> np.ndarray:
    """Make polygons in WGS84 of corners in another CRS."""
    to_wgs84 = Transformer.from_crs(own, WGS84, always_xy=True)
    lon, lat = to_wgs84.transform(corners[..., 0].ravel(), corners[..., 1].ravel())
    degrees = np.column_stack([lon, lat]).reshape(-1, 4, 2)
    return np.asarray(shapely.polygons(degrees), dtype=object)


def _size(window: Window) -> str:
    return f"{window.height} × {window.width} cells"
