"""
Time walking bands on real towns, and measure how true they are.

Usage: python scripts/bench_isochrones.py --data DIR [--only NAME] [--runs N] [--cell M] [--sites N]

Each town is walked at 4 km/h to its sites: pharmacies, hospitals, post boxes, restaurants or
points of interest, whatever its files hold most usefully; with `--sites`, to so many places strewn
about its streets. The bands are those of 5, 10 and 15
minutes. A call is timed whole, after one that is not; the peak of memory is that of the process.

Homes are the residential buildings of the files, each judged by its own walk (from its outline, as
a run of walkcover judges it) and looked up in the bands by its representative point. `dots` are
places strewn about the streets, evenly along their length and 60 m aside on average, judged as
points: they meet gaps where no building stands. `in` is the share of covered ones that a band
within the limit holds, `out` the share of the others; both for the widest limit, and for all three
limits together.
"""

import argparse
import csv
import logging
import os
import resource
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import osmium
import shapely

from walkcover.crs import metric_crs
from walkcover.io.networks import read_network
from walkcover.io.osm import read_buildings
from walkcover.isochrones import BANDS_MIN, CELL_M, isochrones
from walkcover.joins import Joins
from walkcover.reach import nearest_sites
from walkcover.search import SearchGraph, search_graph
from walkcover.snap import snap
from walkcover.speed import flat_costs
from walkcover.street_index import StreetIndex

SPEED_KMH = 4.0
DOTS, ASIDE_M = 20_000, 60.0
SEED = 20220520


class Town(NamedTuple):
    """A town ready to be drawn."""

    name: str
    index: StreetIndex
    graph: SearchGraph
    sites: Joins
    homes: np.ndarray


def towns(data: Path, only: str, n_sites: int = 0) -> Iterator[Town]:
    """Read the towns."""
    for name, network, layer, amenity in (
        ("las_palmas", "las_palmas_20230221.osm.pbf", "", "pharmacy"),
        ("taiyuan_east", "taiyuan_east.gpkg", "ways", "hospital"),
        ("helsinki", "helsinki.osm.pbf", "", "post_box"),
        ("north_bayreuth", "north-bayreuth.osm.gz", "", "restaurant"),
        ("porto_alegre", "poa_osm.pbf", "", ""),
    ):
        if only not in name:
            continue
        path = data / name / network
        streets = read_network(path, layer=layer)
        west, south, east, north = streets.bounds
        index = StreetIndex(streets, metric_crs((west + east) / 2, (south + north) / 2))
        if layer:
            places = gpd.read_file(path, layer="facilities").to_crs(4326)
            sites = places.geometry[places["amenity"] == amenity].representative_point().to_numpy()
            homes = gpd.read_file(path, layer="buildings").to_crs(4326).geometry.to_numpy()
        else:
            homes = read_buildings(path).geometry.to_numpy()
            sites = amenities(path, amenity) if amenity else listed(path.parent)
        if n_sites:
            sites = strewn(index, n_sites, SEED + 1)
        graph = search_graph(streets, flat_costs(streets, speed_kmh=SPEED_KMH))
        yield Town(name, index, graph, snap(sites, index), homes)


def amenities(path: Path, kind: str) -> np.ndarray:
    """Nodes of an extract that are some amenity."""
    keys = osmium.filter.TagFilter(("amenity", kind))
    found = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(keys)
    return shapely.points([(node.lon, node.lat) for node in found])


def listed(folder: Path) -> np.ndarray:
    """Points of interest of a table."""
    with (folder / "poa_points_of_interest.csv").open(encoding="utf-8") as file:
        return shapely.points(
            [(float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)]
        )


def strewn(index: StreetIndex, n: int, seed: int) -> np.ndarray:
    """Places about the streets, in degrees."""
    rng = np.random.default_rng(seed)
    length_m = shapely.length(index.lines)
    line = index.lines[rng.choice(len(length_m), n, p=length_m / length_m.sum())]
    points = shapely.line_interpolate_point(line, rng.uniform(0, 1, n), normalized=True)
    xy = shapely.get_coordinates(points) + rng.normal(0, ASIDE_M, (n, 2))
    return shapely.points(index.to_degrees(xy))


def held(bands: gpd.GeoDataFrame, places: np.ndarray) -> np.ndarray:
    """Which places lie within each limit, shape (limits, places)."""
    points = shapely.point_on_surface(places)
    found = np.zeros((len(bands), len(places)), dtype=bool)
    for level, band in enumerate(bands.geometry):
        shapely.prepare(band)
        found[level] = shapely.contains(band, points)
    return np.logical_or.accumulate(found, axis=0)


def shares(town: Town, bands: gpd.GeoDataFrame, places: np.ndarray) -> str:
    """Share of covered and of uncovered places inside, in per cent."""
    if not len(places):
        return "none"
    rank = np.arange(town.sites.n_places)
    walk_s, _ = nearest_sites(snap(places, town.index), town.sites, town.graph, site_rank=rank)
    covered = np.round(walk_s, 3) <= 60 * bands["minutes_to"].to_numpy()[:, None]
    inside = held(bands, places)
    parts = []
    for which in (slice(-1, None), slice(None)):
        counts = (inside[which][covered[which]], inside[which][~covered[which]])
        of_covered, of_others = (f"{c.mean():.2%}" if len(c) else "-" for c in counts)
        parts.append(f"in {of_covered:>7} out {of_others:>6}")
    return f"{len(places):6} ({covered[-1].mean():4.0%} covered)  " + "  all limits ".join(parts)


def bench(town: Town, runs: int, cell_m: float) -> None:
    """Print a town's figures."""

    def draw() -> gpd.GeoDataFrame:
        return isochrones(town.sites, town.index, town.graph, cell_m=cell_m)

    bands = draw()
    times_s, cpu_s = [], []
    for _ in range(runs):
        start, cpu_start = time.perf_counter(), time.process_time()
        draw()
        times_s.append(time.perf_counter() - start)
        cpu_s.append(time.process_time() - cpu_start)
    n_sites = len(np.unique(town.sites.place))
    middle_s = statistics.median(times_s)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    area_km2 = bands.to_crs(town.index.crs).area.sum() / 1e6
    print(
        f"\n{town.name}: {n_sites} sites, {area_km2:.1f} km2; "
        f"{middle_s * 1000:.0f} ms (least {min(times_s) * 1000:.0f}, most "
        f"{max(times_s) * 1000:.0f}, {runs} runs), {middle_s * 1000 / n_sites:.2f} ms per site, "
        f"{min(cpu_s) * 1000 / n_sites:.2f} ms of processor; load {os.getloadavg()[0]:.1f}; "
        f"peak {peak_gb:.2f} GB; valid: {bool(bands.is_valid.all())}; "
        f"{shapely.get_num_coordinates(bands.geometry.to_numpy()).sum()} vertices"
    )
    print("  homes", shares(town, bands, town.homes))
    hearts = shapely.point_on_surface(town.homes)
    print("  their hearts as points", shares(town, bands, hearts))
    print("  dots ", shares(town, bands, strewn(town.index, DOTS, SEED)), flush=True)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Time walking bands and measure their truth.")
    parser.add_argument("--data", type=Path, required=True, help="folder of real towns")
    parser.add_argument("--only", default="", help="towns whose name holds this")
    parser.add_argument("--runs", type=int, default=5, help="timed calls of each town")
    parser.add_argument("--cell", type=float, default=CELL_M, help="width of a cell in metres")
    parser.add_argument("--sites", type=int, default=0, help="so many strewn sites, not real ones")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    print(f"bands of {BANDS_MIN} minutes, cells of {args.cell} m")
    for town in towns(args.data, args.only, args.sites):
        bench(town, args.runs, args.cell)


if __name__ == "__main__":
    main()
