# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Depth error measures of one image, as NumPy functions."""
import numpy as np

METRICS = ('rmse', 'mae', 'abs_rel', 'log10', 'irmse', 'imae', 'delta1', 'delta2', 'delta3')
SMALLEST_DEPTH = 1e-3
DELTA_BASE = 1.25


def valid_pixels(target, minimum=0.0):
    """
    Return the mask of ground-truth pixels that count.

    target: (H, W) metres, NaN unknown, +Inf beyond range. A pixel counts when it is finite and
    greater than ``minimum`` metres; ``minimum=None`` only asks for a finite value.
    """
    target = np.asarray(target)
    valid = np.isfinite(target)
    if minimum is not None:
        valid &= np.where(valid, target, 0.0) > minimum
    return valid


def image_metrics(prediction, target, minimum=0.0, strict=False, beyond=None):
    """
    Compare one predicted depth map with its ground truth.

    prediction, target: (H, W) metres, NaN unknown. Pixels whose prediction is unknown (NaN) are
    left out of every error and show up in ``coverage`` = known / valid. A prediction beyond
    range (+Inf) counts as ``beyond`` metres, or as unknown when that is None.
    minimum: see ``valid_pixels``. strict: delta counts ``<`` instead of ``<=``.

    Returns a dict with ``METRICS`` (metres; irmse and imae in 1/km; rmse also as ``mse`` and
    irmse as ``imse`` for protocols that average squares), ``coverage``, and the pixel counts
    ``pixels`` (compared), ``valid`` (ground truth), ``far`` (valid, but predicted beyond range)
    and ``clamped`` (predictions raised to 1 mm where a logarithm, an inverse or a ratio needs a
    positive number). Errors are NaN when no pixel can be compared.
    """
    prediction, target = np.asarray(prediction), np.asarray(target)
    if prediction.shape != target.shape:
        raise ValueError(
            f'prediction {prediction.shape} and ground truth {target.shape} differ in size')
    valid = valid_pixels(target, minimum)
    far = np.isposinf(prediction)
    if beyond is not None:
        prediction = np.where(far, beyond, prediction)
    known = valid & np.isfinite(prediction)
    count, total = int(known.sum()), int(valid.sum())
    result = {name: float('nan') for name in ('mse', 'imse') + METRICS}
    result.update(coverage=count / total if total else float('nan'),
                  pixels=count, valid=total, far=int((far & valid).sum()), clamped=0)
    if count:
        result.update(_errors(prediction[known].astype(float), target[known].astype(float),
                              strict))
    return result


def _errors(prediction, target, strict):
    difference = np.abs(prediction - target)
    positive = np.maximum(prediction, SMALLEST_DEPTH)
    inverse = 1000.0 * np.abs(1.0 / positive - 1.0 / target)
    ratio = np.maximum(positive / target, target / positive)
    below = np.less if strict else np.less_equal
    result = {
        'mse': np.mean(difference ** 2),
        'rmse': np.sqrt(np.mean(difference ** 2)),
        'mae': np.mean(difference),
        'abs_rel': np.mean(difference / target),
        'log10': np.mean(np.abs(np.log10(positive) - np.log10(target))),
        'imse': np.mean(inverse ** 2),
        'irmse': np.sqrt(np.mean(inverse ** 2)),
        'imae': np.mean(inverse),
    }
    for power in (1, 2, 3):
        result[f'delta{power}'] = np.mean(below(ratio, DELTA_BASE ** power))
    result = {name: float(value) for name, value in result.items()}
    result['clamped'] = int(np.sum(prediction < SMALLEST_DEPTH))
    return result
