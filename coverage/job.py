"""The whole job: read, assess, suggest, and put the result together."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from walkcover.assessment import Assessment, assess_tables, text_rank
from walkcover.audit import audit, refuse_lost_places, take_stock
from walkcover.band import band_summary, speed_band
from walkcover.by_region import Regional, RegionWork, assess_regions, regional_way
from walkcover.capacity import Shortage
from walkcover.closures import Closures, close_sites
from walkcover.coordinates import Suspicion, refuse_suspects, suspect_systems
from walkcover.desks import STANDING
from walkcover.elevation import steep_edges
from walkcover.findings import Audit
from walkcover.gap_areas import gap_areas
from walkcover.gaps import check_people
from walkcover.io.inputs import Inputs, read_inputs
from walkcover.io.stated_dates import stated_dates
from walkcover.isochrones import isochrones
from walkcover.joins import Joins, concatenate, take_places
from walkcover.near_sites import near_sites
from walkcover.opinion import SecondOpinion
from walkcover.plan import Plan
from walkcover.region_siting import suggest_regions
from walkcover.remedies import Remedies, find_remedies, no_remedies
from walkcover.result import NearSites, Result
from walkcover.second_engine import SAMPLE
from walkcover.second_engine import second_opinion as ask_second_engines
from walkcover.streets import near_streets, street_lines
from walkcover.study import Study
from walkcover.suggestion import Suggestion, suggest_sites
from walkcover.summary import summarise
from walkcover.tabulate import residence_table, site_table, stage_table, zone_table
from walkcover.timing import step
from walkcover.water import map_water
from walkcover.work_parts import DEMAND, asked_parts, parts_up_to

log = logging.getLogger("walkcover")


def assess(plan: Plan, *, inputs: Inputs | None = None, regional: Regional | None = None) -> Result:
    """
    Test coverage as it is: walks, verdicts and gaps, no suggestions.

    Parameters
    ----------
    plan
        The plan.
    inputs
        What was read for it before, to be used again: `read_inputs` of this plan, or of one that
        reads the same; None reads the files.
    regional
        Who does the tasks of a plan that is done by region, and where; this process without.

    Returns
    -------
    result
        Without the columns ``_after``; the rollout is empty.

    Raises
    ------
    WalkCoverError
        If an input does not keep its contract.
    """
    inputs = inputs or _read(plan)
    with regional_way(plan, regional) as way:
        assessment, _ = _assess(inputs, plan, way)
    return _result(inputs, assessment, None, plan, bands=False)


def suggest(
    plan: Plan,
    *,
    inputs: Inputs | None = None,
    seed: int = 0,
    regional: Regional | None = None,
) -> Result:
    """
    Test coverage and say where to build, stage by stage; without isochrones.

    Parameters
    ----------
    plan
        The plan.
    inputs
        What was read for it before, to be used again: `read_inputs` of this plan, or of one that
        reads the same; None reads the files.
    seed
        Start of the random numbers of the search; the same seed gives the same answer.
    regional
        As of `assess`.

    Returns
    -------
    result
        With suggested sites and the columns ``_after``.

    Raises
    ------
    WalkCoverError
        If an input does not keep its contract.
    """
    return _whole(plan, bands=False, inputs=inputs, seed=seed, regional=regional)


def run(plan: Plan, *, regional: Regional | None = None) -> Result:
    """
    Do everything: coverage, gaps, suggestions, isochrones, and the daily work that is asked for.

    Parameters
    ----------
    plan
        The plan.
    regional
        As of `assess`.

    Returns
    -------
    result
        All tables.

    Raises
    ------
    WalkCoverError
        If an input does not keep its contract.
    """
    inputs = _read(plan, water=True)
    result = _whole(plan, bands=True, inputs=inputs, regional=regional)
    parts = asked_parts(plan, inputs.sites)
    return _with_operations(result, parts) if parts else result


def operate(plan: Plan, *, part: str = "", inputs: Inputs | None = None, seed: int = 0) -> Result:
    """
    Suggest where to build, and plan daily work as it will be then.

    Parameters
    ----------
    plan
        The plan.
    part
        ``demand``, ``rounds``, ``relay`` or ``intervals``: that one and what it builds on. All
        that the plan asks for without, demand at least.
    inputs
        As of `suggest`.
    seed
        Start of the random numbers of all searches.

    Returns
    -------
    result
        As of `suggest`, with operations.

    Raises
    ------
    WalkCoverError
        If an input does not keep its contract, or the plan lacks what a part needs.
    """
    inputs = inputs or _read(plan)
    parts = parts_up_to(part, plan) if part else asked_parts(plan, inputs.sites) or (DEMAND,)
    result = suggest(plan, inputs=inputs, seed=seed)
    return _with_operations(result, parts, seed=seed)


def _with_operations(result: Result, parts: Sequence[str], *, seed: int = 0) -> Result:
    """Add daily work to a result, and its figures to the summary."""
    from walkcover.operating import operation_figures, plan_operations

    if result.study is None:
        raise AssertionError
    operations = plan_operations(
        result.study, result.residences, result.sites, plan=result.plan, parts=parts, seed=seed
    )
    summary = result.summary | {
        "operations": operation_figures(operations),
        "parameters": result.plan.parameters(
            with_desks=not result.summary["distance_only"], with_work=True
        ),
    }
    return dataclasses.replace(result, operations=operations, summary=summary)


def bands(plan: Plan) -> gpd.GeoDataFrame:
    """
    Draw how far one walks from the open sites.

    Parameters
    ----------
    plan
        The plan.

    Returns
    -------
    bands
        The table of isochrones: thirds of the limit.

    Raises
    ------
    WalkCoverError
        If an input does not keep its contract.
    """
    return _isochrones(_assess(read_inputs(plan), plan, None)[0], plan, bands=True)


def second_opinion(plan: Plan, *, sample: int = SAMPLE) -> SecondOpinion:
    """
    Hold a sample of the walks against two other engines, pandana and networkx.

    Parameters
    ----------
    plan
        The plan.
    sample
        How many pairs of nodes, and how many residences, are compared at most.

    Returns
    -------
    opinion
        Differences as a table, and whether the engines agree.

    Raises
    ------
    WalkCoverError
        If an input does not keep its contract.
    """
    with step("reading"):
        inputs = read_inputs(plan)
    assessment, _ = _assess(inputs, plan, None)
    with step("second engines"):
        return ask_second_engines(assessment, limit_s=plan.walk.limit_s, sample=sample)


def check(plan: Plan) -> Audit:
    """
    Audit the inputs.

    Parameters
    ----------
    plan
        The plan.

    Returns
    -------
    audit
        Findings, those that falsify verdicts first, and the figures beside them.

    Raises
    ------
    WalkCoverError
        If an input does not keep its contract.
    """
    with step("reading"):
        inputs = read_inputs(plan)
    assessment, _ = _walk(inputs, plan, None)
    with step("looking for doubts"):
        return take_stock(
            assessment,
            inputs.zones,
            plan=plan,
            candidates=inputs.candidates,
            suspicions=_suspicions(inputs, assessment, plan),
            steep=_steep(inputs),
        )


def _read(plan: Plan, *, water: bool = False) -> Inputs:
    with step("reading"):
        return read_inputs(plan, water=water)


def _whole(
    plan: Plan,
    *,
    bands: bool,
    inputs: Inputs | None = None,
    seed: int = 0,
    regional: Regional | None = None,
) -> Result:
    inputs = inputs or _read(plan, water=bands)
    with regional_way(plan, regional) as way:
        assessment, regions = _assess(inputs, plan, way)
        with step("siting"):
            if regions is None:
                zones, given = inputs.zones, inputs.candidates
                suggestion = suggest_sites(
                    assessment, plan=plan, zones=zones, given=given, seed=seed
                )
            else:
                suggestion = suggest_regions(assessment, regions, inputs, plan=plan, seed=seed)
    return _result(inputs, assessment, suggestion, plan, bands=bands)


def _assess(
    inputs: Inputs, plan: Plan, regional: Regional | None
) -> tuple[Assessment, RegionWork | None]:
    assessment, regions = _walk(inputs, plan, regional)
    # Before lost places: where a system is wrong, most of them are lost.
    with step("looking for other coordinate systems"):
        suspicions = _suspicions(inputs, assessment, plan)
    refuse_suspects(suspicions)
    limit_m = plan.walk.snap_limit_m
    refuse_lost_places(assessment.residences, assessment.sites, snap_limit_m=limit_m)
    with step("looking for doubts"):
        findings = audit(
            assessment,
            inputs.zones,
            plan=plan,
            candidates=inputs.candidates,
            suspicions=suspicions,
            steep=_steep(inputs),
        )
    for finding in findings:
        log.log(logging.WARNING if finding.falsifies else logging.INFO, "%s", finding.text)
    return assessment, regions


def _suspicions(inputs: Inputs, assessment: Assessment, plan: Plan) -> list[Suspicion]:
    """Tables whose coordinates are likely in another system than the plan says."""
    tables = {"residences": inputs.residences, "sites": inputs.sites}
    if inputs.candidates is not None:
        tables["candidates"] = inputs.candidates
    return suspect_systems(tables, assessment.index, plan=plan)


def _walk(
    inputs: Inputs, plan: Plan, regional: Regional | None
) -> tuple[Assessment, RegionWork | None]:
    """Walks and verdicts, and the regions where the plan is done by region."""
    with step("walking"):
        if regional is not None:
            return assess_regions(inputs, plan=plan, regional=regional)
        walking = inputs.walking
        assessment = assess_tables(
            inputs.residences,
            inputs.sites,
            walking.network,
            plan=plan,
            heights=walking.heights,
            barriers=walking.barriers,
        )
        return assessment, None


def _steep(inputs: Inputs) -> pd.DataFrame | None:
    """Streets steeper than streets are, None where it is flat."""
    walking = inputs.walking
    return None if walking.heights is None else steep_edges(walking.network, walking.heights)


def _band(assessment: Assessment, suggestion: Suggestion | None, plan: Plan) -> pd.DataFrame:
    """Who is within reach at the speeds of the band, and who will be."""
    is_open = (assessment.sites["status"] == "open").to_numpy()
    now = take_places(assessment.site_joins, np.flatnonzero(is_open))
    band = speed_band(assessment, now, plan=plan)
    if suggestion is None:
        return band
    stands = assessment.sites["status"].isin(STANDING).to_numpy()
    after = concatenate(
        take_places(assessment.site_joins, np.flatnonzero(stands)),
        take_places(suggestion.joins, suggestion.chosen),
    )
    names = ["reached_people", "reached_share"]
    return band.join(speed_band(assessment, after, plan=plan)[names].add_suffix("_after"))


def _result(
    inputs: Inputs,
    assessment: Assessment,
    suggestion: Suggestion | None,
    plan: Plan,
    *,
    bands: bool,
) -> Result:
    rollout = None if suggestion is None else suggestion.stages
    with step("tables of residences, sites, zones and stages"):
        residences = residence_table(assessment, suggestion)
        check_people(inputs.residences["people"].sum(), residences["people"].sum(), step="the run")
        sites = site_table(assessment, residences, suggestion, options=plan.desks)
        zones = zone_table(inputs.zones, residences, sites)
        stages = stage_table(plan.stages, residences, rollout)
    with step("closures and remedies"):
        closures, remedies = _what_if(inputs, assessment, suggestion, sites, plan)
    with step("speed band"):
        band = _band(assessment, suggestion, plan)
    with step("isochrones"):
        areas = _isochrones(assessment, plan, bands=bands)
    with step("water"):
        water = map_water(inputs.water, inputs.network.bounds)
    with step("sites near each residence"):
        near = _near_sites(assessment, suggestion, sites, plan) if bands else None
    with step("gap areas"):
        gaps = _gap_table(assessment, residences, inputs.zones, plan)
    with step("streets"):
        streets = street_lines(inputs.network)
    return Result(
        plan=plan,
        residences=residences,
        sites=sites,
        rollout=pd.DataFrame() if suggestion is None else suggestion.rollout,
        zones=zones,
        stages=stages,
        band=band,
        gap_areas=gaps,
        closures=closures.table,
        remedies=remedies.table,
        isochrones=areas,
        streets=streets,
        summary=summarise(
            plan,
            residences=residences,
            sites=sites,
            stages=stages,
            network=inputs.network,
            crs=assessment.index.crs.name,
            inputs=inputs.sha256,
            price_people=None if rollout is None else rollout.price_people,
            price_gap=None if rollout is None else rollout.price_gap,
            closures=closures.summary,
            remedies=remedies.summary,
            shortages=_shortages(assessment, suggestion),
            band=band_summary(band, [stage.name for stage in plan.stages]),
            population=None if inputs.settlement is None else inputs.settlement.figures,
        )
        | {"input_dates": stated_dates(plan)},
        near_sites=near,
        water=water,
        study=_study(inputs, assessment, suggestion),
    )


def _study(inputs: Inputs, assessment: Assessment, suggestion: Suggestion | None) -> Study:
    """What a what-if goes on from."""
    return Study(
        residences=inputs.residences,
        sites=inputs.sites,
        zones=inputs.zones,
        candidates=inputs.candidates,
        network=inputs.network,
        heights=inputs.walking.heights,
        barriers=inputs.walking.barriers,
        assessment=assessment,
        suggestion=suggestion,
    )


def _shortages(
    assessment: Assessment, suggestion: Suggestion | None
) -> dict[str, tuple[Shortage, ...]] | None:
    """Groups of sites that lack desk time, where desk time counts."""
    if assessment.desk_time is None:
        return None
    shortages = {"now": assessment.desk_time.shortages}
    if suggestion is not None and suggestion.desk_time is not None:
        shortages["after"] = suggestion.desk_time.shortages
    return shortages


def _what_if(
    inputs: Inputs,
    assessment: Assessment,
    suggestion: Suggestion | None,
    sites: gpd.GeoDataFrame,
    plan: Plan,
) -> tuple[Closures, Remedies]:
    """What closing a site would do, and what would help those that stay uncovered."""
    limit_s = plan.walk.limit_s
    joins = _all_sites(assessment, suggestion)
    if suggestion is None:
        return close_sites(assessment, sites, joins, limit_s=limit_s), no_remedies()
    within_reach = suggestion.walks["verdict_after"].isin(["covered", "over_capacity"])
    closures = close_sites(
        assessment,
        sites,
        joins,
        limit_s=limit_s,
        reached_after_people=float(assessment.residences["people"][within_reach].sum()),
    )
    remedies = find_remedies(
        assessment,
        suggestion.walks,
        plan=plan,
        zones=inputs.zones,
        stages=suggestion.stages.stages,
        candidates=suggestion.candidates,
        joins=suggestion.joins,
        chosen=suggestion.chosen,
        sites=sites,
    )
    return closures, remedies


def _all_sites(assessment: Assessment, suggestion: Suggestion | None) -> Joins:
    """Existing sites and, behind them, suggested ones, as in the table of sites."""
    if suggestion is None:
        return assessment.site_joins
    return concatenate(assessment.site_joins, take_places(suggestion.joins, suggestion.chosen))


def _near_sites(
    assessment: Assessment, suggestion: Suggestion | None, sites: gpd.GeoDataFrame, plan: Plan
) -> NearSites:
    """The sites near each residence, for opening and closing them in the map."""
    return near_sites(
        assessment.homes,
        _all_sites(assessment, suggestion),
        assessment.graph,
        site_rank=text_rank(sites["site_id"].astype(str).to_numpy(dtype=object)),
        limit_s=plan.walk.limit_s,
    )


def _gap_table(
    assessment: Assessment, residences: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, plan: Plan
) -> gpd.GeoDataFrame:
    """Gap areas with the name of their zone and the streets near them, else their own name."""
    areas = gap_areas(residences, assessment.index, limit_s=plan.walk.limit_s)
    named = zones.set_index("zone_id")["name"]
    areas.insert(6, "zone_name", areas["zone_id"].map(named).fillna(areas["zone_id"]))
    near = near_streets(areas.geometry.representative_point().to_numpy(), assessment.index)
    places = areas.pop("place")
    areas.insert(7, "near", [street or place for street, place in zip(near, places, strict=True)])
    return areas


def _isochrones(assessment: Assessment, plan: Plan, *, bands: bool) -> gpd.GeoDataFrame:
    is_open = (assessment.sites["status"] == "open").to_numpy()
    limit = plan.walk.limit_min
    return isochrones(
        take_places(assessment.site_joins, np.flatnonzero(is_open & bands)),
        assessment.index,
        assessment.graph,
        minutes=(limit / 3, limit * 2 / 3, limit),
        snap_limit_m=plan.walk.snap_limit_m,
    )
