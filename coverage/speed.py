"""Seconds of walking: along every edge, up and down its slopes, over steps and at signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from walkcover._errors import InputError
from walkcover.elevation import EdgeHeights
from walkcover.network import Bools, Floats, Ints, Network, row_of, segment_at
from walkcover.tags import FOOT_HIGHWAYS

# Tobler (1993): people walk 6 exp(-3.5 |slope + 0.05|) km/h, fastest a little downhill.
TOBLER_STEEPNESS = 3.5
TOBLER_FASTEST_SLOPE = -0.05
# Heights with faults make cliffs of streets; nothing counts as steeper than 45 degrees.
STEEPEST = 1.0


@dataclass(frozen=True)
class WalkCosts:
    """
    What walking costs, in seconds.

    Every edge has knots, first and last vertex among them; in between seconds grow evenly. From a
    to b metres from the first vertex one walks ``along_s(b) - along_s(a)`` seconds if b is ahead,
    ``against_s(a) - against_s(b)`` if it is behind.

    Parameters
    ----------
    indptr
        Shape (m + 1,): edge i has the knots ``indptr[i]`` to ``indptr[i + 1]``.
    at_m
        Metres from the first vertex of the edge, by knot, ascending within an edge.
    along_s, against_s
        Seconds from the first vertex to the knot, and from the knot back; NaN on edges where that
        direction is closed to people on foot.
    wait_s
        Shape (m, 2): seconds that passing the first and the last vertex costs on this edge; half
        of the wait at a signal, as a walk through the node passes two edges' ends.
    flat
        Seconds per metre on access legs.
    """

    indptr: Ints
    at_m: Floats
    along_s: Floats
    against_s: Floats
    wait_s: Floats
    flat: float

    @cached_property
    def open_along(self) -> Bools:
        """Edges that people may walk from the first to the last vertex."""
        return ~np.isnan(self.along_s[self.indptr[:-1]])

    @cached_property
    def open_against(self) -> Bools:
        """Edges that people may walk from the last to the first vertex."""
        return ~np.isnan(self.against_s[self.indptr[:-1]])

    def whole(self) -> tuple[Floats, Floats]:
        """
        Seconds along and against every edge, waits at both ends included; inf where closed.

        Returns
        -------
        along_s, against_s
            Shape (m,) each.
        """
        last = self.indptr[1:] - 1
        waits = self.wait_s.sum(axis=1)
        along = np.where(self.open_along, self.along_s[last] + waits, np.inf)
        return along, np.where(self.open_against, self.against_s[last] + waits, np.inf)

    def positions(self, edge: Ints, offset_m: Floats) -> tuple[Floats, Floats]:
        """
        Seconds from the first vertex to points on edges, and from there back.

        Parameters
        ----------
        edge
            Edges, shape (k,).
        offset_m
            Metres from the first vertex of each.

        Returns
        -------
        along_s, against_s
            Shape (k,) each; NaN where that direction is closed.
        """
        knot, share = self._between(edge, offset_m)
        along_s, against_s = (
            seconds[knot] + share * (seconds[knot + 1] - seconds[knot])
            for seconds in (self.along_s, self.against_s)
        )
        return along_s, against_s

    def seconds(self, edge: Ints, from_m: Floats, to_m: Floats) -> Floats:
        """
        Seconds of walks along one edge each.

        Parameters
        ----------
        edge
            Edges, shape (k,).
        from_m, to_m
            Where walks begin and end, in metres from the first vertex.

        Returns
        -------
        seconds
            Shape (k,); inf where that direction is closed, 0 where nothing is to walk.
        """
        along_a, against_a = self.positions(edge, from_m)
        along_b, against_b = self.positions(edge, to_m)
        walk = np.where(to_m > from_m, along_b - along_a, against_a - against_b)
        return np.where(to_m == from_m, 0.0, np.where(np.isnan(walk), np.inf, walk))

    def _between(self, edge: Ints, offset_m: Floats) -> tuple[Ints, Floats]:
        """The knot before each point, and the share of the way to the next one."""
        knot = segment_at(self.at_m, self.indptr, edge, offset_m)
        span = self.at_m[knot + 1] - self.at_m[knot]
        ahead = offset_m - self.at_m[knot]
        share = np.divide(ahead, span, out=np.zeros(len(knot)), where=span > 0)
        return knot, np.clip(share, 0.0, 1.0)


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
        With two knots an edge, NaN in directions that are closed to people on foot.

    Raises
    ------
    InputError
        If the speed is not positive and finite.
    """
    return walk_costs(network, speed_kmh=speed_kmh)


def walk_costs(
    network: Network,
    *,
    speed_kmh: float,
    heights: EdgeHeights | None = None,
    steps_factor: float = 1.0,
    surface_factors: Mapping[str, float] | None = None,
    crossing_wait_s: float = 0.0,
) -> WalkCosts:
    """
    Costs of walking up and down, over steps and rough ground, and at signals.

    Parameters
    ----------
    network
        The walking network.
    speed_kmh
        Flat walking speed in km/h.
    heights
        Heights along the edges; None is flat.
    steps_factor
        Times as many seconds on ``highway=steps``.
    surface_factors
        Times as many seconds by value of ``surface``; 1 for those not named.
    crossing_wait_s
        Seconds of waiting where a walk on a footway passes a signalised crossing.

    Returns
    -------
    costs
        NaN in directions that are closed to people on foot.

    Raises
    ------
    InputError
        If the speed or a factor is not positive and finite, or the wait is negative.

    References
    ----------
    Tobler (1993), Three presentations on geographical analysis and modeling; here relative to
    the flat speed, so that a slope of nothing changes nothing.
    """
    factors = {"steps_factor": steps_factor, **(surface_factors or {})}
    for name, value in {"speed_kmh": speed_kmh, **factors}.items():
        if not 0 < value < np.inf:
            unit = " of km/h" if name == "speed_kmh" else ""
            msg = f"{name} = {value!r}: expected a positive number{unit}"
            raise InputError(msg)
    if not 0 <= crossing_wait_s < np.inf:
        msg = f"crossing_wait_s = {crossing_wait_s!r}: expected seconds from 0 on"
        raise InputError(msg)
    flat = 3.6 / speed_kmh
    if heights is None:
        indptr, at_m = _ends(network)
        slope = np.zeros(len(at_m) - 1)
    else:
        indptr, at_m = heights.indptr, heights.at_m
        slope = heights.slopes()
    rate = flat * _effort(network, steps_factor, surface_factors or {})[row_of(indptr)]
    step_m = np.diff(at_m)
    step_m[indptr[1:-1] - 1] = 0.0
    seconds = {}
    for name, is_open, grade in (
        ("along_s", network.forward, slope),
        ("against_s", network.backward, -slope),
    ):
        step_s = np.append(0.0, step_m * rate[1:] / tobler_factor(grade))
        # Summed edge by edge, so that the figures of one edge do not hang on those before it.
        running = pd.Series(step_s).groupby(row_of(indptr), sort=False).cumsum()
        seconds[name] = running.to_numpy(np.float64, copy=True)
        seconds[name][~is_open[row_of(indptr)]] = np.nan
    wait_s = _waits(network, crossing_wait_s)
    return WalkCosts(indptr=indptr, at_m=at_m, wait_s=wait_s, flat=flat, **seconds)


def tobler_factor(slope: Floats) -> Floats:
    """
    Walking speed on a slope, relative to that on the flat.

    Parameters
    ----------
    slope
        Rise over run in the direction of walking; beyond 1 and -1 as there.

    Returns
    -------
    factor
        1 on the flat, up to 1.19 gently downhill.

    Examples
    --------
    >>> tobler_factor(np.array([0.0, 0.1, -0.05, -0.1])).round(2).tolist()
    [1.0, 0.7, 1.19, 1.0]
    """
    slope = np.clip(slope, -STEEPEST, STEEPEST)
    steep = np.abs(slope - TOBLER_FASTEST_SLOPE) + TOBLER_FASTEST_SLOPE
    return np.asarray(np.exp(-TOBLER_STEEPNESS * steep), dtype=np.float64)


def _ends(network: Network) -> tuple[Ints, Floats]:
    """Two knots an edge."""
    m = network.n_edges
    at_m = np.column_stack([np.zeros(m), network.length_m]).ravel()
    return 2 * np.arange(m + 1), at_m


def _effort(network: Network, steps_factor: float, surface_factors: Mapping[str, float]) -> Floats:
    """Times as many seconds as on a good street, shape (m,)."""
    effort = np.where(network.highway == "steps", steps_factor, 1.0)
    for surface, factor in surface_factors.items():
        effort = np.where(network.surface == surface, effort * factor, effort)
    return effort


def _waits(network: Network, crossing_wait_s: float) -> Floats:
    """Half the wait at each end of a footway that is a signalised crossing, shape (m, 2)."""
    waits = np.zeros((network.n_edges, 2))
    if not crossing_wait_s or not len(network.signals):
        return waits
    at_signal = at_points(network, network.signals)
    on_foot = np.isin(network.highway, list(FOOT_HIGHWAYS))
    waits[on_foot, 0] = at_signal[network.u[on_foot]]
    waits[on_foot, 1] = at_signal[network.v[on_foot]]
    return waits * crossing_wait_s / 2.0


def at_points(network: Network, points: Floats) -> Bools:
    """
    Flag the nodes that lie at some points.

    Parameters
    ----------
    network
        The walking network.
    points
        Lon and lat as the street file gives them, shape (k, 2).

    Returns
    -------
    at
        Shape (n_nodes,).
    """
    node = network.node_lon + 1j * network.node_lat
    return np.isin(node, points[:, 0] + 1j * points[:, 1])
