"""Plan the rounds of roving teams over one testing interval: stops, teams, days and drives."""

from __future__ import annotations

import logging
import math
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover._errors import InputError
from walkcover._round_case import NO_TIME, TOO_FAR
from walkcover._round_tables import (
    Trips,
    base_table,
    day_table,
    numbered,
    place_table,
    stop_ids,
    stop_table,
    summary_of,
    unserved_table,
    visit_table,
)
from walkcover._routes import Team
from walkcover.joins import Joins, concatenate, take_places
from walkcover.network import GEOD, Bools, Floats, Ints
from walkcover.operations import Demand, RoundPlan
from walkcover.plan import Plan
from walkcover.plan_operations import ROUND, VISIT
from walkcover.roads import Roads, drive_matrix, road_joins
from walkcover.rounds import Rounds, fewest_teams, least_teams, plan_rounds
from walkcover.snap import snap
from walkcover.stops import choose_stops
from walkcover.street_index import Shapes
from walkcover.study import Study

DAYS_OF_A_WEEK = 7
# What one search for routes may do: so many iterations for each visit it has to place, within
# these. Measured against runs of ten minutes; see scripts/bench_rounds.py.
ITERATIONS_PER_STOP, LEAST_ITERATIONS, MOST_ITERATIONS = 60, 1_000, 3_000
# Of the time allowed: stops, routes, and then the teams that are missing.
STOPS_SHARE, ROUTES_SHARE = 0.2, 0.6

log = logging.getLogger("walkcover")


def days_per_team(plan: Plan) -> int:
    """
    Tell on how many days a team drives within one testing interval.

    Parameters
    ----------
    plan
        Interval and days of work in a week.

    Returns
    -------
    days
        At least one.

    Examples
    --------
    >>> days_per_team(Plan())
    5
    """
    return max(1, math.floor(plan.desks.interval_days * plan.rounds.days_per_week / DAYS_OF_A_WEEK))


def plan_round_trips(
    demand: Demand,
    study: Study,
    roads: Roads,
    bases: gpd.GeoDataFrame,
    *,
    plan: Plan,
    seed: int = 0,
) -> RoundPlan:
    """
    Plan stops and rounds for all who are visited or live where no site is near.

    The fewest stops within a walk of everybody are chosen first; then most tests, then the fewest
    teams (where bases do not say how many they have), then the fewest days, then the shortest
    drives. Every stop is visited once in the interval, or on as many days as its tests take.

    Parameters
    ----------
    demand
        Who is served how.
    study
        The walking network of the run.
    roads
        What vehicles drive on.
    bases
        Checked bases.
    plan
        The plan.
    seed
        Start of the random numbers.

    Returns
    -------
    rounds
        Nobody is lost: who is not served is listed with the reason.

    Raises
    ------
    InputError
        If no base has a team, or a base lies beyond the snap limit of the roads.
    """
    begin = time.monotonic()
    limit_s = plan.rounds.time_limit_s
    services = demand.services
    wanted = services["service"].isin([VISIT, ROUND]) & (services["tests"] > 0)
    rows = np.flatnonzero(wanted.to_numpy())
    places = services.iloc[rows].reset_index(drop=True)
    points: Shapes = places.geometry.to_numpy()
    base_joins = _base_joins(bases, roads)
    teams = _teams(bases, plan)
    joins = road_joins(points, roads)
    possible = np.isfinite(joins.snap_m)
    stops = choose_stops(
        _walking_joins(services, rows, roads, study, plan),
        places["people"].to_numpy(np.float64),
        points,
        study.assessment.graph,
        study.assessment.index,
        alone=(places["service"] == VISIT).to_numpy(),
        usable=possible & _has_time(joins, base_joins, teams, roads),
        road_m=joins.snap_m,
        limit_s=60.0 * plan.rounds.stop_walk_min or plan.walk.limit_s,
        time_limit_s=STOPS_SHARE * limit_s,
        seed=seed,
    )
    ends = concatenate(base_joins, take_places(joins, stops.at))
    drive_s = drive_matrix(ends, ends, roads)
    comes = stops.stop >= 0
    tests = np.bincount(
        stops.stop[comes],
        weights=places["tests"].to_numpy(np.float64)[comes],
        minlength=len(stops.at),
    ).astype(np.float64)
    left_s = max(1.0, limit_s - (time.monotonic() - begin))
    found = _routed(tests, drive_s, bases, teams, time_limit_s=left_s, seed=seed)
    trips = Trips(
        places, stops, bases, ends, drive_s, *found, road_m=_road_m(points, ~comes, roads)
    )
    return _tables(trips, tests, study, roads, plan)


def _tables(trips: Trips, tests: Floats, study: Study, roads: Roads, plan: Plan) -> RoundPlan:
    """Write down what was planned, and tell what is left."""
    raw, served = visit_table(trips, tests)
    stops = stop_table(trips, served, study.assessment.index)
    days = day_table(raw, trips, roads, plan=plan)
    unserved = unserved_table(trips, stops, plan=plan)
    ids, names = stop_ids(len(stops)), stops["name"].to_numpy(dtype=object)
    stop = raw["stop"].to_numpy(np.int64)
    visits = raw.assign(stop_id=ids[stop], name=names[stop])[
        ["team", "day", "order", "stop_id", "name", "tests", "drive_s", "arrive_s", "leave_s"]
    ]
    tables: dict[str, pd.DataFrame] = {"stops": stops, "days": days, "unserved": unserved}
    summary = summary_of(
        trips,
        tables,
        interval_days=plan.desks.interval_days,
        days_per_team=days_per_team(plan),
    )
    _warn(unserved, stops)
    return RoundPlan(
        stops, place_table(trips), visits, days, base_table(trips, days), unserved, summary
    )


def _warn(unserved: pd.DataFrame, stops: pd.DataFrame) -> None:
    """Say in the log where a shift is shorter than the drive."""
    far = unserved[unserved["reason"] == TOO_FAR]
    if not len(far):
        return
    first = far.iloc[0]
    drive_s = float(stops.set_index("stop_id").loc[first["place_id"], "drive_s"])
    log.warning(
        "%d stops are too far for a shift, first %s %s: the drive takes %.0f min one way; a shift "
        "of %.2f h would do, of %.2f h for all",
        len(far),
        first["place_id"],
        first["name"],
        drive_s / 60.0,
        first["remedy_value"],
        far["remedy_value"].max(),
    )


def _routed(
    tests: Floats,
    drive_s: Floats,
    bases: gpd.GeoDataFrame,
    teams: list[Team],
    *,
    time_limit_s: float,
    seed: int,
) -> tuple[Rounds, Ints, float, int]:
    """Rounds, the base of each team, the teams that are missing, and a bound of teams."""
    stop = np.arange(len(bases), len(drive_s))
    given = bases["teams"].to_numpy(np.float64)
    rows = np.array([team.base for team in teams])
    grows = np.isnan(given[rows])
    at_hand = np.where(grows, 0.0, given[rows]).astype(np.int64)
    visits = len(tests) + float(tests.sum()) / min(team.tests_per_day for team in teams)
    iterations = int(np.clip(ITERATIONS_PER_STOP * visits, LEAST_ITERATIONS, MOST_ITERATIONS))
    at_least = least_teams(tests, stop, drive_s, teams)
    if grows.any():
        found = fewest_teams(
            tests, stop, drive_s, teams, at_hand=at_hand.tolist(), grows=grows.tolist(),
            iterations=iterations, time_limit_s=time_limit_s, seed=seed,
        )  # fmt: skip
        return *numbered(found.rounds, rows[np.array(found.kinds, dtype=np.int64)]), 0.0, at_least
    crews = [team for team, count in zip(teams, at_hand, strict=True) for _ in range(count)]
    rounds = plan_rounds(
        tests, stop, drive_s, crews, iterations=iterations,
        time_limit_s=ROUTES_SHARE * time_limit_s, seed=seed,
    )  # fmt: skip
    more = 0.0
    if (rounds.unserved["reason"] == NO_TIME).any():
        enough = fewest_teams(
            tests, stop, drive_s, teams, at_hand=at_hand.tolist(), iterations=iterations,
            time_limit_s=(1 - ROUTES_SHARE) * time_limit_s, seed=seed,
        )  # fmt: skip
        used = np.bincount(np.array(enough.kinds, dtype=np.int64), minlength=len(teams))
        more = float(np.maximum(0, used - at_hand).sum())
    return *numbered(rounds, np.repeat(rows, at_hand)), more, at_least


def _teams(bases: gpd.GeoDataFrame, plan: Plan) -> list[Team]:
    """What a team of each base is like that has any."""
    rounds = plan.rounds
    teams = [
        Team(
            base=row,
            shift_s=3600.0 * rounds.shift_h,
            tests_per_hour=rounds.tests_per_hour,
            tests_per_day=rounds.tests_per_day,
            setup_s=60.0 * rounds.setup_min,
            days=days_per_team(plan),
        )
        for row, count in enumerate(bases["teams"])
        if not count <= 0
    ]
    if not teams:
        msg = (
            f"none of the {len(bases)} bases has a team, first base "
            f"{bases['base_id'].iloc[0] if len(bases) else '-'}: give a number of teams above 0, "
            "or leave it empty for as few as do"
        )
        raise InputError(msg)
    return teams


def _base_joins(bases: gpd.GeoDataFrame, roads: Roads) -> Joins:
    """Where the bases join the roads."""
    points: Shapes = shapely.point_on_surface(bases.geometry.to_numpy())
    joins = road_joins(points, roads)
    lost = np.isnan(joins.snap_m)
    if lost.any():
        road_m = _road_m(points, lost, roads)
        first = int(np.argmax(lost))
        msg = (
            f"{lost.sum()} bases lie farther than {roads.snap_limit_m:g} m from every road, first "
            f"base {bases['base_id'].iloc[first]} ({road_m[first]:.0f} m): correct their places, "
            f"or raise [roads] snap_limit_m to {math.ceil(road_m[lost].max())}"
        )
        raise InputError(msg)
    return joins


def _road_m(points: Shapes, which: Bools, roads: Roads) -> Floats:
    """Metres from places to the nearest road, NaN for those that are not asked for."""
    road_m = np.full(len(points), np.nan)
    rows = np.flatnonzero(which)
    if len(rows):
        planar = roads.index.to_metric(points[rows])
        lines = roads.index.lines
        place, edge = shapely.STRtree(lines).query_nearest(planar, all_matches=False)
        ends = shapely.get_coordinates(shapely.shortest_line(planar[place], lines[edge]))
        degrees = roads.index.to_degrees(ends)
        road_m[rows[place]] = GEOD.inv(*degrees[::2].T, *degrees[1::2].T)[2]
    return road_m


def _has_time(joins: Joins, bases: Joins, teams: list[Team], roads: Roads) -> Bools:
    """
    Flag places from which a base can be reached with time left for a test.

    The way out is taken to be as long as the way home: few roads differ, and what was flagged by
    mistake is planned exactly afterwards.
    """
    rows = np.array([team.base for team in teams])
    home_s = drive_matrix(joins, take_places(bases, rows), roads).min(axis=1)
    away_s = 2.0 * home_s
    return np.array([teams[0].room(float(one)) >= 1 for one in away_s], dtype=bool)


def _walking_joins(
    services: gpd.GeoDataFrame, rows: Ints, roads: Roads, study: Study, plan: Plan
) -> Joins:
    """
    Where the places that teams serve join the walking network.

    Those that join nothing there may lie as far from it as a stop may from a road.
    """
    found, limit_m = study.assessment, plan.walk.snap_limit_m
    own = rows[rows < found.homes.n_places]
    points: Shapes = services.geometry.to_numpy()[rows]
    added = snap(points[len(own) :], found.index, limit_m=limit_m, barriers=found.barriers)
    joins = concatenate(take_places(found.homes, own), added)
    lost = np.flatnonzero(np.isnan(joins.snap_m))
    if not len(lost) or roads.snap_limit_m <= limit_m:
        return joins
    far = snap(points[lost], found.index, limit_m=roads.snap_limit_m, barriers=found.barriers)
    kept = np.setdiff1d(np.arange(len(rows)), lost)
    order = np.argsort(np.concatenate([kept, lost]))
    return take_places(concatenate(take_places(joins, kept), far), order)
