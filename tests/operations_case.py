"""Daily work of the small result of `results`, made by hand, for the tests of pages and files.

1,140 people are tested every three days, all on one busiest day: 570 go to B1, 360 to N1, 72 to
N2; a school is visited, R7 and R8 wait for a round, nobody comes to R10, a hospital tests itself.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from results import LAT, LON, RESIDENCES, WGS84, make_result

from walkcover.operations import Demand, Operations, RelayPlan, RoundPlan
from walkcover.plan import DeskOptions, Plan
from walkcover.plan_operations import (
    BaseSource,
    Costs,
    DemandOptions,
    LaboratorySource,
    PlaceSource,
    RelayOptions,
    RoundOptions,
    ServiceRule,
    StationSource,
)
from walkcover.result import Result

INTERVAL_DAYS = 3
RATE = 30.0
# Those of the places live in the residences: a tenth of everybody.
AT_HOME = 0.9
# id, name, kind, people, east, north, reached, service, rule, walk, site
PLACES: list[tuple[Any, ...]] = [
    ("P1", "迎晖小学", "school", 60.0, 11, 6, True, "visit", 2, 300.0, "N1"),
    ("P2", "柳溪写字楼", "office", 30.0, 3, -1, True, "site", 3, 240.0, "B1"),
    ("P3", "并州医院", "institution", 24.0, -1, 3, True, "itself", 1, 420.0, "B1"),
]
RULES = [
    (1, "institution", 0.0, "any", "itself"),
    (2, "school", 50.0, "any", "visit"),
    (3, "any", 0.0, "yes", "site"),
    (4, "any", 0.0, "any", "round"),
]
OPENS, CLOSES = 8, 20
NATURAL = [0.04, 0.05, 0.07, 0.12, 0.16, 0.10, 0.06, 0.05, 0.07, 0.12, 0.10, 0.06]
EVEN = [1 / (CLOSES - OPENS)] * (CLOSES - OPENS)
# id, name, origin, east, north, tests, desks, desks needed
SITES: list[tuple[Any, ...]] = [
    ("B1", "五一广场", "existing", 1, 1, 570.0, 1.0, 2.0),
    ("N1", "", "suggested", 10, 3, 360.0, 1.0, 1.0),
    ("N2", "", "suggested", 19, 8, 72.0, 2.0, 1.0),
]
# Half the desk time that new desks would give, given by longer hours.
EXTEND_HOURS = {"B1": 7.0, "N1": 0.0, "N2": 0.0}
WAVES = [10.0, 12.0, 14.0, 16.0, 18.0, 20.0]
POOLING = 10


def make_daily_result(
    *,
    awkward: str = "",
    desks: bool = True,
    rounds: bool = True,
    relay: bool = True,
    **options: Any,
) -> Result:
    """
    Make the small result with its daily work; the options are those of `make_result`.
    """
    result = make_result(awkward=awkward, **options)
    operations = make_operations(awkward=awkward, desks=desks, rounds=rounds, relay=relay)
    plan = _plan(result.plan, rounds=rounds, relay=relay)
    return dataclasses.replace(result, plan=plan, operations=operations)


def make_operations(
    *, awkward: str = "", desks: bool = True, rounds: bool = True, relay: bool = True
) -> Operations:
    """
    Make the daily work; `awkward` is put behind every name that a user can choose.
    """
    return Operations(
        demand=_demand(awkward, desks=desks),
        rounds=_rounds(awkward) if rounds else None,
        relay=_relay(awkward) if relay else None,
        intervals=_intervals(desks=desks, rounds=rounds, relay=relay),
    )


def _plan(plan: Plan, *, rounds: bool, relay: bool) -> Plan:
    return dataclasses.replace(
        plan,
        desks=DeskOptions(tests_per_desk_hour=RATE, interval_days=INTERVAL_DAYS),
        places=PlaceSource(source="places.csv", crs="wgs84"),
        demand=DemandOptions(
            peaks=(12.0, 17.0), week=(3.0, 0.8, 0.8, 0.8, 0.8, 0.8, 0.0), intervals=(7.0, 3.0)
        ),
        services=tuple(
            ServiceRule(kind, at_least=least, reached=reached, by=by)
            for _, kind, least, reached, by in RULES
        ),
        bases=BaseSource(source="bases.csv" if rounds else "", crs="wgs84"),
        rounds=RoundOptions(tests_per_day=40.0),
        laboratories=LaboratorySource(source="laboratories.csv" if relay else "", crs="wgs84"),
        stations=StationSource(source="stations.csv" if relay else "", crs="wgs84"),
        relay=RelayOptions(vehicle_tubes=100.0, assay_h=4.0),
        costs=Costs(desk_day=800.0, team_day=2000.0, vehicle_day=600.0, test=5.0),
    )


def _at(east: float, north: float) -> tuple[float, float]:
    return LON + east / 1000, LAT + north / 1000


def _table(rows: list[tuple[Any, ...]], columns: str, awkward: str = "") -> gpd.GeoDataFrame:
    """Make a table of points from rows that hold east and north; `awkward` behind each name."""
    table = pd.DataFrame(rows, columns=columns.split())
    if "name" in table:
        table["name"] = [name and name + awkward for name in table["name"]]
    places = [_at(*one) for one in zip(table["east"], table["north"], strict=True)]
    return gpd.GeoDataFrame(
        table.drop(columns=["east", "north"]), geometry=shapely.points(places), crs=WGS84
    )


def _line(*places: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([_at(*one) for one in places])


def _demand(awkward: str, *, desks: bool) -> Demand:
    services = _services(awkward)
    sites, site_hours = _sites(awkward, desks=desks)
    rules = pd.DataFrame(RULES, columns=["rule", "kind", "at_least", "reached", "by"])
    grouped = services.groupby("rule")
    rules["places"] = rules["rule"].map(grouped.size())
    for name in ("people", "tests"):
        rules[name] = rules["rule"].map(grouped[name].sum())
    hours = range(24)
    natural, even = (
        [shares[hour - OPENS] if OPENS <= hour < CLOSES else 0.0 for hour in hours]
        for shares in (NATURAL, EVEN)
    )
    slots = pd.concat(
        pd.DataFrame(
            {
                "kind": kind,
                "hour": hours,
                "natural_share": natural,
                "share": even,
                "allowed": [OPENS <= hour < CLOSES for hour in hours],
            }
        )
        for kind in ("residents", "office")
    ).reset_index(drop=True)
    weights = pd.Series([3.0, 0.8, 0.8, 0.8, 0.8, 0.8, 0.0])
    week = pd.DataFrame({"weekday": range(1, 8), "share": weights / weights.sum()})
    week["tests"] = week["share"] * 1140.0 / INTERVAL_DAYS * 7
    return Demand(
        services=services,
        rules=rules,
        sites=sites,
        site_hours=site_hours,
        slots=slots,
        week=week,
        summary=_demand_summary(services, sites, site_hours, desks=desks),
    )


def _services(awkward: str) -> gpd.GeoDataFrame:
    rows: list[tuple[Any, ...]] = []
    for row in RESIDENCES:
        reached = row[-1] in ("covered", "no_people")
        served = ("site", 3) if reached else ("round", 4)
        rows.append(
            (
                f"{row[0]}{awkward}",
                "",
                "residence",
                "residents",
                float(row[1]),
                row[2],
                reached,
                *served,
                row[-3],
                row[-2] or "",
                AT_HOME * row[1],
                row[4],
                row[5],
            )
        )
    for place, name, kind, people, east, north, *served in PLACES:
        zone = "140105" if east < 10 else "140106"
        walk_s, site = served[3:]
        rows.append(
            (
                place,
                name,
                "place",
                kind,
                people,
                zone,
                *served[:3],
                walk_s,
                site,
                people,
                east,
                north,
            )
        )
    columns = "place_id name origin kind people zone_id reached service rule walk_s site_id"
    return _table(rows, f"{columns} tests east north", awkward)


def _sites(awkward: str, *, desks: bool) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    columns = "site_id name origin east north tests desks desks_needed"
    table = _table(SITES, columns, awkward)
    hours = []
    for site in table.to_dict("records"):
        at_site = pd.DataFrame({"site_id": site["site_id"], "hour": range(OPENS, CLOSES)})
        at_site["desks"] = site["desks"]
        for shares, suffix in ((NATURAL, ""), (EVEN, "_staggered")):
            tests = [share * site["tests"] for share in shares]
            waiting = _queue(tests, site["desks"] * RATE)
            at_site[f"tests{suffix}"] = tests
            at_site[f"waiting{suffix}"] = waiting
            at_site[f"wait_min{suffix}"] = [one / site["desks"] / RATE * 60 for one in waiting]
            at_site[f"status{suffix}"] = [_status(one) for one in waiting]
        hours.append(at_site)
    site_hours = pd.concat(hours, ignore_index=True)
    table["open_hours"] = float(CLOSES - OPENS)
    table["capacity"] = table["desks"] * RATE * table["open_hours"]
    table["load_share"] = table["tests"] / table["capacity"]
    table["desks_short"] = (table["desks_needed"] - table["desks"]).clip(lower=0.0)
    table["desks_spare"] = (table["desks"] - table["desks_needed"]).clip(lower=0.0)
    table["extend_hours"] = table["site_id"].map(EXTEND_HOURS)
    for suffix in ("", "_staggered"):
        ordered = site_hours.sort_values(f"waiting{suffix}", ascending=False, kind="stable")
        worst = ordered.drop_duplicates("site_id").set_index("site_id")
        last = site_hours[site_hours["hour"] == CLOSES - 1].set_index("site_id")
        ids = table["site_id"]
        table[f"worst_hour{suffix}"] = ids.map(worst["hour"]).astype("float64")
        table[f"worst_waiting{suffix}"] = ids.map(worst[f"waiting{suffix}"])
        table[f"worst_wait_min{suffix}"] = ids.map(worst[f"wait_min{suffix}"])
        table[f"left{suffix}"] = ids.map(last[f"waiting{suffix}"])
        table[f"status{suffix}"] = ids.map(worst[f"status{suffix}"])
    if not desks:
        for frame, known in (
            (table, ("site_id", "name", "origin", "tests", "open_hours", "geometry")),
            (site_hours, ("site_id", "hour", "tests", "tests_staggered")),
        ):
            for name in frame.columns.difference(known):
                frame[name] = "" if "status" in name else math.nan
    last = ["worst_hour", "worst_waiting", "worst_wait_min", "left", "status"]
    order = ["site_id", "name", "origin", "tests", "desks", "open_hours", "capacity", "load_share"]
    order += ["desks_needed", "desks_short", "desks_spare", "extend_hours", *last]
    return table[[*order, *(f"{name}_staggered" for name in last), "geometry"]], site_hours


def _queue(tests: list[float], rate: float) -> list[float]:
    """People who wait at the end of each hour, as a fluid."""
    waiting, queue = 0.0, []
    for count in tests:
        waiting = max(0.0, waiting + count - rate)
        queue.append(waiting)
    return queue


def _status(waiting: float) -> str:
    return "jammed" if waiting >= 50 else "busy" if waiting >= 25 else "smooth"


def _demand_summary(
    services: pd.DataFrame, sites: pd.DataFrame, site_hours: pd.DataFrame, *, desks: bool
) -> dict[str, Any]:
    by_service = {
        str(service): {
            "places": len(group),
            "people": float(group["people"].sum()),
            "tests": float(group["tests"].sum()),
        }
        for service, group in services.groupby("service")
    }
    tests = float(sites["tests"].sum())
    summary: dict[str, Any] = {
        "people": 1140.0,
        "tests_per_interval": 1140.0,
        "interval_days": float(INTERVAL_DAYS),
        "tests_per_day": 1140.0 / INTERVAL_DAYS,
        "busiest_day_tests": 1140.0,
        "site_tests_per_day": tests,
        "sites": len(sites),
        "tests_per_site_day": tests / len(sites),
        "by_service": by_service,
        "moved_share": sum(max(0.0, a - b) for a, b in zip(NATURAL, EVEN, strict=True)),
    }
    # The largest share of its capacity that a site needs in an hour.
    loads = (sites["tests"] / sites["desks"] / RATE).max()
    for name, shares in (("natural_peak", NATURAL), ("peak", EVEN)):
        summary[name] = float(loads * max(shares)) if desks else None
    for name in ("desks", "desks_needed", "desks_short", "desks_spare"):
        summary[name] = float(sites[name].sum()) if desks else None
    for name in ("short", "spare"):
        summary[f"sites_{name}"] = int((sites[f"desks_{name}"] > 0).sum()) if desks else None
    for suffix in ("", "_staggered"):
        for status in ("smooth", "busy", "jammed"):
            count = int((sites[f"status{suffix}"] == status).sum())
            summary[f"sites_{status}{suffix}"] = count if desks else None
        left = site_hours.loc[site_hours["hour"] == CLOSES - 1, f"waiting{suffix}"].sum()
        summary[f"left_people{suffix}"] = float(left) if desks else None
    return summary


def _rounds(awkward: str) -> RoundPlan:
    stop_places = pd.DataFrame(
        [
            ("P1", "迎晖小学", "school", 60.0, 60.0, "S1", 0.0),
            ("R7" + awkward, "", "residents", 30.0, 27.0, "S2", 60.0),
            ("R8" + awkward, "", "residents", 20.0, 18.0, "S3", 0.0),
            ("R10" + awkward, "", "residents", 10.0, 9.0, "", math.inf),
        ],
        columns=["place_id", "name", "kind", "people", "tests", "stop_id", "walk_s"],
    )
    stop_places["name"] = [name and name + awkward for name in stop_places["name"]]
    stops = _table(
        [
            ("S1", "迎晖小学", "visit", "140106", "", 1, 60.0, 60.0, 20.0, 300.0, 60.0, 11, 6),
            ("S2", "柳溪村", "round", "140106", "柳溪路", 1, 30.0, 27.0, 35.0, 700.0, 27.0, 24, 10),
            ("S3", "岛上", "round", "140106", "", 1, 20.0, 18.0, 310.0, 16000.0, 0.0, 26, 12),
        ],
        "stop_id name kind zone_id near places people tests snap_m drive_s served_tests east north",
        awkward,
    )
    visits = pd.DataFrame(
        [
            (1, 1, 1, "S1", "迎晖小学", 40.0, 300.0, 300.0, 2100.0),
            (1, 2, 1, "S1", "迎晖小学", 10.0, 300.0, 300.0, 1200.0),
            (1, 2, 2, "S2", "柳溪村", 27.0, 500.0, 1700.0, 3110.0),
            (2, 1, 1, "S1", "迎晖小学", 10.0, 300.0, 300.0, 1200.0),
        ],
        columns=[
            "team",
            "day",
            "order",
            "stop_id",
            "name",
            "tests",
            "drive_s",
            "arrive_s",
            "leave_s",
        ],
    )
    visits["name"] += awkward
    base, school, village = (15.0, 6.0), (11.0, 6.0), (24.0, 10.0)
    rows = [
        (1, 1, "K1", "杏花卫生院", 1, 40.0, 600.0, 1800.0, 2400.0, _line(base, school, base)),
        (
            1,
            2,
            "K1",
            "杏花卫生院",
            2,
            37.0,
            1500.0,
            2310.0,
            3810.0,
            _line(base, (13, 7), school, (18, 8), village, (20, 7), base),
        ),
        (2, 1, "K1", "杏花卫生院", 1, 10.0, 600.0, 900.0, 1500.0, _line(base, school, base)),
    ]
    columns = [
        "team",
        "day",
        "base_id",
        "base_name",
        "stops",
        "tests",
        "drive_s",
        "work_s",
        "back_s",
        "geometry",
    ]
    days = gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=WGS84)
    days["base_name"] += awkward
    days.insert(9, "shift_s", 8 * 3600.0)
    days.insert(10, "shift_share", days["back_s"] / days["shift_s"])
    days.insert(11, "tests_share", days["tests"] / 40.0)
    unserved = pd.DataFrame(
        [
            ("S3", "岛上" + awkward, 20.0, 18.0, "too_far", 5400.0, 9.5),
            ("R10" + awkward, "", 10.0, 9.0, "no_stop", 0.0, 1240.0),
        ],
        columns=["place_id", "name", "people", "tests", "reason", "short_s", "remedy_value"],
    )
    bases = _table(
        [("K1", "杏花卫生院", 2.0, math.nan, 12.0, *base)],
        "base_id name teams teams_given snap_m east north",
        awkward,
    )
    summary = {
        "places": 4,
        "people": 120.0,
        "tests": 114.0,
        "served_people": 90.0,
        "served_tests": 87.0,
        "stops": 3,
        "teams": 2,
        "teams_at_least": 2,
        "team_days": 3,
        "drive_s": 2700.0,
        "longest_day_s": 3810.0,
        "unserved_places": 2,
        "unserved_people": 30.0,
        "unserved_by_reason": {"too_far": 20.0, "no_stop": 10.0},
        "interval_days": float(INTERVAL_DAYS),
        "days_per_team": 2,
        "status": "optimal",
    }
    return RoundPlan(stops, stop_places, visits, days, bases, unserved, summary)


def _relay(awkward: str) -> RelayPlan:
    sources = _table(
        [
            ("B1", "五一广场", "site", 57.0, 10.0, "L1", "laboratory", 2, 8100.0, 1, 1),
            ("N1", "", "site", 36.0, 7.0, "T1", "station", 1, 9600.0, 10, 3),
            ("N2", "", "site", 8.0, 2.0, "", "", 0, math.inf, 19, 8),
            ("K1", "杏花卫生院", "base", 4.0, 4.0, "T1", "station", 1, 9000.0, 15, 6),
            ("P3", "并州医院", "itself", 3.0, 0.0, "", "", 0, 0.0, -1, 3),
        ],
        "source_id name kind tubes tubes_wave hub_id hub_kind route oldest_s east north",
        awkward,
    )
    hubs = _table(
        [
            ("T1", "柳溪中转站", "station", 2, 40.0, 1, 16, 5),
            ("L1", "并州疾控实验室", "laboratory", 1, 57.0, 1, 2, 8),
        ],
        "hub_id name kind sources tubes vehicles east north",
        awkward,
    )
    transfers = gpd.GeoDataFrame(
        {
            "station_id": ["T1", "T1"],
            "laboratory_id": ["L1", "L2"],
            "tubes": [20.0, 20.0],
            "trips": [3, 3],
            "drive_s": [900.0, 840.0],
        },
        geometry=[_line((16, 5), (10, 7), (2, 8)), _line((16, 5), (22, 3), (28, 2))],
        crs=WGS84,
    )
    routes = gpd.GeoDataFrame(
        {
            "route": [1, 2],
            "hub_id": ["T1", "L1"],
            "stops": [2, 1],
            "tubes": [40.0, 57.0],
            "tubes_wave": [11.0, 10.0],
            "vehicle_share": [0.11, 0.1],
            "drive_s": [1200.0, 900.0],
            "length_s": [2160.0, 1680.0],
            "oldest_s": [9600.0, 8100.0],
        },
        geometry=[
            _line((16, 5), (15, 6), (10, 3), (16, 5)),
            _line((2, 8), (2, 3), (1, 1), (2, 8)),
        ],
        crs=WGS84,
    )
    route_stops = pd.DataFrame(
        [
            (1, 1, "K1", "杏花卫生院" + awkward, 4.0, 120.0),
            (1, 2, "N1", "", 7.0, 780.0),
            (2, 1, "B1", "五一广场" + awkward, 10.0, 450.0),
        ],
        columns=["route", "order", "source_id", "name", "tubes_wave", "arrive_s"],
    )
    waves = pd.DataFrame({"wave": range(1, 7), "start_h": WAVES})
    waves["tubes"] = [15.0, 20.0, 18.0, 13.0, 18.0, 13.0]
    late = pd.DataFrame(
        [("N2", "", 8.0, "too_far", 4.5, 0.0)],
        columns=["source_id", "name", "tubes", "reason", "needed_h", "short_tubes"],
    )
    laboratories, hours = _laboratories(awkward)
    platform = hours.groupby("hour", as_index=False)["results"].sum()
    summary = {
        "tests": 1042.0 + 24.0,
        "tubes": 108.0,
        "pooling": POOLING,
        "sources": 5,
        "itself_tubes": 3.0,
        "collected_tubes": 97.0,
        "late_tubes": 8.0,
        "waves": 6,
        "vehicles": 2,
        "routes": 2,
        "drive_s": 2100.0,
        "oldest_s": 9600.0,
        "hold_s": 4 * 3600.0,
        "stations": 1,
        "stations_used": 1,
        "transfers": 2,
        "laboratories": 2,
        "capacity": float(laboratories["capacity"].sum()),
        "load_share": 97.0 / float(laboratories["capacity"].sum()),
        "short_tubes": float(laboratories["short_tubes"].sum()),
        "laboratories_short": int((laboratories["short_tubes"] > 0).sum()),
        "tests_per_site_day": 334.0,
        "tubes_per_site_day": 101.0 / 3,
        "tubes_per_laboratory_day": 97.0 / 2,
        "peak_results": float(platform["results"].max()),
        "peak_results_hour": int(platform.loc[platform["results"].idxmax(), "hour"]),
        "done_h": float(laboratories["done_h"].max()),
        "status": "optimal",
        "gap": 0.0,
    }
    return RelayPlan(
        sources=sources,
        hubs=hubs,
        transfers=transfers,
        routes=routes,
        route_stops=route_stops,
        waves=waves,
        laboratories=laboratories,
        laboratory_hours=hours,
        platform=platform,
        late=late,
        summary=summary,
    )


def _laboratories(awkward: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """L1 works from 10 to 24 and gets more than it can test; L2 works round the clock."""
    arrivals = {
        "L1": {11: 12.0, 13: 16.0, 15: 14.0, 17: 11.0, 19: 14.0, 21: 10.0},
        "L2": {11: 3.0, 13: 4.0, 15: 4.0, 17: 2.0, 19: 4.0, 21: 3.0},
    }
    working = {"L1": (range(10, 24), 5.0), "L2": (range(48), 1.0)}
    rows, figures = [], {}
    for laboratory, arrived in arrivals.items():
        hours, most = working[laboratory]
        queue, results = 0.0, [0.0] * 48
        own = []
        for hour in range(48):
            queue += arrived.get(hour, 0.0)
            tested = min(queue, most) if hour in hours else 0.0
            queue -= tested
            if tested and hour + 4 < 48:
                results[hour + 4] = tested * POOLING
            own.append((laboratory, hour, arrived.get(hour, 0.0), tested, queue, results[hour]))
        longest = max(own, key=lambda row: row[4])
        done = max(hour for hour in range(48) if results[hour]) + 1.0
        figures[laboratory] = (longest[4], longest[1], own[23][4], done)
        rows += [row for row in own if any(row[2:])]
    columns = ["laboratory_id", "hour", "arrived_tubes", "tested_tubes", "queue_tubes", "results"]
    table = _table(
        [
            ("L1", "并州疾控实验室", 70.0, 12.0, 77.0, 2, 8),
            ("L2", "第二实验室", 24.0, math.nan, 20.0, 28, 2),
        ],
        "laboratory_id name capacity staff tubes east north",
        awkward,
    )
    geometry = table.pop("geometry")
    table["load_share"] = table["tubes"] / table["capacity"]
    table["queue_tubes"] = [figures[one][0] for one in table["laboratory_id"]]
    table["queue_hour"] = [figures[one][1] for one in table["laboratory_id"]]
    table["short_tubes"] = [figures["L1"][2], 0.0]
    table["short_from_h"] = [17.0, math.nan]
    table["done_h"] = [figures[one][3] for one in table["laboratory_id"]]
    placed = gpd.GeoDataFrame(table, geometry=geometry, crs=WGS84)
    return placed, pd.DataFrame(rows, columns=columns)


def _intervals(*, desks: bool, rounds: bool, relay: bool) -> pd.DataFrame:
    rows = []
    for days, needed, short, teams in ((7.0, 3.0, 0.0, 1.0), (3.0, 4.0, 1.0, 2.0)):
        share = INTERVAL_DAYS / days
        row = {
            "interval_days": days,
            "is_plan": days == INTERVAL_DAYS,
            "tests_per_day": 1140.0 * share,
            "tubes_per_day": math.ceil(108.0 * share) if relay else math.nan,
            "desks_given": 4.0 if desks else math.nan,
            "desks_needed": needed if desks else math.nan,
            "desks_short": short if desks else math.nan,
            "team_days": teams + 1.0 if rounds else math.nan,
            "teams": teams if rounds else math.nan,
            "unserved_people": 30.0 if rounds else math.nan,
            "vehicles": 2.0 if relay else math.nan,
            "tubes_capacity": 94.0 if relay else math.nan,
            "tubes_short": max(0.0, 105.0 * share - 94.0) if relay else math.nan,
            "laboratories_needed": (2.0 if share < 1 else 3.0) if relay else math.nan,
        }
        row |= {
            "cost_desks": row["desks_needed"] * 800.0,
            "cost_teams": row["teams"] * 2000.0,
            "cost_vehicles": row["vehicles"] * 600.0,
            "cost_tests": row["tests_per_day"] * 5.0,
        }
        row["cost_per_day"] = sum(
            row[name] for name in row if name.startswith("cost_") and not math.isnan(row[name])
        )
        rows.append(row)
    return pd.DataFrame(rows)
