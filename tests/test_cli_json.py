"""Commands for scripts: one JSON object on stdout, gates by exit code, and the sweep."""

import io
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import town
from click.testing import CliRunner, Result

import walkcover
from walkcover.cli import main
from walkcover.cli.options import gate
from walkcover.cli.sweep import read_settings
from walkcover.records import bands_record, table_record

# Of 100 people in the city 60 are covered, of 798 in all.
SHARE, CITY_SHARE = 60 / 798, 0.6


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> walkcover.Result:
    path = town.make_town(tmp_path_factory.mktemp("town"))
    return walkcover.assess(walkcover.load_plan(path))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> walkcover.Result:
    path = town.make_town(tmp_path_factory.mktemp("town"))
    return walkcover.run(walkcover.load_plan(path))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return town.make_town(tmp_path / "town")


def call(*given: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in given])
    assert result.exit_code == code, (result.output, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def refuse_constant(name: str) -> None:
    raise AssertionError(name)


def record(result: Result) -> dict[str, Any]:
    """What stdout holds: one object, and no number that JSON does not know."""
    content = json.loads(result.stdout, parse_constant=refuse_constant)
    assert isinstance(content, dict)
    return content


# --json


def test_assess_prints_what_summary_json_holds(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = call("assess", plan, "--json", "--out", out)
    assert result.stdout == (out / "summary.json").read_text(encoding="utf-8")
    assert record(result)["covered_share"] == SHARE


def test_suggest_prints_the_summary_and_the_rollout(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    content = record(call("suggest", plan, "--json", "--out", out))
    rollout = content.pop("rollout")
    assert content == json.loads((out / "summary.json").read_text(encoding="utf-8"))
    table = pd.read_csv(io.StringIO(call("suggest", plan).stdout))
    pd.testing.assert_frame_equal(pd.DataFrame(rollout), table, check_dtype=False)
    assert len(table) == 2


def test_run_prints_what_summary_json_holds(
    plan: Path, tmp_path: Path, ran: walkcover.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walkcover, "run", lambda _, **__: ran)
    out = tmp_path / "out"
    result = call("run", plan, "--json", "--out", out)
    assert result.stdout == (out / "summary.json").read_text(encoding="utf-8")
    assert (out / "map.html").is_file()


def test_map_prints_the_summary_and_its_files(
    plan: Path, tmp_path: Path, ran: walkcover.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walkcover, "run", lambda _, **__: ran)
    page = tmp_path / "m.html"
    content = record(call("map", plan, "--json", "--out", page))
    assert content.pop("files") == [page.as_posix()]
    assert content["covered_share"] == SHARE
    assert "covered_share_after" in content
    split = record(call("map", plan, "--json", "--out", tmp_path / "s.html", "--split"))
    written = {one.as_posix() for one in (tmp_path / "s_files").iterdir()}
    assert {*split["files"]} == written | {(tmp_path / "s.html").as_posix()}
    assert split["files"][-1] == (tmp_path / "s.html").as_posix()


def test_report_prints_the_summary_and_its_files(
    plan: Path, tmp_path: Path, ran: walkcover.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walkcover, "run", lambda _, **__: ran)
    out = tmp_path / "r.xlsx"
    content = record(call("report", plan, "--json", "--out", out))
    assert content.pop("files") == [out.as_posix()]
    assert content["covered_share"] == SHARE
    many = record(call("report", plan, "--json", "--out", tmp_path / "many", "--each-zone", "all"))
    assert {*many["files"]} == {one.as_posix() for one in (tmp_path / "many").iterdir()}


def test_isochrones_print_their_size(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "i.gpkg"
    content = record(call("isochrones", plan, "--json", "--out", out))
    assert content["files"] == [out.as_posix()]
    bands = gpd.read_file(out)
    assert [one["minutes_to"] for one in content["bands"]] == bands["minutes_to"].tolist()
    # The plane of the zone, which bends an area by less than one in a thousand.
    area_km2 = bands.to_crs(bands.estimate_utm_crs()).area / 1e6
    told = [one["area_km2"] for one in content["bands"]]
    assert told == pytest.approx(area_km2.tolist(), rel=2e-3)


def test_area_of_a_cell_of_the_ellipsoid() -> None:
    """One degree by one degree at the equator: R. H. Rapp's 12,308.8 km²."""
    cell = gpd.GeoDataFrame(
        {"minutes_from": [0.0], "minutes_to": [5.0]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326
    )
    assert bands_record(cell)[0]["area_km2"] == pytest.approx(12_308.8, rel=1e-4)


@pytest.mark.parametrize("command", ["check", "audit"])
def test_other_commands_print_one_object_too(plan: Path, command: str) -> None:
    assert record(call(command, plan, "--json"))


def test_nothing_stands_on_stdout_where_the_run_is_refused(plan: Path) -> None:
    town.change_plan(plan, sites={"crs": "wgs48"})
    for command in ("assess", "suggest", "map", "isochrones"):
        result = call(command, plan, "--json", code=2)
        assert result.stdout == ""
        assert "wgs48" in result.stderr


def test_rows_are_plain() -> None:
    table = pd.DataFrame(
        {"a": pd.array([1, None], dtype="Int64"), "b": [float("inf"), 0.5], "c": ["x", None]}
    )
    assert table_record(table) == [{"a": 1, "b": None, "c": "x"}, {"a": None, "b": 0.5, "c": None}]
    assert table_record(pd.DataFrame()) == []


# Gates


@pytest.mark.parametrize(
    ("percent", "stage", "told"),
    [
        (7.5, None, ""),
        (7.6, None, "covered 7.51 % is under 7.6 %\n"),
        (60, "city", ""),
        (95, "city", "stage 'city': covered 60.00 % is under 95 %\n"),
        (0.1, "county_town", "stage 'county_town': covered 0.00 % is under 0.1 %\n"),
        (0, "county_town", ""),
        (None, None, ""),
    ],
)
def test_a_gate_asks_for_a_share(
    assessed: walkcover.Result,
    capsys: pytest.CaptureFixture[str],
    percent: float | None,
    stage: str | None,
    told: str,
) -> None:
    if told:
        with pytest.raises(SystemExit) as caught:
            gate(assessed, percent, stage)
        assert caught.value.code == 1
    else:
        gate(assessed, percent, stage)
    assert capsys.readouterr().err == told


def test_assess_fails_under_a_share_and_prints_it(plan: Path) -> None:
    result = call("assess", plan, "--json", "--fail-under", 95, "--stage", "city", code=1)
    assert result.stderr == "stage 'city': covered 60.00 % is under 95 %\n"
    assert record(result)["stages"][0]["covered_share"] == CITY_SHARE


def test_the_share_after_building_is_asked_for(
    plan: Path, tmp_path: Path, ran: walkcover.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("run", "suggest"):
        monkeypatch.setattr(walkcover, name, lambda _, **__: ran)
    stage = ["--stage", "county_town"]
    now = call("suggest", plan, "--json", "--fail-under", 95, *stage, code=1)
    assert record(now)["stages"][1]["covered_share"] == 0
    after = call("suggest", plan, "--json", "--fail-under", 95, *stage, "--after")
    # 260 of 272 people.
    assert record(after)["stages"][1]["covered_share_after"] == pytest.approx(260 / 272)
    out = tmp_path / "out"
    told = call("run", plan, "--out", out, "--fail-under", 96, *stage, "--after", code=1).stderr
    assert told.endswith("stage 'county_town': covered 95.58 % after building is under 96 %\n")
    # A run that does not pass has written its folder all the same.
    assert (out / "summary.json").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--fail-under", 5, "--stage", "ctiy"], "did you mean 'city'?"),
        (["--fail-under", 5, "--stage", "9"], "known are city, county_town, countryside"),
        (["--stage", "city"], "--stage goes with --fail-under"),
    ],
)
def test_a_gate_that_cannot_be_asked_is_refused_first(
    plan: Path, tmp_path: Path, words: list[object], told: str
) -> None:
    out = tmp_path / "out"
    for command in ("assess", "suggest", "run"):
        result = call(command, plan, "--out", out, *words, code=2)
        assert told in result.stderr
    assert not out.exists()
    assert "--after goes with --fail-under" in call("suggest", plan, "--after", code=2).stderr


class Told:
    """A result with one share."""

    def __init__(self, share: float | None) -> None:
        self.summary = {"covered_share": share}


@pytest.mark.parametrize("percent", range(1, 101))
def test_a_share_that_is_just_met_passes(percent: int) -> None:
    """0.29 times 100 is less than 29 in floating point."""
    gate(Told(percent / 100), percent)  # type: ignore[arg-type]
    with pytest.raises(SystemExit):
        gate(Told(percent / 100 - 1e-9), percent)  # type: ignore[arg-type]


def test_what_is_under_never_reads_as_if_it_were_not(capsys: pytest.CaptureFixture[str]) -> None:
    for share, shown in [(0.949999, "94.99 %"), (None, "-")]:
        with pytest.raises(SystemExit):
            gate(Told(share), 95)  # type: ignore[arg-type]
        assert capsys.readouterr().err == f"covered {shown} is under 95 %\n"


# sweep


def test_sweep_writes_a_table_and_shows_it(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.parquet"
    words = ["--set", "walk.limit_min=15", "--set", "walk.profile=standard,elderly"]
    text = call("sweep", plan, *words, "--out", out).stdout
    head, *lines, last = text.splitlines()
    names = ["walk.limit_min", "walk.profile", "covered_people", "covered_share", "sites.suggested"]
    assert head.split() == names
    assert [line.split() for line in lines] == [
        ["15", "standard", "60", "7.52", "%", "0"],
        ["15", "elderly", "30", "3.76", "%", "0"],
    ]
    assert last == str(out)
    rows = pd.read_parquet(out)
    assert "is there already" in call("sweep", plan, *words, "--out", out, code=2).stderr
    content = record(call("sweep", plan, *words, "--out", out, "--overwrite", "--json"))
    assert content["files"] == [out.as_posix()]
    pd.testing.assert_frame_equal(pd.DataFrame(content["rows"]), rows, check_dtype=False)


def test_sweep_suggests_where_asked(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.parquet"
    words = ["--set", "stages.county_town.max_sites=0", "--suggest", "--seed", 3, "--out", out]
    head, line, _ = call("sweep", plan, *words).stdout.splitlines()
    assert head.split()[-2:] == ["sites.suggested", "covered_share_after"]
    assert line.split()[3:5] == ["%", "1"]
    assert pd.read_parquet(out)["seed"].tolist() == [3]


def test_sweep_tells_what_is_not_understood(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.parquet"
    result = call("sweep", plan, "--set", "walk.limt_min=5", "--out", out, code=2)
    assert "[walk] has no key 'limt_min'; did you mean 'limit_min'?" in result.stderr
    for wrong in ("walk.limit_min", "=5", "walk.limit_min="):
        result = call("sweep", plan, "--set", wrong, "--out", out, code=2)
        assert "expected KEY=VALUE,VALUE" in result.stderr
    twice = ["--set", "walk.limit_min=5", "--set", "walk.limit_min=6"]
    assert "is given twice" in call("sweep", plan, *twice, "--out", out, code=2).stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5,10, 15", [5, 10, 15]),
        ("2.9", [2.9]),
        ("brisk,elderly", ["brisk", "elderly"]),
        ('"a, b",c', ["a, b", "c"]),
        ("['x','y'],c,'d,e'", [["x", "y"], "c", "d,e"]),
        ('"a, b","c"', ["a, b", "c"]),
        ("true,false", [True, False]),
        ("people,12", ["people", 12]),
        ('["brisk"],["brisk","frail"]', [["brisk"], ["brisk", "frail"]]),
        ("streets=new.pbf", ["streets=new.pbf"]),
    ],
)
def test_settings_are_read_as_in_a_plan(text: str, values: list[object]) -> None:
    assert read_settings([f"key.of={text}"]) == {"key.of": values}


def test_a_setting_of_the_command_is_that_of_python(plan: Path, tmp_path: Path) -> None:
    values = {"walk.speed_kmh": [2.9]}
    rows = walkcover.sweep(walkcover.load_plan(plan), values, out=tmp_path / "a.parquet")
    call("sweep", plan, "--set", "walk.speed_kmh=2.9", "--out", tmp_path / "b.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "b.parquet"), rows, check_dtype=False)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
