"""The walking network: nodes, edges, lengths, and who may walk where."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from walkcover._errors import InputError

GEOD = Geod(ellps="WGS84")
MIN_COMPONENT_M = 1000.0
# What an edge is, besides its shape.
EDGE_COLUMNS = (
    "u",
    "v",
    "length_m",
    "forward",
    "backward",
    "private",
    "raised",
    "island",
    "name",
    "highway",
    "surface",
    "wheelchair",
)
# Columns of `Lines.tags` that may be missing; empty then.
OPTIONAL_TAGS = ("surface", "wheelchair")
# Points that a street file marks, besides its lines.
POINT_KINDS = ("entrances", "signals", "kerbs")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

log = logging.getLogger("walkcover")


@dataclass(frozen=True)
class Lines:
    """
    Walkable lines before they are a network.

    Parameters
    ----------
    indptr
        Shape (n + 1,): line i has the vertices ``indptr[i]`` to ``indptr[i + 1]``.
    lon, lat
        Vertices in WGS84 degrees.
    point
        Which point a vertex is; lines meet where they have a point in common.
    tags
        A row per line: name, highway, private, raised (bridge or tunnel), forward, backward;
        surface and wheelchair where they are known.
    """

    indptr: Ints
    lon: Floats
    lat: Floats
    point: Ints
    tags: pd.DataFrame


@dataclass(frozen=True)
class Network:
    """
    A walking network.

    Parameters
    ----------
    node_lon, node_lat
        Shape (n,), WGS84 degrees, in Morton order so that neighbours lie close in memory.
    u, v
        Shape (m,): the nodes at the first and the last vertex of each edge.
    length_m
        Shape (m,): geodesic length.
    indptr
        Shape (m + 1,): vertices of each edge.
    lon, lat
        Vertices in WGS84 degrees.
    at_m
        Geodesic distance of each vertex from the start of its edge.
    forward, backward
        Whether people may walk from `u` to `v`, and from `v` to `u`.
    private
        Edges that a walk may only begin or end on.
    raised
        Edges on a bridge or in a tunnel.
    island
        Edges of connected pieces with too little street.
    piece
        Shape (n,): connected piece of each node.
    name, highway, surface, wheelchair
        Tags of each edge, empty where there are none.
    entrances, signals, kerbs
        Shape (k, 2): lon and lat of entrances and gates, of crossings where people on foot wait
        for a signal, and of kerbs too high for wheels.
    """

    node_lon: Floats
    node_lat: Floats
    u: Ints
    v: Ints
    length_m: Floats
    indptr: Ints
    lon: Floats
    lat: Floats
    at_m: Floats
    forward: Bools
    backward: Bools
    private: Bools
    raised: Bools
    island: Bools
    piece: Ints
    name: NDArray[np.object_]
    highway: NDArray[np.object_]
    surface: NDArray[np.object_]
    wheelchair: NDArray[np.object_]
    entrances: Floats
    signals: Floats
    kerbs: Floats

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_lon)

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.u)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north in degrees."""
        return self.lon.min(), self.lat.min(), self.lon.max(), self.lat.max()


def build_network(
    lines: Lines,
    *,
    min_component_m: float = MIN_COMPONENT_M,
    points: Mapping[str, Floats] | None = None,
) -> Network:
    """
    Split lines where they meet and find the pieces, the private parts and the islands.

    Within each connected piece the longest part that hangs together over public ways is public;
    all else is private. Pieces with less than `min_component_m` of street are islands.

    Parameters
    ----------
    lines
        Walkable lines.
    min_component_m
        Street length in metres below which a connected piece is an island.
    points
        Lon and lat, shape (k, 2), by kind: some of `POINT_KINDS`.

    Returns
    -------
    network
        Nodes and edges; parallel edges, loops and edges without length are kept.

    Raises
    ------
    InputError
        If no line has two vertices.

    Examples
    --------
    >>> import pandas as pd
    >>> tags = pd.DataFrame({"name": "", "highway": "residential", "private": False,
    ...                      "raised": False, "forward": True, "backward": True}, index=[0, 1])
    >>> lines = Lines(indptr=np.array([0, 3, 5]), lon=np.array([112.0, 112.01, 112.02, 112.01,
    ...               112.01]), lat=np.array([37.0, 37.0, 37.0, 37.0, 37.01]),
    ...               point=np.array([0, 1, 2, 1, 3]), tags=tags)
    >>> network = build_network(lines)
    >>> network.n_nodes, network.n_edges, round(float(network.length_m.sum()))
    (4, 3, 2890)
    """
    if not (np.diff(lines.indptr) >= 2).any():
        msg = "the street file holds no line that people may walk along"
        raise InputError(msg)
    line, indptr, vertex = _split(lines)
    lon, lat = lines.lon[vertex], lines.lat[vertex]
    at_m = _distance_along(indptr, lon, lat)
    tags = lines.tags.iloc[line]
    u, v = _number_nodes(lines, vertex[indptr[:-1]], vertex[indptr[1:] - 1])
    length_m = at_m[indptr[1:] - 1]
    # Many lines over one plaza are no more street.
    over = tags["plaza"].to_numpy(bool) if "plaza" in tags.columns else np.zeros(len(u), bool)
    street_m = np.where(over, 0.0, length_m)
    private, island = _classify(u, v, street_m, tags["private"].to_numpy(bool), min_component_m)
    edges = {"u": u, "v": v, "length_m": length_m, "private": private, "island": island}
    edges |= {name: tags[name].to_numpy(bool) for name in ("forward", "backward", "raised")}
    edges |= {name: tags[name].to_numpy(object) for name in ("name", "highway")}
    for name in OPTIONAL_TAGS:
        known = tags[name] if name in tags.columns else pd.Series("", index=tags.index)
        edges[name] = known.to_numpy(object)
    network = network_from_edges(
        edges, indptr=indptr, lon=lon, lat=lat, at_m=at_m, points=points or {}
    )
    _log_oddities(network)
    return network


def network_from_edges(
    edges: Mapping[str, NDArray[Any]],
    *,
    indptr: Ints,
    lon: Floats,
    lat: Floats,
    at_m: Floats,
    points: Mapping[str, Floats],
) -> Network:
    """
    Put a network together from edges that are classified already.

    Parameters
    ----------
    edges
        The columns `EDGE_COLUMNS`, shape (m,) each; nodes are numbered from 0 without a hole.
    indptr, lon, lat, at_m
        Vertices of each edge, as in `Network`.
    points
        Lon and lat, shape (k, 2), by kind; kinds that are not named have none.

    Returns
    -------
    network
        The network, with node coordinates and pieces worked out.
    """
    u, v = edges["u"], edges["v"]
    n_nodes = int(max(u.max(), v.max())) + 1
    node_lon, node_lat = np.empty(n_nodes), np.empty(n_nodes)
    for node, vertex in ((v, indptr[1:] - 1), (u, indptr[:-1])):
        node_lon[node], node_lat[node] = lon[vertex], lat[vertex]
    marked: dict[str, Any] = {kind: points.get(kind, np.empty((0, 2))) for kind in POINT_KINDS}
    return Network(
        **edges,
        indptr=indptr,
        lon=lon,
        lat=lat,
        at_m=at_m,
        node_lon=node_lon,
        node_lat=node_lat,
        piece=connected_pieces(u, v, n_nodes),
        **marked,
    )


def metric_geometry(network: Network, crs: CRS) -> NDArray[np.object_]:
    """
    Edges as planar lines.

    Parameters
    ----------
    network
        The network.
    crs
        A metric CRS.

    Returns
    -------
    lines
        Shapely LineStrings in `crs`, shape (m,).
    """
    x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(network.lon, network.lat)
    xy = np.column_stack([x, y])
    return np.asarray(shapely.linestrings(xy, indices=row_of(network.indptr)), dtype=object)


def row_of(indptr: Ints) -> Ints:
    """
    Row of each entry of a table in compressed sparse rows.

    Parameters
    ----------
    indptr
        Row pointers, shape (n + 1,).

    Returns
    -------
    row
        Shape (``indptr[-1]``,).

    Examples
    --------
    >>> row_of(np.array([0, 2, 2, 3])).tolist()
    [0, 0, 2]
    """
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


def segment_at(at_m: Floats, indptr: Ints, edge: Ints, along_m: Floats) -> Ints:
    """
    Find the segments of edges that places lie on.

    Parameters
    ----------
    at_m
        Distance of each vertex from the first vertex of its edge, in metres.
    indptr
        Vertices of edge ``e`` are ``indptr[e]:indptr[e + 1]``, at least two.
    edge
        Edges, shape (k,).
    along_m
        Distance of each place from the first vertex of its edge.

    Returns
    -------
    vertex
        The vertex that each segment begins at, shape (k,): the last one not beyond the place,
        never the last one of the edge.

    Examples
    --------
    >>> at_m = np.array([0.0, 30.0, 70.0, 0.0, 50.0])
    >>> segment_at(at_m, np.array([0, 3, 5]), np.array([0, 0, 0, 1]),
    ...            np.array([10.0, 30.0, 99.0, 50.0])).tolist()
    [0, 1, 1, 3]
    """
    # One bisection per place, all in step; the edges themselves stay apart.
    low, high = indptr[edge], indptr[edge + 1] - 2
    while (row := np.flatnonzero(low < high)).size:
        middle = (low[row] + high[row] + 1) // 2
        beyond = at_m[middle] > along_m[row]
        high[row] = np.where(beyond, middle - 1, high[row])
        low[row] = np.where(beyond, low[row], middle)
    return np.asarray(low, dtype=np.int64)


def cut_at_nodes(lines: Lines) -> Lines:
    """
    Cut lines where they meet, so that every line is one edge of their network.

    Parameters
    ----------
    lines
        Walkable lines; those of a single vertex are left out.

    Returns
    -------
    edges
        A line per edge in the order of the network's edges, with the tags of its line.

    Examples
    --------
    >>> import pandas as pd
    >>> lines = Lines(np.array([0, 3, 5]), np.array([0.0, 1.0, 2.0, 1.0, 1.0]), np.zeros(5),
    ...               np.array([0, 1, 2, 1, 3]), pd.DataFrame({"name": ["long", "short"]}))
    >>> edges = cut_at_nodes(lines)
    >>> edges.indptr.tolist(), edges.tags["name"].tolist()
    ([0, 2, 4, 6], ['long', 'long', 'short'])
    """
    line, indptr, vertex = _split(lines)
    tags = lines.tags.iloc[line].reset_index(drop=True)
    return Lines(indptr, lines.lon[vertex], lines.lat[vertex], lines.point[vertex], tags)


def _split(lines: Lines) -> tuple[Ints, Ints, Ints]:
    """Cut lines at shared points; return the line of each edge, the edges' indptr and vertices."""
    line = row_of(lines.indptr)
    is_first = np.zeros(len(line), dtype=bool)
    is_last = np.zeros(len(line), dtype=bool)
    long_enough = np.diff(lines.indptr) >= 2
    is_first[lines.indptr[:-1][long_enough]] = True
    is_last[lines.indptr[1:][long_enough] - 1] = True
    _, code, count = np.unique(lines.point, return_inverse=True, return_counts=True)
    inner_cut = (count[code] > 1) & ~is_first & ~is_last & long_enough[line]
    # A cut vertex ends one edge and starts the next: it stands twice.
    keep = np.where(long_enough[line], np.where(inner_cut, 2, 1), 0)
    vertex = np.repeat(np.arange(len(line)), keep)
    second = np.zeros(len(vertex), dtype=bool)
    second[1:] = vertex[1:] == vertex[:-1]
    starts = np.flatnonzero(second | is_first[vertex])
    indptr = np.append(starts, len(vertex)).astype(np.int64)
    return line[vertex[starts]], indptr, vertex


def _distance_along(indptr: Ints, lon: Floats, lat: Floats) -> Floats:
    """Geodesic distance of every vertex from the first vertex of its edge, in metres."""
    step = np.zeros(len(lon))
    _, _, step[1:] = GEOD.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    step[indptr[:-1]] = 0.0
    # Summed edge by edge, so that the figures of one edge do not hang on those before it.
    along = pd.Series(step).groupby(row_of(indptr), sort=False).cumsum()
    return np.asarray(along, dtype=np.float64)


def _number_nodes(lines: Lines, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Number the first and the last vertex of each edge in Morton order of their places."""
    ends = np.concatenate([start, end])
    _, first, node = np.unique(lines.point[ends], return_index=True, return_inverse=True)
    code = _morton(lines.lon[ends[first]], lines.lat[ends[first]])
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(code, kind="stable")] = np.arange(len(first))
    u, v = np.split(rank[node], 2)
    return u, v


def _morton(lon: Floats, lat: Floats) -> NDArray[np.uint64]:
    """Interleave the bits of both coordinates: points with near codes lie near each other."""
    code = np.zeros(len(lon), dtype=np.uint64)
    for shift, value in enumerate((lon, lat)):
        span = np.ptp(value) or 1.0
        cell = ((value - value.min()) / span * (2**16 - 1)).astype(np.uint64)
        for bit in range(16):
            code |= ((cell >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + shift)
    return code


def connected_pieces(u: Ints, v: Ints, n_nodes: int) -> Ints:
    """
    Label what hangs together in an undirected graph.

    Parameters
    ----------
    u, v
        Ends of the edges, shape (m,).
    n_nodes
        Number of nodes.

    Returns
    -------
    piece
        Number of the piece of each node, from 0, shape (n_nodes,).

    Examples
    --------
    >>> connected_pieces(np.array([0, 3]), np.array([1, 1]), 4).tolist()
    [0, 0, 1, 0]
    """
    graph = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(n_nodes, n_nodes))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _classify(
    u: Ints, v: Ints, length_m: Floats, tagged_private: Bools, min_component_m: float
) -> tuple[Bools, Bools]:
    """Find the edges that are private, and those of islands."""
    n_nodes = int(max(u.max(), v.max())) + 1
    piece = connected_pieces(u, v, n_nodes)
    street_m = np.bincount(piece[u], weights=length_m, minlength=piece.max() + 1)
    island = street_m[piece[u]] < min_component_m
    public = ~tagged_private
    part = connected_pieces(u[public], v[public], n_nodes)
    part_m = np.bincount(part[u[public]], weights=length_m[public], minlength=part.max() + 1)
    part_piece = np.zeros(len(part_m), dtype=np.int64)
    part_piece[part] = piece
    # The longest part of each piece; of equals the first, which is stable for one input.
    order = np.lexsort([np.arange(len(part_m)), -part_m, part_piece])
    longest = np.zeros(len(part_m), dtype=bool)
    longest[order[np.unique(part_piece[order], return_index=True)[1]]] = True
    return tagged_private | ~longest[part[u]], island


def _log_oddities(network: Network) -> None:
    """Say what an extract holds that a clean network would not."""
    ends = np.sort(np.column_stack([network.u, network.v]), axis=1)
    log.info(
        "network: %d nodes, %d edges, %.1f km; %d connected pieces, %d edges on islands, "
        "%d private edges, %d parallel edges, %d loops, %d edges without length",
        network.n_nodes,
        network.n_edges,
        network.length_m.sum() / 1000,
        network.piece.max() + 1,
        network.island.sum(),
        network.private.sum(),
        len(ends) - len(np.unique(ends, axis=0)),
        (network.u == network.v).sum(),
        (network.length_m == 0).sum(),
    )
