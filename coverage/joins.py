"""Where places join the walking network."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from walkcover.network import Bools, Floats, Ints, segment_at
from walkcover.street_index import StreetIndex


@dataclass(frozen=True)
class Joins:
    """
    Where places join the network; a place may have several doors, each with a join.

    Parameters
    ----------
    n_places
        Number of places, joined or not.
    place
        Shape (k,), ascending: the place that a join belongs to.
    edge
        Edge of the join.
    offset_m
        Geodesic distance of the join from the first vertex of its edge.
    leg_m
        Length of the access leg, from the place to the join.
    lon, lat
        The join point in WGS84 degrees.
    snap_m
        Shape (n_places,): the shortest access leg; NaN where a place joins nothing.
    snap_to
        Shape (n_places,): what the shortest access leg joins, ``main``, ``private``, ``island``,
        or None.
    by_entrance
        Shape (n_places,): places that are left through entrances of the extract.
    """

    n_places: int
    place: Ints
    edge: Ints
    offset_m: Floats
    leg_m: Floats
    lon: Floats
    lat: Floats
    snap_m: Floats
    snap_to: NDArray[np.object_]
    by_entrance: Bools


def joined_part(edge: Ints, index: StreetIndex) -> NDArray[np.object_]:
    """
    Say which part of the network edges belong to.

    Parameters
    ----------
    edge
        Edges, shape (k,).
    index
        The streets.

    Returns
    -------
    part
        ``main``, ``private`` or ``island``, shape (k,).
    """
    net = index.network
    part = np.where(net.island[edge], 2, np.where(net.private[edge], 1, 0))
    return np.array(["main", "private", "island"], dtype=object)[part]


def on_network(edge: Ints, offset_m: Floats, index: StreetIndex) -> Joins:
    """
    Joins of places that lie on edges, without access legs.

    Parameters
    ----------
    edge
        Edges, shape (k,).
    offset_m
        Geodesic distance from the first vertex of each.
    index
        The streets.

    Returns
    -------
    joins
        A join per place, in the order given.
    """
    degrees = index.to_degrees(points_on_edges(edge, offset_m, index))
    n = len(edge)
    return Joins(
        n_places=n,
        place=np.arange(n),
        edge=edge,
        offset_m=offset_m,
        leg_m=np.zeros(n),
        lon=degrees[:, 0],
        lat=degrees[:, 1],
        snap_m=np.zeros(n),
        snap_to=joined_part(edge, index),
        by_entrance=np.zeros(n, dtype=bool),
    )


def points_on_edges(edge: Ints, offset_m: Floats, index: StreetIndex) -> Floats:
    """
    Find places on edges.

    Parameters
    ----------
    edge
        Edges, shape (k,).
    offset_m
        Geodesic distance from the first vertex of each.
    index
        The streets.

    Returns
    -------
    xy
        Planar coordinates, shape (k, 2).
    """
    net = index.network
    xy = shapely.get_coordinates(index.lines)
    k = segment_at(net.at_m, net.indptr, edge, offset_m)
    span = net.at_m[k + 1] - net.at_m[k]
    share = np.divide(offset_m - net.at_m[k], span, out=np.zeros(len(k)), where=span > 0)
    return np.asarray(xy[k] + np.clip(share, 0, 1)[:, None] * (xy[k + 1] - xy[k]))


def concatenate(first: Joins, second: Joins) -> Joins:
    """
    Put places of two tables behind each other.

    Parameters
    ----------
    first, second
        Joins on the same network.

    Returns
    -------
    joins
        The places of `first`, then those of `second`.
    """
    parts = {
        f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)])
        for f in dataclasses.fields(Joins)
        if f.name not in ("n_places", "place")
    }
    return Joins(
        n_places=first.n_places + second.n_places,
        place=np.concatenate([first.place, second.place + first.n_places]),
        **parts,
    )


def take_places(joins: Joins, rows: Ints) -> Joins:
    """
    Pick places.

    Parameters
    ----------
    joins
        Joins of places.
    rows
        Places to keep, without repetition, in their new order.

    Returns
    -------
    joins
        The joins of the places picked, numbered anew.
    """
    number = np.full(joins.n_places, -1)
    number[rows] = np.arange(len(rows))
    place = number[joins.place]
    order = np.argsort(place, kind="stable")
    order = order[place[order] >= 0]
    by_place = ("snap_m", "snap_to", "by_entrance")
    by_join = ("edge", "offset_m", "leg_m", "lon", "lat")
    return Joins(
        n_places=len(rows),
        place=place[order],
        **{name: getattr(joins, name)[rows] for name in by_place},
        **{name: getattr(joins, name)[order] for name in by_join},
    )
