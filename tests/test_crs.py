import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod

from walkcover import InputError
from walkcover.crs import (
    check_system,
    equal_area_crs,
    from_bd09,
    from_gcj02,
    metric_crs,
    to_bd09,
    to_gcj02,
    to_wgs84,
)
from walkcover.gauss_kruger import zone_fault
from walkcover.io.tables import read_places

GEOD = Geod(ellps="WGS84")
# Inside China's box by more than any shift, so that both directions are shifted.
CHINA_LON = st.floats(72.1, 137.7)
CHINA_LAT = st.floats(0.9, 55.7)


# The test points of eviltransform: WGS84 lon, lat, GCJ-02 lon, lat.
@pytest.mark.parametrize(
    ("lon", "lat", "gcj_lon", "gcj_lat"),
    [
        (121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
        (113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
        (116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
    ],
)
def test_gcj02_meets_the_published_points(lon, lat, gcj_lon, gcj_lat):
    assert np.allclose(to_gcj02(lon, lat), (gcj_lon, gcj_lat), rtol=0, atol=1e-9)


def test_bd09_meets_the_published_point():
    # The example of gcoord.
    expected = (116.41661560068297, 39.92196580126834)
    assert np.allclose(to_bd09(116.403988, 39.914266), expected, rtol=0, atol=1e-9)


@given(st.floats(72.004, 137.8347), st.floats(0.8293, 55.8271))
def test_round_trips_over_china_stay_within_a_centimetre(lon, lat):
    for there, back in ((to_gcj02, from_gcj02), (to_bd09, from_bd09)):
        assert GEOD.inv(lon, lat, *back(*there(lon, lat)))[2] <= 0.01


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_no_shift_touches_a_place_outside_china(lon, lat):
    # As far from the box as a shift reaches, so that a number has one meaning only.
    if 71.95 < lon < 137.89 and 0.78 < lat < 55.88:
        lon -= 180.0
    for there in (to_gcj02, from_gcj02, to_bd09, from_bd09):
        assert (*map(float, there(lon, lat)),) == (lon, lat)


@given(CHINA_LON, CHINA_LAT)
def test_undoing_gives_back_what_was_shifted(lon, lat):
    assert np.allclose(from_gcj02(*to_gcj02(lon, lat)), (lon, lat), rtol=0, atol=1e-9)
    assert np.allclose(from_bd09(*to_bd09(lon, lat)), (lon, lat), rtol=0, atol=1e-9)


def test_shifts_of_shanxi_are_about_500_and_1300_m():
    lon, lat = np.meshgrid(np.linspace(110.3, 114.5, 60), np.linspace(34.6, 40.7, 60))
    gcj_m = GEOD.inv(lon, lat, *to_gcj02(lon, lat))[2]
    bd_m = GEOD.inv(lon, lat, *to_bd09(lon, lat))[2]
    assert 450 < gcj_m.min() < 534 < 613 < gcj_m.max() < 700
    assert 1150 < bd_m.min() < 1270 < 1405 < bd_m.max() < 1500


def test_gcj02_is_wgs84_outside_china_and_keeps_shapes():
    lon, lat = np.array([[-15.4, 139.7], [11.6, -51.2]]), np.array([[28.1, 35.7], [49.9, -30.0]])
    for there in (to_gcj02, from_gcj02):
        x, y = there(lon, lat)
        assert x.dtype == y.dtype == np.float64
        assert (x == lon).all()
        assert (y == lat).all()
    assert np.isnan(to_gcj02(np.nan, 37.0)[0])
    with pytest.raises(InputError, match="one shape"):
        to_gcj02([1.0, 2.0], [1.0])


def test_whole_geometries_are_shifted_corner_by_corner():
    box = shapely.box(112.50, 37.80, 112.51, 37.81)
    lon, lat = to_gcj02(*shapely.get_coordinates(box).T)
    shifted = shapely.Polygon(np.column_stack([lon, lat]))
    given = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[shifted, None], index=[5, 9])
    back = to_wgs84(given, "gcj02")
    assert back.crs.to_epsg() == 4326
    assert back.index.tolist() == [5, 9]
    assert back.geometry.isna().tolist() == [False, True]
    assert shapely.equals_exact(back.geometry.iloc[0], box, tolerance=1e-9)
    assert given.geometry.iloc[0] is shifted


@pytest.mark.parametrize("system", ["EPSG:3857", "EPSG:4547", "EPSG:32649", "EPSG:4490", "wgs84"])
def test_projected_coordinates_come_back_in_degrees(system):
    code = system if system.startswith("EPSG") else "EPSG:4326"
    there = gpd.GeoSeries.from_xy([112.55], [37.87], crs=4326).to_crs(code)
    # Tables bring x and y without any CRS attached.
    bare = gpd.GeoSeries(there.array, crs=None).set_crs(None, allow_override=True)
    for places in (there, bare):
        (point,) = to_wgs84(places, system)
        assert (point.x, point.y) == pytest.approx((112.55, 37.87), abs=1e-8)


def test_heights_are_dropped():
    assert not to_wgs84(gpd.GeoSeries([shapely.Point(1, 2, 3)]), "wgs84").has_z.any()


@pytest.mark.parametrize(
    ("name", "hint"),
    [("gcj2", "did you mean 'gcj02'"), ("GCJ-02", "did you mean 'gcj02'"), ("wgs", "'wgs84'")],
)
def test_unknown_systems_are_refused_with_the_nearest(name, hint):
    with pytest.raises(InputError, match="wgs84, gcj02, bd09, cgcs2000 or EPSG:n") as caught:
        check_system(name)
    assert hint in str(caught.value)


def test_epsg_codes_are_looked_up():
    assert check_system(" epsg:4547 ") == "EPSG:4547"
    assert check_system("WGS84") == "wgs84"
    with pytest.raises(InputError, match="not in the EPSG register"):
        check_system("EPSG:999999")
    # 5773 is a height.
    with pytest.raises(InputError, match="no map coordinates"):
        check_system("EPSG:5773")


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (112.55, 37.87, 32649),
        ([112.0, 113.0], [37.0, 38.0], 32649),
        (-51.2, -30.0, 32722),
        (-180.0, 10.0, 32601),
        (180.0, 10.0, 32601),
        # The edge of a zone belongs to the one east of it.
        (114.0, 37.0, 32650),
    ],
)
def test_metric_crs_is_the_utm_zone_of_the_middle(lon, lat, code):
    assert metric_crs(lon, lat).to_epsg() == code


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("EPSG:4326", "degrees"),
        ("EPSG:3857", "off by 26"),
        ("EPSG:3395", "off by 26"),
        # California, in feet.
        ("EPSG:2227", "foot"),
        # The UTM zone of Oregon.
        ("EPSG:32610", "off by"),
    ],
)
def test_crooked_metric_crs_are_refused_with_the_reason(name, reason):
    with pytest.raises(InputError, match="is refused") as caught:
        metric_crs(112.55, 37.87, name=name)
    assert reason in str(caught.value)


def test_metric_crs_can_be_named():
    assert metric_crs(112.55, 37.87, name="EPSG:4546").to_epsg() == 4546
    with pytest.raises(InputError, match='"auto" or EPSG:n'):
        metric_crs(112.55, 37.87, name="utm")
    with pytest.raises(InputError, match="no UTM zone"):
        metric_crs(0.0, 88.0)
    with pytest.raises(InputError, match="at least one"):
        metric_crs([], [])


def test_areas_are_those_of_the_ellipsoid():
    cell = shapely.box(112.5, 37.8, 112.51, 37.81)
    # The box's edges along parallels are almost geodesics at this size.
    expected = abs(GEOD.geometry_area_perimeter(cell)[0])
    area = gpd.GeoSeries([cell], crs=4326).to_crs(equal_area_crs(112.5, 37.8)).area
    assert area.iloc[0] == pytest.approx(expected, rel=1e-6)


def test_frames_keep_their_columns():
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=gpd.points_from_xy([112.5], [37.8]), crs=4490)
    moved = to_wgs84(frame, "cgcs2000")
    pd.testing.assert_series_equal(moved["a"], frame["a"])


GAUSS_KRUGER = [4490, *range(4491, 4555)]


@pytest.mark.parametrize("code", GAUSS_KRUGER)
def test_every_cgcs2000_code_gives_back_degrees(code):
    crs = CRS(code)
    middle = 112.0 if crs.is_geographic else crs.area_of_use.west / 2 + crs.area_of_use.east / 2
    there = gpd.GeoSeries.from_xy([middle + 0.3], [37.87], crs=4490).to_crs(code)
    bare = gpd.GeoSeries(there.to_numpy())
    for places in (there, bare):
        (point,) = to_wgs84(places, f"EPSG:{code}")
        # CGCS2000 is WGS84 within a metre.
        assert GEOD.inv(point.x, point.y, middle + 0.3, 37.87)[2] < 1.0


@pytest.mark.parametrize("suffix", [".csv", ".gpkg", ".shp", ".geojson", ".parquet"])
def test_files_in_a_crs_that_puts_north_first(tmp_path, suffix):
    """EPSG:4546 names north first; files hold east first, and csv says which column is which."""
    path = tmp_path / f"booths{suffix}"
    there = gpd.GeoDataFrame(
        {"name": ["东门"]}, geometry=gpd.points_from_xy([112.55], [37.87]), crs=4490
    ).to_crs(4546)
    east, north = there.geometry.x[0], there.geometry.y[0]
    assert 600_000 < east < 700_000
    assert 4_100_000 < north < 4_300_000
    options = {"crs": "EPSG:4546"}
    if suffix == ".csv":
        # Chinese survey tables call north x and east y.
        path.write_text(f"name,x,y\n东门,{north:.3f},{east:.3f}\n", encoding="utf-8")
        options |= {"lon": "y", "lat": "x"}
    elif suffix == ".parquet":
        there.to_parquet(path)
    elif suffix == ".geojson":
        there.to_file(path)
        options = {}
    else:
        there.to_file(path)
    (point,) = read_places(path, **options).geometry
    assert (point.x, point.y) == pytest.approx((112.55, 37.87), abs=2e-6)


@pytest.mark.parametrize(
    ("code", "east", "right"),
    [
        # The number of a 3-degree zone too many, none, and another one; the same for 6 degrees.
        (4547, 38_500_123.0, "EPSG:4526"),
        (4526, 500_123.0, "EPSG:4547"),
        (4526, 37_620_000.0, "EPSG:4525"),
        (4546, 38_400_000.0, "EPSG:4526"),
        (4508, 19_600_000.0, "EPSG:4497"),
        (4497, 600_000.0, "EPSG:4508"),
        (2382, 37_500_000.0, "EPSG:2361"),
    ],
)
def test_zone_numbers_that_contradict_the_code_are_explained(code, east, right):
    places = gpd.GeoSeries.from_xy([east, east + 900.0], [4_193_000.0, 4_194_000.0])
    with pytest.raises(InputError, match=f'set crs = "{right}"'):
        to_wgs84(places, f"EPSG:{code}")
    # What is advised works.
    (point, _) = to_wgs84(places, right)
    assert 110 < point.x < 116
    assert 37 < point.y < 39


def test_swapped_northings_are_named():
    swapped = gpd.GeoSeries.from_xy([4_193_000.0, 4_194_000.0], [636_000.0, 637_000.0])
    with pytest.raises(InputError, match=r"x and y are swapped: 4,193,.* exchange the two columns"):
        to_wgs84(swapped, "EPSG:4546")
    numbered = gpd.GeoSeries.from_xy([4_193_000.0], [38_400_000.0])
    with pytest.raises(InputError, match=r'swapped: .* zone number 38.* set crs = "EPSG:4526"'):
        to_wgs84(numbered, "EPSG:4547")


def test_only_whole_zone_numbers_are_faults():
    for code in (4490, 3857, 32649, 2227):
        assert zone_fault([636_000.0], [4_193_000.0], CRS(code)) == ""
    # Far off its zone, yet without a zone number: a matter of the network's place, not of the code.
    assert zone_fault([900_000.0], [4_193_000.0], CRS(4546)) == ""
    assert zone_fault([np.nan], [np.nan], CRS(4546)) == ""
    assert zone_fault([], [], CRS(4546)) == ""
    assert "UTM" in zone_fault([49_500_000.0 - 11_000_000.0], [4_193_000.0], CRS(32649))
