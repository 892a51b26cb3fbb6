"""Published instances of siting: proven optima are met and proved."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial import KDTree

from walkcover.siting import CoverPairs, max_cover, min_sites

SJC = ("SJC324", "SJC402", "SJC500")
SCP = [f"scp{name}" for name in (*range(41, 50), 410, *range(51, 56))]
BDS = [("BDS5000", 5.5), ("BDS10000A", 5.5), ("BDS5000", 5.75), ("BDS5000", 6.25)]


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data / "benchmarks"


@pytest.fixture(scope="module")
def optima(folder):
    return json.loads((folder / "reference_optima.json").read_text())


def circles(places, homes, radius):
    rows = KDTree(homes).query_ball_point(places, radius * (1 + 1e-12), return_sorted=True)
    indptr = np.cumsum([0, *map(len, rows)])
    return CoverPairs.from_csr(indptr, np.concatenate(rows), n_residences=len(homes))


def read_points(folder, name):
    table = np.loadtxt(folder / "mclp" / f"{name}.txt", skiprows=1, usecols=(0, 1, 2))
    return table[:, :2], table[:, 2]


@pytest.mark.parametrize("name", SJC)
def test_most_people_of_sao_jose_dos_campos(folder, optima, name):
    points, people = read_points(folder, name)
    entries = [entry for entry in optima["mclp"] if entry["instance"] == name]
    assert len(entries) >= 5
    for entry in entries:
        pairs = circles(points, points, entry["r"])
        answer = max_cover(pairs, people, sites=entry["p"])
        assert entry["proven"]
        assert (answer.objective, answer.status) == (entry["covered"], "optimal")


@pytest.mark.parametrize("name", SJC)
def test_fewest_sites_of_sao_jose_dos_campos(folder, optima, name):
    points, people = read_points(folder, name)
    entries = [entry for entry in optima["lscp"] if entry["instance"] == name]
    assert len(entries) == 3
    for entry in entries:
        answer = min_sites(circles(points, points, entry["r"]), people)
        assert entry["proven"]
        assert (answer.objective, answer.status) == (entry["min_sites"], "optimal")


@pytest.mark.parametrize("name", SCP)
def test_weighted_covers_of_the_or_library(folder, optima, name):
    words = np.array((folder / "scp" / f"{name}.txt").read_text().split(), dtype=np.int64)
    n_rows, n_columns = words[:2]
    costs, at = words[2 : 2 + n_columns].astype(float), 2 + n_columns
    columns, counts = [], []
    for _ in range(n_rows):
        counts.append(words[at])
        columns.append(words[at + 1 : at + 1 + words[at]] - 1)
        at += 1 + words[at]
    entries = np.concatenate(columns)
    matrix = sparse.csr_array(
        (np.ones(entries.size), entries, np.cumsum([0, *counts])), shape=(n_rows, n_columns)
    ).T.tocsr()
    pairs = CoverPairs.from_csr(matrix.indptr, matrix.indices, n_residences=n_rows)
    (best,) = [e["best_known"] for e in optima["scp_weighted"] if e["instance"] == name]
    answer = min_sites(pairs, np.ones(n_rows), costs=costs)
    assert (answer.objective, answer.status) == (best, "optimal")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "radius"), BDS)
def test_customers_of_cordeau_furini_and_ljubic(folder, optima, name, radius):
    lines = [line.split() for line in (folder / "mclp" / f"{name}.txt").read_text().split("\n")]
    places = np.array([line[2:4] for line in lines if line and line[0] == "F"], dtype=float)
    homes = np.array([line[2:5] for line in lines if line and line[0] == "C"], dtype=float)
    (entry,) = [e for e in optima["mclp_bds"] if (e["instance"], e["r"]) == (name, radius)]
    pairs = circles(places, homes[:, :2], radius)
    answer = max_cover(pairs, homes[:, 2], sites=entry["p"], time_limit_s=120)
    assert answer.gap <= 0.01
    assert entry["covered"] <= answer.objective <= answer.bound <= entry["upper_bound"]
    if entry["proven"]:
        assert (answer.objective, answer.status) == (entry["covered"], "optimal")


@pytest.mark.parametrize("sites", [5, 10, 20, 40])
def test_drilled_board_has_proved_answers(folder, sites):
    points, people = read_points(folder, "PCB3038")
    answer = max_cover(circles(points, points, 200), people, sites=sites)
    assert answer.status == "optimal"
    reached = np.zeros(len(points), dtype=bool)
    for place in points[answer.chosen]:
        reached |= np.hypot(*(points - place).T) <= 200
    assert answer.objective == people[reached].sum()
