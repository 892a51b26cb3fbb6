"""
Make a province the size of Shanxi: streets, residences, booths and zones, to measure growth on.

Run ``python scripts/make_province.py --out DIR`` to write ``network.parquet``,
``residences.parquet``, ``booths.parquet``, ``zones.parquet``, ``settlements.parquet`` and
``plan.toml`` into a folder. The same seed and scale write the same bytes. ``--scale 0.01`` makes a
corner of it for trials. ``--names FOLDER`` takes the borders of counties and the names of towns
and villages from there; without it they are made up. Where people live, and how many, is assumed
(`_province_places`, `_province_homes`); no figure of it describes a real place.

``--compare`` prints what the made streets are like beside those of real extracts, which it reads
from the folder that WALKCOVER_REAL_DATA names.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd
from _province_compare import compare
from _province_homes import as_points, place_booths, place_homes
from _province_land import Land, make_up_land, read_land, shrink
from _province_lines import walkable_lines
from _province_places import PEOPLE, Shape, place_settlements
from _province_streets import Graph, draw_streets
from _province_zones import draw_zones, zone_of_homes

from walkcover.io.networks import save_network
from walkcover.network import build_network

FILES = (
    "network.parquet", "residences.parquet", "booths.parquet", "zones.parquet",
    "settlements.parquet", "plan.toml",
)  # fmt: skip
PLAN = """# A made province: scripts/make_province.py. No place or number in it is real.
[plan]
name = "Made province"
date = "2022-05-20"

[network]
source = "network.parquet"
crs = "EPSG:32649"

[residences]
source = "residences.parquet"
crs = "EPSG:4326"

[sites]
source = "booths.parquet"
crs = "EPSG:4326"

[zones]
source = "zones.parquet"

[[stages]]
name = "city"
target = 0.8

[[stages]]
name = "county_town"
target = 0.8

[[stages]]
name = "countryside"
target = 0.8
"""


def draw_province(
    land: Land, *, scale: float, seed: int
) -> tuple[pd.DataFrame, dict[int, Shape], Graph]:
    """Place the settlements of a land, and draw their streets."""
    people = round(PEOPLE * scale)
    settlements, outlines = place_settlements(land, people=people, seed=seed)
    return settlements, outlines, draw_streets(settlements, outlines, seed=seed)


def write_province(
    folder: Path, land: Land, *, scale: float = 1.0, seed: int = 1
) -> Mapping[str, int]:
    """
    Write all files of a province into a folder.

    Parameters
    ----------
    folder
        Made where it is not there.
    land
        The whole province, as `read_land` or `make_up_land` gives it.
    scale
        How much of it to make.
    seed
        Draws everything.

    Returns
    -------
    counts
        How many of what were made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    land = shrink(land, scale)
    settlements, outlines, graph = draw_province(land, scale=scale, seed=seed)
    network = build_network(walkable_lines(graph, settlements, seed=seed))
    save_network(network, folder / "network.parquet")
    counts = {"nodes": network.n_nodes, "edges": network.n_edges}
    counts["street_km"] = round(float(network.length_m.sum()) / 1000)
    del network
    homes = place_homes(graph, settlements, seed=seed)
    booths = place_booths(homes, settlements, seed=seed)
    zones = draw_zones(land, settlements, outlines)
    points = as_points(homes.drop(columns="place"))
    points = points.join(zone_of_homes(points, zones))
    _write(points[["residence_id", "people", "zone_id", "stage", "geometry"]], folder, "residences")
    _write(as_points(booths), folder, "booths")
    _write(zones, folder, "zones")
    named = settlements[["code", "name", "kind", "county", "people", "x", "y"]]
    _write(as_points(named), folder, "settlements")
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8", newline="\n")
    counts |= {"people": int(homes["people"].sum()), "residences": len(homes)}
    counts |= {"booths": len(booths), "counties": len(land.counties)}
    counts |= {"towns": len(land.towns), "villages": len(land.villages)}
    return counts | {"settlements": len(settlements)}


def _write(frame: gpd.GeoDataFrame, folder: Path, name: str) -> None:
    frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")


def _scale(text: str) -> float:
    scale = float(text)
    if not 0 < scale <= 1:
        msg = f"{text}: expected a share above 0 and up to 1"
        raise argparse.ArgumentTypeError(msg)
    return scale


def main() -> None:
    """Write a province, or compare its streets with real ones."""
    parser = argparse.ArgumentParser(description="Make a province the size of Shanxi.")
    parser.add_argument("--out", type=Path, help="folder for the files")
    parser.add_argument("--names", type=Path, help="folder with borders and names of counties")
    parser.add_argument("--scale", type=_scale, default=1.0, help="how much of it [default: all]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compare", action="store_true", help="print made beside real streets")
    options = parser.parse_args()
    if options.out is None and not options.compare:
        parser.error("name a folder with --out, or give --compare")
    land = make_up_land(options.seed) if options.names is None else read_land(options.names)
    if options.compare:
        real = os.environ.get("WALKCOVER_REAL_DATA")
        if not real:
            parser.error("--compare reads real streets: set WALKCOVER_REAL_DATA to their folder")
        part = shrink(land, options.scale)
        settlements, _, graph = draw_province(part, scale=options.scale, seed=options.seed)
        print(compare(graph, settlements, Path(real), seed=options.seed).to_string())
    if options.out is not None:
        start = time.perf_counter()
        counts = write_province(options.out, land, scale=options.scale, seed=options.seed)
        print(", ".join(f"{value:,} {name}" for name, value in counts.items()))
        print(f"{options.out}: written in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
