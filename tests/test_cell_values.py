import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkcover._cell_values import (
    cell_text,
    cell_texts,
    is_missing,
    parse_amount,
    parse_number,
    plain_numbers,
)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("215", 215),
        ("215人", 215),
        ("1,204 人", 1204),
        ("1\uff0c204人", 1204),
        ("\uff12\uff11\uff15", 215),
        ("3万", 30_000),
        ("1.2万人", 12_000),
        # 1.13 * 10000 is 11299.999999999998 in floating point.
        ("1.13万", 11_300),
        ("2千人", 2000),
        ("1.4亿", 140_000_000),
        ("-3人", -3),
        ("1.4E+3", 1400),
    ],
)
def test_numbers_are_read_as_people_write_them(cell, value):
    amount = parse_amount(cell, units=["人"])
    assert amount.value == value
    assert not amount.is_about


@pytest.mark.parametrize("cell", ["约300", "大约300人", "300人左右", "约 0.03万"])
def test_estimates_are_taken_and_marked(cell):
    amount = parse_amount(cell, units=["人"])
    assert amount.value == 300
    assert amount.is_about


@pytest.mark.parametrize(
    "cell",
    ["", "many", "5户", "12,04", "1_000", "1,2,3", "10²", "①", "80%", "3-5", "1.2.3", "约", "万"],
)
def test_what_is_no_number_of_that_unit_is_none(cell):
    assert math.isnan(parse_amount(cell, units=["人"]).value)


@given(st.integers(0, 10**12), st.sampled_from(["{}", "{:,}", "{}人", "{:,} 人", "约{:,}人"]))
def test_spelling_never_changes_a_number(number, form):
    assert parse_amount(form.format(number), units=["人"]).value == number


@given(st.integers(0, 10**7))
def test_ten_thousands_are_exact(number):
    assert parse_amount(f"{number / 10_000:.4f}万").value == number


@pytest.mark.parametrize(
    "cell", ["", " ", "-", "—", "——", "/", "无", "暂无", "空", "NA", "n/a", "NULL", "None", "NaN"]
)
def test_words_for_nothing(cell):
    assert is_missing(cell)


@pytest.mark.parametrize("cell", ["0", "无锡", "空军", "#N/A", "no", "//"])
def test_words_that_are_something(cell):
    assert not is_missing(cell)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.0, "7"),
        (7.5, "7.5"),
        (np.int64(7), "7"),
        (140105001000.0, "140105001000"),
        (True, "true"),
        (" x ", "x"),
        (None, ""),
        (np.nan, ""),
        (pd.NaT, ""),
        (pd.NA, ""),
        (dt.datetime(2022, 5, 20), "2022-05-20"),
        (dt.date(2022, 5, 20), "2022-05-20"),
        (dt.datetime(2022, 5, 20, 8, 30), "2022-05-20 08:30:00"),
    ],
)
def test_cells_become_the_text_that_people_see(value, text):
    assert cell_text(value) == text


@given(
    st.lists(st.floats() | st.integers(-(2**53), 2**53)),
    st.sampled_from(["float64", "Float64", "float32", "int64", "Int64", "double[pyarrow]"]),
)
def test_numbers_of_a_column_are_those_of_its_texts(values, dtype):
    if "int" in dtype.lower():
        values = [int(value) for value in values if np.isfinite(value)]
        values = [value for value in values if abs(value) < 2**63]
    with np.errstate(over="ignore"):
        column = pd.Series(values, dtype="float64" if "int" not in dtype.lower() else "int64")
        column = column.astype(dtype)
    found = plain_numbers(column)
    expected = np.array([parse_number(text) for text in cell_texts(column)], dtype=np.float64)
    np.testing.assert_array_equal(found, expected)
    assert not np.signbit(found[found == 0]).any()


@pytest.mark.parametrize("cells", [["1", "2"], [True, False], [1, "2"], [None, "x"]])
def test_other_columns_hold_no_plain_numbers(cells):
    assert plain_numbers(pd.Series(cells)) is None


@given(st.lists(st.text() | st.none()))
def test_texts_of_a_text_column_are_those_of_its_cells(cells):
    column = pd.Series(cells, dtype="str")
    assert cell_texts(column) == [cell_text(cell) for cell in cells]
    assert cell_texts(pd.Index(column)) == cell_texts(column)
