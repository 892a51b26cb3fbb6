"""The extract of the example town: streets and buildings as OpenStreetMap has them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
import shapely
from _town_degrees import to_degrees
from _town_draft import Building, Draft, Way
from _town_drawing import GRID_M, JOIN_M, node_key
from _town_junctions import meet
from shapely import LineString, Point, Polygon, STRtree
from shapely.ops import polygonize

SURFACES = {"track": "ground", "path": "gravel"}
SIGNAL = {"highway": "crossing", "crossing": "traffic_signals"}
SQUARE = {"highway": "pedestrian", "area": "yes", "name": "滨河广场"}
SQUARE_M2, SQUARE_WITHIN_M = (8_000.0, 45_000.0), 1_500.0


def write_streets(path: Path, draft: Draft, buildings: Sequence[Building]) -> None:
    """Write the extract, nodes before ways, ids counted from 1."""
    streets = meet(draft.streets)
    ways = [
        (points, surfaced(way.tags))
        for points, way in zip(streets, draft.streets, strict=True)
    ]  # fmt: skip
    ways += [(shapely.get_coordinates(way.line), way.tags) for way in draft.lines]
    ways += [(shapely.get_coordinates(shape.exterior), tags) for shape, tags in draft.areas]
    ways += [(shapely.get_coordinates(b.outline.exterior), b.tags) for b in buildings]
    ways.append((shapely.get_coordinates(square(streets, draft, buildings).exterior), SQUARE))
    marks = [(gate, {"barrier": "gate"}) for gate in draft.gates]
    marks += [(door, {"entrance": "staircase"}) for b in buildings for door in b.doors]
    marks += [(Point(point), SIGNAL) for point in crossings(streets, draft.streets)]
    tags_of = {node_key(point.coords[0]): tags for point, tags in marks}
    ids: dict[tuple[int, int], int] = {}
    refs = []
    for points, _ in ways:
        keys = [node_key(point) for point in points]
        keys = keys[:1] + [b for a, b in pairwise(keys) if a != b]
        refs.append([ids.setdefault(key, len(ids) + 1) for key in keys])
    places = np.round(to_degrees(np.array(list(ids)) * GRID_M), 7)
    header = osmium.io.Header()
    header.set("generator", "walkcover example town")
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
        for (key, number), place in zip(ids.items(), places, strict=True):
            node = osmium.osm.mutable.Node(
                id=number, version=1, location=tuple(place), tags=tags_of.get(key, {})
            )
            writer.add_node(node)
        for number, (nodes, (_, tags)) in enumerate(zip(refs, ways, strict=True), start=1):
            writer.add_way(osmium.osm.mutable.Way(id=number, version=1, nodes=nodes, tags=tags))


def surfaced(tags: dict[str, str]) -> dict[str, str]:
    """Add the surface of ways that are not paved."""
    surface = SURFACES.get(tags["highway"])
    return tags | {"surface": surface} if surface else tags


def crossings(coords: Sequence[np.ndarray], streets: Sequence[Way]) -> list[tuple[float, float]]:
    """List where ways for people on foot meet a main street: there they wait for a signal."""
    points: dict[bool, dict[tuple[int, int], tuple[float, float]]] = {True: {}, False: {}}
    for line, way in zip(coords, streets, strict=True):
        on_foot = way.tags["highway"] in ("footway", "pedestrian", "path")
        if on_foot or way.tags["highway"] in ("primary", "secondary"):
            points[on_foot] |= {node_key(point): tuple(point) for point in line}
    return [point for key, point in points[True].items() if key in points[False]]


def square(coords: Sequence[np.ndarray], draft: Draft, buildings: Sequence[Building]) -> Polygon:
    """Find ground in the riverside park, between streets and paths, to be paved as a square."""
    lines = [
        LineString(line) for line, way in zip(coords, draft.streets, strict=True) if not way.level
    ]
    others = [shape for shape, tags in draft.areas if tags.get("leisure") != "park"]
    taken = STRtree([*(b.outline for b in buildings), *others])
    faces = [
        face
        for face in polygonize(shapely.node(shapely.multilinestrings(lines)).geoms)
        if SQUARE_M2[0] < face.area < SQUARE_M2[1]
        and face.centroid.distance(Point(0, 0)) < SQUARE_WITHIN_M
        and not taken.query(face.buffer(-JOIN_M), predicate="intersects").size
    ]
    return max(faces, key=lambda face: face.area)
