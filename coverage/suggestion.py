"""Where to build: candidates, sites in stage order, and the walks once they stand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover.assessment import Assessment, nearest_open, with_place
from walkcover.candidates import make_candidates
from walkcover.crs import to_gcj02
from walkcover.gaps import check_people, verdicts
from walkcover.network import Bools, Floats, Ints
from walkcover.plan import Plan
from walkcover.reach import walk_pairs
from walkcover.rollout import Rollout, plan_stages
from walkcover.siting import CoverPairs
from walkcover.snap import Joins, concatenate, snap, take_places
from walkcover.streets import near_streets
from walkcover.zones import nearest_residences, zones_of_places


@dataclass(frozen=True)
class Suggestion:
    """
    Sites to build and what they change.

    Parameters
    ----------
    walks
        walk_s_after, site_id_after and verdict_after, on the index of the residences.
    sites
        The suggested sites in the order of building, with the columns of the sites table.
    rollout
        The order of building, as in the output folder.
    stages
        Sites, objective, bound, gap and status per stage.
    candidates, joins
        Where could have been built, and where these places join the network.
    """

    walks: pd.DataFrame
    sites: gpd.GeoDataFrame
    rollout: pd.DataFrame
    stages: Rollout
    candidates: gpd.GeoDataFrame
    joins: Joins


def suggest_sites(
    assessment: Assessment,
    *,
    plan: Plan,
    zones: gpd.GeoDataFrame,
    given: gpd.GeoDataFrame | None = None,
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

    Returns
    -------
    suggestion
        Sites, their order, the proof, and the walks once they stand.
    """
    candidates, joins = _candidates(assessment, plan, zones, given)
    stands = assessment.sites["status"].isin(["open", "planned"]).to_numpy()
    standing = take_places(assessment.site_joins, np.flatnonzero(stands))
    pairs = walk_pairs(
        assessment.homes,
        concatenate(joins, standing),
        assessment.graph,
        limit_s=plan.counted_limit_s,
        with_walks=any(stage.goal == "mean_walk" for stage in plan.stages),
    )
    names = [stage.name for stage in plan.stages]
    n_standing = standing.n_places
    code = {name: i for i, name in enumerate(names)}
    rollout = plan_stages(
        CoverPairs.from_csr(pairs.indptr, pairs.residence, n_residences=assessment.homes.n_places),
        assessment.residences["people"].to_numpy(np.float64),
        residence_stage=_codes(assessment.residences["stage"], code),
        candidate_stage=np.append(
            _codes(candidates["stage"], code), np.full(n_standing, -1, dtype=np.int64)
        ),
        stages=plan.stages,
        fixed=np.arange(joins.n_places, joins.n_places + n_standing),
        costs=_costs(candidates, n_standing),
        residence_zone=pd.factorize(assessment.residences["zone_id"])[0],
        walk_s=pairs.walk_s if pairs.walk_s.size else None,
        times=plan.siting.sites_in_reach,
        time_limit_s=plan.siting.time_limit_s,
        gap=plan.siting.gap,
    )
    chosen = rollout.sites["candidate"].to_numpy(np.int64)
    sites = _suggested(candidates.iloc[chosen], rollout, taken=set(assessment.sites["site_id"]))
    walks = _walks_after(assessment, sites, take_places(joins, chosen), stands, plan)
    reached = walks["walk_s_after"].round(3) <= plan.counted_limit_s
    staged = assessment.residences["stage"].isin(names)
    covered = assessment.residences["people"][reached & staged].sum()
    if len(rollout.sites) and plan.siting.sites_in_reach == 1:
        claimed = rollout.sites["covered_people"].iloc[-1]
        check_people(claimed, covered, step="walking to the suggested sites")
    table = _rollout_table(sites, rollout, assessment, zones)
    return Suggestion(walks, sites, table, rollout, candidates, joins)


def _candidates(
    assessment: Assessment,
    plan: Plan,
    zones: gpd.GeoDataFrame,
    given: gpd.GeoDataFrame | None,
) -> tuple[gpd.GeoDataFrame, Joins]:
    """Candidates with candidate_id, cost, zone_id and stage, and their joins."""
    if given is None:
        joins = make_candidates(
            assessment.homes,
            assessment.index,
            assessment.graph,
            limit_s=plan.walk.limit_s,
            spacing_m=plan.candidates.spacing_m,
        )
        table = gpd.GeoDataFrame(
            {"candidate_id": None, "cost": 1.0},
            index=range(joins.n_places),
            geometry=shapely.points(joins.lon, joins.lat),
            crs=4326,
        )
    else:
        joins = snap(given.geometry.to_numpy(), assessment.index, limit_m=plan.walk.snap_limit_m)
        table = given.reset_index(drop=True)
    table = with_place(table, joins)
    table["zone_id"] = zones_of_places(table, zones, assessment.residences)
    names = [stage.name for stage in plan.stages]
    table["stage"] = _candidate_stages(table, zones, assessment.residences, names)
    return table, joins


def _candidate_stages(
    candidates: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    residences: gpd.GeoDataFrame,
    names: list[str],
) -> pd.Series:
    """A candidate's stage is its zone's, if planned, or that of the nearest residence there."""
    stage = pd.Series(None, index=candidates.index, dtype=object)
    own = zones[zones["stage"].isin(names)].set_index("zone_id")["stage"]
    home_zones = residences.groupby("zone_id", sort=False).indices
    for zone, rows in candidates.groupby("zone_id", sort=False).indices.items():
        if zone in own.index:
            stage.iloc[rows] = own[zone]
        elif zone in home_zones:
            homes = residences.iloc[home_zones[zone]]
            nearest = nearest_residences(candidates.iloc[rows], homes)
            stage.iloc[rows] = homes["stage"].to_numpy(object)[nearest]
    return stage


def _codes(stage: pd.Series, code: dict[str, int]) -> Ints:
    """Number of each stage in the plan, -1 for none."""
    return np.asarray(stage.map(code).fillna(-1), dtype=np.int64)


def _costs(candidates: gpd.GeoDataFrame, n_standing: int) -> Floats | None:
    """Cost of each candidate and site; None where all cost the same, so that sites are counted."""
    cost = candidates["cost"].to_numpy(np.float64)
    # What stands is not counted; its cost must only be a cost.
    return None if (cost == 1).all() else np.append(cost, np.ones(n_standing))


def _suggested(
    candidates: gpd.GeoDataFrame, rollout: Rollout, *, taken: set[str]
) -> gpd.GeoDataFrame:
    """Rows of the sites table, in the order of building."""
    sites = candidates.reset_index(drop=True)
    fresh = (name for name in _numbered("N") if name not in taken)
    ids = [next(fresh) if own is None else own for own in sites["candidate_id"]]
    sites.insert(0, "site_id", pd.Series(ids, dtype=object))
    sites["name"] = sites.get("name")
    sites["origin"], sites["status"] = "suggested", "suggested"
    sites["order"] = np.arange(1, len(sites) + 1)
    sites["people_gained"] = rollout.sites["people_gained"].to_numpy()
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
) -> pd.DataFrame:
    gcj_lon, gcj_lat = to_gcj02(sites["lon"].to_numpy(), sites["lat"].to_numpy())
    zone_name = sites["zone_id"].map(zones.set_index("zone_id")["name"])
    return pd.DataFrame(
        {
            "order": sites["order"],
            "stage": sites["stage"],
            "site_id": sites["site_id"],
            "zone_name": zone_name,
            "near": near_streets(sites.geometry.to_numpy(), assessment.index),
            "lon": sites["lon"],
            "lat": sites["lat"],
            "lon_gcj02": gcj_lon,
            "lat_gcj02": gcj_lat,
            "people_gained": sites["people_gained"],
            "covered_people": rollout.sites["covered_people"].to_numpy(),
            "covered_share": rollout.sites["covered_share"].to_numpy(),
        }
    )


def _numbered(prefix: str) -> Iterator[str]:
    return (f"{prefix}{number:03d}" for number in itertools.count(1))
