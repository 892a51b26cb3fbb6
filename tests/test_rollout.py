"""Stages: what each counts and builds on, what stays, and what the order costs."""

from __future__ import annotations

from dataclasses import replace

import enumeration
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover._errors import InputError
from walkcover.plan import Stage
from walkcover.rollout import plan_stages
from walkcover.siting import CoverPairs, max_cover, min_sites


def make_pairs(matrix):
    matrix = np.asarray(matrix, dtype=bool)
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(matrix.shape[0] + 1))
    return CoverPairs.from_csr(indptr, columns, n_residences=matrix.shape[1])


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = draw(st.integers(2, 9)), draw(st.integers(2, 14))
    matrix = rng.random((n, m)) < 0.3
    people = rng.integers(0, 30, m) * 1.0
    residence_stage = rng.integers(-1, 3, m)
    candidate_stage = rng.integers(-1, 3, n)
    fixed = np.flatnonzero(rng.random(n) < 0.15).tolist()
    rules = [
        {"target": 0.8},
        {"target": 1.0},
        {"max_sites": 1},
        {"budget": 4.0},
        {},
    ]
    stages = [Stage(name, **rules[rng.integers(len(rules))]) for name in ("a", "b", "c")]
    costs = rng.integers(1, 5, n) * 1.0 if draw(st.booleans()) else None
    return matrix, people, residence_stage, candidate_stage, stages, fixed, costs


def plan(case):
    matrix, people, residence_stage, candidate_stage, stages, fixed, costs = case
    return plan_stages(
        make_pairs(matrix),
        people,
        residence_stage=residence_stage,
        candidate_stage=candidate_stage,
        stages=stages,
        fixed=fixed,
        costs=costs,
    )


@settings(deadline=None, max_examples=60)
@given(cases())
def test_every_stage_is_the_best_given_the_earlier_ones(case):
    matrix, people, residence_stage, candidate_stage, stages, fixed, costs = case
    rollout = plan(case)
    stands = list(fixed)
    for code, stage in enumerate(stages):
        row = rollout.stages.iloc[code]
        new = rollout.sites.loc[rollout.sites["stage"] == stage.name, "candidate"].tolist()
        assert (candidate_stage[new] == code).all()
        own = np.where(residence_stage == code, people, 0.0)
        others = np.flatnonzero(candidate_stage != code)
        pairs = make_pairs(matrix)
        if stage.max_sites is not None:
            alone = max_cover(pairs, own, sites=1, fixed=stands, forbidden=others)
        elif stage.budget is not None:
            alone = max_cover(
                pairs, own, budget=stage.budget, costs=costs, fixed=stands, forbidden=others
            )
        else:
            share = stage.target or 0.8
            alone = min_sites(pairs, own, share=share, costs=costs, fixed=stands, forbidden=others)
        assert (row["objective"], row["status"]) == (alone.objective, alone.status)
        assert row["sites_added"] == len(new)
        stands += new
        assert row["covered_people"] == own[matrix[stands].any(axis=0)].sum()
    assert len(set(stands)) == len(stands)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_people_are_conserved_along_the_order(case):
    matrix, people, residence_stage, _, _, fixed, _ = case
    rollout = plan(case)
    staged = np.where(residence_stage >= 0, people, 0.0)
    before = staged[matrix[fixed].any(axis=0)].sum()
    after = staged[matrix[[*fixed, *rollout.sites["candidate"]]].any(axis=0)].sum()
    assert before + rollout.sites["people_gained"].sum() == after
    assert (rollout.sites["people_gained"] >= 0).all()
    assert rollout.sites["order"].tolist() == list(range(1, len(rollout.sites) + 1))
    if len(rollout.sites):
        assert rollout.sites["covered_people"].iloc[-1] == after
    assert rollout.stages["people"].sum() == staged.sum()


@settings(deadline=None, max_examples=30)
@given(cases(), st.sampled_from([{"target": 0.0}, {"target": 1.0}, {"max_sites": 3}]))
def test_a_later_stage_never_moves_an_earlier_one(case, rule):
    first = plan(case)
    changed = [*case[4][:2], Stage("c", **rule)]
    second = plan((*case[:4], changed, *case[5:]))
    for name in ("a", "b"):
        one, two = (r.sites[r.sites["stage"] == name].to_dict("list") for r in (first, second))
        assert one == two
    assert first.stages.iloc[:2].equals(second.stages.iloc[:2])


@settings(deadline=None, max_examples=80)
@given(cases(), st.sampled_from([1, 2]), st.sampled_from([0.0, 0.4, 0.8]))
def test_stages_with_floors_and_backup_are_what_listing_finds(case, times, zone_floor):
    matrix, people, residence_stage, candidate_stage, stages, fixed, costs = case
    zones = np.arange(people.size) % 3
    stages = [replace(stage, zone_floor=zone_floor) for stage in stages]
    rollout = plan_stages(
        make_pairs(matrix),
        people,
        residence_stage=residence_stage,
        candidate_stage=candidate_stage,
        stages=stages,
        fixed=fixed,
        costs=costs,
        residence_zone=zones,
        times=times,
    )
    names = [stage.name for stage in stages]
    floors = [(np.where(zones == z, people, 0.0), zone_floor, times) for z in range(3)]
    rules = {}
    for stage in stages:
        spend = stage.budget if stage.budget is None or costs is not None else None
        count = int(stage.budget) if stage.budget and costs is None else stage.max_sites
        target = stage.target
        if spend is None and count is None and target is None:
            target = 0.8
        rules[stage.name] = enumeration.Rule(target, count, spend, times, floors)
    built = {
        name: set(rollout.sites.loc[rollout.sites["stage"] == name, "candidate"]) for name in names
    }
    label = [names[code] if code >= 0 else "" for code in residence_stage]
    answers = enumeration.stages(
        matrix,
        np.where(residence_stage >= 0, people, 0.0),
        rules,
        residence_stage=label,
        candidate_stage=[names[code] if code >= 0 else "" for code in candidate_stage],
        built=built,
        costs=costs,
        fixed=fixed,
    )
    for row in rollout.stages.to_dict("records"):
        best = answers[row["name"]]
        assert row["objective"] == pytest.approx(best.value)
        assert frozenset(built[row["name"]]) in best.sets or not best.sets
        assert (row["status"] == "impossible") == best.impossible


def test_the_order_within_a_stage_is_by_people_of_the_stage():
    # Site 0 reaches 10 of the stage; site 1 reaches 8 and 90 of the other; site 2 only 4.
    matrix = [[1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0]]
    rollout = plan_stages(
        make_pairs(matrix),
        [10, 8, 4, 90],
        residence_stage=[0, 0, 0, 1],
        candidate_stage=[0, 0, 0],
        stages=[Stage("town", target=1.0), Stage("land", target=1.0)],
    )
    assert rollout.sites["candidate"].tolist() == [0, 1, 2]
    assert rollout.sites["people_gained"].tolist() == [10.0, 98.0, 4.0]
    assert rollout.sites["covered_share"].tolist() == [10 / 112, 108 / 112, 1.0]
    assert rollout.stages["sites_added"].tolist() == [3, 0]


def test_ties_go_to_more_people_in_all():
    # Both sites bring the city 5 people; the second also brings the countryside 7.
    rollout = plan_stages(
        make_pairs([[1, 0, 0], [0, 1, 1]]),
        [5, 5, 7],
        residence_stage=[0, 0, 1],
        candidate_stage=[0, 0],
        stages=[Stage("city", max_sites=1), Stage("land", max_sites=0)],
    )
    assert rollout.sites["candidate"].tolist() == [1]


def test_who_is_missing_is_listed_where_a_target_cannot_be_met():
    # Residence 2 (6 of 20 people) is out of reach: 14 of the 16 needed can be covered.
    rollout = plan_stages(
        make_pairs([[1, 0, 0], [0, 1, 0]]),
        [10, 4, 6],
        residence_stage=[0, 0, 0],
        candidate_stage=[0, 0],
        stages=[Stage("city", target=0.8)],
    )
    row = rollout.stages.iloc[0]
    assert (row["status"], row["missing_people"], row["covered_share"]) == ("impossible", 2.0, 0.7)
    assert rollout.missing["city"].tolist() == [2]
    assert sorted(rollout.sites["candidate"]) == [0, 1]


def test_the_price_of_the_order_is_what_planning_at_once_would_gain():
    # The city must take site 0 (5 people); at once one would take site 1 (50) with the one site.
    rollout = plan_stages(
        make_pairs([[1, 0], [0, 1]]),
        [5, 50],
        residence_stage=[0, 1],
        candidate_stage=[0, 1],
        stages=[Stage("city", max_sites=1), Stage("land", max_sites=0)],
    )
    assert (rollout.price_people, rollout.price_gap) == (45.0, 0.0)


def test_people_without_a_stage_are_never_counted():
    rollout = plan_stages(
        make_pairs([[1, 0], [0, 1]]),
        [5, 50],
        residence_stage=[0, -1],
        candidate_stage=[0, 0],
        stages=[Stage("city", max_sites=2)],
    )
    assert rollout.sites["candidate"].tolist() == [0]
    assert rollout.stages["people"].tolist() == [5.0]


def test_empty_stages_give_empty_tables_with_columns():
    rollout = plan_stages(
        make_pairs(np.zeros((0, 2))),
        [1, 2],
        residence_stage=[-1, -1],
        candidate_stage=np.zeros(0, dtype=int),
        stages=[],
    )
    assert len(rollout.sites) == len(rollout.stages) == 0
    assert {"order", "stage", "candidate"} <= set(rollout.sites.columns)
    assert {"name", "bound", "status"} <= set(rollout.stages.columns)


@pytest.mark.parametrize(
    ("codes", "words"),
    [([0, 2], "the first at 1: 2"), ([0.0, 1.0], "expected integers"), ([0], "shape")],
)
def test_codes_of_stages_are_checked(codes, words):
    with pytest.raises(InputError, match=words):
        plan_stages(
            make_pairs(np.eye(2)),
            [1, 2],
            residence_stage=codes,
            candidate_stage=[0, 0],
            stages=[Stage("a"), Stage("b")],
        )
