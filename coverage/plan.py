"""The plan: every parameter of a run, as frozen values that were checked once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import logging
import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from walkcover._errors import PlanError

LANGUAGES = ("zh", "en")
MAX_SNAP_LIMIT_M = 2000.0
MAX_SPEED_KMH = 10.0
HOURS_OF_A_DAY = 24.0
SPREADS = ("floor_area", "even")
POPULATION_KINDS = ("auto", "zones", "cells", "raster")
POPULATION_UNITS = ("people", "people_per_km2")
RASTER_SUFFIXES = (".tif", ".tiff", ".vrt")
GOALS = ("coverage", "mean_walk")
# Keys that name files.
FILES = (
    ("network", "source"),
    ("network", "elevation"),
    ("residences", "source"),
    ("population", "source"),
    ("population", "elderly"),
    ("sites", "source"),
    ("candidates", "source"),
    ("zones", "source"),
    ("walk", "barriers"),
)
# Keys besides those of [desks] that count only where sites have desks.
DESK_COLUMNS = {"sites": ("desks", "hours_per_day", "opening_hours"), "candidates": ("max_desks",)}
DATE_PATTERN = re.compile(r"\d{4}-\d{2}-\d{2}")


log = logging.getLogger("walkcover")


@dataclass(frozen=True)
class Profile:
    """
    A ``[profiles.NAME]`` entry: who walks, and where they cannot.

    `speed_kmh` is the flat walking speed. Without `steps` or `kerbs` the walk keeps off steps or
    kerbs that are too high for wheels; `max_slope` is the steepest street that can be used, as a
    share (0.083 is 1 in 12), 0 for any.
    """

    speed_kmh: float = 4.0
    steps: bool = True
    kerbs: bool = True
    max_slope: float = 0.0

    @property
    def restricted(self) -> bool:
        """Whether some streets cannot be used."""
        return not (self.steps and self.kerbs) or self.max_slope > 0


# 1 km in 15 minutes is the planning convention; brisk is 1.3 m/s; elderly and frail are cohort
# medians of 0.8 and 0.64 m/s. The speed of a wheelchair is taken to be that of the elderly.
PROFILES = {
    "standard": Profile(4.0),
    "brisk": Profile(4.7),
    "elderly": Profile(2.9),
    "frail": Profile(2.3),
    "wheelchair": Profile(2.9, steps=False, kerbs=False, max_slope=1 / 12),
}


@dataclass(frozen=True)
class About:
    """Section ``[plan]``: what the report prints about itself."""

    name: str = "plan"
    date: str = ""
    language: str = "zh"


@dataclass(frozen=True)
class WalkOptions:
    """
    Section ``[walk]``: the limit, the walker and the walk to the network.

    `band` names the profiles at whose speeds coverage is told besides. What follows it goes
    beyond the plain walk and is off by default: steps and surfaces that take longer by a factor
    (``surface_factors = { gravel = 1.2 }``), a wait at signalised crossings, plazas crossed in a
    straight line, and access legs that cross neither the walls of the extract nor the lines and
    outlines in the file `barriers`.
    """

    limit_min: float = 15.0
    profile: str = "standard"
    speed_kmh: float = 0.0
    snap_limit_m: float = 250.0
    min_component_m: float = 1000.0
    band: tuple[str, ...] = ("standard", "brisk", "elderly")
    steps_factor: float = 1.0
    surface_factors: Mapping[str, float] = field(default_factory=dict)
    crossing_wait_s: float = 0.0
    plazas: bool = False
    walls: bool = False
    barriers: str = ""

    @property
    def limit_s(self) -> float:
        """The longest walk that counts as covered, in seconds."""
        return self.limit_min * 60.0


@dataclass(frozen=True)
class NetworkSource:
    """Section ``[network]``."""

    source: str = ""
    layer: str = ""
    elevation: tuple[str, ...] = ()
    crs: str = "auto"


@dataclass(frozen=True)
class ResidenceSource:
    """Section ``[residences]``: a table or layer, or ``source = "osm"``."""

    source: str = ""
    layer: str = ""
    crs: str = ""
    trust_crs: bool = False
    id: str = "residence_id"
    people: str | float = "people"
    lon: str = "lon"
    lat: str = "lat"
    zone: str = "zone_id"
    stage: str = "stage"
    class_code: str = "class_code"
    county_seat: str = "county_seat"


@dataclass(frozen=True)
class PopulationSource:
    """
    Section ``[population]``: where the people of the residences come from.

    Totals of zones are spread over the residences of each zone; a raster, or a layer of cells
    (polygons, or points in the middle of cells), over the residences in each cell. `elderly` names
    a second column, or a second raster on the same grid, with the people of 65 and more among
    them. `cell_m` is the side of cells that are points; 0 takes it from their spacing.
    """

    source: str = ""
    kind: str = "auto"
    layer: str = ""
    crs: str = ""
    id: str = ""
    lon: str = "lon"
    lat: str = "lat"
    zone: str = "zone_id"
    people: str = "people"
    elderly: str = ""
    unit: str = "people"
    cell_m: float = 0.0
    spread: str = "floor_area"

    @property
    def form(self) -> str:
        """What the source is: ``raster``, ``cells`` or ``zones``; empty without a source."""
        if not self.source or self.kind != "auto":
            return self.kind if self.source else ""
        return "raster" if is_raster_name(self.source) else "zones"


@dataclass(frozen=True)
class SiteSource:
    """Section ``[sites]``: the booths that exist, are closed or are planned."""

    source: str = ""
    layer: str = ""
    crs: str = ""
    trust_crs: bool = False
    id: str = "site_id"
    name: str = "name"
    status: str = "status"
    desks: str = "desks"
    hours_per_day: str = "hours_per_day"
    opening_hours: str = "opening_hours"
    lon: str = "lon"
    lat: str = "lat"


@dataclass(frozen=True)
class CandidateSource:
    """Section ``[candidates]``: where booths could be built; made from the network without one."""

    source: str = ""
    layer: str = ""
    crs: str = ""
    trust_crs: bool = False
    id: str = "candidate_id"
    cost: str = "cost"
    max_desks: str = "max_desks"
    lon: str = "lon"
    lat: str = "lat"
    spacing_m: float = 200.0


@dataclass(frozen=True)
class ZoneSource:
    """Section ``[zones]``: the polygons that are the rows of the report."""

    source: str = ""
    layer: str = ""
    crs: str = "auto"
    id: str = "zone_id"
    name: str = "name"
    parent: str = "parent_id"
    stage: str = "stage"


@dataclass(frozen=True)
class DeskOptions:
    """
    Section ``[desks]``: desk time, used once sites have desks.

    A desk that is kept busy takes `tests_per_desk_hour` (the median of Macao's public queue
    snapshots), and everybody is tested once in `interval_days`. `hours_per_day` holds for sites
    that name none. A suggested site has `new_site_desks`, a given candidate no more than its
    max_desks; a site that stands may get `most_extra_desks` more, each for `extra_desk_cost`: in
    money where candidates have costs, else against 1 for a site.
    """

    tests_per_desk_hour: float = 60.0
    interval_days: float = 7.0
    hours_per_day: float = 8.0
    new_site_desks: int = 2
    most_extra_desks: int = 2
    extra_desk_cost: float = 0.25


@dataclass(frozen=True)
class SitingOptions:
    """
    Section ``[siting]``: what counts as covered where sites are chosen, and how long to look.

    `sites_in_reach` is the number of sites a residence needs within reach (2 asks for a backup);
    `profile` a slower walker to count, such as ``elderly``, instead of that of ``[walk]``.
    """

    sites_in_reach: int = 1
    profile: str = ""
    gap: float = 0.02
    time_limit_s: float = 600.0


@dataclass(frozen=True)
class Stage:
    """
    One ``[[stages]]`` entry: a share to reach, a number of sites, or a budget.

    At most one of `target`, `max_sites` and `budget` is set; none of them means ``target = 0.8``.
    `zone_floor` is a share that every zone of the stage is to reach besides. `goal` says what a
    number of sites or a budget is spent on: ``coverage`` (most people within the limit) or
    ``mean_walk`` (least walking of all people together).
    """

    name: str = "all"
    target: float | None = None
    max_sites: int | None = None
    budget: float | None = None
    zone_floor: float = 0.0
    goal: str = "coverage"


@dataclass(frozen=True)
class Plan:
    """
    All parameters of a run.

    Parameters
    ----------
    folder
        Folder that relative sources start from; not part of the parameters in force.
    """

    plan: About = field(default_factory=About)
    walk: WalkOptions = field(default_factory=WalkOptions)
    network: NetworkSource = field(default_factory=NetworkSource)
    residences: ResidenceSource = field(default_factory=ResidenceSource)
    population: PopulationSource = field(default_factory=PopulationSource)
    sites: SiteSource = field(default_factory=SiteSource)
    candidates: CandidateSource = field(default_factory=CandidateSource)
    zones: ZoneSource = field(default_factory=ZoneSource)
    desks: DeskOptions = field(default_factory=DeskOptions)
    siting: SitingOptions = field(default_factory=SitingOptions)
    stages: tuple[Stage, ...] = (Stage(target=0.8),)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    folder: Path = field(default=Path(), compare=False)

    @property
    def known_profiles(self) -> dict[str, Profile]:
        """Profiles by name: those that walkcover knows, and the plan's own."""
        return PROFILES | dict(self.profiles)

    @property
    def walker(self) -> Profile:
        """Who walks: the profile of ``[walk]``, at its `speed_kmh` where that is given."""
        profile = self.known_profiles[self.walk.profile]
        return dataclasses.replace(profile, speed_kmh=self.walk.speed_kmh or profile.speed_kmh)

    @property
    def counted_limit_s(self) -> float:
        """
        Longest walk of a standard walker that counts in siting, in seconds.

        Where ``[siting]`` counts a slower profile, who is slower by a factor reaches as far as
        the standard walker does in a time that is shorter by it.
        """
        if not self.siting.profile:
            return self.walk.limit_s
        counted = self.known_profiles[self.siting.profile]
        return self.walk.limit_s * counted.speed_kmh / self.walker.speed_kmh

    def path(self, source: str) -> Path:
        """Turn a source of the plan into a path: relative ones start from the plan's folder."""
        return self.folder / source

    def parameters(self, *, with_desks: bool = True) -> dict[str, Any]:
        """
        All parameters in force, as plain values, without any path of the machine.

        Those of desk time can be left out, as they count only where sites have desks.
        """
        values = dataclasses.asdict(self)
        del values["folder"]
        if not with_desks:
            del values["desks"]
            for section, keys in DESK_COLUMNS.items():
                for key in keys:
                    del values[section][key]
        for section, key in FILES:
            names = values[section][key]
            one = isinstance(names, str)
            values[section][key] = bare_name(names) if one else [bare_name(n) for n in names]
        return values

    def files(self) -> dict[str, str]:
        """Every file that the plan names, by ``[section] key``."""
        named: dict[str, str] = {}
        for section, key in FILES:
            if key == "elderly" and self.population.form != "raster":
                continue
            value = getattr(getattr(self, section), key)
            sources = (value,) if isinstance(value, str) else value
            for number, source in enumerate(sources):
                if source and (section, source) != ("residences", "osm"):
                    named[f"[{section}] {key}{f' no. {number + 1}' if number else ''}"] = source
        return named


def bare_name(source: str) -> str:
    """
    The name of a file behind an absolute path, so that no path of a machine shows.

    Examples
    --------
    >>> bare_name("tables/homes.csv")
    'tables/homes.csv'
    """
    return Path(source).name if Path(source).is_absolute() else source


def plan_from_mapping(mapping: Mapping[str, Any], *, folder: Path = Path()) -> Plan:
    """
    Check the content of a plan file and fill in the defaults.

    Parameters
    ----------
    mapping
        The sections of the plan, as TOML gives them.
    folder
        Folder that relative paths in the plan start from.

    Returns
    -------
    plan
        The checked plan.

    Raises
    ------
    PlanError
        If a section or key is unknown (the nearest right one is suggested), a value has the wrong
        type or lies out of range, or something required is missing; all faults in one message.

    Examples
    --------
    >>> plan = plan_from_mapping({"network": {"source": "streets.osm.pbf"},
    ...                           "residences": {"source": "osm", "people": 12}})
    >>> plan.walk.limit_s, plan.stages[0].target
    (900.0, 0.8)
    """
    faults: list[str] = []
    sections = {f.name: f for f in dataclasses.fields(Plan) if f.name != "folder"}
    hints = typing.get_type_hints(Plan)
    values: dict[str, Any] = {}
    for name, content in mapping.items():
        if name not in sections:
            faults.append(f"[{name}] is not a section of a plan{_nearest(name, sections)}")
        elif name == "stages":
            values[name] = _stages(content, faults)
        elif name == "profiles":
            values[name] = _profiles(content, faults)
        elif not isinstance(content, Mapping):
            faults.append(f"[{name}] must be a section with keys, not {content!r}")
        else:
            values[name] = _section(hints[name], content, f"[{name}]", faults)
    plan = Plan(**values, folder=folder)
    faults += _out_of_range(plan)
    if faults:
        msg = "the plan is not understood:\n" + "\n".join(f"  {fault}" for fault in faults)
        raise PlanError(msg)
    return plan


def _section(kind: type, content: Mapping[str, Any], where: str, faults: list[str]) -> Any:
    """Fill one section's dataclass, collecting faults."""
    hints = typing.get_type_hints(kind)
    good = {}
    for key, value in content.items():
        if key not in hints:
            faults.append(f"{where} has no key {key!r}{_nearest(key, hints)}")
            continue
        if hints[key] in CONTAINERS:
            good[key] = CONTAINERS[hints[key]](value, f"{where} {key}", faults)
            continue
        allowed = _allowed_types(hints[key])
        if float in allowed and isinstance(value, int) and not isinstance(value, bool):
            value = value if int in allowed else float(value)
        # Python counts true and false as whole numbers; a plan does not.
        if (bool not in allowed and isinstance(value, bool)) or not isinstance(value, allowed):
            wanted = " or ".join(t.__name__ for t in allowed)
            faults.append(f"{where} {key} = {value!r}: expected {wanted}")
            continue
        good[key] = value
    return kind(**good)


def _allowed_types(hint: Any) -> tuple[type, ...]:
    if isinstance(hint, types.UnionType):
        return tuple(t for t in typing.get_args(hint) if t is not type(None))
    return (hint,)


def _texts(value: Any, where: str, faults: list[str]) -> tuple[str, ...]:
    """Take one text or a list of texts; an empty text is none."""
    texts = value if isinstance(value, list) else [value]
    if all(isinstance(text, str) for text in texts):
        return tuple(text for text in texts if text)
    faults.append(f"{where} = {value!r}: expected a text or a list of texts")
    return ()


def _factors(value: Any, where: str, faults: list[str]) -> dict[str, float]:
    """Take numbers by name."""
    if isinstance(value, Mapping) and all(
        isinstance(number, (int, float)) and not isinstance(number, bool)
        for number in value.values()
    ):
        return {str(name): float(number) for name, number in value.items()}
    faults.append(f"{where} = {value!r}: expected numbers by name, as {{ gravel = 1.2 }}")
    return {}


# Kinds of values besides plain ones, and how they are read.
CONTAINERS: dict[Any, Any] = {tuple[str, ...]: _texts, Mapping[str, float]: _factors}


def _profiles(content: Any, faults: list[str]) -> dict[str, Profile]:
    if not isinstance(content, Mapping) or not all(
        isinstance(entry, Mapping) for entry in content.values()
    ):
        faults.append("profiles must be written as sections [profiles.NAME]")
        return {}
    profiles = {}
    for name, entry in content.items():
        profiles[name] = _section(Profile, entry, f"[profiles.{name}]", faults)
        if name in PROFILES:
            faults.append(f"[profiles.{name}]: that name is taken; give your profile another")
        if "speed_kmh" not in entry:
            faults.append(f"[profiles.{name}] has no speed_kmh")
    return profiles


def _stages(content: Any, faults: list[str]) -> tuple[Stage, ...]:
    if not isinstance(content, list) or not all(isinstance(c, Mapping) for c in content):
        faults.append("stages must be written as [[stages]] entries")
        return ()
    stages = []
    for number, entry in enumerate(content, start=1):
        where = f"[[stages]] no. {number}"
        stage = _section(Stage, entry, where, faults)
        if "name" not in entry:
            faults.append(f"{where} has no name")
        goals = [g for g in (stage.target, stage.max_sites, stage.budget) if g is not None]
        if len(goals) > 1:
            faults.append(f"{where} ({stage.name}): give one of target, max_sites and budget")
        stages.append(stage if goals else dataclasses.replace(stage, target=0.8))
    return tuple(stages)


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"


def _out_of_range(plan: Plan) -> list[str]:
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
    faults += _walker_faults(plan)
    faults += _population_faults(plan.population)
    faults += _desk_faults(plan.desks)
    faults += _siting_faults(plan.siting)
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


def is_raster_name(source: str) -> bool:
    """Tell by its name whether a file is a raster."""
    return Path(source).suffix.lower() in RASTER_SUFFIXES


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
