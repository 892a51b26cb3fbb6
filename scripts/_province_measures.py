"""Figures by which streets are compared: degrees, lengths, dead ends, density, detours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from walkcover.network import GEOD, Network, row_of

# Land is settled where a cell of this side holds at least so many junctions and dead ends.
CELL_M = 250.0
CELL_PLACES = 2
# Pairs of nodes between which the detour is measured, as the crow flies.
NEAREST_M, FARTHEST_M = 300.0, 1500.0
SOURCES = 150
PARTNERS = 20
QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def measure(network: Network, *, seed: int = 0) -> dict[str, float]:
    """
    Measure what streets are like.

    Islands and edges without length are left out, but for the share of street on islands. Nodes
    of degree 2 (where one way goes on as another) count among all nodes only; a chain is what
    lies between two junctions or dead ends.

    Parameters
    ----------
    network
        The streets.
    seed
        Draws the pairs of the detour.

    Returns
    -------
    figures
        By name: shares of 1, lengths in metres, densities in km per km² of settled land.
    """
    kept = ~network.island & (network.length_m > 0) & (network.u != network.v)
    u, v, length_m = network.u[kept], network.v[kept], network.length_m[kept]
    degree = np.bincount(np.concatenate([u, v]), minlength=network.n_nodes)
    figures = _degrees(degree[degree > 0])
    figures |= _quantiles("edge", length_m)
    figures |= _quantiles("chain", _chain_lengths(u, v, length_m, degree))
    straight_m = GEOD.inv(
        network.node_lon[u], network.node_lat[u], network.node_lon[v], network.node_lat[v]
    )[2]
    figures["bend_of_edge"] = float(length_m.sum() / straight_m.sum())
    x, y = _metres(network, network.node_lon, network.node_lat)
    figures |= _density(network, kept, x, y, degree)
    figures |= _detour(x, y, u, v, length_m, seed)
    vertices = np.diff(network.indptr)[kept]
    figures["vertices_per_edge"] = float(vertices.mean())
    figures["island_street"] = float(
        network.length_m[network.island].sum() / network.length_m.sum()
    )
    figures["private_street"] = float(length_m[network.private[kept]].sum() / length_m.sum())
    return figures


def _degrees(degree: Ints) -> dict[str, float]:
    """Shares of degrees among all nodes, and among junctions and dead ends."""
    n = len(degree)
    true = degree[degree != 2]
    return {
        "node_degree_1": (degree == 1).sum() / n,
        "node_degree_2": (degree == 2).sum() / n,
        "node_degree_3": (degree == 3).sum() / n,
        "node_degree_4": (degree >= 4).sum() / n,
        "dead_ends": (true == 1).sum() / len(true),
        "crossings_of_four": (true >= 4).sum() / (true >= 3).sum(),
    }


def _quantiles(what: str, length_m: Floats) -> dict[str, float]:
    return {
        f"{what}_m_q{100 * q:.0f}": float(value)
        for q, value in zip(QUANTILES, np.quantile(length_m, QUANTILES), strict=True)
    }


def _chain_lengths(u: Ints, v: Ints, length_m: Floats, degree: Ints) -> Floats:
    """Lengths between junctions and dead ends: edges that meet at nodes of degree 2 are one."""
    n = len(u)
    ends = np.concatenate([u, v])
    edge = np.tile(np.arange(n), 2)
    passed = degree[ends] == 2
    order = np.argsort(ends[passed], kind="stable")
    pair = edge[passed][order].reshape(-1, 2)
    graph = coo_array((np.ones(len(pair)), (pair[:, 0], pair[:, 1])), shape=(n, n))
    chain = connected_components(graph, directed=False)[1]
    return np.bincount(chain, weights=length_m)


def _metres(network: Network, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Planar places, true to scale near the middle of the network."""
    east, north = np.median(network.node_lon), np.median(network.node_lat)
    middle = f"+proj=laea +lat_0={north} +lon_0={east}"
    x, y = Transformer.from_crs(4326, middle, always_xy=True).transform(lon, lat)
    return np.asarray(x), np.asarray(y)


def _density(
    network: Network, kept: NDArray[np.bool_], x: Floats, y: Floats, degree: Ints
) -> dict[str, float]:
    """Street and junctions per km² of settled land."""
    true = (degree == 1) | (degree >= 3)
    cells, count = np.unique(_cell(x[true], y[true]), return_counts=True)
    settled = cells[count >= CELL_PLACES]
    at = np.column_stack(_metres(network, network.lon, network.lat))
    edge = row_of(network.indptr)
    same = (edge[1:] == edge[:-1]) & kept[edge[1:]]
    step_m = (network.at_m[1:] - network.at_m[:-1])[same]
    middle = (at[1:] + at[:-1])[same] / 2
    inside = np.isin(_cell(middle[:, 0], middle[:, 1]), settled)
    km2 = len(settled) * CELL_M**2 / 1e6
    return {
        "street_km_per_km2": float(step_m[inside].sum() / 1000 / km2),
        "junctions_per_km2": float(np.isin(_cell(x[true], y[true]), settled).sum() / km2),
        "street_in_settled": float(step_m[inside].sum() / step_m.sum()),
    }


def _cell(x: Floats, y: Floats) -> Ints:
    column, row = (np.floor(c / CELL_M).astype(np.int64) for c in (x, y))
    return column * 1_000_003 + row


def _detour(
    x: Floats, y: Floats, u: Ints, v: Ints, length_m: Floats, seed: int
) -> dict[str, float]:
    """Street against straight distance of random pairs of one connected piece."""
    rng = np.random.default_rng(seed)
    n = len(x)
    both = coo_array(
        (np.tile(length_m, 2), (np.concatenate([u, v]), np.concatenate([v, u]))), shape=(n, n)
    )
    # Of parallel edges the shorter counts; coo sums them, so sort and keep the first.
    order = np.lexsort([both.data, both.col, both.row])
    row, col, data = both.row[order], both.col[order], both.data[order]
    first = np.ones(len(row), dtype=bool)
    first[1:] = (row[1:] != row[:-1]) | (col[1:] != col[:-1])
    graph = coo_array((data[first], (row[first], col[first])), shape=(n, n)).tocsr()
    used = np.unique(u)
    sources = rng.choice(used, min(SOURCES, len(used)), replace=False)
    places = np.column_stack([x, y])
    near = cKDTree(places[used]).query_ball_point(places[sources], FARTHEST_M)
    ratios = []
    walks = dijkstra(graph, indices=sources, limit=6 * FARTHEST_M)
    for k, source in enumerate(sources):
        others = used[np.sort(near[k])]
        straight = np.hypot(*(places[others] - places[source]).T)
        others, straight = others[straight >= NEAREST_M], straight[straight >= NEAREST_M]
        picked = rng.choice(len(others), min(PARTNERS, len(others)), replace=False)
        ratio = walks[k, others[picked]] / straight[picked]
        ratios.append(ratio[np.isfinite(ratio)])
    ratio = np.concatenate(ratios)
    return {
        "detour_q50": float(np.median(ratio)),
        "detour_q90": float(np.quantile(ratio, 0.9)),
    }
