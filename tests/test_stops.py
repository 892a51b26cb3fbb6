"""Stops against every choice of places, worked by hand and by networkx."""

import itertools

import networkx as nx
import numpy as np
import pytest
import shapely
from drawn_roads import grid
from hypothesis import given, settings
from hypothesis import strategies as st

import walkcover.stops
from walkcover.crs import metric_crs
from walkcover.network import build_network
from walkcover.search import search_graph
from walkcover.snap import snap
from walkcover.speed import flat_costs
from walkcover.stops import choose_stops
from walkcover.street_index import StreetIndex

# At 4 km/h a kilometre takes 900 s.
PACE = 0.9


def streets(seed=0):
    network = build_network(grid(seed))
    index = StreetIndex(network, metric_crs(112.0, 37.0))
    return index, search_graph(network, flat_costs(network, speed_kmh=4.0))


def choose(
    points, index, graph, *, people=None, alone=(), bad=(), none=(), limit_s=900.0, roads_m=0.0
):
    n = len(points)

    def without(rows):
        flags = np.ones(n, dtype=bool)
        flags[[*rows]] = False
        return flags

    return choose_stops(
        snap(points, index, limit_m=250.0),
        np.ones(n) if people is None else np.asarray(people, dtype=float),
        points,
        graph,
        index,
        alone=~without(alone),
        usable=without((*bad, *none)),
        road_m=np.where(without(none), roads_m, np.nan),
        limit_s=limit_s,
    )


def at_nodes(index, rows):
    return shapely.points(index.network.node_lon[rows], index.network.node_lat[rows])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([600.0, 1100.0, 2000.0]))
def test_no_fewer_stops_reach_all(seed, limit_s):
    index, graph = streets(seed)
    net = index.network
    rows = np.random.default_rng(seed).choice(net.n_nodes, 9, replace=False)
    stops = choose(at_nodes(index, rows), index, graph, limit_s=limit_s)
    streets_of = nx.MultiDiGraph()
    for u, v, m, on, back in zip(
        net.u, net.v, net.length_m, net.forward, net.backward, strict=True
    ):
        streets_of.add_edges_from([(u, v, {"s": PACE * m})] * bool(on))
        streets_of.add_edges_from([(v, u, {"s": PACE * m})] * bool(back))
    walk_s = np.array([
        [nx.shortest_path_length(streets_of, a, b, weight="s")
         if nx.has_path(streets_of, a, b) else np.inf for b in rows]
        for a in rows
    ])  # fmt: skip
    reach = np.round(walk_s, 3) <= limit_s
    fewest = next(
        size
        for size in range(1, 10)
        if any(
            reach[:, [*some]].any(axis=1).all() for some in itertools.combinations(range(9), size)
        )
    )
    assert len(stops.at) == fewest
    # Everybody goes to the nearest, and walks as far as networkx says.
    assert stops.walk_s == pytest.approx(walk_s[:, stops.at].min(axis=1), abs=0.01)
    own = walk_s[np.arange(9), stops.at[stops.stop]]
    assert stops.walk_s == pytest.approx(own, abs=0.01)


def test_a_stop_moves_to_where_most_people_live():
    # Three places on one street, each within reach of the others; the last has most people.
    index, graph = streets()
    lon, lat = index.network.lon[:2], index.network.lat[:2]
    along = np.array([0.1, 0.3, 0.5])[:, None]
    points = shapely.points((1 - along) * (lon[0], lat[0]) + along * (lon[1], lat[1]))
    stops = choose(points, index, graph, people=[1, 2, 50])
    assert stops.at.tolist() == [2]
    assert stops.walk_s[2] == 0.0
    assert choose(points, index, graph, people=[50, 2, 1]).at.tolist() == [0]
    # Where it is all one to the people, the place nearest to its road is taken.
    two, road_m = points[[0, 2]], np.array([80.0, 20.0])
    assert choose(two, index, graph, people=[7, 7], roads_m=road_m).at.tolist() == [1]


def test_places_without_streets_or_roads_keep_their_own_or_none():
    index, graph = streets()
    points = at_nodes(index, [0, 1, 2, 3])
    far = shapely.points([[112.5, 37.5]])
    stops = choose(np.concatenate([points, far, far]), index, graph, none=[5], limit_s=1.0)
    # Nobody walks: every place is its own stop, one without a street among them.
    assert stops.at.tolist() == [0, 1, 2, 3, 4]
    assert stops.stop.tolist() == [0, 1, 2, 3, 4, -1]
    assert stops.walk_s.tolist() == [0, 0, 0, 0, 0, np.inf]


def test_teams_that_come_are_for_one_place():
    index, graph = streets()
    points = at_nodes(index, [0, 0, 0, 0])
    stops = choose(points, index, graph, alone=[1, 3], none=[3])
    assert stops.at.tolist() == [0, 1]
    assert stops.stop.tolist() == [0, 1, 0, -1]


def test_usable_places_serve_those_that_are_not():
    index, graph = streets()
    points = at_nodes(index, [0, 0, 15])
    assert choose(points, index, graph, bad=[0, 2]).at.tolist() == [1, 2]
    # Out of reach of all that is usable, some share a stop of which it is told why.
    lost = choose(at_nodes(index, [0, 15, 15]), index, graph, bad=[1, 2])
    assert lost.stop.tolist() == [0, 1, 1]


def test_many_places_are_thinned_and_all_served(monkeypatch):
    index, graph = streets()
    rng = np.random.default_rng(0)
    points = shapely.points(rng.uniform((112, 37), (112.03, 37.03), (400, 2)))
    all_of_them = choose(points, index, graph)
    monkeypatch.setattr(walkcover.stops, "MANY", 50)
    monkeypatch.setattr(walkcover.stops, "SQUARE_M", 500.0)
    fewer = choose(points, index, graph)
    assert (fewer.stop >= 0).all()
    assert (np.round(fewer.walk_s, 3) <= 900).all()
    assert len(fewer.at) >= len(all_of_them.at)


def test_nobody_needs_no_stop():
    index, graph = streets()
    stops = choose(np.array([], dtype=object), index, graph)
    assert (len(stops.at), len(stops.stop)) == (0, 0)
