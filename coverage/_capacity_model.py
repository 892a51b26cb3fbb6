"""Siting with desk time: the merged model and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from walkcover.capacity import largest_flow
from walkcover.pairs import CoverPairs, Flags, Ints

Floats = npt.NDArray[np.float64]

# Whole-numbered bounds are rounded with this slack, wider than any error of the solver.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Model:
    """
    Standing sites, things money can buy, and residences merged where they reach the same sites.

    Parameters
    ----------
    pairs
        Merged residences that each site reaches; sites nobody can stand at are left out.
    people
        People of each merged residence.
    base_people, is_fixed
        Capacity of each site as it stands, and whether it stands.
    site, add_people, cost, most
        The options: their site, the capacity they add, their cost, how often they may be taken.
    """

    pairs: CoverPairs
    people: Floats
    base_people: Floats
    is_fixed: Flags
    site: Ints
    add_people: Floats
    cost: Floats
    most: Ints

    @cached_property
    def reach(self) -> sparse.csr_array:
        """The pairs by residence, as a matrix of ones."""
        ptr, sites = self.pairs.by_residence
        return sparse.csr_array(
            (np.ones(sites.size, dtype=np.int8), sites, ptr),
            shape=(self.people.size, self.pairs.n_candidates),
        )

    @cached_property
    def steps(self) -> Steps:
        """The options one by one: a repeated one is as many steps."""
        option = np.repeat(np.arange(self.site.size), self.most)
        copy = np.arange(option.size) - np.repeat(np.cumsum(self.most) - self.most, self.most)
        low = self.base_people[self.site[option]] + copy * self.add_people[option]
        # Sizes of a new site exclude each other; each step of an extension stands for itself.
        rival = np.where(
            self.is_fixed[self.site[option]],
            self.pairs.n_candidates + np.arange(option.size),
            self.site[option],
        )
        order = np.argsort(rival, kind="stable")
        option, low, rival = option[order], low[order], rival[order]
        return Steps(
            option=option,
            site=self.site[option],
            low_people=low,
            high_people=low + self.add_people[option],
            cost=self.cost[option],
            rival=np.unique(rival, return_inverse=True)[1],
        )

    def stands(self, times: Ints) -> Flags:
        """Sites that stand once each option is taken so many times."""
        flags = self.is_fixed.copy()
        flags[self.site[times > 0]] = True
        return flags

    def capacity(self, times: Ints) -> Floats:
        """Capacity of each site once each option is taken so many times."""
        bought = np.bincount(self.site, times * self.add_people, minlength=self.base_people.size)
        return np.where(self.stands(times), self.base_people + bought, 0.0)

    def arcs(self, times: Ints) -> tuple[Ints, Ints]:
        """Site and residence of every pair of a site that stands."""
        sizes = np.diff(self.pairs.indptr)
        standing = np.flatnonzero(self.stands(times))
        spans = [np.zeros(0, dtype=np.int32), *map(self.pairs.residences_of, standing.tolist())]
        return np.repeat(standing, sizes[standing]), np.concatenate(spans).astype(np.int64)

    def served(self, times: Ints) -> float:
        """People who are served once each option is taken so many times."""
        site, residence = self.arcs(times)
        flow = largest_flow(site, residence, self.people, self.capacity(times))
        return float(flow.sum())


@dataclass(frozen=True)
class Steps:
    """
    Options one by one, sorted by rival: of equal rivals at most one is taken.

    A step raises the capacity of its site from `low_people` to `high_people`.
    """

    option: Ints
    site: Ints
    low_people: Floats
    high_people: Floats
    cost: Floats
    rival: Ints

    @cached_property
    def starts(self) -> Ints:
        """First step of each rival."""
        return np.searchsorted(self.rival, np.arange(self.rival.max(initial=-1) + 1))


@dataclass(frozen=True)
class Question:
    """The most people within a budget (`need` is None), or the need at the least cost."""

    budget: float = np.inf
    need: float | None = None


def merged(pairs: CoverPairs, people: Floats, sites: Ints) -> tuple[CoverPairs, Floats]:
    """Keep some sites and merge the residences that reach the same of them, no matter which."""
    spans = [pairs.residences_of(int(site)) for site in sites]
    column = np.repeat(np.arange(sites.size), [span.size for span in spans])
    row = np.concatenate([np.zeros(0, dtype=np.int32), *spans]).astype(np.int64)
    kept = people[row] > 0
    column, row = column[kept], row[kept]
    # Equal sets of sites have equal sums of random keys, and others have not but for 1 in 2^128.
    keys = np.random.default_rng(0).integers(0, 2**64, (2, sites.size), dtype=np.uint64)
    order = np.argsort(row, kind="stable")
    homes, first = np.unique(row[order], return_index=True)
    if homes.size == 0:
        nothing = np.zeros(sites.size + 1, dtype=np.int64)
        return CoverPairs.from_csr(nothing, nothing[:0], n_residences=0), np.zeros(0)
    prints = np.column_stack([np.add.reduceat(key[column[order]], first) for key in keys])
    _, chosen, group = np.unique(prints, axis=0, return_index=True, return_inverse=True)
    counts = np.bincount(group.ravel(), people[homes], minlength=chosen.size).astype(np.float64)
    place = np.full(people.size, -1)
    place[homes[chosen]] = np.arange(chosen.size)
    kept = place[row] >= 0
    indptr = np.append(0, np.cumsum(np.bincount(column[kept], minlength=sites.size)))
    return CoverPairs.from_csr(indptr, place[row[kept]], n_residences=chosen.size), counts


def without(model: Model, dropped: Flags) -> tuple[Model, Ints]:
    """Leave options out, and merge anew; also the options that stay."""
    options = np.flatnonzero(~dropped)
    kept = model.is_fixed.copy()
    kept[model.site[options]] = True
    sites = np.flatnonzero(kept)
    pairs, people = merged(model.pairs, model.people, sites)
    rest = Model(
        pairs=pairs,
        people=people,
        base_people=model.base_people[sites],
        is_fixed=model.is_fixed[sites],
        site=np.searchsorted(sites, model.site[options]),
        add_people=model.add_people[options],
        cost=model.cost[options],
        most=model.most[options],
    )
    return rest, options
