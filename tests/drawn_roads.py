"""Roads and streets drawn for tests."""

import itertools

import numpy as np
import pandas as pd

from walkcover.network import Lines


def make_lines(lines, *, kmh=36.0, oneway=(), highway="primary"):
    """Lines of node names with places; those with a number in `oneway` go forward only."""
    nodes = sorted({node for line, _ in lines for node in line})
    number = {node: i for i, node in enumerate(nodes)}
    place = {node: at for line, places in lines for node, at in zip(line, places, strict=True)}
    order = [node for line, _ in lines for node in line]
    lon, lat = np.array([place[node] for node in order]).T
    tags = pd.DataFrame({"name": "", "highway": highway, "private": False, "raised": False,
                         "forward": True, "backward": [k not in oneway for k in range(len(lines))],
                         "kmh": kmh}, index=range(len(lines)))  # fmt: skip
    return Lines(
        indptr=np.append(0, np.cumsum([len(line) for line, _ in lines])),
        lon=lon,
        lat=lat,
        point=np.array([number[node] for node in order]),
        tags=tags,
    )


def grid(seed, *, side=4, step=0.01):
    """Streets of a jittered grid, some with a bend, some of one way."""
    rng = np.random.default_rng(seed)
    at = {
        (i, j): (
            112 + step * (i + rng.uniform(-0.2, 0.2)),
            37 + step * (j + rng.uniform(-0.2, 0.2)),
        )
        for i in range(side)
        for j in range(side)
    }
    lines = []
    for (i, j), (di, dj) in itertools.product(list(at), ((1, 0), (0, 1))):
        a, b = (i, j), (i + di, j + dj)
        if b in at:
            middle = tuple(np.mean([at[a], at[b]], axis=0) + rng.uniform(-0.001, 0.001, 2))
            lines.append(([a, (*a, *b), b], [at[a], middle, at[b]]))
    oneway = {k for k in range(len(lines)) if rng.random() < 0.3}
    return make_lines(lines, oneway=oneway)
