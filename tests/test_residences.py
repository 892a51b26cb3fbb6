"""Residences: people of cells settled in them, stand-ins, and what stand-ins borrow."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover import InputError
from walkcover.residences import borrow_names, settle_cells, split_compounds

EVERYWHERE = shapely.box(-180, -90, 180, 90)


def cells_of(boxes, people, **columns) -> gpd.GeoDataFrame:
    table = {"cell_id": [f"c{i}" for i in range(len(boxes))], "people": people, **columns}
    return gpd.GeoDataFrame(table, geometry=[shapely.box(*b) for b in boxes], crs=4326)


def homes_at(*places, **columns) -> gpd.GeoDataFrame:
    table = {"residence_id": [f"R{i}" for i in range(len(places))], "people": 0.0, **columns}
    return gpd.GeoDataFrame(table, geometry=list(places), crs=4326)


def house(x: float, y: float, side: float) -> shapely.Polygon:
    return shapely.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def test_people_follow_floor_area_and_empty_cells_get_stand_ins():
    cells = cells_of(
        [(0, 0, 0.01, 0.01), (0.01, 0, 0.02, 0.01), (0.02, 0, 0.03, 0.01), (0.03, 0, 0.04, 0.01)],
        [100.0, 7.0, 0.0, 3.5],
    )
    # A small tall house and a large flat one in the first cell; one in the third, of nobody.
    homes = homes_at(
        house(0.002, 0.005, 0.001),
        house(0.007, 0.005, 0.002),
        house(0.025, 0.005, 0.001),
        house(0.5, 0.5, 0.001),
        levels=[6.0, 1.0, 2.0, 3.0],
        name=["塔", "棚", "空", "远"],
    )
    done = settle_cells(cells, homes, EVERYWHERE)
    table = done.residences
    assert table["residence_id"].tolist() == ["R0", "R1", "R2", "R3", "cell/c1", "cell/c3"]
    # 6 levels of 1 against 1 level of 4.
    assert table["people"].tolist() == pytest.approx([60.0, 40.0, 0.0, 0.0, 7.0, 3.5], rel=1e-6)
    assert table["stand_in"].tolist() == [False] * 4 + [True] * 2
    assert table["stand_in"].dtype == bool
    assert table.geometry.iloc[4].equals_exact(shapely.Point(0.015, 0.005), 1e-12)
    assert table["name"].isna().tolist() == [False] * 4 + [True] * 2
    assert (done.cells, done.people, done.stand_ins, done.stand_in_people) == (3, 110.5, 2, 10.5)
    assert (done.left_out, done.left_out_people) == (0, 0.0)
    assert homes["people"].eq(0).all()
    assert "stand_in" not in homes


def test_cells_outside_the_study_area_are_left_out_and_counted():
    boxes = [(i, 0, i + 1, 1) for i in range(4)]
    homes = homes_at(shapely.Point(0.5, 0.5), shapely.Point(2.9, 0.5))
    # The border runs through the third cell, left of its centre: R1 lives there, outside.
    done = settle_cells(
        cells_of(boxes, [1.0, 2.0, 4.0, 8.0]), homes, shapely.box(0, 0, 2.4, 1), spread="even"
    )
    assert done.residences["people"].tolist() == [1.0, 0.0, 2.0]
    assert (done.cells, done.people) == (2, 3.0)
    assert (done.left_out, done.left_out_people) == (2, 12.0)
    assert "12 people of 2 cells outside the study area left out" in done.text


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_random_cells_and_residences_match_a_loop(data):
    columns, rows = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    boxes = [(i, j, i + 1, j + 1) for j in range(rows) for i in range(columns)]
    amount = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))
    people = data.draw(st.lists(amount, min_size=len(boxes), max_size=len(boxes)))
    part = data.draw(st.floats(0, 1))
    step = st.integers(-4, 4 * 5).map(lambda n: n / 4)
    places = data.draw(st.lists(st.tuples(step, step), min_size=1, max_size=25))
    border = data.draw(st.integers(0, columns))
    inside = [box[0] < border for box in boxes]
    cells = cells_of(boxes, people, elderly_people=[n * part for n in people])
    homes = homes_at(*map(shapely.Point, places))
    area = shapely.box(-0.1, -0.1, border + 0.2, 9)
    total = sum(n for n, held in zip(people, inside, strict=True) if held)
    if total == 0:
        with pytest.raises(InputError, match="nobody in the study area"):
            settle_cells(cells, homes, area, spread="even")
        return
    done = settle_cells(cells, homes, area, spread="even")
    expected = dict.fromkeys(homes["residence_id"], 0.0)
    first_cell = [
        next((k for k, (w, s, e, n) in enumerate(boxes) if w <= x <= e and s <= y <= n), None)
        for x, y in places
    ]
    for k, count in enumerate(people):
        holding = [f"R{row}" for row, cell in enumerate(first_cell) if cell == k]
        if not inside[k] or count == 0:
            continue
        for name in holding:
            expected[name] = count / len(holding)
        if not holding:
            expected[f"cell/c{k}"] = count
    got = done.residences.set_index("residence_id")
    assert got.index.tolist() == list(expected)
    assert got["people"].to_dict() == pytest.approx(expected, rel=1e-12)
    assert got["people"].sum() == pytest.approx(total, abs=1e-6)
    assert np.allclose(got["elderly_people"], got["people"] * part, rtol=1e-12, atol=1e-9)
    left = sum(n for n, held in zip(people, inside, strict=True) if not held)
    assert done.left_out_people == pytest.approx(left, rel=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(6)), st.permutations(range(4)))
def test_order_of_rows_never_matters(order_of_homes, order_of_cells):
    boxes = [(i, 0, i + 1, 1) for i in range(4)]
    cells = cells_of(boxes, [10.0, 20.0, 40.0, 80.0])
    homes = homes_at(*[house(x, 0.5, 0.1 + x / 50) for x in (0.2, 0.4, 0.8, 1.2, 1.7, 3.5)])
    once = settle_cells(cells, homes, EVERYWHERE).residences
    again = settle_cells(
        cells.iloc[list(order_of_cells)], homes.iloc[list(order_of_homes)], EVERYWHERE
    ).residences
    people = once.set_index("residence_id")["people"]
    assert again.set_index("residence_id")["people"].to_dict() == pytest.approx(people.to_dict())


def test_carried_columns_keep_their_kind_beside_stand_ins():
    homes = homes_at(
        shapely.Point(0.5, 0.5), floors=[6], lift=[True], county_seat=[False], stand_in=["x"]
    )
    cells = cells_of([(0, 0, 1, 1), (1, 0, 2, 1)], [1.0, 2.0])
    table = settle_cells(cells, homes, EVERYWHERE, spread="even").residences
    assert table["floors"].tolist() == [6, pd.NA]
    assert table["lift"].tolist() == [True, pd.NA]
    assert str(table["floors"].dtype) == "Int64"
    assert table["stand_in"].tolist() == [False, True]
    assert table["stand_in_given"].iloc[0] == "x"


def test_ids_of_stand_ins_that_are_taken_are_refused():
    homes = homes_at(shapely.Point(0.5, 0.5)).assign(residence_id=["cell/c1"])
    cells = cells_of([(0, 0, 1, 1), (1, 0, 2, 1)], [1.0, 2.0])
    with pytest.raises(InputError, match=r"grid: 1 stand-ins .* first cell/c1: expected no"):
        settle_cells(cells, homes, EVERYWHERE, spread="even", what="grid")


def test_points_have_no_floor_area():
    cells = cells_of([(0, 0, 1, 1)], [1.0])
    with pytest.raises(InputError, match='spread = "even"'):
        settle_cells(cells, homes_at(shapely.Point(0.5, 0.5)), EVERYWHERE)


def test_stand_ins_borrow_from_the_nearest_residence_given():
    homes = homes_at(
        shapely.Point(0, 60),
        shapely.Point(3, 60),
        shapely.Point(1.1, 61.4),
        shapely.Point(2.9, 60),
        zone_id=["a", "b", None, None],
        county_seat=pd.array([True, False, pd.NA, pd.NA], dtype="boolean"),
        stand_in=[False, False, True, True],
    )
    got = borrow_names(homes, ["zone_id", "county_seat", "stage"])
    assert got["zone_id"].tolist() == ["a", "b", "a", "b"]
    assert got["county_seat"].tolist() == [True, False, True, False]
    assert "stage" not in got
    assert homes["zone_id"].isna().sum() == 2
    some = borrow_names(homes, ["zone_id"], rows=np.array([True, True, False, True]))
    assert some["zone_id"].isna().tolist() == [False, False, True, False]


def test_people_of_cells_follow_the_levels_of_buildings_in_compounds():
    compound = homes_at(shapely.box(112.5, 37.8, 112.51, 37.81), name=["院"])
    buildings = gpd.GeoDataFrame(
        {"levels": [18.0, np.nan]},
        geometry=[house(112.503, 37.805, 0.0005), house(112.507, 37.805, 0.0005)],
        crs=4326,
    )
    split = split_compounds(compound, buildings)
    cells = cells_of([(112.49, 37.79, 112.52, 37.82)], [190.0])
    got = settle_cells(cells, split, EVERYWHERE).residences
    assert got["residence_id"].tolist() == ["R0/1", "R0/2"]
    assert got["people"].tolist() == pytest.approx([180.0, 10.0], rel=1e-6)
    assert got["name"].tolist() == ["院", "院"]
