"""A runner that does the last region first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from walkcover.runners import OneByOne


class Backwards:
    """Do tasks in the other order; nothing that comes out may tell."""

    def run(self, task: Callable[..., Any], calls: Sequence[tuple[Any, ...]], name: str) -> None:
        OneByOne().run(task, calls[::-1], name)
