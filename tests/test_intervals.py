"""The interval study: figures by interval, held against sums worked by hand."""

import dataclasses
import math
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkcover import InputError, PlanError
from walkcover.intervals import (
    COLUMNS,
    COST_PARTS,
    IntervalRun,
    interval_table,
    laboratories_needed,
    scaled_plan,
)
from walkcover.operations import Demand, Operations, RelayPlan, RoundPlan
from walkcover.plan import Plan
from walkcover.plan_mapping import plan_from_mapping
from walkcover.plan_operations import Costs

NOBODY, NOTHING = gpd.GeoDataFrame(), pd.DataFrame()
PLAN = plan_from_mapping(
    {
        "network": {"source": "streets.osm.pbf"},
        "residences": {"source": "osm", "people": 12},
        "costs": {"desk_day": 600, "team_day": 1400, "vehicle_day": 300, "test": 5},
        "groups": [{"kind": "residents", "hours": ["6-22"], "peaks": [7]}],
        "roads": {"kmh": {"track": 10}},
        "stages": [{"name": "city", "max_sites": 3}],
    }
)


def demand(**summary: Any) -> Demand:
    return Demand(NOBODY, NOTHING, NOBODY, NOTHING, NOTHING, NOTHING, summary)


def rounds(**summary: Any) -> RoundPlan:
    return RoundPlan(NOBODY, NOTHING, NOTHING, NOBODY, NOBODY, NOTHING, summary)


def relay(capacity: list[float], taken: list[float], **summary: Any) -> RelayPlan:
    table = gpd.GeoDataFrame({"capacity": capacity, "tubes": taken})
    summary = {"capacity": sum(capacity), "late_tubes": 0.0, **summary}
    return RelayPlan(
        NOBODY, NOBODY, NOBODY, NOBODY, NOTHING, NOTHING, table, NOTHING, NOTHING, NOTHING, summary
    )


def whole(days: float) -> IntervalRun:
    """84,000 people; a desk takes 480 tests a day, a team 1,000, a laboratory 500 tubes."""
    tests = 84_000 / days
    tubes = tests / 10
    return IntervalRun(
        days,
        demand(
            tests_per_day=tests,
            desks=30,
            desks_needed=math.ceil(tests / 480),
            desks_short=max(0, math.ceil(tests / 480) - 30),
        ),
        rounds(team_days=14, teams=math.ceil(14 / days), unserved_people=0.0),
        relay(
            [600.0, 400.0],
            [min(600.0, tubes), max(0.0, tubes - 600.0)],
            tubes=tubes,
            vehicles=2,
            short_tubes=max(0.0, tubes - 1_000.0),
        ),
    )


def test_columns_are_those_of_the_contract() -> None:
    described = str(Operations.__doc__).split("intervals\n", 1)[1]
    assert all(name in described for name in COLUMNS)
    table = interval_table([whole(7.0)], plan=PLAN)
    assert tuple(table.columns) == COLUMNS
    assert tuple(interval_table([], plan=PLAN).columns) == COLUMNS


def test_every_figure_of_two_intervals() -> None:
    table = interval_table([whole(3.0), whole(7.0)], plan=PLAN)
    assert table["interval_days"].tolist() == [7.0, 3.0]
    assert table["is_plan"].tolist() == [True, False]
    week, three = table.iloc[0], table.iloc[1]
    # 84,000 / 7 = 12,000 tests = 25 desks of 480, 1,200 tubes: 3 laboratories of 500.
    assert (week["tests_per_day"], week["tubes_per_day"]) == (12_000, 1_200)
    assert (week["desks_given"], week["desks_needed"], week["desks_short"]) == (30, 25, 0)
    assert (week["tubes_capacity"], week["tubes_short"]) == (1_000, 200)
    assert week["laboratories_needed"] == 3
    # 25 x 600 + 14 / 7 x 1,400 + 2 x 300 + 12,000 x 5
    assert week[list(COST_PARTS)].tolist() == [15_000, 2_800, 600, 60_000]
    assert week["cost_per_day"] == 78_400
    # 84,000 / 3 = 28,000 tests = 58.3 desks, 2,800 tubes: 5.6 laboratories.
    assert (three["desks_needed"], three["desks_short"]) == (59, 29)
    assert (three["teams"], three["team_days"]) == (5, 14)
    assert three["laboratories_needed"] == 6
    assert three["cost_teams"] == pytest.approx(14 / 3 * 1_400)
    assert three["cost_per_day"] == pytest.approx(59 * 600 + 14 / 3 * 1_400 + 600 + 28_000 * 5)


def test_what_is_not_planned_is_missing() -> None:
    run = IntervalRun(7.0, demand(tests_per_day=100.0, desks=None, desks_needed=None))
    row = interval_table([run], plan=PLAN).iloc[0]
    missing = set(COLUMNS) - {
        "interval_days", "is_plan", "tests_per_day", "cost_per_day", "cost_tests",
    }  # fmt: skip
    assert {name for name in COLUMNS if pd.isna(row[name])} == missing
    assert row["cost_per_day"] == row["cost_tests"] == 500


def test_what_is_not_priced_costs_nothing_known() -> None:
    free = dataclasses.replace(PLAN, costs=Costs())
    row = interval_table([whole(7.0)], plan=free).iloc[0]
    assert row[[*COST_PARTS, "cost_per_day"]].isna().all()
    tests = dataclasses.replace(PLAN, costs=Costs(test=5.0))
    row = interval_table([whole(7.0)], plan=tests).iloc[0]
    assert row["cost_per_day"] == 60_000
    assert row[list(COST_PARTS[:3])].isna().all()


def test_no_interval_stands_twice() -> None:
    with pytest.raises(InputError, match="5 days are given more than once"):
        interval_table([whole(5.0), whole(7.0), whole(5.0)], plan=PLAN)


def test_tubes_that_reach_no_laboratory_need_one_too() -> None:
    assert laboratories_needed(relay([500.0], [500.0])) == 1
    assert laboratories_needed(relay([500.0], [500.0], late_tubes=1.0)) == 2
    # Three times a third is a whole, however it is rounded.
    assert laboratories_needed(relay([0.1, 0.1, 0.1], [0.1, 0.1, 0.1])) == 3
    assert laboratories_needed(relay([500.0], [0.0])) == 0


def test_scaled_plan_changes_the_interval_only() -> None:
    scaled = scaled_plan(PLAN, 3)
    assert scaled.desks.interval_days == 3.0
    back = dataclasses.replace(scaled, desks=PLAN.desks)
    assert back == PLAN
    assert scaled_plan(Plan(network=PLAN.network, residences=PLAN.residences), 2.0) != PLAN
    with pytest.raises(PlanError, match="interval_days"):
        scaled_plan(PLAN, 0.0)


@given(st.lists(st.floats(0.5, 30.0), min_size=1, max_size=6, unique=True), st.randoms())
def test_rows_and_money_do_not_depend_on_the_order(days: list[float], chance: Any) -> None:
    runs = [whole(one) for one in days]
    table = interval_table(runs, plan=PLAN)
    assert table["interval_days"].is_monotonic_decreasing
    chance.shuffle(runs)
    pd.testing.assert_frame_equal(table, interval_table(runs, plan=PLAN))
    # Testing more often never costs less: each part of it grows or stays.
    assert (table[[*COST_PARTS, "cost_per_day"]].diff().iloc[1:] >= -1e-6).all(axis=None)
