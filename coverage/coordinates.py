"""Notice places that another coordinate system would explain better than the one named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from walkcover._errors import InputError
from walkcover._shift_scores import BLOCK_M, REACH_M, STEP_M, ShiftScores, score_shifts
from walkcover.crs import SYSTEMS, from_bd09, from_gcj02, to_bd09, to_gcj02
from walkcover.network import GEOD, Floats
from walkcover.plan import Plan
from walkcover.street_index import StreetIndex

# Places are taken from the blocks of the raster that hold most of them.
MAX_BLOCKS = 9
# Places looked at, evenly from west to east; fewer than the least tell nothing, and of a shift
# that has no name more are asked for, as there are thousands to choose from.
MAX_PLACES = 300
MIN_PLACES = 8
MIN_FREE_PLACES = 20
# Shifts below this are inaccuracy, not another system; around another reading they are part of it.
SMALL_SHIFT_M = 100.0
# So near to the place given, the place given is as good.
SAME_SPOT_M = 40.0
# Shifts this far from the best are another spot.
OTHER_SPOT_M = 150.0
# A named system must beat all but this share of all shifts, and the place given by a margin in
# standard deviations between shifts; a nameless shift must beat every other spot by its own.
MAX_LUCKY_SHARE = 0.0003
NAMED_MARGIN = 1.0
FREE_MARGIN = 2.0
# The legs that only one place in ten exceeds must shrink at least by this factor.
FAR_SHARE = 0.9
MAX_FAR_RATIO = 0.8
COMPASS = (
    "north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west",
)  # fmt: skip
UNDO = {"gcj02": from_gcj02, "bd09": from_bd09}
SHIFT = {"gcj02": to_gcj02, "bd09": to_bd09}
WRITTEN = {"wgs84": "WGS84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}


@dataclass(frozen=True)
class Suspicion:
    """
    A table whose places fit the streets much better when they are read otherwise.

    Parameters
    ----------
    table
        Section of the plan: residences, sites or candidates.
    source
        File of the table, as the plan names it.
    given
        Coordinate system that the plan names, ``wgs84`` where it names none.
    likely
        System that would explain the places: wgs84, gcj02 or bd09; empty where only other
        streets, or a shift that no system known here makes, explain them.
    streets
        System that the street file would have to be in to explain the same; empty where none.
    shift_m, bearing_deg
        How far, and to which side clockwise from north, the places lie from where they fit.
    median_before_m, median_after_m
        Median distance to the nearest street as given, and where the places fit.
    far_before_m, far_after_m
        The distance that one place in ten exceeds, as given, and where the places fit.
    places
        Number of places that were looked at.
    trusted
        Whether the plan says that the coordinates are right (``trust_crs = true``).
    """

    table: str
    source: str
    given: str
    likely: str
    streets: str
    shift_m: float
    bearing_deg: float
    median_before_m: float
    median_after_m: float
    far_before_m: float
    far_after_m: float
    places: int
    trusted: bool = False

    @property
    def text(self) -> str:
        """What was found and what to do, in one paragraph."""
        side = COMPASS[round(self.bearing_deg / 45.0) % 8]
        found = (
            f"[{self.table}] {self.source}: the places lie some {round(self.shift_m, -1):.0f} m "
            f"to the {side} of where they fit the streets: one in ten is over "
            f"{self.far_before_m:.0f} m from any street as given, {self.far_after_m:.0f} m "
            f"without that shift ({self.places} places were looked at)"
        )
        trust = f"if the coordinates are right, set trust_crs = true in [{self.table}]"
        return f"{found}; {self._explanation()}; {trust}"

    def _explanation(self) -> str:
        given = WRITTEN.get(self.given, self.given)
        streets = f"the street file is in {WRITTEN.get(self.streets, '')}: take one in WGS84"
        if self.likely:
            name = WRITTEN[self.likely]
            what = f"this is what {name} read as {given} looks like: "
            if self.given in SYSTEMS or CRS(self.given).is_geographic:
                what += f'set crs = "{self.likely}" in [{self.table}]'
            else:
                what += f"the metres were made from {name}; ask for the degrees they were made from"
            return f"{what}, or {streets}" if self.streets else what
        if self.streets:
            return f"it looks as if {streets}"
        return "no coordinate system known here explains it: ask where the coordinates come from"


@dataclass(frozen=True)
class _Reading:
    """Another meaning of the numbers given: where the places lie under it."""

    likely: str
    streets: str
    lon: Floats
    lat: Floats


def suspect_systems(
    tables: Mapping[str, gpd.GeoDataFrame], index: StreetIndex, *, plan: Plan
) -> list[Suspicion]:
    """
    Look for tables whose coordinates are likely in another system than the plan says.

    Parameters
    ----------
    tables
        Places in EPSG:4326, as the named system made them, by section of the plan: residences,
        sites, candidates. Tables that the plan names no file for are passed over, as are
        residences that come out of the street file.
    index
        The streets.
    plan
        The systems and files named, and which of them are to be trusted.

    Returns
    -------
    suspicions
        At most one per table, in the order of the tables; empty where nothing is doubtful.
    """
    found = []
    for section, places in tables.items():
        options = getattr(plan, section)
        if not options.source or options.source == "osm":
            continue
        suspicion = suspect_system(
            places.geometry.to_numpy(),
            index,
            given=options.crs,
            table=section,
            source=options.source.replace("\\", "/").rsplit("/", 1)[-1],
            trusted=options.trust_crs,
        )
        if suspicion is not None:
            found.append(suspicion)
    return found


def refuse_suspects(suspicions: Iterable[Suspicion]) -> None:
    """
    Stop where a system is doubted that the plan does not say to trust.

    Parameters
    ----------
    suspicions
        What `suspect_systems` found.

    Raises
    ------
    InputError
        If one of them is not trusted; all of those in one message.

    Examples
    --------
    >>> found = Suspicion(
    ...     table="sites", source="booths.csv", given="wgs84", likely="gcj02", streets="",
    ...     shift_m=552.0, bearing_deg=84.0, median_before_m=40.0, median_after_m=8.0,
    ...     far_before_m=130.0, far_after_m=15.0, places=80, trusted=True)
    >>> refuse_suspects([found])
    >>> found.text[:87]
    '[sites] booths.csv: the places lie some 550 m to the east of where they fit the streets'
    """
    texts = [suspicion.text for suspicion in suspicions if not suspicion.trusted]
    if texts:
        msg = "the coordinates are likely in another system than the plan says:\n" + "\n".join(
            f"  {text}" for text in texts
        )
        raise InputError(msg)


def suspect_system(
    places: NDArray[np.object_],
    index: StreetIndex,
    *,
    given: str,
    table: str = "sites",
    source: str = "",
    trusted: bool = False,
) -> Suspicion | None:
    """
    Ask whether places fit the streets much better when their numbers are read otherwise.

    Every shift up to 1,600 m is tried on up to 300 places, which tells what chance can do on
    these streets. Another system is suspected where it beats nearly all shifts, and the place
    given does not stand out; a shift that no system explains, where it alone stands out.

    Parameters
    ----------
    places
        Points or polygons in WGS84 degrees as the system given made them, shape (n,).
    index
        The streets.
    given
        Name of that system; empty or ``auto`` counts as wgs84.
    table, source, trusted
        Carried to the answer.

    Returns
    -------
    suspicion
        None where nothing is doubtful, or there are too few places near the streets to tell.
    """
    given = "wgs84" if given in ("", "auto") else given
    given = given if given.upper().startswith("EPSG") else given.lower()
    points, xy = _sample(places, index)
    if len(points) < MIN_PLACES:
        return None
    readings = _readings(shapely.get_x(points), shapely.get_y(points), given)
    moved = np.array([index.to_metric_xy(reading.lon, reading.lat) for reading in readings])
    moved = moved.reshape(len(readings), *xy.shape)
    shift, best = _most_likely(xy, moved, score_shifts(xy, moved, index.lines))
    if not any(shift):
        return None
    there = xy + shift if best is None else moved[best]
    before_m, after_m = _legs_m(xy, index), _legs_m(there, index)
    if np.quantile(after_m, FAR_SHARE) > MAX_FAR_RATIO * np.quantile(before_m, FAR_SHARE):
        return None
    fit_lon, fit_lat = np.median(index.to_degrees(there), axis=0)
    here_lon, here_lat = np.median(index.to_degrees(xy), axis=0)
    bearing_deg, _, shift_m = GEOD.inv(fit_lon, fit_lat, here_lon, here_lat)
    return Suspicion(
        table=table,
        source=source,
        given=given,
        likely="" if best is None else readings[best].likely,
        streets="" if best is None else readings[best].streets,
        shift_m=float(shift_m),
        bearing_deg=float(bearing_deg) % 360.0,
        median_before_m=float(np.median(before_m)),
        median_after_m=float(np.median(after_m)),
        far_before_m=float(np.quantile(before_m, FAR_SHARE)),
        far_after_m=float(np.quantile(after_m, FAR_SHARE)),
        places=len(points),
        trusted=trusted,
    )


def _most_likely(
    xy: Floats, moved: Floats, scores: ShiftScores
) -> tuple[tuple[float, float], int | None]:
    """Metres east and north that make places fit, and the reading behind; zeros for none."""
    score, tried = scores.score, scores.tried
    here = float(score[scores.around(0.0, 0.0) <= SAME_SPOT_M].min())
    shifts = np.median(moved - xy, axis=1)
    if len(moved):
        best = int(np.argmin(scores.readings))
        value, shift = (
            float(scores.readings[best]),
            (float(shifts[best, 0]), float(shifts[best, 1])),
        )
        others = tried & (scores.around(*shift) > SMALL_SHIFT_M)
        lucky = float((score[others] <= value).mean())
        if lucky <= MAX_LUCKY_SHARE and here - value >= NAMED_MARGIN:
            return shift, best
    peak = np.unravel_index(np.argmin(np.where(tried, score, np.inf)), score.shape)
    east_m, north_m = (STEP_M * (int(k) - len(score) // 2) for k in peak)
    others = tried & (scores.around(east_m, north_m) > OTHER_SPOT_M)
    alone = float(score[others].min() - score[peak]) >= FREE_MARGIN
    if alone and len(xy) >= MIN_FREE_PLACES and np.hypot(east_m, north_m) >= SMALL_SHIFT_M:
        return (east_m, north_m), None
    return (0.0, 0.0), None


def _readings(lon: Floats, lat: Floats, given: str) -> list[_Reading]:
    """Every other meaning of the numbers that moves the places, and of the streets' numbers."""
    raw = SHIFT[given](lon, lat) if given in SHIFT else (lon, lat)
    found = []
    for system, undo in UNDO.items():
        if system != given:
            found.append(_Reading(system, "", *undo(*raw)))
        # Streets that are shifted want the places shifted as they are.
        shifted = SHIFT[system](lon, lat)
        found.append(_Reading("wgs84" if system == given else "", system, *shifted))
    return [r for r in found if np.median(GEOD.inv(lon, lat, r.lon, r.lat)[2]) > SMALL_SHIFT_M]


def _sample(places: NDArray[np.object_], index: StreetIndex) -> tuple[NDArray[np.object_], Floats]:
    """Points and planar coordinates of up to 300 places near the streets, evenly west to east."""
    boxes = shapely.bounds(places)
    middle = (boxes[:, 0] + boxes[:, 2]) / 2.0, (boxes[:, 1] + boxes[:, 3]) / 2.0
    xy = index.to_metric_xy(*middle)
    west, south, east, north = shapely.total_bounds(index.lines)
    low, high = np.array([west, south]) - REACH_M, np.array([east, north]) + REACH_M
    near = np.flatnonzero(((xy >= low) & (xy <= high)).all(axis=1))
    # One number for each block: those of a row of blocks are far from those of the next.
    block = np.floor(xy[near] / BLOCK_M) @ np.array([1e6, 1.0])
    blocks, count = np.unique(block, return_counts=True)
    near = near[np.isin(block, blocks[np.argsort(-count, kind="stable")[:MAX_BLOCKS]])]
    # Sorted by place, so that the order of rows does not matter.
    near = near[np.lexsort([xy[near, 1], xy[near, 0]])]
    if len(near) > MAX_PLACES:
        near = near[np.linspace(0, len(near) - 1, MAX_PLACES).round().astype(np.int64)]
    points = np.asarray(shapely.point_on_surface(places[near]), dtype=object)
    return points, index.to_metric_xy(shapely.get_x(points), shapely.get_y(points))


def _legs_m(xy: Floats, index: StreetIndex) -> Floats:
    """Planar distance of places to the nearest street of any kind, in no order."""
    return np.asarray(
        shapely.STRtree(index.lines).query_nearest(
            shapely.points(xy), all_matches=False, return_distance=True
        )[1]
    )
