"""A plan with values changed is the plan whose file says so."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import town
from hypothesis import given
from hypothesis import strategies as st

import walkcover
from walkcover import PlanError
from walkcover.overrides import plan_mapping, read_values, with_values
from walkcover.plan import PROFILES, Plan, Profile, Stage
from walkcover.plan_mapping import plan_from_mapping

LEAST: dict[str, Any] = {
    "network": {"source": "streets.osm.pbf"},
    "residences": {"source": "homes.csv", "crs": "wgs84"},
}
STAGES = [{"name": "city", "target": 0.9}, {"name": "v. 1", "max_sites": 3}]


def make(**sections: Any) -> Plan:
    return plan_from_mapping({**LEAST, "stages": STAGES, **sections}, folder=Path("somewhere"))


def faults(values: dict[str, Any], plan: Plan | None = None) -> list[str]:
    with pytest.raises(PlanError) as caught:
        with_values(plan or make(), values)
    head, *lines = str(caught.value).split("\n")
    assert head == "the changes to the plan are not understood:"
    return [line.strip() for line in lines]


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("walk", "limit_min", 10),
        ("walk", "limit_min", 7.5),
        ("walk", "profile", "elderly"),
        ("walk", "speed_kmh", 3.3),
        ("walk", "band", ["frail"]),
        ("walk", "surface_factors", {"gravel": 1.2, "fine.gravel": 1.1}),
        ("walk", "plazas", True),
        ("walk", "barriers", "../rivers.gpkg"),
        ("network", "elevation", ["a.tif", "b.tif"]),
        ("network", "elevation", "a.tif"),
        ("residences", "people", 12),
        ("residences", "people", "headcount"),
        ("desks", "interval_days", 3),
        ("siting", "gap", 0),
        ("sites", "crs", "gcj02"),
        ("plan", "date", "2023-05-20"),
        ("population", "kind", "cells"),
    ],
)
def test_a_changed_value_is_that_of_a_changed_file(
    tmp_path: Path, section: str, key: str, value: object
) -> None:
    """The value written into the file, read by the reader of plan files."""
    path = town.make_town(tmp_path)
    plan = walkcover.load_plan(path)
    changed = with_values(plan, {f"{section}.{key}": value})
    before = town.PLAN.get(section, {})
    text = (
        "{ " + ", ".join(f'"{name}" = {one}' for name, one in value.items()) + " }"
        if isinstance(value, dict)
        else None
    )
    town.write_plan(path, {**town.PLAN, section: {**before, key: value}})
    if text is not None:
        lines = path.read_text(encoding="utf-8").splitlines()
        written = [f"{key} = {text}" if line.startswith(f"{key} = ") else line for line in lines]
        path.write_text("\n".join(written), encoding="utf-8")
    assert changed == walkcover.load_plan(path)
    assert changed != plan
    assert changed.folder == plan.folder == tmp_path


def test_the_plan_itself_stays_as_it_is() -> None:
    plan, same = make(), make()
    changed = with_values(plan, {"stages.city.target": 0.5, "walk.surface_factors.gravel": 2})
    assert plan == same
    assert (changed.stages[0].target, changed.walk.surface_factors) == (0.5, {"gravel": 2})
    assert with_values(plan, {}) == plan


def test_a_plan_and_its_mapping_are_one() -> None:
    plan = make(
        walk={"surface_factors": {"gravel": 1.2}, "band": ["frail"], "profile": "cart"},
        profiles={"cart": {"speed_kmh": 3.5, "steps": False}},
        network={"source": "a.pbf", "elevation": ["a.tif", "b.tif"]},
        residences={"source": "osm", "people": 12},
    )
    assert plan_from_mapping(plan_mapping(plan), folder=plan.folder) == plan


@given(
    limit=st.floats(0.1, 1000),
    target=st.floats(0, 1),
    gap=st.floats(0, 1),
    sites=st.integers(0, 99),
)
def test_any_values_in_range_arrive(limit: float, target: float, gap: float, sites: int) -> None:
    plan = make()
    changed = with_values(
        plan,
        {
            "walk.limit_min": limit,
            "stages[1].max_sites": sites,
            "stages.city.target": target,
            "siting.gap": gap,
        },
    )
    expected = dataclasses.replace(
        plan,
        walk=dataclasses.replace(plan.walk, limit_min=limit),
        siting=dataclasses.replace(plan.siting, gap=gap),
        stages=(Stage("city", target=target), Stage("v. 1", max_sites=sites)),
    )
    assert changed == expected


def test_stages_are_found_by_number_and_by_a_name_with_dots() -> None:
    plan = make()
    by_number = with_values(plan, {"stages[1].budget": 5})
    assert by_number == with_values(plan, {"stages.v. 1.budget": 5})
    assert by_number.stages == (Stage("city", target=0.9), Stage("v. 1", budget=5))


def test_a_goal_takes_the_place_of_the_one_before() -> None:
    for goal in ("target", "max_sites", "budget"):
        stage = with_values(make(), {f"stages.city.{goal}": 1}).stages[0]
        given = {name: getattr(stage, name) for name in ("target", "max_sites", "budget")}
        assert given == {**dict.fromkeys(given), goal: 1}
    # A floor is no goal: the goal stays.
    assert with_values(make(), {"stages.city.zone_floor": 0.5}).stages[0].target == 0.9
    two = faults({"stages.city.budget": 1, "stages[0].target": 0.5})
    assert two == ["[[stages]] no. 1 (city): give one of target, max_sites and budget"]


def test_all_stages_at_once_then_one_of_them() -> None:
    stages = [Stage("all", max_sites=2)]
    assert with_values(make(), {"stages": stages}).stages == (*stages,)
    changed = with_values(make(), {"stages.all.max_sites": 9, "stages": [{"name": "all"}]})
    assert changed.stages == (Stage("all", max_sites=9),)
    assert "stages must be written as [[stages]] entries" in faults({"stages": "all"})


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_walks_at_its_own_speed(name: str) -> None:
    plan = make(walk={"speed_kmh": 1.5})
    assert with_values(plan, {"walk.profile": name}).walker == PROFILES[name]
    both = with_values(plan, {"walk.speed_kmh": 1.0, "walk.profile": name}).walker
    assert both == dataclasses.replace(PROFILES[name], speed_kmh=1.0)


def test_a_speed_keeps_the_streets_of_the_profile() -> None:
    wheels = make(walk={"profile": "wheelchair"})
    walker = with_values(wheels, {"walk.speed_kmh": 2.0}).walker
    assert walker == Profile(2.0, steps=False, kerbs=False, max_slope=1 / 12)


def test_profiles_of_the_plan() -> None:
    plan = make(profiles={"cart": {"speed_kmh": 3.5}}, walk={"profile": "cart"})
    assert with_values(plan, {"profiles.cart.speed_kmh": 3}).walker.speed_kmh == 3
    assert with_values(plan, {"profiles.cart.steps": False}).walker.restricted
    new = with_values(plan, {"profiles": {"cart": {"speed_kmh": 1.0}}})
    assert new.walker.speed_kmh == 1
    assert faults({"profiles.crat.speed_kmh": 3}, plan) == [
        "'profiles.crat.speed_kmh': the plan has no profile 'crat'; did you mean 'cart'?"
    ]


def test_values_of_numpy_and_paths_are_plain() -> None:
    changed = with_values(
        make(),
        {
            "walk.limit_min": np.float64(7.5),
            "siting.sites_in_reach": np.int64(2),
            "walk.band": ("brisk",),
            "zones.source": Path("maps") / "zones.gpkg",
        },
    )
    assert type(changed.walk.limit_min) is float
    assert changed.siting.sites_in_reach == 2
    assert changed.walk.band == ("brisk",)
    assert changed.path(changed.zones.source) == Path("somewhere/maps/zones.gpkg")


def test_every_fault_is_in_one_message_with_the_nearest_right_name() -> None:
    told = faults(
        {
            "walk.limt_min": 5,
            "wlak.limit_min": 5,
            "walk": 5,
            "limit_min": 5,
            "stages.ciyt.target": 1,
            "stages[2].target": 1,
            "stages.city": 1,
            "stages.city.traget": 1,
            "desks.interval_days": 0,
            "siting.gap": True,
            "walk.snap_limit_m": "far",
        }
    )
    expected = [
        r"'walk' names no value: expected a section and a key, as walk\.limit_min",
        r"'limit_min' names no value: .*",
        r"'stages\.ciyt\.target': there is no stage 'ciyt'; did you mean 'city'\?",
        r"'stages\[2\]\.target': there is no stage \[2\]; the last is stages\[1\] \(v\. 1\)",
        r"'stages\.city' names no value: expected as stages\.city\.target",
        r"\[walk\] has no key 'limt_min'; did you mean 'limit_min'\?",
        r"\[wlak\] is not a section of a plan; did you mean 'walk'\?",
        r"\[\[stages\]\] no\. 1 has no key 'traget'; did you mean 'target'\?",
        r"\[desks\] interval_days = 0\.0: expected a positive number",
        r"\[siting\] gap = True: expected float",
        r"\[walk\] snap_limit_m = 'far': expected float",
    ]
    assert len(told) == len(expected)
    for pattern in expected:
        assert [fault for fault in told if re.fullmatch(pattern, fault)], pattern


def test_one_value_by_two_names_is_refused() -> None:
    same = {"stages[0].target": 0.5, "stages.city.target": 0.6}
    assert faults(same) == ["'stages.city.target' and 'stages[0].target' are the same value"]


def test_reading_values_gives_faults_without_an_error() -> None:
    plan, told = read_values(make(), {"walk.limit_min": -1})
    assert told == ["[walk] limit_min = -1.0: expected a positive number"]
    assert plan.walk.limit_min == -1
