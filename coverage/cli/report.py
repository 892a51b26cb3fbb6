"""Command ``walkcover report``."""

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


@click.command("report")
@plan_argument
@out_file("report.html")
@overwrite_option
@verbose_option
def report(plan: Path, out: Path, overwrite: bool, verbose: bool) -> None:
    """
    Write the printable gap report.

    \b
    Example:
      walkcover report plan.toml --out report.html
    """
    import walkcover
    from walkcover.output import refuse_existing, write_one

    refuse_existing([out], overwrite=overwrite)
    with logged(verbose=verbose):
        result = walkcover.run(walkcover.load_plan(plan))
        write_one(result, "report.html", out, overwrite=overwrite)
    click.echo(str(out))
