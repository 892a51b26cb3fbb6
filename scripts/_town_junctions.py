"""Where streets of the example town meet, and what stands free of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from _town_draft import Building, Draft, Way
from _town_drawing import JOIN_M, insert, node_key, rounded
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import LineString, Point, STRtree

STREET_NEAR_M = 30.0  # buildings of towns stand this near to a street or path


def meets_street(stub: LineString, streets: STRtree) -> bool:
    """Tell whether one end of a line lies on a street."""
    ends = [Point(stub.coords[0]), Point(stub.coords[-1])]
    return len(streets.query(ends, predicate="dwithin", distance=0.01)[0]) > 0


def meet(streets: Sequence[Way]) -> list[np.ndarray]:
    """Give streets shared vertices where they cross on one level, or where one ends on another."""
    coords = [insert(rounded(shapely.get_coordinates(way.line)), []) for way in streets]
    lines = [LineString(points) for points in coords]
    added: list[list[tuple[float, float]]] = [[] for _ in lines]
    tree = STRtree(lines)
    pairs = tree.query(lines, predicate="dwithin", distance=JOIN_M).T
    for i, j in sorted((int(i), int(j)) for i, j in pairs if i < j):
        joined = []
        for one, other in ((i, j), (j, i)):
            for end in (coords[one][0], coords[one][-1]):
                if lines[other].distance(Point(end)) <= JOIN_M:
                    added[other].append(tuple(end))
                    joined.append(end)
        if streets[i].level != streets[j].level:
            continue
        for point in rounded(shapely.get_coordinates(lines[i].intersection(lines[j]))):
            if all(math.dist(point, end) > 2 * JOIN_M for end in joined):
                added[i].append(tuple(point))
                added[j].append(tuple(point))
    return [insert(points, more) for points, more in zip(coords, added, strict=True)]


def drop_orphans(draft: Draft, towns: shapely.Geometry) -> None:
    """Drop streets of towns that joined no other street, and buildings that stand at none."""
    ends: list[int] = []
    starts: list[int] = []
    ids: dict[tuple[int, int], int] = {}
    first = []
    for points in meet(draft.streets):
        numbers = [ids.setdefault(node_key(point), len(ids)) for point in points]
        starts += numbers[:-1]
        ends += numbers[1:]
        first.append(numbers[0])
    links = coo_array((np.ones(len(ends)), (starts, ends)), shape=(len(ids), len(ids)))
    _, piece = connected_components(links, directed=False)
    main = np.bincount(piece).argmax()
    draft.streets = [
        way
        for way, number in zip(draft.streets, first, strict=True)
        if piece[number] == main or not towns.intersects(way.line)
    ]
    streets = STRtree([way.line for way in draft.streets])
    draft.gates = [
        gate for gate in draft.gates if len(streets.query(gate, "dwithin", distance=JOIN_M))
    ]
    draft.buildings = [
        building
        for building in draft.buildings
        if not towns.intersects(building.outline)
        or len(streets.query(building.outline, predicate="dwithin", distance=STREET_NEAR_M))
    ]


def clear_of_streets(draft: Draft) -> list[Building]:
    """Drop buildings that stand in a street or in an earlier building."""
    ground = [way.line for way in draft.streets if way.level == 0]
    outlines = [building.outline for building in draft.buildings]
    in_street = set(STRtree(ground).query(outlines, predicate="dwithin", distance=2.5)[0].tolist())
    in_street |= set(np.flatnonzero(shapely.dwithin(outlines, draft.river, 15)).tolist())
    pairs = STRtree(outlines).query(outlines, predicate="dwithin", distance=1.5).T
    dropped = in_street
    for later, earlier in sorted((int(a), int(b)) for a, b in pairs if a > b):
        if earlier not in dropped:
            dropped.add(later)
    return [b for number, b in enumerate(draft.buildings) if number not in dropped]
