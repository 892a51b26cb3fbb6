"""Which hub takes whose tubes: the cheapest flow from sources over stations to laboratories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover._relay_program import SAME, Program, Transport

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


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
    bound, is_first, is_rough = -np.inf, True, True
    while True:
        program = Program(q, reached, may[reached], onward)
        relaxed = program.relax()
        # What breaks a hold time is found with halves put together, before the exact search.
        if is_rough:
            choice, bound_now = program.largest_shares(relaxed), relaxed.cost
        else:
            choice, bound_now = program.settle(relaxed, time_limit_s=time_limit_s)
        # What is forbidden below need not be forbidden in every answer.
        bound = max(bound, relaxed.cost, bound_now) if is_first else bound
        passed, excess, cost = program.pass_on(choice)
        hub[reached] = choice
        if _forbid(q, reached, choice, passed, may, onward):
            is_first = False
        elif is_rough:
            is_rough = False
        else:
            break
    objective = cost + float(q.hub_costs()[reached, choice] @ q.tubes[reached])
    bound = min(bound, objective)
    is_optimal = objective - bound <= SAME * max(1.0, objective)
    return Assignment(
        hub, passed, excess, objective, objective if is_optimal else bound, is_optimal
    )


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
