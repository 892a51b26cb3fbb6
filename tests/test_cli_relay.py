"""Command ``walkcover relay``."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import walkcover
from walkcover.cli.options import Commands
from walkcover.cli.relay import relay
from walkcover.work_files import RELAY_FILES

TOWN = Path(__file__).parents[1] / "data" / "town"


def invoke(*arguments):
    group = Commands(commands=[relay])
    return CliRunner().invoke(group, ["relay", *map(str, arguments)])


def plan_file(folder, *, extra="", without=("[[groups]]", "[bases]")):
    """The town's plan of daily work, its files copied beside it."""
    shutil.copytree(TOWN, folder, dirs_exist_ok=True)
    text = (folder / "daily.toml").read_text(encoding="utf-8")
    parts = text.split("\n\n")
    kept = [part for part in parts if not any(name in part for name in without)]
    path = folder / "plan_of_test.toml"
    path.write_text("\n\n".join([*kept, extra]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Plan file, folder, and what the command said; tubes may wait for 10 minutes besides."""
    folder = tmp_path_factory.mktemp("relay")
    plan = plan_file(
        folder / "town", extra="[relay]\ncollect_every_h = 2\nhold_h = 2.4\npooling = 5\n"
    )
    run, results = walkcover.operate, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            walkcover, "operate", lambda *a, **k: results.append(run(*a, **k)) or results[0]
        )
        said = invoke(plan, "--out", folder / "out")
    return plan, folder / "out", said, results[0]


def test_it_writes_its_files_and_tells_the_day(done):
    _, out, result, _ = done
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == sorted(RELAY_FILES)
    sources = pd.read_csv(out / "relay_sources.csv", encoding="utf-8-sig")
    carried = sources.loc[sources["hub_id"].notna(), "tubes"].sum()
    assert f"{carried:,} reach laboratories in time" in result.stdout
    laboratories = pd.read_csv(out / "laboratories.csv", encoding="utf-8-sig")
    assert laboratories["tubes"].sum() == carried
    assert f"{laboratories['capacity'].sum():,.0f} tubes a day" in result.stdout
    hours = pd.read_csv(out / "laboratory_hours.csv", encoding="utf-8-sig")
    assert hours["arrived_tubes"].sum() == carried


def test_a_hold_time_that_is_too_short_names_the_one_that_does(done):
    _, out, result, _ = done
    late = pd.read_csv(out / "relay_late.csv", encoding="utf-8-sig")
    far = late[late["reason"] == "too_far"]
    assert f"{far['tubes'].sum():,} tubes of {len(far)} source" in result.stdout
    said = float(result.stdout.split("hold_h = ")[1].split(" ")[0])
    assert far["needed_h"].max() <= said < far["needed_h"].max() + 0.01


def test_what_is_there_is_not_overwritten(done):
    plan, out, *_ = done
    result = invoke(plan, "--out", out)
    assert result.exit_code == 2
    assert "--overwrite" in result.output


def test_json_is_one_object(done, monkeypatch):
    plan, out, _, planned = done
    monkeypatch.setattr(walkcover, "operate", lambda *_a, **_k: planned)
    result = invoke(plan, "--out", out, "--overwrite", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert (
        figures["collected_tubes"] + figures["late_tubes"] + figures["itself_tubes"]
        == (figures["tubes"])
    )


def test_a_plan_without_laboratories_is_told_what_is_missing(tmp_path):
    plan = plan_file(tmp_path / "town", without=("[[groups]]", "[laboratories]"))
    result = invoke(plan, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "[laboratories] source is missing" in result.output
