"""Times and memory in the log."""

import logging
import re

import numpy as np

from walkcover.timing import peak_mib, step


def test_a_step_logs_its_name_time_and_memory(caplog):
    caplog.set_level(logging.INFO, "walkcover")
    with step("walking"):
        pass
    assert re.fullmatch(r"walking: \d+\.\d\d s(, peak \d+ MiB)?", caplog.messages[-1])


def test_peak_memory_rises_with_what_is_held():
    before = peak_mib()
    held = np.ones(64 * 2**17)
    after = peak_mib()
    assert held.size
    assert (before is None and after is None) or after >= max(before, 64)
