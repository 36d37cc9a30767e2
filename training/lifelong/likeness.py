# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Whether an image is like the frames of a domain, by what its features are and not where.

The distance to a mean map (`selection`) tells which domain is nearer, but each single frame is
far from any mean, so that it cannot tell that none is near. Here each channel counts by its mean
and its spread over the image, and the distance is Mahalanobis', as Lee et al. (arXiv 1807.03888)
find images from elsewhere; the form is ours.
"""
from __future__ import annotations

import numpy as np
import torch

SHRINK = 0.2  # of a covariance of few frames towards a sphere
SMALLEST = 1e-6  # of a variance, for frames that are all alike
FOLDS = 5
LIMIT = 0.99  # quantile of a domain's own frames that is likeness 1


def pooled(features):
    """
    Give square roots of mean and spread of each channel: (N, C, h, w) -> (N, 2 C).

    A channel whose mean is below 0 counts as 0. Roots, since both are of skewed distributions.
    """
    mean = features.mean((2, 3), keepdim=True)
    spread = (features - mean).pow(2).mean((2, 3)).clamp(min=0).sqrt()
    return torch.cat([mean[..., 0, 0].clamp(min=0).sqrt(), spread.sqrt()], 1)


def unlikeness(values, known):
    """
    Give (N,): 1 where `values` (N, K) are as far out as 1 % of a domain's own frames.

    :param known: (1 + K, K): the centre, and the factor that makes the sphere; see `fit_likeness`.
    """
    return ((values - known[0]) @ known[1:].T).pow(2).sum(1)


def fit_likeness(values, held=None) -> np.ndarray:
    """
    Describe a domain by the pooled features of its frames.

    :param values: (N, K) of frames; held: (M, K) of others, not trained on, to scale by. None:
        each fifth of `values` by the rest.
    :returns: (1 + K, K) float32 for `unlikeness`.
    """
    values = np.asarray(values, np.float64)
    whole = _sphere(values)
    if held is not None:
        far = _far(np.asarray(held, np.float64), *whole)
    elif len(values) > FOLDS:
        parts = [np.arange(len(values)) % FOLDS == k for k in range(FOLDS)]
        far = np.concatenate([_far(values[part], *_sphere(values[~part])) for part in parts])
    else:
        far = _far(values, *whole)
    centre, factor = whole
    limit = max(float(np.quantile(far, LIMIT)), SMALLEST)
    return np.concatenate([centre[None], factor / np.sqrt(limit)]).astype(np.float32)


def _sphere(values):
    """Return centre (K,) and the factor (K, K) that makes values a sphere of radius 1."""
    covariance = np.atleast_2d(np.cov(values.T, bias=True))
    size = len(covariance)
    covariance = (1 - SHRINK) * covariance + np.eye(size) * (
        SHRINK * np.trace(covariance) / size + SMALLEST)
    return values.mean(0), np.linalg.inv(np.linalg.cholesky(covariance)) / np.sqrt(size)


def _far(values, centre, factor):
    return np.square((values - centre) @ factor.T).sum(1)
