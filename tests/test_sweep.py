"""Sweeps: each row is a run of its own, in a fixed order, however often it was stopped."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import town

import walkcover
from walkcover import _sweep_runs, _sweep_store, sweeps
from walkcover._sweep_grid import combinations, reading
from walkcover.io.inputs import Inputs, read_inputs
from walkcover.overrides import with_values
from walkcover.plan import Plan

LIMITS = [5, 15]
SPEEDS = [2.9, 4.0]
GRID: dict[str, list[Any]] = {"walk.limit_min": LIMITS, "walk.speed_kmh": SPEEDS}
# Enough to be killed between the first and the last.
MANY = list(range(11, 16))
KILLED_AFTER = 1
PATIENCE_S = 60.0

SCRIPT = """\
import sys
import walkcover

if __name__ == "__main__":
    plan, out, workers = sys.argv[1:]
    values = {"walk.limit_min": list(range(11, 16))}
    walkcover.sweep(walkcover.load_plan(plan), values, out=out, workers=int(workers))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return town.make_town(tmp_path / "town")


@pytest.fixture
def plan(path: Path) -> Plan:
    return walkcover.load_plan(path)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was run, by combination."""
    seen: list[str] = []
    run = _sweep_runs._run

    def counted(one: Any, *given: Any, **options: Any) -> Any:
        seen.append(one.text)
        return run(one, *given, **options)

    monkeypatch.setattr(_sweep_runs, "_run", counted)
    return seen


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Plans whose files were read."""
    seen: list[Plan] = []

    def counted(plan: Plan) -> Inputs:
        seen.append(plan)
        return read_inputs(plan)

    monkeypatch.setattr(_sweep_runs, "read_inputs", counted)
    return seen


# What a row says


def test_each_row_is_a_run_of_its_own(path: Path, plan: Plan, reads: list[Plan]) -> None:
    """The same plan written as a file for each combination, and run alone."""
    rows = walkcover.sweep(plan, GRID, out=path.with_name("s.parquet"))
    order = list(itertools.product(LIMITS, SPEEDS))
    assert list(zip(rows["walk.limit_min"], rows["walk.speed_kmh"], strict=True)) == order
    # Neither value changes what is read.
    assert len(reads) == 1
    for row, (limit, speed) in zip(rows.to_dict("records"), order, strict=True):
        town.change_plan(path, walk={"limit_min": limit, "speed_kmh": speed})
        summary = walkcover.assess(walkcover.load_plan(path)).summary
        for name in ("people", "covered_people", "covered_share", "gap_people"):
            assert row[name] == summary[name], (limit, speed, name)
        assert row["sites.open"] == 1
        for stage in summary["stages"]:
            for name in ("people", "covered_people", "covered_share"):
                assert row[f"stages.{stage['name']}.{name}"] == stage[name]
    # By hand: R01 to R03 walk 250, 250 and 750 m to B1, 30, 0 and 30 of them people.
    by_hand = {(5, 4.0): 30.0, (15, 4.0): 60.0, (15, 2.9): 30.0}
    for (limit, speed), people in by_hand.items():
        assert rows["covered_people"][order.index((limit, speed))] == people
    # More time, or a faster walk, never covers fewer.
    table = rows.pivot(index="walk.limit_min", columns="walk.speed_kmh", values="covered_people")
    assert (np.diff(table.to_numpy(), axis=0) >= 0).all()
    assert (np.diff(table.to_numpy(), axis=1) >= 0).all()
    assert not rows["error"].any()
    assert not [name for name in rows.columns if name.endswith("_after")]


def test_suggestions_have_the_figures_after_building(path: Path, plan: Plan) -> None:
    out = path.with_name("s.parquet")
    values = {"stages.countryside.max_sites": [1]}
    rows = walkcover.sweep(plan, values, out=out, suggest=True, seed=7)
    assert rows["seed"].tolist() == [7]
    for row, number in zip(rows.to_dict("records"), values[next(iter(values))], strict=True):
        stages = [*town.PLAN["stages"][:2], {"name": "countryside", "max_sites": number}]
        town.write_plan(path, {**town.PLAN, "stages": stages})
        summary = walkcover.suggest(walkcover.load_plan(path)).summary
        assert row["covered_people_after"] == summary["covered_people_after"]
        assert row["sites.suggested"] == summary["sites"]["suggested"]
        last = summary["stages"][2]
        assert row["stages.countryside.sites_added"] == last["sites_added"] <= number
        assert row["stages.countryside.status"] == last["status"]


def test_desk_time_is_told_where_it_counts(path: Path, plan: Plan) -> None:
    sites = [{**row, "desks": 1} for row in town.site_rows()]
    town.write_rows(path.with_name("sites.csv"), sites)
    values = {"desks.interval_days": [7, 2, 0.125], "desks.hours_per_day": [1]}
    rows = walkcover.sweep(plan, values, out=path.with_name("s.parquet"))
    # One open site with one desk: 60 tests an hour, one hour a day. 60 people are within reach.
    assert rows["desks.now.capacity_people"].tolist() == [420, 120, 7.5]
    assert rows["desks.now.unserved_people"].tolist() == [0, 0, 52.5]
    assert rows["covered_people"].tolist() == [60, 60, 7.5]


def test_the_seed_reaches_the_search(
    path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = []
    from walkcover import suggestion

    plan_stages = suggestion.plan_stages

    def noted(*given: Any, **options: Any) -> Any:
        seeds.append(options["seed"])
        return plan_stages(*given, **options)

    monkeypatch.setattr(suggestion, "plan_stages", noted)
    values = {"walk.limit_min": [15]}
    walkcover.sweep(plan, values, out=path.with_name("s.parquet"), suggest=True, seed=11)
    assert seeds == [11]


def test_values_of_several_kinds_are_one_column(path: Path, plan: Plan) -> None:
    values = {"residences.people": ["people", 2], "walk.band": [["brisk", "frail"]]}
    out = path.with_name("s.parquet")
    rows = walkcover.sweep(plan, values, out=out)
    assert rows["walk.band"].tolist() == ['["brisk", "frail"]'] * 2
    assert rows["residences.people"].tolist() == ['"people"', "2"]
    assert rows["people"].tolist() == [798, 32]
    pd.testing.assert_frame_equal(pd.read_parquet(out), rows, check_dtype=False)


@pytest.mark.parametrize(
    ("given", "column"),
    [
        ([1, 2], [1, 2]),
        ([1, 2.5], [1, 2.5]),
        (["a", "b"], ["a", "b"]),
        ([True, False], [True, False]),
        ([True, 1], ["true", "1"]),
        (["people", 12], ['"people"', "12"]),
        ([["a"]], ['["a"]']),
    ],
)
def test_columns_keep_values_of_one_kind(given: list[Any], column: list[Any]) -> None:
    assert sweeps._column(given) == column


# What is read


FREE = {
    "plan.name": "other",
    "map.tiles_credit": "",
    "walk.limit_min": 3,
    "walk.speed_kmh": 1.5,
    "walk.profile": "elderly",
    "walk.band": ["frail"],
    "walk.steps_factor": 2,
    "walk.surface_factors": {"gravel": 2},
    "candidates.spacing_m": 50,
    "desks.interval_days": 2,
    "siting.gap": 0.5,
    "siting.profile": "elderly",
    "stages.city.max_sites": 3,
    "stages.city.zone_floor": 0.5,
}


@pytest.mark.parametrize("key", FREE)
def test_free_keys_change_nothing_that_is_read(plan: Plan, key: str) -> None:
    changed = with_values(plan, {key: FREE[key]})
    assert reading(changed) == reading(plan)
    first, second = read_inputs(plan), read_inputs(changed)
    for name in ("residences", "sites", "zones"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    for name in ("lon", "lat", "length_m"):
        assert np.array_equal(getattr(first.network, name), getattr(second.network, name))
    assert first.sha256 == second.sha256


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("walk.profile", "wheelchair"),
        ("walk.min_component_m", 10),
        ("walk.snap_limit_m", 100),
        ("walk.plazas", True),
        ("walk.crossing_wait_s", 30),
        ("residences.people", 2),
        ("sites.source", ""),
        ("stages.city.name", "town"),
        ("stages.city.budget", 5),
        ("network.crs", "EPSG:32649"),
    ],
)
def test_all_other_keys_are_read_anew(plan: Plan, key: str, value: object) -> None:
    assert reading(with_values(plan, {key: value})) != reading(plan)


def test_files_are_read_once_for_each_that_differs(
    path: Path, plan: Plan, reads: list[Plan]
) -> None:
    values = {"walk.limit_min": [5, 15], "residences.people": ["people", 2]}
    rows = walkcover.sweep(plan, values, out=path.with_name("s.parquet"))
    assert len(reads) == 2
    assert rows["people"].tolist() == [798, 32, 798, 32]
    # A later sweep looks at the files again.
    town.write_rows(path.with_name("residences.csv"), town.residence_rows()[:3])
    walkcover.sweep(plan, {"walk.limit_min": [15]}, out=path.with_name("t.parquet"))
    assert len(reads) == 3


# Stopped and started again


def _script(path: Path, out: Path, workers: int) -> list[str]:
    script = path.with_name("script.py")
    script.write_text(SCRIPT, encoding="utf-8")
    return [sys.executable, str(script), str(path), str(out), str(workers)]


def _rows(out: Path) -> list[Path]:
    folder = _sweep_store.rows_folder(out)
    return [one for one in folder.glob("[0-9a-f]*.json") if one.name != _sweep_store.ABOUT_NAME]


def _until(done: Any, what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_killed_sweep_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    running = subprocess.Popen(_script(path, killed, 2))
    _until(lambda: len(_rows(killed)) >= KILLED_AFTER, "no row was written")
    children = _children(running.pid)
    running.send_signal(signal.SIGKILL)
    running.wait()
    n_before = len(_rows(killed))
    assert KILLED_AFTER <= n_before < len(MANY), "killed too late: give it more to do"
    assert not killed.exists()
    # Workers do not go on without the sweep that started them.
    _until(lambda: not any(map(_runs, children)), "workers are still there")

    plan, values = walkcover.load_plan(path), {"walk.limit_min": MANY}
    walkcover.sweep(plan, values, out=killed)
    walkcover.sweep(plan, values, out=whole)
    assert killed.read_bytes() == whole.read_bytes()
    left = {one.name for one in _sweep_store.rows_folder(killed).iterdir()}
    assert left == {one.name for one in _rows(whole)} | {_sweep_store.ABOUT_NAME}


def test_finished_combinations_are_not_run_again(path: Path, plan: Plan, runs: list[str]) -> None:
    out = path.with_name("s.parquet")
    first = walkcover.sweep(plan, {"walk.limit_min": [15, 5]}, out=out)
    assert runs == ["walk.limit_min = 15", "walk.limit_min = 5"]
    raw = out.read_bytes()
    out.unlink()
    again = walkcover.sweep(plan, {"walk.limit_min": [15, 5]}, out=out)
    pd.testing.assert_frame_equal(first, again)
    assert out.read_bytes() == raw
    assert len(runs) == 2
    more = walkcover.sweep(plan, {"walk.limit_min": [5, 10, 15]}, out=out, overwrite=True)
    assert runs[2:] == ["walk.limit_min = 10"]
    assert more["covered_people"].tolist()[::2] == first["covered_people"].tolist()[::-1]
    # Another seed, or suggestions, are other combinations.
    walkcover.sweep(plan, {"walk.limit_min": [5]}, out=out, overwrite=True, seed=1)
    walkcover.sweep(plan, {"walk.limit_min": [5]}, out=out, overwrite=True, suggest=True)
    assert runs[3:] == ["walk.limit_min = 5"] * 2


def test_a_broken_row_is_made_again(
    path: Path, plan: Plan, runs: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    out, values = path.with_name("s.parquet"), {"walk.limit_min": [5, 15]}
    walkcover.sweep(plan, values, out=out)
    raw = out.read_bytes()
    broken = _rows(out)[0]
    broken.write_bytes(broken.read_bytes()[:40])
    (broken.parent / ".unfinished-1-x.json").write_text("{", encoding="utf-8")
    walkcover.sweep(plan, values, out=out, overwrite=True)
    assert f"{broken} is broken and is made again" in caplog.text
    assert len(runs) == 3
    assert out.read_bytes() == raw
    assert len([*broken.parent.iterdir()]) == 3


@pytest.mark.parametrize("key", ["walk.snap_limit_m", "siting.gap"])
def test_rows_of_another_plan_are_refused(path: Path, plan: Plan, key: str) -> None:
    out, values = path.with_name("s.parquet"), {"walk.limit_min": [5]}
    walkcover.sweep(plan, values, out=out)
    raw = out.read_bytes()
    other = with_values(plan, {key: 0.125})
    with pytest.raises(walkcover.InputError) as caught:
        walkcover.sweep(other, values, out=out, overwrite=True)
    head, difference, advice = str(caught.value).split("\n")
    assert head == f"{out.with_name('s_rows')} holds rows of another plan:"
    assert difference.startswith(f"  {key} was ")
    assert difference.endswith(", is 0.125")
    assert "delete the folder" in advice
    assert out.read_bytes() == raw
    # A title changes no figure.
    walkcover.sweep(with_values(plan, {"plan.name": "x"}), values, out=out, overwrite=True)


def test_rows_of_other_inputs_are_refused(path: Path, plan: Plan) -> None:
    out, values = path.with_name("s.parquet"), {"walk.limit_min": [5]}
    walkcover.sweep(plan, values, out=out)
    town.write_rows(path.with_name("sites.csv"), town.site_rows()[:1])
    with pytest.raises(walkcover.InputError, match=r"inputs\.sites\.csv was "):
        walkcover.sweep(plan, values, out=out, overwrite=True)


def test_a_folder_of_something_else_is_left_alone(path: Path, plan: Plan) -> None:
    folder = path.with_name("s_rows")
    folder.mkdir()
    (folder / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(walkcover.InputError, match=r"no folder of a sweep, first 'letter\.txt'"):
        walkcover.sweep(plan, {"walk.limit_min": [5]}, out=path.with_name("s.parquet"))
    assert [one.name for one in folder.iterdir()] == ["letter.txt"]


def test_a_table_is_not_overwritten(path: Path, plan: Plan, runs: list[str]) -> None:
    out = path.with_name("s.parquet")
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(walkcover.OutputExistsError, match=r"s\.parquet is there already"):
        walkcover.sweep(plan, {"walk.limit_min": [5]}, out=out)
    assert runs == []
    assert out.read_text(encoding="utf-8") == "mine"


def test_a_search_that_was_interrupted_is_no_row(
    path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search takes the first Ctrl-C as the end of its time; its answer must not be kept."""
    from walkcover._deadline import interruptible

    suggest = _sweep_runs.suggest_sites

    def interrupted(*given: Any, **options: Any) -> Any:
        with interruptible(60.0) as deadline:
            signal.raise_signal(signal.SIGINT)
            assert deadline.passed()
        return suggest(*given, **options)

    monkeypatch.setattr(_sweep_runs, "suggest_sites", interrupted)
    out = path.with_name("s.parquet")
    with pytest.raises(KeyboardInterrupt):
        walkcover.sweep(plan, {"walk.limit_min": [5, 15]}, out=out, suggest=True)
    assert _rows(out) == []
    assert not out.exists()


# What goes wrong


@pytest.fixture
def two_tables(path: Path) -> dict[str, list[str]]:
    """A table of sites, and one that lies nowhere near."""
    far = [{**row, "lon": 10.0, "lat": 50.0} for row in town.site_rows()]
    town.write_rows(path.with_name("far.csv"), far)
    return {"sites.source": ["far.csv", "sites.csv"]}


@pytest.mark.parametrize("workers", [1, 2])
def test_others_are_finished_where_one_fails(
    path: Path, plan: Plan, two_tables: dict[str, list[str]], workers: int
) -> None:
    out = path.with_name("s.parquet")
    with pytest.raises(walkcover.InputError) as caught:
        walkcover.sweep(plan, two_tables, out=out, workers=workers)
    head, line, *_ = str(caught.value).split("\n")
    assert head == f"1 of 2 combinations failed; the others stand in {out}:"
    assert line.startswith('  sites.source = "far.csv": far.csv: ')
    rows = pd.read_parquet(out)
    assert rows["covered_people"].isna().tolist() == [True, False]
    assert rows["covered_people"][1] == 60
    assert rows["error"][0].startswith("far.csv: ")
    assert rows["error"][1] == ""
    # Failed ones are tried again.
    assert len(_rows(out)) == 1


def test_a_missing_file_is_told_before_anything_runs(
    path: Path, plan: Plan, runs: list[str]
) -> None:
    values = {"sites.source": ["sites.csv", "none.csv"]}
    with pytest.raises(walkcover.MissingFileError, match=r"\[sites\] source = 'none\.csv'"):
        walkcover.sweep(plan, values, out=path.with_name("s.parquet"))
    assert runs == []


def test_faults_of_all_combinations_come_first_and_once(
    path: Path, plan: Plan, runs: list[str]
) -> None:
    out = path.with_name("s.parquet")
    for values, expected in [
        (
            {"walk.limit_min": [5, 0], "walk.speed": [1, 2]},
            [
                "[walk] has no key 'speed'; did you mean 'speed_kmh'? "
                "(at walk.limit_min = 5, walk.speed = 1)",
                "[walk] limit_min = 0.0: expected a positive number "
                "(at walk.limit_min = 0, walk.speed = 1)",
            ],
        ),
        (
            {"walk.limit_min": [], "walk.profile": "brisk", "siting.gap": [0, 1, 1]},
            [
                "walk.limit_min: expected at least one value",
                "walk.profile: expected a list of values, as [5, 10, 15]",
                "siting.gap: 1 is given more than once",
            ],
        ),
        ({}, ["nothing to vary: expected a key and its values, as walk.limit_min"]),
    ]:
        with pytest.raises(walkcover.PlanError) as caught:
            walkcover.sweep(plan, values, out=out)
        head, *lines = str(caught.value).split("\n")
        assert head == "the sweep is not understood:"
        assert [line.strip() for line in lines] == expected
    with pytest.raises(walkcover.InputError, match="workers = 0: expected 1 or more"):
        walkcover.sweep(plan, GRID, out=out, workers=0)
    assert runs == []
    assert not out.exists()


def test_an_unexpected_error_says_where(
    path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(_sweep_runs, "assess", broken)
    with pytest.raises(ZeroDivisionError) as caught:
        walkcover.sweep(plan, {"walk.limit_min": [5]}, out=path.with_name("s.parquet"))
    assert caught.value.__notes__ == ["in the sweep at walk.limit_min = 5"]


def _die(*_: Any) -> None:
    os._exit(1)


def test_a_process_that_the_system_ended_is_told(plan: Plan) -> None:
    grid = combinations(plan, {"walk.limit_min": [5, 15]})
    with pytest.raises(walkcover.WalkCoverError, match="start it again with fewer workers"):
        [*_sweep_runs._in_processes(_die, grid, [0, 1], {0: "", 1: ""}, 2)]


def test_warnings_are_told_once(path: Path, plan: Plan, caplog: pytest.LogCaptureFixture) -> None:
    town.write_rows(path.with_name("residences.csv"), town.residence_rows()[:13])
    walkcover.sweep(plan, {"walk.crossing_wait_s": [5.0, 6.0]}, out=path.with_name("s.parquet"))
    texts = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    waits = [text for text in texts if "marks no crossing with signals" in text]
    assert len(waits) == 1
    assert waits[0].startswith("walk.crossing_wait_s = 5.0: streets.osm marks no crossing")


def test_rows_are_readable_files(path: Path, plan: Plan) -> None:
    out = path.with_name("s.parquet")
    rows = walkcover.sweep(plan, {"walk.limit_min": [15]}, out=out)
    content = json.loads(_rows(out)[0].read_text(encoding="utf-8"))
    assert content["values"] == {"walk.limit_min": 15}
    assert content["figures"]["covered_people"] == rows["covered_people"][0] == 60
    assert sweeps.figures(walkcover.assess(plan).summary) == content["figures"]
