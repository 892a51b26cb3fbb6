"""Names of files made from names that users chose: harmless on every system, and never twice."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable

# Bytes of a whole file name, its ending included: file systems allow 255, zip tools and synced
# folders fewer.
MOST_BYTES = 100
# Ending of a file name, and the mark that keeps two names apart.
ENDING_BYTES, MARK_DIGITS = 8, 8
# Devices of Windows, with whatever ending.
RESERVED = {"con", "prn", "aux", "nul"} | {
    f"{k}{n}" for k in ("com", "lpt") for n in "0123456789¹²³"
}
# Letters and digits of any script, and marks that mean nothing to a shell, a path or an address.
HARMLESS = re.compile(r"[^\w.\-]+")


def file_stems(names: Iterable[str], *, taken: Collection[str] = ()) -> list[str]:
    """
    Make a file name, without its ending, of each name.

    Letters, digits, ``-``, ``_`` and inner dots stay. A name of which anything was changed, or
    that a file system may hold for another one, gets eight digits of its sha256 behind it, so that
    the same name always gives the same file.

    Parameters
    ----------
    names
        Names or ids, no two of them equal.
    taken
        Stems that other files in the folder have.

    Returns
    -------
    stems
        One for each name, no two alike in letters of either case or in composed and decomposed
        characters; each at most 92 bytes long in UTF-8.

    Examples
    --------
    >>> file_stems(["140105", "../../x", "con", "a", "A"])
    ['140105', 'x-9cdf6a50', 'con-1143da2b', 'a', 'A-559aead0']
    """
    used = {_folded(one) for one in taken}
    stems = []
    for name in names:
        plain = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
        stem = HARMLESS.sub("_", plain).strip("._- ")
        too_long = len(stem.encode()) > MOST_BYTES - ENDING_BYTES
        is_device = stem.split(".")[0].casefold() in RESERVED
        if stem != name or too_long or is_device or not stem or _folded(stem) in used:
            digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
            digits = MARK_DIGITS
            # Windows takes nul.txt-1143da2b for a device too.
            stem = stem.replace(".", "_") if is_device else stem
            marked = _marked(stem, digest[:digits])
            # A user may have chosen the very name that the mark makes.
            while _folded(marked) in used:
                digits += 1
                marked = _marked(stem, digest[:digits])
            stem = marked
        used.add(_folded(stem))
        stems.append(stem)
    return stems


def _marked(stem: str, mark: str) -> str:
    room = MOST_BYTES - ENDING_BYTES - len(mark) - 1
    short = stem.encode()[:room].decode("utf-8", "ignore").rstrip("._- ")
    return f"{short or 'zone'}-{mark}"


def _folded(stem: str) -> str:
    """Write a name as a file system that ignores case and composition holds it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", stem).casefold())
