"""Check a plan of rounds from its tables alone: limits, drives by networkx, reasons, sums.

Only where places join the roads, and what an edge costs, is taken from the library.
"""

import math

import networkx as nx
import numpy as np
import pytest
import shapely
from pyproj import Geod

from walkcover.roads import road_joins

GEOD = Geod(ellps="WGS84")
NEAR = 1e-6


def drive_times(points, roads):
    """Seconds between all points over the roads' edges, by networkx."""
    net, costs = roads.network, roads.graph.costs
    joins = road_joins(points, roads)
    along, against = costs.whole()
    graph = nx.DiGraph()
    graph.add_nodes_from(("p", k) for k in range(len(points)))

    def add(a, b, seconds):
        if math.isfinite(seconds) and seconds < graph.get_edge_data(a, b, {"s": math.inf})["s"]:
            graph.add_edge(a, b, s=float(seconds))

    for k in range(net.n_edges):
        add(net.u[k], net.v[k], along[k])
        add(net.v[k], net.u[k], against[k])
    on = {}
    for row, place in enumerate(joins.place):
        edge = joins.edge[row]
        share = joins.offset_m[row] / net.length_m[edge] if net.length_m[edge] else 0.0
        leg_s = 0.9 * joins.leg_m[row]
        here = GEOD.inv(*shapely.get_coordinates(points[place])[0], joins.lon[row],
                        joins.lat[row])[2]  # fmt: skip
        assert here == pytest.approx(joins.leg_m[row], abs=0.01)
        assert joins.leg_m[row] <= roads.snap_limit_m
        spot = ("p", int(place))
        # Who stands at the end of a one-way road is there, and needs no way against it.
        ahead, back = along[edge], against[edge]
        add(("from", *spot), net.v[edge], leg_s + (0.0 if share == 1 else (1 - share) * ahead))
        add(("from", *spot), net.u[edge], leg_s + (0.0 if share == 0 else share * back))
        add(net.u[edge], ("to", *spot), leg_s + (0.0 if share == 0 else share * ahead))
        add(net.v[edge], ("to", *spot), leg_s + (0.0 if share == 1 else (1 - share) * back))
        for other, (its_share, its_leg_s) in on.get(edge, {}).items():
            for a, b, gap in ((spot, other, its_share - share), (other, spot, share - its_share)):
                seconds = (ahead if gap > 0 else back) * abs(gap) if gap else 0.0
                add(("from", *a), ("to", *b), leg_s + its_leg_s + seconds)
        on.setdefault(edge, {})[spot] = (share, leg_s)
    n = len(points)
    drive_s = np.full((n, n), np.inf)
    for a in range(n):
        if ("from", "p", a) in graph:
            found = nx.single_source_dijkstra_path_length(graph, ("from", "p", a), weight="s")
            drive_s[a] = [found.get(("to", "p", b), np.inf) for b in range(n)]
    np.fill_diagonal(drive_s, 0.0)
    return drive_s


def check_round_plan(rounds, services, bases, roads, plan):
    """Hold every promise of a plan against its tables and inputs."""
    options = plan.rounds
    shift_s, rate = 3600.0 * options.shift_h, options.tests_per_hour
    setup_s, vehicle = 60.0 * options.setup_min, options.tests_per_day
    per_team = max(1, math.floor(plan.desks.interval_days * options.days_per_week / 7))
    wanted = services[services["service"].isin(["visit", "round"]) & (services["tests"] > 0)]
    stops = rounds.stops.set_index("stop_id")
    _check_places(rounds, wanted, stops, plan)
    points = np.concatenate(
        [shapely.point_on_surface(bases.geometry.to_numpy()), rounds.stops.geometry.to_numpy()]
    )
    drive_s = drive_times(points, roads)
    row = {f"base {key}": k for k, key in enumerate(bases["base_id"])}
    row |= {key: len(bases) + k for k, key in enumerate(rounds.stops["stop_id"])}
    own = range(len(bases))
    nearest = drive_s[: len(bases), len(bases) :].min(axis=0, initial=np.inf)
    assert rounds.stops["drive_s"].to_numpy() == pytest.approx(nearest, abs=0.01)
    days = rounds.days.set_index(["team", "day"])
    assert set(days.index) == set(rounds.visits.groupby(["team", "day"]).groups)
    total_drive = 0.0
    for key, tour in rounds.visits.groupby(["team", "day"]):
        day = days.loc[key]
        here, clock, drives = row[f"base {day['base_id']}"], 0.0, 0.0
        home = here
        assert 1 <= key[1] <= per_team
        assert tour["order"].tolist() == list(range(1, len(tour) + 1))
        assert tour["stop_id"].is_unique
        for visit in tour.itertuples():
            leg = drive_s[here, row[visit.stop_id]]
            assert leg <= visit.drive_s + 0.01 < leg + 1.02
            assert visit.arrive_s == pytest.approx(clock + visit.drive_s)
            assert visit.leave_s >= visit.arrive_s + setup_s + visit.tests * 3600 / rate - NEAR
            here, clock, drives = row[visit.stop_id], visit.leave_s, drives + visit.drive_s
        back = math.ceil(drive_s[here, home] - 1e-4)
        assert day["back_s"] == pytest.approx(clock + back, abs=1.01)
        assert clock + drive_s[here, home] <= shift_s + 0.01
        assert day["back_s"] <= day["shift_s"] == shift_s
        assert day["drive_s"] == pytest.approx(drives + back, abs=1.01)
        assert day["work_s"] == pytest.approx(day["back_s"] - day["drive_s"])
        assert tour["tests"].sum() == pytest.approx(day["tests"])
        assert day["tests"] <= vehicle + NEAR
        assert day["stops"] == len(tour)
        assert day["tests_share"] == pytest.approx(day["tests"] / vehicle)
        assert day["shift_share"] == pytest.approx(day["back_s"] / shift_s)
        _check_line(day.geometry, points, [home, *(row[s] for s in tour["stop_id"]), home], roads)
        total_drive += day["drive_s"]
    _check_teams(rounds, bases, per_team)
    # Visits of a stop, and what is left of it.
    taken = rounds.visits.groupby("stop_id")["tests"].agg(["sum", "size"])
    left = rounds.unserved.set_index("place_id")
    for stop in rounds.stops.itertuples():
        served = taken["sum"].get(stop.stop_id, 0.0)
        assert served == pytest.approx(stop.served_tests)
        rest = left["tests"].get(stop.stop_id, 0.0)
        assert served + rest == pytest.approx(stop.tests)
        away = [math.ceil(drive_s[b, row[stop.stop_id]] - 1e-4)
                + math.ceil(drive_s[row[stop.stop_id], b] - 1e-4)
                if np.isfinite(drive_s[b, row[stop.stop_id]] + drive_s[row[stop.stop_id], b])
                else np.inf for b in own if bases["teams"].iloc[b] != 0]  # fmt: skip
        room = max(
            min(math.floor(vehicle), math.floor((shift_s - a - setup_s) * rate / 3600 + 1e-6))
            if math.isfinite(a) else 0
            for a in away
        )  # fmt: skip
        whole = math.ceil(stop.tests - 1e-9)
        if stop.stop_id in taken.index and not rest:
            assert taken["size"][stop.stop_id] == math.ceil(whole / room)
        if stop.stop_id in left.index:
            _check_reason(left.loc[stop.stop_id], min(away), room, whole, plan)
    for place in rounds.unserved[rounds.unserved["reason"] == "no_stop"].itertuples():
        at = wanted.set_index("place_id").loc[place.place_id].geometry
        assert place.remedy_value == pytest.approx(_road_m(at, roads), rel=0.01, abs=1.0)
    _check_sums(rounds, wanted, total_drive, per_team, plan)


def _check_places(rounds, wanted, stops, plan):
    """Everybody who needs a team stands once in the table, at a stop within the walk."""
    table = rounds.stop_places
    assert sorted(table["place_id"]) == sorted(wanted["place_id"])
    given = wanted.set_index("place_id")
    limit_s = 60 * plan.rounds.stop_walk_min or plan.walk.limit_s
    for place in table.itertuples():
        assert place.people == given["people"][place.place_id]
        assert place.tests == given["tests"][place.place_id]
        if not place.stop_id:
            assert math.isinf(place.walk_s)
            continue
        assert round(place.walk_s, 3) <= limit_s
        visited = given["service"][place.place_id] == "visit"
        assert (stops["kind"][place.stop_id] == "visit") == visited
        if visited:
            assert stops["places"][place.stop_id] == 1
    sums = table[table["stop_id"] != ""].groupby("stop_id")
    for name in ("people", "tests"):
        assert sums[name].sum()[stops.index].to_numpy() == pytest.approx(stops[name].to_numpy())
    assert sums.size()[stops.index].tolist() == stops["places"].tolist()
    at_home = table[table["walk_s"] == 0].groupby("stop_id").size()
    assert (at_home.reindex(stops.index, fill_value=0) >= 1).all()


def _check_teams(rounds, bases, per_team):
    teams = rounds.days.drop_duplicates("team").set_index("team")["base_id"]
    assert sorted(teams.index) == list(range(1, len(teams) + 1))
    assert rounds.days.groupby("team")["base_id"].nunique().max() == 1 or rounds.days.empty
    table = rounds.bases.set_index("base_id")
    for base in bases.itertuples():
        used = int((teams == base.base_id).sum())
        assert table["teams"][base.base_id] == used
        if not math.isnan(base.teams):
            assert used <= base.teams
        drives = int((rounds.days["base_id"] == base.base_id).sum())
        assert used >= math.ceil(drives / per_team)


def _check_reason(left, away, room, whole, plan):
    shift_s = 3600.0 * plan.rounds.shift_h
    stand_s = 60 * plan.rounds.setup_min + min(whole, plan.rounds.tests_per_day) * 3600 / (
        plan.rounds.tests_per_hour
    )
    if left["reason"] == "no_road":
        assert math.isinf(away)
    elif left["reason"] == "too_far":
        assert room < 1
        assert left["short_s"] == pytest.approx(away + stand_s - shift_s, abs=3.0)
        needed_h = (away + stand_s) / 3600
        assert needed_h - 0.001 <= left["remedy_value"] <= needed_h + 0.012
    else:
        assert left["reason"] == "no_time"
        assert room >= 1


def _check_line(line, points, rows, roads):
    """The line passes the join of every place in order, and is as long as roads are."""
    joins = road_joins(points[rows], roads)
    at = 0.0
    for lon, lat in zip(joins.lon, joins.lat, strict=True):
        spots = [k for k, xy in enumerate(line.coords) if math.dist(xy, (lon, lat)) < 1e-9]
        ahead = [k for k in spots if k >= at]
        assert ahead
        at = ahead[0]


def _road_m(point, roads):
    """Metres to the nearest of many points along every road."""
    net = roads.network
    near = math.inf
    for k in range(net.n_edges):
        part = slice(net.indptr[k], net.indptr[k + 1])
        line = shapely.segmentize(
            shapely.LineString(np.column_stack([net.lon[part], net.lat[part]])), 1e-4
        )
        lon, lat = shapely.get_coordinates(line).T
        metres = GEOD.inv(np.full(len(lon), point.x), np.full(len(lon), point.y), lon, lat)[2]
        near = min(near, metres.min())
    return near


def _check_sums(rounds, wanted, total_drive, per_team, plan):
    figures, left = rounds.summary, rounds.unserved
    assert figures["places"] == len(wanted)
    assert figures["people"] == pytest.approx(wanted["people"].sum())
    assert figures["tests"] == pytest.approx(wanted["tests"].sum())
    assert figures["tests"] == pytest.approx(figures["served_tests"] + left["tests"].sum())
    assert figures["people"] == pytest.approx(figures["served_people"] + left["people"].sum())
    assert figures["unserved_people"] == pytest.approx(left["people"].sum())
    by_reason = left.groupby("reason")["people"].sum()
    assert figures["unserved_by_reason"] == pytest.approx(by_reason.to_dict())
    assert figures["team_days"] == len(rounds.days)
    assert figures["teams"] == rounds.days["team"].nunique()
    assert figures["drive_s"] == pytest.approx(total_drive)
    assert figures["days_per_team"] == per_team
    # Days that the tests alone fill, and those that stops too large for one day fill for sure.
    served = math.ceil(rounds.stops["served_tests"].sum() / plan.rounds.tests_per_day)
    assert figures["team_days"] >= served
    if "no_time" not in by_reason:
        assert figures["teams_at_least"] <= figures["teams"]
        proved = figures["teams_at_least"] == figures["teams"]
        assert figures["status"] == ("optimal" if proved else "feasible")
