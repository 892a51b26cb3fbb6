"""What the installed package holds, and the guard against the folder's name."""

import configparser
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from walkcover.plan_mapping import plan_from_mapping

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Build the package from a copy of its sources, and list what a wheel would hold."""
    pytest.importorskip("setuptools", reason="setuptools is not installed: nothing can be built")
    folder = tmp_path_factory.mktemp("build")
    spec = importlib.util.spec_from_file_location(
        "environment_for_build", ROOT / "scripts" / "_environment.py"
    )
    assert spec is not None
    assert spec.loader is not None
    environment = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(environment)
    environment.copy_sources(ROOT, folder / "source")
    setup = "from setuptools import setup; setup()"
    command = [sys.executable, "-c", setup, "build_py", "--build-lib", "../built"]
    run = subprocess.run(
        command, cwd=folder / "source", capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    paths = (folder / "built").rglob("*")
    return [path.relative_to(folder / "built").as_posix() for path in paths]


def test_package_holds_every_module(built: list[str]) -> None:
    for folder, target in {"coverage": "", "maps": "maps/", "data": "data/"}.items():
        for path in (ROOT / folder).rglob("*.py"):
            name = path.relative_to(ROOT / folder).as_posix()
            assert f"walkcover/{target}{name}" in built


def test_package_holds_types_and_the_example_town(built: list[str]) -> None:
    assert "walkcover/py.typed" in built
    assert "walkcover/maps/py.typed" in built
    assert "walkcover/data/README.md" in built
    for language in ("zh", "en"):
        assert f"walkcover/maps/locale/{language}/LC_MESSAGES/walkcover.po" in built
    for folder, target in {"data/town": "data/town", "maps/assets": "maps/assets"}.items():
        for path in (ROOT / folder).iterdir():
            assert f"walkcover/{target}/{path.name}" in built


def test_package_holds_nothing_under_another_name(built: list[str]) -> None:
    assert {name.split("/")[0] for name in built} == {"walkcover"}


def test_plan_in_the_readme_is_understood() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    plan = plan_from_mapping(tomllib.loads(block))
    assert plan.network.source == "extract.osm.pbf"
    assert [stage.target for stage in plan.stages] == [0.9]


def test_contributing_says_what_each_dependency_is_for() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    required = config["options"]["install_requires"].split("\n")
    required += config["options.extras_require"]["test"].split("\n")
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("|"))
    names = [re.split(r"[<>=\[ ]", line)[0] for line in required if line]
    assert [name for name in names if not re.search(rf"\b{name}\b", rows)] == []


def test_source_folder_refuses_its_own_name() -> None:
    command = [sys.executable, "-c", "import coverage"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "ImportError: this folder is installed as 'walkcover'" in run.stderr


def test_numba_works_beside_the_source_folder() -> None:
    command = [sys.executable, "-c", "import numba"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
