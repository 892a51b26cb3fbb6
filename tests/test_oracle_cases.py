"""Hold the package and the oracle against walks worked by hand."""

import math
from collections.abc import Callable
from pathlib import Path

import oracle
import oracle_cases
import pandas as pd
import pytest
from oracle_cases import TOWNS, Town, random_town

import walkcover

# Coordinates of an OSM file end at 1e-7 degrees: a centimetre on a street's length. Those of a
# GeoPackage do not; what remains there is the scale of the projection, some millionths.
TOLERANCE_S = {"osm": 0.02, "gpkg": 0.003}
TOLERANCE_M = {"osm": 0.01, "gpkg": 0.003}
CASES = [
    pytest.param(town, kind, id=f"{town.__name__}-{kind}")
    for town in TOWNS
    for kind in town().formats
]


def check(town: Town, found: pd.DataFrame, kind: str) -> None:
    assert found["residence_id"].tolist() == list(town.homes)
    for row, (name, home) in zip(found.to_dict("records"), town.homes.items(), strict=True):
        expected = home.expected
        assert row["verdict"] == expected.verdict, name
        assert row["walk_s"] == pytest.approx(expected.walk_s, abs=TOLERANCE_S[kind]), name
        assert _or_none(row["snap_to"]) == expected.snap_to, name
        assert _or_none(row["site_id"]) == expected.site_id, name
        if expected.snap_to is None:
            assert math.isnan(row["snap_m"]), name
        elif not math.isnan(expected.snap_m):
            assert row["snap_m"] == pytest.approx(expected.snap_m, abs=TOLERANCE_M[kind]), name


def _or_none(value: object) -> object:
    return None if pd.isna(value) else value


@pytest.mark.parametrize(("make", "kind"), CASES)
def test_oracle_agrees_with_the_hand(make: Callable[[], Town], kind: str, tmp_path: Path) -> None:
    town = make()
    streets = oracle.read_streets(oracle_cases.write_town(town, tmp_path, kind))
    found = oracle.assess(streets, oracle_cases.residences(town), oracle_cases.sites(town))
    check(town, found, kind)


@pytest.mark.parametrize(("make", "kind"), CASES)
def test_package_agrees_with_the_hand(make: Callable[[], Town], kind: str, tmp_path: Path) -> None:
    town = make()
    oracle_cases.write_town(town, tmp_path, kind)
    result = walkcover.assess(walkcover.load_plan(tmp_path / "plan.toml"))
    check(town, result.residences, kind)


@pytest.mark.parametrize("kind", ["osm", "gpkg"])
@pytest.mark.parametrize("seed", range(12))
def test_package_agrees_with_the_oracle(seed: int, kind: str, tmp_path: Path) -> None:
    town = random_town(seed)
    streets = oracle.read_streets(oracle_cases.write_town(town, tmp_path, kind))
    expected = oracle.assess(streets, oracle_cases.residences(town), oracle_cases.sites(town))
    result = walkcover.assess(walkcover.load_plan(tmp_path / "plan.toml"))
    oracle.agree(result.residences, expected)
