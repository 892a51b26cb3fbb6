"""What closing a site would do: who loses cover, who walks further, which sites nobody misses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._errors import InputError
from walkcover.answer import Status
from walkcover.assessment import Assessment
from walkcover.gaps import check_people
from walkcover.joins import Joins, take_places
from walkcover.network import Floats, Ints, row_of
from walkcover.pairs import CoverPairs, Indices
from walkcover.reach import TIE_S, walk_pairs
from walkcover.siting import min_sites

SITE_COLUMNS = ["site_id", "name", "origin", "status", "lon", "lat"]
CLOSURE_COLUMNS = [
    "people_within_reach",
    "only_residences",
    "only_people",
    "moved_people",
    "extra_walk_s",
    "closable",
]


@dataclass(frozen=True)
class Closable:
    """
    The most sites that can close together without anybody losing cover.

    Parameters
    ----------
    sites
        Sites that can close, in ascending order.
    bound
        No larger set can close.
    status
        ``optimal`` where that many is proved to be the most; else as in
        `walkcover.siting.Answer`.
    """

    sites: Ints
    bound: int
    status: Status


@dataclass(frozen=True)
class Closures:
    """
    What closing each site would do.

    Parameters
    ----------
    table
        A row per site that stands now or after building, in the order given: site_id, name,
        origin, status, lon, lat, people_within_reach, only_residences, only_people, moved_people,
        extra_walk_s, and closable (whether it is one of the most sites that can close together);
        the last six again with ``_after`` where sites were suggested. They are missing where a
        site does not stand.
    summary
        For the states ``now`` and ``after``, as plain values: sites (standing),
        nobody_would_miss (ids of sites that may close, each by itself), closable_together (ids),
        closable_bound, closable_status.
    """

    table: pd.DataFrame
    summary: dict[str, dict[str, Any]]


def close_each(
    pairs: CoverPairs, people: npt.ArrayLike, *, walk_s: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """
    Say for each site what its closing alone would do; residences without people do not count.

    Parameters
    ----------
    pairs
        Who lies within reach of each standing site.
    people
        People of each residence, shape (n_residences,).
    walk_s
        Walk of each pair in seconds, aligned with ``pairs.residences``.

    Returns
    -------
    table
        A row per site: people_within_reach; only_residences and only_people, which no other site
        reaches; and with walks moved_people, who keep cover but must walk further (by more than a
        millisecond), and extra_walk_s, by how many seconds on average of these people, NaN where
        there are none.

    Raises
    ------
    InputError
        If an array does not fit the pairs.

    Examples
    --------
    Two sites share the second of three houses; it is nearer to the first site:

    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4]), np.array([0, 1, 1, 2]), n_residences=3)
    >>> close_each(pairs, [10, 20, 0], walk_s=[100.0, 300.0, 450.0, 60.0]).T
                             0     1
    people_within_reach   30.0  20.0
    only_residences        1.0   0.0
    only_people           10.0   0.0
    moved_people          20.0   0.0
    extra_walk_s         150.0   NaN
    """
    counts = _fitting("people", people, pairs.n_residences)
    n, site, home = pairs.n_candidates, row_of(pairs.indptr), pairs.residences
    alone = np.bincount(home, minlength=pairs.n_residences)[home] == 1
    inhabited = counts[home] > 0
    table = pd.DataFrame(
        {
            "people_within_reach": _sums(site, counts[home], n),
            "only_residences": np.bincount(site[alone & inhabited], minlength=n),
            "only_people": _sums(site[alone], counts[home[alone]], n),
        }
    )
    if walk_s is None:
        return table
    walks = _fitting("walk_s", walk_s, home.size)
    order = np.lexsort((site, walks, home))
    nearest, second = order[:-1], order[1:]
    # Where two sites are equally far, closing either lengthens no walk.
    moves = (home[nearest] == home[second]) & (walks[second] - walks[nearest] > TIE_S)
    moves[1:] &= home[nearest[1:]] != home[nearest[:-1]]
    nearest, second = nearest[moves], second[moves]
    weight = counts[home[nearest]]
    moved = _sums(site[nearest], weight, n)
    person_s = _sums(site[nearest], weight * (walks[second] - walks[nearest]), n)
    table["moved_people"] = moved
    table["extra_walk_s"] = np.divide(person_s, moved, out=np.full(n, np.nan), where=moved > 0)
    return table


def _sums(site: Ints, weights: Floats, n_sites: int) -> Floats:
    """Sum by site; of nothing, too, as numbers with fractions."""
    return np.bincount(site, weights=weights, minlength=n_sites).astype(np.float64)


def _fitting(name: str, given: npt.ArrayLike, size: int) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (size,) or not (values >= 0).all():
        msg = f"{name} has shape {values.shape}; expected ({size},), no number below 0 or missing"
        raise InputError(msg)
    return values


def closable_together(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    *,
    keep: Indices = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Closable:
    """
    Find the most sites that can close together while everybody now covered stays covered.

    Sites that nobody would miss, each by itself, may be each other's stand-in; this says how many
    of them can go at once.

    Parameters
    ----------
    pairs
        Who lies within reach of each standing site.
    people
        People of each residence; those without any need no cover.
    keep
        Sites that stay in any case.
    time_limit_s, gap, seed
        As in `walkcover.siting.min_sites`.

    Returns
    -------
    closable
        The sites, and how many could close at most.

    Raises
    ------
    InputError
        If an array does not fit the pairs.

    References
    ----------
    Toregas et al. (1971): the sites that stay are a smallest set that covers all.

    Examples
    --------
    Two sites reach the same house, so that either can close, but not both:

    >>> pairs = CoverPairs.from_csr(np.array([0, 1, 2]), np.array([0, 0]), n_residences=1)
    >>> close_each(pairs, [10])["only_people"].tolist()
    [0.0, 0.0]
    >>> closable = closable_together(pairs, [10])
    >>> len(closable.sites), closable.bound, closable.status
    (1, 1, 'optimal')
    """
    counts = _fitting("people", people, pairs.n_residences)
    everywhere = np.arange(pairs.n_candidates)
    # Houses are counted, not people: a share of 1 must not round a small house away.
    needs = (counts > 0) & pairs.covered(everywhere)
    answer = min_sites(
        pairs,
        needs.astype(np.float64),
        share=1.0,
        fixed=keep,
        time_limit_s=time_limit_s,
        gap=gap,
        seed=seed,
    )
    kept = np.append(np.asarray(keep, dtype=np.int64), answer.chosen)
    sites = np.setdiff1d(everywhere, kept)
    spare = pairs.n_candidates - len(np.unique(np.asarray(keep, dtype=np.int64)))
    bound = spare - int(np.ceil(answer.bound - 1e-9))
    return Closable(sites, bound, answer.status)


def close_sites(
    assessment: Assessment,
    sites: gpd.GeoDataFrame,
    joins: Joins,
    *,
    limit_s: float,
    reached_after_people: float | None = None,
) -> Closures:
    """
    Say for every standing site what its closing would do, now and after building.

    By walking distance alone: desk time is not counted.

    Parameters
    ----------
    assessment
        Where residences join the network.
    sites
        All sites with site_id, name, origin, status, lon and lat, suggested ones included.
    joins
        Where they join, in the same order.
    limit_s
        Longest walk in seconds.
    reached_after_people
        People within reach of a site after building, to be met again; None where no sites were
        suggested.

    Returns
    -------
    closures
        The table by site, and the lists of those that could go.

    Raises
    ------
    ConservationError
        If the sites do not reach as many people as the verdicts say.
    """
    homes = assessment.residences
    near = homes["verdict"].isin(["covered", "over_capacity"])
    states = {"now": (["open"], float(homes["people"][near].sum()))}
    if reached_after_people is not None:
        states["after"] = (["open", "planned", "suggested"], reached_after_people)
    table = sites[sites["status"].isin(states[[*states][-1]][0])][SITE_COLUMNS]
    summary: dict[str, dict[str, Any]] = {}
    for state, (standing, reached_people) in states.items():
        rows = np.flatnonzero(sites["status"].isin(standing))
        part, closable = _state(assessment, take_places(joins, rows), limit_s, reached_people)
        part.index = sites.index[rows]
        summary[state] = _summary(sites["site_id"].to_numpy(object)[rows], part, closable)
        table = table.join(part if state == "now" else part.add_suffix(f"_{state}"))
    return Closures(pd.DataFrame(table).reset_index(drop=True), summary)


def _state(
    assessment: Assessment, joins: Joins, limit_s: float, reached_people: float
) -> tuple[pd.DataFrame, Closable]:
    """Close each of the standing sites, and as many of them together as can be."""
    people = assessment.residences["people"].to_numpy(np.float64)
    found = walk_pairs(assessment.homes, joins, assessment.graph, limit_s=limit_s)
    pairs = CoverPairs.from_csr(found.indptr, found.residence, n_residences=len(people))
    reached = float(people[pairs.covered(np.arange(joins.n_places))].sum())
    check_people(reached_people, reached, step="closing sites one by one")
    part = close_each(pairs, people, walk_s=found.walk_s)
    missed = np.flatnonzero(part["only_people"] > 0)
    closable = closable_together(pairs, people, keep=missed)
    part["closable"] = np.isin(np.arange(joins.n_places), closable.sites)
    return part.astype({"only_residences": "Int64", "closable": "boolean"}), closable


def _summary(
    ids: npt.NDArray[np.object_], part: pd.DataFrame, closable: Closable
) -> dict[str, Any]:
    unmissed = (part["only_people"] == 0).to_numpy()
    return {
        "sites": len(ids),
        "nobody_would_miss": [str(one) for one in ids[unmissed]],
        "closable_together": [str(one) for one in ids[closable.sites]],
        "closable_bound": closable.bound,
        "closable_status": closable.status,
    }
