"""Rounds of roving teams: who drives where on which day, so that every stop is served once."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy.typing as npt
import pandas as pd

from walkcover._errors import InputError
from walkcover._round_bounds import least_days
from walkcover._round_case import NO_TIME, case_of
from walkcover._routes import Case, Effort, Routes, Team, drives_s, full_routes, some_routes

# Iterations of the route search: what ends it, so that runs repeat. Seconds are a safety stop.
ITERATIONS, TIME_LIMIT_S = 4_000, 60.0
# Ways to spread a number of teams over the bases that are tried before it counts as too few, the
# starts of the random numbers that each is tried with, and the iterations of a try. Tight weeks
# hang on luck: several short tries find them more often than a long one.
SPREADS, STARTS, TRIAL_ITERATIONS = 4, 3, 500
# With many visits to place fewer are tried, at least two.
TRIED_VISITS = 1_500
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
        full), short_s (seconds by which the longest shift is too short to take all that fits the
        vehicle in one visit, 0 for other reasons).
    team_days
        Days of teams that are used.
    drive_s
        Seconds of driving in all, ways home included.
    """

    visits: pd.DataFrame
    unserved: pd.DataFrame
    team_days: int
    drive_s: float


@dataclass(frozen=True)
class FewestTeams:
    """
    A plan with as few teams as were found to do.

    Parameters
    ----------
    rounds
        The plan; its teams are numbered through all kinds, those of the first kind first.
    kinds
        Kind of each team that is used, in the order of their numbers.
    at_least
        Teams that no plan can do without.
    """

    rounds: Rounds
    kinds: tuple[int, ...]
    at_least: int

    @property
    def teams(self) -> int:
        """Number of teams that are used."""
        return len(self.kinds)


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

    >>> import numpy as np
    >>> drive = 900.0 * np.array([[0, 1, 1], [1, 0, 2], [1, 2, 0]])
    >>> rounds = plan_rounds([100, 50], [1, 2], drive, [Team(base=0)])
    >>> rounds.team_days, sorted(rounds.visits["tests"]), rounds.drive_s
    (1, [50, 100], 3600.0)
    """
    kinds = list(dict.fromkeys(teams))
    case, unserved = case_of(tests, stop, drive_s, kinds)
    numbers = [[n for n, team in enumerate(teams, 1) if team == kind] for kind in kinds]
    days = [kind.days * len(of_kind) for kind, of_kind in zip(kinds, numbers, strict=True)]
    effort = Effort(iterations, time.monotonic() + time_limit_s, seed)
    return _rounds(_routes(case, days, effort), case, unserved, numbers)


def fewest_teams(
    tests: npt.ArrayLike,
    stop: npt.ArrayLike,
    drive_s: npt.ArrayLike,
    kinds: Sequence[Team],
    *,
    at_hand: Sequence[int] = (),
    grows: Sequence[bool] = (),
    iterations: int = ITERATIONS,
    time_limit_s: float = TIME_LIMIT_S,
    seed: int = 0,
) -> FewestTeams:
    """
    Find how many teams it takes to serve all that can be served, and from which bases.

    Parameters
    ----------
    tests, stop, drive_s, iterations, time_limit_s, seed
        As for `plan_rounds`.
    kinds
        Kinds of teams, one for each base.
    at_hand
        Teams of each kind that are there already and are no more teams; none without.
    grows
        Whether there may be more teams of each kind; of all without.

    Returns
    -------
    fewest
        The plan. Something is left out for want of time only where it is of use to a kind that
        does not grow alone.

    Raises
    ------
    InputError
        As for `plan_rounds`, or if no kind grows.

    Examples
    --------
    Six stops of four hours each, between two bases: two fill a day, three days are one team's.

    >>> import numpy as np
    >>> drive = np.full((8, 8), 60.0)
    >>> teams = [Team(base=0, tests_per_hour=60), Team(base=7, tests_per_hour=60)]
    >>> found = fewest_teams([220] * 6, range(1, 7), drive, teams, iterations=200)
    >>> found.teams, found.at_least, found.rounds.team_days
    (1, 1, 3)
    """
    case, unserved = case_of(tests, stop, drive_s, kinds)
    spare = list(at_hand) or [0] * len(kinds)
    free = list(grows) or [True] * len(kinds)
    if not len(spare) == len(free) == len(kinds) or not any(free):
        msg = (
            f"at_hand {spare}, grows {free}: expected one for each of the {len(kinds)} kinds, and "
            "one that grows"
        )
        raise InputError(msg)
    effort = Effort(iterations, time.monotonic() + time_limit_s, seed)
    routes = _fewest(case, spare, free, effort)
    used = [-(-sum(kind == k for kind, _ in routes) // team.days) for k, team in enumerate(kinds)]
    numbers, first = [], 1
    for count in used:
        numbers.append(list(range(first, first + count)))
        first += count
    rounds = _rounds(routes, case, unserved, numbers)
    of_team = tuple(k for k, count in enumerate(used) for _ in range(count))
    return FewestTeams(rounds, of_team, least_teams(tests, stop, drive_s, kinds))


def least_teams(
    tests: npt.ArrayLike, stop: npt.ArrayLike, drive_s: npt.ArrayLike, kinds: Sequence[Team]
) -> int:
    """
    Tell how many teams no plan can do without that serves all that can be served.

    Parameters
    ----------
    tests, stop, drive_s
        As for `plan_rounds`.
    kinds
        Kinds of teams; of each there may be any number.

    Returns
    -------
    teams
        A bound from below; the proof is that of `walkcover._round_bounds.least_days`.

    Raises
    ------
    InputError
        As for `plan_rounds`.
    """
    case, _ = case_of(tests, stop, drive_s, kinds)
    return -(-least_days(case) // max(team.days for team in kinds))


def _routes(case: Case, days: Sequence[int], effort: Effort) -> Routes:
    """Routes within the days of each kind: to all parts, else to those with most tests."""
    if not case.parts or not any(days):
        return []
    if sum(days) >= least_days(case):
        share_s = effort.left_s() / 3
        turn = Effort(effort.iterations, time.monotonic() + share_s, effort.seed)
        routes = full_routes(case, days, turn)
        if routes is not None:
            return routes
    return some_routes(case, days, effort)


def _fewest(case: Case, at_hand: Sequence[int], grows: Sequence[bool], effort: Effort) -> Routes:
    """Routes to all parts with the fewest teams beyond those at hand."""
    if not case.parts:
        return []
    week = [team.days for team in case.teams]
    # A day for each part is always enough.
    enough = [
        max(held, -(-len(case.parts) // days)) if free else held
        for held, free, days in zip(at_hand, grows, week, strict=True)
    ]

    def days_of(teams: Sequence[int]) -> list[int]:
        return [count * days for count, days in zip(teams, week, strict=True)]

    share_s = effort.left_s() / 2
    turn = Effort(effort.iterations, time.monotonic() + share_s, effort.seed)
    routes = full_routes(case, days_of(enough), turn)
    if routes is None:
        return some_routes(case, days_of(enough), effort)
    needs = [sum(kind == k for kind, _ in routes) / days for k, days in enumerate(week)]
    used = sum(max(0, math.ceil(n) - held) for n, held in zip(needs, at_hand, strict=True))
    least = max(0, -(-least_days(case) // max(week)) - sum(at_hand))
    tries = max(2, TRIED_VISITS // len(case.parts))
    for more in range(least, used):
        spreads = list(_spreads(needs, at_hand, grows, more))
        found = [
            (teams, tried)
            for start, teams in list(itertools.product(range(STARTS), spreads))[:tries]
            if (tried := full_routes(case, days_of(teams), effort.trial(start, TRIAL_ITERATIONS)))
            is not None
        ]
        if found:
            teams, best = min(found, key=lambda one: (len(one[1]), drives_s(case, one[1])))
            return full_routes(case, days_of(teams), effort, begin=best) or best
    return routes


def _spreads(
    needs: Sequence[float], at_hand: Sequence[int], grows: Sequence[bool], more: int
) -> Iterator[list[int]]:
    """
    Spread more teams over the kinds that grow, nearest to what is needed first.

    The first spread follows the largest needs that are not met; the others move one team.
    """
    free = [k for k, one in enumerate(grows) if one]
    teams = list(at_hand)
    for _ in range(more):
        teams[max(free, key=lambda k: (needs[k] - teams[k], -k))] += 1
    moved = []
    for k, other in itertools.permutations(free, 2):
        if teams[k] > at_hand[k]:
            changed = list(teams)
            changed[k] -= 1
            changed[other] += 1
            lacks = sum(max(0.0, need - n) for need, n in zip(needs, changed, strict=True))
            moved.append((lacks, changed))
    yield teams
    yield from (changed for _, changed in sorted(moved)[: SPREADS - 1])


def _rounds(
    routes: Routes,
    case: Case,
    unserved: Sequence[tuple[int, int, str, float]],
    numbers: Sequence[Sequence[int]],
) -> Rounds:
    """Give the routes of each kind to its teams, and write down what is done and what is not."""
    visits, drives = _visits(_given_out(routes, case, numbers), case)
    taken = {part for _, route in routes for part in route}
    late = [
        (part.stop, part.tests, NO_TIME, 0.0)
        for number, part in enumerate(case.parts)
        if number not in taken
    ]
    return Rounds(visits, _unserved_table([*unserved, *late]), len(routes), drives)


def _given_out(
    routes: Routes, case: Case, numbers: Sequence[Sequence[int]]
) -> list[tuple[int, int, int, list[int]]]:
    """
    Give routes to teams and days: as few teams as do, each about as many days.

    Returns team, day, kind and parts of each route. Those that visit one stop follow each other,
    so that it sees the same team on several days where that is possible.
    """
    given = []
    for kind, of_kind in enumerate(numbers):
        own = sorted((route for k, route in routes if k == kind), key=min)
        count = -(-len(own) // case.teams[kind].days)
        cuts = [round(k * len(own) / count) for k in range(count + 1)] if count else []
        for team, (low, high) in zip(of_kind, itertools.pairwise(cuts), strict=False):
            given += [(team, day, kind, own[low + day - 1]) for day in range(1, high - low + 1)]
    return sorted(given)


def _visits(
    given: Sequence[tuple[int, int, int, list[int]]], case: Case
) -> tuple[pd.DataFrame, float]:
    """Write down when each stop is reached and left; seconds of all drives."""
    rows: list[tuple[int, int, int, int, int, float, float, float]] = []
    drives = 0.0
    for number, day, kind, route in given:
        team = case.teams[kind]
        here, clock = team.base, 0.0
        for order, index in enumerate(route, start=1):
            part = case.parts[index]
            there = int(case.place[part.stop])
            leg = math.ceil(case.drive_s[here, there])
            arrive = clock + leg
            clock = arrive + team.service_s(part.tests)
            here = there
            drives += leg
            rows.append((number, day, order, part.stop, part.tests, arrive, clock, leg))
        drives += math.ceil(case.drive_s[here, team.base])
    return pd.DataFrame(rows, columns=VISIT_COLUMNS), drives


def _unserved_table(rows: Sequence[tuple[int, int, str, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["stop", "tests", "reason", "short_s"])
    grouped = table.groupby(["stop", "reason"], sort=True, as_index=False)
    return grouped.agg(tests=("tests", "sum"), short_s=("short_s", "max"))[
        ["stop", "tests", "reason", "short_s"]
    ]
