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
        """Return the protocol in words, for reports."""
        pixels = 'finite' if self.minimum is None else f'> {self.minimum:g} m'
        weight = 'its compared pixels' if self.weighted else '1'
        rmse = 'sqrt(mean MSE)' if self.average_squares else 'mean of RMSE'
        return (f'ground truth {pixels}; weight of an image {weight}; RMSE over images: {rmse}; '
                f'delta {"<" if self.strict else "<="} 1.25^k; no cap on depth')

    def image(self, prediction, target, beyond=None):
        """Return the metrics of one image, see ``metrics.image_metrics``."""
        return image_metrics(prediction, target, self.minimum, self.strict, beyond)

    def combine(self, images):
        """Combine per-image metrics into one dict, see ``Average.result``."""
        average = Average(self)
        for image in images:
            average.add(image)
        return average.result()


class Average:
    """Running combination of per-image metrics by a protocol; memory does not grow."""

    def __init__(self, protocol):
        """Start without images."""
        self.protocol = protocol
        self.images = self.empty = self.pixels = self.valid = self.far = self.clamped = 0
        self._weight, self._sums = 0.0, dict.fromkeys(METRICS, 0.0)

    def add(self, image):
        """
        Take the metrics of one image, as ``Protocol.image`` returns them.

        An image without a compared pixel has no error to average and is only counted.
        """
        self.images += 1
        self.pixels += image['pixels']
        self.valid += image['valid']
        self.far += image['far']
        self.clamped += image['clamped']
        if not image['pixels']:
            self.empty += 1
            return
        weight = image['pixels'] if self.protocol.weighted else 1.0
        self._weight += weight
        for name in METRICS:
            self._sums[name] += weight * image[self._averaged(name)]

    def result(self):
        """
        Return a dict over ``METRICS`` and the counts.

        Without any compared pixel every error is NaN. ``coverage``, ``pixels``, ``far`` and
        ``clamped`` are taken over all images together; ``empty_images`` had nothing to compare.
        """
        result = {}
        for name in METRICS:
            value = self._sums[name] / self._weight if self._weight else float('nan')
            result[name] = value ** 0.5 if self._averaged(name) != name else value
        result['coverage'] = self.pixels / self.valid if self.valid else float('nan')
        return dict(result, pixels=self.pixels, far=self.far, clamped=self.clamped,
                    empty_images=self.empty)

    def _averaged(self, name):
        return _SQUARES.get(name, name) if self.protocol.average_squares else name


PROTOCOLS = {protocol.name: protocol for protocol in (
    Protocol('image_mse', minimum=None, average_squares=True),
    Protocol('image_rmse'),
    Protocol('pixel_weighted', weighted=True),
)}


def find_protocol(name):
    """Return the protocol called ``name``; an unknown name lists the choices."""
    return choose(PROTOCOLS, name, 'protocol')
