"""
Time the main job and the searches behind it; print medians, spreads and ratios.

Usage: python scripts/bench_main.py [--data DIR] [--only job|nearest|ranges] [--quick]

job: Las Palmas (DIR/las_palmas) from the extract to verdicts. Every ``building=*`` area is a
residence, every pharmacy a site; both are cut out of the extract beforehand. Each run is a process
of its own, timed from its start to its end, imports included.

nearest: from every node of a generated network to the nearest of 2,000 sites within 15 minutes at
4 km/h, against scipy and pandana. pandana contracts the network once, which is timed apart and
takes minutes; `--quick` leaves it out.

ranges: all nodes within 1,080 m of each of 10,000 candidates on the same network, against scipy in
chunks of 64 sources, of which only the first chunks are run.

The network is a jittered grid of some 45 m with a fifth of its edges removed, lengths stretched by
1 to 1.3, and nodes numbered in Morton order by `build_network`, as those of any network. Sites and
candidates are drawn anew for each seed. Runs of all methods take turns; a ratio is the median of
the ratios within one turn. The peak of memory is that of the process; Unix only.
"""

import argparse
import dataclasses
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

import walkcover
from walkcover.joins import Joins
from walkcover.network import Lines, Network, build_network
from walkcover.reach import node_walks, walk_pairs
from walkcover.search import SearchGraph, search_graph, within_limit_s
from walkcover.speed import flat_costs

SPEED_KMH = 4.0
LIMIT_S = 900.0
RANGE_M = 1080.0
SITES, CANDIDATES = 2_000, 10_000
CHUNK, CHUNKS = 64, 4
SPACING_M, JITTER_M, REMOVED, LONGEST_DETOUR = 45.0, 15.0, 0.2, 1.3
ORIGIN_LON, ORIGIN_LAT, M_PER_DEGREE = 112.55, 37.87, 111_000.0
EXTRACT = "las_palmas/las_palmas_20230221.osm.pbf"
RUN_PLAN = "import sys, walkcover as w; r = w.assess(w.load_plan(sys.argv[1])); print(len(r.residences), r.residences['verdict'].value_counts().to_dict())"  # noqa: E501


class Table:
    """Times of methods that take turns, in seconds."""

    def __init__(self) -> None:
        self.times_s: dict[str, list[float]] = {}

    def time(self, name: str, work: Callable[[], Any], *, share: float = 1.0) -> Any:
        """Run once and note the time, divided by the share of the work that was done."""
        start = time.perf_counter()
        result = work()
        self.note(name, (time.perf_counter() - start) / share)
        return result

    def note(self, name: str, took_s: float) -> None:
        """Note one time."""
        self.times_s.setdefault(name, []).append(took_s)

    def show(self, title: str, *, base: str = "") -> None:
        """Print a row per method; with a base, how many times as long as that one it took."""
        print(f"\n{title} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
        print(f"{'':44}{'median':>10}{'least':>10}{'most':>10}  runs" + "  ratio" * bool(base))
        for name, times in self.times_s.items():
            middle = statistics.median(times)
            row = "".join(f"{t * 1000:10.1f}" for t in (middle, min(times), max(times)))
            line = f"{name:44}{row}{len(times):6}"
            if base and len(times) == len(self.times_s[base]):
                pairs = zip(times, self.times_s[base], strict=True)
                line += f"{statistics.median(a / b for a, b in pairs):7.1f}"
            print(line, flush=True)
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


def make_network(n_nodes: int, seed: int) -> Network:
    """Make the network that the module describes."""
    rng = np.random.default_rng(seed)
    rows = int(np.sqrt(n_nodes))
    columns = -(-n_nodes // rows)
    y, x = np.divmod(np.arange(rows * columns), columns)
    jitter_m = rng.uniform(-JITTER_M, JITTER_M, (2, len(x)))
    lon = ORIGIN_LON + (x * SPACING_M + jitter_m[0]) / M_PER_DEGREE / np.cos(np.radians(ORIGIN_LAT))
    lat = ORIGIN_LAT + (y * SPACING_M + jitter_m[1]) / M_PER_DEGREE
    east = np.flatnonzero(x < columns - 1)
    north = np.flatnonzero(y < rows - 1)
    ends = np.concatenate([np.c_[east, east + 1], np.c_[north, north + columns]])
    ends = ends[rng.random(len(ends)) >= REMOVED]
    tags = pd.DataFrame(
        {"name": "", "highway": "residential", "private": False, "raised": False,
         "forward": True, "backward": True},
        index=range(len(ends)),
    )  # fmt: skip
    point = ends.ravel()
    lines = Lines(2 * np.arange(len(ends) + 1), lon[point], lat[point], point, tags)
    network = build_network(lines)
    detour = rng.uniform(1.0, LONGEST_DETOUR, network.n_edges)
    return dataclasses.replace(network, length_m=network.length_m * detour)


def as_matrix(network: Network, seconds_per_m: float) -> csr_array:
    """Walks along edges as a sparse matrix; the grid has no parallel edges to be summed."""
    u, v = network.u, network.v
    seconds = np.tile(network.length_m * seconds_per_m, 2)
    shape = (network.n_nodes, network.n_nodes)
    return csr_array((seconds, (np.concatenate([u, v]), np.concatenate([v, u]))), shape=shape)


def at_nodes(network: Network, nodes: np.ndarray) -> Joins:
    """Join places to an edge of their node, at the node itself."""
    edge = np.empty(network.n_nodes, dtype=np.int64)
    every = np.arange(network.n_edges)
    edge[network.v] = every
    edge[network.u] = every
    edge = edge[nodes]
    n = len(nodes)
    return Joins(
        n_places=n,
        place=np.arange(n),
        edge=edge,
        offset_m=np.where(network.u[edge] == nodes, 0.0, network.length_m[edge]),
        leg_m=np.zeros(n),
        lon=network.node_lon[nodes],
        lat=network.node_lat[nodes],
        snap_m=np.zeros(n),
        snap_to=np.full(n, "main", dtype=object),
        by_entrance=np.zeros(n, dtype=bool),
    )


def contracted(network: Network, limit_m: float) -> Any:
    """Let pandana contract the network, in metres."""
    import pandana

    length = pd.DataFrame({"length_m": network.length_m})
    start = time.perf_counter()
    # Integer coordinates of nodes are exact in float32, so that every site finds its own node.
    place = np.arange(network.n_nodes, dtype=np.float64)
    made = pandana.Network(
        pd.Series(place), pd.Series(place), pd.Series(network.u), pd.Series(network.v), length
    )
    made.precompute(limit_m)
    print(f"pandana contracted the network in {time.perf_counter() - start:.1f} s", flush=True)
    return made


def ask_pandana(made: Any, limit_m: float) -> np.ndarray:
    """Distances in metres; inf, not the limit, where nothing lies within it."""
    found = made.nearest_pois(limit_m, "sites", num_pois=1, max_distance=np.inf)
    return found[1].to_numpy(np.float64)


def compare(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Print how far two answers differ."""
    both = np.isfinite(ours) & np.isfinite(theirs)
    apart = np.abs(ours[both] - theirs[both]).max(initial=0.0)
    alone = int((np.isfinite(ours) != np.isfinite(theirs)).sum())
    print(f"{name}: differs by at most {apart:.2g} s; {alone} of {len(ours)} found by one only")


def bench_nearest(graph: SearchGraph, runs: int, seeds: int, *, with_pandana: bool) -> None:
    """Time the search for the nearest site of all nodes."""
    network, per_m = graph.network, graph.costs.flat
    matrix = as_matrix(network, per_m)
    limit_m = LIMIT_S / per_m
    cutoff_s = within_limit_s(LIMIT_S)
    made = contracted(network, limit_m) if with_pandana else None
    table = Table()
    for seed in range(seeds):
        sites = np.random.default_rng(seed).choice(network.n_nodes, SITES, replace=False)
        node_walks(graph, sites, limit_s=LIMIT_S)
        if made is not None:
            at = pd.Series(sites.astype(np.float64))
            made.set_pois("sites", limit_m, 1, at, at)
        for _ in range(runs):
            ours, _ = table.time("walkcover", lambda s=sites: node_walks(graph, s, limit_s=LIMIT_S))
            theirs = table.time(
                "scipy, no owner",
                lambda s=sites: dijkstra(matrix, indices=s, min_only=True, limit=cutoff_s),
            )
            if made is not None:
                metres = table.time("pandana, query alone", lambda: ask_pandana(made, limit_m))
        compare(f"seed {seed}, scipy", ours, theirs)
        if made is not None:
            compare(f"seed {seed}, pandana", ours, metres * per_m)
    table.show(f"Nearest of {SITES} sites, {network.n_nodes} nodes", base="walkcover")


def bench_ranges(graph: SearchGraph, runs: int, seeds: int) -> None:
    """Time the search for all nodes within reach of candidates."""
    network, per_m = graph.network, graph.costs.flat
    matrix = as_matrix(network, per_m)
    limit_s = RANGE_M * per_m
    homes = at_nodes(network, np.arange(network.n_nodes))
    table = Table()

    def ours(nodes: np.ndarray, threads: int) -> Any:
        joins = at_nodes(network, nodes)
        return walk_pairs(homes, joins, graph, limit_s=limit_s, threads=threads)

    def theirs(nodes: np.ndarray) -> list[np.ndarray]:
        rows = []
        for chunk in np.split(nodes[: CHUNK * CHUNKS], CHUNKS):
            walks = dijkstra(matrix, indices=chunk, limit=within_limit_s(limit_s))
            rows += [np.where(np.isfinite(row))[0] for row in walks]
        return rows

    for seed in range(seeds):
        nodes = np.random.default_rng(seed).choice(network.n_nodes, CANDIDATES, replace=False)
        ours(nodes[:10], 1)
        for _ in range(runs):
            pairs = table.time("walkcover, 1 thread", lambda n=nodes: ours(n, 1))
            table.time("walkcover, 2 threads", lambda n=nodes: ours(n, 2))
            share = CHUNK * CHUNKS / CANDIDATES
            rows = table.time(
                f"scipy, chunks of {CHUNK}, from {CHUNK * CHUNKS}",
                lambda n=nodes: theirs(n),
                share=share,
            )
        found = np.split(pairs.residence, pairs.indptr[1:-1])
        apart = sum(len(np.setxor1d(a, b)) for a, b in zip(found, rows, strict=False))
        print(
            f"seed {seed}: {len(pairs.residence)} pairs; of {len(rows)} candidates, {apart} pairs "
            "found by one only"
        )
    table.show(
        f"Ranges of {CANDIDATES} candidates, {network.n_nodes} nodes", base="walkcover, 1 thread"
    )


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("WALKCOVER_REAL_DATA"))
    parser.add_argument("--only", choices=["job", "nearest", "ranges"])
    parser.add_argument("--quick", action="store_true", help="leave pandana out")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=300_000)
    args = parser.parse_args()
    parts = [args.only] if args.only else ["job", "nearest", "ranges"]
    if "job" in parts:
        if args.data is None:
            parser.error("name the folder of real data: --data DIR or WALKCOVER_REAL_DATA")
        bench_job(args.data, args.runs)
    if "nearest" in parts or "ranges" in parts:
        network = make_network(args.nodes, seed=0)
        graph = search_graph(network, flat_costs(network, speed_kmh=SPEED_KMH))
        if "nearest" in parts:
            bench_nearest(graph, args.runs, args.seeds, with_pandana=not args.quick)
        if "ranges" in parts:
            bench_ranges(graph, args.runs, args.seeds)


if __name__ == "__main__":
    main()
