"""
Time walking bands on real towns, and measure how true they are.

Usage: python scripts/bench_isochrones.py --data DIR [--only NAME] [--runs N] [--cell M] [--sites N]
                                          [--valhalla DIR --valhalla-python PYTHON]

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

With `--valhalla`, both engines draw the same bands in turns, around sites on streets. DIR holds
the unpacked wheel of pyvalhalla, as `compare_valhalla.py` says; PYTHON is one that can import it.
Valhalla draws one site at a time, by the shortest way at the same flat speed, without simplifying;
walkcover draws up to 200 one at a time, and all of them together, which is what its map shows. The
polygons are not the same: Valhalla's end on the streets, walkcover's hold whoever joins a street,
access leg counted. So places *on* streets are looked up too, where both mean the same.
"""

import argparse
import csv
import json
import logging
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import osmium
import shapely
from compare_valhalla import Valhalla, places

from walkcover.crs import metric_crs
from walkcover.io.networks import read_network
from walkcover.io.osm import read_buildings
from walkcover.isochrones import BANDS_MIN, CELL_M, isochrones
from walkcover.joins import Joins, take_places
from walkcover.reach import nearest_sites
from walkcover.search import SearchGraph, search_graph
from walkcover.snap import snap
from walkcover.speed import flat_costs
from walkcover.street_index import StreetIndex

SPEED_KMH = 4.0
DOTS, ASIDE_M = 20_000, 60.0
SEED = 20220520
# More are not drawn one at a time.
MOST_ALONE = 200
# Asks twice; the first time is not counted.
ASK_VALHALLA = """
import json, sys, time
import valhalla
config, questions, answers = sys.argv[1:]
actor = valhalla.Actor(config)
with open(questions) as file:
    asked = json.load(file)
for _ in range(2):
    start, cpu_start = time.perf_counter(), time.process_time()
    said = [actor.isochrone(question) for question in asked]
    took = [time.perf_counter() - start, time.process_time() - cpu_start]
with open(answers, "w") as file:
    json.dump([took, said], file)
"""


class Town(NamedTuple):
    """A town ready to be drawn."""

    name: str
    path: Path
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
        yield Town(name, path, index, graph, snap(sites, index), homes)


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


def strewn(index: StreetIndex, n: int, seed: int, *, aside_m: float = ASIDE_M) -> np.ndarray:
    """Places about the streets, in degrees."""
    rng = np.random.default_rng(seed)
    length_m = shapely.length(index.lines)
    line = index.lines[rng.choice(len(length_m), n, p=length_m / length_m.sum())]
    points = shapely.line_interpolate_point(line, rng.uniform(0, 1, n), normalized=True)
    xy = shapely.get_coordinates(points) + rng.normal(0, aside_m, (n, 2))
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


def against_valhalla(town: Town, wheel: Path, python: str, n_sites: int, runs: int) -> None:
    """Let both engines draw bands around places on streets, in turns, and print their figures."""
    sites = snap(strewn(town.index, n_sites, SEED + 1, aside_m=0.0), town.index)
    alone = [take_places(sites, np.array([row])) for row in range(sites.n_places)]
    took: dict[str, list[tuple[float, float]]] = {}
    bands: dict[str, list[gpd.GeoDataFrame]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = Valhalla(wheel, town.path, folder)
        questions = folder / "questions.json"
        questions.write_text(json.dumps(asked_of_valhalla(sites)), encoding="utf-8")
        methods: dict[str, Callable[[], tuple[tuple[float, float], list[gpd.GeoDataFrame]]]] = {
            "Valhalla, one at a time": lambda: asked_apart(python, wheel, engine, questions),
            "walkcover, one at a time": lambda: timed(
                lambda: [isochrones(one, town.index, town.graph) for one in alone]
            ),
            "walkcover, all together": lambda: timed(
                lambda: [isochrones(sites, town.index, town.graph)]
            ),
        }
        if len(alone) > MOST_ALONE:
            del methods["walkcover, one at a time"]
        for run in range(runs + 1):
            for method, draw in methods.items():
                seconds, bands[method] = draw()
                # What the first compiles or loads is not counted.
                if run:
                    took.setdefault(method, []).append(seconds)
    print(f"\n{town.name}: {n_sites} sites on streets, {runs} runs, load {os.getloadavg()[0]:.1f}")
    there = town._replace(sites=sites)
    on_streets = strewn(town.index, DOTS, SEED, aside_m=0.0)
    dots = strewn(town.index, DOTS, SEED)
    for method, times in took.items():
        wall, cpu = (1000 * np.array(column) / n_sites for column in zip(*times, strict=True))
        united = unite(bands[method])
        print(
            f"{method}: {np.median(wall):.2f} ms per site ({wall.min():.2f} to {wall.max():.2f}), "
            f"{np.median(cpu):.2f} of processor; "
            f"{united.to_crs(town.index.crs).area.sum() / 1e6:.2f} km2"
        )
        print("  on streets", shares(there, united, on_streets))
        print("  dots      ", shares(there, united, dots), flush=True)


def asked_apart(
    python: str, wheel: Path, engine: Valhalla, questions: Path
) -> tuple[tuple[float, float], list[gpd.GeoDataFrame]]:
    """Ask Valhalla in a process of its own: seconds, seconds of processor, bands of each site."""
    answers = questions.with_name("answers.json")
    subprocess.run(
        [python, "-c", ASK_VALHALLA, str(engine.config), str(questions), str(answers)],
        env={**os.environ, "PYTHONPATH": str(wheel)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    (wall_s, cpu_s), said = json.loads(answers.read_text(encoding="utf-8"))
    return (wall_s, cpu_s), [as_bands(json.loads(one)) for one in said]


def asked_of_valhalla(sites: Joins) -> list[str]:
    """
    Write a question for each site, in minutes at a flat speed.

    By metres, Valhalla takes seven times as long, and its polygons hold less of what is covered.
    """
    question = {
        "costing": "pedestrian",
        "costing_options": {"pedestrian": {"shortest": True, "walking_speed": SPEED_KMH}},
        "contours": [{"time": minutes} for minutes in BANDS_MIN],
        "polygons": True,
        "denoise": 0.0,
        "generalize": 0.0,
    }
    at = np.column_stack([sites.lon, sites.lat])
    return [json.dumps({**question, "locations": [place]}) for place in places(at)]


def as_bands(answer: dict) -> gpd.GeoDataFrame:
    """Read polygons of Valhalla as bands; each holds all within its limit."""
    found = gpd.GeoDataFrame.from_features(answer["features"], crs=4326)
    return found.rename(columns={"contour": "minutes_to"}).sort_values("minutes_to")


def unite(bands: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put bands of many sites together: a row per limit, which no wider one covers again."""
    shapes, inner = [], shapely.Polygon()
    for minutes in BANDS_MIN:
        within = [one.geometry[one["minutes_to"] <= minutes].to_numpy() for one in bands]
        outer = shapely.union_all(shapely.make_valid(np.concatenate(within)))
        shapes.append(shapely.difference(outer, inner))
        inner = outer
    return gpd.GeoDataFrame({"minutes_to": BANDS_MIN}, geometry=shapes, crs=4326)


def timed(work: Callable[[], list]) -> tuple[tuple[float, float], list]:
    """Seconds, seconds of processor, and what was made."""
    start, cpu_start = time.perf_counter(), time.process_time()
    made = work()
    return (time.perf_counter() - start, time.process_time() - cpu_start), made


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Time walking bands and measure their truth.")
    parser.add_argument("--data", type=Path, required=True, help="folder of real towns")
    parser.add_argument("--only", default="", help="towns whose name holds this")
    parser.add_argument("--runs", type=int, default=5, help="timed calls of each town")
    parser.add_argument("--cell", type=float, default=CELL_M, help="width of a cell in metres")
    parser.add_argument("--sites", type=int, default=0, help="so many strewn sites, not real ones")
    parser.add_argument("--valhalla", type=Path, metavar="DIR", help="the unpacked wheel")
    parser.add_argument("--valhalla-python", default="python3.12", metavar="PYTHON")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    print(f"bands of {BANDS_MIN} minutes, cells of {args.cell} m")
    for town in towns(args.data, args.only, args.sites):
        if args.valhalla is None:
            bench(town, args.runs, args.cell)
        elif town.path.suffix == ".gpkg":
            print(f"{town.name}: Valhalla reads extracts only")
        else:
            n_sites = args.sites or town.sites.n_places
            against_valhalla(town, args.valhalla, args.valhalla_python, n_sites, args.runs)


if __name__ == "__main__":
    main()
