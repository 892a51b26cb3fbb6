"""Tables of daily work at the entrance."""

import numpy as np
import pandas as pd
import pytest

from walkcover import InputError
from walkcover.daily_tables import (
    check_bases,
    check_laboratories,
    check_stations,
    check_work_places,
)
from walkcover.plan_operations import KIND_WORDS, KINDS, plain_kind

HERE = {"lon": [112.5, 112.6], "lat": [37.8, 37.9]}


def test_chinese_kinds_and_people_with_units_are_read():
    frame = pd.DataFrame(
        {"编号": ["P1", "P2"], "类别": ["小学", "车站"], "人数": ["1,204人", 30], **HERE}
    )
    names = {"place_id": "编号", "kind": "类别", "people": "人数"}
    places = check_work_places(frame, crs="wgs84", columns=names)
    assert places["kind"].tolist() == ["school", "车站"]
    assert places["people"].tolist() == [1204.0, 30.0]
    # Without names the ids stand in.
    assert places["name"].tolist() == ["P1", "P2"]
    assert places.crs.to_epsg() == 4326


def test_all_faults_of_a_table_of_places_come_together():
    frame = pd.DataFrame(
        {"place_id": ["a", "a"], "kind": ["", "school"], "people": [-1, 2], **HERE}
    )
    with pytest.raises(InputError) as caught:
        check_work_places(frame, crs="wgs84", what="schools.csv")
    text = str(caught.value)
    assert text.startswith("schools.csv: 3 faults:")
    assert "an id that was used before" in text
    assert "a kind in every row" in text
    assert "negative" in text


def test_own_columns_are_carried_and_those_of_results_renamed():
    frame = pd.DataFrame(
        {"place_id": ["a", "b"], "kind": "school", "people": 5, "rule": [7, 8], "tel": "1", **HERE}
    )
    places = check_work_places(frame, crs="wgs84")
    assert places["rule_given"].tolist() == [7, 8]
    assert places["tel"].tolist() == ["1", "1"]


def test_teams_may_be_left_open_but_are_whole():
    bases = check_bases(
        pd.DataFrame({"base_id": ["a", "b"], "teams": ["2支", ""], **HERE}), crs="wgs84"
    )
    np.testing.assert_array_equal(bases["teams"], [2.0, np.nan])
    none = check_bases(pd.DataFrame({"base_id": ["a", "b"], **HERE}), crs="wgs84")
    assert none["teams"].isna().all()
    with pytest.raises(InputError, match="part of a team"):
        check_bases(pd.DataFrame({"base_id": ["a", "b"], "teams": [1.5, 2], **HERE}), crs="wgs84")


def test_laboratories_have_capacity_hours_and_at_most_one_site():
    frame = pd.DataFrame(
        {
            "laboratory_id": ["L1", "L2"],
            "tubes_per_day": [900, "1200管"],
            "site_id": ["B1", ""],
            **HERE,
        }
    )
    laboratories = check_laboratories(frame, crs="wgs84")
    assert laboratories["tubes_per_day"].tolist() == [900.0, 1200.0]
    assert laboratories["hours_per_day"].tolist() == [24.0, 24.0]
    assert laboratories["staff"].isna().all()
    assert laboratories["site_id"].tolist() == ["B1", ""]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"tubes_per_day": [0, 5]}, "no tube"),
        ({"tubes_per_day": [5, 5], "hours_per_day": [25, 8]}, "no day"),
        ({"tubes_per_day": [5, 5], "site_id": ["B1", "B1"]}, "a site of another laboratory"),
        ({}, "tubes_per_day"),
    ],
)
def test_laboratories_that_cannot_be(columns, words):
    frame = pd.DataFrame({"laboratory_id": ["L1", "L2"], **columns, **HERE})
    with pytest.raises(InputError, match=words):
        check_laboratories(frame, crs="wgs84")


def test_stations_need_an_id_and_a_place():
    stations = check_stations(pd.DataFrame({"station_id": ["S1", "S2"], **HERE}), crs="wgs84")
    assert stations["station_id"].tolist() == ["S1", "S2"]
    with pytest.raises(InputError, match="station_id"):
        check_stations(pd.DataFrame(HERE), crs="wgs84")


def test_every_known_word_means_a_kind():
    assert set(KIND_WORDS.values()) <= set(KINDS)
    assert all(plain_kind(kind) == kind for kind in KINDS)
