"""Tags of OpenStreetMap, one row per rule of the guide."""

from __future__ import annotations

import pytest

from walkcover.tags import (
    NOT_WALKABLE,
    OTHER_USES,
    RESIDENTIAL_BUILDINGS,
    directions,
    is_private,
    is_raised_or_sunk,
    is_residential_building,
    is_walkable,
)


@pytest.mark.parametrize("highway", sorted(NOT_WALKABLE))
def test_nobody_walks_there_even_with_permission(highway):
    assert not is_walkable({"highway": highway, "foot": "yes"})


@pytest.mark.parametrize(
    "highway", ["primary", "trunk", "steps", "path", "track", "pedestrian", "service", "bridleway"]
)
def test_people_walk_along_any_other_street(highway):
    assert is_walkable({"highway": highway})


@pytest.mark.parametrize(
    ("tags", "walks"),
    [
        ({}, False),
        ({"area": "yes"}, False),
        ({"highway": ""}, False),
        ({"highway": "pedestrian", "area": "yes"}, False),
        ({"highway": "footway", "foot": "no"}, False),
        ({"highway": "footway", "access": "no"}, False),
        ({"highway": "footway", "access": "no", "foot": "private"}, False),
        ({"highway": "footway", "access": "no", "foot": "yes"}, True),
        ({"highway": "footway", "access": "no", "foot": "designated"}, True),
        ({"highway": "footway", "access": "no", "foot": "permissive"}, True),
        ({"highway": "footway", "access": "private"}, True),
        ({"highway": "cycleway"}, False),
        ({"highway": "cycleway", "foot": "no"}, False),
        ({"highway": "cycleway", "foot": "designated"}, True),
    ],
)
def test_permission_decides_about_the_rest(tags, walks):
    assert is_walkable(tags) is walks


@pytest.mark.parametrize("key", ["access", "foot", "service"])
def test_private_ways_are_private_unless_people_may_walk(key):
    assert is_private({"highway": "service", key: "private"})
    if key != "foot":
        for foot in ("yes", "designated", "permissive"):
            assert not is_private({"highway": "service", key: "private", "foot": foot})


def test_other_ways_are_not_private():
    assert not is_private({"highway": "service", "access": "destination"})
    assert not is_private({"highway": "service", "service": "driveway"})


@pytest.mark.parametrize(
    ("tags", "raised"),
    [
        ({}, False),
        ({"bridge": "yes"}, True),
        ({"bridge": "viaduct"}, True),
        ({"bridge": "no"}, False),
        ({"tunnel": "yes"}, True),
        ({"tunnel": "culvert"}, True),
        ({"tunnel": "building_passage"}, False),
        ({"tunnel": "no", "bridge": "no"}, False),
    ],
)
def test_bridges_and_tunnels(tags, raised):
    assert is_raised_or_sunk(tags) is raised


@pytest.mark.parametrize(
    ("tags", "both"),
    [
        ({}, (True, True)),
        ({"oneway": "yes"}, (True, True)),
        ({"oneway": "-1", "junction": "roundabout"}, (True, True)),
        ({"oneway:foot": "no"}, (True, True)),
        ({"oneway:foot": "yes"}, (True, False)),
        ({"oneway:foot": "1"}, (True, False)),
        ({"oneway:foot": "-1"}, (False, True)),
        ({"foot:backward": "no"}, (True, False)),
        ({"foot:backward": "yes"}, (True, True)),
    ],
)
def test_only_rules_for_people_bind_people(tags, both):
    assert directions(tags) == both


@pytest.mark.parametrize("building", sorted(RESIDENTIAL_BUILDINGS))
def test_homes_are_homes_whatever_else_they_hold(building):
    assert is_residential_building({"building": building, "shop": "bakery"})


@pytest.mark.parametrize("building", ["", "no", "school", "retail", "garage", "industrial"])
def test_other_buildings_are_no_homes(building):
    assert not is_residential_building({"building": building})


@pytest.mark.parametrize("key", OTHER_USES)
def test_a_plain_building_is_a_home_unless_it_is_used_otherwise(key):
    assert is_residential_building({"building": "yes", "name": "5 号楼"})
    assert not is_residential_building({"building": "yes", key: "something"})


def test_both_lists_are_options():
    assert is_residential_building({"building": "yurt"}, residential=["yurt"])
    assert not is_residential_building({"building": "house"}, residential=["yurt"])
    shop = {"building": "yes", "shop": "kiosk"}
    assert is_residential_building(shop, other_uses=["office"])
