# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What another precision costs: outputs against float32, and the errors of both."""

from depth_ros.datasets import open_dataset, Options
from depth_ros.engines.calibration import DEMO_BAG
from depth_ros.evaluation import suite
import numpy as np
from tqdm import tqdm


def frame_sets(data=None, frames=8):
    """
    Return {name: Dataset} of the demo recording and, under `data`, the open rows of the suite.

    :param frames: at most this many of each, evenly spread.
    """
    sets = {'demo bag': open_dataset('bag', DEMO_BAG, Options())}
    if data is not None:
        for row in suite.present(data, suite.usual_rows())[0]:
            # The middle one of several lines stands for all.
            sets[row.name] = row.frames(data, row.variants[len(row.variants) // 2])
    return {name: dataset.subset(dataset.spread(frames)) for name, dataset in sets.items()}


def compare(sets, reference, others, protocol):
    """
    Run every frame through all estimators.

    :param sets: as of frame_sets. reference: Estimator in float32. others: {name: Estimator}.
    :return: one row per set: `set`, `frames`, `rel` of the reference, and per estimator
        `{'rel', 'median', 'p99', 'largest'}`: its REL, and the relative difference of the
        network's depth to the reference's over the pixels (median and 99th percentile as means
        over the frames).
    """
    rows = []
    for name, dataset in tqdm(sets.items(), unit='set', disable=None):
        rel = {label: [] for label in ('reference', *others)}
        apart = {label: [] for label in others}
        for sample in dataset.read(dataset.spread(None)):
            exact = _estimate(reference, sample, protocol, rel['reference'])
            for label, estimator in others.items():
                depth = _estimate(estimator, sample, protocol, rel[label])
                difference = np.abs(depth / exact - 1)
                apart[label].append((np.median(difference), np.percentile(difference, 99),
                                     difference.max()))
        row = {'set': name, 'frames': len(rel['reference']), 'rel': _mean(rel['reference'])}
        for label in others:
            middle, tail, largest = np.array(apart[label]).T
            row[label] = {'rel': _mean(rel[label]), 'median': float(middle.mean()),
                          'p99': float(tail.mean()), 'largest': float(largest.max())}
        rows.append(row)
    return rows


def _estimate(estimator, sample, protocol, rel):
    """Return the depth of the bare network; append the REL of the whole estimate."""
    seen = []
    estimator.prepare(sample.camera)
    estimator.engine = engine = _Watched(estimator.engine, seen)
    frame = estimator.estimate(sample.image, sample.camera, sparse=sample.sparse)
    estimator.engine = engine.engine
    rel.append(protocol.image(frame.depth, sample.depth, estimator.spec.depth_max or None)
               ['abs_rel'])
    return seen[0]['depth']


class _Watched:
    """An engine whose outputs are kept as well."""

    def __init__(self, engine, seen):
        self.engine, self.seen = engine, seen
        self.height, self.width = engine.height, engine.width

    def run(self, *inputs):
        self.seen.append(self.engine.run(*inputs))
        return self.seen[-1]


def _mean(values):
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else None
