"""How many days of teams no plan of rounds can do without."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from walkcover._routes import Case

Floats = npt.NDArray[np.float64]

# Seconds, and shares of a shift, that rounding may add up to.
ROUNDING = 1e-6


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
        visits that take more than half a day, or half a vehicle, each need a day of their own,
        and the others have only the room beside them (Martello & Toth 1990, bound L2).

    Notes
    -----
    A stop with more tests than fit a day can be cut into visits otherwise than here, but not into
    fewer; its tests then count for packing as if they could be poured.
    """
    if not case.parts:
        return 0
    teams = case.teams
    setup_s = min(team.setup_s for team in teams)
    rate = max(team.tests_per_hour for team in teams)
    shift_s = max(team.shift_s for team in teams)
    room = max(math.floor(team.tests_per_day) for team in teams)
    tests = np.array([part.tests for part in case.parts], dtype=np.float64)
    stop = np.array([part.stop for part in case.parts])
    whole = np.bincount(stop)[stop] == 1
    service_s = setup_s + tests * 3600.0 / rate
    days = [_packing(tests, whole, float(room))]
    for drive_s in (case.drive_s, case.drive_s.T):
        least_s, out_s, home_s = _legs(case, drive_s, stop)
        days.append(_time(service_s + least_s, out_s - least_s, home_s, shift_s))
        spent_s = float((out_s - least_s).min() + home_s.min())
        days.append(_packing(service_s + least_s, whole, shift_s - spent_s))
    return max(1, *days)


def _legs(
    case: Case, drive_s: Floats, stop: npt.NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """Least leg to each part from any other place, least from a base, and least to a base."""
    place = case.place[stop]
    bases = sorted({team.base for team in case.teams})
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


def _packing(size: Floats, whole: npt.NDArray[np.bool_], room: float) -> int:
    """Fewest bins for things of which those that are not whole can be poured."""
    fixed = np.sort(size[whole])
    poured = float(size[~whole].sum())
    best = math.ceil(size.sum() / room - ROUNDING)
    for small in np.unique(np.append(0.0, fixed[fixed <= room / 2])):
        # Things below `small` are left out, which can only make fewer bins enough.
        large = fixed[fixed > room / 2]
        shared = large[large <= room - small]
        middle = float(fixed[(fixed >= small) & (fixed <= room / 2)].sum())
        beside = len(shared) * room - float(shared.sum())
        beside_any = len(large) * room - float(large.sum())
        more = max(middle - beside, middle + poured - beside_any, 0.0)
        best = max(best, len(large) + math.ceil(more / room - ROUNDING))
    return best
