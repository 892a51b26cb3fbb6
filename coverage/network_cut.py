"""Cut edges out of a network, as they are: what the whole said about them stays true."""

from __future__ import annotations

import numpy as np

from walkcover.network import (
    EDGE_COLUMNS,
    POINT_KINDS,
    Floats,
    Ints,
    Network,
    network_from_edges,
)
from walkcover.speed import WalkCosts


def take_edges(network: Network, edges: Ints, *, box: Floats) -> Network:
    """
    Cut edges out of a network.

    Unlike a network that is built of them, they keep what the whole network made of them: what is
    private, and what is an island.

    Parameters
    ----------
    network
        The network.
    edges
        Edges to take, ascending, at least one.
    box
        West, south, east and north in degrees: marked points within are taken too.

    Returns
    -------
    part
        Edges and nodes in the order they had, numbered anew. Its pieces are those of the part.

    Examples
    --------
    >>> import pandas as pd
    >>> from walkcover.network import Lines, build_network
    >>> tags = pd.DataFrame({"name": "", "highway": "residential", "private": False,
    ...                      "raised": False, "forward": True, "backward": True}, index=[0, 1])
    >>> lines = Lines(np.array([0, 2, 4]), np.array([113.0, 113.01, 113.01, 113.1]),
    ...               np.full(4, 37.0), np.array([0, 1, 1, 2]), tags)
    >>> network = build_network(lines)
    >>> part = take_edges(network, np.array([0]), box=np.array(network.bounds))
    >>> part.n_nodes, part.island.tolist()
    (2, [False])
    """
    _, ends = np.unique(np.concatenate([network.u[edges], network.v[edges]]), return_inverse=True)
    indptr, vertex = rows_of(network.indptr, edges)
    columns = {name: getattr(network, name)[edges] for name in EDGE_COLUMNS}
    columns["u"], columns["v"] = np.split(ends.astype(np.int64), 2)
    points = {kind: _within(getattr(network, kind), box) for kind in POINT_KINDS}
    return network_from_edges(
        columns,
        indptr=indptr,
        lon=network.lon[vertex],
        lat=network.lat[vertex],
        at_m=network.at_m[vertex],
        points=points,
    )


def take_costs(costs: WalkCosts, edges: Ints) -> WalkCosts:
    """
    Take the costs of some edges.

    Parameters
    ----------
    costs
        Seconds along the edges of a network.
    edges
        Edges to take.

    Returns
    -------
    part
        Seconds along these edges, in this order.
    """
    indptr, knot = rows_of(costs.indptr, edges)
    return WalkCosts(
        indptr=indptr,
        at_m=costs.at_m[knot],
        along_s=costs.along_s[knot],
        against_s=costs.against_s[knot],
        wait_s=costs.wait_s[edges],
        flat=costs.flat,
    )


def fastest_m_per_s(costs: WalkCosts) -> float:
    """
    Tell the speed that no walk exceeds anywhere, access legs included.

    Parameters
    ----------
    costs
        Seconds along the edges of a network.

    Returns
    -------
    speed
        Metres per second.

    Examples
    --------
    >>> knots = np.array([0.0, 100.0])
    >>> down = WalkCosts(np.array([0, 2]), knots, 0.8 * knots, 1.2 * knots, np.zeros((1, 2)), 0.9)
    >>> fastest_m_per_s(down)
    1.25
    """
    step_m = np.diff(costs.at_m)
    inner = step_m > 0
    inner[costs.indptr[1:-1] - 1] = False
    fastest = 1.0 / costs.flat
    for seconds in (costs.along_s, costs.against_s):
        step_s = np.abs(np.diff(seconds)[inner])
        speed = step_m[inner][step_s > 0] / step_s[step_s > 0]
        fastest = max(fastest, float(speed.max(initial=0.0)))
    return fastest


def rows_of(indptr: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """
    Take rows of a table in compressed sparse rows.

    Parameters
    ----------
    indptr
        Row pointers, shape (n + 1,).
    rows
        Rows to take, shape (k,).

    Returns
    -------
    indptr
        Row pointers of the rows taken, shape (k + 1,).
    entry
        Their entries.

    Examples
    --------
    >>> rows_of(np.array([0, 2, 2, 5]), np.array([2, 0]))[1].tolist()
    [2, 3, 4, 0, 1]
    """
    size = np.diff(indptr)[rows]
    ends = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    return ends, np.arange(ends[-1]) + np.repeat(indptr[rows] - ends[:-1], size)


def _within(points: Floats, box: Floats) -> Floats:
    return points[(points >= box[:2]).all(axis=1) & (points <= box[2:]).all(axis=1)]
