"""Opening and closing sites on walks that are there, against a search from the beginning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reach import Case, cases, make_joins, street_case

from walkcover.joins import take_places
from walkcover.reach import TIE_S, nearest_sites
from walkcover.site_walks import NO_LIMIT_S, SiteWalks, site_walks, walks_to

FAR_S = 7.0


def made(case: Case, *, all_walks: bool) -> SiteWalks:
    most = 10**9 if all_walks else 0
    return site_walks(
        make_joins(case.homes), make_joins(case.sites), case.graph, most=most, far_s=FAR_S
    )


def searched(case: Case, rows: np.ndarray, rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Search for the nearest of some sites, as a run does."""
    order = rank[rows].argsort().argsort()
    walk_s, site = nearest_sites(
        make_joins(case.homes), take_places(make_joins(case.sites), rows), case.graph,
        site_rank=order,
    )  # fmt: skip
    return walk_s, np.append(rows, -1)[site]


@pytest.mark.parametrize("all_walks", [True, False])
@settings(max_examples=60, deadline=None)
@given(case=cases(most_sites=7), seed=st.integers(0, 2**32 - 1))
def test_any_open_set_gives_what_a_search_gives(case: Case, seed: int, all_walks: bool) -> None:
    rng = np.random.default_rng(seed)
    walks, n = made(case, all_walks=all_walks), len(case.homes)
    assert walks.covers_all == all_walks
    is_open = rng.random(len(case.sites)) < 0.6
    rows = rng.permutation(n)[: int(rng.integers(0, n + 1))]
    walk_s, site = walks.nearest(rows, is_open, rank=case.site_rank)
    wanted_s, wanted = searched(case, np.flatnonzero(is_open), case.site_rank)
    assert walk_s == pytest.approx(wanted_s[rows], abs=1e-9)
    assert site.tolist() == wanted[rows].tolist()


@pytest.mark.parametrize("all_walks", [True, False])
@settings(max_examples=60, deadline=None)
@given(case=cases(least_sites=2, most_sites=7), seed=st.integers(0, 2**32 - 1))
def test_only_those_concerned_get_another_walk(case: Case, seed: int, all_walks: bool) -> None:
    """From one open set to another, with further sites: everybody else keeps walk and site."""
    rng = np.random.default_rng(seed)
    split = int(rng.integers(1, len(case.sites)))
    further = Case(case.network, case.homes, case.sites[split:], case.site_rank)
    base = Case(case.network, case.homes, case.sites[:split], case.site_rank)
    walks, rank = made(base, all_walks=all_walks), case.site_rank
    before, after = (rng.random(split) < 0.6 for _ in range(2))
    walk_s, site = searched(base, np.flatnonzero(before), rank[:split].argsort().argsort())
    joins = make_joins(further.sites)
    further_s = walks_to(walks.homes, joins, case.graph)
    concerned = np.zeros(len(case.homes), dtype=bool)
    for changed in np.flatnonzero(before != after):
        concerned[walks.no_farther(walk_s)[changed]] = True
    concerned |= (np.isfinite(further_s) & (further_s <= walk_s + TIE_S)).any(axis=0)
    rows = np.flatnonzero(concerned)
    walk_s[rows], site[rows] = walks.nearest(
        rows, after, rank=rank, further=joins, further_s=further_s
    )
    standing = np.append(np.flatnonzero(after), np.arange(split, len(case.sites)))
    wanted_s, wanted = searched(case, standing, rank)
    assert walk_s == pytest.approx(wanted_s, abs=1e-9)
    assert site.tolist() == wanted.tolist()


@settings(max_examples=60, deadline=None)
@given(cases())
def test_walks_to_a_few_sites_are_those_to_each_alone(case: Case) -> None:
    homes, joins = make_joins(case.homes), make_joins(case.sites)
    table = walks_to(homes, joins, case.graph)
    assert table.shape == (len(case.sites), len(case.homes))
    for row, walk_s in enumerate(table):
        alone, _ = nearest_sites(
            homes, take_places(joins, np.array([row])), case.graph, site_rank=np.arange(1)
        )
        assert walk_s == pytest.approx(alone, abs=1e-9)
    assert (table[np.isfinite(table)] < NO_LIMIT_S).all()


def test_nobody_and_nothing() -> None:
    case = street_case([5.0], [])
    walks = made(case, all_walks=True)
    walk_s, site = walks.nearest(np.arange(1), np.empty(0, bool), rank=np.empty(0, np.int64))
    assert (walk_s.tolist(), site.tolist()) == ([np.inf], [-1])
    walk_s, site = walks.nearest(np.arange(0), np.empty(0, bool), rank=np.empty(0, np.int64))
    assert (walk_s.tolist(), site.tolist()) == ([], [])
