"""Siting with desk time against brute force with networkx, and the laws every answer obeys."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover import _capacity_bounds as bounds
from walkcover import _capacity_exact, capacity_siting
from walkcover import _capacity_ladder as ladder
from walkcover._capacity_model import Question
from walkcover._deadline import Deadline
from walkcover._errors import InputError
from walkcover.capacity_siting import Options, max_served, min_cost_served
from walkcover.pairs import CoverPairs

PARTS = 8


def make_pairs(matrix):
    matrix = np.asarray(matrix, dtype=bool)
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(matrix.shape[0] + 1))
    return CoverPairs.from_csr(indptr, columns, n_residences=matrix.shape[1])


def most_by_networkx(matrix, people, room):
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    for r, count in enumerate(people):
        graph.add_edge("from", ("r", r), capacity=round(count * PARTS))
    for j, count in enumerate(room):
        graph.add_edge(("s", j), "to", capacity=round(count * PARTS))
    graph.add_edges_from((("r", r), ("s", j)) for j, r in np.argwhere(matrix))
    return nx.maximum_flow_value(graph, "from", "to") / PARTS


def purchases(options, fixed):
    """Every way to take options that the rules allow."""
    for times in itertools.product(*(range(most + 1) for most in options.most)):
        taken = np.flatnonzero(times)
        built = [c for c in options.candidate[taken] if c not in fixed]
        if len(built) == len(set(built)):
            yield np.array(times, dtype=int)


def served_by(case, times):
    matrix, people, options, base, fixed = case
    room = np.zeros(len(matrix))
    room[fixed] = base[fixed]
    np.add.at(room, options.candidate, times * options.add_people)
    return most_by_networkx(matrix, people, room)


@st.composite
def cases(draw, *, most_options=6):
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 10))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix = rng.random((n, m)) < draw(st.sampled_from([0.3, 0.6]))
    parts = draw(st.sampled_from([1, PARTS]))
    people = rng.integers(0, 40 * parts, m) / parts
    base = rng.integers(0, 60 * parts, n) / parts
    fixed = np.flatnonzero(rng.random(n) < 0.4).tolist()
    k = draw(st.integers(0, most_options))
    candidate = rng.integers(0, n, k)
    options = Options.of(
        candidate,
        rng.integers(1, 60 * parts, k) / parts,
        cost=rng.integers(1, 7, k) if draw(st.booleans()) else 0.1 + rng.random(k) * 5,
        most=np.where(np.isin(candidate, fixed), rng.integers(1, 3, k), 1),
    )
    return matrix, people, options, base, fixed


def check_answer(case, answer):
    _, _, options, _, fixed = case
    times = np.zeros(options.n_options, dtype=int)
    times[answer.chosen] = answer.times
    assert any((times == allowed).all() for allowed in purchases(options, fixed))
    assert answer.served_people == pytest.approx(served_by(case, times), abs=1e-6)
    return times


@settings(deadline=None, max_examples=80)
@given(cases(), st.floats(0, 12), st.booleans())
def test_most_people_are_what_brute_force_finds(case, means, counted):
    matrix, people, options, base, fixed = case
    means = {"sites": int(means / 3)} if counted else {"budget": means}
    answer = max_served(
        make_pairs(matrix), people, options, capacity_people=base, fixed=fixed, **means
    )
    cost = np.ones(options.n_options) if counted else options.cost
    room = next(iter(means.values()))
    best = max(
        served_by(case, times) for times in purchases(options, fixed) if cost @ times <= room + 1e-9
    )
    times = check_answer(case, answer)
    assert cost @ times <= room * (1 + 1e-9)
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(best, rel=1e-6, abs=1e-9)
    assert answer.bound == answer.objective == answer.served_people
    assert answer.gap == 0


@settings(deadline=None, max_examples=80)
@given(cases(), st.sampled_from([0.2, 0.5, 0.8, 1.0]))
def test_least_cost_is_what_brute_force_finds(case, share):
    matrix, people, options, base, fixed = case
    answer = min_cost_served(
        make_pairs(matrix), people, options, share=share, capacity_people=base, fixed=fixed
    )
    served = {tuple(times): served_by(case, times) for times in purchases(options, fixed)}
    possible, need = max(served.values()), share * people.sum()
    # As the search does: whole people are counted up, else a billionth is forgiven.
    target = min(need, possible) * (1 - 1e-9)
    best = min(options.cost @ times for times, count in served.items() if count >= target)
    times = check_answer(case, answer)
    assert answer.objective == pytest.approx(options.cost @ times)
    assert answer.objective == pytest.approx(best, rel=1e-6)
    assert answer.bound == answer.objective
    short = need > possible * (1 + 1e-9)
    assert answer.status == ("impossible" if short else "optimal")
    assert answer.served_people >= target
    assert answer.missing_people == pytest.approx(max(0.0, need - possible), abs=1) or not short


@settings(deadline=None, max_examples=80)
@given(cases(), st.floats(0.5, 12), st.integers(0, 2**32 - 1))
def test_any_prices_bound_people_from_above_and_cost_from_below(case, budget, seed):
    matrix, people, options, base, fixed = case
    model = capacity_siting._case(
        make_pairs(matrix), people, options, base, fixed, counted=False
    ).model_for(np.inf)
    prices = np.random.default_rng(seed).random(model.people.size)
    filled = bounds._Filled(model, prices)
    served = {tuple(times): served_by(case, times) for times in purchases(options, fixed)}
    best = max(count for times, count in served.items() if options.cost @ times <= budget)
    upper = bounds._bound(model, filled, prices, Question(budget=budget), known=best)
    assert upper.value >= best - 1e-6
    need = 0.7 * max(served.values())
    least = min(options.cost @ times for times, count in served.items() if count >= need)
    lower = bounds._bound(model, filled, prices, Question(need=need), known=least)
    assert lower.value <= least + 1e-6
    # An answer that takes a step is no better than the bound less its swing.
    for option in np.unique(model.steps.option):
        swing = lower.swing[model.steps.option == option].min()
        with_it = [options.cost @ t for t, c in served.items() if c >= need and t[option] > 0]
        assert min(with_it, default=np.inf) >= lower.value + swing - 1e-6
        swing = upper.swing[model.steps.option == option].min()
        with_it = [c for t, c in served.items() if options.cost @ t <= budget and t[option] > 0]
        assert max(with_it, default=0.0) <= upper.value - swing + 1e-6 or not with_it


@settings(deadline=None, max_examples=40)
@given(cases(), st.integers(0, 2**32 - 1))
def test_without_exact_solving_bounds_still_hold(case, seed):
    matrix, people, options, base, fixed = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ladder, "EXACT_PAIRS", -1)
        patch.setattr(ladder, "TINY", -1)
        patch.setattr(ladder, "MOVES", 5)
        most = max_served(
            make_pairs(matrix),
            people,
            options,
            capacity_people=base,
            fixed=fixed,
            budget=6,
            seed=seed,
        )
        least = min_cost_served(
            make_pairs(matrix),
            people,
            options,
            share=0.6,
            capacity_people=base,
            fixed=fixed,
            seed=seed,
        )
    served = {tuple(times): served_by(case, times) for times in purchases(options, fixed)}
    best = max(count for times, count in served.items() if options.cost @ times <= 6 + 1e-9)
    assert most.objective - 1e-6 <= best <= most.bound * (1 + 1e-6) + 1e-9
    assert most.status in {"optimal", "feasible"}
    target = min(0.6 * people.sum(), max(served.values())) * (1 - 1e-9)
    cheapest = min(options.cost @ times for times, count in served.items() if count >= target)
    assert least.bound <= cheapest * (1 + 1e-6)
    assert cheapest <= least.objective * (1 + 1e-6)
    assert least.served_people >= target
    if most.status == "optimal":
        assert most.objective == pytest.approx(best, rel=1e-6)


def test_extending_is_chosen_where_it_serves_more_than_building():
    # Site 0 stands with 20 places for 100 people in reach; candidate 1 reaches 30 other people.
    # One purchase: desks for 60 people there, or a new site that would stay half empty.
    pairs = make_pairs([[1, 0], [0, 1]])
    options = Options.of([0, 1], [60, 60])
    answer = max_served(pairs, [100, 30], options, capacity_people=[20, 0], fixed=[0], sites=1)
    assert answer.chosen.tolist() == [0]
    assert answer.objective == 80


def test_sizes_of_a_new_site_exclude_each_other_and_extensions_add_up():
    pairs = make_pairs([[1, 0], [0, 1]])
    options = Options.of([1, 1, 0, 0], [40, 50, 30, 20])
    answer = max_served(pairs, [90, 90], options, capacity_people=[10, 0], fixed=[0], sites=4)
    # 10 + 30 + 20 at the site that stands, and the larger size of the new one.
    assert answer.chosen.tolist() == [1, 2, 3]
    assert answer.objective == 110


def test_an_option_is_repeated_as_often_as_allowed_and_useful():
    pairs = make_pairs([[1]])
    options = Options.of([0], [30], most=[5])
    answer = max_served(pairs, [100], options, capacity_people=[20], fixed=[0], sites=10)
    # 80 people are left: three purchases of 30 serve them.
    assert (answer.chosen.tolist(), answer.times.tolist(), answer.objective) == ([0], [3], 100)


def test_a_share_that_cannot_be_served_is_served_as_far_as_possible():
    pairs = make_pairs([[1, 0, 0], [0, 1, 0]])
    answer = min_cost_served(
        pairs, [50, 30, 20], Options.of([0, 1], [40, 40], cost=[3, 4]), share=1
    )
    assert answer.status == "impossible"
    # 40 of 50 and all 30; 20 people live out of reach.
    assert (answer.objective, answer.served_people, answer.missing_people) == (7, 70, 30)
    assert answer.assignment.shortages[0].lacking_people == 10


def test_what_brings_nobody_is_not_bought():
    # One site serves all 10 people; the means allow three.
    pairs = make_pairs([[1], [1], [1]])
    answer = max_served(pairs, [10], Options.of([0, 1, 2], [10, 10, 10]), sites=3)
    assert (answer.chosen.size, answer.objective) == (1, 10)


def test_a_new_site_relieves_a_full_one_without_reaching_anybody_unserved():
    # Site 0 is full with residence 0 (far from 1) and 1; candidate 1 reaches only residence 1,
    # which is served: building it makes room at site 0.
    pairs = make_pairs([[1, 1], [0, 1]])
    answer = max_served(
        pairs, [60, 40], Options.of([1], [40]), capacity_people=[60, 0], fixed=[0], sites=1
    )
    assert answer.objective == 100


def instance(n=40, m=400, seed=3):
    """A town of candidates and residences in the unit square, far too few places."""
    rng = np.random.default_rng(seed)
    spots, homes = rng.random((n, 2)), rng.random((m, 2))
    away = np.hypot(*(spots[:, None] - homes[None]).transpose(2, 0, 1))
    return make_pairs(away < 0.18), rng.integers(1, 30, m).astype(float)


def test_equal_calls_give_equal_answers():
    pairs, people = instance()
    options = Options.of(np.arange(40), np.full(40, 500.0))
    first, second = (max_served(pairs, people, options, sites=8, seed=4) for _ in range(2))
    assert first.chosen.tolist() == second.chosen.tolist()
    assert (first.objective, first.bound, first.status) == (
        second.objective,
        second.bound,
        second.status,
    )


def test_more_sites_may_serve_more_people():
    pairs, people = instance(n=20, m=150)
    options = Options.of(np.arange(20), np.full(20, 200.0))
    few, many = (max_served(pairs, people, options, sites=s, gap=0.02) for s in (4, 12))
    assert few.gap <= 0.02
    assert few.objective < many.bound


def test_no_time_ends_with_an_answer_and_a_bound():
    pairs, people = instance()
    options = Options.of(np.arange(40), np.full(40, 500.0))
    answer = max_served(pairs, people, options, sites=8, time_limit_s=0.0)
    assert answer.status == "stopped"
    assert answer.bound >= answer.objective
    answer = min_cost_served(pairs, people, options, share=0.5, time_limit_s=0.0)
    assert answer.status == "stopped"
    assert answer.served_people >= 0.5 * people.sum()
    assert answer.bound <= answer.objective


def test_an_accepted_gap_ends_the_search():
    pairs, people = instance()
    options = Options.of(np.arange(40), np.full(40, 500.0))
    answer = max_served(pairs, people, options, sites=8, gap=0.5)
    assert answer.status in {"feasible", "optimal"}
    assert answer.gap <= 0.5


def test_the_exact_program_says_when_nothing_is_left():
    pairs, people = instance(n=4, m=20)
    options = Options.of([0, 1], [5.0, 5.0])
    model = capacity_siting._case(pairs, people, options, None, (), counted=False).model_for(9.0)
    exact = _capacity_exact.solve(
        model,
        Question(need=11.0),
        gap=0.0,
        absolute_gap=0.5,
        deadline=Deadline(10),
        seed=0,
    )
    assert exact.times is None
    assert exact.bound == np.inf


@pytest.mark.parametrize(
    ("columns", "more", "text"),
    [
        (([0, 1], [5]), {}, r"add_people has shape \(1,\); expected \(2,\)"),
        (([0], [0]), {}, "add_people must be positive; option 0 is not"),
        (([0], [5]), {"cost": [-1]}, "cost must be finite and not negative"),
        (([0], [5]), {"most": [1.5]}, "most must be whole numbers"),
        (([0.5], [5]), {}, "candidate must be a list of positions"),
    ],
)
def test_options_that_cannot_be_meant(columns, more, text):
    with pytest.raises(InputError, match=text):
        Options.of(*columns, **more)


def test_questions_that_cannot_be_meant():
    pairs, options = make_pairs([[1]]), Options.of([0], [5])
    with pytest.raises(InputError, match="exactly one of the two"):
        max_served(pairs, [1], options)
    with pytest.raises(InputError, match=r"sites or budget = -1\.0"):
        max_served(pairs, [1], options, budget=-1)
    with pytest.raises(InputError, match="share = 2: expected a number from 0 to 1"):
        min_cost_served(pairs, [1], options, share=2)
    with pytest.raises(InputError) as caught:
        max_served(pairs, [1, 2], Options.of([3], [5]), capacity_people=[-1], fixed=[7], sites=1)
    for part in ("people has", "capacity_people must", "fixed names", "options.candidate names"):
        assert part in str(caught.value)
    with pytest.raises(InputError, match="option 0 builds a site at candidate 0"):
        max_served(pairs, [1], Options.of([0], [5], most=[2]), sites=1)


@pytest.mark.slow
def test_a_city_is_answered_with_a_valid_bound_in_a_minute():
    folder = os.environ.get("WALKCOVER_REAL_DATA")
    if not folder:
        pytest.skip("WALKCOVER_REAL_DATA is not set")
    city = np.load(Path(folder) / "benchmarks" / "city" / "city_20k_2k.npz")
    people = city["people"]
    pairs = CoverPairs.from_csr(city["indptr"], city["residences"], n_residences=people.size)
    options = Options.of(np.arange(pairs.n_candidates), np.full(pairs.n_candidates, 6000.0))
    begin = time.monotonic()
    answer = max_served(pairs, people, options, sites=50)
    assert time.monotonic() - begin < 70
    # 50 sites of 6,000 places serve 300,000 at most; a share of it proves that sites fill up.
    assert 285_000 <= answer.objective <= answer.bound <= 300_000
    assert (answer.assignment.load_people <= 6000).all()
