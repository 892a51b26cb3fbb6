"""Command ``walkcover isochrones``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import (
    json_option,
    logged,
    out_file,
    overwrite_option,
    plan_argument,
    verbose_option,
)


@click.command()
@plan_argument
@out_file("isochrones.gpkg")
@json_option
@overwrite_option
@verbose_option
def isochrones(plan: Path, out: Path, as_json: bool, overwrite: bool, verbose: bool) -> None:
    """
    Draw how far one walks from the open booths: bands up to the limit, as a GeoPackage.

    \b
    Example:
      walkcover isochrones plan.toml --out isochrones.gpkg
    """
    import walkcover
    from walkcover.output import refuse_existing, write_bands
    from walkcover.records import bands_record, files_record, to_json

    refuse_existing([out], overwrite=overwrite)
    with logged(verbose=verbose):
        checked = walkcover.load_plan(plan)
        bands = walkcover.bands(checked)
        write_bands(bands, checked, out, overwrite=overwrite)
    if as_json:
        click.echo(to_json({"bands": bands_record(bands), "files": files_record([out])}))
    else:
        click.echo(str(out))
