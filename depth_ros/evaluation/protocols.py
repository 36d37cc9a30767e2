# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Named ways to combine the errors of many images into one figure per metric.

Publications differ in what they average and that changes the third digit, so a figure is only
complete with its protocol:

================  ==============  =====================  ==========================
protocol          pixels          weight of an image     RMSE
================  ==============  =====================  ==========================
image_mse         finite          1                      sqrt(mean of squared RMSE)
image_rmse        finite and > 0  1                      mean of RMSE
pixel_weighted    finite and > 0  its compared pixels    weighted mean of RMSE
================  ==============  =====================  ==========================
"""
from dataclasses import dataclass

from depth_ros.contracts import choose
from depth_ros.evaluation.metrics import image_metrics, METRICS
import numpy as np

# Averaged under the root by protocols that average squares.
_SQUARES = {'rmse': 'mse', 'irmse': 'imse'}


@dataclass(frozen=True)
class Protocol:
    """How pixels are chosen and images are averaged."""

    name: str
    minimum: float = 0.0
    average_squares: bool = False
    weighted: bool = False
    strict: bool = False

    @property
    def definition(self):
        """The protocol in words, for reports."""
        pixels = 'finite' if self.minimum is None else f'> {self.minimum:g} m'
        weight = 'its compared pixels' if self.weighted else '1'
        rmse = 'sqrt(mean MSE)' if self.average_squares else 'mean of RMSE'
        return (f'ground truth {pixels}; weight of an image {weight}; RMSE over images: {rmse}; '
                f'delta {"<" if self.strict else "<="} 1.25^k; no cap on depth')

    def image(self, prediction, target):
        """Return the metrics of one image, see ``metrics.image_metrics``."""
        return image_metrics(prediction, target, self.minimum, self.strict)

    def combine(self, images):
        """
        Combine per-image metrics into one dict over ``METRICS`` and ``coverage``.

        Images without a compared pixel have no error to average: they are counted in
        ``empty_images``. ``clamped`` and ``pixels`` are sums over all images. Without any
        compared pixel every error is NaN.
        """
        images = list(images)
        usable = [image for image in images if image['pixels']]
        valid = sum(image['valid'] for image in images)
        pixels = sum(image['pixels'] for image in images)
        result = {name: self._average(usable, name) for name in METRICS}
        result['coverage'] = pixels / valid if valid else float('nan')
        result['pixels'] = pixels
        result['clamped'] = sum(image['clamped'] for image in images)
        result['empty_images'] = len(images) - len(usable)
        return result

    def _average(self, images, name):
        if not images:
            return float('nan')
        weights = [image['pixels'] if self.weighted else 1.0 for image in images]
        squared = self.average_squares and name in _SQUARES
        values = [image[_SQUARES[name] if squared else name] for image in images]
        average = float(np.average(values, weights=weights))
        return average ** 0.5 if squared else average


PROTOCOLS = {protocol.name: protocol for protocol in (
    Protocol('image_mse', minimum=None, average_squares=True),
    Protocol('image_rmse'),
    Protocol('pixel_weighted', weighted=True),
)}


def find_protocol(name):
    """Return the protocol called ``name``; an unknown name lists the choices."""
    return choose(PROTOCOLS, name, 'protocol')
