"""Write a result as one printable report in plain words."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import jinja2
import pandas as pd

from walkcover.maps import figures, formats
from walkcover.maps.layers import is_text, street_list, zone_title
from walkcover.maps.offline import asset, refuse_requests, security_policy
from walkcover.maps.pictures import coverage_curve, where_it_is
from walkcover.maps.text import Words
from walkcover.result import Result

LANGUAGE_TAGS = {"zh": "zh-CN", "en": "en"}
# Rows shown of the long lists; the whole lists are in the other output files.
GAPS_SHOWN = 30
SITES_SHOWN = 100
IDS_SHOWN = 20
# Lines of the first page.
WORST_SHOWN = 3
FIRST_SHOWN = 3
VERDICTS = (
    "covered",
    "over_capacity",
    "too_far",
    "island",
    "no_site",
    "not_snapped",
    "no_people",
)
GLOSSARY = ("walk", "covered", "gap", "stage", "bound", "distance_only")

Row = dict[Hashable, Any]


def build_report(result: Result) -> str:
    """
    Write the report of a run: a first page in plain words, then the tables behind it.

    Parameters
    ----------
    result
        A finished run; without columns ending in ``_after`` the report has the present state only.

    Returns
    -------
    html
        One page for A4 paper. It asks no host for anything, runs no script, and the same result
        gives the same text.

    Raises
    ------
    InputError
        If something in the page would make a browser ask for another file.
    """
    words = Words(result.plan.plan.language)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("walkcover.maps"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    head = figures.headline(result)
    limit = formats.number(result.plan.walk.limit_min)
    html = environment.get_template("report.html.j2").render(
        t=words,
        f=formats,
        lang=LANGUAGE_TAGS[words.language],
        css=asset("report.css"),
        name=result.plan.plan.name,
        date=result.plan.plan.date,
        limit=limit,
        snap=formats.number(result.plan.walk.snap_limit_m),
        norm=[formats.number(figures.NORM_LOW), formats.number(figures.NORM_HIGH)],
        norm_high=figures.NORM_HIGH,
        head=head,
        after=figures.has_after(result),
        figures=[
            head.covered_people,
            head.covered_share,
            head.gap_people,
            head.sites,
            head.people_per_site,
        ],
        worst=_worst_gaps(result, words),
        first=_first_sites(result, words),
        sure=_how_sure(result, words),
        verdicts=_verdict_rows(result),
        stages=_stage_rows(result, words),
        zones=_zone_rows(result, words),
        gaps=_gap_rows(result, words),
        gap_count=len(result.gap_areas),
        sites=_site_rows(result, words),
        site_count=len(result.rollout),
        planned=result.summary["sites"]["planned"],
        price=result.summary.get("price_people"),
        price_key="price_of_order_at_least"
        if result.summary.get("price_gap")
        else "price_of_order",
        curve=coverage_curve(result, words) if len(result.rollout) else None,
        picture=where_it_is(result, words),
        unsnapped=_unsnapped(result),
        parameters=[
            ("walk.flat_kmh", formats.number(result.plan.walk.flat_kmh)),
            *_flat(result.plan.parameters()),
        ],
        inputs=sorted(result.summary.get("inputs", {}).items()),
        versions=sorted(result.summary.get("versions", {}).items()),
        glossary=GLOSSARY,
    )
    refuse_requests(html)
    return html.replace("<head>", "<head>\n" + security_policy(html), 1)


def _worst_gaps(result: Result, words: Words) -> list[str]:
    """Say where most people are left out."""
    lines = []
    for area in result.gap_areas.head(WORST_SHOWN).to_dict("records"):
        values = {
            "zone": zone_title(area["zone_id"], area["zone_name"], words),
            "people": formats.people(area["people"]),
            "reason": words(f"verdict_{area['reason']}").lower(),
        }
        if is_text(area["near"]):
            lines.append(words("say_gap", near=street_list(area["near"], words), **values))
        else:
            lines.append(words("say_gap_no_street", **values))
    return lines


def _first_sites(result: Result, words: Words) -> list[str]:
    """Say what to build first."""
    return [
        words(
            "say_build_first",
            order=formats.people(site["order"]),
            stage=words.stage(str(site["stage"])),
            near=street_list(site["near"], words)
            if is_text(site["near"])
            else str(site["site_id"]),
            people=formats.people(site["people_gained"]),
        )
        for site in result.rollout.head(FIRST_SHOWN).to_dict("records")
    ]


def _how_sure(result: Result, words: Words) -> list[str]:
    """Say how the walks were measured, how good the siting is and what data is in doubt."""
    lines = [words("say_sure_walk", speed=formats.number(result.plan.walk.flat_kmh))]
    if "status" in result.stages:
        lines += [
            words(
                "say_sure_proof",
                stage=words.stage(str(stage["name"])),
                proof=figures.proof_text(stage, words),
            )
            for _, stage in result.stages.iterrows()
        ]
    lost = result.residences["verdict"] == "not_snapped"
    if lost.any():
        lines.append(
            words(
                "say_sure_not_snapped",
                people=formats.people(result.residences.loc[lost, "people"].sum()),
                snap=formats.number(result.plan.walk.snap_limit_m),
            )
        )
    return lines


def _verdict_rows(result: Result) -> list[Row]:
    """Take the verdicts as the summary counts them, before and after building."""
    rows: list[Row] = []
    table = result.residences
    for name in VERDICTS:
        before = result.summary["verdicts"].get(name, {"residences": 0, "people": 0.0})
        row: Row = {"name": name, "residences": before["residences"], "people": before["people"]}
        if figures.has_after(result):
            chosen = table["verdict_after"] == name
            row["people_after"] = table.loc[chosen, "people"].sum()
        rows.append(row)
    return rows


def _stage_rows(result: Result, words: Words) -> list[Row]:
    """Write goal and proof of each stage in words beside its figures."""
    rows = []
    for _, stage in result.stages.iterrows():
        row = stage.to_dict() | {"label": words.stage(str(stage["name"]))}
        row["goal"] = figures.goal_text(stage, words)
        if "status" in stage:
            counts_people = pd.notna(stage["max_sites"]) or pd.notna(stage["budget"])
            counts_cost = stage["cost"] != stage["sites_added"]
            spent = words("unit_cost" if counts_cost else "unit_sites")
            row["unit"] = words("unit_people") if counts_people else spent
            row["proof"] = figures.proof_text(stage, words)
        rows.append(row)
    return rows


def _zone_rows(result: Result, words: Words) -> list[Row]:
    """Order the zones as a tree, children below their parent, and note the depth."""
    zones = result.zones.drop(columns="geometry").to_dict("records")
    known = {zone["zone_id"] for zone in zones}
    children: dict[Any, list[Row]] = {}
    for zone in zones:
        parent = zone["parent_id"] if zone["parent_id"] in known else None
        children.setdefault(parent, []).append(zone)

    def below(parent: Any, depth: int) -> Iterator[Row]:
        for zone in children.get(parent, []):
            title = zone_title(zone["zone_id"], zone["name"], words)
            yield zone | {"depth": depth, "title": title}
            yield from below(zone["zone_id"], depth + 1)

    return list(below(None, 0))


def _gap_rows(result: Result, words: Words) -> list[Row]:
    return [
        area
        | {
            "zone": zone_title(area["zone_id"], area["zone_name"], words),
            "reason_text": words(f"verdict_{area['reason']}"),
            "near_text": street_list(area["near"], words)
            if is_text(area["near"])
            else formats.MISSING,
        }
        for area in result.gap_areas.head(GAPS_SHOWN).drop(columns="geometry").to_dict("records")
    ]


def _site_rows(result: Result, words: Words) -> list[Row]:
    return [
        site
        | {
            "stage_text": words.stage(str(site["stage"])),
            "near_text": street_list(site["near"], words)
            if is_text(site["near"])
            else formats.MISSING,
        }
        for site in result.rollout.head(SITES_SHOWN).to_dict("records")
    ]


def _unsnapped(result: Result) -> Row:
    """List the residences that joined no street, most people first."""
    lost = result.residences[result.residences["snap_to"].isna()]
    first = lost.sort_values("people", ascending=False, kind="stable").head(IDS_SHOWN)
    return {
        "count": len(lost),
        "people": float(lost["people"].sum()),
        "ids": [str(one) for one in first["residence_id"]],
    }


def _flat(parameters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Write nested parameters as lines of name and value, leaving out what is empty."""
    for section, content in parameters.items():
        entries = (
            [(f"{section}.{key}", value) for key, value in content.items()]
            if isinstance(content, dict)
            else [
                (f"{section}[{number}].{key}", value)
                for number, entry in enumerate(content, start=1)
                for key, value in entry.items()
            ]
        )
        yield from ((name, str(value)) for name, value in entries if value not in ("", None))
