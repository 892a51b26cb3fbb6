"""A small finished result, made by hand, for the tests of what people look at."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover.band import band_summary
from walkcover.plan import About, NetworkSource, Plan, ResidenceSource, SiteSource, Stage
from walkcover.result import NearSites, Result

WGS84 = "EPSG:4326"
INF = math.inf
LON, LAT = 112.55, 37.87

# residence, people, zone, stage, east, north (thousandths of a degree), walk, site, verdict,
# and the last three again after building
RESIDENCES: list[tuple[Any, ...]] = [
    ("R1", 100, "140105", "city", 0, 0, 120.0, "B1", "covered", 120.0, "B1", "covered"),
    ("R2", 200, "140105", "city", 2, 1, 300.0, "B1", "covered", 300.0, "B1", "covered"),
    ("R3", 300, "140105", "city", 4, 2, 600.0, "B1", "covered", 600.0, "B1", "covered"),
    ("R4", 150, "140105", "city", 8, 2, 900.0, "B1", "covered", 200.0, "N1", "covered"),
    ("R5", 250, "140106", "city", 12, 4, 960.0, "B1", "too_far", 240.0, "N1", "covered"),
    ("R6", 80, "140106", "county_town", 20, 9, 1640.0, "B1", "too_far", 450.0, "N2", "covered"),
    ("R7", 30, "140106", "county_town", 24, 9, INF, None, "no_site", INF, None, "no_site"),
    ("R8", 20, "140106", "county_town", 26, 12, INF, None, "island", INF, None, "island"),
    ("R9", 0, "140105", "city", 1, 3, 200.0, "B1", "no_people", 200.0, "B1", "no_people"),
    (
        "R10",
        10,
        "140106",
        "county_town",
        30,
        14,
        INF,
        None,
        "not_snapped",
        INF,
        None,
        "not_snapped",
    ),
]
# residence: site and walk in seconds, nearest first; those of RESIDENCES and some further ones
NEAR = {
    "R1": [("B1", 120.0), ("B2", 800.0), ("N1", 1010.0)],
    "R2": [("B1", 300.0), ("B2", 640.0), ("N1", 900.0)],
    "R3": [("B2", 500.0), ("B1", 600.0), ("N1", 840.0)],
    "R4": [("N1", 200.0), ("B1", 900.0), ("N2", 1100.0), ("B2", 1100.0)],
    "R5": [("N1", 240.0), ("N2", 960.0), ("B1", 960.0)],
    "R6": [("N2", 450.0), ("N1", 1200.0)],
    "R9": [("B1", 200.0)],
}
PEOPLE = 1140
COVERED, COVERED_AFTER = 750, 1080


def make_result(*, language: str = "zh", after: bool = True, awkward: str = "") -> Result:
    """
    Make the result; `awkward` is put behind every name that a user can choose.
    """
    residences = _residences(after=after, awkward=awkward)
    plan = Plan(
        plan=About(name="并州步行覆盖" + awkward, date="2022-05-20", language=language),
        network=NetworkSource(source="streets.osm.pbf"),
        residences=ResidenceSource(source="residences.csv", crs="wgs84"),
        sites=SiteSource(source="booths.xlsx", crs="gcj02"),
        stages=(Stage("city", target=0.95), Stage("county_town", max_sites=1)),
    )
    result = Result(
        plan=plan,
        residences=residences,
        sites=_sites(after=after, awkward=awkward),
        rollout=_rollout(awkward) if after else _rollout(awkward).iloc[:0],
        zones=_zones(after=after, awkward=awkward),
        stages=_stages(after=after),
        band=_band(after=after),
        gap_areas=_gap_areas(awkward),
        closures=_closures(after=after, awkward=awkward),
        remedies=_remedies(awkward).iloc[: None if after else 0],
        isochrones=_isochrones(),
        streets=_streets(awkward),
        summary={},
        near_sites=_near_sites(after=after),
        water=_water(awkward),
    )
    return dataclasses.replace(result, summary=_summary(result, after=after))


def _near_sites(*, after: bool) -> NearSites:
    rows = ["B1", "B2", "N1", "N2"][: None if after else 2]
    near = [[one for one in NEAR.get(row[0], []) if one[0] in rows] for row in RESIDENCES]
    return NearSites(
        indptr=np.concatenate([[0], np.cumsum([len(row) for row in near])]),
        site=np.array([rows.index(site) for row in near for site, _ in row], np.uint8),
        walk_steps=np.array([walk_s / 10 for row in near for _, walk_s in row], np.uint8),
        step_s=10,
        limit_s=1500.0,
    )


def _band(*, after: bool) -> pd.DataFrame:
    rows = []
    for profile, speed, shares in (("elderly", 2.9, (0.4, 0.5)), ("brisk", 4.7, (0.7, 0.9))):
        for stage, people in (("", PEOPLE), ("city", 800.0), ("county_town", 0.0)):
            row = {"profile": profile, "speed_kmh": speed, "stage": stage, "people": people}
            for suffix, share in zip(("", "_after")[: 1 + after], shares, strict=False):
                row[f"reached_people{suffix}"] = share * people
                row[f"reached_share{suffix}"] = share if people else math.nan
            rows.append(row)
    return pd.DataFrame(rows)


def _points(east: pd.Series, north: pd.Series) -> tuple[pd.Series, pd.Series]:
    return LON + east / 1000, LAT + north / 1000


def _residences(*, after: bool, awkward: str) -> gpd.GeoDataFrame:
    columns = ["residence_id", "people", "zone_id", "stage", "east", "north"]
    columns += ["walk_s", "site_id", "verdict", "walk_s_after", "site_id_after", "verdict_after"]
    table = pd.DataFrame(RESIDENCES, columns=columns)
    table["residence_id"] += awkward
    table["lon"], table["lat"] = _points(table["east"], table["north"])
    table["snap_m"] = 12.5
    table["snap_to"] = ["main"] * 7 + ["island", "main", None]
    table["gate_unknown"] = False
    if not after:
        table = table.drop(columns=[name for name in table if name.endswith("_after")])
    geometry = shapely.points(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table.drop(columns=["east", "north"]), geometry=geometry, crs=WGS84)


def _sites(*, after: bool, awkward: str) -> gpd.GeoDataFrame:
    rows = [
        ("B1", "五一广场" + awkward, "existing", "open", None, None, 1, 1, 750.0, None),
        ("B2", "南站" + awkward, "existing", "closed", None, None, 6, 5, 0.0, None),
        ("N1", None, "suggested", "suggested", "city", 1, 10, 3, 250.0, 250.0),
        ("N2", None, "suggested", "suggested", "county_town", 2, 19, 8, 80.0, 80.0),
    ]
    columns = ["site_id", "name", "origin", "status", "stage", "order", "east", "north"]
    table = pd.DataFrame(rows, columns=[*columns, "people_served", "people_gained"])
    table = table if after else table.iloc[:2]
    table["lon"], table["lat"] = _points(table["east"], table["north"])
    table["snap_m"], table["snap_to"] = 3.0, "main"
    geometry = shapely.points(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table.drop(columns=["east", "north"]), geometry=geometry, crs=WGS84)


def _rollout(awkward: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order": [1, 2],
            "stage": ["city", "county_town"],
            "site_id": ["N1", "N2"],
            "zone_name": ["杏花区" + awkward, "杏花区" + awkward],
            "near": ["迎晖街、柳溪路" + awkward, "柳溪路" + awkward],
            "lon": [112.56, 112.569],
            "lat": [37.873, 37.878],
            "lon_gcj02": [112.5665, 112.5755],
            "lat_gcj02": [37.8738, 37.8788],
            "people_gained": [250.0, 80.0],
            "covered_people": [1000.0, 1080.0],
            "covered_share": [1000 / 1140, 1080 / 1140],
        }
    )


def _zones(*, after: bool, awkward: str) -> gpd.GeoDataFrame:
    rows = [
        ("1401", "并州市", None, None, 10, 1140, 750, 1080, 60, 750.0, 1640.0, 1, 3),
        ("140105", "小店区", "1401", "city", 5, 750, 750, 750, 0, 500.0, 900.0, 1, 1),
        ("140106", "杏花区", "1401", "city", 5, 390, 0, 330, 60, 1125.0, 1640.0, 0, 2),
        ("140107", "空区", "1401", "countryside", 0, 0, 0, 0, 0, math.nan, math.nan, 0, 0),
    ]
    columns = ["zone_id", "name", "parent_id", "stage", "residences", "people", "covered_people"]
    columns += ["covered_people_after", "unreached_people", "mean_walk_s", "worst_walk_s"]
    table = pd.DataFrame(rows, columns=[*columns, "sites", "sites_after"])
    table["name"] += awkward
    people = table["people"].where(table["people"] > 0)
    for suffix in ("", "_after"):
        table[f"covered_share{suffix}"] = table[f"covered_people{suffix}"] / people
        table[f"gap_people{suffix}"] = table["people"] - table[f"covered_people{suffix}"]
        sites = table[f"sites{suffix}"]
        table[f"people_per_site{suffix}"] = table["people"] / sites.where(sites > 0)
        table[f"mean_walk_s{suffix}"] = table["mean_walk_s"]
        table[f"worst_walk_s{suffix}"] = table["worst_walk_s"]
        table[f"unreached_people{suffix}"] = table["unreached_people"]
    if not after:
        table = table.drop(columns=[name for name in table if name.endswith("_after")])
    boxes = [(-4, -4, 34, 18), (-4, -4, 10, 18), (10, -4, 34, 12), (10, 12, 34, 18)]
    return gpd.GeoDataFrame(table, geometry=[_box(*one) for one in boxes], crs=WGS84)


def _box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(LON + west / 1000, LAT + south / 1000, LON + east / 1000, LAT + north / 1000)


def _stages(*, after: bool) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "name": ["city", "county_town"],
            "target": [0.95, math.nan],
            "max_sites": [math.nan, 1.0],
            "budget": [math.nan, math.nan],
            "residences": [6, 4],
            "people": [1000, 140],
            "covered_people": [750, 0],
            "covered_share": [0.75, 0.0],
            "covered_people_after": [1000, 80],
            "covered_share_after": [1.0, 80 / 140],
            "sites_added": [1, 1],
            "cost": [1.0, 1.0],
            "missing_people": [0.0, 0.0],
            "objective": [1.0, 80.0],
            "bound": [1.0, 82.0],
            "gap": [0.0, 0.025],
            "status": ["optimal", "feasible"],
        }
    )
    return table if after else table.loc[:, :"covered_share"]


def _gap_areas(awkward: str) -> gpd.GeoDataFrame:
    table = pd.DataFrame(
        {
            "gap_id": ["G1", "G2"],
            "residences": [2, 2],
            "people": [330, 60],
            "reason": ["too_far", "no_site"],
            "nearest_miss_s": [60.0, INF],
            "zone_id": ["140106", "140106"],
            "zone_name": ["杏花区" + awkward, "杏花区" + awkward],
            "near": ["柳溪路" + awkward, None],
        }
    )
    return gpd.GeoDataFrame(table, geometry=[_box(11, 3, 21, 10), _box(23, 8, 31, 15)], crs=WGS84)


def _closures(*, after: bool, awkward: str) -> pd.DataFrame:
    """R3 and R4 lie within reach of N1 too; the other sites share nobody."""
    rows = [
        ("B1", "五一广场" + awkward, "existing", "open", 750.0, 4, 750.0, 0.0, math.nan, False),
        ("N1", None, "suggested", "suggested") + (None,) * 6,
        ("N2", None, "suggested", "suggested") + (None,) * 6,
    ]
    figures = ["people_within_reach", "only_residences", "only_people", "moved_people"]
    figures += ["extra_walk_s", "closable"]
    table = pd.DataFrame(rows, columns=["site_id", "name", "origin", "status", *figures])
    if not after:
        return table.iloc[:1]
    later = [
        (750.0, 2, 300.0, 300.0, 240.0, False),
        (700.0, 1, 250.0, 150.0, 700.0, False),
        (80.0, 1, 80.0, 0.0, math.nan, False),
    ]
    return table.join(pd.DataFrame(later, columns=[f"{name}_after" for name in figures]))


def _remedies(awkward: str) -> pd.DataFrame:
    """What would help R7, R8 and R10, once the one site of the county towns is built."""
    rows = [
        (1, "site", 30.0, 1, "R7", "no_site", 112.574, 37.879, "C7", math.nan, INF, 0.0),
        (2, "street", 20.0, 1, "R8", "island", 112.576, 37.882, None, 120.4, INF, 65.0),
        (3, "round", 10.0, 1, "R10", "not_snapped", 112.58, 37.884, None, 777.7, INF, INF),
    ]
    columns = ["order", "remedy", "people", "residences", "residence_ids", "reason", "lon", "lat"]
    table = pd.DataFrame(
        rows, columns=[*columns, "place_id", "street_m", "miss_s", "candidate_miss_s"]
    )
    table["stage"], table["needed"], table["limit_min"] = "county_town", False, math.nan
    table["zone_id"], table["zone_name"] = "140106", "杏花区" + awkward
    table["sites"] = [1, 0, 0]
    table["near"] = ["柳溪路" + awkward, "", ""]
    table["lon_gcj02"], table["lat_gcj02"] = table["lon"] + 0.0065, table["lat"] + 0.0008
    return table


def _isochrones() -> gpd.GeoDataFrame:
    table = pd.DataFrame({"minutes_from": [0.0, 5.0, 10.0], "minutes_to": [5.0, 10.0, 15.0]})
    circles = [shapely.Point(LON + 0.001, LAT + 0.001).buffer(r) for r in (0.003, 0.006, 0.009)]
    rings = [circles[0], circles[1] - circles[0], circles[2] - circles[1]]
    return gpd.GeoDataFrame(table, geometry=rings, crs=WGS84)


def _streets(awkward: str) -> gpd.GeoDataFrame:
    paths = [[(-3, 0), (5, 2), (32, 15)], [(1, -3), (2, 16)], [(10, 3), (24, 9)], [(4, 2), (6, 5)]]
    lines = [shapely.LineString([(LON + x / 1000, LAT + y / 1000) for x, y in p]) for p in paths]
    table = {
        "name": ["迎晖街" + awkward, "柳溪路" + awkward, None, None],
        "highway": ["primary", "residential", "unclassified", "footway"],
        "private": [False, False, False, True],
    }
    return gpd.GeoDataFrame(table, geometry=lines, crs=WGS84)


def _water(awkward: str) -> gpd.GeoDataFrame:
    """A pond with an island in it, and a river along the south."""
    pond = shapely.box(14, 0, 18, 4) - shapely.box(15, 1, 17, 3)
    river = shapely.LineString([(-5, -1), (40, -1)])
    shapes = shapely.transform(np.array([pond, river]), lambda xy: xy / 1000 + [LON, LAT])
    table = {
        "kind": ["area", "line"],
        "waterway": ["", "river"],
        "name": ["", "澄河" + awkward],
    }
    return gpd.GeoDataFrame(table, geometry=shapes, crs=WGS84)


def _verdicts(result: Result, column: str) -> dict[str, dict[str, float]]:
    return {
        str(verdict): {"residences": len(group), "people": float(group["people"].sum())}
        for verdict, group in result.residences.groupby(column)
    }


def _summary(result: Result, *, after: bool) -> dict[str, Any]:
    keys = ["name", "people", "covered_share"]
    if after:
        keys += ["covered_share_after", "sites_added", "objective", "bound", "gap", "status"]
    summary: dict[str, Any] = {
        "people": float(PEOPLE),
        "covered_people": float(COVERED),
        "covered_share": COVERED / PEOPLE,
        "verdicts": _verdicts(result, "verdict"),
        "stages": result.stages[keys].to_dict("records"),
        "parameters": result.plan.parameters(),
        "versions": {"walkcover": "0.1.0", "python": "3.11"},
        "inputs": {"streets.osm.pbf": "ab" * 32, "residences.csv": "cd" * 32},
    }
    open_sites, built = 1, 2
    summary |= {
        "gap_people": float(PEOPLE - COVERED),
        "sites": {
            "open": open_sites,
            "closed": 1,
            "planned": 0,
            "suggested": built if after else 0,
        },
        "people_per_site": PEOPLE / open_sites,
        "distance_only": True,
    }
    if after:
        summary |= {
            "covered_people_after": float(COVERED_AFTER),
            "covered_share_after": COVERED_AFTER / PEOPLE,
            "gap_people_after": float(PEOPLE - COVERED_AFTER),
            "people_per_site_after": PEOPLE / (open_sites + built),
            "verdicts_after": _verdicts(result, "verdict_after"),
            "remedies": [
                {
                    "stage": "county_town",
                    "target_missed": False,
                    "uncovered_people": 60.0,
                    "missing_people": 0.0,
                    "zones_short": 0,
                    "zones_short_people": 0.0,
                    "needed": 0,
                    "needed_people": 0.0,
                    "limit_min": None,
                    "by_remedy": {
                        "round": {"count": 1, "people": 10.0},
                        "site": {"count": 1, "people": 30.0},
                        "street": {"count": 1, "people": 20.0},
                    },
                }
            ],
        }
    summary["band"] = band_summary(result.band, ["city", "county_town"])
    nobody = {"nobody_would_miss": [], "closable_together": []}
    proof = {"closable_bound": 0, "closable_status": "optimal"}
    summary["closures"] = {"now": {"sites": 1, **nobody, **proof}}
    if after:
        summary["closures"]["after"] = {"sites": 3, **nobody, **proof}
    return summary
