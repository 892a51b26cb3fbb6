"""Say who serves each residence and each place, and turn the places into plain data."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from walkcover.maps import formats
from walkcover.maps.daily_words import place_title
from walkcover.maps.layers import is_text, site_titles
from walkcover.maps.packing import pack_ints, pack_json
from walkcover.maps.phrases import Phrases, Said
from walkcover.maps.signs import placed
from walkcover.maps.text import Words
from walkcover.operations import Demand, RoundPlan
from walkcover.plan_operations import ANY

# The order of the legend.
SERVICES = ("site", "visit", "round", "itself")
RESIDENCE, PLACE = "residence", "place"

PlainData = dict[str, Any]
Rows = list[list[Said]]


def rule_text(rule: PlainData, words: Words) -> str:
    """
    Write a rule of ``[[services]]`` in words.

    Examples
    --------
    >>> rule = {"rule": 2, "kind": "school", "at_least": 200.0, "reached": "any", "by": "visit"}
    >>> rule_text(rule, Words("en"))
    'Rule 2: Schools, from 200 people → Team visit'
    """
    who = words("map_everybody") if rule["kind"] == ANY else words.kind(str(rule["kind"]))
    parts = [who]
    if rule["at_least"] > 0:
        parts.append(words("map_at_least", people=formats.people(rule["at_least"])))
    if rule["reached"] != ANY:
        parts.append(words(f"map_reached_{rule['reached']}"))
    by = words(f"service_{rule['by']}")
    who = words("map_comma").join(parts)
    return words("map_rule", number=str(rule["rule"]), who=who, by=by)


def residence_services(
    demand: Demand, rounds: RoundPlan | None, residence_ids: pd.Series, words: Phrases
) -> PlainData:
    """
    Pack who serves each residence.

    Parameters
    ----------
    demand, rounds
        Tables of the daily work.
    residence_ids
        Ids in the order in which the page holds the residences.
    words
        Where the page's phrases are numbered.

    Returns
    -------
    data
        `rules`: service and rule in words, in the order of the rules; packed `rule` of each
        residence (positions in `rules`), packed `stop` (positions in the stops of the rounds, -1
        where none) and packed `left` (the phrase that says why nobody comes, -1 where somebody
        does).
    """
    services = demand.services[demand.services["origin"] == RESIDENCE]
    rule = pd.Series(services["rule"].to_numpy(), index=services["place_id"].astype("str"))
    ids = residence_ids.astype("str")
    numbers = {int(one): place for place, one in enumerate(demand.rules["rule"])}
    stop, left = stop_of_places(rounds), left_of_places(rounds, words)
    return {
        "rules": [
            [words(f"service_{one['by']}"), words.both(partial(rule_text, one))]
            for one in demand.rules.to_dict("records")
        ],
        "rule": pack_ints(rule.reindex(ids).map(numbers).to_numpy()),
        "stop": pack_ints([stop.get(one, -1) for one in ids]),
        "left": pack_ints([left.get(one, -1) for one in ids]),
    }


def stop_of_places(rounds: RoundPlan | None) -> dict[str, int]:
    """List the stop (its row) to which each place comes that has one."""
    if rounds is None:
        return {}
    row = {stop_id: place for place, stop_id in enumerate(rounds.stops["stop_id"].astype("str"))}
    places = rounds.stop_places
    return {
        str(place_id): row[stop_id]
        for place_id, stop_id in zip(places["place_id"], places["stop_id"], strict=True)
        if is_text(stop_id)
    }


def left_of_places(rounds: RoundPlan | None, words: Phrases) -> dict[str, int]:
    """List the phrase that says why nobody comes, for each place to which nobody does."""
    if rounds is None:
        return {}
    reasons = dict(zip(rounds.unserved["place_id"], rounds.unserved["reason"], strict=True))
    left = {}
    for place in rounds.stop_places.to_dict("records"):
        reason = reasons.get(place["stop_id"] or place["place_id"])
        if reason is not None:
            said = partial(Words.__call__, key=f"left_{reason}")
            left[str(place["place_id"])] = words.number(said)
    return left


def place_data(
    demand: Demand, rounds: RoundPlan | None, sites: pd.DataFrame, words: Phrases
) -> PlainData:
    """
    Pack the places of the plan: where they are, by what they are served and why.

    Returns
    -------
    data
        `signs`, packed: an entry per place with `stop`, its row among the stops, -1 where none.
    """
    titles = dict(zip(sites["site_id"].astype("str"), site_titles(sites), strict=True))
    rules = {one["rule"]: one for one in demand.rules.to_dict("records")}
    stop, left = stop_of_places(rounds), left_of_places(rounds, words)
    places = demand.services[demand.services["origin"] == PLACE]
    entries = []
    for place in places.to_dict("records"):
        kind = str(place["kind"])
        rows: Rows = [
            [words("map_kind"), words.both(partial(Words.kind, name=kind))],
            [words("people"), formats.people(place["people"])],
            [words("map_tests_interval"), formats.people(place["tests"])],
            [words("map_served"), words(f"service_{place['service']}")],
            [words("map_rule_name"), words.both(partial(rule_text, rules[place["rule"]]))],
        ]
        if place["service"] == "site" and is_text(place["site_id"]):
            site = titles.get(place["site_id"], place["site_id"])
            minutes = formats.minutes(place["walk_s"])
            rows.append([words("site"), words("map_site_walk", site=site, minutes=minutes)])
        if place["place_id"] in left:
            rows.append([words("map_left"), left[place["place_id"]]])
        entries.append(
            {
                **placed(place["geometry"]),
                "kind": place["service"],
                "title": place_title(place["place_id"], place["name"]),
                "rows": rows,
                "stop": stop.get(str(place["place_id"]), -1),
            }
        )
    return {"signs": pack_json(entries)}
