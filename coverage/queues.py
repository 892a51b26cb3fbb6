"""People waiting at desks, hour by hour, and what such a queue is called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover._errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Shenzhen's marks: fewer people waiting than the first is smooth, from the second on jammed.
BUSY_PEOPLE, JAMMED_PEOPLE = 25.0, 50.0
SMOOTH, BUSY, JAMMED = "smooth", "busy", "jammed"


@dataclass(frozen=True)
class Queues:
    """
    Queues of sites over consecutive hours.

    Parameters
    ----------
    waiting
        People waiting for a desk, the mean over each hour, shape (n_sites, n_hours).
    wait_min
        Minutes that somebody who comes in an hour waits on average, same shape; 0 where nobody
        comes.
    left
        People who are still waiting when a site closes or the hours end, shape (n_sites, n_hours),
        at the last hour before.
    """

    waiting: Floats
    wait_min: Floats
    left: Floats

    @property
    def worst_waiting(self) -> Floats:
        """The longest mean queue of each site, shape (n_sites,)."""
        longest: Floats = self.waiting.max(axis=1, initial=0.0)
        return longest


def delay_probability(desks: npt.ArrayLike, load: npt.ArrayLike) -> Floats:
    """
    Probability that somebody who comes finds all desks taken and waits.

    Parameters
    ----------
    desks
        Number of desks, whole, shape (n,).
    load
        Desks that are busy on average: people per hour over people per desk and hour, shape (n,).

    Returns
    -------
    probability
        Shape (n,); 1 where the load is no less than the desks.

    Raises
    ------
    InputError
        If a number is negative or no number, or desks are not whole.

    References
    ----------
    Erlang (1917), the formula C, by the recursion of formula B.

    Examples
    --------
    One desk busy half of the time: every second person waits.

    >>> delay_probability([1, 2], [0.5, 2.5]).tolist()
    [0.5, 1.0]
    """
    count, offered = _checked(desks, load)
    lost = _loss_probability(count, offered)
    busy = np.divide(offered, count, out=np.ones_like(offered), where=count > 0)
    stable = busy < 1.0
    waits = np.ones_like(offered)
    waits[stable] = lost[stable] / (1.0 - busy[stable] * (1.0 - lost[stable]))
    return waits


def mean_waiting(desks: npt.ArrayLike, load: npt.ArrayLike) -> Floats:
    """
    People waiting on average where the same load goes on for long (M/M/c).

    Parameters
    ----------
    desks, load
        As for `delay_probability`.

    Returns
    -------
    waiting
        People, shape (n,); inf where the load is no less than the desks.

    Raises
    ------
    InputError
        As for `delay_probability`.

    Examples
    --------
    One desk, busy half of the time: a half squared over a half.

    >>> mean_waiting([1, 1], [0.5, 1.0]).tolist()
    [0.5, inf]
    """
    count, offered = _checked(desks, load)
    waits = delay_probability(count, offered)
    busy = np.divide(offered, count, out=np.full_like(offered, np.inf), where=count > 0)
    busy[offered == 0.0] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        waiting = waits * busy / (1.0 - busy)
    return np.where(busy < 1.0, waiting, np.inf)


def hourly_queues(
    arrivals: npt.ArrayLike, desks: npt.ArrayLike, *, per_desk_hour: float, parts: int = 1
) -> Queues:
    """
    Queues over a day on which arrivals and desks change from hour to hour.

    Time goes on by the time of one test. What finds no desk in such a step comes again in the
    next, besides those who come then; the queue is that of long-lasting arrivals at the rate that
    was let in. Where desks suffice this is the formula of `mean_waiting`, where they do not it is
    the fluid that rises by what comes more than is tested; between the two it is up to a quarter
    too long.

    Parameters
    ----------
    arrivals
        People who come in each hour, shape (n_sites, n_hours * parts).
    desks
        Desks that are open in each hour, whole, shape (n_sites, n_hours * parts); 0 where the site
        is closed. Who still waits when a site closes leaves untested.
    per_desk_hour
        Tests per desk and hour.
    parts
        Parts of an hour that a column of `arrivals` and `desks` stands for, as 4 for quarters,
        where sites do not open on the hour.

    Returns
    -------
    queues
        Mean queue and wait of every hour, over the part of it in which desks are open, and who
        left.

    Raises
    ------
    InputError
        If the tables differ in shape, a number is negative or no number, desks are not whole,
        columns make no whole hours, or somebody comes to a closed site.

    References
    ----------
    Stolletz (2008), Approximation of the non-stationary M(t)/M(t)/c(t)-queue using stationary
    queueing models: the stationary backlog-carryover approach.

    Examples
    --------
    60 come to one desk that tests 60 in an hour, 90 in the next: it falls behind by
    30 and by chance.

    >>> queues = hourly_queues([[60.0, 90.0]], [[1, 1]], per_desk_hour=60.0)
    >>> bool(30 < queues.left[0, 1] < 45), queues.left[0, 0].tolist()
    (True, 0.0)
    """
    count, coming = _checked(desks, arrivals)
    if count.ndim != 2:
        msg = f"arrivals have the shape {count.shape}; expected a row per site, a column per hour"
        raise InputError(msg)
    if parts < 1 or count.shape[1] % parts:
        msg = f"{count.shape[1]} columns of {parts!r} parts of an hour; expected whole hours"
        raise InputError(msg)
    if not (np.isfinite(per_desk_hour) and per_desk_hour > 0):
        msg = f"per_desk_hour is {per_desk_hour!r}; expected a positive number of tests"
        raise InputError(msg)
    lost = np.argwhere((coming > 0) & (count == 0))
    if lost.size:
        site, hour = lost[0]
        msg = (
            f"{len(lost)} hours in which people come to a closed site, first site {site} in hour "
            f"{hour}: move them into hours in which desks are open"
        )
        raise InputError(msg)
    steps = max(1, round(per_desk_hour / parts))
    per_step = per_desk_hour / parts / steps
    shape = (len(coming), coming.shape[1] // parts)
    waiting, served, left, length = (np.zeros(shape) for _ in range(4))
    backlog = np.zeros(len(coming))
    for part in range(coming.shape[1]):
        hour, here = part // parts, np.flatnonzero(count[:, part])
        servers, come, late = count[here, part], coming[here, part] / steps, backlog[here]
        now = np.zeros(len(here))
        for _ in range(steps):
            load = (come + late) / per_step
            late = load * _loss_probability(servers, load) * per_step
            tested = load * per_step - late
            now = _long_queue(servers, tested / per_step)
            waiting[here, hour] += now / steps
            served[here, hour] += tested
        length[here, hour] += 1.0
        closes = _closes_after(count, part)[here]
        left[here[closes], hour] += now[closes]
        backlog[here] = np.where(closes, 0.0, late)
    hours = np.divide(waiting / parts, served, out=np.zeros(shape), where=served > 0)
    return Queues(waiting / np.maximum(length, 1.0), wait_min=60.0 * hours, left=left)


def queue_status(waiting: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """
    Call a queue smooth, busy or jammed.

    Parameters
    ----------
    waiting
        People waiting.

    Returns
    -------
    status
        ``smooth`` below 25, ``busy`` from 25, ``jammed`` from 50, in the shape of `waiting`.

    References
    ----------
    Marks of the queue map of Shenzhen, 2022.

    Examples
    --------
    >>> queue_status([24.9, 25, 50]).tolist()
    ['smooth', 'busy', 'jammed']
    """
    people = np.asarray(waiting, dtype=np.float64)
    return np.where(people < BUSY_PEOPLE, SMOOTH, np.where(people < JAMMED_PEOPLE, BUSY, JAMMED))


def _checked(desks: npt.ArrayLike, amounts: npt.ArrayLike) -> tuple[Ints, Floats]:
    count, numbers = np.asarray(desks, dtype=np.float64), np.asarray(amounts, dtype=np.float64)
    faults = []
    if count.shape != numbers.shape:
        faults.append(f"desks have the shape {count.shape}, what comes to them {numbers.shape}")
    if not (np.isfinite(count) & (count >= 0) & (count == np.rint(count))).all():
        faults.append("desks: expected whole numbers from 0")
    if not (np.isfinite(numbers) & (numbers >= 0)).all():
        faults.append("what comes to the desks: expected numbers from 0")
    if faults:
        raise InputError("; ".join(faults))
    return count.astype(np.int64), numbers


def _loss_probability(desks: Ints, load: Floats) -> Floats:
    """Probability that all desks are taken where nobody waits (Erlang's formula B)."""
    lost = np.ones_like(load)
    for desk in range(1, int(desks.max(initial=0)) + 1):
        more = load * lost / (desk + load * lost)
        lost = np.where(desks >= desk, more, lost)
    return lost


def _long_queue(desks: Ints, load: Floats) -> Floats:
    """Queue of loads below the desks that go on for long; 0 at closed sites."""
    lost = _loss_probability(desks, load)
    free = np.maximum(desks - load, np.finfo(np.float64).tiny)
    waits = lost * desks / (free + load * lost)
    return np.where(desks > 0, waits * load / free, 0.0)


def _closes_after(desks: Ints, hour: int) -> npt.NDArray[np.bool_]:
    """Sites that are open in an hour and not in the next."""
    is_last = hour + 1 == desks.shape[1]
    after = np.zeros(len(desks), dtype=np.int64) if is_last else desks[:, hour + 1]
    closes: npt.NDArray[np.bool_] = (desks[:, hour] > 0) & (after == 0)
    return closes
