"""Least walk: send people to sites as the minimum cut allows, so that they walk least."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from walkcover._errors import ConservationError
from walkcover.pairs import Flags, Ints

Floats = npt.NDArray[np.float64]

# People fewer than this share of all are nobody; rounding moves no more.
NOBODY = 1e-12
# First prices of sites: for each temperature in seconds some rounds of balancing, overdone a
# little as the prices of neighbours rise together.
TEMPERATURES_S = (100.0, 50.0, 25.0, 12.0, 6.0, 3.0)
BALANCING_ROUNDS = 20
OVERDONE = 1.5
# A pair takes part in the linear program once it is this near to the best of its residence.
MARGIN_S = 10.0
# Rounds of the linear program at most; a handful is usual.
PROGRAM_ROUNDS = 200
# Walks that differ by less are equally long.
SAME_S = 1e-6
# What a person too many at a site costs at first, in longest walks; raised until there is none.
FIRST_PENALTY = 40.0


def least_walk(
    site: Ints,
    residence: Ints,
    walk_s: Floats,
    people: Floats,
    capacity_people: Floats,
    is_short: Flags,
    is_full: Flags,
    is_kept: Flags,
) -> Floats:
    """
    Find the largest flow of least walk that serves those who are kept.

    The minimum cut says what all largest flows have in common: full sites serve starved
    residences only, and everybody else is served. So the rest is a transport problem, where
    starved residences that are not kept may also go to a site that stands for not being served.
    """
    full = np.zeros(capacity_people.size + 1, dtype=bool)
    full[: is_full.size] = is_full
    able = np.flatnonzero((people[residence] > 0) & (is_short[residence] | ~full[site]))
    homes, row = np.unique(residence[able], return_inverse=True)
    idle = np.flatnonzero(is_short[homes] & ~is_kept[homes])
    order = np.argsort(np.append(row, idle), kind="stable")
    transport = _Transport(
        row=np.append(row, idle)[order],
        site=np.append(site[able], np.full(idle.size, capacity_people.size))[order],
        walk_s=np.append(walk_s[able], np.zeros(idle.size))[order],
        supply=people[homes],
        room=np.append(capacity_people, people.sum()),
        is_full=full,
    )
    flow = np.zeros(site.size)
    flow[able] = _cheapest(transport)[np.argsort(order)][: able.size]
    return flow


@dataclass(frozen=True)
class _Transport:
    """
    Supplies that all go to sites, along arcs sorted by row; every row has an arc.

    The last site takes those who stay unserved: at no cost, as many as the cut says.
    """

    row: Ints
    site: Ints
    walk_s: Floats
    supply: Floats
    room: Floats
    is_full: Flags

    @property
    def starts(self) -> Ints:
        """First arc of each row."""
        return np.searchsorted(self.row, np.arange(self.supply.size))


def _cheapest(transport: _Transport) -> Floats:
    """
    Solve a transport problem exactly, few pairs at a time.

    Most residences go to the site that is nearest once full sites have a price. Only pairs near
    to that take part in a linear program, whose prices then tell which others have to.
    """
    t, starts = transport, transport.starts
    if t.supply.size == 0:
        return np.zeros(0)
    price = _first_prices(t)
    penalty = FIRST_PENALTY * float(t.walk_s.max()) + 1.0
    allowed = np.zeros(t.row.size, dtype=bool)
    for _ in range(PROGRAM_ROUNDS):
        cost = t.walk_s + price[t.site]
        allowed |= cost <= np.minimum.reduceat(cost, starts)[t.row] + MARGIN_S
        flow, price, unmet = _program(t, allowed, penalty=penalty)
        cost = t.walk_s + price[t.site]
        least = np.minimum.reduceat(np.where(allowed, cost, np.inf), starts)
        if (cost < least[t.row] - SAME_S).any():
            continue
        if unmet <= SAME_S + NOBODY * t.supply.sum():
            return flow
        penalty *= 4.0
    msg = f"{unmet:g} people found no place although the largest flow has one for them"
    raise ConservationError(msg)


def _first_prices(transport: _Transport) -> Floats:
    """Guess the price of each site in seconds: balance loads of people who choose at random."""
    t, starts = transport, transport.starts
    price = np.zeros(t.room.size)
    target = np.maximum(t.room, 1e-9)
    for temperature in TEMPERATURES_S:
        for _ in range(BALANCING_ROUNDS):
            cost = t.walk_s + price[t.site]
            excess = cost - np.minimum.reduceat(cost, starts)[t.row]
            odds = np.exp(-excess / temperature)
            chosen = odds * (t.supply / np.add.reduceat(odds, starts))[t.row]
            load = np.bincount(t.site, chosen, minlength=t.room.size)
            price += OVERDONE * temperature * np.log(np.maximum(load, 1e-9) / target)
            price = np.where(t.is_full, price, np.maximum(price, 0.0))
            price[-1] = 0.0
    return price


def _program(
    transport: _Transport, allowed: Flags, *, penalty: float
) -> tuple[Floats, Floats, float]:
    """
    Solve the transport problem along some of its arcs; rows with one arc take it without asking.

    Returns
    -------
    flow, price, unmet
        People of each arc; what a place at each site is worth in seconds; people who break the
        limits of sites at the penalty.
    """
    t, n = transport, transport.room.size
    choices = np.bincount(t.row, allowed, minlength=t.supply.size)
    is_open = choices > 1
    sure = np.flatnonzero(allowed & ~is_open[t.row])
    arcs = np.flatnonzero(allowed & is_open[t.row])
    flow = np.zeros(t.row.size)
    flow[sure] = t.supply[t.row[sure]]
    room = t.room - np.bincount(t.site[sure], flow[sure], minlength=n)
    m, k = int(is_open.sum()), arcs.size
    row = (np.cumsum(is_open) - 1)[t.row[arcs]]
    full = np.flatnonzero(t.is_full)

    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = k + n + full.size, m + n
    # Behind the arcs: people too many at each site, and places left empty at a full one.
    program.col_cost_ = np.append(t.walk_s[arcs], np.full(n + full.size, penalty))
    program.col_lower_ = np.zeros(k + n + full.size)
    program.col_upper_ = np.full(k + n + full.size, np.inf)
    program.row_lower_ = np.append(t.supply[is_open], np.where(t.is_full, room, -np.inf))
    program.row_upper_ = np.append(t.supply[is_open], room)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    steps = np.append(np.full(k, 2), np.ones(n + full.size))
    program.a_matrix_.start_ = np.append(0, np.cumsum(steps)).astype(np.int32)
    ends = np.column_stack([row, m + t.site[arcs]]).ravel()
    program.a_matrix_.index_ = np.concatenate([ends, m + np.arange(n), m + full]).astype(np.int32)
    program.a_matrix_.value_ = np.concatenate([np.ones(2 * k), -np.ones(n), np.ones(full.size)])

    highs = highspy._Highs()  # type: ignore[attr-defined]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("parallel", "off")
    highs.setOptionValue("solver", "simplex")
    highs.passModel(program)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        msg = f"least walk: the solver ended with {highs.getModelStatus()}; report the input"
        raise ConservationError(msg)
    solution = highs.getSolution()
    values = np.asarray(solution.col_value, dtype=np.float64)
    flow[arcs] = np.maximum(values[:k], 0.0)
    price = -np.asarray(solution.row_dual, dtype=np.float64)[m:]
    return flow, price, float(values[k:].sum())
