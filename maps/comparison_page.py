"""Draw a base and its scenarios as one page that opens without any network."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import folium
import jinja2
import numpy as np
import pandas as pd

from walkcover.comparison import Comparison
from walkcover.maps import formats, layers, residences, streets
from walkcover.maps.drawn_layers import DRAWING, DrawnLayer, PackedLines, PackedPoints, Sites, Zones
from walkcover.maps.html_map import LANGUAGE_TAGS, MAX_ZOOM, Ready
from walkcover.maps.offline import (
    CREDIT_URL,
    OfflineMap,
    Verbatim,
    asset,
    data_block,
    figure_of,
    inflate_script,
    leaflet_css,
    render_offline,
)
from walkcover.maps.packing import Packed, deltas, pack_ints, pack_texts
from walkcover.maps.phrases import BOTH, PanelWords, Phrases, Said, in_both
from walkcover.maps.text import Words
from walkcover.result import Result

# Classes of walkcover.js by what a scenario does: its swatch, and the words of the legend. Those
# whom it does not concern are drawn first, who loses cover is drawn last.
CLASSES = {
    "gains": (0, "near", "comparison_gains"),
    "loses": (3, "gap", "comparison_loses"),
    "uncovered": (4, "not_snapped", "comparison_uncovered"),
    "shorter": (1, "middle", "comparison_shorter"),
    "longer": (2, "far", "comparison_longer"),
    "same": (5, "no_people", "comparison_same"),
}
# Columns of the table side by side: word, figure, and how it is written.
COLUMNS = (
    ("covered_people", "covered_people", "people"),
    ("covered_share", "covered_share", "share"),
    ("whatif_difference", "covered_people_difference", "signed"),
    ("comparison_gained", "gained_people", "people"),
    ("comparison_lost", "lost_people", "people"),
    ("mean_walk", "mean_walk_s", "minutes"),
    ("sites_now", "sites", "people"),
    ("people_per_site", "people_per_site", "people"),
)
MINUS = "−"

PlainData = dict[str, Any]


def build_comparison_page(comparisons: Sequence[Comparison], result: Result) -> str:
    """
    Draw scenarios beside their base: tables, who gains and loses, and a map of differences.

    Parameters
    ----------
    comparisons
        One or more comparisons with the base.
    result
        The base.

    Returns
    -------
    html
        The page as text. It asks no host for anything; the same comparisons give the same text.
        ``window.walkcoverReady`` is true in it once everything is drawn.

    Raises
    ------
    InputError
        If something in the page would make a browser ask for another file.
    """
    words, phrases = Words(result.plan.plan.language), Phrases()
    shown = [(one, state) for one in comparisons for state in (one, one.after) if state is not None]
    states = [state for _, state in shown]
    box = layers.bounds(result)
    page = OfflineMap(
        location=[sum(corner[axis] for corner in box) / 2 for axis in (0, 1)],
        zoom_start=layers.zoom_that_fits(box),
        tiles=None,
    )
    page.options["max_zoom"] = MAX_ZOOM
    drawn: list[DrawnLayer] = [
        kind(key, made, label=str(in_both(partial(Words.__call__, key=f"layer_{key}"))))
        for kind, key, made in (
            (PackedLines, "streets", streets.street_data(result.streets)),
            (Zones, "zones", layers.zone_data(result, phrases)),
            (PackedPoints, "residences", residences.residence_data(result, phrases)),
            (Sites, "existing", _site_data(result, phrases)),
        )
    ]
    data: PlainData = {layer.key: layer.data for layer in drawn}
    for layer in drawn:
        page.add_child(layer)
    page.fit_bounds(box, padding=(24, 24))
    control = folium.LayerControl(position="topright", collapsed=False)
    page.add_child(control)
    page.add_child(Ready(control))
    root = figure_of(page)
    titles = {w.language: f"{result.plan.plan.name} · {w('comparison_title')}" for w in BOTH}
    root.title = html.escape(titles[words.language])
    data |= {"titles": titles, "language": words.language, "choropleth_below": 0}
    data["credit"] = f'<a href="{CREDIT_URL}">{words("osm_credit")}</a>'
    data["comparison"] = _entries(states, result, phrases)
    keys: tuple[str, ...] = (
        "people",
        "zone",
        "no_path",
        "unit_min",
        "after",
        "before",
        "verdict",
        "walk",
        "site",
    )
    keys += ("residence", "map_region", "layer_region", "comparison_walk", "comparison_verdict")
    data["words"] = {key: phrases(key) for key in (*keys, "comparison_scenario")}
    # Every phrase has its number now.
    data["phrases"] = {tag: pack_texts(texts) for tag, texts in phrases.table().items()}
    for text in (
        f"<script>{asset('leaflet.js')}</script>",
        data_block(data, element_id="walkcover-data"),
        f"<script>{inflate_script()}</script>",
        *(f"<script>{asset(name)}</script>" for name in (*DRAWING, "comparison.js")),
    ):
        root.header.add_child(Verbatim(text))
    root.html.add_child(Verbatim(_panel(comparisons, states, result, words)))
    styles = leaflet_css() + asset("walkcover.css") + asset("comparison.css")
    root.html.add_child(Verbatim(f"<style>{styles}</style>"))
    return render_offline(page, language_tag=LANGUAGE_TAGS[words.language])


def change_classes(comparison: Comparison) -> np.ndarray[Any, Any]:
    """
    Sort residences into the classes of the legend.

    Parameters
    ----------
    comparison
        A comparison in one of its states.

    Returns
    -------
    names
        Shape (n,), text: the keys of `CLASSES`. Of those who neither gain nor lose cover, who is
        not covered is ``uncovered``; walks count only for those who are.
    """
    table = comparison.residences
    change: np.ndarray[Any, Any] = table["change"].to_numpy(object).copy()
    stays = ~table["change"].isin(["gains", "loses", "no_people"]).to_numpy()
    change[stays & (table["verdict"] != "covered").to_numpy()] = "uncovered"
    change[change == "no_people"] = "same"
    return change


def _site_data(result: Result, phrases: Phrases) -> Packed:
    """Sites of the base as signs; suggested ones too."""
    return layers.site_data(result.sites, result.rollout, phrases)


def _entries(states: Sequence[Comparison], result: Result, phrases: Phrases) -> PlainData:
    """What the page's script shows for each scenario and state."""
    order = residences.residence_order(result.residences)
    ids = [str(one) for one in result.sites["site_id"]]
    titles = dict(zip(ids, layers.site_titles(result.sites), strict=True))
    for state in states:
        for one, title in zip(state.sites["site_id"], layers.site_titles(state.sites), strict=True):
            titles.setdefault(str(one), title)
    number = pd.Index([*titles])
    verdicts = sorted({one for state in states for one in state.residences["verdict"]})
    entries = []
    for state in states:
        table = state.residences.iloc[order]
        classes = change_classes(state)[order]
        entries.append(
            {
                "title": _title(state, phrases),
                "classes": pack_ints([CLASSES[one][0] for one in classes]),
                "walk": pack_ints(deltas(_tenths_min(table["walk_s"]))),
                "site": pack_ints(number.get_indexer(table["site_id"].astype(object))),
                "verdict": pack_ints(pd.Index(verdicts).get_indexer(table["verdict"])),
                "changed": [_changed(row, titles, phrases) for row in _changed_sites(state)],
            }
        )
    said = [phrases(f"verdict_{one}") for one in verdicts]
    return {"entries": entries, "sites": [*titles.values()], "verdicts": said}


def _tenths_min(walk_s: pd.Series) -> np.ndarray[Any, Any]:
    """Walks as they are shown, -1 where there is no path."""
    return np.asarray(np.where(np.isfinite(walk_s), (walk_s / 6).round(), -1), dtype=np.int64)


def _changed_sites(state: Comparison) -> list[PlainData]:
    table = state.sites
    rows: list[PlainData] = table[table["change"] != ""].to_dict("records")
    return rows


def _changed(row: PlainData, titles: dict[str, str], phrases: Phrases) -> PlainData:
    changes = row["change"].split(",")
    return {
        "lat": round(row["lat"], layers.DEGREE_DECIMALS),
        "lon": round(row["lon"], layers.DEGREE_DECIMALS),
        "kind": changes[0],
        "title": titles[str(row["site_id"])],
        "changes": [phrases(f"change_{one}") for one in changes],
    }


def _title(state: Comparison, phrases: Phrases) -> Said:
    if state.state == "now":
        return state.name
    return phrases.both(partial(_title_after, name=state.name))


def _title_after(words: Words, name: str) -> str:
    return f"{name} · {words('after')}"


def _panel(
    comparisons: Sequence[Comparison], states: Sequence[Comparison], result: Result, words: Words
) -> str:
    """Write the side panel: the table side by side, then each scenario."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("walkcover.maps"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    afters = [one.after for one in comparisons]
    tables = [("now", _beside(comparisons))]
    sited = [one for one in afters if one is not None]
    if sited:
        tables.append(("after", _beside(sited)))
    return environment.get_template("comparison.html.j2").render(
        t=PanelWords(),
        f=formats,
        lang=LANGUAGE_TAGS[words.language],
        name=result.plan.plan.name,
        date=result.plan.plan.date,
        distance_only=not any(one.scenario.counts_desks for one in comparisons),
        columns=[word for word, _, _ in COLUMNS],
        tables=tables,
        entries=[_entry(state, words) for state in states],
    )


def _beside(comparisons: Sequence[Comparison]) -> list[PlainData]:
    """Rows of the table side by side: the base, then the scenarios."""
    base = {str(key): value for key, value in comparisons[0].totals["base"].items()}
    rows: list[PlainData] = [{"name": None, "cells": _cells("base", base)}]
    for number, one in enumerate(comparisons):
        figures = {str(key): value for key, value in one.totals["scenario"].items()}
        figures["covered_people_difference"] = one.totals.loc["covered_people", "difference"]
        figures |= {"gained_people": one.gained_people, "lost_people": one.lost_people}
        rows.append({"name": one.name, "cells": _cells(f"{one.state}{number}", figures)})
    return rows


def _cells(key: str, figures: PlainData) -> list[PlainData]:
    write = {
        "people": formats.people,
        "share": formats.share,
        "minutes": formats.minutes,
        "signed": signed,
    }
    cells = []
    for _, name, kind in COLUMNS:
        value = float(figures.get(name, math.nan))
        said = "" if math.isnan(value) else str(value)
        cells.append({"key": f"{key}.{name}", "value": said, "text": write[kind](value)})
    return cells


def signed(value: float) -> str:
    """
    Write a difference of people with its sign.

    Examples
    --------
    >>> signed(1234.0), signed(-5.0), signed(0.2), signed(float("nan"))
    ('+1,234', '−5', '0', '—')
    """
    if not math.isfinite(value):
        return formats.MISSING
    text = formats.people(abs(value))
    return text if text == "0" else (MINUS if value < 0 else "+") + text


def _entry(state: Comparison, words: Words) -> PlainData:
    """What the panel says of one scenario in one of its states."""
    table, names = state.residences, change_classes(state)
    people = table["people"].to_numpy(np.float64)
    # Where nobody lives nothing changes; these are no residences that stay as they are.
    inhabited = (table["change"] != "no_people").to_numpy()
    legend = [
        {
            "key": key,
            "swatch": swatch,
            "residences": int(((names == name) & inhabited).sum()),
            "people": float(people[names == name].sum()),
        }
        for name, (_, swatch, key) in CLASSES.items()
    ]
    title = state.name if state.state == "now" else _title_after(words, state.name)
    titles = dict(zip(state.sites["site_id"], layers.site_titles(state.sites), strict=True))
    return {
        "title": title,
        "notes": state.notes,
        "legend": legend,
        "tables": [("by_stage", _stage_rows(state)), ("by_zone", _zone_rows(state))],
        "sites": [
            {
                "title": titles[row["site_id"]],
                "changes": [f"change_{one}" for one in row["change"].split(",")],
                "people": row["people_served"],
                "difference": signed(row["people_served_difference"]),
            }
            for row in _changed_sites(state)
        ],
    }


def _stage_rows(state: Comparison) -> list[PlainData]:
    both = PanelWords()
    rows = state.by_stage.to_dict("records")
    return [_row(row, label=both.stage(row["name"]), depth=0) for row in rows]


def _zone_rows(state: Comparison) -> list[PlainData]:
    """Zones, those below others indented behind them."""
    table = state.by_zone
    rows = {row["zone_id"]: row for row in table.to_dict("records")}
    below: dict[object, list[str]] = {}
    for zone, row in rows.items():
        parent = row["parent_id"] if row["parent_id"] in rows else None
        below.setdefault(parent, []).append(zone)
    found: list[PlainData] = []
    waiting = [(zone, 0) for zone in reversed(below.get(None, []))]
    seen: set[str] = set()
    while waiting:
        zone, depth = waiting.pop()
        if zone in seen:
            continue
        seen.add(zone)
        row = rows[zone]
        label = in_both(partial(_zone_label, zone_id=zone, name=row["name"]))
        found.append(_row(row, label=label, depth=min(depth, 2)))
        waiting += [(one, depth + 1) for one in reversed(below.get(zone, []))]
    return found


def _zone_label(words: Words, zone_id: str, name: object) -> str:
    return layers.zone_title(zone_id, name, words)


def _row(row: PlainData, *, label: str, depth: int) -> PlainData:
    return {
        "label": label,
        "depth": depth,
        "people": row["people"],
        "share_base": row["covered_share_base"],
        "share": row["covered_share"],
        "difference": signed(row["covered_people_difference"]),
        "gained": row["gained_people"],
        "lost": row["lost_people"],
    }
