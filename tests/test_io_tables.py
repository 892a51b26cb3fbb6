import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from walkcover import InputError, MissingFileError
from walkcover.crs import to_bd09, to_gcj02
from walkcover.io.plan_file import load_plan
from walkcover.io.sources import (
    read_candidates,
    read_residences,
    read_sites,
    read_zone_people,
    read_zones,
)
from walkcover.io.tables import read_places, read_table
from walkcover.plan_mapping import plan_from_mapping
from walkcover.zones import assign_stages, assign_zones

TOWN = Path(__file__).parents[1] / "data" / "town"
HEADER = "residence_id,people,lon,lat\n"


def refusal(function, *args, **options):
    with pytest.raises(InputError) as caught:
        function(*args, **options)
    return str(caught.value)


def plan_in(folder, **sections):
    needed = {"network": {"source": "x.pbf"}, "residences": {"source": "osm"}}
    return plan_from_mapping(needed | sections, folder=folder)


def write_book(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


@pytest.fixture
def two_points():
    return gpd.GeoDataFrame(
        {"code": ["007", "008"], "levels": [3, 4]},
        geometry=gpd.points_from_xy([112.5, 112.6], [37.8, 37.9]),
        crs=4326,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gb2312", "utf-16"])
def test_csv_of_chinese_offices_are_read_whatever_their_encoding(tmp_path, encoding):
    path = tmp_path / "表.csv"
    path.write_bytes("编号,名称\n007,迎春小区\n".encode(encoding))
    table = read_table(path)
    assert table.columns.tolist() == ["编号", "名称"]
    assert table.iloc[0].tolist() == ["007", "迎春小区"]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with byte order mark"),
        ("gb18030", "GB18030"),
        ("utf-16", "UTF-16"),
    ],
)
def test_the_encoding_that_was_found_reaches_the_checked_table(tmp_path, encoding, name):
    text = "编号,名称,lon,lat\n007,迎春小区,112.5,37.8\n"
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    plan = plan_in(tmp_path, sites={"source": "t.csv", "crs": "wgs84", "id": "编号"})
    assert read_sites(plan).attrs["notes"] == [f"encoding {name}"]


def test_gb18030_beyond_gbk_is_read(tmp_path):
    path = tmp_path / "t.csv"
    # The second character of the name is in GB18030 only.
    path.write_bytes("name\n王㛃\U00020bb7\n".encode("gb18030"))
    assert read_table(path)["name"].tolist() == ["王㛃\U00020bb7"]


def test_bytes_in_no_encoding_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"name\n\xff\xff\xff\n")
    assert "neither UTF-8 nor GB18030: save the table as UTF-8" in refusal(read_table, path)


def test_embedded_line_breaks_and_empty_lines_keep_the_rows_of_the_sheet(tmp_path):
    path = tmp_path / "t.csv"
    text = (
        'residence_id,note,people,lon,lat\na,"one\ntwo",5,112.5,37.8\n\n,"x,y",5,112.5,37.8\n,,,,\n'
    )
    path.write_text(text, encoding="utf-8", newline="")
    table = read_table(path)
    assert table["note"].tolist() == ["one\ntwo", "x,y"]
    # As a spreadsheet numbers them: header 1, a 2, the empty line 3.
    assert table.index.tolist() == [2, 4]
    plan = plan_in(tmp_path, residences={"source": "t.csv", "crs": "wgs84"})
    assert "'residence_id': empty in 1 row, row 4 ('')" in refusal(read_residences, plan)


def test_headers_and_rows_must_fit(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n1,2,3\n1,2,,\n1\n", encoding="utf-8")
    assert "more cells than the header has in 1 rows, first row 3" in refusal(read_table, path)
    path.write_text("a,b,,\n1,2,,\n1\n", encoding="utf-8")
    assert read_table(path).to_numpy().tolist() == [["1", "2"], ["1", ""]]
    path.write_text("\n \n", encoding="utf-8")
    assert "the table is empty" in refusal(read_table, path)
    path.write_text("a,a,lon,lat\n1,2,3,4\n", encoding="utf-8")
    assert "t.csv: 1 fault:\n  columns that are there twice: 'a'" in refusal(
        read_places, path, crs="wgs84"
    )


@pytest.mark.parametrize("cells", ['"gate', 'y,"two" gates'])
def test_a_quote_that_is_not_closed_swallows_no_rows(tmp_path, cells):
    path = tmp_path / "t.csv"
    path.write_text(f"a,b,c\n1,x,{cells}\n2,y,z\n3,y,z\n", encoding="utf-8")
    message = refusal(read_table, path)
    assert message.startswith("t.csv: no table can be read at line ")
    assert "expected every quoted cell to be closed" in message


def test_header_without_rows_is_an_empty_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(HEADER, encoding="utf-8")
    assert "the table is empty" in refusal(read_places, path, crs="wgs84")


def test_workbooks_give_text_as_people_see_it(tmp_path):
    rows = [
        ["站点编号", "人数", "经度", "纬度"],
        [7, 12.5, 112.5, 37.8],
        ["08", None, "112.6", 37.9],
    ]
    path = write_book(tmp_path / "t.xlsx", 站点=rows, Sheet2=[])
    table = read_table(path)
    assert table["站点编号"].tolist() == ["7", "08"]
    assert table["人数"].tolist() == ["12.5", ""]
    assert table.index.tolist() == [2, 3]
    placed = read_places(path, crs="wgs84", lon="经度", lat="纬度")
    assert placed.get_coordinates().to_numpy().tolist() == [[112.5, 37.8], [112.6, 37.9]]


def test_sheets_are_chosen_by_name(tmp_path):
    path = write_book(tmp_path / "t.xlsx", one=[["a"], [1]], two=[["b"], [2]])
    assert "several sheets have content: name one of one, two" in refusal(read_table, path)
    assert read_table(path, layer="two")["b"].tolist() == ["2"]
    assert "no sheet 'three'; the workbook has one, two" in refusal(read_table, path, layer="three")
    path.write_bytes(b"not a workbook")
    assert "the file cannot be read" in refusal(read_table, path)


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "shp", "parquet"])
def test_every_format_of_places_is_read(tmp_path, two_points, suffix):
    path = tmp_path / f"t.{suffix}"
    if suffix == "parquet":
        two_points.to_parquet(path)
    else:
        two_points.to_file(path)
    placed = read_places(path)
    assert placed.crs.to_epsg() == 4326
    assert placed.index.tolist() == [0, 1]
    assert placed["code"].tolist() == ["007", "008"]
    assert np.allclose(placed.get_coordinates(), [[112.5, 37.8], [112.6, 37.9]])


def test_plain_parquet_has_columns_of_coordinates(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"code": ["007"], "lon": [112.5], "lat": [37.8]}).to_parquet(path)
    assert "crs is missing" in refusal(read_places, path)
    assert read_places(path, crs="EPSG:4490")["code"].tolist() == ["007"]


def test_the_crs_of_a_file_holds(tmp_path, two_points):
    path = tmp_path / "t.gpkg"
    two_points.to_crs(32649).to_file(path)
    for crs in ("", "wgs84", "EPSG:32649"):
        placed = read_places(path, crs=crs)
        assert np.allclose(placed.get_coordinates(), two_points.get_coordinates(), atol=1e-8)
    assert "contradicts" in refusal(read_places, path, crs="EPSG:4547")


@pytest.mark.parametrize(("system", "shift"), [("gcj02", to_gcj02), ("bd09", to_bd09)])
def test_shifted_degrees_in_files_that_cannot_say_so(tmp_path, two_points, system, shift):
    lon, lat = shift(*two_points.get_coordinates().to_numpy().T)
    shifted = two_points.set_geometry(gpd.points_from_xy(lon, lat, crs=4326))
    shifted.to_file(tmp_path / "t.gpkg")
    placed = read_places(tmp_path / "t.gpkg", crs=system)
    assert np.allclose(placed.get_coordinates(), two_points.get_coordinates(), atol=1e-8)


def test_shapefiles_without_a_prj_need_a_crs(tmp_path, two_points):
    two_points.to_file(tmp_path / "t.shp")
    (tmp_path / "t.prj").unlink()
    assert "crs is missing" in refusal(read_places, tmp_path / "t.shp")
    assert len(read_places(tmp_path / "t.shp", crs="cgcs2000")) == 2


@pytest.mark.parametrize("encoding", ["GB18030", "UTF-8"])
def test_shapefiles_that_hide_their_encoding_are_read(tmp_path, two_points, encoding):
    named = two_points.assign(name=["迎春小区", "河边村"])
    named.to_file(tmp_path / "t.shp", encoding=encoding)
    (tmp_path / "t.cpg").unlink(missing_ok=True)
    table = tmp_path / "t.dbf"
    content = bytearray(table.read_bytes())
    content[29] = 0
    table.write_bytes(content)
    assert read_places(tmp_path / "t.shp")["name"].tolist() == ["迎春小区", "河边村"]


def test_layers_are_chosen_by_name(tmp_path, two_points):
    path = tmp_path / "t.gpkg"
    two_points.to_file(path, layer="homes")
    two_points.iloc[:1].to_file(path, layer="shops")
    assert "several layers: name one of homes, shops" in refusal(read_table, path)
    assert len(read_table(path, layer="shops")) == 1
    assert "no layer 'x'; the file has homes, shops" in refusal(read_table, path, layer="x")


def test_unreadable_and_missing_files_are_named(tmp_path):
    with pytest.raises(MissingFileError, match="there is no such file"):
        read_table(tmp_path / "t.csv")
    for name in ("t.geojson", "t.gpkg", "t.shp", "t.parquet"):
        (tmp_path / name).write_text("{", encoding="utf-8")
        assert "the file cannot be read" in refusal(read_table, tmp_path / name)
    (tmp_path / "t.odt").write_text("", encoding="utf-8")
    assert "unknown kind of table '.odt': expected one of .csv" in refusal(
        read_table, tmp_path / "t.odt"
    )


@pytest.mark.parametrize("suffix", [".xls", ".et", ".ods"])
def test_workbooks_of_other_programs_are_refused_with_advice(tmp_path, suffix):
    (tmp_path / f"t{suffix}").write_bytes(b"")
    message = refusal(read_table, tmp_path / f"t{suffix}")
    assert f"a {suffix} workbook is not read" in message
    assert "save it as .xlsx" in message


def test_workbooks_under_a_wrong_name_are_recognised(tmp_path):
    book = write_book(tmp_path / "t.xlsx", one=[["a"], [1]])
    (tmp_path / "t.csv").write_bytes(book.read_bytes())
    assert "this is a workbook, not text" in refusal(read_table, tmp_path / "t.csv")
    (tmp_path / "u.xlsx").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1"))
    assert "an old workbook (.xls), or one under a password" in refusal(
        read_table, tmp_path / "u.xlsx"
    )


def test_a_list_of_an_office_as_it_comes(tmp_path):
    text = (
        "各社区采样点一览表,,,,,\n"
        "编号,经纬度,,采样台,工作时间,状态\n"
        ",经度,纬度,,,\n"
        "007,112.5,37.8,2个,周一至周五 8:00-12:00,正常\n"
        "008,112.6,37.9,暂无,详见公告,暂停采样\n"
        "合计,,,2,,\n"
        "注:以公告为准,,,,,\n"
    )
    (tmp_path / "t.csv").write_bytes(text.encode("gb18030"))
    section = {
        "source": "t.csv",
        "crs": "wgs84",
        "id": "编号",
        "lon": "经纬度/经度",
        "lat": "纬度",
        "desks": "采样台",
        "status": "状态",
        "opening_hours": "工作时间",
    }
    sites = read_sites(plan_in(tmp_path, sites=section))
    assert sites["site_id"].tolist() == ["007", "008"]
    assert sites["status"].tolist() == ["open", "closed"]
    assert sites["desks"].iloc[0] == 2
    # 4 hours on 5 of 7 days.
    assert sites["hours_per_day"].iloc[0] == pytest.approx(20 / 7)
    assert sites[["desks", "hours_per_day"]].iloc[1].isna().all()
    assert sites.attrs["hours_not_understood"] == [("008", "详见公告")]
    assert sites.attrs["notes"] == [
        "encoding GB18030",
        "row 1 is a title (各社区采样点一览表) and was left out",
        "header in rows 2-3",
        "row 7 is a note (注:以公告为准) and was left out",
        "row 6 is a total row (合计) and was left out",
        "hours of a day taken from opening hours in 1 rows",
    ]
    assert sites.columns.tolist() == [
        "site_id", "name", "status", "desks", "opening_hours", "hours_per_day", "geometry",
    ]  # fmt: skip


def test_residences_of_a_plan_with_all_their_faults(tmp_path):
    text = HEADER + "B12,many,112.5,37.8\nB90,,112.5,37.8\nB90,3,east,37.8\n"
    (tmp_path / "residences.csv").write_text(text, encoding="utf-8")
    plan = plan_in(tmp_path, residences={"source": "residences.csv"})
    message = refusal(read_residences, plan)
    assert message.startswith("residences.csv: 4 faults:\n  ")
    assert "used before in 1 row, row 4 ('B90')" in message
    assert "column 'people': not a number in 2 rows, first B12 ('many'), B90 ('')" in message
    assert "column 'lon': not a coordinate in 1 row, B90 ('east')" in message
    assert "the crs of every csv or xlsx" in message


def test_residences_of_a_plan_in_chinese(tmp_path):
    text = (
        '编号,人数,经度,纬度,区划码,城乡分类,县城,名称\n007,"1,204",112.5,37.8,0101,121,是,东门\n'
    )
    (tmp_path / "小区.csv").write_bytes(text.encode("gb18030"))
    section = {
        "source": "小区.csv",
        "crs": "wgs84",
        "id": "编号",
        "people": "人数",
        "lon": "经度",
        "lat": "纬度",
        "zone": "区划码",
        "class_code": "城乡分类",
        "county_seat": "县城",
    }
    checked = read_residences(plan_in(tmp_path, residences=section))
    row = checked.iloc[0]
    assert row.drop("geometry").to_dict() == {
        "residence_id": "007",
        "people": 1204.0,
        "zone_id": "0101",
        "class_code": "121",
        "county_seat": True,
        "名称": "东门",
    }
    assert row["geometry"].equals(shapely.Point(112.5, 37.8))


def test_people_may_be_a_number_or_come_later(tmp_path):
    (tmp_path / "t.csv").write_text("residence_id,lon,lat\na,112.5,37.8\n", encoding="utf-8")
    section = {"source": "t.csv", "crs": "wgs84"}
    assert "'people' is missing" in refusal(read_residences, plan_in(tmp_path, residences=section))
    fixed = plan_in(tmp_path, residences=section | {"people": 12})
    assert read_residences(fixed)["people"].tolist() == [12.0]
    later = plan_in(tmp_path, residences=section, population={"source": "p.csv"})
    assert read_residences(later)["people"].tolist() == [0.0]


def test_zone_people_of_a_plan(tmp_path):
    (tmp_path / "p.csv").write_text('区,常住\n01,"1,204"\n02,5人\n', encoding="utf-8-sig")
    section = {"source": "p.csv", "zone": "区", "people": "常住"}
    totals = read_zone_people(plan_in(tmp_path, population=section))
    assert totals.to_dict() == {"01": 1204.0, "02": 5.0}
    (tmp_path / "p.csv").write_text("区,常住\n01,x\n01,-1\n", encoding="utf-8")
    assert "p.csv: 3 faults" in refusal(read_zone_people, plan_in(tmp_path, population=section))


def test_sites_and_candidates_of_a_plan(tmp_path):
    lon, lat = to_gcj02(112.5, 37.8)
    rows = [["编号", "状态", "lon", "lat", "电话"], [1, "关闭", float(lon), float(lat), 123]]
    write_book(tmp_path / "s.xlsx", 站点=rows)
    section = {"source": "s.xlsx", "crs": "gcj02", "id": "编号", "status": "状态"}
    checked = read_sites(plan_in(tmp_path, sites=section))
    assert checked[["site_id", "name", "status", "电话"]].values.tolist() == [
        ["1", "", "closed", "123"]
    ]
    assert np.allclose(checked.get_coordinates(), [[112.5, 37.8]], atol=1e-8)
    (tmp_path / "c.csv").write_text("candidate_id,lon,lat\nc,112.5,37.8\n", encoding="utf-8")
    section = {"source": "c.csv", "crs": "wgs84"}
    checked = read_candidates(plan_in(tmp_path, candidates=section))
    assert checked[["candidate_id", "cost"]].values.tolist() == [["c", 1.0]]


def test_zones_of_a_plan(tmp_path):
    frame = gpd.GeoDataFrame(
        {"code": ["0101"], "county": ["01"]}, geometry=[shapely.box(112, 37, 113, 38)], crs=4490
    )
    frame.to_file(tmp_path / "z.gpkg")
    section = {"source": "z.gpkg", "id": "code", "parent": "county"}
    checked = read_zones(plan_in(tmp_path, zones=section))
    assert checked["zone_id"].tolist() == ["0101", "01"]
    assert checked.crs.to_epsg() == 4326


def test_the_example_town_is_read():
    plan = load_plan(TOWN / "plan.toml")
    homes, sites, zones = read_residences(plan), read_sites(plan), read_zones(plan)
    # Counts and totals as data/README.md and the table of zone totals state them.
    assert len(homes) == 3479
    assert homes["people"].sum() == 209_426
    assert sites["status"].value_counts().to_dict() == {"open": 28, "closed": 1, "planned": 1}
    totals = read_table(TOWN / "zone_people.csv").set_index("区划码")["常住人口"].astype(float)
    named = assign_zones(homes, zones)
    assert homes.groupby(named)["people"].sum().to_dict() == totals.to_dict()
    # Residences name the very zone that their point lies in.
    assert assign_zones(homes.drop(columns="zone_id"), zones).tolist() == named.tolist()
    # The six street offices are the city, the county-seat town is a zone of its own.
    people = homes.groupby(assign_stages(homes, zones, plan.stages))["people"].sum()
    assert people["city"] == totals[totals.index.str.startswith("14900200")].sum()
    assert people["county_town"] == totals["149021100000"]


def test_the_town_as_a_workbook_is_the_same_town(tmp_path):
    rows = read_table(TOWN / "residences.csv")
    write_book(tmp_path / "r.xlsx", 住户=[rows.columns.tolist(), *rows.to_numpy().tolist()])
    text = (TOWN / "plan.toml").read_text(encoding="utf-8")
    (tmp_path / "plan.toml").write_text(text.replace("residences.csv", "r.xlsx"), encoding="utf-8")
    again = read_residences(load_plan(tmp_path / "plan.toml"))
    assert_geodataframe_equal(again, read_residences(load_plan(TOWN / "plan.toml")))


def test_messy_sites_of_a_real_city(real_data):
    table = read_table(real_data / "hangzhou" / "hangzhou_sites.geojson")
    assert len(table) == 844
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        placed = read_places(real_data / "hangzhou" / "hangzhou_sites.geojson", crs="gcj02")
    assert len(placed) == 844
    assert placed["名称"].notna().all()


def test_the_hours_and_states_of_a_real_city(real_data):
    section = {
        "source": "hangzhou_sites.geojson",
        "crs": "gcj02",
        "id": "ID",
        "name": "名称",
        "status": "状态",
        "opening_hours": "工作时间",
    }
    sites = read_sites(plan_in(real_data / "hangzhou", sites=section))
    # 休息 470 times and 空闲 374 times.
    assert sites["status"].value_counts().to_dict() == {"closed": 470, "open": 374}
    assert any("off duty" in note for note in sites.attrs["notes"])
    unclear = [site for site, _ in sites.attrs["hours_not_understood"]]
    assert sites.loc[sites["hours_per_day"].isna(), "site_id"].tolist() == unclear
    assert len(unclear) <= 0.05 * len(sites)
    assert sites["hours_per_day"].dropna().between(0.25, 24).all()


@pytest.mark.parametrize("layer", ["buildings", "residential_areas", "facilities"])
def test_real_polygons_are_places(real_data, layer):
    path = real_data / "taiyuan_east" / "taiyuan_east.gpkg"
    placed = read_places(path, layer=layer)
    assert len(placed) == pyogrio.read_info(path, layer=layer)["features"]
    assert placed.is_valid.all()
