"""Old lanes of the example town, and houses along them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import shapely
from _town_design import TownDesign
from _town_draft import Building, Draft, Home, Names, Way
from _town_drawing import divide
from shapely import LineString, Polygon, affinity


def fill_lanes(
    leaf: Polygon,
    code: str,
    design: TownDesign,
    draft: Draft,
    rng: np.random.Generator,
    names: Names,
) -> None:
    """Fill old quarters: narrow lanes with courtyard houses along them."""
    _, cuts = divide(leaf, 6_500, rng)
    kinds = ("living_street", "residential", "footway", "path")
    name = names.street("巷")
    for line, depth in cuts:
        kind = kinds[min(depth + int(rng.integers(0, 2)), 3)]
        draft.streets.append(Way(line, {"highway": kind} | ({"name": name} if depth < 2 else {})))
    draft.areas.append((leaf.buffer(-6), {"landuse": "residential"}))
    sides = [LineString(leaf.buffer(-7).exterior)] if not leaf.buffer(-7).is_empty else []
    lanes = [line for line, _ in cuts] + sides
    inside = leaf.buffer(-4)
    yards = [y for y in houses_along(lanes, 28, (19, 13), rng) if inside.contains(y)]
    for number, yard in enumerate(yards, start=1):
        people = int(rng.integers(14, 42))
        home = Home(f"{name}{number}号院", people, code, design.county_seat)
        tags = {"building": "residential", "building:levels": str(rng.integers(1, 4))}
        draft.buildings.append(Building(yard, tags, home=home))


def houses_along(
    lines: Iterable[LineString],
    spacing_m: float,
    size_m: tuple[float, float],
    rng: np.random.Generator,
) -> Iterator[Polygon]:
    """Set houses on both sides of lanes, each turned with its lane."""
    for line in lines:
        for side in (-1, 1):
            place = rng.uniform(0.4, 0.9) * spacing_m
            while place < line.length - 0.3 * spacing_m:
                here = np.array(line.interpolate(place).coords[0])
                ahead = np.array(line.interpolate(place + 1).coords[0])
                if (ahead == here).all():
                    break
                angle = math.atan2(*(ahead - here)[::-1])
                width, depth = np.array(size_m) * rng.uniform(0.8, 1.15, 2)
                off = side * (depth / 2 + rng.uniform(4, 9))
                x = here[0] - math.sin(angle) * off
                y = here[1] + math.cos(angle) * off
                house = shapely.box(x - width / 2, y - depth / 2, x + width / 2, y + depth / 2)
                yield affinity.rotate(house, angle + rng.normal(0, 0.04), use_radians=True)
                place += spacing_m * rng.uniform(0.9, 1.4)
