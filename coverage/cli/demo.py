"""Command ``walkcover demo``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import out_folder, overwrite_option, verbose_option
from walkcover.cli.run import run_plan


@click.command()
@out_folder(required=True)
@overwrite_option
@verbose_option
def demo(out: Path, overwrite: bool, verbose: bool) -> None:
    """
    Do the whole job on the example town that comes with walkcover.

    \b
    Example:
      walkcover demo --out demo
    """
    from importlib.resources import as_file, files

    with as_file(files("walkcover.data") / "town") as town:
        run_plan(town / "plan.toml", out, overwrite=overwrite, fail_under=None, verbose=verbose)
