"""Command ``walkcover fetch``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

EXTRACT_NAME = "extract.osm.pbf"


@click.command()
@click.option("--place", metavar="NAME", help="A place with a boundary on openstreetmap.org.")
@click.option(
    "--bbox",
    type=float,
    nargs=4,
    metavar="W S E N",
    help="A box in WGS84 degrees: west, south, east, north.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Folder that {EXTRACT_NAME} is written to.",
)
@click.option("--margin-m", type=float, help="Strip around the area in metres [default: 1500].")
@click.option("--endpoint", metavar="URL", help="An Overpass API [default: overpass-api.de].")
@click.option("--geocoder", metavar="URL", help="A Nominatim API [default: openstreetmap.org].")
@click.option("--timeout-s", type=float, help="Longest wait for an answer [default: 180].")
@click.option("--overwrite", is_flag=True, help="Replace an extract that is there already.")
def fetch(
    place: str | None,
    bbox: tuple[float, float, float, float] | None,
    out: Path,
    overwrite: bool,
    **options: Any,
) -> None:
    """
    Download streets and buildings from OpenStreetMap.

    This is the only command that opens the net.

    \b
    Examples:
      walkcover fetch --place "Pingyao, Shanxi, China" --out pingyao
      walkcover fetch --bbox 112.15 37.18 112.21 37.22 --out pingyao
    """
    from walkcover.io.fetch import fetch_extract

    area = place if bbox is None else bbox
    if area is None or (place is not None and bbox is not None):
        msg = "give one of --place and --bbox"
        raise click.UsageError(msg)
    given = {name: value for name, value in options.items() if value is not None}
    fetched = fetch_extract(area, out / EXTRACT_NAME, overwrite=overwrite, **given)
    click.echo(
        f"{fetched.path}: {fetched.ways:,} ways, {fetched.relations:,} relations, "
        f"{fetched.nodes:,} nodes, © OpenStreetMap contributors, ODbL 1.0\n"
        'In the plan: [network] source = "extract.osm.pbf" and [residences] source = "osm"'
    )
