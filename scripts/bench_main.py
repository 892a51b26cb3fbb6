"""
Time the main job; print medians and spreads.

Usage: python scripts/bench_main.py [--data DIR] [--runs 5]

Las Palmas (DIR/las_palmas) from the extract to verdicts. Every ``building=*`` area is a residence,
every pharmacy a site; both are cut out of the extract beforehand. Each run is a process of its own,
timed from its start to its end, imports included. The searches behind it are timed by
`bench_reach.py`, growth by `bench_growth.py`. The peak of memory is that of the process; Unix only.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import osmium
import shapely

import walkcover

EXTRACT = "las_palmas/las_palmas_20230221.osm.pbf"
RUN_PLAN = "import sys, walkcover as w; r = w.assess(w.load_plan(sys.argv[1])); print(len(r.residences), r.residences['verdict'].value_counts().to_dict())"  # noqa: E501


class Table:
    """Times of methods that take turns, in seconds."""

    def __init__(self) -> None:
        self.times_s: dict[str, list[float]] = {}

    def note(self, name: str, took_s: float) -> None:
        """Note one time."""
        self.times_s.setdefault(name, []).append(took_s)

    def show(self, title: str) -> None:
        """Print a row per method."""
        print(f"\n{title} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
        print(f"{'':44}{'median':>10}{'least':>10}{'most':>10}  runs")
        for name, times in self.times_s.items():
            middle = statistics.median(times)
            row = "".join(f"{t * 1000:10.1f}" for t in (middle, min(times), max(times)))
            print(f"{name:44}{row}{len(times):6}", flush=True)
        print("times in milliseconds")


def cut_out(extract: Path, folder: Path) -> None:
    """Write buildings and pharmacies of an extract as the tables of a plan."""
    wkb = osmium.geom.WKBFactory()
    homes, shops = {}, {}
    keys = osmium.filter.KeyFilter("building", "amenity")
    things = osmium.FileProcessor(str(extract)).with_areas(keys).with_filter(keys)
    for thing in things:
        pharmacy = thing.tags.get("amenity") == "pharmacy"
        if thing.is_node() and pharmacy:
            shops[f"n{thing.id}"] = wkb.create_point(thing)
        elif thing.is_area():
            name = f"{'w' if thing.from_way() else 'r'}{thing.orig_id()}"
            if "building" in thing.tags:
                homes[name] = wkb.create_multipolygon(thing)
            if pharmacy:
                shops[name] = wkb.create_multipolygon(thing)
    for table, column, name in ((homes, "residence_id", "homes"), (shops, "site_id", "sites")):
        shapes = shapely.from_wkb(list(table.values()))
        shapes = shapely.point_on_surface(shapes) if name == "sites" else shapes
        columns = {column: list(table), "people": 1.0, "building": "yes"}
        frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
        frame.to_parquet(folder / f"{name}.parquet")
    print(f"{len(homes)} buildings, {len(shops)} pharmacies")


def write_plan(folder: Path, name: str, network: Path, residences: str) -> Path:
    """Write a plan file."""
    people = 'crs = "wgs84"' if residences != "osm" else "people = 1"
    path = folder / f"{name}.toml"
    path.write_text(
        f'[network]\nsource = "{network}"\n[residences]\nsource = "{residences}"\n{people}\n'
        '[sites]\nsource = "sites.parquet"\ncrs = "wgs84"\n',
        encoding="utf-8",
    )
    return path


def run_apart(plan: Path, cache: Path) -> tuple[float, float, str]:
    """Assess in a process of its own; seconds, peak memory in GB, and what it printed."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", RUN_PLAN, str(plan)],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        text=True,
        cwd=plan.parent,
    )
    with process:
        said = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    took_s = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(process.returncode)
    return took_s, usage.ru_maxrss / 1024**2, said.strip()


def bench_job(data: Path, runs: int) -> None:
    """Time the whole job."""
    extract = data / EXTRACT
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cut_out(extract, folder)
        saved = folder / "network.parquet"
        walkcover.save_network(walkcover.read_network(extract), saved)
        from_extract = write_plan(folder, "extract", extract, "homes.parquet")
        from_saved = write_plan(folder, "saved", saved, "homes.parquet")
        own_homes = write_plan(folder, "osm", extract, "osm")
        warm, fresh = folder / "warm", folder / "fresh"
        methods = {
            "extract, nothing compiled yet": (from_extract, fresh),
            "extract": (from_extract, warm),
            "saved network": (from_saved, warm),
            "extract, its residential buildings": (own_homes, warm),
        }
        run_apart(from_extract, warm)
        table, peak_gb, said = Table(), dict.fromkeys(methods, 0.0), {}
        for _ in range(runs):
            for method, (plan, cache) in methods.items():
                shutil.rmtree(fresh, ignore_errors=True)
                took_s, gb, said[method] = run_apart(plan, cache)
                table.note(method, took_s)
                peak_gb[method] = max(peak_gb[method], gb)
    table.show("Las Palmas, from file to verdicts")
    for method, gb in peak_gb.items():
        print(f"{method}: peak {gb:.2f} GB; {said[method]}")


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("WALKCOVER_REAL_DATA"))
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    if args.data is None:
        parser.error("name the folder of real data: --data DIR or WALKCOVER_REAL_DATA")
    bench_job(args.data, args.runs)


if __name__ == "__main__":
    main()
