# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Which domain an image is of: the one whose mean features are nearest.

Hu et al., Lifelong-MonoDepth (arXiv 2303.05050).
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from training.networks.blocks import resize


class MeanMap:
    """
    Running sum of shared features, whose mean stands for a domain.

    Features of another size than the first are resized to it.
    """

    def __init__(self):
        """Begin with nothing."""
        self.total, self.count = None, 0

    def add(self, features) -> None:
        """Take features (N, 64, h, w) in."""
        if self.total is None:
            self.total = torch.zeros_like(features[0], dtype=torch.float64)
        elif features.shape[1:] != self.total.shape:
            features = resize(features, self.total.shape[1:])
        self.total += features.sum(0, dtype=torch.float64)
        self.count += len(features)

    def result(self, author_mode: bool = False):
        """
        Return the mean (64, h, w) float32.

        :param author_mode: divide by one less than the number of images, as the authors' code
            does (the sum of 500 by 499).
        """
        return (self.total / (self.count - bool(author_mode))).float()


@torch.no_grad()
def mean_map(net, images: Iterable, author_mode: bool = False, each=lambda features: None):
    """
    Give the mean (64, h, w) of a network's shared features.

    :param net: has `features`; in the mode it is to be used in.
    :param images: batches (N, 3, H, W), normalised, or dictionaries with them as `image`.
    :param each: called with the features (N, 64, h, w) of every batch.
    """
    mean = MeanMap()
    for batch in images:
        features = net.features(batch['image'] if isinstance(batch, dict) else batch)
        mean.add(features)
        each(features)
    return mean.result(author_mode)


def distances(features, means: Sequence):
    """
    Give (N, D): the mean squared difference of features (N, C, h, w) to each of D means.

    :param means: (C, h', w') each; resized to the features, bilinear with aligned corners.
    """
    found = []
    for mean in means:
        mean = mean.to(features)[None]
        if mean.shape[2:] != features.shape[2:]:
            mean = resize(mean, features.shape[2:])
        found.append((features - mean).square().mean(dim=(1, 2, 3)))
    return torch.stack(found, dim=1)


def select(found):
    """Give the index (N,) of the nearest domain from distances (N, D)."""
    return found.argmin(dim=1)
