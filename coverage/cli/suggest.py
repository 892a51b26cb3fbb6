"""Command ``walkcover suggest``."""

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
    plan_argument,
    verbose_option,
)
from walkcover.cli.workers import regional_options, worker_options


@click.command()
@plan_argument
@out_folder(required=False)
@overwrite_option
@worker_options
@gate_options(after=True)
@json_option
@verbose_option
def suggest(
    plan: Path,
    out: Path | None,
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
    Say where to build, stage by stage: prints the rollout as csv.

    \b
    Examples:
      walkcover suggest plan.toml > rollout.csv
      walkcover suggest plan.toml --out out
      walkcover suggest plan.toml --json --fail-under 95 --stage city --after
    """
    import walkcover
    from walkcover.output import SUGGEST_FILES, refuse_existing
    from walkcover.records import suggestion_record, to_json

    if out is not None:
        refuse_existing([out / name for name in SUGGEST_FILES], overwrite=overwrite)
    with logged(verbose=verbose):
        checked = walkcover.load_plan(plan)
        check_gate(checked, fail_under, stage, after=after_building)
        with regional_options(
            checked, out=out, workers=workers, scheduler=scheduler, work=work
        ) as regional:
            result = walkcover.suggest(checked, regional=regional)
        if out is not None:
            walkcover.write(result, out, files=SUGGEST_FILES, overwrite=overwrite)
    if as_json:
        click.echo(to_json(suggestion_record(result)))
    else:
        click.echo(headline(result), err=True)
        click.echo(result.rollout.to_csv(index=False, lineterminator="\n"), nl=False)
    gate(result, fail_under, stage, after=after_building)
