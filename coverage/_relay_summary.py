"""Who takes part in a relay, and what it comes to in plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover.laboratory_hours import HOUR_S
from walkcover.operations import RelayPlan
from walkcover.plan_operations import RelayOptions
from walkcover.tube_relay import TubeRelay
from walkcover.tube_waves import TubeWaves

Ints = npt.NDArray[np.int64]

LABORATORY, STATION = "laboratory", "station"


@dataclass(frozen=True)
class Places:
    """
    Who takes part.

    Parameters
    ----------
    sources
        source_id, name, kind and point of those who give tubes.
    itself
        The same, with tests and tubes, of institutions that test their own.
    laboratories, stations
        As given, with the capacity of laboratories.
    points
        Points of sources, laboratories and stations, in this order.
    own
        Laboratory at each source, -1 for none.
    """

    sources: gpd.GeoDataFrame
    itself: gpd.GeoDataFrame
    laboratories: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    points: npt.NDArray[np.object_]
    own: Ints

    def hub_names(self) -> pd.DataFrame:
        """Id, name and kind of laboratories, then of stations."""
        parts = [
            pd.DataFrame({"hub_id": table[f"{kind}_id"], "name": table["name"], "kind": kind})
            for table, kind in ((self.laboratories, LABORATORY), (self.stations, STATION))
            if len(table)
        ]
        return pd.concat(parts, ignore_index=True)


def is_collected(relay: TubeRelay, places: Places) -> npt.NDArray[np.bool_]:
    """Flag sources whose tubes reach a laboratory."""
    collected: npt.NDArray[np.bool_] = (relay.assignment.hub >= 0) | (places.own >= 0)
    return collected


def carried_tubes(relay: TubeRelay, waves: TubeWaves, places: Places) -> Ints:
    """Tubes that reach laboratories, by source and wave."""
    return waves.tubes * is_collected(relay, places)[:, None]


def relay_summary(
    plan: RelayPlan, relay: TubeRelay, waves: TubeWaves, places: Places, options: RelayOptions
) -> dict[str, Any]:
    """
    Put a relay plan into plain values.

    Parameters
    ----------
    plan
        The tables.
    relay
        The relay on arrays.
    waves
        What each source has ready for each wave.
    places
        Who takes part.
    options
        Section ``[relay]`` of the plan.

    Returns
    -------
    summary
        As `walkcover.operations.RelayPlan.summary` names them; besides, stations and laboratories
        that are used, and full tubes: how many there would be if none were filled in part.
    """
    sites = (places.sources["kind"] == "site").to_numpy()
    carried = int(carried_tubes(relay, waves, places).sum())
    itself = int(places.itself["tubes"].sum())
    tests = float(waves.tests.sum() + places.itself["tests"].sum())
    labs = plan.laboratories
    n_sites, n_labs = max(1, int(sites.sum())), len(labs)
    capacity = float(labs["capacity"].sum())
    results = plan.platform["results"].to_numpy()
    site_tests = float(waves.tests[sites].sum())
    oldest, done = plan.sources["oldest_s"].max(), labs["done_h"].max()
    peak = int(np.argmax(results))
    assignment = relay.assignment
    return {
        "tests": tests,
        "tubes": int(waves.tubes.sum()) + itself,
        "pooling": options.pooling,
        "sources": len(plan.sources),
        "itself_tubes": itself,
        "collected_tubes": carried,
        "late_tubes": int(waves.tubes.sum()) - carried,
        "waves": len(plan.waves),
        "vehicles": int(relay.vans.sum()),
        "routes": len(relay.routes),
        "drive_s": relay.driven_s,
        "oldest_s": None if np.isnan(oldest) else float(oldest),
        "hold_s": HOUR_S * options.hold_h,
        "stations": len(places.stations),
        "transfers": len(relay.trips),
        "laboratories": n_labs,
        "capacity": capacity,
        "load_share": carried / capacity if capacity > 0 else None,
        "short_tubes": int(labs["short_tubes"].sum()),
        "laboratories_short": int((labs["short_tubes"] > 0).sum()),
        "tests_per_site_day": site_tests / n_sites,
        "tubes_per_site_day": float(waves.tubes[sites].sum()) / n_sites,
        "tubes_per_laboratory_day": carried / n_labs,
        "peak_results": float(results[peak]),
        "peak_results_hour": peak if results[peak] > 0 else None,
        "done_h": None if np.isnan(done) else float(done),
        "status": "optimal" if assignment.is_optimal else "feasible",
        "gap": assignment.gap,
        "stations_used": int((plan.hubs["kind"] == STATION).sum()),
        "laboratories_used": int((labs["tubes"] > 0).sum()),
        # Each collection closes a tube that is not full; people reckon without.
        "full_tubes": tests / options.pooling,
        "full_tubes_per_site_day": site_tests / options.pooling / n_sites,
        "full_tubes_per_laboratory_day": float(waves.tests.sum()) / options.pooling / n_labs,
    }
