"""Choose and pack the walks to nearby sites that a page counts from."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover.maps.packing import deltas, pack_ints, to_units
from walkcover.result import NearSites

# A page of so many pairs takes some 4 MB for them; it then holds no longer walks.
WANTED_PAIRS = 6_000_000
# The walks within the limit are held beyond that, as what-if would count wrong without them; with
# more than this a page is too large to be passed on, and has no what-if.
MOST_PAIRS = 12_000_000
# Steps per unit of distance, as the page reads them.
PACE_DECIMALS = 6

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


def packed_pairs(
    near: NearSites, order: Ints, residences: pd.DataFrame, sites: pd.DataFrame
) -> PlainData:
    """
    Pack the pairs by site: residences one after another walk nearly as far to the same site.

    A walk is packed as what it differs from the straight line at one pace for all, which both
    Python and the page compute to the same bit; what is left changes little between neighbours.

    Parameters
    ----------
    near
        The sites near each residence.
    order
        Rows of the residences in the order in which the page holds them.
    residences, sites
        Tables with lon and lat in degrees, in the order of `near`.

    Returns
    -------
    data
        `counts`: pairs of each site; `residences` and `rest`: of all pairs, site by site, as
        differences; `pace`, `site_x` and `site_y`: what makes steps of the rest; `tied` and
        `turn`: pairs whose site does not stand first among those of the same residence and step,
        as differences of positions, and how many stand before it.
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
    site_x, site_y = to_units(sites["lon"], sites["lat"])
    x, y = to_units(residences["lon"], residences["lat"])
    row, site = home_row[by_site], near.site[by_site]
    # Whole numbers below 2**53 and one root: the same in every language.
    straight = np.sqrt(((x[row] - site_x[site]) ** 2 + (y[row] - site_y[site]) ** 2).astype(float))
    pace = _pace(straight, steps[by_site])
    guess = np.floor(pace * straight + 0.5).astype(np.int64)
    return {
        "counts": pack_ints(np.bincount(near.site, minlength=len(sites))),
        "residences": pack_ints(deltas(place[row])),
        "pace": pace,
        "site_x": pack_ints(site_x),
        "site_y": pack_ints(site_y),
        "rest": pack_ints(deltas(steps[by_site] - guess)),
        "tied": pack_ints(deltas(tied)),
        "turn": pack_ints(turn[by_site][tied]),
    }


def _pace(straight: npt.NDArray[np.float64], steps: Ints) -> float:
    """Least squares through nothing: steps per unit of straight line."""
    square = float(np.sum(straight * straight))
    return round(float(np.sum(straight * steps)) / square, PACE_DECIMALS) if square else 0.0
