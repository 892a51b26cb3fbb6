"""Spread the people of zones over the residences in them, none lost and none made."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike

from walkcover._errors import ConservationError, InputError
from walkcover._intake import SHOWN, cell_texts, parse_number
from walkcover.crs import equal_area_crs
from walkcover.tables import OUTSIDE

# People may move by so much in adding up floats.
TOLERANCE_PEOPLE = 1e-6
# Float sums of many millions cannot be exact to the last digit.
TOLERANCE_SHARE = 1e-12
# The people of 65 and more are some of all; single precision of rasters may hide it.
TOLERANCE_ELDERLY = 1e-6


def spread_people(
    totals: pd.Series, residences: pd.DataFrame, *, weights: ArrayLike | None = None
) -> pd.Series:
    """
    Spread the people of every zone over its residences, in proportion to weights.

    Parameters
    ----------
    totals
        People per zone, indexed by zone_id.
    residences
        Residences with a column zone_id.
    weights
        A number from 0 on per residence, as floor area; None spreads evenly.

    Returns
    -------
    people
        People per residence, float64 (fractions stay), on the index of `residences`; 0 outside
        all zones.

    Raises
    ------
    InputError
        If a zone is listed twice, people or weights are no finite numbers from 0 on, people
        would be lost because their zone has no residence (or only weights of 0), or residences
        lie in a zone without a total; all faults in one message.
    ConservationError
        If the total moves all the same.

    Examples
    --------
    >>> homes = pd.DataFrame({"zone_id": ["a", "a", "b"]})
    >>> totals = pd.Series({"a": 90.0, "b": 5.0})
    >>> spread_people(totals, homes, weights=[100.0, 200.0, 50.0]).tolist()
    [30.0, 60.0, 5.0]
    """
    zone_ids = pd.Series(cell_texts(residences["zone_id"]), index=residences.index)
    people = totals.astype("float64").set_axis(cell_texts(totals.index))
    values = np.ones(len(residences)) if weights is None else np.asarray(weights, dtype=np.float64)
    if values.shape != (len(residences),):
        msg = f"weights: expected one per residence, {len(residences)}, not shape {values.shape}"
        raise InputError(msg)
    weight = pd.Series(values, index=residences.index)
    faults = _number_faults(people, weight)
    if not faults:
        faults = _place_faults(people, zone_ids, weight)
    if faults:
        msg = "\n  ".join(["people of zones:", *faults])
        raise InputError(msg)
    in_zone = weight.groupby(zone_ids).transform("sum")
    share = np.divide(weight, in_zone, out=np.zeros(len(weight)), where=in_zone.to_numpy() > 0)
    spread = pd.Series(share * zone_ids.map(people).fillna(0.0), name="people")
    refuse_moved_total(people, spread)
    return spread


def check_elderly(people: pd.Series, elderly: pd.Series, *, what: str) -> None:
    """
    Refuse rows where the people of 65 and more are more than all.

    Parameters
    ----------
    people, elderly
        All people and the elderly among them, on one index of ids.
    what
        What the message calls the table.

    Raises
    ------
    InputError
        If there is such a row.

    Examples
    --------
    >>> check_elderly(pd.Series({"a": 9.0}), pd.Series({"a": 2.0}), what="p.csv")
    """
    most = people * (1.0 + TOLERANCE_ELDERLY) + TOLERANCE_PEOPLE
    bad = elderly.index[(elderly > most).to_numpy()]
    if len(bad):
        shown = ", ".join(f"{name} ({elderly[name]:g} of {people[name]:g})" for name in bad[:SHOWN])
        msg = (
            f"{what}: more elderly than people in {len(bad)} rows, first {shown}: expected the "
            "elderly to be some of the people; check the column or raster that elderly names"
        )
        raise InputError(msg)


def refuse_moved_total(given: ArrayLike, spread: ArrayLike) -> None:
    """
    Stop when people were lost or made while they were spread.

    Parameters
    ----------
    given, spread
        People before and after.

    Raises
    ------
    ConservationError
        If the totals differ by more than a millionth of a person (or 1e-12 of very large ones).

    Examples
    --------
    >>> refuse_moved_total([2.0, 3.0], [1.0, 4.0])
    """
    before, after = float(np.sum(given)), float(np.sum(spread))
    if not abs(after - before) <= max(TOLERANCE_PEOPLE, TOLERANCE_SHARE * before):
        msg = f"spreading moved the total: {before!r} people in, {after!r} out"
        raise ConservationError(msg)


def floor_area_m2(geometries: gpd.GeoSeries, levels: pd.Series | None = None) -> pd.Series:
    """
    Estimate the floor area of buildings: ground area times levels.

    Parameters
    ----------
    geometries
        Polygons in EPSG:4326.
    levels
        Number of levels per building, as numbers or text; a missing or unreadable one (OSM has
        texts such as ``2-3``), or one under 1, counts as 1. None is 1 everywhere.

    Returns
    -------
    area_m2
        Square metres, float64, on the index of `geometries`.

    Raises
    ------
    InputError
        If a geometry is no polygon: a point has no area, and its people would be lost.

    Examples
    --------
    >>> house = gpd.GeoSeries([shapely.box(112.5, 37.8, 112.5001, 37.8001)], crs=4326)
    >>> floor_area_m2(house, pd.Series(["6"])).round().tolist()
    [587.0]
    """
    flat = np.flatnonzero(shapely.get_dimensions(geometries.to_numpy()) != 2)
    if flat.size:
        first = ", ".join(str(geometries.index[row]) for row in flat[:SHOWN])
        msg = (
            f"{flat.size} residences are no polygons and have no floor area, first {first}: "
            'expected buildings; with points spread people evenly (spread = "even")'
        )
        raise InputError(msg)
    west, south, east, north = geometries.total_bounds
    ground_m2: pd.Series = geometries.to_crs(equal_area_crs([west, east], [south, north])).area
    if levels is None:
        return ground_m2.rename("floor_area_m2")
    count = np.array([parse_number(text) for text in cell_texts(levels)])
    usable = np.isfinite(count) & (count >= 1.0)
    return ground_m2.mul(np.where(usable, count, 1.0)).rename("floor_area_m2")


def _number_faults(people: pd.Series, weight: pd.Series) -> list[str]:
    faults = []
    twice = sorted(set(people.index[people.index.duplicated()]))
    if twice:
        faults.append(f"zones listed twice: {', '.join(twice[:SHOWN])}: expected one row per zone")
    bad = people[~(np.isfinite(people) & (people >= 0))]
    if len(bad):
        shown = ", ".join(f"{zone} ({value!r})" for zone, value in bad.iloc[:SHOWN].items())
        faults.append(f"people of {len(bad)} zones, first {shown}: expected numbers from 0 on")
    crooked = weight[~(np.isfinite(weight) & (weight >= 0))]
    if len(crooked):
        shown = ", ".join(f"{row} ({value!r})" for row, value in crooked.iloc[:SHOWN].items())
        faults.append(f"weights of {len(crooked)} rows, first {shown}: expected numbers from 0 on")
    return faults


def _place_faults(people: pd.Series, zone_ids: pd.Series, weight: pd.Series) -> list[str]:
    """Find people without a residence to go to, and residences without people to share."""
    faults = []
    room = weight.groupby(zone_ids).sum().reindex(people.index, fill_value=0.0)
    lost = people[(people > 0) & (room == 0)]
    if len(lost):
        shown = ", ".join(f"{zone} ({value:g} people)" for zone, value in lost.iloc[:SHOWN].items())
        faults.append(
            f"{len(lost)} zones have {lost.sum():g} people and no residence, or none with a "
            f"weight over 0, first {shown}: expected residences, or zones without parents' sums"
        )
    without = sorted(set(zone_ids) - set(people.index) - {OUTSIDE})
    if without:
        rows = int(zone_ids.isin(without).sum())
        faults.append(
            f"{rows} residences lie in {len(without)} zones without a total, first "
            f"{', '.join(without[:SHOWN])}: expected a total for every zone, or 0"
        )
    return faults
