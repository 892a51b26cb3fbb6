"""Walks against a search by networkx that knows nothing of buckets, on small graphs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover._kernels_reach import BLOCK, N_BUCKETS, N_SLABS, Queue, settle
from walkcover.joins import Joins, take_places
from walkcover.network import Network, network_from_edges
from walkcover.reach import nearest_sites, node_pairs, node_walks, walk_pairs
from walkcover.search import SearchGraph, search_graph, within_limit_s
from walkcover.speed import flat_costs

# At 3.6 km/h a metre takes a second.
SPEED_KMH = 3.6
TIE_S = 0.001
# Sums of these are equal, or differ by 0.4 or 0.8 ms (a tie), or by 1.2 ms and more (none).
HAIRS_M = (0.0, 0.0, 0.0, 0.0004, 0.0008)
LENGTHS_M = (0.0, 1.0, 2.0, 3.0, 7.0, 60.0)
LEGS_M = (0.0, 0.0, 1.0, 4.0)
UNREACHABLE = np.inf


@dataclass(frozen=True)
class Case:
    """A small graph, and places on it; a door is (edge, offset_m, leg_m)."""

    network: Network
    homes: list[list[tuple[int, float, float]]]
    sites: list[list[tuple[int, float, float]]]
    site_rank: np.ndarray

    @property
    def graph(self) -> SearchGraph:
        return search_graph(self.network, flat_costs(self.network, speed_kmh=SPEED_KMH))


def make_network(u, v, length_m, *, forward=True, backward=True, private=False) -> Network:
    """Edges with lengths of their own; where they lie does not matter to a search."""
    nodes, ends = np.unique([u, v], return_inverse=True)
    u, v = ends.reshape(2, -1)
    m = len(u)
    edges = {"u": u, "v": v, "length_m": np.array(length_m, dtype=np.float64)}
    flags = {"forward": forward, "backward": backward, "private": private}
    flags |= {"raised": False, "island": False}
    edges |= {name: np.broadcast_to(np.array(flag), m).copy() for name, flag in flags.items()}
    texts = ("name", "highway", "surface", "wheelchair")
    edges |= {name: np.full(m, "", dtype=object) for name in texts}
    place = nodes[np.column_stack([u, v]).ravel()].astype(np.float64)
    return network_from_edges(
        edges,
        indptr=2 * np.arange(m + 1),
        lon=place / 1000,
        lat=place / 1000,
        at_m=np.column_stack([np.zeros(m), length_m]).ravel(),
        points={},
    )


def make_joins(places: list[list[tuple[int, float, float]]]) -> Joins:
    rows = [(i, *door) for i, doors in enumerate(places) for door in doors]
    place, edge, offset_m, leg_m = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    nothing, n = np.zeros(len(rows)), len(places)
    return Joins(
        n_places=n,
        place=place.astype(np.int64),
        edge=edge.astype(np.int64),
        offset_m=offset_m,
        leg_m=leg_m,
        lon=nothing,
        lat=nothing,
        snap_m=np.zeros(n),
        snap_to=np.full(n, "main", dtype=object),
        by_entrance=np.zeros(n, dtype=bool),
    )


@st.composite
def cases(draw, *, least_sites=1, most_sites=5):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = draw(st.integers(2, 9)), draw(st.integers(1, 16))
    length_m = rng.choice(LENGTHS_M, m) + rng.choice(HAIRS_M, m)
    network = make_network(
        rng.integers(0, n, m),
        rng.integers(0, n, m),
        length_m,
        forward=(rng.random(m) < 0.9) | (length_m == 0),
        backward=(rng.random(m) < 0.9) | (length_m == 0),
        private=rng.random(m) < draw(st.sampled_from([0.0, 0.3, 0.6])),
    )

    def place() -> list[tuple[int, float, float]]:
        doors = []
        for edge in rng.integers(0, m, rng.choice([0, 1, 1, 1, 2, 3])):
            inner = rng.choice([0.5, 1.0, 2.0]) + rng.choice(HAIRS_M)
            offset = rng.choice([0.0, length_m[edge], min(inner, length_m[edge])])
            doors.append((int(edge), float(offset), float(rng.choice(LEGS_M))))
        return doors

    count = draw(st.integers(least_sites, most_sites))
    homes = [place() for _ in range(draw(st.integers(1, 8)))]
    return Case(network, homes, [place() for _ in range(count)], rng.permutation(count))


def brute_force(case: Case) -> np.ndarray:
    """All walks in seconds, homes by sites: three layers of networkx, joined one way."""
    net = case.network
    walks = nx.MultiDiGraph()
    for node, layer in itertools.product(range(net.n_nodes), range(3)):
        walks.add_node((node, layer))
        if layer:
            walks.add_edge((node, layer - 1), (node, layer), weight=0.0)
    for e in range(net.n_edges):
        u, v, length = int(net.u[e]), int(net.v[e]), net.length_m[e]
        for layer in (0, 2) if net.private[e] else (1,):
            if net.forward[e]:
                walks.add_edge((u, layer), (v, layer), weight=length)
            if net.backward[e]:
                walks.add_edge((v, layer), (u, layer), weight=length)
    for i, doors in enumerate(case.homes):
        walks.add_node(("home", i))
        for e, offset, leg in doors:
            rest = net.length_m[e] - offset
            ways = ((net.u[e], offset, net.backward[e]), (net.v[e], rest, net.forward[e]))
            for node, part, is_open in ways:
                layer = 0 if net.private[e] or part == 0 else 1
                if is_open or part == 0:
                    walks.add_edge(("home", i), (int(node), layer), weight=leg + part)
    for j, doors in enumerate(case.sites):
        walks.add_node(("site", j))
        for e, offset, leg in doors:
            rest = net.length_m[e] - offset
            ways = ((net.u[e], offset, net.forward[e]), (net.v[e], rest, net.backward[e]))
            for node, part, is_open in ways:
                layer = 2 if net.private[e] or part == 0 else 1
                if is_open or part == 0:
                    walks.add_edge((int(node), layer), ("site", j), weight=leg + part)
    for (i, homes), (j, sites) in itertools.product(enumerate(case.homes), enumerate(case.sites)):
        for (e, a, leg_a), (f, b, leg_b) in itertools.product(homes, sites):
            is_open = a == b or (net.forward[e] if a < b else net.backward[e])
            if e == f and is_open:
                walks.add_edge(("home", i), ("site", j), weight=leg_a + abs(a - b) + leg_b)
    table = np.full((len(case.homes), len(case.sites)), UNREACHABLE)
    for i in range(len(case.homes)):
        found = nx.single_source_dijkstra_path_length(walks, ("home", i))
        table[i] = [found.get(("site", j), UNREACHABLE) for j in range(len(case.sites))]
    return table


def public_streets(net: Network) -> nx.MultiDiGraph:
    """Public edges against the direction in which they are walked."""
    against = nx.MultiDiGraph()
    against.add_nodes_from(range(net.n_nodes))
    for e in np.flatnonzero(~net.private):
        if net.forward[e]:
            against.add_edge(net.v[e], net.u[e], weight=net.length_m[e])
        if net.backward[e]:
            against.add_edge(net.u[e], net.v[e], weight=net.length_m[e])
    return against


def nearest(case: Case) -> tuple[np.ndarray, np.ndarray]:
    homes, sites = make_joins(case.homes), make_joins(case.sites)
    return nearest_sites(homes, sites, case.graph, site_rank=case.site_rank)


def dense(pairs, n_homes: int) -> np.ndarray:
    table = np.full((n_homes, len(pairs.indptr) - 1), UNREACHABLE)
    for j, (a, b) in enumerate(itertools.pairwise(pairs.indptr)):
        table[pairs.residence[a:b], j] = pairs.walk_s[a:b]
    return table


@settings(deadline=None, max_examples=250)
@given(cases())
def test_the_nearest_site_is_that_of_a_brute_force_search(case):
    table = brute_force(case)
    walk_s, site = nearest(case)
    least = table.min(axis=1)
    np.testing.assert_allclose(walk_s, least, rtol=0, atol=1e-9)
    tied = np.isfinite(table) & (table <= least[:, None] + TIE_S)
    rank = np.where(tied, case.site_rank, len(case.sites)).min(axis=1)
    by_rank = np.append(np.argsort(case.site_rank), -1)
    assert site.tolist() == by_rank[rank].tolist()


@settings(deadline=None, max_examples=150)
@given(cases(), st.data())
def test_pairs_are_those_within_the_limit_of_a_brute_force_search(case, data):
    table = brute_force(case)
    walks = sorted({round(w, 3) for w in table[np.isfinite(table) & (table > 0.001)].tolist()})
    # A limit that some walk meets to the millisecond, and one that none does.
    limit_s = data.draw(st.sampled_from([*walks, 5.5]))
    homes, sites = make_joins(case.homes), make_joins(case.sites)
    pairs = walk_pairs(homes, sites, case.graph, limit_s=limit_s, threads=1)
    expected = np.where(np.round(table, 3) <= limit_s, table, UNREACHABLE)
    np.testing.assert_allclose(dense(pairs, len(case.homes)), expected, rtol=0, atol=1e-9)
    for a, b in itertools.pairwise(pairs.indptr):
        assert (np.diff(pairs.residence[a:b]) > 0).all()


@settings(deadline=None, max_examples=60)
@given(cases())
def test_pairs_are_the_walks_to_each_site_alone(case):
    homes, sites = make_joins(case.homes), make_joins(case.sites)
    pairs = dense(walk_pairs(homes, sites, case.graph, limit_s=20.0), len(case.homes))
    for j in range(len(case.sites)):
        alone = take_places(sites, np.array([j]))
        walk_s, _ = nearest_sites(homes, alone, case.graph, site_rank=np.zeros(1, dtype=np.int64))
        within = np.where(np.round(walk_s, 3) <= 20.0, walk_s, UNREACHABLE)
        np.testing.assert_allclose(pairs[:, j], within, rtol=0, atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(cases(least_sites=5, most_sites=40))
def test_threads_and_walks_do_not_change_who_is_in_reach(case):
    homes, sites = make_joins(case.homes), make_joins(case.sites)
    one, two, bare = (
        walk_pairs(homes, sites, case.graph, limit_s=9.0, threads=threads, with_walks=walks)
        for threads, walks in ((1, True), (2, True), (2, False))
    )
    for name in ("indptr", "residence", "walk_s"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert np.array_equal(one.indptr, bare.indptr)
    assert np.array_equal(one.residence, bare.residence)
    assert len(bare.walk_s) == 0


@settings(deadline=None, max_examples=60)
@given(cases(least_sites=2))
def test_more_sites_never_make_a_walk_longer(case):
    homes, sites = make_joins(case.homes), make_joins(case.sites)
    fewer = take_places(sites, np.arange(len(case.sites) - 1))
    walk_s, _ = nearest(case)
    before, _ = nearest_sites(homes, fewer, case.graph, site_rank=case.site_rank[:-1])
    assert (walk_s <= before).all()


@settings(deadline=None, max_examples=60)
@given(cases(), st.integers(500, 30_000), st.integers(0, 30_000))
def test_a_longer_limit_never_loses_anybody(case, limit_ms, more_ms):
    homes, sites = make_joins(case.homes), make_joins(case.sites)
    short, long = (
        np.isfinite(dense(walk_pairs(homes, sites, case.graph, limit_s=limit), len(case.homes)))
        for limit in (limit_ms / 1000, (limit_ms + more_ms) / 1000)
    )
    assert (short <= long).all()


@settings(deadline=None, max_examples=60)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(case, random):
    home_order, site_order = list(range(len(case.homes))), list(range(len(case.sites)))
    random.shuffle(home_order)
    random.shuffle(site_order)
    walk_s, site = nearest(case)
    shuffled = Case(
        case.network,
        [case.homes[i] for i in home_order],
        [case.sites[j] for j in site_order],
        case.site_rank[site_order],
    )
    walk_s_again, site_again = nearest(shuffled)
    assert walk_s_again.tolist() == walk_s[home_order].tolist()
    assert np.append(site_order, -1)[site_again].tolist() == site[home_order].tolist()


@settings(deadline=None, max_examples=60)
@given(cases())
def test_walks_of_nodes_are_those_of_networkx(case):
    net = case.network
    ends = np.arange(net.n_nodes)[:: max(1, net.n_nodes // 2)]
    against = public_streets(net)
    found = nx.multi_source_dijkstra_path_length(against, {int(n) for n in ends})
    expected = np.array(
        [found.get(node, UNREACHABLE) for node in range(net.n_nodes)], dtype=np.float64
    )
    expected[np.round(expected, 3) > 9.0] = UNREACHABLE
    walk_s, row = node_walks(case.graph, ends, limit_s=9.0)
    np.testing.assert_allclose(walk_s, expected, rtol=0, atol=1e-9)
    assert ((row >= 0) == np.isfinite(expected)).all()
    assert row[ends].tolist() == list(range(len(ends)))


@settings(deadline=None, max_examples=60)
@given(cases(), st.integers(1, 2))
def test_pairs_of_nodes_are_those_of_networkx(case, threads):
    streets = public_streets(case.network)
    ends = np.arange(case.network.n_nodes)[::-1]
    pairs = node_pairs(case.graph, ends, limit_s=9.0, threads=threads)
    for row, end in enumerate(ends.tolist()):
        found = nx.single_source_dijkstra_path_length(streets, end)
        expected = {node: walk_s for node, walk_s in found.items() if round(walk_s, 3) <= 9.0}
        entries = slice(pairs.indptr[row], pairs.indptr[row + 1])
        assert pairs.residence[entries].tolist() == sorted(expected)
        walks_s = [expected[node] for node in sorted(expected)]
        np.testing.assert_allclose(pairs.walk_s[entries], walks_s, rtol=0, atol=1e-9)
    without = node_pairs(case.graph, ends, limit_s=9.0, with_walks=False)
    assert without.residence.tolist() == pairs.residence.tolist()
    assert without.walk_s.size == 0


# Equal ones, some without length, some longer than all slabs that wait at a time.
COSTS_S = (0.0, 0.5, 1.0, 3.0, 400.0, 30_000.0)


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_nodes=st.integers(1, 80),
    n_tiles=st.sampled_from([1, 2, 7, 80]),
    width_s=st.sampled_from([0.05, 1.0, 8.0, 1000.0]),
    spare=st.sampled_from([0, 1, 40]),
)
def test_neither_tiles_nor_buckets_nor_room_change_a_search(seed, n_nodes, n_tiles, width_s, spare):
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, n_nodes, (2, 4 * n_nodes))
    cost = rng.choice(COSTS_S, len(tail), p=[0.05, 0.2, 0.3, 0.3, 0.1, 0.05])
    tail.sort()
    ptr = np.searchsorted(tail, np.arange(n_nodes + 1)).astype(np.uint32)
    sources = rng.choice(n_nodes, rng.integers(0, min(n_nodes, 30) + 1), replace=False)
    labels = rng.choice([0.0, 2.0, 700.0, 20_000.0], len(sources))
    unreached = float(rng.choice([np.inf, 1500.0]))
    streets = nx.MultiDiGraph()
    streets.add_nodes_from(range(n_nodes))
    streets.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), cost.tolist(), strict=True))
    legs = zip(sources.tolist(), labels.tolist(), strict=True)
    streets.add_weighted_edges_from(("start", node, leg) for node, leg in legs)
    found = nx.single_source_dijkstra_path_length(streets, "start") if len(sources) else {}
    expected = np.array([found.get(node, np.inf) for node in range(n_nodes)])
    n_piles = int(N_BUCKETS + N_SLABS * n_tiles)
    blocks = np.full((n_piles + spare, int(BLOCK)), 7, dtype=np.uint32)
    blocks[:n_piles, 0] = 0
    top = np.arange(n_piles, dtype=np.uint32) * BLOCK + np.uint32(1)
    queue = Queue(top, blocks.ravel())
    for _ in range(2):
        walk_s = np.full(n_nodes, unreached)
        keep = labels < unreached
        walk_s[sources[keep]] = labels[keep]
        touched = np.zeros(n_nodes, dtype=np.uint32)
        touched[: keep.sum()] = sources[keep]
        n_touched = settle(
            ptr[:-1].copy(), ptr[1:].copy(), head.astype(np.uint32), cost, walk_s,
            np.zeros(n_nodes, dtype=np.int32), touched, int(keep.sum()), unreached, width_s, queue,
        )  # fmt: skip
        reached = np.flatnonzero(expected < unreached)
        np.testing.assert_allclose(walk_s[reached], expected[reached], rtol=0, atol=1e-9)
        assert (np.delete(walk_s, reached) == unreached).all()
        assert np.sort(touched[:n_touched]).tolist() == reached.tolist()
        # The next search finds the queue empty.
        assert (queue.top == np.arange(n_piles) * int(BLOCK) + 1).all()


def street_case(homes, sites, *, length_m=2000.0, **flags) -> Case:
    """One street, doors at offsets without access legs."""
    return Case(
        make_network([0], [1], [length_m], **flags),
        [[(0, offset, 0.0)] for offset in homes],
        [[(0, offset, 0.0)] for offset in sites],
        np.arange(len(sites)),
    )


def test_sites_on_the_same_street_are_reached_directly():
    # 300 → 700 and 900 → 700; at 100 and 1900 the nearest are 100 and 1900 themselves.
    walk_s, site = nearest(street_case([300.0, 900.0, 100.0, 1900.0], [700.0, 100.0, 1900.0]))
    assert walk_s.tolist() == [200.0, 200.0, 0.0, 0.0]
    assert site.tolist() == [1, 0, 1, 2]


def test_a_one_way_path_is_walked_one_way():
    case = street_case([300.0, 900.0], [700.0], backward=False)
    walk_s, site = nearest(case)
    assert walk_s.tolist() == [400.0, np.inf]
    assert site.tolist() == [0, -1]


def test_a_round_trip_beats_nothing_where_the_direct_way_is_closed():
    # A ring of 100 m walked one way: from 30 m past the site at 20 m it takes 90 m around.
    case = Case(
        make_network([0], [0], [100.0], backward=False),
        [[(0, 30.0, 0.0)]],
        [[(0, 20.0, 0.0)]],
        np.arange(1),
    )
    assert nearest(case)[0].tolist() == [90.0]


@pytest.mark.parametrize(
    ("walk_m", "within"), [(900.0, True), (900.0004, True), (900.0006, False), (901.0, False)]
)
def test_exactly_the_limit_is_within_it(walk_m, within):
    case = street_case([walk_m], [0.0])
    pairs = walk_pairs(
        make_joins(case.homes), make_joins(case.sites), case.graph, limit_s=900.0, threads=1
    )
    assert pairs.residence.tolist() == ([0] if within else [])


@pytest.mark.parametrize(("hair_m", "winner"), [(0.0004, 0), (0.0009, 0), (0.0012, 1), (0.1, 1)])
def test_ties_within_a_millisecond_go_to_the_smaller_rank(hair_m, winner):
    # Site 0 is farther than site 1 by a hair, on either side of the home.
    case = street_case([500.0], [100.0 - hair_m, 900.0], length_m=1000.0)
    walk_s, site = nearest(case)
    assert walk_s.tolist() == pytest.approx([400.0])
    assert site.tolist() == [winner]
    swapped = Case(case.network, case.homes, case.sites, np.array([1, 0]))
    assert nearest(swapped)[1].tolist() == [1]


def test_a_tie_holds_across_nodes_and_beyond_the_winner():
    # Three streets in a row of 100 m; site 0 is at 0 m, site 1 0.4 ms nearer on a side street.
    network = make_network([0, 1, 2, 1], [1, 2, 3, 4], [100.0, 100.0, 100.0, 99.9996])
    homes = [[(1, 50.0, 0.0)], [(2, 100.0, 0.0)], [(3, 50.0, 0.0)]]
    sites = [[(0, 0.0, 0.0)], [(3, 99.9996, 0.0)]]
    walk_s, site = nearest(Case(network, homes, sites, np.arange(2)))
    assert walk_s.tolist() == pytest.approx([149.9996, 299.9996, 49.9996])
    assert site.tolist() == [0, 0, 1]


def test_nobody_walks_through_a_compound():
    # 0 –public– 1 –private– 2 –public– 3: from 0 the site at 3 lies behind the compound.
    network = make_network([0, 1, 2], [1, 2, 3], [10.0] * 3, private=[False, True, False])
    sites = [[(2, 10.0, 0.0)]]
    through = Case(network, [[(0, 5.0, 0.0)]], sites, np.arange(1))
    out_of = Case(network, [[(1, 5.0, 0.0)]], sites, np.arange(1))
    assert nearest(through)[0].tolist() == [np.inf]
    assert nearest(out_of)[0].tolist() == [15.0]


def test_no_sites_and_no_homes_give_empty_answers():
    case = street_case([5.0], [])
    walk_s, site = nearest(case)
    assert walk_s.tolist() == [np.inf]
    assert site.tolist() == [-1]
    pairs = walk_pairs(make_joins(case.homes), make_joins([]), case.graph, limit_s=900.0)
    assert pairs.indptr.tolist() == [0]
    nobody = street_case([], [5.0])
    pairs = walk_pairs(make_joins([]), make_joins(nobody.sites), nobody.graph, limit_s=900.0)
    assert pairs.indptr.tolist() == [0, 0]


@pytest.mark.parametrize("limit_s", [0.001, 5.5, 900.0, 1234.567])
def test_the_cutoff_is_the_last_number_that_rounds_to_the_limit(limit_s):
    cutoff_s = within_limit_s(limit_s)
    assert np.round(cutoff_s, 3) <= limit_s
    assert np.round(np.nextafter(cutoff_s, np.inf), 3) > limit_s
