"""Estates of the example town: rows of apartment houses, paths, a wall with a gate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import shapely
from _town_design import TownDesign
from _town_draft import Building, Draft, Home, Names, Way
from _town_drawing import insert, long_axis, pieces, with_points
from _town_grounds import fill_grounds
from _town_junctions import meets_street
from shapely import LineString, Point, Polygon, STRtree, affinity

ESTATE_KINDS = ("小区", "花园", "家园", "新村", "公寓")
# kind of house: length, depth, distance of rows, gap between, levels, homes per level and stair
FLOORS = {
    "slab": (58.0, 12.0, 40.0, 13.0, (5, 7), 2.0),
    "middle": (50.0, 14.0, 48.0, 16.0, (9, 12), 2.0),
    "tower": (30.0, 20.0, 66.0, 36.0, (18, 27), 3.0),
}
STAIR_M = 18.0
PEOPLE_PER_HOME = 2.55


def fill_estate(
    leaf: Polygon,
    code: str,
    design: TownDesign,
    streets: STRtree,
    draft: Draft,
    rng: np.random.Generator,
    names: Names,
    *,
    gated: bool,
    floors: str,
) -> None:
    """
    Fill an estate: rows of apartment houses that face south, paths between, one way in.

    The paths inside carry no access tag, as mappers leave them; only the stub at the gate of a
    gated estate is private.
    """
    axis, _, _ = long_axis(leaf)
    angle = math.degrees(math.atan2(axis[1], axis[0]))
    turn = (angle + 45) % 90 - 45
    origin = leaf.centroid

    def back(shape: shapely.Geometry) -> shapely.Geometry:
        return affinity.rotate(shape, turn, origin=origin)

    upright = affinity.rotate(leaf, -turn, origin=origin)
    wall, loop, yard = upright.buffer(-8), upright.buffer(-13), upright.buffer(-17)
    if yard.is_empty or not all(isinstance(p, Polygon) for p in (wall, loop, yard)):
        fill_grounds(leaf, 1.0, draft, rng, names)
        return
    loop = Polygon(loop.exterior.simplify(2.0))
    middle_x = loop.centroid.x + rng.uniform(-0.12, 0.12) * (loop.bounds[2] - loop.bounds[0])
    column = LineString([(middle_x, leaf.bounds[1] - 500), (middle_x, leaf.bounds[3] + 500)])
    spines = pieces(column.intersection(loop))
    stubs = pieces(column.intersection(upright).difference(loop))
    reach = [s for s in stubs if meets_street(back(s), streets)]
    if len(spines) != 1 or not reach:
        fill_grounds(leaf, 1.0, draft, rng, names)
        return
    entries = reach if not gated else [reach[int(rng.integers(len(reach)))]]
    name = names.estate(str(rng.choice(ESTATE_KINDS)))
    footway = {"highway": "footway"}
    draft.streets += [Way(back(loop.exterior), footway), Way(back(spines[0]), footway)]
    open_estate(name, back(wall), [back(stub) for stub in entries], draft, gated=gated)
    bars, paths = rows_of_houses(yard, loop, middle_x, floors, rng)
    draft.streets += [Way(back(path), footway) for path in paths]
    for number, bar in enumerate(bars, start=1):
        label = f"{name}{number}号楼"
        draft.buildings.append(apartment_house(bar, back, floors, label, code, design, rng))


def open_estate(
    name: str, wall: Polygon, entries: Sequence[LineString], draft: Draft, *, gated: bool
) -> None:
    """Join an estate to the streets: a private stub through a gate in the wall, or open ways."""
    ground = {"landuse": "residential", "name": name}
    if not gated:
        draft.streets += [Way(stub, {"highway": "service"}) for stub in entries]
        draft.areas.append((wall, ground))
        return
    gate = Point(shapely.get_coordinates(wall.exterior.intersection(entries[0]))[0])
    stub = LineString(insert(shapely.get_coordinates(entries[0]), [gate.coords[0]]))
    draft.streets.append(Way(stub, {"highway": "service", "access": "private"}))
    draft.areas.append((with_points(wall, [gate]), ground | {"barrier": "wall"}))
    draft.gates.append(gate)


def rows_of_houses(
    yard: Polygon, loop: Polygon, middle_x: float, floors: str, rng: np.random.Generator
) -> tuple[list[Polygon], list[LineString]]:
    """Set rows of houses into a yard, with a path before each row."""
    length, depth, pitch, gap, _, _ = FLOORS[floors]
    west, south, east, north = yard.bounds
    bars: list[Polygon] = []
    paths: list[LineString] = []
    shift = rng.uniform(0, 8)
    for row in np.arange(south + shift, north - depth + 1, pitch):
        path = LineString([(west - 50, row - 7), (east + 50, row - 7)])
        built = len(bars)
        x = west + rng.uniform(0, 6)
        while x + length * 0.55 < east:
            size = length * rng.choice([0.7, 1.0, 1.0, 1.15])
            bar = shapely.box(x, row, x + size, row + depth)
            if yard.contains(bar) and not x - 5 < middle_x < x + size + 5:
                bars.append(bar)
                x += size + gap
            else:
                x += 6
        if len(bars) > built:
            paths += pieces(path.intersection(loop))
    return bars, paths


def apartment_house(
    bar: Polygon,
    back: Callable[[shapely.Geometry], shapely.Geometry],
    floors: str,
    label: str,
    code: str,
    design: TownDesign,
    rng: np.random.Generator,
) -> Building:
    """Make one apartment house, its stair doors on the south side where the path runs."""
    _, _, _, _, levels, homes = FLOORS[floors]
    level = int(rng.integers(*levels, endpoint=True))
    west, south, east, _ = bar.bounds
    stairs = max(1, round((east - west) / STAIR_M))
    doors = [Point(west + (i + 0.5) * (east - west) / stairs, south) for i in range(stairs)]
    people = round(level * stairs * homes * PEOPLE_PER_HOME * rng.uniform(0.72, 1.05))
    if rng.random() < 0.004:
        people = 0
    tags = {"building": "apartments", "building:levels": str(level), "name": label}
    home = Home(label, people, code, design.county_seat)
    turned = tuple(back(door) for door in doors)
    return Building(with_points(back(bar), turned), tags, turned, home)
