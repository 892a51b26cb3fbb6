"""Command ``walkcover demo``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import json_option, out_folder, overwrite_option, verbose_option
from walkcover.cli.run import run_plan


@click.command()
@out_folder(required=True)
@overwrite_option
@json_option
@verbose_option
def demo(out: Path, overwrite: bool, as_json: bool, verbose: bool) -> None:
    """
    Do the whole job on the example town that comes with walkcover.

    \b
    Example:
      walkcover demo --out demo
    """
    from importlib.resources import as_file, files

    with as_file(files("walkcover.data") / "town") as town:
        run_plan(town / "plan.toml", out, overwrite=overwrite, as_json=as_json, verbose=verbose)
