"""What a finished run keeps, so that a what-if recomputes only what it changes."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd

from walkcover.assessment import Assessment
from walkcover.elevation import EdgeHeights
from walkcover.network import Network
from walkcover.suggestion import Suggestion


@dataclass(frozen=True)
class Study:
    """
    The checked inputs of a run, and what was made of them.

    Parameters
    ----------
    residences
        Checked residences with zone_id and stage, points and polygons in EPSG:4326.
    sites
        Checked sites with status.
    zones
        Checked zones.
    candidates
        Given candidates, None where they are made from the network.
    network
        The streets that the plan's walker can use.
    heights
        Heights along them, None where it is flat.
    barriers
        Lines and polygons in EPSG:4326 that access legs may not cross, None where nothing bars.
    assessment
        Walks and verdicts as it is.
    suggestion
        Where to build; None where nothing was suggested.
    """

    residences: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame | None
    network: Network
    heights: EdgeHeights | None
    barriers: gpd.GeoSeries | None
    assessment: Assessment
    suggestion: Suggestion | None
