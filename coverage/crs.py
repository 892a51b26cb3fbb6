"""Turn the coordinate systems that tables come in into WGS84, and choose one that measures."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import TypeVar

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Proj
from pyproj.exceptions import CRSError

from walkcover._errors import InputError
from walkcover.gauss_kruger import zone_fault

# Degrees of CGCS2000 are those of WGS84 within a metre and are taken as they are.
SYSTEMS = ("wgs84", "gcj02", "bd09", "cgcs2000")
EPSG_PATTERN = re.compile(r"epsg:\d+")
WGS84 = 4326
WEB_MERCATOR = 3857

# Krasovsky 1940, as the public formula of GCJ-02 has it: half axis in metres, squared eccentricity.
GCJ_AXIS_M = 6378245.0
GCJ_ECCENTRICITY2 = 0.00669342162296594323
# Outside this box (west, south, east, north, degrees) GCJ-02 and BD-09 are WGS84.
GCJ_BOX = (72.004, 0.8293, 137.8347, 55.8271)
# No shift is longer, BD-09's on top of that of GCJ-02 included.
SHIFT_DEGREES = 0.05
ROUNDING_DEGREES = 1e-9
BD_FREQUENCY = np.pi * 3000.0 / 180.0

# Each step of the fixed point shrinks the error to about 1 %, so ten leave nothing to see.
INVERSE_STEPS = 10
# A metric CRS may stretch lengths by so much in the middle of the network before it is refused.
MAX_SCALE_ERROR = 0.01
# UTM ends here (degrees).
UTM_SOUTH, UTM_NORTH = -80.0, 84.0

Floats = NDArray[np.float64]
Places = TypeVar("Places", gpd.GeoSeries, gpd.GeoDataFrame)


def to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """
    Shift WGS84 coordinates to GCJ-02, the system of Chinese web maps.

    Parameters
    ----------
    lon, lat
        Degrees in WGS84, of one shape.

    Returns
    -------
    lon, lat
        Degrees in GCJ-02, float64, of that shape; the same as given outside China's box; NaN
        where NaN was given.

    References
    ----------
    The public formula, as in https://github.com/googollee/eviltransform.

    Examples
    --------
    >>> lon, lat = to_gcj02(112.55, 37.87)
    >>> round(float(lon), 4), round(float(lat), 4)
    (112.5563, 37.8705)
    """
    lon, lat = _degrees(lon, lat)
    east, north = _gcj_shift(lon, lat)
    inside = _in_gcj_box(lon, lat)
    return np.where(inside, lon + east, lon), np.where(inside, lat + north, lat)


def from_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """
    Undo GCJ-02, to less than 1e-9 degrees against the forward formula.

    What `to_gcj02` shifted comes back wherever it lay in China's box. Just east and north of the
    box, closer than the shift, a number may be of a point inside that was shifted or of one
    outside that was not: it is read as the one inside.

    Parameters
    ----------
    lon, lat
        Degrees in GCJ-02, of one shape.

    Returns
    -------
    lon, lat
        Degrees in WGS84, float64, of that shape; the same as given where that is outside China's
        box; NaN where NaN was given.

    Examples
    --------
    >>> lon, lat = from_gcj02(*to_gcj02(112.55, 37.87))
    >>> round(float(lon), 9), round(float(lat), 9)
    (112.55, 37.87)
    """
    lon, lat = _degrees(lon, lat)
    return _where_inside(*_undo(lon, lat, _gcj_shift), lon, lat)


def to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """
    Shift WGS84 coordinates to BD-09, the system of Baidu's maps.

    Parameters
    ----------
    lon, lat
        Degrees in WGS84, of one shape.

    Returns
    -------
    lon, lat
        Degrees in BD-09, float64, of that shape; the same as given outside China's box, as for
        GCJ-02; NaN where NaN was given.

    References
    ----------
    The public formula: GCJ-02 first, then Baidu's shift. That shift alone knows no box; here it
    has the box of GCJ-02, so that no place outside China is moved by 900 m.

    Examples
    --------
    >>> lon, lat = to_bd09(112.55, 37.87)
    >>> round(float(lon), 4), round(float(lat), 4)
    (112.5627, 37.8769)
    """
    lon, lat = _degrees(lon, lat)
    x, y = to_gcj02(lon, lat)
    east, north = _bd_shift(x, y)
    inside = _in_gcj_box(lon, lat)
    return np.where(inside, x + east, lon), np.where(inside, y + north, lat)


def from_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """
    Undo BD-09, to less than 1e-9 degrees against the forward formula.

    Parameters
    ----------
    lon, lat
        Degrees in BD-09, of one shape.

    Returns
    -------
    lon, lat
        Degrees in WGS84, float64, of that shape; the same as given where that is outside China's
        box, with the same strip along its edge as `from_gcj02`; NaN where NaN was given.

    Examples
    --------
    >>> lon, lat = from_bd09(*to_bd09(112.55, 37.87))
    >>> round(float(lon), 9), round(float(lat), 9)
    (112.55, 37.87)
    """
    lon, lat = _degrees(lon, lat)
    return _where_inside(*_undo(*_undo(lon, lat, _bd_shift), _gcj_shift), lon, lat)


def check_system(name: str) -> str:
    """
    Check the name of a coordinate system that a plan gives.

    Parameters
    ----------
    name
        One of wgs84, gcj02, bd09, cgcs2000, or EPSG:n; capitals do not matter.

    Returns
    -------
    system
        The name in its plain form, as ``gcj02`` or ``EPSG:4547``.

    Raises
    ------
    InputError
        If the name is not one of these, or the EPSG code is not one of map coordinates.

    Examples
    --------
    >>> check_system("GCJ02"), check_system("epsg:4547")
    ('gcj02', 'EPSG:4547')
    """
    plain = name.strip().lower()
    if plain in SYSTEMS:
        return plain
    if not EPSG_PATTERN.fullmatch(plain):
        near = difflib.get_close_matches(plain.replace("-", ""), SYSTEMS, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        msg = f"unknown coordinate system {name!r}: expected {', '.join(SYSTEMS)} or EPSG:n{hint}"
        raise InputError(msg)
    _known_crs(plain)
    return plain.upper()


def to_wgs84(places: Places, system: str) -> Places:
    """
    Turn whole geometries from a named coordinate system into WGS84.

    A CRS that the places carry says how to get degrees; `system` says what the degrees mean,
    because no file format can say GCJ-02 or BD-09.

    Parameters
    ----------
    places
        Points, lines or polygons; missing ones stay missing, heights are dropped.
    system
        A name that `check_system` takes.

    Returns
    -------
    places
        A copy with the same index and columns, in EPSG:4326.

    Raises
    ------
    InputError
        If the system is unknown, or eastings and northings are swapped or cannot be of the
        Gauss–Krüger zone named, because of a zone number in front that the code does not have,
        or the other way round.

    Examples
    --------
    >>> booth = gpd.GeoSeries.from_xy([112.55629654], [37.870523])
    >>> to_wgs84(booth, "gcj02").get_coordinates().round(6).to_numpy().tolist()
    [[112.55, 37.87]]
    """
    system = check_system(system)
    if isinstance(places, gpd.GeoDataFrame):
        return places.set_geometry(to_wgs84(places.geometry, system))
    flat = gpd.GeoSeries(flat_shapes(places.to_numpy()), index=places.index, crs=places.crs)
    if places.crs is None:
        flat = flat.set_crs(WGS84 if system in SYSTEMS else system)
    if flat.crs.is_projected:
        west, south, east, north = shapely.bounds(flat.array).T
        fault = zone_fault((west + east) / 2.0, (south + north) / 2.0, flat.crs)
        if fault:
            raise InputError(fault)
    degrees = flat.to_crs(WGS84)
    undo = {"gcj02": from_gcj02, "bd09": from_bd09}.get(system)
    if undo is None:
        return degrees
    moved = shapely.transform(degrees.array, lambda xy: np.column_stack(undo(xy[:, 0], xy[:, 1])))
    return gpd.GeoSeries(moved, index=places.index, name=places.name, crs=WGS84)


def flat_shapes(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """
    Drop heights; shapes without any stay the objects they are.

    Parameters
    ----------
    shapes
        Geometries, shape (n,); None stays.

    Returns
    -------
    flat
        A new array of them, shape (n,).

    Examples
    --------
    >>> str(flat_shapes(np.array([shapely.Point(1, 2, 3)], dtype=object))[0])
    'POINT (1 2)'
    """
    flat = np.array(shapes, dtype=object)
    high = shapely.get_coordinate_dimension(flat) > 2
    flat[high] = shapely.force_2d(flat[high])
    return flat


def metric_crs(lon: ArrayLike, lat: ArrayLike, *, name: str = "auto") -> CRS:
    """
    Choose the CRS in metres that nearest-point searches run in.

    Parameters
    ----------
    lon, lat
        Degrees in WGS84; the middle of their bounding box decides.
    name
        "auto" for the UTM zone of the middle, or EPSG:n.

    Returns
    -------
    crs
        A projected CRS in metres; use it with ``always_xy=True``, some put north first.

    Raises
    ------
    InputError
        If there is no coordinate, the named CRS is not projected, not in metres, or stretches
        lengths in the middle by more than 1 % (as EPSG:3857 and far-off zones do); or if "auto"
        meets the poles, where UTM ends.

    Examples
    --------
    >>> metric_crs([112.4, 112.7], [37.7, 38.0]).to_epsg()
    32649
    >>> metric_crs(112.55, 37.87, name="EPSG:4547").to_epsg()
    4547
    """
    middle_lon, middle_lat = _middle(lon, lat)
    if name == "auto":
        if not UTM_SOUTH <= middle_lat <= UTM_NORTH:
            msg = f"no UTM zone at latitude {middle_lat:.2f}: name a metric CRS as EPSG:n"
            raise InputError(msg)
        zone = int((middle_lon + 180.0) // 6.0) % 60 + 1
        return CRS.from_epsg((32600 if middle_lat >= 0 else 32700) + zone)
    if not EPSG_PATTERN.fullmatch(name.strip().lower()):
        msg = f'the metric CRS {name!r} is not understood: expected "auto" or EPSG:n'
        raise InputError(msg)
    crs = _known_crs(name)
    _refuse_crooked(crs, middle_lon, middle_lat, name=name)
    return crs


def equal_area_crs(lon: ArrayLike, lat: ArrayLike) -> CRS:
    """
    Give a CRS whose areas are true, centred on the middle of some coordinates.

    Parameters
    ----------
    lon, lat
        Degrees in WGS84; the middle of their bounding box is the centre.

    Returns
    -------
    crs
        Lambert's azimuthal equal-area projection in metres.

    Raises
    ------
    InputError
        If there is no coordinate.

    Examples
    --------
    >>> cell = gpd.GeoSeries([shapely.box(112.5, 37.8, 112.6, 37.9)], crs=4326)
    >>> cell.to_crs(equal_area_crs(112.55, 37.85)).area.div(1e6).round(1).tolist()
    [97.7]
    """
    middle_lon, middle_lat = _middle(lon, lat)
    return CRS.from_dict(
        {"proj": "laea", "lon_0": middle_lon, "lat_0": middle_lat, "datum": "WGS84", "units": "m"}
    )


def _degrees(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if lon.shape != lat.shape:
        msg = f"lon and lat must have one shape, not {lon.shape} and {lat.shape}"
        raise InputError(msg)
    return lon, lat


def _in_gcj_box(lon: Floats, lat: Floats, *, margin: float = 0.0) -> NDArray[np.bool_]:
    west, south, east, north = GCJ_BOX
    in_lon = (lon >= west - margin) & (lon <= east + margin)
    return in_lon & (lat >= south - margin) & (lat <= north + margin)


def _where_inside(x: Floats, y: Floats, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Take what was undone where that lies in China's box, else what was given."""
    # A point on the edge of the box comes back on it within rounding.
    inside = _in_gcj_box(x, y, margin=ROUNDING_DEGREES)
    return np.where(inside, x, lon), np.where(inside, y, lat)


def _gcj_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Give the shift from WGS84 to GCJ-02 in degrees, as if there were no box."""
    x, y = lon - 105.0, lat - 35.0
    # The terms in metres, shared by both axes.
    common = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    root = np.sqrt(np.abs(x))
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north_m += (2.0 / 3.0) * (common + 20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi))
    north_m += (2.0 / 3.0) * (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0))
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east_m += (2.0 / 3.0) * (common + 20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi))
    east_m += (2.0 / 3.0) * (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi))
    radians = np.radians(lat)
    magic = 1.0 - GCJ_ECCENTRICITY2 * np.sin(radians) ** 2
    meridian_m = GCJ_AXIS_M * (1.0 - GCJ_ECCENTRICITY2) / (magic * np.sqrt(magic))
    parallel_m = GCJ_AXIS_M / np.sqrt(magic) * np.cos(radians)
    return np.degrees(east_m / parallel_m), np.degrees(north_m / meridian_m)


def _bd_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Give the shift from GCJ-02 to BD-09 in degrees."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * BD_FREQUENCY)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * BD_FREQUENCY)
    return radius * np.cos(angle) + 0.0065 - lon, radius * np.sin(angle) + 0.006 - lat


def _undo(
    lon: Floats, lat: Floats, shift: Callable[[Floats, Floats], tuple[Floats, Floats]]
) -> tuple[Floats, Floats]:
    # Far from the box the steps would run away, and nothing was shifted.
    near = _in_gcj_box(lon, lat, margin=SHIFT_DEGREES)
    lon, lat = np.where(near, lon, np.nan), np.where(near, lat, np.nan)
    x, y = lon, lat
    for _ in range(INVERSE_STEPS):
        east, north = shift(x, y)
        x, y = lon - east, lat - north
    return x, y


def _middle(lon: ArrayLike, lat: ArrayLike) -> tuple[float, float]:
    lon, lat = _degrees(lon, lat)
    if lon.size == 0 or not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        msg = "no middle: expected at least one coordinate, all of them finite degrees"
        raise InputError(msg)
    return float(lon.min() + lon.max()) / 2.0, float(lat.min() + lat.max()) / 2.0


def _known_crs(name: str) -> CRS:
    try:
        crs = CRS.from_user_input(name.strip().upper())
    except CRSError as error:
        msg = f"{name!r} is not in the EPSG register: expected the code of a CRS, as EPSG:4547"
        raise InputError(msg) from error
    if not (crs.is_projected or crs.is_geographic):
        msg = (
            f"{name!r} ({crs.name}) has no map coordinates: expected a geographic or projected CRS"
        )
        raise InputError(msg)
    return crs


def _refuse_crooked(crs: CRS, lon: float, lat: float, *, name: str) -> None:
    """Refuse a CRS in which metres are not metres."""
    reason = ""
    if not crs.is_projected:
        reason = "its unit is degrees"
    elif any(axis.unit_name != "metre" for axis in crs.axis_info):
        reason = f"its unit is {crs.axis_info[0].unit_name}"
    else:
        # Web Mercator computes on a sphere, its factors are those of the map all the same.
        factors = Proj(crs).get_factors(lon, lat)
        error = max(abs(factors.meridional_scale - 1.0), abs(factors.parallel_scale - 1.0))
        if crs.to_epsg() == WEB_MERCATOR or not error <= MAX_SCALE_ERROR:
            reason = f"lengths at {lon:.2f}, {lat:.2f} are off by {error:.1%}"
    if reason:
        msg = (
            f"the metric CRS {name!r} ({crs.name}) is refused: {reason}; "
            'expected a projected CRS in metres made for this place; "auto" takes the UTM zone'
        )
        raise InputError(msg)
