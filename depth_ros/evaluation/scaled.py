# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A completion model that is shown no line; the line only sets the scale of its answer."""
from dataclasses import replace

import numpy as np


class ScaledByLine:
    """
    Stands in for an ``Estimator`` in an evaluation, to tell what the camera knows by itself.

    The model runs without a line. Its relative depth is multiplied by the geometric mean of
    line / answer over the measured pixels, so that the figures compare with others in metres.
    """

    def __init__(self, estimator):
        """Wrap an estimator of a completion model."""
        self.estimator, self.anchor = estimator, False

    def __getattr__(self, name):
        """Be the estimator in all else."""
        return getattr(self.estimator, name)

    def estimate(self, image, camera, sparse=None):
        """Return the ``DepthFrame`` in metres; without a measurement it stays relative."""
        frame = self.estimator.estimate(image, camera)
        usable = (sparse > 0) & np.isfinite(frame.depth)
        if not usable.any():
            return frame
        factor = np.exp(np.mean(np.log(sparse[usable] / frame.depth[usable])))
        return replace(frame, depth=frame.depth * np.float32(factor), sparse_depth=sparse,
                       metric=True)
