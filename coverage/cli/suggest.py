"""Command ``walkcover suggest``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import (
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
@overwrite_option
@verbose_option
def suggest(plan: Path, out: Path | None, overwrite: bool, verbose: bool) -> None:
    """
    Say where to build, stage by stage: prints the rollout as csv.

    \b
    Examples:
      walkcover suggest plan.toml > rollout.csv
      walkcover suggest plan.toml --out out
    """
    import walkcover
    from walkcover.output import SUGGEST_FILES, refuse_existing

    if out is not None:
        refuse_existing([out / name for name in SUGGEST_FILES], overwrite=overwrite)
    with logged(verbose=verbose):
        result = walkcover.suggest(walkcover.load_plan(plan))
        if out is not None:
            walkcover.write(result, out, files=SUGGEST_FILES, overwrite=overwrite)
    click.echo(headline(result), err=True)
    click.echo(result.rollout.to_csv(index=False, lineterminator="\n"), nl=False)
