"""What reading a plan's files keeps of them."""

import hashlib

import geopandas as gpd
import town

from walkcover.io.inputs import read_inputs
from walkcover.io.plan_file import load_plan


def test_every_file_of_a_shapefile_has_its_checksum(tmp_path):
    town.make_town(tmp_path)
    gpd.read_file(tmp_path / "zones.geojson").to_file(tmp_path / "zones.shp", encoding="gb18030")
    town.change_plan(tmp_path / "plan.toml", zones={"source": "zones.shp"})
    inputs = read_inputs(load_plan(tmp_path / "plan.toml"))
    names = {f"zones.{suffix}" for suffix in ("shp", "dbf", "prj", "cpg")}
    assert {name for name in inputs.sha256 if name.startswith("zones")} == names
    for name in names:
        assert inputs.sha256[name] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
