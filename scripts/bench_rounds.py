"""
Hold the rounds of a plan against what a long search finds for the same stops.

Usage: python scripts/bench_rounds.py PLAN... [--seconds S] [--seed N]

For each plan file the whole job is run and the planning of rounds timed alone, roads ready. Then
the routes are searched again for so many seconds, ten minutes without the option, twice: by the
same search from another start of the random numbers, and by the routing solver of OR-Tools, which
shares nothing with it but the drive times and the visits. Teams come first, then days, then seconds
of driving; `over` is by how much the plan drives longer. Run it on a calm machine.
"""

import argparse
import dataclasses
import math
import time
from pathlib import Path

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

import walkcover
from walkcover.io.daily_sources import read_bases, read_plan_roads
from walkcover.operations import RoundPlan
from walkcover.roads import drive_matrix, ready_roads, road_joins
from walkcover.round_plan import days_per_team, plan_round_trips
from walkcover.rounds import FewestTeams, Team, fewest_teams

ENDLESS = 10**9
# Stands for a drive without a road, and for the price of a day in seconds of driving.
NO_ROAD_S, DAY_PRICE = 10**6, 10**6
# A visit that is left out costs more than all days: the solver begins with routes to some.
LEFT_OUT = 10**10


def drives_of(plan: walkcover.Plan, rounds: RoundPlan) -> np.ndarray:
    """Seconds between the bases of a plan and, behind them, its stops."""
    roads = ready_roads(read_plan_roads(plan), snap_limit_m=plan.roads.snap_limit_m)
    tables = (rounds.bases, rounds.stops)
    joins = road_joins(np.concatenate([one.geometry.to_numpy() for one in tables]), roads)
    return drive_matrix(joins, joins, roads)


def team_of(plan: walkcover.Plan) -> Team:
    """A team as the plan has them, at the first base."""
    options = plan.rounds
    return Team(
        base=0,
        shift_s=3600.0 * options.shift_h,
        tests_per_hour=options.tests_per_hour,
        tests_per_day=options.tests_per_day,
        setup_s=60.0 * options.setup_min,
        days=days_per_team(plan),
    )


def long_search(
    plan: walkcover.Plan, rounds: RoundPlan, drive_s: np.ndarray, seconds: float, seed: int
) -> FewestTeams:
    """Search routes to the stops of a plan for a while."""
    n_bases, team = len(rounds.bases), team_of(plan)
    return fewest_teams(
        rounds.stops["tests"],
        np.arange(n_bases, len(drive_s)),
        drive_s,
        [dataclasses.replace(team, base=row) for row in range(n_bases)],
        # Half of the time belongs to the first search; what follows it begins anew.
        time_limit_s=2 * seconds,
        iterations=ENDLESS,
        seed=seed,
    )


def other_search(
    plan: walkcover.Plan, rounds: RoundPlan, drive_s: np.ndarray, seconds: float
) -> tuple[int, float] | None:
    """Days and seconds of driving that OR-Tools finds for the visits and teams of a plan."""
    team, bases = team_of(plan), len(rounds.bases)
    row = {stop: bases + number for number, stop in enumerate(rounds.stops["stop_id"])}
    # The teams of each base; days are dear, so that no more are used.
    days = (rounds.bases["teams"] * team.days).astype(int)
    vehicles = [base for base, count in enumerate(days) for _ in range(count)]
    where = [*range(bases), *(row[stop] for stop in rounds.visits["stop_id"])]
    tests = [0] * bases + rounds.visits["tests"].astype(int).tolist()
    stands = [0] * bases + [team.service_s(some) for some in tests[bases:]]
    drives = drive_s[np.ix_(where, where)]
    legs = np.where(np.isfinite(drives), np.ceil(drives), NO_ROAD_S).astype(int).tolist()
    manager = pywrapcp.RoutingIndexManager(len(where), len(vehicles), vehicles, vehicles)
    routing = pywrapcp.RoutingModel(manager)

    def drive(a: int, b: int) -> int:
        return legs[manager.IndexToNode(a)][manager.IndexToNode(b)]

    def drive_and_stand(a: int, b: int) -> int:
        return drive(a, b) + stands[manager.IndexToNode(a)]

    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitCallback(drive))
    routing.SetFixedCostOfAllVehicles(DAY_PRICE)
    clock = routing.RegisterTransitCallback(drive_and_stand)
    routing.AddDimension(clock, 0, math.floor(team.shift_s), True, "clock")
    load = routing.RegisterUnaryTransitCallback(lambda a: tests[manager.IndexToNode(a)])
    routing.AddDimension(load, 0, math.floor(team.tests_per_day), True, "load")
    for visit in range(bases, len(where)):
        routing.AddDisjunction([manager.NodeToIndex(visit)], LEFT_OUT)
    options = pywrapcp.DefaultRoutingSearchParameters()
    heuristics = routing_enums_pb2.LocalSearchMetaheuristic
    options.local_search_metaheuristic = heuristics.GUIDED_LOCAL_SEARCH
    options.first_solution_strategy = (
        routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    )
    options.time_limit.FromSeconds(round(seconds))
    found = routing.SolveWithParameters(options)
    if found is None or found.ObjectiveValue() >= LEFT_OUT:
        return None
    return divmod(found.ObjectiveValue(), DAY_PRICE)


def main() -> None:
    """Run the plans."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0].strip())
    parser.add_argument("plans", nargs="+", type=Path, metavar="PLAN")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for path in asked.plans:
        plan = walkcover.load_plan(path)
        result = walkcover.operate(plan, part="rounds")
        roads = ready_roads(read_plan_roads(plan), snap_limit_m=plan.roads.snap_limit_m)
        start = time.perf_counter()
        rounds = plan_round_trips(
            result.operations.demand, result.study, roads, read_bases(plan), plan=plan
        )
        took_s = time.perf_counter() - start
        found = rounds.summary
        print(
            f"{path.name}: {found['places']} places, {found['stops']} stops, "
            f"{found['tests']:.0f} tests; {took_s:.1f} s: {found['teams']} teams (at least "
            f"{found['teams_at_least']}), {found['team_days']} days, {found['drive_s']:.0f} s",
            flush=True,
        )
        drive_s = drives_of(plan, rounds)
        best = long_search(plan, rounds, drive_s, asked.seconds, asked.seed)
        tell(found, f"PyVRP, {best.teams} teams", best.rounds.team_days, best.rounds.drive_s)
        other = other_search(plan, rounds, drive_s, asked.seconds)
        if other is None:
            print("  OR-Tools: no routes to all", flush=True)
        else:
            tell(found, "OR-Tools", *other)


def tell(found: dict[str, float], name: str, days: int, driven_s: float) -> None:
    """Print a search beside the plan."""
    over = found["drive_s"] / driven_s - 1
    print(f"  {name}: {days} days, {driven_s:.0f} s; over {100 * over:+.1f} %", flush=True)


if __name__ == "__main__":
    main()
