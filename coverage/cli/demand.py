"""Command ``walkcover demand``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from walkcover.cli.options import (
    json_option,
    logged,
    out_folder,
    overwrite_option,
    percent,
    plan_argument,
    verbose_option,
)

if TYPE_CHECKING:
    import pandas as pd

    from walkcover.operations import Demand

# Ids shown of a list.
SHOWN = 5
LATER = "_staggered"


@click.command()
@plan_argument
@out_folder(required=False)
@overwrite_option
@json_option
@verbose_option
def demand(plan: Path, out: Path | None, overwrite: bool, as_json: bool, verbose: bool) -> None:
    """
    Say who is tested where and when: desks each booth needs, queues, staggered hours.

    Planned for is the busiest day of the week, once the suggested booths stand.

    \b
    Examples:
      walkcover demand plan.toml
      walkcover demand plan.toml --out out
      walkcover demand plan.toml --json > demand.json
    """
    import walkcover
    from walkcover.output import refuse_existing
    from walkcover.records import to_json
    from walkcover.work_files import DEMAND_FILES

    if out is not None:
        refuse_existing([out / name for name in DEMAND_FILES], overwrite=overwrite)
    with logged(verbose=verbose):
        result = walkcover.operate(walkcover.load_plan(plan), part="demand")
        if out is not None:
            walkcover.write(result, out, files=DEMAND_FILES, overwrite=overwrite)
    if result.operations is None:
        raise AssertionError
    planned = result.operations.demand
    click.echo(to_json(planned.summary) if as_json else "\n".join(demand_lines(planned)))


def demand_lines(demand: Demand) -> list[str]:
    """What a person wants to read first of demand."""
    figures, sites = demand.summary, demand.sites
    lines = [
        f"{figures['people']:,.0f} people, each tested once in {figures['interval_days']:g} days: "
        f"{figures['tests_per_day']:,.0f} tests a day, "
        f"{figures['busiest_day_tests']:,.0f} on the busiest of the week"
    ]
    lines += [
        f"  {name:<6}  {part['tests']:>12,.0f} tests in {part['places']:,} residences and places"
        for name, part in figures["by_service"].items()
        if part["places"]
    ]
    if not len(sites):
        return [*lines, "no site stands"]
    lines.append(
        f"{figures['sites']:,} sites: {figures['site_tests_per_day']:,.0f} tests on that day, "
        f"{figures['tests_per_site_day']:,.0f} each"
    )
    if figures["desks"] is None:
        needed = f"desks are not known; {figures['desks_needed']:,.0f} would do"
        return [*lines, f"  {needed}; without them no queues and no timetable"]
    return [*lines, *_desk_lines(demand)]


def _desk_lines(demand: Demand) -> list[str]:
    """Desks, peaks and queues, where desks are known."""
    figures, sites = demand.summary, demand.sites
    lines = [
        f"  desks: {figures['desks']:,.0f}; {figures['desks_needed']:,.0f} would take the day's "
        "tests if each stood where it is needed"
    ]
    if figures["sites_short"]:
        lines.append(
            f"  short of desks: {figures['desks_short']:,.0f} at {_sites(figures['sites_short'])}, "
            f"{_first(sites, 'desks_short')}"
        )
    if figures["sites_spare"]:
        lines.append(
            f"  desks to spare: {figures['desks_spare']:,.0f} at {_sites(figures['sites_spare'])}, "
            f"{_first(sites, 'desks_spare')}"
        )
    lines.append(
        f"  fullest hour of a site: {_load(figures['natural_peak'])} of what its desks take; "
        f"by the timetable {_load(figures['peak'])}, with {percent(figures['moved_share'])} of "
        "tests at another hour"
    )
    if figures["peak"] > figures["natural_peak"] * (1.0 + 1e-6):
        lines.append(
            "  the hours of [[groups]] make the fullest hour fuller than if people came as they "
            "like: allow more hours"
        )
    lines.append(f"  queues: {_statuses(demand, '')}; by the timetable {_statuses(demand, LATER)}")
    lines.append(
        f"  still waiting when sites close: {figures['left_people']:,.0f} people; by the "
        f"timetable {figures['left_people_staggered']:,.0f}"
    )
    return lines


def _sites(count: int) -> str:
    return f"{count:,} site{'' if count == 1 else 's'}"


def _first(sites: pd.DataFrame, column: str) -> str:
    """Ids of the sites with most, the first few."""
    some = sites[sites[column] > 0].sort_values(column, ascending=False, kind="stable")
    more = ", ..." if len(some) > SHOWN else ""
    return f"first {', '.join(some['site_id'].iloc[:SHOWN])}{more}"


def _load(share: float) -> str:
    """A load in percent; unlike other shares it may be over 100."""
    return f"{100 * share:.0f} %"


def _statuses(demand: Demand, suffix: str) -> str:
    names = ("smooth", "busy", "jammed")
    return ", ".join(f"{demand.summary[f'sites_{name}{suffix}']:,} {name}" for name in names)
