"""Place the signs of daily work, and give them a size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from walkcover.maps.layers import DEGREE_DECIMALS

PlainData = dict[str, Any]


def sized(values: pd.Series, *, least: float, most: float) -> np.ndarray[Any, Any]:
    """
    Give signs a width so that their area follows a quantity.

    Parameters
    ----------
    values
        Quantities, none negative, shape (n,).
    least, most
        Width in pixels of the smallest and of the largest sign.

    Returns
    -------
    width_px
        Whole pixels, int64, shape (n,).

    Examples
    --------
    >>> sized(pd.Series([0.0, 25.0, 100.0]), least=10, most=26).tolist()
    [10, 18, 26]
    """
    numbers = values.to_numpy(np.float64)
    largest = numbers.max(initial=0.0)
    part = np.sqrt(numbers / largest) if largest > 0 else np.zeros(len(numbers))
    width: np.ndarray[Any, Any] = np.rint(least + (most - least) * part).astype(np.int64)
    return width


def placed(point: shapely.Point) -> PlainData:
    """
    Write where a sign stands.

    Examples
    --------
    >>> placed(shapely.Point(112.5500004, 37.87))
    {'lat': 37.87, 'lon': 112.55}
    """
    return {"lat": round(point.y, DEGREE_DECIMALS), "lon": round(point.x, DEGREE_DECIMALS)}
