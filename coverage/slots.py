"""Staggered hours: spread the groups of a city over the day so that its peaks are lowest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import linprog

from walkcover._errors import InputError

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# What a sum of shares may miss of 1, and a peak of the least one, by rounding of the solver.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Slots:
    """
    A timetable: when each group comes.

    Parameters
    ----------
    share
        Share of each group that comes in each hour, shape (n_groups, n_hours); every group that
        has tests sums to 1, others to 0.
    load
        Share of its capacity that each site needs in each hour, shape (n_sites, n_hours).
    peak, natural_peak
        The largest load, with this timetable and where everybody comes as they like.
    moved
        Share of all tests that come at another hour than they would.
    """

    share: Floats
    load: Floats
    peak: float
    natural_peak: float
    moved: float


@dataclass(frozen=True)
class Timetables:
    """
    Timetables of sites with different hours.

    Parameters
    ----------
    share
        Share of each group that comes in each hour to the sites of a class, shape (n_classes,
        n_groups, n_hours); those of a group that goes there sum to 1, others to 0.
    load
        Share of its capacity that each site needs in each hour, shape (n_sites, n_hours).
    peak, natural_peak
        The largest load, with these timetables and where everybody comes as they like.
    moved
        Share of all tests that come at another hour than they would.
    is_free
        Groups none of whose hours is an open one of the class, shape (n_classes, n_groups): they
        may come in any open hour.
    """

    share: npt.NDArray[np.float64]
    load: Floats
    peak: float
    natural_peak: float
    moved: float
    is_free: Flags


def stagger(
    tests: npt.ArrayLike, capacity: npt.ArrayLike, natural: npt.ArrayLike, allowed: npt.ArrayLike
) -> Slots:
    """
    Find the timetable with the smallest peak.

    One timetable holds for all sites: a group comes at the same hours to every one of them. The
    peak is the largest share of its capacity that a site needs in an hour. Among timetables with
    the smallest peak that of all sites together comes next, so that one odd site does not keep the
    others from being levelled; then the fewest tests that are moved.

    Parameters
    ----------
    tests
        Tests of a day by site and group, shape (n_sites, n_groups).
    capacity
        Tests that each site can take in each hour, shape (n_sites, n_hours); 0 where it is closed.
    natural
        Share of each group that comes in each hour if nobody says when, shape (n_groups, n_hours).
    allowed
        Hours in which a group may come, shape (n_groups, n_hours).

    Returns
    -------
    slots
        The timetable.

    Raises
    ------
    InputError
        If shapes differ, a number is negative or no number, natural shares do not sum to 1, or a
        group has no hour in which it may come and all its sites are open.

    Notes
    -----
    Three linear programs, one after the other, each with what was found before kept. For sites
    with different hours see `stagger_by_hours`.

    Examples
    --------
    120 office workers come at noon, and so do 60 others; the workers may also come at nine.

    >>> slots = stagger([[120.0, 60.0]], [[120.0, 120.0]], [[0, 1], [0, 1]], [[1, 1], [0, 1]])
    >>> slots.share.round(3).tolist(), round(slots.natural_peak, 3), round(slots.peak, 3)
    ([[0.75, 0.25], [0.0, 1.0]], 1.5, 0.75)
    """
    amounts, limits, usual, may = _checked(tests, capacity, natural, allowed)
    comes = amounts.sum(axis=0) > 0
    may &= _open_for(amounts, limits) & comes[:, None]
    stuck = np.flatnonzero(comes & ~may.any(axis=1))
    if stuck.size:
        msg = (
            f"{stuck.size} groups have no hour in which they may come and all their sites are "
            f"open, first group {stuck[0]}: allow more hours or open the sites longer"
        )
        raise InputError(msg)
    natural_peak = _largest(_loads(amounts, limits, usual))
    group, hour = np.nonzero(may)
    if group.size == 0:
        nothing = np.zeros_like(usual)
        return Slots(nothing, _loads(amounts, limits, nothing), 0.0, natural_peak, 0.0)
    peaks = _Peaks(amounts, limits, group, hour)
    each, whole = _scaled(peaks.rows()), _scaled(peaks.rows_of_all())
    # What a solution needs is measured on it, as it meets its own rows to the solver's 1e-7 only:
    # so the next program always has one.
    found = peaks.least(each)
    found = peaks.least(whole, also=each, limits=_at_most(each, found))
    kept = np.append(_at_most(each, found), _at_most(whole, found))
    share = np.zeros_like(usual)
    share[group, hour] = peaks.nearest(usual, sparse.vstack([each, whole]), kept)
    share[comes] /= share[comes].sum(axis=1, keepdims=True)
    wants = amounts.sum(axis=0)
    moved = float((np.abs(share - usual)[comes].sum(axis=1) / 2.0) @ wants[comes] / wants.sum())
    load = _loads(amounts, limits, share)
    return Slots(share, load, _largest(load), natural_peak, moved)


def stagger_by_hours(
    tests: npt.ArrayLike,
    capacity: npt.ArrayLike,
    natural: npt.ArrayLike,
    allowed: npt.ArrayLike,
    *,
    site_class: npt.ArrayLike,
) -> Timetables:
    """
    Find a timetable for each class of sites that are open in the same hours.

    Nobody who goes to a site of one class loads another, so that each class has the smallest peak
    that its own sites allow.

    Parameters
    ----------
    tests, capacity, allowed
        As for `stagger`.
    natural
        Share of each group that comes to the sites of a class in each hour if nobody says when,
        shape (n_classes, n_groups, n_hours).
    site_class
        Class of each site, numbered from 0, shape (n_sites,).

    Returns
    -------
    timetables
        One per class.

    Raises
    ------
    InputError
        As `stagger`; also if sites of a class are open in different hours.

    Notes
    -----
    A group whose hours are none of a class may come there in any open hour, as those people could
    not come at all else; `Timetables.is_free` names such groups.

    Examples
    --------
    One site is open in the first hour only, the other in both. Each has its own timetable.

    >>> found = stagger_by_hours([[30.0], [80.0]], [[60, 0], [60, 60]],
    ...                          [[[1, 0]], [[0.75, 0.25]]], [[1, 1]], site_class=[0, 1])
    >>> found.share.round(3).tolist(), round(found.peak, 3), round(found.natural_peak, 3)
    ([[[1.0, 0.0]], [[0.5, 0.5]]], 0.667, 1.0)
    """
    amounts, limits = np.array(tests, dtype=np.float64), np.array(capacity, dtype=np.float64)
    usual, may = np.array(natural, dtype=np.float64), np.array(allowed, dtype=bool)
    number = np.array(site_class, dtype=np.int64)
    share, load = np.zeros_like(usual), np.zeros_like(limits)
    is_free = np.zeros(usual.shape[:2], dtype=bool)
    peak, natural_peak, moved = 0.0, 0.0, 0.0
    for code in range(len(usual)):
        rows = np.flatnonzero(number == code)
        is_open = limits[rows] > 0
        if (is_open != is_open[:1]).any():
            msg = f"sites of class {code} are open in different hours, first site {rows[0]}"
            raise InputError(msg)
        hours = is_open.any(axis=0)
        goes = amounts[rows].sum(axis=0) > 0
        is_free[code] = goes & ~(may & hours).any(axis=1)
        here = stagger(amounts[rows], limits[rows], usual[code], may | is_free[code][:, None])
        share[code], load[rows] = here.share, here.load
        peak, natural_peak = max(peak, here.peak), max(natural_peak, here.natural_peak)
        moved += here.moved * float(amounts[rows].sum())
    total = float(amounts.sum())
    return Timetables(share, load, peak, natural_peak, moved / total if total else 0.0, is_free)


@dataclass(frozen=True)
class _Peaks:
    """The programs over the shares of groups in the hours in which they may come."""

    tests: Floats
    capacity: Floats
    group: npt.NDArray[np.intp]
    hour: npt.NDArray[np.intp]

    def least(
        self,
        rows: sparse.csr_array,
        *,
        also: sparse.csr_array | None = None,
        limits: Floats | None = None,
    ) -> Floats:
        """Shares with the smallest peak of some loads, while others keep their limits."""
        n = self.group.size
        cost = np.append(np.zeros(n), 1.0)
        peaked = sparse.hstack([rows, sparse.csr_array(-np.ones((rows.shape[0], 1)))])
        bounds = np.zeros(rows.shape[0])
        if also is not None and limits is not None:
            held = sparse.hstack([also, sparse.csr_array((also.shape[0], 1))])
            peaked, bounds = sparse.vstack([peaked, held]), np.append(bounds, limits)
        sums = self._sums()
        whole = sparse.hstack([sums, sparse.csr_array((sums.shape[0], 1))])
        shares = _solved(cost, peaked, bounds, whole)[:-1]
        together: Floats = shares / (sums.T @ (sums @ shares))
        return together

    def nearest(self, natural: Floats, rows: sparse.csr_array, limits: Floats) -> Floats:
        """Shares that keep the limits and move fewest tests from their usual hour."""
        n = self.group.size
        wants = self.tests.sum(axis=0)[self.group]
        # More than usual is what moves; less than usual elsewhere is the same tests again.
        above = sparse.hstack([sparse.eye_array(n), -sparse.eye_array(n)])
        keeps = sparse.hstack([rows, sparse.csr_array((rows.shape[0], n))])
        cost = np.append(np.zeros(n), wants / wants.sum())
        bounds = np.append(limits, natural[self.group, self.hour])
        sums = self._sums()
        whole = sparse.hstack([sums, sparse.csr_array((sums.shape[0], n))])
        return _solved(cost, sparse.vstack([keeps, above]), bounds, whole)[:n]

    def rows_of_all(self) -> sparse.csr_array:
        """Load of all sites together in every hour that anybody may need, a row each."""
        room = self.capacity.sum(axis=0)[self.hour]
        amount = self.tests.sum(axis=0)[self.group] / room
        _, row = np.unique(self.hour, return_inverse=True)
        column = np.arange(self.group.size)
        shape = (int(row.max(initial=-1)) + 1, self.group.size)
        return sparse.csr_array((amount, (row, column)), shape=shape)

    def rows(self) -> sparse.csr_array:
        """Load of every site and hour that anybody may need, a row each."""
        site, column = np.nonzero(
            (self.tests[:, self.group] > 0) & (self.capacity[:, self.hour] > 0)
        )
        hours = self.hour[column]
        amount = self.tests[site, self.group[column]] / self.capacity[site, hours]
        key = site * self.capacity.shape[1] + hours
        _, row = np.unique(key, return_inverse=True)
        shape = (int(row.max(initial=-1)) + 1, self.group.size)
        return sparse.csr_array((amount, (row, column)), shape=shape)

    def _sums(self) -> sparse.csr_array:
        """Shares of each group, a row each."""
        _, row = np.unique(self.group, return_inverse=True)
        n = self.group.size
        return sparse.csr_array((np.ones(n), (row, np.arange(n))), shape=(int(row.max()) + 1, n))


def _solved(
    cost: Floats, rows: sparse.csr_array, limits: Floats, whole: sparse.csr_array
) -> Floats:
    # A program with a solution is kept on its edge, where presolve, which knows no tolerance, may
    # call it infeasible; the simplex method then decides.
    for presolve in (True, False):
        found = linprog(
            cost,
            A_ub=sparse.csr_array(rows),
            b_ub=limits,
            A_eq=sparse.csr_array(whole),
            b_eq=np.ones(whole.shape[0]),
            method="highs",
            options={"presolve": presolve},
        )
        if found.x is not None:
            break
    else:
        msg = f"the timetable cannot be solved: {found.message}"
        raise ArithmeticError(msg)
    answer: Floats = np.maximum(found.x, 0.0)
    return answer


def _scaled(rows: sparse.csr_array) -> sparse.csr_array:
    """Loads as parts of the largest, so that the solver's tolerances mean the same for all."""
    largest = float(rows.data.max(initial=0.0))
    return rows / largest if largest else rows


def _at_most(rows: sparse.csr_array, shares: Floats) -> Floats:
    """The peak of some loads as a limit for each of them."""
    peak = float((rows @ shares).max(initial=0.0))
    return np.full(rows.shape[0], peak * (1.0 + ROUNDING))


def _loads(tests: Floats, capacity: Floats, share: Floats) -> Floats:
    """Share of its capacity that each site needs; inf where people come to a closed one."""
    coming = tests @ share
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(coming > 0, coming / capacity, 0.0)


def _largest(load: Floats) -> float:
    return float(load.max(initial=0.0))


def _open_for(tests: Floats, capacity: Floats) -> Flags:
    """Hours in which every site that a group goes to is open, shape (n_groups, n_hours)."""
    needed = (tests > 0).astype(np.int64)
    flags: Flags = (needed.T @ (capacity <= 0)) == 0
    return flags


def _checked(
    tests: npt.ArrayLike, capacity: npt.ArrayLike, natural: npt.ArrayLike, allowed: npt.ArrayLike
) -> tuple[Floats, Floats, Floats, Flags]:
    amounts, limits, usual = (
        np.array(table, dtype=np.float64) for table in (tests, capacity, natural)
    )
    may = np.array(allowed, dtype=bool)
    faults = []
    shapes = [table.shape for table in (amounts, limits, usual, may)]
    if any(len(shape) != 2 for shape in shapes) or not (
        shapes[0][0] == shapes[1][0]
        and shapes[0][1] == shapes[2][0]
        and shapes[1][1] == shapes[2][1]
        and shapes[2] == shapes[3]
    ):
        faults.append(
            f"shapes of tests, capacity, natural and allowed are {', '.join(map(str, shapes))}; "
            "expected (sites, groups), (sites, hours), (groups, hours) and (groups, hours)"
        )
    for name, table in (("tests", amounts), ("capacity", limits), ("natural", usual)):
        if not (np.isfinite(table) & (table >= 0)).all():
            faults.append(f"{name}: expected finite numbers from 0")
    if not faults and (np.abs(usual.sum(axis=1) - 1.0) > 1e-6).any():
        group = int(np.argmax(np.abs(usual.sum(axis=1) - 1.0)))
        faults.append(f"natural: shares of group {group} sum to {usual[group].sum():g}; expected 1")
    if faults:
        raise InputError("; ".join(faults))
    return amounts, limits, usual, may
