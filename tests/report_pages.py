"""Read a report page for tests."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree

VOID = {"meta", "br"}


class _Tree(HTMLParser):
    """Build an element tree from HTML whose other elements are all closed."""

    def __init__(self) -> None:
        super().__init__()
        self.builder = ElementTree.TreeBuilder()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.builder.end(tag)

    def handle_endtag(self, tag: str) -> None:
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        self.builder.data(data)


def parse(page: str) -> ElementTree.Element:
    """Make a tree of a page."""
    tree = _Tree()
    tree.feed(page.partition("<html")[1] + page.partition("<html")[2].rstrip())
    return tree.builder.close()


def text_of(element: ElementTree.Element | None) -> str:
    """Text of an element and all below it."""
    assert element is not None
    return "".join(element.itertext())


def cells(page: ElementTree.Element, section: str) -> list[list[str]]:
    """Texts of the cells of the tables of a section, their white space as one blank."""
    rows = page.findall(f'.//section[@id="{section}"]//tbody/tr')
    return [[" ".join(text_of(cell).split()) for cell in row] for row in rows]
