"""Floors, backup and pieces of siting, held against the listing of all sets."""

from __future__ import annotations

import numpy as np
import pytest
from enumeration import best_cover, fewest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover.siting import CoverPairs, Floor, max_cover, min_sites

CLOSE = 1e-6


def make_pairs(matrix):
    matrix = np.asarray(matrix, dtype=bool)
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(matrix.shape[0] + 1))
    return CoverPairs.from_csr(indptr, columns, n_residences=matrix.shape[1])


@st.composite
def cases(draw):
    """A town with floors for zones or groups, backup, and every role of a candidate."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = draw(st.integers(1, 9)), draw(st.integers(1, 14))
    reach = rng.random((n, m)) < draw(st.sampled_from([0.15, 0.3, 0.5]))
    whole = draw(st.booleans())
    people = rng.integers(0, 30, m) * 1.0 if whole else rng.random(m) * 50
    costs = rng.integers(1, 5, n) * 1.0 if draw(st.booleans()) else None
    role = rng.choice(4, n, p=[0.7, 0.1, 0.1, 0.1])
    fixed, forced, forbidden = (np.flatnonzero(role == r).tolist() for r in (1, 2, 3))
    zone = rng.integers(0, 3, m)
    shares = [0.0, 0.3, 0.6, 0.9, 1.0]
    floors = []
    for z in range(draw(st.integers(0, 3))):
        who, share = np.where(zone == z, people, 0.0), float(rng.choice(shares))
        if whole and who.sum():
            # A share of whole people asks for a whole number of them, and is short by whole ones.
            share = float(np.ceil(share * who.sum() - 1e-9) / who.sum())
        floors.append((who, share, int(rng.integers(1, 3))))
    times = draw(st.sampled_from([1, 1, 2]))
    rules = {"fixed": fixed, "forced": forced, "forbidden": forbidden}
    return reach, people, costs, floors, times, rules


@settings(deadline=None, max_examples=200)
@given(cases(), st.integers(0, 5))
def test_most_people_with_floors_are_what_listing_finds(case, extra):
    reach, people, costs, floors, times, rules = case
    means = {"sites": len(rules["forced"]) + extra}
    if costs is not None:
        means = {"budget": float(costs[rules["forced"]].sum()) + extra, "costs": costs}
    answer = max_cover(
        make_pairs(reach),
        people,
        **means,
        times=times,
        floors=[Floor(*floor) for floor in floors],
        **rules,
    )
    best = best_cover(reach, people, **means, times=times, floors=floors, **rules)
    assert answer.objective == pytest.approx(best.value, rel=CLOSE)
    assert answer.bound >= best.value * (1 - CLOSE)
    assert (answer.status == "impossible") == (sum(answer.floors_short) > 1e-9 * people.sum())
    if answer.status != "impossible":
        assert answer.status == "optimal"
        assert best.shortfall == pytest.approx(0.0, abs=1e-6)


@settings(deadline=None, max_examples=200)
@given(cases(), st.sampled_from([0.0, 0.4, 0.8, 1.0]))
def test_fewest_sites_with_floors_are_what_listing_finds(case, share):
    reach, people, costs, floors, times, rules = case
    answer = min_sites(
        make_pairs(reach),
        people,
        share=share,
        costs=costs,
        times=times,
        floors=[Floor(*floor) for floor in floors],
        **rules,
    )
    best = fewest(reach, people, share=share, costs=costs, times=times, floors=floors, **rules)
    assert answer.objective == pytest.approx(best.value, rel=CLOSE)
    assert answer.bound == pytest.approx(best.value, rel=CLOSE)
    assert answer.status == ("impossible" if best.impossible else "optimal")
    # Ties go to the most people.
    assert frozenset(answer.chosen.tolist()) in best.sets


def test_nothing_better_that_keeps_the_floor_is_a_proof():
    # Only place 0 reaches any of the 7 people of the floor: 11 + 5 + 15, and 12 of the fixed one.
    reach = np.zeros((6, 11), dtype=bool)
    for place, homes in enumerate([(2, 5, 6), (2, 3, 6, 8), (1, 7, 8), (10,), (3, 8), (1,)]):
        reach[place, list(homes)] = True
    people = np.array([22.0, 4, 11, 13, 13, 5, 15, 14, 16, 2, 12])
    floor = np.where(np.isin(np.arange(11), [5, 9]), people, 0.0)
    answer = max_cover(
        make_pairs(reach),
        people,
        budget=1.0,
        costs=[1.0, 1, 3, 3, 2, 2],
        fixed=[3],
        floors=[Floor(floor, 0.3)],
    )
    assert answer.chosen.tolist() == [0]
    assert (answer.objective, answer.bound, answer.status) == (43.0, 43.0, "optimal")
