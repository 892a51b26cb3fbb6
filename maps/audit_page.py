"""Show an audit of the inputs as one printable page."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import jinja2
from markupsafe import Markup

from walkcover.findings import DOUBTFUL, FALSIFIES, LEG_CLASSES_M, SEVERITIES, Audit, Finding, Legs
from walkcover.maps import formats
from walkcover.maps.offline import asset, refuse_requests, security_policy
from walkcover.maps.text import Words
from walkcover.plan import Plan

LANGUAGE_TAGS = {"zh": "zh-CN", "en": "en"}
# Ids that a finding names; the command gives all of them as JSON.
IDS_SHOWN = 20
# Drawing of the access legs, in its own units.
WIDTH, ROW, LABEL, BAR = 640, 22, 110, 300
BAR_COLOUR, LOST_COLOUR, TEXT_COLOUR = "#4a7fb0", "#b34700", "#444b53"
BAR_HEIGHT = 'height="16"'

Row = dict[Hashable, Any]


def build_audit_page(audit: Audit, *, plan: Plan) -> str:
    """
    Write the page of an audit: findings, lengths of access legs, and what the inputs are.

    Parameters
    ----------
    audit
        What `walkcover.check` gives.
    plan
        Its plan, for name, date and language.

    Returns
    -------
    html
        One page for A4 paper. It asks no host for anything, runs no script, and the same audit
        gives the same text.

    Raises
    ------
    InputError
        If something in the page would make a browser ask for another file.
    """
    language = plan.plan.language
    words = Words(language)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("walkcover.maps"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    counts = dict.fromkeys(SEVERITIES, 0)
    for finding in audit.findings:
        counts[finding.severity] += 1
    html = environment.get_template("audit.html.j2").render(
        t=words,
        lang=LANGUAGE_TAGS[language],
        css=asset("report.css"),
        name=plan.plan.name,
        date=plan.plan.date,
        severities=SEVERITIES,
        counts=counts,
        say=_say(counts, words),
        refusal=audit.refusal,
        findings=[_finding_row(finding, words) for finding in audit.findings],
        ids_shown=IDS_SHOWN,
        legs=[
            (words(f"legs_{table}"), leg_bars(legs, words, with_people=table == "residences"))
            for table, legs in audit.legs.items()
            if legs.total
        ],
        facts=[(words(f"fact_{key}"), _fact(key, value, words))
               for key, value in audit.facts.items()],
    )  # fmt: skip
    refuse_requests(html)
    return html.replace("<head>", "<head>\n" + security_policy(html), 1)


def leg_rows(legs: Legs, words: Words) -> list[tuple[str, int, float]]:
    """
    Give the classes of access legs with their labels.

    Returns
    -------
    rows
        Label, places and people of each class; those that joined no street come last.

    Examples
    --------
    >>> legs = Legs((3, 0, 0, 0, 0, 1), (30.0, 0, 0, 0, 0, 5.0), 2, 8.0)
    >>> rows = leg_rows(legs, Words("en"))
    >>> rows[0], rows[-2], rows[-1]
    (('0–10 m', 3, 30.0), ('over 250 m', 1, 5.0), ('no street near', 2, 8.0))
    """
    low = ["0", *(f"{upto_m:g}" for upto_m in LEG_CLASSES_M[:-1])]
    labels = [
        words("class_upto", low=low[k], high=f"{upto_m:g}")
        if math.isfinite(upto_m)
        else words("class_beyond", low=low[k])
        for k, upto_m in enumerate(LEG_CLASSES_M)
    ]
    rows = list(zip(labels, legs.counts, legs.people, strict=True))
    return [*rows, (words("class_lost"), legs.lost, legs.lost_people)]


def leg_bars(legs: Legs, words: Words, *, with_people: bool) -> Markup:
    """
    Draw the access legs of a table as bars.

    Returns
    -------
    svg
        An inline drawing; the longest bar is the class with most places.
    """
    rows = leg_rows(legs, words)
    most = max(max(count for _, count, _ in rows), 1)
    parts = []
    for number, (label, count, people) in enumerate(rows):
        y = number * ROW
        # One place among thousands still shows.
        width = max(BAR * count / most, 1.5) if count else 0.0
        colour = LOST_COLOUR if number == len(rows) - 1 else BAR_COLOUR
        text = f"{formats.people(count)} · {formats.share(count / legs.total)}"
        if with_people:
            text = words("bar_people", places=text, people=formats.people(people))
        end = f"{LABEL + width + 6:.1f}"
        # Attributes, not classes: printing programs know no style sheet inside a drawing.
        parts += [
            f'<text text-anchor="end" x="{LABEL - 8}" y="{y + 15}">{Markup.escape(label)}</text>',
            f'<rect fill="{colour}" x="{LABEL}" y="{y + 3}" width="{width:.1f}" {BAR_HEIGHT}/>',
            f'<text x="{end}" y="{y + 15}">{Markup.escape(text)}</text>',
        ]
    style = f'font-size="11" fill="{TEXT_COLOUR}" role="img"'
    head = f'<svg viewBox="0 0 {WIDTH} {ROW * len(rows)}" {style}>'
    title = f"<title>{Markup.escape(words('legs'))}</title>"
    return Markup(f"{head}{title}{''.join(parts)}</svg>")


def _say(counts: dict[str, int], words: Words) -> str:
    """Say in a sentence whether the inputs can be used."""
    for severity in (FALSIFIES, DOUBTFUL):
        if counts[severity]:
            return words(f"say_{severity}", count=formats.people(counts[severity]))
    return words("say_clean")


def _finding_row(finding: Finding, words: Words) -> Row:
    what, advice = (
        words.finding(finding.code, text).format(**finding.values) for text in finding.patterns
    )
    ids = [] if finding.names_ids else list(finding.ids[:IDS_SHOWN])
    more = 0 < len(ids) < len(finding.ids)
    return {
        "code": finding.code,
        "severity": finding.severity,
        "count": formats.people(finding.count),
        "people": formats.people(finding.people) if finding.people else formats.MISSING,
        "what": what,
        "advice": advice,
        "ids": ids,
        "more": words("and_more_ids", count=formats.people(len(finding.ids))) if more else "",
    }


def _fact(key: str, value: str | float, words: Words) -> str:
    if isinstance(value, str):
        empty = {"crs": "own_crs", "reading": "nothing_noted"}
        return value or words(empty.get(key.rpartition(".")[2], "not_given"))
    if key.endswith("_share"):
        return formats.share(value)
    return formats.number(round(value, 1)) if key.endswith("_km") else formats.people(value)
