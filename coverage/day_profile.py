"""The day of a site in quarters of an hour: when it is open, and when people come on their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from walkcover._hour_words import DAYS
from walkcover.hours import Hours, parse_hours
from walkcover.plan import HOURS_OF_A_DAY

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

HOURS = 24
PARTS = 4
QUARTERS = HOURS * PARTS
# Hours of a day that a text and a number give for a site may differ by the number's rounding.
SAME_HOURS = 0.01


@dataclass(frozen=True)
class OpenDays:
    """
    When sites are open on a day on which they are.

    Parameters
    ----------
    is_open
        Quarters of an hour, from midnight on, shape (n_sites, 96).
    hours
        Hours of such a day, shape (n_sites,).
    days
        Days of a week on which the site is open, shape (n_sites,).
    """

    is_open: Flags
    hours: Floats
    days: Floats

    @property
    def hours_per_day(self) -> Floats:
        """Hours of a day, the mean of a week."""
        mean: Floats = self.hours * self.days / DAYS
        return mean

    @property
    def share_of_hours(self) -> Floats:
        """Share of a day's capacity that falls into each hour, shape (n_sites, 24)."""
        parts = self.is_open.reshape(-1, HOURS, PARTS).sum(axis=2).astype(np.float64)
        total = parts.sum(axis=1, keepdims=True)
        share: Floats = np.divide(parts, total, out=np.zeros_like(parts), where=total > 0)
        return share


def open_days(sites: pd.DataFrame, hours_per_day: Floats, *, opens: float) -> OpenDays:
    """
    Say in which quarters of an hour sites are open.

    A site whose text of opening_hours gives the hours of a day that count is open as the text
    says, on a usual one of its days: as many quarters as it is open on average, those that are
    open on most days. Others open at one hour for all, and earlier where midnight would cut their
    day.

    Parameters
    ----------
    sites
        Checked sites, with opening_hours where there are texts.
    hours_per_day
        Hours of a day for which each site is open, shape (n_sites,), as of
        `walkcover.desks.site_hours`.
    opens
        Hour of the day at which sites without a text open.

    Returns
    -------
    days
        Quarters, hours and days of a week.

    Examples
    --------
    >>> sites = pd.DataFrame({"site_id": ["a", "b"], "opening_hours": ["Mo-Fr 8:30-11:00", ""]})
    >>> days = open_days(sites, np.array([2.5 * 5 / 7, 20.0]), opens=8.0)
    >>> days.hours.tolist(), days.days.tolist()
    ([2.5, 20.0], [5.0, 7.0])
    >>> [np.flatnonzero(row)[[0, -1]].tolist() for row in days.is_open]
    [[34, 43], [16, 95]]
    """
    n = len(sites)
    share = np.stack([_block(hours, opens) for hours in hours_per_day]) if n else np.empty((0, 96))
    hours, days = hours_per_day.astype(np.float64), np.full(n, float(DAYS))
    read: dict[str, Hours | None] = {}
    texts = sites["opening_hours"] if "opening_hours" in sites.columns else [""] * n
    for row, text in enumerate(texts):
        if not isinstance(text, str) or not text:
            continue
        week = read[text] if text in read else read.setdefault(text, parse_hours(text))
        if week is None or abs(week.hours_per_day - hours[row]) > SAME_HOURS or not week.open_days:
            continue
        share[row] = week.by_quarter
        days[row] = week.open_days
        hours[row] *= DAYS / week.open_days
    return OpenDays(_fullest(share, np.rint(hours * PARTS)), hours, days)


def arrival_shares(
    is_open: Flags, *, peaks: Sequence[float], peak_share: float, peak_spread_h: float
) -> Floats:
    """
    Say when people come if nobody tells them when.

    Part of them come round the peaks, normally spread, as far as the site is open then; the others
    evenly while it is open.

    Parameters
    ----------
    is_open
        Quarters of an hour in which a site is open, shape (n, 96).
    peaks
        Hours of the day; equally many come round each.
    peak_share
        Share of those who come round the peaks, from 0 to 1.
    peak_spread_h
        Standard deviation of the hour at which they come.

    Returns
    -------
    share
        Share that comes in each quarter, shape (n, 96); every row sums to 1, or to 0 where the
        site is never open. Where no peak comes near an open quarter all come evenly.

    Examples
    --------
    Open from 8 to 16 with one peak in the middle: the halves are equal, and the hours at noon
    take most.

    >>> is_open = (np.arange(96) >= 32) & (np.arange(96) < 64)
    >>> share = arrival_shares(is_open[None], peaks=[12], peak_share=0.6, peak_spread_h=1.5)[0]
    >>> hours = share.reshape(24, 4).sum(axis=1)[8:16]
    >>> hours.round(3).tolist()
    [0.061, 0.091, 0.148, 0.2, 0.2, 0.148, 0.091, 0.061]
    """
    even = is_open.astype(np.float64)
    bumps = np.where(is_open, _bumps(peaks, peak_spread_h), 0.0)
    even, bumps = _whole(even), _whole(bumps)
    has_peak = bumps.any(axis=1, keepdims=True)
    return _whole(np.where(has_peak, peak_share * bumps + (1.0 - peak_share) * even, even))


def by_hour(quarters: Floats) -> Floats:
    """Sum quarters of an hour, shape (..., 96), to hours, shape (..., 24)."""
    hours: Floats = quarters.reshape(*quarters.shape[:-1], HOURS, PARTS).sum(axis=-1)
    return hours


def in_open_quarters(hours: Floats, is_open: Flags) -> Floats:
    """Spread what comes in hours, shape (n, 24), evenly over the quarters open in each."""
    parts = is_open.reshape(-1, HOURS, PARTS).astype(np.float64)
    count = parts.sum(axis=2, keepdims=True)
    share = np.divide(parts, count, out=np.zeros_like(parts), where=count > 0)
    spread: Floats = (share * hours[:, :, None]).reshape(-1, QUARTERS)
    return spread


def _block(hours: float, opens: float) -> Floats:
    """Share of each quarter in one span of hours within the day."""
    begin = min(opens, HOURS_OF_A_DAY - hours)
    edges = np.arange(QUARTERS + 1) / PARTS
    inside = np.clip(edges, begin, begin + hours)
    share: Floats = np.diff(inside) * PARTS
    return share


def _fullest(share: Floats, count: Floats) -> Flags:
    """So many quarters of each row as are given, the largest shares first, then the earliest."""
    place = np.argsort(np.argsort(-share, axis=1, kind="stable"), axis=1, kind="stable")
    wanted = np.where(share.any(axis=1), np.maximum(count, 1.0), 0.0)
    flags: Flags = (place < wanted[:, None]) & (share > 0)
    return flags


def _bumps(peaks: Sequence[float], spread_h: float) -> Floats:
    """Normal bumps round the peaks by quarter; what lies behind midnight is of the same day."""
    edges = np.arange(QUARTERS + 1) / PARTS
    mass = np.zeros(QUARTERS)
    for peak in peaks:
        for turn in (-HOURS, 0, HOURS):
            mass += np.diff(ndtr((edges + turn - peak) / spread_h))
    return mass


def _whole(shares: Floats) -> Floats:
    """Make rows sum to 1, and leave those without anything."""
    total = shares.sum(axis=1, keepdims=True)
    parts: Floats = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
    return parts
