"""Collection routes round one hub, by PyVRP."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Price of a van, in seconds of driving: vans come before drives.
VAN_PRICE = 20_000
# Where no road leads. Longer than any limit, and far from overflow in sums.
NO_WAY_S = 10_000_000


@dataclass(frozen=True)
class Load:
    """What a van takes at a stop: the source, and the number of its part where it has several."""

    source: int
    part: int
    parts: int

    def share(self, tubes: int) -> int:
        """Tubes of this part where the source has so many."""
        return tubes // self.parts + (self.part < tubes % self.parts)


def loads_of(source: int, tubes_wave: int, van_tubes: int) -> list[Load]:
    """Cut what a source has in its largest wave into parts that fit a van."""
    parts = max(1, -(-tubes_wave // van_tubes))
    return [Load(source, part, parts) for part in range(parts)]


def hub_routes(
    tubes: Sequence[int],
    drive_s: Floats,
    *,
    collect_within_s: float,
    home_within_s: float,
    stop_s: float,
    van_tubes: int,
    iterations: int,
    time_limit_s: float,
    seed: int,
) -> list[list[int]]:
    """
    Route vans from a hub to stops and back: fewest vans first, then shortest drives.

    Parameters
    ----------
    tubes
        Tubes at each stop in its largest wave, shape (n,), none above `van_tubes`.
    drive_s
        Whole seconds between the hub, row 0, and the stops, shape (n + 1, n + 1).
    collect_within_s
        Seconds that a van may take from the first stop until it is back: the first tube's hold
        time. Each stop can be reached alone.
    home_within_s
        Seconds, drive out included, within which a van is back for the next wave; one that is
        not counts twice.
    stop_s
        Seconds at a stop.
    van_tubes
        Tubes that a van carries.
    iterations, time_limit_s, seed
        What ends the search; start of its random numbers.

    Returns
    -------
    routes
        Stops from 0 in order, ascending by the least of each.
    """
    import pyvrp
    import pyvrp.stop
    from pyvrp.exceptions import PenaltyBoundWarning

    n = len(tubes)
    if n == 1:
        return [[0]]
    whole: Any = np.where(np.isfinite(drive_s), np.ceil(drive_s), NO_WAY_S).astype(np.int64)
    np.fill_diagonal(whole, 0)
    # The drive out costs, but takes no hold time: vans are at their first stops when a wave begins.
    held = whole.copy()
    held[0] = 0
    # A route that keeps both limits needs one van for all waves.
    within = (math.floor(min(collect_within_s, home_within_s)), math.floor(collect_within_s))
    kinds = [
        pyvrp.VehicleType(
            num_available=n,
            capacity=[van_tubes],
            fixed_cost=VAN_PRICE * (k + 1),
            shift_duration=max(0, limit_s),
            profile=k,
        )
        for k, limit_s in enumerate(within)
    ]
    data = pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0) for _ in range(n + 1)],
        clients=[
            pyvrp.Client(k + 1, delivery=[int(tubes[k])], service_duration=math.ceil(stop_s))
            for k in range(n)
        ],
        depots=[pyvrp.Depot(0)],
        vehicle_types=kinds,
        distance_matrices=[whole, whole],
        duration_matrices=[whole, held],
    )
    ends: list[pyvrp.stop.StoppingCriterion] = [
        pyvrp.stop.MaxIterations(iterations),
        pyvrp.stop.MaxRuntime(time_limit_s),
    ]
    alone = pyvrp.Solution(data, [pyvrp.Route(data, [k], vehicle_type=1) for k in range(n)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        found = pyvrp.solve(
            data,
            pyvrp.stop.MultipleCriteria(ends),
            seed=seed,
            collect_stats=False,
            initial_solution=alone,
        )
    best = found.best if found.is_feasible() else alone
    routes = [[step.idx for step in route if step.is_client()] for route in best.routes()]
    return sorted(routes, key=min)
