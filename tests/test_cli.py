"""Every command: its help, what it prints and where, what it writes, how it exits."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import pytest
import town
from click.testing import CliRunner, Result

import walkcover
from walkcover.cli import main

COMMANDS = [
    "init", "demo", "check", "assess", "suggest", "map", "report", "run", "isochrones", "fetch",
    "audit", "sweep", "whatif", "demand", "rounds", "relay", "cut",
]  # fmt: skip
HEAVY = ("numba", "osmnx", "folium", "rasterio", "geopandas")
HEADLINE = "16 residences, 798 people; covered 7.52 %"
# Of 100 people in the city 60 are covered, of 272 in the county town and 426 outside nobody.
STAGES = ["city: 100 people, 60.00 %", "county_town: 272 people", "countryside: 426 people"]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return town.make_town(tmp_path / "town")


def call(*given: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in given])
    assert result.exit_code == code, (result.output, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def write_sites(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    town.write_rows(path.parent / "sites.csv", rows)


# Help


def test_help_lists_every_command_and_where_to_start() -> None:
    lines = call("--help").stdout.splitlines()
    assert sorted(main.commands) == sorted(COMMANDS)
    listed = lines[lines.index("Commands:") + 1 :]
    assert [line.split()[0] for line in listed] == sorted(COMMANDS)
    starts = [line.split()[:2] for line in lines if line.startswith("    walkcover ")]
    assert starts == [["walkcover", "demo"], ["walkcover", "init"], ["walkcover", "run"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_on_a_line_of_its_own(command: str) -> None:
    lines = call(command, "--help").stdout.splitlines()
    assert "\b" not in "".join(lines)
    head = next(i for i, line in enumerate(lines) if re.fullmatch("  Examples?:", line))
    examples = []
    for line in lines[head + 1 :]:
        if not line.strip():
            break
        examples.append(line)
    assert examples
    assert all(line.startswith(f"    walkcover {command}") for line in examples)
    assert (len(examples) > 1) == (lines[head] == "  Examples:")


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_in_the_help_are_understood(command: str) -> None:
    """Each example parses: its options exist and take such values."""
    text = call(command, "--help").stdout
    for example in re.findall(r"^    walkcover (\S+) ?(.*)$", text, re.MULTILINE):
        words = re.findall(r'"[^"]*"|\S+', example[1].partition(" > ")[0])
        context = main.commands[example[0]].make_context(
            example[0], [word.strip('"') for word in words]
        )
        assert context.info_name == command


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_short_and_long_help_are_one(flag: str) -> None:
    assert call("assess", flag).stdout == call("assess", "--help").stdout


def test_version() -> None:
    assert call("--version").stdout.strip() == f"walkcover, version {walkcover.__version__}"


@pytest.mark.parametrize("words", [[], ["--help"], ["run", "--help"], ["--version"]])
def test_help_and_import_are_light(words: list[str]) -> None:
    script = (
        "import sys, walkcover\n"
        "from walkcover.cli import main\n"
        f"main({words!r}, standalone_mode=False) if {words!r} else None\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["run"],
        ["run", "plan.toml"],
        ["run", "plan.toml", "--out", "out", "--colour", "red"],
        ["assess", "plan.toml", "--fail-under", "101"],
        ["assess", "plan.toml", "--fail-under", "most"],
        ["demo"],
    ],
)
def test_bad_usage_exits_with_2(words: list[str]) -> None:
    result = call(*words, code=2)
    assert result.stdout == ""
    assert "Usage: " in result.stderr


# init


def test_init_writes_a_plan_that_is_understood_and_runs(plan: Path) -> None:
    """The starter's sources put in place, the whole job runs with the defaults."""
    folder = plan.parent
    starter = folder / "starter.toml"
    result = call("init", starter)
    assert result.stdout.startswith(f"{starter}: fill in the sources")
    assert walkcover.load_plan(starter).walk.limit_min == 15
    text = starter.read_text(encoding="utf-8")
    assert "\r" not in text
    starter.write_text(text.replace("network.osm.pbf", "streets.osm"), encoding="utf-8")
    town.write_rows(
        folder / "residences.csv",
        [{k: v for k, v in row.items() if k != "stage"} for row in town.residence_rows()],
    )
    assert "16 residences, 798 people; covered 0.00 %" in call("assess", starter).stdout


def test_init_has_a_default_and_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call("init")
    Path("plan.toml").write_text("mine", encoding="utf-8")
    assert "plan.toml is there already" in call("init", code=2).stderr
    assert Path("plan.toml").read_text(encoding="utf-8") == "mine"
    call("init", "--overwrite")
    call("init", "new/folder/plan.toml")
    assert Path("plan.toml").read_bytes() == Path("new/folder/plan.toml").read_bytes()


# check


def test_check_notes_what_one_should_know(plan: Path) -> None:
    findings = json.loads(call("check", plan, "--json").stdout)["findings"]
    ids = {one["code"]: one["ids"] for one in findings}
    assert ids == {
        "outside_zones": ["R12"],
        "lost_residences": ["R16"],
        "piece_without_site": ["R15"],
        "island_residences": ["R14"],
        "pieces": [],
        "empty_zones": ["04"],
        "no_people": ["R13"],
        "closed_sites": ["B2"],
        "planned_sites": ["B3"],
    }
    text = call("check", plan).stdout
    # In the order of the file, each with its severity.
    rows = [
        line.split()[:2] for line in text.splitlines() if line[:5] in ("WRONG", "doubt", "note ")
    ]
    labels = {"doubtful": "doubt", "note": "note"}
    assert rows == [[labels[one["severity"]], str(one["count"])] for one in findings]
    assert "no street near  ###" in text


def test_check_of_a_clean_town_finds_nothing(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town, "STREETS", town.STREETS[:4])
    town.write_streets(plan.parent / "streets.osm")
    write_sites(plan.parent / "sites.csv", town.site_rows()[:1])
    homes = [row for row in town.residence_rows() if row["residence_id"] in ("R01", "R02")]
    town.write_rows(plan.parent / "residences.csv", [{**row, "stage": "city"} for row in homes])
    monkeypatch.setitem(town.PLAN, "stages", town.PLAN["stages"][:1])
    town.change_plan(plan, zones={"source": ""})
    first, empty, title, *bars = call("check", plan).stdout.splitlines()
    assert (first, empty) == ("nothing doubtful found", "")
    assert title == "residences: straight line to the nearest street"
    assert bars[0].split() == ["0-10", "m", "#" * 40, "2", "(100.0%)", "30", "people"]


def first_finding(plan: Path) -> dict[str, object]:
    """The first finding of a check that exits with 1."""
    return json.loads(call("check", plan, "--json", code=1).stdout)["findings"][0]


def test_check_exits_with_1_where_an_open_site_has_no_street(plan: Path) -> None:
    rows = town.site_rows()
    lon, lat = town.place(-500, 1500)
    write_sites(plan, [*rows, {**rows[0], "site_id": "B9", "lon": lon, "lat": lat}])
    wrong = first_finding(plan)
    assert (wrong["severity"], wrong["code"], wrong["ids"]) == ("falsifies", "lost_sites", ["B9"])
    closed = {**rows[0], "site_id": "B9", "lon": lon, "lat": lat, "status": "closed"}
    write_sites(plan, [*rows, closed])
    call("check", plan)


def test_check_exits_with_1_where_over_a_tenth_has_no_street(plan: Path) -> None:
    rows = town.residence_rows()
    rows[-1] |= {"people": 100}
    town.write_rows(plan.parent / "residences.csv", rows)
    # 100 of 891 people.
    wrong = first_finding(plan)
    assert (wrong["severity"], wrong["code"]) == ("falsifies", "lost_residences")
    assert wrong["values"] == {"share": f"{100 * 100 / 891:.1f} %"}


# assess


def test_assess_prints_the_headline_and_writes_nothing(plan: Path) -> None:
    before = sorted(plan.parent.parent.rglob("*"))
    result = call("assess", plan)
    lines = result.stdout.splitlines()
    assert lines[0] == f"{HEADLINE} (distance only)"
    for line, start in zip(lines[1:4], STAGES, strict=True):
        assert line.strip().startswith(start)
    assert "covered 60, too_far 720, island 5, no_site 6" in lines[4]
    assert result.stderr == ""
    assert sorted(plan.parent.parent.rglob("*")) == before


def test_assess_writes_tables_without_suggestions(plan: Path, tmp_path: Path) -> None:
    call("assess", plan, "--out", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "residences.parquet", "sites.parquet", "zones.parquet", "closures.csv", "summary.json"
    }  # fmt: skip
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["covered_people"] == 60
    assert "covered_share_after" not in summary
    sites = gpd.read_parquet(tmp_path / "out" / "sites.parquet").set_index("site_id")
    assert sites["people_served"].to_dict() == {"B1": 60, "B2": 0, "B3": 0}
    assert "there already" in call("assess", plan, "--out", tmp_path / "out", code=2).stderr
    call("assess", plan, "--out", tmp_path / "out", "--overwrite")


@pytest.mark.parametrize(
    ("command", "percent", "code"),
    [
        ("assess", 0, 0),
        ("assess", 7.5, 0),
        ("assess", 7.6, 1),
        ("assess", 100, 1),
        # After building there would be 97.74 %.
        ("run", 90, 1),
    ],
)
def test_fail_under_asks_for_the_share_of_today(
    plan: Path, tmp_path: Path, command: str, percent: float, code: int
) -> None:
    out = ["--out", tmp_path / "out"]
    result = call(command, plan, *out, "--fail-under", percent, code=code)
    assert result.stdout.startswith(HEADLINE)
    expected = f"covered 7.51 % is under {percent:g} %\n" if code else ""
    # One name begins with =, which the log of every output folder mentions.
    assert result.stderr.endswith(expected)
    assert (tmp_path / "out" / "summary.json").is_file()


def test_saved_network_gives_the_same_walks(plan: Path, tmp_path: Path) -> None:
    saved = plan.parent / "network.parquet"
    call("assess", plan, "--out", tmp_path / "first", "--save-network", saved)
    assert "is there already" in call("assess", plan, "--save-network", saved, code=2).stderr
    town.change_plan(plan, network={"source": "network.parquet"})
    call("assess", plan, "--out", tmp_path / "second")
    for name in ("residences.parquet", "sites.parquet", "zones.parquet"):
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), name


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp"])
def test_streets_of_a_line_layer_give_the_same_verdicts(plan: Path, suffix: str) -> None:
    expected = call("assess", plan).stdout
    lines = gpd.GeoDataFrame(
        {"name": [s[0] for s in town.STREETS], "highway": [s[1] for s in town.STREETS]},
        geometry=[town.line(s[2]) for s in town.STREETS],
        crs=4326,
    )
    lines.to_file(plan.parent / f"lines.{suffix}", encoding="utf-8")
    town.change_plan(plan, network={"source": f"lines.{suffix}"})
    assert call("assess", plan).stdout == expected


def test_no_site_yet_is_a_start(plan: Path) -> None:
    town.change_plan(plan, sites={"source": ""})
    result = call("suggest", plan)
    assert "covered 0.00 %, after building" in result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    # Without the planned site the countryside needs one: 213 of its 426 people.
    assert [row["stage"] for row in rows] == ["city", "county_town", "countryside"]


# suggest


def test_suggest_prints_csv_to_stdout_and_the_headline_to_stderr(plan: Path) -> None:
    result = call("suggest", plan)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["order"], row["stage"], row["site_id"]) for row in rows] == [
        ("1", "city", "N001"),
        ("2", "county_town", "N002"),
    ]
    assert [float(row["people_gained"]) for row in rows] == [150, 150]
    head = result.stderr.splitlines()
    assert head[0] == f"{HEADLINE}, after building 97.74 % (distance only)"
    assert head[1].strip() == (
        "city: 100 people, 60.00 % -> 100.00 % with 1 sites (optimal, gap 0.00 %)"
    )


def test_suggest_writes_tables_with_the_rollout(plan: Path, tmp_path: Path) -> None:
    result = call("suggest", plan, "--out", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "residences.parquet", "sites.parquet", "zones.parquet", "summary.json", "rollout.csv",
        "remedies.csv", "closures.csv",
    }  # fmt: skip
    written = (tmp_path / "out" / "rollout.csv").read_text(encoding="utf-8-sig")
    assert written.splitlines() == result.stdout.splitlines()
    assert "there already" in call("suggest", plan, "--out", tmp_path / "out", code=2).stderr


def test_suggest_keeps_to_a_budget(plan: Path) -> None:
    places = {"A": (1900, 10), "B": (2500, 11), "C": (3500, 12), "D": (4500, 13)}
    rows = [
        {"candidate_id": k, "lon": town.LON, "lat": town.place(0, y)[1], "cost": cost}
        for k, (y, cost) in places.items()
    ]
    town.write_rows(plan.parent / "candidates.csv", rows)
    stages = [{"name": "city", "budget": 15}, {"name": "county_town", "budget": 15}]
    town.write_plan(
        plan,
        town.PLAN
        | {"candidates": {"source": "candidates.csv", "crs": "wgs84"}}
        | {"stages": [*stages, {"name": "countryside", "target": 0.2}]},
    )
    built = list(csv.DictReader(io.StringIO(call("suggest", plan).stdout)))
    # A reaches R04, R05 and R06; B or C can be paid, B adds R07 only, C adds R07 and R08.
    assert [row["site_id"] for row in built] == ["A", "C"]
    assert [float(row["people_gained"]) for row in built] == [150, 150]


def test_suggest_prints_a_header_where_nothing_is_to_be_built(plan: Path) -> None:
    stages = [{"name": stage["name"], "max_sites": 0} for stage in town.PLAN["stages"]]
    town.write_plan(plan, {**town.PLAN, "stages": stages})
    result = call("suggest", plan)
    assert result.stdout.startswith("order,stage,site_id,")
    assert len(result.stdout.splitlines()) == 1


# map, report, isochrones, run, demo


@pytest.mark.parametrize(
    ("command", "name", "start"),
    [
        ("map", "map.html", b"<!DOCTYPE html>"),
        ("report", "report.html", b"<!DOCTYPE html>"),
        ("isochrones", "isochrones.gpkg", b"SQLite format 3"),
    ],
)
def test_commands_that_write_one_file(
    plan: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    name: str,
    start: bytes,
) -> None:
    given = tmp_path / "deep" / f"own{Path(name).suffix}"
    result = call(command, plan, "--out", given)
    assert result.stdout == f"{given}\n"
    assert given.read_bytes()[: len(start)].lower() == start.lower()
    assert [path.name for path in given.parent.iterdir()] == [given.name]
    assert "there already" in call(command, plan, "--out", given, code=2).stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    call(command, plan)
    assert Path(name).read_bytes() == given.read_bytes()


def test_split_map_is_a_page_and_a_folder(plan: Path, tmp_path: Path) -> None:
    page = tmp_path / "deep" / "own.html"
    assert call("map", plan, "--out", page, "--split").stdout == f"{page}\n"
    assert {path.name for path in page.parent.iterdir()} == {"own.html", "own_files"}
    assert b"own_files/script1.js" in page.read_bytes()
    page.unlink()
    assert "own_files is there" in call("map", plan, "--out", page, "--split", code=2).stderr
    call("map", plan, "--out", page, "--split", "--overwrite")
    assert page.exists()


def test_isochrones_grow_with_the_minutes(plan: Path, tmp_path: Path) -> None:
    call("isochrones", plan, "--out", tmp_path / "i.gpkg")
    bands = gpd.read_file(tmp_path / "i.gpkg")
    assert bands["minutes_to"].tolist() == [5, 10, 15]
    assert not bands.geometry.is_empty.any()


def test_run_says_what_it_did_and_keeps_a_log(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = call("run", plan, "--out", out)
    assert result.stdout.startswith(f"{HEADLINE}, after building 97.74 % (distance only)\n")
    assert f"map: {out / 'map.html'}" in result.stdout
    assert [line.split(":")[:2] for line in result.stderr.splitlines()] == [
        ["WARNING", " closures.csv"]
    ]
    assert "a spreadsheet takes them for formulas" in result.stderr
    log = (out / "run.log").read_text(encoding="utf-8")
    for step in ("reading", "walking", "siting", "isochrones", "peak memory"):
        assert step in log
    assert "is there already" in call("run", plan, "--out", out, code=2).stderr


def test_run_does_not_overwrite_a_log_alone(plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.log").write_text("mine", encoding="utf-8")
    assert "run.log is there already" in call("run", plan, "--out", out, code=2).stderr
    assert [path.name for path in out.iterdir()] == ["run.log"]


def test_verbose_shows_the_log_on_stderr(plan: Path) -> None:
    quiet, loud = call("assess", plan), call("assess", plan, "-v")
    assert quiet.stdout == loud.stdout
    assert "streets.osm: 6 walkable lines" in loud.stderr
    # Handlers of one call are gone in the next.
    assert call("assess", plan).stderr == ""


def test_whoever_reads_may_stop_reading(plan: Path) -> None:
    script = (
        "import sys, walkcover\n"
        "from walkcover.cli import main\n"
        "class Closed:\n"
        "    def write(self, text): raise BrokenPipeError(32, 'Broken pipe')\n"
        "    def flush(self): pass\n"
        "sys.stdout = Closed()\n"
        f"main(['check', {str(plan)!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.slow
def test_demo_runs_the_town_of_the_package(tmp_path: Path) -> None:
    result = call("demo", "--out", tmp_path / "demo")
    first, *stages = result.stdout.splitlines()
    assert re.match(r"3,479 residences, 209,426 people; covered \d\d\.\d\d %, after", first)
    assert [line.split(":")[0].strip() for line in stages[:3]] == [
        "city",
        "county_town",
        "countryside",
    ]
    assert (tmp_path / "demo" / "map.html").is_file()
