"""Walkable lines of a graph: links that meet where nothing else does are one line."""

from __future__ import annotations

import numpy as np
import pandas as pd
from _province_land import METRIC
from _province_places import CITY, COUNTY_TOWN
from _province_streets import AVENUE, HIGHWAYS, ROAD, STUB, Graph, Ints
from pyproj import Transformer

from walkcover.network import Lines

# Ways of real extracts end where a tag changes: nodes of degree 2 that stay nodes.
WAY_ENDS, FIELD_WAY_ENDS = 0.11, 0.05
# Lanes behind the gate of a compound, as a share of the dead-end lanes of towns.
GATED = 0.12
# Bridges and tunnels, as a share of avenues and roads.
RAISED = 0.015
WORDS = "迎春解放和平建设人民胜利文化新华长安永宁康乐兴隆朝阳向阳青年光明东风红旗滨河学府"


def walkable_lines(graph: Graph, settlements: pd.DataFrame, *, seed: int) -> Lines:
    """
    Make lines of links, as a street file would hold them.

    Parameters
    ----------
    graph
        Nodes and links in the metric grid.
    settlements
        With kind and name.
    seed
        Draws where ways end, which lanes are gated, and names.

    Returns
    -------
    lines
        In WGS84 degrees rounded to 1e-7, as OpenStreetMap stores them.
    """
    rng = np.random.default_rng([seed, 5])
    n = len(graph.x)
    degree = np.bincount(np.concatenate([graph.u, graph.v]), minlength=n)
    ends = np.where(graph.place >= 0, WAY_ENDS, FIELD_WAY_ENDS)
    passed = (degree == 2) & (rng.random(n) >= ends)
    indptr, node, link = chains(graph.u, graph.v, passed)
    to_degrees = Transformer.from_crs(METRIC, 4326, always_xy=True)
    lon, lat = (np.round(c, 7) for c in to_degrees.transform(graph.x, graph.y))
    return Lines(indptr, lon[node], lat[node], node, _tags(graph, settlements, link, rng))


def chains(u: Ints, v: Ints, passed: np.ndarray) -> tuple[Ints, Ints, Ints]:
    """
    String links together that meet at nodes which are passed.

    Parameters
    ----------
    u, v
        Ends of the links, shape (m,).
    passed
        Nodes of two links that are no ends, shape (n,).

    Returns
    -------
    indptr
        Where each chain begins among the nodes, shape (k + 1,).
    node
        Nodes of the chains one after the other. Rings of passed nodes only are left out.
    link
        First link of each chain, shape (k,).

    Examples
    --------
    >>> passed = np.array([False, True, False, False])
    >>> indptr, node, link = chains(np.array([0, 2, 2]), np.array([1, 1, 3]), passed)
    >>> indptr.tolist(), node.tolist(), link.tolist()
    ([0, 3, 5], [0, 1, 2, 2, 3], [0, 2])
    """
    m = len(u)
    # Half-link h goes from tail[h] to head[h]; h and h + m are the same link both ways.
    tail, head = np.concatenate([u, v]), np.concatenate([v, u])
    following = np.full(2 * m, -1)
    leaving = np.flatnonzero(passed[tail])
    order = leaving[np.argsort(tail[leaving], kind="stable")].reshape(-1, 2)
    other_way = (order + m) % (2 * m)
    following[other_way[:, 0]], following[other_way[:, 1]] = order[:, 1], order[:, 0]
    begin = np.flatnonzero(~passed[tail])
    chain, now = np.arange(len(begin)), begin
    walked = [(chain, tail[now])]
    last = begin.copy()
    while len(now):
        walked.append((chain, head[now]))
        last[chain] = now
        going = following[now] >= 0
        chain, now = chain[going], following[now[going]]
    # Each chain was walked both ways: the way that begins with the smaller half-link stays.
    kept = begin < (last + m) % (2 * m)
    of_chain = np.concatenate([c for c, _ in walked])
    node = np.concatenate([a for _, a in walked])
    order = np.argsort(of_chain, kind="stable")
    of_chain, node = of_chain[order], node[order]
    size = np.bincount(of_chain, minlength=len(begin))[kept]
    indptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    return indptr, node[kept[of_chain]], begin[kept] % m


def _tags(
    graph: Graph, settlements: pd.DataFrame, link: Ints, rng: np.random.Generator
) -> pd.DataFrame:
    """Kind, name and rights of each line by its first link."""
    kind = graph.kind[link]
    place = graph.place[graph.u[link]]
    urban = settlements["kind"].isin([CITY, COUNTY_TOWN]).to_numpy()[place] & (place >= 0)
    draw = rng.random(len(link))
    main = np.isin(kind, [AVENUE, ROAD])
    # Avenues of one place have a few names, each stretch one of them.
    first = np.array([WORDS[i : i + 2] for i in range(0, len(WORDS), 2)], dtype=object)
    suffix = np.array(["街", "路", "大街"], dtype=object)
    number = (np.abs(graph.x[graph.u[link]]) // 1500 + graph.y[graph.u[link]] // 1500).astype(int)
    name = first[number % len(first)] + suffix[number // 7 % 3]
    return pd.DataFrame(
        {
            "name": np.where(main, name, ""),
            "highway": np.array(HIGHWAYS, dtype=object)[kind],
            "private": (kind == STUB) & urban & (draw < GATED),
            "raised": main & (draw > 1 - RAISED),
            "forward": True,
            "backward": True,
        }
    )
