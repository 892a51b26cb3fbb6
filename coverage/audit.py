"""What in the inputs falsifies verdicts, and what one should know."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from walkcover._errors import InputError
from walkcover.assessment import Assessment
from walkcover.gaps import OUTSIDE

# Above this share of people without a street near, the streets or the coordinates are wrong.
MAX_NOT_SNAPPED = 0.10
# So many places off every street are no coincidence.
FEW_PLACES = 3
SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """
    One thing the audit found.

    Parameters
    ----------
    falsifies
        Whether verdicts cannot be trusted before it is mended.
    text
        What, where and what to do.
    """

    falsifies: bool
    text: str


def audit(assessment: Assessment, zones: gpd.GeoDataFrame) -> list[Finding]:
    """
    Look for doubtful inputs.

    Parameters
    ----------
    assessment
        Residences and sites on the network.
    zones
        Checked zones.

    Returns
    -------
    findings
        Those that falsify verdicts first.
    """
    homes, sites = assessment.residences, assessment.sites
    found: list[Finding] = []
    off = homes["snap_to"].isna()
    share = homes.loc[off, "people"].sum() / max(homes["people"].sum(), 1e-9)
    _note(
        found,
        homes.loc[off, "residence_id"],
        "residences have no street near: is the street file complete, are the coordinates right?",
        falsifies=share > MAX_NOT_SNAPPED,
    )
    lost = sites["snap_to"].isna() & (sites["status"] == "open")
    _note(
        found,
        sites.loc[lost, "site_id"],
        "open sites have no street near and serve nobody: check their coordinates",
        falsifies=True,
    )
    stranded = (sites["snap_to"] == "island") & (sites["status"] == "open")
    _note(found, sites.loc[stranded, "site_id"], "open sites stand on an island of the network")
    twins = sites.duplicated(["lon", "lat"], keep=False)
    _note(found, sites.loc[twins, "site_id"], "sites share their coordinates with another one")
    islands = homes["snap_to"] == "island"
    _note(found, homes.loc[islands, "residence_id"], "residences joined an island of the network")
    _note(
        found,
        homes.loc[homes["gate_unknown"], "residence_id"],
        "compounds are walled or private and nobody knows their gate",
    )
    outside = homes["zone_id"] == OUTSIDE
    _note(found, homes.loc[outside, "residence_id"], "residences lie outside all zones")
    empty = ~zones["zone_id"].isin(homes["zone_id"])
    if "parent_id" in zones.columns:
        empty &= ~zones["zone_id"].isin(zones["parent_id"])
    _note(found, zones.loc[empty, "zone_id"], "zones have no residence")
    return sorted(found, key=lambda finding: not finding.falsifies)


def refuse_lost_places(
    residences: pd.DataFrame, sites: pd.DataFrame, *, snap_limit_m: float
) -> None:
    """
    Stop where no residence, or no open site, lies near any street.

    Parameters
    ----------
    residences
        With snap_to.
    sites
        With status and snap_to.
    snap_limit_m
        Longest access leg in metres.

    Raises
    ------
    InputError
        If there are several of them and none joined the network.
    """
    open_sites = sites[sites["status"] == "open"]
    for places, noun, section in (
        (residences, "residences", "residences"),
        (open_sites, "open sites", "sites"),
    ):
        if len(places) >= FEW_PLACES and places["snap_to"].isna().all():
            msg = (
                f"none of the {len(places)} {noun} lies within {snap_limit_m:g} m of a street; "
                "GCJ-02 read as WGS84 is off by some 500 m, BD-09 by over 1,000 m: set the right "
                f"crs in [{section}] (wgs84, gcj02, bd09), or take streets that reach so far"
            )
            raise InputError(msg)


def _note(found: list[Finding], ids: pd.Series, text: str, *, falsifies: bool = False) -> None:
    if len(ids):
        first = ", ".join(str(i) for i in ids.iloc[:SHOWN])
        more = ", …" if len(ids) > SHOWN else ""
        found.append(Finding(bool(np.bool_(falsifies)), f"{len(ids)} {text} ({first}{more})"))
