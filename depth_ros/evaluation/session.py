# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Figures of a running comparison of predicted depth with ground truth."""
import json
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.evaluation.environment import environment
from depth_ros.evaluation.metrics import METRICS
from depth_ros.evaluation.protocols import Average, Protocol
from depth_ros.evaluation.run import plain
import numpy as np

# Frames listed one by one in the report; the averages go on beyond it, memory does not.
LISTED_FRAMES = 10_000
_LISTED = METRICS + ('coverage', 'pixels', 'far', 'clamped')


class Session:
    """
    Collects the errors of pairs of depth maps.

    min_depth, max_depth: metres between which ground truth counts; max_depth 0 sets no limit.
    """

    def __init__(self, min_depth=0.0, max_depth=0.0):
        """Start without frames."""
        self.set_limits(min_depth, max_depth)
        self.average, self.frames = Average(self.protocol), []

    def set_limits(self, min_depth, max_depth):
        """Change the limits for the frames to come."""
        self.protocol, self.max_depth = Protocol('image_rmse', minimum=min_depth), max_depth

    def add(self, stamp_ns, prediction, target):
        """
        Take one pair, (H, W) metres each, NaN unknown; return the metrics of this image.

        Raises InputError when the sizes differ.
        """
        if prediction.shape != target.shape:
            raise InputError(
                f'depth is {prediction.shape[1]}x{prediction.shape[0]} but the ground truth is '
                f'{target.shape[1]}x{target.shape[0]}: compare images of one size', 'sizes differ')
        metrics = self.protocol.image(prediction, self.counted(target))
        self.average.add(metrics)
        if len(self.frames) < LISTED_FRAMES:
            self.frames.append({'stamp_ns': stamp_ns,
                                'metrics': {name: metrics[name] for name in _LISTED}})
        return metrics

    def counted(self, target):
        """Return ground truth (H, W) metres without what is beyond the limit."""
        if self.max_depth > 0:
            return np.where(target <= self.max_depth, target, np.float32(np.nan))
        return target

    def report(self, **details):
        """Return the figures as a dict of plain values, ready for JSON; details are added."""
        limit = f', <= {self.max_depth:g} m' if self.max_depth > 0 else ''
        return plain({
            'frames': self.average.images, 'protocol': self.protocol.name,
            'protocol_definition': self.protocol.definition + limit,
            'metrics': self.average.result(), **details, 'per_frame': self.frames,
            'per_frame_complete': len(self.frames) == self.average.images,
            'environment': environment()})

    def write(self, path, **details):
        """Write the report to a JSON file, making its folder."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.report(**details), indent=1, allow_nan=False) + '\n')
