"""The relay on arrays: from tubes by wave and drives to routes, arrivals and laboratories' days."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._deadline import Deadline
from walkcover._errors import ConservationError, InputError
from walkcover._relay_flow import Assignment, assign
from walkcover._relay_program import Transport
from walkcover._relay_routes import Load, hub_routes, loads_of
from walkcover._relay_trips import (
    Parcel,
    Route,
    arrival_table,
    passed_on,
    quotas,
    timed_route,
    trip_table,
    vans_at_work,
    wave_loads,
)
from walkcover.laboratory_hours import HOUR_S, LaboratoryDay, laboratory_day
from walkcover.plan_operations import RelayOptions
from walkcover.tube_waves import TubeWaves

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MINUTE_S = 60.0
# Iterations of the route search of a hub: what ends it, so that runs repeat.
ITERATIONS, ITERATIONS_PER_STOP = 300, 10
# Part of the time that the exact search of the assignment may take; part that a hub's routes may
# take of what is left, in shares of all hubs that are left.
ASSIGNMENT_SHARE, HUB_SHARES = 0.5, 3.0

log = logging.getLogger("walkcover")


@dataclass(frozen=True)
class TubeRelay:
    """
    A day's relay.

    Parameters
    ----------
    assignment
        Which hub takes whose tubes.
    needed_s
        Seconds from a source's collection to a laboratory at best, shape (n_sources,); inf without
        a road, 0 where the tubes are tested at the source.
    routes
        Collection routes, by hub.
    arrivals
        A row per source, wave, van and laboratory: source, laboratory, wave (from 0), tubes, tests,
        arrive_s (since midnight, unloaded), age_s (of the oldest sample then).
    trips
        A row per trip from a station: station, laboratory, wave, tubes, leave_s, back_s.
    onward_s
        Drive from each station to each laboratory, shape (n_stations, n_laboratories).
    vans
        Vans of each hub at work at once, shape (n_laboratories + n_stations,).
    days
        Each laboratory's day; rows are those of `arrivals`.
    driven_s
        Seconds of driving of all vans on the day.
    """

    assignment: Assignment
    needed_s: Floats
    routes: tuple[Route, ...]
    arrivals: pd.DataFrame
    trips: pd.DataFrame
    onward_s: Floats
    vans: Ints
    days: tuple[LaboratoryDay, ...]
    driven_s: float


def relay_tubes(
    waves: TubeWaves,
    drive_s: npt.ArrayLike,
    tubes_per_day: npt.ArrayLike,
    hours_per_day: npt.ArrayLike,
    *,
    options: RelayOptions,
    own_laboratory: npt.ArrayLike | None = None,
    seed: int = 0,
) -> TubeRelay:
    """
    Bring the tubes of a day to laboratories.

    Vans are at the first stops of their routes when a wave begins. What is ready then goes with
    them; samples that are taken later wait for the next wave. So the oldest sample of a tube is
    older than its time on the way by one interval of the waves.

    Parameters
    ----------
    waves
        What each source has ready for each wave.
    drive_s
        Seconds between sources, laboratories and stations, in this order, shape (n, n); inf
        without a road. They count in whole seconds, rounded up.
    tubes_per_day, hours_per_day
        What each laboratory can test, and in how many hours, shape (n_laboratories,).
    options
        Section ``[relay]`` of a plan.
    own_laboratory
        Laboratory at each source that has one, -1 elsewhere, shape (n_sources,).
    seed
        Start of the random numbers.

    Returns
    -------
    relay
        Every tube that is collected keeps the hold time.

    Raises
    ------
    InputError
        If shapes do not fit, a drive is negative, or a van carries no tube.
    ConservationError
        If tubes were lost on the way.

    References
    ----------
    Assignment by HiGHS (Huangfu & Hall 2018), routes by PyVRP (Wouda, Lan & Kool 2024).

    Examples
    --------
    A site and a laboratory ten minutes away; ten people an hour from eight to ten.

    >>> from walkcover.tube_waves import collection_waves
    >>> day = np.zeros((1, 24))
    >>> day[0, 8:10] = 10.0
    >>> waves = collection_waves(day, every_h=2.0, pooling=10)
    >>> drive = np.array([[0.0, 600.0], [600.0, 0.0]])
    >>> relay = relay_tubes(waves, drive, [100], [24], options=RelayOptions())
    >>> relay.arrivals[["laboratory", "tubes", "arrive_s", "age_s"]].values.tolist()
    [[0.0, 2.0, 37380.0, 8580.0]]
    """
    drive, capacity, hours, own = _checked(
        waves, drive_s, tubes_per_day, hours_per_day, own_laboratory, options
    )
    question = _question(waves, drive, capacity, own, options)
    deadline = Deadline(options.time_limit_s)
    early = deadline.share(ASSIGNMENT_SHARE)
    assignment = assign(question, time_limit_s=early.left_s())
    was_cut = early.passed()
    routes = _routes(waves, drive, assignment, question, options, seed, deadline)
    if was_cut or deadline.passed():
        log.warning(
            "relay: the search was cut off by time_limit_s = %g, and a run may not repeat; raise "
            "it in [relay]",
            options.time_limit_s,
        )
    arrivals, trips = _arrivals(waves, drive, routes, assignment, own, capacity.size, options)
    carried = np.bincount(arrivals["source"], arrivals["tubes"], minlength=own.size)
    expected = np.where((assignment.hub >= 0) | (own >= 0), waves.tubes.sum(axis=1), 0)
    if not np.array_equal(carried.astype(np.int64), expected):
        msg = f"{expected.sum()} tubes are collected, {carried.sum():g} reach laboratories"
        raise ConservationError(msg)
    days = []
    for laboratory in range(capacity.size):
        mine = arrivals["laboratory"].to_numpy() == laboratory
        day = laboratory_day(
            arrivals["arrive_s"][mine],
            arrivals["tubes"][mine],
            arrivals["tests"][mine],
            tubes_per_day=float(capacity[laboratory]),
            hours_per_day=float(hours[laboratory]),
        )
        rows = np.flatnonzero(mine)[day.row]
        days.append(LaboratoryDay(day.arrive_s, day.put_on_s, day.tests, rows, day.closes_s))
    n_hubs = capacity.size + len(question.onward_s)
    vans, driven_s = vans_at_work(
        waves.start_s,
        waves.tubes,
        routes,
        trips,
        capacity.size,
        n_hubs,
        MINUTE_S * options.unload_min,
    )
    needed = np.min(question.needed_s(), axis=1, initial=np.inf)
    return TubeRelay(
        assignment=assignment,
        needed_s=np.where(own >= 0, 0.0, needed),
        routes=routes,
        arrivals=arrivals,
        trips=trips,
        onward_s=question.onward_s,
        vans=vans,
        days=tuple(days),
        driven_s=driven_s,
    )


def _checked(
    waves: TubeWaves,
    drive_s: npt.ArrayLike,
    tubes_per_day: npt.ArrayLike,
    hours_per_day: npt.ArrayLike,
    own_laboratory: npt.ArrayLike | None,
    options: RelayOptions,
) -> tuple[Floats, Floats, Floats, Ints]:
    drive = np.asarray(drive_s, dtype=np.float64)
    capacity = np.asarray(tubes_per_day, dtype=np.float64)
    hours = np.asarray(hours_per_day, dtype=np.float64)
    n = len(waves.tubes)
    own = np.full(n, -1) if own_laboratory is None else np.asarray(own_laboratory, np.int64)
    faults = []
    if drive.ndim != 2 or drive.shape[0] != drive.shape[1] or not (drive >= 0).all():
        faults.append(f"drive_s of shape {drive.shape}: expected a square of seconds from 0")
    elif len(drive) < n + capacity.size:
        faults.append(f"drive_s of {len(drive)} places for {n} sources and {capacity.size} more")
    if capacity.size == 0 or capacity.shape != hours.shape:
        faults.append(f"{capacity.shape} laboratories with {hours.shape} hours: expected some")
    if own.shape != (n,) or not ((own >= -1) & (own < capacity.size)).all():
        faults.append("own_laboratory: expected a laboratory or -1 for each source")
    if options.vehicle_tubes < 1 or options.dispatch_tubes < 1:
        faults.append("a van, or a batch of a station, holds no tube: expected one at least")
    if faults:
        msg = "the relay cannot be planned:\n" + "\n".join(f"  {fault}" for fault in faults)
        raise InputError(msg)
    return np.ceil(drive - 1e-9), capacity, hours, own


def _question(
    waves: TubeWaves, drive: Floats, capacity: Floats, own: Ints, options: RelayOptions
) -> Transport:
    """Ask who takes whose tubes; sources with a laboratory of their own have taken its room."""
    n, n_lab = len(waves.tubes), capacity.size
    total = waves.tubes.sum(axis=1)
    room = np.floor(capacity + 1e-9).astype(np.int64)
    room -= np.bincount(own[own >= 0], total[own >= 0], minlength=n_lab).astype(np.int64)
    tubes = np.where(own >= 0, 0, total)
    within_s = HOUR_S * (options.hold_h - options.collect_every_h)
    stop_s, unload_s = MINUTE_S * options.stop_min, MINUTE_S * options.unload_min
    asked = np.flatnonzero(tubes > 0)
    wave = waves.tubes[asked].sum(axis=0).max(initial=0)
    # How many stops fit a collection, from drives between neighbours: what a van brings home.
    between = drive[np.ix_(asked, asked)].copy()
    np.fill_diagonal(between, np.inf)
    nearest = between.min(axis=1, initial=np.inf)
    hop_s = float(np.median(nearest[np.isfinite(nearest)])) if np.isfinite(nearest).any() else 0.0
    stops = max(1, math.floor((within_s - unload_s) / max(stop_s + hop_s, 1.0)))
    collected = min(options.vehicle_tubes, max(1.0, stops * wave / max(1, asked.size)), wave)
    return Transport(
        tubes=tubes,
        to_hub_s=drive[:n, n:],
        onward_s=drive[n + n_lab :, n : n + n_lab],
        room=np.maximum(room, 0),
        within_s=within_s,
        stop_s=stop_s,
        unload_s=unload_s,
        collection_tubes=max(1.0, float(collected)),
        transfer_tubes=max(1.0, min(options.dispatch_tubes, options.vehicle_tubes, float(wave))),
    )


def _routes(
    waves: TubeWaves,
    drive: Floats,
    assignment: Assignment,
    question: Transport,
    options: RelayOptions,
    seed: int,
    deadline: Deadline,
) -> tuple[Route, ...]:
    """Route the vans of each hub."""
    n, n_lab = len(waves.tubes), question.n_laboratories
    most = waves.tubes.max(axis=1, initial=0)
    van = math.floor(options.vehicle_tubes)
    hubs = np.unique(assignment.hub[assignment.hub >= 0])
    found: list[Route] = []
    for number, hub in enumerate(hubs.tolist()):
        mine = np.flatnonzero(assignment.hub == hub)
        loads: list[Load] = []
        for source in mine.tolist():
            loads += loads_of(source, int(most[source]), van)
        rows = np.array([n + hub, *(load.source for load in loads)])
        here = drive[np.ix_(rows, rows)]
        within_s = question.within_s - question.unload_s
        if hub >= n_lab:
            used = assignment.passed[hub - n_lab] > 0
            far_s = float(question.onward_s[hub - n_lab][used].max())
            within_s -= far_s + question.unload_s
        orders = hub_routes(
            [load.share(int(most[load.source])) for load in loads],
            here,
            collect_within_s=within_s,
            home_within_s=HOUR_S * options.collect_every_h - question.unload_s,
            stop_s=question.stop_s,
            van_tubes=van,
            iterations=ITERATIONS + ITERATIONS_PER_STOP * len(loads),
            time_limit_s=HUB_SHARES * deadline.left_s() / (hubs.size - number),
            seed=seed,
        )
        for order in orders:
            places = np.array([0, *(k + 1 for k in order)])
            found.append(
                timed_route(
                    hub,
                    [loads[k] for k in order],
                    here[np.ix_(places, places)],
                    stop_s=question.stop_s,
                    unload_s=question.unload_s,
                )
            )
    return tuple(found)


def _arrivals(
    waves: TubeWaves,
    drive: Floats,
    routes: Sequence[Route],
    assignment: Assignment,
    own: Ints,
    n_lab: int,
    options: RelayOptions,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Drive every wave: what reaches which laboratory when, and the trips from stations."""
    n = len(waves.tubes)
    starts, before_s = waves.start_s, HOUR_S * waves.every_h
    rows: list[tuple[float, ...]] = []
    trips: list[tuple[float, ...]] = []
    for source in np.flatnonzero(own >= 0).tolist():
        for wave in np.flatnonzero(waves.tubes[source]).tolist():
            tubes, tests = int(waves.tubes[source, wave]), float(waves.tests[source, wave])
            rows.append((source, own[source], wave, tubes, tests, starts[wave], before_s))
    n_station = len(assignment.passed)
    at_station: list[list[list[Parcel]]] = [[[] for _ in starts] for _ in range(n_station)]
    for route in routes:
        for wave, start_s in enumerate(starts.tolist()):
            there = start_s + route.home_s
            for source, tubes, tests in wave_loads(
                route, waves.tubes[:, wave], waves.tests[:, wave]
            ):
                if route.hub < n_lab:
                    age_s = before_s + route.home_s
                    rows.append((source, route.hub, wave, tubes, tests, there, age_s))
                else:
                    parcel = Parcel(source, tubes, tests, there)
                    at_station[route.hub - n_lab][wave].append(parcel)
    for station, parcels in enumerate(at_station):
        place, laboratories = n + n_lab + station, slice(n, n + n_lab)
        brought = [sum(parcel.tubes for parcel in part) for part in parcels]
        share = quotas(brought, assignment.passed[station])
        for wave, part in enumerate(parcels):
            here, driven = passed_on(
                part,
                station,
                wave,
                share[wave],
                drive[place, laboratories],
                drive[laboratories, place],
                began_s=float(starts[wave]) - before_s,
                trip_tubes=math.floor(min(options.dispatch_tubes, options.vehicle_tubes)),
                unload_s=MINUTE_S * options.unload_min,
            )
            rows += here
            trips += driven
    return arrival_table(rows), trip_table(trips)
