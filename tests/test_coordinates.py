"""Places in a wrong coordinate system are noticed, and those in the right one are not."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely
from drawing import UTM_49N, draw_index
from oracle_cases import Way
from pyproj import Geod

import walkcover
from walkcover import InputError, PlanError
from walkcover._shift_scores import CELL_M, LEVEL_CELLS, street_levels
from walkcover.coordinates import Suspicion, refuse_suspects, suspect_system, suspect_systems
from walkcover.crs import from_bd09, from_gcj02, metric_crs, to_bd09, to_gcj02
from walkcover.io.networks import read_network
from walkcover.io.osm import read_buildings
from walkcover.plan_mapping import plan_from_mapping
from walkcover.street_index import StreetIndex

GEOD = Geod(ellps="WGS84")
HERE = (112.55, 37.87)
# How numbers of one system, given as another, look in WGS84; the system, and what is right.
LABELS = {
    "gcj02 as wgs84": (to_gcj02, "wgs84", "gcj02"),
    "bd09 as wgs84": (to_bd09, "wgs84", "bd09"),
    "wgs84 as gcj02": (from_gcj02, "gcj02", "wgs84"),
    "wgs84 as bd09": (from_bd09, "bd09", "wgs84"),
    "bd09 as gcj02": (lambda lon, lat: from_gcj02(*to_bd09(lon, lat)), "gcj02", "bd09"),
    "gcj02 as bd09": (lambda lon, lat: from_bd09(*to_gcj02(lon, lat)), "bd09", "gcj02"),
}


def scattered_town(seed: int = 4, n: int = 120) -> StreetIndex:
    """Straight streets in all directions, on 5 km by 5 km."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 5000, (n, 2))
    turn, length = rng.uniform(0, np.pi, n), rng.uniform(300, 1200, n)
    end = start + length[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    return draw_index([Way([tuple(a), tuple(b)]) for a, b in zip(start, end, strict=True)])


def beside_streets(index: StreetIndex, n: int, *, seed: int, off_m: float = 25.0):
    """Lon and lat of places up to so far from a point on a street."""
    rng = np.random.default_rng(seed)
    length = shapely.length(index.lines)
    lines = index.lines[rng.choice(len(length), n, p=length / length.sum())]
    spots = shapely.line_interpolate_point(lines, rng.uniform(0, 1, n), normalized=True)
    xy = shapely.get_coordinates(spots) + rng.uniform(-off_m, off_m, (n, 2)) / np.sqrt(2)
    return index.to_degrees(xy).T


def middle_shift(lon, lat, other_lon, other_lat) -> tuple[float, float]:
    """Metres and bearing from the middle of the first places to that of the others."""
    bearing, _, metres = GEOD.inv(*(np.median(v) for v in (lon, lat, other_lon, other_lat)))
    return metres, bearing % 360


TOWN = scattered_town()


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("n", [40, 320])
def test_a_wrong_label_is_noticed_with_the_right_system(label: str, n: int) -> None:
    move, given, right = LABELS[label]
    lon, lat = beside_streets(TOWN, n, seed=n)
    read = move(lon, lat)
    found = suspect_system(shapely.points(*read), TOWN, given=given, source="booths.csv")
    assert found is not None
    assert (found.given, found.likely, found.table) == (given, right, "sites")
    metres, bearing = middle_shift(lon, lat, *read)
    assert found.shift_m == pytest.approx(metres, rel=0.1)
    assert found.bearing_deg == pytest.approx(bearing, abs=5)
    assert found.median_after_m < 25 < found.median_before_m
    assert found.places == min(n, 300)
    assert f'set crs = "{right}" in [sites]' in found.text
    assert "booths.csv" in found.text
    assert "trust_crs = true in [sites]" in found.text


@pytest.mark.parametrize("given", ["wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:4546", ""])
def test_the_right_label_is_not_doubted(given: str) -> None:
    for n in (8, 20, 100):
        places = shapely.points(*beside_streets(TOWN, n, seed=n, off_m=60))
        assert suspect_system(places, TOWN, given=given) is None


def test_places_that_have_nothing_to_do_with_streets_are_not_doubted() -> None:
    rng = np.random.default_rng(8)
    corner = shapely.total_bounds(TOWN.lines)[:2]
    for n in (8, 12, 30, 200):
        lon, lat = TOWN.to_degrees(rng.uniform(0, 5000, (n, 2)) + corner).T
        assert suspect_system(shapely.points(lon, lat), TOWN, given="wgs84") is None


def test_shifted_streets_are_named_beside_the_places() -> None:
    """Right places on streets of GCJ-02: only a street file in WGS84 helps."""
    lon, lat = beside_streets(TOWN, 60, seed=2)
    found = suspect_system(shapely.points(*from_gcj02(lon, lat)), TOWN, given="wgs84")
    assert found is not None
    assert (found.likely, found.streets) == ("", "gcj02")
    assert "the street file is in GCJ-02: take one in WGS84" in found.text
    assert "set crs" not in found.text
    # Places undone by mistake look the same: then either may be wrong.
    found = suspect_system(shapely.points(*from_gcj02(lon, lat)), TOWN, given="gcj02")
    assert found is not None
    assert (found.likely, found.streets) == ("wgs84", "gcj02")
    assert 'set crs = "wgs84" in [sites], or the street file is in GCJ-02' in found.text


@pytest.mark.parametrize(
    ("east_m", "north_m", "side"), [(-300, 300, "north-west"), (0, -800, "so")]
)
def test_a_shift_without_a_name_is_measured(east_m: float, north_m: float, side: str) -> None:
    xy = shapely.get_coordinates(TOWN.to_metric(shapely.points(*beside_streets(TOWN, 200, seed=1))))
    places = shapely.points(TOWN.to_degrees(xy + np.array([east_m, north_m])))
    found = suspect_system(places, TOWN, given="wgs84")
    assert found is not None
    assert (found.likely, found.streets) == ("", "")
    assert found.shift_m == pytest.approx(np.hypot(east_m, north_m), rel=0.1)
    assert f"m to the {side}" in found.text
    assert "no coordinate system known here explains it" in found.text


def test_order_and_shape_of_places_do_not_matter() -> None:
    lon, lat = to_gcj02(*beside_streets(TOWN, 350, seed=3))
    places = shapely.points(lon, lat)
    found = suspect_system(places, TOWN, given="wgs84")
    assert found is not None
    assert suspect_system(places[::-1], TOWN, given="wgs84") == found
    boxes = shapely.box(lon - 2e-5, lat - 2e-5, lon + 2e-5, lat + 2e-5)
    outlined = suspect_system(boxes, TOWN, given="wgs84")
    assert outlined is not None
    assert outlined.shift_m == pytest.approx(found.shift_m, rel=0.01)


def test_too_few_places_tell_nothing() -> None:
    lon, lat = to_bd09(*beside_streets(TOWN, 7, seed=1))
    assert suspect_system(shapely.points(lon, lat), TOWN, given="wgs84") is None
    assert suspect_system(np.empty(0, dtype=object), TOWN, given="wgs84") is None
    # Places in another province are none that could tell.
    far = shapely.points(np.full(50, 120.0), np.full(50, 30.0))
    assert suspect_system(far, TOWN, given="wgs84") is None


def test_levels_are_chessboard_distances() -> None:
    """Against the distance to every cell that a dense row of points on the streets falls into."""
    corner = np.floor(shapely.total_bounds(TOWN.lines)[:2])
    level, first = street_levels(corner, TOWN.lines, shapely.STRtree(TOWN.lines))
    spots = shapely.get_coordinates(shapely.segmentize(TOWN.lines, CELL_M))
    occupied = np.floor(spots / CELL_M).astype(int)
    rng = np.random.default_rng(0)
    # Nearer to the rim than the last level, streets beyond it would count too.
    for cell in rng.integers(40, level.shape[0] - 40, (300, 2)):
        away = np.abs(occupied - first - cell).max(axis=1).min()
        assert level[tuple(cell)] == sum(away > limit for limit in LEVEL_CELLS)


def plan_with(**sections):
    least = {"network": {"source": "streets.osm"}, "residences": {"source": "osm", "people": 1}}
    return plan_from_mapping({**least, **sections})


def as_table(lon, lat) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs=4326)


def test_tables_of_a_plan_are_looked_at_and_trusted_as_it_says() -> None:
    wrong = as_table(*to_gcj02(*beside_streets(TOWN, 60, seed=5)))
    right = as_table(*beside_streets(TOWN, 60, seed=5))
    tables = {"residences": wrong, "sites": wrong, "candidates": right}
    booths = {"source": "in/booths.csv", "crs": "wgs84"}
    plan = plan_with(sites=booths, candidates={"source": "c.csv", "crs": "wgs84"})
    # The residences are the buildings of the street file.
    (found,) = suspect_systems(tables, TOWN, plan=plan)
    assert (found.table, found.source, found.likely) == ("sites", "booths.csv", "gcj02")
    with pytest.raises(InputError, match=r'set crs = "gcj02" in \[sites\]'):
        refuse_suspects([found])
    plan = plan_with(sites={**booths, "trust_crs": True})
    (found,) = suspect_systems(tables, TOWN, plan=plan)
    assert found.trusted
    refuse_suspects([found])
    assert suspect_systems(tables, TOWN, plan=plan_with()) == []


def test_advice_fits_the_kind_of_numbers() -> None:
    found = Suspicion("sites", "a.csv", "EPSG:4546", "gcj02", "", 550, 90, 50, 8, 130, 15, 80)
    assert "the metres were made from GCJ-02" in found.text
    assert 'set crs = "gcj02"' in dataclasses.replace(found, given="EPSG:4490").text


def write_town(folder, lon, lat, **section: object):
    """A plan whose sites have coordinates as given, and homes on the same streets."""
    import oracle_cases

    folder.mkdir()
    rng = np.random.default_rng(4)
    start = rng.uniform(0, 5000, (120, 2))
    turn, length = rng.uniform(0, np.pi, 120), rng.uniform(300, 1200, 120)
    end = start + length[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    ways = [Way([tuple(a), tuple(b)]) for a, b in zip(start, end, strict=True)]
    oracle_cases._write_osm(oracle_cases.Town(ways, {}, {}), folder / "streets.osm")
    homes = as_table(*beside_streets(TOWN, 30, seed=9))
    homes["residence_id"] = [f"R{i}" for i in range(len(homes))]
    homes["people"] = 10
    homes.to_file(folder / "homes.gpkg")
    rows = [f"B{i},{x},{y}" for i, (x, y) in enumerate(zip(lon, lat, strict=True))]
    (folder / "booths.csv").write_text("\n".join(["site_id,lon,lat", *rows]), encoding="utf-8")
    return plan_from_mapping(
        {
            "network": {"source": "streets.osm"},
            "walk": {"min_component_m": 0.0},
            "residences": {"source": "homes.gpkg"},
            "sites": {"source": "booths.csv", "crs": "wgs84", **section},
        },
        folder=folder,
    )


def test_a_run_stops_unless_the_plan_trusts_and_a_check_goes_on(tmp_path) -> None:
    lon, lat = beside_streets(TOWN, 50, seed=6)
    shifted = to_gcj02(lon, lat)
    wrong = write_town(tmp_path / "wrong", *shifted)
    with pytest.raises(
        InputError, match=r'\[sites\] booths.csv: .* set crs = "gcj02" in \[sites\]'
    ):
        walkcover.assess(wrong)
    assert any("GCJ-02" in finding.text for finding in walkcover.check(wrong).findings)
    trusting = write_town(tmp_path / "trusting", *shifted, trust_crs=True)
    assert len(walkcover.assess(trusting).sites) == 50
    named = write_town(tmp_path / "named", *shifted, crs="gcj02")
    assert walkcover.assess(named).sites["snap_m"].max() < 30


@pytest.fixture(scope="module")
def moved_city(real_data):
    """Las Palmas beside Taiyuan: its streets, pharmacies and buildings, metres kept true."""
    path = real_data / "las_palmas" / "las_palmas_20230221.osm.pbf"
    network = read_network(path)
    west, south, east, north = network.bounds
    middle_lon, middle_lat = (west + east) / 2, (south + north) / 2
    stretch = np.cos(np.radians(middle_lat)) / np.cos(np.radians(HERE[1]))

    def move(lon, lat):
        return HERE[0] + (lon - middle_lon) * stretch, HERE[1] + lat - middle_lat

    lon, lat = move(network.lon, network.lat)
    node_lon, node_lat = move(network.node_lon, network.node_lat)
    network = dataclasses.replace(network, lon=lon, lat=lat, node_lon=node_lon, node_lat=node_lat)
    spots = [
        (node.lon, node.lat)
        for node in osmium.FileProcessor(str(path), osmium.osm.NODE)
        if node.tags.get("amenity") == "pharmacy"
    ]
    homes = shapely.point_on_surface(read_buildings(path).geometry.to_numpy())
    assert (len(spots), len(homes)) == (80, 20270)
    places = {"sites": np.array(spots).T, "residences": shapely.get_coordinates(homes).T}
    index = StreetIndex(network, metric_crs(*HERE))
    return index, {name: move(*xy) for name, xy in places.items()}


@pytest.mark.parametrize("table", ["sites", "residences"])
def test_a_real_city_moved_to_shanxi(moved_city, table: str) -> None:
    index, places = moved_city
    lon, lat = places[table]
    for given in ("wgs84", "gcj02", "bd09"):
        assert suspect_system(shapely.points(lon, lat), index, given=given) is None, given
    wrong = ["gcj02 as wgs84", "bd09 as wgs84", "wgs84 as gcj02", "wgs84 as bd09"]
    for label in wrong:
        move, given, right = LABELS[label]
        read = move(lon, lat)
        found = suspect_system(shapely.points(*read), index, given=given, table=table)
        assert found is not None, label
        assert (found.likely, found.table) == (right, table), label
        metres, bearing = middle_shift(lon, lat, *read)
        assert found.shift_m == pytest.approx(metres, rel=0.1), label
        assert found.bearing_deg == pytest.approx(bearing, abs=8), label


@pytest.mark.parametrize(
    ("layer", "n"), [("buildings", 638), ("residential_areas", 58), ("facilities", 110)]
)
def test_real_places_of_taiyuan_are_not_doubted(real_data, layer: str, n: int) -> None:
    path = real_data / "taiyuan_east" / "taiyuan_east.gpkg"
    index = StreetIndex(read_network(path, layer="ways"), UTM_49N)
    places = gpd.read_file(path, layer=layer).geometry.to_numpy()
    assert len(places) == n
    assert suspect_system(places, index, given="wgs84") is None


@pytest.mark.parametrize("section", ["residences", "sites", "candidates"])
def test_trust_is_said_with_true_or_false_only(section: str) -> None:
    for flag in (True, False):
        plan = plan_with(**{section: {"source": "a.csv", "trust_crs": flag}})
        assert getattr(plan, section).trust_crs is flag
    assert getattr(plan_with(), section).trust_crs is False
    for wrong in ("true", 1, 0.0):
        with pytest.raises(PlanError, match=rf"\[{section}\] trust_crs = .*: expected bool"):
            plan_with(**{section: {"source": "a.csv", "trust_crs": wrong}})
