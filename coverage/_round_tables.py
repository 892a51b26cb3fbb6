"""Tables of rounds: stops, visits, days, bases and who is left without, from what was planned."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover._round_case import NO_ROAD, NO_TIME, TOO_FAR
from walkcover.joins import Joins
from walkcover.network import Floats, Ints
from walkcover.plan import Plan
from walkcover.roads import Roads, drive_lines
from walkcover.rounds import VISIT_COLUMNS, Rounds
from walkcover.stops import Stops
from walkcover.street_index import Shapes, StreetIndex
from walkcover.streets import near_streets

NO_STOP = "no_stop"
REASONS = (NO_STOP, NO_ROAD, TOO_FAR, NO_TIME)
WGS84 = "EPSG:4326"
UNSERVED_COLUMNS = ["place_id", "name", "people", "tests", "reason", "short_s", "remedy_value"]


@dataclass(frozen=True)
class Trips:
    """
    What was planned, by rows.

    Parameters
    ----------
    places
        Rows of the services that a team is to serve, numbered from 0.
    stops
        Where teams stop, and who comes there.
    bases
        The bases.
    joins
        Where bases, and behind them stops, join the roads.
    drive_s
        Seconds between these.
    rounds
        Visits by team, day and stop.
    base_of
        Row of the base of each team that `rounds` numbers.
    teams_more
        Teams beyond those given that would leave nobody out for want of time.
    at_least
        Teams that no plan can do without.
    road_m
        Metres from each place to the nearest road.
    """

    places: gpd.GeoDataFrame
    stops: Stops
    bases: gpd.GeoDataFrame
    joins: Joins
    drive_s: Floats
    rounds: Rounds
    base_of: Ints
    teams_more: float
    at_least: int
    road_m: Floats


def stop_table(trips: Trips, served: Floats, index: StreetIndex) -> gpd.GeoDataFrame:
    """Tabulate the stops; `served` are the tests taken at each."""
    places, stops, n_bases = trips.places, trips.stops, len(trips.bases)
    stands = places.iloc[stops.at]
    points: Shapes = stands.geometry.to_numpy()
    n = len(stops.at)
    comes = stops.stop >= 0
    sums = [
        np.bincount(stops.stop[comes], weights=weights[comes], minlength=n)
        for weights in (
            np.ones(len(places)),
            places["people"].to_numpy(np.float64),
            places["tests"].to_numpy(np.float64),
        )
    ]
    columns: dict[str, Any] = {
        "stop_id": stop_ids(n),
        "name": stands["name"].to_numpy(dtype=object),
        "kind": stands["service"].to_numpy(dtype=object),
        "zone_id": stands["zone_id"].to_numpy(dtype=object),
        "near": near_streets(points, index),
        "places": sums[0].astype(np.int64),
        "people": sums[1],
        "tests": sums[2],
        "snap_m": trips.joins.snap_m[n_bases:],
        "drive_s": trips.drive_s[:n_bases, n_bases:].min(axis=0),
        "served_tests": served,
    }
    return gpd.GeoDataFrame(columns, geometry=points, crs=WGS84)


def stop_ids(n: int) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Ids of stops: S1, S2 and so on."""
    return np.array([f"S{number}" for number in range(1, n + 1)], dtype=object)


def place_table(trips: Trips) -> pd.DataFrame:
    """Tabulate who comes to which stop."""
    ids = np.append(stop_ids(len(trips.stops.at)), "")
    table = pd.DataFrame(trips.places[["place_id", "name", "kind", "people", "tests"]])
    return table.assign(stop_id=ids[trips.stops.stop], walk_s=trips.stops.walk_s)


def visit_table(trips: Trips, stop_tests: Floats) -> tuple[pd.DataFrame, Floats]:
    """
    Tabulate the visits with tests as they are; rounds were planned with whole ones.

    Returns the table, with the row of the stop in ``stop``, and the tests taken at each stop.
    """
    visits = trips.rounds.visits.reset_index(drop=True)
    amounts = visits["tests"].to_numpy(np.float64)
    stop = visits["stop"].to_numpy(np.int64)
    before = pd.Series(amounts).groupby(stop).cumsum().to_numpy(np.float64) - amounts
    tests = np.minimum(amounts, np.maximum(stop_tests[stop] - before, 0.0))
    served = np.bincount(stop, weights=tests, minlength=len(stop_tests)).astype(np.float64)
    return visits.assign(tests=tests), served


def day_table(visits: pd.DataFrame, trips: Trips, roads: Roads, *, plan: Plan) -> gpd.GeoDataFrame:
    """Tabulate the days of teams, each with its drive as a line along roads."""
    n_bases = len(trips.bases)
    rows: list[dict[str, Any]] = []
    legs: list[tuple[int, int]] = []
    cuts = [0]
    for key, tour in visits.groupby(["team", "day"], sort=True):
        team, day = key
        base = int(trips.base_of[team - 1])
        way = [base, *(n_bases + tour["stop"].to_numpy()), base]
        legs += itertools.pairwise(way)
        cuts.append(len(legs))
        home_s = float(np.ceil(trips.drive_s[way[-2], base]))
        drive_s = float(tour["drive_s"].sum()) + home_s
        back_s = float(tour["leave_s"].iloc[-1]) + home_s
        rows.append(
            {
                "team": team,
                "day": day,
                "base_id": trips.bases["base_id"].iloc[base],
                "base_name": trips.bases["name"].iloc[base],
                "stops": len(tour),
                "tests": float(tour["tests"].sum()),
                "drive_s": drive_s,
                "work_s": back_s - drive_s,
                "back_s": back_s,
            }
        )
    begin, end = np.array(legs, dtype=np.int64).reshape(-1, 2).T
    lines = drive_lines(trips.joins, begin, end, roads)
    shift_s = 3600.0 * plan.rounds.shift_h
    columns = ["team", "day", "base_id", "base_name", "stops", "tests", "drive_s", "work_s"]
    table = pd.DataFrame(rows, columns=[*columns, "back_s"])
    table["shift_s"] = shift_s
    table["shift_share"] = table["back_s"].astype(np.float64) / shift_s
    table["tests_share"] = table["tests"].astype(np.float64) / plan.rounds.tests_per_day
    ways = [_joined(lines[a:b]) for a, b in itertools.pairwise(cuts)]
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(ways, crs=WGS84), crs=WGS84)


def _joined(lines: Shapes) -> shapely.LineString:
    """Drives one after the other as one line."""
    points = np.concatenate([shapely.get_coordinates(line) for line in lines])
    moves = np.append(True, (points[1:] != points[:-1]).any(axis=1))
    kept = points[moves]
    return shapely.LineString(kept if len(kept) > 1 else kept[[0, 0]])


def base_table(trips: Trips, days: pd.DataFrame) -> gpd.GeoDataFrame:
    """Tabulate the bases with the teams that are used."""
    bases = trips.bases
    teams = days.drop_duplicates("team").groupby("base_id").size()
    columns = {
        "base_id": bases["base_id"].to_numpy(dtype=object),
        "name": bases["name"].to_numpy(dtype=object),
        "teams": bases["base_id"].map(teams).fillna(0).to_numpy(np.int64),
        "teams_given": bases["teams"].to_numpy(np.float64),
        "snap_m": trips.joins.snap_m[: len(bases)],
    }
    return gpd.GeoDataFrame(
        columns, geometry=shapely.point_on_surface(bases.geometry.to_numpy()), crs=WGS84
    )


def unserved_table(trips: Trips, stops: pd.DataFrame, *, plan: Plan) -> pd.DataFrame:
    """Tabulate who is left without, why, and what would help: stops first, then places."""
    rows: list[tuple[Any, ...]] = []
    left = trips.rounds.unserved
    for number, reason, short_s in zip(left["stop"], left["reason"], left["short_s"], strict=True):
        stop = stops.iloc[number]
        tests = float(stop["tests"] - stop["served_tests"])
        people = float(stop["people"]) * tests / float(stop["tests"])
        helps = {
            NO_ROAD: np.nan,
            # Rounded up, so that the shift does.
            TOO_FAR: np.ceil((3600.0 * plan.rounds.shift_h + short_s) / 36.0) / 100.0,
            NO_TIME: trips.teams_more,
        }[reason]
        rows.append((stop["stop_id"], stop["name"], people, tests, reason, short_s, helps))
    places, alone = trips.places, np.flatnonzero(trips.stops.stop < 0)
    for place in alone:
        row = places.iloc[place]
        rows.append(
            (
                row["place_id"],
                row["name"],
                float(row["people"]),
                float(row["tests"]),
                NO_STOP,
                0.0,
                float(trips.road_m[place]),
            )
        )
    return pd.DataFrame(rows, columns=UNSERVED_COLUMNS)


def summary_of(
    trips: Trips,
    tables: dict[str, pd.DataFrame],
    *,
    interval_days: float,
    days_per_team: int,
) -> dict[str, Any]:
    """Sum up the tables in plain values."""
    stops, days, unserved = tables["stops"], tables["days"], tables["unserved"]
    people = float(trips.places["people"].sum())
    tests = float(trips.places["tests"].sum())
    left = float(unserved["people"].sum())
    by_reason = unserved.groupby("reason")["people"].sum()
    is_stop = unserved["reason"] != NO_STOP
    not_whole = stops["stop_id"].isin(unserved.loc[is_stop, "place_id"])
    left_places = int(stops.loc[not_whole, "places"].sum()) + int((~is_stop).sum())
    teams = int(days["team"].nunique())
    proved = teams == trips.at_least and NO_TIME not in by_reason.index
    return {
        "places": len(trips.places),
        "people": people,
        "tests": tests,
        "served_people": people - left,
        "served_tests": float(stops["served_tests"].sum()),
        "stops": len(stops),
        "teams": teams,
        "teams_at_least": int(trips.at_least),
        "team_days": len(days),
        "drive_s": float(days["drive_s"].sum()),
        "longest_day_s": float(days["back_s"].max()) if len(days) else 0.0,
        "unserved_places": left_places,
        "unserved_people": left,
        "unserved_by_reason": {r: float(by_reason[r]) for r in REASONS if r in by_reason.index},
        "interval_days": float(interval_days),
        "days_per_team": days_per_team,
        "status": "optimal" if proved else "feasible",
    }


def numbered(rounds: Rounds, base_of: Ints) -> tuple[Rounds, Ints]:
    """Number the teams that are used from 1 on without a hole."""
    visits = rounds.visits
    used, number = np.unique(visits["team"].to_numpy(np.int64), return_inverse=True)
    table = visits.assign(team=number + 1)[VISIT_COLUMNS]
    renamed = Rounds(table, rounds.unserved, rounds.team_days, rounds.drive_s)
    return renamed, base_of[used - 1]
