"""Read OpenStreetMap extracts: streets, entrances and residential buildings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from walkcover._errors import InputError
from walkcover.io.extracts import things
from walkcover.io.plazas import PlazaFinder
from walkcover.network import Lines
from walkcover.plazas import cross_plazas
from walkcover.tags import (
    NON_RESIDENTIAL_LANDUSE,
    OTHER_USES,
    RESIDENTIAL_BUILDINGS,
    STREET_COLUMNS,
    is_high_kerb,
    is_residential_building,
    is_signal_crossing,
    is_walkable,
    street_row,
)

BUILDING_COLUMNS = ["building", "levels", "name", "barrier", "access"]
# Above this share of vertices without a place the file is not an extract with a ragged rim.
MAX_MISSING_SHARE = 0.5

log = logging.getLogger("walkcover")


@dataclass
class _Collected:
    """Streets as they are read, before they become arrays."""

    refs: list[int] = field(default_factory=list)
    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    rows: list[tuple[object, ...]] = field(default_factory=list)
    points: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: {kind: [] for kind in POINT_KINDS}
    )
    missing: int = 0
    bad_ways: int = 0


def read_streets(path: Path, *, plazas: bool = False) -> tuple[Lines, dict[str, np.ndarray]]:
    """
    Read the walkable ways of an extract.

    A reference to a node that the extract lacks drops the segments that touch it, not the way.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm`` or ``.osm.gz``, nodes before ways as usual.
    plazas
        Whether people cross pedestrian areas (closed ways with ``area=yes``, multipolygons) in a
        straight line between the points where ways meet them. Otherwise areas are left out.

    Returns
    -------
    lines
        Walkable lines; they meet where they share a node. Those over plazas stand last.
    points
        Lon and lat, shape (k, 2) each: ``entrances`` (``entrance=*`` and ``barrier=gate``),
        ``signals`` (crossings where people on foot wait) and ``kerbs`` (too high for wheels).

    Raises
    ------
    InputError
        If the file is cut off or not an extract, or nobody can walk anywhere in it.
    """
    got = _Collected()
    finder = PlazaFinder() if plazas else None
    processor = osmium.FileProcessor(str(path)).with_locations()
    keys = osmium.filter.KeyFilter("highway", "entrance", "barrier", "kerb")
    for thing in things(path, lambda: processor.with_filter(keys)):
        if thing.is_node():
            tags = dict(thing.tags)
            for kind, is_kind in POINT_KINDS.items():
                if is_kind(tags):
                    got.points[kind].append((thing.lon, thing.lat))
        elif thing.is_way() and "highway" in thing.tags:
            tags = dict(thing.tags)
            if is_walkable(tags):
                _add_way(got, thing, tags)
            elif finder:
                finder.add_way(thing, tags)
        elif finder and thing.is_relation():
            finder.add_relation(thing, dict(thing.tags))
    if got.missing > MAX_MISSING_SHARE * (got.missing + len(got.refs)):
        msg = (
            f"{path}: {got.missing} of {got.missing + len(got.refs)} street vertices have no "
            "coordinates; expected nodes before the ways that use them: sort the file "
            "(`osmium sort`) or cut the extract again"
        )
        raise InputError(msg)
    if not got.sizes:
        msg = f"{path}: the extract holds no way that people may walk along"
        raise InputError(msg)
    log.info(
        "%s: %d walkable lines, %d references to missing nodes, %d ways without any segment",
        path.name,
        len(got.sizes),
        got.missing,
        got.bad_ways,
    )
    lines = Lines(
        indptr=np.concatenate([[0], np.cumsum(got.sizes)]).astype(np.int64),
        lon=np.array(got.lon),
        lat=np.array(got.lat),
        point=np.array(got.refs, dtype=np.int64),
        tags=pd.DataFrame(got.rows, columns=list(STREET_COLUMNS)),
    )
    if finder and processor.node_location_storage is not None:
        lines = cross_plazas(lines, finder.finish(path, processor.node_location_storage))
    points = {
        kind: np.array(places, dtype=np.float64).reshape(-1, 2)
        for kind, places in got.points.items()
    }
    return lines, points


def _is_entrance(tags: Mapping[str, str]) -> bool:
    return tags.get("entrance", "no") != "no" or tags.get("barrier") == "gate"


# What nodes can mean to someone on foot.
POINT_KINDS: dict[str, Callable[[Mapping[str, str]], bool]] = {
    "entrances": _is_entrance,
    "signals": is_signal_crossing,
    "kerbs": is_high_kerb,
}


def _add_way(got: _Collected, way: osmium.osm.Way, tags: dict[str, str]) -> None:
    """Take over a way, broken into runs where the extract lacks a node."""
    row = street_row(tags)
    size, runs = 0, 0
    for node in way.nodes:
        if node.location.valid():
            got.refs.append(node.ref)
            got.lon.append(node.lon)
            got.lat.append(node.lat)
            size += 1
            continue
        got.missing += 1
        runs += _close_run(got, size, row)
        size = 0
    runs += _close_run(got, size, row)
    got.bad_ways += not runs


def _close_run(got: _Collected, size: int, row: tuple[object, ...]) -> int:
    """End a run of vertices; one vertex alone is no line and is taken back."""
    if size >= 2:
        got.sizes.append(size)
        got.rows.append(row)
        return 1
    if size:
        del got.refs[-1], got.lon[-1], got.lat[-1]
    return 0


def read_buildings(
    path: Path,
    *,
    residential: Collection[str] = RESIDENTIAL_BUILDINGS,
    other_uses: Collection[str] = OTHER_USES,
) -> gpd.GeoDataFrame:
    """
    Read where people live: residential buildings, and residential areas that hold none.

    A plain ``building=yes`` counts unless its tags or the land it stands on speak against it.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm`` or ``.osm.gz``.
    residential
        Values of ``building`` that are homes.
    other_uses
        Keys that make a plain ``building=yes`` something else.

    Returns
    -------
    buildings
        Polygons in EPSG:4326 with residence_id (``w`` or ``r`` and the id), building (null for a
        residential area), levels (NaN where not given), name, barrier, access.

    Raises
    ------
    InputError
        If the file is cut off.
    """
    shapes: list[str] = []
    rows: list[tuple[object, ...]] = []
    kinds: list[str] = []
    broken = 0
    wkb = osmium.geom.WKBFactory()
    keys = osmium.filter.KeyFilter("building", "landuse")
    for area in things(
        path, lambda: osmium.FileProcessor(str(path)).with_areas(keys).with_filter(keys)
    ):
        if not area.is_area():
            continue
        tags = dict(area.tags)
        kind = _kind(tags, residential, other_uses)
        if not kind:
            continue
        try:
            shapes.append(wkb.create_multipolygon(area))
        except RuntimeError:
            broken += 1
            continue
        kinds.append(kind)
        rows.append((f"{'w' if area.from_way() else 'r'}{area.orig_id()}", *_attributes(tags)))
    frame = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=["residence_id", *BUILDING_COLUMNS]),
        geometry=shapely.from_wkb(shapes),
        crs=4326,
    )
    homes = _homes(frame, np.array(kinds, dtype=object))
    log.info(
        "%s: %d residential buildings and areas, %d broken outlines", path.name, len(homes), broken
    )
    return homes


def _kind(
    tags: dict[str, str], residential: Collection[str], other_uses: Collection[str]
) -> str | None:
    """Sort an area into home, maybe (building=yes), estate and other land."""
    if tags.get("building", "no") != "no":
        if not is_residential_building(tags, residential=residential, other_uses=other_uses):
            return None
        return "maybe" if tags["building"] == "yes" else "home"
    if tags.get("landuse") == "residential":
        return "estate"
    return "other" if tags.get("landuse") in NON_RESIDENTIAL_LANDUSE else None


def _attributes(tags: dict[str, str]) -> tuple[object, ...]:
    levels = pd.to_numeric(tags.get("building:levels", ""), errors="coerce")
    plain = [tags.get(key) for key in ("name", "barrier", "access")]
    return (tags.get("building"), levels, *plain)


def _homes(frame: gpd.GeoDataFrame, kind: np.ndarray) -> gpd.GeoDataFrame:
    """Drop plain buildings on other land, and residential areas that hold a home."""
    points = shapely.point_on_surface(frame.geometry.to_numpy())
    other = frame.geometry.to_numpy()[kind == "other"]
    maybe = np.flatnonzero(kind == "maybe")
    inside = shapely.STRtree(other).query(points[maybe], predicate="within")[0]
    is_home = (kind == "home") | (kind == "maybe")
    is_home[maybe[inside]] = False
    estates = np.flatnonzero(kind == "estate")
    held = shapely.STRtree(points[is_home]).query(
        frame.geometry.to_numpy()[estates], predicate="intersects"
    )[0]
    empty = np.zeros(len(frame), dtype=bool)
    empty[estates] = True
    empty[estates[held]] = False
    homes = frame[is_home | empty].copy()
    homes.loc[empty[is_home | empty], "building"] = None
    return homes.reset_index(drop=True)
