"""Command ``walkcover assess``."""

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
@click.option(
    "--save-network",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the network as Parquet, which loads faster as [network] source.",
)
@overwrite_option
@worker_options
@gate_options(after=False)
@json_option
@verbose_option
def assess(
    plan: Path,
    out: Path | None,
    save_network: Path | None,
    overwrite: bool,
    workers: int | None,
    scheduler: str | None,
    work: Path | None,
    fail_under: float | None,
    stage: str | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """
    Walk from every residence to its nearest booth: verdicts and gaps as they are.

    \b
    Examples:
      walkcover assess plan.toml
      walkcover assess plan.toml --out out --fail-under 95 --stage city
      walkcover assess plan.toml --json > summary.json
    """
    import walkcover
    from walkcover.output import ASSESS_FILES, refuse_existing, save_plan_network
    from walkcover.records import to_json

    wanted = [] if out is None else [out / name for name in ASSESS_FILES]
    wanted += [] if save_network is None else [save_network]
    refuse_existing(wanted, overwrite=overwrite)
    with logged(verbose=verbose):
        checked = walkcover.load_plan(plan)
        check_gate(checked, fail_under, stage)
        with regional_options(
            checked, out=out, workers=workers, scheduler=scheduler, work=work
        ) as regional:
            result = walkcover.assess(checked, regional=regional)
        if out is not None:
            walkcover.write(result, out, files=ASSESS_FILES, overwrite=overwrite)
        if save_network is not None:
            save_plan_network(checked, save_network, overwrite=overwrite)
    click.echo(to_json(result.summary) if as_json else headline(result))
    gate(result, fail_under, stage)
