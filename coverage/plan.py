"""The plan: every parameter of a run, as frozen values that were checked once."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from walkcover.plan_operations import (
    SERVICES,
    BaseSource,
    Costs,
    DemandOptions,
    Group,
    LaboratorySource,
    PlaceSource,
    RelayOptions,
    RoadOptions,
    RoundOptions,
    ServiceRule,
    StationSource,
)
from walkcover.tile_sources import tile_addresses, tile_host

HOURS_OF_A_DAY = 24.0
RASTER_SUFFIXES = (".tif", ".tiff", ".vrt")
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
    ("places", "source"),
    ("roads", "source"),
    ("bases", "source"),
    ("laboratories", "source"),
    ("stations", "source"),
)
# Sections of daily work; they count where one of those with a source, or desks, ask for it.
DAILY_SECTIONS = (
    "places",
    "demand",
    "groups",
    "services",
    "roads",
    "bases",
    "rounds",
    "laboratories",
    "stations",
    "relay",
    "costs",
)
# Keys besides those of [desks] that count only where sites have desks.
DESK_COLUMNS = {"sites": ("desks", "hours_per_day", "opening_hours"), "candidates": ("max_desks",)}


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
    """
    Section ``[plan]``: what map and report print about themselves.

    `map_review` is the number under which the map was reviewed (审图号), shown where it is given.
    """

    name: str = "plan"
    date: str = ""
    language: str = "zh"
    map_review: str = ""


@dataclass(frozen=True)
class MapOptions:
    """
    Section ``[map]``: a base map from a server, under what is drawn from the data.

    `tiles` is ``tianditu``, with the user's own `tiles_key`, or the address of tiles in WGS84 or
    CGCS2000 as ``https://HOST/{z}/{x}/{y}.png``, with `tiles_credit` naming whose they are.
    Without it a map asks no host for anything; with it the host sees which places are looked at.
    """

    tiles: str = ""
    tiles_key: str = ""
    tiles_credit: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses of the tiles, the lowest layer first; none where no tiles are asked for."""
        return tile_addresses(self.tiles, self.tiles_key)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The only hosts that a map may ask for pictures, as ``https://tiles.example``."""
        return tuple(dict.fromkeys(tile_host(address) for address in self.addresses))


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
    name: str = "name"
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
class RegionOptions:
    """
    Section ``[regions]``: for a province, what is heavy is computed region by region.

    `residences` is the most of them that a region holds; 0 takes all in one piece. Walks and
    verdicts are the same, whatever it is; sites are chosen by region, with a proof for the whole.
    """

    residences: int = 0


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
    map: MapOptions = field(default_factory=MapOptions)
    walk: WalkOptions = field(default_factory=WalkOptions)
    network: NetworkSource = field(default_factory=NetworkSource)
    residences: ResidenceSource = field(default_factory=ResidenceSource)
    population: PopulationSource = field(default_factory=PopulationSource)
    sites: SiteSource = field(default_factory=SiteSource)
    candidates: CandidateSource = field(default_factory=CandidateSource)
    zones: ZoneSource = field(default_factory=ZoneSource)
    desks: DeskOptions = field(default_factory=DeskOptions)
    siting: SitingOptions = field(default_factory=SitingOptions)
    regions: RegionOptions = field(default_factory=RegionOptions)
    stages: tuple[Stage, ...] = (Stage(target=0.8),)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    places: PlaceSource = field(default_factory=PlaceSource)
    demand: DemandOptions = field(default_factory=DemandOptions)
    groups: tuple[Group, ...] = ()
    services: tuple[ServiceRule, ...] = SERVICES
    roads: RoadOptions = field(default_factory=RoadOptions)
    bases: BaseSource = field(default_factory=BaseSource)
    rounds: RoundOptions = field(default_factory=RoundOptions)
    laboratories: LaboratorySource = field(default_factory=LaboratorySource)
    stations: StationSource = field(default_factory=StationSource)
    relay: RelayOptions = field(default_factory=RelayOptions)
    costs: Costs = field(default_factory=Costs)
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

    def parameters(self, *, with_desks: bool = True, with_work: bool = True) -> dict[str, Any]:
        """
        All parameters in force, as plain values, without any path of the machine.

        Those of desk time can be left out, as they count only where sites have desks, and so can
        those of daily work.
        """
        values = dataclasses.asdict(self)
        del values["folder"]
        # How the map looks is no parameter of the result, and keys are not to be passed on.
        del values["map"]
        if not with_desks:
            del values["desks"]
            for section, keys in DESK_COLUMNS.items():
                for key in keys:
                    del values[section][key]
        if not with_work:
            for section in DAILY_SECTIONS:
                del values[section]
        for section, key in FILES:
            if section not in values:
                continue
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


def is_raster_name(source: str) -> bool:
    """Tell by its name whether a file is a raster."""
    return Path(source).suffix.lower() in RASTER_SUFFIXES
