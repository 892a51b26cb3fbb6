"""A plan done by region gives what it gives in one piece, whoever does the regions."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from backwards import Backwards
from click.testing import CliRunner
from distributed.comm import CommClosedError

import walkcover
from walkcover import ClusterError, WalkCoverError
from walkcover.assessment import assess_tables, ready_streets
from walkcover.by_region import Regional, assess_regions, cut_regions
from walkcover.cli import main
from walkcover.io.cluster import DaskRunner, dask_runner
from walkcover.io.inputs import read_inputs
from walkcover.plan import RegionOptions
from walkcover.region_tasks import JOINS, join_places
from walkcover.runners import OneByOne

TOWN = Path(__file__).parents[1] / "data" / "town"
SECONDS = 60.0


@pytest.fixture(scope="module")
def plan():
    plan = walkcover.load_plan(TOWN / "plan.toml")
    return dataclasses.replace(plan, regions=RegionOptions(residences=600))


@pytest.fixture(scope="module")
def inputs(plan):
    return read_inputs(plan)


@pytest.fixture(scope="module")
def whole(inputs, plan):
    walking = inputs.walking
    return assess_tables(
        inputs.residences,
        inputs.sites,
        walking.network,
        plan=plan,
        heights=walking.heights,
        barriers=walking.barriers,
    )


def assert_same(one, other):
    """Hold two assessments against each other, to the bit."""
    for name in ("homes", "site_joins"):
        for field in dataclasses.fields(getattr(one, name)):
            values = [np.asarray(getattr(getattr(some, name), field.name)) for some in (one, other)]
            assert np.array_equal(*values, equal_nan=values[0].dtype.kind == "f"), field.name
    for name in ("residences", "sites"):
        tables = [getattr(some, name).drop(columns="geometry") for some in (one, other)]
        pd.testing.assert_frame_equal(*map(pd.DataFrame, tables), check_exact=True)


@pytest.mark.parametrize("runner", [OneByOne(), Backwards()])
def test_walks_and_verdicts_are_those_of_one_piece_to_the_bit(
    inputs, plan, whole, tmp_path, runner
):
    assessment, work = assess_regions(inputs, plan=plan, regional=Regional(runner, tmp_path))
    assert len(work.folders) >= 8
    assert_same(assessment, whole)


def test_tiny_regions_change_nothing(inputs, plan, whole, tmp_path):
    some = inputs.residences.iloc[:40].copy()
    few = dataclasses.replace(inputs, residences=some)
    tiny = dataclasses.replace(plan, regions=RegionOptions(residences=7))
    assessment, _ = assess_regions(few, plan=tiny, regional=Regional(OneByOne(), tmp_path))
    names = ["walk_s", "snap_m", "verdict"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(assessment.residences[names]),
        pd.DataFrame(whole.residences[names].iloc[:40]),
        check_exact=True,
    )


def test_slopes_walls_plazas_and_waits_change_nothing(plan, tmp_path):
    everything = {
        "network.elevation": ["elevation.tif"],
        "walk.walls": True,
        "walk.plazas": True,
        "walk.crossing_wait_s": 20,
        "walk.steps_factor": 1.5,
    }
    plan = walkcover.with_values(plan, everything)
    one = walkcover.assess(walkcover.with_values(plan, {"regions.residences": 0}))
    parted = walkcover.assess(plan, regional=Regional(OneByOne(), tmp_path))
    assert any(tmp_path.rglob("barriers.parquet"))
    assert_same(parted.study.assessment, one.study.assessment)


def test_a_worker_that_is_killed_changes_nothing(inputs, plan, whole, tmp_path):
    killed = []

    def kill(pids):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if any(tmp_path.rglob(next(iter(JOINS.values())))):
                os.kill(pids[0], signal.SIGKILL)
                killed.append(pids[0])
                return
            time.sleep(0.01)

    with dask_runner(workers=2, work=tmp_path) as hands:
        pids = list(hands.client.run(os.getpid).values())
        assert len(set(pids)) == 2
        hunter = threading.Thread(target=kill, args=(pids,))
        hunter.start()
        assessment, _ = assess_regions(inputs, plan=plan, regional=Regional(hands, tmp_path))
        hunter.join()
    assert killed
    assert_same(assessment, whole)


def test_a_scheduler_that_goes_away_is_told_and_the_run_goes_on_where_it_ended(
    inputs, plan, whole, tmp_path
):
    address = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(address)],
        **quiet,
    )
    worker = subprocess.Popen(
        [*dask, "worker", "--scheduler-file", str(address), "--nthreads", "1", "--no-nanny",
         "--no-dashboard", "--local-directory", str(tmp_path / "spill")],
        **quiet,
    )  # fmt: skip
    try:
        end = time.monotonic() + SECONDS
        while not address.is_file() and time.monotonic() < end:
            time.sleep(0.05)
        where = json.loads(address.read_text())["address"]

        def stop():
            while not any(tmp_path.rglob(JOINS["candidates"])) and time.monotonic() < end:
                time.sleep(0.01)
            scheduler.kill()

        with dask_runner(scheduler=where, work=tmp_path) as hands:
            threading.Thread(target=stop).start()
            regional = Regional(hands, tmp_path)
            with pytest.raises(WalkCoverError, match=r"does not answer any more.*same command"):
                assess_regions(inputs, plan=plan, regional=regional)
    finally:
        scheduler.kill()
        worker.kill()
        scheduler.wait()
        worker.wait()
    done = {path: path.stat().st_mtime_ns for path in tmp_path.rglob(JOINS["candidates"])}
    assert done
    assessment, work = assess_regions(inputs, plan=plan, regional=Regional(OneByOne(), tmp_path))
    assert len(done) < len(work.folders)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert_same(assessment, whole)


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (CommClosedError("stream is closed"), "running", ClusterError),
        (TimeoutError("no heartbeat"), "connecting", ClusterError),
        (FileNotFoundError("the disk is away"), "running", FileNotFoundError),
    ],
)
def test_a_lost_way_to_the_scheduler_is_not_a_fault_of_a_task(monkeypatch, error, status, told):
    def fail(*_, **__):
        raise error
        yield

    monkeypatch.setattr("distributed.as_completed", fail)
    client = SimpleNamespace(status=status, loop=None, submit=lambda *_, **__: None)
    with pytest.raises(told):
        DaskRunner(client, "tcp://there:1").run(join_places, [("a",)], "joining")


def test_a_scheduler_that_never_answered_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("walkcover.io.cluster.CONNECT_S", 1)
    gone = dask_runner(scheduler="tcp://127.0.0.1:9", work=tmp_path)
    with pytest.raises(WalkCoverError, match=r"does not answer .*dask scheduler"):
        gone.__enter__()


def test_other_inputs_have_other_files(inputs, plan, tmp_path):
    index, graph = ready_streets(inputs.network, plan=plan, heights=inputs.walking.heights)
    faster = dataclasses.replace(plan, walk=dataclasses.replace(plan.walk, limit_min=10.0))
    changed = dataclasses.replace(inputs, sha256=inputs.sha256 | {"streets.osm.pbf": "0"})
    cases = [(inputs, plan), (inputs, faster), (changed, plan)]
    folders = [
        cut_regions(some, index, graph, plan=of, regional=Regional(OneByOne(), tmp_path)).folders
        for some, of in cases
    ]
    assert len({folder[0] for folder in folders}) == 3


def test_a_half_written_region_is_done_again(inputs, plan, tmp_path):
    index, graph = ready_streets(inputs.network, plan=plan, heights=inputs.walking.heights)
    work = cut_regions(inputs, index, graph, plan=plan, regional=Regional(OneByOne(), tmp_path))
    join_places(str(work.folders[0]))
    joined = work.folders[0] / JOINS["candidates"]
    content = joined.read_bytes()
    joined.unlink()
    join_places(str(work.folders[0]))
    assert joined.read_bytes() == content


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """The example town, with a plan that is done by region."""
    folder = tmp_path_factory.mktemp("town")
    shutil.copytree(TOWN, folder, dirs_exist_ok=True)
    text = (folder / "plan.toml").read_text(encoding="utf-8")
    (folder / "regions.toml").write_text(text + "\n[regions]\nresidences = 900\n", encoding="utf-8")
    return folder


def test_the_command_gives_the_same_files_with_workers_and_without(town, tmp_path):
    outs = []
    for number, more in enumerate([(), ("--workers", "2")]):
        out = tmp_path / str(number)
        done = CliRunner().invoke(
            main, ["assess", str(town / "regions.toml"), "--out", str(out), *more]
        )
        assert done.exit_code == 0, done.output
        assert not out.with_name(f"{out.name}.regions").exists()
        outs.append({path.name: path.read_bytes() for path in out.glob("*.parquet")})
    assert outs[0]
    assert outs[0] == outs[1]


@pytest.mark.parametrize("more", [("--workers", "2"), ("--scheduler", "tcp://x:1")])
def test_workers_for_a_plan_in_one_piece_are_refused(town, more):
    done = CliRunner().invoke(main, ["assess", str(town / "plan.toml"), *more])
    assert done.exit_code == 2
    assert "[regions] residences" in done.output


def test_workers_and_a_scheduler_are_one_too_many(town):
    done = CliRunner().invoke(
        main,
        ["assess", str(town / "regions.toml"), "--workers", "2", "--scheduler", "tcp://x:1"],
    )
    assert done.exit_code == 2
    assert "give one" in done.output
