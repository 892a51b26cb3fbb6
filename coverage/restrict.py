"""Networks for those who cannot go everywhere: without steps, high kerbs or steep streets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from walkcover._errors import InputError
from walkcover.network import (
    MIN_COMPONENT_M,
    OPTIONAL_TAGS,
    POINT_KINDS,
    Bools,
    Floats,
    Ints,
    Lines,
    Network,
    build_network,
    row_of,
)

FLAGS = ("private", "raised", "forward", "backward")
TEXTS = ("name", "highway", *OPTIONAL_TAGS)


def barred_edges(network: Network) -> Bools:
    """
    Flag the edges that wheels cannot use: steps, and ways that say so.

    Parameters
    ----------
    network
        The walking network.

    Returns
    -------
    barred
        Shape (m,).
    """
    return np.asarray((network.highway == "steps") | (network.wheelchair == "no"), dtype=bool)


def restrict(
    network: Network,
    *,
    without: Bools,
    parted_at: Floats,
    cut_at: Floats,
    min_component_m: float = MIN_COMPONENT_M,
) -> Network:
    """
    Build a network anew without some edges, parted at some points, with nodes at others.

    What is private stays so; pieces that fall apart are judged anew, so that short ones become
    islands.

    Parameters
    ----------
    network
        The walking network.
    without
        Edges to leave out, shape (m,).
    parted_at
        Lon and lat of vertices that nobody gets past, shape (k, 2).
    cut_at
        Lon and lat of vertices that become nodes, shape (k, 2).
    min_component_m
        Street length in metres below which a connected piece is an island.

    Returns
    -------
    network
        The new network.

    Raises
    ------
    InputError
        If no edge is left.
    """
    if without.all():
        msg = "no street is left that this profile can use; change [walk] profile or its limits"
        raise InputError(msg)
    lines = network_lines(network, ~without)
    vertex = lines.lon + 1j * lines.lat
    parted = np.isin(vertex, parted_at[:, 0] + 1j * parted_at[:, 1])
    cut = np.isin(vertex, cut_at[:, 0] + 1j * cut_at[:, 1])
    points = {kind: getattr(network, kind) for kind in POINT_KINDS}
    lines = _split(lines, parted | cut, parted)
    return build_network(lines, min_component_m=min_component_m, points=points)


def network_lines(network: Network, keep: Bools) -> Lines:
    """
    Turn edges back into lines that meet at the nodes.

    Parameters
    ----------
    network
        The walking network.
    keep
        Edges to take, shape (m,).

    Returns
    -------
    lines
        A line per edge; what the network holds as private is tagged so.
    """
    edge = row_of(network.indptr)
    vertex = np.flatnonzero(keep[edge])
    size = np.diff(network.indptr)[keep]
    indptr = np.append(0, np.cumsum(size))
    # Inner vertices get numbers of their own: they are shared with nobody.
    point = network.n_nodes + np.arange(len(vertex))
    point[indptr[:-1]], point[indptr[1:] - 1] = network.u[keep], network.v[keep]
    tags = {name: getattr(network, name)[keep] for name in (*TEXTS, *FLAGS)}
    return Lines(indptr, network.lon[vertex], network.lat[vertex], point, pd.DataFrame(tags))


def _split(lines: Lines, at: Bools, apart: Bools) -> Lines:
    """Split lines at flagged vertices; those that are parted get a number at each use."""
    line = row_of(lines.indptr)
    inner = np.ones(len(line), dtype=bool)
    inner[lines.indptr[:-1]] = inner[lines.indptr[1:] - 1] = False
    twice = at & inner
    vertex: Ints = np.repeat(np.arange(len(line)), np.where(twice, 2, 1))
    second = np.zeros(len(vertex), dtype=bool)
    second[1:] = vertex[1:] == vertex[:-1]
    is_first = np.zeros(len(line), dtype=bool)
    is_first[lines.indptr[:-1]] = True
    starts = np.flatnonzero(second | is_first[vertex])
    point = lines.point[vertex].copy()
    loose = apart[vertex]
    point[loose] = lines.point.max() + 1 + np.arange(int(loose.sum()))
    return Lines(
        np.append(starts, len(vertex)),
        lines.lon[vertex],
        lines.lat[vertex],
        point,
        lines.tags.iloc[line[vertex[starts]]].reset_index(drop=True),
    )
