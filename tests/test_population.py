import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from walkcover import ConservationError, InputError
from walkcover.population import (
    check_elderly,
    floor_area_m2,
    refuse_moved_total,
    spread_people,
)


def homes(*zones):
    return pd.DataFrame({"zone_id": list(zones)}, index=[f"R{row}" for row in range(len(zones))])


def refusal(function, *args, **options):
    with pytest.raises(InputError) as caught:
        function(*args, **options)
    return str(caught.value)


def test_people_follow_the_weights_of_their_zone():
    totals = pd.Series({"a": 100.0, "b": 9.0})
    people = spread_people(totals, homes("a", "b", "a", "outside"), weights=[1.0, 7.0, 3.0, 5.0])
    assert people.tolist() == [25.0, 9.0, 75.0, 0.0]
    assert people.index.tolist() == ["R0", "R1", "R2", "R3"]
    assert people.name == "people"


def test_people_are_spread_evenly_without_weights():
    assert spread_people(pd.Series({"a": 10}), homes("a", "a", "a", "a")).tolist() == [2.5] * 4


def test_codes_stored_as_numbers_meet_codes_stored_as_text():
    assert spread_people(pd.Series({140105: 10}), homes("140105")).tolist() == [10.0]


@given(st.data())
def test_no_person_is_lost_or_made(data):
    zones = data.draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=40))
    weights = data.draw(st.lists(st.floats(1e-3, 1e6), min_size=len(zones), max_size=len(zones)))
    totals = pd.Series({zone: data.draw(st.floats(0, 1e7)) for zone in sorted(set(zones))})
    people = spread_people(totals, homes(*zones), weights=weights)
    by_zone = people.groupby(zones).sum()
    assert np.allclose(by_zone, totals, rtol=1e-12, atol=1e-6)
    assert (people >= 0).all()


def test_people_without_residences_are_listed_not_lost():
    totals = pd.Series({"a": 10.0, "far": 1234.0, "empty": 0.0, "flat": 5.0})
    message = refusal(spread_people, totals, homes("a", "flat"), weights=[1.0, 0.0])
    assert "2 zones have 1239 people and no residence" in message
    assert "first far (1234 people), flat (5 people)" in message
    assert "empty" not in message


def test_residences_without_a_total_are_listed():
    message = refusal(spread_people, pd.Series({"a": 1.0}), homes("a", "b", "b"))
    assert "2 residences lie in 1 zones without a total, first b" in message


@pytest.mark.parametrize(
    ("totals", "weights", "problem"),
    [
        ({"a": -1.0}, [1.0], "people of 1 zones, first a (-1.0)"),
        ({"a": np.nan}, [1.0], "people of 1 zones, first a (nan)"),
        ({"a": 1.0}, [np.inf], "weights of 1 rows, first R0 (inf)"),
        ({"a": 1.0}, [-1.0], "weights of 1 rows, first R0 (-1.0)"),
        ({"a": 1.0}, [1.0, 2.0], "expected one per residence, 1"),
    ],
)
def test_nonsense_is_refused(totals, weights, problem):
    assert problem in refusal(spread_people, pd.Series(totals), homes("a"), weights=weights)


def test_zones_listed_twice_are_refused():
    totals = pd.Series([1.0, 2.0], index=["a", "a"])
    assert "zones listed twice: a" in refusal(spread_people, totals, homes("a"))


def test_floor_area_is_ground_times_levels():
    house = shapely.box(112.5, 37.8, 112.5002, 37.8001)
    ground_m2 = abs(Geod(ellps="WGS84").geometry_area_perimeter(house)[0])
    shapes = gpd.GeoSeries([house] * 6, crs=4326, index=list("uvwxyz"))
    levels = pd.Series(["6", 2.0, None, "2-3", 0, "1.5"], index=shapes.index)
    area = floor_area_m2(shapes, levels)
    expected = ground_m2 * np.array([6.0, 2.0, 1.0, 1.0, 1.0, 1.5])
    assert np.allclose(area, expected, rtol=1e-6)
    assert area.index.tolist() == list("uvwxyz")
    assert np.allclose(floor_area_m2(shapes), ground_m2, rtol=1e-6)


def test_points_have_no_floor_area():
    shapes = gpd.GeoSeries([shapely.box(0, 0, 1, 1), shapely.Point(0, 0)], crs=4326)
    assert "1 residences are no polygons" in refusal(floor_area_m2, shapes)


def test_more_elderly_than_people_are_refused():
    people = pd.Series({"a": 10.0, "b": 0.0, "c": 3.0})
    check_elderly(people, pd.Series({"a": 10.000001, "b": 0.0, "c": 1.0}), what="p.csv")
    message = refusal(
        check_elderly, people, pd.Series({"a": 11.0, "b": 1.0, "c": 3.0}), what="p.csv"
    )
    assert message.startswith("p.csv: more elderly than people in 2 rows, first a (11 of 10)")


@pytest.mark.parametrize(("lost", "stops"), [(5e-7, False), (2e-6, True), (np.nan, True)])
def test_a_total_that_moves_stops(lost, stops):
    given = [1000.0, 2000.0]
    spread = [1000.0, 2000.0 - lost]
    if stops:
        with pytest.raises(ConservationError, match="spreading moved the total"):
            refuse_moved_total(given, spread)
    else:
        refuse_moved_total(given, spread)
