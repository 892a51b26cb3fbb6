"""Stages with desk time against brute force, and the laws that every order of building obeys."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover.capacity import assign_people
from walkcover.capacity_siting import Options
from walkcover.desk_purchases import Purchases
from walkcover.desk_stages import plan_desk_stages
from walkcover.pairs import CoverPairs
from walkcover.plan import Stage


def make_pairs(matrix):
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(matrix.shape[0] + 1))
    return CoverPairs.from_csr(indptr, columns, n_residences=matrix.shape[1])


def most_people(matrix, people, room):
    """Most people served, by networkx."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    graph.add_edges_from(("from", ("r", r), {"capacity": int(p)}) for r, p in enumerate(people))
    graph.add_edges_from((("s", j), "to", {"capacity": int(p)}) for j, p in enumerate(room))
    graph.add_edges_from((("r", r), ("s", j)) for j, r in np.argwhere(matrix))
    return nx.maximum_flow_value(graph, "from", "to")


@st.composite
def cases(draw):
    """Tiny pairs of two stages; some sites stand, every place is one stage's to build or extend."""
    n, m = draw(st.integers(2, 4)), draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix = rng.random((n, m)) < draw(st.sampled_from([0.4, 0.7]))
    stands = rng.random(n) < 0.4
    options = Options.of(
        np.arange(n),
        rng.integers(5, 50, n),
        cost=np.where(stands, 0.25, 1.0),
        most=np.where(stands, 2, 1),
    )
    purchases = Purchases(options, rng.integers(0, 2, n), np.where(stands, 1, 2))
    rules = [
        draw(st.sampled_from([{"target": 0.5}, {"target": 1.0}, {"max_sites": 1}, {"budget": 1.0}]))
        for _ in range(2)
    ]
    return {
        "matrix": matrix,
        "people": rng.integers(0, 40, m),
        "purchases": purchases,
        "walk_s": rng.integers(0, 900, int(matrix.sum())),
        "homes": rng.integers(0, 2, m),
        "room": np.where(stands, rng.integers(0, 50, n), 0),
        "fixed": np.flatnonzero(stands),
        "stages": [Stage(name, **rule) for name, rule in zip("ab", rules, strict=True)],
    }


def plan_of(case, stages):
    return plan_desk_stages(
        make_pairs(case["matrix"]),
        case["people"],
        case["purchases"],
        walk_s=case["walk_s"],
        residence_stage=case["homes"],
        stages=stages,
        capacity_people=case["room"],
        fixed=case["fixed"],
    )


def best_of_stage(case, code, rule, kept, room):
    """Objective of the best purchase of one stage, looking at all; None where no target is met."""
    options = case["purchases"].options
    mine = np.flatnonzero(case["purchases"].stage == code)
    own = np.where(case["homes"] == code, case["people"], 0)
    people, before = kept + own, kept.sum()
    found = []
    for times in itertools.product(*(range(options.most[at] + 1) for at in mine)):
        more = np.array(room, dtype=float)
        for at, number in zip(mine, times, strict=True):
            more[options.candidate[at]] += number * options.add_people[at]
        cost = float(options.cost[mine] @ np.array(times, dtype=float)) if len(mine) else 0.0
        found.append((cost, sum(times), most_people(case["matrix"], people, more) - before))
    if rule.max_sites is not None:
        return max(served for _, number, served in found if number <= rule.max_sites)
    if rule.budget is not None:
        return max(served for cost, _, served in found if cost <= rule.budget + 1e-9)
    wanted = np.ceil(rule.target * own.sum() - 1e-9)
    return min((cost for cost, _, served in found if served >= wanted), default=None)


def room_after(case, rollout):
    room = case["room"].astype(float)
    for row in rollout.sites.itertuples():
        one = case["purchases"].desks[row.candidate]
        times = row.desks / one
        room[row.candidate] += times * case["purchases"].options.add_people[row.candidate]
    return room


@settings(deadline=None, max_examples=40)
@given(cases())
def test_each_stage_is_the_best_given_what_stands(case):
    stages = case["stages"]
    first, both = plan_of(case, stages[:1]), plan_of(case, stages)
    rounds = [
        (0, np.zeros(case["people"].size), case["room"]),
        (1, first.kept_people, room_after(case, first)),
    ]
    for code, kept, room in rounds:
        row = both.stages.iloc[code]
        best = best_of_stage(case, code, stages[code], kept, room)
        if best is None:
            assert row["status"] == "impossible"
            continue
        assert row["status"] in ("optimal", "feasible")
        counted = stages[code].target is None
        assert (row["bound"] >= best - 1e-6) if counted else (row["bound"] <= best + 1e-6)
        if row["status"] == "optimal":
            assert row["objective"] == pytest.approx(best)
        assert row["gap"] == pytest.approx(
            abs(row["bound"] - row["objective"]) / row["objective"] if row["objective"] else 0
        )


@settings(deadline=None, max_examples=40)
@given(cases())
def test_nobody_loses_a_place(case):
    first, both = plan_of(case, case["stages"][:1]), plan_of(case, case["stages"])
    kept = both.kept_people
    assert (kept >= first.kept_people - 1e-9).all()
    assert (kept <= case["people"] + 1e-9).all()
    # All who keep their places can be served together by what was built.
    assert most_people(case["matrix"], kept, room_after(case, both)) == pytest.approx(kept.sum())
    for code, row in enumerate(both.stages.itertuples()):
        assert row.covered_people == pytest.approx(kept[case["homes"] == code].sum())


@settings(deadline=None, max_examples=40)
@given(cases())
def test_no_stage_ends_with_less_than_its_turn_brings_now(case):
    now = assign_people(
        make_pairs(case["matrix"]),
        case["people"],
        case["room"],
        sites=case["fixed"],
        turn=case["homes"],
    )
    rollout = plan_of(case, case["stages"])
    for code, covered in enumerate(rollout.stages["covered_people"]):
        assert covered >= now.served_people[case["homes"] == code].sum() - 1e-9


@settings(deadline=None, max_examples=40)
@given(cases())
def test_steps_add_up_to_the_most_people(case):
    rollout = plan_of(case, case["stages"])
    before = most_people(case["matrix"], case["people"], case["room"])
    after = most_people(case["matrix"], case["people"], room_after(case, rollout))
    assert before + rollout.sites["people_gained"].sum() == pytest.approx(after)
    assert rollout.price_people >= 0
    for _, part in rollout.sites.groupby("stage"):
        gains = part["people_gained"].to_numpy()
        # Gains only fall, so that the order of gain is a falling one.
        assert (np.diff(gains) <= 1e-9).all()
    if len(rollout.sites):
        assert rollout.sites["covered_people"].iloc[-1] == pytest.approx(after)


def test_people_of_the_first_stage_move_over_for_the_second():
    # Site 0 stands for 40 people: 40 of the city live near it and near candidate 1, 30 of the
    # country near site 0 only. A site at 1 takes the city's people, so that these get site 0.
    matrix = np.array([[1, 1], [1, 0]], dtype=bool)
    rollout = plan_desk_stages(
        make_pairs(matrix),
        [40, 30],
        Purchases(Options.of([1], [40]), np.array([1]), np.array([2])),
        walk_s=[100, 500, 300],
        residence_stage=np.array([0, 1]),
        stages=[Stage("city", target=1), Stage("country", target=1)],
        capacity_people=[40, 0],
        fixed=[0],
    )
    assert rollout.stages["cost"].tolist() == [0, 1]
    assert rollout.stages["status"].tolist() == ["optimal", "optimal"]
    assert rollout.kept_people.tolist() == [40, 30]
    assert rollout.sites[["stage", "candidate", "people_gained"]].values.tolist() == [
        ["country", 1, 30]
    ]


def test_ties_go_to_the_site_that_reaches_more():
    # Wherever a site for 20 people is built, it is full: 100 people of house 0 lack desk time.
    # Candidate 2 reaches house 1 too, which has no site at all.
    matrix = np.array([[1, 0], [1, 0], [1, 1]], dtype=bool)
    rollout = plan_desk_stages(
        make_pairs(matrix),
        [100, 10],
        Purchases(Options.of([1, 2], [20, 20]), np.array([0, 0]), np.array([2, 2])),
        walk_s=[100, 100, 100, 100],
        residence_stage=np.array([0, 0]),
        stages=[Stage("city", max_sites=1)],
        capacity_people=[20, 0, 0],
        fixed=[0],
    )
    assert rollout.sites[["candidate", "people_gained"]].values.tolist() == [[2, 20]]
    row = rollout.stages.iloc[0]
    assert (row["objective"], row["bound"], row["status"]) == (40, 40, "optimal")


def test_nothing_to_buy():
    rollout = plan_desk_stages(
        make_pairs(np.ones((1, 1), dtype=bool)),
        [10],
        Purchases(Options.of([], []), np.zeros(0, np.int64), np.zeros(0, np.int64)),
        walk_s=[100],
        residence_stage=np.array([0]),
        stages=[Stage("city", target=1)],
        capacity_people=[4],
        fixed=[0],
    )
    row = rollout.stages.iloc[0]
    assert (row["status"], row["covered_people"], row["missing_people"]) == ("impossible", 4, 6)
    assert rollout.missing["city"].tolist() == [0]
    assert len(rollout.sites) == 0
