"""The sites near each residence, nearest first: what a page needs to open and close sites."""

from __future__ import annotations

import numpy as np

from walkcover._errors import InputError
from walkcover.joins import Joins
from walkcover.network import Ints, row_of
from walkcover.reach import TIE_S, WalkPairs, walk_pairs
from walkcover.result import NearSites
from walkcover.search import SearchGraph

# Walks are kept in steps of 10 s, rounded up: a limit that is a multiple of 10 s then tells
# covered from uncovered exactly as the millisecond does.
STEP_S = 10
STEP_MS = 1000 * STEP_S
# 25 minutes: how far the limit can be moved in a page.
NEAR_LIMIT_S = 1500.0


def near_sites(
    residences: Joins, sites: Joins, graph: SearchGraph, *, site_rank: Ints, limit_s: float
) -> NearSites:
    """
    List the sites within 25 minutes of each residence, or within the limit if that is longer.

    Parameters
    ----------
    residences, sites
        Where they join the network; open, closed, planned and suggested sites alike.
    graph
        The searchable network.
    site_rank
        Shape (n_sites,): of sites equally far within a millisecond the smallest rank comes first.
    limit_s
        The walking limit in seconds.

    Returns
    -------
    near
        A row per residence, its nearest site first.

    Raises
    ------
    InputError
        If the limit is negative, infinite or no number.
    """
    far_s = max(NEAR_LIMIT_S, float(np.ceil(limit_s / STEP_S) * STEP_S))
    pairs = walk_pairs(residences, sites, graph, limit_s=far_s)
    return by_residence(pairs, n_residences=residences.n_places, site_rank=site_rank, limit_s=far_s)


def by_residence(
    pairs: WalkPairs, *, n_residences: int, site_rank: Ints, limit_s: float
) -> NearSites:
    """
    Turn pairs by site into pairs by residence, the nearest site first.

    Equal walks are told apart by their step, then by the rank of the site, so that the first open
    site of a row is the one that `walkcover.reach.nearest_sites` names.

    Parameters
    ----------
    pairs
        Residences within the limit of each site, with walks.
    n_residences
        Number of residences.
    site_rank
        Shape (n_sites,): of sites equally far within a millisecond the smallest rank comes first.
    limit_s
        Longest walk of the pairs in seconds.

    Returns
    -------
    near
        A row per residence.

    Raises
    ------
    InputError
        If a walk or a rank is missing.

    Examples
    --------
    Both sites reach house 0, the second is nearer; 300.0 s are 30 steps, 300.1 s are 31.

    >>> pairs = WalkPairs(indptr=np.array([0, 2, 3]), residence=np.array([0, 1, 0], np.int32),
    ...                   walk_s=np.array([300.1, 40.0, 300.0]))
    >>> near = by_residence(pairs, n_residences=2, site_rank=np.array([0, 1]), limit_s=1500.0)
    >>> near.indptr.tolist(), near.site.tolist(), near.walk_steps.tolist()
    ([0, 2, 3], [1, 0, 0], [30, 31, 4])
    """
    n_sites = len(pairs.indptr) - 1
    if len(pairs.walk_s) != len(pairs.residence) or len(site_rank) != n_sites:
        msg = (
            f"{len(pairs.walk_s)} walks for {len(pairs.residence)} pairs and {len(site_rank)} "
            f"ranks for {n_sites} sites: expected one walk per pair and one rank per site"
        )
        raise InputError(msg)
    site = row_of(pairs.indptr).astype(np.min_scalar_type(max(n_sites - 1, 0)))
    walk_ms = np.rint(pairs.walk_s * 1000).astype(np.int64)
    steps = (-(-walk_ms // STEP_MS)).astype(np.min_scalar_type(int(np.ceil(limit_s / STEP_S))))
    order = np.lexsort((pairs.walk_s, pairs.residence))
    home, walk_s = pairs.residence[order], pairs.walk_s[order]
    after_tie = np.zeros(len(order), dtype=bool)
    after_tie[1:] = (home[1:] == home[:-1]) & (np.diff(walk_s) <= TIE_S)
    tied = after_tie.copy()
    tied[:-1] |= after_tie[1:]
    rows = order[tied]
    group = np.cumsum(~after_tie)[tied]
    order[tied] = rows[np.lexsort((site_rank[site[rows]], steps[rows], group))]
    counts = np.bincount(pairs.residence, minlength=n_residences)
    return NearSites(
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        site=site[order],
        walk_steps=steps[order],
        step_s=STEP_S,
        limit_s=limit_s,
    )
