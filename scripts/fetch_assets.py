"""
Fetch the files of others that the map page holds, from an npm registry, and check their sums.

Run ``python scripts/fetch_assets.py`` to write them into ``maps/assets``, where they are committed;
``--check`` writes nothing and compares what is committed, and what the registry gives, with the
sums in ``maps/assets/sha256.txt``. Standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "maps" / "assets"
SUMS = "sha256.txt"
PUBLIC_REGISTRY = "https://registry.npmjs.org"
TIMEOUT_S = 60
# Far above any package here: a larger answer is something else.
MOST_BYTES = 20_000_000


@dataclass(frozen=True)
class Package:
    """
    A package of npm and what is taken from it.

    Parameters
    ----------
    name, version
        As npm writes them.
    files
        By path in the package: name among the assets.
    """

    name: str
    version: str
    files: Mapping[str, str]

    @property
    def path(self) -> str:
        """Where a registry keeps it."""
        return f"{self.name}/-/{self.name}-{self.version}.tgz"


PACKAGES = (
    Package(
        "leaflet",
        "1.9.4",
        {
            "package/dist/leaflet.js": "leaflet.js",
            "package/dist/leaflet.css": "leaflet.css",
            "package/dist/images/layers.png": "layers.png",
            "package/dist/images/layers-2x.png": "layers-2x.png",
            "package/LICENSE": "leaflet-LICENSE.txt",
        },
    ),
    Package(
        "tiny-inflate",
        "1.0.3",
        {
            "package/index.js": "tiny-inflate.js",
            "package/LICENSE": "tiny-inflate-LICENSE.txt",
        },
    ),
)

Download = Callable[[str], bytes]


class AssetError(Exception):
    """A file is missing, cannot be had, or is not the one that is listed."""


def listed_sums(folder: Path) -> dict[str, str]:
    """Read the list of sums: sha256 by name of the file."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines if line)}


def differences(files: Mapping[str, bytes], sums: Mapping[str, str]) -> Iterator[str]:
    """
    Say what is wrong with files: not listed, listed and not there, or not the listed one.

    Yields
    ------
    fault
        A line for each, by name.
    """
    for name in sorted(files.keys() | sums.keys()):
        if name not in sums:
            yield f"{name}: is not in {SUMS}"
        elif name not in files:
            yield f"{name}: is missing"
        elif (digest := hashlib.sha256(files[name]).hexdigest()) != sums[name]:
            yield f"{name}: sha256 is {digest}, expected {sums[name]}"


def committed(folder: Path) -> dict[str, bytes]:
    """Read what lies among the assets under the names of files of others."""
    names = [name for package in PACKAGES for name in package.files.values()]
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


def unpack(package: Package, archive: bytes) -> dict[str, bytes]:
    """
    Take the files of a package out of its archive.

    Raises
    ------
    AssetError
        If the archive cannot be read, or lacks one of them.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.name in package.files else None
                if content is not None:
                    found[package.files[member.name]] = content.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        msg = f"{package.name} {package.version}: the archive cannot be read ({error})"
        raise AssetError(msg) from error
    lacking = sorted(path for path, name in package.files.items() if name not in found)
    if lacking:
        msg = f"{package.name} {package.version}: the archive lacks {', '.join(lacking)}"
        raise AssetError(msg)
    return found


def fetched(registry: str, download: Download) -> dict[str, bytes]:
    """Download all packages and take the files out of them."""
    files: dict[str, bytes] = {}
    for package in PACKAGES:
        files |= unpack(package, download(f"{registry.rstrip('/')}/{package.path}"))
    return files


def download(address: str) -> bytes:
    """
    Ask a registry for one archive.

    Raises
    ------
    AssetError
        If the address is not one of http, or nothing or far too much comes back.
    """
    if not address.startswith(("https://", "http://")):
        msg = f"{address}: expected a registry that begins with https:// or http://"
        raise AssetError(msg)
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:
            content = bytes(answer.read(MOST_BYTES + 1))
    except (urllib.error.URLError, OSError) as error:
        msg = f"{address}: {error}; name a registry that this machine reaches with --registry"
        raise AssetError(msg) from error
    if len(content) > MOST_BYTES:
        msg = f"{address}: more than {MOST_BYTES:,} bytes, which is no package that is used here"
        raise AssetError(msg)
    return content


def configured_registry(environ: Mapping[str, str], home: Path) -> str:
    """Find the registry that npm would ask: its variable, the user's .npmrc, the public one."""
    named = environ.get("npm_config_registry") or environ.get("NPM_CONFIG_REGISTRY")
    if named:
        return named
    settings = home / ".npmrc"
    lines = settings.read_text(encoding="utf-8").splitlines() if settings.is_file() else []
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip() == "registry" and value.strip():
            return value.strip().strip("\"'")
    return PUBLIC_REGISTRY


def update(folder: Path, registry: str, *, check: bool, download: Download = download) -> list[str]:
    """
    Fetch the files, or only check them.

    Parameters
    ----------
    folder
        The assets, with the list of sums.
    registry
        Address of an npm registry.
    check
        Whether to write nothing, and to look at what is committed as well.
    download
        How an archive is had.

    Returns
    -------
    said
        What was found to be right, or was written, a line each.

    Raises
    ------
    AssetError
        If a file is not the one that is listed; then none is written.
    """
    sums = listed_sums(folder)
    faults = [f"committed: {one}" for one in differences(committed(folder), sums)] if check else []
    if faults:
        raise AssetError("\n".join(faults))
    files = fetched(registry, download)
    faults = [f"{registry}: {one}" for one in differences(files, sums)]
    if faults:
        raise AssetError("\n".join(faults))
    if check:
        return [f"{name}: as listed, committed and in the registry" for name in sorted(files)]
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [f"{name}: {len(content):,} bytes" for name, content in sorted(files.items())]


def main() -> None:
    """Fetch or check; ends with 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description="Fetch the map's scripts and styles from npm.")
    parser.add_argument("--registry", help="npm registry, in place of the one that npm would ask")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    options = parser.parse_args()
    registry = options.registry or configured_registry(os.environ, Path.home())
    try:
        print("\n".join(update(ASSETS, registry, check=options.check)))
    except AssetError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
