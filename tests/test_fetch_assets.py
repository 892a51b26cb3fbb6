"""The files of others in the map page: their sums, and the script that fetches them."""

import hashlib
import io
import re
import sys
import tarfile
import urllib.error
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from test_scripts import SCRIPTS, _load

ASSETS = Path(__file__).parents[1] / "maps" / "assets"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    module = _load("fetch_assets", "walkcover_fetch_assets")
    yield module
    del sys.modules["walkcover_fetch_assets"]


def archive(files: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return raw.getvalue()


@pytest.fixture
def registry(script: ModuleType) -> Callable[[str], bytes]:
    """A registry that holds the packages, made of what is committed."""
    held = {}
    for package in script.PACKAGES:
        files = {path: (ASSETS / name).read_bytes() for path, name in package.files.items()}
        files["package/readme.md"] = b"not wanted"
        held[f"https://npm.example/{package.name}/-/{package.name}-{package.version}.tgz"] = (
            archive(files)
        )
    return held.__getitem__


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A folder with the list of sums and nothing else."""
    (tmp_path / "sha256.txt").write_bytes((ASSETS / "sha256.txt").read_bytes())
    return tmp_path


def test_committed_files_are_the_listed_ones(script: ModuleType) -> None:
    sums = script.listed_sums(ASSETS)
    assert list(script.differences(script.committed(ASSETS), sums)) == []
    assert {name for one in script.PACKAGES for name in one.files.values()} == set(sums)


def test_every_file_that_is_not_ours_is_listed(script: ModuleType) -> None:
    """Ours are the strict scripts and the style sheets named here; the rest must be listed."""
    ours = {
        path.name
        for path in ASSETS.glob("*.js")
        if path.read_text("utf-8").startswith('"use strict";')
    }
    styles = ("walkcover", "daily", "report", "round_sheets", "comparison")
    ours |= {*(f"{name}.css" for name in styles), "sha256.txt"}
    assert {path.name for path in ASSETS.iterdir()} == ours | set(script.listed_sums(ASSETS))


def test_leaflet_says_its_version(script: ModuleType) -> None:
    head = (ASSETS / "leaflet.js").read_text("utf-8")[:200]
    stated = re.search(r"Leaflet (\d+\.\d+\.\d+)", head)
    assert stated is not None
    assert stated[1] == script.PACKAGES[0].version


def test_fetching_writes_the_same_bytes(
    script: ModuleType, registry: Callable[[str], bytes], empty: Path
) -> None:
    said = script.update(empty, "https://npm.example/", check=False, download=registry)
    assert len(said) == 7
    for name, digest in script.listed_sums(ASSETS).items():
        assert hashlib.sha256((empty / name).read_bytes()).hexdigest() == digest
    again = script.update(empty, "https://npm.example", check=True, download=registry)
    assert all("as listed" in line for line in again)


def test_a_changed_file_is_refused_and_nothing_written(
    script: ModuleType, registry: Callable[[str], bytes], empty: Path
) -> None:
    def tampered(address: str) -> bytes:
        if "tiny" not in address:
            return registry(address)
        return archive(dict.fromkeys(script.PACKAGES[1].files, b"evil"))

    digest = hashlib.sha256(b"evil").hexdigest()
    with pytest.raises(script.AssetError, match=f"tiny-inflate.js: sha256 is {digest}, expected"):
        script.update(empty, "https://npm.example", check=False, download=tampered)
    assert [path.name for path in empty.iterdir()] == ["sha256.txt"]


def test_check_looks_at_what_is_committed_before_it_asks(script: ModuleType, empty: Path) -> None:
    def asked(address: str) -> bytes:
        raise AssertionError(address)

    with pytest.raises(script.AssetError, match=r"committed: leaflet\.js: is missing"):
        script.update(empty, "https://npm.example", check=True, download=asked)


def test_archives_that_lack_something_or_are_none(script: ModuleType) -> None:
    package = script.PACKAGES[1]
    with pytest.raises(script.AssetError, match="lacks package/LICENSE"):
        script.unpack(package, archive({"package/index.js": b"x"}))
    with pytest.raises(script.AssetError, match="cannot be read"):
        script.unpack(package, b"<html>not found</html>")


def test_an_unlisted_file_is_a_fault(script: ModuleType) -> None:
    assert list(script.differences({"new.js": b""}, {})) == ["new.js: is not in sha256.txt"]


def test_the_registry_is_the_one_that_npm_would_ask(script: ModuleType, tmp_path: Path) -> None:
    assert script.configured_registry({}, tmp_path) == "https://registry.npmjs.org"
    (tmp_path / ".npmrc").write_text("fund=false\nregistry = https://own.example/\n", "utf-8")
    assert script.configured_registry({}, tmp_path) == "https://own.example/"
    named = {"npm_config_registry": "https://other.example"}
    assert script.configured_registry(named, tmp_path) == "https://other.example"


def test_a_registry_that_cannot_be_reached_is_named(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        msg = "no route"
        raise urllib.error.URLError(msg)

    monkeypatch.setattr(script.urllib.request, "urlopen", refuse)
    with pytest.raises(script.AssetError, match=r"npm\.example/a.*no route.*--registry"):
        script.download("https://npm.example/a")
    with pytest.raises(script.AssetError, match="begins with https://"):
        script.download("file:///etc/hosts")


def test_the_script_needs_the_standard_library_only() -> None:
    text = (SCRIPTS / "fetch_assets.py").read_text("utf-8")
    names = re.findall(r"^(?:import|from) (\w+)", text, flags=re.MULTILINE)
    assert {*names} - {"__future__"} <= set(sys.stdlib_module_names)
