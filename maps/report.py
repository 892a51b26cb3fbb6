"""Put together what the report says, for every form it is written in."""

from __future__ import annotations

from walkcover.maps import formats
from walkcover.maps.document import Chapter, Document, writable
from walkcover.maps.report_demand import hours_chapter, services_chapter
from walkcover.maps.report_gaps import gaps_chapter, remedies_chapter
from walkcover.maps.report_intervals import intervals_chapter
from walkcover.maps.report_relay import relay_chapter
from walkcover.maps.report_rounds import rounds_chapter
from walkcover.maps.report_sites import build_chapter, cards_chapter, closures_chapter
from walkcover.maps.report_sources import glossary_chapter, sources_chapter, unsnapped_chapter
from walkcover.maps.report_summary import glance_chapter, totals_chapter
from walkcover.maps.report_zones import band_chapter, desks_chapter, stages_chapter, zones_chapter
from walkcover.maps.text import Words
from walkcover.result import Result

LANGUAGE_TAGS = {"zh": "zh-CN", "en": "en"}
# In the order of an official's questions: how much, where, what to do, what then, says who.
CHAPTERS = (
    glance_chapter,
    totals_chapter,
    band_chapter,
    desks_chapter,
    stages_chapter,
    zones_chapter,
    gaps_chapter,
    build_chapter,
    remedies_chapter,
    cards_chapter,
    closures_chapter,
    hours_chapter,
    services_chapter,
    rounds_chapter,
    relay_chapter,
    intervals_chapter,
    unsnapped_chapter,
    sources_chapter,
    glossary_chapter,
)


def report_document(result: Result) -> Document:
    """
    Say what a run found: a first page in plain words, then the tables behind it.

    Parameters
    ----------
    result
        A finished run; without columns ending in ``_after`` the report has the present state only.

    Returns
    -------
    document
        In the language of the plan; the same result gives an equal document.
    """
    words = Words(result.plan.plan.language)
    chapters = [write(result, words) for write in CHAPTERS]
    document = Document(
        title=result.plan.plan.name,
        subtitle=words("report_title", limit=formats.number(result.plan.walk.limit_min)),
        language=LANGUAGE_TAGS[words.language],
        date=f"{words('date')} {result.plan.plan.date}" if result.plan.plan.date else "",
        banner=words("banner"),
        page_label=words("page_label", page="{page}", pages="{pages}"),
        chapters=tuple(one for one in chapters if isinstance(one, Chapter)),
    )
    clean: Document = writable(document)
    return clean
