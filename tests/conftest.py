"""Fixtures that more than one test module uses."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real street networks; they are not part of the project."""
    folder = os.environ.get("WALKCOVER_REAL_DATA")
    if not folder:
        pytest.skip("WALKCOVER_REAL_DATA is not set: no real data to test on")
    return Path(folder)
