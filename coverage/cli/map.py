"""Command ``walkcover map``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import (
    logged,
    out_file,
    overwrite_option,
    plan_argument,
    verbose_option,
)


@click.command("map")
@plan_argument
@out_file("map.html")
@overwrite_option
@verbose_option
def map_(plan: Path, out: Path, overwrite: bool, verbose: bool) -> None:
    """
    Draw the offline HTML map.

    \b
    Example:
      walkcover map plan.toml --out map.html
    """
    import walkcover
    from walkcover.output import refuse_existing, write_one

    refuse_existing([out], overwrite=overwrite)
    with logged(verbose=verbose):
        result = walkcover.run(walkcover.load_plan(plan))
        write_one(result, "map.html", out, overwrite=overwrite)
    click.echo(str(out))
