"""
Measure how cost grows with the size of a place, and how far searches are from what memory allows.

Usage: python scripts/bench_growth.py [FOLDER ...] [--runs 3] [--nodes N ...] [--seed 0]

Growth: FOLDER holds a `plan.toml` and its tables, as ``make_province.py --scale`` writes them. Each
is assessed and its tables are written, in a process of its own. A stage is what the log of the run
calls so; a stage within a stage is told apart, and the outer one is then what is left of it. Told
are seconds of processor, imports included, and the peak of memory while the stage ran. Of several
runs the one with the least processor counts; a run of over a minute is not done again. One run of
the first folder goes before all others and is not counted: it compiles what numba keeps on disk.

Limit: the bytes that a search must move at least, divided by the bandwidth of memory, which is
measured in the same run by the triad of STREAM (a = b + s c on arrays that no cache holds). Counted
are numbers, each once: of every arc its head and its seconds, of every node where its arcs begin,
its label read and written, and the answer. A search that moved nothing else, and never waited for
one number to find the next, would be that fast. Beside it stands the floor of `bench_reach.py`: the
same arcs relaxed once, in an order that is given. All on one thread, in seconds of processor; the
least of some runs. Networks and searches are those of `bench_reach.py`.

Prints Markdown. Linux only.
"""

import argparse
import importlib.metadata
import itertools
import json
import logging
import math
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

LONG_S = 60.0
# Bytes of the numbers that a search cannot do without.
HEAD, SECONDS, BEGIN, LABEL, OWNER, ROW = 4, 8, 4, 8, 4, 12
TRIAD_ARRAY, TRIAD_RUNS = 8_000_000, 7
MIN_SHARE = 0.01
PACKAGES = ("numpy", "scipy", "numba", "pandas", "geopandas", "shapely", "pyproj", "pyarrow")
NODES = (10_000, 100_000, 300_000, 1_000_000)


class Stage(NamedTuple):
    """What a stage took: seconds of processor, and the peak of memory while it ran."""

    name: str
    cpu_s: float
    peak_mib: float


class Search(NamedTuple):
    """Searches from all sources of a network: nodes reached, bytes to be moved, and the times."""

    nodes: int
    sources: int
    reached: int
    moved: int
    floor_s: float
    took_s: float

    def times(self, bandwidth_gb_s: float, per_s: float, unit: str) -> str:
        """Write limit, floor, time and how far it is above both, as cells."""
        limit_s = self.moved / bandwidth_gb_s / 1e9
        cells = [f"{per_s * s:.3g} {unit}" for s in (limit_s, self.floor_s, self.took_s)]
        cells += [f"{self.took_s / s:.3g} ×" for s in (limit_s, self.floor_s)]
        return " | ".join(cells)


class Run(NamedTuple):
    """One assessment in a process of its own."""

    size: dict[str, int]
    stages: list[Stage]
    took_s: float

    @property
    def cpu_s(self) -> float:
        """Seconds of processor of the whole run."""
        return sum(stage.cpu_s for stage in self.stages)

    @property
    def peak_mib(self) -> float:
        """Peak of memory of the whole run."""
        return max(stage.peak_mib for stage in self.stages)


class Meter(logging.Handler):
    """Note a stage whenever the log says that one has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: list[Stage] = []
        self.cpu_s = 0.0

    def note(self, name: str) -> None:
        """End a stage here."""
        now_s, before_s = time.process_time(), self.cpu_s
        self.stages.append(Stage(name, now_s - before_s, new_peak_mib()))
        self.cpu_s = now_s

    def emit(self, record: logging.LogRecord) -> None:
        """End a stage where the log has its name and its seconds."""
        ended = re.match(r"(.+): \d+\.\d\d s\b", record.getMessage())
        if ended:
            self.note(ended[1])


def new_peak_mib() -> float:
    """Peak of memory since this was asked before, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_kib = re.search(r"VmHWM:\s+(\d+) kB", status)
    # 5 makes the peak what the process holds now.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return int(peak_kib[1]) / 1024 if peak_kib else math.nan


def assess_here(folder: Path) -> Run:
    """Assess the plan of a folder in this process, and write its tables."""
    start = time.perf_counter()
    meter = Meter()
    log = logging.getLogger("walkcover")
    log.setLevel(logging.INFO)
    log.addHandler(meter)
    import walkcover
    from walkcover.output import ASSESS_FILES

    plan = walkcover.load_plan(folder / "plan.toml")
    meter.note("Python and imports")
    result = walkcover.assess(plan)
    meter.note("tables of the result")
    with tempfile.TemporaryDirectory() as out:
        walkcover.write(result, Path(out) / "out", files=ASSESS_FILES)
    meter.note("writing")
    took_s = time.perf_counter() - start
    study = result.study
    size = {"nodes": 0 if study is None else study.network.n_nodes}
    size |= {"residences": len(result.residences), "booths": len(result.sites)}
    return Run(size, meter.stages, took_s)


def assess_apart(folder: Path) -> Run:
    """Assess the plan of a folder in a process of its own."""
    command = [sys.executable, __file__, "--one", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    size, stages, took_s = json.loads(done.stdout.splitlines()[-1])
    return Run(size, [Stage(*stage) for stage in stages], took_s)


def least(folder: Path, runs: int) -> Run:
    """Assess several times; the run with the least processor."""
    done: list[Run] = []
    while len(done) < runs and not (done and done[-1].took_s > LONG_S):
        done.append(assess_apart(folder))
        print(f"{folder}: {done[-1].took_s:.1f} s", file=sys.stderr, flush=True)
    return min(done, key=lambda run: run.cpu_s)


def growth_table(runs: Sequence[Run]) -> str:
    """Write a row per stage and a column per size; small stages in one row."""
    names = list(dict.fromkeys(stage.name for run in runs for stage in run.stages))
    by_stage = [per_stage(run) for run in runs]
    shown = [n for n in names if by_stage[-1].get(n, (0.0, 0.0))[0] >= MIN_SHARE * runs[-1].cpu_s]
    for found in by_stage:
        rest = [found.pop(name) for name in list(found) if name not in shown]
        found["all other"] = (sum(s for s, _ in rest), max((m for _, m in rest), default=0.0))
    head = [f"{r.size['nodes']:,} nodes, {r.size['residences']:,} residences" for r in runs]
    lines = ["| stage | " + " | ".join(head) + " |", "|---" * (len(runs) + 1) + "|"]
    for name in [*shown, "all other"]:
        cells = [found.get(name, (0.0, 0.0)) for found in by_stage]
        texts = [f"{cpu_s:.2f} s, {mib:,.0f} MiB" for cpu_s, mib in cells]
        lines.append(f"| {name} | " + " | ".join(texts) + " |")
    totals = [f"**{run.cpu_s:.1f} s, {run.peak_mib:,.0f} MiB**" for run in runs]
    lines.append("| **all, processor** | " + " | ".join(totals) + " |")
    lines.append("| elapsed | " + " | ".join(f"{run.took_s:.1f} s" for run in runs) + " |")
    more = [
        1e6 * (b.cpu_s - a.cpu_s) / (b.size["residences"] - a.size["residences"])
        for a, b in itertools.pairwise(runs)
    ]
    each = ["", *(f"{one:,.0f} µs" for one in more)]
    lines.append("| each residence more | " + " | ".join(each) + " |")
    return "\n".join(lines)


def per_stage(run: Run) -> dict[str, tuple[float, float]]:
    """Seconds and peak by name; a stage that comes several times is one."""
    found: dict[str, tuple[float, float]] = {}
    for name, cpu_s, mib in run.stages:
        before_s, before_mib = found.get(name, (0.0, 0.0))
        found[name] = (before_s + cpu_s, max(before_mib, mib))
    return found


def triad_gb_s() -> float:
    """Bandwidth of memory in GB/s, the best of some runs; 24 bytes an element, as STREAM counts."""
    import numba

    @numba.njit
    def triad(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
        for i in range(len(a)):
            a[i] = b[i] + 3.0 * c[i]

    a, b, c = np.zeros(TRIAD_ARRAY), np.ones(TRIAD_ARRAY), np.ones(TRIAD_ARRAY)
    return 3 * a.nbytes / seconds(lambda: triad(a, b, c), TRIAD_RUNS) / 1e9


def seconds(work: Callable[[], object], runs: int) -> float:
    """Least seconds of processor of some runs, after one that is not counted."""
    work()
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def measure_searches(size: int, runs: int, seed: int) -> tuple[Search, Search]:
    """Time the nearest site of all nodes, and the ranges of some, on a made network."""
    import bench_reach as reach

    from walkcover.reach import node_pairs, node_walks
    from walkcover.search import search_graph
    from walkcover.speed import flat_costs

    network = reach.make_network(size, seed=seed)
    n = network.n_nodes
    graph = search_graph(network, flat_costs(network, speed_kmh=reach.SPEED_KMH))
    degree = np.bincount(np.concatenate([network.u, network.v]), minlength=n)
    rng = np.random.default_rng(seed)
    sites = rng.choice(n, n // reach.NODES_PER_SITE, replace=False)
    ask = partial(node_walks, graph, sites, limit_s=reach.LIMIT_S)
    walk_s, _ = ask()
    reached = np.argsort(walk_s, kind="stable")[: int(np.isfinite(walk_s).sum())]
    order = reached.astype(np.uint32)
    nearest = Search(
        nodes=n,
        sources=len(sites),
        reached=len(reached),
        moved=moved(degree[reached], OWNER),
        floor_s=seconds(partial(reach.floor_of_nearest, graph, sites, order), runs),
        took_s=seconds(ask, runs),
    )
    sources = rng.choice(n, min(n, reach.CANDIDATES), replace=False)
    limit_s = reach.RANGE_M * graph.costs.flat
    ask = partial(node_pairs, graph, sources, limit_s=limit_s, threads=1)
    pairs = ask()
    order = reach.known_order(pairs, len(sources))
    ranges = Search(
        nodes=n,
        sources=len(sources),
        reached=len(pairs.residence),
        moved=moved(degree[pairs.residence], ROW),
        floor_s=seconds(partial(reach.floor_of_ranges, graph, pairs.indptr, order), runs),
        took_s=seconds(ask, runs),
    )
    return nearest, ranges


def moved(degree: np.ndarray, answer: int) -> int:
    """Bytes that a search must move for nodes of some degrees, with so many for each answer."""
    return len(degree) * (BEGIN + 2 * LABEL + answer) + int(degree.sum()) * (HEAD + SECONDS)


def limit_tables(sizes: Sequence[int], runs: int, seed: int) -> str:
    """Write a row per network: what each search must move, limit, floor, and what was measured."""
    found = [measure_searches(size, runs, seed) for size in sizes]
    bandwidth = triad_gb_s()
    head = "reached | must move | limit | floor | measured | above the limit | above the floor |"
    lines = [f"Triad: {bandwidth:.1f} GB/s by one thread."]
    lines += ["", f"| nearest | {head} each node |", "|---" * 9 + "|"]
    for search, _ in found:
        lines.append(
            f"| {search.nodes:,} nodes, {search.sources:,} sites | "
            f"{search.reached / search.nodes:.0%} | {search.moved / 1e6:.2f} MB | "
            f"{search.times(bandwidth, 1e3, 'ms')} | {1e9 * search.took_s / search.nodes:.0f} ns |"
        )
    lines += ["", f"| ranges, each | {head}", "|---" * 8 + "|"]
    for _, search in found:
        n = search.sources
        lines.append(
            f"| {search.nodes:,} nodes, {n:,} sources | {search.reached / n:.0f} nodes | "
            f"{search.moved / n / 1e3:.1f} kB | {search.times(bandwidth, 1e6 / n, 'µs')} |"
        )
    return "\n".join(lines)


def machine() -> str:
    """Tell processor, memory and versions in one line."""
    info = Path("/proc/cpuinfo").read_text(encoding="ascii")
    model = re.search(r"model name\s*: (.+)", info)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return (
        f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, {total:.0f} GiB; "
        f"Python {platform.python_version()}, {versions}; load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--nodes", type=int, nargs="*", default=NODES, help="none: no limit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        run = assess_here(args.one)
        print()
        print(json.dumps(run))
        return
    print(machine(), flush=True)
    if args.folders:
        assess_apart(args.folders[0])
        print()
        print(growth_table([least(folder, args.runs) for folder in args.folders]), flush=True)
    if args.nodes:
        print()
        print(limit_tables(args.nodes, args.runs, args.seed))


if __name__ == "__main__":
    main()
