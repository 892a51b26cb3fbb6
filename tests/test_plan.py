"""Plans: defaults, every fault with its place, and the file they are read from."""

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkcover import MissingFileError, PlanError
from walkcover.io.plan_file import STARTER_PLAN, load_plan
from walkcover.plan import DAILY_SECTIONS, Plan, Profile, Stage
from walkcover.plan_mapping import plan_from_mapping
from walkcover.plan_operations import Group, ServiceRule

LEAST: dict[str, Any] = {
    "network": {"source": "streets.osm.pbf"},
    "residences": {"source": "homes.csv", "crs": "wgs84"},
}


def make(**sections: Any) -> Plan:
    changed = {name: {**LEAST.get(name, {}), **s} for name, s in sections.items() if name in LEAST}
    return plan_from_mapping({**LEAST, **sections, **changed})


def faults(**sections: Any) -> list[str]:
    with pytest.raises(PlanError) as caught:
        make(**sections)
    head, *lines = str(caught.value).split("\n")
    assert head == "the plan is not understood:"
    return [line.strip() for line in lines]


def test_defaults_are_the_documented_ones() -> None:
    plan = make()
    assert (plan.walk.limit_s, plan.walker.speed_kmh) == (900, 4)
    assert plan.walk.band == ("standard", "brisk", "elderly")
    assert (plan.walk.snap_limit_m, plan.walk.min_component_m) == (250, 1000)
    assert plan.stages == (Stage("all", target=0.8),)
    assert plan.residences.id == "residence_id"
    assert plan.sites.source == plan.zones.source == plan.candidates.source == ""
    assert plan.candidates.spacing_m == 200
    assert (plan.plan.name, plan.plan.date, plan.plan.language) == ("plan", "", "zh")


@pytest.mark.parametrize(
    ("profile", "kmh"), [("standard", 4.0), ("brisk", 4.7), ("elderly", 2.9), ("frail", 2.3)]
)
def test_profiles(profile: str, kmh: float) -> None:
    assert make(walk={"profile": profile}).walker.speed_kmh == kmh
    assert make(walk={"profile": profile, "speed_kmh": 3.3}).walker.speed_kmh == 3.3


def test_stage_without_a_goal_wants_four_fifths() -> None:
    plan = make(stages=[{"name": "a"}, {"name": "b", "max_sites": 0}, {"name": "c", "budget": 5}])
    assert plan.stages == (
        Stage("a", target=0.8),
        Stage("b", max_sites=0),
        Stage("c", budget=5.0),
    )


def test_whole_numbers_are_numbers() -> None:
    assert make(walk={"limit_min": 10}).walk.limit_s == 600
    people = make(residences={"people": 12}).residences.people
    assert people == 12
    assert isinstance(people, float)


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("walk", "limit_min", "15", "expected float"),
        ("walk", "limit_min", True, "expected float"),
        ("walk", "limit_min", 0, "expected a positive number"),
        ("walk", "limit_min", float("nan"), "expected a positive number"),
        ("walk", "limit_min", float("inf"), "expected a positive number"),
        ("walk", "snap_limit_m", -1, "expected a positive number"),
        ("walk", "speed_kmh", -1, "expected zero or more"),
        ("walk", "min_component_m", -1, "expected zero or more"),
        ("walk", "profile", "fast", "expected one of standard, brisk, elderly, frail"),
        ("candidates", "spacing_m", 0, "expected a positive number"),
        ("plan", "language", "fr", "expected one of zh, en"),
        ("plan", "date", "20.5.2022", "expected year-month-day"),
        ("plan", "date", "2022-13-45", "expected year-month-day"),
        ("population", "spread", "evenly", "expected one of floor_area, even"),
        ("residences", "people", ["people"], "expected str or float"),
        ("network", "source", 7, "expected str"),
        ("desks", "tests_per_desk_hour", 0, "expected a positive number"),
        ("desks", "interval_days", float("inf"), "expected a positive number"),
        ("desks", "hours_per_day", 25, "expected a number up to 24"),
        ("desks", "new_site_desks", 0, "expected 1 or more"),
        ("desks", "most_extra_desks", -1, "expected 0 (never) or more"),
        ("desks", "extra_desk_cost", 0, "expected a positive number"),
    ],
)
def test_value_that_cannot_be_meant(section: str, key: str, value: object, expected: str) -> None:
    found = [line for line in faults(**{section: {key: value}}) if f"[{section}] {key} = " in line]
    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(
    ("section", "key", "meant"),
    [
        ("walk", "limit_mins", "limit_min"),
        ("residences", "poeple", "people"),
        ("network", "sorce", "source"),
        ("zones", "zone", "name"),
        ("plan", "lang", "language"),
    ],
)
def test_misspelt_key_gets_the_right_one(section: str, key: str, meant: str) -> None:
    known = f"; did you mean {meant!r}?"
    (fault,) = faults(**{section: {key: "x"}})
    assert fault.startswith(f"[{section}] has no key {key!r}")
    assert fault.endswith(known) or "; known are " in fault
    assert meant in fault


def test_word_that_is_nothing_like_a_key_gets_all_of_them() -> None:
    (fault,) = faults(network={"zzz": 1})
    assert fault == "[network] has no key 'zzz'; known are source, layer, elevation, crs"


def test_section_that_is_unknown_or_none() -> None:
    assert faults(residence={}) == [
        "[residence] is not a section of a plan; did you mean 'residences'?"
    ]
    assert faults(folder={"a": 1})[0].startswith("[folder] is not a section of a plan")
    assert faults(walk=4) == ["[walk] must be a section with keys, not 4"]


def test_stages_that_make_no_sense() -> None:
    assert faults(stages=[]) == ["[[stages]]: at least one stage is needed"]
    assert faults(stages={"name": "a"})[0] == "stages must be written as [[stages]] entries"
    assert faults(stages=[{"target": 0.5}]) == ["[[stages]] no. 1 has no name"]
    assert faults(stages=[{"name": "a"}, {"name": "a"}]) == ["[[stages]] name 'a' is used 2 times"]
    (two_goals,) = faults(stages=[{"name": "a", "target": 0.5, "max_sites": 3}])
    assert two_goals == "[[stages]] no. 1 (a): give one of target, max_sites and budget"
    (percent,) = faults(stages=[{"name": "a", "target": 80}])
    assert percent == "[[stages]] a: target = 80.0: expected a share from 0 to 1"
    (half,) = faults(stages=[{"name": "a", "max_sites": 2.5}])
    assert half == "[[stages]] no. 1 max_sites = 2.5: expected int"
    assert faults(stages=[{"name": "a", "max_sites": -1}, {"name": "b", "budget": -1.0}]) == [
        "[[stages]] a: max_sites must not be negative",
        "[[stages]] b: budget must not be negative",
    ]


def test_all_faults_come_together() -> None:
    with pytest.raises(PlanError) as caught:
        plan_from_mapping({"walk": {"limit_min": -1, "pace": 4}, "zone": {}})
    text = str(caught.value)
    for part in ("limit_min", "'pace'", "[zone]", "[network] source", "[residences] source"):
        assert part in text


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text() | st.lists(st.integers())))
def test_any_mapping_is_understood_or_refused(mapping: dict[str, Any]) -> None:
    for content in (mapping, {"walk": mapping}, {"stages": [mapping]}, {"stages": mapping}):
        with pytest.raises(PlanError):
            plan_from_mapping(content)


def test_plans_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        make().walk.limit_min = 5  # type: ignore[misc]


def test_parameters_hold_no_path_of_the_machine(tmp_path: Path) -> None:
    plan = plan_from_mapping(
        {**LEAST, "sites": {"source": str(tmp_path / "sites.csv")}}, folder=tmp_path
    )
    parameters = plan.parameters()
    assert str(tmp_path) not in str(parameters)
    assert parameters["sites"]["source"] == "sites.csv"
    assert parameters["network"]["source"] == "streets.osm.pbf"
    assert parameters["stages"][0]["target"] == 0.8


# Files


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_paths_start_from_the_folder_of_the_plan(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path / "plan.toml", STARTER_PLAN))
    assert plan.path("a.csv") == tmp_path / "a.csv"
    assert plan.path(str(tmp_path / "b.csv")) == tmp_path / "b.csv"


def test_starter_plan_is_understood_and_holds_the_defaults() -> None:
    plan = plan_from_mapping(tomllib.loads(STARTER_PLAN))
    expected = make(network={"source": "network.osm.pbf"}, residences={"source": "residences.csv"})
    assert plan == expected


def test_starter_plan_shows_every_key() -> None:
    shown = tomllib.loads(re.sub(r"^# (?=[a-z\[])", "", STARTER_PLAN, flags=re.MULTILINE))
    entries = {"stages": Stage, "groups": Group, "services": ServiceRule}
    for field in dataclasses.fields(Plan):
        if field.name not in ("folder", "profiles", *entries):
            keys = [key.name for key in dataclasses.fields(getattr(make(), field.name))]
            assert sorted(shown[field.name]) == sorted(keys), field.name
    keys = [key.name for key in dataclasses.fields(Profile)]
    assert sorted(shown["profiles"]["cart"]) == sorted(keys)
    for name, kind in entries.items():
        keys = [key.name for key in dataclasses.fields(kind)]
        said = {key for entry in shown[name] for key in entry}
        # Of a stage one of three goals can be said.
        assert said == set(keys) - ({"max_sites", "budget"} if kind is Stage else set()), name
    assert plan_from_mapping(shown).walk.limit_s == 900


def test_starter_plan_shows_the_defaults_of_daily_work() -> None:
    shown = tomllib.loads(re.sub(r"^# (?=[a-z\[])", "", STARTER_PLAN, flags=re.MULTILINE))
    daily = plan_from_mapping({**LEAST, **{name: shown[name] for name in DAILY_SECTIONS}})
    default = dataclasses.replace(make(), groups=(Group(),))
    assert all(getattr(daily, name) == getattr(default, name) for name in DAILY_SECTIONS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_plan_of_a_text_editor(tmp_path: Path, encoding: str) -> None:
    text = STARTER_PLAN.replace('name = "plan"', 'name = "采样圈"').replace("\n", "\r\n")
    assert load_plan(write(tmp_path / "plan.toml", text, encoding)).plan.name == "采样圈"


def test_plan_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such plan file; `walkcover init`"):
        load_plan(tmp_path / "plan.toml")
    with pytest.raises(MissingFileError, match="no such plan file"):
        load_plan(tmp_path)
    with pytest.raises(PlanError, match=r"bad\.toml: not a TOML file in UTF-8 .*line 1"):
        load_plan(write(tmp_path / "bad.toml", "[walk\nlimit_min = 15"))
    with pytest.raises(PlanError, match="not a TOML file in UTF-8"):
        load_plan(write(tmp_path / "gbk.toml", '[plan]\nname = "采样圈"', "gb18030"))
    with pytest.raises(PlanError, match="did you mean 'zones'") as caught:
        load_plan(write(tmp_path / "odd.toml", STARTER_PLAN + "[zone]\n"))
    assert str(tmp_path / "odd.toml") in str(caught.value)


# Population


def test_population_is_told_by_its_name_or_its_kind() -> None:
    assert make().population.form == ""
    forms = {"p.csv": "zones", "p.gpkg": "zones", "p.tif": "raster", "P.TIFF": "raster"}
    for source, form in forms.items():
        assert make(population={"source": source}).population.form == form
    assert make(population={"source": "p.gpkg", "kind": "cells"}).population.form == "cells"
    assert make(population={"source": "p.img", "kind": "raster"}).population.form == "raster"
    assert make(population={"kind": "cells"}).population.form == ""


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (
            {"kind": "grid"},
            "[population] kind = 'grid': expected one of auto, zones, cells, raster",
        ),
        ({"unit": "per_km2"}, "[population] unit = 'per_km2': expected one of people, people_per"),
        ({"cell_m": -1}, "[population] cell_m = -1.0: expected zero or more"),
        ({"cell_m": float("nan")}, "[population] cell_m = nan: expected zero or more"),
        ({"source": "p.tif", "kind": "cells"}, "[population] kind = 'cells': 'p.tif' is a raster"),
        ({"source": "p.tif", "kind": "zones"}, "[population] kind = 'zones': 'p.tif' is a raster"),
        (
            {"source": "p.csv", "unit": "people_per_km2"},
            "[population] unit = 'people_per_km2': zones have totals",
        ),
        (
            {"source": "p.tif", "elderly": "old"},
            "[population] elderly = 'old': expected a raster on the grid of the source",
        ),
    ],
)
def test_population_that_cannot_be_meant(section: dict[str, Any], expected: str) -> None:
    (fault,) = faults(population=section)
    assert fault.startswith(expected)


def test_elderly_raster_hides_the_path_of_the_machine(tmp_path: Path) -> None:
    population = {"source": str(tmp_path / "p.tif"), "elderly": str(tmp_path / "old.tif")}
    section = make(population=population).parameters()["population"]
    assert (section["source"], section["elderly"]) == ("p.tif", "old.tif")
