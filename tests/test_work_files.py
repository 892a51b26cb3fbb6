"""Files of daily work in the output folder."""

import dataclasses
import json

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from operations_case import make_daily_result

from walkcover import InputError
from walkcover.operating import operation_figures
from walkcover.output import FILES, files_of, write
from walkcover.work_files import (
    DEMAND_FILES,
    RELAY_FILES,
    ROUND_FILES,
    WORK_FILES,
    WORK_WRITERS,
    planned_files,
)


@pytest.fixture(scope="module")
def daily():
    return make_daily_result()


def without(result, *parts):
    work = dataclasses.replace(result.operations, **dict.fromkeys(parts))
    return dataclasses.replace(result, operations=work)


def test_every_file_has_its_writer():
    assert set(WORK_FILES) == set(WORK_WRITERS)
    assert not set(WORK_FILES) & set(FILES)


def test_what_was_not_planned_has_no_file(daily):
    assert planned_files(dataclasses.replace(daily, operations=None)) == ()
    assert files_of(dataclasses.replace(daily, operations=None)) == FILES
    assert set(ROUND_FILES).isdisjoint(planned_files(without(daily, "rounds")))
    assert set(RELAY_FILES).isdisjoint(planned_files(without(daily, "relay")))
    assert set(DEMAND_FILES) <= set(planned_files(daily))


def test_layers_of_a_whole_run_go_into_one_file(daily):
    assert not [name for name in files_of(daily) if name in ("rounds.gpkg", "relay.gpkg")]


def test_tables_come_back_as_they_were(daily, tmp_path):
    write(daily, tmp_path, files=WORK_FILES)
    work = daily.operations
    services = gpd.read_parquet(tmp_path / "services.parquet")
    assert services["service"].tolist() == work.demand.services["service"].tolist()
    hours = pd.read_parquet(tmp_path / "site_hours.parquet")
    pd.testing.assert_frame_equal(hours, work.demand.site_hours.reset_index(drop=True))
    load = pd.read_csv(tmp_path / "site_load.csv", dtype={"site_id": str})
    assert load["tests"].tolist() == pytest.approx(work.demand.sites["tests"].tolist())
    assert load["lon"].tolist() == pytest.approx(work.demand.sites.geometry.x.tolist(), abs=1e-6)
    assert "geometry" not in load
    visits = pd.read_csv(tmp_path / "rounds.csv", dtype={"stop_id": str})
    assert visits["stop_id"].tolist() == work.rounds.visits["stop_id"].tolist()
    layers = {name for name, _ in pyogrio.list_layers(tmp_path / "rounds.gpkg")}
    assert layers == {"bases", "stops", "rounds"}
    lines = gpd.read_file(tmp_path / "rounds.gpkg", layer="rounds")
    assert len(lines) == len(work.rounds.days)
    laboratories = gpd.read_file(tmp_path / "relay.gpkg", layer="laboratories")
    assert laboratories["tubes"].tolist() == work.relay.laboratories["tubes"].tolist()


def test_the_same_bytes_twice(daily, tmp_path):
    for folder in ("a", "b"):
        write(daily, tmp_path / folder, files=WORK_FILES)
    for name in WORK_FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("parts", "name", "words"),
    [
        (("rounds",), "rounds.csv", r"\[bases\] source"),
        (("relay",), "laboratories.csv", r"\[laboratories\] source"),
    ],
)
def test_a_file_of_what_was_not_planned_is_refused(daily, tmp_path, parts, name, words):
    with pytest.raises(InputError, match=words):
        write(without(daily, *parts), tmp_path, files=(name,))
    assert not list(tmp_path.iterdir())


def test_without_daily_work_its_files_are_refused(daily, tmp_path):
    with pytest.raises(InputError, match="holds no daily work"):
        write(dataclasses.replace(daily, operations=None), tmp_path, files=("slots.csv",))


def test_figures_are_plain_and_know_no_nan(daily):
    figures = operation_figures(daily.operations)
    text = json.dumps(figures, allow_nan=False)
    assert set(json.loads(text)) == {"demand", "rounds", "relay", "intervals"}
    assert len(figures["intervals"]) == len(daily.operations.intervals)
    assert operation_figures(without(daily, "relay").operations)["relay"] is None
