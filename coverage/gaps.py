"""Verdicts: who is covered, who is not, and why."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from walkcover._errors import ConservationError, InputError
from walkcover.network import Floats, Ints, connected_pieces
from walkcover.street_index import Shapes, StreetIndex

WALK_LIMIT_S = 900.0
VERDICTS = (
    "no_people",
    "not_snapped",
    "covered",
    "over_capacity",
    "too_far",
    "island",
    "no_site",
)
# Verdicts that stand for people without service.
GAPS = ("not_snapped", "over_capacity", "too_far", "island", "no_site")
# Uncovered residences nearer than this to each other are one gap area.
NEIGHBOURS_M = 200.0
# Gap areas are found and drawn so many residences at a time, to bound the memory.
POINTS_AT_ONCE = 65_536
OUTSIDE = "outside"
# People may be fractions; sums of them are compared with this tolerance.
PEOPLE_TOLERANCE = 1e-9


def is_covered(walk_s: pd.Series, *, limit_s: float = WALK_LIMIT_S) -> pd.Series:
    """
    Flag each residence whose nearest site lies within the walking limit.

    Walks are compared in whole milliseconds: exactly `limit_s` is covered, an infinite walk never.

    Parameters
    ----------
    walk_s
        Walk to the nearest site in seconds, shape (n,); `inf` where no path exists.
    limit_s
        Longest acceptable walk in seconds; the default is 15 minutes.

    Returns
    -------
    covered
        Booleans, shape (n,), on the index of `walk_s`.

    Raises
    ------
    InputError
        If `limit_s` is not positive and finite, or a walk is missing or negative.

    References
    ----------
    Service standard S in Church & ReVelle (1974).

    Examples
    --------
    >>> is_covered(pd.Series([300.0, 900.0, float("inf")], index=["a", "b", "c"])).tolist()
    [True, True, False]
    """
    if not 0 < limit_s < np.inf:
        msg = f"limit_s = {limit_s!r}: expected a positive number of seconds"
        raise InputError(msg)
    bad = ~(walk_s >= 0)
    if bad.any():
        msg = (
            f"{int(bad.sum())} walks are missing or negative, first {walk_s.index[bad][0]!r}: "
            "expected seconds, inf where there is no path"
        )
        raise InputError(msg)
    return (walk_s.round(3) <= limit_s).rename("covered")


def verdicts(
    walk_s: pd.Series, people: pd.Series, snap_to: pd.Series, *, limit_s: float = WALK_LIMIT_S
) -> pd.Series:
    """
    Say for each residence whether it is covered, and if not, why.

    Parameters
    ----------
    walk_s
        Walk to the nearest open site in seconds, `inf` where no path exists.
    people
        People of each residence.
    snap_to
        What each residence joined: ``main``, ``private``, ``island``, or missing.
    limit_s
        Longest acceptable walk in seconds.

    Returns
    -------
    verdict
        The first that holds of no_people, not_snapped, covered, too_far, island and no_site, on
        the index of `walk_s`.

    Examples
    --------
    >>> walk_s = pd.Series([500.0, 1640.0, float("inf"), float("inf")])
    >>> snap_to = pd.Series(["main", "main", "island", None], dtype=object)
    >>> verdicts(walk_s, pd.Series([3, 5, 2, 1]), snap_to).tolist()
    ['covered', 'too_far', 'island', 'not_snapped']
    """
    reasons = [
        people == 0,
        snap_to.isna(),
        is_covered(walk_s, limit_s=limit_s),
        np.isfinite(walk_s),
        snap_to == "island",
    ]
    names = ["no_people", "not_snapped", "covered", "too_far", "island", "no_site"]
    first = np.select([r.to_numpy(bool) for r in reasons], np.arange(5), default=5)
    # All rows share six texts; millions of their own would take a hundred MB.
    verdict = np.array(names, dtype=object)[first]
    return pd.Series(verdict, index=walk_s.index, name="verdict")


def covered_people(residences: pd.DataFrame, *, after: bool = False) -> pd.Series:
    """
    Count the people of each residence who are covered.

    Parameters
    ----------
    residences
        With people and verdict (or verdict_after), and people_unserved (or people_unserved_after)
        where desk time counts.
    after
        Whether to count after building.

    Returns
    -------
    covered_people
        On the index of `residences`: all people of covered ones, those served of residences that
        are over capacity, 0 elsewhere.

    Examples
    --------
    >>> homes = pd.DataFrame({"people": [30.0, 20.0], "verdict": ["covered", "over_capacity"],
    ...                       "people_unserved": [0.0, 15.0]})
    >>> covered_people(homes).tolist()
    [30.0, 5.0]
    """
    suffix = "_after" if after else ""
    people, verdict = residences["people"], residences[f"verdict{suffix}"]
    covered = people.where(verdict == "covered", 0)
    if f"people_unserved{suffix}" not in residences:
        return covered
    served = people - residences[f"people_unserved{suffix}"]
    return covered.mask(verdict == "over_capacity", served)


def coverage_by(
    groups: pd.Series,
    residences: pd.DataFrame,
    *,
    labels: list[str],
    after: bool = False,
) -> pd.DataFrame:
    """
    Sum residences and people by group; groups without anybody keep their row.

    Parameters
    ----------
    groups
        The group of each residence.
    residences
        With people, walk_s and verdict (or walk_s_after and verdict_after), and people_unserved
        (or people_unserved_after) where desk time counts.
    labels
        All groups, in the order of the rows.
    after
        Whether to count after building.

    Returns
    -------
    table
        On the index of `labels`: residences, people, covered_people, covered_share (NaN where
        nobody lives), gap_people, unserved_people (within reach, without desk time; only where
        desk time counts), unreached_people (without any path), mean_walk_s (weighted by
        people, over finite walks; NaN without any), worst_walk_s (the longest finite walk of
        people; NaN without any).

    Raises
    ------
    ConservationError
        If people are lost, because a residence belongs to none of the groups.
    """
    return sum_by(groups, coverage_parts(residences, after=after), labels=labels)


def coverage_parts(residences: pd.DataFrame, *, after: bool = False) -> pd.DataFrame:
    """
    Take apart what `sum_by` sums.

    Parameters
    ----------
    residences
        As of `coverage_by`.
    after
        Whether to count after building.

    Returns
    -------
    parts
        On the index of `residences`: residences (1 each), people, covered_people, gap_people,
        unreached_people, walk_people (those with a finite walk), person_s (their seconds),
        unserved_people where desk time counts, and worst_walk_s (NaN without a walk of people).
    """
    suffix = "_after" if after else ""
    people = residences["people"]
    walk_s, verdict = residences[f"walk_s{suffix}"], residences[f"verdict{suffix}"]
    finite = np.isfinite(walk_s) & (people > 0)
    covered = covered_people(residences, after=after)
    parts = pd.DataFrame(
        {
            "residences": 1,
            "people": people,
            "covered_people": covered,
            "gap_people": (people - covered).where(verdict.isin(GAPS), 0),
            "unreached_people": people.where(~np.isfinite(walk_s), 0),
            "walk_people": people.where(finite, 0),
            "person_s": (people * walk_s).where(finite, 0),
        }
    )
    if f"people_unserved{suffix}" in residences:
        parts["unserved_people"] = residences[f"people_unserved{suffix}"]
    parts["worst_walk_s"] = walk_s.where(finite)
    return parts


def sum_by(
    groups: pd.Series | Ints, parts: pd.DataFrame, *, labels: Sequence[str] | Ints
) -> pd.DataFrame:
    """
    Sum parts of residences by group; groups without anybody keep their row.

    Parameters
    ----------
    groups
        The group of each row.
    parts
        As of `coverage_parts`.
    labels
        All groups, in the order of the rows.

    Returns
    -------
    table
        As of `coverage_by`.

    Raises
    ------
    ConservationError
        If people are lost, because a row belongs to none of the groups.
    """
    by_group = parts.groupby(groups, observed=True)
    worst_s = by_group["worst_walk_s"].max()
    added = by_group[[name for name in parts.columns if name != "worst_walk_s"]].sum()
    table = added.reindex(labels, fill_value=0)
    table["worst_walk_s"] = worst_s
    check_people(parts["people"].sum(), table["people"].sum(), step="summing by group")
    has_people = table["people"] > 0
    table["covered_share"] = (table["covered_people"] / table["people"]).where(has_people)
    table["mean_walk_s"] = table.pop("person_s") / table.pop("walk_people").replace(0, np.nan)
    return table


def check_people(before: float, after: float, *, step: str) -> None:
    """
    Stop when people were lost or made.

    Parameters
    ----------
    before, after
        Totals around a step.
    step
        What was done, for the message.

    Raises
    ------
    ConservationError
        If the totals differ.
    """
    if abs(before - after) > PEOPLE_TOLERANCE * max(1.0, abs(before)):
        msg = f"{step}: {before} people went in, {after} came out; this is a fault of walkcover"
        raise ConservationError(msg)


def gap_areas(
    residences: gpd.GeoDataFrame, index: StreetIndex, *, limit_s: float = WALK_LIMIT_S
) -> gpd.GeoDataFrame:
    """
    Join neighbouring residences that are not covered; those over capacity by themselves.

    Parameters
    ----------
    residences
        Points with people, walk_s, verdict and zone_id, and people_unserved where desk time
        counts.
    index
        The streets, for distances in metres and names.
    limit_s
        Longest acceptable walk in seconds.

    Returns
    -------
    areas
        Most people first: gap_id (G1, G2, …), residences, people (without service), reason (the
        verdict of most of its people), nearest_miss_s (seconds over the limit of the best walk, 0
        within it, inf without any path), zone_id, and polygons around the residences in EPSG:4326.
    """
    gap = gap_residences(residences)
    points = index.to_metric(gap.geometry.to_numpy())
    cluster = _clusters(shapely.get_coordinates(points), gap["verdict"] == "over_capacity")
    # Numbered in the order of their first row.
    area = pd.factorize(cluster)[0]
    table = gpd.GeoDataFrame(
        area_figures(gap, area, limit_s=limit_s), geometry=_around(points, area), crs=index.crs
    )
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
