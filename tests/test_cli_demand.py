"""The command ``walkcover demand``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import town
from click.testing import CliRunner, Result

from walkcover.cli import main

FILES = ["services.parquet", "site_hours.parquet", "site_load.csv", "slots.csv"]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["demand", *map(str, arguments)])


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """The town, sites without desks."""
    return town.make_town(tmp_path)


@pytest.fixture
def plan_with_desks(plan: Path) -> Path:
    """One desk at every site; B1 tests 15 an hour for an hour a day, once a day everybody."""
    rows = [{**row, "desks": 1, "hours_per_day": 1} for row in town.site_rows()]
    town.write_rows(plan.parent / "sites.csv", rows)
    desks = {"tests_per_desk_hour": 15, "interval_days": 1, "most_extra_desks": 0}
    stages = [{"name": name, "max_sites": 0} for name in ("city", "county_town", "countryside")]
    return town.write_plan(plan, {**town.PLAN, "desks": desks, "stages": stages})


def test_desks_that_are_not_known_are_said_to_be(plan):
    result = call(plan)
    assert result.exit_code == 0, result.output
    first = result.output.splitlines()[0]
    assert first == (
        "798 people, each tested once in 7 days: 114 tests a day, 114 on the busiest of the week"
    )
    assert "desks are not known" in result.output
    assert "jammed" not in result.output


def test_shortage_is_printed_and_written(plan_with_desks, tmp_path):
    out = tmp_path / "out"
    result = call(plan_with_desks, "--out", out)
    assert result.exit_code == 0, result.output
    # 60 people at B1 want four hours of a desk, 420 at B3 28: three desks and 27 more.
    assert "short of desks: 30 at 2 sites, first B3, B1" in result.output
    assert sorted(path.name for path in out.iterdir() if path.suffix != ".log") == FILES
    load = pd.read_csv(out / "site_load.csv").set_index("site_id")
    assert load["desks_short"].to_dict() == {"B1": 3, "B3": 27}
    assert len(pd.read_parquet(out / "services.parquet")) == len(town.RESIDENCES)
    again = call(plan_with_desks, "--out", out)
    assert again.exit_code == 2
    assert "--overwrite" in again.output
    assert call(plan_with_desks, "--out", out, "--overwrite").exit_code == 0


def test_json_is_one_object_and_nothing_else(plan_with_desks):
    figures = json.loads(call(plan_with_desks, "--json").stdout)
    assert figures["by_service"]["site"]["tests"] == pytest.approx(480)
    assert figures["desks_short"] == 30
    assert figures["people"] == town.PEOPLE


def test_help_shows_an_example():
    assert "walkcover demand plan.toml --out out" in call("--help").output
