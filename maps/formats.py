"""Write numbers the same way on the map and in the report."""

from __future__ import annotations

import math

MISSING = "—"


def people(count: float) -> str:
    """
    Write a number of people.

    Returns
    -------
    text
        Whole people with thousands separators; a dash where the number is missing.

    Examples
    --------
    >>> people(12345.6), people(float("nan"))
    ('12,346', '—')
    """
    return f"{count:,.0f}" if math.isfinite(count) else MISSING


def share(part: float) -> str:
    """
    Write a share in percent, never rounding an incomplete one up to all or down to nothing.

    Returns
    -------
    text
        Percent with one decimal; a dash where the share is missing.

    Examples
    --------
    >>> share(0.7234), share(1.0), share(0.99999), share(0.00001), share(float("nan"))
    ('72.3%', '100.0%', '>99.9%', '<0.1%', '—')
    """
    if not math.isfinite(part):
        return MISSING
    if 0.9995 <= part < 1:
        return ">99.9%"
    if 0 < part < 0.0005:
        return "<0.1%"
    return f"{part:.1%}"


def minutes(walk_s: float, *, none: str = MISSING) -> str:
    """
    Write a walk in minutes.

    Parameters
    ----------
    walk_s
        Seconds; `inf` or NaN where there is no path.
    none
        What to write where there is no path.

    Returns
    -------
    text
        Minutes with one decimal.

    Examples
    --------
    >>> minutes(900.0), minutes(float("inf"), none="no path")
    ('15.0', 'no path')
    """
    return f"{walk_s / 60:.1f}" if math.isfinite(walk_s) else none


def number(value: float) -> str:
    """
    Write a number as short as it goes: whole where it is whole, else one decimal.

    Examples
    --------
    >>> number(15.0), number(7.5), number(2000.0)
    ('15', '7.5', '2,000')
    """
    if not math.isfinite(value):
        return MISSING
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def cost(value: float) -> str:
    """
    Write a cost: whole where it is whole, else two decimals.

    Examples
    --------
    >>> cost(6.25), cost(2.0)
    ('6.25', '2')
    """
    has_part = math.isfinite(value) and not float(value).is_integer()
    return f"{value:,.2f}" if has_part else number(value)


def gap(value: float) -> str:
    """
    Write the gap between objective and bound in percent with two decimals.

    Examples
    --------
    >>> gap(0.0), gap(0.0144), gap(float("inf"))
    ('0%', '1.44%', '—')
    """
    if not math.isfinite(value):
        return MISSING
    return f"{value:.2%}" if value else "0%"


def degrees(value: float) -> str:
    """
    Write a coordinate with five decimals, about a metre.

    Examples
    --------
    >>> degrees(112.5)
    '112.50000'
    """
    return f"{value:.5f}" if math.isfinite(value) else MISSING


def clock(hour: float) -> str:
    """
    Write a time of the day, to the nearest minute; of the next day without saying so.

    Parameters
    ----------
    hour
        Hours since midnight.

    Returns
    -------
    text
        Hours and minutes; a dash where the time is missing.

    Examples
    --------
    >>> clock(8.0), clock(9.9999), clock(25.5), clock(float("nan"))
    ('08:00', '10:00', '01:30', '—')
    """
    if not math.isfinite(hour):
        return MISSING
    minute = round(hour * 60)
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def duration(seconds: float) -> str:
    """
    Write how long something takes in hours and minutes.

    Examples
    --------
    >>> duration(6720.0), duration(59.0), duration(float("inf"))
    ('1:52', '0:01', '—')
    """
    if not math.isfinite(seconds):
        return MISSING
    minutes_in_all = round(seconds / 60)
    return f"{minutes_in_all // 60}:{minutes_in_all % 60:02d}"
