"""How many days of teams no plan of rounds can do without."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from walkcover._routes import Case

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Seconds, and shares of a shift, that rounding may add up to.
ROUNDING = 1e-6
# Things that share a day, at most, in the bound from packing.
MOST_TO_A_BIN = 20


def least_days(case: Case) -> int:
    """
    Bound the days of teams from below, over all plans that take every part.

    Parameters
    ----------
    case
        What is to be done. Teams count as the best of all kinds in everything but their bases.

    Returns
    -------
    days
        The largest of three bounds. *Tests*: they fill that many vehicles. *Time*: every visit
        has one leg that leads to it, from a stop or a base, and at least the shortest; every day
        begins with a leg from a base, which exceeds that shortest leg, and ends with one home.
        The days begin at visits of their own and end at visits of their own, so that n days
        exceed by at least the n least. The same holds with the legs read backwards. *Packing*:
        of things larger than 1 / (k + 1) of a day at most k share one, and of those larger than
        j / (k + 1) each counts as j of them. Things that add up to s, cut into v, then count for
        at least ceil((k + 1) s) - v. Beside a thing of more than half a day fits only what is
        smaller than its rest.

    Notes
    -----
    It holds for plans that visit a stop on no more days than its tests need, however they cut
    them.

    References
    ----------
    Fekete & Schepers (2001), New classes of fast lower bounds for bin packing problems; Martello
    & Toth (1990), bound L2.
    """
    if not case.parts:
        return 0
    teams = case.teams
    setup_s = min(team.setup_s for team in teams)
    rate = max(team.tests_per_hour for team in teams)
    shift_s = max(team.shift_s for team in teams)
    room = max(math.floor(team.tests_per_day) for team in teams)
    tests = np.array([part.tests for part in case.parts], dtype=np.float64)
    numbers = np.array([part.stop for part in case.parts])
    stop = np.unique(numbers, return_inverse=True)[1]
    service_s = setup_s + tests * 3600.0 / rate
    days = [_packing(tests, stop, float(room))]
    for drive_s in (case.drive_s, case.drive_s.T):
        least_s, out_s, home_s = _legs(case, drive_s, numbers)
        days.append(_time(service_s + least_s, out_s - least_s, home_s, shift_s))
        spent_s = float((out_s - least_s).min() + home_s.min())
        days.append(_packing(service_s + least_s, stop, shift_s - spent_s))
    return max(1, *days)


def _legs(case: Case, drive_s: Floats, stop: Ints) -> tuple[Floats, Floats, Floats]:
    """Least leg to each part from any other place, least from a base, and least to a base."""
    place = case.place[stop]
    bases = np.unique([team.base for team in case.teams])
    _, first, back = np.unique(stop, return_index=True, return_inverse=True)
    others = place[first]
    legs = drive_s[np.ix_(others, others)].copy()
    # One stop twice on a day would be one visit.
    np.fill_diagonal(legs, np.inf)
    from_stop = legs.min(axis=0)
    out_s = drive_s[np.ix_(bases, others)].min(axis=0)
    home_s = drive_s[np.ix_(others, bases)].min(axis=1)
    least_s = np.minimum(from_stop, out_s)
    return least_s[back], out_s[back], home_s[back]


def _time(work_s: Floats, more_out_s: Floats, home_s: Floats, shift_s: float) -> int:
    """Fewest days whose shifts hold all work, and as many least legs out and home."""
    n = len(work_s)
    spent_s = np.cumsum(np.sort(more_out_s)) + np.cumsum(np.sort(home_s))
    fits = work_s.sum() + spent_s <= shift_s * np.arange(1, n + 1) + ROUNDING
    return int(np.argmax(fits)) + 1 if fits.any() else n


def _packing(size: Floats, stop: Ints, room: float) -> int:
    """Fewest bins for parts of stops that can be cut otherwise, but not into fewer parts."""
    whole = np.bincount(stop, weights=size) / room - ROUNDING
    visits = np.bincount(stop)
    best = math.ceil(float(whole.sum()))
    for k in range(1, MOST_TO_A_BIN + 1):
        counts = np.maximum(0.0, np.ceil((k + 1) * whole) - visits)
        best = max(best, math.ceil(float(counts.sum()) / k - ROUNDING))
    return max(best, _large_and_middle(whole, visits))


def _large_and_middle(whole: Floats, visits: Ints) -> int:
    """Fewest bins where large things leave some room for smaller ones."""
    fixed = np.sort(whole[visits == 1])
    poured = float(whole[visits > 1].sum())
    large = fixed[fixed > 0.5]
    best = 0
    for small in np.unique(np.append(0.0, fixed[(fixed > 0) & (fixed <= 0.5)])):
        # Things below `small` are left out, which can only make fewer bins enough.
        shared = large[large <= 1.0 - small]
        middle = float(fixed[(fixed >= small) & (fixed <= 0.5)].sum())
        beside = len(shared) - float(shared.sum())
        beside_any = len(large) - float(large.sum())
        more = max(middle - beside, middle + poured - beside_any, 0.0)
        best = max(best, len(large) + math.ceil(more - ROUNDING))
    return best
