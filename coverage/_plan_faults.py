"""Values of a plan that are of the right type and still cannot be meant."""

from __future__ import annotations

import datetime as dt
import logging
import math
import re

from walkcover.plan import (
    HOURS_OF_A_DAY,
    RASTER_SUFFIXES,
    DeskOptions,
    Plan,
    PopulationSource,
    SitingOptions,
    Stage,
    is_raster_name,
)
from walkcover.tile_sources import tile_faults

log = logging.getLogger("walkcover")

LANGUAGES = ("zh", "en")
MAX_SNAP_LIMIT_M = 2000.0
MAX_SPEED_KMH = 10.0
SPREADS = ("floor_area", "even")
POPULATION_KINDS = ("auto", "zones", "cells", "raster")
POPULATION_UNITS = ("people", "people_per_km2")
GOALS = ("coverage", "mean_walk")
DATE_PATTERN = re.compile(r"\d{4}-\d{2}-\d{2}")


def out_of_range(plan: Plan) -> list[str]:
    """Collect values that are of the right type and still cannot be meant."""
    faults = []
    walk = plan.walk
    positive = {
        "[walk] limit_min": walk.limit_min,
        "[walk] snap_limit_m": walk.snap_limit_m,
        "[candidates] spacing_m": plan.candidates.spacing_m,
    }
    for name, value in positive.items():
        if not (value > 0 and math.isfinite(value)):
            faults.append(f"{name} = {value!r}: expected a positive number")
    speeds = {"[walk] speed_kmh": walk.speed_kmh}
    speeds |= {f"[profiles.{name}] speed_kmh": p.speed_kmh for name, p in plan.profiles.items()}
    faults += [
        f"{name} = {value!r}: expected at most {MAX_SPEED_KMH:g}; people walk at 2 to 6 km/h"
        for name, value in speeds.items()
        if value > MAX_SPEED_KMH
    ]
    if walk.snap_limit_m > MAX_SNAP_LIMIT_M:
        faults.append(
            f"[walk] snap_limit_m = {walk.snap_limit_m!r}: expected at most {MAX_SNAP_LIMIT_M:g}; "
            "a longer way to the nearest street is no access leg"
        )
    for name, value in {
        "[walk] speed_kmh": walk.speed_kmh,
        "[walk] min_component_m": walk.min_component_m,
        "[walk] crossing_wait_s": walk.crossing_wait_s,
    }.items():
        if not (value >= 0 and math.isfinite(value)):
            faults.append(f"{name} = {value!r}: expected zero or more")
    known = tuple(plan.known_profiles)
    choices = {
        "[walk] profile": (walk.profile, known),
        "[plan] language": (plan.plan.language, LANGUAGES),
        "[population] spread": (plan.population.spread, SPREADS),
        "[population] kind": (plan.population.kind, POPULATION_KINDS),
        "[population] unit": (plan.population.unit, POPULATION_UNITS),
        "[siting] profile": (plan.siting.profile or plan.walk.profile, known),
    }
    choices |= {f"[walk] band, {name!r}": (name, known) for name in walk.band}
    faults += [
        f"{name} = {chosen!r}: expected one of {', '.join(known)}"
        for name, (chosen, known) in choices.items()
        if chosen not in known
    ]
    if plan.plan.date and not _is_date(plan.plan.date):
        faults.append(f"[plan] date = {plan.plan.date!r}: expected year-month-day, as 2022-05-20")
    if not plan.network.source:
        faults.append("[network] source is missing: name the street file")
    if not plan.residences.source:
        faults.append('[residences] source is missing: name a file, or "osm"')
    faults += tile_faults(plan.map.tiles, plan.map.tiles_key, plan.map.tiles_credit)
    faults += _walker_faults(plan)
    faults += _population_faults(plan.population)
    faults += _desk_faults(plan.desks)
    faults += _siting_faults(plan.siting)
    if plan.regions.residences < 0:
        faults.append(f"[regions] residences = {plan.regions.residences}: expected 0 or more")
    faults += _stage_faults(plan.stages)
    return faults


def _walker_faults(plan: Plan) -> list[str]:
    """Collect what is wrong with profiles, factors, and where they are counted."""
    walk, known = plan.walk, plan.known_profiles
    factors = {"[walk] steps_factor": walk.steps_factor}
    factors |= {f"[walk] surface_factors, {k}": v for k, v in walk.surface_factors.items()}
    factors |= {f"[profiles.{name}] speed_kmh": p.speed_kmh for name, p in plan.profiles.items()}
    faults = [
        f"{name} = {value!r}: expected a positive number"
        for name, value in factors.items()
        if not (value > 0 and math.isfinite(value))
    ]
    faults += [
        f"[profiles.{name}] max_slope = {profile.max_slope!r}: expected a share, as 0.083, or 0"
        for name, profile in plan.profiles.items()
        if not 0 <= profile.max_slope < 1
    ]
    for where, name in [("band", n) for n in walk.band] + [
        ("[siting] profile", plan.siting.profile)
    ]:
        if name in known and known[name].restricted:
            faults.append(
                f"{where}: {name!r} cannot use every street; set it as [walk] profile in a plan "
                "of its own"
            )
    if plan.siting.profile and walk.crossing_wait_s:
        faults.append(
            "[siting] profile: a wait at crossings is as long for everybody; leave "
            "crossing_wait_s at 0, or set the profile in [walk]"
        )
    if walk.profile in known and known[walk.profile].max_slope and not plan.network.elevation:
        log.warning(
            "profile %r avoids steep streets, but [network] elevation is not given: all are flat",
            walk.profile,
        )
    return faults


def _population_faults(population: PopulationSource) -> list[str]:
    faults = []
    if not (population.cell_m >= 0 and math.isfinite(population.cell_m)):
        faults.append(f"[population] cell_m = {population.cell_m!r}: expected zero or more")
    if population.form in ("zones", "cells") and is_raster_name(population.source):
        faults.append(
            f"[population] kind = {population.kind!r}: {population.source!r} is a raster; expected "
            'a table or a layer, or kind = "raster"'
        )
    if population.form == "zones" and population.unit != "people":
        faults.append(
            f"[population] unit = {population.unit!r}: zones have totals; expected "
            '"people", or kind = "cells" or "raster"'
        )
    elderly = population.elderly
    if population.form == "raster" and elderly and not is_raster_name(elderly):
        faults.append(
            f"[population] elderly = {elderly!r}: expected a raster on the grid of the source, "
            f"a file that ends in {', '.join(RASTER_SUFFIXES)}"
        )
    return faults


def _desk_faults(desks: DeskOptions) -> list[str]:
    faults = [
        f"[desks] {name} = {value!r}: expected a positive number"
        for name, value in {
            "tests_per_desk_hour": desks.tests_per_desk_hour,
            "interval_days": desks.interval_days,
            "extra_desk_cost": desks.extra_desk_cost,
        }.items()
        if not (value > 0 and math.isfinite(value))
    ]
    if not 0 < desks.hours_per_day <= HOURS_OF_A_DAY:
        faults.append(
            f"[desks] hours_per_day = {desks.hours_per_day!r}: expected a number up to "
            f"{HOURS_OF_A_DAY:g}"
        )
    if desks.new_site_desks < 1:
        faults.append(f"[desks] new_site_desks = {desks.new_site_desks!r}: expected 1 or more")
    if desks.most_extra_desks < 0:
        faults.append(
            f"[desks] most_extra_desks = {desks.most_extra_desks!r}: expected 0 (never) or more"
        )
    return faults


def _siting_faults(siting: SitingOptions) -> list[str]:
    faults = []
    if siting.sites_in_reach < 1:
        faults.append(f"[siting] sites_in_reach = {siting.sites_in_reach!r}: expected 1 or more")
    if not (siting.gap >= 0 and math.isfinite(siting.gap)):
        faults.append(f"[siting] gap = {siting.gap!r}: expected zero or a share, as 0.02")
    if not (siting.time_limit_s > 0 and math.isfinite(siting.time_limit_s)):
        faults.append(
            f"[siting] time_limit_s = {siting.time_limit_s!r}: expected a positive number"
        )
    return faults


def _is_date(text: str) -> bool:
    if not DATE_PATTERN.fullmatch(text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _stage_faults(stages: tuple[Stage, ...]) -> list[str]:
    faults = []
    if not stages:
        faults.append("[[stages]]: at least one stage is needed")
    names = [stage.name for stage in stages]
    faults += [
        f"[[stages]] name {name!r} is used {names.count(name)} times"
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    for stage in stages:
        if stage.target is not None and not 0 <= stage.target <= 1:
            faults.append(
                f"[[stages]] {stage.name}: target = {stage.target!r}: expected a share from 0 to 1"
            )
        if stage.max_sites is not None and stage.max_sites < 0:
            faults.append(f"[[stages]] {stage.name}: max_sites must not be negative")
        if stage.budget is not None and not (stage.budget >= 0 and math.isfinite(stage.budget)):
            faults.append(f"[[stages]] {stage.name}: budget must not be negative")
        if not 0 <= stage.zone_floor <= 1:
            faults.append(
                f"[[stages]] {stage.name}: zone_floor = {stage.zone_floor!r}: "
                "expected a share from 0 to 1"
            )
        faults += _goal_faults(stage)
    return faults


def _goal_faults(stage: Stage) -> list[str]:
    where = f"[[stages]] {stage.name}: goal = {stage.goal!r}"
    if stage.goal not in GOALS:
        return [f"{where}: expected one of {', '.join(GOALS)}"]
    if stage.goal == "coverage":
        return []
    faults = []
    if stage.max_sites is None and stage.budget is None:
        faults.append(f"{where}: give max_sites or budget to spend on it")
    if stage.zone_floor:
        faults.append(f"{where}: zone_floor goes with the goal coverage only")
    return faults
