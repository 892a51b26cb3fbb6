"""
Time siting on generated cities and on published instances; print a row for each.

Usage: python scripts/bench_siting.py FOLDER [--seeds 3] [--only NAME] [--limit 300]

FOLDER holds ``city/*.npz`` (indptr, residences, people). Without it, only the wide instance is made
here: 20,000 residences and 12,000 candidates with about 30 million pairs.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from walkcover.siting import Answer, CoverPairs, max_cover, min_sites

WIDE_RESIDENCES, WIDE_CANDIDATES, WIDE_REACH_KM = 20_000, 12_000, 3.55
SIDE_KM = 25.0
Question = Callable[[float, int], Answer]


def wide_city() -> tuple[CoverPairs, np.ndarray]:
    """Make a dense city whose pairs are many: the test of memory."""
    rng = np.random.default_rng(1)
    homes = rng.random((WIDE_RESIDENCES, 2)) * SIDE_KM
    places = rng.random((WIDE_CANDIDATES, 2)) * SIDE_KM
    rows = [
        np.flatnonzero(((homes - place) ** 2).sum(axis=1) <= WIDE_REACH_KM**2).astype(np.int32)
        for place in places
    ]
    indptr = np.concatenate([[0], np.cumsum([row.size for row in rows])])
    pairs = CoverPairs.from_csr(indptr, np.concatenate(rows), n_residences=WIDE_RESIDENCES)
    return pairs, rng.integers(1, 80, WIDE_RESIDENCES).astype(float)


def read_city(path: Path) -> tuple[CoverPairs, np.ndarray]:
    """Read an instance as arrays."""
    city = np.load(path)
    people = city["people"]
    return CoverPairs.from_csr(city["indptr"], city["residences"], n_residences=people.size), people


def questions(folder: Path | None) -> Iterator[tuple[str, Question]]:
    """Name every question and how to ask it with a time limit and a seed."""
    for name, sites in (("city_20k_2k", 50), ("city_100k_10k", 300)):
        if folder is not None:
            yield from ask(name, *read_city(folder / "city" / f"{name}.npz"), sites)
    yield from ask("wide_20k_12k", *wide_city(), 20)


def ask(
    name: str, pairs: CoverPairs, people: np.ndarray, sites: int
) -> Iterator[tuple[str, Question]]:
    """Ask one city three questions."""
    yield (
        f"{name} most people, {sites} sites",
        lambda limit, seed: max_cover(pairs, people, sites=sites, time_limit_s=limit, seed=seed),
    )
    for share in (1.0, 0.95):
        yield (
            f"{name} fewest sites, {share:.0%}",
            lambda limit, seed, share=share: min_sites(
                pairs, people, share=share, time_limit_s=limit, seed=seed
            ),
        )


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--limit", type=float, default=300.0)
    args = parser.parse_args()
    for name, question in questions(args.folder):
        if args.only not in name:
            continue
        for seed in range(args.seeds):
            start = time.perf_counter()
            answer = question(args.limit, seed)
            took_s = time.perf_counter() - start
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{name}, seed {seed}: {answer.objective:.0f}, bound {answer.bound:.0f}, "
                f"gap {answer.gap:.2%}, {answer.status}, {took_s:.1f} s, peak {peak_mb:.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
