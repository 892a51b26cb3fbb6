"""Who is served how: rules by hand, and people that are neither lost nor made."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover import InputError
from walkcover.plan_operations import SERVICES, ServiceRule
from walkcover.services import (
    by_service,
    choose_rules,
    residence_kinds,
    rule_table,
    service_table,
)

NAMES = ("site", "visit", "round", "itself")


def table(*rows):
    """Places of kind, people, reached."""
    kinds, people, reached = zip(*rows, strict=True) if rows else ((), (), ())
    frame = pd.DataFrame(
        {
            "place_id": [f"P{n}" for n in range(len(rows))],
            "name": "",
            "kind": pd.Series(kinds, dtype=object),
            "people": np.array(people, dtype=np.float64),
            "zone_id": "z",
            "reached": np.array(reached, dtype=bool),
            "walk_s": np.where(reached, 100.0, 2000.0),
            "site_id": np.where(reached, "B1", ""),
        }
    )
    points = gpd.points_from_xy([112.0] * len(rows), [37.0] * len(rows))
    return gpd.GeoDataFrame(frame, geometry=points, crs=4326)


@pytest.mark.parametrize(
    ("kind", "people", "reached", "by"),
    [
        ("residents", 900.0, True, "site"),
        ("residents", 900.0, False, "round"),
        ("village", 20.0, False, "round"),
        ("institution", 1.0, True, "itself"),
        ("key_group", 1.0, True, "visit"),
        ("school", 200.0, True, "visit"),
        ("school", 199.0, True, "site"),
        ("school", 199.0, False, "round"),
        ("office", 299.9, True, "site"),
        ("office", 300.0, False, "visit"),
        ("employer", 500.0, True, "visit"),
        ("market", 5000.0, True, "site"),
        ("residents", 0.0, True, "site"),
    ],
)
def test_rules_of_the_default_plan(kind, people, reached, by):
    found = choose_rules(pd.Series([kind]), pd.Series([people]), pd.Series([reached]), SERVICES)
    assert SERVICES[found[0] - 1].by == by


def test_the_first_rule_that_fits_decides():
    rules = (
        ServiceRule("school", at_least=500.0, by="visit"),
        ServiceRule("school", reached="no", by="round"),
        ServiceRule(reached="yes", by="site"),
        ServiceRule(by="visit"),
    )
    places = table(
        ("school", 600, False), ("school", 100, False), ("school", 100, True), ("shop", 9, False)
    )
    found = service_table(table(("residents", 1000, True)), places, rules=rules, counted=True)
    assert found["rule"].tolist() == [3, 1, 2, 3, 4]
    assert found["service"].tolist() == ["site", "visit", "round", "site", "visit"]
    assert found["origin"].tolist() == ["residence", *["place"] * 4]
    # 809 of the 1,000 are tested at places: 191 are left at home.
    assert found["tests"].tolist() == pytest.approx([191, 600, 100, 100, 9])
    sums = rule_table(found, rules)
    assert sums["places"].tolist() == [1, 1, 2, 1]
    assert sums["people"].tolist() == [600, 100, 1100, 9]
    assert sums["tests"].tolist() == pytest.approx([600, 100, 291, 9])
    assert by_service(found, NAMES)["itself"] == {"places": 0, "people": 0.0, "tests": 0.0}
    assert by_service(found, NAMES)["visit"]["tests"] == 609


def test_people_of_places_come_on_top_where_they_are_not_counted():
    homes, places = table(("residents", 50, True)), table(("office", 80, True))
    found = service_table(homes, places, rules=SERVICES, counted=False)
    assert found["tests"].tolist() == [50, 80]


def test_more_people_in_places_than_at_home_are_refused():
    homes, places = table(("residents", 50, True)), table(("office", 51, True))
    with pytest.raises(InputError, match=r"51 people in 1 places, more than the 50 .* counted"):
        service_table(homes, places, rules=SERVICES, counted=True)


def test_a_place_without_a_rule_is_named():
    rules = (ServiceRule("village", by="round"),)
    with pytest.raises(InputError, match="1 places fit no rule, first one of kind 'school'"):
        service_table(table(("village", 5, True)), table(("school", 5, True)), rules=rules,
                      counted=True)  # fmt: skip


def test_kinds_of_residences():
    homes = pd.DataFrame({"stage": ["city", "county_town", "countryside", None]})
    assert residence_kinds(homes).tolist() == ["residents", "residents", "village", "residents"]
    homes["kind"] = ["车站", " 学校 ", None, "School"]
    kinds = residence_kinds(homes)
    assert kinds.tolist() == ["车站", "school", "village", "school"]
    assert kinds.index.equals(homes.index)


row = st.tuples(
    st.sampled_from(["residents", "village", "school", "office", "key_group", "other"]),
    st.floats(0, 3000),
    st.booleans(),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(row, min_size=1, max_size=8), st.lists(row, max_size=5), st.booleans())
def test_everybody_is_tested_once(homes, places, counted):
    at_home, away = sum(one[1] for one in homes), sum(one[1] for one in places)
    if counted and away > at_home:
        with pytest.raises(InputError):
            service_table(table(*homes), table(*places), rules=SERVICES, counted=counted)
        return
    found = service_table(table(*homes), table(*places), rules=SERVICES, counted=counted)
    everybody = at_home if counted else at_home + away
    assert found["tests"].sum() == pytest.approx(everybody)
    assert (found["tests"] >= 0).all()
    assert rule_table(found, SERVICES)["tests"].sum() == pytest.approx(everybody)
    assert sum(part["tests"] for part in by_service(found, NAMES).values()) == pytest.approx(
        everybody
    )
    assert found["people"].sum() == pytest.approx(at_home + away)
    assert (found.loc[found["service"] == "site", "reached"]).all()
