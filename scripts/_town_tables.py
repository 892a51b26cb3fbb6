"""Tables of the example town: residences and people of the zones, and how tables are written."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import xlsxwriter
from _town_degrees import to_degrees
from _town_draft import Building, Zone
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


def csv_bytes(rows: Sequence[Mapping[str, object]], encoding: str) -> bytes:
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
