"""In which order to build desk time, and whom each step serves more."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover.capacity import Floats, largest_flow, starved
from walkcover.desk_purchases import Purchases
from walkcover.pairs import CoverPairs, Ints
from walkcover.plan import Stage

BUILD, EXTEND = "build", "extend"


def steps_in_order(
    pairs: CoverPairs,
    people: Floats,
    purchases: Purchases,
    bought: list[tuple[int, int, int]],
    *,
    stages: Sequence[Stage],
    standing: Ints,
    capacity_people: Floats,
) -> pd.DataFrame:
    """Order what was bought, stage by stage, and count whom each step serves more of all people."""
    options = purchases.options
    places = np.union1d(standing, options.candidate[[at for _, at, _ in bought]])
    queue = _Queue(pairs, people, places, np.isin(np.arange(pairs.n_candidates), standing))
    queue.open(capacity_people)
    before = queue.served_people
    rows: list[dict[str, Any]] = []
    for code, stage in enumerate(stages):
        mine = [(at, times) for owner, at, times in bought if owner == code]
        more = [(int(options.candidate[at]), options.add_people[at] * n) for at, n in mine]
        for number, gained in queue.in_order(more):
            at, times = mine[number]
            site = int(options.candidate[at])
            rows.append(
                {
                    "stage": stage.name,
                    "candidate": site,
                    "action": EXTEND if site in standing else BUILD,
                    "desks": int(purchases.desks[at] * times),
                    "people_gained": gained,
                }
            )
    table = pd.DataFrame(
        rows, columns=["stage", "candidate", "action", "desks", "people_gained"]
    ).astype({"candidate": np.int64, "desks": np.int64, "people_gained": float})
    table.insert(0, "order", np.arange(1, len(table) + 1))
    table["covered_people"] = before + table["people_gained"].cumsum()
    total = float(people.sum())
    table["covered_share"] = table["covered_people"] / total if total else 1.0
    return table


class _Queue:
    """People served as sites open one after the other: a flow that only grows."""

    def __init__(
        self, pairs: CoverPairs, people: Floats, places: Ints, stands: npt.NDArray[np.bool_]
    ) -> None:
        site = np.repeat(np.arange(pairs.n_candidates), np.diff(pairs.indptr))
        used = np.flatnonzero(np.isin(site, places))
        used = used[np.lexsort((site[used], pairs.residences[used]))]
        self.site, self.residence = site[used], pairs.residences[used].astype(np.int64)
        self.people = people
        self.room = np.zeros(pairs.n_candidates)
        self.flow = np.zeros(used.size)
        self.stands = stands

    @property
    def served_people(self) -> float:
        """People served so far."""
        return float(self.flow.sum())

    def open(self, capacity_people: Floats) -> None:
        """Let the sites that stand serve the most people."""
        self.room = np.where(self.stands, capacity_people, 0.0)
        self.flow = largest_flow(self.site, self.residence, self.people, self.room)

    def in_order(self, more: list[tuple[int, float]]) -> list[tuple[int, float]]:
        """
        Add desk time at sites, each time where most people gain.

        Gains only fall as other desk time is added: a stale gain at the head of the heap is enough
        to know whether it must be looked at again.
        """
        heap = [(-np.inf, number, -1) for number in range(len(more))]
        heapq.heapify(heap)
        ordered: list[tuple[int, float]] = []
        while heap:
            _, number, seen = heapq.heappop(heap)
            arcs, flow = self._with(*more[number])
            gained = max(0.0, float(flow.sum() - self.flow[arcs].sum()))
            if seen < len(ordered) and heap and (-gained, number) > heap[0][:2]:
                heapq.heappush(heap, (-gained, number, len(ordered)))
                continue
            site, people = more[number]
            self.room[site] += people
            self.flow[arcs] = flow
            ordered.append((number, gained))
        return ordered

    def _with(self, site: int, people: float) -> tuple[Ints, Floats]:
        """Pairs of those who compete with unserved people, and their flow with more desk time."""
        # Sites that these reach are full, and nobody else uses them.
        is_short, _ = starved(self.site, self.residence, self.flow, self.people)
        arcs = np.flatnonzero(is_short[self.residence])
        homes, residence = np.unique(self.residence[arcs], return_inverse=True)
        places, at = np.unique(self.site[arcs], return_inverse=True)
        room = self.room[places] + np.where(places == site, people, 0.0)
        flow = largest_flow(at, residence, self.people[homes], room, start=self.flow[arcs])
        return arcs, flow
