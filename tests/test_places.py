"""Places of any table, and whether they lie near the network."""

import geopandas as gpd
import pandas as pd
import pytest

from walkcover import InputError
from walkcover.places import check_near_network, locate


def test_places_of_any_table_keep_their_index_and_columns():
    table = pd.DataFrame({"x": ["112.5", "112.6"], "y": [37, 38], "people": [1, 2]}, index=[4, 2])
    placed = locate(table, crs="wgs84", lon="x", lat="y")
    assert placed.columns.tolist() == ["people", "geometry"]
    assert placed.index.tolist() == [4, 2]


NETWORK = (112.4, 37.7, 112.7, 38.0)


@pytest.mark.parametrize(
    ("lon", "lat", "near"),
    [
        (112.5, 37.8, True),
        # 0.08 degrees of the meridian are 8.9 km, 0.1 are 11.1 km; 0.11 of this parallel are 9.7.
        (112.5, 38.08, True),
        (112.5, 38.10, False),
        (112.81, 37.8, True),
        (112.83, 37.8, False),
    ],
)
def test_near_is_ten_kilometres(lon, lat, near):
    places = gpd.GeoSeries.from_xy([lon, 0.0], [lat, 0.0], crs=4326)
    if near:
        check_near_network(places, NETWORK, what="sites")
    else:
        start = "^sites: none of 2 lies within 10 km of the network; the nearest is.*crs"
        with pytest.raises(InputError, match=start):
            check_near_network(places, NETWORK, what="sites")


def test_swapped_places_are_called_so():
    places = gpd.GeoSeries.from_xy([37.8], [89.0], crs=4326)
    with pytest.raises(InputError, match="swapped"):
        check_near_network(places, (88.9, 37.7, 89.1, 37.9), what="homes")
