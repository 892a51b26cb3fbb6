"""Verdicts and their order, sums by group, and gap areas."""

from __future__ import annotations

import itertools

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from drawing import draw_index, draw_shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import Way

from walkcover._errors import ConservationError, InputError
from walkcover.gap_areas import gap_areas, gap_residences
from walkcover.gaps import (
    GAPS,
    check_people,
    coverage_by,
    is_covered,
    verdicts,
)

INF = float("inf")


@pytest.mark.parametrize(
    ("walk_s", "covered"),
    [
        (0.0, True),
        (900.0, True),
        (900.0004, True),
        (900.0006, False),
        (900.001, False),
        (INF, False),
    ],
)
def test_exactly_the_limit_is_covered(walk_s, covered):
    assert is_covered(pd.Series([walk_s])).tolist() == [covered]


@pytest.mark.parametrize("bad", [np.nan, -1.0])
def test_missing_and_negative_walks_are_refused(bad):
    with pytest.raises(InputError, match="1 walks are missing or negative, first 'b'"):
        is_covered(pd.Series([1.0, bad], index=["a", "b"]))


@pytest.mark.parametrize("limit_s", [0.0, -5.0, INF, np.nan])
def test_limits_that_are_no_time_are_refused(limit_s):
    with pytest.raises(InputError, match="limit_s"):
        is_covered(pd.Series([1.0]), limit_s=limit_s)


@pytest.mark.parametrize(
    ("people", "snap_to", "walk_s", "verdict"),
    [
        (0, None, INF, "no_people"),
        (0, "main", 10.0, "no_people"),
        (5, None, INF, "not_snapped"),
        (5, "main", 900.0, "covered"),
        (5, "island", 900.0, "covered"),
        (5, "private", 900.1, "too_far"),
        (5, "island", 1640.0, "too_far"),
        (5, "island", INF, "island"),
        (5, "main", INF, "no_site"),
        (5, "private", INF, "no_site"),
    ],
)
def test_the_first_verdict_that_holds(people, snap_to, walk_s, verdict):
    found = verdicts(
        pd.Series([walk_s], index=["r"]),
        pd.Series([people], index=["r"]),
        pd.Series([snap_to], index=["r"], dtype=object),
    )
    assert found.to_dict() == {"r": verdict}


@given(st.lists(st.floats(0, 3000), min_size=1), st.integers(1, 3000), st.integers(0, 3000))
def test_a_longer_limit_never_lowers_coverage(walks, limit_s, more_s):
    walk_s = pd.Series(walks)
    short, long = is_covered(walk_s, limit_s=limit_s), is_covered(walk_s, limit_s=limit_s + more_s)
    assert (short <= long).all()


def people_table() -> pd.DataFrame:
    rows = [
        (100, 300.0, "covered", "a"),
        (50, 1000.0, "too_far", "a"),
        (7, INF, "no_site", "a"),
        (0, 2000.0, "no_people", "a"),
        (3, INF, "not_snapped", "b"),
    ]
    return pd.DataFrame(rows, columns=["people", "walk_s", "verdict", "zone_id"])


def test_people_are_summed_by_group_and_empty_groups_stay():
    table = people_table()
    found = coverage_by(table["zone_id"], table, labels=["empty", "a", "b"])
    assert found.index.tolist() == ["empty", "a", "b"]
    assert found["residences"].tolist() == [0, 4, 1]
    assert found["people"].tolist() == [0, 157, 3]
    assert found["covered_people"].tolist() == [0, 100, 0]
    assert found["gap_people"].tolist() == [0, 57, 3]
    assert found["unreached_people"].tolist() == [0, 7, 3]
    assert found["covered_share"].tolist() == pytest.approx([np.nan, 100 / 157, 0], nan_ok=True)
    # (100 · 300 + 50 · 1000) / 150; the house of nobody at 2,000 s counts for nothing.
    means = [np.nan, 80_000 / 150, np.nan]
    assert found["mean_walk_s"].tolist() == pytest.approx(means, nan_ok=True)
    assert found["worst_walk_s"].tolist() == pytest.approx([np.nan, 1000, np.nan], nan_ok=True)


def test_after_building_the_other_columns_are_summed():
    table = people_table()
    table["walk_s_after"], table["verdict_after"] = 60.0, "covered"
    found = coverage_by(table["zone_id"], table, labels=["a", "b"], after=True)
    assert found["covered_people"].tolist() == [157, 3]
    assert found["gap_people"].tolist() == [0, 0]


def test_people_of_no_group_stop_the_sum():
    table = people_table()
    with pytest.raises(ConservationError, match="160 people went in, 157 came out"):
        coverage_by(table["zone_id"], table, labels=["a"])


def test_fractions_of_people_are_not_lost_people():
    check_people(1e6, 1e6 + 0.0005, step="rounding")
    with pytest.raises(ConservationError, match="rounding"):
        check_people(1e6, 1e6 + 0.5, step="rounding")


def gap_table(rows) -> gpd.GeoDataFrame:
    columns = ["east", "north", "people", "walk_s", "verdict", "zone_id"]
    table = pd.DataFrame(rows, columns=columns)
    spots = [[spot] for spot in zip(table.pop("east"), table.pop("north"), strict=True)]
    return gpd.GeoDataFrame(table, geometry=draw_shapes(spots), crs=4326)


STREET = [Way([(0, 0), (4000, 0)])]


def test_neighbours_without_service_are_one_area():
    # A chain of steps under 200 m; the fourth home is 300 m on; a covered one lies between.
    homes = gap_table(
        [
            (0, 0, 10, 1000.0, "too_far", "a"),
            (190, 0, 20, 950.0, "too_far", "b"),
            (380, 0, 25, INF, "no_site", "b"),
            (680, 0, 60, INF, "no_site", "a"),
            (530, 0, 9, 800.0, "covered", "a"),
            (700, 0, 0, 990.0, "no_people", "a"),
        ]
    )
    areas = gap_areas(homes, draw_index(STREET))
    assert areas["gap_id"].tolist() == ["G1", "G2"]
    assert areas["residences"].tolist() == [1, 3]
    assert areas["people"].tolist() == [60, 55]
    assert areas["reason"].tolist() == ["no_site", "too_far"]
    assert areas["nearest_miss_s"].tolist() == [INF, 50.0]
    assert areas["zone_id"].tolist() == ["a", "b"]
    in_gap = homes["verdict"].isin(GAPS)
    assert areas.contains(homes.geometry[3]).tolist() == [True, False]
    assert areas.union_all().buffer(1e-9).contains(homes.geometry[in_gap].union_all())


def test_an_area_is_called_as_most_of_its_people_are():
    rows = [(east, 0, people, 1000.0, "too_far", "a") for east, people in
            ((0, 10), (100, 30), (150, 25), (1000, 5), (2000, 7), (2100, 0))]  # fmt: skip
    homes = gap_table(rows)
    assert gap_areas(homes, draw_index(STREET))["place"].tolist() == ["", "", ""]
    homes["name"] = ["东村", "西村", "东村", "", None, "南村"]
    # 东村 35 against 西村 30; nobody; 南村, since a name of no people is better than none.
    assert gap_areas(homes, draw_index(STREET))["place"].tolist() == ["东村", "南村", ""]


def test_no_gap_gives_an_empty_table_with_its_columns():
    areas = gap_areas(gap_table([(0, 0, 5, 10.0, "covered", "a")]), draw_index(STREET))
    assert len(areas) == 0
    assert areas.crs == 4326
    assert {"gap_id", "people", "reason", "nearest_miss_s", "zone_id"} <= set(areas.columns)


@pytest.mark.parametrize("seed", range(5))
def test_gap_areas_conserve_people(seed):
    rng = np.random.default_rng(seed)
    kinds = ["covered", "too_far", "no_site", "island", "not_snapped", "no_people"]
    rows = [
        (*rng.uniform(0, 2500, 2), int(rng.integers(1, 50)), 1000.0, kind, "a")
        for kind in rng.choice(kinds, 60)
    ]
    homes = gap_table(rows)
    areas = gap_areas(homes, draw_index(STREET))
    missing = homes["verdict"].isin(GAPS)
    assert areas["people"].sum() == homes["people"][missing].sum()
    assert areas["residences"].sum() == missing.sum()
    assert areas["people"].is_monotonic_decreasing


def areas_one_by_one(homes, index):
    """Gap areas by a loop over the pieces of a graph of neighbours."""
    gap = gap_residences(homes)
    points = index.to_metric(gap.geometry.to_numpy())
    graph = nx.Graph()
    graph.add_nodes_from(range(len(gap)))
    for i, j in itertools.combinations(range(len(gap)), 2):
        alike = (gap["verdict"].iloc[[i, j]] == "over_capacity").nunique() == 1
        if alike and points[i].distance(points[j]) <= 200.0:
            graph.add_edge(i, j)
    for piece in nx.connected_components(graph):
        part = gap.iloc[sorted(piece)]
        yield {
            "residences": len(part),
            "people": part["people"].sum(),
            "reason": part.groupby("verdict")["people"].sum().idxmax(),
            "nearest_miss_s": max(0.0, part["walk_s"].min() - 900.0),
            "zone_id": part.groupby("zone_id")["people"].sum().idxmax(),
            "area_m2": shapely.union_all([points[i].buffer(100, quad_segs=4) for i in piece]).area,
        }


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_gap_areas_are_those_of_a_loop_however_many_rows_at_a_time(seed, at_once):
    rng = np.random.default_rng(seed)
    kinds = ["covered", "too_far", "no_site", "over_capacity"]
    rows = [
        (*rng.uniform(0, 1500, 2), int(rng.integers(1, 4)), float(rng.choice([880.0, 1000.0, INF])),
         rng.choice(kinds), rng.choice(["a", "b", "c"]))
        for _ in range(rng.integers(1, 40))
    ]  # fmt: skip
    index = draw_index(STREET)
    homes = gap_table(rows).assign(people_unserved=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("walkcover.gap_areas.POINTS_AT_ONCE", at_once)
        areas = gap_areas(homes, index)
    areas["area_m2"] = areas.to_crs(index.crs).area
    names = ["people", "residences", "reason", "nearest_miss_s", "zone_id", "area_m2"]
    expected = pd.DataFrame(areas_one_by_one(homes, index), columns=names)
    expected = expected.sort_values("people", ascending=False, kind="stable", ignore_index=True)
    found = areas[names]
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-9)
