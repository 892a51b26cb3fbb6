"""Print the report as a PDF, from the same page that browsers show."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from walkcover._errors import InputError, MissingToolError
from walkcover.maps.report_html import build_report
from walkcover.result import Result

LOG = logging.getLogger("walkcover")
# What WeasyPrint says of a letter that no font holds.
NO_GLYPH = re.compile(r"\(U\+([0-9A-F]{4,6})\)$")
# Unified ideographs, with their extension A: what names and words are written in.
IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")
# Where a larger part of the ideographs has no glyph, it is the font that is missing.
RARE_SHARE = 0.5
LETTERS_SHOWN = 10
HOW_TO_INSTALL = (
    "install it with `pip install 'walkcover[pdf]'`, and Pango with it (Debian: apt-get install "
    "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; Windows, macOS: 'First steps' of "
    "WeasyPrint's documentation). Without it, print report.html from a browser"
)


def build_report_pdf(result: Result) -> bytes:
    """
    Write the report of a run as a PDF for A4 paper.

    Parameters
    ----------
    result
        A finished run.

    Returns
    -------
    pdf
        The file; the same result, fonts and versions give the same bytes.

    Raises
    ------
    MissingToolError
        If WeasyPrint, Pango or a Chinese font is not installed.
    InputError
        If something in the page would make a browser ask for another file.
    """
    return html_pdf(build_report(result))


def html_pdf(html: str) -> bytes:
    """
    Print a page that needs no other file.

    Parameters
    ----------
    html
        The page.

    Returns
    -------
    pdf
        The file, tagged for readers of screens, its headings as bookmarks.

    Raises
    ------
    MissingToolError
        If WeasyPrint, Pango or a font that holds most of the page's ideographs is not installed.
    InputError
        If the page asks for another file.
    """
    weasyprint = need_pdf()
    urls = weasyprint.urls
    fetcher = urls.URLFetcher(allowed_protocols=(), fail_on_errors=True)
    try:
        with _letters_without_glyph() as missing:
            page = weasyprint.HTML(string=html, url_fetcher=fetcher)
            pdf: bytes = page.write_pdf(pdf_tags=True)
    except urls.FatalURLFetchingError as error:
        msg = f"the page asks for something outside it ({error}); it must hold everything itself"
        raise InputError(msg) from error
    if missing:
        shown = "".join(sorted(missing)[:LETTERS_SHOWN])
        lacking = f"no installed font has {len(missing)} letters of the report, first {shown}"
        ideographs = set(IDEOGRAPH.findall(html))
        if len(ideographs & missing) > RARE_SHARE * len(ideographs):
            msg = (
                f"{lacking}: install a Chinese font (Debian: apt-get install fonts-noto-cjk), or "
                "print report.html from a browser that shows them"
            )
            raise MissingToolError(msg)
        LOG.warning("%s; they are empty boxes in the PDF", lacking)
    return pdf


def need_pdf() -> Any:
    """
    Load what prints, or say what to install.

    Returns
    -------
    weasyprint
        The module.

    Raises
    ------
    MissingToolError
        If WeasyPrint or a library that it needs is not installed.
    """
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        msg = f"a PDF needs WeasyPrint, which cannot be loaded ({error}): {HOW_TO_INSTALL}"
        raise MissingToolError(msg) from error
    return weasyprint


class _Collector(logging.Handler):
    """Keep the letters that WeasyPrint found in no font."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Take what WeasyPrint says."""
        found = NO_GLYPH.search(record.getMessage())
        if found:
            self.letters.add(chr(int(found[1], 16)))


@contextmanager
def _letters_without_glyph() -> Iterator[set[str]]:
    """Collect the letters that are printed as empty boxes."""
    log, collector = logging.getLogger("weasyprint"), _Collector()
    log.addHandler(collector)
    try:
        yield collector.letters
    finally:
        log.removeHandler(collector)
