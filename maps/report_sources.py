"""The last chapters of the report: what did not fit, what was assumed, where the data come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from walkcover.maps import figures, formats
from walkcover.maps.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Heading,
    Paragraph,
    Row,
    Table,
    Terms,
)
from walkcover.maps.layers import site_titles
from walkcover.maps.text import Words
from walkcover.plan import Plan, bare_name
from walkcover.result import Result

IDS_SHOWN = 20
GLOSSARY = ("walk", "covered", "gap", "stage", "bound")


def unsnapped_chapter(result: Result, words: Words) -> Chapter:
    """
    List the residences that joined no street, most people first, and the sites.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        Counts and first ids.
    """
    lost = result.residences[result.residences["snap_to"].isna()]
    first = lost.sort_values("people", ascending=False, kind="stable").head(IDS_SHOWN)
    snap = formats.number(result.plan.walk.snap_limit_m)
    blocks: list[Block] = [Paragraph(words("not_snapped_none"))]
    if len(lost):
        people = formats.people(float(lost["people"].sum()))
        count = formats.people(len(lost))
        said = words("not_snapped_note", count=count, people=people, snap=snap)
        named = words("list_and").join(first["residence_id"].astype(str))
        more = " " + words("and_more") if len(lost) > len(first) else ""
        blocks = [Paragraph(said), Paragraph(named + more, "names")]
    sites = result.sites[result.sites["snap_to"].isna()]
    if len(sites):
        titles = site_titles(sites.head(IDS_SHOWN))
        more = f" … +{len(sites) - IDS_SHOWN}" if len(sites) > IDS_SHOWN else ""
        count = formats.people(len(sites))
        blocks.append(Paragraph(words("sites_not_snapped", count=count, snap=snap)))
        blocks.append(Paragraph(words("list_and").join(titles) + more, "names"))
    return Chapter("unsnapped", words("not_snapped"), tuple(blocks))


def sources_chapter(result: Result, words: Words) -> Chapter:
    """
    List all parameters in force, the files with their dates and checksums, and the versions.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        Tables; a date only where a file itself states one.
    """
    distance_only = result.summary["distance_only"]
    listed = [
        ("walk.flat_kmh", formats.number(result.plan.walker.speed_kmh)),
        *_flat(
            result.plan.parameters(
                with_desks=not distance_only, with_work=result.operations is not None
            )
        ),
    ]
    columns = (Column(words("parameter"), "name"), Column(words("value"), "name"))
    rows = tuple(Row((Cell(key), Cell(value))) for key, value in listed)
    blocks: list[Block] = [Table(columns, rows, halves=True)]
    if result.summary.get("inputs"):
        blocks += [Heading(words("sources"), 2), _files(result, words)]
    versions = sorted(result.summary.get("versions", {}).items())
    if versions:
        named = words("list_and").join(f"{key} {value}" for key, value in versions)
        blocks.append(Paragraph(f"{words('versions')}: {named}", "quiet"))
    return Chapter("sources", words("assumptions"), tuple(blocks))


def _files(result: Result, words: Words) -> Table:
    """List the files, what each is for, and the state of its data where it says so."""
    uses, dates = _uses(result.plan, words), result.summary.get("input_dates", {})
    columns = [Column(words("file"), "name"), Column(words("used_for"))]
    columns += [Column(words("state_of_data")), Column("sha256", "code")]
    rows = []
    for name, digest in sorted(result.summary["inputs"].items()):
        used = words("list_and").join(uses.get(PurePath(name).with_suffix(""), [formats.MISSING]))
        date = dates.get(name) or words("date_not_stated")
        rows.append(Row((Cell(name), Cell(used), Cell(date), Cell(digest))))
    return Table(tuple(columns), tuple(rows))


def _uses(plan: Plan, words: Words) -> dict[PurePath, list[str]]:
    """What each file is used for, by its name without suffix: a shapefile is several files."""
    uses: dict[PurePath, list[str]] = {}
    for place, source in plan.files().items():
        section, key = place.removeprefix("[").split("] ")
        what = [section if key.startswith("source") else key.split()[0]]
        what += ["residences"] if section == "network" and plan.residences.source == "osm" else []
        known = uses.setdefault(PurePath(bare_name(source)).with_suffix(""), [])
        known += [said for said in (words(f"use_{one}") for one in what) if said not in known]
    return uses


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


def glossary_chapter(result: Result, words: Words) -> Chapter:
    """
    Explain the words of the report.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        Words and what they mean.
    """
    limit = formats.number(result.plan.walk.limit_min)
    distance_only = figures.headline(result).distance_only
    names = (*GLOSSARY, "distance_only" if distance_only else "desk_time")
    terms = tuple((words(f"word_{one}"), words(f"explain_{one}", limit=limit)) for one in names)
    return Chapter("glossary", words("glossary"), (Terms(terms),))
