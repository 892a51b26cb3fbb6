"""
Time siting on cities and on the customers of Cordeau, Furini and Ljubic; print a row for each.

Usage: python scripts/bench_siting.py [FOLDER] [--seeds 2] [--only TEXT] [--limit 300]

FOLDER holds ``city/*.npz`` (indptr, residences, people); without it only instances made here are
asked. A gap is proven: |bound - objective| / objective.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import scipy.spatial

from walkcover.siting import Answer, CoverPairs, max_cover, min_sites

# A circle of 1,080 m is 15 minutes at 1.2 m/s.
REACH_M = 1080.0
RESIDENCES_PER_KM2 = 87.0
CLUSTERED, CLUSTER_M, RESIDENCES_PER_CLUSTER = 0.25, 6000.0, 10_000
CUSTOMERS, FACILITIES, SQUARE, RADIUS, FACILITY_BUDGET = 1_000_000, 100, 30.0, 6.25, 10
WIDE_RESIDENCES, WIDE_CANDIDATES, WIDE_REACH_M, WIDE_SIDE_M = 20_000, 12_000, 3550.0, 25_000.0

Question = Callable[[float], Answer]
Instance = tuple[CoverPairs, np.ndarray]


def circles(homes: np.ndarray, places: np.ndarray, radius: float) -> CoverPairs:
    """Let every place reach the homes within a circle."""
    rows = scipy.spatial.KDTree(homes).query_ball_point(places, radius, return_sorted=True)
    indptr = np.cumsum([0, *map(len, rows)])
    return CoverPairs.from_csr(indptr, np.concatenate(rows), n_residences=len(homes))


def make_city(n_residences: int, n_candidates: int, seed: int) -> Instance:
    """Scatter residences, denser here and there; candidates stand at some of them."""
    rng = np.random.default_rng(seed)
    side_m = 1000.0 * np.sqrt(n_residences / RESIDENCES_PER_KM2)
    centres = rng.random((max(3, n_residences // RESIDENCES_PER_CLUSTER), 2)) * side_m
    homes = rng.random((n_residences, 2)) * side_m
    near = rng.random(n_residences) < CLUSTERED
    spread = rng.normal(0.0, CLUSTER_M, (int(near.sum()), 2))
    homes[near] = centres[rng.integers(len(centres), size=int(near.sum()))] + spread
    # What falls outside is folded back.
    homes = side_m - np.abs(side_m - np.abs(homes))
    places = homes[rng.choice(n_residences, n_candidates, replace=False)]
    people = np.ceil(rng.lognormal(2.5, 1.1, n_residences))
    nearest_m, _ = scipy.spatial.KDTree(places).query(homes)
    reachable = nearest_m <= REACH_M
    return circles(homes[reachable], places, REACH_M), people[reachable]


def wide_city() -> Instance:
    """Make a dense city whose pairs are many: the test of memory."""
    rng = np.random.default_rng(1)
    homes = rng.random((WIDE_RESIDENCES, 2)) * WIDE_SIDE_M
    places = rng.random((WIDE_CANDIDATES, 2)) * WIDE_SIDE_M
    people = rng.integers(1, 80, WIDE_RESIDENCES).astype(float)
    return circles(homes, places, WIDE_REACH_M), people


def customers(seed: int) -> Instance:
    """Scatter a million customers as Cordeau, Furini and Ljubic (2019) do."""
    rng = np.random.default_rng(seed)
    places = rng.random((FACILITIES, 2)) * SQUARE
    homes = rng.random((CUSTOMERS, 2)) * SQUARE
    return circles(homes, places, RADIUS), rng.integers(1, 101, CUSTOMERS).astype(float)


def read_city(path: Path) -> Instance:
    """Read an instance as arrays."""
    city = np.load(path)
    people = city["people"]
    return CoverPairs.from_csr(city["indptr"], city["residences"], n_residences=people.size), people


def instances(folder: Path | None, seeds: int) -> Iterator[tuple[str, Callable[[], Instance], str]]:
    """Name every instance, how to make it, and the questions to ask it."""
    sizes = (("20k_2k", 20_000, 2_000, "50 all 95%"), ("100k_10k", 100_000, 10_000, "300 all 95%"))
    for name, n_residences, n_candidates, asked in sizes:
        if folder is not None:
            path = folder / "city" / f"city_{name}.npz"
            yield f"given_{name}", lambda path=path: read_city(path), asked
        for seed in range(1, seeds + 1):
            yield (
                f"made_{name}_{seed}",
                lambda n=n_residences, m=n_candidates, seed=seed: make_city(n, m, seed),
                asked,
            )
    for seed in range(1, seeds + 1):
        yield (
            f"made_500k_20k_{seed}",
            lambda seed=seed: make_city(500_000, 20_000, seed),
            "50 300 2000",
        )
        yield f"customers_{seed}", lambda seed=seed: customers(seed), str(FACILITY_BUDGET)
    yield "wide_20k_12k", wide_city, "20 all 95%"


def ask(pairs: CoverPairs, people: np.ndarray, asked: str) -> Question:
    """Turn ``50``, ``all`` or ``95%`` into a question with a time limit."""
    if asked.isdigit():
        return lambda limit: max_cover(pairs, people, sites=int(asked), time_limit_s=limit)
    share = 1.0 if asked == "all" else float(asked[:-1]) / 100.0
    return lambda limit: min_sites(pairs, people, share=share, time_limit_s=limit)


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--limit", type=float, default=300.0)
    args = parser.parse_args()
    for name, make, questions in instances(args.folder, args.seeds):
        wanted = [q for q in questions.split() if args.only in f"{name} {q}"]
        if not wanted:
            continue
        pairs, people = make()
        for asked in wanted:
            start = time.perf_counter()
            answer = ask(pairs, people, asked)(args.limit)
            took_s = time.perf_counter() - start
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{name} {asked}: {answer.objective:.0f}, bound {answer.bound:.0f}, "
                f"gap {answer.gap:.2%}, {answer.covered_people / people.sum():.1%} covered, "
                f"{answer.status}, {took_s:.1f} s, peak {peak_mb:.0f} MB, {answer.reduction}",
                flush=True,
            )


if __name__ == "__main__":
    main()
