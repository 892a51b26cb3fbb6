"""
Plan daily work in the example town, and print its figures as the tables of docs/daily_work.md.

Run ``python scripts/daily_work_of_the_town.py``.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

import walkcover
from walkcover.operations import Demand, Operations, RelayPlan, RoundPlan
from walkcover.plan_operations import ITSELF, ROUND, SITE, VISIT

TOWN_PLAN = Path(__file__).resolve().parent.parent / "data" / "town" / "daily.toml"
WORDS = {SITE: "a booth", VISIT: "a team that comes", ROUND: "a round", ITSELF: "itself"}


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("plan", nargs="?", type=Path, default=TOWN_PLAN, help="plan file")
    result = walkcover.operate(walkcover.load_plan(parser.parse_args().plan))
    if result.operations is None:
        raise AssertionError
    print("\n\n".join(tables(result.operations)))


def tables(work: Operations) -> list[str]:
    """Make the tables of the parts that were planned."""
    found = [services(work.demand), sites(work.demand)]
    if work.rounds is not None:
        found.append(rounds(work.rounds))
    if work.relay is not None:
        found += [relay(work.relay), laboratories(work.relay)]
    return [*found, intervals(work.intervals)]


def services(demand: Demand) -> str:
    """Who is tested by whom."""
    rows = [
        (WORDS[name], number(part["places"]), number(part["tests"]))
        for name, part in demand.summary["by_service"].items()
    ]
    return markdown(("tested by", "places", "tests in an interval"), rows)


def sites(demand: Demand) -> str:
    """Sites with too few desks, and those whose queue a timetable cures."""
    table = demand.sites
    cured = (table["status"] == "jammed") & (table["status_staggered"] == "smooth")
    shown = table[(table["desks_short"] > 0) | cured]
    rows = [
        (
            row.site_id,
            number(row.tests),
            number(row.desks),
            number(row.desks_needed),
            "" if row.extend_hours == 0 else number(row.extend_hours, 1),
            f"{number(row.worst_wait_min)} min, {row.status}",
            f"{number(row.worst_wait_min_staggered)} min, {row.status_staggered}",
        )
        for row in shown.itertuples()
    ]
    head = (
        "booth", "tests a day", "desks", "needed", "or hours longer", "longest wait",
        "with the timetable",
    )  # fmt: skip
    return markdown(head, rows)


def rounds(plan: RoundPlan) -> str:
    """Teams, and who is left."""
    summary = plan.summary
    rows = [
        ("people served", number(summary["served_people"])),
        ("stops", number(summary["stops"])),
        ("teams", number(summary["teams"])),
        ("no fewer than", number(summary["teams_at_least"])),
        ("days of teams", number(summary["team_days"])),
        ("hours of driving", number(summary["drive_s"] / 3600, 1)),
        ("longest day, hours", number(summary["longest_day_s"] / 3600, 1)),
    ]
    rows += [
        (f"people left, {reason}", number(people))
        for reason, people in summary["unserved_by_reason"].items()
        if people
    ]
    return markdown(("rounds", ""), rows)


def relay(plan: RelayPlan) -> str:
    """Tubes and vehicles."""
    summary = plan.summary
    rows = [
        ("tubes on the busiest day", number(summary["tubes"])),
        ("of these tested where they are taken", number(summary["itself_tubes"])),
        ("routes", number(summary["routes"])),
        ("vehicles", number(summary["vehicles"])),
        ("oldest tube at a laboratory, hours", number(summary["oldest_s"] / 3600, 2)),
        ("tubes late", number(summary["late_tubes"])),
        ("most results in an hour, tests", number(summary["peak_results"])),
        ("last result, hour of the day", number(summary["done_h"], 1)),
    ]
    return markdown(("relay", ""), rows)


def laboratories(plan: RelayPlan) -> str:
    """Load of the laboratories."""
    rows = [
        (row.laboratory_id, number(row.capacity), number(row.tubes), f"{row.load_share:.0%}")
        for row in plan.laboratories.itertuples()
    ]
    return markdown(("laboratory", "tubes it can test", "given", "load"), rows)


def intervals(table: pd.DataFrame) -> str:
    """What each interval asks for."""
    names = (
        "tests_per_day", "desks_needed", "desks_short", "teams", "vehicles", "tubes_short",
        "laboratories_needed", "cost_per_day",
    )  # fmt: skip
    rows = [
        (f"{row['interval_days']:g}", *(number(row[name]) for name in names))
        for _, row in table.iterrows()
    ]
    return markdown(("days", *(name.replace("_", " ") for name in names)), rows)


def number(value: float, digits: int = 0) -> str:
    """Write a number; nothing where there is none."""
    return "" if math.isnan(value) else f"{value:,.{digits}f}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
