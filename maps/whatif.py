"""Pack what a page needs to open and close sites, and to count anew, all by itself."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover.maps.figures import NORM_HIGH, has_after
from walkcover.maps.layers import (
    DEGREE_DECIMALS,
    SHARE_STEPS,
    PlainData,
    site_titles,
    zone_title,
)
from walkcover.maps.packing import pack_ints, pack_json
from walkcover.maps.pairs import limit_steps, packed_pairs
from walkcover.maps.phrases import Phrases, Said
from walkcover.maps.text import ZH, texts
from walkcover.result import Result

# The slider goes from 5 minutes to the longest walk that is listed.
SHORTEST_LIMIT_S = 300
# People may be fractions; they are counted in thousandths then.
FRACTIONS = 1000
STANDING_NOW = ("open",)
STANDING_AFTER = ("open", "planned", "suggested")
SCRIPT_WORDS = (
    "after", "before", "class_walk", "status_closed", "status_open", "unit_min", "unit_people",
    "unit_points", "whatif", "whatif_bad", "whatif_none", "whatif_said", "whatif_sites",
    "whatif_unknown", "whatif_walk", "whatif_zones",
)  # fmt: skip

Ints = npt.NDArray[np.int64]


def whatif_data(result: Result, order: Ints, phrases: Phrases) -> PlainData | None:
    """
    Pack the sites near each residence, site by site, and the lists that the page counts for.

    Parameters
    ----------
    result
        A finished run.
    order
        Rows of the residences in the order in which the page holds them.
    phrases
        Where the page's phrases are numbered.

    Returns
    -------
    data
        `sites` with the states now and after building; `zones` with the positions (in the page's
        list of zones of residences) that each sums up; `people` only where they are fractions,
        which the dots do not hold; the pairs as of `walkcover.maps.pairs.packed_pairs`; limits in
        steps. None where the result has no pairs.
    """
    near = result.near_sites
    if near is None:
        return None
    table = result.residences.iloc[order]
    people = table["people"].to_numpy(np.float64)
    fractions = FRACTIONS if (people != np.floor(people)).any() else 1
    limit = limit_steps(result.plan.walk.limit_s, near.step_s)
    return {
        "name": result.plan.plan.name,
        "step_s": near.step_s,
        "limit": limit,
        "shortest": min(SHORTEST_LIMIT_S // near.step_s, limit),
        "longest": round(near.limit_s / near.step_s),
        "band": result.plan.walk.limit_s / 3 / near.step_s,
        "norm_high": NORM_HIGH,
        "share_steps": SHARE_STEPS,
        "has_after": has_after(result),
        "sites": pack_json(_site_entries(result)),
        "zones": _zone_entries(result.zones, table["zone_id"], phrases),
        "fractions": fractions,
        "words": {key: _with_blanks(key, phrases) for key in SCRIPT_WORDS},
        **({"people": pack_ints(np.rint(people * fractions))} if fractions > 1 else {}),
        **packed_pairs(near, order, n_sites=len(result.sites)),
    }


def _with_blanks(key: str, phrases: Phrases) -> Said:
    """Number a text whose {values} the page fills in."""
    names = [name for _, name, _, _ in string.Formatter().parse(texts(ZH)[key]) if name]
    return phrases(key, **{name: f"{{{name}}}" for name in names})


def _site_entries(result: Result) -> list[PlainData]:
    sites = result.sites
    after = has_after(result)
    return [
        {
            "id": str(site["site_id"]),
            "title": title,
            "lat": round(site["lat"], DEGREE_DECIMALS),
            "lon": round(site["lon"], DEGREE_DECIMALS),
            "order": int(site["order"]) if site["origin"] == "suggested" else 0,
            "now": site["status"] in STANDING_NOW,
            "after": after and site["status"] in STANDING_AFTER,
        }
        for site, title in zip(sites.to_dict("records"), site_titles(sites), strict=True)
    ]


def _zone_entries(zones: pd.DataFrame, zone_id: pd.Series, phrases: Phrases) -> list[PlainData]:
    """Name every zone where people are counted, with the zones of residences below it."""
    position = {one: number for number, one in enumerate(pd.unique(zone_id))}
    parent = dict(zip(zones["zone_id"], zones["parent_id"], strict=True))
    below: dict[Any, list[int]] = {zone: [] for zone in parent}
    for zone, number in position.items():
        above, seen = zone, set()
        while above in below and above not in seen:
            below[above].append(number)
            seen.add(above)
            above = parent[above]
    parents = set(zones["parent_id"].dropna())
    return [
        {
            "id": str(zone),
            "title": _zone_said(zone, name, phrases),
            "parts": below[zone],
            "parent": zone in parents,
        }
        for zone, name in zip(zones["zone_id"], zones["name"], strict=True)
        if below[zone]
    ]


def _zone_said(zone: object, name: object, phrases: Phrases) -> Said:
    return phrases.both(lambda words: zone_title(zone, name, words))
