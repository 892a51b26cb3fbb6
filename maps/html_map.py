"""Draw a result as one HTML map that opens without any network."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import folium
import jinja2
import pandas as pd
from branca.element import MacroElement
from folium.template import Template

from walkcover.maps import figures, formats, layers
from walkcover.maps.offline import (
    CREDIT_URL,
    OfflineMap,
    Verbatim,
    asset,
    data_block,
    figure_of,
    leaflet_css,
    render_offline,
)
from walkcover.maps.text import Words
from walkcover.result import Result

MAX_ZOOM = 19
LANGUAGE_TAGS = {"zh": "zh-CN", "en": "en"}
# Rows of the legend below "not covered", worst reasons first.
GAP_VERDICTS = ("too_far", "island", "no_site", "over_capacity")


class _Ready(MacroElement):
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
        The page as text. It asks no host for anything, the same result gives the same text, and
        ``window.walkcoverReady`` is true in it once everything is drawn.

    Raises
    ------
    InputError
        If something in the page would make a browser ask for another file.
    """
    words = Words(result.plan.plan.language)
    box = layers.bounds(result)
    page = OfflineMap(
        location=[sum(corner[axis] for corner in box) / 2 for axis in (0, 1)],
        zoom_start=layers.zoom_that_fits(box),
        tiles=None,
    )
    # Without tiles folium drops its own max_zoom argument.
    page.options["max_zoom"] = MAX_ZOOM
    data, drawn = _layers(result, words)
    for layer in drawn:
        page.add_child(layer)
    page.fit_bounds(box, padding=(24, 24))
    control = folium.LayerControl(position="topright", collapsed=False)
    page.add_child(control)
    page.add_child(_Ready(control))

    root = figure_of(page)
    root.title = html.escape(f"{result.plan.plan.name} · {words('map_title')}")
    data["words"] = layers.page_words(words)
    data["credit"] = f'<a href="{CREDIT_URL}">{words("osm_credit")}</a>'
    for text in (
        f"<script>{asset('leaflet.js')}</script>",
        data_block(data, element_id="walkcover-data"),
        f"<script>{asset('walkcover.js')}</script>",
    ):
        root.header.add_child(Verbatim(text))
    root.html.add_child(Verbatim(_panel(result, words)))
    # After folium's own rules, which a later style of the same weight overrides.
    root.html.add_child(Verbatim(f"<style>{leaflet_css()}{asset('walkcover.css')}</style>"))
    return render_offline(page, language_tag=LANGUAGE_TAGS[words.language])


def _layers(result: Result, words: Words) -> tuple[dict[str, Any], list[layers.DrawnLayer]]:
    """Collect the data of all layers and the layers themselves, the lowest first."""
    data: dict[str, Any] = {
        "streets": layers.street_data(result.streets),
        "isochrones": layers.isochrone_data(result, words),
        "zones": layers.zone_data(result, words),
        "residences": layers.residence_data(result, words),
        "gap_areas": layers.gap_data(result, words),
    }
    kinds = {
        "streets": "streets",
        "isochrones": "areas",
        "zones": "zones",
        "residences": "points",
        "gap_areas": "areas",
    }
    drawn = [
        layers.DrawnLayer(kind, key, label=_label(words(f"layer_{key}")), show=key != "isochrones")
        for key, kind in kinds.items()
    ]
    existing = result.sites["origin"] == "existing"
    data["existing"] = layers.site_data(result.sites[existing], result.rollout, words)
    drawn.append(layers.DrawnLayer("sites", "existing", label=_label(words("layer_existing"))))
    for number, stage in enumerate(result.stages["name"].astype("str")):
        of_stage = result.sites[~existing & (result.sites["stage"] == stage)]
        if of_stage.empty:
            continue
        key = f"suggested{number}"
        data[key] = layers.site_data(of_stage, result.rollout, words)
        label = _label(words("layer_suggested", stage=words.stage(stage)))
        drawn.append(layers.DrawnLayer("sites", key, label=label))
    return data, drawn


def _label(text: str) -> str:
    """Escape a name for the layer control: Leaflet reads HTML there, folium reads a template."""
    return html.escape(text).replace("{", "&#123;").replace("}", "&#125;")


def _panel(result: Result, words: Words) -> str:
    """Write the side panel: headline, totals, legend with counts, stages."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("walkcover.maps"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    head = figures.headline(result)
    stages = result.stages.assign(label=[words.stage(str(name)) for name in result.stages["name"]])
    return environment.get_template("panel.html.j2").render(
        t=words,
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
        legends=_legends(result, words),
        stages=stages.to_dict("records"),
    )


def _legends(result: Result, words: Words) -> list[list[dict[str, Any]]]:
    """Write the legend rows before and, where there is one, after building."""
    legends = []
    for suffix in ("", "_after") if figures.has_after(result) else ("",):
        counts = figures.legend_counts(result, suffix=suffix)
        rows: list[dict[str, Any]] = []
        labels = figures.class_labels(result.plan, words)
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


def _legend_row(key: str, label: str, counts: pd.Series | Mapping[str, float]) -> dict[str, Any]:
    return {
        "key": key,
        "label": label,
        "sub": False,
        "residences": int(counts["residences"]),
        "people": float(counts["people"]),
    }
