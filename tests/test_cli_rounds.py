"""The command ``walkcover rounds``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import town
from click.testing import CliRunner, Result

from walkcover.cli import main
from walkcover.work_files import ROUND_FILES

STAGES = [{"name": name, "max_sites": 0} for name in ("city", "county_town", "countryside")]
# Without the planned site: all but the 60 people near B1 need a team, and 7 of them have no road
# within 300 m (R16, 400 m), nor have those of the island and of the far path (R14, R15).
NEEDED = town.PEOPLE - 60
NO_ROAD = 5 + 6 + 7


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rounds", *map(str, arguments)])


def write_plan(plan: Path, *, east: float = 0, teams: object = "", **rounds: object) -> Path:
    """The town with a base at the southern end of its street, and nothing to be built."""
    rows = [row for row in town.site_rows() if row["site_id"] == "B1"]
    town.write_rows(plan.parent / "sites.csv", rows)
    lon, lat = town.place(east, 0)
    base = {"base_id": "K1", "name": "卫生院", "teams": teams, "lon": lon, "lat": lat}
    town.write_rows(plan.parent / "bases.csv", [base])
    options = {
        "bases": {"source": "bases.csv", "crs": "wgs84"},
        "roads": {"snap_limit_m": 300},
        "rounds": rounds or {"tests_per_hour": 120},
    }
    return town.write_plan(plan, {**town.PLAN, "stages": STAGES, **options})


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return write_plan(town.make_town(tmp_path))


def test_plan_is_printed_and_written(plan, tmp_path):
    out = tmp_path / "out"
    result = call(plan, "--out", out)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    first = next(line for line in lines if "need a team" in line)
    assert first.startswith(f"{NEEDED} people of 12 places need a team: {NEEDED} tests in 7 days")
    assert f"serve {NEEDED - NO_ROAD} people; no fewer can serve all" in result.output
    assert f"left without: {NO_ROAD} people" in result.output
    assert "no road within [roads] snap_limit_m of them (first R16, R15, R14)" in result.output
    assert {path.name for path in out.iterdir() if path.suffix != ".log"} == set(ROUND_FILES)
    stops = pd.read_csv(out / "stops.csv")
    assert stops["served_tests"].sum() == pytest.approx(NEEDED - NO_ROAD)
    left = pd.read_csv(out / "rounds_unserved.csv")
    assert set(left["reason"]) == {"no_stop"}
    assert len(gpd.list_layers(out / "rounds.gpkg")) >= 2
    again = call(plan, "--out", out)
    assert again.exit_code == 2
    assert "--overwrite" in again.output
    assert call(plan, "--out", out, "--overwrite").exit_code == 0


def test_json_is_one_object_and_nothing_else(plan, tmp_path):
    figures = json.loads(call(plan, "--out", tmp_path / "out", "--json").stdout)
    assert figures["people"] == NEEDED
    assert figures["unserved_people"] == NO_ROAD
    assert figures["teams"] == figures["teams_at_least"] == 1


def test_too_few_teams_are_told_how_many_more_do(plan, tmp_path):
    # 720 tests at 10 an hour are 72 h and more; an interval of a day gives each team one day.
    write_plan(plan, teams=1, tests_per_hour=10, days_per_week=1)
    result = call(plan, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "all shifts are full" in result.output
    assert "more teams would do" in result.output
    assert "base K1 卫生院: 1 team of 1" in result.output


def test_a_shift_that_is_too_short_names_one_that_does(plan, tmp_path):
    # An hour at a table, and nine minutes of shift.
    write_plan(plan, setup_min=60, shift_h=0.15)
    result = call(plan, "--out", tmp_path / "out")
    assert "leaves no time in a shift" in result.output
    needed_h = float(result.output.split("shift_h = ")[1].split()[0])
    write_plan(plan, setup_min=60, shift_h=needed_h)
    enough = call(plan, "--out", tmp_path / "out", "--overwrite")
    assert "no time in a shift" not in enough.output


def test_a_base_off_the_road_is_refused(plan, tmp_path):
    write_plan(plan, east=-450)
    result = call(plan, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "first base K1 (450 m)" in result.output
    assert "raise [roads] snap_limit_m to 450" in result.output


def test_a_plan_without_bases_is_refused(tmp_path):
    result = call(town.make_town(tmp_path), "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "[bases] source" in result.output


def test_help_shows_an_example():
    assert "walkcover rounds plan.toml --out out" in call("--help").output
