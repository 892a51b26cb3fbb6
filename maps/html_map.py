"""Draw a result as one HTML map that opens without any network."""

from __future__ import annotations

import dataclasses
import html
import itertools
from collections.abc import Mapping
from functools import partial
from typing import Any

import folium
import jinja2
import pandas as pd
from branca.element import MacroElement
from folium.template import Template
from markupsafe import Markup

from walkcover.maps import daily_layers as daily
from walkcover.maps import figures, formats, layers, residences, streets
from walkcover.maps.base_tiles import base_tiles
from walkcover.maps.daily_panel import daily_panel
from walkcover.maps.drawn_layers import (
    DRAWING,
    Areas,
    DrawnLayer,
    PackedLines,
    PackedPoints,
    Sites,
    Water,
    Zones,
)
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
from walkcover.maps.packing import pack_texts
from walkcover.maps.pairs import limit_steps, page_pairs
from walkcover.maps.phrases import BOTH, PanelWords, Phrases, Said, Writer, in_both
from walkcover.maps.steps import step_data
from walkcover.maps.text import Words
from walkcover.maps.water import water_data
from walkcover.maps.whatif import whatif_data
from walkcover.plan import Plan
from walkcover.result import NearSites, Result

MAX_ZOOM = 19
LANGUAGE_TAGS = {"zh": "zh-CN", "en": "en"}
# Two limits that differ by less than this are one: minutes times 60 may miss a whole second.
ROUNDING_S = 1e-6
# Zoomed out further than the opening view, zones are filled by their share: below a zoom between.
CHOROPLETH_ZOOMS = (12, 13)
# What extends the drawing, in the order in which it starts.
SCRIPTS = ("labels.js", "page.js", "print.js")
# Where the page can count by itself, because it holds walks by site.
COUNTING = ("counting.js", "legend.js")
# Rows of the legend below "not covered", worst reasons first.
GAP_VERDICTS = ("too_far", "island", "no_site", "over_capacity")


class Ready(MacroElement):
    """Hand map and layer control to the page's script, and say that the page is ready."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            walkcover.ready({{ this._parent.get_name() }}, {{ this.control.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, control: folium.LayerControl) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Ready"
        self.control = control


def build_map(result: Result) -> str:
    """
    Draw residences, gaps, sites and streets on one page.

    Parameters
    ----------
    result
        A finished run; without columns ending in ``_after`` the page shows the present state only.

    Returns
    -------
    html
        The page as text. It asks no host for anything, but for the base tiles where the plan
        names some; the same result gives the same text, and
        ``window.walkcoverReady`` is true in it once everything is drawn.

    Raises
    ------
    InputError
        If something in the page would make a browser ask for another file.
    """
    words = Words(result.plan.plan.language)
    known = result.near_sites
    if known is not None:
        pairs = page_pairs(known, limit_s=result.plan.walk.limit_s)
        result = dataclasses.replace(result, near_sites=pairs)
    box = layers.bounds(result)
    page = OfflineMap(
        location=[sum(corner[axis] for corner in box) / 2 for axis in (0, 1)],
        zoom_start=layers.zoom_that_fits(box),
        tiles=None,
    )
    # Without tiles folium drops its own max_zoom argument.
    page.options["max_zoom"] = MAX_ZOOM
    # Fading tiles in would change each of them in every frame.
    page.options["fade_animation"] = False
    phrases = Phrases()
    drawn = _layers(result, phrases)
    data: dict[str, Any] = {layer.key: layer.data for layer in drawn}
    options = result.plan.map
    tiles = base_tiles(options, label=_label(_of_key("layer_tiles")), max_zoom=MAX_ZOOM)
    for layer in (*tiles, *drawn):
        page.add_child(layer)
    page.fit_bounds(box, padding=(24, 24))
    control = folium.LayerControl(position="topright", collapsed=False)
    page.add_child(control)
    page.add_child(Ready(control))

    root = figure_of(page)
    titles = {w.language: f"{result.plan.plan.name} · {w('map_title')}" for w in BOTH}
    root.title = html.escape(titles[words.language])
    data["titles"] = titles
    data["language"] = words.language
    data["credit"] = f'<a href="{CREDIT_URL}">{words("osm_credit")}</a>'
    data["review"] = _review(result, phrases)
    low, high = CHOROPLETH_ZOOMS
    data["choropleth_below"] = min(max(layers.zoom_that_fits(box), low), high)
    if figures.has_after(result):
        data["player"] = step_data(result, phrases)
    whatif = whatif_data(result, residences.residence_order(result.residences), phrases)
    if whatif is not None:
        data["whatif"] = whatif
    ids = result.residences["residence_id"].iloc[residences.residence_order(result.residences)]
    work = daily.daily_data(result, ids, phrases)
    if work is not None:
        data["daily"] = work
    sides = {key: phrases(f"paper_{key}") for key in ("landscape", "portrait")}
    data["words"] = {**layers.page_words(phrases), **sides, **daily.found_words(result, phrases)}
    # Every phrase has its number now.
    data["phrases"] = {tag: pack_texts(texts) for tag, texts in phrases.table().items()}
    for text in (
        f"<script>{asset('leaflet.js')}</script>",
        data_block(data, element_id="walkcover-data"),
        f"<script>{inflate_script()}</script>",
        *(
            f"<script>{asset(name)}</script>"
            for name in (
                *DRAWING,
                *([] if result.water.empty else ["water.js"]),
                *daily.daily_scripts(result),
                *SCRIPTS,
                *([] if whatif is None else COUNTING),
                "stages.js",
                *([] if whatif is None else ["whatif.js"]),
            )
        ),
    ):
        root.header.add_child(Verbatim(text))
    root.html.add_child(Verbatim(_panel(result, words, known)))
    # After folium's own rules, which a later style of the same weight overrides.
    styles = ["walkcover.css", *daily.daily_styles(result)]
    css = leaflet_css() + "".join(map(asset, styles))
    root.html.add_child(Verbatim(f"<style>{css}</style>"))
    tag = LANGUAGE_TAGS[words.language]
    return render_offline(page, language_tag=tag, picture_hosts=options.hosts)


def _layers(result: Result, words: Phrases) -> list[DrawnLayer]:
    """Make all layers with their data, the lowest first."""
    kinds: list[tuple[type[DrawnLayer], str, Any]] = [
        *([] if result.water.empty else [(Water, "water", water_data(result.water))]),
        (PackedLines, "streets", streets.street_data(result.streets)),
        (Areas, "isochrones", layers.isochrone_data(result, words)),
        (Zones, "zones", layers.zone_data(result, words)),
        (PackedPoints, "residences", residences.residence_data(result, words)),
        (Areas, "gap_areas", layers.gap_data(result, words)),
    ]
    existing, more = result.sites["origin"] == "existing", daily.daily_site_rows(result, words)
    standing = layers.site_data(result.sites[existing], result.rollout, words, more)
    work = daily.daily_layers(result, words)
    kinds += [*work, (Sites, "existing", standing)]
    # A base map has its own water, with names that an area of ours would hide.
    hidden = {"isochrones", *(key for _, key, _ in work)}
    hidden |= {"water"} if result.plan.map.tiles else set()
    drawn = [
        kind(key, data, label=_label(_of_key(f"layer_{key}")), show=key not in hidden)
        for kind, key, data in kinds
    ]
    for number, stage in enumerate(result.stages["name"].astype("str")):
        of_stage = result.sites[~existing & (result.sites["stage"] == stage)]
        if of_stage.empty:
            continue
        data = layers.site_data(of_stage, result.rollout, words, more)
        label = _label(partial(_suggested, stage=stage))
        drawn.append(Sites(f"suggested{number}", data, label=label))
    return drawn


def _suggested(words: Words, stage: str) -> str:
    return words("layer_suggested", stage=words.stage(stage))


def _of_key(key: str) -> Writer:
    return lambda words: words(key)


def _label(write: Writer) -> str:
    """Escape a name for the layer control: Leaflet reads HTML there, folium reads a template."""
    return str(in_both(write)).replace("{", "&#123;").replace("}", "&#125;")


def _review(result: Result, phrases: Phrases) -> Said:
    """Name the number under which the map was reviewed, or nothing."""
    number = result.plan.plan.map_review
    return phrases("map_review", number=number) if number else ""


def _panel(result: Result, words: Words, known: NearSites | None) -> str:
    """Write the side panel: headline, totals, legend with counts, stages."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("walkcover.maps"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    head = figures.headline(result)
    both = PanelWords()
    # A table would make plain text of the labels.
    stages = [row | {"label": both.stage(row["name"])} for row in result.stages.to_dict("records")]
    return environment.get_template("panel.html.j2").render(
        t=both,
        f=formats,
        lang=LANGUAGE_TAGS[words.language],
        name=result.plan.plan.name,
        date=result.plan.plan.date,
        limit=formats.number(result.plan.walk.limit_min),
        head=head,
        after=figures.has_after(result),
        figures=[
            head.covered_people,
            head.gap_people,
            *([] if head.unserved_people is None else [head.unserved_people]),
            head.sites,
            head.people_per_site,
        ],
        norm=[formats.number(figures.NORM_LOW), formats.number(figures.NORM_HIGH)],
        legends=_legends(result, both),
        water=not result.water.empty,
        share_classes=_share_classes(both) if layers.labelled_zones(result) > 1 else [],
        review=result.plan.plan.map_review,
        whatif=_whatif_panel(result, known),
        daily=daily_panel(result, both),
        too_many=result.near_sites is None and known is not None,
        player=figures.has_after(result) and len(result.rollout) > 0,
        stages=stages,
    )


def _whatif_panel(result: Result, known: NearSites | None) -> dict[str, Any] | None:
    """Say whether the page can open and close sites, from which limit on, and how far it knows."""
    near = result.near_sites
    if near is None or known is None:
        return None
    limit_s, step_s = result.plan.walk.limit_s, near.step_s
    shorter = near.limit_s < known.limit_s
    return {
        "rounded": abs(limit_steps(limit_s, step_s) * step_s - limit_s) > ROUNDING_S,
        "longest": formats.number(round(near.limit_s / 60, 1)) if shorter else "",
        "full": formats.number(round(known.limit_s / 60, 1)),
    }


def _share_classes(words: PanelWords) -> list[Markup]:
    """Name the classes of `layers.share_class`, the lowest first."""
    edges = [f"{step:.0%}".rstrip("%") for step in layers.SHARE_STEPS]
    between = [
        words("share_between", low=low, high=high) for low, high in itertools.pairwise(edges)
    ]
    lowest, highest = words("share_below", high=edges[0]), words("share_above", low=edges[-1])
    return [lowest, *between, highest]


def _legends(result: Result, words: PanelWords) -> list[list[dict[str, Any]]]:
    """Write the legend rows before and, where there is one, after building."""
    legends = []
    for suffix in ("", "_after") if figures.has_after(result) else ("",):
        counts = figures.legend_counts(result, suffix=suffix)
        rows: list[dict[str, Any]] = []
        labels = [in_both(_class_label(result.plan, number)) for number in range(len(counts))]
        for number, (key, label) in enumerate(zip(figures.CLASS_KEYS, labels, strict=True)):
            rows.append(_legend_row(key, label, counts.iloc[number]))
            if number == figures.GAP:
                verdicts = result.summary[f"verdicts{suffix}"]
                rows += [
                    _legend_row(f"verdicts.{name}", words(f"verdict_{name}"), verdicts[name])
                    | {"sub": True}
                    for name in GAP_VERDICTS
                    if name in verdicts and verdicts[name]["residences"]
                ]
        legends.append(rows)
    return legends


def _class_label(plan: Plan, number: int) -> Writer:
    return lambda words: figures.class_labels(plan, words)[number]


def _legend_row(key: str, label: str, counts: pd.Series | Mapping[str, float]) -> dict[str, Any]:
    return {
        "key": key,
        "label": label,
        "sub": False,
        "residences": int(counts["residences"]),
        "people": float(counts["people"]),
    }
