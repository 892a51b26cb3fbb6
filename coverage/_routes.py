"""Routes of teams to stops, by PyVRP."""

from __future__ import annotations

import itertools
import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Price of one more day of a team, in seconds of driving: days come before drives.
DAY_PRICE = 20_000
# Where not all can be served, a test is worth this many times what the smallest stop needs to be
# worth a day. Large prizes lead the search into overfull shifts, small ones leave far and small
# stops out; the better plan is kept.
PRIZES = (1.0, 0.1)
# Parts that an exchange takes out of a route at most.
MOST_OUT = 2
# Stands for a drive without a road: longer than any shift.
NO_ROAD_S = 864_000
# A search whose time is up still takes a moment for its first routes.
LEAST_S = 0.5


@dataclass(frozen=True)
class Team:
    """
    A team with its vehicle.

    Parameters
    ----------
    base
        Row of its base among the places of the drive times.
    shift_s
        Seconds from leaving the base to being back.
    tests_per_hour
        Tests that the team takes in an hour at a stop.
    tests_per_day
        Tests that the vehicle can carry on a day.
    setup_s
        Seconds that every stop costs besides its tests.
    days
        Days on which the team drives within the testing interval.
    """

    base: int
    shift_s: float = 8 * 3600.0
    tests_per_hour: float = 120.0
    tests_per_day: float = 1000.0
    setup_s: float = 600.0
    days: int = 5

    def service_s(self, tests: float) -> int:
        """Whole seconds of standing at a stop."""
        return math.ceil(round(self.setup_s + tests * 3600.0 / self.tests_per_hour, 6))

    def room(self, away_s: float) -> int:
        """Tests of one visit on a day, after so many seconds of driving out and home."""
        if not math.isfinite(away_s):
            return 0
        stands_s = self.shift_s - away_s - self.setup_s
        in_time = math.floor(stands_s * self.tests_per_hour / 3600.0 + 1e-9)
        return max(0, min(math.floor(self.tests_per_day), in_time))


@dataclass(frozen=True)
class Part:
    """What is taken of a stop in one visit."""

    stop: int
    tests: int


@dataclass(frozen=True)
class Case:
    """
    What routes are looked for.

    Parameters
    ----------
    parts
        What is to be taken, visit by visit.
    place
        Row of the drive times of each stop.
    drive_s
        Seconds from place to place; inf without a road.
    teams
        The kinds of teams, no two alike.
    """

    parts: Sequence[Part]
    place: Ints
    drive_s: Floats
    teams: Sequence[Team]


@dataclass(frozen=True)
class Effort:
    """What ends a search: iterations, so that runs repeat; the deadline is a safety stop."""

    iterations: int
    deadline: float
    seed: int

    def left_s(self) -> float:
        """Seconds until the time is up."""
        return max(0.0, self.deadline - time.monotonic())

    def trial(self, start: int, iterations: int) -> Effort:
        """A shorter search from another start of the random numbers."""
        return Effort(min(self.iterations, iterations), self.deadline, self.seed + start)


# The kind of team, and its parts in order.
Routes = list[tuple[int, list[int]]]


def full_routes(
    case: Case, days: Sequence[int], effort: Effort, *, begin: Routes | None = None
) -> Routes | None:
    """
    Route teams to all parts: fewest days, then shortest drives.

    Parameters
    ----------
    case
        What is to be done.
    days
        Days that teams of each kind have together.
    effort
        What ends the search.
    begin
        Routes to all parts to begin with, within these days.

    Returns
    -------
    routes
        A route per day that is used; None where none were found that take everything.
    """
    return _search(_problem(case, days, None), effort, begin)


def some_routes(case: Case, days: Sequence[int], effort: Effort) -> Routes:
    """
    Route teams that cannot take everything: most tests, then fewest days, then shortest drives.

    Parameters
    ----------
    case, days, effort
        As for `full_routes`.

    Returns
    -------
    routes
        A route per day that is used.
    """
    best: Routes = []
    for number, worth in enumerate(PRIZES):
        share_s = effort.left_s() / (len(PRIZES) - number)
        turn = Effort(effort.iterations, time.monotonic() + share_s, effort.seed)
        routes = _search(_problem(case, days, worth), turn, None) or []
        best = max(best, routes, key=lambda some: _tests(some, case.parts))
    return _exchanged(case, best, effort)


def _exchanged(case: Case, routes: Routes, effort: Effort) -> Routes:
    """
    Take more tests by taking one or two parts out of a route and filling it up again.

    PyVRP moves parts between routes, but does not exchange one that is served for one that is not.
    """
    routes = [(kind, list(route)) for kind, route in routes]
    left = set(range(len(case.parts))).difference(*(route for _, route in routes))
    number = stale = 0
    while left and stale < len(routes) and effort.left_s() > 0.0:
        kind, route = routes[number]
        better = _more_tests(case, kind, route, sorted(left))
        if better is None:
            number, stale = (number + 1) % len(routes), stale + 1
            continue
        left = left.union(route).difference(better)
        routes[number], stale = (kind, better), 0
    return routes


def _more_tests(case: Case, kind: int, route: list[int], left: list[int]) -> list[int] | None:
    """Find a route with more tests that keeps all parts of a route but at most two."""
    had = _tests([(kind, route)], case.parts)
    for size in range(MOST_OUT + 1):
        for out in itertools.combinations(route, min(size, len(route))):
            kept = [part for part in route if part not in out]
            tried = _filled(case, kind, kept, [*left, *out])
            if _tests([(kind, tried)], case.parts) > had:
                return tried
    return None


def _filled(case: Case, kind: int, route: list[int], left: list[int]) -> list[int]:
    """Add parts where they cost the shortest way, those with most tests first, until none fits."""
    team, free = case.teams[kind], np.array(left, dtype=np.int64)
    tests = np.array([case.parts[part].tests for part in left], dtype=np.int64)
    stands_s = np.array([team.service_s(amount) for amount in tests.tolist()], dtype=np.float64)
    place = np.array([case.place[case.parts[part].stop] for part in left], dtype=np.int64)
    while True:
        own = [case.parts[part] for part in route]
        way = np.array([team.base, *(case.place[part.stop] for part in own), team.base], np.int64)
        legs_s = np.ceil(case.drive_s[way[:-1], way[1:]])
        stood_s = sum(team.service_s(part.tests) for part in own)
        spare_s = math.floor(team.shift_s) - legs_s.sum() - stood_s
        if not np.isfinite(spare_s):
            # Without the part between them two stops may have no road from one to the other.
            return route
        room = math.floor(team.tests_per_day) - sum(part.tests for part in own)
        there_s = np.ceil(case.drive_s[np.ix_(way[:-1], place)])
        on_s = np.ceil(case.drive_s[np.ix_(place, way[1:])]).T
        longer_s = there_s + on_s - legs_s[:, None]
        cost_s = longer_s.min(axis=0, initial=np.inf)
        fits = np.flatnonzero((cost_s + stands_s <= spare_s) & (tests <= room))
        if not fits.size:
            return route
        best = fits[np.lexsort([cost_s[fits], -tests[fits]])[0]]
        at = int(np.argmin(longer_s[:, best]))
        route = [*route[:at], int(free[best]), *route[at:]]
        rest = np.arange(len(free)) != best
        free, tests, stands_s, place = free[rest], tests[rest], stands_s[rest], place[rest]


def drives_s(case: Case, routes: Routes) -> float:
    """
    Sum up the driving of routes.

    Parameters
    ----------
    case
        What is to be done.
    routes
        Routes.

    Returns
    -------
    seconds
        Ways from and to the base included; every leg in whole seconds.
    """
    total = 0.0
    for kind, route in routes:
        base = case.teams[kind].base
        way = [base, *(int(case.place[case.parts[part].stop]) for part in route), base]
        total += float(np.ceil(case.drive_s[way[:-1], way[1:]]).sum())
    return total


def _tests(routes: Routes, parts: Sequence[Part]) -> int:
    return sum(parts[number].tests for _, route in routes for number in route)


def _search(asked: tuple[Any, list[int]], effort: Effort, begin: Routes | None) -> Routes | None:
    """Let PyVRP search; None where it finds no routes that keep every limit."""
    import pyvrp
    import pyvrp.stop
    from pyvrp.exceptions import PenaltyBoundWarning

    ends: list[pyvrp.stop.StoppingCriterion] = [
        pyvrp.stop.MaxIterations(effort.iterations),
        pyvrp.stop.MaxRuntime(max(effort.left_s(), LEAST_S)),
    ]
    problem, kinds = asked
    known = None
    if begin is not None:
        routes = [pyvrp.Route(problem, way, kinds.index(kind)) for kind, way in begin]
        known = pyvrp.Solution(problem, routes)
    with warnings.catch_warnings():
        # That shifts are overfull shows in the plan: what is left out is listed.
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        found = pyvrp.solve(
            problem,
            pyvrp.stop.MultipleCriteria(ends),
            seed=effort.seed,
            collect_stats=False,
            display=False,
            initial_solution=known,
        )
    if not found.is_feasible():
        return begin
    return [
        (kinds[route.vehicle_type()], [step.idx for step in route if step.is_client()])
        for route in found.best.routes()
    ]


def _problem(case: Case, days: Sequence[int], worth: float | None) -> tuple[Any, list[int]]:
    """
    Write the stops and teams for PyVRP; every stop has to be served where there is no prize.

    Returns the problem, and the kind of team of each of its types of vehicle.
    """
    import pyvrp

    parts, teams = case.parts, case.teams
    bases = sorted({team.base for team in teams})
    where = [*bases, *(int(case.place[part.stop]) for part in parts)]
    fewest = min(part.tests for part in parts)
    prize = math.ceil((worth or 0.0) * 2 * DAY_PRICE / fewest)
    fastest = [min(team.service_s(part.tests) for team in teams) for part in parts]
    clients = [
        pyvrp.Client(
            location=len(bases) + number,
            delivery=[part.tests],
            service_duration=service_s,
            required=worth is None,
            prize=prize * part.tests,
        )
        for number, (part, service_s) in enumerate(zip(parts, fastest, strict=True))
    ]
    drive_s = case.drive_s[np.ix_(where, where)]
    whole: Any = np.where(np.isfinite(drive_s), np.ceil(drive_s), NO_ROAD_S).astype(np.int64)
    np.fill_diagonal(whole, 0)
    profiles: dict[tuple[float, float], int] = {}
    durations: list[Any] = []
    vehicles, kinds = [], []
    for number, team in enumerate(teams):
        kind = (team.tests_per_hour, team.setup_s)
        if kind not in profiles:
            # Drives of its own hold what a kind of team needs beyond the fastest one.
            profiles[kind] = len(durations)
            more = [team.service_s(part.tests) - s for part, s in zip(parts, fastest, strict=True)]
            slower = whole + np.array([*[0] * len(bases), *more], dtype=np.int64)
            np.fill_diagonal(slower, 0)
            durations.append(slower)
        if days[number] > 0:
            kinds.append(number)
            depot = bases.index(team.base)
            vehicles.append(
                pyvrp.VehicleType(
                    num_available=days[number],
                    capacity=[math.floor(team.tests_per_day)],
                    start_depot=depot,
                    end_depot=depot,
                    fixed_cost=DAY_PRICE,
                    shift_duration=math.floor(team.shift_s),
                    profile=profiles[kind],
                    name=str(number),
                )
            )
    problem = pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0) for _ in where],
        clients=clients,
        depots=[pyvrp.Depot(location=number) for number in range(len(bases))],
        vehicle_types=vehicles,
        distance_matrices=[whole] * len(durations),
        duration_matrices=durations,
    )
    return problem, kinds
