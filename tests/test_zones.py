import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from walkcover import InputError
from walkcover.plan import Stage
from walkcover.tables import check_zones
from walkcover.zones import (
    assign_stages,
    assign_zones,
    default_zones,
    is_parent,
    stage_of_class,
)

STAGES = [Stage("city"), Stage("county_town"), Stage("countryside")]


def zones(shapes, **columns):
    ids = [chr(ord("a") + row) for row in range(len(shapes))]
    frame = gpd.GeoDataFrame({"zone_id": ids} | columns, geometry=shapes, crs=4326)
    return check_zones(frame)


def places(points, **columns):
    ids = [f"R{row}" for row in range(len(points))]
    shapes = [shapely.Point(p) if isinstance(p, tuple) else p for p in points]
    return gpd.GeoDataFrame({"residence_id": ids} | columns, geometry=shapes, crs=4326)


def refusal(function, *args):
    with pytest.raises(InputError) as caught:
        function(*args)
    return str(caught.value)


ROW_OF_THREE = [shapely.box(x, 0, x + 1, 1) for x in (0, 1, 2)]


def test_points_fall_into_their_zone_and_borders_to_the_smallest_id():
    frame = zones(ROW_OF_THREE[::-1])
    # The zones run c, b, a from west to east.
    homes = places([(0.5, 0.5), (1.0, 0.5), (2.0, 0.5), (2.5, 0.0), (9.0, 9.0)])
    assert assign_zones(homes, frame).tolist() == ["c", "b", "a", "a", "outside"]


def test_ids_are_compared_as_text():
    frame = check_zones(gpd.GeoDataFrame({"zone_id": [9, 10]}, geometry=ROW_OF_THREE[:2], crs=4326))
    assert assign_zones(places([(1.0, 0.5)]), frame).tolist() == ["10"]


def test_polygons_go_by_their_representative_point():
    # An L whose centroid lies in zone b but which has no ground there.
    shape = shapely.Polygon(
        [(0.1, 0.1), (0.9, 0.1), (0.9, 0.2), (0.2, 0.2), (0.2, 0.9), (0.1, 0.9)]
    )
    assert assign_zones(places([shape]), zones(ROW_OF_THREE)).tolist() == ["a"]


def test_the_own_column_wins_and_the_index_stays():
    homes = places([(0.5, 0.5), (0.5, 0.5), (0.5, 0.5)], zone_id=["c", None, "outside"])
    homes.index = [7, 3, 5]
    assigned = assign_zones(homes, zones(ROW_OF_THREE))
    assert assigned.tolist() == ["c", "a", "outside"]
    assert assigned.index.tolist() == [7, 3, 5]
    assert assigned.name == "zone_id"


def test_parents_hold_no_residences():
    frame = zones([*ROW_OF_THREE[:2], shapely.box(0, 0, 3, 1)], parent_id=["c", "province", None])
    assert is_parent(frame).tolist() == [False, False, True, True]
    # The last one lies in the parent's polygon but in none of its children.
    homes = places([(0.5, 0.5), (1.5, 0.5), (2.5, 0.5)])
    assert assign_zones(homes, frame).tolist() == ["a", "b", "outside"]
    message = refusal(assign_zones, places([(0.5, 0.5)], zone_id=["c"]), frame)
    assert "1 rows name a zone that others lie in, first R0 (c)" in message


def test_zones_that_residences_name_must_exist():
    homes = places([(0.5, 0.5)] * 2, zone_id=["x", "a"])
    message = refusal(assign_zones, homes, zones(ROW_OF_THREE))
    assert "1 rows name a zone that is not among the zones, first R0 (x)" in message
    coded = check_zones(gpd.GeoDataFrame({"zone_id": ["007"]}, geometry=ROW_OF_THREE[:1], crs=4326))
    message = refusal(assign_zones, places([(0.5, 0.5)], zone_id=["7"]), coded)
    assert "leading zeros were lost" in message


def test_overlaps_are_refused_by_name_and_slivers_pass():
    apart = shapely.box(5, 5, 6, 6)
    overlapping = [shapely.box(0, 0, 1, 1), shapely.box(0.999, 0, 2, 1), apart]
    message = refusal(assign_zones, places([(0.5, 0.5)]), zones(overlapping))
    # 0.001 by 1 degree on the equator: 111.3 m by 110.6 km, 12.3 km².
    assert "1 pairs overlap, first a and b by 123" in message
    assert "m²" in message
    # 1e-11 degrees are a thousandth of a millimetre: 0.12 m² over 111 km.
    slivers = [shapely.box(0, 0, 1, 1), shapely.box(1 - 1e-11, 0, 2, 1), apart]
    assert assign_zones(places([(0.5, 0.5)]), zones(slivers)).tolist() == ["a"]


def test_borders_that_were_rounded_apart_pass_and_wide_ones_do_not():
    # The southern zone has one vertex more on the common border, 0.1 m or 11 m too far north:
    # triangles on a border of 11,132 m, 0.11 m and 11.06 m high, of 615 m² and 61,544 m².
    north = shapely.Polygon([(0.0, 0.0), (0.1, 0.0), (0.05, 0.1)])
    for shift, is_sliver in ((1e-6, True), (1e-4, False)):
        south = shapely.Polygon([(0.0, 0.0), (0.05, shift), (0.1, 0.0), (0.05, -0.1)])
        frame = zones([north, south])
        if is_sliver:
            assert assign_zones(places([(0.05, shift / 2)]), frame).tolist() == ["a"]
        else:
            assert "a and b by 6154" in refusal(assign_zones, places([(0.05, 0.01)]), frame)


def test_without_zones_everything_is_all_or_what_it_says():
    assert assign_zones(places([(0, 0), (1, 1)]), None).tolist() == ["all", "all"]
    own = assign_zones(places([(0, 0), (1, 1), (2, 2)], zone_id=["n", None, "m"]), None)
    assert own.tolist() == ["n", "outside", "m"]
    assert default_zones(own)["zone_id"].tolist() == ["m", "n"]


def test_zones_without_polygons_need_residences_that_name_theirs():
    frame = check_zones(pd.DataFrame({"zone_id": ["a", "b"]}))
    assert assign_zones(places([(0, 0)], zone_id=["b"]), frame).tolist() == ["b"]
    message = refusal(assign_zones, places([(0, 0)] * 2, zone_id=["b", ""]), frame)
    assert "1 rows name no zone, first R1, and no zone has a polygon" in message


@given(st.lists(st.tuples(st.floats(-1, 4), st.floats(-1, 2)), min_size=1, max_size=30))
def test_every_residence_has_one_zone_as_by_hand(points):
    expected = []
    for x, y in points:
        # Closed boxes, the leftmost first.
        hits = [c for k, c in enumerate("abc") if k <= x <= k + 1 and 0 <= y <= 1]
        expected.append(hits[0] if hits else "outside")
    assert assign_zones(places(points), zones(ROW_OF_THREE)).tolist() == expected


@pytest.mark.parametrize(
    ("code", "seat", "zone", "stage"),
    [
        ("111", False, "", "city"),
        # A county-level city (county part 81) has a city core too.
        ("111", False, "140181001000", "city"),
        ("112", True, "", "city"),
        ("121", True, "140121100000", "county_town"),
        ("122", True, "140121100000", "county_town"),
        ("123", True, "140121100000", "county_town"),
        ("121", False, "140105100000", "countryside"),
        ("122", False, "140121100000", "countryside"),
        ("123", False, "140105100000", "city"),
        ("123", False, "140105", "city"),
        # Districts of Chongqing go on at 51.
        ("123", False, "500151001000", "city"),
        ("123", False, "140121100000", "countryside"),
        ("123", False, "north", "countryside"),
        ("210", True, "", "countryside"),
        ("220", False, "", "countryside"),
        ("", True, "140105100000", ""),
    ],
)
def test_class_codes_give_stages(code, seat, zone, stage):
    assert stage_of_class(code, county_seat=seat, zone_id=zone) == stage


def test_own_stage_before_that_of_the_zone_before_the_class_code():
    frame = zones(ROW_OF_THREE, stage=["county_town", None, "countryside"])
    homes = pd.DataFrame(
        {
            "zone_id": ["a", "a", "b", "c"],
            "stage": ["countryside", None, None, ""],
            "class_code": ["111", "111", "111", "111"],
            "county_seat": [False] * 4,
        },
        index=[4, 3, 2, 1],
    )
    stages = assign_stages(homes, frame, STAGES)
    assert stages.tolist() == ["countryside", "county_town", "city", "countryside"]
    assert stages.index.tolist() == [4, 3, 2, 1]


def test_a_single_stage_takes_everything_that_says_nothing():
    homes = pd.DataFrame({"zone_id": ["a", "a"]})
    assert assign_stages(homes, None, [Stage("city")]).tolist() == ["city", "city"]
    said = homes.assign(stage=["city", "countryside"])
    assert assign_stages(said, None, [Stage("all")]).tolist() == ["all", "all"]


def test_stages_outside_the_plan_are_listed():
    homes = pd.DataFrame(
        {"residence_id": ["p", "q", "r"], "zone_id": "a", "stage": ["city", "village", None]}
    )
    message = refusal(assign_stages, homes, None, STAGES)
    assert "1 rows say nothing of their stage, first r" in message
    assert "1 rows are of stage 'village', first q: the plan has city, county_town" in message


def test_town_codes_need_to_know_the_county_seat():
    homes = pd.DataFrame({"residence_id": ["p", "q"], "zone_id": "a", "class_code": ["121", "111"]})
    message = refusal(assign_stages, homes, None, STAGES)
    assert "1 rows have class code 121, 122, 123, first p" in message
    assert "county_seat" in message
    homes["county_seat"] = [True, False]
    assert assign_stages(homes, None, STAGES).tolist() == ["county_town", "city"]


def test_counties_of_a_real_province_are_zones(real_data):
    path = real_data / "shanxi" / "shanxi_districts_tianditu.geojson"
    towns = pd.read_csv(real_data / "shanxi" / "shanxi_places_geonames.csv")
    checked = check_zones(gpd.read_file(path), columns={"zone_id": "gb"})
    points = gpd.points_from_xy(towns["lon"], towns["lat"])
    homes = gpd.GeoDataFrame(geometry=points, crs=4326)
    assigned = assign_zones(homes, checked)
    inside = dict(zip(checked["zone_id"], checked.geometry, strict=True))
    for point, zone in zip(points, assigned, strict=True):
        hits = sorted(z for z, shape in inside.items() if shape.intersects(point))
        assert zone == (hits[0] if hits else "outside")
    assert np.mean(assigned == "outside") < 0.05
