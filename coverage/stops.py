"""Stops of roving teams: at whose door they stand, and who walks to which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from walkcover.joins import Joins, take_places
from walkcover.network import Bools, Floats, Ints, row_of
from walkcover.pairs import CoverPairs
from walkcover.reach import WalkPairs, walk_pairs
from walkcover.search import SearchGraph
from walkcover.siting import min_sites
from walkcover.street_index import Shapes, StreetIndex

# With more places than these, a stop may stand at one place of each square of so many metres.
MANY, SQUARE_M = 3_000, 100.0
# Times that stops move towards the people who come to them, at most.
MOVES = 8


@dataclass(frozen=True)
class Stops:
    """
    Where teams stop.

    Parameters
    ----------
    at
        Place at which each stop stands, ascending, shape (n_stops,).
    stop
        Stop that each place comes to, -1 for none, shape (n_places,).
    walk_s
        Walk of each place to its stop in seconds, 0 for the place itself, inf without a stop.
    """

    at: Ints
    stop: Ints
    walk_s: Floats


def choose_stops(
    places: Joins,
    people: Floats,
    points: Shapes,
    graph: SearchGraph,
    index: StreetIndex,
    *,
    alone: Bools,
    usable: Bools,
    road_m: Floats,
    limit_s: float,
    time_limit_s: float = 20.0,
    seed: int = 0,
) -> Stops:
    """
    Choose the fewest stops within a walk of all places, and move them towards the people.

    A stop stands at one of the places. Every place comes to its nearest stop; that at which a
    stop stands has no way, whether or not it joins the walking network.

    Parameters
    ----------
    places
        Where the places join the walking network.
    people
        People of each, shape (n,).
    points
        The places as points in WGS84 degrees, shape (n,).
    graph, index
        The walking network.
    alone
        Places to which a team comes itself: they have a stop of their own, and nobody else comes.
    usable
        Places at which a team can stop and do something.
    road_m
        Metres from each place to its road, NaN for none; of places that are as good otherwise a
        stop stands at the nearest to its road. Places with a road that are out of reach of every
        usable one have stops among themselves, so that it can be said why nobody comes.
    limit_s
        Longest walk in seconds.
    time_limit_s, seed
        Safety stop and start of the search.

    Returns
    -------
    stops
        The stops. Their number is the fewest, unless time ran out or there are more places than
        `MANY`; then stops stand at one place of each square of `SQUARE_M`, or at places that
        would have none otherwise.

    Notes
    -----
    The covering tour problem chooses stops and the way between them at once (Gendreau, Laporte &
    Semet 1997); here the fewest stops come first, as setting up at one takes longer than most
    detours.

    References
    ----------
    Toregas et al. (1971) for the fewest stops.
    """
    at, walk_s = np.full(places.n_places, -1), np.full(places.n_places, np.inf)
    possible = np.isfinite(road_m)
    own = alone & possible
    at[own], walk_s[own] = np.flatnonzero(own), 0.0
    for standing in (usable, possible):
        waiting = np.flatnonzero(~alone & (at < 0))
        offered = np.flatnonzero(~alone & (at < 0) & standing)
        if not len(offered):
            continue
        if len(offered) > MANY:
            offered = _one_per_square(offered, people, points, index)
        pairs = _reach(places, waiting, offered, graph, limit_s)
        lonely = np.zeros(places.n_places, dtype=bool)
        lonely[waiting] = standing[waiting]
        lonely[waiting[pairs.residence]] = False
        if lonely.any():
            offered = np.union1d(offered, np.flatnonzero(lonely))
            pairs = _reach(places, waiting, offered, graph, limit_s)
        cover = CoverPairs.from_csr(pairs.indptr, pairs.residence, n_residences=len(waiting))
        reached = np.zeros(len(waiting))
        reached[pairs.residence] = 1.0
        chosen = min_sites(cover, reached, time_limit_s=time_limit_s / 2, seed=seed).chosen
        near, walks = _nearest(
            _moved(chosen, pairs, people[waiting], road_m[offered]), pairs, len(waiting)
        )
        found = near >= 0
        at[waiting[found]], walk_s[waiting[found]] = offered[near[found]], walks[found]
    stands = np.unique(at[at >= 0])
    stop = np.where(at >= 0, np.searchsorted(stands, at), -1)
    return Stops(stands, stop, walk_s)


def _one_per_square(offered: Ints, people: Floats, points: Shapes, index: StreetIndex) -> Ints:
    """Keep the place with most people in each square, of equals the first."""
    xy = shapely.get_coordinates(index.to_metric(points[offered]))
    square = np.floor(xy / SQUARE_M)
    order = np.lexsort([offered, -people[offered], square[:, 1], square[:, 0]])
    _, first = np.unique(square[order], axis=0, return_index=True)
    return np.sort(offered[order[first]])


def _reach(
    places: Joins, meeting: Ints, offered: Ints, graph: SearchGraph, limit_s: float
) -> WalkPairs:
    """Places within the limit of each offered one, itself among them; rows number `meeting`."""
    found = walk_pairs(
        take_places(places, meeting), take_places(places, offered), graph, limit_s=limit_s
    )
    own = np.searchsorted(meeting, offered)
    site = np.concatenate([np.arange(len(offered)), row_of(found.indptr)])
    place = np.concatenate([own, found.residence])
    walk_s = np.concatenate([np.zeros(len(offered)), found.walk_s])
    # The place itself stands first and counts, whatever way there is round the block.
    key = site * len(meeting) + place
    _, first = np.unique(key, return_index=True)
    counts = np.bincount(site[first], minlength=len(offered))
    return WalkPairs(
        indptr=np.append(0, np.cumsum(counts)).astype(np.int64),
        residence=place[first].astype(np.int32),
        walk_s=walk_s[first],
    )


def _nearest(chosen: Ints, pairs: WalkPairs, n: int) -> tuple[Ints, Floats]:
    """Nearest chosen site of each place, -1 for none, of equals the first; and the walk."""
    near, walk_s = np.full(n, -1), np.full(n, np.inf)
    for site in np.sort(chosen):
        part = slice(pairs.indptr[site], pairs.indptr[site + 1])
        place, walk = pairs.residence[part], pairs.walk_s[part]
        closer = walk < walk_s[place]
        near[place[closer]], walk_s[place[closer]] = site, walk[closer]
    return near, walk_s


def _moved(chosen: Ints, pairs: WalkPairs, people: Floats, road_m: Floats) -> Ints:
    """
    Move each site to where the people who come to it walk least, as long as all can come.

    Of equally good places the nearest to its road is taken.
    """
    n_sites = len(pairs.indptr) - 1
    site = row_of(pairs.indptr)
    for _ in range(MOVES):
        near, _ = _nearest(chosen, pairs, len(people))
        group = near[pairs.residence]
        table = group * n_sites + site
        keys, row = np.unique(table[group >= 0], return_inverse=True)
        share = pairs.residence[group >= 0]
        comes = np.bincount(row)
        cost = np.bincount(row, weights=people[share] * pairs.walk_s[group >= 0])
        of, where = keys // max(n_sites, 1), keys % max(n_sites, 1)
        size = np.bincount(near[near >= 0], minlength=n_sites)
        able = comes == size[of]
        of, where, cost = of[able], where[able], cost[able]
        order = np.lexsort([where, where != of, road_m[where].round(), cost.round(), of])
        _, first = np.unique(of[order], return_index=True)
        moved = np.unique(where[order[first]])
        if np.array_equal(moved, np.sort(chosen)):
            break
        chosen = moved
    return chosen
