"""Siting against brute force, published optima and the laws every answer obeys."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from walkcover import _bounds as bounds
from walkcover import _exact as exact
from walkcover import _pieces as pieces
from walkcover._errors import InputError
from walkcover._model import make_model
from walkcover.siting import CoverPairs, max_cover, min_sites

CLOSE = 1e-6


def make_pairs(matrix):
    matrix = np.asarray(matrix, dtype=bool)
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(matrix.shape[0] + 1))
    return CoverPairs.from_csr(indptr, columns, n_residences=matrix.shape[1])


def people_of(matrix, people, chosen):
    return people[matrix[list(chosen)].any(axis=0)].sum() if len(chosen) else 0.0


def subsets(matrix, fixed, forced, forbidden):
    """Every set of new sites that the rules allow."""
    free = sorted(set(range(len(matrix))) - set(fixed) - set(forced) - set(forbidden))
    for size in range(len(free) + 1):
        for extra in itertools.combinations(free, size):
            yield [*forced, *extra]


@st.composite
def cases(draw):
    n, m = draw(st.integers(1, 9)), draw(st.integers(1, 14))
    density = draw(st.sampled_from([0.1, 0.25, 0.5]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix = rng.random((n, m)) < density
    whole = draw(st.booleans())
    people = rng.integers(0, 30, m) * 1.0 if whole else rng.random(m) * 50
    cost = rng.integers(1, 6, n) * 1.0 if draw(st.booleans()) else 0.1 + rng.random(n) * 5
    role = rng.choice(4, n, p=[0.7, 0.1, 0.1, 0.1])
    fixed, forced, forbidden = (np.flatnonzero(role == r).tolist() for r in (1, 2, 3))
    return matrix, people, cost, fixed, forced, forbidden


@settings(deadline=None, max_examples=120)
@given(cases(), st.integers(0, 4))
def test_most_people_by_number_is_what_brute_force_finds(case, extra):
    matrix, people, _, fixed, forced, forbidden = case
    sites = len(forced) + extra
    answer = max_cover(
        make_pairs(matrix), people, sites=sites, fixed=fixed, forced=forced, forbidden=forbidden
    )
    best = max(
        people_of(matrix, people, [*fixed, *s])
        for s in subsets(matrix, fixed, forced, forbidden)
        if len(s) <= sites
    )
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(best, rel=CLOSE)
    assert answer.bound == answer.objective
    assert answer.gap == 0.0
    assert len(answer.chosen) <= sites
    assert set(forced) <= set(answer.chosen)
    assert not set(answer.chosen) & {*fixed, *forbidden}
    assert answer.objective == people_of(matrix, people, [*fixed, *answer.chosen])


@settings(deadline=None, max_examples=120)
@given(cases(), st.floats(0.0, 12.0))
def test_most_people_by_budget_is_what_brute_force_finds(case, extra):
    matrix, people, cost, fixed, forced, forbidden = case
    budget = cost[forced].sum() + extra
    answer = max_cover(
        make_pairs(matrix),
        people,
        costs=cost,
        budget=budget,
        fixed=fixed,
        forced=forced,
        forbidden=forbidden,
    )
    best = max(
        people_of(matrix, people, [*fixed, *s])
        for s in subsets(matrix, fixed, forced, forbidden)
        if cost[s].sum() <= budget + 1e-9
    )
    assert answer.objective <= best * (1 + CLOSE)
    assert answer.bound >= best * (1 - CLOSE)
    assert answer.status == "optimal"
    assert cost[answer.chosen].sum() <= budget + 1e-6


@settings(deadline=None, max_examples=150)
@given(cases(), st.sampled_from([0.0, 0.3, 0.5, 0.8, 0.9, 1.0]), st.booleans())
def test_fewest_sites_are_what_brute_force_finds(case, share, priced):
    matrix, people, cost, fixed, forced, forbidden = case
    answer = min_sites(
        make_pairs(matrix),
        people,
        share=share,
        costs=cost if priced else None,
        fixed=fixed,
        forced=forced,
        forbidden=forbidden,
    )
    price = cost if priced else np.ones(len(cost))
    options = [
        (people_of(matrix, people, [*fixed, *s]), price[s].sum())
        for s in subsets(matrix, fixed, forced, forbidden)
    ]
    target = share * people.sum()
    reachable = max(reach for reach, _ in options)
    if reachable < target * (1 - 1e-9):
        assert answer.status == "impossible"
        assert answer.missing_people == pytest.approx(answer.target_people - reachable, abs=1e-6)
        target = reachable
    else:
        assert answer.status == "optimal"
        assert answer.missing_people <= 1e-6
    best = min(spent for reach, spent in options if reach >= target * (1 - 1e-9) - 1e-12)
    assert answer.objective == pytest.approx(best, rel=CLOSE)
    assert answer.bound == pytest.approx(best, rel=CLOSE)
    assert answer.covered_people >= target * (1 - 1e-9)
    assert answer.objective == pytest.approx(price[answer.chosen].sum())


@settings(deadline=None, max_examples=60)
@given(cases(), st.integers(1, 3))
def test_ties_go_to_more_of_the_people_that_break_them(case, sites):
    matrix, people, _, _, _, _ = case
    first = np.where(np.arange(people.size) % 3 == 0, np.rint(people), 0.0)
    answer = max_cover(make_pairs(matrix), first, sites=sites, tie_people=np.rint(people))
    options = [
        (people_of(matrix, first, s), people_of(matrix, np.rint(people), s))
        for s in itertools.combinations(range(len(matrix)), min(sites, len(matrix)))
    ]
    got = (
        people_of(matrix, first, answer.chosen),
        people_of(matrix, np.rint(people), answer.chosen),
    )
    assert got == max(options)


@settings(deadline=None, max_examples=40)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_residences_does_not_matter(case, shuffle):
    matrix, people, _, _, _, _ = case
    order = list(range(people.size))
    shuffle.shuffle(order)
    one = max_cover(make_pairs(matrix), people, sites=2)
    two = max_cover(make_pairs(matrix[:, order]), people[order], sites=2)
    assert one.objective == pytest.approx(two.objective, rel=CLOSE)
    assert min_sites(make_pairs(matrix), people, share=0.7).objective == pytest.approx(
        min_sites(make_pairs(matrix[:, order]), people[order], share=0.7).objective
    )


@settings(deadline=None, max_examples=40)
@given(cases())
def test_more_sites_never_cover_fewer_people(case):
    matrix, people, _, _, _, _ = case
    covered = [max_cover(make_pairs(matrix), people, sites=s).objective for s in range(5)]
    assert all(b >= a * (1 - CLOSE) for a, b in itertools.pairwise(covered))


@settings(deadline=None, max_examples=100)
@given(cases(), st.floats(0.0, 1.0), st.integers(0, 2**32 - 1))
def test_any_multipliers_give_valid_bounds(case, share, seed):
    matrix, people, cost, _, _, _ = case
    pairs = make_pairs(matrix)
    ptr, candidates = pairs.by_residence
    model = make_model(
        ptr,
        candidates,
        cost,
        weight=people,
        demand=sparse.csr_array((0, people.size)),
        need=np.zeros(0),
        times=np.ones(people.size, dtype=np.int32),
        is_open=np.ones(cost.size, dtype=bool),
    )
    multipliers = model.weight * np.random.default_rng(seed).random(model.weight.size)
    priced = bounds.price(model, multipliers)
    options = [(people_of(matrix, people, s), cost[s].sum()) for s in subsets(matrix, [], [], [])]
    budget, need = share * cost.sum(), share * model.weight.sum()
    most = max(reach for reach, spent in options if spent <= budget)
    least = min(spent for reach, spent in options if reach >= need * (1 - 1e-12))
    assert bounds.people_bound(model, priced, budget=budget).value >= most * (1 - 1e-9)
    assert bounds.cost_bound(model, priced, need=need).value <= least * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_an_answer_without_exact_solving_claims_nothing_false(monkeypatch, seed):
    monkeypatch.setattr(exact, "EXACT_PAIRS", -1)
    rng = np.random.default_rng(seed)
    matrix, people = rng.random((9, 25)) < 0.25, rng.integers(1, 30, 25)
    pairs = make_pairs(matrix)
    most = max(people_of(matrix, people, s) for s in itertools.combinations(range(9), 3))
    answer = max_cover(pairs, people, sites=3)
    assert answer.objective <= most <= answer.bound
    assert (answer.status == "optimal") == (answer.objective == answer.bound)


def test_a_greedy_trap_is_escaped():
    # Greedy takes the middle one (6 people) and then 2 more: 8. The outer two cover all 10.
    matrix = [
        [1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 1, 1, 1, 1],
        [0, 0, 1, 1, 1, 1, 1, 1, 0, 0],
    ]
    answer = max_cover(make_pairs(matrix), np.ones(10), sites=2)
    assert answer.chosen.tolist() == [0, 1]
    assert (answer.objective, answer.bound, answer.status) == (10.0, 10.0, "optimal")


def test_no_people_need_no_sites():
    pairs = make_pairs(np.eye(3))
    answer = max_cover(pairs, np.zeros(3), sites=2)
    assert answer.chosen.size == 0
    assert (answer.objective, answer.bound, answer.gap, answer.status) == (0.0, 0.0, 0.0, "optimal")
    assert min_sites(pairs, np.zeros(3)).chosen.size == 0


def test_pairs_may_be_empty():
    pairs = CoverPairs.from_csr(np.array([0]), np.array([], dtype=np.int32), n_residences=2)
    assert max_cover(pairs, [3, 4], sites=5).objective == 0.0
    answer = min_sites(pairs, [3, 4], share=0.5)
    assert (answer.status, answer.missing_people, answer.objective) == ("impossible", 4.0, 0.0)


def test_existing_sites_may_be_enough():
    answer = min_sites(make_pairs(np.eye(4)), [1, 1, 1, 1], share=0.5, fixed=[0, 3])
    assert answer.chosen.size == 0
    assert (answer.objective, answer.covered_people, answer.status) == (0.0, 2.0, "optimal")


def test_a_time_limit_of_nothing_is_a_stop_not_a_proof():
    rng = np.random.default_rng(1)
    matrix = rng.random((60, 300)) < 0.08
    people = rng.integers(1, 100, 300)
    answer = max_cover(make_pairs(matrix), people, sites=6, time_limit_s=0.0)
    assert answer.status == "stopped"
    assert answer.bound > answer.objective > 0


def test_a_gap_that_is_good_enough_ends_the_search_without_a_claim(monkeypatch):
    monkeypatch.setattr(pieces, "SHORT_RUNGS", ())
    rng = np.random.default_rng(2)
    matrix = rng.random((60, 300)) < 0.08
    people = rng.integers(1, 100, 300)
    answer = max_cover(make_pairs(matrix), people, sites=6, gap=0.5)
    assert answer.status == "feasible"
    assert answer.bound > answer.objective


def test_equal_calls_give_equal_answers():
    rng = np.random.default_rng(3)
    pairs, people = make_pairs(rng.random((40, 200)) < 0.1), rng.integers(1, 100, 200)
    for ask in (
        lambda: max_cover(pairs, people, sites=5, seed=7),
        lambda: min_sites(pairs, people, share=0.8, seed=7),
        lambda: min_sites(pairs, people, share=1.0, seed=7),
    ):
        one, two = ask(), ask()
        assert one.chosen.tolist() == two.chosen.tolist()
        assert (one.objective, one.bound, one.status) == (two.objective, two.bound, two.status)


def test_nothing_is_written_to_stdout(capfd):
    rng = np.random.default_rng(4)
    pairs, people = make_pairs(rng.random((30, 90)) < 0.1), rng.integers(1, 100, 90)
    max_cover(pairs, people, sites=4)
    min_sites(pairs, people, share=0.8)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "exactly one"),
        ({"sites": 1, "budget": 2.0}, "exactly one"),
        ({"sites": -1}, "zero or a positive"),
        ({"sites": 1, "forced": [0, 1]}, "forced sites need 2 of 1"),
        ({"sites": 1, "fixed": [9]}, "names candidate 9; there are 3"),
        ({"sites": 1, "forced": [1], "forbidden": [1]}, "both forced and forbidden"),
        ({"budget": 1.0, "costs": [1.0, 0.0, 2.0]}, "candidate 1 costs nothing"),
        ({"budget": 1.0, "costs": [1.0]}, r"expected \(3,\)"),
    ],
)
def test_questions_that_contradict_themselves_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        max_cover(make_pairs(np.eye(3)), np.ones(3), **options)


@pytest.mark.parametrize(
    ("indptr", "residences", "words"),
    [
        ([0, 1], [0, 1], "ascend from 0 to the number of pairs"),
        ([0, 2, 1], [0], "ascend from 0"),
        ([0, 1], [5], "positions from 0 to n_residences - 1 = 2"),
        ([0, 0, 2], [1, 1], "candidate 1 names a residence twice"),
    ],
)
def test_broken_pairs_are_refused(indptr, residences, words):
    with pytest.raises(InputError, match=words):
        CoverPairs.from_csr(np.array(indptr), np.array(residences), n_residences=3)


def test_people_must_be_finite_and_fit():
    with pytest.raises(InputError, match="the first at 1"):
        max_cover(make_pairs(np.eye(3)), [1, -2, 3], sites=1)
    with pytest.raises(InputError, match=r"expected \(3,\)"):
        min_sites(make_pairs(np.eye(3)), [1, 2])
    with pytest.raises(InputError, match="from 0 to 1"):
        min_sites(make_pairs(np.eye(3)), [1, 2, 3], share=80)
