"""Booths of the example town, and how places of its tables are written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from _town_degrees import to_degrees, to_gcj02
from _town_design import BOOTHS, COUNTY, DISTRICT, VILLAGES
from _town_draft import Way
from shapely import Point


def booth_rows(
    streets: Sequence[Way], *, built: Sequence[tuple[float, float]] = ()
) -> list[dict[str, str | float]]:
    """Set each booth, and those that were built since, beside the street nearest to its place."""
    named = [
        way for way in streets
        if "name" in way.tags and way.level == 0 and "trunk" not in way.tags["highway"]
    ]  # fmt: skip
    lines = [way.line for way in streets if way.level == 0 and way.tags["highway"] != "steps"]
    rows: list[dict[str, str | float]] = []
    booths = [*BOOTHS, *((place, "开放") for place in built)]
    for number, (place, status) in enumerate(booths, start=1):
        spot = Point(place[0] * 1_000, place[1] * 1_000)
        line = min(lines, key=spot.distance)
        spot = line.interpolate(line.project(spot))
        name, cross = nearest_names(spot, named)
        near = spot.distance(Point(0, 0)) < 3_000
        rows.append(
            {
                "站点编号": f"B{number:03d}",
                "名称": f"{name}{cross and cross + '口'}采样点",
                "状态": status,
                "地址": f"{DISTRICT if near else COUNTY}{name}与{cross}路口附近"
                if cross else f"{DISTRICT}{name}",
            }
            | written_place(Point(spot.x + 5, spot.y + 4))
        )  # fmt: skip
    return rows


def nearest_names(spot: Point, named: Sequence[Way]) -> tuple[str, str]:
    """Name the two nearest streets, or the village a place lies in."""
    village = min(VILLAGES, key=lambda v: spot.distance(Point(v.x_km * 1_000, v.y_km * 1_000)))
    if spot.distance(Point(village.x_km * 1_000, village.y_km * 1_000)) < 900:
        return village.name, ""
    names: list[str] = []
    for way in sorted(named, key=lambda way: (way.line.distance(spot), way.tags["name"])):
        if way.tags["name"] not in names:
            names.append(way.tags["name"])
        if len(names) == 2:
            break
    return names[0], names[1]


def written_place(point: Point) -> dict[str, str | float]:
    """Write a place on the sheet as columns: degrees in GCJ-02."""
    lon, lat = to_gcj02(*to_degrees(np.array([[point.x, point.y]]))[0])
    return {"经度": round(lon, 6), "纬度": round(lat, 6)}
