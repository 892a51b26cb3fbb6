"""Seconds per metre: what a walk along each edge costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from walkcover._errors import InputError
from walkcover.network import Floats, Network


@dataclass(frozen=True)
class WalkCosts:
    """
    What walking costs, in seconds per metre.

    Parameters
    ----------
    along
        Shape (m,): from the first to the last vertex of each edge; inf where that is forbidden.
    against
        The other way.
    flat
        On access legs.
    """

    along: Floats
    against: Floats
    flat: float


def flat_costs(network: Network, *, speed_kmh: float) -> WalkCosts:
    """
    Costs of walking at one speed everywhere.

    Parameters
    ----------
    network
        The walking network.
    speed_kmh
        Flat walking speed in km/h.

    Returns
    -------
    costs
        Seconds per metre, inf in directions that are closed to people on foot.

    Raises
    ------
    InputError
        If the speed is not positive and finite.
    """
    if not 0 < speed_kmh < np.inf:
        msg = f"speed_kmh = {speed_kmh!r}: expected a positive number of km/h"
        raise InputError(msg)
    flat = 3.6 / speed_kmh
    return WalkCosts(
        along=np.where(network.forward, flat, np.inf),
        against=np.where(network.backward, flat, np.inf),
        flat=flat,
    )
