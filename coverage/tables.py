"""Check tables at the entrance: one contract per table, all faults of a table in one message."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from walkcover._cell_values import is_missing, text_column
from walkcover._intake import Intake, has_places
from walkcover.crs import WGS84
from walkcover.hours import parse_hours
from walkcover.places import COORDINATES, PLACES, POLYGONS

# Names that walkcover's own outputs use; a column of the caller's with such a name that was not
# asked for is carried as `<name>_given`.
# fmt: off
PLACE_COLUMNS = {"zone_id", "stage", "lon", "lat", "snap_m", "snap_to", "geometry"}
RESIDENCE_COLUMNS = PLACE_COLUMNS | {
    "residence_id", "people", "elderly_people", "class_code", "county_seat", "gate_unknown",
    "stand_in",
    "walk_s", "site_id", "verdict", "people_unserved",
    "walk_s_after", "site_id_after", "verdict_after", "people_unserved_after",
}
SITE_COLUMNS = PLACE_COLUMNS | {
    "site_id", "name", "status", "desks", "hours_per_day", "origin", "order",
    "people_served", "people_gained", "desks_added", "capacity_people", "load_share",
}
CANDIDATE_COLUMNS = SITE_COLUMNS | {"candidate_id", "cost", "max_desks"}
MEASURES = {
    "covered_people", "covered_share", "gap_people", "unreached_people", "mean_walk_s",
    "worst_walk_s", "sites", "people_per_site", "unserved_people",
}
ZONE_COLUMNS = MEASURES | {f"{name}_after" for name in MEASURES} | {
    "zone_id", "name", "parent_id", "stage", "residences", "people", "geometry",
}
# fmt: on

# A queue, or none, is one of an open site (空闲, 繁忙).
STATUSES = {
    **dict.fromkeys(("open", "开放", "营业", "正常", "正常营业", "正常开放", "在用"), "open"),
    **dict.fromkeys(("空闲", "繁忙", "忙碌", "拥挤", "排队"), "open"),
    **dict.fromkeys(("closed", "关闭", "停用", "停业", "休息"), "closed"),
    **dict.fromkeys(("暂停", "暂停采样", "暂停开放", "暂停营业", "停采"), "closed"),
    **dict.fromkeys(("planned", "规划", "拟建"), "planned"),
}
# Of a site that is closed for the day or only for the hour in which the list was made.
OFF_DUTY = "休息"
FLAGS = {
    **dict.fromkeys(("true", "1", "yes", "y", "t", "是"), True),
    **dict.fromkeys(("false", "0", "no", "n", "f", "否", ""), False),
}
CLASS_CODES = ("111", "112", "121", "122", "123", "210", "220")
OUTSIDE = "outside"


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
        people may be text such as ``1,204``, ``215人`` or ``1.2万人``.
    crs
        What the coordinates are in: wgs84, gcj02, bd09, cgcs2000 or EPSG:n. May be left out
        where a GeoDataFrame knows its own CRS.
    people
        People in every residence, in place of the column.
    columns
        Names in `frame` by standard name, where they differ: residence_id, name, people, zone_id,
        stage, class_code, county_seat, lon, lat.
    what
        What messages call the table.

    Returns
    -------
    residences
        In EPSG:4326, rows and index as given: residence_id (text), people (float64), then
        zone_id, stage, class_code (text, missing where empty) and county_seat (boolean) if they
        were there, every other column as it was (``_given`` behind its name where outputs use
        that name), geometry. ``attrs["notes"]`` lists what was done when the table was read.

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
    known = [
        "residence_id",
        "name",
        "people",
        "zone_id",
        "stage",
        "class_code",
        "county_seat",
        "lon",
        "lat",
    ]
    table = Intake(frame, what=what, columns=columns, known=known)
    table.ids("residence_id")
    if people is None:
        table.numbers("people", unit=("人", "名"))
    elif np.isfinite(people) and people >= 0:
        table.taken["people"] = np.full(len(frame), float(people))
    else:
        table.faults.append(f"people = {people!r}: expected a finite number from 0 on")
    if "name" in table.columns:
        table.names("name", default=[""] * len(frame))
    table.codes("zone_id")
    table.codes("stage")
    table.codes("class_code", known=CLASS_CODES)
    table.choices("county_seat", FLAGS)
    return table.finish(table.locate(crs, PLACES), reserved=RESIDENCE_COLUMNS)


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
        hours_per_day, opening_hours, zone_id, lon, lat.
    what
        What messages call the table.

    Returns
    -------
    sites
        In EPSG:4326, rows and index as given: site_id (text), name (text, may be empty), status
        (open | closed | planned; open where there is no such column), desks, hours_per_day
        (float64, NaN where unknown), opening_hours (text) and zone_id if they were there, every
        other column, geometry. Hours of a day are taken from the text of opening_hours, as the
        mean of a week, where the table has no number of its own. What was done is in
        ``attrs["notes"]``, hours that were not understood are in
        ``attrs["hours_not_understood"]`` as pairs of site_id and text.

    Raises
    ------
    InputError
        As `check_residences`; also if a status is not one of open, closed, planned or a Chinese
        word for one of them, such as 开放, 正常, 关闭, 暂停, 规划.

    Examples
    --------
    >>> booth = pd.DataFrame({"site_id": ["B1"], "status": ["开放"], "lon": [112.5], "lat": [37.8],
    ...                       "opening_hours": ["周一至周日 8:00-11:00"]})
    >>> check_sites(booth, crs="wgs84")[["name", "status", "hours_per_day"]].values.tolist()
    [['', 'open', 3.0]]
    """
    own = ("site_id", "name", "status", "desks", "hours_per_day", "opening_hours", "zone_id")
    table = Intake(frame, what=what, columns=columns, known=(*own, *COORDINATES))
    ids = table.ids("site_id")
    table.names("name", default=[""] * len(frame))
    table.choices("status", STATUSES, default="open")
    table.numbers("desks", unit=("个", "台", "张"), optional=True)
    table.numbers("hours_per_day", unit=("小时", "h"), optional=True)
    unclear = _take_opening_hours(table, ids)
    table.codes("zone_id")
    _note_off_duty(table)
    sites = table.finish(table.locate(crs, PLACES), reserved=SITE_COLUMNS)
    if unclear:
        sites.attrs["hours_not_understood"] = unclear
    return sites


def _take_opening_hours(table: Intake, ids: list[str]) -> list[tuple[str, str]]:
    """Fill hours of a day from texts; give back the texts that are not understood."""
    cells = table.texts("opening_hours", optional=True)
    if cells is None:
        return []
    cells = ["" if is_missing(cell) else cell for cell in cells]
    table.taken["opening_hours"] = text_column(cells, table.frame.index)
    own = table.taken.get("hours_per_day")
    hours = np.full(len(cells), np.nan) if own is None else np.array(own, dtype=np.float64)
    bare = np.isnan(hours)
    read = [parse_hours(cell) if cell else None for cell in cells]
    for row in np.flatnonzero(bare):
        week = read[row]
        if week is not None:
            hours[row] = week.hours_per_day
    table.taken["hours_per_day"] = hours
    filled = bare & ~np.isnan(hours)
    if filled.any():
        table.notes.append(f"hours of a day taken from opening hours in {filled.sum()} rows")
    decided = np.array([week is not None and bool(week.remarks) for week in read], dtype=bool)
    remarks = ["; ".join(week.remarks) if week else "" for week in read]
    table.note("opening_hours", decided & filled, "hours with a remark", cells=remarks)
    texts = zip(ids, cells, strict=True) if len(ids) == len(cells) else ()
    return [
        (site, cell)
        for (site, cell), missing, number in zip(texts, bare, hours, strict=False)
        if cell and missing and np.isnan(number)
    ]


def _note_off_duty(table: Intake) -> None:
    """Say what 休息 was taken for, as in a list of one hour it is no word about the site."""
    cells = table.texts("status", optional=True) or []
    resting = np.array([cell == OFF_DUTY for cell in cells], dtype=bool)
    table.note(
        "status",
        resting,
        "off duty is read as closed, which is wrong where the list tells of one hour only "
        "(then do not name the column as status, and all sites count as open)",
        cells=cells,
    )


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
        Names in `frame` by standard name, where they differ: candidate_id, cost, max_desks,
        zone_id, lon, lat.
    what
        What messages call the table.

    Returns
    -------
    candidates
        In EPSG:4326, rows and index as given: candidate_id (text), cost (float64, 1 each where
        there is no such column), max_desks (float64, NaN where unknown) and zone_id if they were
        there, every other column, geometry.

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
    own = ("candidate_id", "cost", "max_desks", "zone_id")
    table = Intake(frame, what=what, columns=columns, known=(*own, *COORDINATES))
    table.ids("candidate_id")
    table.numbers("cost", unit=("元",), default=1.0)
    table.numbers("max_desks", unit=("个", "台", "张"), optional=True)
    table.codes("zone_id")
    return table.finish(table.locate(crs, PLACES), reserved=CANDIDATE_COLUMNS)


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
    >>> import shapely
    >>> towns = gpd.GeoDataFrame({"zone_id": ["a"], "parent_id": ["county"]},
    ...                          geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    >>> check_zones(towns)[["zone_id", "name"]].values.tolist()
    [['a', 'a'], ['county', 'county']]
    """
    own = ("zone_id", "name", "parent_id", "stage")
    table = Intake(frame, what=what, columns=columns, known=own)
    ids = table.ids("zone_id")
    parents = table.codes("parent_id", always=True)
    table.names("name", default=ids)
    table.codes("stage", always=True)
    if OUTSIDE in ids:
        table.faults.append(f"zone {OUTSIDE!r}: that name is kept for people outside all zones")
    loops = _own_ancestors(dict(zip(ids, parents, strict=True)))
    if loops:
        table.faults.append(f"zones that are their own ancestor: {', '.join(loops)}")
    if has_places(frame):
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
    whole = pd.concat([zones, rows.reindex(columns=zones.columns)], ignore_index=True)
    whole.attrs = dict(zones.attrs)
    return whole


def _own_ancestors(parents: Mapping[str, str]) -> list[str]:
    """Find the zones that come back to themselves on the way up."""
    loops = []
    for zone in parents:
        seen, above = {zone}, parents[zone]
        while above in parents and above not in seen:
            seen.add(above)
            above = parents[above]
        if above == zone:
            loops.append(zone)
    return loops
