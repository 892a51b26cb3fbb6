"""Command ``walkcover assess``."""

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
    plan_argument,
    verbose_option,
)


@click.command()
@plan_argument
@out_folder(required=False)
@click.option(
    "--save-network",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the network as Parquet, which loads faster as [network] source.",
)
@overwrite_option
@fail_under_option
@verbose_option
def assess(
    plan: Path,
    out: Path | None,
    save_network: Path | None,
    overwrite: bool,
    fail_under: float | None,
    verbose: bool,
) -> None:
    """
    Walk from every residence to its nearest booth: verdicts and gaps as they are.

    \b
    Examples:
      walkcover assess plan.toml
      walkcover assess plan.toml --out out --fail-under 80
    """
    import walkcover
    from walkcover.output import ASSESS_FILES, refuse_existing, save_plan_network

    wanted = [] if out is None else [out / name for name in ASSESS_FILES]
    wanted += [] if save_network is None else [save_network]
    refuse_existing(wanted, overwrite=overwrite)
    with logged(verbose=verbose):
        checked = walkcover.load_plan(plan)
        result = walkcover.assess(checked)
        if out is not None:
            walkcover.write(result, out, files=ASSESS_FILES, overwrite=overwrite)
        if save_network is not None:
            save_plan_network(checked, save_network, overwrite=overwrite)
    click.echo(headline(result))
    gate(result, fail_under)
