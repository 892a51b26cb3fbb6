"""A laboratory's day: when each tube is put on, who waits, and when results come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover._errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HOUR_S = 3600.0
# Hours of the table: the day itself and the night behind it.
SHOWN_HOURS = 48
# Sums of seconds are exact to far less.
ROUNDING_S = 1e-6


@dataclass(frozen=True)
class LaboratoryDay:
    """
    The tubes of a laboratory on one day, in the order in which they come.

    Parameters
    ----------
    arrive_s
        Seconds since midnight at which each tube arrives, shape (n,), ascending.
    put_on_s
        When its test begins; NaN where it is left when the laboratory's day ends.
    tests
        Tests in each tube.
    row
        Row of the tubes given that each comes from.
    closes_s
        When the laboratory's day ends.
    """

    arrive_s: Floats
    put_on_s: Floats
    tests: Floats
    row: Ints
    closes_s: float

    @property
    def is_left(self) -> npt.NDArray[np.bool_]:
        """Flag tubes that are left when the day ends, shape (n,)."""
        return np.isnan(self.put_on_s)

    def waits_s(self) -> Floats:
        """Seconds from a tube's arrival until it is put on, shape (n,); inf for those left."""
        return np.where(self.is_left, np.inf, self.put_on_s - self.arrive_s)


def laboratory_day(
    arrive_s: npt.ArrayLike,
    tubes: npt.ArrayLike,
    tests: npt.ArrayLike,
    *,
    tubes_per_day: float,
    hours_per_day: float = 24.0,
) -> LaboratoryDay:
    """
    Put tubes on, first come first served, evenly over a laboratory's hours.

    Its hours begin with the first tube, or whole hours later where fewer tubes are left then when
    they end.

    Parameters
    ----------
    arrive_s, tubes, tests
        Seconds since midnight, whole tubes and their tests in all, of each delivery, shape (n,).
    tubes_per_day
        Tubes that it tests in its hours.
    hours_per_day
        Hours in which it works.

    Returns
    -------
    day
        A row per tube.

    Raises
    ------
    InputError
        If a number is negative or none.

    References
    ----------
    Lindley's recursion (1952) for the queue of one server, in closed form.

    Examples
    --------
    Two tubes an hour; three come at ten, one at noon: the third waits for an hour.

    >>> day = laboratory_day([36000, 43200], [3, 1], [30, 4], tubes_per_day=48)
    >>> (day.put_on_s / 3600).tolist(), day.tests.tolist()
    ([10.0, 10.5, 11.0, 12.0], [10.0, 10.0, 10.0, 4.0])
    """
    times, count, amount = (
        np.asarray(arrive_s, dtype=np.float64),
        np.asarray(tubes, dtype=np.int64),
        np.asarray(tests, dtype=np.float64),
    )
    numbers = (times, count.astype(float), amount, np.array([tubes_per_day, hours_per_day]))
    if not all((np.isfinite(part) & (part >= 0)).all() for part in numbers):
        msg = "deliveries to a laboratory: expected finite numbers from 0"
        raise InputError(msg)
    order = np.argsort(times, kind="stable")
    row = np.repeat(order, count[order])
    comes = times[row]
    each = np.divide(amount, count, out=np.zeros_like(amount), where=count > 0)[row]
    if not row.size:
        return LaboratoryDay(comes, comes.copy(), each, row, 0.0)
    if not tubes_per_day > 0:
        return LaboratoryDay(comes, np.full(comes.size, np.nan), each, row, float(comes[0]))
    step_s = hours_per_day * HOUR_S / tubes_per_day
    later = np.arange(np.ceil((comes[-1] - comes[0]) / HOUR_S) + 1.0)
    plans = [
        (_put_on(comes, opens_s, hours_per_day * HOUR_S, step_s), opens_s)
        for opens_s in comes[0] + HOUR_S * later
    ]
    put_on, opens_s = min(plans, key=lambda plan: int(np.isnan(plan[0]).sum()))
    return LaboratoryDay(comes, put_on, each, row, float(opens_s + hours_per_day * HOUR_S))


def _put_on(comes_s: Floats, opens_s: float, open_for_s: float, step_s: float) -> Floats:
    """When tubes are put on by a laboratory that takes one every `step_s`; NaN after its hours."""
    number = step_s * np.arange(comes_s.size)
    put_on = number + np.maximum.accumulate(np.maximum(comes_s, opens_s) - number)
    # A tube is taken on where its turn ends before the laboratory closes.
    in_time = put_on + step_s <= opens_s + open_for_s + ROUNDING_S
    return np.where(in_time, put_on, np.nan)


def hours_of_day(day: LaboratoryDay, *, assay_s: float) -> tuple[Ints, Ints, Ints, Floats]:
    """
    Count a laboratory's day hour by hour.

    Parameters
    ----------
    day
        The day.
    assay_s
        Seconds from putting a tube on until its result is there.

    Returns
    -------
    arrived, tested, queue, results
        Tubes that arrive and are put on in each hour since midnight, tubes that wait at its end,
        and tests reported in it, shape (n_hours,), 48 hours at least.
    """
    done = ~day.is_left
    result_h = (day.put_on_s[done] + assay_s + ROUNDING_S) // HOUR_S
    come_h = (day.arrive_s + ROUNDING_S) // HOUR_S
    on_h = (day.put_on_s[done] + ROUNDING_S) // HOUR_S
    n_hours = int(max(SHOWN_HOURS - 1, come_h.max(initial=0), result_h.max(initial=0))) + 1
    arrived, tested = (
        np.bincount(hours.astype(np.int64), minlength=n_hours).astype(np.int64)
        for hours in (come_h, on_h)
    )
    results = np.bincount(result_h.astype(np.int64), weights=day.tests[done], minlength=n_hours)
    queue: Ints = np.cumsum(arrived - tested)
    return arrived, tested, queue, results.astype(np.float64)
