"""
Hold the rounds of a plan against what a long search finds for the same stops.

Usage: python scripts/bench_rounds.py PLAN... [--seconds S] [--seed N]

For each plan file the whole job is run and the planning of rounds timed alone, roads ready. Then
the routes are searched again for so many seconds, ten minutes without the option, from another
start of the random numbers. Teams come first, then days, then seconds of driving; `over` is by how
much the plan drives longer. Run it on a calm machine.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np

import walkcover
from walkcover.io.daily_sources import read_bases, read_plan_roads
from walkcover.roads import drive_matrix, ready_roads, road_joins
from walkcover.round_plan import days_per_team, plan_round_trips
from walkcover.rounds import FewestTeams, Team, fewest_teams

ENDLESS = 10**9


def long_search(plan: walkcover.Plan, rounds: object, seconds: float, seed: int) -> FewestTeams:
    """Search routes to the stops of a plan for a while."""
    roads = ready_roads(read_plan_roads(plan), snap_limit_m=plan.roads.snap_limit_m)
    tables = (rounds.bases, rounds.stops)
    joins = road_joins(np.concatenate([one.geometry.to_numpy() for one in tables]), roads)
    options = plan.rounds
    team = Team(
        base=0,
        shift_s=3600.0 * options.shift_h,
        tests_per_hour=options.tests_per_hour,
        tests_per_day=options.tests_per_day,
        setup_s=60.0 * options.setup_min,
        days=days_per_team(plan),
    )
    n_bases = len(rounds.bases)
    return fewest_teams(
        rounds.stops["tests"],
        np.arange(n_bases, joins.n_places),
        drive_matrix(joins, joins, roads),
        [dataclasses.replace(team, base=row) for row in range(n_bases)],
        # Half of the time belongs to the first search; what follows it begins anew.
        time_limit_s=2 * seconds,
        iterations=ENDLESS,
        seed=seed,
    )


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
        best = long_search(plan, rounds, asked.seconds, asked.seed)
        over = found["drive_s"] / best.rounds.drive_s - 1
        print(
            f"  {asked.seconds:.0f} s: {best.teams} teams, {best.rounds.team_days} days, "
            f"{best.rounds.drive_s:.0f} s; over {100 * over:+.1f} %",
            flush=True,
        )


if __name__ == "__main__":
    main()
