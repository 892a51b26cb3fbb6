"""The output folder: its files and columns, the same figures everywhere, the same bytes again."""

import csv
import dataclasses
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import town
from excel import open_book, read_tables

import walkcover
from walkcover import Result
from walkcover.io.writers import write_geopackage
from walkcover.maps.report_workbook import write_report_workbook
from walkcover.output import WRITERS, refuse_existing, write, write_one

FILES = {
    "residences.parquet", "sites.parquet", "rollout.csv", "remedies.csv", "closures.csv",
    "zones.parquet", "coverage.gpkg", "map.html", "report.html", "report.docx", "report.xlsx",
    "summary.json",
}  # fmt: skip
RESIDENCE_COLUMNS = [
    "residence_id", "people", "zone_id", "stage", "lon", "lat", "snap_m", "snap_to", "walk_s",
    "site_id", "verdict",
]  # fmt: skip
AFTER_COLUMNS = ["walk_s_after", "site_id_after", "verdict_after"]
SITE_COLUMNS = [
    "site_id", "name", "origin", "stage", "order", "lon", "lat", "snap_m", "snap_to",
    "people_served", "people_gained",
]  # fmt: skip
ROLLOUT_COLUMNS = [
    "order", "stage", "site_id", "zone_name", "near", "lon", "lat", "lon_gcj02", "lat_gcj02",
    "people_gained", "covered_people", "covered_share",
]  # fmt: skip
REMEDY_COLUMNS = [
    "order", "stage", "remedy", "people", "residences", "residence_ids", "reason", "zone_id",
    "zone_name", "near", "lon", "lat", "lon_gcj02", "lat_gcj02", "place_id", "sites",
    "street_m", "limit_min", "miss_s", "candidate_miss_s", "needed",
]  # fmt: skip
ZONE_SUMS = [
    "covered_people", "covered_share", "gap_people", "unreached_people", "mean_walk_s",
    "worst_walk_s", "sites", "people_per_site",
]  # fmt: skip
ZONE_COLUMNS = ["zone_id", "name", "parent_id", "stage", "residences", "people", *ZONE_SUMS]
SUGGESTED = ["N001", "N002"]
# The city's site reaches R03 to R06 (R04, R05 and R06 are new), the county town's R07 and R08.
COVERED, COVERED_AFTER = 60, 60 + town.COVERED_BY_PLANNED + (40 + 50 + 60) + (70 + 80)


@pytest.fixture(scope="module")
def plan_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town.make_town(tmp_path_factory.mktemp("first") / "town")


@pytest.fixture(scope="module")
def result(plan_path: Path) -> Result:
    return walkcover.run(walkcover.load_plan(plan_path))


@pytest.fixture(scope="module")
def out(plan_path: Path) -> Path:
    """The output of a process of its own."""
    return run_alone(plan_path, hash_seed="1")


def run_alone(plan_path: Path, *, hash_seed: str) -> Path:
    out = plan_path.parent / "out"
    subprocess.run(
        [
            sys.executable,
            *("-c", "from walkcover.cli import main; main()"),
            *("run", str(plan_path), "--out", str(out)),
        ],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
    )
    return out


def table(out: Path, name: str) -> gpd.GeoDataFrame:
    return gpd.read_parquet(out / f"{name}.parquet")


def summary(out: Path) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    text = (out / "summary.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return loaded


def sheet(out: Path, name: str) -> list[tuple[Any, ...]]:
    return read_tables(out / "report.xlsx")[name]


def in_order(wanted: list[str], columns: list[str]) -> bool:
    """Tell whether all wanted columns are there, in this order; others may stand between."""
    rest = iter(columns)
    return all(name in rest for name in wanted)


# Files and columns


def test_files(out: Path) -> None:
    assert {path.name for path in out.iterdir()} == {*FILES, "run.log"}


def test_residences_keep_their_order_and_bring_their_columns(out: Path) -> None:
    residences = table(out, "residences")
    assert residences["residence_id"].tolist() == [row[0] for row in town.RESIDENCES]
    columns = residences.columns.tolist()
    assert columns[: len(RESIDENCE_COLUMNS) + 3] == RESIDENCE_COLUMNS + AFTER_COLUMNS
    assert columns[len(RESIDENCE_COLUMNS) + 3 :] == ["gate_unknown", "address", "geometry"]
    assert residences["address"].tolist() == [row[5] for row in town.RESIDENCES]
    assert residences.crs == "EPSG:4326"


def test_residences_say_what_was_worked_out_by_hand(out: Path) -> None:
    residences = table(out, "residences").set_index("residence_id")
    people = residences.groupby("verdict")["people"].sum()
    assert people.to_dict() == {k: n for k, n in town.VERDICTS.items() if k in people.index}
    assert sum(town.VERDICTS.values()) == people.sum() == town.PEOPLE
    # Coordinates of the streets are rounded to a tenth of a millimetre.
    for name, walk_s in town.WALKS_S.items():
        assert residences.loc[name, "walk_s"] == pytest.approx(walk_s, abs=0.001)
    assert residences.loc[["R14", "R15", "R16"], "walk_s"].tolist() == [float("inf")] * 3
    assert residences.loc["R12", "zone_id"] == "outside"
    # R09 lies exactly 1,000 m from the planned site.
    assert residences.loc["R09", "verdict_after"] == "covered"


def test_sites(out: Path) -> None:
    sites = table(out, "sites").set_index("site_id", drop=False)
    assert in_order(SITE_COLUMNS, sites.columns.tolist())
    assert sites.index.tolist() == [row[0] for row in town.SITES] + SUGGESTED
    assert sites["origin"].tolist() == ["existing"] * 3 + ["suggested"] * 2
    assert sites["phone"].tolist()[:3] == ["0351-B1", "0351-B2", "0351-B3"]
    assert sites["order"].tolist()[3:] == [1, 2]
    assert sites["stage"].tolist()[3:] == ["city", "county_town"]
    assert sites["people_gained"].tolist()[3:] == [150, 150]
    assert sites.loc["B2", "people_served"] == 0


def test_rollout_is_a_csv_that_excel_reads(out: Path) -> None:
    content = (out / "rollout.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == content.count(b"\n") == 1 + len(SUGGESTED)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert list(rows[0]) == ROLLOUT_COLUMNS
    assert [row["site_id"] for row in rows] == SUGGESTED
    assert [row["zone_name"] for row in rows] == ["城区", "县城"]
    assert rows[0]["near"] == "人民路、东一巷"
    assert [float(row["covered_people"]) for row in rows] == [630, 780]
    shares = [float(row["covered_share"]) for row in rows]
    assert shares == pytest.approx([630 / town.PEOPLE, 780 / town.PEOPLE], rel=1e-12)


def rows_of(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == content.count(b"\n")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_remedies_say_what_would_help(out: Path) -> None:
    # One site was allowed in the county town: R16, 400 m from the street, and R14 on its island
    # stay uncovered. The other stages reach their targets.
    rows = rows_of(out / "remedies.csv")
    assert list(rows[0]) == REMEDY_COLUMNS
    assert [(row["stage"], row["residence_ids"]) for row in rows] == [
        ("county_town", "R16"),
        ("county_town", "R14"),
    ]
    assert (rows[0]["remedy"], rows[0]["reason"]) == ("round", "not_snapped")
    assert float(rows[0]["street_m"]) == pytest.approx(400, abs=0.1)
    (figures,) = summary(out)["remedies"]
    assert (figures["stage"], figures["uncovered_people"]) == ("county_town", 5 + 7)
    assert len(sheet(out, "remedies")) == 1 + len(rows)


def test_closures_say_who_loses_cover(out: Path) -> None:
    rows = rows_of(out / "closures.csv")
    assert [row["site_id"] for row in rows] == ["B1", "B3", *SUGGESTED]
    # B1 alone reaches R01 to R03 now, N001 reaches R03 as well.
    assert float(rows[0]["only_people"]) == COVERED
    assert float(rows[0]["only_people_after"]) == 30
    assert rows[1]["only_people"] == ""
    assert list(summary(out)["closures"]) == ["now", "after"]
    assert [row[0] for row in sheet(out, "closures")[1:]] == ["B1", "B3", *SUGGESTED]


def test_zones(out: Path) -> None:
    zones = table(out, "zones").set_index("zone_id", drop=False)
    wanted = ZONE_COLUMNS + [f"{name}_after" for name in ZONE_SUMS]
    assert zones.columns.tolist() == [*wanted, "office", "geometry"]
    assert zones["people"].to_dict() == {
        "01": 100, "02": 272, "03": 306, "04": 0, "99": 372, "outside": 120
    }  # fmt: skip
    assert zones["covered_people"].to_dict() == {
        "01": 60, "02": 0, "03": 0, "04": 0, "99": 60, "outside": 0
    }  # fmt: skip
    assert zones["residences"].tolist() == [5, 6, 4, 0, 11, 1]
    assert zones["sites"].tolist() == [1, 0, 0, 0, 1, 0]
    assert zones["sites_after"].tolist() == [2, 1, 1, 0, 3, 0]
    assert pd.isna(zones.loc["04", "covered_share"])
    # Weighted by people: (20 · 225 + 10 · 225 + 30 · 675 + 40 · 1125) / 100.
    assert zones.loc["01", "mean_walk_s"] == pytest.approx(720, abs=0.001)
    assert zones.loc["01", "worst_walk_s"] == pytest.approx(1125, abs=0.001)
    assert zones.loc["02", "unreached_people"] == 5 + 7
    assert zones.loc["01", "office"] == "城区办事处"


def test_geopackage_has_a_layer_for_everything(out: Path) -> None:
    path = out / "coverage.gpkg"
    layers = dict(pyogrio.list_layers(path).tolist())
    assert layers == {
        "residences": "Point",
        "sites": "Point",
        "zones": "MultiPolygon",
        "gap_areas": "MultiPolygon",
        "isochrones": "MultiPolygon",
    }
    residences = gpd.read_file(path, layer="residences")
    expected = table(out, "residences")
    assert residences.columns.tolist() == expected.columns.tolist()
    for name in ("residence_id", "people", "verdict", "address"):
        assert residences[name].tolist() == expected[name].tolist()
    unreached = residences["walk_s"].isna().tolist()
    assert unreached == (expected["walk_s"] == float("inf")).tolist()
    bands = gpd.read_file(path, layer="isochrones")
    assert sorted(bands["minutes_to"]) == [5, 10, 15]


def test_workbook_has_a_sheet_for_every_table(out: Path) -> None:
    tables = read_tables(out / "report.xlsx")
    assert list(tables) == [
        "totals", "parameters", "sources", "verdicts", "stages", "zones", "gap_areas", "rollout",
        "remedies", "sites", "closures", "band",
    ]  # fmt: skip
    ids = [row[0] for row in sheet(out, "sites")[1:]]
    assert ids == [row[0] for row in town.SITES] + SUGGESTED


def test_text_in_the_workbook_stays_text(out: Path) -> None:
    (sites,) = [one for one in open_book(out / "report.xlsx") if "sites" in one.tables]
    header = [cell.value for cell in next(sites.iter_rows())]
    cell = sites.cell(2, header.index("名称") + 1)
    assert (cell.value, cell.data_type) == ("=2*3", "s")
    with zipfile.ZipFile(out / "report.xlsx") as parts:
        for name in parts.namelist():
            assert b"<f>" not in parts.read(name), name


def test_ids_in_the_workbook_keep_their_zeros(out: Path) -> None:
    assert [row[0] for row in sheet(out, "zones")[1:]] == ["01", "02", "03", "04", "99", "outside"]


# Figures


def test_summary_says_what_was_worked_out_by_hand(out: Path) -> None:
    figures = summary(out)
    assert figures["people"] == town.PEOPLE
    assert figures["covered_people"] == COVERED
    assert figures["covered_share"] == COVERED / town.PEOPLE
    assert figures["covered_share_after"] == COVERED_AFTER / town.PEOPLE
    verdicts = {name: part["people"] for name, part in figures["verdicts"].items()}
    assert verdicts == town.VERDICTS
    residences = {name: part["residences"] for name, part in figures["verdicts"].items()}
    assert sum(residences.values()) == len(town.RESIDENCES)
    assert residences["no_people"] == 1


def test_summary_by_stage(out: Path) -> None:
    stages = {stage["name"]: stage for stage in summary(out)["stages"]}
    assert list(stages) == ["city", "county_town", "countryside"]
    keys = {
        "people", "covered_share", "covered_share_after", "sites_added", "objective", "bound",
        "gap", "status",
    }  # fmt: skip
    for stage in stages.values():
        assert keys <= stage.keys()
        assert stage["status"] == "optimal"
        assert stage["gap"] == 0
        assert stage["objective"] == stage["bound"]
    assert [stage["sites_added"] for stage in stages.values()] == [1, 1, 0]
    assert [stage["people"] for stage in stages.values()] == [100, 272, 426]
    assert stages["city"]["covered_share"] == 0.6
    assert stages["city"]["covered_share_after"] == 1
    assert stages["county_town"]["covered_share_after"] == 260 / 272
    assert stages["countryside"]["covered_share_after"] == 420 / 426


def test_summary_says_what_the_run_was_made_of(out: Path) -> None:
    figures = summary(out)
    assert set(figures["inputs"]) == {"streets.osm", "residences.csv", "sites.csv", "zones.geojson"}
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in figures["inputs"].values())
    assert figures["parameters"]["walk"]["limit_min"] == 15
    assert figures["parameters"]["network"]["source"] == "streets.osm"
    assert figures["versions"]["walkcover"] == walkcover.__version__
    assert figures["distance_only"] is True


def test_people_are_conserved_across_all_files(out: Path) -> None:
    residences, zones = table(out, "residences"), table(out, "zones")
    leaves = zones[~zones["zone_id"].isin(zones["parent_id"])]
    assert residences["people"].sum() == leaves["people"].sum() == town.PEOPLE
    assert leaves["residences"].sum() == len(residences)
    assert sum(stage["people"] for stage in summary(out)["stages"]) == town.PEOPLE
    for suffix, covered in (("", COVERED), ("_after", COVERED_AFTER)):
        of_homes = residences.loc[residences[f"verdict{suffix}"] == "covered", "people"].sum()
        assert of_homes == leaves[f"covered_people{suffix}"].sum() == covered
        assert leaves[f"gap_people{suffix}"].sum() == town.PEOPLE - covered
    gaps = gpd.read_file(out / "coverage.gpkg", layer="gap_areas")
    assert gaps["people"].sum() == town.PEOPLE - COVERED
    assert table(out, "sites")["people_served"].sum() == COVERED_AFTER


def test_zones_are_the_sums_of_their_residences(out: Path) -> None:
    residences, zones = table(out, "residences"), table(out, "zones").set_index("zone_id")
    for zone, part in residences.groupby("zone_id"):
        assert zones.loc[zone, "people"] == part["people"].sum()
        for suffix in ("", "_after"):
            covered = part.loc[part[f"verdict{suffix}"] == "covered", "people"].sum()
            assert zones.loc[zone, f"covered_people{suffix}"] == covered
    below = zones[zones["parent_id"] == "99"]
    for name in ("residences", "people", "covered_people_after", "gap_people", "sites_after"):
        assert zones.loc["99", name] == below[name].sum()


def test_map_report_workbook_and_summary_agree(out: Path) -> None:
    figures = summary(out)
    keys = ["people", "covered_people", "covered_people_after", "gap_people", "covered_share"]
    keys += ["covered_share_after"]
    for name in ("map.html", "report.html"):
        page = (out / name).read_text(encoding="utf-8")
        found = re.findall(r'data-key="(\w+)" data-value="([^"]+)"', page)
        for key in keys:
            values = {float(value) for shown, value in found if shown == key}
            assert values == {figures[key]}, (name, key)
    now, later = ([row[at] for row in sheet(out, "totals")[1:]] for at in (1, 2))
    wanted = ("people", "covered_people", "covered_share", "gap_people")
    assert now[:4] == [figures[key] for key in wanted]
    assert later[1:3] == [figures["covered_people_after"], figures["covered_share_after"]]
    header, *rows = sheet(out, "stages")
    at = header.index("已覆盖人口(建成后)")
    assert sum(row[at] for row in rows) == figures["covered_people_after"]


# The same bytes


def test_another_process_and_folder_give_the_same_bytes(out: Path, tmp_path: Path) -> None:
    again = run_alone(town.make_town(tmp_path / "elsewhere"), hash_seed="2")
    different = [n for n in sorted(FILES) if (again / n).read_bytes() != (out / n).read_bytes()]
    assert different == []


def test_the_date_of_the_plan_is_the_only_one(result: Result, tmp_path: Path) -> None:
    plan = dataclasses.replace(result.plan, plan=dataclasses.replace(result.plan.plan, date=""))
    undated = dataclasses.replace(result, plan=plan)
    write_geopackage(undated, tmp_path / "undated.gpkg")
    write_geopackage(result, tmp_path / "dated.gpkg")
    assert b"2022-05-20" in (tmp_path / "dated.gpkg").read_bytes()
    assert b"2000-01-01" in (tmp_path / "undated.gpkg").read_bytes()
    write_report_workbook(undated, tmp_path / "undated.xlsx")
    with zipfile.ZipFile(tmp_path / "undated.xlsx") as parts:
        assert b"2000-01-01" in parts.read("docProps/core.xml")


def test_no_path_of_the_machine_is_in_any_output(tmp_path: Path) -> None:
    """Relative or absolute: a plan may name its files either way."""
    plan_path = town.make_town(tmp_path / "secret-folder")
    source = str((tmp_path / "secret-folder" / "residences.csv").as_posix())
    town.change_plan(plan_path, residences={"source": source})
    write(walkcover.run(walkcover.load_plan(plan_path)), tmp_path / "out")
    for name in FILES:
        path = tmp_path / "out" / name
        contents = [path.read_bytes()]
        if name.endswith(".xlsx"):
            with zipfile.ZipFile(path) as parts:
                contents = [parts.read(part) for part in parts.namelist()]
        for secret in (b"secret-folder", str(tmp_path).encode(), str(Path.home()).encode() + b"/"):
            assert not any(secret in content for content in contents), (name, secret)


# Writing


@pytest.mark.parametrize("name", ["fid", "GEOM", "People", "geometry", "verdict", "经度"])
def test_columns_of_any_name_are_carried(tmp_path: Path, name: str) -> None:
    plan_path = town.make_town(tmp_path)
    rows = [{**row, name: f"x{n}"} for n, row in enumerate(town.residence_rows())]
    town.write_rows(tmp_path / "residences.csv", rows)
    write(
        walkcover.assess(walkcover.load_plan(plan_path)),
        tmp_path / "out",
        files=["residences.parquet", "coverage.gpkg"],
    )
    expected = [f"x{n}" for n in range(len(rows))]
    layer = gpd.read_file(tmp_path / "out" / "coverage.gpkg", layer="residences")
    for residences in (table(tmp_path / "out", "residences"), layer):
        assert expected in [residences[column].tolist() for column in residences.columns]
        assert residences["people"].sum() == town.PEOPLE


def test_nothing_is_overwritten_unasked(result: Result, tmp_path: Path) -> None:
    (tmp_path / "zones.parquet").write_text("mine", encoding="utf-8")
    with pytest.raises(walkcover.OutputExistsError, match=r"zones\.parquet is there already"):
        write(result, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["zones.parquet"]
    assert (tmp_path / "zones.parquet").read_text(encoding="utf-8") == "mine"
    written = write(result, tmp_path, files=["zones.parquet"], overwrite=True)
    assert written == [tmp_path / "zones.parquet"]
    assert len(gpd.read_parquet(written[0])) == 6


def test_refusal_counts_what_is_there(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "abc"]
    refuse_existing(paths, overwrite=False)
    paths[1].touch()
    paths[2].touch()
    with pytest.raises(walkcover.OutputExistsError, match=r"b is there already \(and 1 more\)"):
        refuse_existing(paths, overwrite=False)
    refuse_existing(paths, overwrite=True)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(walkcover.OutputExistsError, match="file is a file, not a folder"):
        refuse_existing([tmp_path / "file" / "deep" / "map.html"], overwrite=True)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_what_was_there(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def break_off(_: Result, path: Path) -> None:
        path.write_text("half of", encoding="utf-8")
        raise error

    (tmp_path / "residences.parquet").write_text("old", encoding="utf-8")
    monkeypatch.setitem(WRITERS, "sites.parquet", break_off)
    with pytest.raises(error):
        write(result, tmp_path, overwrite=True)
    with pytest.raises(error):
        write_one(result, "sites.parquet", tmp_path / "one.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["residences.parquet"]
    assert (tmp_path / "residences.parquet").read_text(encoding="utf-8") == "old"


def test_one_file_under_a_name_of_its_own(result: Result, tmp_path: Path) -> None:
    path = write_one(result, "summary.json", tmp_path / "deep" / "figures.json")
    assert path.read_bytes().startswith(b"{\n")
    assert [p.name for p in path.parent.iterdir()] == ["figures.json"]
    with pytest.raises(walkcover.OutputExistsError):
        write_one(result, "summary.json", path)
    assert write_one(result, "summary.json", path, overwrite=True) == path
