"""The tables of a relay plan."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from walkcover._laboratory_figures import laboratory_figures
from walkcover._relay_summary import (
    Places,
    carried_tubes,
    is_collected,
    relay_summary,
)
from walkcover._relay_trips import Route, wave_loads
from walkcover.joins import Joins
from walkcover.laboratory_hours import HOUR_S, SHOWN_HOURS
from walkcover.operations import RelayPlan
from walkcover.plan_operations import RelayOptions
from walkcover.roads import Roads, drive_lines
from walkcover.tube_relay import TubeRelay
from walkcover.tube_waves import TubeWaves

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NO_ROAD, TOO_FAR, NO_ROOM = "no_road", "too_far", "no_room"


def relay_plan(
    relay: TubeRelay,
    waves: TubeWaves,
    places: Places,
    joins: Joins,
    roads: Roads,
    *,
    options: RelayOptions,
) -> RelayPlan:
    """
    Write a day's relay as tables.

    Parameters
    ----------
    relay
        The relay on arrays.
    waves
        What each source has ready for each wave.
    places
        Who takes part.
    joins
        Where sources, laboratories and stations join the roads.
    roads
        The roads.
    options
        Section ``[relay]`` of the plan.

    Returns
    -------
    plan
        The tables of `walkcover.operations.RelayPlan`.
    """
    sources = _sources(relay, waves, places)
    routes, stops = _routes(relay, waves, places, sources, joins, roads, options)
    laboratories, hours = _laboratories(relay, places, options)
    platform = hours.groupby("hour")["results"].sum()
    last = max(SHOWN_HOURS, int(hours["hour"].max()) + 1 if len(hours) else 0)
    platform = platform.reindex(range(last), fill_value=0.0).rename_axis("hour").reset_index()
    transfers = _transfers(relay, places, joins, roads)
    plan = RelayPlan(
        sources=sources,
        hubs=_hubs(relay, places, sources),
        transfers=transfers,
        routes=routes,
        route_stops=stops,
        waves=pd.DataFrame(
            {
                "wave": np.arange(1, waves.tubes.shape[1] + 1),
                "start_h": waves.start_h,
                "tubes": carried_tubes(relay, waves, places).sum(axis=0),
            }
        ),
        laboratories=laboratories,
        laboratory_hours=hours,
        platform=platform,
        late=_late(relay, waves, places, options),
        summary={},
    )
    plan.summary.update(relay_summary(plan, relay, waves, places, options))
    return plan


def _table(columns: dict[str, Any], points: Iterable[Any]) -> gpd.GeoDataFrame:
    geometry = gpd.GeoSeries(list(points), crs=4326)
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=4326)


def _sources(relay: TubeRelay, waves: TubeWaves, places: Places) -> gpd.GeoDataFrame:
    names = places.hub_names()
    hub = np.where(places.own >= 0, places.own, relay.assignment.hub)
    ids, kinds = (np.append(names[column].to_numpy(object), "") for column in ("hub_id", "kind"))
    n = len(places.sources)
    route = np.zeros(n, dtype=np.int64)
    for number, one in reversed([*enumerate(relay.routes, start=1)]):
        route[[load.source for load in one.loads]] = number
    oldest = np.full(n, np.nan)
    ages = relay.arrivals.groupby("source")["age_s"].max()
    oldest[ages.index] = ages
    own = places.itself
    k = len(own)
    given = places.sources
    columns = {
        "source_id": np.append(given["source_id"].to_numpy(object), own["source_id"]),
        "name": np.append(given["name"].to_numpy(object), own["name"]),
        "kind": np.append(given["kind"].to_numpy(object), own["kind"]),
        "tubes": np.append(waves.tubes.sum(axis=1), own["tubes"]).astype(np.int64),
        "tubes_wave": np.append(waves.tubes.max(axis=1, initial=0), np.zeros(k)).astype(np.int64),
        "hub_id": np.append(ids[hub], [""] * k),
        "hub_kind": np.append(kinds[hub], [""] * k),
        "route": np.append(route, np.zeros(k)).astype(np.int64),
        "oldest_s": np.append(oldest, np.full(k, np.nan)),
    }
    points = [*places.points[:n], *own.geometry]
    return _table(columns, points)


def _hubs(relay: TubeRelay, places: Places, sources: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    names = places.hub_names()
    n = len(places.sources)
    hub = np.where(places.own >= 0, places.own, relay.assignment.hub)
    used = np.unique(hub[hub >= 0])
    tubes = sources["tubes"].to_numpy()[:n]
    columns = {
        **{key: names[key].to_numpy(object)[used] for key in ("hub_id", "name", "kind")},
        "sources": np.bincount(hub[hub >= 0], minlength=len(names))[used],
        "tubes": np.bincount(hub[hub >= 0], tubes[hub >= 0], len(names))[used].astype(np.int64),
        "vehicles": relay.vans[used],
    }
    return _table(columns, places.points[n + used])


def _transfers(relay: TubeRelay, places: Places, joins: Joins, roads: Roads) -> gpd.GeoDataFrame:
    n, n_lab = len(places.sources), len(places.laboratories)
    station, laboratory = np.nonzero(relay.assignment.passed)
    by_pair = relay.trips.groupby(["station", "laboratory"])
    pairs = pd.MultiIndex.from_arrays([station, laboratory])
    begin, end = n + n_lab + station, n + laboratory
    columns = {
        "station_id": places.stations["station_id"].to_numpy(object)[station],
        "laboratory_id": places.laboratories["laboratory_id"].to_numpy(object)[laboratory],
        "tubes": relay.assignment.passed[station, laboratory],
        "trips": by_pair.size().reindex(pairs).to_numpy(),
        "drive_s": relay.onward_s[station, laboratory],
    }
    return _table(columns, drive_lines(joins, begin, end, roads))


def _routes(
    relay: TubeRelay,
    waves: TubeWaves,
    places: Places,
    sources: gpd.GeoDataFrame,
    joins: Joins,
    roads: Roads,
    options: RelayOptions,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    hubs = places.hub_names()["hub_id"].to_numpy(object)
    oldest = sources["oldest_s"].to_numpy()
    most = waves.tubes.max(axis=1, initial=0)
    rows, stops = [], []
    for number, route in enumerate(relay.routes, start=1):
        by_wave = [
            sum(tubes for _, tubes, _ in wave_loads(route, waves.tubes[:, k], waves.tests[:, k]))
            for k in range(waves.tubes.shape[1])
        ]
        rows.append(
            {
                "route": number,
                "hub_id": hubs[route.hub],
                "stops": len(route.loads),
                "tubes": sum(by_wave),
                "tubes_wave": max(by_wave),
                "vehicle_share": max(by_wave) / math.floor(options.vehicle_tubes),
                "drive_s": route.drive_s,
                "length_s": route.out_s + route.home_s,
                "oldest_s": float(oldest[[load.source for load in route.loads]].max()),
            }
        )
        for order, (load, arrive_s) in enumerate(
            zip(route.loads, route.arrive_s, strict=True), start=1
        ):
            stops.append(
                {
                    "route": number,
                    "order": order,
                    "source_id": sources["source_id"].iat[load.source],
                    "name": sources["name"].iat[load.source],
                    "tubes_wave": load.share(int(most[load.source])),
                    "arrive_s": arrive_s,
                }
            )
    names = ("route", "hub_id", "stops", "tubes", "tubes_wave", "vehicle_share")
    columns = [*names, "drive_s", "length_s", "oldest_s"]
    table = pd.DataFrame(rows, columns=columns)
    lines = _route_lines(relay.routes, len(places.sources), joins, roads)
    stop_columns = ["route", "order", "source_id", "name", "tubes_wave", "arrive_s"]
    return (
        gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(lines, crs=4326), crs=4326),
        pd.DataFrame(stops, columns=stop_columns),
    )


def _route_lines(
    routes: Sequence[Route], n_sources: int, joins: Joins, roads: Roads
) -> list[shapely.LineString]:
    """Draw each route from its hub over the stops and back."""
    if not routes:
        return []
    tours = [
        [n_sources + route.hub, *(load.source for load in route.loads), n_sources + route.hub]
        for route in routes
    ]
    begin = np.concatenate([tour[:-1] for tour in tours])
    end = np.concatenate([tour[1:] for tour in tours])
    legs = drive_lines(joins, begin, end, roads)
    lines, at = [], 0
    for tour in tours:
        points = shapely.get_coordinates(legs[at : at + len(tour) - 1])
        at += len(tour) - 1
        moves = np.append(True, (points[1:] != points[:-1]).any(axis=1))
        drawn = points[moves]
        lines.append(shapely.LineString(drawn if len(drawn) > 1 else points[:2]))
    return lines


def _laboratories(
    relay: TubeRelay, places: Places, options: RelayOptions
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    given = places.laboratories
    rows, hours = [], []
    for number, day in enumerate(relay.days):
        row, table = laboratory_figures(day, float(given["capacity"].iat[number]), options)
        rows.append(row)
        table.insert(0, "laboratory_id", given["laboratory_id"].iat[number])
        hours.append(table)
    figures = pd.DataFrame(rows)
    columns = {
        **{key: given[key].to_numpy(object) for key in ("laboratory_id", "name")},
        "capacity": given["capacity"].to_numpy(np.float64),
        "staff": given["staff"].to_numpy(np.float64),
        **{key: figures[key].to_numpy() for key in figures.columns},
    }
    n = len(places.sources)
    points = places.points[n : n + len(given)]
    return _table(columns, points), pd.concat(hours, ignore_index=True)


def _late(
    relay: TubeRelay, waves: TubeWaves, places: Places, options: RelayOptions
) -> pd.DataFrame:
    """Sources that nothing collects in time, and those whose tubes are left at a laboratory."""
    total = waves.tubes.sum(axis=1)
    left = np.zeros(len(total), dtype=np.int64)
    for day in relay.days:
        source = relay.arrivals["source"].to_numpy()[day.row[day.is_left]]
        left += np.bincount(source, minlength=len(total))
    is_late = ~is_collected(relay, places) & (total > 0)
    rows = np.flatnonzero(is_late | (left > 0))
    far = np.isfinite(relay.needed_s)
    reason = np.select([is_late & ~far, is_late], [NO_ROAD, TOO_FAR], NO_ROOM)
    needed_h = options.collect_every_h + relay.needed_s / HOUR_S
    return pd.DataFrame(
        {
            "source_id": places.sources["source_id"].to_numpy(object)[rows],
            "name": places.sources["name"].to_numpy(object)[rows],
            "tubes": total[rows],
            "reason": reason[rows].astype(object),
            "needed_h": np.where(is_late & far, needed_h, np.nan)[rows],
            "short_tubes": left[rows],
        }
    )
