"""Read the water of an OpenStreetMap extract, for the background of maps."""

from __future__ import annotations

import logging
from pathlib import Path

import geopandas as gpd
import osmium
import pandas as pd
import shapely

from walkcover._errors import MissingFileError
from walkcover.io.extracts import things, way_lines
from walkcover.water import LANDUSES, LINES, water_kind

TAGS = (
    ("natural", "water"),
    ("natural", "coastline"),
    ("waterway", "riverbank"),
    *(("landuse", value) for value in sorted(LANDUSES)),
    *(("waterway", value) for value in LINES),
)

log = logging.getLogger("walkcover")


def read_water(path: Path) -> gpd.GeoDataFrame:
    """
    Read lakes, rivers, streams and coasts.

    A reference to a node that the extract lacks breaks a line there; an area with an outline that
    the extract does not hold whole is left out, as at its rim, and its river is a line only.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm`` or ``.osm.gz``, nodes before ways as usual.

    Returns
    -------
    found
        kind (area | line | coast), waterway (empty for areas and coasts), name (may be empty) and
        shapes in EPSG:4326, in the order of the file; no row where the extract has no water.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is cut off or not an extract.
    """
    if not path.is_file():
        msg = f"{path}: there is no such street file ([network] source)"
        raise MissingFileError(msg)
    rows: list[tuple[str, str, str]] = []
    shapes: list[shapely.Geometry] = []
    relations = whole = 0
    wkb = osmium.geom.WKBFactory()
    for thing in things(path, lambda: _reader(path)):
        tags = dict(thing.tags)
        if thing.is_relation():
            relations += tags.get("type") == "multipolygon"
            continue
        kind = water_kind(tags, closed=thing.is_area())
        if not kind:
            continue
        if thing.is_area():
            whole += not thing.from_way()
            parts = [shapely.from_wkb(wkb.create_multipolygon(thing))]
        else:
            parts = list(way_lines(thing))
        shapes += parts
        waterway = tags["waterway"] if kind == "line" else ""
        rows += [(kind, waterway, tags.get("name", ""))] * len(parts)
    log.info(
        "%s: %d pieces of water, %d more with an outline that the extract lacks a part of",
        path.name,
        len(rows),
        max(0, relations - whole),
    )
    table = pd.DataFrame(rows, columns=["kind", "waterway", "name"], dtype=object)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=4326), crs=4326)


def _reader(path: Path) -> osmium.FileProcessor:
    """Make a reader of everything that may be water."""
    wanted = osmium.filter.TagFilter(*TAGS)
    kinds = osmium.osm.WAY | osmium.osm.RELATION | osmium.osm.AREA
    processor = osmium.FileProcessor(str(path)).with_areas(wanted)
    return processor.with_filter(osmium.filter.EntityFilter(kinds)).with_filter(wanted)
