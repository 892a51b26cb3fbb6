"""Take a page apart into files, for servers that forbid scripts and styles inside a page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from urllib.parse import quote

from walkcover.maps.offline import DATA_BLOCK, POLICY, SCRIPT, STYLE

ELEMENT_ID = re.compile(r'\bid="(?P<id>[^"]*)"')
PICTURE = re.compile(r"url\(data:image/png;base64,(?P<content>[A-Za-z0-9+/=]+)\)")
# The browser must not show an older file of the same name after a new run.
VERSION_DIGITS = 12


def split_page(html: str, *, folder: str) -> tuple[str, dict[str, str | bytes]]:
    """
    Move the scripts, styles, data and pictures of a page into files of their own.

    Data become scripts that put them back into the page, because a page opened from a disk may
    load scripts but not data.

    Parameters
    ----------
    html
        A page as `render_offline` makes it.
    folder
        Name of the folder that will stand beside the page.

    Returns
    -------
    page
        The page, which names the files of `folder`; its policy lets only files of its own place
        run and be shown, and forbids every other request.
    files
        The content of each file by its name; the same page gives the same files.

    Examples
    --------
    >>> page, files = split_page("<style>p {}</style><script>f()</script>", folder="files")
    >>> files
    {'script1.js': 'f()', 'style1.css': 'p {}'}
    >>> re.sub("[?]v=[0-9a-f]+", "", page)
    '<link rel="stylesheet" href="files/style1.css"><script src="files/script1.js"></script>'
    """
    files: dict[str, str | bytes] = {}
    place = quote(folder)

    def put(kind: str, suffix: str, content: str | bytes) -> str:
        name = f"{kind}{sum(one.startswith(kind) for one in files) + 1}.{suffix}"
        files[name] = content
        return name

    def version(name: str) -> str:
        content = files[name]
        raw = content.encode("utf-8") if isinstance(content, str) else content
        return f"{name}?v={hashlib.sha256(raw).hexdigest()[:VERSION_DIGITS]}"

    def picture(found: re.Match[str]) -> str:
        return f"url({version(put('picture', 'png', base64.b64decode(found['content'])))})"

    def style(found: re.Match[str]) -> str:
        name = put("style", "css", PICTURE.sub(picture, found["body"]))
        return f'<link rel="stylesheet" href="{place}/{version(name)}">'

    def script(found: re.Match[str]) -> str:
        if DATA_BLOCK in found["attributes"]:
            name = put("data", "js", _put_back(found["attributes"], found["body"]))
        else:
            name = put("script", "js", found["body"])
        return f'<script src="{place}/{version(name)}"></script>'

    # Scripts may write of style elements, so they are taken out before styles are looked for;
    # what they leave behind holds no name from the data but the folder's, which is quoted.
    page = STYLE.sub(style, SCRIPT.sub(script, html))
    return POLICY.sub(_own_files_only, page), files


def _put_back(attributes: str, body: str) -> str:
    """Write a script that puts a block of data into the page, where the others look for it."""
    element_id = ELEMENT_ID.search(attributes)
    assert element_id is not None  # data_block writes one
    return (
        "(function () {\n"
        'const block = document.createElement("script");\n'
        'block.type = "application/json";\n'
        f"block.id = {json.dumps(element_id['id'])};\n"
        f"block.textContent = {json.dumps(body, ensure_ascii=False)};\n"
        "document.head.appendChild(block);\n"
        "})();\n"
    )


def _own_files_only(policy: re.Match[str]) -> str:
    """Let files of the page's own place in, instead of scripts and styles with known digests."""
    text = re.sub(r"\b(script|style)-src [^;\"]*", r"\1-src 'self'", policy[0])
    return re.sub(r"\bimg-src data:", "img-src 'self' data:", text)
