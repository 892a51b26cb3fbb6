"""Read the cells of tables that people made: texts, numbers with units, marks for nothing."""

from __future__ import annotations

import datetime as dt
import math
import numbers
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_float_dtype, is_integer_dtype

Answer = TypeVar("Answer")

# What people write into a cell to say that there is nothing; only optional columns take it.
MISSING_MARKS = frozenset(
    ["", "na", "n/a", "nan", "null", "none", "-", "--", "–", "—", "——", "/", "无", "暂无", "空"]
)
# Full-width forms and their plain ones. NFKC would do more: it makes 102 of 10 with a raised 2,
# and 18:00 of a circled 1 and 8:00.
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}
THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
MULTIPLES = {"": 1, "千": 10**3, "万": 10**4, "亿": 10**8}
AMOUNT = re.compile(
    r"(?P<about>大约|约|近)?\s*(?P<number>[-+]?[\d.,]+(?:e[-+]?\d+)?)\s*(?P<multiple>[千万亿])?\s*"
    r"(?P<unit>[^\d\s.,]*?)(?P<behind>左右)?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Amount:
    """A number out of a cell, NaN if there is none, and whether the cell only says about."""

    value: float
    is_about: bool = False


def cell_text(value: object) -> str:
    """Make text of a cell as a person would read it: no decimals behind whole numbers."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        number = float(value)
        if math.isnan(number):
            return ""
        return str(int(number)) if number.is_integer() else repr(number)
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value)


def cell_texts(column: Iterable[object]) -> list[str]:
    """Make text of every cell of a column; empty where there is nothing."""
    if isinstance(column, (pd.Series, pd.Index)) and isinstance(column.dtype, pd.StringDtype):
        # Millions of ids come this way: out of Arrow at once, not cell by cell.
        return [cell.strip() for cell in column.to_numpy(dtype=object, na_value="")]
    return [cell_text(value) for value in column]


def each_text(cells: Sequence[str], read: Callable[[str], Answer]) -> list[Answer]:
    """
    Apply a function to every cell, but only once to cells that are the same.

    Examples
    --------
    >>> each_text(["1", "x", "1"], parse_number)
    [1.0, nan, 1.0]
    """
    answers = {cell: read(cell) for cell in dict.fromkeys(cells)}
    return [answers[cell] for cell in cells]


def plain_numbers(column: pd.Series) -> NDArray[np.float64] | None:
    """
    Give a column that holds numbers as it is, NaN where there is none; None for any other.

    Examples
    --------
    >>> plain_numbers(pd.Series([1, 2])).tolist(), plain_numbers(pd.Series(["1", "2"]))
    ([1.0, 2.0], None)
    """
    if not is_float_dtype(column.dtype) and not is_integer_dtype(column.dtype):
        return None
    # Text would lose the sign of a zero; so does this.
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0)


def text_column(cells: Sequence[str], index: pd.Index) -> pd.Series:
    """Make a text column of cells, missing where they are empty."""
    return pd.Series([cell or None for cell in cells], index=index, dtype="str")


def is_missing(cell: str) -> bool:
    """
    Tell whether a cell says that there is nothing.

    Examples
    --------
    >>> [is_missing(cell) for cell in ("", "N/A", "暂无", "—", "0")]
    [True, True, True, True, False]
    """
    return cell.strip().lower() in MISSING_MARKS


def plain_width(text: str) -> str:
    """Turn full-width letters, digits and signs into plain ones."""
    return text.translate(FULL_WIDTH).strip()


def parse_number(text: str) -> float:
    """Read one plain number; NaN if it is none."""
    if "_" in text:
        return math.nan
    try:
        return float(text)
    except ValueError:
        return math.nan


def parse_amount(text: str, *, units: Sequence[str] = ()) -> Amount:
    """
    Read a number as people write it.

    There may be commas between thousands, full-width digits, 千, 万 or 亿 behind the number, one
    of `units` behind that, and 约 (about) before or 左右 behind it all.

    Parameters
    ----------
    text
        The cell.
    units
        Units that the column may have; any other one makes the cell no number.

    Returns
    -------
    amount
        The number, NaN if the cell holds none, and whether it is an estimate.

    Examples
    --------
    >>> [parse_amount(text, units=["人"]).value for text in ("1,204 人", "1.2万人", "约300", "5户")]
    [1204.0, 12000.0, 300.0, nan]
    """
    plain = plain_width(text)
    number = parse_number(plain)
    if not math.isnan(number):
        return Amount(number)
    match = AMOUNT.fullmatch(plain)
    if match is None or match["unit"] not in ("", *units):
        return Amount(math.nan)
    digits = match["number"]
    digits = digits.replace(",", "") if THOUSANDS.fullmatch(digits) else digits
    if math.isnan(parse_number(digits)):
        return Amount(math.nan)
    # Decimal, so that 1.13万 is 11300 and no hair less.
    value = float(Decimal(digits) * MULTIPLES[match["multiple"] or ""])
    return Amount(value, bool(match["about"] or match["behind"]))
