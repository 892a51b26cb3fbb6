"""Roads for vehicles: which ways they may use, and how fast they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from walkcover._errors import InputError
from walkcover.network import Bools, Floats, Lines, Network, build_network, cut_at_nodes
from walkcover.plan_operations import ROAD_KMH
from walkcover.speed import WalkCosts

# A link is slower than the road it leads to, and nobody drives at the speed of the sign all along.
LINK_SHARE, SIGN_SHARE = 0.75, 0.8
# From the place where the van stops the team carries its tables, at the pace of an unhurried walk.
CARRY_KMH = 4.0
CLOSED = frozenset(("no", "private", "agricultural", "forestry", "emergency", "military"))
ROAD_COLUMNS = ("name", "highway", "private", "raised", "forward", "backward", "kmh")


def is_drivable(tags: Mapping[str, str]) -> bool:
    """
    Tell whether a team's van may use a way.

    Private ways are open to it where only passing traffic is kept out.

    Parameters
    ----------
    tags
        Tags of the way.

    Returns
    -------
    drivable
        The most particular of ``motor_vehicle``, ``vehicle`` and ``access`` decides.

    Examples
    --------
    >>> is_drivable({"highway": "track"}), is_drivable({"highway": "footway"})
    (True, False)
    >>> is_drivable({"highway": "service", "access": "no", "motor_vehicle": "destination"})
    True
    """
    if road_kmh(tags) == 0.0 or tags.get("area") == "yes":
        return False
    says = (tags[key] for key in ("motor_vehicle", "vehicle", "access") if key in tags)
    return next(says, "yes") not in CLOSED


def road_kmh(tags: Mapping[str, str], speeds_kmh: Mapping[str, float] = ROAD_KMH) -> float:
    """
    Mean speed of a van on a way.

    Parameters
    ----------
    tags
        Tags of the way.
    speeds_kmh
        Speed by kind of road.

    Returns
    -------
    speed
        Speed of its kind in km/h, or four fifths of its ``maxspeed`` where that is lower; 0 where
        it is no road.

    Examples
    --------
    >>> road_kmh({"highway": "primary"}), road_kmh({"highway": "primary", "maxspeed": "40"})
    (50.0, 32.0)
    >>> road_kmh({"highway": "trunk_link"}), road_kmh({"highway": "steps"})
    (45.0, 0.0)
    """
    highway = tags.get("highway", "")
    kind = highway.removesuffix("_link")
    kmh = speeds_kmh.get(kind, 0.0) * (LINK_SHARE if kind != highway else 1.0)
    sign = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(mph|km/h|kmh)?", tags.get("maxspeed", ""))
    if sign is None or float(sign[1]) == 0.0:
        return kmh
    return min(kmh, SIGN_SHARE * float(sign[1]) * (1.609344 if sign[2] == "mph" else 1.0))


def road_directions(tags: Mapping[str, str]) -> tuple[bool, bool]:
    """
    Directions in which a van may drive, along the line and against it.

    Examples
    --------
    >>> road_directions({"highway": "primary", "oneway": "-1"})
    (False, True)
    >>> road_directions({"highway": "tertiary", "junction": "roundabout"})
    (True, False)
    """
    one_way = tags.get("highway") == "motorway" or tags.get("junction") in (
        "roundabout",
        "circular",
    )
    oneway = tags.get("oneway", "yes" if one_way else "no")
    return oneway not in ("-1", "reverse"), oneway not in ("yes", "1", "true")


def road_network(lines: Lines) -> tuple[Network, WalkCosts]:
    """
    Build the network of roads, and the seconds of driving along each edge.

    Parameters
    ----------
    lines
        Drivable lines; tags are those of `ROAD_COLUMNS`, ``kmh`` the speed.

    Returns
    -------
    network
        No edge is private: a van drives through a compound where it may.
    costs
        Seconds along and against every edge; access legs are walked.

    Raises
    ------
    InputError
        If no line has two vertices, or a speed is not positive.

    Examples
    --------
    >>> import pandas as pd
    >>> tags = pd.DataFrame({"name": "", "highway": "primary", "private": False, "raised": False,
    ...                      "forward": True, "backward": False, "kmh": 36.0}, index=[0])
    >>> line = Lines(np.array([0, 2]), np.array([112.0, 112.0112]), np.full(2, 37.0),
    ...              np.array([0, 1]), tags)
    >>> network, costs = road_network(line)
    >>> costs.whole()[0].round().tolist(), costs.whole()[1].tolist()
    ([100.0], [inf])
    """
    network = build_network(lines)
    metres_per_s = cut_at_nodes(lines).tags["kmh"].to_numpy(np.float64) / 3.6
    if not (metres_per_s > 0).all():
        msg = f"{(~(metres_per_s > 0)).sum()} roads have no speed; expected km/h above 0"
        raise InputError(msg)
    m = network.n_edges

    def knots(last: Floats, is_open: Bools) -> Floats:
        """Values at both ends of each edge, 0 at the first; NaN where the direction is closed."""
        return np.where(is_open[:, None], np.column_stack([np.zeros(m), last]), np.nan).ravel()

    drive_s = network.length_m / metres_per_s
    costs = WalkCosts(
        indptr=2 * np.arange(m + 1),
        at_m=knots(network.length_m, np.ones(m, dtype=bool)),
        along_s=knots(drive_s, network.forward),
        against_s=knots(drive_s, network.backward),
        wait_s=np.zeros((m, 2)),
        flat=3.6 / CARRY_KMH,
    )
    return network, costs
