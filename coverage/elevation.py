"""Heights along the streets: where they are sampled, and what bridges and voids make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.linalg import spsolve

from walkcover._errors import InputError
from walkcover.network import Bools, Floats, Ints, Network, connected_pieces, row_of

# Streets are sampled at their vertices, and in between at least this often.
SAMPLE_M = 20.0
# Nobody builds a street this steep; over so many metres it is a fault of the heights.
IMPOSSIBLE_SLOPE = 0.6
STEEP_OVER_M = 20.0
# Edges without length share a height all the same.
SHORTEST_M = 0.01


class Knots(NamedTuple):
    """
    Where heights along the edges are wanted.

    Edge i has the knots ``indptr[i]`` to ``indptr[i + 1]``, `at_m` metres from its first vertex,
    at `lon` and `lat`.
    """

    indptr: Ints
    at_m: Floats
    lon: Floats
    lat: Floats


@dataclass(frozen=True)
class EdgeHeights:
    """
    Heights along the edges of a network.

    Parameters
    ----------
    indptr
        Shape (m + 1,): edge i has the knots ``indptr[i]`` to ``indptr[i + 1]``.
    at_m
        Metres from the first vertex of the edge, by knot.
    height_m
        Metres, by knot; NaN all along edges of which nothing is known.
    void_m
        Street in metres whose heights were filled in from its neighbourhood or are unknown.
    """

    indptr: Ints
    at_m: Floats
    height_m: Floats
    void_m: float

    def slopes(self) -> Floats:
        """
        Slope from each knot to the next; 0 where it is unknown, without length, or between edges.

        Returns
        -------
        slope
            Rise over run, shape (number of knots - 1,).
        """
        run_m = np.diff(self.at_m)
        rise_m = np.diff(self.height_m)
        known = (run_m > 0) & np.isfinite(rise_m)
        known[self.indptr[1:-1] - 1] = False
        return np.divide(rise_m, run_m, out=np.zeros(len(run_m)), where=known)


def street_knots(network: Network, *, sample_m: float = SAMPLE_M) -> Knots:
    """
    List where heights are wanted: at every vertex, and on longer segments evenly in between.

    Parameters
    ----------
    network
        The walking network.
    sample_m
        Segments longer than this are divided into equal parts that are not.

    Returns
    -------
    knots
        In the order of the edges.
    """
    starts = np.ones(len(network.lon), dtype=bool)
    starts[network.indptr[1:] - 1] = False
    vertex = np.flatnonzero(starts)
    length_m = network.at_m[vertex + 1] - network.at_m[vertex]
    parts = np.ones(len(network.lon), dtype=np.int64)
    parts[vertex] = np.maximum(1, np.ceil(length_m / sample_m)).astype(np.int64)
    row = np.repeat(np.arange(len(parts)), parts)
    first = np.cumsum(parts) - parts
    share = (np.arange(len(row)) - first[row]) / parts[row]
    after = np.minimum(row + 1, len(parts) - 1)
    lon, lat, at_m = (
        values[row] + np.where(share > 0, share * (values[after] - values[row]), 0.0)
        for values in (network.lon, network.lat, network.at_m)
    )
    indptr = np.append(first[network.indptr[:-1]], len(row))
    return Knots(indptr, at_m, lon, lat)


def edge_heights(network: Network, knots: Knots, height_m: Floats) -> EdgeHeights:
    """
    Make heights along the streets of heights of the ground.

    Bridges and tunnels do not follow the ground: their heights run evenly by length between their
    ends, which are where they meet a street at grade, or end; where the ground there is unknown,
    from the mean of what the streets fill in. Where several of them meet in the
    air, each height is the mean of its neighbours', weighted by how near they are. Voids are
    filled in evenly between the known heights of their edge.

    Parameters
    ----------
    network
        The walking network.
    knots
        What `street_knots` lists.
    height_m
        Height of the ground in metres by knot; NaN where it is unknown.

    Returns
    -------
    heights
        Heights by knot.

    Raises
    ------
    InputError
        If no height is known at all.
    """
    if not np.isfinite(height_m).any():
        msg = "no street lies on the elevation that is given: is it of this place?"
        raise InputError(msg)
    edge = row_of(knots.indptr)
    void = ~np.isfinite(height_m) & ~network.raised[edge]
    filled = _fill(height_m, knots)
    node_m = _node_heights(network, knots, filled)
    first, last = node_m[network.u][edge], node_m[network.v][edge]
    share = knots.at_m / np.maximum(network.length_m, SHORTEST_M)[edge]
    straight = first + share * (last - first)
    heights = np.where(network.raised[edge], straight, filled)
    void_m = _length_of(void, knots)
    return EdgeHeights(knots.indptr, knots.at_m, heights, void_m)


def steep_edges(network: Network, heights: EdgeHeights) -> pd.DataFrame:
    """
    List streets that are steeper than streets are.

    Parameters
    ----------
    network
        The walking network.
    heights
        Heights along its edges.

    Returns
    -------
    steep
        A row per edge, steepest first: edge, name, highway, lon, lat (of its first vertex),
        length_m, slope (the steepest over `STEEP_OVER_M` metres or a whole shorter part).
    """
    slope = steepest(heights, over_m=STEEP_OVER_M)
    edge = np.flatnonzero(slope > IMPOSSIBLE_SLOPE)
    edge = edge[np.argsort(-slope[edge], kind="stable")]
    vertex = network.indptr[edge]
    return pd.DataFrame(
        {
            "edge": edge,
            "name": network.name[edge],
            "highway": network.highway[edge],
            "lon": network.lon[vertex],
            "lat": network.lat[vertex],
            "length_m": network.length_m[edge],
            "slope": slope[edge],
        }
    )


def steepest(heights: EdgeHeights, *, over_m: float) -> Floats:
    """
    Steepest mean slope of each edge over some metres.

    Parameters
    ----------
    heights
        Heights along the edges.
    over_m
        Knots at least so far apart are compared; an edge that is shorter counts as a whole.

    Returns
    -------
    slope
        Rise over run without sign, shape (m,); 0 where heights are unknown.
    """
    indptr, at_m = heights.indptr, heights.at_m
    edge = row_of(indptr)
    length_m = at_m[indptr[1:] - 1]
    line_m = at_m + (np.cumsum(length_m + over_m) - length_m)[edge]
    wanted = np.minimum(over_m, length_m)[edge]
    far = np.searchsorted(line_m, line_m + wanted - 1e-9, side="left")
    last = indptr[1:][edge] - 1
    inside = far <= last
    far = np.minimum(far, last)
    run_m = at_m[far] - at_m
    rise_m = np.abs(heights.height_m[far] - heights.height_m)
    known = inside & (run_m > 0) & np.isfinite(rise_m)
    slope = np.divide(rise_m, run_m, out=np.zeros(len(run_m)), where=known)
    return np.maximum.reduceat(slope, indptr[:-1])


def _fill(height_m: Floats, knots: Knots) -> Floats:
    """Fill voids evenly between known heights of the same edge; beyond the last, it stays level."""
    table = pd.DataFrame({"edge": row_of(knots.indptr), "height": height_m, "at": knots.at_m})
    known = table["height"].notna()
    if known.all():
        return height_m
    groups = table.assign(at=table["at"].where(known)).groupby("edge", sort=False)
    below, above = groups[["height", "at"]].ffill(), groups[["height", "at"]].bfill()
    span = (above["at"] - below["at"]).to_numpy()
    share = np.divide(
        knots.at_m - below["at"].to_numpy(), span, out=np.zeros(len(span)), where=span > 0
    )
    between = below["height"] + share * (above["height"] - below["height"])
    filled = table["height"].fillna(between).fillna(below["height"]).fillna(above["height"])
    return np.asarray(filled, dtype=np.float64)


def _node_heights(network: Network, knots: Knots, height_m: Floats) -> Floats:
    """Heights of the nodes; those in the air lie evenly between those on the ground."""
    ends = np.concatenate([network.u, network.v])
    end_m = height_m[np.concatenate([knots.indptr[:-1], knots.indptr[1:] - 1])]
    known = np.isfinite(end_m)
    count = np.bincount(ends[known], minlength=network.n_nodes)
    total_m = np.bincount(ends[known], weights=end_m[known], minlength=network.n_nodes)
    # Where the ground is unknown, edges fill in heights of their own.
    node_m = np.where(count > 0, total_m / np.maximum(count, 1), np.nan)
    raised = network.raised & (network.u != network.v)
    degree = np.bincount(ends, minlength=network.n_nodes)
    at_grade = np.zeros(network.n_nodes, dtype=bool)
    at_grade[ends[np.tile(~network.raised, 2)]] = True
    held = (at_grade | (degree == 1)) & np.isfinite(node_m)
    piece = connected_pieces(network.u[raised], network.v[raised], network.n_nodes)
    # A ring in the air that is held nowhere keeps the heights of the ground.
    has_hold = np.bincount(piece, weights=held, minlength=piece.max() + 1) > 0
    in_air = np.zeros(network.n_nodes, dtype=bool)
    in_air[np.concatenate([network.u[raised], network.v[raised]])] = True
    free = np.flatnonzero(in_air & ~held & has_hold[piece])
    if len(free):
        node_m[free] = _between(network, raised, free, held, node_m)
    return node_m


def _between(network: Network, raised: Bools, free: Ints, held: Bools, node_m: Floats) -> Floats:
    """Solve for the free nodes' heights: each the mean of its neighbours by nearness."""
    u, v = network.u[raised], network.v[raised]
    near = 1.0 / np.maximum(network.length_m[raised], SHORTEST_M)
    rows, columns = np.concatenate([u, v]), np.concatenate([v, u])
    n = network.n_nodes
    links = csr_array(coo_array((np.tile(near, 2), (rows, columns)), shape=(n, n)))
    inner = links[free][:, free]
    pull = links[free][:, np.flatnonzero(held)] @ node_m[held]
    total = np.asarray(links[free].sum(axis=1)).ravel()
    system = (coo_array((total, (np.arange(len(free)),) * 2)) - inner).tocsc()
    return np.asarray(spsolve(system, pull), dtype=np.float64).reshape(-1)


def _length_of(flags: Bools, knots: Knots) -> float:
    """Street in metres next to flagged knots."""
    step_m = np.diff(knots.at_m)
    step_m[knots.indptr[1:-1] - 1] = 0.0
    return float(step_m[flags[:-1] | flags[1:]].sum())
