"""Tubes on their way: what each van brings when, from sites to hubs and on to laboratories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._relay_routes import Load

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ARRIVAL_COLUMNS = ["source", "laboratory", "wave", "tubes", "tests", "arrive_s", "age_s"]
TRIP_COLUMNS = ["station", "laboratory", "wave", "tubes", "leave_s", "back_s"]


@dataclass(frozen=True)
class Route:
    """
    One van's round, the same in every wave in which it has a tube to fetch.

    Parameters
    ----------
    hub
        Where it begins and ends, laboratories before stations.
    loads
        What it takes, in order.
    arrive_s
        When it is at each stop, since the wave began: 0 at the first.
    out_s
        Drive from the hub to the first stop, before the wave begins.
    drive_s
        All drives.
    home_s
        When it is unloaded at the hub, since the wave began.
    """

    hub: int
    loads: tuple[Load, ...]
    arrive_s: tuple[float, ...]
    out_s: float
    drive_s: float
    home_s: float


@dataclass(frozen=True)
class Parcel:
    """Tubes of a source in a wave, ready at a station at a time."""

    source: int
    tubes: int
    tests: float
    ready_s: float


def timed_route(
    hub: int, loads: Sequence[Load], drive_s: Floats, *, stop_s: float, unload_s: float
) -> Route:
    """
    Time a route.

    Parameters
    ----------
    hub
        Number of the hub.
    loads
        What it takes, in order.
    drive_s
        Seconds between the hub, row 0, and the stops in their order, shape (n + 1, n + 1).
    stop_s, unload_s
        Seconds at a stop, and at the hub in the end.

    Returns
    -------
    route
        With its times.
    """
    n = len(loads)
    legs = [float(drive_s[k, k + 1]) for k in range(n)]
    home = float(drive_s[n, 0])
    arrive = np.concatenate([[0.0], np.cumsum(np.array(legs[1:]) + stop_s)])
    return Route(
        hub=hub,
        loads=tuple(loads),
        arrive_s=tuple(arrive.tolist()),
        out_s=legs[0],
        drive_s=sum(legs) + home,
        home_s=float(arrive[-1]) + stop_s + home + unload_s,
    )


def wave_loads(route: Route, tubes: Ints, tests: Floats) -> list[tuple[int, int, float]]:
    """Source, tubes and tests of each stop with any tube, where sources have so many in a wave."""
    rows = []
    for load in route.loads:
        whole = int(tubes[load.source])
        here = load.share(whole)
        if here:
            rows.append((load.source, here, float(tests[load.source]) * here / whole))
    return rows


def quotas(brought: npt.ArrayLike, wanted: npt.ArrayLike) -> Ints:
    """
    Split what each wave brings to a station among its laboratories, in whole tubes.

    Every wave is split as the day is, as nearly as whole tubes allow.

    Parameters
    ----------
    brought
        Tubes of each wave, shape (n_waves,).
    wanted
        Tubes of each laboratory on the day, shape (n_laboratories,), as many in all.

    Returns
    -------
    quotas
        Tubes, shape (n_waves, n_laboratories), with both as sums.

    Examples
    --------
    >>> quotas([5, 5], [7, 3]).tolist()
    [[4, 1], [3, 2]]
    """
    waves, whole = np.asarray(brought, dtype=np.int64), np.asarray(wanted, dtype=np.int64)
    given = np.zeros((waves.size, whole.size), dtype=np.int64)
    left, upto, total = whole.copy(), 0, int(whole.sum())
    for wave, amount in enumerate(waves.tolist()):
        upto += amount
        owed = np.clip(whole * (upto / total if total else 0.0) - (whole - left), 0, left)
        now = np.floor(owed).astype(np.int64)
        spare = amount - int(now.sum())
        for laboratory in np.argsort(now - owed, kind="stable"):
            more = min(max(spare, 0), int(left[laboratory] - now[laboratory]))
            # One each first, by what is owed most; the rest where there is room.
            step = min(more, 1)
            now[laboratory] += step
            spare -= step
        for laboratory in range(whole.size):
            more = min(max(spare, 0), int(left[laboratory] - now[laboratory]))
            now[laboratory] += more
            spare -= more
        for laboratory in np.argsort(owed - now, kind="stable"):
            less = min(max(-spare, 0), int(now[laboratory]))
            now[laboratory] -= less
            spare += less
        given[wave], left = now, left - now
    return given


def passed_on(
    parcels: Iterable[Parcel],
    station: int,
    wave: int,
    quota: Ints,
    onward_s: Floats,
    home_s: Floats,
    *,
    began_s: float,
    trip_tubes: int,
    unload_s: float,
) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    """
    Pass on what a wave brings to a station.

    What comes first goes to the laboratory farthest away. A van leaves when it is full, or when
    all that the wave has for its laboratory is there.

    Parameters
    ----------
    parcels
        What comes, in any order.
    station, wave
        Their numbers.
    quota
        Tubes for each laboratory, shape (n_laboratories,).
    onward_s, home_s
        Drives to each laboratory, and from there.
    began_s
        When the oldest sample may have been taken.
    trip_tubes
        Tubes of a full van.
    unload_s
        Seconds at the laboratory.

    Returns
    -------
    arrivals, trips
        Rows of `ARRIVAL_COLUMNS` and of `TRIP_COLUMNS`.
    """
    queue = sorted(parcels, key=lambda parcel: (parcel.ready_s, parcel.source))
    rows: list[tuple[float, ...]] = []
    trips: list[tuple[float, ...]] = []
    at, used = 0, 0
    goals = [int(k) for k in np.argsort(-onward_s, kind="stable") if quota[k] > 0]
    for laboratory in goals:
        left = int(quota[laboratory])
        while left:
            size = min(left, trip_tubes)
            taken: list[tuple[int, int, float]] = []
            want, leave = size, began_s
            while want:
                parcel = queue[at]
                here = min(want, parcel.tubes - used)
                taken.append((parcel.source, here, parcel.tests * here / parcel.tubes))
                leave = max(leave, parcel.ready_s)
                want, used = want - here, used + here
                if used == parcel.tubes:
                    at, used = at + 1, 0
            there = leave + float(onward_s[laboratory]) + unload_s
            rows += [
                (source, laboratory, wave, tubes, tests, there, there - began_s)
                for source, tubes, tests in taken
            ]
            back = there + float(home_s[laboratory])
            trips.append((station, laboratory, wave, size, leave, back))
            left -= size
    return rows, trips


def most_at_once(begin: npt.ArrayLike, end: npt.ArrayLike) -> int:
    """
    Vans that are needed where each work begins and ends at such times; one may follow another.

    Examples
    --------
    >>> most_at_once([0, 0, 5], [5, 9, 8])
    2
    """
    begins, ends = np.asarray(begin, dtype=np.float64), np.asarray(end, dtype=np.float64)
    times = np.concatenate([begins, ends])
    change = np.repeat([1, -1], [begins.size, ends.size])
    order = np.lexsort([change, times])
    return int(np.cumsum(change[order]).max(initial=0))


def arrival_table(rows: Sequence[tuple[float, ...]]) -> pd.DataFrame:
    """Arrivals at laboratories as a table, in order of source, wave and time."""
    table = pd.DataFrame(rows, columns=ARRIVAL_COLUMNS)
    whole = {"source": np.int64, "laboratory": np.int64, "wave": np.int64, "tubes": np.int64}
    table = table.astype(whole | {"tests": float, "arrive_s": float, "age_s": float})
    keys = ["source", "wave", "arrive_s", "laboratory"]
    return table.sort_values(keys, kind="stable").reset_index(drop=True)


def trip_table(rows: Sequence[tuple[float, ...]]) -> pd.DataFrame:
    """Trips from stations as a table, in the order in which they are driven."""
    table = pd.DataFrame(rows, columns=TRIP_COLUMNS)
    whole = {"station": np.int64, "laboratory": np.int64, "wave": np.int64, "tubes": np.int64}
    return table.astype(whole | {"leave_s": float, "back_s": float})


def vans_at_work(
    starts_s: Floats,
    tubes: Ints,
    routes: Sequence[Route],
    trips: pd.DataFrame,
    n_lab: int,
    n_hubs: int,
    unload_s: float,
) -> tuple[Ints, float]:
    """
    Count the vans of each hub that are at work at once.

    Parameters
    ----------
    starts_s
        When each wave begins, since midnight.
    tubes
        Tubes of each source and wave.
    routes
        Collection routes; those without a tube in a wave are not driven.
    trips
        Trips from stations, with the columns `TRIP_COLUMNS`.
    n_lab, n_hubs
        Number of laboratories, and of laboratories and stations.
    unload_s
        Seconds at a laboratory.

    Returns
    -------
    vans, driven_s
        Vans, shape (n_hubs,), and seconds of driving of all in all.
    """
    begin: list[list[float]] = [[] for _ in range(n_hubs)]
    end: list[list[float]] = [[] for _ in range(n_hubs)]
    driven_s = 0.0
    for route in routes:
        sources = np.array([load.source for load in route.loads])
        for start_s in starts_s[tubes[sources].sum(axis=0) > 0].tolist():
            begin[route.hub].append(start_s - route.out_s)
            end[route.hub].append(start_s + route.home_s)
            driven_s += route.drive_s
    for trip in trips.itertuples():
        begin[n_lab + trip.station].append(trip.leave_s)
        end[n_lab + trip.station].append(trip.back_s)
        driven_s += trip.back_s - trip.leave_s - unload_s
    vans = [most_at_once(*times) for times in zip(begin, end, strict=True)]
    return np.array(vans, dtype=np.int64), driven_s
