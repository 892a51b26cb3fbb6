"""Command ``walkcover relay``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from walkcover.cli.options import (
    json_option,
    logged,
    out_folder,
    overwrite_option,
    plan_argument,
    verbose_option,
)

if TYPE_CHECKING:
    from walkcover.operations import RelayPlan

# Ids shown of a list.
SHOWN = 5
HOURS = 24
WHY = {
    "no_road": "no road leads from them to a laboratory: check their coordinates and [roads]",
    "too_far": "the way to the nearest laboratory is longer than the hold time",
}


@click.command()
@plan_argument
@out_folder(required=True)
@overwrite_option
@json_option
@verbose_option
def relay(plan: Path, out: Path, overwrite: bool, as_json: bool, verbose: bool) -> None:
    """
    Plan how tubes reach laboratories: collections, stations, loads, results by the hour.

    Planned for is the busiest day of the week, once the suggested booths stand.

    \b
    Examples:
      walkcover relay plan.toml --out out
      walkcover relay plan.toml --out out --overwrite
      walkcover relay plan.toml --out out --json > relay.json
    """
    import walkcover
    from walkcover.output import refuse_existing
    from walkcover.records import to_json
    from walkcover.work_files import RELAY_FILES

    refuse_existing([out / name for name in RELAY_FILES], overwrite=overwrite)
    with logged(verbose=verbose):
        result = walkcover.operate(walkcover.load_plan(plan), part="relay")
        walkcover.write(result, out, files=RELAY_FILES, overwrite=overwrite)
    if result.operations is None or result.operations.relay is None:
        raise AssertionError
    planned = result.operations.relay
    click.echo(to_json(planned.summary) if as_json else "\n".join(relay_lines(planned)))


def relay_lines(relay: RelayPlan) -> list[str]:
    """What a person wants to read first of the relay."""
    figures = relay.summary
    lines = [
        f"{figures['tests']:,.0f} tests on the busiest day: {figures['tubes']:,} tubes of up to "
        f"{figures['pooling']} people"
    ]
    if figures["itself_tubes"]:
        lines.append(f"  {figures['itself_tubes']:,} are tested where they are taken")
    if figures["collected_tubes"]:
        lines += [
            f"  {figures['collected_tubes']:,} reach laboratories in time: "
            f"{_count(figures['waves'], 'collection')} a day, "
            f"{_count(figures['routes'], 'route')}, "
            f"{_count(figures['vehicles'], 'van')}, {figures['drive_s'] / 3600:,.1f} h of driving",
            f"  oldest tube {_hours(figures['oldest_s'])} old when it arrives, hold time "
            f"{_hours(figures['hold_s'])}",
        ]
    if figures["transfers"]:
        lines.append(
            f"  {_count(figures['stations_used'], 'transfer station')} at work, "
            f"{_count(figures['transfers'], 'trip')} on to laboratories a day"
        )
    return [*lines, *_late_lines(relay), *_laboratory_lines(relay)]


def _late_lines(relay: RelayPlan) -> list[str]:
    """Who cannot be in time, why, and the hold time that would do."""
    lines = []
    for reason, why in WHY.items():
        some = relay.late[relay.late["reason"] == reason]
        if some.empty:
            continue
        some = some.sort_values("tubes", ascending=False, kind="stable")
        lines.append(
            f"  {some['tubes'].sum():,} tubes of {_count(len(some), 'source')} are not in time, "
            f"{_first(some['source_id'].tolist())}: {why}"
        )
        if some["needed_h"].notna().any():
            # Rounded up, so that the figure printed does.
            needed_h = -(-some["needed_h"].max() * 100 // 1) / 100
            lines.append(
                f"    hold_h = {needed_h:g} would do for all of them, or a laboratory nearer by"
            )
    return lines


def _laboratory_lines(relay: RelayPlan) -> list[str]:
    """Load of laboratories, those that are short, and when results come."""
    figures, laboratories = relay.summary, relay.laboratories
    load = "-" if figures["load_share"] is None else f"{100 * figures['load_share']:.0f} %"
    lines = [
        f"{_count(figures['laboratories'], 'laboratory', 'laboratories')}: "
        f"{figures['capacity']:,.0f} tubes a day, load {load}"
    ]
    short = laboratories[laboratories["short_tubes"] > 0]
    if len(short):
        lines.append(
            f"  short: {figures['short_tubes']:,} tubes are left at "
            f"{_count(len(short), 'laboratory', 'laboratories')} when the day ends"
        )
        worst = short.sort_values("short_tubes", ascending=False, kind="stable")
        lines += [
            f"    {row.laboratory_id}: {row.short_tubes:,} of {row.tubes:,} tubes; who comes from "
            f"{_clock(row.short_from_h)} on waits too long"
            for row in worst.iloc[:SHOWN].itertuples()
        ]
        if len(worst) > SHOWN:
            lines.append(f"    and {len(worst) - SHOWN} more (laboratories.csv)")
    if figures["peak_results_hour"] is not None:
        lines.append(
            f"results: most in the hour from {_clock(figures['peak_results_hour'])} on, "
            f"{figures['peak_results']:,.0f} tests; "
            f"the last at {_clock(figures['done_h'])}"
        )
    if figures["status"] != "optimal":
        lines.append(f"assignment within {100 * figures['gap']:.2f} % of the best that is possible")
    return lines


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _first(ids: list[str]) -> str:
    more = ", ..." if len(ids) > SHOWN else ""
    return f"first {', '.join(ids[:SHOWN])}{more}"


def _hours(seconds: float) -> str:
    """Hours and minutes, as 3:58 h; rounded up, as an age is."""
    minutes = int(-(-seconds // 60))
    return f"{minutes // 60}:{minutes % 60:02d} h"


def _clock(hour: float) -> str:
    """Hour of the day, which may be one of the next."""
    minutes = round(60 * hour)
    days, minutes = divmod(minutes, 60 * HOURS)
    after = ("", " the next day", " two days later")[min(days, 2)]
    return f"{minutes // 60}:{minutes % 60:02d}{after}"
