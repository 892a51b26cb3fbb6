"""The chapters of the report on sites: what to build, each site by itself, what if one closes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from walkcover.maps import figures, formats
from walkcover.maps.document import (
    Block,
    Bullets,
    Cell,
    Chapter,
    Column,
    FactCard,
    FactCards,
    Figure,
    Heading,
    Paragraph,
    Row,
    Table,
    figure_cell,
)
from walkcover.maps.layers import is_text, site_titles, street_list
from walkcover.maps.pictures import coverage_curve
from walkcover.maps.report_summary import norm_text
from walkcover.maps.text import Words
from walkcover.result import Result

# Rows shown of the long lists; the whole lists are in the other output files.
SITES_SHOWN = 100
CLOSURES_SHOWN = 30
SITES_NAMED = 20
# Cards of sites to build, and of sites that stand.
CARDS_SHOWN = 12

Record = dict[Any, Any]


def build_chapter(result: Result, words: Words) -> Chapter:
    """
    List what to build in order, with the curve of the share covered.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        A drawing and a table, or a sentence where nothing is suggested.
    """
    title = words("build_list")
    if result.rollout.empty:
        return Chapter("build", title, (Paragraph(words("build_none")),))
    has_desks = "action" in result.rollout
    columns = [Column(words("order"), "number"), Column(words("stage"), "word")]
    columns += [Column(words("action"), "word")] if has_desks else []
    columns.append(Column(words("site"), "name"))
    columns += [Column(words("desks"), "people")] if has_desks else []
    columns.append(Column(words("near"), "name"))
    columns += [Column("lon", "degrees"), Column("lat", "degrees")]
    columns += [Column(words("people_gained"), "people"), Column(words("covered_share"), "share")]
    first = result.rollout.head(SITES_SHOWN).to_dict("records")
    rows = [Row(tuple(_build_cells(site, words)), key=str(site["order"])) for site in first]
    counts = {"count": formats.people(len(result.rollout)), "shown": formats.people(len(rows))}
    across = words("curve_x_desks" if has_desks else "curve_x")
    axes = words("axes", across=across, up=words("covered_share"))
    blocks = (
        Figure(coverage_curve(result, words), (f"{words('curve')}. {axes}",)),
        Paragraph(words("build_note_desks" if has_desks else "build_note", **counts), "quiet"),
        Table(tuple(columns), tuple(rows), keys="order"),
    )
    return Chapter("build", title, blocks)


def _build_cells(site: Record, words: Words) -> Iterator[Cell]:
    key = f"rollout.{site['order']}"
    yield Cell(formats.people(site["order"]))
    yield Cell(words.stage(str(site["stage"])))
    if "action" in site:
        yield Cell(words(f"action_{site['action']}"))
    yield Cell(str(site["site_id"]))
    if "action" in site:
        yield Cell(formats.people(site["desks"]))
    yield Cell(street_list(site["near"], words) if is_text(site["near"]) else formats.MISSING)
    yield Cell(formats.degrees(site["lon"]))
    yield Cell(formats.degrees(site["lat"]))
    for name, write in (("people_gained", formats.people), ("covered_share", formats.share)):
        yield Cell(write(site[name]), key=f"{key}.{name}", value=site[name])


def cards_chapter(result: Result, words: Words) -> Chapter | None:
    """
    Tell of the sites to build first and of those that would be missed most: a card for each.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        Cards; None where no site stands and none is suggested.
    """
    suffix = "_after" if figures.has_after(result) else ""
    if result.closures.empty:
        return None
    table = _site_facts(result)
    new = (table["status"] == "suggested").to_numpy()
    blocks: list[Block] = [Paragraph(words("card_note", norm=norm_text(words)), "quiet")]
    for key, part, by, rising in (
        ("card_new", table[new], "order", True),
        ("card_old", table[~new], f"only_people{suffix}", False),
    ):
        if len(part):
            first = part.sort_values(by, ascending=rising, kind="stable").head(CARDS_SHOWN)
            cards = [_card(site, suffix, words) for site in first.to_dict("records")]
            counts = {"count": formats.people(len(part)), "shown": formats.people(len(cards))}
            blocks.append(Heading(words(key, **counts)))
            blocks.append(FactCards(tuple(cards)))
    return Chapter("cards", words("card_list"), tuple(blocks))


def _site_facts(result: Result) -> pd.DataFrame:
    """Put together what the tables know of each site that stands now or after building."""
    closures = result.closures.drop(columns=["lon", "lat"], errors="ignore")
    known = ["site_id", "lon", "lat", "order", "stage", "people_served"]
    known += ["desks", "desks_added", "load_share"]
    sites = result.sites[[name for name in known if name in result.sites]]
    # A run that sought no sites has a rollout without columns.
    near = result.rollout.reindex(columns=["site_id", "near"]).drop_duplicates("site_id")
    table = closures.assign(title=site_titles(closures))
    return table.merge(sites, on="site_id", how="left").merge(near, on="site_id", how="left")


def _card(site: Record, suffix: str, words: Words) -> FactCard:
    is_new = site["status"] == "suggested"
    tag = words(f"status_{site['status']}")
    if is_new:
        order, stage = formats.people(site["order"]), words.stage(str(site["stage"]))
        tag = words("card_order", order=order, stage=stage)
    degrees = f"{formats.degrees(site['lon'])} {formats.degrees(site['lat'])}"
    facts = [(words("place"), Cell(degrees))]
    if is_text(site["near"]):
        facts.insert(0, (words("near"), Cell(street_list(site["near"], words))))
    reach = figure_cell(site[f"people_within_reach{suffix}"], None, formats.people)
    served = Cell(
        formats.people(site["people_served"]),
        note="▲" if site["people_served"] > figures.NORM_HIGH else "",
        key=f"sites.{site['site_id']}.people_served",
        value=site["people_served"],
    )
    facts += [(words("people_in_reach"), reach), (words("people_served"), served)]
    if "load_share" in site:
        added = site["desks_added"]
        desks = formats.number(site["desks"]) + (f" +{added:,.0f}" if added > 0 else "")
        facts.append((words("desks"), Cell(desks)))
        facts.append((words("load_share"), Cell(formats.share(site["load_share"]))))
    facts.append((words("if_it_closes"), Cell(_if_closed(site, suffix, words))))
    return FactCard(site["title"], tag, tuple(facts))


def _if_closed(site: Record, suffix: str, words: Words) -> str:
    """Say who loses cover and who walks further where a site closes by itself."""
    lost, moved = site[f"only_people{suffix}"], site[f"moved_people{suffix}"]
    parts = [words("closed_nobody")]
    if lost > 0:
        parts = [words("closed_lose", people=formats.people(lost))]
    if moved > 0:
        extra = formats.minutes(site[f"extra_walk_s{suffix}"])
        parts.append(words("closed_moved", people=formats.people(moved), minutes=extra))
    return words("sentence_and").join(parts)


def closures_chapter(result: Result, words: Words) -> Chapter:
    """
    Say what the closing of each site would do, and which sites nobody would miss.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        Sentences and a table, by the people who would lose cover.
    """
    title, tag = words("closure_list"), words("distance_only")
    if result.closures.empty:
        return Chapter("closures", title, (Paragraph(words("closure_none")),), tag=tag)
    after = figures.has_after(result)
    key = "only_people_after" if after else "only_people"
    table = result.closures.sort_values(key, ascending=False, kind="stable").head(CLOSURES_SHOWN)
    listed = (
        ("people_within_reach", "people_in_reach", formats.people),
        ("only_people", "lose_cover", formats.people),
        ("moved_people", "walk_further", formats.people),
        ("extra_walk_s", "extra_walk", formats.minutes),
    )
    columns = [Column(words("site"), "name"), Column(words("status"), "word")]
    columns += [
        Column(words(head), "minutes" if write is formats.minutes else "people")
        for _, head, write in listed
    ]
    rows = []
    for site, name in zip(table.to_dict("records"), site_titles(table), strict=True):
        cells = [Cell(name), Cell(words(f"status_{site['status']}"))]
        for figure, _, write in listed:
            later = _number(site[f"{figure}_after"]) if after else None
            cells.append(figure_cell(_number(site[figure]), later, write))
        rows.append(Row(tuple(cells), key=str(site["site_id"])))
    counts = {"count": formats.people(len(result.closures)), "shown": formats.people(len(rows))}
    blocks = (
        Bullets((*_unmissed(result, words), words("closure_distance_only"))),
        Paragraph(words("closure_note", **counts), "quiet"),
        Table(tuple(columns), tuple(rows), keys="site"),
    )
    return Chapter("closures", title, blocks, tag=tag)


def _number(value: float | None) -> float:
    """Take a figure of a site that may not stand in this state."""
    return math.nan if value is None or pd.isna(value) else float(value)


def _unmissed(result: Result, words: Words) -> Iterator[str]:
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
    for state, label in labels.items():
        if state not in states:
            continue
        figure = states[state]
        alone, together = figure["nobody_would_miss"], figure["closable_together"]
        if not alone:
            yield words("say_all_missed", state=label)
            continue
        key = "say_unmissed"
        if together != alone:
            proved = figure["closable_status"] == "optimal"
            key += "_some" if proved else "_at_least"
        marks = {one: "●" for one in together if together != alone}
        shown = [marks.get(one, "") + titles[one] + idle.get((state, one), "") for one in alone]
        named = words("list_and").join(shown[:SITES_NAMED])
        yield words(
            key,
            state=label,
            alone=formats.people(len(alone)),
            together=formats.people(len(together)),
            bound=formats.people(figure["closable_bound"]),
            sites=named if len(shown) <= SITES_NAMED else named + words("and_more_closures"),
        )
