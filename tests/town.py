"""
A town of one street, small enough to work out by hand.

人民路 runs along a meridian, so that the geodesic between two homes on it is the difference of
their metres, and a walk at 4 km/h takes 0.9 s per metre. The limit of 15 minutes is 1,000 m.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from pyproj import Geod

LON, LAT = 112.0, 37.0
S_PER_M = 0.9
GEOD = Geod(ellps="WGS84")

# name, kind, then metres east and north of each vertex
STREETS: list[tuple[str, str, list[tuple[float, float]]]] = [
    ("人民路", "residential", [(0, y) for y in range(0, 6001, 500)]),
    ("东一巷", "footway", [(0, 1000), (300, 1000)]),
    ("东二巷", "footway", [(0, 3000), (300, 3000)]),
    ("东三巷", "footway", [(0, 5000), (300, 5000)]),
    # Under 1,000 m and joined to nothing: an island.
    ("岛路", "footway", [(900, 2900), (900, 3100)]),
    # Over 1,000 m and joined to nothing: a piece of its own, without a site.
    ("远路", "footway", [(1500, 4000), (1500, 5500)]),
]

# id, people, east, north, stage (empty where the zone says it), address
RESIDENCES: list[tuple[str, float, float, float, str, str]] = [
    ("R02", 20, 0, 750, "", "人民路 750 米"),
    ("R01", 10, 0, 250, "", "人民路 250 米"),
    ("R03", 30, 0, 1250, "", "人民路 1250 米"),
    ("R04", 40, 0, 1750, "", "=1+1"),
    ("R05", 50, 0, 2250, "", "人民路 2250 米"),
    ("R06", 60, 0, 2750, "", "人民路 2750 米"),
    ("R07", 70, 0, 3250, "", "人民路 3250 米"),
    ("R08", 80, 0, 3750, "", "人民路 3750 米"),
    ("R09", 90, 0, 4250, "", "人民路 4250 米"),
    ("R10", 100, 0, 4750, "", "人民路 4750 米"),
    ("R11", 110, 0, 5250, "", "人民路 5250 米"),
    ("R12", 120, 0, 5750, "countryside", "在各区之外"),
    ("R13", 0, 0, 500, "", "空楼"),
    ("R14", 5, 900, 3000, "", "岛上"),
    ("R15", 6, 1500, 4700, "", "远路"),
    ("R16", 7, -400, 3000, "", "离路 400 米"),
]
PEOPLE = 798
# Of people: R01 to R03 lie within 1,000 m of B1 at 500 m; B2 is closed, B3 is not yet built.
VERDICTS = {
    "no_people": 0,
    "not_snapped": 7,
    "covered": 60,
    "over_capacity": 0,
    "too_far": 720,
    "island": 5,
    "no_site": 6,
}
WALKS_S = {"R01": 225.0, "R02": 225.0, "R03": 675.0, "R04": 1125.0, "R12": 4725.0, "R13": 0.0}

# id, name, status, east, north
SITES: list[tuple[str, str, str, float, float]] = [
    ("B1", "=2*3", "open", 0, 500),
    ("B2", "东二巷口", "closed", 0, 3000),
    ("B3", "村口", "planned", 0, 5250),
]
# Where B3 stands from 4,250 m to the end of the street is within reach.
COVERED_BY_PLANNED = 90 + 100 + 110 + 120

# id, name, parent, stage, south and north in metres; nobody lives in the last, R12 in none
ZONES: list[tuple[str, str, str, str, float, float]] = [
    ("01", "城区", "99", "city", -100, 2000),
    ("02", "县城", "99", "county_town", 2000, 4000),
    ("03", "乡村", "", "countryside", 4000, 5500),
    ("04", "空区", "", "countryside", 7000, 8000),
]

PLAN: dict[str, Any] = {
    "plan": {"name": "一条街", "date": "2022-05-20", "language": "zh"},
    "network": {"source": "streets.osm"},
    "residences": {"source": "residences.csv", "crs": "wgs84"},
    "sites": {"source": "sites.csv", "crs": "wgs84"},
    "zones": {"source": "zones.geojson"},
    "stages": [
        {"name": "city", "target": 1.0},
        {"name": "county_town", "max_sites": 1},
        {"name": "countryside", "target": 0.5},
    ],
}

Row = Sequence[object]


def place(east_m: float, north_m: float) -> tuple[float, float]:
    """Lon and lat of a place in the town."""
    lon, lat, _ = GEOD.fwd(LON, LAT, 0, north_m)
    lon, lat, _ = GEOD.fwd(lon, lat, 90, east_m)
    return lon, lat


def line(vertices: Iterable[tuple[float, float]]) -> shapely.LineString:
    """A street as a line in lon and lat."""
    return shapely.LineString([place(*vertex) for vertex in vertices])


def make_town(folder: Path) -> Path:
    """Write the files of the town and give its plan file."""
    folder.mkdir(parents=True, exist_ok=True)
    write_streets(folder / "streets.osm")
    write_residences(folder / "residences.csv")
    write_sites(folder / "sites.csv")
    write_zones(folder / "zones.geojson")
    return write_plan(folder / "plan.toml", PLAN)


def write_streets(path: Path) -> None:
    nodes: dict[tuple[float, float], int] = {}
    ways = []
    for number, (name, kind, vertices) in enumerate(STREETS, start=1):
        refs = [nodes.setdefault(vertex, len(nodes) + 1) for vertex in vertices]
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        tags = f'<tag k="highway" v="{kind}"/><tag k="name" v="{name}"/>'
        ways.append(f'<way id="{number}" version="1">{inner}{tags}</way>')
    points = [
        f'<node id="{ref}" version="1" lon="{place(*xy)[0]:.9f}" lat="{place(*xy)[1]:.9f}"/>'
        for xy, ref in nodes.items()
    ]
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", '<osm version="0.6">', *points, *ways]
    path.write_text("\n".join([*lines, "</osm>\n"]), encoding="utf-8")


def residence_rows() -> list[dict[str, object]]:
    """Rows of the table of residences, to be spoilt by tests."""
    return [
        {
            "residence_id": name,
            "people": people,
            "lon": place(east, north)[0],
            "lat": place(east, north)[1],
            "stage": stage,
            "address": address,
        }
        for name, people, east, north, stage, address in RESIDENCES
    ]


def site_rows() -> list[dict[str, object]]:
    """Rows of the table of sites, to be spoilt by tests."""
    return [
        {
            "site_id": name,
            "name": label,
            "status": status,
            "lon": place(east, north)[0],
            "lat": place(east, north)[1],
            "phone": f"0351-{name}",
        }
        for name, label, status, east, north in SITES
    ]


def write_residences(path: Path) -> None:
    write_rows(path, residence_rows())


def write_sites(path: Path) -> None:
    write_rows(path, site_rows())


def write_rows(
    path: Path, rows: Iterable[Mapping[str, object]], *, encoding: str = "utf-8"
) -> None:
    rows = list(rows)
    with path.open("w", encoding=encoding, newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def write_zones(path: Path) -> None:
    features = []
    for name, label, parent, stage, south, north in ZONES:
        corners = [(-1000, south), (2000, south), (2000, north), (-1000, north), (-1000, south)]
        features.append(
            {
                "type": "Feature",
                "properties": {
                    "zone_id": name,
                    "name": label,
                    "parent_id": parent or None,
                    "stage": stage,
                    "office": f"{label}办事处",
                },
                "geometry": {"type": "Polygon", "coordinates": [[place(*xy) for xy in corners]]},
            }
        )
    collection = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")


def write_plan(path: Path, plan: Mapping[str, Any]) -> Path:
    """Write a plan as TOML; sections are tables, stages an array of them."""
    lines = []
    for section, content in plan.items():
        entries = content if isinstance(content, list) else [content]
        for entry in entries:
            lines.append(f"[[{section}]]" if isinstance(content, list) else f"[{section}]")
            lines += [f"{key} = {json.dumps(v, ensure_ascii=False)}" for key, v in entry.items()]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def change_plan(path: Path, **sections: Mapping[str, Any]) -> Path:
    """Write the town's plan with some keys changed."""
    plan = {
        name: {**PLAN[name], **sections[name]} if name in sections else PLAN[name] for name in PLAN
    }
    return write_plan(path, plan | {n: dict(s) for n, s in sections.items() if n not in plan})
