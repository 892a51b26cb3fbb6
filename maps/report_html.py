"""Write the report as one HTML page for screen and paper."""

from __future__ import annotations

import re

import jinja2

from walkcover.maps.document import WORDY, Document
from walkcover.maps.offline import asset, refuse_requests, security_policy
from walkcover.maps.report import report_document
from walkcover.result import Result

# A running head of more letters than this would not fit on a line.
HEAD_LETTERS = 40
# Tables with so many columns are set in smaller type.
DENSE_COLUMNS = 8


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
    return html_report(report_document(result))


def html_report(document: Document, *, more_css: str = "") -> str:
    """
    Write a document as an HTML page.

    Parameters
    ----------
    document
        What the page says.
    more_css
        Rules behind those of the report.

    Returns
    -------
    html
        The page, with a policy that forbids every request and script.

    Raises
    ------
    InputError
        If something in the page would make a browser ask for another file.

    Examples
    --------
    >>> page = html_report(Document("A & B", "", "en", "", "", "Page {page} of {pages}", ()))
    >>> "<h1>A &amp; B</h1>" in page, 'counter(page) " of " counter(pages)' in page
    (True, True)
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("walkcover.maps"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("report.html.j2").render(
        document=document,
        wordy=WORDY,
        dense=DENSE_COLUMNS,
        css=asset("report.css") + more_css,
        page_label=_content(document.page_label),
        running_head=_css_text(running_head(document.title)),
    )
    refuse_requests(html)
    return html.replace("<head>", "<head>\n" + security_policy(html), 1)


def running_head(title: str) -> str:
    r"""
    Shorten a title to what fits into the margin of a page.

    Examples
    --------
    >>> running_head("Two\nlines"), running_head("a" * 50)[-3:]
    ('Two lines', 'aa…')
    """
    line = " ".join(title.split())
    return line if len(line) <= HEAD_LETTERS else line[: HEAD_LETTERS - 1] + "…"


def _content(page_label: str) -> str:
    """Write the foot of a page for CSS, with its counters."""
    parts = re.split(r"\{(page|pages)\}", page_label)
    counters = [f"counter({one})" if i % 2 else _css_text(one) for i, one in enumerate(parts)]
    return " ".join(one for one in counters if one != '""')


def _css_text(text: str) -> str:
    """Quote a text for CSS: what could end it, or the style sheet, as its number."""
    quoted = re.sub(r'["\\<>&\n]', lambda found: f"\\{ord(found[0]):x} ", text)
    return f'"{quoted}"'
