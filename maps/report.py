"""Write a result as one printable report in plain words."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from typing import Any

import jinja2
import pandas as pd

from walkcover.maps import figures, formats
from walkcover.maps.layers import is_text, site_titles, street_list, zone_title
from walkcover.maps.offline import asset, refuse_requests, security_policy
from walkcover.maps.pictures import coverage_curve, where_it_is
from walkcover.maps.text import ZH, Words
from walkcover.result import Result

LANGUAGE_TAGS = {"zh": "zh-CN", "en": "en"}
# Rows shown of the long lists; the whole lists are in the other output files.
GAPS_SHOWN = 30
SITES_SHOWN = 100
IDS_SHOWN = 20
REMEDIES_SHOWN = 12
CLOSURES_SHOWN = 30
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
GLOSSARY = ("walk", "covered", "gap", "stage", "bound")
SHORTAGES_SHOWN = 12

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
            *([] if head.unserved_people is None else [head.unserved_people]),
        ],
        desks=_desk_figures(result, words),
        worst=_worst_gaps(result, words),
        first=_first_sites(result, words),
        sure=_how_sure(result, words),
        verdicts=_verdict_rows(result),
        band=_band_rows(result, words),
        stages=_stage_rows(result, words),
        zones=_zone_rows(result, words),
        gaps=_gap_rows(result, words),
        gap_count=len(result.gap_areas),
        sites=_site_rows(result, words),
        site_count=len(result.rollout),
        short=_short_stages(result, words),
        remedies=_remedy_rows(result, words),
        remedy_count=len(result.remedies),
        remedies_shown=formats.number(REMEDIES_SHOWN),
        unmissed=_unmissed(result, words),
        closures=_closure_rows(result, words),
        closure_count=len(result.closures),
        planned=result.summary["sites"]["planned"],
        price=result.summary.get("price_people"),
        price_key="price_of_order_at_least"
        if result.summary.get("price_gap")
        else "price_of_order",
        first_page=_first_page(result, head, words),
        curve=coverage_curve(result, words) if len(result.rollout) else None,
        picture=where_it_is(result, words),
        unsnapped=_unsnapped(result),
        parameters=[
            ("walk.flat_kmh", formats.number(result.plan.walker.speed_kmh)),
            *_flat(result.plan.parameters(with_desks=not head.distance_only)),
        ],
        inputs=sorted(result.summary.get("inputs", {}).items()),
        versions=sorted(result.summary.get("versions", {}).items()),
        glossary=(*GLOSSARY, "distance_only" if head.distance_only else "desk_time"),
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


def _first_page(result: Result, head: figures.Headline, words: Words) -> dict[str, str]:
    """Say who is covered today and what building brings, with desk time where it counts."""
    share = formats.share(head.covered_share.before)
    values = {
        "people": formats.people(head.people),
        "covered": formats.people(head.covered_people.before),
        "share": share,
        "limit": formats.number(result.plan.walk.limit_min),
    }
    after = head.covered_share.after
    lift = {} if after is None else {"before": share, "after": formats.share(after)}
    if head.unserved_people is None:
        gap = formats.people(head.gap_people.before)
        lines = {"people": words("say_people", gap=gap, **values)}
        if lift:
            count = formats.people(len(result.rollout))
            lines["build"] = words("say_build_total", count=count, **lift)
        return lines
    unserved = head.unserved_people.before
    far = formats.people(head.gap_people.before - unserved)
    lines = {
        "people": words("say_people_desks", far=far, unserved=formats.people(unserved), **values)
    }
    if lift:
        desks = result.summary["desks"]
        key = "say_build_desks" if desks["desks_added"] else "say_build_total"
        count = formats.people(desks["sites_added"])
        added = formats.people(desks["desks_added"])
        lines["build"] = words(key, count=count, sites=count, desks=added, **lift)
    return lines


def _desk_figures(result: Result, words: Words) -> Row | None:
    """Write what the desks can do and where they run short; None where distance alone counts."""
    desks = result.summary.get("desks")
    if desks is None:
        return None
    titles = dict(zip(result.sites["site_id"].astype(str), site_titles(result.sites), strict=True))
    states = []
    for name in [name for name in ("now", "after") if name in desks]:
        state = desks[name]
        groups = []
        for group in state["shortages"][:SHORTAGES_SHOWN]:
            shown = words("list_and").join(titles[one] for one in group["sites"][:IDS_SHOWN])
            more = len(group["sites"]) - IDS_SHOWN
            groups.append({**group, "titles": f"{shown} … +{more}" if more > 0 else shown})
        note = words(
            "shortage_note",
            count=formats.people(len(state["shortages"])),
            shown=formats.people(len(groups)),
        )
        states.append({**state, "name": name, "groups": groups, "note": note})
    return {"states": states, "days": formats.number(result.plan.desks.interval_days)}


def _first_sites(result: Result, words: Words) -> list[str]:
    """Say what to build first."""
    return [
        words(
            "say_extend_first",
            order=formats.people(site["order"]),
            stage=words.stage(str(site["stage"])),
            site=str(site["site_id"]),
            desks=formats.people(site["desks"]),
            people=formats.people(site["people_gained"]),
        )
        if site.get("action") == "extend"
        else words(
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
    lines = [words("say_sure_walk", speed=formats.number(result.plan.walker.speed_kmh))]
    if result.plan.network.elevation:
        lines.append(words("say_sure_hills"))
    lines += _how_fast(result, words)
    cells = result.summary.get("population")
    if cells:
        names = ("people", "stand_ins", "stand_in_people")
        lines.append(
            words("say_sure_cells", **{name: formats.people(cells[name]) for name in names})
        )
    elderly = result.summary.get("elderly")
    if elderly and elderly["people"]:
        people, share = formats.people(elderly["people"]), formats.share(elderly["covered_share"])
        lines.append(words("say_elderly", people=people, share=share))
    if "status" in result.stages:
        lines += [
            words(
                "say_sure_proof",
                stage=words.stage(str(stage["name"])),
                proof=figures.proof_text(stage, words),
            )
            for _, stage in result.stages.iterrows()
        ]
    if "desks" in result.summary:
        desks = result.plan.desks
        lines.append(
            words(
                "say_sure_desks",
                rate=formats.number(desks.tests_per_desk_hour),
                days=formats.number(desks.interval_days),
                hours=formats.number(desks.hours_per_day),
            )
        )
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


def _how_fast(result: Result, words: Words) -> list[str]:
    """Say how much hangs on the walking speed, where the band holds two speeds."""
    band = result.summary["band"]
    if len(band) < 2:
        return []
    values = {}
    for name, entry in (("slow", band[0]), ("fast", band[-1])):
        values[name] = words.profile(entry["profile"])
        values[f"{name}_kmh"] = formats.number(entry["speed_kmh"])
        share = entry["reached_share"]
        values[f"{name}_share"] = formats.share(math.nan if share is None else share)
    return [words("say_sure_band", **values)]


def _band_rows(result: Result, words: Words) -> list[Row]:
    """Write who is within reach at each speed, in all and by stage."""
    return [
        entry
        | {
            "label": words.profile(entry["profile"]),
            "parts": [
                {key: math.nan if value is None else value for key, value in part.items()}
                for part in (entry, *(entry["stages"] if len(entry["stages"]) > 1 else []))
            ],
        }
        for entry in result.summary["band"]
    ]


def _verdict_rows(result: Result) -> list[Row]:
    """Take the verdicts as the summary counts them, before and after building."""
    rows: list[Row] = []
    nobody = {"residences": 0, "people": 0.0}
    for name in VERDICTS:
        before = result.summary["verdicts"].get(name, nobody)
        row: Row = {"name": name, "residences": before["residences"], "people": before["people"]}
        if figures.has_after(result):
            row["people_after"] = result.summary["verdicts_after"].get(name, nobody)["people"]
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
            counts_cost = stage["cost"] != stage["sites_added"] or stage.get("desks_added", 0) > 0
            spent = words("unit_cost" if counts_cost else "unit_sites")
            row["unit"] = words("unit_people") if counts_people else spent
            # Desks cost quarters of a site; without them nothing changes.
            row["write"] = formats.cost if "desks_added" in stage else formats.number
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
            "action_text": words(f"action_{site.get('action', 'build')}"),
            "near_text": street_list(site["near"], words)
            if is_text(site["near"])
            else formats.MISSING,
        }
        for site in result.rollout.head(SITES_SHOWN).to_dict("records")
    ]


def _short_stages(result: Result, words: Words) -> list[str]:
    """Say for each stage that leaves people out how little would help."""
    goals = {
        stage["name"]: figures.goal_text(stage, words) for _, stage in result.stages.iterrows()
    }
    lines = []
    for short in result.summary.get("remedies", []):
        values = {"stage": words.stage(short["stage"]), "goal": goals[short["stage"]]}
        parts = []
        if short["target_missed"]:
            missing = formats.people(short["missing_people"])
            parts.append(words("say_target_missed", missing=missing, **values))
        if short["zones_short"]:
            zones = formats.people(short["zones_short"])
            people = formats.people(short["zones_short_people"])
            parts.append(words("say_zones_short", zones=zones, people=people, **values))
        if not parts:
            people = formats.people(short["uncovered_people"])
            lines.append(words("say_means_used", people=people, **values))
            continue
        needed, helped = formats.people(short["needed"]), formats.people(short["needed_people"])
        parts.append(words("say_enough", needed=needed, people=helped))
        if short["limit_min"] is not None:
            parts.append(words("say_longer_limit", limit=formats.number(short["limit_min"])))
        elif (
            short["target_missed"]
            and result.plan.siting.sites_in_reach == 1
            and result.summary["distance_only"]
        ):
            parts.append(words("say_no_limit"))
        lines.append(("" if words.language == ZH else " ").join(parts))
    return lines


def _remedy_rows(result: Result, words: Words) -> list[Row]:
    first = result.remedies.groupby("stage", sort=False).head(REMEDIES_SHOWN)
    return [
        row
        | {
            "stage_text": words.stage(str(row["stage"])),
            "remedy_text": words(
                f"remedy_{row['remedy']}" + ("_count" if row.get("desks", 0) > 0 else ""),
                desks=formats.people(row.get("desks", 0)),
                street=formats.people(row["street_m"]),
                limit=formats.number(row["limit_min"]),
                place=str(row["place_id"]) if is_text(row["place_id"]) else "",
            )
            + (f" ×{row['sites']}" if row["sites"] > 1 else ""),
            "reason_text": _reason(row, words),
            "place_text": _place(row, words),
            "degrees_text": ""
            if pd.isna(row["lon"])
            else f"{formats.degrees(row['lon'])} {formats.degrees(row['lat'])}",
        }
        for row in first.to_dict("records")
    ]


def _reason(row: Row, words: Words) -> str:
    """Say why people are not covered, and why no site was built for them."""
    lacks_backup = row["reason"] == "no_backup"
    parts = [words("why_no_backup" if lacks_backup else f"verdict_{row['reason']}")]
    if row["remedy"] in ("site", "candidate"):
        parts.append(words(f"why_{row['remedy']}"))
    return words("list_and").join(parts)


def _place(row: Row, words: Words) -> str:
    """Say where a remedy is to stand: zone and streets."""
    parts = [zone_title(row["zone_id"], row["zone_name"], words)]
    if is_text(row["near"]):
        parts.append(street_list(row["near"], words))
    return words("list_and").join(parts)


def _unmissed(result: Result, words: Words) -> list[str]:
    """Name the sites that nobody would miss, and say how many of them can close together."""
    sites = result.sites["site_id"].astype(str)
    titles = dict(zip(sites, site_titles(result.sites), strict=True))
    labels = {"now": words("before"), "after": words("after")}
    # Where nobody lives within reach, the place of the site may be wrong.
    idle = {
        (state, str(site)): words("nobody_in_reach")
        for state, suffix in (("now", ""), ("after", "_after"))
        if f"people_within_reach{suffix}" in result.closures
        for site in result.closures.loc[
            result.closures[f"people_within_reach{suffix}"] == 0, "site_id"
        ]
    }
    states = result.summary["closures"]
    figures_of = {state: {**figure, "sites": 0} for state, figure in states.items()}
    if len(states) > 1 and figures_of["now"] == figures_of["after"]:
        labels = {"now": words("before_and_after")}
    lines = []
    for state, label in labels.items():
        if state not in states:
            continue
        figure = states[state]
        alone, together = figure["nobody_would_miss"], figure["closable_together"]
        if not alone:
            lines.append(words("say_all_missed", state=label))
            continue
        key = "say_unmissed"
        if together != alone:
            proved = figure["closable_status"] == "optimal"
            key += "_some" if proved else "_at_least"
        marks = {one: "●" for one in together if together != alone}
        shown = [marks.get(one, "") + titles[one] + idle.get((state, one), "") for one in alone]
        named = words("list_and").join(shown[:IDS_SHOWN])
        lines.append(
            words(
                key,
                state=label,
                alone=formats.people(len(alone)),
                together=formats.people(len(together)),
                bound=formats.people(figure["closable_bound"]),
                sites=named if len(shown) <= IDS_SHOWN else named + words("and_more_closures"),
            )
        )
    return lines


def _closure_rows(result: Result, words: Words) -> list[Row]:
    """Order the sites by the people who would lose cover, most first."""
    key = "only_people_after" if figures.has_after(result) else "only_people"
    table = result.closures.sort_values(key, ascending=False, kind="stable").head(CLOSURES_SHOWN)
    titles = site_titles(table)
    return [
        row | {"title": title, "status_text": words(f"status_{row['status']}")}
        for row, title in zip(table.to_dict("records"), titles, strict=True)
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
