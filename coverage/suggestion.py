"""Where to build: candidates, sites in stage order, and the walks once they stand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover._desk_order import EXTEND
from walkcover.assessment import Assessment, nearest_open, with_place
from walkcover.candidates import make_candidates
from walkcover.capacity import Assignment
from walkcover.crs import to_gcj02
from walkcover.desk_purchases import desk_purchases, refuse_with_desks
from walkcover.desk_stages import plan_desk_stages
from walkcover.desks import STANDING, desk_verdicts, people_of_desks, serve, site_hours
from walkcover.gaps import check_people, verdicts
from walkcover.joins import Joins, concatenate, take_places
from walkcover.network import Bools, Floats, Ints
from walkcover.pairs import CoverPairs
from walkcover.plan import Plan
from walkcover.reach import WalkPairs, walk_pairs
from walkcover.rollout import Rollout, plan_stages
from walkcover.snap import snap
from walkcover.streets import near_streets
from walkcover.zones import nearest_residences, zones_of_places


@dataclass(frozen=True)
class Suggestion:
    """
    Sites to build and what they change.

    Parameters
    ----------
    walks
        walk_s_after, site_id_after and verdict_after, on the index of the residences; and
        people_unserved_after where desk time counts.
    sites
        The suggested sites in the order of building, with the columns of the sites table.
    rollout
        The order of building, as in the output folder.
    stages
        Sites, objective, bound, gap and status per stage.
    candidates, joins
        Where could have been built, and where these places join the network.
    chosen
        Rows of the candidates that the suggested sites stand on.
    desk_time
        Who is served by which of the existing and, behind them, the suggested sites; None where
        distance alone counts.
    desks_added
        Desks that each existing site gets, in the order of the existing sites.
    """

    walks: pd.DataFrame
    sites: gpd.GeoDataFrame
    rollout: pd.DataFrame
    stages: Rollout
    candidates: gpd.GeoDataFrame
    joins: Joins
    chosen: Ints
    desk_time: Assignment | None
    desks_added: Ints


def suggest_sites(
    assessment: Assessment,
    *,
    plan: Plan,
    zones: gpd.GeoDataFrame,
    given: gpd.GeoDataFrame | None = None,
    seed: int = 0,
) -> Suggestion:
    """
    Choose sites stage by stage.

    Open sites stay, and planned ones are taken as built.

    Parameters
    ----------
    assessment
        Who walks how far today.
    plan
        Limit, spacing and stages.
    zones
        Checked zones; candidates are built in the zones of their stage only.
    given
        Checked candidates; without them they are made from the network.
    seed
        Start of the random numbers of the search; the same seed gives the same answer.

    Returns
    -------
    suggestion
        Sites, their order, the proof, and the walks once they stand.
    """
    has_desks = assessment.desk_time is not None
    if has_desks:
        refuse_with_desks(plan)
    joins = _candidate_joins(assessment, plan, given)
    candidates = candidate_table(joins, assessment, plan=plan, zones=zones, given=given)
    stands = assessment.sites["status"].isin(STANDING).to_numpy()
    standing = np.flatnonzero(stands)
    pairs = walk_pairs(
        assessment.homes,
        concatenate(joins, take_places(assessment.site_joins, standing)),
        assessment.graph,
        limit_s=plan.counted_limit_s,
        with_walks=has_desks or any(stage.goal == "mean_walk" for stage in plan.stages),
    )
    if has_desks:
        rollout = _plan_desks(assessment, candidates, pairs, plan, standing, zones, seed=seed)
    else:
        rollout = _plan_sites(assessment, candidates, pairs, plan, standing, seed=seed)
    return with_sites(assessment, candidates, joins, rollout, plan=plan, zones=zones)


def with_sites(
    assessment: Assessment,
    candidates: gpd.GeoDataFrame,
    joins: Joins,
    rollout: Rollout,
    *,
    plan: Plan,
    zones: gpd.GeoDataFrame,
) -> Suggestion:
    """
    Walk to the sites that were chosen, and write down what they change.

    Parameters
    ----------
    assessment
        Who walks how far today.
    candidates, joins
        Where could be built, as `candidate_table` gives it, and where these places join.
    rollout
        What to build; candidates behind those of the table are the standing sites, in order.
    plan, zones
        As of `suggest_sites`.

    Returns
    -------
    suggestion
        Sites, their order, the proof, and the walks once they stand.
    """
    stands = assessment.sites["status"].isin(STANDING).to_numpy()
    standing = np.flatnonzero(stands)
    has_desks = assessment.desk_time is not None
    steps = rollout.sites[rollout.sites["candidate"] < joins.n_places]
    chosen = steps["candidate"].to_numpy(np.int64)
    sites = _suggested(candidates.iloc[chosen], steps, taken=set(assessment.sites["site_id"]))
    walks = _walks_after(assessment, sites, take_places(joins, chosen), stands, plan)
    desks_added = np.zeros(len(stands), dtype=np.int64)
    desk_time = None
    if has_desks:
        sites["hours_per_day"] = plan.desks.hours_per_day
        more = rollout.sites[rollout.sites["candidate"] >= joins.n_places]
        desks_added[standing[more["candidate"] - joins.n_places]] = more["desks"]
        desk_time = _desk_time_after(
            assessment, sites, take_places(joins, chosen), desks_added, rollout.kept_people, plan
        )
        people = assessment.residences["people"]
        found = desk_verdicts(walks["verdict_after"], people, desk_time).add_suffix("_after")
        walks = walks.assign(**found)
    _check_claim(assessment, walks, rollout, plan)
    return Suggestion(
        walks=walks,
        sites=sites,
        rollout=_rollout_table(sites, rollout, assessment, zones, standing, joins.n_places),
        stages=rollout,
        candidates=candidates,
        joins=joins,
        chosen=chosen,
        desk_time=desk_time,
        desks_added=desks_added,
    )


def _plan_sites(
    assessment: Assessment,
    candidates: gpd.GeoDataFrame,
    pairs: WalkPairs,
    plan: Plan,
    standing: Ints,
    *,
    seed: int,
) -> Rollout:
    """Plan the stages by distance alone."""
    residences = assessment.residences
    n_places, n_standing = len(candidates), len(standing)
    code = stage_codes(plan)
    return plan_stages(
        CoverPairs.from_csr(pairs.indptr, pairs.residence, n_residences=len(residences)),
        residences["people"].to_numpy(np.float64),
        residence_stage=codes_of(residences["stage"], code),
        candidate_stage=np.append(
            codes_of(candidates["stage"], code), np.full(n_standing, -1, dtype=np.int64)
        ),
        stages=plan.stages,
        fixed=np.arange(n_places, n_places + n_standing),
        costs=costs_of(candidates, n_standing),
        residence_zone=pd.factorize(residences["zone_id"])[0],
        walk_s=pairs.walk_s if pairs.walk_s.size else None,
        times=plan.siting.sites_in_reach,
        time_limit_s=plan.siting.time_limit_s,
        gap=plan.siting.gap,
        seed=seed,
    )


def _plan_desks(
    assessment: Assessment,
    candidates: gpd.GeoDataFrame,
    pairs: WalkPairs,
    plan: Plan,
    standing: Ints,
    zones: gpd.GeoDataFrame,
    *,
    seed: int,
) -> Rollout:
    """Plan the stages with desk time."""
    residences, sites = assessment.residences, assessment.sites.iloc[standing].copy()
    code = stage_codes(plan)
    sites["zone_id"] = zones_of_places(sites, zones, residences)
    site_stage = _place_stages(sites, zones, residences, [*code])
    capacity_people = people_of_desks(sites["desks"], site_hours(sites, plan.desks), plan.desks)
    return plan_desk_stages(
        CoverPairs.from_csr(pairs.indptr, pairs.residence, n_residences=len(residences)),
        residences["people"].to_numpy(np.float64),
        desk_purchases(
            candidates,
            sites,
            candidate_stage=codes_of(candidates["stage"], code),
            site_stage=codes_of(site_stage, code),
            options=plan.desks,
        ),
        walk_s=pairs.walk_s,
        residence_stage=codes_of(residences["stage"], code),
        stages=plan.stages,
        capacity_people=np.append(np.zeros(len(candidates)), capacity_people),
        fixed=np.arange(len(candidates), len(candidates) + len(standing)),
        time_limit_s=plan.siting.time_limit_s,
        gap=plan.siting.gap,
        seed=seed,
    )


def _desk_time_after(
    assessment: Assessment,
    sites: gpd.GeoDataFrame,
    joins: Joins,
    desks_added: Ints,
    kept_people: Floats | None,
    plan: Plan,
) -> Assignment:
    """Give people the desk time of all sites; those whom the stages were built for come first."""
    existing = assessment.sites
    every = concatenate(assessment.site_joins, joins)
    found = walk_pairs(assessment.homes, every, assessment.graph, limit_s=plan.walk.limit_s)
    people = assessment.residences["people"].to_numpy(np.float64)
    desks = np.append(existing["desks"] + desks_added, sites["desks"])
    hours = np.append(site_hours(existing, plan.desks), site_hours(sites, plan.desks))
    stands = np.append(existing["status"].isin(STANDING), np.ones(len(sites), dtype=bool))
    return serve(
        CoverPairs.from_csr(found.indptr, found.residence, n_residences=len(people)),
        people,
        people_of_desks(desks, hours, plan.desks),
        sites=np.flatnonzero(stands),
        walk_s=found.walk_s,
        first_people=kept_people,
    )


def _check_claim(assessment: Assessment, walks: pd.DataFrame, rollout: Rollout, plan: Plan) -> None:
    """Hold the people that siting says it covers against those who walk there."""
    if not len(rollout.sites) or plan.siting.sites_in_reach > 1:
        return
    residences = assessment.residences
    reached = (walks["walk_s_after"].round(3) <= plan.counted_limit_s) & (
        residences["stage"].isin([stage.name for stage in plan.stages])
    )
    covered = residences["people"][reached].sum()
    if "people_unserved_after" in walks:
        covered -= walks["people_unserved_after"].sum()
    claimed = rollout.sites["covered_people"].iloc[-1]
    check_people(claimed, covered, step="walking to the suggested sites")


def stage_codes(plan: Plan) -> dict[str, int]:
    """Position of each stage in the plan by its name."""
    return {stage.name: number for number, stage in enumerate(plan.stages)}


def _candidate_joins(assessment: Assessment, plan: Plan, given: gpd.GeoDataFrame | None) -> Joins:
    """Where candidates join the network: given ones, else made ones."""
    if given is None:
        return make_candidates(
            assessment.homes,
            assessment.index,
            assessment.graph,
            limit_s=plan.walk.limit_s,
            spacing_m=plan.candidates.spacing_m,
        )
    return snap(
        given.geometry.to_numpy(),
        assessment.index,
        limit_m=plan.walk.snap_limit_m,
        barriers=assessment.barriers,
    )


def candidate_table(
    joins: Joins,
    assessment: Assessment,
    *,
    plan: Plan,
    zones: gpd.GeoDataFrame,
    given: gpd.GeoDataFrame | None,
) -> gpd.GeoDataFrame:
    """
    Make the table of candidates.

    Parameters
    ----------
    joins
        Where candidates join the network.
    assessment, plan, zones, given
        As of `suggest_sites`.

    Returns
    -------
    candidates
        A row per join place with candidate_id (None for made ones), cost, lon, lat, snap_m,
        snap_to, zone_id and stage (None where no stage builds).
    """
    if given is None:
        table = gpd.GeoDataFrame(
            {"candidate_id": None, "cost": 1.0},
            index=range(joins.n_places),
            geometry=shapely.points(joins.lon, joins.lat),
            crs=4326,
        )
    else:
        table = given.reset_index(drop=True)
    table = with_place(table, joins)
    table["zone_id"] = zones_of_places(table, zones, assessment.residences)
    names = [stage.name for stage in plan.stages]
    table["stage"] = _place_stages(table, zones, assessment.residences, names)
    return table


def _place_stages(
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    residences: gpd.GeoDataFrame,
    names: list[str],
) -> pd.Series:
    """A place's stage is its zone's, if planned, or that of the nearest residence there."""
    stage = pd.Series(None, index=places.index, dtype=object)
    own = zones[zones["stage"].isin(names)].set_index("zone_id")["stage"]
    home_zones = residences.groupby("zone_id", sort=False).indices
    for zone, rows in places.groupby("zone_id", sort=False).indices.items():
        if zone in own.index:
            stage.iloc[rows] = own[zone]
        elif zone in home_zones:
            homes = residences.iloc[home_zones[zone]]
            nearest = nearest_residences(places.iloc[rows], homes)
            stage.iloc[rows] = homes["stage"].to_numpy(object)[nearest]
    return stage


def codes_of(stage: pd.Series, code: dict[str, int]) -> Ints:
    """Number of each stage in the plan, -1 for none."""
    return np.asarray(stage.map(code).fillna(-1), dtype=np.int64)


def costs_of(candidates: gpd.GeoDataFrame, n_standing: int) -> Floats | None:
    """Cost of each candidate and site; None where all cost the same, so that sites are counted."""
    cost = candidates["cost"].to_numpy(np.float64)
    # What stands is not counted; its cost must only be a cost.
    return None if (cost == 1).all() else np.append(cost, np.ones(n_standing))


def _suggested(
    candidates: gpd.GeoDataFrame, steps: pd.DataFrame, *, taken: set[str]
) -> gpd.GeoDataFrame:
    """Rows of the sites table, in the order of building; steps of the rollout that build."""
    sites = candidates.reset_index(drop=True)
    fresh = (name for name in _numbered("N") if name not in taken)
    ids = [next(fresh) if own is None else own for own in sites["candidate_id"]]
    sites.insert(0, "site_id", pd.Series(ids, dtype=object))
    sites["name"] = sites.get("name")
    sites["origin"], sites["status"] = "suggested", "suggested"
    sites["order"] = steps["order"].to_numpy()
    sites["people_gained"] = steps["people_gained"].to_numpy()
    if "desks" in steps.columns:
        sites["desks"] = steps["desks"].to_numpy()
    return sites.drop(columns=["candidate_id"])


def _walks_after(
    assessment: Assessment,
    sites: gpd.GeoDataFrame,
    joins: Joins,
    stands: Bools,
    plan: Plan,
) -> pd.DataFrame:
    """Walks and verdicts once planned and suggested sites stand."""
    homes = assessment.residences
    walks = nearest_open(
        homes,
        assessment.homes,
        pd.concat([assessment.sites["site_id"], sites["site_id"]]),
        concatenate(assessment.site_joins, joins),
        np.append(stands, np.ones(len(sites), dtype=bool)),
        assessment.graph,
    )
    walks["verdict"] = verdicts(
        walks["walk_s"], homes["people"], homes["snap_to"], limit_s=plan.walk.limit_s
    )
    return walks.add_suffix("_after")


def _rollout_table(
    sites: gpd.GeoDataFrame,
    rollout: Rollout,
    assessment: Assessment,
    zones: gpd.GeoDataFrame,
    standing: Ints,
    n_candidates: int,
) -> pd.DataFrame:
    """Say in which order to build, and where: new sites, and those that get more desks."""
    steps = rollout.sites
    if "action" in steps.columns:
        own = assessment.sites.iloc[standing]
        more = own.iloc[steps.loc[steps["action"] == EXTEND, "candidate"] - n_candidates].copy()
        more["zone_id"] = zones_of_places(more, zones, assessment.residences)
        more["order"] = steps.loc[steps["action"] == EXTEND, "order"].to_numpy()
        columns = ["order", "site_id", "zone_id", "lon", "lat", "geometry"]
        parts = [part[columns] for part in (sites, more) if len(part)] or [sites[columns]]
        sites = pd.concat(parts).sort_values("order").reset_index(drop=True)
    gcj_lon, gcj_lat = to_gcj02(sites["lon"].to_numpy(), sites["lat"].to_numpy())
    zone_name = sites["zone_id"].map(zones.set_index("zone_id")["name"])
    table = pd.DataFrame(
        {
            "order": sites["order"],
            "stage": steps["stage"].to_numpy(object),
            "site_id": sites["site_id"],
            "zone_name": zone_name,
            "near": near_streets(sites.geometry.to_numpy(), assessment.index),
            "lon": sites["lon"],
            "lat": sites["lat"],
            "lon_gcj02": gcj_lon,
            "lat_gcj02": gcj_lat,
            "people_gained": steps["people_gained"].to_numpy(),
            "covered_people": steps["covered_people"].to_numpy(),
            "covered_share": steps["covered_share"].to_numpy(),
        }
    )
    if "action" in steps.columns:
        table.insert(2, "action", steps["action"].to_numpy(object))
        table.insert(4, "desks", steps["desks"].to_numpy())
    return table


def _numbered(prefix: str) -> Iterator[str]:
    return (f"{prefix}{number:03d}" for number in itertools.count(1))
