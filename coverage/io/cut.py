"""Cut an extract of OpenStreetMap into smaller ones, as of a country into provinces."""

from __future__ import annotations

import logging
import math
from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import shapely

from walkcover._errors import InputError, MissingFileError, OutputExistsError
from walkcover.crs import equal_area_crs
from walkcover.file_names import file_stems
from walkcover.io.extracts import MARGIN_M, things, way_lines
from walkcover.io.tables import read_table
from walkcover.tables import check_zones

ENDING = ".osm.pbf"
# Places of so many nodes and ways are looked up together.
AT_ONCE = 100_000

log = logging.getLogger("walkcover")


@dataclass(frozen=True)
class Cut:
    """The extract of one zone: the file, and how many ways touch the zone."""

    zone_id: str
    path: Path
    ways: int


@dataclass
class _Ids:
    """Elements of one zone, as bare numbers: those of all zones are held at once."""

    nodes: array[int] = field(default_factory=lambda: array("q"))
    ways: array[int] = field(default_factory=lambda: array("q"))
    relations: set[int] = field(default_factory=set)


def read_outlines(
    path: Path, *, column: str, only: Collection[str] = (), layer: str = "", crs: str = "auto"
) -> gpd.GeoDataFrame:
    """
    Read the zones that an extract is cut along.

    Parameters
    ----------
    path
        Any table of polygons that a plan's ``[zones]`` may name.
    column
        Name of the column with the ids.
    only
        Ids of the zones that are wanted; all of them where empty.
    layer
        Layer of a GeoPackage.
    crs
        As of a plan's ``[zones]``.

    Returns
    -------
    zones
        As `walkcover.tables.check_zones` gives them.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract, or lacks a zone that is wanted or its outline.
    """
    frame = read_table(path, layer=layer)
    zones = check_zones(frame, crs=crs, columns={"zone_id": column}, what=path.name)
    strangers = sorted(set(only) - set(zones["zone_id"]))
    if strangers:
        msg = (
            f"{path.name}, {column}: no zone is called {', '.join(map(repr, strangers[:5]))}; "
            f"expected ids as {', '.join(map(repr, zones['zone_id'][:3]))}"
        )
        raise InputError(msg)
    wanted = zones[zones["zone_id"].isin(only)] if only else zones
    bare = wanted.loc[wanted.geometry.isna(), "zone_id"]
    if only and len(bare):
        msg = (
            f"{path.name}, geometry: {', '.join(bare[:5])} has no outline of its own; name the "
            "zones that it consists of"
        )
        raise InputError(msg)
    return wanted


def cut_extract(
    path: str | Path,
    zones: gpd.GeoDataFrame,
    folder: str | Path,
    *,
    margin_m: float = MARGIN_M,
    overwrite: bool = False,
) -> list[Cut]:
    """
    Cut an extract into one for each zone.

    A file holds the ways that touch its zone or the strip around it, with all their nodes; the
    nodes with tags that lie there; and the multipolygons of which any way does, with all their
    ways. Other relations (routes, boundaries) are left out.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm`` or ``.osm.gz``, nodes before ways as usual.
    zones
        As `walkcover.tables.check_zones` gives them; those without a polygon are passed over.
    folder
        Where ``ZONE.osm.pbf`` is written.
    margin_m
        Width in metres of the strip around each zone.
    overwrite
        Replace files that are there already.

    Returns
    -------
    cuts
        The files in the order of the zones. A zone that the extract does not reach has none.

    Raises
    ------
    MissingFileError
        If there is no such extract.
    InputError
        If it is cut off or holds nothing in any zone, the zones have no polygon, or the margin
        cannot be meant.
    OutputExistsError
        If a file is there already and `overwrite` is false.

    Notes
    -----
    The extract is read twice, and twice more for each zone, since only ids are kept in memory.
    """
    path, folder = Path(path), Path(folder)
    zones = zones[~(zones.geometry.isna() | zones.geometry.is_empty)]
    files = [folder / f"{stem}{ENDING}" for stem in file_stems(zones["zone_id"])]
    _check(path, zones, files, margin_m=margin_m, overwrite=overwrite)
    held = _ids_by_zone(path, _widened(zones, margin_m))
    if not any(ids.ways for ids in held):
        msg = (
            f"{path}: no way of the extract is in any of the {len(zones)} zones; expected zones "
            "that it covers: check their coordinates (--crs) and the extract"
        )
        raise InputError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    cuts = []
    for zone_id, file, ids in zip(zones["zone_id"], files, held, strict=True):
        if not ids.ways:
            log.warning("%s: no way of the extract is in this zone, no file", zone_id)
            continue
        _write(path, file, ids)
        cuts.append(Cut(zone_id, file, len(ids.ways)))
        log.info("%s: %d ways", file.name, len(ids.ways))
    return cuts


def _check(
    path: Path, zones: gpd.GeoDataFrame, files: list[Path], *, margin_m: float, overwrite: bool
) -> None:
    """Refuse what cannot be meant before anything is read."""
    if not path.is_file():
        msg = f"{path}: there is no such extract"
        raise MissingFileError(msg)
    if zones.empty:
        msg = "no zone has a polygon; expected the outline of each part to cut out"
        raise InputError(msg)
    if not (math.isfinite(margin_m) and margin_m >= 0):
        msg = f"margin_m = {margin_m!r}: expected zero or more metres"
        raise InputError(msg)
    taken = [file for file in files if file.exists()]
    if taken and not overwrite:
        msg = (
            f"{taken[0]} exists ({len(taken)} of {len(files)} files do); give --overwrite to "
            "replace them, or another folder"
        )
        raise OutputExistsError(msg)
    own = [file for file in taken if file.samefile(path)]
    if own:
        msg = f"{own[0]} is the extract itself; give another folder"
        raise InputError(msg)


def _widened(zones: gpd.GeoDataFrame, margin_m: float) -> np.ndarray:
    """Widen each zone in metres of its own middle; a country is too wide for one projection."""
    shapes = []
    for number in range(len(zones)):
        zone = zones.geometry.iloc[[number]]
        west, south, east, north = zone.total_bounds
        flat = zone.to_crs(equal_area_crs([west, east], [south, north]))
        shapes.append(flat.buffer(margin_m).to_crs(zones.crs).iloc[0])
    return np.array(shapes, dtype=object)


def _ids_by_zone(path: Path, shapes: np.ndarray) -> list[_Ids]:
    """Find which elements belong to which zone."""
    relations_of: dict[int, list[int]] = {}
    for relation in things(path, lambda: osmium.FileProcessor(str(path), osmium.osm.RELATION)):
        if relation.tags.get("type") == "multipolygon":
            for member in relation.members:
                if member.type == "w":
                    relations_of.setdefault(member.ref, []).append(relation.id)
    held = [_Ids() for _ in shapes]
    tree = shapely.STRtree(shapes)
    for ids, is_way, places in _batches(path):
        found, zone = tree.query(places, predicate="intersects")
        for number, row in zip(zone.tolist(), found.tolist(), strict=True):
            element = ids[row]
            if not is_way[row]:
                held[number].nodes.append(element)
                continue
            held[number].ways.append(element)
            held[number].relations.update(relations_of.get(element, ()))
    return held


def _batches(path: Path) -> Iterator[tuple[list[int], list[bool], np.ndarray]]:
    """Go through nodes with tags and through ways: ids, whether a way, and points or lines."""
    wkb = osmium.geom.WKBFactory()
    ids: list[int] = []
    is_way: list[bool] = []
    shapes: list[str] = []
    # Most nodes only give ways their places.
    tagged = osmium.filter.EmptyTagFilter()
    tagged.enable_for(osmium.osm.NODE)
    processor = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
    for thing in things(path, lambda: processor.with_locations().with_filter(tagged)):
        if not path.name.lower().endswith(".pbf"):
            _refuse_drafts(path, thing)
        ids.append(thing.id)
        is_way.append(thing.is_way())
        shapes.append(_way_wkb(wkb, thing) if thing.is_way() else wkb.create_point(thing))
        if len(ids) == AT_ONCE:
            yield ids, is_way, shapely.from_wkb(shapes)
            ids, is_way, shapes = [], [], []
    yield ids, is_way, shapely.from_wkb(np.array(shapes, dtype=object))


def _refuse_drafts(path: Path, thing: Any) -> None:
    """Refuse what an editor saved before it was uploaded: the tracker takes no minus."""
    refs = [node.ref for node in thing.nodes] if thing.is_way() else []
    if min([thing.id, *refs]) < 0:
        kind = "way" if thing.is_way() else "node"
        msg = (
            f"{path}: {kind} {thing.id} is a draft of an editor, with a number below zero or a "
            "node of such; expected numbers as OpenStreetMap gives them: renumber the file "
            "(`osmium renumber`)"
        )
        raise InputError(msg)


def _way_wkb(wkb: Any, way: osmium.osm.Way) -> str:
    """Draw a way; one that lacks nodes as what is left of it."""
    try:
        return str(wkb.create_linestring(way))
    except (osmium.InvalidLocationError, RuntimeError):
        return str(shapely.to_wkb(shapely.MultiLineString([*way_lines(way)]), hex=True))


def _write(path: Path, file: Path, ids: _Ids) -> None:
    """Write the elements of a zone, under a temporary name until complete."""
    tracker = osmium.IdTracker()
    for node in ids.nodes:
        tracker.add_node(node)
    for way in ids.ways:
        tracker.add_way(way)
    for relation in ids.relations:
        tracker.add_relation(relation)
    part = file.with_name(f".part-{file.name}")
    header = osmium.io.Header()
    header.set("generator", "walkcover")
    try:
        tracker.complete_backward_references(str(path), relation_depth=1)
        with osmium.SimpleWriter(str(part), header=header, overwrite=True) as writer:
            osmium.apply(str(path), tracker.id_filter(), writer)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
