"""Scenarios: what they take, in Python and TOML, and what they say of what they do not take."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import walkcover
from walkcover import MissingFileError, Place, PlanError, Scenario
from walkcover.crs import to_bd09, to_gcj02
from walkcover.plan import Stage
from walkcover.scenario import id_faults
from walkcover.scenario_mapping import SECTIONS, scenario_from_mapping

# As the map's page writes it: scenario() of maps/assets/whatif.js.
PAGE = """name = "并州步行覆盖\\u007f\\"x\\""
close = [
  "B1",  # 112.550000, 37.870000
]
open = [
  "N1",  # 112.560000, 37.873000
  "N 2\\n",  # 112.569000, 37.878000
]

[walk]
limit_min = 8.166666667
"""


def write(folder: Path, text: str, name: str = "scenario.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_of_the_page_is_taken(tmp_path: Path) -> None:
    scenario = walkcover.load_scenario(write(tmp_path, PAGE))
    assert scenario.name == '并州步行覆盖\x7f"x"'
    assert scenario.close == ("B1",)
    assert scenario.opened_ids == ["N1", "N 2\n"]
    assert scenario.plan == {"walk.limit_min": 8.166666667}
    assert not scenario.changes_siting
    assert not scenario.changes_streets


def test_the_file_of_a_page_without_changes_is_taken(tmp_path: Path) -> None:
    text = 'name = "base"\nclose = []\nopen = []\n\n[walk]\nlimit_min = 15\n'
    scenario = walkcover.load_scenario(write(tmp_path, text))
    assert (scenario.open, scenario.close) == ((), ())


def test_every_key_of_a_file(tmp_path: Path) -> None:
    text = """
        name = "all"
        open = ["B2", [112.0, 37.0], { lon = 112.1, lat = 37.1, name = "门口", desks = 3 }]
        close = ["B1"]
        move = { B3 = [112.2, 37.2] }
        desks = { B3 = 4 }
        hours = { B3 = 10.5 }
        close_streets = [[112.0, 37.0], [[112.0, 37.0], [112.1, 37.0]]]
        add_streets = [[[112.0, 37.0], [112.1, 37.0], [112.1, 37.1]]]
        population = { "140105" = 1.2 }
        [plan]
        walk.speed_kmh = 2.9
        "siting.gap" = 0.1
        [plan.desks]
        interval_days = 3
        [plan.population]
        spread = "even"
        [walk.surface_factors]
        gravel = 1.5
        [profiles.cart]
        speed_kmh = 3.0
        [[stages]]
        name = "all"
        max_sites = 2
    """
    scenario = walkcover.load_scenario(write(tmp_path, text))
    assert scenario.open == (
        "B2",
        Place(112.0, 37.0),
        Place(112.1, 37.1, name="门口", desks=3),
    )
    assert (scenario.move, scenario.desks, scenario.hours) == (
        {"B3": (112.2, 37.2)},
        {"B3": 4.0},
        {"B3": 10.5},
    )
    assert scenario.close_streets == (((112.0, 37.0),), ((112.0, 37.0), (112.1, 37.0)))
    assert scenario.add_streets == (((112.0, 37.0), (112.1, 37.0), (112.1, 37.1)),)
    assert scenario.population == {"140105": 1.2}
    assert scenario.plan == {
        "walk.speed_kmh": 2.9,
        "siting.gap": 0.1,
        "desks.interval_days": 3,
        "population.spread": "even",
        "walk.surface_factors": {"gravel": 1.5},
        "profiles": {"cart": {"speed_kmh": 3.0}},
    }
    assert scenario.stages == (Stage("all", max_sites=2),)
    assert scenario.changes_siting
    assert scenario.changes_streets


def test_python_takes_what_comes_to_hand() -> None:
    listed = Scenario("x", open=[(112, 37)], close=["B1"], close_streets=[(112, 37)])
    arrays = Scenario(
        "x", open=[np.array([112.0, 37.0])], close=("B1", "B1"), close_streets=[[(112.0, 37.0)]]
    )
    assert listed == arrays
    assert Scenario("x", stages=[Stage("all", target=0.5)]) == Scenario(
        "x", stages=[{"name": "all", "target": 0.5}]
    )


def test_all_faults_come_in_one_message() -> None:
    with pytest.raises(PlanError) as caught:
        scenario_from_mapping(
            {
                "name": " ",
                "clsoe": ["B1"],
                "open": [[37.8, 112.5], {"lon": 112.0, "lat": 37.0, "nam": "x"}],
                "close": "B1",
                "move": {"B1": 3},
                "desks": {"B1": -1, "interval_days": 3},
                "hours": {"B1": 25},
                "population": {"z": True},
                "close_streets": [[]],
                "add_streets": [[[112.0, 37.0]]],
                "stages": [{"name": "all", "targte": 1}],
                "walk": 15,
                "crs": "utm",
            }
        )
    text = str(caught.value)
    for part in (
        "name = ' '",
        "'clsoe' is no key of a scenario; did you mean 'close'?",
        "open no. 1 = [37.8, 112.5]",
        "are they swapped?",
        "open no. 2 has no key 'nam'; did you mean 'name'?",
        "close = 'B1'",
        "move, B1 = 3",
        "desks, B1 = -1",
        "[desks] interval_days: a scenario has desks by site here; write [plan.desks]",
        "hours, B1 = 25",
        "population, z = True",
        "close_streets no. 1 = []: expected a point [lon, lat] or a line",
        "add_streets no. 1",
        "[[stages]] no. 1 has no key 'targte'; did you mean 'target'?",
        "'walk' is no section with values",
        "crs = 'utm': expected one of wgs84",
    ):
        assert part in text, part


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such scenario file"):
        walkcover.load_scenario(tmp_path / "none.toml")
    path = write(tmp_path, "name = ")
    with pytest.raises(PlanError, match=r"scenario.toml: not a TOML file in UTF-8"):
        walkcover.load_scenario(path)
    path.write_bytes('name = "晴"'.encode("gb18030"))
    with pytest.raises(PlanError, match="not a TOML file in UTF-8"):
        walkcover.load_scenario(path)
    path = write(tmp_path, "close = []")
    with pytest.raises(PlanError, match=r"(?s)scenario.toml: .*name is missing"):
        walkcover.load_scenario(path)
    path.write_bytes(b'\xef\xbb\xbfname = "notepad"')
    assert walkcover.load_scenario(path).name == "notepad"


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_coordinates_are_shifted_back(system: str) -> None:
    shift = {"gcj02": to_gcj02, "bd09": to_bd09}[system]
    lon, lat = (float(x) for x in shift(112.55, 37.87))
    given = {
        "name": "shifted",
        "crs": system,
        "open": [[lon, lat]],
        "move": {"B1": [lon, lat]},
        "close_streets": [[lon, lat]],
        "add_streets": [[[lon, lat], [lon, lat]]],
    }
    scenario = scenario_from_mapping(given)
    place = scenario.opened_places[0]
    spots = [(place.lon, place.lat), scenario.move["B1"]]
    spots += [spot for line in (*scenario.close_streets, *scenario.add_streets) for spot in line]
    assert len(spots) == 5
    for spot in spots:
        assert spot == pytest.approx((112.55, 37.87), abs=1e-8)


def test_ids_that_are_not_there_name_the_nearest() -> None:
    scenario = Scenario(
        "typing",
        open=["N01", "B1", "N001"],
        close=["B11", "B1", "N002"],
        move={"N001": (112.0, 37.0), "N002": (112.0, 37.0)},
        desks={"X": 1},
        population={"14010": 1.0},
    )
    faults = id_faults(
        scenario, sites=["B1", "B2"], suggested=["N001", "N002"], zones=["140105", "140106"]
    )
    assert faults == [
        "open: 'N01' is neither a site nor suggested; did you mean 'N001'?",
        "close: 'B11' is no site; did you mean 'B1'?",
        "close: 'N002' is suggested and does not stand: nothing to close",
        "move: 'N002' is suggested and does not stand: open it too",
        "desks: 'X' is no site; known are B1, B2",
        "'B1' stands in open and in close: it can do one of them",
        "population: '14010' is no zone; did you mean '140106'?",
    ]


def test_ids_of_new_places_are_their_own() -> None:
    places = [Place(1.0, 1.0, id="B1"), Place(2.0, 2.0, id="new"), Place(3.0, 3.0, id="new")]
    faults = id_faults(Scenario("x", open=places), sites=["B1"], suggested=[], zones=[])
    assert [fault.split("'")[1] for fault in faults] == ["B1", "new"]


def test_sections_of_a_plan_are_taken_but_for_those_with_names_of_a_scenario() -> None:
    assert {"walk", "siting", "candidates", "network"} <= {*SECTIONS}
    assert not {"desks", "population", "plan", "stages"} & {*SECTIONS}
    # What JSON writes is TOML for a text: the page relies on it.
    assert scenario_from_mapping({"name": json.loads('"a"')}).name == "a"
