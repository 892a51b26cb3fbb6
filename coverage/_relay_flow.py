"""Which hub takes whose tubes: the cheapest flow from sources over stations to laboratories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
# Up to so many arcs the whole question is put to the exact search.
SMALL_ARCS = 2_000
# Sources at each full hub that may still change, besides those that the program halves.
MOVABLE = 6
# Gap that ends the exact search, and nodes that do.
GOOD_GAP, NODES = 1e-3, 300
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
        best_s = np.min(self.onward_s, axis=1, initial=np.inf) + self.unload_s
        rest_s = np.append(np.zeros(self.n_laboratories), best_s)
        return self.stop_s + self.to_hub_s + self.unload_s + rest_s

    def hub_costs(self) -> Floats:
        """Seconds of a van, out and home, for a tube of each source to each hub."""
        return 2.0 * self.to_hub_s / self.collection_tubes

    def onward_costs(self) -> Floats:
        """Seconds of a van for a tube from each station to each laboratory."""
        return (2.0 * self.onward_s + self.unload_s) / self.transfer_tubes


@dataclass(frozen=True)
class Assignment:
    """
    An answer.

    Parameters
    ----------
    hub
        Hub of each source, laboratories before stations; -1 where none keeps the hold time.
    passed
        Tubes that each station gives to each laboratory, shape (n_stations, n_laboratories).
    excess
        Tubes over the room of each laboratory, shape (n_laboratories,).
    objective, bound
        Seconds of vans, with the price of rooms that are overfull; no answer costs less than the
        bound.
    is_optimal
        Whether it is proved that none is cheaper.
    """

    hub: Ints
    passed: Ints
    excess: Ints
    objective: float
    bound: float
    is_optimal: bool

    @property
    def gap(self) -> float:
        """By what share of the objective a better answer could be cheaper."""
        if self.objective <= self.bound:
            return 0.0
        return (self.objective - self.bound) / self.objective


def assign(question: Transport, *, time_limit_s: float) -> Assignment:
    """
    Send every source to one hub and the tubes of stations on, as cheaply as rooms allow.

    A linear program over the arcs that keep the hold time gives the bound, few arcs at a time;
    sources that it halves, and those whose next hub is hardly dearer, are settled by an exact
    search. At a station all tubes may have to wait for the farthest drive: where that breaks a
    tube's hold time, one of the two is forbidden, and all is asked again.

    Parameters
    ----------
    question
        Sources, hubs and drives.
    time_limit_s
        Safety stop of each exact search.

    Returns
    -------
    assignment
        Nobody who can be collected in time is left out; rooms are overfull where they have to be.
    """
    q = question
    may = q.needed_s() <= q.within_s + SAME
    onward = np.isfinite(q.onward_s)
    reached = np.flatnonzero(may.any(axis=1) & (q.tubes > 0))
    hub = np.full(q.tubes.size, -1)
    nothing = np.zeros(q.onward_s.shape, dtype=np.int64)
    if not reached.size:
        return Assignment(hub, nothing, np.zeros(q.room.size, np.int64), 0.0, 0.0, True)
    bound = -np.inf
    is_first = True
    while True:
        program = _Program(q, reached, may[reached], onward)
        relaxed = program.relax()
        bound = max(bound, relaxed.cost) if is_first else bound
        choice, proved, better_bound = program.settle(relaxed, time_limit_s=time_limit_s)
        if is_first:
            bound = max(bound, better_bound)
        passed, excess, cost = program.pass_on(choice)
        hub[reached] = choice
        if not _forbid(q, reached, choice, passed, may, onward):
            break
        is_first = proved = False
    objective = cost + float(q.hub_costs()[reached, choice] @ q.tubes[reached])
    bound = min(bound, objective)
    is_optimal = proved or objective - bound <= SAME * max(1.0, objective)
    return Assignment(hub, passed, excess, objective, objective if is_optimal else bound, is_optimal)


def _forbid(
    q: Transport, reached: Ints, choice: Ints, passed: Ints, may: Flags, onward: Flags
) -> bool:
    """Forbid arcs that break a hold time together; tell whether there were any."""
    found = False
    for station in range(len(passed)):
        used = np.flatnonzero(passed[station] > 0)
        if not used.size:
            continue
        hub = q.n_laboratories + station
        far = int(used[np.argmax(q.onward_s[station, used])])
        own = reached[choice == hub]
        takes_s = q.stop_s + q.to_hub_s[own, hub] + 2 * q.unload_s + q.onward_s[station, far]
        late = own[takes_s > q.within_s + SAME]
        if not late.size:
            continue
        found = True
        others = may[late].sum(axis=1) > 1
        if others.all() and q.tubes[late].sum() <= passed[station, far]:
            may[late, hub] = False
        else:
            onward[station, far] = False
    return found


@dataclass(frozen=True)
class _Relaxed:
    """A linear program's answer over some arcs: by arc of `_Program.arcs`, its share of tubes."""

    row: Ints
    hub: Ints
    share: Floats
    spare: Floats
    cost: float


@dataclass(frozen=True)
class _Program:
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

    def relax(self) -> _Relaxed:
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
                return _Relaxed(row, hub, found["x"][: row.size], spare[row, hub], found["fun"])
            taken |= missing

    def settle(self, relaxed: _Relaxed, *, time_limit_s: float) -> tuple[Ints, bool, float]:
        """Give every row one hub; tell whether no other way is cheaper, and a bound."""
        m = self.sources.size
        best = np.zeros(m)
        np.maximum.at(best, relaxed.row, relaxed.share)
        whole = best >= 1.0 - SAME
        top = relaxed.share >= best[relaxed.row] - 1e-12
        choice = np.zeros(m, dtype=np.int64)
        choice[relaxed.row[top][::-1]] = relaxed.hub[top][::-1]
        if whole.all():
            return choice, True, relaxed.cost
        small = int(self.may.sum()) <= SMALL_ARCS
        free = np.ones(m, dtype=bool) if small else ~whole | self._movable(relaxed, choice)
        if small:
            row, hub = np.nonzero(self.may)
        else:
            keep = free[relaxed.row]
            row, hub = relaxed.row[keep], relaxed.hub[keep]
        fixed = np.flatnonzero(~free)
        found = self._search(row, hub, fixed, choice, time_limit_s=time_limit_s)
        share = found["x"][: row.size]
        order = np.argsort(share, kind="stable")
        choice[row[order]] = hub[order]
        is_proved = small and found["status"] == 0
        bound = found.get("mip_dual_bound") if small else None
        return choice, is_proved, relaxed.cost if bound is None else float(bound)

    def _movable(self, relaxed: _Relaxed, choice: Ints) -> Flags:
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
        return movable & np.isfinite(regret)

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

    def _solve(self, row: Ints, hub: Ints) -> Mapping[str, Floats]:
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
        self, row: Ints, hub: Ints, fixed: Ints, choice: Ints, *, time_limit_s: float
    ) -> Mapping[str, Floats]:
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
            options={"mip_rel_gap": GOOD_GAP, "node_limit": NODES, "time_limit": time_limit_s},
        )
        if found["x"] is None:
            msg = f"assignment of tubes: the solver ended with {found['message']!r}"
            raise ConservationError(msg)
        return found  # type: ignore[no-any-return]


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


def _checked(found: Mapping[str, Floats]) -> Mapping[str, Floats]:
    if found["status"] != 0:
        msg = f"assignment of tubes: the solver ended with {found['message']!r}; report the input"
        raise ConservationError(msg)
    return found
