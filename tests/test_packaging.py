"""What a wheel holds, and the guard against the folder's name."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Build a wheel from a copy of the sources, and list its files."""
    pytest.importorskip("setuptools", reason="setuptools is not installed: no wheel can be built")
    folder = tmp_path_factory.mktemp("wheel")
    spec = importlib.util.spec_from_file_location(
        "environment_for_wheel", ROOT / "scripts" / "_environment.py"
    )
    assert spec is not None
    assert spec.loader is not None
    environment = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(environment)
    environment.copy_sources(ROOT, folder / "source")
    build = "from setuptools import build_meta; build_meta.build_wheel('..')"
    command = [sys.executable, "-c", build]
    run = subprocess.run(
        command, cwd=folder / "source", capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    (wheel,) = folder.glob("*.whl")
    assert wheel.name.startswith("walkcover-")
    return zipfile.ZipFile(wheel).namelist()


@pytest.mark.slow
def test_wheel_holds_every_module(wheel_names: list[str]) -> None:
    for folder, target in {"coverage": "", "maps": "maps/", "data": "data/"}.items():
        for path in (ROOT / folder).rglob("*.py"):
            name = path.relative_to(ROOT / folder).as_posix()
            assert f"walkcover/{target}{name}" in wheel_names


@pytest.mark.slow
def test_wheel_holds_types_and_the_example_town(wheel_names: list[str]) -> None:
    assert "walkcover/py.typed" in wheel_names
    assert "walkcover/maps/py.typed" in wheel_names
    assert "walkcover/data/README.md" in wheel_names
    for folder, target in {"data/town": "data/town", "maps/assets": "maps/assets"}.items():
        for path in (ROOT / folder).iterdir():
            assert f"walkcover/{target}/{path.name}" in wheel_names


@pytest.mark.slow
def test_wheel_holds_nothing_under_another_name(wheel_names: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"walkcover"}


def test_source_folder_refuses_its_own_name() -> None:
    command = [sys.executable, "-c", "import coverage"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "ImportError: this folder is installed as 'walkcover'" in run.stderr


def test_numba_works_beside_the_source_folder() -> None:
    command = [sys.executable, "-c", "import numba"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
