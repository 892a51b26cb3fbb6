"""Command ``walkcover run``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import (
    fail_under_option,
    gate,
    headline,
    logged,
    out_folder,
    overwrite_option,
    peak_memory,
    plan_argument,
    verbose_option,
)


@click.command()
@plan_argument
@out_folder(required=True)
@overwrite_option
@fail_under_option
@verbose_option
def run(plan: Path, out: Path, overwrite: bool, fail_under: float | None, verbose: bool) -> None:
    """
    Do the whole job: verdicts, gaps, suggested sites, map and report.

    \b
    Example:
      walkcover run plan.toml --out out
    """
    run_plan(plan, out, overwrite=overwrite, fail_under=fail_under, verbose=verbose)


def run_plan(
    plan: Path, out: Path, *, overwrite: bool, fail_under: float | None, verbose: bool
) -> None:
    """Run a plan file and write the output folder with its log."""
    import walkcover
    from walkcover.output import LOG_NAME, WRITERS, refuse_existing

    refuse_existing([out / name for name in (*WRITERS, LOG_NAME)], overwrite=overwrite)
    with logged(verbose=verbose) as lines:
        result = walkcover.run(walkcover.load_plan(plan))
        walkcover.write(result, out, overwrite=overwrite)
    log = "\n".join([*lines, peak_memory()])
    (out / LOG_NAME).write_text(log + "\n", encoding="utf-8")
    click.echo(headline(result))
    click.echo(f"  map: {out / 'map.html'}\n  report: {out / 'report.html'}")
    gate(result, fail_under)
