"""Sections of the plan on daily work: demand, who is served where, rounds, relay and money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

VISIT, ROUND, SITE, ITSELF = "visit", "round", "site", "itself"
# Kinds that have a name on map and report; a plan may use any other word.
RESIDENTS, VILLAGE, SCHOOL, OFFICE, EMPLOYER, KEY_GROUP, INSTITUTION = (
    "residents",
    "village",
    "school",
    "office",
    "employer",
    "key_group",
    "institution",
)
ANY = "any"
KINDS = (RESIDENTS, VILLAGE, SCHOOL, OFFICE, EMPLOYER, KEY_GROUP, INSTITUTION)
# Mean speeds of a van by kind of road, stops included, in km/h. Assumptions: no source gives them
# for Shanxi, and the plan can change each.
ROAD_KMH: dict[str, float] = {
    "motorway": 80.0,
    "trunk": 60.0,
    "primary": 50.0,
    "secondary": 40.0,
    "tertiary": 35.0,
    "unclassified": 30.0,
    "road": 30.0,
    "residential": 25.0,
    "living_street": 15.0,
    "service": 15.0,
    "track": 15.0,
}


# What Chinese tables call them.
KIND_WORDS = {
    **dict.fromkeys(("居民", "居民区", "小区", "社区"), RESIDENTS),
    **dict.fromkeys(("村", "村庄", "行政村", "自然村"), VILLAGE),
    **dict.fromkeys(("学校", "中学", "小学", "高校", "大学", "幼儿园"), SCHOOL),
    **dict.fromkeys(("机关", "写字楼", "办公区", "办公楼", "机关单位", "楼宇"), OFFICE),
    **dict.fromkeys(("企业", "工厂", "用工单位", "大型企业", "园区"), EMPLOYER),
    **dict.fromkeys(("重点人群", "养老院", "养老机构", "福利院", "福利机构"), KEY_GROUP),
    **dict.fromkeys(("医院", "医疗机构", "自检机构"), INSTITUTION),
}


def plain_kind(text: str) -> str:
    """
    Put a kind of place into its standard form, where its word is known.

    Examples
    --------
    >>> plain_kind("学校"), plain_kind("School"), plain_kind("车站")
    ('school', 'school', '车站')
    """
    word = text.strip()
    lower = word.lower()
    return lower if lower in KINDS else KIND_WORDS.get(word, word)


@dataclass(frozen=True)
class PlaceSource:
    """
    Section ``[places]``: schools, offices, employers and other places with people of their own.

    The people of a place are taken to live in the residences of the plan, so that those who are
    tested at the place are counted off there, everywhere by the same share; with ``counted =
    false`` they come on top.
    """

    source: str = ""
    layer: str = ""
    crs: str = ""
    trust_crs: bool = False
    id: str = "place_id"
    name: str = "name"
    kind: str = "kind"
    people: str = "people"
    lon: str = "lon"
    lat: str = "lat"
    counted: bool = True


@dataclass(frozen=True)
class ServiceRule:
    """
    A ``[[services]]`` entry: who is served how. The first entry that fits a place decides.

    `kind` is a kind of place or ``any``; `at_least` the people from which on it fits; `reached`
    (``yes``, ``no`` or ``any``) whether a site lies within the limit once all are built. `by` is
    ``site`` (they walk to it), ``visit`` (a team comes to the place itself), ``round`` (a team
    comes to a stop nearby) or ``itself`` (an institution that takes and tests its own samples).
    """

    kind: str = ANY
    at_least: float = 0.0
    reached: str = ANY
    by: str = SITE


# Whom the source of the task names for teams that come: key groups, offices, schools, large
# employers, remote villages. Below these sizes, which are assumptions, a booth does.
SERVICES = (
    ServiceRule(INSTITUTION, by=ITSELF),
    ServiceRule(KEY_GROUP, by=VISIT),
    ServiceRule(SCHOOL, at_least=200.0, by=VISIT),
    ServiceRule(OFFICE, at_least=300.0, by=VISIT),
    ServiceRule(EMPLOYER, at_least=500.0, by=VISIT),
    ServiceRule(reached="yes", by=SITE),
    ServiceRule(by=ROUND),
)


@dataclass(frozen=True)
class Group:
    """
    A ``[[groups]]`` entry: the hours in which people of a kind may be asked to come.

    Kinds without an entry are asked to come between 6 and 22. `hours` are spans of whole hours as
    ``"7-9"``; `peaks` the hours round which they come if nobody asks, those of ``[demand]``
    without.
    """

    kind: str = RESIDENTS
    hours: tuple[str, ...] = ("0-24",)
    peaks: tuple[float, ...] = ()

    @property
    def allowed(self) -> tuple[bool, ...]:
        """Whether they may come, for each hour of the day."""
        spans = [tuple(int(hour) for hour in span.split("-")) for span in self.hours]
        return tuple(any(first <= hour < last for first, last in spans) for hour in range(24))


@dataclass(frozen=True)
class DemandOptions:
    """
    Section ``[demand]``: when people come.

    Where nobody says when, `peak_share` of them come round the `peaks` (hours of the day, as
    seen in Macao), normally spread by `peak_spread_h`, and the others evenly over the hours in
    which a site is open. Sites that do not say their opening hours open at `opens`. `week`
    weighs the days of the week, Monday first. `intervals` are the testing intervals, in days, that
    the study compares with that of ``[desks]``.
    """

    peaks: tuple[float, ...] = (12.0, 18.0)
    peak_share: float = 0.6
    peak_spread_h: float = 1.5
    opens: float = 8.0
    week: tuple[float, ...] = (1.0,) * 7
    intervals: tuple[float, ...] = (7.0, 5.0, 3.0, 2.0)


@dataclass(frozen=True)
class RoadOptions:
    """
    Section ``[roads]``: what vehicles drive on.

    `source` is an OpenStreetMap extract, that of ``[network]`` without. `kmh` changes the mean
    speed of kinds of road, as ``{ track = 10 }``; `snap_limit_m` is the farthest that a stop may
    lie from a road.
    """

    source: str = ""
    kmh: Mapping[str, float] = field(default_factory=dict)
    snap_limit_m: float = 1000.0


@dataclass(frozen=True)
class BaseSource:
    """Section ``[bases]``: where roving teams start and end their days."""

    source: str = ""
    layer: str = ""
    crs: str = ""
    trust_crs: bool = False
    id: str = "base_id"
    name: str = "name"
    teams: str = "teams"
    lon: str = "lon"
    lat: str = "lat"


@dataclass(frozen=True)
class RoundOptions:
    """
    Section ``[rounds]``: roving teams, planned where ``[bases]`` are given.

    A shift of `shift_h` begins at `starts` and holds the drives; every stop costs `setup_min`
    besides its tests. A stop serves places within `stop_walk_min` (0: the limit of ``[walk]``).
    Bases that do not say how many teams they have get as few as do. `time_limit_s` is a safety
    stop of the search.
    """

    tests_per_hour: float = 120.0
    tests_per_day: float = 1000.0
    shift_h: float = 8.0
    starts: float = 8.0
    setup_min: float = 10.0
    days_per_week: float = 5.0
    stop_walk_min: float = 0.0
    time_limit_s: float = 60.0


@dataclass(frozen=True)
class LaboratorySource:
    """
    Section ``[laboratories]``: where tubes are tested.

    `tubes_per_day` is what one can test. A laboratory that names a `site` tests the tubes of that
    site itself, and nobody carries them.
    """

    source: str = ""
    layer: str = ""
    crs: str = ""
    trust_crs: bool = False
    id: str = "laboratory_id"
    name: str = "name"
    tubes_per_day: str = "tubes_per_day"
    staff: str = "staff"
    hours_per_day: str = "hours_per_day"
    site: str = "site_id"
    lon: str = "lon"
    lat: str = "lat"


@dataclass(frozen=True)
class StationSource:
    """Section ``[stations]``: transfer stations (样本中转站) between sites and laboratories."""

    source: str = ""
    layer: str = ""
    crs: str = ""
    trust_crs: bool = False
    id: str = "station_id"
    name: str = "name"
    lon: str = "lon"
    lat: str = "lat"


@dataclass(frozen=True)
class RelayOptions:
    """
    Section ``[relay]``: tubes on their way, planned where ``[laboratories]`` are given.

    `pooling` people share a tube. Sites are collected every `collect_every_h`; a station passes
    on when `dispatch_tubes` are there, at the latest when a collection is in. Every tube is at a
    laboratory within `hold_h` of its first sample. A vehicle carries `vehicle_tubes`, stops for
    `stop_min` and unloads for `unload_min`. A result is there `assay_h` after a tube is put on.
    `tubes_per_staff_day` limits a laboratory by its staff besides; 0 does not.
    """

    pooling: int = 10
    collect_every_h: float = 2.0
    dispatch_tubes: float = 1000.0
    hold_h: float = 4.0
    vehicle_tubes: float = 1000.0
    stop_min: float = 3.0
    unload_min: float = 10.0
    assay_h: float = 4.0
    tubes_per_staff_day: float = 0.0
    time_limit_s: float = 120.0


@dataclass(frozen=True)
class Costs:
    """
    Section ``[costs]``: prices in one currency; 0 is not priced.

    Of a desk, a team and a vehicle on a day, and of a test.
    """

    desk_day: float = 0.0
    team_day: float = 0.0
    vehicle_day: float = 0.0
    test: float = 0.0

    @property
    def are_given(self) -> bool:
        """Whether anything is priced."""
        return any((self.desk_day, self.team_day, self.vehicle_day, self.test))
