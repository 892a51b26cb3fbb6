"""What in the inputs falsifies verdicts, and what one should know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from walkcover._doubtful_places import (
    candidate_findings,
    far_off,
    measure_legs,
    on_globe,
    twin_residences,
    twin_sites,
)
from walkcover._doubtful_streets import (
    percent,
    piece_findings,
    steep_findings,
    street_figures,
)
from walkcover._doubtful_tables import (
    people_findings,
    reading_findings,
    reading_notes,
    zone_findings,
)
from walkcover._errors import InputError
from walkcover.assessment import Assessment
from walkcover.findings import DOUBTFUL, FALSIFIES, NOTE, Audit, Finding, find, in_order
from walkcover.joins import Joins
from walkcover.network import Floats
from walkcover.plan import Plan, bare_name
from walkcover.residences import is_compound
from walkcover.snap import behind_barriers, snap

# Above this share of people without a street near, the streets or the coordinates are wrong.
MAX_NOT_SNAPPED = 0.10
# So many places off every street are no coincidence.
FEW_PLACES = 3
# Legs longer than this are no way to one's own street any more; many of them are a doubt.
LONG_LEG_M = 100.0
MAX_LONG_LEGS = 0.10
# Distances on a sphere are off by up to 0.6 %.
SPHERE_SLACK = 1.01
DEGREE_M = 111_320.0


class Doubt(Protocol):
    """A suspicion that a table is in another coordinate system than the plan says."""

    @property
    def text(self) -> str:
        """What is suspected and what to do."""

    @property
    def places(self) -> int:
        """How many places were looked at."""

    @property
    def trusted(self) -> bool:
        """Whether the plan insists on its coordinate system."""


def audit(
    assessment: Assessment,
    zones: gpd.GeoDataFrame,
    *,
    plan: Plan | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    suspicions: Sequence[Doubt] = (),
    steep: pd.DataFrame | None = None,
) -> list[Finding]:
    """
    Look for doubtful inputs.

    Parameters
    ----------
    assessment
        Residences and sites on the network.
    zones
        Checked zones.
    plan
        Walking limit, snapping, stages and names of files; None is the default plan without
        stages.
    candidates
        Given candidates.
    suspicions
        What speaks against the coordinate systems of the plan.
    steep
        Edges that are steeper than streets are: edge, length_m and slope (rise over run), as
        `walkcover.elevation.steep_edges` gives them; None where all is flat.

    Returns
    -------
    findings
        Those that falsify verdicts first, then by people.
    """
    stages = () if plan is None else tuple(stage.name for stage in plan.stages)
    plan = Plan() if plan is None else plan
    homes, sites = assessment.residences, assessment.sites
    served = people_served(homes, sites)
    found: list[Finding] = []
    for one in suspicions:
        severity = DOUBTFUL if one.trusted else FALSIFIES
        found += find("coordinates", severity, count=one.places, text=one.text)
    found += _residence_findings(homes)
    found += _barred_residences(assessment, plan)
    found += _site_findings(homes, sites, served, reach_m=plan.walk.limit_s * _speed_ms(plan))
    found += piece_findings(assessment.index.network, homes, sites)
    found += steep_findings(steep)
    found += people_findings(homes)
    found += far_off(homes, noun="residences", people=homes["people"])
    found += twin_residences(homes)
    found += far_off(sites, noun="sites", people=served)
    found += twin_sites(sites, noun="sites", people=served)
    if candidates is not None:
        joins = _candidate_joins(assessment, candidates, plan)
        found += candidate_findings(candidates, joins, sites)
        source = bare_name(plan.candidates.source)
        found += reading_findings(candidates, table=source or "candidates")
    found += zone_findings(homes, zones, stages=stages)
    found += reading_findings(homes, table=bare_name(plan.residences.source) or "residences")
    found += reading_findings(sites, table=bare_name(plan.sites.source) or "sites")
    found += reading_findings(zones, table=bare_name(plan.zones.source) or "zones")
    return in_order(found)


def take_stock(
    assessment: Assessment,
    zones: gpd.GeoDataFrame,
    *,
    plan: Plan,
    candidates: gpd.GeoDataFrame | None = None,
    suspicions: Sequence[Doubt] = (),
    steep: pd.DataFrame | None = None,
) -> Audit:
    """
    Audit the inputs of a plan: findings, lengths of access legs, and plain figures.

    Parameters
    ----------
    assessment, zones, plan, candidates, suspicions, steep
        As for `audit`.

    Returns
    -------
    audit
        All that the page of the audit shows; its refusal is that of `refuse_lost_places`.
    """
    homes, sites = assessment.residences, assessment.sites
    legs = {
        "residences": measure_legs(homes["snap_m"].to_numpy(), homes["people"].to_numpy()),
        "sites": measure_legs(sites["snap_m"].to_numpy(np.float64), np.zeros(len(sites))),
    }
    if candidates is not None:
        joins = _candidate_joins(assessment, candidates, plan)
        legs["candidates"] = measure_legs(joins.snap_m, np.zeros(len(candidates)))
    findings = audit(
        assessment,
        zones,
        plan=plan,
        candidates=candidates,
        suspicions=suspicions,
        steep=steep,
    )
    refusal = ""
    try:
        refuse_lost_places(homes, sites, snap_limit_m=plan.walk.snap_limit_m)
    except InputError as error:
        refusal = str(error)
    return Audit(tuple(findings), legs, _facts(assessment, zones, plan), refusal)


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


def people_served(residences: pd.DataFrame, sites: pd.DataFrame) -> pd.Series:
    """
    Count the people who live within reach of each site and have none nearer.

    Parameters
    ----------
    residences
        With people, site_id and verdict.
    sites
        With site_id.

    Returns
    -------
    people
        Float64, on the index of `sites`.
    """
    within = residences["verdict"].isin(["covered", "over_capacity"])
    people = residences["people"][within].groupby(residences["site_id"][within]).sum()
    return sites["site_id"].map(people).fillna(0.0).astype("float64")


def _speed_ms(plan: Plan) -> float:
    return plan.walker.speed_kmh / 3.6


def _candidate_joins(assessment: Assessment, candidates: gpd.GeoDataFrame, plan: Plan) -> Joins:
    shapes = candidates.geometry.to_numpy()
    limit_m = plan.walk.snap_limit_m
    return snap(shapes, assessment.index, limit_m=limit_m, barriers=assessment.barriers)


def _barred_residences(assessment: Assessment, plan: Plan) -> list[Finding]:
    """Residences that would join a street if no barrier stood in the way."""
    if assessment.barriers is None:
        return []
    homes = assessment.residences
    behind = behind_barriers(
        homes.geometry.to_numpy(),
        assessment.index,
        assessment.homes,
        limit_m=plan.walk.snap_limit_m,
        from_inside=is_compound(homes),
    )
    part = homes[behind]
    people = float(part["people"].sum())
    return find(
        "barred_residences", DOUBTFUL, count=len(part), ids=part["residence_id"], people=people
    )


def _residence_findings(homes: pd.DataFrame) -> list[Finding]:
    """How residences joined the network."""
    total = max(float(homes["people"].sum()), 1e-9)

    def those(code: str, severity: str, chosen: pd.Series, **values: str) -> list[Finding]:
        part = homes[chosen]
        people = float(part["people"].sum())
        ids = part["residence_id"]
        return find(code, severity, count=len(part), ids=ids, people=people, **values)

    def share(chosen: pd.Series) -> float:
        return float(homes["people"][chosen].sum()) / total

    off, long_leg = homes["snap_to"].isna(), homes["snap_m"] > LONG_LEG_M
    severity = FALSIFIES if share(off) > MAX_NOT_SNAPPED else DOUBTFUL
    found = those("lost_residences", severity, off, share=percent(share(off)))
    found += those("island_residences", DOUBTFUL, homes["snap_to"] == "island")
    if homes["site_id"].notna().any():
        found += those("piece_without_site", DOUBTFUL, homes["verdict"] == "no_site")
    if share(long_leg) > MAX_LONG_LEGS:
        values = {"leg_m": f"{LONG_LEG_M:g}", "share": percent(share(long_leg))}
        found += those("long_legs", DOUBTFUL, long_leg, **values)
    return found + those("gate_unknown", DOUBTFUL, homes["gate_unknown"])


def _site_findings(
    homes: gpd.GeoDataFrame, sites: pd.DataFrame, served: pd.Series, *, reach_m: float
) -> list[Finding]:
    """Sites that serve nobody, and why."""
    is_open, planned = sites["status"] == "open", sites["status"] == "planned"
    lost = sites["snap_to"].isna()
    far = is_open & (_nearest_home_m(sites, homes) > reach_m)
    reach = f"{reach_m:,.0f}"
    ids = sites["site_id"]
    # A site out of everybody's reach changes no verdict, wherever it really stands.
    found = find("lost_sites", FALSIFIES, ids=ids[is_open & lost & ~far], reach_m=reach)
    found += find("far_sites", DOUBTFUL, ids=ids[far], reach_m=reach)
    stranded = is_open & (sites["snap_to"] == "island")
    people = float(served[stranded].sum())
    found += find("island_sites", DOUBTFUL, ids=ids[stranded], people=people)
    found += find("lost_planned_sites", DOUBTFUL, ids=ids[planned & lost])
    if not is_open.any():
        found += find("none_open", DOUBTFUL, ids=ids)
    elif homes["people"].any() and not served.any():
        people = float(homes["people"].sum())
        found += find("nobody_covered", DOUBTFUL, ids=ids[is_open], people=people)
    found += find("closed_sites", NOTE, ids=ids[sites["status"] == "closed"])
    return found + find("planned_sites", NOTE, ids=ids[planned])


def _nearest_home_m(sites: pd.DataFrame, homes: gpd.GeoDataFrame) -> Floats:
    """Straight metres, at least, from each site to the nearest residence with people."""
    lived_in = homes[homes["people"] > 0] if homes["people"].any() else homes
    if not len(sites):
        return np.zeros(0)
    tree = KDTree(on_globe(lived_in["lon"].to_numpy(), lived_in["lat"].to_numpy()))
    spots = on_globe(sites["lon"].to_numpy(np.float64), sites["lat"].to_numpy(np.float64))
    # People may live nearer than the middle of their house by half its diagonal.
    west, south, east, north = lived_in.bounds.to_numpy().T
    half_m = DEGREE_M * np.hypot(east - west, north - south).max() / 2
    distance_m = np.asarray(tree.query(spots)[0], dtype=np.float64)
    least_m = np.maximum(distance_m / SPHERE_SLACK - half_m, 0.0)
    return np.asarray(least_m, dtype=np.float64)


def _facts(assessment: Assessment, zones: gpd.GeoDataFrame, plan: Plan) -> dict[str, str | float]:
    """Plain figures of the inputs, in the order to be shown."""
    homes, sites = assessment.residences, assessment.sites
    count = sites["status"].value_counts()
    facts: dict[str, str | float] = {"network.source": bare_name(plan.network.source)}
    facts |= {f"network.{name}": value for name, value in
              street_figures(assessment.index.network).items()}  # fmt: skip
    facts["network.metric_crs"] = assessment.index.crs.name
    facts |= {
        "residences.source": bare_name(plan.residences.source),
        "residences.crs": plan.residences.crs,
        "residences.reading": "; ".join(reading_notes(homes)),
        "residences.count": len(homes),
        "residences.people": float(homes["people"].sum()),
        "residences.on_islands": int((homes["snap_to"] == "island").sum()),
        "residences.no_street": int(homes["snap_to"].isna().sum()),
        "sites.source": bare_name(plan.sites.source),
        "sites.crs": plan.sites.crs,
        "sites.reading": "; ".join(reading_notes(sites)),
        "sites.open": int(count.get("open", 0)),
        "sites.closed": int(count.get("closed", 0)),
        "sites.planned": int(count.get("planned", 0)),
        "sites.on_islands": int((sites["snap_to"] == "island").sum()),
        "sites.no_street": int(sites["snap_to"].isna().sum()),
        "zones.source": bare_name(plan.zones.source),
        "zones.crs": plan.zones.crs,
        "zones.reading": "; ".join(reading_notes(zones)),
        "zones.count": len(zones),
    }
    return facts
