"""Write the steps of building for the page's player."""

from __future__ import annotations

from functools import partial
from typing import Any

from walkcover.maps import formats
from walkcover.maps.figures import before_building
from walkcover.maps.layers import is_text, site_titles
from walkcover.maps.packing import pack_json
from walkcover.maps.pairs import limit_steps
from walkcover.maps.phrases import Phrases
from walkcover.maps.text import Words
from walkcover.result import Result

# Minutes times 60 may miss a whole second by so much.
ROUNDING_S = 1e-6

PlainData = dict[str, Any]


def step_data(result: Result, phrases: Phrases) -> PlainData:
    """
    List the steps of the rollout with what is covered after each.

    Returns
    -------
    data
        `start`: people covered and share before anything is built. `steps`: packed, one entry per
        row of the rollout with its order, stage, site, people gained, and people covered and
        share once it is built. `recount`: whether the page can count anew who is covered after
        each step, so that its dots show it; it cannot where desk time counts.
    """
    titles = dict(zip(result.sites["site_id"], site_titles(result.sites), strict=True))
    covered, share = before_building(result)
    steps = [
        {
            "order": int(row["order"]),
            "stage": phrases.both(partial(Words.stage, name=str(row["stage"]))),
            "site": titles[row["site_id"]],
            "near": row["near"] if is_text(row["near"]) else "",
            "zone": row["zone_name"] if is_text(row["zone_name"]) else "",
            "gained": formats.people(row["people_gained"]),
            "covered": formats.people(row["covered_people"]),
            "share": float(row["covered_share"]),
            "share_text": formats.share(row["covered_share"]),
            "at": [float(row["lat"]), float(row["lon"])],
        }
        for row in result.rollout.to_dict("records")
    ]
    return {
        "start": {
            "covered": formats.people(covered),
            "share": share,
            "share_text": formats.share(share),
        },
        "steps": pack_json(steps),
        "recount": _can_recount(result),
    }


def _can_recount(result: Result) -> bool:
    """Tell whether walks by site are in the page, and alone decide who is covered."""
    near, limit_s = result.near_sites, result.plan.walk.limit_s
    if near is None or not result.summary["distance_only"]:
        return False
    return abs(limit_steps(limit_s, near.step_s) * near.step_s - limit_s) < ROUNDING_S
