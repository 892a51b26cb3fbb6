"""Grounds of the example town where nobody lives: schools, works, parks, the river bank."""

from __future__ import annotations

import math

import numpy as np
import shapely
from _town_draft import Building, Draft, Names, Way
from _town_drawing import bent_cut, blob, long_axis, pieces
from _town_junctions import meets_street
from shapely import LineString, Polygon, STRtree, affinity
from shapely.ops import substring

GROUNDS_KINDS = (
    ({"amenity": "school"}, "school", "学校"),
    ({"landuse": "retail"}, "retail", "市场"),
    ({"amenity": "hospital"}, "hospital", "医院"),
    ({"landuse": "commercial"}, "office", "商务楼"),
    ({"landuse": "industrial"}, "industrial", "厂"),
    ({"landuse": "industrial"}, "warehouse", "仓库"),
)


def fill_park(
    leaf: Polygon, streets: STRtree, draft: Draft, rng: np.random.Generator, names: Names
) -> None:
    """Fill a park: winding paths across it, partly steps, and a pond."""
    park = leaf.buffer(-7)
    if park.is_empty:
        return
    draft.areas.append((park, {"leisure": "park", "name": names.street("公园")}))
    pond = blob(park.centroid.x, park.centroid.y, math.sqrt(park.area) / 9, rng)
    draft.areas.append((pond, {"natural": "water"}))
    for _ in range(3):
        for path in pieces(bent_cut(leaf, rng).intersection(leaf).difference(pond)):
            if path.length < 40 or not meets_street(path, streets):
                continue
            third = substring(path, 0, 0.35, normalized=True)
            rest = substring(path, 0.35, 1, normalized=True)
            draft.streets.append(Way(third, {"highway": "footway"}))
            draft.streets.append(Way(rest, {"highway": str(rng.choice(["steps", "footway"]))}))


def fill_grounds(
    leaf: Polygon, away: float, draft: Draft, rng: np.random.Generator, names: Names
) -> None:
    """Fill grounds where nobody lives; works lie at the edge of the town (`away` near 1)."""
    first = 0 if away < 0.75 else 2
    tags, building, word = GROUNDS_KINDS[int(rng.integers(first, first + 4))]
    grounds = leaf.buffer(-8)
    if grounds.is_empty or not isinstance(grounds, Polygon):
        return
    draft.areas.append((grounds, {**tags, "name": names.street(word)}))
    axis, length, width = long_axis(grounds)
    angle = math.atan2(axis[1], axis[0])
    middle = np.array(grounds.centroid.coords[0])
    for place in (-0.3, 0.0, 0.3):
        centre = middle + axis * place * length
        half = rng.uniform(0.07, 0.11) * length, rng.uniform(0.16, 0.32) * width
        hall = shapely.box(*(centre - half), *(centre + half))
        hall = affinity.rotate(hall, angle, use_radians=True)
        if grounds.contains(hall):
            level = str(rng.integers(1, 5))
            draft.buildings.append(Building(hall, {"building": building, "building:levels": level}))


def lay_bank(bank: Polygon, draft: Draft) -> None:
    """Lay a park between riverside road and water: a promenade, with steps down to it."""
    if bank.area < 15_000:
        return
    draft.areas.append((bank.buffer(-8), {"leisure": "park", "name": "滨河公园"}))
    for walk in pieces(draft.river.buffer(14).exterior.intersection(bank.buffer(-2))):
        if walk.length < 150:
            continue
        walk = walk.simplify(1.0)
        draft.streets.append(Way(walk, {"highway": "footway", "name": "滨河步道"}))
        roads = [
            way.line for way in draft.streets if way.tags.get("name", "").startswith("滨河")
            and way.tags["highway"] == "tertiary"
        ]  # fmt: skip
        road = shapely.union_all(roads)
        for place in np.arange(60, walk.length, 380):
            foot = walk.interpolate(place)
            top = shapely.get_point(shapely.shortest_line(road, foot), 0)
            middle = LineString([top, foot]).interpolate(0.7, normalized=True)
            if foot.distance(top) < 260:
                draft.streets.append(Way(LineString([top, middle]), {"highway": "footway"}))
                draft.streets.append(Way(LineString([middle, foot]), {"highway": "steps"}))
