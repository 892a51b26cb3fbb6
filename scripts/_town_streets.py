"""Streets of the towns, and what fills the blocks between them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from _town_design import PEDESTRIAN_BETWEEN, PEDESTRIAN_STREET, UNDER_VIADUCT, TownDesign
from _town_draft import Draft, Names, Way
from _town_drawing import JOIN_M, curve, divide
from _town_estates import fill_estate
from _town_grounds import fill_grounds, fill_park, lay_bank
from _town_lanes import fill_lanes
from shapely import LineString, Point, Polygon, STRtree
from shapely.ops import polygonize, split, substring

FIELDS_SHARE = 0.35  # of the parts along a town's edge: not built yet
BLIND_SHARE = 0.3  # of the longer side streets that nothing joins


def lay_town(
    design: TownDesign, draft: Draft, rng: np.random.Generator, names: Names
) -> list[Polygon]:
    """Lay a town's main streets, fill the blocks between them, and return these blocks."""
    outline = Polygon(curve(design.outline_km, closed=True))
    lines = {name: curve(points) for name, _, points in design.streets}
    kinds = {name: kind for name, kind, _ in design.streets}
    everything = shapely.union_all([outline.exterior, draft.river.exterior, *lines.values()])
    for name, line in lines.items():
        others = shapely.union_all([other for key, other in lines.items() if key != name])
        trimmed = trim(line, others, outline)
        draft.streets += main_street(name, kinds[name], trimmed, draft.river, lines)
    blocks = [
        block
        for block in polygonize(everything)
        if outline.contains(block.representative_point())
        and not draft.river.contains(block.representative_point())
        and block.area > 2_000
    ]
    blocks.sort(key=lambda block: block.bounds)
    for block in blocks:
        if block.distance(draft.river) < 1:
            lay_bank(block, draft)
            continue
        leaves, cuts = divide(block, design.block_m2, rng)
        ends = STRtree([line.interpolate(k) for line, _ in cuts for k in (0, line.length)])
        for line, depth in cuts:
            meetings = len(ends.query(line, predicate="dwithin", distance=0.01)) - 2
            blind = meetings == 0 and line.length > 200 and rng.random() < BLIND_SHARE
            draft.streets.append(side_street(line, depth, names, blind=blind))
        streets = STRtree([way.line for way in draft.streets])
        for leaf in leaves:
            if leaf.distance(outline.exterior) < 1 and rng.random() < FIELDS_SHARE:
                draft.areas.append((leaf.buffer(-5), {"landuse": "farmland"}))
                continue
            fill(leaf, design, streets, draft, rng, names)
    return blocks


def trim(line: LineString, others: shapely.Geometry, outline: Polygon) -> LineString:
    """Cut off ends that run a short way past the last crossing inside the town."""
    crossings = shapely.get_parts(line.intersection(others))
    places = sorted(float(line.project(Point(shapely.get_coordinates(c)[0]))) for c in crossings)
    start, stop = 0.0, line.length
    if places and places[0] < 200 and outline.contains(Point(line.coords[0])):
        start = places[0]
    if places and line.length - places[-1] < 200 and outline.contains(Point(line.coords[-1])):
        stop = places[-1]
    return substring(line, start, stop)


def main_street(
    name: str, kind: str, line: LineString, river: Polygon, lines: dict[str, LineString]
) -> Iterator[Way]:
    """Turn a main street into ways: bridges over the river, a part without cars, a viaduct."""
    tags = {"highway": kind, "name": name}
    if name == PEDESTRIAN_STREET:
        ends = [lines[end] for end in PEDESTRIAN_BETWEEN]
        for part in split(line, shapely.union_all(ends)).geoms:
            inner = sum(end.distance(part) for end in ends) < JOIN_M
            walk = {"highway": "pedestrian", "name": "鼓楼步行街"}
            yield Way(part, walk if inner else tags)
        return
    yield from over_water(line, tags, river)
    if name == UNDER_VIADUCT:
        deck = substring(line.offset_curve(8), 0.16, 0.86, normalized=True)
        yield Way(
            deck, {"highway": "trunk", "name": "望岭高架路", "bridge": "viaduct", "layer": "2"}, 2
        )
        link = {"highway": "trunk_link", "bridge": "yes", "layer": "1"}
        ramps = ((0.09, deck.coords[0]), (0.93, deck.coords[-1]))
        for place, end in ramps:
            yield Way(LineString([line.interpolate(place, normalized=True), end]), link, 2)


def over_water(line: LineString, tags: dict[str, str], river: Polygon) -> Iterator[Way]:
    """Split a road where it crosses the river; the part over water is a bridge."""
    span = river.buffer(22)
    if not line.intersects(river):
        yield Way(line, tags)
        return
    for part in split(line, LineString(span.exterior)).geoms:
        wet = span.contains(part.interpolate(0.5, normalized=True))
        yield Way(part, {**tags, "bridge": "yes", "layer": "1"}, 1) if wet else Way(part, tags)


def side_street(line: LineString, depth: int, names: Names, *, blind: bool) -> Way:
    """Give a cut through a block a class and a name; a blind one stops short of its far end."""
    if blind:
        line = substring(line, 0, 0.6, normalized=True)
    kind, word = (("tertiary", "街"), ("residential", "路"), ("residential", "巷"))[min(depth, 2)]
    return Way(line, {"highway": kind, "name": names.street(word)})


def fill(
    leaf: Polygon,
    design: TownDesign,
    streets: STRtree,
    draft: Draft,
    rng: np.random.Generator,
    names: Names,
) -> None:
    """Fill one part of a block: old lanes, an estate, a park, a school, a market, a works."""
    x_km, y_km, radius_km = design.old_town_km
    away_m = leaf.centroid.distance(Point(x_km * 1_000, y_km * 1_000))
    code = design.core_code if away_m < design.core_m else design.fringe_code
    luck = rng.random()
    if away_m < radius_km * 1_000 and luck < 0.8:
        fill_lanes(leaf, code, design, draft, rng, names)
    elif leaf.area < 9_000 or luck < 0.17:
        fill_grounds(leaf, away_m / design.core_m, draft, rng, names)
    elif luck < 0.23:
        fill_park(leaf, streets, draft, rng, names)
    else:
        gated = luck < 0.68
        floors = str(rng.choice(design.floors))
        fill_estate(leaf, code, design, streets, draft, rng, names, gated=gated, floors=floors)
