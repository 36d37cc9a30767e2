# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Makes a dense prediction agree with the measured line, and says by how much it did not."""

from dataclasses import asdict, dataclass

import cv2
from depth_ros.lidar import measured_pixels
import numpy as np

# Vertical reach of the broad correction as a share of the image height: corrections from a line
# help near it and harm far from it.
REACH = 0.1
_COARSE = 4


@dataclass(frozen=True)
class LineResidual:
    """
    Prediction against the measured line, over `count` pixels, before anchoring.

    `median_abs` metres; `median_rel` and `bias_rel` (median of ln prediction - ln measured) are
    relative.  `anchored_median_abs` (metres) is what is left in the published depth.  A wrong
    extrinsic calibration shows as a large `median_rel`.
    """

    count: int
    median_abs: float
    median_rel: float
    bias_rel: float
    anchored_median_abs: float = float('nan')

    def summary(self):
        """Plain dictionary."""
        return asdict(self)


def line_residual(depth, sparse, pixels=None):
    """
    Residual of `depth` on `sparse` (both `(H, W)`, 0 = none); None when nothing is measured.

    :param pixels: `lidar.measured_pixels(sparse)`, where the caller has them; here and below.
    """
    rows, columns = measured_pixels(sparse) if pixels is None else pixels
    predicted, measured = depth[rows, columns], sparse[rows, columns]
    usable = np.isfinite(predicted) & (predicted > 0)
    if not usable.any():
        return None
    predicted, measured = predicted[usable], measured[usable]
    return LineResidual(int(usable.sum()), float(np.median(np.abs(predicted - measured))),
                        float(np.median(np.abs(predicted - measured) / measured)),
                        float(np.median(np.log(predicted / measured))))


def _log_residuals(depth, sparse, pixels):
    """Rows, columns and ln measured - ln predicted of the measurements where both are known."""
    rows, columns = pixels
    with np.errstate(divide='ignore', invalid='ignore'):
        residual = np.log(sparse[rows, columns] / depth[rows, columns])
    usable = np.isfinite(residual)
    return rows[usable], columns[usable], residual[usable]


def anchor_broad(depth, sparse, reach=REACH, pixels=None):
    """
    Scale `depth` smoothly towards the measurements; works in log depth.

    The log residuals are averaged on a coarse grid with a Gaussian (0.1 of the height vertically)
    and fade out with the distance from the measurements.

    :param depth: `(H, W) float32` metres, positive.
    :param sparse: `(H, W) float32` metres, 0 = none.
    :return: corrected depth `(H, W) float32`.
    """
    height, width = depth.shape
    pixels = measured_pixels(sparse) if pixels is None else pixels
    rows, columns, residual = _log_residuals(depth, sparse, pixels)
    if not len(rows):
        return depth
    grid_h, grid_w = -(-height // _COARSE), -(-width // _COARSE)
    cell = rows // _COARSE * grid_w + columns // _COARSE
    count = np.bincount(cell, minlength=grid_h * grid_w).reshape(grid_h, grid_w)
    total = np.bincount(cell, residual, grid_h * grid_w).reshape(grid_h, grid_w)
    mean = (total / np.maximum(count, 1)).astype(np.float32)
    sigma_y, sigma_x = max(reach * grid_h, 0.5), max(0.02 * grid_w, 0.5)
    blur = {'ksize': (0, 0), 'sigmaX': sigma_x, 'sigmaY': sigma_y,
            'borderType': cv2.BORDER_REFLECT}
    weight = cv2.GaussianBlur((count > 0).astype(np.float32), **blur)
    field = cv2.GaussianBlur(mean, **blur) / np.maximum(weight, 1e-6)
    # One full row of measurements has this weight at its own row: there the correction is full.
    full = 1 / (np.sqrt(2 * np.pi) * sigma_y)
    field *= np.minimum(weight / full, 1)
    field = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    return depth * cv2.exp(field)


def anchor_exact(depth, sparse, reach_px=3, pixels=None):
    """
    Put the measured values into `depth` (in place), with a soft rim of a few pixels.

    Where every column holds at most one measurement, the correction is also interpolated between
    neighbouring beams on one surface, so that no comb of single pixels stands out.
    """
    pixels = measured_pixels(sparse) if pixels is None else pixels
    rows, columns, residual = _log_residuals(depth, sparse, pixels)
    if np.count_nonzero(np.bincount(columns, minlength=1)) > 0.8 * len(columns):
        _soften(depth, *_between_beams(rows, columns, residual, sparse), reach_px)
    # All of them: a measurement also stands where the prediction is unknown or beyond range.
    rows, columns = pixels
    depth[rows, columns] = sparse[rows, columns]
    return depth


def _between_beams(rows, columns, residual, sparse):
    """Rows, columns and residuals with the gaps between beams on one surface filled."""
    order = np.argsort(columns, kind='stable')
    rows, columns, residual = rows[order], columns[order], residual[order]
    measured = np.log(sparse[rows, columns])
    if len(columns) < 2:
        return rows, columns, residual
    wanted = np.arange(columns[0], columns[-1] + 1)
    right = np.clip(np.searchsorted(columns, wanted), 1, len(columns) - 1)
    left = right - 1
    gap = columns[right] - columns[left]
    joined = ((gap <= 0.02 * sparse.shape[1] + 2)
              & (np.abs(measured[right] - measured[left]) < 0.1)
              & (np.abs(residual[right] - residual[left]) < 0.1)
              & (np.abs(rows[right] - rows[left]) <= 3))
    share = (wanted - columns[left]) / np.maximum(gap, 1)
    filled_rows = np.rint(rows[left] + share * (rows[right] - rows[left])).astype(np.intp)
    filled = residual[left] + share * (residual[right] - residual[left])
    return filled_rows[joined], wanted[joined], filled[joined]


def _soften(depth, rows, columns, residual, reach_px):
    offsets = np.arange(-reach_px, reach_px + 1)[:, None]
    share = np.exp(-0.5 * (2 * offsets / reach_px) ** 2)
    target = rows + offsets
    inside = (target >= 0) & (target < depth.shape[0])
    target, columns = target[inside], np.broadcast_to(columns, inside.shape)[inside]
    factor = np.exp(share * residual)[inside].astype(np.float32)
    depth[target, columns] *= factor
