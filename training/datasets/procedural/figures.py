# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How fast the world is drawn and rendered, and how its frames are spread."""
from __future__ import annotations

import itertools
import time

import numpy as np
import torch
from training.datasets.procedural import world
from training.datasets.procedural.dataset import GPU_BATCH, ProceduralBatches
from training.datasets.procedural.frames import describe, develop, frames

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def _quantiles(values, digits=3):
    found = np.quantile(np.asarray(values, dtype=np.float64), QUANTILES)
    return {f'{q:g}': round(float(v), digits) for q, v in zip(QUANTILES, found)}


def _wait(device):
    if str(device) != 'cpu':
        torch.cuda.synchronize(device)


def costs(seed: int, shape: str, count: int, device='cpu', batch: int = 1) -> dict:
    """
    Time drawing and rendering apart, one after the other.

    :returns: draw_ms (one core), render_ms a frame, by CPU time of this process on a CPU and by
        the clock on a GPU; kept: share of usable frames.
    """
    clock = time.process_time if str(device) == 'cpu' else time.perf_counter
    develop(describe(seed, shape, range(batch)), device)  # warm up
    drawing = rendering = kept = 0.0
    for first in range(batch, batch + count, batch):
        start = clock()
        shots = describe(seed, shape, range(first, first + batch))
        drawing += clock() - start
        _wait(device)
        start = clock()
        kept += len(develop(shots, device))
        _wait(device)
        rendering += clock() - start
    done = -(-count // batch) * batch
    return {'draw_ms': round(1000 * drawing / done, 2),
            'render_ms': round(1000 * rendering / done, 2), 'kept': round(kept / done, 3)}


def stream_rate(seed: int, shape: str, count: int, device='cpu', workers: int = 0) -> float:
    """Give usable frames a second by the clock, with `workers` processes that draw."""
    stream = frames(seed, shape, 0, device, 1 if str(device) == 'cpu' else GPU_BATCH, workers)
    for _ in range(2 if str(device) == 'cpu' else 4 * GPU_BATCH):  # start of the workers
        next(stream)
    _wait(device)
    start = time.perf_counter()
    for _ in itertools.islice(stream, count):
        pass
    _wait(device)
    return round(count / (time.perf_counter() - start), 2)


def spread(seed: int, shape: str, batches: int, size) -> dict:
    """
    Describe cameras (heights, fields of view) and depths against the line.

    :returns: quantiles of the camera's height in metres, of the horizontal field in degrees, of
        depth over the line's geometric mean (all pixels of all frames), of the rows of the line
        (0 top, 1 bottom), and shares of sky and of frames without a line.
    """
    heights, fields, kinds = [], [], []
    for number in range(8 * batches):
        _, view, kind = world.draw([seed, sorted(world.SIZES).index(shape), number], shape)
        heights.append(view.pose[2, 3])
        fields.append(np.degrees(2 * np.arctan(view.width / 2 / view.fx)))
        kinds.append(kind)
    ratios, rows, sky, empty, total = [], [], 0.0, 0, 0
    data = ProceduralBatches(seed, 8, None, float(shape == 'wide'), length=batches,
                             sizes={shape: ((tuple(size), 1.0),)})
    for batch in data:
        for depth, sparse in zip(batch['depth'].numpy(), batch['sparse_depth'].numpy()):
            total += 1
            sky += np.isinf(depth).mean()
            if not (sparse > 0).any():
                empty += 1
                continue
            middle = np.exp(np.log(sparse[sparse > 0]).mean())
            seen = depth[np.isfinite(depth)]
            ratios.append(seen[::17] / middle)
            rows.append(np.nonzero(sparse)[0].mean() / depth.shape[0])
    return {'height_m': _quantiles(heights), 'field_deg': _quantiles(fields, 1),
            'depth_over_line': _quantiles(np.concatenate(ratios)), 'line_row': _quantiles(rows),
            'sky': round(sky / total, 3), 'without_line': round(empty / total, 3)}
