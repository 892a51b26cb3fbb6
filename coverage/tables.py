"""Check tables at the entrance: one contract per table, all faults of a table in one message."""

from __future__ import annotations

import difflib
import numbers
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod

from walkcover._errors import InputError
from walkcover.crs import SYSTEMS, WGS84, check_system, to_wgs84

# Names that walkcover's own outputs use; a column of the caller's with such a name that was not
# asked for is carried as `<name>_given`.
RESIDENCE_COLUMNS = frozenset(
    "residence_id people zone_id stage class_code county_seat lon lat snap_m snap_to walk_s "
    "site_id verdict gate_unknown people_unserved walk_s_after site_id_after verdict_after "
    "people_unserved_after geometry".split()
)
SITE_COLUMNS = frozenset(
    "site_id name origin status desks hours_per_day stage order zone_id lon lat snap_m snap_to "
    "people_served people_gained geometry".split()
)
CANDIDATE_COLUMNS = frozenset(
    "candidate_id cost max_desks zone_id stage lon lat snap_m snap_to geometry".split()
)
ZONE_COLUMNS = frozenset(
    "zone_id name parent_id stage residences people covered_people covered_share gap_people "
    "unreached_people mean_walk_s worst_walk_s sites people_per_site covered_people_after "
    "covered_share_after gap_people_after unreached_people_after mean_walk_s_after "
    "worst_walk_s_after sites_after people_per_site_after geometry".split()
)

STATUSES = {
    "open": "open",
    "开放": "open",
    "营业": "open",
    "closed": "closed",
    "关闭": "closed",
    "停用": "closed",
    "planned": "planned",
    "规划": "planned",
    "拟建": "planned",
}
FLAGS = {
    **dict.fromkeys(("true", "1", "yes", "y", "t", "是"), True),
    **dict.fromkeys(("false", "0", "no", "n", "f", "否", ""), False),
}
CLASS_CODES = ("111", "112", "121", "122", "123", "210", "220")
# What people write into a cell to say that there is nothing; only optional columns take it.
MISSING_MARKS = frozenset(["", "NA", "N/A", "nan", "NaN", "null", "None", "-", "–", "—", "——", "暂无"])
OUTSIDE = "outside"

THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
# What a spreadsheet makes of a long code: the last digits are gone.
SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+\d+")
POINTS, POLYGONS = ("Point",), ("Polygon", "MultiPolygon")
SHOWN_ROWS = 5
# Farther from the network than this, everything given is in the wrong place.
NEAR_NETWORK_M = 10_000.0

Texts = list[str]


def check_residences(
    frame: pd.DataFrame,
    *,
    crs: str = "",
    people: float | None = None,
    columns: Mapping[str, str] | None = None,
    what: str = "residences",
) -> gpd.GeoDataFrame:
    """
    Check a table of residences and bring it into the standard form.

    Parameters
    ----------
    frame
        A GeoDataFrame of points or polygons, or a table with columns lon and lat. Numbers of
        people may be text such as ``1,204`` or ``215人``.
    crs
        What the coordinates are in: wgs84, gcj02, bd09, cgcs2000 or EPSG:n. May be left out
        where a GeoDataFrame knows its own CRS.
    people
        People in every residence, in place of the column.
    columns
        Names in `frame` by standard name, where they differ: residence_id, people, zone_id,
        stage, class_code, county_seat, lon, lat.
    what
        What messages call the table.

    Returns
    -------
    residences
        In EPSG:4326, rows and index as given: residence_id (text), people (float64), then
        zone_id, stage, class_code (text, missing where empty) and county_seat (boolean) if they
        were there, every other column as it was (``_given`` behind its name where outputs use
        that name), geometry.

    Raises
    ------
    InputError
        If the table is empty, a column or the coordinate system is missing, an id is empty or
        repeated, people are no finite number from 0 on, a code or flag is unknown, or a place is
        missing, out of range, or neither point nor polygon; all faults in one message.

    Examples
    --------
    >>> homes = pd.DataFrame({"nr": [1, 2], "people": ["1,204", "215人"], "lon": [112.5, 112.6],
    ...                       "lat": [37.8, 37.9], "floors": [6, 2]})
    >>> check_residences(homes, crs="wgs84", columns={"residence_id": "nr"}).iloc[:, :3]
      residence_id  people  floors
    0            1  1204.0       6
    1            2   215.0       2
    """
    known = "residence_id people zone_id stage class_code county_seat lon lat".split()
    table = _Intake(frame, what=what, columns=columns, known=known)
    table.ids("residence_id")
    if people is None:
        table.numbers("people", unit="人")
    elif np.isfinite(people) and people >= 0:
        table.taken["people"] = np.full(len(frame), float(people))
    else:
        table.faults.append(f"people = {people!r}: expected a finite number from 0 on")
    table.codes("zone_id")
    table.codes("stage")
    table.codes("class_code", known=CLASS_CODES)
    table.choices("county_seat", FLAGS)
    return table.finish(table.locate(crs, (*POINTS, *POLYGONS)), reserved=RESIDENCE_COLUMNS)


def check_sites(
    frame: pd.DataFrame,
    *,
    crs: str = "",
    columns: Mapping[str, str] | None = None,
    what: str = "sites",
) -> gpd.GeoDataFrame:
    """
    Check a table of sites and bring it into the standard form.

    Parameters
    ----------
    frame
        A GeoDataFrame of points or polygons, or a table with columns lon and lat.
    crs
        What the coordinates are in, as for `check_residences`.
    columns
        Names in `frame` by standard name, where they differ: site_id, name, status, desks,
        hours_per_day, lon, lat.
    what
        What messages call the table.

    Returns
    -------
    sites
        In EPSG:4326, rows and index as given: site_id (text), name (text, may be empty), status
        (open | closed | planned; open where there is no such column), desks and hours_per_day
        if they were there (float64, NaN where unknown), every other column, geometry.

    Raises
    ------
    InputError
        As `check_residences`; also if a status is not one of open, closed, planned or 开放, 营业,
        关闭, 停用, 规划, 拟建.

    Examples
    --------
    >>> booths = pd.DataFrame({"site_id": ["B1"], "status": ["开放"], "lon": [112.5], "lat": [37.8]})
    >>> check_sites(booths, crs="wgs84").iloc[0][["site_id", "name", "status"]].tolist()
    ['B1', '', 'open']
    """
    known = "site_id name status desks hours_per_day lon lat".split()
    table = _Intake(frame, what=what, columns=columns, known=known)
    table.ids("site_id")
    table.names("name", default=[""] * len(frame))
    table.choices("status", STATUSES, default="open")
    table.numbers("desks", optional=True)
    table.numbers("hours_per_day", optional=True)
    return table.finish(table.locate(crs, (*POINTS, *POLYGONS)), reserved=SITE_COLUMNS)


def check_candidates(
    frame: pd.DataFrame,
    *,
    crs: str = "",
    columns: Mapping[str, str] | None = None,
    what: str = "candidates",
) -> gpd.GeoDataFrame:
    """
    Check a table of candidates and bring it into the standard form.

    Parameters
    ----------
    frame
        A GeoDataFrame of points or polygons, or a table with columns lon and lat.
    crs
        What the coordinates are in, as for `check_residences`.
    columns
        Names in `frame` by standard name, where they differ: candidate_id, cost, max_desks, lon,
        lat.
    what
        What messages call the table.

    Returns
    -------
    candidates
        In EPSG:4326, rows and index as given: candidate_id (text), cost (float64, 1 each where
        there is no such column), max_desks if it was there (float64, NaN where unknown), every
        other column, geometry.

    Raises
    ------
    InputError
        As `check_residences`; also if a cost is no finite number from 0 on.

    Examples
    --------
    >>> spots = pd.DataFrame({"candidate_id": [7], "lon": [112.5], "lat": [37.8]})
    >>> check_candidates(spots, crs="wgs84")[["candidate_id", "cost"]].values.tolist()
    [['7', 1.0]]
    """
    known = "candidate_id cost max_desks lon lat".split()
    table = _Intake(frame, what=what, columns=columns, known=known)
    table.ids("candidate_id")
    table.numbers("cost", default=1.0)
    table.numbers("max_desks", optional=True)
    return table.finish(table.locate(crs, (*POINTS, *POLYGONS)), reserved=CANDIDATE_COLUMNS)


def check_zones(
    frame: pd.DataFrame,
    *,
    crs: str = "",
    columns: Mapping[str, str] | None = None,
    what: str = "zones",
) -> gpd.GeoDataFrame:
    """
    Check a table of zones and bring it into the standard form.

    Parameters
    ----------
    frame
        A GeoDataFrame of polygons (parents may lack theirs), or a table without any places, for
        residences that name their zone themselves.
    crs
        What the coordinates are in, as for `check_residences`; "auto" is the frame's own CRS.
    columns
        Names in `frame` by standard name, where they differ: zone_id, name, parent_id, stage.
    what
        What messages call the table.

    Returns
    -------
    zones
        In EPSG:4326, rows as given, numbered from 0: zone_id (text), name (the id where there is
        none), parent_id and stage (text, missing where empty), every other column, geometry
        (None where missing). Parents without a row of their own follow behind, in text order.

    Raises
    ------
    InputError
        As `check_residences`; also if a zone that is no parent has no polygon while others do,
        a zone is its own ancestor, or one is called "outside".

    Examples
    --------
    >>> towns = gpd.GeoDataFrame({"zone_id": ["a"], "parent_id": ["county"]},
    ...                          geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    >>> check_zones(towns)[["zone_id", "name"]].values.tolist()
    [['a', 'a'], ['county', 'county']]
    """
    known = "zone_id name parent_id stage".split()
    table = _Intake(frame, what=what, columns=columns, known=known)
    ids = table.ids("zone_id")
    parents = table.codes("parent_id", default=True)
    table.names("name", default=ids)
    table.codes("stage", default=True)
    if OUTSIDE in ids:
        table.faults.append(f"zone {OUTSIDE!r}: that name is kept for people outside all zones")
    loops = _own_ancestors(dict(zip(ids, parents, strict=True)))
    if loops:
        table.faults.append(f"zones that are their own ancestor: {_first(loops)}")
    if _has_places(frame):
        shapes = table.locate(crs, POLYGONS, may_lack=[zone in set(parents) for zone in ids])
    else:
        shapes = gpd.GeoSeries([None] * len(frame), index=frame.index, crs=WGS84)
    zones = table.finish(shapes, reserved=ZONE_COLUMNS).reset_index(drop=True)
    missing = sorted(set(parents) - set(ids) - {""})
    if not missing:
        return zones
    rows = gpd.GeoDataFrame(
        {"zone_id": missing, "name": missing}, geometry=[None] * len(missing), crs=WGS84
    )
    return pd.concat([zones, rows.reindex(columns=zones.columns)], ignore_index=True)
