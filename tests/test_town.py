"""The example town, whole: what it must show, and that page, report and summary agree."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import oracle
import pandas as pd
import pytest
from browsing import Visit

import walkcover
from walkcover.io.inputs import read_inputs
from walkcover.result import Result

TOWN = Path(__file__).parents[1] / "data" / "town"
MAX_GAP = 0.05


@pytest.fixture(scope="module")
def town() -> Result:
    return walkcover.run(walkcover.load_plan(TOWN / "plan.toml"))


@pytest.fixture(scope="module")
def out(town: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    walkcover.write(town, folder)
    return folder


def test_every_verdict_but_over_capacity_occurs(town: Result) -> None:
    expected = {"no_people", "not_snapped", "covered", "too_far", "island", "no_site"}
    assert set(town.residences["verdict"]) == expected


def test_siting_is_proved_within_five_percent(town: Result) -> None:
    assert (town.stages["gap"] <= MAX_GAP).all()
    assert town.rollout["stage"].tolist() == sorted(
        town.rollout["stage"], key=town.stages["name"].tolist().index
    )


def test_walks_agree_with_the_oracle(town: Result) -> None:
    streets = oracle.read_streets(TOWN / "streets.osm.pbf")
    inputs = read_inputs(town.plan)
    some = inputs.residences.sample(300, random_state=1)
    is_open = inputs.sites["status"] == "open"
    expected = oracle.assess(
        streets, some[["residence_id", "people", "geometry"]], inputs.sites[is_open]
    )
    found = town.residences.set_index("residence_id").loc[some["residence_id"]].reset_index()
    oracle.agree(pd.DataFrame(found), expected)


def test_people_are_conserved(town: Result) -> None:
    total = town.summary["people"]
    leaves = ~town.zones["zone_id"].isin(town.zones["parent_id"].dropna())
    assert town.residences["people"].sum() == total
    assert town.zones.loc[leaves, "people"].sum() == total
    assert town.stages["people"].sum() == total
    for suffix in ("", "_after"):
        by_verdict = town.summary[f"verdicts{suffix}"].values()
        assert sum(part["people"] for part in by_verdict) == total
    served = town.sites["people_served"].sum()
    assert served == town.summary["covered_people_after"]
    gained = town.rollout["people_gained"].sum()
    planned = town.rollout["covered_people"].iloc[0] - town.rollout["people_gained"].iloc[0]
    assert planned + gained == town.summary["covered_people_after"]


def test_map_opens_without_a_net_and_agrees(out: Path, browser: Any) -> None:
    seen = Visit(browser, (out / "map.html").as_uri())
    numbers: dict[str, Any] = seen.page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-key]')]"
        ".map(e => [e.dataset.key, Number(e.dataset.value)]))"
    )
    seen.context.close()
    requests, messages = seen.requests, seen.complaints
    assert requests == [(out / "map.html").as_uri()]
    assert messages == []
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    for key in ("people", "covered_people", "covered_share", "gap_people", "people_per_site"):
        assert numbers[key] == summary[key], key
    for key in ("covered_people_after", "covered_share_after", "people_per_site_after"):
        assert numbers[key] == summary[key], key
    for suffix in ("", "_after"):
        bands = [numbers[f"{name}{suffix}.people"] for name in ("near", "middle", "far")]
        assert sum(bands) == summary[f"covered_people{suffix}"]
        for name in ("too_far", "island"):
            shown = numbers[f"verdicts.{name}{suffix}.people"]
            assert shown == summary[f"verdicts{suffix}"][name]["people"]


def test_layers_of_the_geopackage(town: Result, out: Path) -> None:
    sizes = {
        name: len(gpd.read_file(out / "coverage.gpkg", layer=name))
        for name in ("residences", "sites", "zones", "gap_areas", "isochrones")
    }
    assert sizes == {
        "residences": len(town.residences),
        "sites": len(town.sites),
        "zones": len(town.zones),
        "gap_areas": len(town.gap_areas),
        "isochrones": 3,
    }
