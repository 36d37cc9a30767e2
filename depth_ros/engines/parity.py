# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Does an engine give the depth that ONNX Runtime gives: the gate that every built engine passes.

The same stored frame goes through both. Relative errors are those of the depth at every pixel,
and outputs from 0 to 1, such as confidence, are compared by their absolute difference. Of a model
with several domains every head is asked; distances and unlikeness count in parts of the largest.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter

import cv2
from depth_ros import lidar
from depth_ros.engines import RefusedError
from depth_ros.model import OF_EACH_DOMAIN
import numpy as np

# Part of the key of an engine: raise it when the frame, the measures or the limits change.
VERSION = 1
FRAME = Path(__file__).parent / 'parity_frame.npz'
WARM_UP, TIMED = 3, 20


@dataclass(frozen=True)
class Limit:
    """What an engine may differ by; docs/tensorrt.md has the measurements behind the numbers."""

    median_rel: float
    p99_rel: float
    max_rel: float
    other_p99: float
    """99th percentile of the absolute difference of outputs from 0 to 1."""


LIMITS = {
    'fp32': Limit(1e-3, 5e-3, 0.05, 5e-3),
    'fp16': Limit(5e-3, 0.05, 0.25, 0.02),
    'bf16': Limit(1.5e-2, 0.2, 1.0, 0.05),
    'int8': Limit(3e-2, 0.25, 1.0, 0.1),
}


class ParityError(RefusedError):
    """An engine that differs from ONNX Runtime by more than its precision explains."""


@dataclass(frozen=True)
class Parity:
    """How far the outputs of an engine are from the reference."""

    precision: str
    pixels: int
    median_rel: float
    p99_rel: float
    max_rel: float
    not_finite: int
    """Values that are NaN, infinite or missing where the reference has a number."""
    other_p99: dict = field(default_factory=dict, hash=False)
    limit: dict = field(default_factory=dict, hash=False)
    passed: bool = False

    @classmethod
    def from_record(cls, record):
        """Make it from what `record` returned, as read from a sidecar."""
        return cls(**record)

    def record(self):
        """Plain values for JSON; an error that is not a number is null."""
        def plain(value):
            if isinstance(value, dict):
                return {name: plain(entry) for name, entry in value.items()}
            return None if isinstance(value, float) and not np.isfinite(value) else value
        return plain(asdict(self))

    def text(self):
        """Figures in one line, with the limits."""
        def percent(value):
            return 'unknown' if value is None or not np.isfinite(value) else f'{100 * value:.2g} %'
        limit = Limit(**self.limit)
        parts = [f'median {percent(self.median_rel)} (limit {percent(limit.median_rel)})',
                 f'99 % of the pixels {percent(self.p99_rel)} ({percent(limit.p99_rel)})',
                 f'maximum {percent(self.max_rel)} ({percent(limit.max_rel)})',
                 f'{self.not_finite} not finite']
        parts += [f'{name} {percent(value)} ({percent(limit.other_p99)})'
                  for name, value in self.other_p99.items()]
        return ', '.join(parts)


def stored_input(spec, height, width):
    """
    Return the stored frame as inputs of a model.

    :return: `{'image': (H, W, 3) uint8 RGB[, 'sparse_depth': (H, W) float32 metres]}`, the same
        on every machine.
    """
    with np.load(FRAME) as stored:
        image, line = stored['image'], stored['line']
    shrinks = height * width < image.shape[0] * image.shape[1]
    feed = {'image': cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks
                                else cv2.INTER_LINEAR)}
    if spec.task == 'completion':
        sparse = np.zeros(image.shape[:2], np.float32)
        sparse[line[:, 0].astype(int), line[:, 1].astype(int)] = line[:, 2]
        feed['sparse_depth'] = lidar.resize_sparse(sparse, height, width)
    return feed


def compare(reference, outputs, precision):
    """
    Compare the outputs of an engine with those of the reference, both by name.

    :param precision: key of LIMITS.
    :return: Parity.
    """
    limit = LIMITS[precision]
    expected = np.asarray(reference['depth'], np.float64)
    depth, finite = _like(expected, outputs.get('depth'))
    error = np.abs(depth - expected)[finite] / np.maximum(np.abs(expected[finite]), 1e-6)
    missing, others = int((~finite).sum()), {}
    for name, value in reference.items():
        if name == 'depth' or not np.issubdtype(np.asarray(value).dtype, np.floating):
            continue
        found, usable = _like(np.asarray(value, np.float64), outputs.get(name))
        missing += int((~usable).sum())
        gap = np.abs(found - value)[usable]
        if name in OF_EACH_DOMAIN:
            gap = gap / np.abs(value)[np.isfinite(value)].max(initial=1e-6)
        others[name] = float(np.percentile(gap, 99)) if gap.size else float('inf')
    median, p99, largest = (map(float, np.percentile(error, (50, 99, 100))) if error.size
                            else 3 * (float('inf'),))
    passed = (not missing and median <= limit.median_rel and p99 <= limit.p99_rel
              and largest <= limit.max_rel
              and all(gap <= limit.other_p99 for gap in others.values()))
    return Parity(precision, expected.size, median, p99, largest, missing, others, asdict(limit),
                  passed)


def _like(expected, found):
    """Return an output and where it is a number; one that is missing is a number nowhere."""
    if found is None or np.shape(found) != expected.shape:
        return np.full(expected.shape, np.nan), np.zeros(expected.shape, bool)
    found = np.asarray(found, np.float64)
    return found, np.isfinite(found) | ~np.isfinite(expected)


def gate(engine, spec, height, width, precision, reference=None):
    """
    Run the stored frame through an engine and through ONNX Runtime; time both.

    :param engine: has `run(image, sparse_depth) -> {name: array}`.
    :param reference: engine of ONNX Runtime; None loads it.
    :return: plain figures: `parity`, `latency_ms` and `reference_latency_ms` (median and p99).
    :raises ParityError: the engine must not be used; its figures are the same dictionary.
    """
    reference = reference or _reference(spec, height, width)
    figures = check(engine, spec, height, width, precision, reference)
    feed = stored_input(spec, height, width)
    return {**figures, 'latency_ms': timed(engine, feed),
            'reference_latency_ms': timed(reference, feed)}


def check(engine, spec, height, width, precision, reference=None):
    """Compare as `gate`, without timing; return `parity` alone."""
    feed = stored_input(spec, height, width)
    reference = reference or _reference(spec, height, width)
    parity = compare(_answers(reference, spec, feed), _answers(engine, spec, feed), precision)
    figures = {'parity': parity.record()}
    if not parity.passed:
        raise ParityError(f'the {precision} engine of {spec.name} differs from ONNX Runtime: '
                          f'{parity.text()}', figures)
    return figures


def _answers(engine, spec, feed):
    """Run the frame; of a model with several domains, the outputs of all one after another."""
    if not spec.domains:
        return engine.run(**feed)
    runs = [engine.run(**feed, domain=place) for place in range(len(spec.domains))]
    return {name: np.stack([run[name] for run in runs]) for name in runs[0]}


def _reference(spec, height, width):
    from depth_ros.engines import onnxruntime
    return onnxruntime.load(spec, height, width)


def timed(engine, feed):
    """Median and 99th percentile in milliseconds of running one frame again and again."""
    times = []
    for _ in range(WARM_UP + TIMED):
        start = perf_counter()
        engine.run(**feed)
        times.append(1e3 * (perf_counter() - start))
    return {'median': float(np.median(times[WARM_UP:])),
            'p99': float(np.percentile(times[WARM_UP:], 99))}
