# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a report shows beside the figures: where the errors are, frames to look at, clouds."""
from dataclasses import dataclass, field

from depth_ros.camera import Camera
from depth_ros.cloud_view import cloud_frame
from depth_ros.evaluation.breakdown import Breakdown
from depth_ros.evaluation.confidence import Curves
from depth_ros.evaluation.worst import tiles
import numpy as np

WORST, SPREAD, CLOUDS = 6, 6, 3
MODEL = 'model'
CURVE_PIXELS = 20_000  # of a frame, evenly spread: its order sorts them three times
SHOWN = ('abs_rel', 'rmse', 'delta1')


@dataclass(frozen=True)
class View:
    """
    One compared frame; depths (H, W) metres, NaN unknown.

    line: (H, W) metres, 0 none; confidence (H, W) 0..1; others: {method: depth} to compare with;
    beyond: metres that the model's +Inf stands for. What is None is not shown.
    """

    name: str
    depth: np.ndarray
    truth: np.ndarray
    image: np.ndarray | None = None
    line: np.ndarray | None = None
    confidence: np.ndarray | None = None
    camera: Camera | None = None
    others: dict = field(default_factory=dict)
    beyond: float | None = None


@dataclass(frozen=True)
class Kept:
    """A frame to look at: its number, name, errors, small pictures and cloud."""

    number: int
    name: str
    errors: dict
    tiles: list
    cloud: dict | None


class Evidence:
    """Collects frames; memory does not grow with their number."""

    def __init__(self, model=MODEL, minimum=0.0, worst=WORST, spread=SPREAD, pictures=True):
        """
        Begin without frames.

        :param model: name of what is looked at; minimum: see ``metrics.valid_pixels``.
        :param worst, spread: how many frames are shown; pictures: False keeps clouds alone.
        """
        self.model, self._pictures = model, pictures
        self.breakdown, self.curves = Breakdown(minimum), Curves()
        self._most, self._worst, self._spread, self._stride = (worst, spread), [], [], 1
        self.number = 0

    def add(self, view, errors):
        """Take one ``View`` and its errors, see ``metrics.image_metrics``."""
        self.breakdown.add({self.model: view.depth, **view.others}, view.truth,
                           {self.model: view.beyond}, view.line)
        if view.confidence is not None:
            self._confidence(view)
        number, rel = self.number, errors['abs_rel']
        self.number += 1
        worst = np.isfinite(rel) and (len(self._worst) < self._most[0] or
                                      rel > self._worst[-1].errors['abs_rel'])
        spread = number % self._stride == 0
        if not (worst or spread):
            return
        kept = self._kept(view, number, errors)
        if worst:
            self._worst = sorted([*self._worst, kept],
                                 key=lambda one: -one.errors['abs_rel'])[:self._most[0]]
        if spread:
            self._spread.append(kept)
            if len(self._spread) > 2 * self._most[1]:
                # Twice as far apart from here on: spread over a stream of any length.
                self._stride *= 2
                self._spread = [one for one in self._spread if one.number % self._stride == 0]

    def _confidence(self, view):
        known = np.flatnonzero(np.isfinite(view.depth) & np.isfinite(view.truth))
        known = known[::max(1, len(known) // CURVE_PIXELS)]
        self.curves.add(*(values.ravel()[known] for values in (
            view.depth, view.truth, view.confidence)))

    def _kept(self, view, number, errors):
        cloud = None
        if view.camera is not None:
            cloud = cloud_frame(view.name, view.depth, view.camera, view.image, view.truth,
                                view.line, view.confidence)
        return Kept(number, view.name, {name: errors[name] for name in SHOWN},
                    tiles(view) if self._pictures else [], cloud)

    def worst(self):
        """Return the worst frames, the very worst first."""
        return list(self._worst)

    def spread(self):
        """Return frames along the data that are not among the worst, in their order."""
        count = min(self._most[1], len(self._spread))
        taken = [self._spread[int((k + 0.5) * len(self._spread) / count)] for k in range(count)]
        shown = {one.number for one in self._worst}
        return [one for one in taken if one.number not in shown]

    def clouds(self, count=CLOUDS):
        """Return at most ``count`` clouds: a typical frame first, then the worst, then others."""
        frames = sorted({one.number: one for one in [*self._worst, *self._spread]
                         if one.cloud and np.isfinite(one.errors['abs_rel'])}.values(),
                        key=lambda one: one.errors['abs_rel'])
        if not frames:
            return []
        usual = np.median([one.errors['abs_rel'] for one in self._spread])
        typical = min(frames, key=lambda one: abs(one.errors['abs_rel'] - usual))
        named = {typical.number: 'typical'}
        for one, word in ((frames[-1], 'worst'), (frames[0], 'best of those shown')):
            named.setdefault(one.number, word)
        by_number = {one.number: one for one in frames}
        return [dict(by_number[number].cloud, name=f'{by_number[number].name}, {word} '
                     f'(REL {by_number[number].errors["abs_rel"]:.3f})')
                for number, word in list(named.items())[:count]]

    def result(self):
        """Return plain values: ``by_range``, ``by_row``, ``line_row``, ``confidence``."""
        found = self.breakdown.result()
        return {'model': self.model, 'frames': found['frames'], 'by_range': found['range'],
                'by_row': found['row'], 'line_row': found['line_row'],
                'confidence': self.curves.result()}
