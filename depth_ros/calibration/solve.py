# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
From residuals to seven numbers, and to how well each is known.

Robust Gauss-Newton from several starts, coarse to fine, with a prior about the start that only
matters for what the recording does not say. The uncertainty is the sandwich estimate (Huber 1967)
over blocks of neighbouring images, since the residuals of one place err together.
"""
from dataclasses import dataclass

from depth_ros.calibration.objective import LEAST_SCALES, NAMES
import numpy as np

# Standard deviations of the prior: metres, radians, seconds.
PRIOR = np.array([0.1, 0.1, 0.1, 0.06, 0.06, 0.06, 0.08])
# Steps of the difference quotient, and blur of the depth in pixels, coarse to fine.
STEPS = np.array([0.02, 0.02, 0.02, 0.008, 0.008, 0.008, 0.008])
LEVELS = ((6.0, 2.0, 4), (2.0, 1.0, 5), (0.0, 0.5, 8))
# So many residuals say as much as one that is independent.
ALIKE = 10.0
# A number is known when its standard deviation is below: metres, radians, seconds.
LIMITS = np.array([0.02, 0.02, 0.02, *np.radians([0.5, 0.5, 0.5]), 0.01])
# Blocks see what differs from place to place, not what is wrong everywhere: the spread is widened.
WIDEN = 2.0
FLOOR = np.array([0.005, 0.005, 0.01, *np.radians([0.15, 0.15, 0.15]), 0.002])
BLOCKS = 12
# Never moved: noise looks like knowledge of it (docs/calibration.md).
HEIGHT = NAMES.index('z')
# Geman-McClure: residuals of more than so many scales hardly pull.
FAR = 3.0
# Share of the pairs with motion without which a predicted depth is not believed.
LEAST_MOVED = 0.3
STARTS_YAW = (0.0, -0.05, 0.05)


@dataclass(frozen=True)
class Solution:
    """values, deviations (7,); known (7,) bool: the others stay as they were."""

    values: np.ndarray
    deviations: np.ndarray
    known: np.ndarray
    free_values: np.ndarray
    free_deviations: np.ndarray


def solve(objective, limits=LIMITS, weights=None, advance=lambda: None):
    """
    Find the numbers; those that the recording does not say are left at 0, one after another.

    :param weights: {term: factor}; 0 leaves a term out.
    :param advance: called after every level of every start.
    """
    if objective.moved < LEAST_MOVED and (objective.scaled or not objective.has_depth):
        # What a network thinks of walls and streets is no measure of two degrees.
        nothing = np.zeros(7), np.full(7, np.inf)
        return Solution(*nothing, np.zeros(7, bool), *nothing)
    solver = _Solver(objective, weights or {})
    free = np.ones(7, bool)
    free[HEIGHT] = False
    free[6] = objective.moving.any()
    values = solver.search(free, advance)
    first = values, np.where(free, solver.deviations(values, free), np.inf)
    while True:
        deviations = solver.deviations(values, free)
        ratio = np.where(free, deviations / limits, 0)
        if ratio.max() <= 1:
            break
        free[ratio.argmax()] = False
        if not free.any():
            values, deviations = np.zeros(7), np.full(7, np.inf)
            break
        values = solver.refine(np.where(free, values, 0), free, LEVELS[1:])
        advance()
    return Solution(values, np.where(free, deviations, np.inf), free, *first)


class _Solver:
    """Gauss-Newton on one objective."""

    def __init__(self, objective, weights):
        self.objective, self.weights = objective, weights
        self.steps = STEPS

    def search(self, free, advance):
        """Return the best of several starts (7,)."""
        best, least = np.zeros(7), np.inf
        self.objective.blur(LEVELS[0][0])
        scales = self._scales(np.zeros(7))
        for yaw in STARTS_YAW:
            start = np.zeros(7)
            start[4] = yaw
            values = self.refine(start, free, LEVELS[:1])
            cost = self._cost(values, scales)
            if cost < least:
                best, least = values, cost
            advance()
        return self.refine(best, free, LEVELS[1:])

    def refine(self, values, free, levels):
        """Go down hill at the given levels."""
        for blur, step, count in levels:
            self.objective.blur(blur)
            self.steps = STEPS * step
            damping, scales = 1e-3, self._scales(values)
            cost = self._cost(values, scales)
            for _ in range(count):
                hessian, slope = self._normal(values, scales, free)[:2]
                hessian = hessian + damping * np.diag(np.diag(hessian))
                change = np.zeros(7)
                change[free] = -np.linalg.solve(hessian[np.ix_(free, free)], slope[free])
                tried = self._cost(values + change, scales)
                if tried < cost:
                    small = (np.abs(change) < 0.02 * LIMITS).all()
                    values, cost, damping = values + change, tried, max(damping / 4, 1e-6)
                    if small:
                        break
                    scales = self._scales(values)
                    cost = self._cost(values, scales)
                else:
                    damping = damping * 8
                    if damping > 1e4:
                        break
        return values

    def deviations(self, values, free):
        """Return how well numbers are known (7,), by blocks of images; 0: fixed."""
        hessian, _, blocks = self._normal(values, self._scales(values), free)
        spread = np.diag(PRIOR ** -2) + blocks.T @ blocks * len(blocks) / max(len(blocks) - 1, 1)
        inverse = np.linalg.inv(hessian[np.ix_(free, free)])
        result = np.zeros(7)
        found = WIDEN ** 2 * np.diag(inverse @ spread[np.ix_(free, free)] @ inverse)
        result[free] = np.sqrt(found + FLOOR[free] ** 2)
        return result

    def _scales(self, values):
        return {term: max(1.4826 * float(np.nanmedian(np.abs(found))), LEAST_SCALES[term])
                for term, (found, _) in self.objective.residuals(values).items()
                if np.isfinite(found).any()}

    def _weight(self, term, scale):
        return self.weights.get(term, 1.0) / ALIKE / scale ** 2

    def _cost(self, values, scales):
        total = 0.5 * ((values / PRIOR) ** 2).sum()
        for term, (found, _) in self.objective.residuals(values).items():
            if term in scales:
                # Unknown counts as one scale and a half: leaving the image must not pay.
                square = np.where(np.isfinite(found), found / scales[term], 1.5) ** 2
                total += (0.5 * self.weights.get(term, 1.0) / ALIKE
                          * (square / (1 + square / FAR ** 2)).sum())
        return float(total)

    def _normal(self, values, scales, free):
        """Return the matrix (7, 7), the gradient (7,) and the gradients of the blocks (B, 7)."""
        at = self.objective.residuals(values)
        both = self.steps[0] < STEPS[0]
        slopes = {term: np.zeros((len(at[term][0]), 7)) for term in scales}
        for number in np.flatnonzero(free):
            step = np.zeros(7)
            step[number] = self.steps[number]
            after = self.objective.residuals(values + step)
            # On the way one side will do.
            before = self.objective.residuals(values - step) if both else at
            for term, scale in scales.items():
                ends = after[term][0], before[term][0]
                slope = (ends[0] - ends[1]) / ((1 + both) * self.steps[number])
                # A step across the end of an object is no slope.
                slope[np.maximum(*np.abs(ends)) > 2 * FAR * scale] = np.nan
                slopes[term][:, number] = slope
        hessian, gradient = np.diag(PRIOR ** -2), values / PRIOR ** 2
        count = len(self.objective.times)
        blocks = np.zeros((min(BLOCKS, count), 7))
        for term, scale in scales.items():
            found, owner = at[term]
            good = np.isfinite(found) & np.isfinite(slopes[term]).all(1)
            found, slope, owner = found[good], slopes[term][good], owner[good]
            weight = self._weight(term, scale) / (1 + (found / scale / FAR) ** 2) ** 2
            hessian = hessian + (slope * weight[:, None]).T @ slope
            pulls = slope * (weight * found)[:, None]
            gradient = gradient + pulls.sum(0)
            np.add.at(blocks, owner * len(blocks) // count, pulls)
        return hessian, gradient, blocks
