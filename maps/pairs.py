"""Choose and pack the walks to nearby sites that a page counts from."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from walkcover.maps.packing import deltas, pack_ints
from walkcover.result import NearSites

# A page of so many pairs takes some 4 MB for them; it then holds no longer walks.
WANTED_PAIRS = 6_000_000
# The walks within the limit are held beyond that, as what-if would count wrong without them; with
# more than this a page is too large to be passed on, and has no what-if.
MOST_PAIRS = 12_000_000

Ints = npt.NDArray[np.int64]
PlainData = dict[str, Any]


def limit_steps(limit_s: float, step_s: int) -> int:
    """
    Count the whole steps of a limit: where it is no multiple, what-if starts just below it.

    Examples
    --------
    >>> limit_steps(900.0, 10), limit_steps(905.0, 10)
    (90, 90)
    """
    # A limit in minutes may miss its whole seconds by a rounding of the last bit.
    return int(round(limit_s, 6) // step_s)


def page_pairs(near: NearSites, *, limit_s: float) -> NearSites | None:
    """
    Choose the walks that a page holds: all up to some length, so that it knows or knows not.

    With too many pairs the longest walks are left out, never those within the limit. Every count
    of the page up to that length is then still exact, whichever sites are opened or closed; the
    nearest few sites of each residence would not tell where to go once they are closed.

    Parameters
    ----------
    near
        The sites near each residence.
    limit_s
        The walking limit in seconds.

    Returns
    -------
    near
        Walks of up to `limit_s` of the returned table in seconds; None where those within the
        walking limit alone are more than `MOST_PAIRS`.

    Examples
    --------
    >>> near = NearSites(np.array([0, 2]), np.array([1, 0]), np.array([30, 120]), 10, 1500.0)
    >>> page_pairs(near, limit_s=900.0) is near
    True
    """
    longest, limit = round(near.limit_s / near.step_s), limit_steps(limit_s, near.step_s)
    up_to = np.bincount(near.walk_steps, minlength=longest + 1).cumsum()
    fitting = int(np.searchsorted(up_to, WANTED_PAIRS, side="right")) - 1
    steps = min(max(fitting, limit), longest)
    if up_to[steps] > MOST_PAIRS:
        return None
    if steps == longest:
        return near
    keep = near.walk_steps <= steps
    return dataclasses.replace(
        near,
        indptr=np.concatenate([[0], np.cumsum(keep)])[near.indptr],
        site=near.site[keep],
        walk_steps=near.walk_steps[keep],
        limit_s=float(steps * near.step_s),
    )


def packed_pairs(near: NearSites, order: Ints, *, n_sites: int) -> PlainData:
    """
    Pack the pairs by site: residences one after another walk nearly as far to the same site.

    Parameters
    ----------
    near
        The sites near each residence.
    order
        Rows of the residences in the order in which the page holds them.
    n_sites
        Number of sites, those near no residence too.

    Returns
    -------
    data
        `counts`: pairs of each site; `residences` and `steps`: of all pairs, site by site, as
        differences; `tied` and `turn`: pairs whose site does not stand first among those of the
        same residence and step, as differences of positions, and how many stand before it.
    """
    home_row = np.repeat(np.arange(len(near.indptr) - 1), np.diff(near.indptr))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    steps = near.walk_steps.astype(np.int64)
    # Position within the run of equal steps of a residence; the run's start is the last change.
    entry = np.arange(len(steps))
    is_new = np.ones(len(steps), dtype=bool)
    is_new[1:] = (home_row[1:] != home_row[:-1]) | (steps[1:] != steps[:-1])
    turn = entry - np.maximum.accumulate(np.where(is_new, entry, 0))
    by_site = np.lexsort((place[home_row], near.site))
    tied = np.flatnonzero(turn[by_site])
    return {
        "counts": pack_ints(np.bincount(near.site, minlength=n_sites)),
        "residences": pack_ints(deltas(place[home_row[by_site]])),
        "steps": pack_ints(deltas(steps[by_site])),
        "tied": pack_ints(deltas(tied)),
        "turn": pack_ints(turn[by_site][tied]),
    }
