"""Command ``walkcover check``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from walkcover.cli.options import logged, plan_argument, verbose_option


@click.command()
@plan_argument
@verbose_option
def check(plan: Path, verbose: bool) -> None:
    """
    Audit the inputs: exit 1 where something falsifies verdicts.

    \b
    Example:
      walkcover check plan.toml
    """
    import walkcover

    with logged(verbose=verbose):
        findings = walkcover.check(walkcover.load_plan(plan))
    for finding in findings:
        click.echo(f"{'WRONG' if finding.falsifies else 'note '}  {finding.text}")
    if not findings:
        click.echo("nothing doubtful found")
    if any(finding.falsifies for finding in findings):
        sys.exit(1)
