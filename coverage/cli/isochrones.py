"""Command ``walkcover isochrones``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import (
    logged,
    out_file,
    overwrite_option,
    plan_argument,
    verbose_option,
)


@click.command()
@plan_argument
@out_file("isochrones.gpkg")
@overwrite_option
@verbose_option
def isochrones(plan: Path, out: Path, overwrite: bool, verbose: bool) -> None:
    """
    Draw how far one walks from the open booths: bands up to the limit, as a GeoPackage.

    \b
    Example:
      walkcover isochrones plan.toml --out isochrones.gpkg
    """
    import walkcover
    from walkcover.output import refuse_existing, write_bands

    refuse_existing([out], overwrite=overwrite)
    with logged(verbose=verbose):
        checked = walkcover.load_plan(plan)
        write_bands(walkcover.bands(checked), checked, out, overwrite=overwrite)
    click.echo(str(out))
