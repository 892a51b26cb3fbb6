"""Read what access legs may not cross: a layer of barriers, or the walls of an extract."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from walkcover._errors import InputError, MissingFileError
from walkcover.io.extracts import things, way_lines
from walkcover.io.tables import read_table

# Values of `barrier` that nobody walks through but by a gate.
WALLS = ("wall", "fence", "city_wall", "retaining_wall", "hedge")
KINDS = ("LineString", "MultiLineString", "LinearRing", "Polygon", "MultiPolygon")
# Rows shown in a message.
SHOWN = 5

log = logging.getLogger("walkcover")


def read_barriers(path: Path, *, layer: str = "") -> gpd.GeoDataFrame:
    """
    Read barriers: lines and polygons such as railways, rivers and walls.

    Parameters
    ----------
    path
        A gpkg, geojson, shp or parquet file that names its coordinate system.
    layer
        Layer of the file; may be left out where there is only one.

    Returns
    -------
    barriers
        Lines and polygons in EPSG:4326 with their columns; rows without a shape are left out.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file cannot be read, names no coordinate system, holds no shapes or other shapes
        than lines and polygons, or has shapes outside its coordinate system.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> rivers = gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 1 1)"]),
    ...                           crs=4326)
    >>> with TemporaryDirectory() as folder:
    ...     rivers.to_file(Path(folder, "rivers.geojson"))
    ...     len(read_barriers(Path(folder, "rivers.geojson")))
    1
    """
    table = read_table(path, layer=layer)
    if not isinstance(table, gpd.GeoDataFrame):
        msg = f"{path}: holds no shapes; expected a layer of lines or polygons as barriers"
        raise InputError(msg)
    if table.crs is None:
        msg = f"{path}: names no coordinate system; expected one, as a .prj file beside a .shp"
        raise InputError(msg)
    empty = (table.geometry.isna() | table.geometry.is_empty).to_numpy()
    shapes = table[~empty]
    if shapes.empty:
        msg = f"{path}: none of its {len(table)} rows has a shape; expected lines or polygons"
        raise InputError(msg)
    _refuse(
        path,
        shapes[~shapes.geom_type.isin(KINDS)],
        "are neither lines nor polygons: expected barriers as lines or polygons; take points out",
    )
    degrees = shapes.to_crs(4326)
    bounds = degrees.geometry.bounds.to_numpy()
    _refuse(
        path,
        shapes[~(np.isfinite(bounds) & (np.abs(bounds) <= (180, 90, 180, 90))).all(axis=1)],
        f"lie outside their coordinate system, {table.crs.name}: expected coordinates in it; "
        "name the right one in the file",
    )
    log.info("%s: %d barriers, %d rows without a shape", path.name, len(shapes), empty.sum())
    return degrees.reset_index(drop=True)


def _refuse(path: Path, rows: gpd.GeoDataFrame, why: str) -> None:
    """Stop where some rows do not keep the contract."""
    if len(rows):
        first = ", ".join(f"{row} ({kind})" for row, kind in rows.geom_type.head(SHOWN).items())
        msg = f"{path}: {len(rows)} shapes {why}; first rows {first}"
        raise InputError(msg)


def read_walls(path: Path, *, kinds: Collection[str] = WALLS) -> gpd.GeoDataFrame:
    """
    Read the walls of an extract: ways and outlines of areas that carry a barrier tag.

    A reference to a node that the extract lacks drops the segments that touch it, not the wall.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm`` or ``.osm.gz``, nodes before ways as usual.
    kinds
        Values of ``barrier`` that count.

    Returns
    -------
    walls
        Lines, and polygons of multipolygon relations (a compound that is fenced), in EPSG:4326
        with barrier; no row where the extract has no wall.

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
    shapes: list[shapely.Geometry] = []
    barrier: list[str] = []
    missing = broken = 0
    wkb = osmium.geom.WKBFactory()
    keys = osmium.filter.KeyFilter("barrier")
    processor = osmium.FileProcessor(str(path)).with_locations().with_areas(keys)
    for thing in things(path, lambda: processor.with_filter(keys)):
        kind = thing.tags["barrier"]
        if kind not in kinds:
            continue
        runs: list[shapely.Geometry] = []
        if thing.is_way():
            runs = list(way_lines(thing))
            missing += sum(not node.location.valid() for node in thing.nodes)
        # A closed way is a line already; an area of a relation has ways without the tag.
        elif thing.is_area() and not thing.from_way():
            try:
                runs = [shapely.from_wkb(wkb.create_multipolygon(thing))]
            except RuntimeError:
                broken += 1
        shapes += runs
        barrier += [kind] * len(runs)
    log.info(
        "%s: %d walls, %d references to missing nodes, %d broken outlines",
        path.name,
        len(shapes),
        missing,
        broken,
    )
    table = pd.DataFrame({"barrier": pd.Series(barrier, dtype=object)})
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=4326), crs=4326)
