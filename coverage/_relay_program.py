"""Programs of the assignment of tubes to hubs: the linear one, and the exact search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from walkcover._errors import ConservationError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Hubs of each kind that take part in the first program; prices tell which others have to.
FIRST_HUBS = 4
# Room over its capacity comes in pieces of these parts of it, each dearer than the one before:
# many laboratories a little too full are better than one that chokes.
PIECES = (0.05, 0.1, 0.2, 0.4, np.inf)
# Up to so many arcs the whole question is put to the exact search, and proved.
SMALL_ARCS, PROVED_GAP, PROVING_NODES = 300, 1e-9, 500
# Sources at each full hub that may still change, besides those that the program halves.
MOVABLE = 4
# Gap that ends the exact search otherwise, and nodes that do.
GOOD_GAP, NODES = 1e-3, 20
# Costs and tubes that differ by less are equal.
SAME = 1e-6


@dataclass(frozen=True)
class Transport:
    """
    A question: whose tubes go where.

    Parameters
    ----------
    tubes
        Of each source on the day, shape (n,); all go to one hub.
    to_hub_s
        Seconds of driving from each source to each hub, laboratories before stations, shape
        (n, n_laboratories + n_stations); inf without a road.
    onward_s
        From each station to each laboratory, shape (n_stations, n_laboratories).
    room
        Tubes that each laboratory can still take, whole, shape (n_laboratories,).
    within_s
        Seconds that a tube may take from its collection until it is unloaded at a laboratory.
    stop_s, unload_s
        Seconds at a stop; for unloading at a hub.
    collection_tubes, transfer_tubes
        Tubes that a van brings home from a collection, and from a station.
    """

    tubes: Ints
    to_hub_s: Floats
    onward_s: Floats
    room: Ints
    within_s: float
    stop_s: float
    unload_s: float
    collection_tubes: float
    transfer_tubes: float

    @property
    def n_laboratories(self) -> int:
        """Number of laboratories."""
        return self.room.size

    def needed_s(self) -> Floats:
        """Seconds from collection to laboratory by each hub at best, shape of `to_hub_s`."""
        best_s: Floats = np.min(self.onward_s, axis=1, initial=np.inf) + self.unload_s
        rest_s = np.append(np.zeros(self.n_laboratories), best_s)
        needed_s: Floats = self.stop_s + self.to_hub_s + self.unload_s + rest_s
        return needed_s

    def hub_costs(self) -> Floats:
        """Seconds of a van, out and home, for a tube of each source to each hub."""
        costs: Floats = 2.0 * self.to_hub_s / self.collection_tubes
        return costs

    def onward_costs(self) -> Floats:
        """Seconds of a van for a tube from each station to each laboratory."""
        return (2.0 * self.onward_s + self.unload_s) / self.transfer_tubes


@dataclass(frozen=True)
class Relaxed:
    """A linear program's answer over some arcs: by arc of `Program.arcs`, its share of tubes."""

    row: Ints
    hub: Ints
    share: Floats
    spare: Floats
    cost: float


@dataclass(frozen=True)
class Program:
    """The programs over sources that can be reached; arcs are rows and hubs."""

    question: Transport
    sources: Ints
    may: Flags
    onward: Flags
    costs: Floats = field(init=False)

    def __post_init__(self) -> None:
        q = self.question
        cost = q.hub_costs()[self.sources] * q.tubes[self.sources][:, None]
        object.__setattr__(self, "costs", np.where(self.may, cost, np.inf))

    @property
    def tubes(self) -> Floats:
        """Tubes of each row."""
        return self.question.tubes[self.sources].astype(np.float64)

    def relax(self) -> Relaxed:
        """Solve the linear program; arcs come in until no other is worth it."""
        n_lab = self.question.n_laboratories
        taken = np.zeros(self.may.shape, dtype=bool)
        for part in (slice(0, n_lab), slice(n_lab, None)):
            near = np.argsort(self.costs[:, part], axis=1, kind="stable")[:, :FIRST_HUBS]
            np.put_along_axis(taken[:, part], near, True, axis=1)
        taken &= self.may
        while True:
            row, hub = np.nonzero(taken)
            found = self._solve(row, hub)
            price = found["eqlin"]["marginals"]
            worth = np.append(found["ineqlin"]["marginals"], price[self.sources.size :])
            # Seconds that an arc would save: what its tubes are worth at the source and the hub.
            spare = self.costs - price[: self.sources.size, None]
            spare = spare - self.tubes[:, None] * worth[None, :]
            missing = self.may & ~taken & (spare < -SAME * np.maximum(1.0, self.tubes[:, None]))
            if not missing.any():
                return Relaxed(row, hub, found["x"][: row.size], spare[row, hub], found["fun"])
            taken |= missing

    def largest_shares(self, relaxed: Relaxed) -> Ints:
        """Give every row the hub that has most of its tubes, the first of equals."""
        order = np.argsort(relaxed.share, kind="stable")
        row, hub, share = relaxed.row[order], relaxed.hub[order], relaxed.share[order]
        best = np.zeros(self.sources.size)
        best[row] = share
        top = share >= best[row] - SAME
        choice = np.full(self.sources.size, self.may.shape[1])
        np.minimum.at(choice, row[top], hub[top])
        return choice

    def settle(self, relaxed: Relaxed, *, time_limit_s: float) -> tuple[Ints, float]:
        """Give every row one hub; give a bound too."""
        m = self.sources.size
        choice = self.largest_shares(relaxed)
        best = np.zeros(m)
        np.maximum.at(best, relaxed.row, relaxed.share)
        whole = best >= 1.0 - SAME
        if whole.all():
            return choice, relaxed.cost
        small = int(self.may.sum()) <= SMALL_ARCS
        free = np.ones(m, dtype=bool) if small else ~whole | self._movable(relaxed, choice)
        if small:
            row, hub = np.nonzero(self.may)
        else:
            keep = free[relaxed.row]
            row, hub = relaxed.row[keep], relaxed.hub[keep]
        fixed = np.flatnonzero(~free)
        ends = (PROVED_GAP, PROVING_NODES) if small else (GOOD_GAP, NODES)
        found = self._search(row, hub, fixed, choice, ends=ends, time_limit_s=time_limit_s)
        share = found["x"][: row.size]
        order = np.argsort(share, kind="stable")
        choice[row[order]] = hub[order]
        # Only where all arcs took part does its bound hold for the question.
        bound = found.get("mip_dual_bound") if small else None
        return choice, relaxed.cost if bound is None else float(bound)

    def _movable(self, relaxed: Relaxed, choice: Ints) -> Flags:
        """Rows at each hub whose second best arc is hardly dearer."""
        m = self.sources.size
        other = relaxed.hub != choice[relaxed.row]
        regret = np.full(m, np.inf)
        np.minimum.at(regret, relaxed.row[other], relaxed.spare[other])
        order = np.lexsort([regret, choice])
        first = np.searchsorted(choice[order], choice[order])
        near = np.arange(m) - first < MOVABLE
        movable = np.zeros(m, dtype=bool)
        movable[order[near]] = True
        movable &= np.isfinite(regret)
        return movable

    def pass_on(self, choice: Ints) -> tuple[Ints, Ints, float]:
        """Pass on whole tubes from stations as cheaply as can be, where sources are settled."""
        q = self.question
        program = self._columns(np.zeros(0, np.int64), np.zeros(0, np.int64))
        load = np.bincount(choice, self.tubes, minlength=q.n_laboratories + len(q.onward_s))
        room = program.room - load[: q.n_laboratories]
        found = _checked(
            linprog(
                program.cost,
                A_ub=program.rooms,
                b_ub=room,
                A_eq=program.balance,
                b_eq=-load[q.n_laboratories :],
                bounds=np.column_stack([np.zeros(program.cost.size), program.upper]),
                method="highs-ds",
            )
        )
        passed = np.zeros(q.onward_s.shape, dtype=np.int64)
        flow = np.rint(found["x"][: program.station.size]).astype(np.int64)
        passed[program.station, program.laboratory] = flow
        got = load[: q.n_laboratories] + passed.sum(axis=0)
        excess = np.maximum(got - program.room, 0.0).astype(np.int64)
        if not np.array_equal(passed.sum(axis=1), load[q.n_laboratories :].astype(np.int64)):
            msg = "stations pass on another number of tubes than they got; report the input"
            raise ConservationError(msg)
        return passed, excess, float(found["fun"])

    def _columns(self, row: Ints, hub: Ints) -> _Columns:
        """Lay out the columns: arcs from sources, arcs from stations, room over capacity."""
        q, n_lab = self.question, self.question.n_laboratories
        n_station = len(q.onward_s)
        station, laboratory = np.nonzero(self.onward)
        onward_cost = q.onward_costs()[station, laboratory]
        direct = q.hub_costs()[self.sources][self.may]
        # One tube less over capacity is worth any drive.
        price = 4.0 * float(direct.max() + onward_cost.max(initial=0.0)) + 1.0
        piece = np.tile(np.arange(len(PIECES)), n_lab)
        over = np.repeat(np.arange(n_lab), len(PIECES))
        size = np.ceil(np.maximum(q.room, 1)[over] * np.array(PIECES)[piece])
        k, y, e = row.size, station.size, over.size
        tubes = self.tubes[row]
        is_direct = hub < n_lab
        column = np.arange(k)
        rooms = sparse.csr_array(
            (
                np.concatenate([tubes[is_direct], np.ones(y), -np.ones(e)]),
                (
                    np.concatenate([hub[is_direct], laboratory, over]),
                    np.concatenate([column[is_direct], k + np.arange(y), k + y + np.arange(e)]),
                ),
            ),
            shape=(n_lab, k + y + e),
        )
        balance = sparse.csr_array(
            (
                np.concatenate([tubes[~is_direct], -np.ones(y)]),
                (
                    np.concatenate([hub[~is_direct] - n_lab, station]),
                    np.concatenate([column[~is_direct], k + np.arange(y)]),
                ),
            ),
            shape=(n_station, k + y + e),
        )
        return _Columns(
            cost=np.concatenate([self.costs[row, hub], onward_cost, price * (piece + 1.0)]),
            upper=np.concatenate([np.ones(k), np.full(y, np.inf), size]),
            rooms=rooms,
            balance=balance,
            room=q.room.astype(np.float64),
            station=station,
            laboratory=laboratory,
        )

    def _solve(self, row: Ints, hub: Ints) -> Mapping[str, Any]:
        """Solve the linear program over some arcs."""
        program = self._columns(row, hub)
        whole = _sums(row, self.sources.size, program.cost.size)
        return _checked(
            linprog(
                program.cost,
                A_ub=program.rooms,
                b_ub=program.room,
                A_eq=sparse.vstack([whole, program.balance]),
                b_eq=np.append(np.ones(self.sources.size), np.zeros(program.balance.shape[0])),
                bounds=np.column_stack([np.zeros(program.cost.size), program.upper]),
                method="highs-ds",
            )
        )

    def _search(
        self,
        row: Ints,
        hub: Ints,
        fixed: Ints,
        choice: Ints,
        *,
        ends: tuple[float, int],
        time_limit_s: float,
    ) -> Mapping[str, Any]:
        """Settle some rows exactly; `fixed` ones keep their choice."""
        n_lab = self.question.n_laboratories
        program = self._columns(row, hub)
        n_hub = n_lab + program.balance.shape[0]
        load = np.bincount(choice[fixed], self.tubes[fixed], minlength=n_hub)
        free, number = np.unique(row, return_inverse=True)
        n = program.cost.size
        constraints = [
            LinearConstraint(_sums(number, free.size, n), 1.0, 1.0),
            LinearConstraint(program.rooms, -np.inf, program.room - load[:n_lab]),
        ]
        if n_hub > n_lab:
            constraints.append(LinearConstraint(program.balance, -load[n_lab:], -load[n_lab:]))
        found = milp(
            program.cost,
            integrality=np.arange(n) < row.size,
            bounds=Bounds(0.0, program.upper),
            constraints=constraints,
            options={"mip_rel_gap": ends[0], "node_limit": ends[1], "time_limit": time_limit_s},
        )
        if found["x"] is None:
            msg = f"assignment of tubes: the solver ended with {found['message']!r}"
            raise ConservationError(msg)
        return dict(found)


@dataclass(frozen=True)
class _Columns:
    """Columns of a program: cost and upper limit of each, and what they put into the rows."""

    cost: Floats
    upper: Floats
    rooms: sparse.csr_array
    balance: sparse.csr_array
    room: Floats
    station: Ints
    laboratory: Ints


def _sums(row: Ints, n_rows: int, n_columns: int) -> sparse.csr_array:
    """Sum the first columns by row."""
    ones = np.ones(row.size)
    return sparse.csr_array((ones, (row, np.arange(row.size))), shape=(n_rows, n_columns))


def _checked(found: Mapping[str, Any]) -> Mapping[str, Any]:
    if found["status"] != 0:
        msg = f"assignment of tubes: the solver ended with {found['message']!r}; report the input"
        raise ConservationError(msg)
    return found
