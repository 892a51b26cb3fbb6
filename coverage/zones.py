"""Say which zone and which stage every place belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from walkcover._errors import InputError
from walkcover._intake import SHOWN, cell_texts
from walkcover.crs import WGS84, equal_area_crs
from walkcover.plan import Stage
from walkcover.tables import OUTSIDE

WHOLE = "all"
# Zones may overlap by so much without sharing people: borders drawn twice, or rounded to six
# digits (0.1 m), leave slivers that are long and large but nowhere wide.
SLIVER_M2 = 1.0
SLIVER_WIDTH_M = 1.0

CITY, COUNTY_TOWN, COUNTRYSIDE = "city", "county_town", "countryside"
MAIN_URBAN_CODES = ("111", "112")
SPECIAL_AREA_CODE = "123"
# These mark the middle and the fringe of every town, so that a flag must say which is the seat.
TOWN_CODES = ("121", "122", SPECIAL_AREA_CODE)
RURAL_CODES = ("210", "220")
# Division codes (6, 9 or 12 digits) whose county part is 01 to 20 or 51 to 70 are districts of a
# city; Chongqing has so many that it needs the second range.
DISTRICT_CODE = re.compile(r"\d{4}(0[1-9]|1\d|20|5[1-9]|6\d|70)(\d{3}|\d{6})?")


def assign_zones(residences: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None) -> pd.Series:
    """
    Say in which zone every residence lies.

    A residence's own column zone_id wins. The others go to the zone that holds their
    representative point; a point on a shared border to the smallest id as text. Parents (zones
    that are another's parent_id) have no residences of their own.

    Parameters
    ----------
    residences
        Checked residences, or other places, in EPSG:4326.
    zones
        Checked zones, or None where the plan has none.

    Returns
    -------
    zone_id
        Text, on the index of `residences`; "outside" for those in no zone. Without zones the own
        column says it ("outside" where it is empty), and without one everything is "all".

    Raises
    ------
    InputError
        If zones overlap by more than 1 m² that is somewhere wider than 1 m, or a residence names
        a zone that is unknown or a parent, or nothing says where residences belong.

    Examples
    --------
    >>> zones = gpd.GeoDataFrame({"zone_id": ["a", "b"]}, crs=4326,
    ...                          geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0.5, 1.0, 5.0], [0.5] * 3), crs=4326)
    >>> assign_zones(homes, zones).tolist()
    ['a', 'a', 'outside']
    """
    own = _own(residences, "zone_id")
    if zones is None:
        fallback = OUTSIDE if any(own) else WHOLE
        return _column("zone_id", [zone or fallback for zone in own], residences)
    leaves = zones[~is_parent(zones)]
    _refuse_strangers(residences, own, zones)
    drawn = leaves[leaves.geometry.notna()]
    open_rows = np.flatnonzero(np.array(own, dtype=object) == "")
    if open_rows.size and drawn.empty:
        msg = (
            f"{open_rows.size} rows name no zone, first {_first(residences, open_rows)}, and no "
            "zone has a polygon: expected polygons of zones, or a zone in every row"
        )
        raise InputError(msg)
    _refuse_overlaps(drawn)
    assigned = np.array([zone or OUTSIDE for zone in own], dtype=object)
    # In text order the first hit is the smallest id.
    ordered = drawn.sort_values("zone_id")
    points = shapely.point_on_surface(residences.geometry.to_numpy()[open_rows])
    rows, hits = ordered.sindex.query(points, predicate="intersects", sort=True)
    rows, first = np.unique(rows, return_index=True)
    assigned[open_rows[rows]] = ordered["zone_id"].to_numpy(dtype=object)[hits[first]]
    return _column("zone_id", assigned.tolist(), residences)


def is_parent(zones: pd.DataFrame) -> pd.Series:
    """
    Flag the zones that others lie in: their rows are sums, they hold no residences themselves.

    Parameters
    ----------
    zones
        Checked zones.

    Returns
    -------
    parent
        Booleans on the index of `zones`.

    Examples
    --------
    >>> zones = pd.DataFrame({"zone_id": ["a", "county"], "parent_id": ["county", None]})
    >>> is_parent(zones).tolist()
    [False, True]
    """
    return zones["zone_id"].isin(_own(zones, "parent_id"))


def zone_holes(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Find holes inside the area that zones cover together.

    Slits that are nowhere wider than 1 m are borders drawn twice, not holes.

    Parameters
    ----------
    zones
        Checked zones; parents do not count.

    Returns
    -------
    holes
        In EPSG:4326, the largest first: zone_ids (text, those around it), area_m2, geometry.

    Examples
    --------
    >>> around = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    >>> zones = gpd.GeoDataFrame({"zone_id": ["a"]}, geometry=[around], crs=4326)
    >>> zone_holes(zones)[["zone_ids", "area_m2"]].round(-8).values.tolist()
    [['a', 12300000000.0]]
    """
    drawn = zones[~is_parent(zones) & zones.geometry.notna()]
    if drawn.empty:
        columns = {"zone_ids": pd.Series(dtype="str"), "area_m2": pd.Series(dtype="float64")}
        return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=WGS84), crs=WGS84)
    west, south, east, north = drawn.total_bounds
    planar = drawn.geometry.to_crs(equal_area_crs([west, east], [south, north]))
    half_m = SLIVER_WIDTH_M / 2
    # Widened zones close the slits, also those through which a hole would leak out.
    whole = planar.buffer(half_m, join_style="mitre").union_all()
    rings = [ring for part in shapely.get_parts(whole) for ring in part.interiors]
    holes = gpd.GeoSeries([shapely.Polygon(ring) for ring in rings], crs=planar.crs)
    holes = holes.buffer(half_m, join_style="mitre")
    holes = holes[holes.area > SLIVER_M2]
    holes = holes.iloc[np.argsort(-holes.area.to_numpy(), kind="stable")].reset_index(drop=True)
    hole, zone = planar.sindex.query(holes.buffer(SLIVER_WIDTH_M), predicate="intersects")
    beside = drawn["zone_id"].iloc[zone].groupby(hole).agg(lambda ids: ", ".join(sorted(ids)))
    columns = {"zone_ids": beside.reindex(holes.index).to_numpy(), "area_m2": holes.area}
    return gpd.GeoDataFrame(columns, geometry=holes.to_crs(WGS84))


def default_zones(zone_ids: pd.Series) -> gpd.GeoDataFrame:
    """
    Make the rows of a report for residences whose plan has no zones.

    Parameters
    ----------
    zone_ids
        Zones as `assign_zones` gives them without zones.

    Returns
    -------
    zones
        A row per zone but "outside", in text order: zone_id, name, parent_id and stage (missing),
        geometry (None), as `walkcover.tables.check_zones` gives them.

    Examples
    --------
    >>> default_zones(pd.Series(["b", "a", "b", "outside"]))["zone_id"].tolist()
    ['a', 'b']
    """
    names = pd.Series(sorted(set(zone_ids.unique()) - {OUTSIDE}), dtype="str")
    missing = pd.Series([None] * len(names), dtype="str")
    return gpd.GeoDataFrame(
        {"zone_id": names, "name": names, "parent_id": missing, "stage": missing},
        geometry=[None] * len(names),
        crs=WGS84,
    )


def zones_of_places(
    places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, residences: gpd.GeoDataFrame
) -> pd.Series:
    """
    Say in which zone places such as sites lie, by polygon, or by the nearest residence.

    Parameters
    ----------
    places
        Points in EPSG:4326 with lon and lat.
    zones
        Checked zones; those of a plan without polygons have none.
    residences
        With zone_id, lon and lat.

    Returns
    -------
    zone_id
        Text on the index of `places`.
    """
    if zones.geometry.notna().any():
        polygons = zones[zones.geometry.notna()]
        return assign_zones(places.drop(columns="zone_id", errors="ignore"), polygons)
    zone_id = residences["zone_id"].to_numpy(object)[nearest_residences(places, residences)]
    return pd.Series(zone_id, index=places.index, name="zone_id", dtype=object)


def nearest_residences(places: gpd.GeoDataFrame, residences: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """
    Find the residence nearest to each place as the crow flies, to borrow its zone or stage.

    Parameters
    ----------
    places, residences
        With lon and lat.

    Returns
    -------
    row
        Row of `residences`, shape (n,).
    """
    # Degrees shrink eastwards; one factor for the whole area is good enough to borrow a name.
    scale = [np.cos(np.radians(residences["lat"].mean())), 1.0]
    homes = shapely.points(residences[["lon", "lat"]].to_numpy() * scale)
    wanted = shapely.points(places[["lon", "lat"]].to_numpy() * scale)
    return np.asarray(shapely.STRtree(homes).nearest(wanted), dtype=np.int64)


def assign_stages(
    residences: pd.DataFrame, zones: pd.DataFrame | None, stages: Sequence[Stage]
) -> pd.Series:
    """
    Say to which stage of the plan every residence belongs.

    In this order: its own column stage; the stage of its zone; its class code. 111 and 112 are
    the city; 121, 122 and 123 the county town where county_seat is true. Without that flag 123 in
    a district (by the division code of its zone) is the city, and all the rest, 210 and 220 too,
    the countryside. Where the plan's only stage is called "all", everything is.

    Parameters
    ----------
    residences
        Checked residences with a column zone_id as `assign_zones` fills it; optional stage,
        class_code and county_seat.
    zones
        Checked zones, or None where the plan has none.
    stages
        The stages of the plan, in order.

    Returns
    -------
    stage
        Text, on the index of `residences`.

    Raises
    ------
    InputError
        If a stage is not in the plan, a residence says nothing of its stage while the plan has
        several (or others say something), or a town code comes without any column county_seat;
        all faults in one message.

    References
    ----------
    National Bureau of Statistics of China, codes of urban and rural classification (2008).

    Examples
    --------
    >>> homes = pd.DataFrame({"zone_id": "z", "class_code": ["111", "121", "121", "220"],
    ...                       "county_seat": [False, True, False, False]})
    >>> stages = [Stage("city"), Stage("county_town"), Stage("countryside")]
    >>> assign_stages(homes, None, stages).tolist()
    ['city', 'county_town', 'countryside', 'countryside']
    """
    names = [stage.name for stage in stages]
    if names == [WHOLE]:
        return _column("stage", [WHOLE] * len(residences), residences)
    by_zone = (
        {} if zones is None else dict(zip(zones["zone_id"], _own(zones, "stage"), strict=True))
    )
    zone_ids = cell_texts(residences["zone_id"])
    said = _own(residences, "stage")
    if not all(said):
        said = [one or by_zone.get(zone, "") for one, zone in zip(said, zone_ids, strict=True)]
    codes = _own(residences, "class_code")
    found = said if all(said) else _with_class_stages(said, codes, residences, zone_ids)
    if len(names) == 1 and not any(found):
        return _column("stage", names * len(residences), residences)
    faults = _stage_faults(residences, found, names)
    if "county_seat" not in residences:
        towns = [row for row, code in enumerate(codes) if code in TOWN_CODES and not said[row]]
        if towns:
            faults.append(
                f"{len(towns)} rows have class code {', '.join(TOWN_CODES)}, first "
                f"{_first(residences, towns)}: these mark every town: expected a column "
                "county_seat that is true in the county-seat town"
            )
    if faults:
        msg = "\n  ".join(["stages of residences:", *faults])
        raise InputError(msg)
    return _column("stage", found, residences)


def _with_class_stages(
    said: list[str], codes: list[str], residences: pd.DataFrame, zone_ids: list[str]
) -> list[str]:
    """Fill the stages that nothing says from class codes."""
    seats = residences.get("county_seat", pd.Series(False, index=residences.index))
    return [
        stage or stage_of_class(code, county_seat=bool(seat), zone_id=zone)
        for stage, code, seat, zone in zip(said, codes, seats, zone_ids, strict=True)
    ]


def stage_of_class(class_code: str, *, county_seat: bool, zone_id: str = "") -> str:
    """
    Derive a stage from an urban–rural class code.

    Parameters
    ----------
    class_code
        Three digits, or empty.
    county_seat
        Whether the place belongs to the county-seat town.
    zone_id
        Its zone; a division code tells a city's district from a county.

    Returns
    -------
    stage
        "city", "county_town" or "countryside"; empty without a code.

    Examples
    --------
    >>> stage_of_class("123", county_seat=False, zone_id="140105001000")
    'city'
    """
    if class_code in MAIN_URBAN_CODES:
        return CITY
    if class_code in TOWN_CODES:
        if county_seat:
            return COUNTY_TOWN
        in_district = DISTRICT_CODE.fullmatch(zone_id) is not None
        return CITY if class_code == SPECIAL_AREA_CODE and in_district else COUNTRYSIDE
    return COUNTRYSIDE if class_code in RURAL_CODES else ""


def _own(frame: pd.DataFrame, name: str) -> list[str]:
    """Give an optional column as text, empty where it or its cell is missing."""
    return cell_texts(frame[name]) if name in frame else [""] * len(frame)


def _column(name: str, values: Sequence[str], frame: pd.DataFrame) -> pd.Series:
    return pd.Series(list(values), index=frame.index, name=name, dtype="str")


def _first(frame: pd.DataFrame, rows: Sequence[int] | np.ndarray) -> str:
    """Name the first of some rows by their id, or by their label where the table has none."""
    ids = next((frame[c] for c in ("residence_id", "site_id", "candidate_id") if c in frame), None)
    labels = frame.index if ids is None else ids
    return ", ".join(str(labels[row] if ids is None else ids.iloc[row]) for row in rows[:SHOWN])


def _stage_faults(residences: pd.DataFrame, found: list[str], names: list[str]) -> list[str]:
    """Find residences without a stage, and stages that the plan does not have."""
    faults = []
    silent = [row for row, stage in enumerate(found) if not stage]
    if silent:
        faults.append(
            f"{len(silent)} rows say nothing of their stage, first {_first(residences, silent)}: "
            "expected a stage, a zone with a stage, or a class code"
        )
    for name in sorted(set(found) - set(names) - {""}):
        rows = [row for row, stage in enumerate(found) if stage == name]
        faults.append(
            f"{len(rows)} rows are of stage {name!r}, first {_first(residences, rows)}: the plan "
            f"has {', '.join(names)}; add it as [[stages]] (max_sites = 0 builds nothing there)"
        )
    return faults


def _refuse_strangers(places: pd.DataFrame, own: list[str], zones: pd.DataFrame) -> None:
    """Refuse places that name a zone which is not there, or a parent."""
    known = set(zones["zone_id"])
    parents = set(zones.loc[is_parent(zones), "zone_id"])
    faults = []
    allowed = {*known, OUTSIDE, ""}
    if not (set(own) - allowed or set(own) & parents):
        return
    unknown = [row for row, zone in enumerate(own) if zone not in allowed]
    if unknown:
        names = sorted({own[row] for row in unknown})
        bare = {zone.lstrip("0") for zone in known}
        hint = "; leading zeros were lost" if {name.lstrip("0") for name in names} <= bare else ""
        faults.append(
            f"{len(unknown)} rows name a zone that is not among the zones, first "
            f"{_first(places, unknown)} ({', '.join(names[:SHOWN])}){hint}: "
            "expected the id of a zone, or none"
        )
    above = [row for row, zone in enumerate(own) if zone in parents]
    if above:
        faults.append(
            f"{len(above)} rows name a zone that others lie in, first {_first(places, above)} "
            f"({', '.join(sorted({own[row] for row in above})[:SHOWN])}): "
            "expected the smallest zone, or none"
        )
    if faults:
        msg = "\n  ".join(["zones of places:", *faults])
        raise InputError(msg)


def _refuse_overlaps(zones: gpd.GeoDataFrame) -> None:
    shapes = zones.geometry.to_numpy()
    left, right = zones.sindex.query(shapes, predicate="intersects")
    left, right = left[left < right], right[left < right]
    if not left.size:
        return
    west, south, east, north = zones.total_bounds
    shared = gpd.GeoSeries(shapely.intersection(shapes[left], shapes[right]), crs=WGS84)
    planar = shared.to_crs(equal_area_crs([west, east], [south, north]))
    areas_m2 = planar.area.to_numpy()
    bad = np.flatnonzero(areas_m2 > SLIVER_M2)
    bad = bad[~planar.iloc[bad].buffer(-SLIVER_WIDTH_M / 2).is_empty.to_numpy()]
    if bad.size:
        ids = zones["zone_id"].to_numpy()
        pairs = sorted(
            (*sorted((ids[left[k]], ids[right[k]])), f"{areas_m2[k]:.0f} m²") for k in bad
        )
        shown = "; ".join(f"{a} and {b} by {area}" for a, b, area in pairs[:SHOWN])
        msg = (
            f"zones: {bad.size} pairs overlap, first {shown}: expected zones that share borders "
            "only, because people would be counted twice; cut one of each pair"
        )
        raise InputError(msg)
