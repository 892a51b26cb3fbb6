"""Gaps in the report: whose they are, and what would help."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
import shapely
from report_pages import cells, parse
from results import make_result

from walkcover.maps import build_report
from walkcover.maps.report_gaps import gap_members
from walkcover.result import Result


def advice(result: Result) -> dict[str, str]:
    return {row[0]: row[6] for row in cells(parse(build_report(result)), "gaps")}


def test_members_are_the_uncovered_inside() -> None:
    result = make_result()
    # R4 is moved into the first area; it is covered and therefore no member.
    result.residences.loc[3, "geometry"] = shapely.Point(112.565, 37.875)
    members = gap_members(result)
    ids = result.residences["residence_id"]
    assert [[ids[row] for row in rows] for rows in members] == [["R5", "R6"], ["R7", "R8", "R10"]]
    for rows, area in zip(members, result.gap_areas.geometry, strict=True):
        out = ~result.residences["verdict"].isin(["covered", "no_people"])
        inside = result.residences.geometry.apply(area.contains)
        assert rows == [*result.residences.index[out & inside]]


def test_those_over_capacity_are_in_areas_of_their_own() -> None:
    result = make_result()
    # Both areas lie over each other; one of them is of those over capacity.
    result.gap_areas["geometry"] = result.gap_areas.union_all().convex_hull
    result.gap_areas["reason"] = ["over_capacity", "too_far"]
    result.residences.loc[[4, 7], "verdict"] = "over_capacity"
    assert gap_members(result) == [[4, 7], [5, 6, 9]]


def test_what_is_built_helps_first_and_remedies_the_others() -> None:
    said = advice(make_result(language="en"))
    assert said["G1"] == "once built, N1, N2 cover 330 people"
    assert said["G2"] == (
        "one more site, on a candidate C7 (#1), 120 m of street to the main network (#2), "
        "a roving team: the nearest street is 778 m away (#3)"
    )


def test_both_are_said_where_some_stay_without() -> None:
    result = make_result(language="en")
    result.residences.loc[5, ["verdict_after", "site_id_after"]] = ["too_far", None]
    assert advice(result)["G1"] == (
        "once built, N1 cover 250 people; the other 80: one more site nearby"
    )


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("too_far", "one more site nearby"),
        ("island", "check whether the streets are truly apart"),
        ("no_site", "a link to the rest"),
        ("not_snapped", "check coordinates and streets"),
        ("over_capacity", "more desks, or longer hours"),
    ],
)
def test_without_siting_the_reason_says_what_helps(verdict: str, words: str) -> None:
    result = make_result(language="en", after=False)
    result.residences.loc[[4, 5], "verdict"] = verdict
    result.gap_areas.loc[0, "reason"] = verdict
    assert words in advice(result)["G1"]


def test_people_without_desk_time_stay_even_where_a_site_is_near() -> None:
    result = make_result(language="en")
    table = result.residences.assign(people_unserved_after=0.0)
    table.loc[4, ["verdict_after", "people_unserved_after"]] = ["over_capacity", 40.0]
    served = advice(dataclasses.replace(result, residences=table))["G1"]
    assert served == (
        "once built, N1, N2 cover 290 people; "
        "the other 40: more desks, or longer hours, at the sites nearby"
    )


def test_many_helpers_are_cut_short() -> None:
    result = make_result(language="en")
    more = [result.remedies.iloc[[0]].assign(order=n) for n in range(4, 7)]
    result = dataclasses.replace(result, remedies=pd.concat([result.remedies, *more]))
    assert advice(result)["G2"].endswith("(#3) … +3")
