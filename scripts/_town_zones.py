"""Street offices, townships, district and county of the example town."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from _town_degrees import to_degrees
from _town_design import (
    CITY,
    COUNTY,
    COUNTY_ID,
    COUNTY_TOWN,
    DISTRICT,
    DISTRICT_ID,
    EAST_M,
    NORTH_M,
    OFFICES,
    SEAT_TOWNSHIP,
    SOUTH_M,
    STAGE_OF_OFFICES,
    TOWNSHIPS,
    WEST_M,
)
from _town_draft import Zone
from _town_drawing import curve
from shapely import LineString, Point, Polygon

TOWN_MARGIN_M = 100.0  # ground of a town's zone around its outline


def draw_zones(
    blocks: Sequence[Polygon],
    river: LineString,
    towns: dict[str, Polygon],
    rng: np.random.Generator,
) -> list[Polygon]:
    """
    Part the sheet into the zones of OFFICES and TOWNSHIPS, in that order.

    Cells around scattered seeds go to zones whole; pairs of seeds along main streets and river
    let the borders follow them, as those of street offices do.
    """
    spread = np.arange(0, 1, 1 / 46)
    grid = np.stack(np.meshgrid(spread, spread), axis=-1).reshape(-1, 2)
    grid = grid + rng.uniform(0, 1 / 46, grid.shape)
    seeds = [grid * [EAST_M - WEST_M, NORTH_M - SOUTH_M] + [WEST_M, SOUTH_M]]
    guides = [river, *(curve(points) for _, _, points in CITY.streets)]
    guides += [LineString(town.buffer(TOWN_MARGIN_M).exterior) for town in towns.values()]
    for line in guides:
        along = np.arange(20, line.length - 20, 90.0)
        here = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
        ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, along + 1))
        normal = (ahead - here)[:, ::-1] * [-1, 1] * 35
        seeds += [here + normal, here - normal]
    sheet = shapely.box(WEST_M, SOUTH_M, EAST_M, NORTH_M)
    points = np.unique(np.round(np.concatenate(seeds), 1), axis=0)
    points = points[shapely.contains(sheet, shapely.points(points))]
    cells = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=sheet, ordered=True)
    cells = shapely.intersection(shapely.get_parts(cells), sheet)
    owner = np.array([zone_of_seed(Point(p), blocks, river, towns) for p in points])
    zones = [
        shapely.coverage_union_all(cells[owner == n]) for n in range(len(OFFICES) + len(TOWNSHIPS))
    ]
    return list(shapely.coverage_simplify(np.array(zones), 25.0))


def zone_of_seed(
    seed: Point, blocks: Sequence[Polygon], river: LineString, towns: dict[str, Polygon]
) -> int:
    """Number the zone of a place: by block in the city, by the nearest village elsewhere."""
    if towns[CITY.name].dwithin(seed, TOWN_MARGIN_M):
        block = min(blocks, key=lambda b: (b.distance(seed), b.bounds))
        south_bank = block.centroid.y < river.interpolate(river.project(block.centroid)).y
        middles = [Point(x * 1_000, y * 1_000) for _, _, (x, y) in OFFICES]
        if south_bank:
            return len(OFFICES) - 1
        return int(np.argmin([block.centroid.distance(middle) for middle in middles[:-1]]))
    if towns[COUNTY_TOWN.name].dwithin(seed, TOWN_MARGIN_M):
        return len(OFFICES) + [code for code, *_ in TOWNSHIPS].index(SEAT_TOWNSHIP)
    near = [
        min((seed.distance(Point(x * 1_000, y * 1_000)) for x, y in places), default=math.inf)
        for *_, places in TOWNSHIPS
    ]
    return len(OFFICES) + int(np.argmin(near))


def name_zones(shapes: Sequence[Polygon]) -> list[Zone]:
    """Name the zones, and add the district and the county as their unions."""
    degrees = [shapely.transform(shape, lambda p: np.round(to_degrees(p), 6)) for shape in shapes]
    zones = [
        Zone(code, name, DISTRICT_ID, STAGE_OF_OFFICES, shape)
        for (code, name, _), shape in zip(OFFICES, degrees, strict=False)
    ]
    zones += [
        Zone(code, name, parent, None, shape)
        for (code, name, parent, _), shape in zip(TOWNSHIPS, degrees[len(OFFICES) :], strict=True)
    ]
    for code, name in ((DISTRICT_ID, DISTRICT), (COUNTY_ID, COUNTY)):
        parts = [zone.shape for zone in zones if zone.parent == code]
        zones.append(Zone(code, name, None, None, shapely.coverage_union_all(parts)))
    return zones


def geojson(zones: Iterable[Zone]) -> str:
    """Write the zones as GeoJSON, one feature a line."""
    features = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {
                    "zone_id": zone.code,
                    "name": zone.name,
                    "parent_id": zone.parent,
                    "stage": zone.stage,
                },
                "geometry": shapely.geometry.mapping(zone.shape),
            },
            ensure_ascii=False,
        )
        for zone in zones
    ]
    return '{"type": "FeatureCollection", "features": [\n' + ",\n".join(features) + "\n]}\n"
