# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Models on frames they never saw: at beams held back, and on ground truth where there is any."""
from __future__ import annotations

from dataclasses import dataclass, field

from depth_ros.contracts import InputError
from depth_ros.evaluation.baselines import nearest_fill
from depth_ros.evaluation.confidence import TOLERANCE
from depth_ros.evaluation.evidence import View
from depth_ros.evaluation.protocols import Average, find_protocol
import numpy as np
import torch
from tqdm import tqdm
from training.losses.alignment import affine_teacher, CAP, line_scales, scaled_teacher
from training.robot.split import hold_back

BEFORE, AFTER = 'shipped model', 'trained on the recording'
TEACHER, FILL = 'teacher scaled by the line', 'nearest measurement'
PROTOCOL = 'image_rmse'
PICTURES = 6
KEPT = ('abs_rel', 'rmse', 'delta1', 'coverage', 'pixels')


@dataclass
class Shown:
    """One measured frame for people; depths (H, W) metres by method."""

    name: str
    image: np.ndarray
    line: np.ndarray
    held: np.ndarray
    truth: np.ndarray
    depths: dict


@dataclass
class Ledger:
    """Errors of one method against one kind of truth, over frames."""

    average: Average = field(default_factory=lambda: Average(find_protocol(PROTOCOL)))
    per_frame: list = field(default_factory=list)
    stated: list = field(default_factory=list)
    observed: list = field(default_factory=list)

    def add(self, depth, target, beyond=None, confidence=None):
        """
        Take a frame and return its errors.

        depth, target (H, W) metres, NaN unknown; confidence (H, W) or None.
        """
        errors = self.average.protocol.image(depth, target, beyond)
        self.average.add(errors)
        self.per_frame.append(errors['abs_rel'])
        known = np.isfinite(depth) & np.isfinite(target)
        if confidence is not None and known.any():
            ratio = depth[known] / target[known]
            self.stated.append(float(confidence[known].mean()))
            self.observed.append(float(
                (np.maximum(ratio, 1 / np.maximum(ratio, 1e-9)) <= TOLERANCE).mean()))
        return errors

    def result(self):
        """Return the figures as plain values."""
        metrics = self.average.result()
        kept = {name: metrics[name] for name in KEPT}
        if self.stated:
            kept.update(confidence_stated=float(np.mean(self.stated)),
                        confidence_observed=float(np.mean(self.observed)))
        return dict(kept, frames=self.average.images - self.average.empty)


def scaled(depth, line, rule: str = 'ratios'):
    """
    Bring relative depth (H, W) to metres by a line (H, W), 0 none, as the training does.

    :param rule: medians, ratios or affine, see `losses.alignment`.
    :returns: (H, W) metres, cut at `alignment.CAP`; NaN without a line.
    """
    relative, measured = (torch.tensor(values)[None, None] for values in (depth, line))
    scales, _ = line_scales(relative, measured, scale=rule)
    metric = affine_teacher(relative, measured, scales, CAP) if rule == 'affine' else \
        scaled_teacher(relative, scales, CAP)
    return metric[0, 0].numpy()


class Measurement:
    """
    Adds up frames for several models and the baselines.

    :param models: {name: `Estimator`}; teacher: with `depth(image)`, or None; rule: how the line
        scales it, see `scaled`.
    :param seed: of the beams that are held back.
    :param pictures: how many frames are kept in `shown`, evenly spread.
    :param evidence: `Evidence` of the method that it is named after, or None; on ground truth
        where there is any, else at the held-back beams.
    """

    def __init__(self, models, teacher=None, seed=0, pictures=0, rule='ratios', evidence=None):
        """Begin without frames."""
        self.models, self.teacher, self.seed, self.pictures = models, teacher, seed, pictures
        self.rule, self.evidence = rule, evidence
        self.kinds = {'beams': {}, 'truth': {}}
        self.names, self.shown = [], []

    def run(self, samples, total: int, label='measuring'):
        """Take all samples of an iterable of length `total`."""
        wanted = {int((k + 0.5) * total / self.pictures) for k in range(self.pictures)}
        for number, sample in enumerate(tqdm(samples, total=total, desc=label, unit='frame',
                                             disable=None)):
            self._frame(sample, number, number in wanted)
        return self

    def _frame(self, sample, number, keep):
        line, held = hold_back(sample.sparse, sample.camera, (self.seed, number))
        if not (held > 0).any() or not (line > 0).any():
            return
        self.names.append(sample.name)
        target = np.where(held > 0, held, np.float32(np.nan))
        truth = np.isfinite(sample.depth).any()
        kept, last = {}, {}
        for name, model in self.models.items():
            beyond = model.spec.depth_max or None
            frame = model.estimate(sample.image, sample.camera, sparse=line)
            errors = self._ledger('beams', name).add(frame.depth, target, beyond,
                                                     frame.confidence)
            kept[name] = frame.depth
            if truth:  # the robot has all beams
                frame = model.estimate(sample.image, sample.camera, sparse=sample.sparse)
                errors = self._ledger('truth', name).add(frame.depth, sample.depth, beyond,
                                                         frame.confidence)
            last[name] = frame, errors, beyond
        baselines = {FILL: nearest_fill}
        if self.teacher is not None:
            # Images of recordings are views of the messages, which torch must not write to.
            relative = self.teacher.depth(np.array(sample.image))
            baselines[TEACHER] = lambda given: scaled(relative, given, self.rule)
        for name, baseline in baselines.items():
            self._ledger('beams', name).add(baseline(line), target)
            if truth:
                self._ledger('truth', name).add(baseline(sample.sparse), sample.depth)
        if self.evidence is not None:
            given = sample.sparse if truth else line
            self._look(sample, given, sample.depth if truth else target, last,
                       {name: baseline(given) for name, baseline in baselines.items()})
        if keep:
            self.shown.append(Shown(sample.name, np.array(sample.image), line, held,
                                    np.array(sample.depth), kept))

    def _look(self, sample, line, target, last, others):
        frame, errors, beyond = last[self.evidence.model]
        others.update((name, other.depth) for name, (other, _, _) in last.items()
                      if name != self.evidence.model)
        self.evidence.add(View(sample.name, frame.depth, target, np.array(sample.image), line,
                               frame.confidence, sample.camera, others, beyond), errors)

    def _ledger(self, kind, name):
        return self.kinds[kind].setdefault(name, Ledger())

    def result(self) -> dict:
        """
        Return {'beams': {method: figures}, 'truth': the same or None, 'frames', 'names'}.

        Figures: abs_rel, rmse (metres), delta1, coverage, pixels, frames, and of models with a
        confidence the mean of what it says and the share within 10 %.
        """
        if not self.names:
            raise InputError('no frame of the measured part has enough beams in the image')
        found = {kind: {name: ledger.result() for name, ledger in ledgers.items()} or None
                 for kind, ledgers in self.kinds.items()}
        return {**found, 'frames': len(self.names), 'names': self.names,
                'per_frame': {kind: {name: ledger.per_frame for name, ledger in ledgers.items()}
                              for kind, ledgers in self.kinds.items()}}


def compared(report: dict, kind: str, before=BEFORE, after=AFTER) -> dict | None:
    """
    Compare two methods of a report's kind frame by frame.

    :returns: before, after (mean REL), change (relative), better (share of frames), error (of the
        change: standard error of the mean difference over `before`); None where not measured.
    """
    rows = (report.get('per_frame') or {}).get(kind) or {}
    if before not in rows or after not in rows:
        return None
    pairs = np.array([rows[before], rows[after]], float)
    pairs = pairs[:, np.isfinite(pairs).all(0)]
    if not pairs.size:
        return None
    (first, second), difference = pairs.mean(1), pairs[1] - pairs[0]
    error = difference.std(ddof=1) / len(difference) ** 0.5 if len(difference) > 1 else np.nan
    return {'before': float(first), 'after': float(second),
            'change': float(second / first - 1) if first else 0.0,
            'error': float(error / first) if first else 0.0,
            'better': float((difference < 0).mean())}
