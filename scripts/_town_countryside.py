"""Villages of the example town, and the roads that find their way to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from _town_design import (
    CITY,
    COUNTY_TOWN,
    FARM_KM,
    HAMLET_KM,
    UNFINISHED_ROAD,
    VALLEY_ROAD,
    VILLAGES,
    Village,
)
from _town_draft import Building, Draft, Home, Way
from _town_drawing import blob, curve, divide, smooth, wind
from _town_ground import TERRAIN_M, Terrain
from _town_lanes import houses_along
from _town_streets import over_water
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from shapely import LineString, Point, Polygon, affinity


def lay_village(
    village: Village, draft: Draft, terrain: Terrain, rng: np.random.Generator
) -> tuple[np.ndarray, list[LineString]]:
    """Lay a village on the flattest ground near its place: its middle and its lanes."""
    places = np.array([village.x_km, village.y_km]) * 1_000 + rng.uniform(-200, 200, (40, 2))
    steps = np.array([[60.0, 0.0], [0.0, 60.0]])
    rises = [np.abs(terrain.at(places + step) - terrain.at(places - step)) for step in steps]
    middle = places[int(np.sum(rises, axis=0).argmin())]
    outline = blob(middle[0], middle[1], village.radius_m, rng)
    _, cuts = divide(outline, 5_600, rng)
    kinds = ("residential", "residential", "track", "path")
    lanes = []
    for line, depth in cuts:
        winding = wind(line)
        lanes.append(winding)
        kind = kinds[min(depth, 3)]
        draft.streets.append(Way(winding, {"highway": kind}))
    draft.areas.append((outline.buffer(12), {"landuse": "residential", "name": village.name}))
    for number, yard in enumerate(houses_along(lanes, 32, (18, 12), rng), start=1):
        people = int(rng.integers(5, 23))
        home = Home(f"{village.name}{number}号", people, village.class_code, county_seat=False)
        tags = {"building": "house", "building:levels": str(rng.integers(1, 3))}
        draft.buildings.append(Building(yard, tags, home=home))
    return middle, lanes


@dataclass(frozen=True)
class RoadFinder:
    """Cheapest ways over the terrain, as roads find them: around hills and towns, not through."""

    terrain: Terrain
    cost: coo_array

    @classmethod
    def over(cls, terrain: Terrain, river: Polygon, towns: shapely.Geometry) -> RoadFinder:
        """Price every step between cells: longer, steeper, over water, through a town."""
        rows, columns = terrain.height_m.shape
        cell = np.arange(rows * columns).reshape(rows, columns)
        grid_x, grid_y = np.meshgrid(terrain.x_m, terrain.y_m)
        points = shapely.points(grid_x, grid_y)
        weight = 1 + 12.0 * shapely.dwithin(river, points, 70) + 5.0 * shapely.within(points, towns)
        starts, stops, costs = [], [], []
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1)):
            a = cell[: rows - down, max(0, -right) : columns - max(0, right)]
            b = cell[down:, max(0, right) : columns + min(0, right)]
            length = TERRAIN_M * math.hypot(down, right)
            grade = np.abs(np.diff(terrain.height_m.ravel()[np.stack([a, b])], axis=0)[0]) / length
            mean_weight = weight.ravel()[np.stack([a, b])].mean(axis=0)
            starts.append(a.ravel())
            stops.append(b.ravel())
            costs.append((length * mean_weight * (1 + (grade / 0.05) ** 2)).ravel())
        joined = np.concatenate(starts), np.concatenate(stops)
        size = rows * columns
        return cls(terrain, coo_array((np.concatenate(costs), joined), shape=(size, size)).tocsr())

    def cell(self, point: np.ndarray) -> int:
        """Number the cell nearest to a point in metres."""
        column = int(np.abs(self.terrain.x_m - point[0]).argmin())
        return int(np.abs(self.terrain.y_m - point[1]).argmin()) * len(self.terrain.x_m) + column

    def path(self, start: np.ndarray, goals: set[int]) -> np.ndarray:
        """Find the cells from a point to the cheapest goal, shape (n, 2), in metres."""
        first = self.cell(start)
        cost, before = dijkstra(self.cost, directed=False, indices=first, return_predecessors=True)
        goal = min(goals, key=lambda cell: (cost[cell], cell))
        cells = [goal]
        while cells[-1] != first:
            cells.append(int(before[cells[-1]]))
        rows, columns = np.divmod(np.array(cells[::-1]), len(self.terrain.x_m))
        return np.stack([self.terrain.x_m[columns], self.terrain.y_m[rows]], axis=1)


@dataclass
class Countryside:
    """Roads so far, and the cells where another road may join them."""

    finder: RoadFinder
    roads: list[LineString] = field(default_factory=list)
    cells: dict[int, tuple[float, float]] = field(default_factory=dict)

    def tip(self, point: tuple[float, float]) -> None:
        """Let roads end at a point."""
        self.cells[self.finder.cell(np.array(point))] = point

    def join(
        self, start: np.ndarray, near: Sequence[LineString], rng: np.random.Generator
    ) -> LineString:
        """Lay a road from the lanes around `start` to the roads that are there."""
        path = self.finder.path(start, set(self.cells))
        end = self.cells[self.finder.cell(path[-1])]
        head = shapely.shortest_line(shapely.union_all(near), Point(path[min(2, len(path) - 1)]))
        line = smooth(np.r_[[head.coords[0]], path[2:-1], [end]], rng)
        road = LineString(line).simplify(1.0)
        for point in path[1:-1]:
            spot = road.interpolate(road.project(Point(point))).coords[0]
            self.cells.setdefault(self.finder.cell(point), spot)
        self.roads.append(road)
        return road


def lay_countryside(
    draft: Draft, terrain: Terrain, towns: shapely.Geometry, rng: np.random.Generator
) -> None:
    """Lay villages, and roads to them; two villages and a hamlet stay cut off."""
    country = Countryside(RoadFinder.over(terrain, draft.river, towns))
    designs = {design.name: design.streets for design in (CITY, COUNTY_TOWN)}
    for streets in designs.values():
        for _, _, points in streets:
            line = curve(points)
            for end in (line.coords[0], line.coords[-1]):
                if not towns.contains(Point(end)):
                    country.tip(end)
    county_tip = curve(COUNTY_TOWN.streets[0][2])
    county_end = np.array(county_tip.coords[0])
    del country.cells[country.finder.cell(county_end)]
    far_tips = {k: v for k, v in country.cells.items() if v[0] > 5_000}
    for cell in far_tips:
        del country.cells[cell]
    road = country.join(county_end, [LineString([county_end, county_end + 0.01])], rng)
    road = LineString([county_end, *road.coords[1:]])
    draft.streets += over_water(road, {"highway": "primary", "name": "澄柏公路"}, draft.river)
    country.cells |= far_tips
    middles, lanes = {}, {}
    for village in VILLAGES:
        middles[village.name], lanes[village.name] = lay_village(village, draft, terrain, rng)
        if village.road:
            road = country.join(middles[village.name], lanes[village.name], rng)
            draft.streets += over_water(road, {"highway": village.road}, draft.river)
    for (start, stop), kind in ((VALLEY_ROAD, "track"), (UNFINISHED_ROAD, "construction")):
        goal = country.finder.cell(middles[stop])
        path = country.finder.path(middles[start], {goal})
        ends = [
            shapely.shortest_line(shapely.union_all(lanes[name]), Point(path[place])).coords[0]
            for name, place in ((start, 2), (stop, -3))
        ]
        line = LineString(smooth(np.r_[[ends[0]], path[2:-2], [ends[1]]], rng)).simplify(1.0)
        if kind == "track":
            draft.streets.append(Way(line, {"highway": kind}))
        else:
            draft.lines.append(Way(line, {"highway": kind, "construction": "unclassified"}))
    lay_cut_off(draft, rng)


def lay_cut_off(draft: Draft, rng: np.random.Generator) -> None:
    """Lay a hamlet on a loop of track that meets no road, and a farm far from any street."""
    loop = LineString(blob(HAMLET_KM[0] * 1_000, HAMLET_KM[1] * 1_000, 85, rng).exterior)
    draft.streets.append(Way(loop, {"highway": "track"}))
    for number, yard in enumerate(houses_along([loop], 48, (16, 11), rng), start=1):
        home = Home(f"沟底{number}号", int(rng.integers(3, 12)), "220", county_seat=False)
        tags = {"building": "house", "building:levels": "1"}
        draft.buildings.append(Building(yard, tags, home=home))
    farm = shapely.box(-9, -6, 9, 6)
    farm = affinity.translate(farm, FARM_KM[0] * 1_000, FARM_KM[1] * 1_000)
    home = Home("南岭护林站", 4, "220", county_seat=False)
    draft.buildings.append(Building(farm, {"building": "house", "building:levels": "1"}, (), home))
