"""The p-median against the listing of all sets, published optima and the laws answers obey."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import floyd_warshall

from walkcover import _median_tree, median
from walkcover._errors import InputError
from walkcover.median import min_walk, nearest_walk
from walkcover.siting import CoverPairs

BEYOND_S = 1000.0


def make_pairs(walks):
    """Pairs and their walks from a table of candidates by residences; infinite: no pair."""
    candidate, residence = np.nonzero(np.isfinite(walks))
    indptr = np.searchsorted(candidate, np.arange(len(walks) + 1))
    pairs = CoverPairs.from_csr(indptr, residence, n_residences=walks.shape[1])
    return pairs, walks[candidate, residence]


def total_walk(walks, people, sites, beyond_s=BEYOND_S):
    rows = np.vstack([walks[list(sites)], np.full((1, walks.shape[1]), beyond_s)])
    return float(people @ rows.min(axis=0))


def pmed_walks(real_data, number):
    """Distances between all nodes of an OR-Library instance, and its number of sites."""
    text = (real_data / f"benchmarks/pmed/pmed{number}.txt").read_text(encoding="ascii").split()
    n, _, sites = map(int, text[:3])
    lengths = np.zeros((n, n))
    for i, j, length in np.array(text[3:], dtype=int).reshape(-1, 3):
        lengths[i - 1, j - 1] = lengths[j - 1, i - 1] = length
    return floyd_warshall(lengths), sites


def published(real_data, key):
    text = (real_data / "benchmarks/reference_optima.json").read_text(encoding="utf-8")
    return {entry["instance"]: entry for entry in json.loads(text)[key]}


@st.composite
def cases(draw):
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 14))
    density = draw(st.sampled_from([0.2, 0.5, 1.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    whole = draw(st.booleans())
    walks = rng.integers(0, 20, (n, m)) * 50.0 if whole else rng.random((n, m)) * BEYOND_S
    walks[rng.random((n, m)) >= density] = np.inf
    people = rng.integers(0, 30, m) * 1.0 if whole else rng.random(m) * 50
    cost = rng.integers(1, 6, n) * 1.0 if draw(st.booleans()) else 0.1 + rng.random(n) * 5
    role = rng.choice(4, n, p=[0.76, 0.08, 0.08, 0.08])
    fixed, forced, forbidden = (np.flatnonzero(role == r).tolist() for r in (1, 2, 3))
    return walks, people, cost, fixed, forced, forbidden


def least_walk(case, fits):
    """Go through all sets of new sites that fit."""
    walks, people, _, fixed, forced, forbidden = case
    free = sorted({*range(len(walks))} - {*fixed, *forced, *forbidden})
    return min(
        total_walk(walks, people, [*fixed, *forced, *more])
        for size in range(len(free) + 1)
        for more in itertools.combinations(free, size)
        if fits([*forced, *more])
    )


def check(case, answer, best):
    walks, people, _, fixed, forced, forbidden = case
    assert answer.status == "optimal"
    assert answer.objective == answer.bound
    assert answer.objective == pytest.approx(best, rel=1e-8, abs=1e-6)
    built = [*fixed, *answer.chosen]
    assert answer.objective == pytest.approx(total_walk(walks, people, built))
    assert {*forced} <= {*answer.chosen}
    assert not {*answer.chosen} & {*fixed, *forbidden}
    within = np.isfinite(walks[built]).any(axis=0)
    assert answer.covered_people == pytest.approx(people[within].sum())
    for site in {*answer.chosen} - {*forced}:
        others = [other for other in built if other != site]
        assert total_walk(walks, people, others) > answer.objective


@settings(deadline=None, max_examples=150)
@given(cases(), st.integers(0, 4))
def test_least_walk_by_number_is_what_listing_finds(case, extra):
    walks, people, _, fixed, forced, forbidden = case
    sites = len(forced) + extra
    answer = min_walk(
        *make_pairs(walks),
        people,
        sites=sites,
        beyond_s=BEYOND_S,
        fixed=fixed,
        forced=forced,
        forbidden=forbidden,
    )
    check(case, answer, least_walk(case, lambda new: len(new) <= sites))
    assert answer.chosen.size <= sites


@settings(deadline=None, max_examples=150)
@given(cases(), st.floats(0.0, 12.0))
def test_least_walk_by_budget_is_what_listing_finds(case, extra):
    walks, people, cost, fixed, forced, forbidden = case
    budget = cost[forced].sum() + extra
    answer = min_walk(
        *make_pairs(walks),
        people,
        costs=cost,
        budget=budget,
        beyond_s=BEYOND_S,
        fixed=fixed,
        forced=forced,
        forbidden=forbidden,
    )
    check(case, answer, least_walk(case, lambda new: cost[new].sum() <= budget * (1 + 1e-9)))
    assert cost[answer.chosen].sum() <= budget * (1 + 1e-9) + 1e-12


@settings(deadline=None, max_examples=150)
@given(cases(), st.integers(1, 4), st.floats(0.5, 12.0), st.booleans())
def test_the_proof_needs_neither_good_prices_nor_a_good_start(case, sites, budget, priced):
    walks, people, cost, *_ = case
    idle = _median_tree.Effort(steps=1, first_step=0.5, patience=1)
    means = {"costs": cost, "budget": budget} if priced else {"sites": sites}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(median, "ROOT_EFFORT", idle)
        patch.setattr(_median_tree, "PART_EFFORT", idle)
        patch.setattr(median, "DESCENTS", 0)
        patch.setattr(median.kernels, "greedy", lambda *given: np.zeros(given[6].size, dtype=bool))
        answer = min_walk(*make_pairs(walks), people, beyond_s=BEYOND_S, **means)
    price, room = (cost, budget * (1 + 1e-9)) if priced else (np.ones(len(walks)), sites)
    free = (walks, people, cost, [], [], [])
    check(free, answer, least_walk(free, lambda new: price[new].sum() <= room))


@settings(deadline=None, max_examples=60)
@given(cases(), st.integers(1, 4), st.sampled_from([0.02, 0.2, 0.5]))
def test_a_gap_that_is_good_enough_still_has_a_valid_bound(case, sites, gap):
    walks, people, _, _, _, _ = case
    answer = min_walk(*make_pairs(walks), people, sites=sites, beyond_s=BEYOND_S, gap=gap)
    free = (walks, people, None, [], [], [])
    best = least_walk(free, lambda new: len(new) <= sites)
    assert answer.bound <= best * (1 + 1e-9) + 1e-6
    assert answer.objective >= best * (1 - 1e-9) - 1e-6
    assert answer.gap <= gap * (1 + 1e-9)
    assert answer.status in ("optimal", "feasible")


@settings(deadline=None, max_examples=40)
@given(cases())
def test_more_sites_never_lengthen_walks(case):
    walks, people, *_ = case
    pairs, walk_s = make_pairs(walks)
    totals = [
        min_walk(pairs, walk_s, people, sites=sites, beyond_s=BEYOND_S).objective
        for sites in range(4)
    ]
    assert all(after <= before * (1 + 1e-9) for before, after in itertools.pairwise(totals))


def random_walks(n, m, seed):
    """Candidates and residences in a square, so large that listing is out of question."""
    rng = np.random.default_rng(seed)
    here, there = rng.random((n, 1, 2)), rng.random((1, m, 2))
    walks = 1000.0 * np.hypot(*np.moveaxis(here - there, 2, 0))
    return np.where(walks <= 400.0, walks, np.inf), rng.integers(1, 50, m) * 1.0


def test_two_runs_give_equal_answers():
    walks, people = random_walks(60, 200, seed=3)
    pairs, walk_s = make_pairs(walks)
    runs = [min_walk(pairs, walk_s, people, sites=6, beyond_s=BEYOND_S, seed=5) for _ in range(2)]
    assert runs[0].chosen.tolist() == runs[1].chosen.tolist()
    assert runs[0].bound == runs[1].bound


def test_no_time_gives_an_answer_with_a_valid_bound():
    walks, people = random_walks(60, 200, seed=4)
    pairs, walk_s = make_pairs(walks)
    cut = min_walk(pairs, walk_s, people, sites=8, beyond_s=BEYOND_S, time_limit_s=0.0)
    whole = min_walk(pairs, walk_s, people, sites=8, beyond_s=BEYOND_S)
    assert cut.status == "stopped"
    assert whole.status == "optimal"
    assert cut.bound < whole.objective <= cut.objective
    assert cut.objective == pytest.approx(total_walk(walks, people, cut.chosen))


def test_walks_and_people_are_weighed_against_people_out_of_reach():
    # Site 0: 10 people walk 60 s each, 20 are out of reach. Site 1: the 20 walk 800 s.
    pairs, walk_s = make_pairs(np.array([[60.0, np.inf], [np.inf, 800.0]]))
    people = [10.0, 20.0]
    near = min_walk(pairs, walk_s, people, sites=1, beyond_s=800.0)
    assert (near.chosen.tolist(), near.objective) == ([0], 10 * 60 + 20 * 800)
    reach = min_walk(pairs, walk_s, people, sites=1, beyond_s=3600.0)
    assert (reach.chosen.tolist(), reach.objective) == ([1], 10 * 3600 + 20 * 800)
    assert reach.covered_people == 20.0


def test_nothing_to_do():
    pairs = CoverPairs.from_csr(np.array([0, 0]), np.array([], dtype=int), n_residences=2)
    answer = min_walk(pairs, [], [3.0, 4.0], sites=1, beyond_s=10.0)
    assert answer.chosen.tolist() == []
    assert (answer.objective, answer.bound, answer.status) == (70.0, 70.0, "optimal")


def test_nearest_walk_without_sites_is_beyond():
    pairs, walk_s = make_pairs(np.array([[5.0, 7.0], [np.inf, 3.0]]))
    assert nearest_walk(pairs, walk_s, []).tolist() == [np.inf, np.inf]
    assert nearest_walk(pairs, walk_s, [1], beyond_s=9.0).tolist() == [9.0, 3.0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sites": 1, "budget": 2.0}, "exactly one"),
        ({"sites": None}, "exactly one"),
        ({"sites": 1, "costs": [1.0, 1.0]}, "exactly one"),
        ({"sites": -1}, "sites or budget = -1.0"),
        ({"beyond_s": 99.0}, "no less than the longest walk given, 300 s"),
        ({"beyond_s": np.inf}, "beyond_s = inf"),
        ({"forced": [0, 1]}, "forced sites need 2 of 1"),
        ({"forced": [0], "forbidden": [0]}, "candidate 0 is both forced and forbidden"),
        ({"fixed": [2]}, "fixed names candidate 2; there are 2"),
        ({"sites": None, "budget": 3.0, "costs": [1.0, 0.0]}, "candidate 1 costs nothing"),
    ],
)
def test_bad_input_is_refused(given, said):
    pairs, walk_s = make_pairs(np.array([[100.0, 300.0], [np.inf, 20.0]]))
    question = {"sites": 1, "beyond_s": 900.0, **given}
    with pytest.raises(InputError, match=said):
        min_walk(pairs, walk_s, [1.0, 2.0], **question)


def test_all_faults_are_told_together():
    pairs, _ = make_pairs(np.array([[100.0, 300.0]]))
    with pytest.raises(InputError) as error:
        min_walk(pairs, [1.0, np.nan], [1.0], sites=1, beyond_s=900.0)
    assert "walk_s must be finite and not negative; 1 are not, the first at 1" in str(error.value)
    assert "people has shape (1,); expected (2,)" in str(error.value)


@pytest.mark.parametrize("number", range(1, 21))
def test_published_optima_are_met_and_proved(real_data, number):
    walks, sites = pmed_walks(real_data, number)
    optimum = published(real_data, "pmedian")[f"pmed{number}"]["optimum"]
    pairs, walk_s = make_pairs(walks)
    answer = min_walk(pairs, walk_s, np.ones(len(walks)), sites=sites, beyond_s=walks.max())
    assert (answer.objective, answer.bound, answer.status) == (optimum, optimum, "optimal")
    assert answer.chosen.size == sites
