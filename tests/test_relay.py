"""The relay of made cities, every promise checked from the tables alone."""

import dataclasses
import importlib.util
import sys
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from relay_checker import check_relay

from walkcover import InputError
from walkcover.operations import RoundPlan
from walkcover.plan import Plan
from walkcover.relay import plan_relay
from walkcover.roads import drive_matrix, ready_roads, road_joins
from walkcover.tube_relay import relay_tubes
from walkcover.tube_waves import collection_waves


@pytest.fixture(scope="module")
def taiyuan():
    path = Path(__file__).parents[1] / "scripts" / "_made_taiyuan.py"
    spec = importlib.util.spec_from_file_location("_made_taiyuan", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["_made_taiyuan"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def town(taiyuan):
    """Fifty sites, five laboratories, three stations, on nine kilometres square."""
    return taiyuan.make_city(
        sites=50, laboratories=5, stations=3, tests=115_000.0, side_m=(9000.0, 9000.0), seed=3
    )


@pytest.fixture(scope="module")
def roads(town):
    return ready_roads(town.streets, snap_limit_m=1000.0)


def with_relay(**changes):
    plan = Plan()
    return dataclasses.replace(plan, relay=dataclasses.replace(plan.relay, **changes))


def drives(city, roads, bases=None):
    """Seconds between places, each a kind and an id."""
    tables = [
        ("site", city.demand.sites["site_id"], city.demand.sites.geometry),
        ("laboratory", city.laboratories["laboratory_id"], city.laboratories.geometry),
        ("station", city.stations["station_id"], city.stations.geometry),
    ]
    if bases is not None:
        tables.append(("base", bases["base_id"], bases.geometry))
    keys = [(kind, one) for kind, ids, _ in tables for one in ids]
    row = {key: k for k, key in enumerate(keys)}
    joins = road_joins(np.concatenate([np.asarray(points) for *_, points in tables]), roads)
    drive = drive_matrix(joins, joins, roads)
    return lambda a, b: drive[row[a], row[b]]


def planned(city, roads, plan, rounds=None):
    found = plan_relay(city.demand, rounds, roads, city.laboratories, city.stations, plan=plan)
    bases = None if rounds is None else rounds.bases
    check_relay(
        found,
        city.demand,
        rounds,
        city.laboratories,
        city.stations,
        drives(city, roads, bases),
        plan,
    )
    return found


@pytest.fixture(scope="module")
def usual(town, roads):
    """The town's relay with all defaults."""
    return planned(town, roads, Plan())


@pytest.mark.parametrize(
    "changes",
    [
        {"hold_h": 2.6},
        {"collect_every_h": 1.0, "hold_h": 3.0, "pooling": 5},
        {"vehicle_tubes": 40.0, "dispatch_tubes": 25.0},
        {"tubes_per_staff_day": 20.0},
    ],
    ids=["short hold", "hourly", "small vans", "staff"],
)
def test_every_promise_is_kept(town, roads, changes):
    found = planned(town, roads, with_relay(**changes))
    assert found.summary["collected_tubes"] > 0


def test_the_usual_plan_serves_all_over_stations_too(usual):
    assert (usual.summary["late_tubes"], usual.summary["short_tubes"]) == (0, 0)
    assert usual.summary["stations_used"] > 0
    assert len(usual.transfers) > 0


def test_a_plan_repeats(town, roads, usual):
    again = plan_relay(town.demand, None, roads, town.laboratories, town.stations, plan=Plan())
    plans = [usual, again]
    for name in ("sources", "routes", "route_stops", "transfers", "laboratory_hours"):
        first, second = (getattr(one, name) for one in plans)
        pd.testing.assert_frame_equal(pd.DataFrame(first), pd.DataFrame(second))
    assert plans[0].summary == plans[1].summary


def test_the_checker_notices(town, roads, usual):
    """A plan that is changed a little breaks a promise."""
    plan, found = Plan(), usual
    later = found.route_stops.assign(arrive_s=found.route_stops["arrive_s"] + 1.0)
    swapped = found.route_stops.copy()
    first = swapped.index[swapped["route"] == 1][:2]
    swapped.loc[first, "source_id"] = swapped.loc[first[::-1], "source_id"].to_numpy()
    fewer = found.hubs.assign(vehicles=np.maximum(found.hubs["vehicles"] - 1, 0))
    more = found.laboratory_hours.copy()
    more.loc[3, "tested_tubes"] += 1
    gone = found.sources.assign(
        hub_id=found.sources["hub_id"].mask(found.sources.index == 4, ""),
        oldest_s=found.sources["oldest_s"].mask(found.sources.index == 4),
    )
    for changed in (
        {"route_stops": later},
        {"route_stops": swapped},
        {"hubs": fewer},
        {"laboratory_hours": more},
        {"sources": gone},
        {"transfers": found.transfers.iloc[1:]},
        {"summary": found.summary | {"collected_tubes": 1}},
    ):
        with pytest.raises((AssertionError, KeyError)):
            check_relay(
                dataclasses.replace(found, **changed),
                town.demand,
                None,
                town.laboratories,
                town.stations,
                drives(town, roads),
                plan,
            )


def test_lines_run_from_the_hub_over_the_stops_and_back(usual):
    found = usual
    hubs = found.hubs.set_index("hub_id").geometry
    sites = found.sources.set_index("source_id").geometry
    near = 1000.0 / 80_000.0
    for route in found.routes.itertuples():
        line = route.geometry
        ends = shapely.points(shapely.get_coordinates(line)[[0, -1]])
        assert (shapely.distance(ends, hubs[route.hub_id]) < near).all()
        stops = found.route_stops.loc[found.route_stops["route"] == route.route, "source_id"]
        assert (shapely.distance(line, sites[stops].to_numpy()) < near).all()


def test_drives_are_those_of_networkx(town, roads, usual):
    """Seconds of transfers, over the roads as networkx sees them."""
    found = usual
    net, graph = roads.network, nx.DiGraph()
    along, against = roads.graph.costs.whole()
    for u, v, forth, back in zip(net.u, net.v, along, against, strict=True):
        for a, b, cost in ((u, v, forth), (v, u, back)):
            if np.isfinite(cost) and cost < graph.get_edge_data(a, b, {"s": np.inf})["s"]:
                graph.add_edge(a, b, s=cost)
    joins = road_joins(np.concatenate([town.stations.geometry, town.laboratories.geometry]), roads)
    halls = pd.Index(town.stations["station_id"])
    labs = pd.Index(town.laboratories["laboratory_id"])
    costs = roads.graph.costs

    def part(edge, start, end):
        return costs.seconds(np.array([edge]), np.array([start]), np.array([end]))[0]

    for row in found.transfers.itertuples():
        a, b = halls.get_loc(row.station_id), len(halls) + labs.get_loc(row.laboratory_id)
        legs = (joins.leg_m[a] + joins.leg_m[b]) * costs.flat
        e, f = joins.edge[a], joins.edge[b]
        ways = []
        for out, out_m in ((net.u[e], 0.0), (net.v[e], net.length_m[e])):
            for home, home_m in ((net.u[f], 0.0), (net.v[f], net.length_m[f])):
                ends = part(e, joins.offset_m[a], out_m) + part(f, home_m, joins.offset_m[b])
                if np.isfinite(ends):
                    ways.append(ends + nx.dijkstra_path_length(graph, out, home, weight="s"))
        if e != f:
            assert row.drive_s == np.ceil(min(ways) + legs - 1e-9)


def rounds_of(base_id, point, teams):
    """Rounds of teams from one base: day, hours until they are back, tests of their stops."""
    visits, days = [], []
    for number, (day, back_h, stops) in enumerate(teams, start=1):
        visits += [{"team": number, "day": day, "tests": float(tests)} for tests in stops]
        days.append(
            {
                "team": number,
                "day": day,
                "base_id": base_id,
                "tests": float(sum(stops)),
                "back_s": 3600.0 * back_h,
            }
        )
    lines = gpd.GeoSeries([shapely.LineString([point, point])] * len(days), crs=4326)
    bases = gpd.GeoDataFrame({"base_id": [base_id], "name": ["garage"]}, geometry=[point], crs=4326)
    empty = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=4326))
    table = gpd.GeoDataFrame(pd.DataFrame(days), geometry=lines)
    nothing = pd.DataFrame()
    return RoundPlan(empty, nothing, pd.DataFrame(visits), table, bases, nothing, {})


def test_teams_bring_their_tubes_to_the_base(town, roads):
    point = town.demand.sites.geometry.iloc[0]
    # On the second day both teams are out: 41 + 8 and 120 tests, 5 + 1 + 12 tubes.
    rounds = rounds_of("B1", point, [(1, 7.5, [100]), (2, 6.0, [41, 8]), (2, 14.5, [120])])
    other = gpd.GeoDataFrame(
        {"base_id": ["B2"], "name": ["yard"]}, geometry=[town.stations.geometry.iloc[0]], crs=4326
    )
    days = rounds.days
    more = days.iloc[[1]].assign(team=4, base_id="B2", tests=30.0)
    visits = pd.DataFrame([{"team": 4, "day": 2, "tests": 30.0}])
    rounds = dataclasses.replace(
        rounds,
        bases=pd.concat([rounds.bases, other], ignore_index=True),
        days=pd.concat([days, more], ignore_index=True),
        visits=pd.concat([rounds.visits, visits], ignore_index=True),
    )
    found = planned(town, roads, Plan(), rounds)
    base = found.sources.set_index("source_id").loc["B1"]
    assert (base["kind"], base["tubes"], base["tubes_wave"]) == ("base", 18, 12)
    assert found.sources.set_index("source_id").loc["B2", "tubes"] == 3
    # Back at 14:00 and 22:30: a wave behind the last of the sites, which close at 20:00.
    assert found.waves["start_h"].tolist() == [10, 12, 14, 16, 18, 20, 22, 24]
    assert found.waves["tubes"].iloc[-2:].tolist() == [0, 12]


def test_institutions_and_laboratories_at_sites_need_no_van(town, roads):
    own = gpd.GeoDataFrame(
        {"place_id": ["I1"], "name": ["hospital"], "service": ["itself"], "tests": [777.0]},
        geometry=[town.demand.sites.geometry.iloc[0]],
        crs=4326,
    )
    city = dataclasses.replace(town, demand=dataclasses.replace(town.demand, services=own))
    found = planned(city, roads, Plan())
    # 777 in seven days are 111 a day: twelve tubes of ten.
    assert found.summary["itself_tubes"] == 12
    last = found.sources.iloc[-1]
    assert (last["kind"], last["hub_id"], last["route"]) == ("itself", "", 0)
    home = town.laboratories.loc[town.laboratories["site_id"] != ""].iloc[0]
    site = found.sources.set_index("source_id").loc[home["site_id"]]
    assert (site["hub_id"], site["route"], site["oldest_s"]) == (home["laboratory_id"], 0, 7200)


def test_who_is_too_far_is_told_what_would_do(town, roads):
    plan = with_relay(hold_h=2.35)
    found = planned(town, roads, plan)
    late = found.late[found.late["reason"] == "too_far"]
    assert len(late) > 3
    assert found.summary["late_tubes"] == late["tubes"].sum()
    # With the hold time that the table names, all are in time.
    again = planned(town, roads, with_relay(hold_h=float(late["needed_h"].max()) + 1e-6))
    assert again.summary["late_tubes"] == 0


def test_laboratories_off_the_roads_are_named(town, roads, caplog):
    shifted = town.laboratories.copy()
    shifted.loc[0, "geometry"] = shapely.Point(113.9, 38.9)
    shifted.loc[1, "site_id"] = "nowhere"
    city = dataclasses.replace(town, laboratories=shifted)
    with caplog.at_level("WARNING", logger="walkcover"):
        found = planned(city, roads, Plan())
    own = shifted["site_id"].iloc[0]
    carried = found.sources.loc[found.sources["hub_id"] == "L001", "source_id"].tolist()
    assert carried == ([own] if own else [])
    assert "laboratories without a road within 1000 m: 1 (L001)" in caplog.text
    assert "at sites that take no tests on this day: 1 (L002)" in caplog.text


def test_no_laboratory_in_reach_leaves_all_late(town, roads):
    away = town.laboratories.assign(site_id="")
    away = away.set_geometry(gpd.GeoSeries([shapely.Point(113.9, 38.9)] * len(away), crs=4326))
    city = dataclasses.replace(town, laboratories=away)
    found = planned(city, roads, Plan())
    assert found.late["reason"].eq("no_road").all()
    assert (found.summary["collected_tubes"], found.summary["vehicles"]) == (0, 0)
    assert (found.summary["oldest_s"], found.summary["done_h"]) == (None, None)


def test_no_laboratory_at_all_is_refused(town, roads):
    with pytest.raises(InputError, match=r"no laboratory: name at least one"):
        plan_relay(town.demand, None, roads, town.laboratories.iloc[:0], town.stations, plan=Plan())


def test_stations_may_be_missing(town, roads):
    city = dataclasses.replace(town, stations=town.stations.iloc[:0])
    found = planned(city, roads, Plan())
    assert found.transfers.empty
    assert (found.hubs["kind"] == "laboratory").all()


def test_short_capacity_is_named_by_laboratory(town, roads):
    """Half the room: all tubes arrive, half of them are left, and it is told from when."""
    half = town.laboratories.assign(
        tubes_per_day=np.floor(town.laboratories["tubes_per_day"] / 2), hours_per_day=24.0
    )
    city = dataclasses.replace(town, laboratories=half)
    found = planned(city, roads, Plan())
    over = found.summary["collected_tubes"] - half["tubes_per_day"].sum()
    assert found.summary["late_tubes"] == 0
    assert found.summary["short_tubes"] >= over > 0
    assert found.summary["short_tubes"] <= 1.02 * over
    short = found.laboratories[found.laboratories["short_tubes"] > 0]
    assert short["short_from_h"].between(10, 22).all()
    assert found.late["reason"].eq("no_room").all()


def test_the_core_refuses_what_it_cannot_use():
    waves = collection_waves(np.ones((2, 24)), every_h=2.0, pooling=10)
    relay = with_relay(vehicle_tubes=0.5).relay
    with pytest.raises(InputError) as caught:
        relay_tubes(
            waves, -np.ones((4, 4)), [5.0], [24.0, 24.0], options=relay, own_laboratory=[5, 0]
        )
    message = str(caught.value)
    for part in ("drive_s of shape (4, 4)", "laboratories with", "own_laboratory", "no tube"):
        assert part in message


@pytest.mark.slow
def test_a_city_of_the_size_of_taiyuan(taiyuan):
    """The newspaper's totals come out of its inputs, and every limit is kept."""
    city = taiyuan.make_city()
    roads = ready_roads(city.streets, snap_limit_m=1000.0)
    found = planned(city, roads, Plan())
    summary = found.summary
    assert summary["tests"] * 7 == pytest.approx(4_629_200)
    # 4.6292 million in 7 days at 2,022 sites; by ten; at 73 laboratories.
    assert round(summary["tests_per_site_day"]) == 327
    assert round(summary["full_tubes_per_site_day"]) == 33
    assert round(summary["full_tubes_per_laboratory_day"]) == 906
    # Every collection closes a tube that is not full: on average half of one, at six collections.
    assert 0 < summary["tubes_per_site_day"] - summary["full_tubes_per_site_day"] < 6
    assert (summary["late_tubes"], summary["short_tubes"]) == (0, 0)
    assert summary["gap"] < 0.01
