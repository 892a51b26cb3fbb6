"""Demand of the town of one street by hand, and the newspaper's arithmetic."""

import dataclasses
import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import town

import walkcover as wc
from walkcover import InputError
from walkcover.demand import daily_load, plan_demand
from walkcover.plan import DeskOptions
from walkcover.plan_operations import DemandOptions, Group, PlaceSource, ServiceRule

NAMES = {
    "services": "place_id name origin kind people zone_id reached service rule walk_s site_id "
    "tests geometry",
    "rules": "rule kind at_least reached by places people tests",
    "sites": "site_id name origin tests desks open_hours capacity load_share desks_needed "
    "desks_short desks_spare extend_hours worst_hour worst_waiting worst_wait_min left status "
    "worst_hour_staggered worst_waiting_staggered worst_wait_min_staggered left_staggered "
    "status_staggered geometry",
    "site_hours": "site_id hour desks tests waiting wait_min status tests_staggered "
    "waiting_staggered wait_min_staggered status_staggered",
    "slots": "kind hour natural_share share allowed",
    "week": "weekday share tests",
}
SUMMARY = (
    "people tests_per_interval interval_days tests_per_day busiest_day_tests site_tests_per_day "
    "sites tests_per_site_day by_service desks desks_needed desks_short sites_short desks_spare "
    "sites_spare sites_smooth sites_busy sites_jammed sites_smooth_staggered sites_busy_staggered "
    "sites_jammed_staggered natural_peak peak moved_share left_people left_people_staggered"
)


def make_plan(folder, sites=None):
    """The town, its sites with further columns."""
    path = town.make_town(folder)
    rows = town.site_rows()
    for row in rows:
        row.update({key: values.get(row["site_id"], "") for key, values in (sites or {}).items()})
    town.write_rows(folder / "sites.csv", rows)
    return wc.load_plan(path)


@pytest.fixture(scope="module")
def near(tmp_path_factory):
    """Distance alone, as it is."""
    return wc.assess(make_plan(tmp_path_factory.mktemp("near")))


@pytest.fixture(scope="module")
def desks(tmp_path_factory):
    """One desk at B1 for an hour a day that tests 30: half of the 60 people each day."""
    sites = {"desks": {"B1": 1, "B2": 2, "B3": 1}, "hours_per_day": {"B1": 1, "B2": 9, "B3": 8}}
    plan = make_plan(tmp_path_factory.mktemp("desks"), sites)
    return wc.assess(dataclasses.replace(plan, desks=DeskOptions(30.0, interval_days=1.0)))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """After building, with hours of their own."""
    hours = {"B1": "8:30-11:00", "B3": "周一至周五 14:00-18:00"}
    desks = {"B1": 1, "B2": 1, "B3": 1}
    return wc.suggest(
        make_plan(tmp_path_factory.mktemp("built"), {"desks": desks, "opening_hours": hours})
    )


def demand_of(result, work_places=None, **changes):
    plan = dataclasses.replace(result.plan, **changes)
    return plan_demand(result.study, result.residences, result.sites, plan=plan, places=work_places)


def make_places(*rows):
    """Places of id, kind, people, east, north."""
    ids, kinds, people, east, north = zip(*rows, strict=True)
    frame = {"place_id": ids, "name": "", "kind": kinds, "people": np.array(people, dtype=float)}
    points = [shapely.Point(town.place(*xy)) for xy in zip(east, north, strict=True)]
    return gpd.GeoDataFrame(frame, geometry=points, crs=4326)


def test_the_newspapers_arithmetic():
    # 4.6292 million tests from 9 to 15 May 2022 at 2,022 sites, 10 in a tube, 73 laboratories.
    load = daily_load(4_629_200, days=7, sites=2022, pooling=10, laboratories=73)
    assert round(load.tests_per_site) == 327
    assert round(load.tubes_per_site) == 33
    assert round(load.tubes_per_laboratory) == 906
    with pytest.raises(InputError, match="sites is 0"):
        daily_load(1.0, days=7, sites=0)


def test_tables_keep_their_contract(near, desks):
    for result in (near, desks):
        demand = demand_of(result)
        for name, columns in NAMES.items():
            assert getattr(demand, name).columns.tolist() == columns.split(), name
        assert [*demand.summary] == SUMMARY.split()
        assert [demand.services.crs, demand.sites.crs] == ["EPSG:4326", "EPSG:4326"]
        assert set(demand.services.geom_type) == set(demand.sites.geom_type) == {"Point"}


def test_distance_alone_by_hand(near):
    demand = demand_of(near)
    services = demand.services.set_index("place_id")
    # R01 to R03 walk to B1; R13 has no people, and the rest no site within 1,000 m.
    assert services.index[services["service"] == "site"].tolist() == ["R02", "R01", "R03", "R13"]
    assert services.loc["R03", ["walk_s", "site_id"]].tolist() == [pytest.approx(675.0), "B1"]
    assert services.loc["R04", ["reached", "service", "site_id"]].tolist() == [False, "round", ""]
    assert services.loc[["R03", "R12"], "kind"].tolist() == ["residents", "village"]
    site = demand.sites.iloc[0]
    assert (len(demand.sites), site["site_id"]) == (1, "B1")
    assert site["tests"] == pytest.approx(60 / 7)
    assert (site["open_hours"], site["desks_needed"]) == (8.0, 1.0)
    assert site[["desks", "capacity", "load_share", "desks_short", "worst_hour"]].isna().all()
    assert demand.site_hours["hour"].tolist() == [*range(8, 16)]
    assert demand.site_hours["tests"].sum() == pytest.approx(60 / 7)
    assert demand.site_hours[["desks", "waiting", "tests_staggered"]].isna().all(axis=None)
    assert set(demand.site_hours["status"]) == {""}
    assert demand.slots["share"].isna().all()
    assert demand.summary["people"] == town.PEOPLE
    assert demand.summary["by_service"]["round"]["tests"] == town.PEOPLE - 60
    for name in ("desks", "sites_short", "peak", "left_people"):
        assert demand.summary[name] is None


def test_shortage_shows_at_the_nearest_site(desks):
    assert desks.residences["people_unserved"].sum() == pytest.approx(30.0)
    demand = demand_of(desks)
    site = demand.sites.set_index("site_id").loc["B1"]
    # All 60 come to the desk that tests 30 in its hour: another desk, or another hour.
    assert site["tests"] == pytest.approx(60.0)
    assert site["capacity"] == pytest.approx(30.0)
    assert site["load_share"] == pytest.approx(2.0)
    assert (site["desks_needed"], site["desks_short"]) == (2.0, 1.0)
    assert site["extend_hours"] == pytest.approx(1.0)
    # Whatever the timetable: 30 come too many, all within the hour, and a few by chance.
    assert site[["left", "left_staggered"]].tolist() == pytest.approx([30.0, 30.0], rel=0.2)
    assert demand.summary["sites_short"] == 1
    assert demand.summary["peak"] == pytest.approx(2.0)


def test_who_is_tested_elsewhere_needs_no_desk_time(desks):
    # 399 pupils of the 798 people: everybody at home counts half, and so does the flow.
    places = make_places(("school", "school", 399, 0, 3000))
    demand = demand_of(desks, places)
    assert demand.sites["tests"].tolist() == pytest.approx([30.0])
    assert demand.services["tests"].iloc[-1] == 399
    assert demand.summary["people"] == town.PEOPLE
    assert demand.summary["by_service"]["visit"] == {"places": 1, "people": 399.0, "tests": 399.0}
    on_top = demand_of(desks, places, places=PlaceSource(counted=False))
    assert on_top.sites["tests"].tolist() == pytest.approx([60.0])
    assert on_top.summary["people"] == town.PEOPLE + 399
    with pytest.raises(InputError, match="more than the 798 of all residences"):
        demand_of(desks, make_places(("school", "school", 799, 0, 3000)))


def test_places_walk_to_their_nearest_site(near):
    places = make_places(
        # 1,000 m from B1 and thus within reach, 50 m more and not, an institution, off the street.
        ("a", "office", 30, 0, 1500),
        ("b", "office", 30, 0, 1550),
        ("c", "institution", 9, 0, 500),
        ("d", "office", 30, -400, 3000),
        ("e", "office", 300, 0, 500),
    )
    demand = demand_of(near, places, places=PlaceSource(counted=False))
    services = demand.services.set_index("place_id").loc[[*"abcde"]]
    assert services["service"].tolist() == ["site", "round", "itself", "round", "visit"]
    assert services["walk_s"].tolist() == pytest.approx([900, 945, 0, np.inf, 0], abs=1e-3)
    assert services["zone_id"].tolist() == ["01", "01", "01", "02", "01"]
    assert demand.sites["tests"].tolist() == pytest.approx([90 / 7])
    slots = demand.slots.groupby("kind", sort=False)["natural_share"].sum()
    assert slots.to_dict() == pytest.approx({"residents": 1.0, "office": 1.0})


def test_sites_after_building_are_planned_for(built):
    demand = demand_of(built)
    sites = demand.sites.set_index("site_id")
    # B2 is closed, B3 is planned and stands then, others are suggested.
    assert {"B1", "B3"} < set(sites.index)
    assert "B2" not in sites.index
    assert (sites.loc[["B1", "B3"], "origin"] == "existing").all()
    table = built.sites.set_index("site_id").loc[sites.index]
    assert sites["desks"].tolist() == (table["desks"] + table["desks_added"]).tolist()
    # Nobody is short: who goes where is who is served where.
    assert sites["tests"].tolist() == pytest.approx((table["people_served"] / 7).tolist())
    hours = demand.site_hours.set_index("site_id")
    assert hours.loc["B1", "hour"].tolist() == [8, 9, 10]
    desks = sites.loc["B1", "desks"]
    assert hours.loc["B1", "desks"].tolist() == [desks / 2, desks, desks]
    assert hours.loc["B3", "hour"].tolist() == [14, 15, 16, 17]
    assert sites.loc["B3", "open_hours"] == pytest.approx(20 / 7)
    for column in ("tests", "tests_staggered"):
        sums = demand.site_hours.groupby("site_id")[column].sum()
        assert sums.reindex(sites.index).to_numpy() == pytest.approx(sites["tests"].to_numpy())


def test_nobody_goes_where_nobody_tests(tmp_path):
    # B1 has no desk and B2 no hours; B3 is 750 m behind the last home before it.
    plan = make_plan(
        tmp_path,
        {
            "status": {"B1": "open", "B2": "open", "B3": "open"},
            "desks": {"B1": 0, "B2": 3, "B3": 1},
            "hours_per_day": {"B1": 8, "B2": 0, "B3": 8},
        },
    )
    demand = demand_of(wc.assess(plan))
    sites = demand.sites.set_index("site_id")
    assert sites.loc[["B1", "B2"], "tests"].tolist() == [0.0, 0.0]
    assert sites.loc["B3", "tests"] == pytest.approx(town.COVERED_BY_PLANNED / 7)
    reached = demand.services.loc[demand.services["reached"], "place_id"]
    assert reached.tolist() == ["R09", "R10", "R11", "R12"]
    assert set(demand.site_hours["site_id"]) == {"B1", "B3"}


def test_no_site_at_all(near):
    closed = near.sites.assign(status="closed")
    study = dataclasses.replace(near.study, suggestion=None)
    demand = plan_demand(study, near.residences, closed, plan=near.plan)
    assert (len(demand.sites), len(demand.site_hours), len(demand.slots)) == (0, 0, 0)
    assert demand.summary["by_service"]["round"]["tests"] == town.PEOPLE
    assert demand.summary["tests_per_site_day"] is None


def test_the_busiest_day_of_the_week(near):
    # Twice as many on Saturday as on another day: a quarter of eight parts.
    week = (1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0)
    demand = demand_of(near, demand=DemandOptions(week=week))
    assert demand.week["share"].tolist() == pytest.approx([w / 8 for w in week])
    assert demand.week["tests"].sum() == pytest.approx(town.PEOPLE)
    assert demand.summary["tests_per_day"] == pytest.approx(town.PEOPLE / 7)
    assert demand.summary["busiest_day_tests"] == pytest.approx(town.PEOPLE / 4)
    assert demand.sites["tests"].tolist() == pytest.approx([60 / 4])


def test_groups_come_in_their_hours(built, caplog):
    groups = (Group("residents", ("9-11",)), Group("village", ("8-9",), peaks=(15.0,)))
    with caplog.at_level(logging.WARNING, logger="walkcover"):
        demand = demand_of(built, groups=groups)
    slots = demand.slots.set_index("kind")
    allowed = slots.loc["residents"]
    assert allowed.loc[allowed["allowed"], "hour"].tolist() == [9, 10]
    # B3 and what else villagers go to in the afternoon only is closed in their hour.
    assert "[[groups]] village" in caplog.text
    assert "B3" in caplog.text
    hours = demand.site_hours.set_index(["site_id", "hour"])["tests_staggered"]
    assert hours["B1", 8] == 0.0
    assert hours["B3"].sum() > 0
    assert slots.groupby("kind")["share"].sum().to_dict() == pytest.approx(
        {"residents": 1.0, "village": 1.0}
    )


def test_nobody_is_asked_to_come_at_night(tmp_path):
    sites = {"desks": {"B1": 1, "B2": 1, "B3": 1}, "hours_per_day": dict.fromkeys(("B1",), 24)}
    result = wc.assess(make_plan(tmp_path, sites))
    shares = demand_of(result).slots.groupby("hour")["share"].sum()
    assert (shares[[*range(6), 22, 23]] == 0).all()
    asked = (Group("residents", ("0-24",)),)
    free = demand_of(result, groups=asked)
    assert free.slots["share"].to_numpy() == pytest.approx(np.full(24, 1 / 24))
    assert free.summary["peak"] <= free.summary["natural_peak"]


def test_own_rules_and_a_kind_of_residences(near):
    homes = near.residences.assign(kind=["key_group", *[""] * (len(near.residences) - 1)])
    rules = (ServiceRule("key_group", by="visit"), ServiceRule(by="round"))
    plan = dataclasses.replace(near.plan, services=rules)
    demand = plan_demand(near.study, homes, near.sites, plan=plan)
    assert demand.rules["places"].tolist() == [1, 15]
    assert demand.services["service"].iloc[0] == "visit"
    assert demand.sites["tests"].tolist() == [0.0]
    assert demand.slots.empty


def test_the_order_of_residences_never_matters(near, tmp_path):
    plan = make_plan(tmp_path)
    rows = town.residence_rows()
    town.write_rows(tmp_path / "residences.csv", rows[::-1])
    other, own = demand_of(wc.assess(plan)), demand_of(near)
    services = [d.services.sort_values("place_id", ignore_index=True) for d in (own, other)]
    columns = ["place_id", "service", "site_id", "tests"]
    pd.testing.assert_frame_equal(services[0][columns], services[1][columns])
    assert own.summary == other.summary
