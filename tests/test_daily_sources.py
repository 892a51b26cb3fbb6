"""Reading the tables of daily work that a plan names."""

import pandas as pd
import pytest

from walkcover import InputError, MissingFileError, PlanError
from walkcover.crs import to_gcj02
from walkcover.io.daily_sources import (
    read_bases,
    read_laboratories,
    read_plan_roads,
    read_stations,
    read_work_places,
)
from walkcover.plan_mapping import plan_from_mapping

HERE = (112.55, 37.87)


def plan_of(folder, **sections):
    base = {"network": {"source": "a.gpkg"}, "residences": {"source": "osm", "people": 1}}
    return plan_from_mapping(base | sections, folder=folder)


def test_a_csv_of_an_office_is_read_with_its_own_names(tmp_path):
    lon, lat = (float(one) for one in to_gcj02(*HERE))
    text = f'编号,名称,类别,人数,经度,纬度\nX1,第一中学,学校,"1,204人",{lon:.6f},{lat:.6f}\n'
    (tmp_path / "places.csv").write_bytes(text.encode("gb18030"))
    section = {
        "source": "places.csv",
        "crs": "gcj02",
        "id": "编号",
        "name": "名称",
        "kind": "类别",
        "people": "人数",
        "lon": "经度",
        "lat": "纬度",
    }
    places = read_work_places(plan_of(tmp_path, places=section))
    assert places[["place_id", "name", "kind", "people"]].values.tolist() == [
        ["X1", "第一中学", "school", 1204.0]
    ]
    assert places.geometry.x[0] == pytest.approx(HERE[0], abs=2e-6)
    assert places.geometry.y[0] == pytest.approx(HERE[1], abs=2e-6)


def test_a_workbook_of_laboratories_is_read(tmp_path):
    frame = pd.DataFrame(
        {"laboratory_id": ["L1"], "tubes_per_day": [906], "lon": [HERE[0]], "lat": [HERE[1]]}
    )
    frame.to_excel(tmp_path / "labs.xlsx", index=False)
    plan = plan_of(tmp_path, laboratories={"source": "labs.xlsx", "crs": "wgs84"})
    assert read_laboratories(plan)["tubes_per_day"].tolist() == [906.0]


def test_what_a_plan_does_not_name_is_not_there(tmp_path):
    plan = plan_of(tmp_path)
    assert read_work_places(plan) is None
    assert len(read_stations(plan)) == 0


def test_a_file_that_is_not_there_is_named(tmp_path):
    plan = plan_of(tmp_path, bases={"source": "bases.csv", "crs": "wgs84"})
    with pytest.raises(MissingFileError, match=r"bases\.csv"):
        read_bases(plan)


def test_a_table_without_its_system_is_refused(tmp_path):
    (tmp_path / "bases.csv").write_text("base_id,lon,lat\na,112.5,37.8\n", encoding="utf-8")
    with pytest.raises(InputError, match="crs"):
        read_bases(plan_of(tmp_path, bases={"source": "bases.csv"}))


def test_walks_are_no_roads(tmp_path):
    with pytest.raises(InputError, match=r"name an OpenStreetMap extract .* in \[roads\] source"):
        read_plan_roads(plan_of(tmp_path))


def test_an_unknown_key_is_refused(tmp_path):
    with pytest.raises(PlanError, match="did you mean 'teams'"):
        plan_of(tmp_path, bases={"source": "b.csv", "team": "n"})
