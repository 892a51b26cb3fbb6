"""Population cells: what lies in them, and how their people are shared."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from walkcover._errors import InputError
from walkcover._intake import SHOWN
from walkcover.crs import equal_area_crs
from walkcover.network import Bools, Floats, Ints
from walkcover.places import DEGREE_M
from walkcover.population import floor_area_m2
from walkcover.zones import is_parent

# So many centres are needed to see the spacing of a grid in both directions.
FEWEST_CENTRES = 4


def study_area(
    zones: gpd.GeoDataFrame | None,
    bounds: tuple[float, float, float, float],
    *,
    margin_m: float,
) -> shapely.Geometry:
    """
    Draw the area whose people count: the zones, or the box around the network.

    Parameters
    ----------
    zones
        Checked zones in EPSG:4326, or None; those that others lie in do not matter.
    bounds
        West, south, east and north of the network in degrees, used where no zone has a polygon.
    margin_m
        How far from the network people still reach it; widens its box.

    Returns
    -------
    area
        A polygon or several in EPSG:4326.

    Examples
    --------
    >>> area = study_area(None, (112.4, 0.0, 112.6, 0.1), margin_m=1113.2)
    >>> [round(edge, 4) for edge in area.bounds]
    [112.39, -0.01, 112.61, 0.11]
    """
    if zones is not None and zones.geometry.notna().any():
        leaves = zones.geometry[~is_parent(zones) & zones.geometry.notna()]
        return shapely.union_all(leaves.to_numpy())
    west, south, east, north = bounds
    margin = margin_m / DEGREE_M
    # Degrees of longitude shrink towards the poles.
    aside = margin / np.cos(np.radians(max(abs(south), abs(north))))
    return shapely.box(west - aside, south - margin, east + aside, north + margin)


def cell_centres(cells: gpd.GeoDataFrame | gpd.GeoSeries) -> gpd.GeoSeries:
    """
    Give a point in every cell: its centroid, or a point on its surface where that lies outside.

    Parameters
    ----------
    cells
        Polygons or points in EPSG:4326.

    Returns
    -------
    centres
        Points in EPSG:4326 on the index of `cells`.

    Examples
    --------
    >>> cells = gpd.GeoSeries([shapely.box(0, 0, 1, 1), shapely.Point(5, 5)], crs=4326)
    >>> cell_centres(cells).to_wkt().tolist()
    ['POINT (0.5 0.5)', 'POINT (5 5)']
    """
    shapes = cells.geometry.to_numpy()
    centres = shapely.centroid(shapes)
    bent = ~shapely.intersects(shapes, centres)
    centres[bent] = shapely.point_on_surface(shapes[bent])
    return gpd.GeoSeries(centres, index=cells.index, crs=4326)


def cell_of_places(
    cells: gpd.GeoDataFrame | gpd.GeoSeries, places: gpd.GeoSeries, *, cell_m: float = 0.0
) -> Ints:
    """
    Find the cell that each place lies in.

    A place on the border of polygons goes to the first of them. Where cells are points, their
    centres, a place goes to the nearest one, as far as the corner of a square of side `cell_m`
    around it. Every centre must be there for that, those without people too.

    Parameters
    ----------
    cells
        Polygons that do not overlap, or points, in EPSG:4326.
    places
        Points in EPSG:4326.
    cell_m
        Side of cells that are points, in metres; 0 takes half their usual diagonal from the
        medians of the distances to the nearest and to the third nearest centre, which are the
        two sides in a grid of rectangles.

    Returns
    -------
    cell
        Row of `cells`, shape (n,), -1 in none.

    Raises
    ------
    InputError
        If points and polygons are mixed, the centre of one polygon lies in another, or there are
        fewer than four points and no `cell_m`.

    Examples
    --------
    >>> cells = gpd.GeoSeries([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], crs=4326)
    >>> homes = gpd.GeoSeries.from_xy([0.2, 1.0, 1.7, 5.0], [0.5, 0.5, 0.5, 0.5], crs=4326)
    >>> cell_of_places(cells, homes).tolist()
    [0, 0, 1, -1]
    """
    shapes = cells.geometry.to_numpy()
    dimensions = np.unique(shapely.get_dimensions(shapes))
    if dimensions.tolist() == [2]:
        _refuse_overlaps(cells)
        place, cell = shapely.STRtree(shapes).query(places.to_numpy(), predicate="intersects")
        found = np.full(len(places), len(shapes), dtype=np.int64)
        np.minimum.at(found, place, cell)
        return np.where(found < len(shapes), found, -1)
    if dimensions.tolist() != [0]:
        msg = "cells: points and polygons are mixed: expected all of one kind"
        raise InputError(msg)
    west, south, east, north = cells.total_bounds
    plane = equal_area_crs([west, east], [south, north])
    centres = cells.geometry.to_crs(plane).get_coordinates().to_numpy()
    tree = cKDTree(centres)
    reach_m = cell_m / np.sqrt(2.0) if cell_m else _half_diagonal_m(tree)
    homes = places.to_crs(plane).get_coordinates().to_numpy()
    away_m, nearest = tree.query(homes)
    return np.where(away_m <= reach_m, nearest, -1).astype(np.int64)


def share_cells(cell: ArrayLike, weights: ArrayLike, *, cells: int) -> tuple[Floats, Bools]:
    """
    Share each cell among the places in it, in proportion to weights.

    Parameters
    ----------
    cell
        Row of the cell of each place, shape (n,), -1 for none.
    weights
        A finite number from 0 on per place, shape (n,).
    cells
        Number of cells, k.

    Returns
    -------
    share
        Share of its cell that each place gets, shape (n,), 0 in none.
    empty
        Cells without any place with a weight over 0, shape (k,).

    Raises
    ------
    InputError
        If a weight is negative, infinite or missing.

    Examples
    --------
    >>> share, empty = share_cells([0, 0, 2, -1], [100.0, 300.0, 5.0, 9.0], cells=3)
    >>> share.tolist(), empty.tolist()
    ([0.25, 0.75, 1.0, 0.0], [False, True, False])
    """
    weight = np.asarray(weights, dtype=np.float64)
    row = np.asarray(cell, dtype=np.int64)
    crooked = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if crooked.size:
        msg = (
            f"weights of {crooked.size} places, first place {crooked[0]} "
            f"({float(weight[crooked[0]])!r}): expected numbers from 0 on"
        )
        raise InputError(msg)
    inside = row >= 0
    room = np.bincount(row[inside], weights=weight[inside], minlength=cells)
    share = np.zeros(len(row))
    filled = inside.copy()
    filled[inside] = room[row[inside]] > 0
    share[filled] = weight[filled] / room[row[filled]]
    return share, room == 0


def people_of_density(cells: gpd.GeoSeries, per_km2: ArrayLike) -> Floats:
    """
    Turn people per square kilometre into people, by the true area of each cell.

    Parameters
    ----------
    cells
        Polygons in EPSG:4326.
    per_km2
        People per square kilometre, shape (k,).

    Returns
    -------
    people
        Shape (k,).

    Raises
    ------
    InputError
        If a cell is no polygon.

    Examples
    --------
    >>> cell = gpd.GeoSeries([shapely.box(112.5, 37.8, 112.6, 37.9)], crs=4326)
    >>> people_of_density(cell, [1000.0]).round(-2).tolist()
    [97700.0]
    """
    flat = int((shapely.get_dimensions(cells.to_numpy()) != 2).sum())
    if flat:
        msg = (
            f"{flat} cells are points and have no area: expected polygons, or people instead of "
            'people per km² (unit = "people")'
        )
        raise InputError(msg)
    if cells.empty:
        return np.zeros(0)
    area_km2: Floats = floor_area_m2(cells).to_numpy(np.float64) / 1e6
    return area_km2 * np.asarray(per_km2, dtype=np.float64)


def _refuse_overlaps(cells: gpd.GeoDataFrame | gpd.GeoSeries) -> None:
    """Refuse cells of which one holds the centre of another: people would count twice."""
    shapes = cells.geometry.to_numpy()
    centre, cell = shapely.STRtree(shapes).query(cell_centres(cells).to_numpy(), predicate="within")
    both = np.flatnonzero(centre != cell)
    if both.size:
        names = cells["cell_id"].tolist() if "cell_id" in cells else cells.index.tolist()
        shown = "; ".join(f"{names[centre[k]]} in {names[cell[k]]}" for k in both[:SHOWN])
        msg = (
            f"cells: {both.size} lie with their centre in another, first {shown}: expected cells "
            "that share borders only, because people would be counted twice"
        )
        raise InputError(msg)


def _half_diagonal_m(tree: cKDTree) -> float:
    """Measure how far a cell reaches from its centre in a grid of centres."""
    if tree.n < FEWEST_CENTRES:
        msg = (
            f"{tree.n} cells are given as points, too few to see how large they are: "
            "give the side of a cell in metres as [population] cell_m"
        )
        raise InputError(msg)
    away_m = tree.query(tree.data, k=FEWEST_CENTRES)[0]
    return float(np.hypot(np.median(away_m[:, 1]), np.median(away_m[:, 3])) / 2.0)
