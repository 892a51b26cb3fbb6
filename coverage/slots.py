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


def stagger(
    tests: npt.ArrayLike, capacity: npt.ArrayLike, natural: npt.ArrayLike, allowed: npt.ArrayLike
) -> Slots:
    """
    Find the timetable with the smallest peak, and among those the one that moves fewest tests.

    One timetable holds for the whole city: a group comes at the same hours to every site. The
    peak is the largest share of its capacity that a site needs in an hour.

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
    Two linear programs: the peak first, then the tests that are moved, with the peak kept.

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
    peak = peaks.least()
    share = np.zeros_like(usual)
    share[group, hour] = peaks.nearest(usual, peak)
    share[comes] /= share[comes].sum(axis=1, keepdims=True)
    wants = amounts.sum(axis=0)
    moved = float((np.abs(share - usual)[comes].sum(axis=1) / 2.0) @ wants[comes] / wants.sum())
    load = _loads(amounts, limits, share)
    return Slots(share, load, _largest(load), natural_peak, moved)


@dataclass(frozen=True)
class _Peaks:
    """The programs over the shares of groups in the hours in which they may come."""

    tests: Floats
    capacity: Floats
    group: npt.NDArray[np.intp]
    hour: npt.NDArray[np.intp]

    def least(self) -> float:
        """The smallest peak."""
        n = self.group.size
        rows = self._rows()
        peak = sparse.csr_array(-np.ones((rows.shape[0], 1)))
        cost = np.append(np.zeros(n), 1.0)
        whole = sparse.hstack([self._sums(), sparse.csr_array((self._sums().shape[0], 1))])
        found = _solved(cost, sparse.hstack([rows, peak]), np.zeros(rows.shape[0]), whole)
        return float(found[-1])

    def nearest(self, natural: Floats, peak: float) -> Floats:
        """Shares that keep the peak and move fewest tests from their usual hour."""
        n, rows = self.group.size, self._rows()
        wants = self.tests.sum(axis=0)[self.group]
        # More than usual is what moves; less than usual elsewhere is the same tests again.
        above = sparse.hstack([sparse.eye_array(n), -sparse.eye_array(n)])
        keeps = sparse.hstack([rows, sparse.csr_array((rows.shape[0], n))])
        cost = np.append(np.zeros(n), wants / wants.sum())
        limits = np.append(
            np.full(rows.shape[0], peak * (1.0 + ROUNDING)), natural[self.group, self.hour]
        )
        whole = sparse.hstack([self._sums(), sparse.csr_array((self._sums().shape[0], n))])
        return _solved(cost, sparse.vstack([keeps, above]), limits, whole)[:n]

    def _rows(self) -> sparse.csr_array:
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
    found = linprog(
        cost,
        A_ub=sparse.csr_array(rows),
        b_ub=limits,
        A_eq=sparse.csr_array(whole),
        b_eq=np.ones(whole.shape[0]),
        method="highs",
    )
    if found.x is None:
        msg = f"the timetable cannot be solved: {found.message}"
        raise ArithmeticError(msg)
    answer: Floats = np.maximum(found.x, 0.0)
    return answer


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
