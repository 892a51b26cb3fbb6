"""Routes of teams to stops, by PyVRP."""

from __future__ import annotations

import math
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


@dataclass(frozen=True)
class Part:
    """What is taken of a stop in one visit."""

    stop: int
    tests: int


def best_routes(
    parts: Sequence[Part],
    place: Ints,
    drive_s: Floats,
    teams: Sequence[Team],
    *,
    iterations: int,
    time_limit_s: float,
    seed: int,
) -> list[tuple[int, list[int]]]:
    """
    Route teams: most tests, then fewest days, then shortest drives.

    Returns
    -------
    routes
        Number of the team, and its parts in order, for every day that is used.
    """
    import pyvrp
    import pyvrp.stop
    from pyvrp.exceptions import PenaltyBoundWarning

    share_s = time_limit_s / (1 + len(PRIZES))
    best: list[tuple[int, list[int]]] = []
    for worth in (None, *PRIZES):
        model = _model(parts, place, drive_s, teams, worth)
        ends: list[pyvrp.stop.StoppingCriterion] = [
            pyvrp.stop.MaxIterations(iterations),
            pyvrp.stop.MaxRuntime(share_s),
        ]
        with warnings.catch_warnings():
            # That shifts are overfull shows in the plan: what is left out is listed.
            warnings.simplefilter("ignore", PenaltyBoundWarning)
            found = model.solve(
                pyvrp.stop.MultipleCriteria(ends), seed=seed, display=False, collect_stats=False
            )
        if not found.is_feasible():
            continue
        routes = [
            (route.vehicle_type(), [step.idx for step in route if step.is_client()])
            for route in found.best.routes()
        ]
        if worth is None:
            best = routes
            break
        best = max(best, routes, key=lambda some: _tests(some, parts))
    return sorted(best, key=lambda one: (one[0], min(one[1])))


def _tests(routes: Sequence[tuple[int, list[int]]], parts: Sequence[Part]) -> int:
    return sum(parts[number].tests for _, route in routes for number in route)


def _model(
    parts: Sequence[Part],
    place: Ints,
    drive_s: Floats,
    teams: Sequence[Team],
    worth: float | None,
) -> Any:
    """Write the stops and teams for PyVRP; every stop has to be served where there is no prize."""
    import pyvrp

    bases = sorted({team.base for team in teams})
    where = [*bases, *(int(place[part.stop]) for part in parts)]
    model = pyvrp.Model()
    spots = [model.add_location(0, 0) for _ in where]
    depots = {base: model.add_depot(spots[k]) for k, base in enumerate(bases)}
    fewest = min(part.tests for part in parts)
    prize = math.ceil((worth or 0.0) * 2 * DAY_PRICE / fewest)
    fastest = [min(team.service_s(part.tests) for team in teams) for part in parts]
    for part, service_s, spot in zip(parts, fastest, spots[len(bases) :], strict=True):
        model.add_client(
            spot,
            delivery=part.tests,
            service_duration=service_s,
            required=worth is None,
            prize=prize * part.tests,
        )
    whole = np.ceil(drive_s[np.ix_(where, where)])
    profiles: dict[tuple[float, float], Any] = {}
    for number, team in enumerate(teams):
        kind = (team.tests_per_hour, team.setup_s)
        if kind not in profiles:
            # Drives of its own hold what a kind of team needs beyond the fastest one.
            profiles[kind] = profile = model.add_profile()
            more = [team.service_s(part.tests) - s for part, s in zip(parts, fastest, strict=True)]
            extra_s = [*[0] * len(bases), *more]
            for i, j in zip(*np.nonzero(np.isfinite(whole)), strict=True):
                if i != j:
                    leg_s = int(whole[i, j])
                    model.add_edge(spots[i], spots[j], leg_s, leg_s + extra_s[j], profile)
        model.add_vehicle_type(
            num_available=team.days,
            capacity=math.floor(team.tests_per_day),
            start_depot=depots[team.base],
            end_depot=depots[team.base],
            fixed_cost=DAY_PRICE,
            shift_duration=math.floor(team.shift_s),
            profile=profiles[kind],
            name=str(number),
        )
    return model
