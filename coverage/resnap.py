"""Join places to changed streets: only those near a change are looked at again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import shapely

from walkcover.barriers import Barriers
from walkcover.joins import Joins, concatenate, take_places
from walkcover.network import Bools, Ints, Network
from walkcover.snap import PLANAR_SLACK, snap
from walkcover.street_index import Shapes, StreetIndex

# What of an edge decides whether and where places join it, besides its vertices.
FLAGS = ("private", "raised", "island")
# Entrances may lie so far off their outline, and rounded coordinates a little farther.
BESIDE_M = 1.0


def same_edges(before: Network, after: Network) -> Ints:
    """
    Find the edges of a network again in another one.

    Parameters
    ----------
    before, after
        Two networks of mostly the same streets.

    Returns
    -------
    number
        Shape (m,): the edge of `after` with the vertices and flags of each edge of `before`; -1
        where there is none. Of several that are alike the first is the first.
    """
    keys = [_keys(one) for one in (before, after)]
    both = pd.concat(keys, ignore_index=True)
    kind = both.groupby(list(both.columns), sort=False).ngroup().to_numpy()
    old, new = (
        pd.MultiIndex.from_arrays([part, pd.Series(part).groupby(part).cumcount()])
        for part in np.split(kind, [before.n_edges])
    )
    return np.asarray(new.get_indexer(old), dtype=np.int64)


def _keys(network: Network) -> pd.DataFrame:
    """What tells edges apart: ends, second vertices, sums over all vertices, length and flags."""
    first, last = network.indptr[:-1], network.indptr[1:] - 1
    columns = {"size": last - first, "length_m": network.length_m}
    for name in ("lon", "lat"):
        columns[f"sum_{name}"] = np.add.reduceat(getattr(network, name), first)
    for name, vertex in {"first": first, "second": first + 1, "last": last}.items():
        columns |= {f"{name}_lon": network.lon[vertex], f"{name}_lat": network.lat[vertex]}
    return pd.DataFrame(columns | {name: getattr(network, name) for name in FLAGS})


def resnap(
    places: Shapes,
    joins: Joins,
    before: StreetIndex,
    after: StreetIndex,
    *,
    limit_m: float,
    from_inside: Bools | None = None,
    barriers: Barriers | None = None,
) -> tuple[Joins, int]:
    """
    Join places to changed streets.

    Where a place joins hangs on the streets within the limit alone. Only places with a street near
    them that is gone, new, or of another kind (an island, private) are joined anew.

    Parameters
    ----------
    places
        Points and polygons in WGS84 degrees, shape (n,).
    joins
        What `walkcover.snap.snap` made of them with the streets as they were.
    before, after
        The streets as they were, and as they are now.
    limit_m, from_inside, barriers
        As `joins` were made with.

    Returns
    -------
    joins
        What `walkcover.snap.snap` makes of them with the streets as they are now.
    looked_at
        How many places were joined anew.
    """
    if before.crs != after.crs:
        again = np.arange(len(places))
        number = np.full(before.network.n_edges, -1)
    else:
        number = same_edges(before.network, after.network)
        again = _near_changes(places, before, after, number, limit_m)
    if not len(again):
        return dataclasses.replace(joins, edge=number[joins.edge]), 0
    inside = None if from_inside is None else from_inside[again]
    fresh = snap(places[again], after, limit_m=limit_m, from_inside=inside, barriers=barriers)
    kept = np.setdiff1d(np.arange(len(places)), again)
    old = take_places(joins, kept)
    old = dataclasses.replace(old, edge=number[old.edge])
    order = np.argsort(np.concatenate([kept, again]), kind="stable")
    return take_places(concatenate(old, fresh), order), len(again)


def _near_changes(
    places: Shapes, before: StreetIndex, after: StreetIndex, number: Ints, limit_m: float
) -> Ints:
    """Places within the limit of an edge that one of the networks has and the other has not."""
    is_new = np.ones(after.network.n_edges, dtype=bool)
    is_new[number[number >= 0]] = False
    changed = np.concatenate([before.lines[number < 0], after.lines[is_new]])
    if not len(changed):
        return np.empty(0, dtype=np.int64)
    reach_m = limit_m * PLANAR_SLACK + BESIDE_M
    tree = shapely.STRtree(before.to_metric(places))
    hit = tree.query(changed, predicate="dwithin", distance=reach_m)[1]
    return np.unique(hit).astype(np.int64)
