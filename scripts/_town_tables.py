"""Tables of the example town: residences, booths, people of the zones."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import xlsxwriter
from _town_degrees import to_degrees, to_gcj02
from _town_design import BOOTHS, COUNTY, DISTRICT, VILLAGES
from _town_draft import Building, Way, Zone
from shapely import Point, STRtree

RESIDENCE_COLUMNS = ("编号", "名称", "人数", "经度", "纬度", "区划码", "城乡分类", "县城")


def residence_rows(buildings: Iterable[Building], zones: Iterable[Zone]) -> list[dict[str, str]]:
    """Make the rows of residences.csv; the zone is the one that holds the written point."""
    homes = [(b.home, b.outline.centroid.coords[0]) for b in buildings if b.home]
    degrees = to_degrees(np.array([point for _, point in homes]))
    places = [(f"{lon:.6f}", f"{lat:.6f}") for lon, lat in degrees]
    lowest = [zone for zone in zones if zone.parent]
    tree = STRtree([zone.shape for zone in lowest])
    rows = []
    for number, ((home, _), place) in enumerate(zip(homes, places, strict=True), start=1):
        found = tree.query(Point(*map(float, place)), predicate="intersects")
        values = (
            f"R{number:05d}", home.name, str(home.people), *place, lowest[int(found.min())].code,
            home.class_code, "是" if home.county_seat else "否",
        )  # fmt: skip
        rows.append(dict(zip(RESIDENCE_COLUMNS, values, strict=True)))
    return rows


def booth_rows(streets: Sequence[Way]) -> list[dict[str, str | float]]:
    """Set each booth beside the named street nearest to its place; coordinates in GCJ-02."""
    named = [
        way for way in streets
        if "name" in way.tags and way.level == 0 and "trunk" not in way.tags["highway"]
    ]  # fmt: skip
    lines = [way.line for way in streets if way.level == 0 and way.tags["highway"] != "steps"]
    rows: list[dict[str, str | float]] = []
    for number, (place, status) in enumerate(BOOTHS, start=1):
        spot = Point(place[0] * 1_000, place[1] * 1_000)
        line = min(lines, key=spot.distance)
        spot = line.interpolate(line.project(spot))
        lon, lat = to_degrees(np.array([[spot.x + 5, spot.y + 4]]))[0]
        shifted = to_gcj02(lon, lat)
        name, cross = nearest_names(spot, named)
        near = spot.distance(Point(0, 0)) < 3_000
        rows.append(
            {
                "站点编号": f"B{number:03d}",
                "名称": f"{name}{cross and cross + '口'}采样点",
                "状态": status,
                "地址": f"{DISTRICT if near else COUNTY}{name}与{cross}路口附近"
                if cross else f"{DISTRICT}{name}",
                "经度": round(shifted[0], 6),
                "纬度": round(shifted[1], 6),
            }
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


def zone_people(rows: Iterable[dict[str, str]], zones: Iterable[Zone]) -> list[dict[str, str]]:
    """Total the people of each zone that has no zones of its own."""
    totals = {zone.code: 0 for zone in zones if zone.parent}
    names = {zone.code: zone.name for zone in zones}
    for row in rows:
        totals[row["区划码"]] += int(row["人数"])
    return [
        {"区划码": code, "名称": names[code], "常住人口": str(people)}
        for code, people in totals.items()
    ]


def csv_bytes(rows: Sequence[dict[str, str]], encoding: str) -> bytes:
    """Write rows as CSV with the line ends that spreadsheets use."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def write_booths(path: Path, rows: Sequence[dict[str, str | float]]) -> None:
    """Write the booths as the first sheet of a workbook."""
    book = xlsxwriter.Workbook(path)
    book.set_properties({"created": dt.datetime(2022, 5, 20, tzinfo=dt.UTC)})
    sheet = book.add_worksheet("采样点")
    sheet.write_row(0, 0, list(rows[0]))
    for number, row in enumerate(rows, start=1):
        sheet.write_row(number, 0, list(row.values()))
    book.close()
