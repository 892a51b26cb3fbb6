"""Read the walking network that a plan asks for: its streets, heights and barriers."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from walkcover._errors import InputError
from walkcover.elevation import STEEP_OVER_M, EdgeHeights, edge_heights, steepest, street_knots
from walkcover.io.networks import is_extract, read_network
from walkcover.network import Bools, Network
from walkcover.places import check_near_network
from walkcover.plan import Plan
from walkcover.restrict import barred_edges, restrict

NOWHERE = np.empty((0, 2))

log = logging.getLogger("walkcover")


@dataclass(frozen=True)
class Walking:
    """
    Where a plan's walker can walk.

    Parameters
    ----------
    network
        The streets that the profile can use.
    heights
        Heights along them, None where the plan names no elevation.
    barriers
        Lines and polygons in EPSG:4326 that access legs may not cross, None where the plan names
        none.
    barred_m
        Street in metres that the profile cannot use.
    """

    network: Network
    heights: EdgeHeights | None
    barriers: gpd.GeoSeries | None = None
    barred_m: float = 0.0


def read_walking(plan: Plan, *, whole: Network | None = None) -> Walking:
    """
    Read the network of a plan, with heights, without what its walker cannot use.

    Parameters
    ----------
    plan
        The plan.
    whole
        All streets, in place of those of the plan's file.

    Returns
    -------
    walking
        The network and its heights.

    Raises
    ------
    MissingFileError
        If a file does not exist.
    InputError
        If a file cannot be read, no street lies on the elevation, or the profile can use no street.
    """
    if whole is None:
        whole = read_network(
            plan.path(plan.network.source),
            layer=plan.network.layer,
            min_component_m=plan.walk.min_component_m,
            plazas=plan.walk.plazas,
        )
    walker = plan.walker
    network = whole
    kerbs = NOWHERE if walker.kerbs else whole.kerbs
    signals = whole.signals if plan.walk.crossing_wait_s else NOWHERE
    if plan.walk.crossing_wait_s and not len(signals):
        log.warning(
            "%s marks no crossing with signals: crossing_wait_s changes nothing",
            plan.network.source,
        )
    without = np.zeros(whole.n_edges, dtype=bool) if walker.steps else barred_edges(whole)
    if without.any() or len(kerbs) or len(signals):
        network = _restricted(whole, without, plan, kerbs=kerbs, signals=signals)
    walking = Walking(network, _heights(network, plan))
    if walker.max_slope and walking.heights is not None:
        steep = steepest(walking.heights, over_m=STEEP_OVER_M) > walker.max_slope
        if steep.any():
            network = _restricted(network, steep, plan, kerbs=NOWHERE, signals=NOWHERE)
            walking = Walking(network, _heights(network, plan))
    barred_m = float(whole.length_m.sum() - network.length_m.sum())
    if walker.restricted:
        log.info("profile %r: %.1f km of street left out", plan.walk.profile, barred_m / 1000)
    return dataclasses.replace(
        walking, barriers=_barriers(network, plan), barred_m=max(0.0, barred_m)
    )


def _restricted(
    network: Network, without: Bools, plan: Plan, *, kerbs: np.ndarray, signals: np.ndarray
) -> Network:
    return restrict(
        network,
        without=without,
        parted_at=kerbs,
        cut_at=signals,
        min_component_m=plan.walk.min_component_m,
    )


def _barriers(network: Network, plan: Plan) -> gpd.GeoSeries | None:
    from walkcover.io.barriers import read_barriers, read_walls

    parts = []
    if plan.walk.walls:
        source = plan.path(plan.network.source)
        if not is_extract(source):
            msg = (
                f"[walk] walls = true: {source.name} holds no walls; expected an OpenStreetMap "
                "extract as [network] source, or the walls in a file of their own ([walk] barriers)"
            )
            raise InputError(msg)
        parts.append(read_walls(source).geometry)
    if plan.walk.barriers:
        shapes = read_barriers(plan.path(plan.walk.barriers)).geometry
        check_near_network(shapes, network.bounds, what=f"{plan.walk.barriers}: barriers")
        parts.append(shapes)
    return pd.concat(parts, ignore_index=True) if parts else None


def _heights(network: Network, plan: Plan) -> EdgeHeights | None:
    if not plan.network.elevation:
        return None
    from walkcover.io.elevation import sample_heights

    knots = street_knots(network)
    paths = [plan.path(source) for source in plan.network.elevation]
    heights = edge_heights(network, knots, sample_heights(paths, knots.lon, knots.lat))
    if heights.void_m:
        log.warning(
            "%s: no height under %.1f km of street; filled in from the street's own heights, "
            "level where none is known",
            ", ".join(plan.network.elevation),
            heights.void_m / 1000,
        )
    return heights
