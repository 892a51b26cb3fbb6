import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from walkcover import InputError
from walkcover.crs import to_gcj02
from walkcover.tables import (
    check_candidates,
    check_residences,
    check_sites,
    check_zones,
)

BOX = shapely.box(112.0, 37.0, 112.1, 37.1)


def homes(**columns):
    table = {"residence_id": ["a", "b"], "people": [10, 20], "lon": [112.1, 112.2], "lat": [37, 38]}
    return pd.DataFrame(table | columns)


def faults_of(check, *args, **options):
    with pytest.raises(InputError) as caught:
        check(*args, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("cell", "people"),
    [
        (215, 215.0),
        ("215", 215.0),
        (" 215 ", 215.0),
        ("1,204", 1204.0),
        ("1\uff0c204", 1204.0),
        ("1,204,000.5", 1204000.5),
        ("215人", 215.0),
        ("1,204 人", 1204.0),
        ("12.5", 12.5),
        (0, 0.0),
        ("1.2万人", 12_000.0),
        ("\uff12\uff11\uff15名", 215.0),
    ],
)
def test_people_are_read_as_people_write_them(cell, people):
    checked = check_residences(homes(people=[cell, 1]), crs="wgs84")
    assert checked["people"].tolist() == [people, 1.0]


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("many", "not a number"),
        ("", "not a number"),
        (None, "not a number"),
        (np.nan, "not a number"),
        ("暂无", "not a number"),
        ("12,04", "not a number"),
        ("1_000", "not a number"),
        ("215户", "not a number"),
        ("80%", "not a number"),
        ("10²", "not a number"),
        ("nan", "not a number"),
        ("inf", "infinite"),
        (np.inf, "infinite"),
        (-3, "negative"),
        ("-3", "negative"),
    ],
)
def test_people_that_are_no_number_are_named_with_their_row(cell, problem):
    message = faults_of(check_residences, homes(people=[1, cell]), crs="wgs84")
    assert f"column 'people': {problem} in 1 row, b (" in message
    assert "expected a finite number from 0 on" in message


@given(st.integers(0, 10**9))
def test_thousands_commas_never_change_a_number(people):
    checked = check_residences(homes(people=[f"{people:,}", f"{people}人"]), crs="wgs84")
    assert checked["people"].tolist() == [people, people]


def test_all_faults_come_in_one_message_with_ids_and_counts():
    table = pd.DataFrame(
        {
            "nr": ["B1", "", "B1", "B12", "B90"],
            "people": ["1", "1", "1", "many", ""],
            "class_code": ["111", "", "999", "121", "220"],
            "lon": ["112.1", "112.1", "112.1", "east", "112.1"],
            "lat": ["37"] * 5,
        },
        index=[2, 3, 4, 5, 6],
    )
    message = faults_of(
        check_residences, table, crs="gcj2", columns={"residence_id": "nr"}, what="homes.csv"
    )
    assert message.startswith("homes.csv: 6 faults:\n  ")
    assert "column 'nr': empty in 1 row, row 3 ('')" in message
    assert "column 'nr': an id that was used before in 1 row, row 4 ('B1')" in message
    assert "column 'people': not a number in 2 rows, first B12 ('many'), B90 ('')" in message
    assert "column 'class_code': an unknown code in 1 row, B1 ('999')" in message
    assert "column 'lon': not a coordinate in 1 row, B12 ('east')" in message
    assert "did you mean 'gcj02'" in message


def test_standard_names_come_first_and_carried_columns_stay():
    table = homes(
        verdict=["x", "y"], name=["甲", "乙"], zone_id=["01", None], county_seat=["是", ""]
    )
    checked = check_residences(table, crs="wgs84")
    assert checked.columns.tolist() == [
        "residence_id",
        "people",
        "zone_id",
        "county_seat",
        "verdict_given",
        "name",
        "geometry",
    ]
    assert checked["zone_id"].iloc[0] == "01"
    assert checked["zone_id"].isna().tolist() == [False, True]
    assert checked["county_seat"].tolist() == [True, False]
    assert checked["name"].tolist() == ["甲", "乙"]
    assert checked.crs.to_epsg() == 4326
    assert "residence_id" in table


def test_a_number_for_every_row_carries_the_column_along():
    checked = check_residences(homes(people=["x", "y"]), crs="wgs84", people=12)
    assert checked["people"].tolist() == [12.0, 12.0]
    assert checked["people_given"].tolist() == ["x", "y"]
    assert "people = nan" in faults_of(check_residences, homes(), crs="wgs84", people=np.nan)


def test_renamed_columns_are_found_and_missing_ones_named():
    checked = check_residences(
        homes(人数=[7, 8]), crs="wgs84", columns={"people": "人数", "zone_id": "zone_id"}
    )
    assert checked["people"].tolist() == [7, 8]
    assert checked["people_given"].tolist() == [10, 20]
    message = faults_of(
        check_residences, homes(), crs="wgs84", columns={"people": "peple", "zone_id": "town"}
    )
    assert "column 'peple' (for people) is missing: the table has residence_id, people" in message
    assert "did you mean 'people'" in message
    # An optional column is only then optional when nobody asked for it by another name.
    assert "column 'town' (for zone_id) is missing" in message
    assert "no standard column 'ids'" in faults_of(
        check_residences, homes(), crs="wgs84", columns={"ids": "x"}
    )


def test_coordinate_systems_are_never_guessed():
    message = faults_of(check_residences, homes())
    assert "the crs of every csv or xlsx" in message
    framed = gpd.GeoDataFrame(homes(), geometry=gpd.points_from_xy([112, 112], [37, 37]))
    assert "crs is missing" in faults_of(check_residences, framed)


def test_coordinates_are_turned_into_wgs84():
    lon, lat = to_gcj02([112.1, 112.2], [37.0, 38.0])
    checked = check_residences(homes(lon=lon.astype(str), lat=lat), crs="gcj02")
    assert np.allclose(checked.get_coordinates(), [[112.1, 37.0], [112.2, 38.0]], atol=1e-8)


def test_a_frames_own_crs_wins_and_must_not_be_contradicted():
    framed = gpd.GeoDataFrame(
        homes(), geometry=gpd.points_from_xy([112, 112], [37, 37]), crs=4326
    ).to_crs(32649)
    for crs in ("", "auto", "wgs84", "cgcs2000", "EPSG:32649"):
        points = check_residences(framed, crs=crs).get_coordinates()
        assert np.allclose(points, [112, 37], atol=1e-8)
    message = faults_of(check_residences, framed, crs="EPSG:4547")
    assert "crs = 'EPSG:4547' contradicts the table's own, 'WGS 84 / UTM zone 49N'" in message


def test_attributes_lon_and_lat_of_a_layer_are_carried_aside():
    framed = gpd.GeoDataFrame(homes(), geometry=gpd.points_from_xy([112, 112], [37, 37]), crs=4326)
    assert check_residences(framed)["lon_given"].tolist() == [112.1, 112.2]


def test_swapped_axes_and_metres_are_told_apart():
    message = faults_of(check_residences, homes(lon=[37, 38], lat=[112, 112]), crs="wgs84")
    assert "a latitude beyond 90 degrees in 2 rows, first a (" in message
    assert "swapped" in message
    message = faults_of(check_residences, homes(lon=[636000, 1], lat=[4.19e6, 1]), crs="cgcs2000")
    assert "beyond the globe in 1 row, a (" in message
    assert "EPSG:n" in message
    message = faults_of(check_residences, homes(lon=[1e9, 5e5], lat=[1e9, 4e6]), crs="EPSG:32649")
    assert "outside the area of EPSG:32649 in 1 row, a" in message


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        (shapely.LineString([(112, 37), (112.1, 37)]), "LineString"),
        (shapely.MultiPoint([(112, 37), (112.1, 37)]), "MultiPoint"),
        (shapely.Point(), "empty"),
        (None, "missing"),
    ],
)
def test_only_points_and_polygons_are_places(shape, problem):
    framed = gpd.GeoDataFrame(homes(), geometry=[BOX, shape], crs=4326)
    assert f"no place in 1 row, b ('{problem}')" in faults_of(check_residences, framed)


def test_single_multipoints_and_crossed_polygons_become_plain():
    bow = shapely.Polygon([(112, 37), (112.1, 37.1), (112.1, 37), (112, 37.1)])
    framed = gpd.GeoDataFrame(homes(), geometry=[shapely.MultiPoint([(112, 37)]), bow], crs=4326)
    point, polygon = check_residences(framed).geometry
    assert point.equals(shapely.Point(112, 37))
    # Two triangles, each of half the base and half the height of the box: a quarter of it each.
    assert polygon.is_valid
    assert polygon.area == pytest.approx(0.005)


@pytest.mark.parametrize("bad", ["1.40105E+11", "1E+5"])
def test_codes_that_a_spreadsheet_rounded_are_refused(bad):
    message = faults_of(check_residences, homes(zone_id=[bad, "a"]), crs="wgs84")
    assert "column 'zone_id': digits lost by a spreadsheet in 1 row, a" in message


def test_codes_are_text_whatever_they_were_stored_as():
    table = homes(residence_id=[7, 8], zone_id=[140105001000.0, np.nan], class_code=[111, 220])
    checked = check_residences(table, crs="wgs84")
    assert checked["residence_id"].tolist() == ["7", "8"]
    assert checked["zone_id"].iloc[0] == "140105001000"
    assert checked["class_code"].tolist() == ["111", "220"]


def test_empty_tables_and_double_columns_are_refused():
    assert "the table is empty" in faults_of(check_residences, homes().iloc[:0], crs="wgs84")
    double = pd.concat([homes(), homes()[["people"]]], axis=1)
    assert "columns that are there twice: 'people'" in faults_of(
        check_residences, double, crs="wgs84"
    )


def sites(**columns):
    return pd.DataFrame({"site_id": [1, 2], "lon": [112.1, 112.2], "lat": [37, 38]} | columns)


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("open", "open"),
        ("Closed", "closed"),
        ("planned", "planned"),
        ("开放", "open"),
        ("营业", "open"),
        ("关闭", "closed"),
        ("停用", "closed"),
        ("规划", "planned"),
        ("拟建", "planned"),
        ("正常", "open"),
        ("正常营业", "open"),
        ("在用", "open"),
        ("空闲", "open"),
        ("休息", "closed"),
        ("暂停", "closed"),
        ("停业", "closed"),
        ("暂停采样", "closed"),
    ],
)
def test_statuses_are_understood_in_both_languages(cell, status):
    assert check_sites(sites(status=[cell, "open"]), crs="wgs84")["status"].iloc[0] == status


def test_sites_need_no_status_but_a_known_one():
    checked = check_sites(sites(name=["东门", None]), crs="wgs84")
    assert checked["status"].tolist() == ["open", "open"]
    assert checked["name"].tolist() == ["东门", ""]
    message = faults_of(check_sites, sites(status=["打烊", ""]), crs="wgs84")
    assert "column 'status': an unknown value in 2 rows, first 1 ('打烊'), 2 ('')" in message


def test_desks_may_be_unknown_but_not_nonsense():
    checked = check_sites(sites(desks=["2", "暂无"]), crs="wgs84")
    assert checked["desks"].iloc[0] == 2.0
    assert np.isnan(checked["desks"].iloc[1])
    assert "'desks': negative" in faults_of(check_sites, sites(desks=[-1, 1]), crs="wgs84")


def test_estimates_and_notes_of_the_reader_are_kept():
    table = homes(people=["约300", "20"])
    table.attrs["notes"] = ["encoding GB18030"]
    checked = check_residences(table, crs="wgs84")
    assert checked["people"].tolist() == [300.0, 20.0]
    assert checked.attrs["notes"] == [
        "encoding GB18030",
        "column 'people': an estimate taken as it stands in 1 row, a ('约300')",
    ]
    assert table.attrs["notes"] == ["encoding GB18030"]


@pytest.mark.parametrize("name", ["人口(万人)", "人口\uff08单位\uff1a万人\uff09", "常住[千人]"])
def test_columns_of_multiples_are_refused(name):
    message = faults_of(
        check_residences, homes(**{name: ["1.2", "3"]}), crs="wgs84", columns={"people": name}
    )
    assert f"column {name!r}: its numbers are multiples of 1" in message


def test_columns_are_found_by_their_joined_names():
    table = homes(常住=[7, 8])
    table.attrs["full_names"] = {"人口/常住": "常住"}
    checked = check_residences(table, crs="wgs84", columns={"people": "人口/常住"})
    assert checked["people"].tolist() == [7, 8]
    assert "常住" not in checked


@pytest.mark.parametrize(("whole", "short"), [("140105001000", "40105001000"), ("140105", "40105")])
def test_division_codes_that_lost_a_digit_are_refused(whole, short):
    message = faults_of(check_residences, homes(zone_id=[whole, short]), crs="wgs84")
    assert f"'zone_id': a code of {len(short)} digits in 1 row, b ({short!r})" in message
    assert "store the codes as text" in message
    assert check_residences(homes(zone_id=[whole, "x"]), crs="wgs84").attrs == {}
    # Codes of another country may all have that many; it is said, no more.
    checked = check_residences(homes(zone_id=[short, short]), crs="wgs84")
    assert f"where division codes have {len(whole)}" in checked.attrs["notes"][0]


def test_ids_that_a_spreadsheet_turned_into_dates_are_refused():
    message = faults_of(check_sites, sites(site_id=["3-2", "2022-03-01"]), crs="wgs84")
    assert "column 'site_id': a date among codes in 1 row, row 1 ('2022-03-01')" in message


def test_words_for_nothing_are_empty_where_a_column_may_lack_values():
    table = homes(zone_id=["无", "/"], county_seat=["N/A", "是"], class_code=["—", "空"])
    checked = check_residences(table, crs="wgs84")
    assert checked[["zone_id", "class_code"]].isna().all(axis=None)
    assert checked["county_seat"].tolist() == [False, True]


def test_hours_come_from_opening_hours_where_there_is_no_number():
    table = sites(hours_per_day=["6小时", "暂无"], opening_hours=["8:00-20:00", "8:00-12:00"])
    checked = check_sites(table, crs="wgs84")
    assert checked["hours_per_day"].tolist() == [6.0, 4.0]
    assert checked["opening_hours"].tolist() == ["8:00-20:00", "8:00-12:00"]
    assert checked.attrs == {"notes": ["hours of a day taken from opening hours in 1 rows"]}


def test_hours_that_are_not_understood_are_listed_and_stay_unknown():
    table = sites(营业=["早九晚五", "无"])
    checked = check_sites(table, crs="wgs84", columns={"opening_hours": "营业"})
    assert checked["hours_per_day"].isna().all()
    assert checked["opening_hours"].isna().tolist() == [False, True]
    assert checked.attrs["hours_not_understood"] == [("1", "早九晚五")]
    # Its own number makes the text unimportant.
    numbered = check_sites(
        table.assign(hours_per_day=8), crs="wgs84", columns={"opening_hours": "营业"}
    )
    assert "hours_not_understood" not in numbered.attrs


def test_what_a_rule_decided_about_hours_is_noted():
    checked = check_sites(sites(opening_hours=["8:00-5:00", "8:00-9:00"]), crs="wgs84")
    assert checked["hours_per_day"].tolist() == [9.0, 1.0]
    assert "1 ('8:00-5:00 is read as till 17:00')" in checked.attrs["notes"][1]


def test_off_duty_is_closed_and_said_to_be_doubtful():
    checked = check_sites(sites(status=["休息", "空闲"]), crs="wgs84")
    assert checked["status"].tolist() == ["closed", "open"]
    assert "wrong where the list tells of one hour only" in checked.attrs["notes"][0]


def test_candidates_cost_one_each_unless_they_say():
    spots = sites().rename(columns={"site_id": "candidate_id"})
    assert check_candidates(spots, crs="wgs84")["cost"].tolist() == [1.0, 1.0]
    checked = check_candidates(
        spots.assign(price=["1,000", 5]), crs="wgs84", columns={"cost": "price"}
    )
    assert checked["cost"].tolist() == [1000.0, 5.0]
    assert "'price': not a number" in faults_of(
        check_candidates, spots.assign(price=["?", 5]), crs="wgs84", columns={"cost": "price"}
    )


def zones(**columns):
    boxes = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    return gpd.GeoDataFrame({"zone_id": ["1", "2"]} | columns, geometry=boxes, crs=4326)


def test_zones_gain_rows_for_parents_that_are_only_named():
    checked = check_zones(zones(parent_id=["9", "8"], name=["东", ""], colour=["r", "g"]))
    assert checked["zone_id"].tolist() == ["1", "2", "8", "9"]
    assert checked["name"].tolist() == ["东", "2", "8", "9"]
    assert checked.geometry.isna().tolist() == [False, False, True, True]
    assert checked["colour"].iloc[:2].tolist() == ["r", "g"]
    assert checked["parent_id"].isna().tolist() == [False, False, True, True]
    assert checked.crs.to_epsg() == 4326
    assert isinstance(checked, gpd.GeoDataFrame)


def test_only_parents_may_lack_a_polygon():
    given = zones(parent_id=[None, "1"])
    given.loc[0, "geometry"] = None
    assert check_zones(given).geometry.isna().tolist() == [True, False]
    given["parent_id"] = None
    assert "no place in 1 row, 1 ('missing'): expected Polygon" in faults_of(check_zones, given)


def test_zones_without_any_places_are_fine():
    checked = check_zones(pd.DataFrame({"zone_id": ["1"], "stage": ["city"]}))
    assert checked["stage"].tolist() == ["city"]
    assert checked.geometry.isna().all()


def test_zones_that_circle_are_refused():
    message = faults_of(check_zones, zones(parent_id=["2", "1"]))
    assert "their own ancestor: 1, 2" in message
    assert "their own ancestor: 1" in faults_of(check_zones, zones(parent_id=["1", ""]))
    outside = zones()
    outside["zone_id"] = ["outside", "2"]
    assert "'outside': that name is kept" in faults_of(check_zones, outside)
