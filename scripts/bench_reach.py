"""
Time the searches of walkcover against their peers and against a floor; print Markdown tables.

Usage: python scripts/bench_reach.py [--nodes 300000 1000000] [--only nearest|ranges] [--quick]

nearest: from every node of a generated network to the nearest site within 15 minutes at 4 km/h, a
site per 150 nodes. walkcover and networkx say which site it is, the others only how far.

ranges: all nodes within 1,080 m of each of 10,000 candidate nodes and their walks, as compressed
rows. Everybody lists nodes; walkcover's own work, residences that join edges and not nodes, has a
row of its own. Slow peers take the first candidates only; times are told per candidate.

The floor relaxes each edge that is reached once, in the order of the answer, which it is given.
igraph knows no cut-off, so it searches the whole network. pandana contracts the network first,
which takes minutes and is told apart; `--quick` leaves it and networkx out. cityseer has two ways
for each question, and both are timed: what it offers for it, and its search of one tree. What it
offers for the nearest searches from each node alone. A sample of nodes asks, and the time is told
as if all had. Peers that are not installed are skipped, none is a dependency of the project. How
far answers differ is printed, and how many pairs that only one has stand on the limit, which
float32 decides differently.

The network is a jittered grid of some 45 m with a fifth of its edges removed, lengths stretched by
1 to 1.3, and nodes numbered in Morton order by `build_network`, as those of any network. Sites and
candidates are drawn anew for each seed. All methods take turns on one thread; times are seconds of
the processor, a ratio is the median of the ratios to walkcover within one turn.
"""

import argparse
import dataclasses
import importlib.util
import os
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

# Before the libraries that would start threads of their own.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAYON_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from numba import njit
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from walkcover.joins import Joins
from walkcover.network import Lines, Network, build_network
from walkcover.reach import node_pairs, node_walks, walk_pairs
from walkcover.search import SearchGraph, search_graph, within_limit_s
from walkcover.speed import flat_costs

SPEED_KMH = 4.0
LIMIT_S = 900.0
RANGE_M = 1080.0
NODES_PER_SITE, CANDIDATES = 150, 10_000
# Candidates that slow peers take.
TAKEN = {"scipy": 256, "pandana": 256, "cityseer": 128, "networkx": 32, "igraph": 2}
# Nodes that ask cityseer for the nearest, enough that what a call costs at any size is small.
ASKING = 2_000
SCIPY_CHUNK = 64
SPACING_M, JITTER_M, REMOVED, LONGEST_DETOUR = 45.0, 15.0, 0.2, 1.3
ORIGIN_LON, ORIGIN_LAT, M_PER_DEGREE = 112.55, 37.87, 111_000.0
OURS = "walkcover"
FLOOR = "floor: each edge once, order known"


class Table:
    """Times of methods that take turns, in seconds of the processor."""

    def __init__(self) -> None:
        self.times_s: dict[str, list[float]] = {}

    def time(self, name: str, work: Callable[[], Any], *, parts: float = 1) -> Any:
        """Run once and note the time of each part."""
        start = time.process_time()
        result = work()
        self.times_s.setdefault(name, []).append((time.process_time() - start) / parts)
        return result

    def show(self, title: str, *, unit: str, per_s: float) -> None:
        """Print a row per method."""
        turns = len(self.times_s[OURS])
        print(f"\n{title}; {turns} turns\n\n| | median {unit} | least to most | ratio | ratios |")
        print("|---|---|---|---|---|")
        for name, times in self.times_s.items():
            least, middle, most = (
                f"{t * per_s:.3g}" for t in (min(times), statistics.median(times), max(times))
            )
            pairs = zip(times, self.times_s[OURS], strict=True)
            ratios = sorted(a / b for a, b in pairs)
            print(
                f"| {name} | {middle} | {least} to {most} | {statistics.median(ratios):.3g} | "
                f"{ratios[0]:.3g} to {ratios[-1]:.3g} |",
                flush=True,
            )


def make_network(n_nodes: int, seed: int) -> Network:
    """Make the network that the module describes."""
    rng = np.random.default_rng(seed)
    rows = int(np.sqrt(n_nodes))
    columns = -(-n_nodes // rows)
    y, x = np.divmod(np.arange(rows * columns), columns)
    jitter_m = rng.uniform(-JITTER_M, JITTER_M, (2, len(x)))
    lon = ORIGIN_LON + (x * SPACING_M + jitter_m[0]) / M_PER_DEGREE / np.cos(np.radians(ORIGIN_LAT))
    lat = ORIGIN_LAT + (y * SPACING_M + jitter_m[1]) / M_PER_DEGREE
    east = np.flatnonzero(x < columns - 1)
    north = np.flatnonzero(y < rows - 1)
    ends = np.concatenate([np.c_[east, east + 1], np.c_[north, north + columns]])
    ends = ends[rng.random(len(ends)) >= REMOVED]
    tags = pd.DataFrame(
        {"name": "", "highway": "residential", "private": False, "raised": False,
         "forward": True, "backward": True},
        index=range(len(ends)),
    )  # fmt: skip
    point = ends.ravel()
    lines = Lines(2 * np.arange(len(ends) + 1), lon[point], lat[point], point, tags)
    network = build_network(lines)
    detour = rng.uniform(1.0, LONGEST_DETOUR, network.n_edges)
    return dataclasses.replace(network, length_m=network.length_m * detour)


def at_nodes(network: Network, nodes: np.ndarray) -> Joins:
    """Join places to an edge of their node, at the node itself."""
    edge = np.empty(network.n_nodes, dtype=np.int64)
    every = np.arange(network.n_edges)
    edge[network.v] = every
    edge[network.u] = every
    edge = edge[nodes]
    n = len(nodes)
    return Joins(
        n_places=n,
        place=np.arange(n),
        edge=edge,
        offset_m=np.where(network.u[edge] == nodes, 0.0, network.length_m[edge]),
        leg_m=np.zeros(n),
        lon=network.node_lon[nodes],
        lat=network.node_lat[nodes],
        snap_m=np.zeros(n),
        snap_to=np.full(n, "main", dtype=object),
        by_entrance=np.zeros(n, dtype=bool),
    )


@njit
def relax_in_order(ptr, nodes, begin, end, target, cost, walk, nearest, unreached):  # type: ignore[no-untyped-def]
    """Relax the arcs of the nodes of each row; of several rows each begins with its source."""
    for row in range(len(ptr) - 1):
        if len(ptr) > 2:
            walk[nodes[ptr[row]]] = 0.0
        for i in range(ptr[row], ptr[row + 1]):
            node = nodes[i]
            for arc in range(begin[node], end[node]):
                there = walk[node] + cost[arc]
                if there < walk[target[arc]]:
                    walk[target[arc]] = there
                    nearest[target[arc]] = nearest[node]
        if len(ptr) > 2:
            for i in range(ptr[row], ptr[row + 1]):
                walk[nodes[i]] = unreached


class Peers:
    """The network as its peers want it."""

    def __init__(self, graph: SearchGraph, *, quick: bool, first: bool) -> None:
        network, self.per_m = graph.network, graph.costs.flat
        self.graph, self.limit_s = graph, within_limit_s(LIMIT_S)
        self.n_nodes = network.n_nodes
        u, v = network.u, network.v
        seconds = network.length_m * self.per_m
        # The grid has no parallel edges, which a sparse matrix would sum.
        arcs = (np.tile(seconds, 2), (np.concatenate([u, v]), np.concatenate([v, u])))
        self.matrix = csr_array(arcs, shape=(self.n_nodes, self.n_nodes))
        self.edges = (u, v, seconds)
        # The slowest are asked for the first size only.
        slow = first and not quick
        self.nx = self._as_networkx() if slow and _is_there("networkx") else None
        self.igraph = self._as_igraph() if _is_there("igraph") else None
        self.pandana = self._as_pandana(network) if slow and _is_there("pandana") else None
        self.cityseer: Cityseer | None = None
        if first and _is_there("cityseer"):
            self.cityseer = Cityseer(network, self.per_m)

    def _as_networkx(self) -> Any:
        import networkx as nx

        made = nx.Graph()
        made.add_weighted_edges_from(zip(*(column.tolist() for column in self.edges), strict=True))
        return made

    def _as_igraph(self) -> Any:
        import igraph

        u, v, seconds = self.edges
        made = igraph.Graph(n=self.n_nodes, edges=np.column_stack([u, v]))
        made.es["seconds"] = seconds
        return made

    def _as_pandana(self, network: Network) -> Any:
        import pandana

        start = time.process_time()
        # Integer coordinates of nodes are exact in float32, so that a site finds its own node.
        place = pd.Series(np.arange(network.n_nodes, dtype=np.float64))
        ends = (pd.Series(network.u), pd.Series(network.v))
        length = pd.DataFrame({"length_m": network.length_m})
        made = pandana.Network(place, place, *ends, length)
        print(f"pandana contracted the network in {time.process_time() - start:.0f} s", flush=True)
        return made


class Cityseer:
    """The network as cityseer wants it, whose limits are whole seconds.

    It counts in float32 as pandana does, so that pairs on the limit may differ.
    """

    def __init__(self, network: Network, per_m: float) -> None:
        from cityseer import rustalgos

        start = time.process_time()
        self.rust, self.speed_m_s = rustalgos, 1.0 / per_m
        self.network = rustalgos.graph.NetworkStructure()
        x, y = _metres(network)
        self.at = list(zip(x.tolist(), y.tolist(), strict=True))
        for node, (east, north) in enumerate(self.at):
            self.network.add_street_node(node, east, north, live=False, weight=1.0)
        self._add_edges(network, x, y)
        self.everywhere = self.places(np.arange(network.n_nodes))
        print(f"cityseer took the network in {time.process_time() - start:.0f} s", flush=True)

    def _add_edges(self, network: Network, x: np.ndarray, y: np.ndarray) -> None:
        """Add edges both ways, each with a bend in its middle that makes it as long as it is."""
        u, v = network.u, network.v
        east, north = x[v] - x[u], y[v] - y[u]
        straight_m = np.hypot(east, north)
        aside = np.sqrt(np.maximum(network.length_m**2 - straight_m**2, 0.0)) / 2 / straight_m
        bend_x, bend_y = (x[u] + x[v]) / 2 - aside * north, (y[u] + y[v]) / 2 + aside * east
        columns = (column.tolist() for column in (u, v, bend_x, bend_y))
        for edge, (one, other, *bend) in enumerate(zip(*columns, strict=True)):
            for a, b in ((one, other), (other, one)):
                line = ", ".join(f"{e!r} {n!r}" for e, n in (self.at[a], bend, self.at[b]))
                self.network.add_street_edge(a, b, edge, a, b, f"LINESTRING ({line})")

    def places(self, nodes: np.ndarray) -> Any:
        """Make a place at each of some nodes."""
        made = self.rust.data.DataMap()
        for node in nodes.tolist():
            east, north = self.at[node]
            made.insert(node, f"POINT ({east!r} {north!r})")
        self.network.build_edge_rtree()
        made.assign_data_to_network(self.network, 1.0, 4)
        return made

    def before(self, nodes: np.ndarray) -> int:
        """Add a node with a way of no length to each of some nodes, and none back."""
        made: int = self.network.add_street_node("before", 0.0, 0.0, live=False, weight=0.0)
        for edge, node in enumerate(nodes.tolist()):
            self.network.add_transport_edge(made, node, edge, "before", node, seconds=0.0)
        return made

    def tree(self, node: int, limit_s: float) -> tuple[list[int], list[Any]]:
        """Nodes within the limit, and what is known of each node."""
        found: tuple[list[int], list[Any]] = self.network.dijkstra_tree_shortest(
            node, round(limit_s), self.speed_m_s
        )
        return found


def _metres(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Place nodes on a plane, a hundredth smaller, so that no edge is shorter than its line."""
    y_m = 0.99 * M_PER_DEGREE
    x_m = y_m * np.cos(np.radians(ORIGIN_LAT))
    return (network.node_lon - ORIGIN_LON) * x_m, (network.node_lat - ORIGIN_LAT) * y_m


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def bench_nearest(peers: Peers, runs: int, seeds: int) -> float:
    """Time the search for the nearest site of all nodes; return the median per node."""
    graph, n_nodes = peers.graph, peers.n_nodes
    table, n_sites = Table(), n_nodes // NODES_PER_SITE
    for seed in range(seeds):
        sites = np.random.default_rng(seed).choice(n_nodes, n_sites, replace=False)
        askers = dict(_nearest_peers(peers, sites))
        ours, _ = node_walks(graph, sites, limit_s=LIMIT_S)
        order = np.argsort(ours, kind="stable")[: int(np.isfinite(ours).sum())].astype(np.uint32)
        for run in range(runs + 1):
            timed = table if run else Table()
            timed.time(OURS, lambda s=sites: node_walks(graph, s, limit_s=LIMIT_S))
            timed.time(FLOOR, lambda s=sites, o=order: floor_of_nearest(graph, s, o))
            for name, (asking, ask) in askers.items():
                theirs = timed.time(name, ask, parts=len(ours[asking]) / n_nodes)
                if not run:
                    compare_walks(f"seed {seed}, {name}", ours[asking], theirs)
    table.show(f"Nearest of {n_sites} sites, {n_nodes} nodes", unit="ms", per_s=1e3)
    return statistics.median(table.times_s[OURS]) / n_nodes


def floor_of_nearest(graph: SearchGraph, sites: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Fill in the walks of the nodes of `order`, nearest first."""
    arcs, walk = graph.arcs, np.full(graph.network.n_nodes, np.inf)
    nearest = np.full(len(walk), -1, dtype=np.int32)
    walk[sites], nearest[sites] = 0.0, np.arange(len(sites))
    ptr = np.array([0, len(order)])
    relax_in_order(
        ptr, order, arcs.begin, arcs.split, arcs.target, arcs.cost, walk, nearest, np.inf
    )
    return walk


def _nearest_peers(
    peers: Peers, sites: np.ndarray
) -> Iterable[tuple[str, tuple[slice | np.ndarray, Callable[[], np.ndarray]]]]:
    limit_s, n_nodes, everyone = peers.limit_s, peers.n_nodes, slice(None)
    yield (
        "scipy `dijkstra(min_only)`",
        (
            everyone,
            lambda: dijkstra(peers.matrix, indices=sites, min_only=True, limit=limit_s),
        ),
    )
    if peers.igraph is not None:
        # One more node, an edge of no length from each site.
        made = peers.igraph.copy()
        made.add_vertices(1)
        made.add_edges(
            [(n_nodes, site) for site in sites.tolist()], {"seconds": [0.0] * len(sites)}
        )
        yield (
            "igraph `distances`, no cut-off",
            (
                everyone,
                lambda: np.array(made.distances(n_nodes, weights="seconds")[0][:n_nodes]),
            ),
        )
    if peers.nx is not None:
        yield (
            "networkx `multi_source_dijkstra`",
            (everyone, lambda: _by_networkx(peers, sites.tolist())),
        )
    if peers.pandana is not None:
        limit_m = LIMIT_S / peers.per_m
        at = pd.Series(sites.astype(np.float64))
        peers.pandana.set_pois("sites", limit_m, 1, at, at)
        yield (
            "pandana `nearest_pois`, contracted before",
            (
                everyone,
                lambda: (
                    peers.per_m
                    * (
                        peers.pandana.nearest_pois(
                            limit_m, "sites", num_pois=1, max_distance=np.inf
                        )[1]
                    ).to_numpy(np.float64)
                ),
            ),
        )
    if peers.cityseer is not None:
        yield from _nearest_of_cityseer(peers.cityseer, sites, n_nodes)


def _nearest_of_cityseer(
    cityseer: Cityseer, sites: np.ndarray, n_nodes: int
) -> Iterable[tuple[str, tuple[slice | np.ndarray, Callable[[], np.ndarray]]]]:
    before = cityseer.before(sites)
    places, uses = cityseer.places(sites), dict.fromkeys(sites.tolist(), "site")
    asking = np.random.default_rng(ASKING).choice(n_nodes, min(ASKING, n_nodes), replace=False)
    # Only nodes that are live ask.
    for node in asking.tolist():
        cityseer.network.set_node_live(node, True)

    def by_tree() -> np.ndarray:
        _, visits = cityseer.tree(before, LIMIT_S)
        return np.array([visit.agg_seconds for visit in visits[:n_nodes]])

    def by_access() -> np.ndarray:
        # A decay that is flat, the least that can be asked for.
        found = places.accessibility(
            cityseer.network, uses, ["site"], minutes=[LIMIT_S / 60], decay_fn="1",
            speed_m_s=cityseer.speed_m_s, pbar_disabled=True,
        )  # fmt: skip
        (metres,) = found.result["site"].distance.values()
        return np.asarray(metres[asking] / cityseer.speed_m_s)

    yield (
        "cityseer `dijkstra_tree_shortest`, from one more node",
        (slice(None), by_tree),
    )
    yield (
        f"cityseer `accessibility`, {len(asking)} nodes ask, told as if all did",
        (asking, by_access),
    )


def _by_networkx(peers: Peers, sites: list[int]) -> np.ndarray:
    import networkx as nx

    found, _ = nx.multi_source_dijkstra(peers.nx, sites, cutoff=peers.limit_s)
    walk = np.full(peers.n_nodes, np.inf)
    walk[list(found)] = list(found.values())
    return walk


def compare_walks(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Print how far two answers differ; those beyond the limit are left out."""
    theirs = np.where(theirs <= within_limit_s(LIMIT_S), theirs, np.inf)
    both = np.isfinite(ours) & np.isfinite(theirs)
    apart = np.abs(ours[both] - theirs[both]).max(initial=0.0)
    alone = int((np.isfinite(ours) != np.isfinite(theirs)).sum())
    print(f"{name}: differs by at most {apart:.1g} s; {alone} of {len(ours)} found by one only")


def bench_ranges(peers: Peers, runs: int, seeds: int) -> float:
    """Time the search for all nodes within reach of candidates; return the median per candidate."""
    graph, network = peers.graph, peers.graph.network
    limit_s = RANGE_M * peers.per_m
    homes, table = at_nodes(network, np.arange(network.n_nodes)), Table()
    for seed in range(seeds):
        nodes = np.random.default_rng(seed).choice(network.n_nodes, CANDIDATES, replace=False)
        joins = at_nodes(network, nodes)
        pairs = node_pairs(graph, nodes, limit_s=limit_s, threads=1)
        ptr, order = pairs.indptr, known_order(pairs, CANDIDATES)
        askers = dict(_range_peers(peers, nodes))
        for run in range(runs + 1):
            timed = table if run else Table()
            timed.time(
                OURS, lambda n=nodes: node_pairs(graph, n, limit_s=limit_s, threads=1),
                parts=CANDIDATES,
            )  # fmt: skip
            timed.time(
                "the same, residences at doors",
                lambda j=joins: walk_pairs(homes, j, graph, limit_s=limit_s, threads=1),
                parts=CANDIDATES,
            )
            timed.time(FLOOR, lambda p=ptr, o=order: floor_of_ranges(graph, p, o), parts=CANDIDATES)
            for name, (taken, ask) in askers.items():
                rows = timed.time(name, ask, parts=taken)
                if not run:
                    compare_rows(f"seed {seed}, {name}", pairs, rows, limit_s)
    mean = len(pairs.residence) / CANDIDATES
    title = f"Ranges of {CANDIDATES} candidates, {network.n_nodes} nodes, {mean:.0f} nodes each"
    table.show(title, unit="µs per candidate", per_s=1e6)
    return statistics.median(table.times_s[OURS])


def known_order(pairs: Any, n: int) -> np.ndarray:
    """Nodes of each row, nearest first."""
    row = np.repeat(np.arange(n), np.diff(pairs.indptr))
    return pairs.residence[np.lexsort([pairs.walk_s, row])].astype(np.uint32)


def floor_of_ranges(graph: SearchGraph, ptr: np.ndarray, order: np.ndarray) -> None:
    """Fill in the walks of each row, nearest first, and forget them."""
    arcs, walk = graph.arcs, np.full(graph.network.n_nodes, np.inf)
    nearest = np.zeros(len(walk), dtype=np.int32)
    relax_in_order(
        ptr, order, arcs.begin, arcs.split, arcs.target, arcs.cost, walk, nearest, np.inf
    )


def _range_peers(
    peers: Peers, nodes: np.ndarray
) -> Iterable[tuple[str, tuple[int, Callable[[], list[np.ndarray]]]]]:
    limit_m = RANGE_M
    limit_s = within_limit_s(limit_m * peers.per_m)
    taken = {name: nodes[:n] for name, n in TAKEN.items()}

    def by_scipy() -> list[np.ndarray]:
        rows = []
        for low in range(0, len(taken["scipy"]), SCIPY_CHUNK):
            chunk = taken["scipy"][low : low + SCIPY_CHUNK]
            walks = dijkstra(peers.matrix, indices=chunk, limit=limit_s)
            rows += [np.flatnonzero(np.isfinite(row)) for row in walks]
        return rows

    def by_igraph() -> list[np.ndarray]:
        walks = peers.igraph.distances(taken["igraph"].tolist(), weights="seconds")
        return [np.flatnonzero(np.array(row) <= limit_s) for row in walks]

    def by_networkx() -> list[np.ndarray]:
        import networkx as nx

        search = nx.single_source_dijkstra_path_length
        return [
            np.sort(list(search(peers.nx, node, cutoff=limit_s)))
            for node in taken["networkx"].tolist()
        ]

    def by_pandana() -> list[np.ndarray]:
        chosen = taken["pandana"]
        found = peers.pandana.nodes_in_range(chosen, limit_m)
        rows = found.groupby("source")["destination"]
        return [np.sort(rows.get_group(node).to_numpy()) for node in chosen.tolist()]

    yield "scipy `dijkstra`, chunks of 64", (len(taken["scipy"]), by_scipy)
    if peers.igraph is not None:
        yield "igraph `distances`, no cut-off", (len(taken["igraph"]), by_igraph)
    if peers.nx is not None:
        yield "networkx, `cutoff`", (len(taken["networkx"]), by_networkx)
    if peers.pandana is not None:
        yield "pandana `nodes_in_range`, contracted before", (len(taken["pandana"]), by_pandana)
    if peers.cityseer is not None:
        yield from _ranges_of_cityseer(peers.cityseer, taken["cityseer"].tolist(), limit_s)


def _ranges_of_cityseer(
    cityseer: Cityseer, nodes: list[int], limit_s: float
) -> Iterable[tuple[str, tuple[int, Callable[[], list[np.ndarray]]]]]:
    def by_tree() -> list[np.ndarray]:
        return [np.sort(cityseer.tree(node, limit_s)[0]) for node in nodes]

    def by_places() -> list[np.ndarray]:
        rows = []
        for node in nodes:
            found = cityseer.everywhere.aggregate_to_src_idx(
                node, cityseer.network, round(limit_s), cityseer.speed_m_s
            )
            rows.append(np.sort([int(key.removeprefix("int:")) for key in found]))
        return rows

    yield "cityseer `dijkstra_tree_shortest`", (len(nodes), by_tree)
    yield "cityseer `aggregate_to_src_idx`, a place at each node", (len(nodes), by_places)


def compare_rows(name: str, pairs: Any, rows: list[np.ndarray], limit_s: float) -> None:
    """Print in how many pairs two answers differ, and how many of them stand on the limit."""
    apart = on_limit = total = 0
    for i, row in enumerate(rows):
        mine = slice(pairs.indptr[i], pairs.indptr[i + 1])
        walk_s = dict(zip(pairs.residence[mine].tolist(), pairs.walk_s[mine].tolist(), strict=True))
        lone = set(walk_s) ^ set(row.tolist())
        total += len(walk_s)
        apart += len(lone)
        on_limit += sum(abs(walk_s.get(node, limit_s) - limit_s) < 1e-2 for node in lone)
    print(f"{name}: {apart} of {total} pairs found by one only, {on_limit} of them on the limit")


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=["nearest", "ranges"])
    parser.add_argument("--quick", action="store_true", help="leave pandana and networkx out")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--nodes", type=int, nargs="+", default=[300_000, 1_000_000])
    args = parser.parse_args()
    took: dict[str, list[tuple[int, float]]] = {}
    for n_nodes in args.nodes:
        network = make_network(n_nodes, seed=0)
        graph = search_graph(network, flat_costs(network, speed_kmh=SPEED_KMH))
        first = n_nodes == args.nodes[0]
        peers = Peers(graph, quick=args.quick, first=first)
        for name, bench in (("nearest", bench_nearest), ("ranges", bench_ranges)):
            if args.only in (None, name):
                took.setdefault(name, []).append((n_nodes, bench(peers, args.runs, args.seeds)))
    for name, sizes in took.items():
        (small, before), (large, after) = sizes[0], sizes[-1]
        if large > small:
            unit = "node" if name == "nearest" else "candidate"
            print(f"\n{name}: from {small} to {large} nodes {after / before:.2f} times per {unit}")


if __name__ == "__main__":
    main()
