"""Command ``walkcover audit``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from walkcover.cli.options import logged, plan_argument, verbose_option


@click.command()
@plan_argument
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Compare at most so many walks, and lengths between nodes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@verbose_option
def audit(plan: Path, sample: int, as_json: bool, verbose: bool) -> None:
    """
    Ask two other engines about a sample of the walks: exit 1 where they do not agree.

    \b
    Examples:
      walkcover audit plan.toml
      walkcover audit plan.toml --sample 1000 --json > audit.json
    """
    import walkcover
    from walkcover.opinion import opinion_record, opinion_table

    with logged(verbose=verbose):
        opinion = walkcover.second_opinion(walkcover.load_plan(plan), sample=sample)
    if as_json:
        click.echo(json.dumps(opinion_record(opinion), ensure_ascii=False, indent=2))
    else:
        click.echo(f"{opinion_table(opinion)}\n{opinion.text}")
    if not opinion.agrees:
        sys.exit(1)
