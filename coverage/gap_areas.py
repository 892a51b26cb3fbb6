"""Gap areas: neighbouring residences that are not covered, with the ground around them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from walkcover.gaps import GAPS, WALK_LIMIT_S, covered_people
from walkcover.network import Floats, Ints, connected_pieces
from walkcover.street_index import Shapes, StreetIndex

# Uncovered residences nearer than this to each other are one gap area.
NEIGHBOURS_M = 200.0
# Gap areas are found and drawn so many residences at a time, to bound the memory.
POINTS_AT_ONCE = 65_536


def gap_areas(
    residences: gpd.GeoDataFrame, index: StreetIndex, *, limit_s: float = WALK_LIMIT_S
) -> gpd.GeoDataFrame:
    """
    Join neighbouring residences that are not covered; those over capacity by themselves.

    Parameters
    ----------
    residences
        Points with people, walk_s, verdict and zone_id, people_unserved where desk time counts,
        and perhaps name.
    index
        The streets, for distances in metres and names.
    limit_s
        Longest acceptable walk in seconds.

    Returns
    -------
    areas
        Most people first: gap_id (G1, G2, …), residences, people (without service), reason (the
        verdict of most of its people), nearest_miss_s (seconds over the limit of the best walk, 0
        within it, inf without any path), zone_id, place (the name that most of its people have as
        that of their residence, empty where none has), and polygons around the residences in
        EPSG:4326.
    """
    gap = gap_residences(residences)
    points = index.to_metric(gap.geometry.to_numpy())
    cluster = _clusters(shapely.get_coordinates(points), gap["verdict"] == "over_capacity")
    # Numbered in the order of their first row.
    area = pd.factorize(cluster)[0]
    figures = area_figures(gap, area, limit_s=limit_s)
    figures["place"] = _place_names(gap, area)
    table = gpd.GeoDataFrame(figures, geometry=_around(points, area), crs=index.crs)
    table = table.to_crs(4326).sort_values("people", ascending=False, kind="stable")
    table.insert(0, "gap_id", [f"G{i + 1}" for i in range(len(table))])
    return table.reset_index(drop=True)


def gap_residences(residences: pd.DataFrame) -> pd.DataFrame:
    """
    Pick the residences that are not covered.

    Parameters
    ----------
    residences
        With people and verdict, and people_unserved where desk time counts.

    Returns
    -------
    gap
        A new table of these rows, people being those without service.

    Examples
    --------
    >>> homes = pd.DataFrame({"people": [30.0, 20.0], "verdict": ["covered", "too_far"]})
    >>> gap_residences(homes)["people"].tolist()
    [20.0]
    """
    gap = residences[residences["verdict"].isin(GAPS)]
    return gap.assign(people=gap["people"] - covered_people(gap))


def gap_figures(gap: pd.DataFrame, *, limit_s: float) -> dict[str, Any]:
    """
    Sum up the residences of a gap area.

    Parameters
    ----------
    gap
        At least one row of `gap_residences`, with walk_s, verdict and zone_id.
    limit_s
        Longest acceptable walk in seconds.

    Returns
    -------
    figures
        residences, people, reason, nearest_miss_s and zone_id, as `gap_areas` explains them.

    Examples
    --------
    >>> homes = pd.DataFrame({"people": [20.0, 5.0], "walk_s": [960.0, float("inf")],
    ...                       "verdict": ["too_far", "island"], "zone_id": ["a", "b"]})
    >>> [str(one) for one in gap_figures(homes, limit_s=900.0).values()]
    ['2', '25.0', 'too_far', '60.0', 'a']
    """
    figures = area_figures(gap, np.zeros(len(gap), dtype=np.int64), limit_s=limit_s)
    return {name: column.iloc[0] for name, column in figures.items()}


def area_figures(gap: pd.DataFrame, area: Ints, *, limit_s: float) -> pd.DataFrame:
    """
    Sum up the residences of every gap area.

    Parameters
    ----------
    gap
        Rows of `gap_residences`, with walk_s, verdict and zone_id.
    area
        Number of the area of each row, from 0 without a hole, shape (n,).
    limit_s
        Longest acceptable walk in seconds.

    Returns
    -------
    figures
        A row per area: residences, people, reason, nearest_miss_s and zone_id, as `gap_areas`
        explains them.

    Examples
    --------
    >>> homes = pd.DataFrame({"people": [20.0, 5.0, 1.0], "walk_s": [960.0, float("inf"), 990.0],
    ...                       "verdict": ["too_far", "island", "too_far"], "zone_id": list("abb")})
    >>> area_figures(homes, np.array([0, 0, 1]), limit_s=900.0).values.tolist()
    [[2, 25.0, 'too_far', 60.0, 'a'], [1, 1.0, 'too_far', 90.0, 'b']]
    """
    people, walk_s = gap["people"].to_numpy(np.float64), gap["walk_s"].to_numpy(np.float64)
    order = np.argsort(area, kind="stable")
    starts = np.searchsorted(area[order], np.arange(area.max(initial=-1) + 1))
    rows = np.split(order, starts[1:]) if len(order) else []
    least_s = np.minimum.reduceat(walk_s[order], starts) if len(order) else np.empty(0)
    return pd.DataFrame(
        {
            "residences": np.array([len(own) for own in rows], dtype=np.int64),
            "people": np.array([people[own].sum() for own in rows], dtype=np.float64),
            "reason": _most_people(gap["verdict"], people, area),
            "nearest_miss_s": np.maximum(least_s - limit_s, 0.0),
            "zone_id": _most_people(gap["zone_id"], people, area),
        }
    )


def _place_names(gap: pd.DataFrame, area: Ints) -> NDArray[np.object_]:
    """The name of most people's residence in each area; none counts only where all are without."""
    names = gap["name"].fillna("") if "name" in gap else pd.Series("", index=gap.index)
    people = np.where(names == "", -1.0, gap["people"].to_numpy(np.float64))
    return _most_people(names, people, area)


def _most_people(labels: pd.Series, people: Floats, area: Ints) -> NDArray[np.object_]:
    """The label of most people in each area; of equals the first as text."""
    code, names = pd.factorize(labels, sort=True)
    sums = pd.Series(people).groupby([area, code]).sum()
    own, label = (sums.index.get_level_values(level).to_numpy() for level in (0, 1))
    order = np.lexsort([label, -sums.to_numpy(), own])
    first = order[np.unique(own[order], return_index=True)[1]]
    most: NDArray[np.object_] = np.asarray(names, dtype=object)[label[first]]
    return most


def _around(points: Shapes, area: Ints) -> Shapes:
    """Draw each area: what lies within half the distance of neighbours from its points."""
    order = np.argsort(area, kind="stable")
    ends = np.cumsum(np.bincount(area))
    # Whole areas, about so many points at a time.
    cuts = np.searchsorted(ends, np.arange(POINTS_AT_ONCE, len(area), POINTS_AT_ONCE))
    chunks = np.split(order, ends[np.unique(cuts)]) if len(order) else []

    def draw(rows: Ints) -> Shapes:
        discs = shapely.buffer(points[rows], NEIGHBOURS_M / 2, quad_segs=4)
        heaps = shapely.geometrycollections(discs, indices=area[rows] - area[rows[0]])
        return np.asarray(shapely.union_all(heaps[:, None], axis=1), dtype=object)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        drawn = pool.map(draw, [rows for rows in chunks if len(rows)])
        return np.asarray(np.concatenate([np.empty(0, dtype=object), *drawn]), dtype=object)


def _clusters(xy: Floats, kind: pd.Series) -> Ints:
    """Number the clusters of points of a kind that hang together by steps of `NEIGHBOURS_M`."""
    order = np.argsort(xy[:, 0], kind="stable")
    east_m, flags = xy[order, 0], kind.to_numpy(bool)

    def link(start: int) -> Ints:
        """Pair each point of a strip, and of its eastern rim, with the first of its cluster."""
        last = min(start + POINTS_AT_ONCE, len(xy)) - 1
        rim = np.searchsorted(east_m, east_m[last] + NEIGHBOURS_M, side="right")
        rows = order[start:rim]
        pairs = cKDTree(xy[rows]).query_pairs(NEIGHBOURS_M, output_type="ndarray")
        pairs = pairs.astype(np.int64, copy=False).reshape(-1, 2)
        pairs = pairs[flags[rows[pairs[:, 0]]] == flags[rows[pairs[:, 1]]]]
        piece = connected_pieces(pairs[:, 0], pairs[:, 1], len(rows))
        first = np.unique(piece, return_index=True)[1]
        return np.column_stack([rows, rows[first[piece]]])

    # All pairs of a province at once would take gigabytes.
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        links = list(pool.map(link, range(0, len(xy), POINTS_AT_ONCE)))
    pairs = np.concatenate([np.empty((0, 2), dtype=np.int64), *links])
    return connected_pieces(pairs[:, 0], pairs[:, 1], len(xy))
