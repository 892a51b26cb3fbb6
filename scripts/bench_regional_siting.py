"""
Site cities in one piece and in regions; print objective, bound and time of both for each.

Usage: python scripts/bench_regional_siting.py [FOLDER] [--only TEXT] [--limit 300] [--regional]

FOLDER holds ``city/*.npz`` (indptr, residences, people); without it only cities made here are
asked. ``--regional`` leaves out solving in one piece. Times are processor seconds; in regions they
are summed over all regions, and the slowest visit of one region stands beside. ``worse`` is by how
much the regional objective is worse than the one in one piece.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from bench_siting import Instance, make_city, read_city

from walkcover._parting import _places
from walkcover.pairs import CoverPairs
from walkcover.regional_siting import RegionCase, site_regions
from walkcover.siting import max_cover, min_sites


def instances(folder: Path | None) -> Iterator[tuple[str, Callable[[], Instance], list[int], str]]:
    """Name every instance, how to make it, numbers of regions, and the questions to ask it."""
    if folder is not None:
        for name, regions, asked in (
            ("20k_2k", [4, 9, 25], "50 80%"),
            ("100k_10k", [4, 9, 25], "300 80%"),
        ):
            path = folder / "city" / f"city_{name}.npz"
            yield f"given_{name}", lambda path=path: read_city(path), regions, asked
    yield "made_20k_2k", lambda: make_city(20_000, 2_000, 1), [4, 9, 25], "50 80%"
    yield "made_500k_20k", lambda: make_city(500_000, 20_000, 1), [49], "2000 80%"


def regions_of(pairs: CoverPairs, count: int) -> np.ndarray:
    """Cut the candidates into k-d regions of equal size, placed by how their rows overlap."""
    shape = (pairs.n_candidates, pairs.n_residences)
    ones = np.ones(pairs.residences.size)
    matrix = scipy.sparse.csr_matrix((ones, pairs.residences, pairs.indptr), shape)
    weight = 1.0 / np.maximum(1.0, np.asarray(matrix.sum(axis=0)).ravel())
    places = _places((matrix @ scipy.sparse.diags(weight) @ matrix.T).tocsr())
    region = np.empty(pairs.n_candidates, dtype=np.int64)
    todo, number = [(np.arange(pairs.n_candidates), count)], 0
    while todo:
        columns, parts = todo.pop()
        if parts == 1:
            region[columns] = number
            number += 1
            continue
        axis = int(np.argmax(np.ptp(places[columns], axis=0)))
        columns = columns[np.argsort(places[columns, axis], kind="stable")]
        half = columns.size * (parts // 2) // parts
        todo += [(columns[half:], parts - parts // 2), (columns[:half], parts // 2)]
    return region


def cut(pairs: CoverPairs, people: np.ndarray, region: np.ndarray) -> list[RegionCase]:
    """Make the regions of the candidates; rows are at home with their first candidate."""
    ptr, columns = pairs.by_residence
    has = np.diff(ptr) > 0
    home = np.zeros(pairs.n_residences, dtype=np.int64)
    home[has] = region[columns[ptr[:-1][has]]]
    cases = []
    for number in range(int(region.max()) + 1):
        mine = np.flatnonzero(region == number)
        entries = np.concatenate([pairs.residences_of(column) for column in mine])
        rows = np.union1d(np.flatnonzero(home == number), entries)
        indptr = np.append(0, np.cumsum(np.diff(pairs.indptr)[mine]))
        inside = np.searchsorted(rows, entries)
        cases.append(
            RegionCase(
                row_ids=rows,
                people=people[rows],
                is_own=home[rows] == number,
                is_covered=np.zeros(rows.size, dtype=bool),
                pairs=CoverPairs.from_csr(indptr, inside, n_residences=rows.size),
                candidate_ids=mine,
            )
        )
    return cases


def regional(cases: list[RegionCase], asked: str, limit: float) -> tuple[Any, float, float]:
    """Site in regions; also processor seconds in all, and of the slowest visit of a region."""
    visits = []

    def run(work: Callable[[RegionCase], Any], given: Any) -> list[Any]:
        found = []
        for case in given:
            start = time.process_time()
            found.append(work(case))
            visits.append(time.process_time() - start)
        return found

    question = {"sites": int(asked)} if asked.isdigit() else {"share": float(asked[:-1]) / 100.0}
    start = time.process_time()
    answer = site_regions(cases, **question, run=run, time_limit_s=limit)
    return answer, time.process_time() - start, max(visits)


def whole(pairs: CoverPairs, people: np.ndarray, asked: str, limit: float) -> tuple[Any, float]:
    """Site in one piece; also processor seconds."""
    start = time.process_time()
    if asked.isdigit():
        answer = max_cover(pairs, people, sites=int(asked), gap=0.02, time_limit_s=limit)
    else:
        share = float(asked[:-1]) / 100.0
        answer = min_sites(pairs, people, share=share, gap=0.02, time_limit_s=limit)
    return answer, time.process_time() - start


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--limit", type=float, default=300.0)
    parser.add_argument("--regional", action="store_true")
    args = parser.parse_args()
    for name, make, counts, questions in instances(args.folder):
        asked_here = [
            (asked, count)
            for asked in questions.split()
            for count in counts
            if args.only in f"{name} {asked} {count}"
        ]
        if not asked_here:
            continue
        pairs, people = make()
        in_one: dict[str, Any] = {}
        for asked, count in asked_here:
            if asked not in in_one and not args.regional:
                in_one[asked], took_s = whole(pairs, people, asked, args.limit)
                print(f"{name} {asked} in one piece: {described(in_one[asked])}, {took_s:.0f} s")
            cases = cut(pairs, people, regions_of(pairs, count))
            answer, took_s, slowest_s = regional(cases, asked, args.limit)
            line = (
                f"{name} {asked} in {count} regions: {described(answer)}, {took_s:.0f} s, "
                f"slowest visit {slowest_s:.1f} s"
            )
            if asked in in_one:
                ratio = answer.objective / in_one[asked].objective
                line += f", worse {(1.0 - ratio if asked.isdigit() else ratio - 1.0):.2%}"
            print(line, flush=True)


def described(answer: Any) -> str:
    """Write objective, bound and gap."""
    return (
        f"{answer.objective:.0f}, bound {answer.bound:.0f}, gap {answer.gap:.2%}, "
        f"{answer.covered_people:.0f} people, {answer.status}"
    )


if __name__ == "__main__":
    main()
