"""Walks from every residence to every site, sorted once, so that sites open and close quickly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from walkcover.joins import Joins, concatenate, take_places
from walkcover.network import Bools, Floats, Ints, row_of
from walkcover.reach import TIE_S, WalkPairs, nearest_sites, walk_pairs
from walkcover.search import SearchGraph, within_limit_s

# Up to so many residences times sites every walk is kept, however far: 82 sites of 22,611
# residences are 1.9 million. Beyond it only walks within `FAR_S` are, 12 bytes and more each.
MOST_WALKS = 20_000_000
# An hour on foot: whoever has no open site within it is searched for again.
FAR_S = 3600.0
# Half a year on foot: no walk is longer, and the search wants a number.
NO_LIMIT_S = 1.6e7
# Sites of a row that are looked at in the first round; each further round looks at twice as many.
FIRST_LOOK = 4


@dataclass(frozen=True)
class SiteWalks:
    """
    Walks between residences and sites, both by site and by residence.

    Parameters
    ----------
    homes, joins
        Where residences and sites join the network.
    graph
        The searchable network.
    pairs
        Walks by site.
    cutoff_s
        Longest walk that is listed; inf where all are.
    """

    homes: Joins
    joins: Joins
    graph: SearchGraph
    pairs: WalkPairs
    cutoff_s: float

    @cached_property
    def _order(self) -> Ints:
        """Pairs by residence, the nearest site first."""
        pairs, n, m = self.pairs, self.homes.n_places, self.joins.n_places
        if not self.covers_all:
            return np.lexsort((pairs.walk_s, pairs.residence))
        # Sorting many short rows of a full table is far quicker than one long sort.
        number = np.full((n, m), -1, dtype=np.int64)
        number[pairs.residence, row_of(pairs.indptr)] = np.arange(len(pairs.residence))
        walk_s = np.where(number >= 0, np.append(pairs.walk_s, 0.0)[number], np.inf)
        ordered = np.take_along_axis(number, walk_s.argsort(axis=1, kind="stable"), axis=1)
        return ordered[ordered >= 0]

    @cached_property
    def _start(self) -> Ints:
        """Where the sites of each residence begin, shape (n_residences + 1,)."""
        counts = np.bincount(self.pairs.residence, minlength=self.homes.n_places)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    @cached_property
    def _site(self) -> NDArray[np.int32]:
        return row_of(self.pairs.indptr)[self._order].astype(np.int32)

    @cached_property
    def _walk_s(self) -> Floats:
        return self.pairs.walk_s[self._order]

    @property
    def covers_all(self) -> bool:
        """Whether a pair that is not listed has no path at all."""
        return bool(np.isinf(self.cutoff_s))

    def no_farther(self, walk_s: Floats) -> list[Ints]:
        """
        List for each site the residences that may walk there as far as they walk already.

        Only these have another nearest site, or another walk, if the site opens or closes.

        Parameters
        ----------
        walk_s
            Walk of each residence in seconds; inf where it has none.

        Returns
        -------
        rows
            By site, ascending: residences to which it is no farther, or farther by no more than a
            tie; where not all walks are listed, also whoever walks farther than those.
        """
        pairs = self.pairs
        near = np.flatnonzero(pairs.walk_s <= walk_s[pairs.residence] + TIE_S)
        cuts = np.searchsorted(near, pairs.indptr[1:-1])
        by_site = np.split(pairs.residence[near].astype(np.int64), cuts)
        if self.covers_all:
            return by_site
        far = np.flatnonzero(walk_s + TIE_S > self.cutoff_s)
        return [np.union1d(rows, far) for rows in by_site]

    def nearest(
        self,
        rows: Ints,
        is_open: Bools,
        *,
        rank: Ints,
        further: Joins | None = None,
        further_s: Floats | None = None,
    ) -> tuple[Floats, Ints]:
        """
        Walk from some residences to their nearest open site.

        Parameters
        ----------
        rows
            Residences.
        is_open
            Shape (n_sites,): sites that count.
        rank
            Shape (n_sites + k,): of sites equally far within a millisecond the smallest rank wins.
        further
            Where k more sites, all open, join the network.
        further_s
            Walk from each residence to each of these, shape (k, n_residences), as of
            `walks_to`.

        Returns
        -------
        walk_s
            Seconds, shape (len(rows),); inf where no path exists.
        site
            Row of the nearest site, from n_sites on one of the further ones; -1 where there is
            none.
        """
        more_s = np.empty((0, len(rows))) if further_s is None else further_s[:, rows]
        first = self._first_open(rows, is_open)
        known = first >= 0
        walk_s = np.full(len(rows), np.inf)
        walk_s[known] = self._walk_s[first[known]]
        walk_s = np.minimum(walk_s, more_s.min(axis=0, initial=np.inf))
        site = self._smallest_rank(rows, first, is_open, walk_s + TIE_S, rank)
        for number, column_s in enumerate(more_s, start=len(is_open)):
            wins = np.isfinite(column_s) & (column_s <= walk_s + TIE_S)
            wins &= (site < 0) | (rank[number] < rank[site])
            site[wins] = number
        if not self.covers_all:
            lost = np.flatnonzero(~(walk_s + TIE_S <= self.cutoff_s))
            walk_s[lost], site[lost] = self._search(rows[lost], is_open, rank, further)
        return walk_s, site

    def _first_open(self, rows: Ints, is_open: Bools) -> Ints:
        """Place of each row's first open site in the lists by residence, -1 without one."""
        found = np.full(len(rows), -1)
        at, end = self._start[rows], self._start[rows + 1]
        waiting, width = np.flatnonzero(at < end), FIRST_LOOK
        while len(waiting):
            place = at[waiting, None] + np.arange(width)
            inside = place < end[waiting, None]
            hit = inside & is_open[self._site[np.minimum(place, len(self._site) - 1)]]
            first = hit.argmax(axis=1)
            is_hit = hit[np.arange(len(waiting)), first]
            found[waiting[is_hit]] = (at[waiting] + first)[is_hit]
            at[waiting] += width
            waiting = waiting[~is_hit & (at[waiting] < end[waiting])]
            width *= 2
        return found

    def _smallest_rank(
        self, rows: Ints, first: Ints, is_open: Bools, bound_s: Floats, rank: Ints
    ) -> Ints:
        """Open site of the smallest rank within the bound, -1 where there is none."""
        site = np.full(len(rows), -1)
        place, end = first.copy(), self._start[rows + 1]
        waiting = np.flatnonzero(first >= 0)
        while len(waiting):
            waiting = waiting[self._walk_s[place[waiting]] <= bound_s[waiting]]
            other = self._site[place[waiting]]
            best = site[waiting]
            wins = is_open[other] & ((best < 0) | (rank[other] < rank[best]))
            site[waiting[wins]] = other[wins]
            place[waiting] += 1
            waiting = waiting[place[waiting] < end[waiting]]
        return site

    def _search(
        self, rows: Ints, is_open: Bools, rank: Ints, further: Joins | None
    ) -> tuple[Floats, Ints]:
        """Search for the nearest open site of residences whose walks are not all listed."""
        number = np.flatnonzero(is_open)
        joins = take_places(self.joins, number)
        if further is not None:
            joins = concatenate(joins, further)
            number = np.append(number, len(is_open) + np.arange(further.n_places))
        order = np.argsort(rank[number], kind="stable")
        site_rank = np.empty(len(number), dtype=np.int64)
        site_rank[order] = np.arange(len(number))
        walk_s, site = nearest_sites(
            take_places(self.homes, rows), joins, self.graph, site_rank=site_rank
        )
        return walk_s, np.append(number, -1)[site]


def site_walks(
    homes: Joins, joins: Joins, graph: SearchGraph, *, most: int = MOST_WALKS, far_s: float = FAR_S
) -> SiteWalks:
    """
    Walk from every residence to every site.

    Parameters
    ----------
    homes, joins
        Where residences and sites join the network.
    graph
        The searchable network.
    most
        Residences times sites up to which all walks are kept.
    far_s
        Longest walk that is kept beyond that number, in seconds.

    Returns
    -------
    walks
        Ready for any set of open sites.
    """
    covers_all = homes.n_places * joins.n_places <= most
    limit_s = NO_LIMIT_S if covers_all else far_s
    pairs = walk_pairs(homes, joins, graph, limit_s=limit_s)
    cutoff_s = np.inf if covers_all else within_limit_s(far_s)
    return SiteWalks(homes, joins, graph, pairs, cutoff_s)


def walks_to(homes: Joins, joins: Joins, graph: SearchGraph) -> Floats:
    """
    Walk from every residence to each of a few sites, however far.

    Parameters
    ----------
    homes, joins
        Where residences and sites join the network.
    graph
        The searchable network.

    Returns
    -------
    walk_s
        Seconds, shape (n_sites, n_residences); inf where no path exists.
    """
    pairs = walk_pairs(homes, joins, graph, limit_s=NO_LIMIT_S)
    walk_s = np.full((joins.n_places, homes.n_places), np.inf)
    walk_s[row_of(pairs.indptr), pairs.residence] = pairs.walk_s
    return walk_s
