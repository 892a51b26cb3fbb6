"""
Make the example town: a made-up prefecture in loess hills, with every input a plan can name.

Run ``python scripts/make_town.py`` to write ``data/town``; the seed is fixed, so that every run
writes the same bytes. Nothing here is a real place, street or person.

The town is drawn in metres around the middle of the city (x east, y north, grid of UTM zone 49N)
and turned into degrees when it is written.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import shapely
from _town_booths import booth_rows
from _town_countryside import lay_countryside
from _town_design import CITY, COUNTY_TOWN, SEED
from _town_draft import Building, Draft, Names, Way, Zone
from _town_drawing import curve
from _town_extract import write_streets
from _town_ground import Terrain, draw_river, raise_hills
from _town_junctions import clear_of_streets, drop_orphans
from _town_rasters import write_elevation, write_population
from _town_streets import lay_town
from _town_tables import csv_bytes, residence_rows, write_booths, zone_people
from _town_texts import DAILY, PLAN, README
from _town_work import (
    base_rows,
    desk_booth_rows,
    laboratory_rows,
    station_rows,
    work_place_rows,
)
from _town_zones import draw_zones, geojson, name_zones
from shapely import Polygon

DATA = Path(__file__).resolve().parent.parent / "data"
FILES = (
    "plan.toml", "streets.osm.pbf", "residences.csv", "booths.xlsx", "zones.geojson",
    "zone_people.csv", "elevation.tif", "population.tif", "daily.toml", "booths_desks.xlsx",
    "places.csv", "bases.csv", "laboratories.csv", "stations.csv",
)  # fmt: skip


def make_town() -> tuple[Draft, Terrain, list[Building], list[Zone]]:
    """Draw the whole town: its draft, its terrain, the buildings that stand, the zones."""
    rng = np.random.default_rng(SEED)
    names = Names(rng)
    river_line, river = draw_river()
    draft = Draft(river)
    towns = {d.name: Polygon(curve(d.outline_km, closed=True)) for d in (CITY, COUNTY_TOWN)}
    city_blocks = lay_town(CITY, draft, rng, names)
    lay_town(COUNTY_TOWN, draft, rng, names)
    ground = shapely.union_all([*towns.values()])
    flat = shapely.union_all([ground.buffer(350), river_line.buffer(420)])
    terrain = raise_hills(flat, river_line, rng)
    lay_countryside(draft, terrain, ground, rng)
    drop_orphans(draft, ground)
    draft.areas.append((river, {"natural": "water", "water": "river"}))
    draft.lines.append(Way(river_line, {"waterway": "river", "name": "澄河"}))
    zones = name_zones(draw_zones(city_blocks, river_line, towns, rng))
    return draft, terrain, clear_of_streets(draft), zones


def write_town(folder: Path) -> str:
    """Write all files of the town into a folder; returns the text of the README."""
    folder.mkdir(parents=True, exist_ok=True)
    draft, terrain, buildings, zones = make_town()
    residences = residence_rows(buildings, zones)
    booths = booth_rows(draft.streets)
    write_streets(folder / "streets.osm.pbf", draft, buildings)
    (folder / "residences.csv").write_bytes(csv_bytes(residences, "gb18030"))
    write_booths(folder / "booths.xlsx", booths)
    (folder / "zones.geojson").write_text(geojson(zones), encoding="utf-8", newline="\n")
    totals = zone_people(residences, zones)
    (folder / "zone_people.csv").write_bytes(csv_bytes(totals, "utf-8-sig"))
    write_elevation(folder / "elevation.tif", terrain)
    write_population(folder / "population.tif", residences)
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8", newline="\n")
    write_work(folder, draft)
    return README.format(
        residences=len(residences),
        people=sum(int(row["人数"]) for row in residences),
        booths=len(booths),
        checksums="\n".join(checksum_rows(folder)),
    )


def write_work(folder: Path, draft: Draft) -> None:
    """Write the files of daily work: the plan, booths with desks, and who else takes part."""
    streets = draft.streets
    write_booths(folder / "booths_desks.xlsx", desk_booth_rows(streets))
    places = work_place_rows(draft.areas, streets)
    (folder / "places.csv").write_bytes(csv_bytes(places, "gb18030"))
    for name, rows in (
        ("bases.csv", base_rows(streets)),
        ("laboratories.csv", laboratory_rows(streets)),
        ("stations.csv", station_rows(streets)),
    ):
        (folder / name).write_bytes(csv_bytes(rows, "utf-8-sig"))
    (folder / "daily.toml").write_text(DAILY, encoding="utf-8", newline="\n")


def checksum_rows(folder: Path) -> Iterator[str]:
    """List the files with size and sha256, as rows of a table."""
    for name in FILES:
        content = (folder / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        yield f"| `town/{name}` | {len(content):,} | `{digest}` |"


def main() -> None:
    """Write the town and its README."""
    parser = argparse.ArgumentParser(description="Make the example town.")
    parser.add_argument("--out", type=Path, default=DATA / "town", help="folder for the files")
    folder = parser.parse_args().out
    readme = write_town(folder)
    target = folder.parent / "README.md" if folder.name == "town" else folder / "README.md"
    target.write_text(readme, encoding="utf-8", newline="\n")
    print(readme)


if __name__ == "__main__":
    main()
