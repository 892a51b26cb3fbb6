"""Walking costs: slopes, steps, surfaces and signals, against scalar arithmetic and networkx."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from drawing import draw_network
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import Way
from test_reach import make_joins, make_network

from walkcover._errors import InputError
from walkcover.elevation import EdgeHeights
from walkcover.network import row_of
from walkcover.reach import nearest_sites, walk_pairs
from walkcover.search import search_graph
from walkcover.speed import flat_costs, tobler_factor, walk_costs

STREET = Way([(0, 0), (300, 0)])


def scalar_seconds(run_m: float, rise_m: float, speed_kmh: float) -> float:
    """Tobler's hiking function, written down as published, relative to its value on the flat."""
    slope = max(-1.0, min(1.0, rise_m / run_m))
    pace_kmh = 6.0 * math.exp(-3.5 * abs(slope + 0.05))
    flat_kmh = 6.0 * math.exp(-3.5 * 0.05)
    return run_m / (speed_kmh / 3.6 * pace_kmh / flat_kmh)


@given(st.floats(-1.5, 1.5))
def test_the_factor_is_the_published_function_relative_to_the_flat(slope):
    found = 100.0 / (tobler_factor(np.array([slope]))[0] * 4.0 / 3.6)
    assert found == pytest.approx(scalar_seconds(100.0, slope * 100.0, 4.0), rel=1e-12)


def heights_of(indptr, at_m, height_m) -> EdgeHeights:
    return EdgeHeights(
        np.array(indptr), np.array(at_m, dtype=float), np.array(height_m, dtype=float), 0.0
    )


def test_uphill_takes_longer_than_downhill_and_parts_add_up():
    network = draw_network([STREET])
    length = network.length_m[0]
    heights = heights_of([0, 3], [0.0, length / 2, length], [0.0, 15.0, 15.0])
    costs = walk_costs(network, speed_kmh=4.0, heights=heights)
    zero = np.array([0])
    up = costs.seconds(zero, np.array([0.0]), np.array([length]))[0]
    down = costs.seconds(zero, np.array([length]), np.array([0.0]))[0]
    half = length / 2
    assert up == pytest.approx(scalar_seconds(half, 15.0, 4.0) + half * 0.9, rel=1e-9)
    assert down == pytest.approx(scalar_seconds(half, -15.0, 4.0) + half * 0.9, rel=1e-9)
    assert up > down
    part = costs.seconds(np.array([0, 0]), np.array([0.0, 100.0]), np.array([100.0, length]))
    assert part.sum() == pytest.approx(up, rel=1e-12)
    quarter = costs.seconds(zero, np.array([length / 4]), np.array([half]))[0]
    assert quarter == pytest.approx(scalar_seconds(half / 2, 7.5, 4.0), rel=1e-9)


def test_level_heights_change_nothing():
    network = draw_network([Way([(0, 0), (300, 0)]), Way([(300, 0), (300, 200)])])
    level = heights_of(
        [0, 2, 4],
        np.column_stack([np.zeros(2), network.length_m]).ravel(),
        np.full(4, 812.0),
    )
    sloped, flat = (
        walk_costs(network, speed_kmh=4.0, heights=level),
        flat_costs(network, speed_kmh=4.0),
    )
    np.testing.assert_array_equal(sloped.along_s, flat.along_s)
    np.testing.assert_array_equal(sloped.against_s, flat.against_s)


def test_unknown_heights_are_level():
    network = draw_network([STREET])
    unknown = heights_of([0, 2], [0.0, network.length_m[0]], [np.nan, np.nan])
    assert walk_costs(network, speed_kmh=4.0, heights=unknown).whole()[0] == pytest.approx(270.0)


def test_steps_and_surfaces_take_longer_by_their_factor():
    ways = [
        Way([(0, 0), (100, 0)], {"highway": "steps"}),
        Way([(100, 0), (200, 0)], {"highway": "path", "surface": "gravel"}),
        Way([(200, 0), (300, 0)], {"highway": "path", "surface": "asphalt"}),
    ]
    network = draw_network(ways)
    costs = walk_costs(network, speed_kmh=4.0, steps_factor=2.0, surface_factors={"gravel": 1.5})
    expected = {("steps", ""): 180.0, ("path", "gravel"): 135.0, ("path", "asphalt"): 90.0}
    along, against = costs.whole()
    for edge, key in enumerate(zip(network.highway, network.surface, strict=True)):
        assert along[edge] == against[edge] == pytest.approx(expected[key], abs=1e-3)


CROSSING = [
    Way([(0, -100), (0, 0)], {"highway": "footway"}),
    Way([(0, 0), (0, 100)], {"highway": "footway"}),
    Way([(-100, 0), (0, 0)], {"highway": "primary"}),
    Way([(0, 0), (100, 0)], {"highway": "primary"}),
]


def walk_s(network, start, end, **options) -> float:
    """Walk between the free ends of two ways, given by the metres of their spots."""
    graph = search_graph(network, walk_costs(network, speed_kmh=4.0, **options))
    ends = {}
    for edge in range(network.n_edges):
        for node, offset in ((network.u[edge], 0.0), (network.v[edge], network.length_m[edge])):
            ends.setdefault(int(node), (edge, float(offset), 0.0))
    joins = [make_joins([[ends[node]]]) for node in (start, end)]
    return float(nearest_sites(*joins, graph, site_rank=np.array([0]))[0][0])


def test_who_crosses_on_foot_waits_and_who_walks_along_the_street_does_not():
    network = draw_network(CROSSING, signals=[(0, 0)])
    free = [
        node
        for node in range(network.n_nodes)
        if np.isin(network.u, node).sum() + np.isin(network.v, node).sum() == 1
    ]
    lon, lat = network.node_lon[free], network.node_lat[free]
    south, north = free[int(np.argmin(lat))], free[int(np.argmax(lat))]
    west, east = free[int(np.argmin(lon))], free[int(np.argmax(lon))]
    wait = {"crossing_wait_s": 30.0}
    assert walk_s(network, south, north, **wait) == pytest.approx(180.0 + 30.0, abs=0.01)
    assert walk_s(network, west, east, **wait) == pytest.approx(180.0, abs=0.01)
    assert walk_s(network, south, east, **wait) == pytest.approx(180.0 + 15.0, abs=0.01)
    assert walk_s(network, south, north) == pytest.approx(180.0, abs=0.01)


def test_ends_at_the_signal_itself_wait_for_nothing():
    network = draw_network(CROSSING[:2], signals=[(0, 0)])
    graph = search_graph(network, walk_costs(network, speed_kmh=4.0, crossing_wait_s=30.0))
    edge = 0
    at_signal = (
        0.0
        if network.u[edge] == network.u[1] or network.u[edge] == network.v[1]
        else (network.length_m[edge])
    )
    home = make_joins([[(edge, 50.0, 0.0)]])
    site = make_joins([[(edge, float(at_signal), 0.0)]])
    found = nearest_sites(home, site, graph, site_rank=np.array([0]))[0][0]
    assert found == pytest.approx(45.0, abs=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speed_kmh": 0.0}, "expected a positive number of km/h"),
        ({"speed_kmh": 4.0, "steps_factor": -1.0}, "steps_factor = -1.0"),
        ({"speed_kmh": 4.0, "surface_factors": {"mud": 0.0}}, "mud = 0.0"),
        ({"speed_kmh": 4.0, "crossing_wait_s": math.nan}, "crossing_wait_s = nan"),
    ],
)
def test_numbers_that_cannot_be(options, message):
    with pytest.raises(InputError, match=message):
        walk_costs(draw_network([STREET]), **options)


@st.composite
def hilly_cases(draw):
    """Random networks with two to four knots an edge, homes and sites on them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = draw(st.integers(2, 7)), draw(st.integers(1, 12))
    length_m = rng.choice([0.0, 30.0, 100.0, 250.0], m, p=[0.05, 0.35, 0.3, 0.3])
    network = make_network(
        rng.integers(0, n, m),
        rng.integers(0, n, m),
        length_m,
        forward=(rng.random(m) < 0.85) | (length_m == 0),
        backward=(rng.random(m) < 0.85) | (length_m == 0),
    )
    at_m = [
        np.unique([0.0, *rng.random(rng.integers(0, 3)) * long, long]) if long else np.zeros(2)
        for long in length_m
    ]
    indptr = np.cumsum([0, *(len(part) for part in at_m)])
    height_m = rng.normal(0.0, 8.0, indptr[-1])

    def place():
        edge = int(rng.integers(m))
        share = rng.choice([0.0, 1.0, rng.random()])
        return [(edge, float(share * length_m[edge]), float(rng.choice([0.0, 7.5])))]

    homes = [place() for _ in range(draw(st.integers(1, 6)))]
    sites = [place() for _ in range(draw(st.integers(1, 4)))]
    return network, EdgeHeights(indptr, np.concatenate(at_m), height_m, 0.0), homes, sites


def brute_force(network, heights, homes, sites, speed_kmh) -> np.ndarray:
    """All walks by networkx on a graph in which every knot and every join is a node."""
    walks = nx.MultiDiGraph()
    joins = {("home", i): place[0] for i, place in enumerate(homes)}
    joins |= {("site", i): place[0] for i, place in enumerate(sites)}
    for edge in range(network.n_edges):
        knots = range(heights.indptr[edge], heights.indptr[edge + 1])
        at, height = heights.at_m[knots], heights.height_m[knots]
        stops = {float(x) for x in at} | {o for e, o, _ in joins.values() if e == edge}
        stops = sorted(stops)
        names = [(edge, stop) for stop in stops]
        for a, b in itertools.pairwise(stops):
            rise = np.interp(b, at, height) - np.interp(a, at, height)
            if network.forward[edge]:
                walks.add_edge((edge, a), (edge, b), weight=scalar_seconds(b - a, rise, speed_kmh))
            if network.backward[edge]:
                walks.add_edge((edge, b), (edge, a), weight=scalar_seconds(b - a, -rise, speed_kmh))
        for name, node in ((names[0], network.u[edge]), (names[-1], network.v[edge])):
            walks.add_edge(name, int(node), weight=0.0)
            walks.add_edge(int(node), name, weight=0.0)
    for key, (edge, offset, leg) in joins.items():
        leg_s = leg * 3.6 / speed_kmh
        there, here = (key, (edge, offset)) if key[0] == "home" else ((edge, offset), key)
        walks.add_edge(there, here, weight=leg_s)
    result = np.full((len(homes), len(sites)), np.inf)
    for i in range(len(homes)):
        found = nx.single_source_dijkstra_path_length(walks, ("home", i))
        for j in range(len(sites)):
            result[i, j] = found.get(("site", j), np.inf)
    return result


@settings(deadline=None, max_examples=150)
@given(hilly_cases())
def test_walks_over_hills_are_those_of_networkx(case):
    network, heights, homes, sites = case
    graph = search_graph(network, walk_costs(network, speed_kmh=4.0, heights=heights))
    expected = brute_force(network, heights, homes, sites, 4.0)
    walk, _ = nearest_sites(
        make_joins(homes), make_joins(sites), graph, site_rank=np.arange(len(sites))
    )
    np.testing.assert_allclose(walk, expected.min(axis=1), atol=1e-6)
    pairs = walk_pairs(make_joins(homes), make_joins(sites), graph, limit_s=200.0)
    table = np.full(expected.shape, np.inf)
    table[pairs.residence, row_of(pairs.indptr)] = pairs.walk_s
    within = np.round(expected, 3) <= 200.0
    np.testing.assert_allclose(table[within], expected[within], atol=1e-6)
    assert np.isinf(table[~within]).all()
