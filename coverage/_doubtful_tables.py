"""Doubtful numbers of people, zones and stages, and what there is to say of reading the tables."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from walkcover.findings import DOUBTFUL, FALSIFIES, NOTE, SHOWN, Finding, find
from walkcover.gaps import OUTSIDE
from walkcover.zones import is_parent, zone_holes

# No single house or compound holds more people than the largest estates do.
MANY_PEOPLE = 20_000.0
# Fewer rows than these may be equal, or add up to another one, by chance.
FEW_ROWS = 10
TOTAL_TOLERANCE = 1e-3
M2_PER_KM2 = 1e6
# Nothing was guessed in such a file; of others one should know how they were read.
PLAIN_ENCODING = "encoding UTF"
# Longer lists are cut.
TEXTS_SHOWN = 12


def people_findings(residences: pd.DataFrame) -> list[Finding]:
    """
    Find numbers of people that cannot be, or say nothing.

    Parameters
    ----------
    residences
        With residence_id and people.

    Returns
    -------
    findings
        All zero, a row of totals, too many, all equal, some zero.

    Examples
    --------
    >>> homes = pd.DataFrame({"residence_id": ["a", "b"], "people": [30_000.0, 0.0]})
    >>> [(finding.code, finding.ids) for finding in people_findings(homes)]
    [('many_people', ('a',)), ('no_people', ('b',))]
    """
    ids, people = residences["residence_id"].astype(str), residences["people"]
    if not people.any():
        return find("people_all_zero", FALSIFIES, count=len(people))
    rest = people.sum() - people
    found: list[Finding] = []
    if len(people) >= FEW_ROWS:
        total = (people - rest).abs() <= TOTAL_TOLERANCE * rest
        found = find("total_row", FALSIFIES, ids=ids[total], people=people[total].sum())
    many = people > MANY_PEOPLE
    most = f"{MANY_PEOPLE:,.0f}"
    found += find("many_people", DOUBTFUL, ids=ids[many], people=people[many].sum(), most=most)
    if len(people) >= FEW_ROWS and people.nunique() == 1:
        found += find("people_all_equal", NOTE, count=len(people), each=f"{people.iloc[0]:,.6g}")
    found += find("no_people", NOTE, ids=ids[people == 0])
    if "stand_in" in residences:
        stand_in = residences["stand_in"].to_numpy(bool)
        found += find("stand_ins", NOTE, ids=ids[stand_in], people=people[stand_in].sum())
    return found


def zone_findings(
    residences: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, *, stages: Sequence[str]
) -> list[Finding]:
    """
    Find people outside zones, holes between zones, and zones and stages without anybody.

    Parameters
    ----------
    residences
        With residence_id, people, zone_id, stage, lon and lat.
    zones
        Checked zones.
    stages
        Stages of the plan.

    Returns
    -------
    findings
        Without ids of their own, holes name the zones around them.
    """
    outside = residences[residences["zone_id"] == OUTSIDE]
    people = outside["people"].sum()
    found = find("outside_zones", DOUBTFUL, ids=outside["residence_id"], people=people)
    found += _holes(outside, zones)
    empty = ~zones["zone_id"].isin(residences["zone_id"].unique()) & ~is_parent(zones)
    found += find("empty_zones", DOUBTFUL, ids=zones["zone_id"][empty])
    known = set(residences["stage"].unique())
    unused = [stage for stage in stages if stage not in known]
    return found + find("unused_stages", NOTE, count=len(unused), names=", ".join(unused))


def _holes(outside: pd.DataFrame, zones: gpd.GeoDataFrame) -> list[Finding]:
    """Holes between zones, those with most people first."""
    holes = zone_holes(zones)
    points = gpd.points_from_xy(outside["lon"], outside["lat"])
    row, hole = holes.sindex.query(points, predicate="intersects")
    weights = outside["people"].to_numpy(np.float64)[row]
    people = np.bincount(hole, weights=weights, minlength=len(holes))
    km2 = holes["area_m2"].to_numpy() / M2_PER_KM2
    order = np.lexsort([-km2, -people])
    named = [
        f"{km2[k]:,.3f} km²: {holes['zone_ids'].iloc[k]}"
        + (f" ({people[k]:,.0f})" if people[k] else "")
        for k in order[:SHOWN]
    ]
    return find(
        "zone_holes",
        DOUBTFUL if people.any() else NOTE,
        count=len(holes),
        people=float(people.sum()),
        km2=f"{km2.sum():,.3f}",
        heads=f"{people.sum():,.0f}",
        places="; ".join([*named, *(["…"] if len(holes) > SHOWN else [])]),
    )


def reading_findings(frame: pd.DataFrame, *, table: str) -> list[Finding]:
    """
    Repeat what was noted when a table was read.

    Parameters
    ----------
    frame
        A checked table; ``attrs["notes"]`` is a list of texts, ``attrs["hours_not_understood"]``
        one of pairs of a site and its opening hours; both may be missing.
    table
        What the finding calls the table.

    Returns
    -------
    findings
        At most one of each kind; that a file is in UTF-8 is worth no finding.

    Examples
    --------
    >>> sites = pd.DataFrame({"site_id": ["B1"]})
    >>> sites.attrs["notes"] = ["encoding GB18030"]
    >>> reading_findings(sites, table="sites.csv")[0].what
    'note(s) on reading sites.csv: encoding GB18030'
    """
    notes = [text for text in reading_notes(frame) if not text.startswith(PLAIN_ENCODING)]
    texts = "; ".join([*notes[:TEXTS_SHOWN], *(["…"] if len(notes) > TEXTS_SHOWN else [])])
    found = find("reading", NOTE, count=len(notes), table=table, text=texts)
    hours = list(frame.attrs.get("hours_not_understood", ()))
    said = list(dict.fromkeys(str(text) for _, text in hours))
    shown = " | ".join([*said[:TEXTS_SHOWN], *(["…"] if len(said) > TEXTS_SHOWN else [])])
    ids = [site for site, _ in hours]
    return found + find("hours_not_understood", DOUBTFUL, ids=ids, texts=shown)


def reading_notes(frame: pd.DataFrame) -> list[str]:
    """Give what was noted when a table was read, in the order of reading; nothing is fine too."""
    return [str(text) for text in frame.attrs.get("notes", ())]
