"""Put the layers of daily work on a map: who serves whom, load of sites, rounds, relay."""

from __future__ import annotations

import string
from typing import Any

import pandas as pd

from walkcover.maps.drawn_layers import DrawnLayer, Loads, Places, Relay, Rounds
from walkcover.maps.load_layer import knows_desks, load_data, site_rows
from walkcover.maps.phrases import Phrases, Said
from walkcover.maps.relay_layer import relay_data, source_rows
from walkcover.maps.round_layer import round_data
from walkcover.maps.service_layer import place_data, residence_services
from walkcover.maps.text import ZH, texts
from walkcover.result import Result

# What a page shows, and the layer that it turns on; the walks are there without any.
VIEWS = {"services": "places", "load": "loads", "rounds": "rounds", "relay": "relay"}
SCRIPT = "daily.js"
SCRIPTS = {"services": "places.js", "load": "loads.js", "rounds": "rounds.js", "relay": "relay.js"}
STYLE = "daily.css"
# What the search calls the signs that it finds.
FOUND_WORDS = (
    "map_find_place", "map_find_stop", "map_find_base", "map_find_left", "map_find_hub",
    "map_find_late",
)  # fmt: skip
# Words that the scripts put together; what they fill in stays in braces.
SCRIPT_WORDS = (
    "map_served", "map_rule_name", "map_stop", "map_left", "map_visit", "map_team_day", "map_team",
    "map_day", "map_all", "map_whole_day", "map_sign_stop", "map_sign_base", "map_sign_left",
    "map_sign_laboratory", "map_sign_station", "map_sign_late", "map_sign_place",
    "map_sign_other", "map_route", "map_transfer", "map_chart_load", "map_chart_wait",
    "map_chart_tubes", "map_sites_count", "map_natural", "map_staggered", "map_tested",
    "map_waiting", "map_no_drive", "daily_view",
)  # fmt: skip

PlainData = dict[str, Any]
Rows = list[list[Said]]


def daily_views(result: Result) -> list[str]:
    """
    List what can be shown of daily work besides the walks.

    Returns
    -------
    views
        Keys of `VIEWS`; none where nothing of daily work is planned.
    """
    operations = result.operations
    if operations is None:
        return []
    has = {
        "services": True,
        "load": knows_desks(operations.demand),
        "rounds": operations.rounds is not None,
        "relay": operations.relay is not None,
    }
    return [view for view in VIEWS if has[view]]


def daily_layers(result: Result, words: Phrases) -> list[tuple[type[DrawnLayer], str, Any]]:
    """
    Make the data of the layers of daily work.

    Returns
    -------
    layers
        Kind, key and data of each, the lowest first; all of them hidden on opening.
    """
    operations = result.operations
    if operations is None:
        return []
    demand, rounds, relay = operations.demand, operations.rounds, operations.relay
    layers: list[tuple[type[DrawnLayer], str, Any]] = []
    if relay is not None:
        layers.append((Relay, "relay", relay_data(relay, words)))
    if rounds is not None:
        starts_h = result.plan.rounds.starts
        layers.append(
            (Rounds, "rounds", round_data(rounds, demand, starts_h=starts_h, words=words))
        )
    layers.append((Places, "places", place_data(demand, rounds, result.sites, words)))
    if knows_desks(demand):
        layers.append((Loads, "loads", load_data(demand)))
    return layers


def daily_site_rows(result: Result, words: Phrases) -> dict[str, Rows]:
    """Write what the popup of each site says of its day: tests, desks, waits, and its tubes."""
    operations = result.operations
    if operations is None:
        return {}
    rows = site_rows(operations.demand, words, with_desks="load_share" not in result.sites)
    if operations.relay is not None:
        for source, said in source_rows(operations.relay, words).items():
            if source in rows:
                rows[source] += said
    return rows


def daily_data(result: Result, residence_ids: pd.Series, words: Phrases) -> PlainData | None:
    """
    Pack what the scripts of daily work need besides the layers.

    Parameters
    ----------
    result
        A finished run.
    residence_ids
        Ids in the order in which the page holds the residences.
    words
        Where the page's phrases are numbered.

    Returns
    -------
    data
        `views`, the layer of each; `residences`, who serves each; `words`. None where nothing of
        daily work is planned.
    """
    operations = result.operations
    if operations is None:
        return None
    return {
        "views": {view: VIEWS[view] for view in daily_views(result)},
        "residences": residence_services(
            operations.demand, operations.rounds, residence_ids, words
        ),
        "words": {key: _with_blanks(key, words) for key in SCRIPT_WORDS},
    }


def daily_scripts(result: Result) -> list[str]:
    """List the scripts that draw daily work, in the order in which a page holds them."""
    views = daily_views(result)
    return [SCRIPT, *(SCRIPTS[view] for view in views)] if views else []


def daily_styles(result: Result) -> list[str]:
    """List the styles of what is drawn of daily work."""
    return [STYLE] if daily_views(result) else []


def found_words(result: Result, words: Phrases) -> dict[str, Said]:
    """Pick the words by which the search tells the signs of daily work apart."""
    return {key: words(key) for key in FOUND_WORDS} if daily_views(result) else {}


def _with_blanks(key: str, words: Phrases) -> Said:
    """Number a text whose {values} the page fills in."""
    names = [name for _, name, _, _ in string.Formatter().parse(texts(ZH)[key]) if name]
    return words(key, **{name: f"{{{name}}}" for name in names})
