"""A laboratory's day in figures: load, queue, what is left, and its hours as a table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from walkcover.laboratory_hours import HOUR_S, LaboratoryDay, hours_of_day
from walkcover.plan_operations import RelayOptions


def laboratory_figures(
    day: LaboratoryDay, capacity: float, options: RelayOptions
) -> tuple[dict[str, float], pd.DataFrame]:
    """
    Put a laboratory's day into figures.

    Parameters
    ----------
    day
        Its day.
    capacity
        Tubes that it can test on a day.
    options
        Section ``[relay]`` of the plan.

    Returns
    -------
    figures, hours
        Columns of `walkcover.operations.RelayPlan.laboratories`, and rows of its table of hours.
    """
    assay_s = HOUR_S * options.assay_h
    arrived, tested, queue, results = hours_of_day(day, assay_s=assay_s)
    hour = np.arange(arrived.size)
    # Tubes that are left still lie there, but its day is over.
    waits = (queue > 0) & (hour < math.ceil(day.closes_s / HOUR_S))
    shown = (arrived > 0) | (tested > 0) | (results > 0) | waits
    late = day.arrive_s[day.waits_s() > HOUR_S * options.hold_h + 1e-6]
    tubes = int(day.arrive_s.size)
    done = day.put_on_s[~day.is_left]
    row = {
        "tubes": tubes,
        "load_share": tubes / capacity if capacity > 0 else np.nan,
        "queue_tubes": int(queue.max(initial=0)),
        "queue_hour": float(np.argmax(queue)) if queue.max(initial=0) > 0 else np.nan,
        "short_tubes": int(day.is_left.sum()),
        "short_from_h": float(late.min() // HOUR_S) if late.size else np.nan,
        "done_h": float(done.max() + assay_s) / HOUR_S if done.size else np.nan,
    }
    table = pd.DataFrame(
        {
            "hour": hour[shown],
            "arrived_tubes": arrived[shown],
            "tested_tubes": tested[shown],
            "queue_tubes": queue[shown],
            "results": results[shown],
        }
    )
    return row, table
