"""Relay: how the tubes of sites and teams reach laboratories, and when results come."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._errors import InputError
from walkcover._relay_summary import Places
from walkcover._relay_tables import relay_plan
from walkcover.operations import Demand, RelayPlan, RoundPlan
from walkcover.plan import Plan
from walkcover.plan_operations import ITSELF
from walkcover.roads import Roads, drive_matrix, road_joins
from walkcover.tube_relay import relay_tubes
from walkcover.tube_waves import TubeWaves, brought_in, collection_waves, tubes_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HOUR_S = 3600.0
HOURS = 24
# Ids that a message names.
SHOWN_IDS = 5
SITE, BASE = "site", "base"
SOURCE_COLUMNS = ["source_id", "name", "kind", "geometry"]

log = logging.getLogger("walkcover")


def plan_relay(
    demand: Demand,
    rounds: RoundPlan | None,
    roads: Roads,
    laboratories: gpd.GeoDataFrame,
    stations: gpd.GeoDataFrame,
    *,
    plan: Plan,
    seed: int = 0,
) -> RelayPlan:
    """
    Plan how tubes reach laboratories on the busiest day of the week.

    Sites are collected in waves, `collect_every_h` apart, by the same routes each time; vans are
    at their first stops when a wave begins. They unload at a laboratory, or at a station that
    passes on what the wave brings. Every tube is unloaded at a laboratory within `hold_h` of its
    first sample; whose tubes cannot be is listed as late. Where laboratories cannot test all, the
    tubes go there nevertheless, and who waits is told hour by hour.

    Parameters
    ----------
    demand
        Who is tested where, by hour.
    rounds
        Rounds of teams, whose tubes are collected from their bases after the shift; those of the
        day with most tests. None where there are none.
    roads
        What vans drive on.
    laboratories
        As `walkcover.daily_tables.check_laboratories` gives them.
    stations
        As `walkcover.daily_tables.check_stations` gives them; perhaps without a row.
    plan
        The plan.
    seed
        Start of the random numbers of the route search.

    Returns
    -------
    relay
        All tubes are in one of its tables: carried, tested where they are taken, or late.

    Raises
    ------
    InputError
        If there is no laboratory, or a van carries no tube.
    """
    if laboratories.empty:
        msg = "no laboratory: name at least one in the file of [laboratories]"
        raise InputError(msg)
    options = plan.relay
    taken = _taken(demand, rounds, plan)
    itself = _tested_where_taken(demand, options.pooling)
    own = _own_laboratories(taken.places, laboratories)
    tables = (taken.places, laboratories, stations)
    points = np.concatenate([_points(table) for table in tables])
    joins = road_joins(points, roads)
    _name_the_unjoined(joins.snap_m, tables, roads.snap_limit_m)
    relay = relay_tubes(
        taken.waves,
        drive_matrix(joins, joins, roads),
        _capacity(laboratories, options.tubes_per_staff_day),
        laboratories["hours_per_day"].to_numpy(np.float64),
        options=options,
        own_laboratory=own,
        seed=seed,
    )
    places = Places(
        sources=taken.places,
        itself=itself,
        laboratories=laboratories.assign(
            capacity=_capacity(laboratories, options.tubes_per_staff_day)
        ),
        stations=stations,
        points=points,
        own=own,
    )
    return relay_plan(relay, taken.waves, places, joins, roads, options=options)


@dataclass(frozen=True)
class _Taken:
    """Sources of tubes, and what each has ready wave by wave."""

    places: gpd.GeoDataFrame
    waves: TubeWaves


def _taken(demand: Demand, rounds: RoundPlan | None, plan: Plan) -> _Taken:
    """Tubes of sites by the hour, and those that teams bring to bases."""
    sites = demand.sites.reset_index(drop=True)
    hours = np.zeros((len(sites), HOURS))
    row = pd.Index(sites["site_id"]).get_indexer(demand.site_hours["site_id"])
    np.add.at(
        hours,
        (row, demand.site_hours["hour"].to_numpy(np.int64)),
        demand.site_hours["tests"].to_numpy(np.float64),
    )
    gives = hours.sum(axis=1) > 0
    sites, hours = sites[gives].reset_index(drop=True), hours[gives]
    named = pd.DataFrame({"source_id": sites["site_id"], "name": sites["name"], "kind": SITE})
    places = gpd.GeoDataFrame(named, geometry=sites.geometry.to_numpy(), crs=4326)
    teams = _team_days(rounds, plan)
    waves = collection_waves(
        hours,
        every_h=plan.relay.collect_every_h,
        pooling=plan.relay.pooling,
        brought_h=teams["back_h"].to_numpy(np.float64),
    )
    if rounds is None or teams.empty:
        return _Taken(places, waves)
    bases = rounds.bases[rounds.bases["base_id"].isin(teams["base_id"])].reset_index(drop=True)
    tests, tubes = brought_in(
        waves,
        pd.Index(bases["base_id"]).get_indexer(teams["base_id"]),
        teams["back_h"].to_numpy(np.float64),
        teams["tests"].to_numpy(np.float64),
        teams["tubes"].to_numpy(np.int64),
        len(bases),
    )
    named = pd.DataFrame({"source_id": bases["base_id"], "name": bases["name"], "kind": BASE})
    more = gpd.GeoDataFrame(named, geometry=bases.geometry.to_numpy(), crs=4326)
    waves = TubeWaves(
        waves.opens_h,
        waves.every_h,
        np.vstack([waves.tests, tests]),
        np.vstack([waves.tubes, tubes]),
    )
    both = pd.concat([places, more], ignore_index=True) if len(places) else more
    return _Taken(gpd.GeoDataFrame(both, geometry="geometry", crs=4326), waves)


def _team_days(rounds: RoundPlan | None, plan: Plan) -> pd.DataFrame:
    """Base, hour of coming back, tests and tubes of each team on the day with most tests."""
    columns = ["base_id", "back_h", "tests", "tubes"]
    if rounds is None or rounds.days.empty:
        return pd.DataFrame({name: [] for name in columns})
    days = pd.DataFrame(rounds.days.drop(columns="geometry"))
    by_day = days.groupby("day")["tests"].sum()
    busiest = days[days["day"] == by_day.idxmax()]
    visits = rounds.visits.assign(tubes=tubes_of(rounds.visits["tests"], plan.relay.pooling))
    # A tube is not shared by two stops.
    tubes = visits.groupby(["team", "day"])["tubes"].sum()
    keys = pd.MultiIndex.from_frame(busiest[["team", "day"]])
    return pd.DataFrame(
        {
            "base_id": busiest["base_id"].to_numpy(),
            "back_h": plan.rounds.starts + busiest["back_s"].to_numpy(np.float64) / HOUR_S,
            "tests": busiest["tests"].to_numpy(np.float64),
            "tubes": tubes.reindex(keys).to_numpy(),
        }
    )


def _tested_where_taken(demand: Demand, pooling: int) -> gpd.GeoDataFrame:
    """Institutions that test their own samples, with tests and tubes of the busiest day."""
    services = demand.services
    own = services[(services["service"] == ITSELF) & (services["tests"] > 0)]
    summary = demand.summary
    whole = float(summary["tests_per_interval"])
    per_day = float(summary["busiest_day_tests"]) / whole if whole > 0 else 0.0
    tests = own["tests"].to_numpy(np.float64) * per_day
    named = {
        "source_id": own["place_id"].to_numpy(),
        "name": own["name"].to_numpy(),
        "kind": ITSELF,
        "tests": tests,
        "tubes": tubes_of(tests, pooling),
    }
    return gpd.GeoDataFrame(named, geometry=own.geometry.to_numpy(), crs=4326)


def _own_laboratories(sources: gpd.GeoDataFrame, laboratories: gpd.GeoDataFrame) -> Ints:
    """Laboratory at each site that has one, -1 elsewhere."""
    own = np.full(len(sources), -1)
    is_site = (sources["kind"] == SITE).to_numpy()
    row_of = {key: k for k, key in enumerate(sources["source_id"]) if is_site[k]}
    named = laboratories["site_id"].to_numpy(object)
    row = np.array([row_of.get(key, -1) for key in named])
    lost = laboratories["laboratory_id"][(named != "") & (row < 0)].tolist()
    if lost:
        log.warning(
            "laboratories at sites that take no tests on this day: %d (%s); correct or empty "
            "their site_id",
            len(lost),
            ", ".join(lost[:SHOWN_IDS]),
        )
    own[row[row >= 0]] = np.flatnonzero(row >= 0)
    return own


def _capacity(laboratories: gpd.GeoDataFrame, tubes_per_staff_day: float) -> Floats:
    """Tubes that each laboratory can test on a day: what its machines and its staff can."""
    tubes: Floats = laboratories["tubes_per_day"].to_numpy(np.float64)
    if not tubes_per_staff_day > 0:
        return tubes
    staff = laboratories["staff"].to_numpy(np.float64)
    least: Floats = np.where(np.isnan(staff), tubes, np.minimum(tubes, staff * tubes_per_staff_day))
    return least


def _points(table: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """A point for each row."""
    return np.asarray(table.geometry.representative_point(), dtype=object)


def _name_the_unjoined(
    snap_m: Floats, tables: tuple[gpd.GeoDataFrame, ...], limit_m: float
) -> None:
    """Warn of laboratories and stations that no van reaches; sources are listed as late."""
    start = len(tables[0])
    for table, key, what in zip(
        tables[1:], ("laboratory_id", "station_id"), ("laboratories", "stations"), strict=True
    ):
        off = np.isnan(snap_m[start : start + len(table)])
        start += len(table)
        if off.any():
            log.warning(
                "%s without a road within %g m: %d (%s); nothing is brought there; correct "
                "their coordinates or raise [roads] snap_limit_m",
                what,
                limit_m,
                off.sum(),
                ", ".join(table[key][off].tolist()[:SHOWN_IDS]),
            )
