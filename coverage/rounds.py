"""Rounds of roving teams: who drives where on which day, so that every stop is served once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._errors import InputError
from walkcover._routes import Part, Team, best_routes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Iterations of the route search: what ends it, so that runs repeat. Seconds are a safety stop.
ITERATIONS, TIME_LIMIT_S = 4_000, 60.0
# Why a stop, or a part of it, is left out.
NO_ROAD, TOO_FAR, NO_TIME = "no_road", "too_far", "no_time"
VISIT_COLUMNS = ["team", "day", "order", "stop", "tests", "arrive_s", "leave_s", "drive_s"]


@dataclass(frozen=True)
class Rounds:
    """
    A plan for one testing interval.

    Parameters
    ----------
    visits
        A row per visit: team and day from 1, order within the day from 1, stop (row of the
        stops), tests, arrive_s and leave_s after the shift began, drive_s from the place before.
    unserved
        A row per stop with tests that nobody takes: stop, tests, reason (``no_road``,
        ``too_far``: the drive out and home leaves no time for a test, ``no_time``: all shifts are
        full), short_s (seconds by which the longest shift is too short, else 0).
    team_days
        Days of teams that are used.
    drive_s
        Seconds of driving in all, ways home included.
    """

    visits: pd.DataFrame
    unserved: pd.DataFrame
    team_days: int
    drive_s: float


def plan_rounds(
    tests: npt.ArrayLike,
    stop: npt.ArrayLike,
    drive_s: npt.ArrayLike,
    teams: Sequence[Team],
    *,
    iterations: int = ITERATIONS,
    time_limit_s: float = TIME_LIMIT_S,
    seed: int = 0,
) -> Rounds:
    """
    Plan the rounds of teams: most tests first, then fewest days, then shortest drives.

    A stop with more tests than a team can take on a day is visited several times.

    Parameters
    ----------
    tests
        Tests of each stop in the interval, shape (n_stops,).
    stop
        Place of each stop: its row of the drive times, shape (n_stops,).
    drive_s
        Seconds from place to place, bases among them, shape (n_places, n_places); inf without a
        road.
    teams
        The teams.
    iterations, time_limit_s
        What ends the search; with the same iterations a run repeats, unless the time ends it.
    seed
        Of the random numbers.

    Returns
    -------
    rounds
        No shift is overrun and no vehicle overloaded.

    Raises
    ------
    InputError
        If a number is negative or none, a place is out of range, or there is no team.

    References
    ----------
    Routes by PyVRP: Wouda, Lan & Kool (2024), INFORMS Journal on Computing 36(4).

    Examples
    --------
    Two villages a quarter of an hour from the base, and half an hour apart: out, on and home.

    >>> drive = 900.0 * np.array([[0, 1, 1], [1, 0, 2], [1, 2, 0]])
    >>> rounds = plan_rounds([100, 50], [1, 2], drive, [Team(base=0)])
    >>> rounds.team_days, sorted(rounds.visits["tests"]), rounds.drive_s
    (1, [50, 100], 3600.0)
    """
    amounts, place, drive = _checked(tests, stop, drive_s, teams)
    parts, unserved = _parts(amounts, place, drive, teams)
    if not parts:
        visits = pd.DataFrame(columns=VISIT_COLUMNS)
        return Rounds(visits, _unserved_table(unserved), 0, 0.0)
    routes = best_routes(
        parts,
        place,
        drive,
        teams,
        iterations=iterations,
        time_limit_s=time_limit_s,
        seed=seed,
    )
    visits, drives = _visits(routes, parts, place, drive, teams)
    taken = {part for _, route in routes for part in route}
    for number, part in enumerate(parts):
        if number not in taken:
            unserved.append((part.stop, part.tests, NO_TIME, 0.0))
    return Rounds(visits, _unserved_table(unserved), len(routes), drives)


def fewest_teams(
    tests: npt.ArrayLike,
    stop: npt.ArrayLike,
    drive_s: npt.ArrayLike,
    team: Team,
    *,
    most: int = 200,
    iterations: int = ITERATIONS,
    time_limit_s: float = TIME_LIMIT_S,
    seed: int = 0,
) -> tuple[int, int, Rounds]:
    """
    Find how many teams of a kind it takes to serve all that can be served.

    Parameters
    ----------
    tests, stop, drive_s, iterations, time_limit_s, seed
        As for `plan_rounds`.
    team
        What each of the teams is like.
    most
        Teams at most.

    Returns
    -------
    teams
        Teams of the plan.
    at_least
        Teams that no plan can do without: the work at the stops, and one drive from the nearest
        place to each, fill that many shifts.
    rounds
        The plan.

    Raises
    ------
    InputError
        As for `plan_rounds`, or if `most` teams do not suffice.
    """
    amounts, place, drive = _checked(tests, stop, drive_s, [team])
    parts, _ = _parts(amounts, place, drive, [team])
    at_least = _least_teams(parts, place, drive, team)
    for count in range(max(1, at_least), most + 1):
        rounds = plan_rounds(
            amounts,
            place,
            drive,
            [team] * count,
            iterations=iterations,
            time_limit_s=time_limit_s,
            seed=seed,
        )
        if not (rounds.unserved["reason"] == NO_TIME).any():
            return count, at_least, rounds
    msg = f"{most} teams do not suffice; allow more teams, longer shifts or more days"
    raise InputError(msg)


def _parts(
    tests: Ints, place: Ints, drive_s: Floats, teams: Sequence[Team]
) -> tuple[list[Part], list[tuple[int, int, str, float]]]:
    """Cut stops into visits that fit a shift; tell which stops no team can serve, and why."""
    parts: list[Part] = []
    unserved: list[tuple[int, int, str, float]] = []
    for number, amount in enumerate(tests.tolist()):
        if not amount:
            continue
        away = [_away_s(team, int(place[number]), drive_s) for team in teams]
        room = [
            min(
                math.floor(team.tests_per_day),
                math.floor(
                    (team.shift_s - drive - team.setup_s) * team.tests_per_hour / 3600.0 + 1e-9
                ),
            )
            if math.isfinite(drive)
            else 0
            for team, drive in zip(teams, away, strict=True)
        ]
        most = max(room)
        if most < 1:
            short_s = min(
                team.service_s(1) + drive - team.shift_s
                for team, drive in zip(teams, away, strict=True)
            )
            is_cut_off = not math.isfinite(short_s)
            reason = NO_ROAD if is_cut_off else TOO_FAR
            unserved.append((number, amount, reason, 0.0 if is_cut_off else max(0.0, short_s)))
            continue
        visits = -(-amount // most)
        small, larger = divmod(amount, visits)
        parts += [Part(number, small + (k < larger)) for k in range(visits)]
    return parts, unserved


def _away_s(team: Team, place: int, drive_s: Floats) -> float:
    """Whole seconds of driving out to a place and home."""
    return float(np.ceil(drive_s[team.base, place]) + np.ceil(drive_s[place, team.base]))


def _least_teams(parts: Sequence[Part], place: Ints, drive_s: Floats, team: Team) -> int:
    """Teams that the work at the stops, and the nearest drive to each, fill for sure."""
    if not parts:
        return 0
    rows = np.array([place[part.stop] for part in parts])
    here = np.append(rows, team.base)
    legs = drive_s[np.ix_(here, rows)].copy()
    # Visits of one stop may follow each other only on other days; the drive between is none.
    legs[np.arange(rows.size), np.arange(rows.size)] = np.inf
    work_s = sum(team.service_s(part.tests) for part in parts) + float(legs.min(axis=0).sum())
    days = max(
        math.ceil(work_s / team.shift_s - 1e-9),
        math.ceil(sum(part.tests for part in parts) / team.tests_per_day - 1e-9),
    )
    return -(-days // team.days)


def _visits(
    routes: Sequence[tuple[int, list[int]]],
    parts: Sequence[Part],
    place: Ints,
    drive_s: Floats,
    teams: Sequence[Team],
) -> tuple[pd.DataFrame, float]:
    """Write down when each stop is reached and left; seconds of all drives."""
    rows: list[tuple[int, int, int, int, int, float, float, float]] = []
    days = dict.fromkeys(range(len(teams)), 0)
    drives = 0.0
    for number, route in routes:
        team = teams[number]
        days[number] += 1
        here, clock = team.base, 0.0
        for order, index in enumerate(route, start=1):
            part = parts[index]
            leg = math.ceil(drive_s[here, place[part.stop]])
            arrive = clock + leg
            clock = arrive + team.service_s(part.tests)
            here = int(place[part.stop])
            drives += leg
            rows.append(
                (number + 1, days[number], order, part.stop, part.tests, arrive, clock, leg)
            )
        drives += math.ceil(drive_s[here, team.base])
    return pd.DataFrame(rows, columns=VISIT_COLUMNS), drives


def _unserved_table(rows: Sequence[tuple[int, int, str, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["stop", "tests", "reason", "short_s"])
    grouped = table.groupby(["stop", "reason"], sort=True, as_index=False)
    return grouped.agg(tests=("tests", "sum"), short_s=("short_s", "max"))[
        ["stop", "tests", "reason", "short_s"]
    ]


def _checked(
    tests: npt.ArrayLike, stop: npt.ArrayLike, drive_s: npt.ArrayLike, teams: Sequence[Team]
) -> tuple[Ints, Ints, Floats]:
    amounts = np.asarray(tests, dtype=np.float64)
    place = np.asarray(stop, dtype=np.int64)
    drive = np.asarray(drive_s, dtype=np.float64)
    faults = []
    if amounts.ndim != 1 or amounts.shape != place.shape:
        faults.append(f"{amounts.shape} tests for {place.shape} stops; expected one each")
    if not (np.isfinite(amounts) & (amounts >= 0)).all():
        faults.append("tests: expected finite numbers from 0")
    if drive.ndim != 2 or drive.shape[0] != drive.shape[1] or not (drive >= 0).all():
        faults.append(f"drive_s of shape {drive.shape}: expected a square of seconds from 0")
    elif place.size and not (place.min() >= 0 and place.max() < len(drive)):
        faults.append(f"stops: expected rows of the {len(drive)} places of drive_s")
    if not teams:
        faults.append("no team: expected at least one")
    for number, team in enumerate(teams, start=1):
        numbers = (team.shift_s, team.tests_per_hour, team.tests_per_day, team.days)
        if not all(math.isfinite(value) and value > 0 for value in numbers) or team.setup_s < 0:
            faults.append(f"team {number}: expected positive numbers, got {team}")
        if not 0 <= team.base < len(drive):
            faults.append(f"team {number}: base {team.base} is none of the {len(drive)} places")
    if faults:
        msg = "the rounds cannot be planned:\n" + "\n".join(f"  {fault}" for fault in faults)
        raise InputError(msg)
    # Half a test is a test; a rounding error is none.
    return np.ceil(amounts - 1e-9).astype(np.int64), place, drive
