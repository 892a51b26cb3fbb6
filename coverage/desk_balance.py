"""Desks that sites have against those that they need, and the queues before them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._hour_words import DAYS
from walkcover.day_profile import PARTS, Floats, OpenDays
from walkcover.plan import HOURS_OF_A_DAY
from walkcover.queues import Queues, hourly_queues, queue_status

# Desks are whole; this share of what they do is rounding.
DESK_ROUNDING = 1e-9
WORST = ("worst_hour", "worst_waiting", "worst_wait_min", "left", "status")


def desk_balance(
    tests: Floats, desks: Floats, days: OpenDays, *, tests_per_desk_hour: float
) -> pd.DataFrame:
    """
    Count the desks that each site needs for a day's tests, and what it has.

    Parameters
    ----------
    tests
        Tests of a day, the mean of a week, shape (n_sites,).
    desks
        Desks of each site, NaN where they are not known.
    days
        When each site is open.
    tests_per_desk_hour
        Tests of a desk that is kept busy.

    Returns
    -------
    balance
        A row per site: open_hours (of a day, the mean of a week), capacity (tests a day),
        load_share, desks_needed (fewest whole desks that take the day's tests), desks_short,
        desks_spare, and extend_hours: hours longer, on every day on which the site is open, that
        do with the desks it has; 0 where it has enough, NaN where no day is long enough. NaN where
        desks are not known, but for open_hours and desks_needed.

    References
    ----------
    Rate: median of Macao's public queue snapshots.

    Examples
    --------
    327 tests a day, one desk at 60 an hour: it takes 5.45 hours, and 5 are half an hour too few.

    >>> days = OpenDays(np.arange(96)[None] // 20 == 1, np.array([5.0]), np.array([7.0]))
    >>> row = desk_balance(np.array([327.0]), np.array([1.0]), days, tests_per_desk_hour=60).iloc[0]
    >>> row[["capacity", "desks_needed", "desks_short", "extend_hours"]].round(2).tolist()
    [300.0, 2.0, 1.0, 0.45]
    """
    one = days.hours_per_day * tests_per_desk_hour
    capacity = desks * one
    with np.errstate(divide="ignore", invalid="ignore"):
        load_share = np.where(tests > 0, tests / capacity, 0.0)
        needed = np.maximum(np.ceil(tests / one * (1.0 - DESK_ROUNDING)), 1.0)
        needed = np.where(tests > 0, needed, 0.0)
        longer = (tests / (desks * tests_per_desk_hour) - days.hours_per_day) * DAYS / days.days
    known = ~np.isnan(desks)
    longer = np.where(desks >= needed, 0.0, longer)
    fits = known & (days.hours + longer <= HOURS_OF_A_DAY)
    return pd.DataFrame(
        {
            "open_hours": days.hours_per_day,
            "capacity": capacity,
            "load_share": np.where(known, load_share, np.nan),
            "desks_needed": needed,
            "desks_short": np.where(known, np.maximum(needed - desks, 0.0), np.nan),
            "desks_spare": np.where(known, np.maximum(desks - needed, 0.0), np.nan),
            "extend_hours": np.where(fits, longer, np.nan),
        }
    )


def site_queues(
    quarters: Floats, desks: Floats, days: OpenDays, *, tests_per_desk_hour: float
) -> Queues:
    """
    Queues of sites on a day on which they are open.

    Parameters
    ----------
    quarters
        Tests by quarter of an hour of a mean day of the week, shape (n_sites, 96). A site that is
        open on some days only has as many more on each of them.
    desks
        Desks of each site, shape (n_sites,).
    days
        When each site is open.
    tests_per_desk_hour
        Tests of a desk that is kept busy.

    Returns
    -------
    queues
        By hour, shape (n_sites, 24); people who left are those of a mean day again.
    """
    found = hourly_queues(
        quarters * (DAYS / days.days)[:, None],
        np.where(days.is_open, desks[:, None], 0.0),
        per_desk_hour=tests_per_desk_hour,
        parts=PARTS,
    )
    return Queues(found.waiting, found.wait_min, found.left * (days.days / DAYS)[:, None])


def worst_hours(queues: Queues) -> pd.DataFrame:
    """
    Tell of each site when its queue is longest.

    Parameters
    ----------
    queues
        By hour from midnight on, shape (n_sites, 24).

    Returns
    -------
    worst
        A row per site: worst_hour (of the longest mean queue, the first of equal ones; NaN where
        nobody ever waits), worst_waiting (people in that hour), worst_wait_min (the longest mean
        wait of any hour), left (people who still wait when the site closes), status.

    Examples
    --------
    >>> queues = Queues(np.array([[0.0, 30.0]]), np.array([[0.0, 12.0]]), np.array([[0.0, 4.0]]))
    >>> worst_hours(queues).values.tolist()
    [[1.0, 30.0, 12.0, 4.0, 'busy']]
    """
    waiting = queues.worst_waiting
    return pd.DataFrame(
        {
            "worst_hour": np.where(waiting > 0, queues.waiting.argmax(axis=1), np.nan),
            "worst_waiting": waiting,
            "worst_wait_min": queues.wait_min.max(axis=1, initial=0.0),
            "left": queues.left.sum(axis=1),
            "status": queue_status(waiting).astype(object),
        }
    )


def unknown_hours(n_sites: int) -> pd.DataFrame:
    """What `worst_hours` gives for sites whose desks are not known: NaN and an empty status."""
    table = pd.DataFrame(np.nan, index=range(n_sites), columns=[*WORST])
    return table.astype({"status": object}).assign(status="")


def statuses(waiting: Floats) -> npt.NDArray[np.object_]:
    """Status of queues, empty where they are not known."""
    words = queue_status(np.nan_to_num(waiting)).astype(object)
    words[np.isnan(waiting)] = ""
    return words
