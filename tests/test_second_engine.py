"""The second engines against brute force, and the own search against the second engines."""

import json
import math
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import town
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reach import SPEED_KMH, brute_force, cases, make_joins, make_network

import walkcover
from walkcover import assessment as assessment_module
from walkcover import second_engine
from walkcover._errors import InputError
from walkcover.cli import main
from walkcover.network import Network
from walkcover.opinion import compare, opinion_record, opinion_table
from walkcover.search import search_graph
from walkcover.second_engine import (
    NODE_COLUMNS,
    WALK_COLUMNS,
    compare_nodes,
    networkx_walks,
    seconds_along,
    spread,
)
from walkcover.speed import flat_costs

# Networks as in test_oracle_real, with the layer where the file has several.
REAL = {
    "taiyuan_east": ("taiyuan_east/taiyuan_east.gpkg", "ways"),
    "helsinki": ("helsinki/helsinki.osm.pbf", ""),
    "north_bayreuth": ("north_bayreuth/north-bayreuth.osm.gz", ""),
    "porto_alegre": ("porto_alegre/poa_osm.pbf", ""),
    "las_palmas": ("las_palmas/las_palmas_20230221.osm.pbf", ""),
}
# pandana contracts them for longer than the rest of this file takes.
SLOW = ("porto_alegre", "las_palmas")


def jittered_grid(side: int, seed: int) -> Network:
    """A grid with a diagonal here and there, of unequal lengths, and one lonely street."""
    rng = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    pairs = [
        *zip(node[:, :-1].ravel(), node[:, 1:].ravel(), strict=True),
        *zip(node[:-1].ravel(), node[1:].ravel(), strict=True),
        *zip(node[:-1, :-1].ravel()[::5], node[1:, 1:].ravel()[::5], strict=True),
        (side * side, side * side + 1),
    ]
    u, v = np.array(pairs).T
    length_m = rng.uniform(20, 90, len(u))
    length_m[::17] = 0.0
    one_way = rng.random(len(u)) < 0.1
    return make_network(u, v, length_m, backward=~one_way, private=rng.random(len(u)) < 0.1)


# Picking the sample


@given(st.integers(0, 5000), st.integers(1, 400))
def test_a_sample_is_spread_evenly(n: int, k: int) -> None:
    picked = spread(n, k)
    assert len(picked) == min(n, k)
    if n:
        steps = np.diff(np.concatenate([[-1 - picked[0]], picked, [2 * n - 1 - picked[-1]]]))
        assert steps.min() >= 1
        assert picked[0] >= 0
        assert picked[-1] < n
        assert np.ptp(np.diff(picked)) <= 1 if len(picked) > 1 else True
        # What lies before the first and behind the last is half a step.
        assert abs(picked[0] - (n - 1 - picked[-1])) <= 1


@pytest.mark.parametrize("k", [0, -3])
def test_an_empty_sample_is_refused(k: int) -> None:
    with pytest.raises(InputError, match=f"sample = {k}: expected a whole number from 1 on"):
        spread(10, k)


# networkx


@settings(deadline=None, max_examples=80)
@given(cases())
def test_walks_of_networkx_are_those_of_a_brute_force_search(case) -> None:
    expected = brute_force(case).min(axis=1)
    found = networkx_walks(make_joins(case.homes), make_joins(case.sites), case.graph)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_without_a_site_nobody_walks() -> None:
    graph = search_graph(*_costed(make_network([0], [1], [50.0])))
    homes, nothing = make_joins([[(0, 10.0, 2.0)], []]), make_joins([])
    assert networkx_walks(homes, nothing, graph).tolist() == [math.inf, math.inf]


def test_seconds_of_a_part_follow_its_direction() -> None:
    # At 3.6 km/h a metre takes a second; against the street nobody may walk.
    graph = search_graph(*_costed(make_network([0], [1], [50.0], backward=False)))
    edge = np.zeros(3, dtype=np.int64)
    found = seconds_along(graph, edge, np.array([10.0, 40.0, 7.0]), np.array([40.0, 10.0, 7.0]))
    assert found.tolist() == [30.0, math.inf, 0.0]


def _costed(network: Network):
    return network, flat_costs(network, speed_kmh=SPEED_KMH)


# pandana


@pytest.mark.parametrize("seed", [0, 1])
def test_lengths_of_both_engines_are_those_of_networkx(seed: int) -> None:
    network = jittered_grid(9, seed)
    streets = nx.MultiGraph()
    for e in np.flatnonzero(~network.private):
        streets.add_edge(int(network.u[e]), int(network.v[e]), weight=network.length_m[e])
    found = compare_nodes(network, pairs=60)
    assert list(found.columns) == NODE_COLUMNS
    assert len(found) == 60
    expected = []
    for a, b in found[["from_node", "to_node"]].itertuples(index=False):
        lengths = nx.single_source_dijkstra_path_length(streets, a)
        expected.append(lengths.get(b, math.inf))
    np.testing.assert_allclose(found["length_m"], expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found["second_m"], expected, rtol=0, atol=0.003)
    assert np.isinf(expected).any()


def test_lengths_of_a_long_path_are_not_cut_off_at_every_edge() -> None:
    # 3,000 edges of 9.9999 m: whole millimetres, cut off, would make it 2.7 m too short.
    n = 3000
    network = make_network(np.arange(n), np.arange(1, n + 1), np.full(n, 9.9999))
    found = compare_nodes(network, pairs=2)
    steps = (found["from_node"] - found["to_node"]).abs()
    np.testing.assert_allclose(found["length_m"], 9.9999 * steps, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found["second_m"], 9.9999 * steps, rtol=0, atol=1e-3)
    assert steps.max() >= n // 2


def test_a_path_that_is_too_long_for_32_bits_is_counted_in_larger_units() -> None:
    # 900 km in tenths of a millimetre would be over 2 ** 32.
    found = compare_nodes(make_network([0], [1], [900_000.0]), pairs=2)
    assert found["length_m"].tolist() == [900_000.0, 900_000.0]
    np.testing.assert_allclose(found["second_m"], 900_000.0, rtol=0, atol=0.001)


def test_a_network_of_private_ways_has_no_pairs() -> None:
    assert compare_nodes(make_network([0], [1], [50.0], private=True)).empty


# Summing up


def opinion(walks: list[tuple], nodes: list[tuple] = ()):
    return compare(
        pd.DataFrame(list(nodes), columns=NODE_COLUMNS), pd.DataFrame(walks, columns=WALK_COLUMNS)
    )


def test_differences_are_summed_up() -> None:
    walks = [(f"R{i}", 100.0, 100.0 + i / 100, True, True) for i in range(5)]
    walks.append(("R5", math.inf, math.inf, False, False))
    found = opinion(walks, [(0, 1, 70.0, 70.004)])
    assert found.agrees
    nodes, rows = found.table.to_dict("records")
    # 0, 1, 2, 3, 4 hundredths: the median is the third, 99 % lies at 0.04 - 0.04 x 0.01.
    assert rows["median"] == pytest.approx(0.02)
    assert rows["p99"] == pytest.approx(0.0396)
    assert rows["largest"] == pytest.approx(0.04)
    assert (rows["pairs"], rows["unreached"], rows["one_only"], rows["flips"]) == (6, 1, 0, 0)
    assert nodes["largest"] == pytest.approx(0.004)
    assert found.text == (
        "Both engines agree: 1 lengths from node to node by pandana within 5 mm, 6 walks by "
        "networkx within 0.05 s, and no verdict flips."
    )


@pytest.mark.parametrize(
    ("walk_s", "second_s", "within", "second_within", "told"),
    [
        (100.0, 100.06, True, True, "1 of 1 walks: R1"),
        (100.0, math.inf, True, False, "1 of 1 walks: R1"),
        (math.inf, 1000.0, False, False, "1 of 1 walks: R1"),
        (900.0, 900.001, True, False, "1 of 1 walks: R1"),
    ],
)
def test_what_differs_is_named(walk_s, second_s, within, second_within, told) -> None:
    found = opinion([("R1", walk_s, second_s, within, second_within)])
    assert not found.agrees
    assert told in found.text
    assert found.table["flips"].tolist() == [0, int(within != second_within)]
    record = json.loads(json.dumps(opinion_record(found), allow_nan=False))
    assert [row["residence_id"] for row in record["differing"]] == ["R1"]


@pytest.mark.parametrize("second_m", [70.006, math.inf])
def test_lengths_that_differ_are_named(second_m: float) -> None:
    found = opinion([], [(4, 9, 70.0, second_m), (5, 9, 3.0, 3.0)])
    assert not found.agrees
    assert "1 of 2 lengths between nodes: 4-9" in found.text
    assert found.table["one_only"].tolist() == [int(math.isinf(second_m)), 0]


def test_a_table_of_nothing_is_laid_out() -> None:
    lines = opinion_table(opinion([])).splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
    assert lines[2].split()[-4:] == ["-", "-", "-", "0"]


# The whole, on a town and by the command


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return town.make_town(tmp_path / "town")


def test_the_engines_agree_on_a_town(plan: Path) -> None:
    found = walkcover.second_opinion(walkcover.load_plan(plan))
    assert found.agrees
    ids, walks = [home[0] for home in town.RESIDENCES], found.walks.set_index("residence_id")
    assert walks.index.tolist() == ids
    # B1 stands at 500 m on the street of R02, 750 m.
    assert walks.loc["R02", "second_s"] == pytest.approx(250 * town.S_PER_M, abs=0.01)
    assert math.isinf(walks.loc["R14", "second_s"])


def test_a_smaller_sample_is_spread_over_the_rows(plan: Path) -> None:
    found = walkcover.second_opinion(walkcover.load_plan(plan), sample=4)
    ids = [home[0] for home in town.RESIDENCES]
    assert found.walks["residence_id"].tolist() == [ids[i] for i in (2, 6, 10, 14)]
    assert len(found.nodes) == 4


def test_command_prints_a_table(plan: Path) -> None:
    result = CliRunner().invoke(main, ["audit", str(plan)])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split()[:2] == ["compared", "pairs"]
    assert lines[-1].startswith("Both engines agree: ")


def test_command_exits_with_1_where_walks_differ(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = assessment_module.nearest_sites

    def slower(*args, **options):
        walk_s, site = search(*args, **options)
        return walk_s + 0.06, site

    monkeypatch.setattr(assessment_module, "nearest_sites", slower)
    result = CliRunner().invoke(main, ["audit", str(plan), "--json"])
    assert result.exit_code == 1, result.output
    record = json.loads(result.stdout)
    assert record["agrees"] is False
    assert {"R01", "R02"} <= {row["residence_id"] for row in record["differing"]}
    assert record["comparisons"][1]["largest"] == pytest.approx(0.06, abs=1e-6)


def test_command_exits_with_1_where_lengths_differ(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = second_engine._own_lengths
    monkeypatch.setattr(second_engine, "_own_lengths", lambda *given: measure(*given) + 0.006)
    result = CliRunner().invoke(main, ["audit", str(plan)])
    assert result.exit_code == 1, result.output
    assert "lengths between nodes" in result.stdout.splitlines()[-1]


def test_stdout_holds_nothing_but_json(plan: Path) -> None:
    """What pandana prints past Python would spoil it."""
    code = "import sys; from walkcover.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-P", "-c", code, "audit", str(plan), "--json", "--sample", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    record = json.loads(done.stdout)
    assert record["agrees"] is True
    assert [row["pairs"] for row in record["comparisons"]] == [5, 5]


# Real networks


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in REAL]
)
def test_lengths_on_real_networks_agree_within_5_mm(name: str, real_data: Path) -> None:
    source, layer = REAL[name]
    network = walkcover.read_network(real_data / source, layer=layer)
    nodes = compare_nodes(network, pairs=400)
    assert len(nodes) == 400
    own, second = nodes["length_m"].to_numpy(), nodes["second_m"].to_numpy()
    assert (np.isfinite(own) == np.isfinite(second)).all()
    found = np.isfinite(own)
    assert found.mean() > 0.5
    assert np.abs(own[found] - second[found]).max() <= 0.005
    # The pairs lie across the whole network, not side by side.
    assert own[found].max() > 1500
