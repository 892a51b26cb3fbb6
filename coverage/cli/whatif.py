"""Command ``walkcover whatif``."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from walkcover.cli.options import (
    logged,
    out_folder,
    overwrite_option,
    plan_argument,
    verbose_option,
)

if TYPE_CHECKING:
    from walkcover.comparison import Comparison

# Width of what is printed where no terminal says its own, and the least that can be read.
WIDTH, LEAST_WIDTH = 120, 70


@click.command()
@plan_argument
@click.argument(
    "scenarios",
    nargs=-1,
    required=True,
    metavar="SCENARIO...",
    type=click.Path(dir_okay=False, path_type=Path),
)
@out_folder(required=False)
@click.option(
    "--suggest",
    is_flag=True,
    help="Say again where to build, given each scenario, and compare that too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@overwrite_option
@verbose_option
def whatif(
    plan: Path,
    scenarios: tuple[Path, ...],
    out: Path | None,
    suggest: bool,
    as_json: bool,
    overwrite: bool,
    verbose: bool,
) -> None:
    """
    Compare a plan with scenarios: who gains and who loses, by stage and by zone.

    A scenario is a TOML file with a name and the values that differ, as the map downloads it.
    With --out the comparison is written as a page, a workbook and Parquet.

    \b
    Examples:
      walkcover whatif plan.toml close_12.toml
      walkcover whatif plan.toml a.toml b.toml --out compared
      walkcover whatif plan.toml a.toml --suggest --json > a.json
    """
    import walkcover
    from walkcover.comparison_tables import comparison_record
    from walkcover.output import COMPARISON_FILES, refuse_existing, write_comparison
    from walkcover.whatif import base_run

    if out is not None:
        refuse_existing([out / name for name in COMPARISON_FILES], overwrite=overwrite)
    with logged(verbose=verbose):
        read = [walkcover.load_scenario(path) for path in scenarios]
        asked = suggest or None
        result = base_run(walkcover.load_plan(plan), read, suggest=asked)
        compared = walkcover.what_ifs(result, read, suggest=asked)
        if out is not None:
            write_comparison(compared, result, out, overwrite=overwrite)
    if as_json:
        text = json.dumps(
            comparison_record(compared), ensure_ascii=False, indent=2, allow_nan=False
        )
        click.echo(text)
        return
    click.echo(_tables(compared), nl=False)
    if out is not None:
        click.echo(f"page: {out / COMPARISON_FILES[0]}")


def _tables(compared: Sequence[Comparison]) -> str:
    """The base and the scenarios under each other, now and after building."""
    from rich.console import Console
    from rich.text import Text

    page = io.StringIO()
    width = max(shutil.get_terminal_size((WIDTH, 24)).columns, LEAST_WIDTH)
    console = Console(file=page, width=width, color_system=None, legacy_windows=False)
    console.print(_table(compared, after=False))
    later = [one for one in (other.after for other in compared) if one is not None]
    if later:
        console.print(Text("\nafter building"))
        console.print(_table(later, after=True))
    for one in compared:
        for note in one.notes:
            console.print(Text(f"{one.name}: {note}"))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _table(compared: Sequence[Comparison], *, after: bool) -> object:
    from rich.table import Table
    from rich.text import Text

    from walkcover.comparison_tables import side_by_side

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("scenario", overflow="fold")
    titles = ("covered", "people", "difference", "gain", "lose", "mean walk", "sites")
    stages = [*compared[0].by_stage["name"].astype(str)] if len(compared[0].by_stage) > 1 else []
    for title in (*titles, *stages):
        table.add_column(title, justify="right", no_wrap=True)
    for number, row in enumerate(side_by_side(compared, after=after).to_dict("records")):
        own = compared[max(number - 1, 0)].by_stage.set_index("name")
        column = "covered_share" if number else "covered_share_base"
        cells = [
            _share(row["covered_share"]),
            f"{row['covered_people']:,.0f}",
            f"{row['covered_people_difference']:+,.0f}" if number else "",
            f"{row['gained_people']:,.0f}" if number else "",
            f"{row['lost_people']:,.0f}" if number else "",
            f"{row['mean_walk_s'] / 60:.1f} min" if row["mean_walk_s"] >= 0 else "-",
            f"{row['sites']:,.0f}",
            *(_share(own[column].get(stage, float("nan"))) for stage in stages),
        ]
        # Names may hold square brackets, which are no markup.
        table.add_row(Text(row["scenario"] if number else "base"), *map(Text, cells))
    return table


def _share(share: float) -> str:
    """A share in percent; only everybody is 100 %."""
    if not share >= 0:
        return "-"
    return f"{100 * share if share == 1 else min(100 * share, 99.99):.2f} %"
