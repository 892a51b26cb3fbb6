"""Plan daily work on a finished run: demand, rounds, relay, and the same at other intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np

from walkcover.demand import plan_demand
from walkcover.intervals import IntervalRun, interval_table, scaled_plan
from walkcover.io.daily_sources import (
    read_bases,
    read_laboratories,
    read_plan_roads,
    read_stations,
    read_work_places,
)
from walkcover.operations import Demand, Operations, RoundPlan
from walkcover.places import check_near_network
from walkcover.plan import Plan
from walkcover.relay import plan_relay
from walkcover.roads import Roads, ready_roads
from walkcover.round_plan import plan_round_trips
from walkcover.study import Study
from walkcover.timing import step
from walkcover.work_parts import DEMAND, INTERVALS, RELAY, ROUNDS


def operation_figures(operations: Operations) -> dict[str, Any]:
    """
    Put what daily work comes to into plain values, for the summary.

    Parameters
    ----------
    operations
        What is planned.

    Returns
    -------
    figures
        demand, rounds and relay (None where not planned), and intervals, a record for each.
    """
    records = operations.intervals.astype(object).to_dict("records")
    return {
        DEMAND: operations.demand.summary,
        ROUNDS: None if operations.rounds is None else operations.rounds.summary,
        RELAY: None if operations.relay is None else operations.relay.summary,
        INTERVALS: [{name: _plain(value) for name, value in row.items()} for row in records],
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it: NaN is nothing."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def plan_operations(
    study: Study,
    residences: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    plan: Plan,
    parts: Sequence[str],
    seed: int = 0,
) -> Operations:
    """
    Plan the parts of daily work that are asked for.

    Parameters
    ----------
    study
        What the run keeps.
    residences, sites
        Tables of the run's result.
    plan
        The plan.
    parts
        Of `walkcover.work_parts.PARTS`.
    seed
        Start of the random numbers of the searches.

    Returns
    -------
    operations
        None for what was not asked for; demand is always there.

    Raises
    ------
    WalkCoverError
        If an input does not keep its contract.
    """
    bench = _Bench(study, residences, sites, plan, parts, seed)
    run = bench.run(plan)
    intervals = []
    if INTERVALS in parts:
        own = plan.desks.interval_days
        for days in sorted({*plan.demand.intervals, own}, reverse=True):
            with step(f"daily work every {days:g} days"):
                intervals.append(run if days == own else bench.run(scaled_plan(plan, days)))
    table = interval_table(intervals, plan=plan)
    return Operations(run.demand, run.rounds, run.relay, table)


class _Bench:
    """What all intervals share, read once."""

    def __init__(
        self,
        study: Study,
        residences: gpd.GeoDataFrame,
        sites: gpd.GeoDataFrame,
        plan: Plan,
        parts: Sequence[str],
        seed: int,
    ) -> None:
        self.study, self.residences, self.sites, self.seed = study, residences, sites, seed
        self.places = read_work_places(plan)
        self.roads: Roads | None = None
        self.bases: gpd.GeoDataFrame | None = None
        self.laboratories: gpd.GeoDataFrame | None = None
        with step("reading for daily work"):
            if ROUNDS in parts:
                self.bases = read_bases(plan)
            if RELAY in parts:
                self.laboratories = read_laboratories(plan)
                self.stations = read_stations(plan)
            if self.bases is not None or self.laboratories is not None:
                lines = read_plan_roads(plan)
                self.roads = ready_roads(lines, snap_limit_m=plan.roads.snap_limit_m)
        for what, table in (
            (plan.places.source, self.places),
            (plan.bases.source, self.bases),
            (plan.laboratories.source, self.laboratories),
        ):
            if table is not None:
                check_near_network(table, study.network.bounds, what=what)

    def run(self, plan: Plan) -> IntervalRun:
        """Plan everything at the testing interval of a plan."""
        with step("demand"):
            demand = plan_demand(
                self.study, self.residences, self.sites, plan=plan, places=self.places
            )
        rounds, relay = self._rounds(demand, plan), None
        if self.roads is not None and self.laboratories is not None:
            with step("relay"):
                relay = plan_relay(
                    demand,
                    rounds,
                    self.roads,
                    self.laboratories,
                    self.stations,
                    plan=plan,
                    seed=self.seed,
                )
        return IntervalRun(plan.desks.interval_days, demand, rounds, relay)

    def _rounds(self, demand: Demand, plan: Plan) -> RoundPlan | None:
        if self.roads is None or self.bases is None:
            return None
        with step("rounds"):
            return plan_round_trips(
                demand, self.study, self.roads, self.bases, plan=plan, seed=self.seed
            )
