# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Runs a model and the baselines over a data set and collects one report."""
from collections import defaultdict
from dataclasses import asdict
import hashlib
import math

from depth_ros.evaluation.evidence import View
from depth_ros.evaluation.metrics import METRICS
import numpy as np
from tqdm import tqdm

STAGES = ('preprocess', 'inference', 'postprocess')
_SHOWN = METRICS + ('coverage', 'pixels', 'far', 'clamped')


def evaluate(dataset, estimator, protocol, baselines, limit=None, on_frame=None, evidence=None):
    """
    Estimate every frame and compare it, and each baseline, with the ground truth.

    dataset: ``datasets.Dataset``; estimator: ``estimator.Estimator``; protocol:
    ``protocols.Protocol``; baselines: {name: function(image, sparse) -> depth}; limit: at most
    this many frames, evenly spread; on_frame(sample, depth) is called per frame (pictures);
    evidence: ``evidence.Evidence`` that collects what a page shows.

    Returns the report as a dict of plain values, ready for JSON: ``frames``, ``protocol``,
    ``model``, ``line``, ``metrics``, ``baselines``, ``residual_on_line``,
    ``latency_ms``, ``per_frame``, and ``data_sha256`` of the frames as they were read. Unknown
    numbers are None.
    """
    collected, frames, digest = defaultdict(list), [], hashlib.sha256()
    indices = dataset.spread(limit)
    for sample in tqdm(dataset.read(indices), total=len(indices), unit='frame', disable=None):
        # Loading a model for a new image size is not part of a frame's latency.
        estimator.prepare(sample.camera)
        frame = estimator.estimate(sample.image, sample.camera, sparse=sample.sparse)
        # Claiming that a thing is out of range is an error, not a gap, where the truth is known.
        beyond = estimator.spec.depth_max_in(frame.domain) or None
        collected['model'].append(protocol.image(frame.depth, sample.depth, beyond))
        others = {name: baseline(sample.image, sample.sparse)
                  for name, baseline in baselines.items()}
        for name, depth in others.items():
            collected[name].append(protocol.image(depth, sample.depth))
        frames.append(_frame_report(sample, frame, collected))
        if estimator.spec.domains:
            frames[-1]['domain'] = estimator.spec.domains[frame.domain].name
        if on_frame is not None:
            on_frame(sample, frame.depth)
        if evidence is not None:
            evidence.add(View(
                sample.name, frame.depth, sample.depth, sample.image, sample.sparse,
                frame.confidence, sample.camera, others, beyond), collected['model'][-1])
        for array in (sample.image, sample.sparse, sample.depth):
            digest.update(np.ascontiguousarray(array))
    report = {
        'frames': len(frames), 'protocol': protocol.name, 'model': estimator.spec.name,
        'protocol_definition': protocol.definition, 'model_details': _model(estimator),
        'line': dataset.line, 'data_sha256': digest.hexdigest(),
        'metrics': protocol.combine(collected['model']),
        'baselines': {name: protocol.combine(collected[name]) for name in baselines},
        'residual_on_line': _residual(frames),
        'latency_ms': _latency(frames),
        'per_frame': frames,
    }
    return plain(report)


def plain(value):
    """Return nested values as JSON can hold them: plain numbers, None for NaN and Inf."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _frame_report(sample, frame, collected):
    latency = {stage: frame.timings_ms[stage] for stage in STAGES}
    latest = {name: {key: images[-1][key] for key in _SHOWN}
              for name, images in collected.items()}
    return {
        'name': sample.name,
        'line_pixels': int(np.count_nonzero(sample.sparse > 0)),
        'metrics': latest.pop('model'),
        'baselines': latest,
        'residual_on_line': asdict(frame.residual) if frame.residual else None,
        'latency_ms': dict(latency, total=sum(latency.values())),
    }


def _model(estimator):
    spec, engine = estimator.spec, estimator.engine
    return dict(spec.summary(), anchor=estimator.anchor,
                engine=engine.describe() if engine else None,
                run_at={'height': engine.height, 'width': engine.width} if engine else None)


def _residual(frames):
    """Return medians over the frames that had a line; None when none had (monocular)."""
    residuals = [frame['residual_on_line'] for frame in frames if frame['residual_on_line']]
    if not residuals:
        return None
    result = {name: float(np.median([residual[name] for residual in residuals]))
              for name in ('median_abs', 'median_rel', 'bias_rel', 'anchored_median_abs')}
    return dict(result, frames=len(residuals),
                count=int(sum(residual['count'] for residual in residuals)))


def _latency(frames):
    if not frames:
        return {'median': None, 'p99': None}
    total = [frame['latency_ms']['total'] for frame in frames]
    stages = {stage: float(np.median([frame['latency_ms'][stage] for frame in frames]))
              for stage in STAGES}
    return {'median': float(np.median(total)), 'p99': float(np.percentile(total, 99)),
            'stage_medians': stages}
