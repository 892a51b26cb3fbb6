"""The interval study: what testing everybody more often asks for, in one table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from walkcover._errors import InputError
from walkcover.operations import Demand, RelayPlan, RoundPlan
from walkcover.overrides import with_values
from walkcover.plan import Plan
from walkcover.plan_operations import Costs

# A whole number of laboratories does, though rounding makes the quotient a little more.
ROUNDING = 1e-9
COST_PARTS = ("cost_desks", "cost_teams", "cost_vehicles", "cost_tests")
COLUMNS = (
    "interval_days",
    "is_plan",
    "tests_per_day",
    "tubes_per_day",
    "desks_given",
    "desks_needed",
    "desks_short",
    "team_days",
    "teams",
    "unserved_people",
    "vehicles",
    "tubes_capacity",
    "tubes_short",
    "laboratories_needed",
    "cost_per_day",
    *COST_PARTS,
)


@dataclass(frozen=True)
class IntervalRun:
    """
    Daily work planned at one testing interval.

    Parameters
    ----------
    interval_days
        Days in which everybody is tested once.
    demand, rounds, relay
        What was planned; None for rounds or relay where the plan does not ask for them.
    """

    interval_days: float
    demand: Demand
    rounds: RoundPlan | None = None
    relay: RelayPlan | None = None


def scaled_plan(plan: Plan, interval_days: float) -> Plan:
    """
    Give the plan that tests everybody in another interval.

    Sites stay as they are: the study asks what the same sites, teams and laboratories have to do.

    Parameters
    ----------
    plan
        The plan; it stays as it is.
    interval_days
        Days in which everybody is tested once.

    Returns
    -------
    plan
        The same plan with that interval.

    Raises
    ------
    PlanError
        If the interval is not a number of days above 0.

    Examples
    --------
    >>> from walkcover.plan_mapping import plan_from_mapping
    >>> plan = plan_from_mapping({"network": {"source": "streets.osm.pbf"},
    ...                           "residences": {"source": "osm", "people": 12}})
    >>> plan.desks.interval_days, scaled_plan(plan, 3).desks.interval_days
    (7.0, 3.0)
    """
    return with_values(plan, {"desks.interval_days": float(interval_days)})


def interval_table(runs: Sequence[IntervalRun], *, plan: Plan) -> pd.DataFrame:
    """
    Put side by side what each testing interval asks for, and what it costs on a day.

    Desks, vehicles and tubes are those of the busiest day of the week; tests, teams on the road
    and money are those of a mean day.

    Parameters
    ----------
    runs
        Daily work planned at each interval, in any order.
    plan
        The plan: its interval is the one in force, its ``[costs]`` are the prices.

    Returns
    -------
    intervals
        A row per interval, the longest first, with the columns of
        `walkcover.operations.Operations`. laboratories_needed are laboratories of the mean
        capacity that the tubes fill. Of the costs of a day, cost_desks are those of the desks
        needed, cost_teams those of team_days / interval_days teams, cost_vehicles those of the
        vehicles, cost_tests those of tests_per_day; cost_per_day is the sum of what is known. NaN
        for what is not planned, not known or not priced.

    Raises
    ------
    InputError
        If an interval is given twice.

    Examples
    --------
    >>> import geopandas as gpd
    >>> nobody, nothing = gpd.GeoDataFrame(), pd.DataFrame()
    >>> def run(days):
    ...     summary = {"tests_per_day": 700 / days, "desks_needed": math.ceil(14 / days)}
    ...     return IntervalRun(days, Demand(nobody, nothing, nobody, nothing, nothing, nothing,
    ...                                     summary))
    >>> plan = Plan(costs=Costs(desk_day=500.0))
    >>> table = interval_table([run(2.0), run(7.0)], plan=plan)
    >>> table[["interval_days", "tests_per_day", "desks_needed", "cost_per_day"]].values.tolist()
    [[7.0, 100.0, 2.0, 1000.0], [2.0, 350.0, 7.0, 3500.0]]
    """
    days = [run.interval_days for run in runs]
    twice = sorted({day for day in days if days.count(day) > 1})
    if twice:
        shown = ", ".join(f"{day:g}" for day in twice)
        msg = f"intervals: {shown} days are given more than once; expected each interval once"
        raise InputError(msg)
    ordered = sorted(runs, key=lambda run: -run.interval_days)
    rows = [_row(run, plan.costs) for run in ordered]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {name: "float64" for name in COLUMNS if name != "is_plan"}
    )
    table["is_plan"] = table["interval_days"] == plan.desks.interval_days
    return table


def _row(run: IntervalRun, costs: Costs) -> dict[str, float]:
    demand = run.demand.summary
    rounds = {} if run.rounds is None else run.rounds.summary
    relay = {} if run.relay is None else run.relay.summary
    row = {
        "interval_days": run.interval_days,
        "tests_per_day": _number(demand, "tests_per_day"),
        "tubes_per_day": _number(relay, "tubes"),
        "desks_given": _number(demand, "desks"),
        "desks_needed": _number(demand, "desks_needed"),
        "desks_short": _number(demand, "desks_short"),
        "team_days": _number(rounds, "team_days"),
        "teams": _number(rounds, "teams"),
        "unserved_people": _number(rounds, "unserved_people"),
        "vehicles": _number(relay, "vehicles"),
        "tubes_capacity": _number(relay, "capacity"),
        "tubes_short": _number(relay, "short_tubes"),
        "laboratories_needed": math.nan if run.relay is None else laboratories_needed(run.relay),
    }
    parts = {
        "cost_desks": row["desks_needed"] * _price(costs.desk_day),
        "cost_teams": row["team_days"] / run.interval_days * _price(costs.team_day),
        "cost_vehicles": row["vehicles"] * _price(costs.vehicle_day),
        "cost_tests": row["tests_per_day"] * _price(costs.test),
    }
    known = [part for part in parts.values() if not math.isnan(part)]
    return row | parts | {"cost_per_day": sum(known) if known else math.nan}


def laboratories_needed(relay: RelayPlan) -> float:
    """
    Count the laboratories of the mean capacity that take all tubes of a day.

    Parameters
    ----------
    relay
        A relay plan.

    Returns
    -------
    laboratories
        A whole number; the tubes are those that laboratories are given, and those that reach none
        in time.

    Examples
    --------
    >>> import geopandas as gpd
    >>> nobody, nothing = gpd.GeoDataFrame(), pd.DataFrame()
    >>> two = gpd.GeoDataFrame({"capacity": [60.0, 40.0], "tubes": [60.0, 40.0]})
    >>> laboratories_needed(RelayPlan(nobody, nobody, nobody, nobody, nothing, nothing, two,
    ...                               nothing, nothing, nothing, {"late_tubes": 25.0}))
    3.0
    """
    tubes = float(relay.laboratories["tubes"].sum()) + _number(relay.summary, "late_tubes")
    return float(math.ceil(tubes / float(relay.laboratories["capacity"].mean()) - ROUNDING))


def _number(figures: Mapping[str, Any], name: str) -> float:
    """A figure, NaN where it was not planned or is not known."""
    value = figures.get(name)
    return math.nan if value is None else float(value)


def _price(price: float) -> float:
    """A price, NaN where none is given."""
    return price if price > 0 else math.nan
