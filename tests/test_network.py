"""Splitting of lines, pieces, private parts and islands, on networks drawn by hand."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
import shapely
from drawing import UTM_49N, draw_lines, draw_network
from oracle_cases import Way, lonlat
from pyproj import Geod

from walkcover._errors import InputError, MissingFileError
from walkcover.io.networks import load_network, read_network, save_network
from walkcover.network import Lines, Network, build_network, metric_geometry

PRIVATE = {"highway": "service", "access": "private"}
FOOTWAY = {"highway": "footway"}


def lengths(network: Network) -> list[float]:
    return sorted(np.round(network.length_m, 2).tolist())


def private_m(network: Network) -> float:
    return round(float(network.length_m[network.private].sum()), 1)


def test_lines_are_cut_where_they_cross_at_a_common_vertex():
    network = draw_network(
        [Way([(0, 0), (100, 0), (300, 0)]), Way([(100, -50), (100, 0), (100, 70)])]
    )
    assert (network.n_nodes, network.n_edges) == (5, 4)
    assert lengths(network) == [50.0, 70.0, 100.0, 200.0]


def test_lines_that_cross_without_a_common_vertex_do_not_meet():
    network = draw_network([Way([(0, 0), (200, 0)]), Way([(100, -50), (100, 50)])])
    assert (network.n_nodes, network.n_edges) == (4, 2)
    assert len(np.unique(network.piece)) == 2


def test_two_points_at_one_place_stay_apart():
    network = draw_network([Way([(0, 0), (100, 0)]), Way([(100, 0, "above"), (200, 0)])])
    assert (network.n_nodes, len(np.unique(network.piece))) == (4, 2)


def test_bends_are_kept_and_cut_nothing():
    network = draw_network([Way([(0, 0), (30, 40), (60, 0)])])
    assert (network.n_nodes, network.n_edges, len(network.lon)) == (2, 1, 3)
    assert network.at_m.tolist() == pytest.approx([0, 50, 100], abs=0.01)


def test_a_line_that_crosses_itself_is_cut_there():
    # Along 0–100, around a loop of 50 + 50 + 50 + 50, and on to 200.
    loop = [(0, 0), (100, 0), (150, 0), (150, 50), (100, 50), (100, 0), (100, -100)]
    network = draw_network([Way(loop)])
    assert (network.n_nodes, network.n_edges) == (3, 3)
    assert lengths(network) == [100.0, 100.0, 200.0]
    assert (network.u == network.v).sum() == 1


def test_a_ring_alone_is_a_loop_and_with_a_street_it_is_cut():
    ring = Way([(0, 0), (100, 0), (100, 100), (0, 0)])
    alone = draw_network([ring])
    assert (alone.n_nodes, alone.n_edges) == (1, 1)
    met = draw_network([ring, Way([(100, 0), (300, 0)])])
    assert (met.n_nodes, met.n_edges) == (3, 3)
    pairs = [frozenset(ends) for ends in zip(met.u.tolist(), met.v.tolist(), strict=True)]
    assert len(set(pairs)) == 2


def test_parallel_streets_and_streets_without_length_are_kept():
    network = draw_network(
        [
            Way([(0, 0), (100, 0)]),
            Way([(0, 0), (50, 50), (100, 0)]),
            Way([(100, 0), (100, 0, "twin"), (150, 0)]),
            Way([(100, 0, "twin"), (100, 90)]),
        ]
    )
    assert (network.n_nodes, network.n_edges) == (5, 5)
    assert lengths(network) == [0.0, 50.0, 90.0, 100.0, 141.42]
    assert len(np.unique(network.piece)) == 1


def test_lines_of_one_vertex_are_left_out_and_nothing_but_them_is_refused():
    network = draw_network([Way([(0, 0)]), Way([(0, 0), (100, 0)]), Way([(100, 0)])])
    assert (network.n_nodes, network.n_edges) == (2, 1)
    with pytest.raises(InputError, match="no line that people may walk"):
        draw_network([Way([(0, 0)])])


def test_lengths_are_those_of_the_ellipsoid():
    bend = Way([(0, 0), (800, 600), (800, 5000), (-20_000, 5000)])
    network = draw_network([bend])
    lon, lat = np.array([lonlat(spot) for spot in bend.spots]).T
    steps = Geod(ellps="WGS84").line_lengths(lon, lat)
    assert network.at_m.tolist() == pytest.approx([0, *itertools.accumulate(steps)], abs=1e-6)


def test_tags_follow_the_parts_of_their_line():
    network = draw_network(
        [
            Way([(0, 0), (100, 0), (300, 0)], {"highway": "steps", "oneway:foot": "yes"}),
            Way([(100, 0), (100, 90)], {"highway": "path", "name": "柳巷", "bridge": "yes"}),
        ]
    )
    steps = network.highway == "steps"
    assert steps.sum() == 2
    assert network.backward.tolist() == (~steps).tolist()
    assert network.raised.tolist() == (~steps).tolist()
    assert network.name[~steps].tolist() == ["柳巷"]


def test_pieces_with_too_little_street_are_islands():
    ways = [Way([(0, 0), (600, 0)]), Way([(0, 0), (0, 600)]), Way([(5000, 0), (5900, 0)])]
    network = draw_network(ways)
    assert network.island.tolist() == [False, False, True]
    assert not draw_network(ways, min_component_m=899.9).island.any()
    assert draw_network(ways, min_component_m=1200.1).island.all()


def test_private_streets_count_for_the_size_of_their_piece():
    ways = [Way([(0, 0), (600, 0)]), Way([(600, 0), (1200, 0)], PRIVATE)]
    assert not draw_network(ways).island.any()


def test_public_paths_behind_a_private_gate_are_private():
    ways = [
        Way([(0, 0), (2000, 0)]),
        Way([(2000, 0), (2000, 30)], PRIVATE),
        Way([(2000, 30), (2000, 430)], FOOTWAY),
    ]
    assert private_m(draw_network(ways)) == 430.0


def test_the_longest_public_part_is_public_however_it_is_split():
    # Inside 300 + 300 + 300 m, outside 800 m in one line: the inside is longer.
    ways = [
        Way([(0, 0), (800, 0)]),
        Way([(800, 0), (800, 30)], PRIVATE),
        Way([(800, 30), (800, 330), (800, 630)], FOOTWAY),
        Way([(800, 330), (1100, 330)], FOOTWAY),
    ]
    assert private_m(draw_network(ways)) == 830.0


def test_every_piece_has_a_public_part_of_its_own():
    ways = [
        Way([(0, 0), (2000, 0)]),
        Way([(9000, 0), (9100, 0)]),
        Way([(9100, 0), (9200, 0)], PRIVATE),
        Way([(9200, 0), (9250, 0)], FOOTWAY),
        Way([(20_000, 0), (20_400, 0)], PRIVATE),
    ]
    assert private_m(draw_network(ways)) == 100 + 50 + 400


def test_the_order_of_lines_does_not_matter():
    ways = [
        Way([(0, 0), (100, 0), (300, 0)]),
        Way([(100, -50), (100, 0), (100, 70)]),
        Way([(300, 0), (300, 40)], PRIVATE),
        Way([(300, 40), (300, 60)], FOOTWAY),
    ]

    def told(network: Network) -> set[tuple[float, ...]]:
        ends = (network.node_lon[network.u], network.node_lat[network.v])
        return set(zip(*ends, network.length_m, network.private, network.island, strict=True))

    first = draw_network(ways)
    for order in itertools.permutations(ways):
        other = draw_network(list(order))
        assert told(other) == told(first)
        assert other.node_lon.tolist() == first.node_lon.tolist()


def test_nodes_that_are_neighbours_have_neighbouring_numbers():
    # Two clusters far apart: all of one come before all of the other.
    west = [Way([(0, y), (20, y)]) for y in range(0, 100, 20)]
    east = [Way([(9000, y), (9020, y)]) for y in range(9000, 9100, 20)]
    mixed = [way for pair in zip(west, east, strict=True) for way in pair]
    network = draw_network(mixed)
    is_west = network.node_lon < np.median(network.node_lon)
    assert (np.diff(is_west.astype(int)) != 0).sum() == 1


def test_lines_in_the_plane_are_as_long_as_on_the_ellipsoid():
    network = draw_network([Way([(0, 0), (300, 0), (300, 400)]), Way([(300, 0), (900, 0)])])
    planar = shapely.length(metric_geometry(network, UTM_49N))
    assert planar.tolist() == pytest.approx(network.length_m.tolist(), abs=0.02)


def busy_network() -> Network:
    ways = [
        Way([(0, 0), (100, 0), (300, 0)], {"highway": "steps", "oneway:foot": "yes"}),
        Way([(100, 0), (100, 90)], {"highway": "path", "name": "柳巷", "bridge": "yes"}),
        Way([(300, 0), (300, 1400)]),
        Way([(300, 1400), (300, 1450)], PRIVATE),
        Way([(5000, 0), (5100, 0), (5100, 100), (5000, 0)]),
    ]
    return draw_network(ways, entrances=[(10, 20), (30, 40)])


def test_a_saved_network_comes_back_equal(tmp_path):
    network, path = busy_network(), tmp_path / "network.parquet"
    save_network(network, path)
    for loaded in (load_network(path), read_network(path)):
        for field in dataclasses.fields(Network):
            before, after = getattr(network, field.name), getattr(loaded, field.name)
            assert np.array_equal(before, after), field.name
            assert before.dtype == after.dtype, field.name


def test_the_same_network_is_saved_as_the_same_bytes(tmp_path):
    for name in ("a.parquet", "b.parquet"):
        save_network(busy_network(), tmp_path / name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_saved_network_without_entrances_comes_back(tmp_path):
    save_network(draw_network([Way([(0, 0), (2000, 0)])]), tmp_path / "network.parquet")
    assert load_network(tmp_path / "network.parquet").entrances.shape == (0, 2)


def test_a_saved_network_keeps_what_an_island_is(tmp_path):
    path = tmp_path / "network.parquet"
    save_network(busy_network(), path, min_component_m=1000.0)
    with pytest.raises(InputError, match="built with min_component_m = 1000"):
        read_network(path, min_component_m=200.0)


def test_other_parquet_files_are_refused(tmp_path):
    table, text = tmp_path / "table.parquet", tmp_path / "text.parquet"
    pd.DataFrame({"u": [1]}).to_parquet(table)
    text.write_text("no Parquet at all")
    with pytest.raises(InputError, match="not a network saved by this version"):
        read_network(table)
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_network(text)


def test_files_of_unknown_kind_and_missing_files_are_refused(tmp_path):
    (tmp_path / "streets.dxf").write_text("")
    with pytest.raises(InputError, match=r"\.osm\.pbf"):
        read_network(tmp_path / "streets.dxf")
    with pytest.raises(MissingFileError, match=r"nowhere\.osm"):
        read_network(tmp_path / "nowhere.osm")


def test_points_far_apart_in_number_are_points_all_the_same():
    lines = draw_lines([Way([(0, 0), (100, 0)]), Way([(100, 0), (200, 0)])])
    large = Lines(lines.indptr, lines.lon, lines.lat, lines.point * 10**15 - 10**17, lines.tags)
    assert build_network(large).n_nodes == build_network(lines).n_nodes == 3
