"""Pick the figures of daily work that stand beside the map."""

from __future__ import annotations

import math
from typing import Any

from walkcover.maps import formats
from walkcover.maps.daily_layers import daily_views
from walkcover.maps.load_layer import STATUSES
from walkcover.maps.phrases import PanelWords
from walkcover.maps.relay_layer import LOAD_STEPS
from walkcover.maps.service_layer import SERVICES
from walkcover.operations import Operations
from walkcover.result import Result

PlainData = dict[str, Any]
# Figures of the summaries, in the order of the panel.
LOAD = ("site_tests_per_day", "desks", "desks_needed", "desks_short", "sites_short")
SHARES = ("natural_peak", "peak")
ROUNDS = ("teams", "team_days", "stops", "served_people", "unserved_people")
RELAY = (
    "tubes",
    "vehicles",
    "routes",
    "stations_used",
    "laboratories",
    "short_tubes",
    "late_tubes",
)


def daily_panel(result: Result, words: PanelWords) -> PlainData | None:
    """
    Collect what the panel says of daily work, all of it from the summaries.

    Parameters
    ----------
    result
        A finished run.
    words
        Words in both languages.

    Returns
    -------
    panel
        `views`; `services`, rows by service; `load`, `rounds` and `relay`, rows of a label, the
        key and value in the summary, and its text; empty for what is not planned. None where
        nothing of daily work is.
    """
    operations = result.operations
    if operations is None:
        return None
    views = daily_views(result)
    by_service = operations.demand.summary["by_service"]
    steps = [f"{step:.0%}" for step in LOAD_STEPS]
    return {
        "views": views,
        "statuses": STATUSES,
        "services": [
            {"service": service} | by_service[service]
            for service in SERVICES
            if by_service.get(service, {}).get("places")
        ],
        "interval": formats.number(operations.demand.summary["interval_days"]),
        "load": _load(operations, words) if "load" in views else [],
        "rounds": _rounds(operations, words),
        "relay": _relay(operations, words),
        "load_classes": [
            words("map_load_to", high=steps[0]),
            words("map_load_between", low=steps[0], high=steps[1]),
            words("map_load_above", low=steps[1]),
        ],
    }


def _row(part: str, key: str, summary: PlainData, text: str, words: PanelWords) -> PlainData:
    value = summary[key]
    return {
        "label": words(f"map_sum_{key}"),
        "key": f"{part}.{key}",
        "value": math.nan if value is None else value,
        "text": text,
    }


def _counts(
    part: str, keys: tuple[str, ...], summary: PlainData, words: PanelWords
) -> list[PlainData]:
    return [
        _row(part, key, summary, formats.people(float(summary[key])), words)
        for key in keys
        if summary.get(key) is not None
    ]


def _load(operations: Operations, words: PanelWords) -> list[PlainData]:
    summary = operations.demand.summary
    return _counts("demand", LOAD, summary, words) + [
        _row("demand", key, summary, formats.share(summary[key]), words)
        for key in SHARES
        if summary[key] is not None
    ]


def _rounds(operations: Operations, words: PanelWords) -> list[PlainData]:
    if operations.rounds is None:
        return []
    summary = operations.rounds.summary
    drive = _row("rounds", "drive_s", summary, formats.duration(summary["drive_s"]), words)
    return [*_counts("rounds", ROUNDS, summary, words), drive]


def _relay(operations: Operations, words: PanelWords) -> list[PlainData]:
    if operations.relay is None:
        return []
    summary = operations.relay.summary
    oldest = _row("relay", "oldest_s", summary, formats.duration(summary["oldest_s"]), words)
    return [*_counts("relay", RELAY, summary, words), oldest]
