"""The busiest day of sites: tests by hour and queues, as people come and as they are asked to."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover.day_profile import (
    HOURS,
    QUARTERS,
    Flags,
    Floats,
    arrival_shares,
    by_hour,
    in_open_quarters,
)
from walkcover.desk_balance import site_queues
from walkcover.plan import Plan
from walkcover.queues import Queues
from walkcover.site_tests import WorkingSites
from walkcover.slots import Timetables, stagger_by_hours

log = logging.getLogger("walkcover")

# Ids shown in a message.
SHOWN = 3
# Nobody whose group the plan does not name is asked to come at night, though some sites are open.
DAY_BEGINS, DAY_ENDS = 6, 22


@dataclass(frozen=True)
class SiteDay:
    """
    Tests of a day by site, group and time.

    Parameters
    ----------
    tests
        Tests of a day, shape (n_sites, n_kinds).
    kinds
        The groups: kinds of places that go to sites.
    natural_share, share
        Share of each group that comes in each hour, all sites together, as people like and by the
        timetable, shape (n_kinds, 24); NaN by the timetable where desks are not known.
    allowed
        Hours in which a group may be asked to come, shape (n_kinds, 24): those of the plan, from 6
        to 22 for groups that it does not name.
    timetables
        Timetables of the classes of sites; None where desks are not known.
    quarters, quarters_staggered
        Tests in each quarter of an hour, as people like and by the timetable, shape (n_sites, 96);
        NaN by the timetable where desks are not known.
    queues, queues_staggered
        Queues by hour; None where desks are not known.
    """

    tests: Floats
    kinds: tuple[str, ...]
    natural_share: Floats
    share: Floats
    allowed: Flags
    timetables: Timetables | None
    quarters: Floats
    queues: Queues | None
    quarters_staggered: Floats
    queues_staggered: Queues | None


def busiest_day(
    tests: Floats, kinds: tuple[str, ...], working: WorkingSites, *, plan: Plan
) -> SiteDay:
    """
    Say when people come to sites, when they are asked to, and how long they wait.

    Parameters
    ----------
    tests
        Tests of the day by site and kind, shape (n_sites, n_kinds); 0 at sites that do not work.
    kinds
        The kinds.
    working
        Sites, their desks and hours.
    plan
        Peaks, groups and the rate of desks.

    Returns
    -------
    day
        Hours and queues. Sites that are open in the same quarters of an hour have one timetable.
    """
    rows = np.flatnonzero(working.works)
    days, rate = working.days, plan.desks.tests_per_desk_hour
    pattern, found = np.unique(days.is_open[rows], axis=0, return_inverse=True)
    site_class = np.full(len(tests), -1)
    site_class[rows] = found.ravel()
    natural = _natural(pattern, kinds, plan)
    allowed = _allowed(kinds, plan)
    natural_share = _over_all(tests, by_hour(natural), site_class)
    quarters = _at_sites(tests, natural, site_class)
    if working.desk_time is None:
        return SiteDay(
            tests, kinds, natural_share, np.full_like(natural_share, np.nan), allowed, None,
            quarters, None, np.full_like(quarters, np.nan), None,
        )  # fmt: skip
    capacity = (working.desks * days.hours_per_day * rate)[:, None] * days.share_of_hours
    slots = stagger_by_hours(
        tests[rows], capacity[rows], by_hour(natural), allowed, site_class=site_class[rows]
    )
    _warn_of_free(slots, kinds, site_class, working)
    later = in_open_quarters(_at_sites(tests, slots.share, site_class), days.is_open)
    queues, queues_later = (
        site_queues(part, working.desks, days, tests_per_desk_hour=rate)
        for part in (quarters, later)
    )
    return SiteDay(
        tests, kinds, natural_share, _over_all(tests, slots.share, site_class), allowed, slots,
        quarters, queues, later, queues_later,
    )  # fmt: skip


def _allowed(kinds: tuple[str, ...], plan: Plan) -> Flags:
    """Hours in which each kind may be asked to come."""
    by_day = tuple(DAY_BEGINS <= hour < DAY_ENDS for hour in range(HOURS))
    hours = {group.kind: group.allowed for group in plan.groups}
    rows = [hours.get(kind, by_day) for kind in kinds]
    return np.array(rows, dtype=bool).reshape(-1, HOURS)


def _natural(pattern: Flags, kinds: tuple[str, ...], plan: Plan) -> Floats:
    """Share of each kind by quarter at sites of each class if nobody says when."""
    demand = plan.demand
    peaks = {group.kind: group.peaks for group in plan.groups}
    shares = np.zeros((len(pattern), len(kinds), QUARTERS))
    for number, kind in enumerate(kinds):
        shares[:, number] = arrival_shares(
            pattern,
            peaks=peaks.get(kind) or demand.peaks,
            peak_share=demand.peak_share,
            peak_spread_h=demand.peak_spread_h,
        )
    return shares


def _at_sites(tests: Floats, shares: Floats, site_class: npt.NDArray[np.int64]) -> Floats:
    """Tests of each site by time, from the shares of its class."""
    come = np.zeros((len(tests), shares.shape[2]))
    for code, share in enumerate(shares):
        rows = np.flatnonzero(site_class == code)
        come[rows] = tests[rows] @ share
    return come


def _over_all(tests: Floats, shares: Floats, site_class: npt.NDArray[np.int64]) -> Floats:
    """Shares of each kind over all sites, from those of the classes."""
    total = np.zeros(shares.shape[1:])
    for code, share in enumerate(shares):
        total += tests[site_class == code].sum(axis=0)[:, None] * share
    whole = total.sum(axis=1, keepdims=True)
    parts: Floats = np.divide(total, whole, out=np.zeros_like(total), where=whole > 0)
    return parts


def _warn_of_free(
    slots: Timetables,
    kinds: tuple[str, ...],
    site_class: npt.NDArray[np.int64],
    working: WorkingSites,
) -> None:
    """Name groups whose hours are none of their sites."""
    for number, kind in enumerate(kinds):
        classes = np.flatnonzero(slots.is_free[:, number])
        ids = working.table.loc[np.isin(site_class, classes), "site_id"]
        if len(ids):
            log.warning(
                "[[groups]] %s: %d sites are closed in all its hours, first %s; there it may come "
                "in any open hour",
                kind,
                len(ids),
                ", ".join(ids.iloc[:SHOWN]),
            )
