"""Notice Gauss–Krüger numbers that cannot be of the zone named: a zone number too many, or none."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike
from pyproj import CRS
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.enums import PJType

# The middle of every zone is called 500,000 m; eastings with a zone number have it in front.
MIDDLE_M = 500_000.0
ZONE_M = 1_000_000.0
# Northings of the northern hemisphere stay below.
POLE_M = 10_002_000.0
# Of China's zone numbers those of 6 degrees end at 23, those of 3 degrees start at 24.
ZONES = range(13, 47)
FIRST_OF_3_DEGREES = 24
CHINA = AreaOfInterest(72.0, 0.8, 138.0, 56.0)


def zone_fault(x: ArrayLike, y: ArrayLike, crs: CRS) -> str:
    """
    Say why numbers cannot be coordinates of a Gauss–Krüger CRS.

    Parameters
    ----------
    x, y
        Eastings and northings in metres as read, of one shape; NaN is passed over.
    crs
        The CRS that they are said to be in.

    Returns
    -------
    fault
        What is wrong and what to write instead; empty where nothing is, and for every CRS that
        is not a transverse Mercator one in metres with 500,000 m in the middle of its zone.

    Examples
    --------
    >>> zone_fault([38_500_000.0], [4_193_000.0], CRS.from_epsg(4547))[:59]
    'the eastings (38,500,000 m) begin with the zone number 38, '
    >>> zone_fault([500_000.0], [4_193_000.0], CRS.from_epsg(4547))
    ''
    """
    middle = _middle_m(crs)
    known = np.isfinite(np.asarray(x, np.float64)) & np.isfinite(np.asarray(y, np.float64))
    if middle is None or not known.any():
        return ""
    east = float(np.median(np.asarray(x, np.float64)[known]))
    north = float(np.median(np.asarray(y, np.float64)[known]))
    if abs(east - middle) <= ZONE_M / 2:
        return ""
    swapped = ""
    if _zone(north) is not None and _zone(east) is None and 0.0 < east < POLE_M:
        swapped = (
            f"x and y are swapped: {east:,.0f} m is a northing, which Chinese survey tables call "
            "x: exchange the two columns (lon is the easting, lat the northing)"
        )
        east = north
    zone, named = _zone(east), int(middle // ZONE_M)
    if zone is None or zone == named:
        return swapped
    has = f"begin with the zone number {zone}" if zone else "have no zone number in front"
    wants = f"wants the zone number {named}" if named else "wants none"
    fault = f"the eastings ({east:,.0f} m) {has}, but {crs.name} {wants}"
    right = _sibling(crs, zone)
    advice = f'set crs = "EPSG:{right[0]}" ({right[1]})' if right else "name the CRS that fits"
    return "; ".join(part for part in (swapped, f"{fault}: {advice}") if part)


def _middle_m(crs: CRS) -> float | None:
    """Easting of the middle of a zone; None where a CRS has no zones of this kind."""
    operation = crs.coordinate_operation
    if not crs.is_projected or operation is None:
        return None
    if operation.method_name not in ("Transverse Mercator", "Gauss-Kruger"):
        return None
    values = _parameters(crs)
    middle = values.get("False easting", np.nan)
    in_metres = all(axis.unit_name == "metre" for axis in crs.axis_info)
    fits = in_metres and middle % ZONE_M == MIDDLE_M and values.get("False northing") == 0.0
    return middle if fits else None


def _zone(easting: float) -> int | None:
    """Zone number in front of an easting, 0 for none; None where it is no easting in China."""
    number, rest = divmod(easting, ZONE_M)
    if not 0.0 < rest < ZONE_M:
        return None
    return int(number) if number == 0 or int(number) in ZONES else None


def _sibling(crs: CRS, zone: int) -> tuple[str, str] | None:
    """Code and name of the CRS of the same datum that has the zone number, or has none."""
    datum = crs.name.split(" / ")[0]
    if zone:
        width = "3-degree " if zone >= FIRST_OF_3_DEGREES else ""
        name = f"{datum} / {width}Gauss-Kruger zone {zone}"
    else:
        meridian = _parameters(crs)["Longitude of natural origin"]
        name = re.sub(r"zone (\d+)", f"CM {meridian:.0f}E", crs.name)
    infos = query_crs_info("EPSG", PJType.PROJECTED_CRS, area_of_interest=CHINA)
    codes = {info.name: info.code for info in infos}
    return (codes[name], name) if name in codes else None


def _parameters(crs: CRS) -> dict[str, float]:
    """Numbers of a projection by their names; empty where there is none."""
    operation = crs.coordinate_operation
    return {} if operation is None else {p.name: float(p.value) for p in operation.params}
