"""Comparisons: nothing is lost between tables, and gains are not set against losses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import town
from hypothesis import given, settings
from hypothesis import strategies as st

import walkcover
from walkcover import Comparison, InputError, Result, Scenario
from walkcover.comparison import CHANGES
from walkcover.comparison_tables import comparison_record, side_by_side, stacked, tidy

ADDED = ("people", "covered_people", "gap_people", "unreached_people")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return walkcover.suggest(walkcover.load_plan(town.make_town(tmp_path_factory.mktemp("town"))))


@pytest.fixture(scope="module")
def swap(base: Result) -> Comparison:
    """B1 at 500 m closes, B2 at 3,000 m opens; the limit of 15 minutes is 1,000 m."""
    return walkcover.what_if(base, Scenario("swap", close=["B1"], open=["B2"]))


def test_figures_worked_by_hand(swap: Comparison) -> None:
    # B1 covers R01 to R03 (60 people); B2 those from 2,000 to 4,000 m: 50 + 60 + 70 + 80.
    assert swap.totals.loc["covered_people"].tolist() == [60, 260, 200]
    assert swap.totals.loc["sites"].tolist() == [1, 1, 0]
    assert swap.totals.loc["gap_people"].tolist() == [738, 538, -200]
    assert (swap.gained_people, swap.lost_people) == (260, 60)
    changes = swap.changes[["residences", "people", "changed_people"]]
    assert changes.index.tolist() == [*CHANGES]
    assert changes.loc["gains"].tolist() == [
        4,
        260,
        260,
    ]
    assert changes.loc["loses"].tolist() == [3, 60, 60]
    # R04 walks 1,250 m both ways; R09 to R12 walk 2,500 m less.
    assert changes.loc["shorter", ["residences", "people"]].tolist() == [4, 420]
    assert swap.changes.loc["shorter", "walk_difference_s"] == pytest.approx(-2500 * 0.9, abs=0.01)
    assert changes.loc["same", "people"] + changes.loc["longer", "people"] == 40 + 5 + 6 + 7


def test_zones_and_stages_worked_by_hand(swap: Comparison) -> None:
    zones = swap.by_zone.set_index("zone_id")
    assert zones.index.tolist() == ["01", "02", "03", "04", "99", "outside"]
    assert zones["gained_people"].tolist() == [0, 260, 0, 0, 260, 0]
    assert zones["lost_people"].tolist() == [60, 0, 0, 0, 60, 0]
    assert zones["covered_people_difference"].tolist() == [-60, 260, 0, 0, 200, 0]
    assert zones["sites_difference"].tolist() == [-1, 1, 0, 0, 0, 0]
    stages = swap.by_stage.set_index("name")
    assert stages["covered_people_difference"].to_dict() == {
        "city": -60,
        "county_town": 260,
        "countryside": 0,
    }
    assert stages["lost_people"].tolist() == [60, 0, 0]
    assert "cost" not in stages


def test_sites_say_what_happens_to_them(base: Result) -> None:
    scenario = Scenario(
        "many",
        close=["B3"],
        open=["B2", "N001", town.place(0, 100)],
        move={"B1": town.place(0, 600)},
        desks={},
    )
    found = walkcover.what_if(base, scenario).sites.set_index("site_id")
    assert found["change"].to_dict() == {
        "B1": "moved",
        "B2": "opened",
        "B3": "closed",
        "N001": "opened",
        "P1": "opened",
    }
    assert found.loc["P1", "status"] == "open"
    assert pd.isna(found.loc["P1", "status_base"])
    # N001 is nearer to R05 (50 people) than B2.
    assert found.loc["B2", ["people_served_base", "people_served_difference"]].tolist() == [0, 210]
    nothing = [{"name": name, "max_sites": 0} for name in ("city", "county_town", "countryside")]
    again = walkcover.what_if(base, Scenario("fewer", stages=nothing))
    assert again.after is not None
    dropped = again.after.sites.set_index("site_id")["change"]
    assert dropped[["N001", "N002"]].tolist() == ["dropped", "dropped"]
    assert (again.sites["change"] == "").all()


def test_one_row_per_residence(swap: Comparison) -> None:
    table = swap.residences.set_index("residence_id")
    assert table.loc["R02", ["change", "changed_people", "verdict_base", "verdict"]].tolist() == [
        "loses", -20, "covered", "too_far",
    ]  # fmt: skip
    assert table.loc["R06", ["change", "site_id_base", "site_id"]].tolist() == ["gains", "B1", "B2"]
    assert table.loc["R13", "change"] == "no_people"
    assert table["changed_people"].sum() == 200
    assert table.crs.to_epsg() == 4326


scenarios = st.builds(
    Scenario,
    name=st.just("any"),
    close=st.lists(st.sampled_from(["B1", "B3"]), unique=True),
    open=st.lists(st.sampled_from(["B2", "N001", "N002"]), unique=True),
    population=st.dictionaries(
        st.sampled_from(["01", "02", "03", "99"]), st.sampled_from([0.0, 0.5, 3.0])
    ),
    plan=st.sampled_from([{}, {"walk.limit_min": 8}, {"walk.speed_kmh": 3.0}]),
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(scenario=scenarios)
def test_nothing_is_lost_between_the_tables(base: Result, scenario: Scenario) -> None:
    found = walkcover.what_if(base, scenario)
    totals, changes = found.totals, found.changes
    people = found.scenario.ground.people
    # More people where nothing else changes: cover grows by the share that was covered.
    covered = found.base.covered(after=False) / np.maximum(found.base.ground.people, 1)
    growth = float(((people - found.base.ground.people) * covered).sum())
    difference = totals.loc["covered_people", "difference"]
    assert found.gained_people - found.lost_people + growth == pytest.approx(difference)
    assert changes["people"].sum() == pytest.approx(people.sum())
    assert changes["residences"].sum() == (people > 0).sum()
    assert changes.loc["gains", "changed_people"] == pytest.approx(found.gained_people)
    assert found.residences["changed_people"].sum() == pytest.approx(
        found.gained_people - found.lost_people
    )
    for table, parts in ((found.by_zone, ~found.by_zone["zone_id"].isin(["99"])),
                         (found.by_stage, slice(None))):  # fmt: skip
        rows = table[parts]
        assert rows["gained_people"].sum() == pytest.approx(found.gained_people)
        assert rows["lost_people"].sum() == pytest.approx(found.lost_people)
        for name in ADDED:
            if name in rows:
                assert rows[name].sum() == pytest.approx(totals.loc[name, "scenario"])
                assert rows[f"{name}_base"].sum() == pytest.approx(totals.loc[name, "base"])
                gap = rows[name] - rows[f"{name}_base"] - rows[f"{name}_difference"]
                assert gap.to_numpy() == pytest.approx(0.0)


def test_opening_never_loses_and_closing_never_gains(base: Result) -> None:
    opened = walkcover.what_if(base, Scenario("open", open=["B2", "B3", "N001"]))
    assert opened.lost_people == 0
    assert opened.changes.loc["longer", "people"] == 0
    closed = walkcover.what_if(base, Scenario("close", close=["B1"]))
    assert closed.gained_people == 0
    assert closed.changes.loc["shorter", "people"] == 0


def test_partly_served_residences_gain_by_the_share(tmp_path: Path) -> None:
    path = town.make_town(tmp_path / "town")
    rows = [{**row, "desks": 1, "hours_per_day": 1.0} for row in town.site_rows()]
    town.write_rows(path.parent / "sites.csv", rows)
    # One desk for an hour a day at 5 tests an hour serves 5 people a day, 35 in a week.
    town.change_plan(path, desks={"tests_per_desk_hour": 5, "interval_days": 7})
    result = walkcover.assess(walkcover.load_plan(path))
    found = walkcover.what_if(result, Scenario("two days more", plan={"desks.interval_days": 9}))
    assert found.totals.loc["covered_people"].tolist() == pytest.approx([35, 45, 10])
    assert found.totals.loc["unserved_people"].tolist() == pytest.approx([25, 15, -10])
    assert found.gained_people == pytest.approx(10)
    assert found.by_stage["unserved_people_difference"].sum() == pytest.approx(-10)


def test_side_by_side(base: Result, swap: Comparison) -> None:
    other = walkcover.what_if(base, Scenario("all", open=["B2", "B3"]), suggest=True)
    table = side_by_side([swap, other])
    assert table["scenario"].tolist() == ["", "swap", "all"]
    assert table["covered_people"].tolist() == [60, 260, 60 + 260 + 420]
    assert table["gained_people"].iloc[1:].tolist() == [260, 260 + 420]
    later = side_by_side([swap, other], after=True)
    assert later["scenario"].tolist() == ["", "all"]
    assert later["covered_people"].iloc[0] == base.summary["covered_people_after"]
    with pytest.raises(InputError, match="nothing to compare"):
        side_by_side([swap], after=True)


def test_one_figure_a_row(base: Result, swap: Comparison) -> None:
    other = walkcover.what_if(base, Scenario("all", open=["B2", "B3"]), suggest=True)
    table = tidy([swap, other])
    keys = ["scenario", "state", "level", "id", "figure"]
    assert not table.duplicated(keys).any()
    assert {*table["state"][table["scenario"] == "swap"]} == {"now"}
    assert {*table["state"][table["scenario"] == "all"]} == {"now", "after"}
    row = table.set_index(keys).loc[("swap", "now", "zone", "02", "covered_people")]
    assert row[["base", "value", "difference"]].tolist() == [0, 260, 260]
    row = table.set_index(keys).loc[("swap", "now", "all", "", "lost_people")]
    assert row["value"] == 60
    assert np.isnan(row["base"])


def test_plain_values(base: Result, swap: Comparison) -> None:
    record = comparison_record([swap])["scenarios"][0]
    assert record["name"] == "swap"
    assert "after" not in record
    assert record["now"]["totals"]["covered_people"] == {
        "base": 60.0,
        "scenario": 260.0,
        "difference": 200.0,
    }
    assert record["now"]["zones"][3]["covered_share"] is None
    nobody = walkcover.what_if(base, Scenario("nobody", close=["B1"]))
    totals = comparison_record([nobody])["scenarios"][0]["now"]["totals"]
    assert totals["mean_walk_s"]["scenario"] is None


def test_tables_under_each_other(swap: Comparison) -> None:
    table = stacked([swap, swap], "changes")
    assert table.columns[:3].tolist() == ["scenario", "state", "change"]
    assert len(table) == 2 * len(CHANGES)
