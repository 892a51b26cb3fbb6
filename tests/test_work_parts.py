"""Which parts of daily work a plan asks for."""

import geopandas as gpd
import pytest

from walkcover import PlanError
from walkcover.io.inputs import no_sites
from walkcover.plan_mapping import plan_from_mapping
from walkcover.work_parts import asked_parts, parts_up_to

BASE = {"network": {"source": "a.osm.pbf"}, "residences": {"source": "osm", "people": 1}}
BASES, LABORATORIES = {"bases": {"source": "b.csv"}}, {"laboratories": {"source": "l.csv"}}


def plan_with(**sections):
    return plan_from_mapping(BASE | sections)


def sites_with(desks):
    frame = {"site_id": ["B1"], "name": [""], "status": ["open"], "desks": [desks]}
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries.from_xy([112.0], [37.0]), crs=4326)


def test_a_plan_of_distance_alone_asks_for_nothing():
    assert asked_parts(plan_with(), no_sites()) == ()
    assert asked_parts(plan_with(), sites_with(None)) == ()


@pytest.mark.parametrize(
    ("sections", "parts"),
    [
        (BASES, ("demand", "rounds", "intervals")),
        (LABORATORIES, ("demand", "relay", "intervals")),
        (BASES | LABORATORIES, ("demand", "rounds", "relay", "intervals")),
        ({"places": {"source": "p.csv"}}, ("demand", "intervals")),
        (BASES | {"demand": {"intervals": []}}, ("demand", "rounds")),
    ],
)
def test_sources_ask_for_their_parts(sections, parts):
    assert asked_parts(plan_with(**sections), no_sites()) == parts


def test_desk_time_asks_for_demand():
    assert asked_parts(plan_with(), sites_with(2.0)) == ("demand", "intervals")


def test_a_part_brings_what_it_builds_on():
    assert parts_up_to("rounds", plan_with(**BASES)) == ("demand", "rounds")
    assert parts_up_to("relay", plan_with(**LABORATORIES)) == ("demand", "relay")
    both = plan_with(**BASES, **LABORATORIES)
    assert parts_up_to("relay", both) == ("demand", "rounds", "relay")
    assert parts_up_to("intervals", both) == ("demand", "rounds", "relay", "intervals")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("rounds", r"\[bases\] source is missing"),
        ("relay", r"\[laboratories\] source is missing"),
        ("round", "expected one of"),
    ],
)
def test_what_cannot_be_planned_says_what_is_missing(part, words):
    with pytest.raises(PlanError, match=words):
        parts_up_to(part, plan_with())
