"""A part of a network is what the whole says it is."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import walkcover
from walkcover.assessment import plan_costs
from walkcover.io.walking import read_walking
from walkcover.network import EDGE_COLUMNS
from walkcover.network_cut import fastest_m_per_s, rows_of, take_costs, take_edges

TOWN = Path(__file__).parents[1] / "data" / "town"


@pytest.fixture(scope="module")
def streets():
    """The town's streets with their slopes, and seconds along them."""
    plan = walkcover.load_plan(TOWN / "plan.toml")
    plan = walkcover.with_values(plan, {"network.elevation": ["elevation.tif"]})
    walking = read_walking(plan)
    costs = plan_costs(walking.network, plan, heights=walking.heights, speed_kmh=4.0)
    assert walking.heights is not None
    return walking.network, costs


@given(st.data())
def test_edges_keep_all_that_the_whole_made_of_them(streets, data):
    network, _ = streets
    edges = np.array(sorted(data.draw(st.sets(st.integers(0, network.n_edges - 1), min_size=1))))
    part = take_edges(network, edges, box=np.array(network.bounds))
    for name in EDGE_COLUMNS[2:]:
        assert np.array_equal(getattr(part, name), getattr(network, name)[edges])
    for end in ("u", "v"):
        here, there = getattr(part, end), getattr(network, end)[edges]
        assert np.array_equal(part.node_lon[here], network.node_lon[there])
        assert np.array_equal(part.node_lat[here], network.node_lat[there])
        # The same nodes in the same order.
        assert np.array_equal(np.argsort(here, kind="stable"), np.argsort(there, kind="stable"))
    lines = [network.lon[network.indptr[e] : network.indptr[e + 1]] for e in edges]
    assert np.array_equal(part.lon, np.concatenate(lines))
    for kind in ("entrances", "signals", "kerbs"):
        assert np.array_equal(getattr(part, kind), getattr(network, kind))


def test_marked_points_outside_the_box_are_left_out(streets):
    network, _ = streets
    west, south, east, north = network.bounds
    box = np.array([west, south, (west + east) / 2, north])
    part = take_edges(network, np.array([0]), box=box)
    assert 0 < len(part.entrances) < len(network.entrances)
    assert (part.entrances[:, 0] <= box[2]).all()


@given(st.data())
def test_seconds_along_a_part_are_those_of_the_whole_to_the_bit(streets, data):
    network, costs = streets
    edges = np.array(sorted(data.draw(st.sets(st.integers(0, network.n_edges - 1), min_size=1))))
    share = data.draw(
        st.lists(st.sampled_from([0.0, 0.25, 0.7, 1.0]), min_size=2 * len(edges),
                 max_size=2 * len(edges))
    )  # fmt: skip
    begin, end = np.reshape(share, (2, -1)) * network.length_m[edges]
    whole = costs.seconds(edges, begin, end)
    part = take_costs(costs, edges).seconds(np.arange(len(edges)), begin, end)
    assert np.array_equal(whole, part)


def test_nobody_walks_faster_than_the_fastest(streets):
    network, costs = streets
    along, against = costs.whole()
    fastest = fastest_m_per_s(costs)
    for seconds in (along, against):
        assert (network.length_m <= seconds * fastest * (1 + 1e-9)).all()
    assert 4 / 3.6 < fastest < 1.2 * 4 / 3.6


def test_flat_streets_are_walked_at_the_flat_speed(streets):
    network, _ = streets
    plan = walkcover.load_plan(TOWN / "plan.toml")
    costs = plan_costs(network, plan, heights=None, speed_kmh=3.6)
    assert fastest_m_per_s(costs) == pytest.approx(1.0)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), st.data())
def test_rows_hold_their_entries(sizes, data):
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    rows = data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=8))
    ends, entry = rows_of(indptr, np.array(rows, dtype=np.int64))
    for k, row in enumerate(rows):
        expected = list(range(indptr[row], indptr[row + 1]))
        assert entry[ends[k] : ends[k + 1]].tolist() == expected
