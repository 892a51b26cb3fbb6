"""Doubtful places: far from all others, on one point, twice, or on no street."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import KDTree

from walkcover.findings import DOUBTFUL, LEG_CLASSES_M, NOTE, SHOWN, Finding, Legs, find
from walkcover.joins import Joins
from walkcover.network import Bools, Floats

EARTH_M = 6_371_008.8
# Points that agree to so many digits of a degree (1 cm) are the same.
SAME_DIGITS = 7
# Two places nearer than this are hardly two.
NEAR_M = 5.0
# So far apart in the tree of places lie two residences whose people differ by one.
APART_M = 1000.0
# A point that holds so many residences may be where an address search gave up.
STACK = 5

# A place is far off when it is farther than this from the median place …
FAR_M = 50_000.0
# … and than twice the distance within which nine tenths of all places lie …
USUAL_SHARE, FAR_FACTOR = 0.9, 2.0
# … and when hardly any other place is within FAR_M of it: at most this share of all, or none.
COMPANY_SHARE = 0.005
# Where more than this share is far off, the places are spread out and none is an error.
MAX_FAR_SHARE = 0.05
FEWEST_PLACES = 5


def is_far_off(lon: Floats, lat: Floats) -> tuple[Bools, Floats]:
    """
    Flag places far away from all others, as in another province.

    Such a place is over 50 km from the median place, twice as far as nine tenths of all places
    are, and has at most one in 200 places (or only itself) within 50 km. Where over a twentieth
    of the places are like that, none is flagged: the area is that large.

    Parameters
    ----------
    lon, lat
        WGS84 degrees, shape (n,).

    Returns
    -------
    far_off
        Shape (n,); none where there are fewer than 5 places.
    distance_m
        Metres over the globe of each from the median place.

    Examples
    --------
    >>> lon = np.array([112.50, 112.51, 112.52, 112.53, 112.54, 114.20])
    >>> is_far_off(lon, np.full(6, 37.8))[0].tolist()
    [False, False, False, False, False, True]
    """
    if not len(lon):
        return np.zeros(0, dtype=bool), np.zeros(0)
    places = on_globe(lon, lat)
    middle = on_globe(np.array([np.median(lon)]), np.array([np.median(lat)]))
    chord_m = np.linalg.norm(places - middle, axis=1)
    distance_m = 2 * EARTH_M * np.arcsin(np.clip(chord_m / (2 * EARTH_M), 0.0, 1.0))
    nothing = np.zeros(len(lon), dtype=bool)
    if len(lon) < FEWEST_PLACES:
        return nothing, distance_m
    usual_m = float(np.quantile(distance_m, USUAL_SHARE, method="lower"))
    maybe = np.flatnonzero(distance_m > max(FAR_M, FAR_FACTOR * usual_m))
    if not maybe.size:
        return nothing, distance_m
    company = KDTree(places).query_ball_point(places[maybe], FAR_M, return_length=True)
    far = maybe[company <= max(1.0, COMPANY_SHARE * len(lon))]
    if far.size > max(1.0, MAX_FAR_SHARE * len(lon)):
        return nothing, distance_m
    nothing[far] = True
    return nothing, distance_m


def on_globe(lon: Floats, lat: Floats) -> Floats:
    """
    Put places on a sphere, where straight distances in metres can be searched.

    Returns
    -------
    xyz
        Metres, shape (n, 3); straight distances are good to 0.6 %.

    Examples
    --------
    >>> a, b = on_globe(np.array([112.0, 112.0]), np.array([37.0, 37.01]))
    >>> round(float(np.linalg.norm(a - b)))
    1112
    """
    east, north = np.radians(lon), np.radians(lat)
    level = np.cos(north)
    xyz = [level * np.cos(east), level * np.sin(east), np.sin(north)]
    return EARTH_M * np.column_stack(xyz)


def far_off(places: pd.DataFrame, *, noun: str, people: pd.Series) -> list[Finding]:
    """
    Name places far away from all others.

    Parameters
    ----------
    places
        With lon, lat and the column of ids.
    noun
        ``residences``, ``sites`` or ``candidates``.
    people
        People of each place.

    Returns
    -------
    findings
        One, or none.
    """
    far, distance_m = is_far_off(places["lon"].to_numpy(), places["lat"].to_numpy())
    rows = np.flatnonzero(far)
    # Farthest first: that is the one to look at.
    rows = rows[np.argsort(-distance_m[rows], kind="stable")]
    ids = ids_of(places, noun).iloc[rows]
    named = [
        f"{one} ({distance_m[row] / 1000:,.0f} km; {places['lon'].iloc[row]:.4f}, "
        f"{places['lat'].iloc[row]:.4f})"
        for one, row in zip(ids.iloc[:SHOWN], rows[:SHOWN], strict=True)
    ]
    shown = "; ".join([*named, *(["…"] if len(rows) > SHOWN else [])])
    lost = float(people.iloc[rows].sum())
    return find(f"far_off_{noun}", DOUBTFUL, ids=ids, people=lost, places=shown)


def ids_of(places: pd.DataFrame, noun: str) -> pd.Series:
    """Give the ids of ``residences``, ``sites`` or ``candidates`` as text."""
    return places[f"{noun.removesuffix('s')}_id"].astype(str)


def same_point(places: pd.DataFrame, *more: str) -> pd.DataFrame:
    """
    Group places that share their point, and further columns.

    Parameters
    ----------
    places
        With lon, lat and the columns `more`.
    *more
        Columns that must agree too.

    Returns
    -------
    groups
        Columns group (number of the group), size (places in it) and repeat (whether it comes
        after the first), on the index of `places`.

    Examples
    --------
    >>> places = pd.DataFrame({"lon": [112.0, 112.5, 112.0], "lat": 37.0})
    >>> same_point(places)[["size", "repeat"]].values.tolist()
    [[2, False], [1, False], [2, True]]
    """
    keys = [places["lon"].round(SAME_DIGITS), places["lat"].round(SAME_DIGITS)]
    keys += [places[name] for name in more]
    group = places.groupby(keys, sort=False)
    columns = {"group": group.ngroup(), "size": group["lon"].transform("size")}
    return pd.DataFrame(columns | {"repeat": group.cumcount() > 0}, index=places.index)


def has_neighbour(places: pd.DataFrame, *, within_m: float = NEAR_M) -> Bools:
    """
    Flag places that have another one near, though not on the same point.

    Parameters
    ----------
    places
        With lon and lat; where there is a column people, only places with as many people count.
    within_m
        How near, in metres.

    Returns
    -------
    near
        Shape (n,).

    Examples
    --------
    >>> places = pd.DataFrame({"lon": [112.0, 112.0, 112.1], "lat": [37.0, 37.00002, 37.0]})
    >>> has_neighbour(places).tolist()
    [True, True, False]
    """
    more = [name for name in ("people",) if name in places]
    if not len(places):
        return np.zeros(0, dtype=bool)
    groups = same_point(places, *more)
    first = (~groups["repeat"]).to_numpy()
    xyz = on_globe(places["lon"].to_numpy(), places["lat"].to_numpy())
    apart = [places[name].to_numpy(np.float64) * APART_M for name in more]
    spots = np.column_stack([xyz, *apart])[first]
    # The second nearest of a spot is its nearest other one; inf where none is near.
    gap_m = KDTree(spots).query(spots, k=[2], distance_upper_bound=within_m, workers=-1)[0][:, 0]
    return np.asarray(np.isfinite(gap_m)[groups["group"].to_numpy()], dtype=bool)


def twin_residences(residences: gpd.GeoDataFrame) -> list[Finding]:
    """
    Find residences that may have been entered twice, or were put on one point for lack of a place.

    Parameters
    ----------
    residences
        With residence_id, people, lon and lat.

    Returns
    -------
    findings
        The same point and people; nearly so (points only: terraced houses stand that near);
        and five or more on a point.
    """
    homes = residences[residences["people"] > 0]
    ids = ids_of(homes, "residences")
    twins = same_point(homes, "people")
    repeated = float(homes["people"][twins["repeat"]].sum())
    found = find(
        "twin_residences",
        DOUBTFUL,
        ids=ids[twins["size"] > 1],
        people=repeated,
        repeats=f"{twins['repeat'].sum():,}",
        doubled=f"{repeated:,.0f}",
    )
    stacks = same_point(homes)
    # Rows with the same people are named above.
    stacked = (stacks["size"] >= STACK) & (twins["size"] == 1)
    found += find(
        "stacked_residences",
        NOTE,
        ids=ids[stacked],
        people=float(homes["people"][stacked].sum()),
        places=f"{stacks['group'][stacked].nunique():,}",
        least=str(STACK),
    )
    points = homes[(homes.geom_type == "Point").to_numpy()]
    near = has_neighbour(points[["lon", "lat", "people"]])
    people = float(points["people"][near].sum())
    near_ids = ids_of(points, "residences")[near]
    return found + find("near_residences", NOTE, ids=near_ids, people=people, near_m=f"{NEAR_M:g}")


def twin_sites(places: pd.DataFrame, *, noun: str, people: pd.Series) -> list[Finding]:
    """
    Find sites or candidates that may have been entered twice.

    Parameters
    ----------
    places
        With ids, lon and lat.
    noun
        ``sites`` or ``candidates``.
    people
        People served by each.

    Returns
    -------
    findings
        On one point, and for sites within a few metres of each other.
    """
    ids = ids_of(places, noun)
    twins = same_point(places)
    shared = twins["size"] > 1
    found = find(
        f"{noun}_in_one_place",
        DOUBTFUL,
        ids=ids[shared],
        people=float(people[shared].sum()),
        places=f"{twins['group'][shared].nunique():,}",
        repeats=f"{twins['repeat'].sum():,}",
    )
    if noun == "sites":
        near = has_neighbour(places[["lon", "lat"]])
        served = float(people[near].sum())
        found += find("near_sites", DOUBTFUL, ids=ids[near], people=served, near_m=f"{NEAR_M:g}")
    return found


def candidate_findings(candidates: gpd.GeoDataFrame, joins: Joins, sites: pd.DataFrame,
                       ) -> list[Finding]:  # fmt: skip
    """
    Find candidates that cannot be built on, or stand where a site is.

    Parameters
    ----------
    candidates
        Checked candidates in EPSG:4326.
    joins
        Where they join the network.
    sites
        With status, lon and lat.

    Returns
    -------
    findings
        Far off, on one point, on a site, without a street.
    """
    points = shapely.point_on_surface(candidates.geometry.to_numpy())
    places = candidates.assign(lon=shapely.get_x(points), lat=shapely.get_y(points))
    nobody = pd.Series(0.0, index=places.index)
    found = far_off(places, noun="candidates", people=nobody)
    found += twin_sites(places, noun="candidates", people=nobody)
    standing = sites[sites["status"] == "open"]
    if len(standing):
        tree = KDTree(on_globe(standing["lon"].to_numpy(), standing["lat"].to_numpy()))
        spots = on_globe(places["lon"].to_numpy(), places["lat"].to_numpy())
        taken = tree.query(spots, distance_upper_bound=NEAR_M)[0] < np.inf
        ids = places.loc[taken, "candidate_id"]
        found += find("candidates_at_sites", NOTE, ids=ids, near_m=f"{NEAR_M:g}")
    lost = places.loc[pd.isna(joins.snap_to), "candidate_id"]
    return found + find("lost_candidates", NOTE, ids=lost)


def measure_legs(snap_m: Floats, people: Floats) -> Legs:
    """
    Count access legs by length.

    Parameters
    ----------
    snap_m
        Metres, shape (n,); NaN where a place joined no street.
    people
        People of each place, shape (n,).

    Returns
    -------
    legs
        Places and people by class.

    Examples
    --------
    >>> measure_legs(np.array([0.0, 10.0, 10.1, np.nan]), np.array([1.0, 2.0, 4.0, 8.0]))
    Legs(counts=(2, 1, 0, 0, 0, 0), people=(3.0, 4.0, 0.0, 0.0, 0.0, 0.0), lost=1, lost_people=8.0)
    """
    lost = np.isnan(snap_m)
    place = np.searchsorted(LEG_CLASSES_M, snap_m[~lost])
    size = len(LEG_CLASSES_M)
    counts = np.bincount(place, minlength=size)
    heads = np.bincount(place, weights=people[~lost], minlength=size)
    return Legs(
        tuple(counts.tolist()), tuple(heads.tolist()), int(lost.sum()), float(people[lost].sum())
    )
