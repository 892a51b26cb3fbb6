"""The audit of the inputs: each finding by hand or brute force, and its three faces."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import town
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

import walkcover
from walkcover import _doubtful_places as places_module
from walkcover import audit as audit_module
from walkcover._doubtful_places import (
    has_neighbour,
    is_far_off,
    measure_legs,
    same_point,
    twin_residences,
)
from walkcover._doubtful_streets import street_figures
from walkcover._doubtful_tables import people_findings, reading_findings
from walkcover._finding_texts import TEXTS
from walkcover.assessment import Assessment, assess_tables
from walkcover.cli import main
from walkcover.findings import (
    DOUBTFUL,
    FALSIFIES,
    NOTE,
    SEVERITIES,
    Audit,
    Finding,
    Legs,
    find,
    in_order,
)
from walkcover.io.inputs import read_inputs
from walkcover.maps.audit_page import build_audit_page
from walkcover.plan import About, Plan
from walkcover.zones import zone_holes

GEOD = Geod(ellps="WGS84")
AWKWARD = "</style></script><b>{{7*7}}[red]'\"&"
FOLDER = Path(audit_module.__file__).parent


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return town.make_town(tmp_path / "town")


def check(plan: Path) -> dict[str, Finding]:
    """Findings of a plan by code; a code stands once, but for notes on reading its tables."""
    findings = [
        one for one in walkcover.check(walkcover.load_plan(plan)).findings if one.code != "reading"
    ]
    assert len({one.code for one in findings}) == len(findings)
    return {one.code: one for one in findings}


def assessed(plan: Path) -> tuple[Assessment, gpd.GeoDataFrame]:
    checked = walkcover.load_plan(plan)
    inputs = read_inputs(checked)
    network = inputs.walking.network
    return assess_tables(inputs.residences, inputs.sites, network, plan=checked), inputs.zones


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    town.write_rows(path, rows)


def homes_at(*places: tuple[float, float, float]) -> gpd.GeoDataFrame:
    """Residences at metres east and north of the town's corner, with people."""
    degrees = np.array([town.place(east, north) for east, north, _ in places]).reshape(-1, 2)
    columns = {
        "residence_id": [f"R{row}" for row in range(len(places))],
        "people": [float(people) for _, _, people in places],
        "lon": degrees[:, 0],
        "lat": degrees[:, 1],
    }
    points = gpd.points_from_xy(degrees[:, 0], degrees[:, 1])
    return gpd.GeoDataFrame(columns, geometry=points, crs=4326)


def distances_m(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Geodesics between all pairs."""
    a, b = np.meshgrid(np.arange(len(lon)), np.arange(len(lon)), indexing="ij")
    return GEOD.inv(lon[a], lat[a], lon[b], lat[b])[2]


# Far off


def test_places_of_another_province_are_far_off() -> None:
    rng = np.random.default_rng(1)
    lon, lat = 112.5 + rng.normal(0, 0.1, 400), 37.8 + rng.normal(0, 0.1, 400)
    # A county 120 km away with 20 places belongs to the area; one place by itself there does not.
    lon[:20], lat[:20] = 113.8 + rng.normal(0, 0.05, 20), 37.8
    lon[20:22], lat[20:22] = [112.5, 120.0], [36.4, 30.0]
    far, distance_m = is_far_off(lon, lat)
    assert np.flatnonzero(far).tolist() == [20, 21]
    middle = np.median(lon), np.median(lat)
    exact_m = GEOD.inv(lon, lat, np.full(400, middle[0]), np.full(400, middle[1]))[2]
    assert np.allclose(distance_m, exact_m, rtol=0.006, atol=1)


def test_two_towns_or_a_wide_country_have_no_place_far_off() -> None:
    two = np.array([112.0, 112.0, 112.0, 114.0, 114.0])
    assert not is_far_off(two, np.full(5, 37.0))[0].any()
    wide = np.arange(100.0, 110.0)
    assert not is_far_off(wide, np.full(10, 37.0))[0].any()
    few = np.array([112.0, 112.0, 112.0, 130.0])
    assert not is_far_off(few, np.full(4, 37.0))[0].any()
    assert is_far_off(np.zeros(0), np.zeros(0))[0].tolist() == []


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.floats(110.0, 114.0), st.floats(35.0, 39.0)), min_size=5, max_size=40),
    st.integers(0, 200),
)
def test_far_off_against_the_rule_word_by_word(some: list[tuple[float, float]], crowd: int) -> None:
    lon = np.array([*[112.0] * crowd, *[x for x, _ in some]])
    lat = np.array([*[37.0] * crowd, *[y for _, y in some]])
    far, distance_m = is_far_off(lon, lat)
    apart_m = distances_m(lon, lat)
    usual_m = sorted(distance_m)[math.floor(0.9 * (len(lon) - 1))]
    # Spheres and ellipsoids differ by up to 0.6 %: what is so near the border may go either way.
    sure, maybe = [], []
    for row in range(len(lon)):
        for limit, slack in ((sure, 1.01), (maybe, 0.99)):
            company = (apart_m[row] <= 50_000 * (2 - slack if slack < 1 else slack)).sum()
            if slack < 1:
                company = (apart_m[row] <= 50_000 * 0.99).sum()
            lonely = company <= max(1, 0.005 * len(lon))
            if lonely and distance_m[row] > slack * max(50_000, 2 * usual_m):
                limit.append(row)
    most = max(1, 0.05 * len(lon))
    if len(maybe) <= most:
        assert set(sure) <= set(np.flatnonzero(far)) <= set(maybe)
    elif len(sure) > most:
        assert not far.any()


# One point, and near it

GRID = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 2)), max_size=30)


@settings(deadline=None, max_examples=30)
@given(GRID)
def test_same_points_and_near_ones_by_brute_force(cells: list[tuple[int, int, int]]) -> None:
    # Steps of 3 m: neighbours in a row are near (3 m, 4.2 m), two steps (6 m) are not.
    homes = homes_at(*[(3.0 * x, 3.0 * y, people) for x, y, people in cells])
    same = same_point(homes, "people")
    expected = [cells.count(cell) for cell in cells]
    assert same["size"].tolist() == expected
    assert same["repeat"].tolist() == [cell in cells[:row] for row, cell in enumerate(cells)]
    near = [
        any(0 < math.hypot(3 * (x - a), 3 * (y - b)) < 5 and people == q for a, b, q in cells)
        for x, y, people in cells
    ]
    assert has_neighbour(homes[["lon", "lat", "people"]]).tolist() == near


def test_residences_entered_twice_near_and_stacked() -> None:
    homes = homes_at(
        (0, 0, 30), (0, 0, 30), (0, 0, 30), (0, 0, 0), (0, 0, 0),
        (500, 0, 40), (502, 0, 40), (504, 0, 41),
        *[(900, 0, 50 + k) for k in range(5)],
    )  # fmt: skip
    found = {one.code: one for one in twin_residences(homes)}
    twins = found["twin_residences"]
    # Three rows of 30 are one residence at most: 60 people are counted twice. Empty ones are not.
    assert (twins.ids, twins.people, twins.count) == (("R0", "R1", "R2"), 60.0, 3)
    assert "2 rows repeat one" in twins.what
    assert found["near_residences"].ids == ("R5", "R6")
    assert found["stacked_residences"].ids == ("R8", "R9", "R10", "R11", "R12")
    assert "on 1 points" in found["stacked_residences"].what
    assert found["stacked_residences"].people == sum(range(50, 55))
    # Terraced houses stand that near; outlines are no points.
    houses = homes.set_geometry(homes.to_crs(32649).buffer(2.0).to_crs(4326))
    assert "near_residences" not in {one.code for one in twin_residences(houses)}


def test_sites_in_one_place_near_each_other_and_far_away(plan: Path) -> None:
    first = town.site_rows()[0]
    lon, lat = town.place(3, 500)
    far_lon, far_lat = town.place(0, 400_000)
    rows = [
        *town.site_rows(),
        {**first, "site_id": "B4"},
        {**first, "site_id": "B5"},
        {**first, "site_id": "B6", "lon": lon, "lat": lat},
        {**first, "site_id": "B7", "lon": far_lon, "lat": far_lat},
    ]
    write(plan.parent / "sites.csv", rows)
    found = check(plan)
    shared = found["sites_in_one_place"]
    assert shared.ids == ("B1", "B4", "B5")
    assert "1 points, 2 repeats" in shared.what
    # Everybody there goes to B1, the first id: 60 people.
    assert shared.people == 60.0
    assert found["near_sites"].ids == ("B1", "B4", "B5", "B6")
    assert found["far_off_sites"].ids == ("B7",)
    assert re.search(r"B7 \((399|400) km; 112\.\d+, 40\.\d+\)", found["far_off_sites"].what)
    assert found["far_off_sites"].text.count("B7") == 1


# Legs


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from([0.0, 10.0, 25.0, 250.0, math.nan]), st.floats(0, 2000)),
            st.integers(0, 500),
        )
    )
)
def test_legs_keep_everybody_and_are_in_their_class(rows: list[tuple[float, int]]) -> None:
    snap_m = np.array([leg for leg, _ in rows], dtype=np.float64)
    people = np.array([count for _, count in rows], dtype=np.float64)
    legs = measure_legs(snap_m, people)
    assert legs.total == len(rows)
    assert math.isclose(sum(legs.people) + legs.lost_people, people.sum())
    low = (-1, 10, 25, 50, 100, 250)
    high = (10, 25, 50, 100, 250, math.inf)
    for k in range(6):
        assert legs.counts[k] == sum(low[k] < leg <= high[k] for leg, _ in rows)


# People


def residences_with(people: Sequence[float]) -> pd.DataFrame:
    return pd.DataFrame({"residence_id": [f"R{row}" for row in range(len(people))],
                         "people": np.asarray(people, dtype=np.float64)})  # fmt: skip


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([0, 0, 0], [("people_all_zero", FALSIFIES, 3)]),
        ([*range(1, 11), 55], [("total_row", FALSIFIES, 1)]),
        ([*range(1, 11), 57], []),
        ([1, 2, 3], []),
        ([20_001, 20_000, 5], [("many_people", DOUBTFUL, 1)]),
        ([7] * 10, [("people_all_equal", NOTE, 10)]),
        ([7] * 9, []),
        ([5, 0, 6, 0], [("no_people", NOTE, 2)]),
    ],
)
def test_numbers_of_people(people: list[float], expected: list[tuple[str, str, int]]) -> None:
    found = people_findings(residences_with(people))
    assert [(one.code, one.severity, one.count) for one in found] == expected


def test_stand_ins_are_named() -> None:
    homes = residences_with([5, 6]).assign(stand_in=[False, True])
    assert [(one.code, one.ids, one.people) for one in people_findings(homes)] == [
        ("stand_ins", ("R1",), 6.0)
    ]


# Zones


def zones_of(**shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    columns = {"zone_id": list(shapes), "parent_id": pd.Series([None] * len(shapes), dtype="str")}
    return gpd.GeoDataFrame(columns, geometry=list(shapes.values()), crs=32649).to_crs(4326)


def test_holes_between_zones_have_their_area_and_neighbours() -> None:
    x, y = 400_000, 4_180_000
    zones = zones_of(
        b=shapely.box(x, y, x + 1000, y + 3000),
        a=shapely.box(x + 2000, y, x + 3000, y + 3000),
        c=shapely.box(x + 1000, y, x + 2000, y + 1000),
        # A slit of 0.4 m between d and its neighbours: no hole, and the hole does not leak out.
        d=shapely.box(x + 1000.4, y + 2000, x + 1999.6, y + 3000),
        # Far from the others, around a hole of its own.
        e=shapely.box(x + 9000, y, x + 9500, y + 500).difference(
            shapely.box(x + 9100, y + 100, x + 9200, y + 150)
        ),
    )
    holes = zone_holes(zones)
    assert holes["zone_ids"].tolist() == ["a, b, c, d", "e"]
    # UTM lengths near its edge are off by some 1e-4.
    assert np.allclose(holes["area_m2"], [1e6, 5000], rtol=3e-3)
    assert holes.crs.to_epsg() == 4326
    assert zone_holes(zones.assign(geometry=None).set_geometry("geometry").set_crs(4326)).empty
    without = zones.assign(parent_id=pd.Series(["e", None, None, None, None], dtype="str"))
    assert zone_holes(without)["zone_ids"].tolist() == ["a, b, c, d"]


def test_people_in_a_hole_between_zones(plan: Path) -> None:
    corners = [town.place(*xy) for xy in [(-1000, 2500), (2000, 2500), (2000, 3500), (-1000, 3500)]]
    hole = shapely.Polygon([town.place(*xy) for xy in [(-50, 2600), (50, 2600), (50, 2900),
                                                       (-50, 2900)]])  # fmt: skip
    path = plan.parent / "zones.geojson"
    zones = gpd.read_file(path)
    assert shapely.Polygon(corners).contains(hole)
    zones.geometry = [shape.difference(hole) for shape in zones.geometry]
    path.unlink()
    zones.to_file(path)
    # Whoever lives in no zone must say its stage itself.
    homes = town.residence_rows()
    homes = [row | ({"stage": "city"} if row["residence_id"] == "R06" else {}) for row in homes]
    write(plan.parent / "residences.csv", homes)
    found = check(plan)["zone_holes"]
    # R06 with 60 people lives at 2,750 m; the hole is 100 m by 300 m.
    assert (found.severity, found.count, found.people) == (DOUBTFUL, 1, 60.0)
    assert "0.030 km² and 60 people" in found.what
    assert "0.030 km²: 02 (60)" in found.what
    # Where nobody lives it is a note.
    rows = [row for row in homes if row["residence_id"] != "R06"]
    write(plan.parent / "residences.csv", rows)
    assert check(plan)["zone_holes"].severity == NOTE


# Streets


def test_pieces_and_islands_of_the_town(plan: Path) -> None:
    found = check(plan)
    # 6,000 m and three lanes of 300 m; an island of 200 m; 1,500 m by themselves.
    pieces = found["pieces"]
    assert (pieces.count, pieces.severity, pieces.people) == (3, DOUBTFUL, 5.0)
    assert pieces.values["largest"] == f"{100 * 6900 / 8600:.1f} %"
    assert pieces.values["street_km"] == "8.6"
    assert (pieces.values["islands"], pieces.values["island_km"]) == ("1", "0.2")
    # One residence of 16, no site.
    assert (pieces.values["residences"], pieces.values["sites"]) == ("6.2 %", "0 %")
    assert found["island_residences"].ids == ("R14",)
    assert found["piece_without_site"].ids == ("R15",)
    assert found["piece_without_site"].people == 6.0


def test_street_figures_against_the_graph(plan: Path) -> None:
    networkx = pytest.importorskip("networkx")
    network = read_inputs(walkcover.load_plan(plan)).walking.network
    graph = networkx.MultiGraph()
    edges = zip(network.u, network.v, network.length_m, strict=True)
    graph.add_weighted_edges_from((int(u), int(v), m) for u, v, m in edges)
    parts_m = sorted(
        graph.subgraph(part).size(weight="weight") for part in networkx.connected_components(graph)
    )
    figures = street_figures(network)
    assert figures["pieces"] == len(parts_m)
    assert figures["islands"] == sum(part < 1000 for part in parts_m)
    assert math.isclose(figures["street_km"], sum(parts_m) / 1000)
    assert math.isclose(figures["largest_share"], parts_m[-1] / sum(parts_m))
    island_m = sum(part for part in parts_m if part < 1000)
    assert math.isclose(figures["island_km"], island_m / 1000)


def test_a_site_off_the_streets_falsifies_only_where_people_are_near(plan: Path) -> None:
    first = town.site_rows()[0]
    # R03 at 1,250 m lives 559 m from the first; nobody within 1,000 m of the second.
    near, far = town.place(-500, 1500), town.place(-1500, 1500)
    rows = [
        *town.site_rows(),
        {**first, "site_id": "B8", "lon": near[0], "lat": near[1]},
        {**first, "site_id": "B9", "lon": far[0], "lat": far[1]},
        {**first, "site_id": "B10", "lon": near[0], "lat": near[1], "status": "planned"},
        {**first, "site_id": "B11", "lon": near[0], "lat": near[1], "status": "closed"},
    ]
    write(plan.parent / "sites.csv", rows)
    found = check(plan)
    assert (found["lost_sites"].ids, found["lost_sites"].severity) == (("B8",), FALSIFIES)
    assert (found["far_sites"].ids, found["far_sites"].severity) == (("B9",), DOUBTFUL)
    assert found["lost_planned_sites"].ids == ("B10",)
    assert found["closed_sites"].ids == ("B2", "B11")
    assert found["planned_sites"].ids == ("B3", "B10")


def test_no_open_site_and_nobody_covered(plan: Path) -> None:
    rows = [{**row, "status": "closed"} for row in town.site_rows()]
    write(plan.parent / "sites.csv", rows)
    found = check(plan)
    assert found["none_open"].count == 3
    assert not {"piece_without_site", "nobody_covered"} & found.keys()
    # From the lane at 5,000 m, 1,250 m to R12: those nearer are taken out.
    lon, lat = town.place(300, 1000)
    write(plan.parent / "sites.csv", [{**rows[0], "status": "open", "lon": lon, "lat": lat}])
    homes = [row for row in town.residence_rows() if row["residence_id"] in ("R10", "R11", "R12")]
    write(plan.parent / "residences.csv", homes)
    found = check(plan)
    assert (found["nobody_covered"].count, found["nobody_covered"].people) == (1, 330.0)


def test_edges_too_steep(plan: Path) -> None:
    assessment, zones = assessed(plan)
    steep = pd.DataFrame({"edge": [5, 11], "slope": [1.2, -0.7], "length_m": [20.0, 40.0]})
    found = {one.code: one for one in audit_module.audit(assessment, zones, steep=steep)}
    assert found["steep_edges"].ids == ("5", "11")
    assert found["steep_edges"].values == {"km": "0.06", "steepest": "120 %"}
    for flat in (None, steep.iloc[:0]):
        codes = {one.code for one in audit_module.audit(assessment, zones, steep=flat)}
        assert "steep_edges" not in codes


# Reading and coordinates


@dataclass(frozen=True)
class Doubt:
    trusted: bool
    text: str = "sites.csv: 500 m north-west, as GCJ-02 read as WGS84"
    places: int = 12


def test_a_suspicion_falsifies_unless_the_plan_insists(plan: Path) -> None:
    assessment, zones = assessed(plan)
    for trusted, severity in ((False, FALSIFIES), (True, DOUBTFUL)):
        doubt = Doubt(trusted)
        found = audit_module.audit(assessment, zones, suspicions=[doubt])
        one = next(finding for finding in found if finding.code == "coordinates")
        assert (one.severity, one.count) == (severity, 12)
        assert doubt.text in one.what


def test_notes_of_reading_are_repeated() -> None:
    sites = pd.DataFrame({"site_id": ["B1", "B2"]})
    assert reading_findings(sites, table="sites.csv") == []
    sites.attrs["notes"] = ["encoding GB18030", "row 215 is a total row"]
    sites.attrs["hours_not_understood"] = [("B2", "下雨不开"), ("B3", "下雨不开"), ("B4", "?")]
    notes, hours = reading_findings(sites, table="sites.csv")
    assert (notes.code, notes.count, notes.severity) == ("reading", 2, NOTE)
    assert "sites.csv: encoding GB18030; row 215 is a total row" in notes.what
    assert (hours.ids, hours.severity) == (("B2", "B3", "B4"), DOUBTFUL)
    assert hours.what.endswith("下雨不开 | ?")


def test_candidates_twice_on_a_site_and_without_a_street(plan: Path) -> None:
    spots = {"C1": (0, 500), "C2": (0, 1500), "C3": (0, 1500), "C4": (-600, 1500), "C5": (0, 2500)}
    rows = [
        {"candidate_id": name, "lon": town.place(*xy)[0], "lat": town.place(*xy)[1]}
        for name, xy in spots.items()
    ]
    write(plan.parent / "candidates.csv", rows)
    town.change_plan(plan, candidates={"source": "candidates.csv", "crs": "wgs84"})
    found = check(plan)
    assert found["candidates_at_sites"].ids == ("C1",)
    assert found["candidates_in_one_place"].ids == ("C2", "C3")
    assert found["lost_candidates"].ids == ("C4",)
    audit = walkcover.check(walkcover.load_plan(plan))
    assert (audit.legs["candidates"].total, audit.legs["candidates"].lost) == (5, 1)


# Findings


def test_findings_come_by_severity_then_people() -> None:
    rng = np.random.default_rng(3)
    findings = [
        find("no_people", SEVERITIES[rng.integers(3)], count=1, people=float(rng.integers(5)))[0]
        for _ in range(60)
    ]
    ordered = in_order(findings)
    assert sorted(map(id, ordered)) == sorted(map(id, findings))
    keys = [(SEVERITIES.index(one.severity), -one.people) for one in ordered]
    assert keys == sorted(keys)


def test_every_word_is_used() -> None:
    names = ("audit.py", *(f"_doubtful_{name}.py" for name in ("places", "streets", "tables")))
    source = "".join((FOLDER / name).read_text(encoding="utf-8") for name in names)
    made = [f"far_off_{noun}" for noun in ("residences", "sites", "candidates")]
    made += ["sites_in_one_place", "candidates_in_one_place"]
    assert [code for code in TEXTS if f'"{code}"' not in source] == [
        code for code in TEXTS if code in made
    ]


# The page


def audit_of(text: str = "sites.csv", *, refusal: str = "") -> Audit:
    findings = [
        *find("reading", NOTE, count=2, table=text, text=text),
        *find("lost_sites", FALSIFIES, ids=[f"{text}{k}" for k in range(50)], reach_m="1,000"),
        *find("outside_zones", DOUBTFUL, ids=["R1"], people=1234.0),
    ]
    legs = {
        "residences": Legs((5, 0, 0, 1, 0, 2), (50.0, 0.0, 0.0, 9.0, 0.0, 4.0), 3, 7.0),
        "sites": Legs((0,) * 6, (0.0,) * 6, 0, 0.0),
    }
    facts: dict[str, str | float] = {"network.source": text, "network.street_km": 12.34,
                                     "network.largest_share": 0.5, "sites.crs": "",
                                     "residences.people": 1234.0}  # fmt: skip
    return Audit(tuple(in_order(findings)), legs, facts, refusal)


def plan_in(language: str, name: str = "plan") -> Plan:
    return dataclasses.replace(Plan(), plan=About(name=name, date="2022-05-20", language=language))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_says_it_all_and_asks_for_nothing(language: str) -> None:
    audit = audit_of()
    page = build_audit_page(audit, plan=plan_in(language))
    assert build_audit_page(audit, plan=plan_in(language)) == page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert not re.search(r'\bstyle="', page), "the policy forbids styles of single elements"
    rows = re.findall(r'data-code="(\w+)"', page)
    assert rows == ["lost_sites", "outside_zones", "reading"]
    # 20 of the 50 ids, and how many there are.
    assert ("sites.csv19" in page, "sites.csv20<" in page) == (True, False)
    assert ("等 50 个" if language == "zh" else "… 50 in all") in page
    # 5 of 11 residences in the first class, 3 without a street; no sites, no bars.
    assert "5 · 45.5%" in page
    assert "3 · 27.3%" in page
    assert page.count("<svg") == 1
    other = {"zh": "Findings", "en": "发现的问题"}[language]
    assert other not in page
    if language == "en":
        assert not re.search(r"[\u4e00-\u9fff]", page.partition("</style>")[2])


def test_bars_are_as_long_as_their_counts() -> None:
    page = build_audit_page(audit_of(), plan=plan_in("en"))
    bars = re.findall(r'<rect fill="([^"]+)"[^>]* width="([\d.]+)"', page)
    lengths = [float(width) for _, width in bars]
    *others, lost = [colour for colour, _ in bars]
    assert len(others) == 6
    assert lost not in others
    expected = np.array([5, 0, 0, 1, 0, 2, 3]) / 5
    assert np.allclose(np.array(lengths) / lengths[0], expected, atol=1e-3)


def test_names_stay_text_on_the_page() -> None:
    audit = audit_of(AWKWARD, refusal=AWKWARD)
    page = build_audit_page(audit, plan=plan_in("zh", name=AWKWARD))
    assert "<b>{{" not in page
    assert page.count("</style>") == 1
    assert "49" not in page
    assert "&lt;b&gt;{{7*7}}[red]" in page


def test_a_clean_page_has_no_table_of_findings() -> None:
    page = build_audit_page(Audit((), {}, {}), plan=plan_in("en"))
    assert "Nothing doubtful was found." in page
    assert 'id="findings"' not in page


# The command


def call(*words: object, code: int = 0) -> Any:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_json_holds_what_the_library_gives(plan: Path) -> None:
    given = json.loads(call("check", plan, "--json").stdout)
    audit = walkcover.check(walkcover.load_plan(plan))
    assert given == json.loads(json.dumps(audit.as_dict()))
    assert [one["code"] for one in given["findings"]] == [one.code for one in audit.findings]
    classes = given["legs"]["residences"]["classes"]
    assert sum(one["places"] for one in classes) + 1 == 16
    assert given["legs"]["residences"]["no_street"] == {"places": 1, "people": 7.0}


def test_page_is_written_once(plan: Path, tmp_path: Path) -> None:
    page = tmp_path / "new" / "audit.html"
    call("check", plan, "--html", page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert [path.name for path in page.parent.iterdir()] == ["audit.html"]
    assert "is there already" in call("check", plan, "--html", page, code=2).stderr
    call("check", plan, "--html", page, "--overwrite")
    assert page.read_text(encoding="utf-8") == text


def test_what_stops_a_run_is_listed_first_and_refused(plan: Path, tmp_path: Path) -> None:
    rows = [
        dict(zip(("lon", "lat"), town.place(-2000, 1000 + 100 * k), strict=True)) | row
        for k, row in enumerate([{"site_id": f"B{k}", "name": "x", "status": "open"}
                                 for k in range(3)])
    ]  # fmt: skip
    write(plan.parent / "sites.csv", rows)
    result = call("check", plan, "--html", tmp_path / "audit.html", code=2)
    assert "none of the 3 open sites lies within 250 m" in result.stderr
    assert "far_sites" in (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "open sites lie farther than 1,000 m" in " ".join(result.stdout.split())


# Real data


def test_hangzhou_sites(real_data: Path, tmp_path: Path) -> None:
    """844 real sites: 3 far away (2 in other provinces), 140 on 64 points, 76 repeats."""
    source = real_data / "hangzhou"
    written = json.loads((source / "hangzhou_sites.geojson").read_text(encoding="utf-8"))
    spots = [tuple(one["geometry"]["coordinates"]) for one in written["features"]]
    ids = [one["properties"]["ID"] for one in written["features"]]
    plan = tmp_path / "plan.toml"
    plan.write_text(
        f"""
        [network]
        source = {str(source / "hangzhou_zijingang.osm.pbf")!r}
        [residences]
        source = "osm"
        people = 60
        [sites]
        source = {str(source / "hangzhou_sites.geojson")!r}
        id = "ID"
        name = "名称"
        crs = "wgs84"
        """,
        encoding="utf-8",
    )
    found = check(plan)
    lonely = found["far_off_sites"]
    assert lonely.count == 3
    placed = {one: spots[ids.index(one)] for one in lonely.ids}
    # Zhejiang lies between 118 and 123 degrees east.
    assert sorted(not 118 < lon < 123 for lon, _ in placed.values()) == [False, True, True]
    shared = found["sites_in_one_place"]
    assert (shared.count, shared.values["repeats"]) == (140, "76")
    assert set(shared.ids) == {one for one, xy in zip(ids, spots, strict=True)
                               if spots.count(xy) > 1}  # fmt: skip
    legs = walkcover.check(walkcover.load_plan(plan)).legs["sites"]
    assert legs.total == 844


def test_distances_of_the_globe_are_good_to_a_hundredth() -> None:
    lon, lat = np.array([112.0, 112.3, 113.0]), np.array([37.0, 37.4, 36.0])
    xyz = places_module.on_globe(lon, lat)
    straight = np.linalg.norm(xyz[:, None] - xyz[None], axis=2)
    assert np.allclose(straight, distances_m(lon, lat), rtol=0.006)
