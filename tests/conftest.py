"""Fixtures that more than one test module uses."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says nothing about its truth.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real street networks; they are not part of the project."""
    folder = os.environ.get("WALKCOVER_REAL_DATA")
    if not folder:
        pytest.skip("WALKCOVER_REAL_DATA is not set: no real data to test on")
    return Path(folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, started once."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed: the pages are not opened")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()
