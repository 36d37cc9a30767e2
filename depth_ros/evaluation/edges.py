# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Agreement of depth edges between a prediction and its ground truth."""
import numpy as np

EDGE_THRESHOLDS = (0.25, 0.5, 1.0)


def sobel(depth):
    """
    Return the horizontal and vertical Sobel response of a depth map, each (H, W).

    Cross-correlation with [[1, 0, -1], [2, 0, -2], [1, 0, -1]] and with
    [[1, 2, 1], [0, 0, 0], [-1, -2, -1]], zero padding, not normalised. The padding makes the
    outermost ring respond to the depth itself, so that ring counts as an edge; published edge
    figures (Hu et al., WACV 2019) include it and so do these.
    """
    padded = np.pad(np.asarray(depth, dtype=float), 1)
    left_minus_right = padded[:, :-2] - padded[:, 2:]
    top_minus_bottom = padded[:-2] - padded[2:]
    across = left_minus_right[:-2] + 2.0 * left_minus_right[1:-1] + left_minus_right[2:]
    down = (top_minus_bottom[:, :-2] + 2.0 * top_minus_bottom[:, 1:-1]
            + top_minus_bottom[:, 2:])
    return across, down


def known_around(target):
    """Return the mask (H, W) of pixels that are finite with all their neighbours in the image."""
    finite = np.pad(np.isfinite(target), 1, constant_values=True)
    across = finite[:, :-2] & finite[:, 1:-1] & finite[:, 2:]
    return across[:-2] & across[1:-1] & across[2:]


def edge_metrics(prediction, target, threshold):
    """
    Return accuracy, precision, recall and F1 of the edges stronger than ``threshold``.

    prediction: dense (H, W) metres; target: the same, where a pixel beside an unknown one (NaN)
    does not count. A ratio 0/0 (no edge in one of the maps) is 0; ``undefined`` counts such
    ratios.
    """
    known = known_around(target)
    predicted, true = (
        (np.hypot(*sobel(np.where(np.isfinite(target), depth, 0.0))) > threshold) & known
        for depth in (prediction, target))
    both = float(np.sum(predicted & true))
    result = {'accuracy': float(np.mean((predicted == true)[known])) if known.any() else 0.0,
              'undefined': 0}

    def ratio(numerator, denominator):
        if denominator > 0:
            return numerator / denominator
        result['undefined'] += 1
        return 0.0

    result['precision'] = ratio(both, float(np.sum(predicted)))
    result['recall'] = ratio(both, float(np.sum(true)))
    result['f1'] = ratio(2.0 * result['precision'] * result['recall'],
                         result['precision'] + result['recall'])
    return result


def mean_edge_metrics(per_image):
    """Average per-image edge results; F1 is averaged, not computed from the averages."""
    per_image = list(per_image)
    names = ('accuracy', 'precision', 'recall', 'f1')
    result = {name: float(np.mean([image[name] for image in per_image])) for name in names}
    result['undefined'] = sum(image['undefined'] for image in per_image)
    return result
