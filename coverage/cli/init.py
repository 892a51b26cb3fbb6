"""Command ``walkcover init``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import overwrite_option


@click.command()
@click.argument("plan", type=click.Path(dir_okay=False, path_type=Path), default="plan.toml")
@overwrite_option
def init(plan: Path, overwrite: bool) -> None:
    """
    Write a starter plan file with every key and its default.

    \b
    Example:
      walkcover init plan.toml
    """
    from walkcover.io.plan_file import STARTER_PLAN
    from walkcover.output import refuse_existing

    refuse_existing([plan], overwrite=overwrite)
    plan.parent.mkdir(parents=True, exist_ok=True)
    plan.write_text(STARTER_PLAN, encoding="utf-8", newline="\n")
    click.echo(f"{plan}: fill in the sources, then `walkcover check {plan}`")
