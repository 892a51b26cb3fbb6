"""Command ``walkcover run``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import (
    check_gate,
    gate,
    gate_options,
    headline,
    json_option,
    logged,
    out_folder,
    overwrite_option,
    peak_memory,
    plan_argument,
    verbose_option,
)
from walkcover.cli.workers import regional_options, worker_options


@click.command()
@plan_argument
@out_folder(required=True)
@overwrite_option
@worker_options
@gate_options(after=True)
@json_option
@verbose_option
def run(
    plan: Path,
    out: Path,
    overwrite: bool,
    workers: int | None,
    scheduler: str | None,
    work: Path | None,
    fail_under: float | None,
    stage: str | None,
    after_building: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """
    Do the whole job: verdicts, gaps, suggested sites, map and report.

    \b
    Examples:
      walkcover run plan.toml --out out
      walkcover run province.toml --out out --workers 4
    """
    run_plan(
        plan,
        out,
        overwrite=overwrite,
        workers=workers,
        scheduler=scheduler,
        work=work,
        fail_under=fail_under,
        stage=stage,
        after_building=after_building,
        as_json=as_json,
        verbose=verbose,
    )


def run_plan(
    plan: Path,
    out: Path,
    *,
    overwrite: bool,
    verbose: bool,
    as_json: bool = False,
    fail_under: float | None = None,
    stage: str | None = None,
    after_building: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    work: Path | None = None,
) -> None:
    """Run a plan file and write the output folder with its log."""
    import walkcover
    from walkcover.output import FILES, LOG_NAME, refuse_existing
    from walkcover.records import to_json
    from walkcover.work_files import WORK_FILES

    refuse_existing([out / name for name in (*FILES, *WORK_FILES, LOG_NAME)], overwrite=overwrite)
    with logged(verbose=verbose) as lines:
        checked = walkcover.load_plan(plan)
        check_gate(checked, fail_under, stage, after=after_building)
        with regional_options(
            checked, out=out, workers=workers, scheduler=scheduler, work=work
        ) as regional:
            result = walkcover.run(checked, regional=regional)
        walkcover.write(result, out, overwrite=overwrite)
    log = "\n".join([*lines, peak_memory()])
    (out / LOG_NAME).write_text(log + "\n", encoding="utf-8")
    if as_json:
        click.echo(to_json(result.summary))
    else:
        click.echo(headline(result))
        click.echo(f"  map: {out / 'map.html'}\n  report: {out / 'report.html'}")
    gate(result, fail_under, stage, after=after_building)
