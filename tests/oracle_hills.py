"""
What hills do to the walks of the oracle, sharing no code with the package.

A stretch of a street counts as the metres on the flat that would take as long: its length, times
exp(3.5 |S + 0.05|) / exp(3.5 × 0.05) at the slope S in the direction of walking. Heights of bridges
and tunnels are solved vertex by vertex, not edge by edge.
"""

import itertools
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import oracle
import pyproj
import rasterio
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

WGS84 = "EPSG:4326"
SAMPLE_M = 20.0
STEEPEST = 1.0
SHORTEST_M = 0.01
HGT_VOID = -32768.0


@dataclass(frozen=True)
class Raster:
    """
    Heights of cell centres, shape (rows, columns), in metres; NaN where the raster knows none.

    `to_cell` takes a place in `crs` to (column, row), whole numbers at the centres of cells, as
    (a, b, c, d, e, f): column = a x + b y + c, row = d x + e y + f.
    """

    height_m: np.ndarray
    to_cell: tuple[float, ...]
    crs: pyproj.CRS


@dataclass(frozen=True)
class Profile:
    """
    Heights along each segment of some streets; s samples of all m segments, one after another.

    Parameters
    ----------
    first
        Number of the first sample of each segment, and s at the end, shape (m + 1,).
    at_m
        Metres from the start of the segment, shape (s,).
    height_m
        Shape (s,); NaN all along an edge of which no height is known, which is level.
    """

    first: np.ndarray
    at_m: np.ndarray
    height_m: np.ndarray


def read_raster(path: Path) -> Raster:
    """Read a GeoTIFF, or a tile of SRTM (.hgt, .hgt.zip) by the corner in its name."""
    return _read_tile(path) if ".hgt" in path.name else _read_tiff(path)


def _read_tile(path: Path) -> Raster:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            raw = archive.read(archive.namelist()[0])
    else:
        raw = path.read_bytes()
    grid = np.frombuffer(raw, dtype=">i2").astype(float)
    side = math.isqrt(len(grid))
    name = path.name
    south = int(name[1:3]) * (1 if name[0] == "N" else -1)
    west = int(name[4:7]) * (1 if name[3] == "E" else -1)
    steps = side - 1
    to_cell = (steps, 0.0, -west * steps, 0.0, -steps, (south + 1) * steps)
    return Raster(_voids(grid.reshape(side, side), None), to_cell, pyproj.CRS(WGS84))


def _read_tiff(path: Path) -> Raster:
    with rasterio.open(path) as source:
        grid = source.read(1).astype(float)
        a, b, c, d, e, f = tuple(source.transform)[:6]
        crs, nodata = pyproj.CRS(source.crs.to_wkt()), source.nodata
    corner = np.linalg.inv([[a, b, c], [d, e, f], [0, 0, 1]])
    (a, b, c), (d, e, f) = corner[:2].tolist()
    return Raster(_voids(grid, nodata), (a, b, c - 0.5, d, e, f - 0.5), crs)


def _voids(grid: np.ndarray, nodata: float | None) -> np.ndarray:
    return np.where((grid == HGT_VOID) | (grid == nodata), np.nan, grid)


def heights(rasters: list[Raster], lonlat: np.ndarray) -> np.ndarray:
    """Give the height of the ground at places, shape (n,); NaN where no raster knows one."""
    found = np.full(len(lonlat), np.nan)
    for raster in rasters:
        found = np.where(np.isnan(found), _bilinear(raster, lonlat), found)
    return found


def _bilinear(raster: Raster, lonlat: np.ndarray) -> np.ndarray:
    """Weigh the four cell centres around each place, those that are void left out."""
    x, y = pyproj.Transformer.from_crs(WGS84, raster.crs, always_xy=True).transform(*lonlat.T)
    a, b, c, d, e, f = raster.to_cell
    column, row = a * x + b * y + c, d * x + e * y + f
    rows, columns = raster.height_m.shape
    inside = (np.abs(column - (columns - 1) / 2) <= columns / 2) & (
        np.abs(row - (rows - 1) / 2) <= rows / 2
    )
    column = np.clip(np.where(inside, column, 0.0), 0.0, columns - 1.0)
    row = np.clip(np.where(inside, row, 0.0), 0.0, rows - 1.0)
    total, weights = np.zeros(len(lonlat)), np.zeros(len(lonlat))
    for i in (np.floor(row), np.floor(row) + 1):
        for j in (np.floor(column), np.floor(column) + 1):
            weight = (1 - np.abs(row - i)) * (1 - np.abs(column - j))
            cell = raster.height_m[
                np.minimum(i, rows - 1).astype(int), np.minimum(j, columns - 1).astype(int)
            ]
            weight = np.where(np.isnan(cell), 0.0, weight)
            total += weight * np.where(weight > 0, cell, 0.0)
            weights += weight
    known = inside & (weights > 0)
    return np.where(known, total / np.where(known, weights, 1.0), np.nan)


def profile(streets: oracle.Streets, rasters: list[Raster]) -> Profile:
    """Sample the streets: at every vertex, and long segments at equal parts."""
    parts = np.maximum(np.ceil(streets.length_m / SAMPLE_M), 1).astype(int)
    first = np.concatenate([[0], np.cumsum(parts + 1)])
    segment = np.repeat(np.arange(len(parts)), parts + 1)
    share = (np.arange(first[-1]) - first[segment]) / parts[segment]
    start, end = (streets.lonlat[streets.ends[segment, side]] for side in (0, 1))
    at_m = share * streets.length_m[segment]
    ground_m = heights(rasters, start + share[:, None] * (end - start))
    for chain in _edges(streets):
        _fill(ground_m, at_m, first, streets.length_m, chain)
    raised_m = _raised(streets, ground_m[first[:-1]], ground_m[first[1:] - 1])
    low, high = (raised_m[streets.ends[segment, side]] for side in (0, 1))
    evenly_m = low + share * (high - low)
    return Profile(first, at_m, np.where(streets.overpass[segment], evenly_m, ground_m))


def _edges(streets: oracle.Streets) -> Iterator[range]:
    """List the edges: the segments of a way between vertices that it ends at or shares."""
    ends = streets.ends
    follows = (ends[1:, 0] == ends[:-1, 1]) & (streets.way[1:] == streets.way[:-1])
    # A vertex that segments pass through once is inside its way and in no other.
    passed = np.bincount(ends[1:, 0][follows], minlength=len(streets.lonlat))
    touched = np.bincount(ends.ravel(), minlength=len(streets.lonlat))
    inside = (passed == 1) & (touched == 2)
    cuts = np.flatnonzero(~(follows & inside[ends[1:, 0]])) + 1
    bounds = [0, *cuts.tolist(), len(ends)]
    return (range(a, b) for a, b in itertools.pairwise(bounds))


def _fill(
    ground_m: np.ndarray, at_m: np.ndarray, first: np.ndarray, length_m: np.ndarray, edge: range
) -> None:
    """
    Fill unknown heights along an edge, in place: between known ones, level beyond them.

    Where the edge knows none they stay NaN: it is level, but nobody knows how high.
    """
    samples = slice(first[edge.start], first[edge.stop])
    known = ~np.isnan(ground_m[samples])
    if known.all():
        return
    before_m = np.concatenate([[0.0], np.cumsum(length_m[edge.start : edge.stop])])[:-1]
    counts = np.diff(first[edge.start : edge.stop + 1])
    along_m = at_m[samples] + np.repeat(before_m, counts)
    if known.any():
        heights_m = ground_m[samples]
        ground_m[samples] = np.interp(along_m, along_m[known], heights_m[known])


def _raised(streets: oracle.Streets, start_m: np.ndarray, end_m: np.ndarray) -> np.ndarray:
    """
    Give the heights of the vertices of bridges and tunnels, shape (n,); NaN elsewhere.

    `start_m` and `end_m` are the heights of the ground at both ends of each segment. Vertices in
    the air, where only raised segments meet, and more than one, take the weighted mean of their
    neighbours. A piece that touches the ground nowhere has no slope, at any height: at 0.
    """
    n, lone = len(streets.lonlat), streets.ends[:, 0] == streets.ends[:, 1]
    raised = np.flatnonzero(streets.overpass & ~lone)
    ends = streets.ends[raised]
    found_m = _ground_of_vertices(streets, start_m, end_m)
    at_grade = np.bincount(streets.ends[~streets.overpass].ravel(), minlength=n) > 0
    hangs = (np.bincount(ends.ravel(), minlength=n) > 1) & ~at_grade
    hangs |= np.isnan(found_m)
    weight = 1 / np.maximum(streets.length_m[raised], SHORTEST_M)
    links = sp.coo_array((weight, (ends[:, 0], ends[:, 1])), shape=(n, n))
    links = (links + links.T).tocsr()
    air = np.flatnonzero(hangs)
    number, piece = connected_components(links[air][:, air], directed=False)
    held = np.zeros(number, dtype=bool)
    held[piece[links[air][:, ~hangs].sum(axis=1) > 0]] = True
    found_m[air[~held[piece]]] = 0.0
    air = air[held[piece]]
    if len(air):
        rows = links[air]
        balance = sp.diags_array(rows.sum(axis=1)) - rows[:, air]
        found_m[air] = spsolve(balance.tocsc(), rows[:, ~hangs] @ found_m[~hangs])
    return found_m


def _ground_of_vertices(
    streets: oracle.Streets, start_m: np.ndarray, end_m: np.ndarray
) -> np.ndarray:
    """
    Give the height of the ground at vertices, shape (n,); NaN where no street knows one.

    Where no raster knows it, edges that meet may fill in different heights: their mean is taken.
    """
    ends, found_m = streets.ends.T.ravel(), np.concatenate([start_m, end_m])
    known, n = ~np.isnan(found_m), len(streets.lonlat)
    count = np.bincount(ends[known], minlength=n)
    total_m = np.bincount(ends[known], weights=found_m[known], minlength=n)
    return np.where(count > 0, total_m / np.maximum(count, 1), np.nan)


def climb(profile: Profile) -> oracle.Effort:
    """Give the effort of streets that rise and fall as `profile` says."""
    # Negative from one segment to the next.
    run_m = np.diff(profile.at_m)
    slope = np.diff(profile.height_m) / np.where(run_m > 0, run_m, np.inf)
    slope = np.clip(np.where(np.isnan(slope), 0.0, slope), -STEEPEST, STEEPEST)
    run_m = np.maximum(run_m, 0.0)
    sums = [
        np.concatenate([[0.0], np.cumsum(run_m * _pace(direction * slope))])
        for direction in (1, -1)
    ]

    def effort(segment: int, start_m: float, end_m: float) -> tuple[float, float]:
        samples = slice(profile.first[segment], profile.first[segment + 1])
        along, against = (
            np.diff(np.interp([start_m, end_m], profile.at_m[samples], total[samples])).item()
            for total in sums
        )
        return along, against

    return effort


def _pace(slope: np.ndarray) -> np.ndarray:
    """Give the time by Tobler's function, relative to the flat."""
    return np.exp(3.5 * (np.abs(slope + 0.05) - 0.05))
