"""Command ``walkcover rounds``."""

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
    import pandas as pd

    from walkcover.operations import RoundPlan

# Ids shown of a list.
SHOWN = 5
WHY = {
    "no_stop": "no road within [roads] snap_limit_m of them",
    "no_road": "no road leads there from a base: check the street file for a missing link",
    "too_far": "the drive out and home leaves no time in a shift",
    "no_time": "all shifts are full",
}


@click.command()
@plan_argument
@out_folder(required=True)
@overwrite_option
@json_option
@verbose_option
def rounds(plan: Path, out: Path, overwrite: bool, as_json: bool, verbose: bool) -> None:
    """
    Plan the rounds of roving teams: stops, teams, days, drives, and who is left without.

    Planned for are those whom no booth serves, once the suggested booths stand.

    \b
    Examples:
      walkcover rounds plan.toml --out out
      walkcover rounds plan.toml --out out --overwrite
      walkcover rounds plan.toml --out out --json > rounds.json
    """
    import walkcover
    from walkcover.output import refuse_existing
    from walkcover.records import to_json
    from walkcover.work_files import ROUND_FILES

    refuse_existing([out / name for name in ROUND_FILES], overwrite=overwrite)
    with logged(verbose=verbose):
        result = walkcover.operate(walkcover.load_plan(plan), part="rounds")
        walkcover.write(result, out, files=ROUND_FILES, overwrite=overwrite)
    if result.operations is None or result.operations.rounds is None:
        raise AssertionError
    planned = result.operations.rounds
    click.echo(to_json(planned.summary) if as_json else "\n".join(round_lines(planned)))


def round_lines(rounds: RoundPlan) -> list[str]:
    """What a person wants to read first of rounds."""
    figures = rounds.summary
    if not figures["places"]:
        return ["nobody needs a team: all are tested at sites or by themselves"]
    lines = [
        f"{figures['people']:,.0f} people of {_count(figures['places'], 'place')} need a team: "
        f"{figures['tests']:,.0f} tests in {figures['interval_days']:g} days at "
        f"{_count(figures['stops'], 'stop')}",
        f"  {_count(figures['teams'], 'team')} on {_count(figures['team_days'], 'day')}, up to "
        f"{figures['days_per_team']} each, serve {figures['served_people']:,.0f} people; "
        f"{_proof(figures['teams'], figures['teams_at_least'])}",
        f"  {figures['drive_s'] / 3600:,.1f} h of driving; longest day "
        f"{_hours(figures['longest_day_s'])}",
    ]
    lines += [
        f"  base {row.base_id}{_named(row.name)}: {_count(int(row.teams), 'team')}"
        + (f" of {row.teams_given:.0f}" if row.teams_given == row.teams_given else "")
        for row in rounds.bases[["base_id", "name", "teams", "teams_given"]].itertuples(index=False)
    ]
    if figures["unserved_people"]:
        lines.append(f"left without: {figures['unserved_people']:,.0f} people")
        lines += _left_lines(rounds.unserved)
    return lines


def _left_lines(unserved: pd.DataFrame) -> list[str]:
    """Who is left, why, and what would help."""
    lines = []
    for reason, why in WHY.items():
        some = unserved[unserved["reason"] == reason]
        if some.empty:
            continue
        some = some.sort_values("people", ascending=False, kind="stable")
        ids = ", ".join(
            f"{row.place_id}{_named(row.name)}"
            for row in some.iloc[:SHOWN][["place_id", "name"]].itertuples(index=False)
        )
        more = ", ..." if len(some) > SHOWN else ""
        lines.append(f"  {some['people'].sum():,.0f}: {why} (first {ids}{more})")
        most = some["remedy_value"].max()
        if reason == "no_stop":
            lines.append(f"    the farthest lies {most:,.0f} m from a road")
        if reason == "too_far":
            lines.append(f"    [rounds] shift_h = {most:g} would do for all of them")
        if reason == "no_time":
            lines.append(f"    {_count(int(most), 'more team')} would do")
    return lines


def _proof(teams: int, at_least: int) -> str:
    if teams == at_least:
        return "no fewer can serve all"
    return f"to serve all, no fewer than {at_least} can do"


def _named(name: str) -> str:
    return f" {name}" if name else ""


def _count(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"


def _hours(seconds: float) -> str:
    """Hours and minutes, as 7:58 h; rounded up, as a limit is."""
    minutes = int(-(-seconds // 60))
    return f"{minutes // 60}:{minutes % 60:02d} h"
