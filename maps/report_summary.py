"""The first chapters of the report: one page in plain words, and the totals behind it."""

from __future__ import annotations

import math

from walkcover.maps import figures, formats
from walkcover.maps.document import (
    Block,
    Bullets,
    Card,
    Cards,
    Cell,
    Chapter,
    Column,
    Figure,
    Heading,
    Paragraph,
    Row,
    Table,
    figure_cell,
)
from walkcover.maps.layers import is_text, street_list, zone_title
from walkcover.maps.load_layer import knows_desks
from walkcover.maps.pictures import where_it_is
from walkcover.maps.text import ZH, Words
from walkcover.result import Result

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


def norm_text(words: Words) -> str:
    """Write the norm of people per site."""
    low, high = formats.number(figures.NORM_LOW), formats.number(figures.NORM_HIGH)
    return words("norm", low=low, high=high)


def glance_chapter(result: Result, words: Words) -> Chapter:
    """
    Say on one page who is covered, where the worst gaps are, what to build first, how sure it is.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        The first page; it has no title.
    """
    head = figures.headline(result)
    said = _first_page(result, head, words)
    worst, first = _worst_gaps(result, words), _first_sites(result, words)
    sure = _how_sure(result, words)
    if head.distance_only:
        low, high = formats.number(figures.NORM_LOW), formats.number(figures.NORM_HIGH)
        sure.append(words("distance_only_note", low=low, high=high))
    build: list[Block] = [Paragraph(words("say_build_none"))]
    if first:
        build = [Paragraph(said["build"]), Bullets(tuple(first))]
    return Chapter(
        "glance",
        "",
        (
            _cards(head, words),
            Paragraph(said["people"], "say"),
            Heading(words("say_worst")),
            Bullets(tuple(worst), ordered=True) if worst else Paragraph(words("say_no_gap")),
            Heading(words("say_build")),
            *build,
            Heading(words("say_sure")),
            Bullets(tuple(sure)),
            Heading(words("picture")),
            Figure(
                where_it_is(result, words),
                (words("picture_note"), words("osm_credit")),
                beside=True,
            ),
        ),
    )


def _cards(head: figures.Headline, words: Words) -> Cards:
    share, gap, busy = head.covered_share, head.gap_people, head.people_per_site
    tag = Cell(words("distance_only"), key="distance_only") if head.distance_only else None
    unserved: tuple[str, ...] = ()
    if head.unserved_people is not None:
        lost = figure_cell(head.unserved_people.before, head.unserved_people.after, formats.people)
        of_these = words("unserved_of_these")
        unserved = (f"{of_these} {lost}",)
    return Cards(
        (
            Card(
                words("covered_share"), figure_cell(share.before, share.after, formats.share), tag
            ),
            Card(
                words("gap_people"),
                figure_cell(gap.before, gap.after, formats.people),
                notes=unserved,
            ),
            Card(
                words("people_per_site"),
                figure_cell(busy.before, busy.after, formats.people),
                notes=(norm_text(words),),
            ),
        )
    )


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
    gap = head.gap_people.before
    if head.unserved_people is None:
        lines = {"people": words("say_people", gap=formats.people(gap), **values)}
    else:
        unserved = head.unserved_people.before
        far, full = formats.people(gap - unserved), formats.people(unserved)
        lines = {"people": words("say_people_desks", far=far, unserved=full, **values)}
    if not lift:
        return lines
    desks = result.summary.get("desks")
    key, count, added = "say_build_total", formats.people(len(result.rollout)), ""
    if desks is not None:
        count, added = formats.people(desks["sites_added"]), formats.people(desks["desks_added"])
        key = "say_build_desks" if desks["desks_added"] else key
    lines["build"] = words(key, count=count, sites=count, desks=added, **lift)
    planned = result.summary["sites"]["planned"]
    if planned:
        between = "" if words.language == ZH else " "
        said = words("say_build_planned", count=formats.people(planned))
        lines["build"] += between + said
    return lines


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
        lines += _proofs(result, words)
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
        counted = result.operations is not None and knows_desks(result.operations.demand)
        lines.append(
            words("say_queues", chapter=words("hours_title")) if counted else words("say_no_queues")
        )
    part = result.summary.get("excerpt")
    if part:
        people = formats.people(part["whole"]["people"])
        zone = zone_title(part["zone_id"], part["zone_name"], words)
        lines.append(words("say_excerpt", zone=zone, people=people))
        lines.append(words("say_excerpt_sites"))
        if part.get("has_daily_work"):
            lines.append(words("say_excerpt_work"))
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


def _proofs(result: Result, words: Words) -> list[str]:
    """Say how good the siting is, in one line for stages that are alike."""
    stages: dict[str, list[str]] = {}
    for _, stage in result.stages.iterrows():
        proof = figures.proof_text(stage, words)
        stages.setdefault(proof, []).append(words.stage(str(stage["name"])))
    return [
        words("say_sure_proof", stage=words("list_and").join(names), proof=proof)
        for proof, names in stages.items()
    ]


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


def totals_chapter(result: Result, words: Words) -> Chapter:
    """
    List the headline figures, and people by verdict.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        Two tables, on a page of their own.
    """
    blocks = (_totals(result, words), Heading(words("by_verdict"), 2), _verdicts(result, words))
    return Chapter("totals", words("totals"), blocks, new_page=True)


def _totals(result: Result, words: Words) -> Table:
    head, after = figures.headline(result), figures.has_after(result)
    columns = [Column(""), Column(words("before"), "number")]
    people = formats.people(head.people)
    rows = [[Cell(words("people")), Cell(people, key="people", value=head.people)]]
    if after:
        columns.append(Column(words("after"), "number"))
        rows[0].append(Cell(people))
    listed = [head.covered_people, head.covered_share, head.gap_people, head.sites]
    listed += [head.people_per_site]
    listed += [] if head.unserved_people is None else [head.unserved_people]
    for figure in listed:
        write = formats.share if figure.key == "covered_share" else formats.people
        title = words("sites_now" if figure.key == "sites" else figure.key)
        cells = [Cell(title), Cell(write(figure.before), key=figure.key, value=figure.before)]
        if figure.after is not None:
            later = write(figure.after)
            cells.append(Cell(later, key=f"{figure.key}_after", value=figure.after))
        rows.append(cells)
    return Table(tuple(columns), tuple(Row(tuple(cells)) for cells in rows))


def _verdicts(result: Result, words: Words) -> Table:
    """Take the verdicts as the summary counts them, before and after building."""
    summary, after = result.summary, figures.has_after(result)
    limit = formats.number(result.plan.walk.limit_min)
    snap = formats.number(result.plan.walk.snap_limit_m)
    columns = [Column(words("verdict"), "word"), Column(words("meaning"))]
    columns += [Column(words("residences"), "people"), Column(words("people"), "people")]
    if after:
        columns.append(Column(f"{words('people')}\n{words('after')}", "people"))
    rows = []
    nobody = {"residences": 0, "people": 0.0}
    for name in VERDICTS:
        key, counts = f"verdicts.{name}", summary["verdicts"].get(name, nobody)
        cells = [Cell(words(f"verdict_{name}"))]
        cells.append(Cell(words(f"meaning_{name}", limit=limit, snap=snap)))
        for unit in ("residences", "people"):
            text = formats.people(counts[unit])
            cells.append(Cell(text, key=f"{key}.{unit}", value=counts[unit]))
        if after:
            later = summary["verdicts_after"].get(name, nobody)["people"]
            cells.append(
                Cell(formats.people(later), key=f"verdicts_after.{name}.people", value=later)
            )
        rows.append(Row(tuple(cells)))
    return Table(tuple(columns), tuple(rows))
