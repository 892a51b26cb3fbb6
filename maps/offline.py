"""Make a folium page that needs no other file and no host."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import folium
import jinja2
from branca.element import Element, Figure

from walkcover._errors import InputError

ASSETS = files("walkcover.maps") / "assets"
# An anchor is followed only by a click; it is the one address a page may name.
CREDIT_URL = "https://www.openstreetmap.org/copyright"
SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL)
STYLE = re.compile(r"<style[^>]*>(?P<body>.*?)</style>", re.DOTALL)
DATA_BLOCK = 'type="application/json"'
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
# Whatever makes a browser ask for something: a source, a link, a style's address.
REQUESTS = re.compile(
    r"""<link\b[^>]*>|<base\b[^>]*>|<iframe\b[^>]*>|\bsrc\s*=|\bsrcset\s*=|@import\b"""
    r"""|url\((?!["']?(?:data:|\#))[^)]*\)|<a\b[^>]*>""",
    re.IGNORECASE,
)


# What folium draws waits until the page's packed data are inflated.
PAGE = jinja2.Template(
    "<!DOCTYPE html>\n<html>\n<head>\n"
    "{% if this.title %}<title>{{ this.title }}</title>{% endif %}\n"
    "{{ this.header.render(**kwargs) }}\n</head>\n<body>\n"
    "{{ this.html.render(**kwargs) }}\n"
    "<script>\nwalkcover.start(function () {\n{{ this.script.render(**kwargs) }}\n});\n</script>\n"
    "</body>\n</html>\n"
)


class Verbatim(Element):
    """
    Text that goes into a folium page as it is.

    A plain `Element` would read its text as a template, so that ``{{`` in a name would be run.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._name = "Verbatim"
        self.text = text

    def render(self, **_kwargs: Any) -> str:
        """Give the text back."""
        return self.text


class OfflineMap(folium.Map):
    """A folium map without the scripts and styles that folium would load from elsewhere."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012
    default_css: list[tuple[str, str]] = []  # noqa: RUF012


def asset(name: str) -> str:
    """
    Read a text asset of the package.

    Returns
    -------
    text
        The asset; a source-map comment, which only a debugger would follow, is left out.
    """
    text = (ASSETS / name).read_text(encoding="utf-8")
    return re.sub(r"\n//# sourceMappingURL=\S*\s*$", "\n", text)


def inflate_script() -> str:
    """
    Read the library that inflates where the browser itself cannot, as a function of the page.

    Returns
    -------
    script
        Defines ``tinyInflate(source, target)``; the library itself is a CommonJS module.
    """
    library = asset("tiny-inflate.js")
    head, foot = "const tinyInflate = (function (module) {", "return module.exports;\n})({});"
    return f"{head}\n{library}\n{foot}"


def leaflet_css() -> str:
    """
    Read Leaflet's style with its pictures inside; the default marker's picture is left out.

    Returns
    -------
    css
        A style sheet that names no file.
    """
    css = asset("leaflet.css")
    for picture in ("layers.png", "layers-2x.png"):
        data = base64.b64encode((ASSETS / picture).read_bytes()).decode("ascii")
        css = css.replace(f"url(images/{picture})", f"url(data:image/png;base64,{data})")
    css = css.replace("url(images/marker-icon.png)", "none")
    css = css.replace("behavior: url(#default#VML);", "")
    return re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)


def data_block(data: dict[str, Any], *, element_id: str) -> str:
    r"""
    Write data as a JSON block that nothing in it can end early.

    Raises
    ------
    ValueError
        If a number is infinite or missing: JSON has no such numbers.

    Examples
    --------
    >>> data_block({"name": "</script>"}, element_id="d")
    '<script type="application/json" id="d">{"name":"\\u003c/script>"}</script>'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # U+2028 and U+2029 are line ends to some readers of JSON; "<" could end the block.
    for character in "<\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script {DATA_BLOCK} id="{element_id}">{text}</script>'


def figure_of(page: folium.Map) -> Figure:
    """Give the page that a map stands in."""
    root = page.get_root()
    assert isinstance(root, Figure)  # folium.Map puts itself into one when it is made
    return root


def count_ids(root: Element) -> None:
    """Give every element of a page a counted id instead of a random one."""
    waiting, number = [root], 0
    while waiting:
        element = waiting.pop()
        number += 1
        element._id = str(number)
        waiting.extend(reversed(element._children.values()))
        if isinstance(element, Figure):
            waiting.extend((element.script, element.html, element.header))


def render_offline(
    page: folium.Map, *, language_tag: str, picture_hosts: Sequence[str] = ()
) -> str:
    """
    Render a folium map as one file that opens without any network.

    Parameters
    ----------
    page
        The finished map.
    language_tag
        Language of the page, as ``zh-CN``.
    picture_hosts
        Hosts of base tiles, as ``https://tiles.example``: the only ones that the page may ask.

    Returns
    -------
    html
        The page, with a policy that lets only its own scripts and styles run and forbids every
        other request.

    Raises
    ------
    InputError
        If anything in the page would make a browser ask for another file.
    """
    root = figure_of(page)
    count_ids(root)
    root._template = PAGE
    html = root.render()
    html = html.replace("<html>", f'<html lang="{language_tag}">', 1)
    refuse_requests(html)
    return html.replace(
        "<head>", "<head>\n" + security_policy(html, picture_hosts=picture_hosts), 1
    )


def refuse_requests(html: str) -> None:
    """
    Check that a page asks for nothing; its scripts are checked by the policy when they run.

    Raises
    ------
    InputError
        If the page links, embeds or imports anything that it does not hold itself.

    Examples
    --------
    >>> refuse_requests('<p style="background: url(data:image/png;base64,AA==)">fine</p>')
    """
    without_code = SCRIPT.sub(lambda found: f"<script{found['attributes']}></script>", html)
    found = [text for text in REQUESTS.findall(without_code) if CREDIT_URL not in text]
    if found:
        msg = (
            f"the page is not self-contained: {len(found)} links to something outside it, first "
            f"{found[0]!r}; put the content into walkcover.maps' assets and inline it"
        )
        raise InputError(msg)


def security_policy(html: str, *, picture_hosts: Sequence[str] = ()) -> str:
    """
    Write the policy under which only the scripts and styles in `html` run, and nothing is loaded
    but pictures from the hosts named.

    Returns
    -------
    meta
        A meta element that must stand before the first script; later changes of a script or
        style make the browser refuse it.
    """
    scripts = [
        _digest(found["body"])
        for found in SCRIPT.finditer(html)
        if DATA_BLOCK not in found["attributes"]
    ]
    styles = [_digest(found["body"]) for found in STYLE.finditer(html)]
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(dict.fromkeys(scripts)) or chr(39) + 'none' + chr(39)}",
            f"style-src {' '.join(dict.fromkeys(styles)) or chr(39) + 'none' + chr(39)}",
            " ".join(["img-src data:", *picture_hosts]),
            "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{policy}">'


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
