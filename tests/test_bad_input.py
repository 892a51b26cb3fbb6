"""Whatever is wrong with the input: exit code 2, a message that helps, and nothing is written."""

import gzip
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
import town
from click.testing import CliRunner, Result

from walkcover.cli import main

PBF = Path(__file__).parents[1] / "data" / "town" / "streets.osm.pbf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    town.make_town(tmp_path / "town")
    return tmp_path / "town"


def listing(folder: Path) -> dict[Path, bytes | None]:
    """Everything in a folder: folders too, so that a left-over empty one is seen."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def refused(folder: Path, *words: str, command: Iterable[str] | None = None) -> str:
    """Run a command that must refuse; give its message."""
    before = listing(folder.parent)
    given = command or ["run", str(folder / "plan.toml"), "--out", str(folder.parent / "out")]
    result: Result = CliRunner().invoke(main, list(given))
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr
    missing = [word for word in words if word not in result.stderr]
    assert not missing, result.stderr
    assert listing(folder.parent) == before
    return result.stderr


def spoil_residences(folder: Path, row: int, **cells: object) -> None:
    rows = town.residence_rows()
    rows[row] |= cells
    town.write_rows(folder / "residences.csv", rows)


# Tables


def test_missing_column(folder: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "people"} for row in town.residence_rows()]
    town.write_rows(folder / "residences.csv", [{**row, "peple": 1} for row in rows])
    refused(folder, "residences.csv", "column 'people' is missing", "did you mean 'peple'?")


def test_duplicate_id(folder: Path) -> None:
    spoil_residences(folder, 3, residence_id="R01")
    refused(folder, "residences.csv", "'residence_id'", "used before", "R01", "one row per id")


def test_swapped_coordinates(folder: Path) -> None:
    rows = [{**row, "lon": row["lat"], "lat": row["lon"]} for row in town.residence_rows()]
    town.write_rows(folder / "residences.csv", rows)
    refused(folder, "residences.csv", "swapped")


def test_swapped_coordinates_that_the_globe_allows(folder: Path) -> None:
    """Where both orders are places on the globe only the network tells that one is wrong."""
    streets = (folder / "streets.osm").read_text(encoding="utf-8")
    (folder / "streets.osm").write_text(streets.replace('lon="11', 'lon="1'), encoding="utf-8")
    rows = [
        {**row, "lon": row["lat"], "lat": float(str(row["lon"])) - 100}
        for row in town.residence_rows()
    ]
    town.write_rows(folder / "residences.csv", [{**row, "stage": "city"} for row in rows])
    town.change_plan(folder / "plan.toml", zones={"source": ""}, sites={"source": ""})
    refused(folder, "residences.csv", "10 km", "swapped", "exchange the names")


def test_unknown_coordinate_system(folder: Path) -> None:
    town.change_plan(folder / "plan.toml", residences={"crs": "mars2000"})
    refused(folder, "residences.csv", "'mars2000'", "wgs84", "gcj02", "bd09")


def test_coordinate_system_that_nobody_names(folder: Path) -> None:
    town.change_plan(folder / "plan.toml", sites={"crs": ""})
    refused(folder, "sites.csv", "crs", "wgs84", "gcj02", "bd09")


@pytest.mark.parametrize(("crs", "expected"), [("EPSG:1", "EPSG register"), ("EPSG:4490", "metre")])
def test_unfit_metric_system_of_the_network(folder: Path, crs: str, expected: str) -> None:
    town.change_plan(folder / "plan.toml", network={"crs": crs})
    refused(folder, crs, expected)


def test_gb18030_is_read_as_well_as_utf_8(folder: Path) -> None:
    def run(out: Path) -> bytes:
        plan = str(folder / "plan.toml")
        result = CliRunner().invoke(main, ["assess", plan, "--out", str(out)])
        assert result.exit_code == 0, result.output
        return (out / "residences.parquet").read_bytes()

    expected = run(folder.parent / "utf8")
    town.write_rows(folder / "residences.csv", town.residence_rows(), encoding="gb18030")
    assert run(folder.parent / "gb18030") == expected


def test_neither_utf_8_nor_gb18030(folder: Path) -> None:
    content = (folder / "residences.csv").read_bytes()
    (folder / "residences.csv").write_bytes(content.replace("米".encode(), b"\xff\xff"))
    refused(folder, "residences.csv", "neither UTF-8 nor GB18030", "save the table as UTF-8")


@pytest.mark.parametrize("name", ["residences.csv", "sites.csv"])
@pytest.mark.parametrize("rows", [0, 1])
def test_empty_table(folder: Path, name: str, rows: int) -> None:
    lines = (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / name).write_text("".join(lines[:rows]), encoding="utf-8")
    refused(folder, name, "the table is empty", "at least one row")


@pytest.mark.parametrize("cell", ["nan", "", "many", "-3", "inf"])
def test_people_that_are_no_number(folder: Path, cell: str) -> None:
    spoil_residences(folder, 4, people=cell)
    refused(folder, "residences.csv", "'people'", "R05", f"{cell!r}", "a finite number from 0 on")


def test_nobody_at_all(folder: Path) -> None:
    town.write_rows(
        folder / "residences.csv", [{**row, "people": 0} for row in town.residence_rows()]
    )
    result = CliRunner().invoke(main, ["assess", str(folder / "plan.toml")])
    assert result.exit_code == 0, result.output
    assert "0 people; covered -" in result.stdout


def test_all_faults_in_one_message(folder: Path) -> None:
    rows = town.residence_rows()
    rows[0] |= {"people": "x"}
    rows[1] |= {"lon": ""}
    rows[2] |= {"residence_id": "R02"}
    town.write_rows(folder / "residences.csv", rows)
    refused(folder, "3 faults", "'people'", "'lon'", "'residence_id'")


def test_zone_that_does_not_exist(folder: Path) -> None:
    rows = [{**row, "zone_id": "1"} for row in town.residence_rows()]
    town.write_rows(folder / "residences.csv", rows)
    refused(folder, "16 rows", "R02", "not among the zones", "leading zeros were lost")


def test_overlapping_zones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        town, "ZONES", [("a", "甲", "", "city", -100, 4000), ("b", "乙", "", "city", 2000, 6000)]
    )
    town.write_zones(folder / "zones.geojson")
    refused(folder, "1 pairs overlap", "a and b", "cut one of each pair")


def test_stage_that_the_plan_does_not_have(folder: Path) -> None:
    spoil_residences(folder, 0, stage="village")
    refused(folder, "'village'", "R02", "city, county_town, countryside")


# Files and paths


@pytest.mark.parametrize("section", ["network", "residences", "sites", "zones"])
def test_source_that_does_not_exist(folder: Path, section: str) -> None:
    suffix = ".osm" if section == "network" else ".csv"
    town.change_plan(folder / "plan.toml", **{section: {"source": f"gone{suffix}"}})
    refused(folder, f"[{section}] source = 'gone{suffix}'", "do not exist", "start from the folder")


def test_all_missing_sources_in_one_message(folder: Path) -> None:
    gone: dict[str, Any] = {name: {"source": f"no_{name}.csv"} for name in ("sites", "zones")}
    town.change_plan(folder / "plan.toml", **gone)
    refused(folder, "no_sites.csv", "no_zones.csv")


@pytest.mark.parametrize("section", ["network", "residences", "sites", "zones"])
def test_source_of_an_unknown_kind(folder: Path, section: str) -> None:
    (folder / "notes.docx").write_bytes(b"x")
    town.change_plan(folder / "plan.toml", **{section: {"source": "notes.docx"}})
    refused(folder, "notes.docx", "expected one of")


def test_plan_that_does_not_exist(folder: Path) -> None:
    gone = str(folder / "gone.toml")
    refused(folder, "gone.toml", "no such plan file", "walkcover init", command=["check", gone])


def test_plan_that_is_a_folder(folder: Path) -> None:
    refused(folder, str(folder), "is a directory", command=["check", str(folder)])


def test_plan_that_is_no_toml(folder: Path) -> None:
    (folder / "plan.toml").write_text("[plan\n", encoding="utf-8")
    refused(folder, "plan.toml", "not a TOML file", "line 1")


@pytest.mark.parametrize(
    ("section", "key", "meant"),
    [("residences", "poeple", "people"), ("walk", "limit_mins", "limit_min")],
)
def test_misspelt_key(folder: Path, section: str, key: str, meant: str) -> None:
    town.change_plan(folder / "plan.toml", **{section: {key: "x"}})
    refused(folder, "plan.toml", f"[{section}] has no key {key!r}; did you mean {meant!r}?")


def test_misspelt_section(folder: Path) -> None:
    town.change_plan(folder / "plan.toml", zone={"source": ""})
    refused(folder, "[zone] is not a section of a plan; did you mean 'zones'?")


@pytest.mark.parametrize("command", ["run", "assess", "suggest"])
def test_output_folder_that_is_a_file(folder: Path, command: str) -> None:
    plan, out = str(folder / "plan.toml"), folder.parent / "out"
    out.write_text("mine", encoding="utf-8")
    refused(folder, "out", "is a file", command=[command, plan, "--out", str(out)])


@pytest.mark.parametrize("command", ["run", "assess", "suggest", "map", "report", "isochrones"])
def test_output_below_a_file(folder: Path, command: str) -> None:
    plan, out = str(folder / "plan.toml"), folder.parent / "file"
    out.write_text("mine", encoding="utf-8")
    below = str(out / "below.html")
    refused(folder, str(out), "not a folder", command=[command, plan, "--out", below])


def test_starter_plan_below_a_file(folder: Path) -> None:
    below = folder / "plan.toml" / "plan.toml"
    refused(folder, "plan.toml", "not a folder", command=["init", str(below)])


@pytest.mark.parametrize("section", ["network", "residences", "sites", "zones"])
def test_geopackage_of_two_layers(folder: Path, section: str) -> None:
    shapes = gpd.GeoDataFrame({"highway": ["footway"]}, geometry=[shapely.Point(1, 1)], crs=4326)
    for layer in ("old", "new"):
        shapes.to_file(folder / "two.gpkg", layer=layer)
    town.change_plan(folder / "plan.toml", **{section: {"source": "two.gpkg", "crs": "auto"}})
    refused(folder, "two.gpkg", "layers", "old, new", "name one")
    town.change_plan(
        folder / "plan.toml", **{section: {"source": "two.gpkg", "layer": "nw", "crs": "auto"}}
    )
    refused(folder, "two.gpkg", "no layer 'nw'", "old, new")


# Street files


@pytest.mark.parametrize("share", [0.0, 0.0002, 0.1, 0.5, 0.9, 0.9999])
def test_extract_cut_off(folder: Path, share: float) -> None:
    content = PBF.read_bytes()
    (folder / "cut.osm.pbf").write_bytes(content[: int(share * len(content))])
    town.change_plan(folder / "plan.toml", network={"source": "cut.osm.pbf"})
    refused(folder, "cut.osm.pbf", "cannot be read to its end", "download or cut it again")


def test_extract_cut_off_read_for_buildings(folder: Path) -> None:
    (folder / "cut.osm.pbf").write_bytes(PBF.read_bytes()[:-1])
    town.change_plan(
        folder / "plan.toml",
        network={"source": "cut.osm.pbf"},
        residences={"source": "osm", "people": 3},
    )
    refused(folder, "cut.osm.pbf", "cannot be read to its end")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.99])
def test_packed_extract_cut_off(folder: Path, share: float) -> None:
    content = gzip.compress((folder / "streets.osm").read_bytes(), mtime=0)
    (folder / "cut.osm.gz").write_bytes(content[: int(share * len(content))])
    town.change_plan(folder / "plan.toml", network={"source": "cut.osm.gz"})
    refused(folder, "cut.osm.gz", "cannot be read to its end")


@pytest.mark.parametrize("name", ["text.osm.pbf", "text.osm", "text.osm.gz"])
def test_extract_that_is_a_text(folder: Path, name: str) -> None:
    (folder / name).write_text("<html>404 Not Found</html>", encoding="utf-8")
    town.change_plan(folder / "plan.toml", network={"source": name})
    refused(folder, name, "cannot be read to its end", "download or cut it again")


@pytest.mark.parametrize(
    "name", ["t.gpkg", "t.geojson", "t.shp", "t.graphml", "t.graphml.gz", "t.parquet"]
)
def test_other_street_file_that_is_a_text(folder: Path, name: str) -> None:
    (folder / name).write_text("<html>404 Not Found</html>", encoding="utf-8")
    town.change_plan(folder / "plan.toml", network={"source": name})
    refused(folder, name)


@pytest.mark.parametrize("name", ["t.xlsx", "t.gpkg", "t.geojson", "t.shp", "t.parquet"])
@pytest.mark.parametrize("content", ["", "<html>404 Not Found</html>"])
def test_other_table_that_is_a_text(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content, encoding="utf-8")
    town.change_plan(folder / "plan.toml", residences={"source": name})
    refused(folder, name, "cannot be read")


def test_extract_without_streets(folder: Path) -> None:
    streets = (folder / "streets.osm").read_text(encoding="utf-8")
    (folder / "streets.osm").write_text(streets.replace("highway", "waterway"), encoding="utf-8")
    refused(folder, "streets.osm", "no way that people may walk along")


def test_saved_network_of_another_limit(folder: Path) -> None:
    plan = folder / "plan.toml"
    saved = folder / "network.parquet"
    result = CliRunner().invoke(main, ["assess", str(plan), "--save-network", str(saved)])
    assert result.exit_code == 0, result.output
    town.change_plan(plan, network={"source": saved.name}, walk={"min_component_m": 5})
    refused(folder, "network.parquet", "min_component_m = 1000", "5", "build it again")


def test_buildings_of_a_file_without_any(folder: Path) -> None:
    town.change_plan(folder / "plan.toml", residences={"source": "osm", "people": 3})
    refused(folder, "streets.osm", "no residential building")
    town.change_plan(folder / "plan.toml", residences={"source": "osm"})
    refused(folder, 'source = "osm"', "set people to a number", "[population]")


# Places off the network


def test_every_site_some_500_m_off_any_street(folder: Path) -> None:
    rows = town.site_rows()
    for number, row in enumerate(rows):
        lon, lat = town.place(-500, 500 * number)
        row |= {"lon": lon, "lat": lat, "status": "open"}
    town.write_rows(folder / "sites.csv", rows)
    refused(folder, "3 open sites", "250 m", "GCJ-02", "BD-09", "crs in [sites]")


@pytest.mark.parametrize("name", ["residences.csv", "sites.csv"])
def test_everything_over_10_km_away(folder: Path, name: str) -> None:
    rows = town.residence_rows() if name == "residences.csv" else town.site_rows()
    for row in rows:
        row |= {"lon": float(str(row["lon"])) + 1, "stage": "city"}
    town.write_rows(folder / name, rows)
    refused(folder, name, f"none of {len(rows)} lies within 10 km", "87 km", "112.0000 37.0000")


def test_no_residence_near_any_street(folder: Path) -> None:
    rows = [
        {**row, "lon": town.place(-600, 0)[0], "stage": "city"} for row in town.residence_rows()
    ]
    town.write_rows(folder / "residences.csv", rows)
    refused(folder, "residences", "250 m", "street")


# Every command


@pytest.mark.parametrize(
    "command", ["run", "check", "assess", "suggest", "map", "report", "isochrones"]
)
def test_every_command_refuses_alike(folder: Path, command: str) -> None:
    spoil_residences(folder, 3, residence_id="R01")
    name = "out.html" if command == "report" else "out"
    out = [] if command == "check" else ["--out", str(folder.parent / name)]
    refused(folder, "used before", command=[command, str(folder / "plan.toml"), *out])


def test_the_message_as_people_see_it(folder: Path) -> None:
    spoil_residences(folder, 4, people="many")
    script = "from walkcover.cli import main; main()"
    call = [sys.executable, "-c", script, "run", "plan.toml", "--out", "out"]
    done = subprocess.run(call, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.decode().splitlines() == [
        "Error: residences.csv: 1 fault:",
        "  column 'people': not a number in 1 row, R05 ('many'): "
        "expected a finite number from 0 on, as 215, 1,204 or 215人",
    ]
    assert not (folder / "out").exists()
