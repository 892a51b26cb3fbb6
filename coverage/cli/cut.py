"""Command ``walkcover cut``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import (
    json_option,
    logged,
    out_folder,
    overwrite_option,
    verbose_option,
)


@click.command()
@click.argument("extract", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--zones",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Outlines to cut along, in any format that a plan's [zones] may name.",
)
@out_folder(required=True)
@click.option("--id", "column", default="zone_id", show_default=True, help="Column of their ids.")
@click.option("--only", multiple=True, metavar="ZONE", help="Cut out these zones alone.")
@click.option("--layer", default="", help="Layer of a GeoPackage.")
@click.option(
    "--crs", default="auto", help='"GCJ-02", "BD-09" or EPSG:n, where the file does not say.'
)
@click.option("--margin-m", type=float, help="Strip around each zone in metres [default: 1500].")
@overwrite_option
@json_option
@verbose_option
def cut(
    extract: Path,
    zones: Path,
    out: Path,
    column: str,
    only: tuple[str, ...],
    layer: str,
    crs: str,
    margin_m: float | None,
    overwrite: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """
    Cut an OpenStreetMap extract, as of a country, into one for each zone.

    \b
    Examples:
      walkcover cut china.osm.pbf --zones provinces.shp --id adcode --out provinces
      walkcover cut shanxi.osm.pbf --zones counties.gpkg --only 140728 --out pingyao
    """
    from walkcover.io.cut import cut_extract, read_outlines
    from walkcover.io.extracts import MARGIN_M
    from walkcover.records import to_json

    with logged(verbose=verbose):
        outlines = read_outlines(zones, column=column, only=only, layer=layer, crs=crs)
        margin_m = MARGIN_M if margin_m is None else margin_m
        cuts = cut_extract(extract, outlines, out, margin_m=margin_m, overwrite=overwrite)
    if as_json:
        found = [
            {"zone_id": one.zone_id, "file": one.path.as_posix(), "ways": one.ways} for one in cuts
        ]
        click.echo(to_json({"extracts": found}))
        return
    for one in cuts:
        click.echo(f"{one.path}: {one.ways:,} ways")
    click.echo(
        f'In the plan: [network] source = "{cuts[0].path.name}" and [residences] source = "osm"'
    )
