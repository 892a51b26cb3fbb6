"""Water of maps: read from tiny extracts, cut to the map, the sea against counted points."""

from __future__ import annotations

import base64
import dataclasses
import logging
import math
import re
import zlib
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from browsing import Visit
from hypothesis import given, settings
from hypothesis import strategies as st
from results import LAT, LON, make_result
from test_io_osm import UNIT, Extract
from test_map import unpack

from walkcover._errors import InputError, MissingFileError
from walkcover.io.inputs import read_inputs
from walkcover.io.plan_file import load_plan
from walkcover.io.water import read_water
from walkcover.maps import build_map
from walkcover.maps.packing import to_units
from walkcover.maps.pictures import where_it_is
from walkcover.maps.text import Words
from walkcover.maps.water import water_data
from walkcover.water import LEAST_AREA_M2, M_PER_DEGREE, SEA_M, map_water, sea_areas, water_kind

TOWN = Path(__file__).parents[1] / "data" / "town"
WATER = (217, 228, 232)


@pytest.mark.parametrize(
    ("tags", "closed", "kind"),
    [
        ({"natural": "water", "water": "pond"}, True, "area"),
        ({"waterway": "riverbank"}, True, "area"),
        ({"landuse": "reservoir"}, True, "area"),
        ({"landuse": "basin"}, True, "area"),
        ({"landuse": "basin", "basin": "infiltration"}, True, ""),
        ({"landuse": "residential"}, True, ""),
        ({"waterway": "river"}, True, ""),
        ({"waterway": "river"}, False, "line"),
        ({"waterway": "canal", "tunnel": "no"}, False, "line"),
        ({"waterway": "stream", "tunnel": "culvert"}, False, ""),
        ({"waterway": "ditch"}, False, ""),
        ({"natural": "water"}, False, ""),
        ({"natural": "coastline"}, False, "coast"),
        ({"natural": "coastline"}, True, ""),
    ],
)
def test_kinds_of_water(tags: dict[str, str], closed: bool, kind: str) -> None:
    assert water_kind(tags, closed=closed) == kind


@pytest.fixture
def drawn() -> Extract:
    """A lake with an island, a pond, a river that lacks a node, a brook, a coast, dry land."""
    extract = Extract()
    extract.square(1, 0, 0, 10)
    extract.square(2, 4, 4, 2)
    extract.relation(1, [(1, "outer"), (2, "inner")], natural="water", name="莲湖")
    extract.square(3, 20, 0, 3, landuse="reservoir")
    extract.square(4, 30, 0, 3, landuse="farmland", natural="wood")
    for number, x in ((101, 0), (102, 1), (104, 3), (105, 4)):
        extract.node(number, x, 20)
    extract.way(5, [101, 102, 103, 104, 105], waterway="river", name="澄河")
    extract.way(6, [101, 105], waterway="stream", tunnel="culvert")
    extract.way(7, [104, 105], natural="coastline", name="海")
    return extract


def test_what_an_extract_holds(drawn: Extract, tmp_path: Path) -> None:
    found = read_water(drawn.write(tmp_path / "town.osm"))
    assert found.crs.to_epsg() == 4326
    assert sorted(zip(found["kind"], found["waterway"], found["name"], strict=True)) == [
        ("area", "", ""),
        ("area", "", "莲湖"),
        ("coast", "", "海"),
        ("line", "river", "澄河"),
        ("line", "river", "澄河"),
    ]
    lake = found.set_index("name").geometry["莲湖"]
    assert lake.area == pytest.approx((100 - 4) * UNIT**2)
    assert len(shapely.get_rings(shapely.get_parts(lake))) == 2
    rivers = found.geometry[found["kind"] == "line"]
    assert [len(one.coords) for one in rivers] == [2, 2]


def test_an_outline_that_is_cut_is_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    extract = Extract()
    extract.square(1, 0, 0, 3, natural="water")
    extract.square(2, 20, 0, 3)
    extract.relation(1, [(2, "outer"), (99, "outer")], natural="water")
    with caplog.at_level(logging.INFO, logger="walkcover"):
        found = read_water(extract.write(tmp_path / "town.osm"))
    assert found["kind"].tolist() == ["area"]
    assert "1 pieces of water, 1 more with an outline" in caplog.text


def test_no_water_is_an_empty_table(tmp_path: Path) -> None:
    extract = Extract()
    extract.square(1, 0, 0, 3, building="yes")
    found = read_water(extract.write(tmp_path / "town.osm"))
    assert list(found.columns) == ["kind", "waterway", "name", "geometry"]
    water = map_water(found, (112.0, 37.0, 112.1, 37.1))
    assert len(found) == len(water) == 0
    assert water.crs.to_epsg() == 4326
    assert water_data(water)["lines"][0]["lengths"]["bytes"] == 0


def test_a_file_that_is_not_there_or_cut_is_refused(drawn: Extract, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"no such street file \(\[network\] source\)"):
        read_water(tmp_path / "none.osm")
    path = drawn.write(tmp_path / "town.osm")
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(InputError, match="cannot be read to its end"):
        read_water(path)


def found_table(*rows: tuple[str, str, str, shapely.Geometry]) -> gpd.GeoDataFrame:
    kind, waterway, name, shapes = zip(*rows, strict=True)
    columns = {"kind": kind, "waterway": waterway, "name": name}
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4326)


def test_water_is_cut_to_the_streets_and_a_margin() -> None:
    river = shapely.LineString([(111.0, 37.005), (113.0, 37.005)])
    lake = shapely.box(111.0, 36.0, 113.0, 37.005) - shapely.box(112.002, 37.001, 112.003, 37.002)
    far = shapely.box(111.0, 36.0, 111.5, 36.5)
    found = found_table(
        ("line", "river", "澄河", river), ("area", "", "莲湖", lake), ("area", "", "远", far)
    )
    bounds = (112.0, 37.0, 112.01, 37.01)
    water = map_water(found, bounds, margin_m=100.0)
    assert water["name"].tolist() == ["澄河", "莲湖"]
    margin = np.array([1 / math.cos(math.radians(37.005)), 1.0]) * 100 / M_PER_DEGREE
    box = shapely.box(*np.array(bounds[:2]) - margin, *np.array(bounds[2:]) + margin)
    for whole, part in zip((river, lake), water.geometry, strict=True):
        assert part.equals_exact(whole & box, 1e-9, normalize=True)


def test_water_outside_is_none() -> None:
    far = found_table(("area", "", "", shapely.box(111.0, 36.0, 111.5, 36.5)))
    assert map_water(far, (112.0, 37.0, 112.01, 37.01)).empty


def test_ponds_too_small_to_see_are_left_out() -> None:
    side = math.sqrt(LEAST_AREA_M2) / M_PER_DEGREE
    ponds = [shapely.box(112.0, 0.0, 112.0 + side * k, side * k) for k in (0.99, 1.01)]
    found = found_table(*(("area", "", str(i), pond) for i, pond in enumerate(ponds)))
    assert map_water(found, (111.9, -0.1, 112.1, 0.1))["name"].tolist() == ["1"]


def test_detail_is_left_out_until_the_points_fit() -> None:
    angle = np.linspace(0, 2 * np.pi, 4001)[:-1]
    radius = (2000 + 3 * np.sin(angle * 900)) / M_PER_DEGREE
    lake = shapely.Polygon(np.c_[112 + radius * np.cos(angle), radius * np.sin(angle)])
    found = found_table(("area", "", "", lake))
    bounds = (111.9, -0.1, 112.1, 0.1)
    counts = []
    for most, tolerance_m in ((10_000, 2.0), (300, 16.0)):
        water = map_water(found, bounds, most_points=most)
        assert water.is_valid.all()
        counts.append(shapely.get_num_coordinates(water.geometry[0]))
        assert counts[-1] <= most
        moved = shapely.hausdorff_distance(lake, water.geometry[0]) * M_PER_DEGREE
        assert moved <= tolerance_m
    assert counts[0] > counts[1] >= 4
    # A triangle has four points, whatever is asked for.
    small = map_water(found, bounds, most_points=1)
    assert 4 <= shapely.get_num_coordinates(small.geometry[0]) < counts[1]


BOX = shapely.box(-900, -700, 900, 700)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(60, 600), min_size=5, max_size=12),
    st.booleans(),
    st.floats(-700, 700),
)
def test_sea_lies_to_the_right_of_a_coast(radii: list[float], turned: bool, east: float) -> None:
    """Land to the left: an island counter-clockwise, an inland sea clockwise; cut by the box."""
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    ring = np.c_[east + np.array(radii) * np.cos(angle), np.array(radii) * np.sin(angle)]
    island = shapely.Polygon(ring)
    line = shapely.LineString([*ring, ring[0]])
    sea = shapely.union_all(sea_areas(np.array([line.reverse() if turned else line]), BOX))
    wanted = island & BOX if turned else BOX - island
    assert sea.symmetric_difference(wanted).area < 1e-3


def test_a_coast_in_pieces_that_ends_in_the_box_is_drawn_on() -> None:
    pieces = np.array(
        [shapely.LineString(line) for line in ([(0, -300), (0, 0)], [(0, 0), (50, 0), (50, 400)])]
    )
    [sea] = sea_areas(pieces, BOX)
    # South of its start and north of its end the coast runs on as over its whole length.
    slope = 50 / 700
    corner = shapely.Polygon(
        [(0, -300), (-400 * slope, -700), (900, -700), (900, 700), (50 + 300 * slope, 700),
         (50, 400), (50, 0), (0, 0)]
    )  # fmt: skip
    assert sea.symmetric_difference(corner).area < 1e-3


def test_sea_is_known_near_a_coast_only() -> None:
    wide = shapely.box(-10_000, -1_000, 10_000, 1_000)
    [sea] = sea_areas(np.array([shapely.LineString([(0, -1_000), (0, 1_000)])]), wide)
    assert sea.bounds == pytest.approx((0, -1_000, SEA_M, 1_000))


def test_coasts_that_contradict_each_other_make_no_sea() -> None:
    north = [shapely.LineString([(x, -700), (x, 700)]) for x in (-300, 300)]
    between = sea_areas(np.array([north[0], north[1]]), BOX)
    # To the right of the first and to the left of the second: only the rest is clear.
    assert [one.bounds for one in between] == [(300, -700, 900, 700)]


def test_no_coast_no_sea() -> None:
    assert len(sea_areas(np.empty(0, dtype=object), BOX)) == 0
    away = np.array([shapely.LineString([(5_000, 0), (6_000, 0)])])
    assert len(sea_areas(away, BOX)) == 0


def test_packed_rings_turn_so_that_what_is_covered_twice_is_filled() -> None:
    """The winding number, counted from the packed rings, is that of the shapes."""
    lake = shapely.box(112.0, 37.0, 112.01, 37.01) - shapely.box(112.004, 37.004, 112.006, 37.006)
    pond = shapely.box(112.005, 37.005, 112.02, 37.02)
    found = found_table(("area", "", "", lake), ("area", "", "", pond.reverse()))
    packed = water_data(found)["areas"]
    lengths = unpack(packed["lengths"])
    x, y = (np.cumsum(unpack(packed[axis])) for axis in "xy")
    rings = np.split(np.c_[x, y], np.cumsum(lengths)[:-1])
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(111.995, 112.025, 400), rng.uniform(36.995, 37.025, 400)
    spots = np.c_[to_units(lon, lat)]
    turns = np.zeros(400)
    for ring in rings:
        away = ring[None] - spots[:, None]
        angle = np.arctan2(away[..., 1], away[..., 0])
        step = (np.diff(angle) + np.pi) % (2 * np.pi) - np.pi
        turns += np.rint(step.sum(axis=1) / (2 * np.pi))
    inside = shapely.intersects_xy(lake | pond, lon, lat)
    assert ((turns != 0) == inside).all()
    assert 0 < inside.sum() < 400


def test_names_stand_along_their_river() -> None:
    river = shapely.LineString([(112.0, 37.0), (112.05, 37.0), (112.05, 37.04)])
    data = water_data(found_table(("line", "river", "澄河", river), ("line", "canal", "", river)))
    x, y = (np.cumsum(unpack(data[f"label_{axis}"])) for axis in "xy")
    course = shapely.LineString(np.c_[to_units(*shapely.get_coordinates(river).T)])
    assert len(x) == round(course.length / 3_000) > 3
    assert shapely.distance(course, shapely.points(x, y)).max() < 1
    assert set(unpack(data["label_name"])) == {0}
    written = zlib.decompress(base64.b64decode(data["names"]["texts"]["packed"]))
    assert written == rb'["\u6f84\u6cb3"]'
    # The first stretch runs due east.
    assert unpack(data["label_dy"])[0] == 0 < unpack(data["label_dx"])[0]


def test_water_of_the_town_lies_under_its_bridges_and_under_no_home() -> None:
    inputs = read_inputs(load_plan(TOWN / "plan.toml"), water=True)
    water = map_water(inputs.water, inputs.network.bounds)
    assert {"澄河"} == set(water["name"]) - {""}
    wet = shapely.union_all(water.geometry[water["kind"] == "area"].to_numpy())
    assert not shapely.intersects(wet, inputs.residences.geometry.to_numpy()).any()
    river = water.geometry[water["kind"] == "line"].iloc[0]
    assert (river - wet).length < 0.01 * river.length
    assert read_inputs(load_plan(TOWN / "plan.toml")).water.empty


def test_other_street_files_hold_no_water(tmp_path: Path) -> None:
    streets = gpd.GeoDataFrame(
        {"highway": ["residential"], "name": [""]},
        geometry=[shapely.LineString([(112.0, 37.0), (112.02, 37.0)])],
        crs=4326,
    )
    streets.to_file(tmp_path / "streets.geojson")
    (tmp_path / "homes.csv").write_text(
        "residence_id,people,lon,lat\nR1,5,112.01,37.0\n", encoding="utf-8"
    )
    (tmp_path / "plan.toml").write_text(
        '[network]\nsource = "streets.geojson"\n'
        '[residences]\nsource = "homes.csv"\ncrs = "wgs84"\n',
        encoding="utf-8",
    )
    assert read_inputs(load_plan(tmp_path / "plan.toml"), water=True).water.empty


@pytest.fixture
def seen(browser: Any, tmp_path: Path) -> Any:
    path = tmp_path / "map.html"
    path.write_text(build_map(make_result()), encoding="utf-8", newline="")
    visit = Visit(browser, path.as_uri())
    yield visit
    visit.context.close()


def colours(seen: Any, lon: float, lat: float) -> list[int]:
    """Colour of the water layer's picture at a place."""
    return seen.page.evaluate(
        """([lat, lon]) => {
            const at = walkcoverMap.latLngToContainerPoint([lat, lon]);
            const box = walkcoverMap.getContainer().getBoundingClientRect();
            for (const tile of document.querySelectorAll(".leaflet-water-pane canvas")) {
                const b = tile.getBoundingClientRect();
                const x = at.x + box.left - b.left, y = at.y + box.top - b.top;
                if (x < 0 || y < 0 || x >= b.width || y >= b.height) continue;
                const ratio = tile.width / b.width;
                return [...tile.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data];
            }
            return [];
        }""",
        [lat, lon],
    )


def test_the_page_draws_water_beneath_and_says_so_once(seen: Any) -> None:
    assert seen.complaints == []
    # A pond with an island, and a river; see tests/results.py.
    assert colours(seen, LON + 0.0145, LAT + 0.0005) == [*WATER, 255]
    assert colours(seen, LON + 0.016, LAT + 0.002) == [0, 0, 0, 0]
    assert colours(seen, LON + 0.02, LAT - 0.001) == [*WATER, 255]
    panes = seen.page.evaluate(
        """["water", "streets"].map(name => {
            const pane = walkcoverMap.getPane(name);
            return [Number(getComputedStyle(pane).zIndex), pane.getAttribute("aria-hidden")]; })"""
    )
    assert panes[0][0] < panes[1][0]
    assert panes[0][1] == "true"
    assert seen.page.locator("#panel .swatch.water").count() == 1
    assert seen.page.locator("#panel li:has(.swatch.water)").inner_text() == "水系"
    swatch = "getComputedStyle(document.querySelector('.swatch.water')).backgroundColor"
    assert seen.page.evaluate(swatch) == f"rgb{WATER}"


def test_water_is_drawn_on_paper_too(seen: Any) -> None:
    seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    widths = "[...document.querySelectorAll('.leaflet-water-pane canvas')].map(c => c.width)"
    tile = seen.page.evaluate("walkcover.TILE")
    assert set(seen.page.evaluate(widths)) == {2 * tile}
    seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert set(seen.page.evaluate(widths)) == {tile}


def test_water_looks_like_no_walk_class() -> None:
    css = (Path(__file__).parents[1] / "maps" / "assets" / "walkcover.css").read_text("utf-8")
    fills = re.findall(
        r"\.swatch\.(?:near|middle|far|gap|share\d) \{[^}]*background: (#\w{6})", css
    )
    assert len(fills) == 9
    for fill in fills:
        colour = [int(fill[i : i + 2], 16) for i in (1, 3, 5)]
        # Plain distance in sRGB; neighbours in the legend are 35 to 60 apart.
        assert math.dist(colour, WATER) > 20, fill


def test_the_picture_of_the_report_has_water() -> None:
    result = make_result()
    pond, river, street = where_it_is(result, Words("zh")).shapes[:3]
    assert [one.kind for one in (pond, river, street)] == ["water", "river", "street"]
    # The pond and the island in it; the river where the picture has it.
    assert [len(area) for area in pond.areas] == [2]
    assert len(river.lines) == 1
    assert len(river.lines[0]) == 2


def test_a_result_without_water_has_no_layer_of_it() -> None:
    result = make_result()
    page = build_map(dataclasses.replace(result, water=result.water.iloc[:0]))
    assert "swatch water" not in page
    assert "walkcover.water" not in page
