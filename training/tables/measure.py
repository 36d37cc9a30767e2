# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The figures of a trained method on frames it has not seen, by `depth_ros.evaluation`."""
from __future__ import annotations

from depth_ros.evaluation.edges import edge_metrics, mean_edge_metrics
from depth_ros.evaluation.protocols import Average
import torch
from tqdm import tqdm

EDGE = 0.5  # threshold of the published ablation, metres of Sobel response


@torch.no_grad()
def measure_depth(method, loader) -> dict:
    """
    Measure metric depth by the method's protocol.

    :param method: a `MetricDepth` in eval mode; loader: batches of `FrameData`.
    :returns: the figures of `Average.result`, and `edge_f1` at `EDGE` over all images.
    """
    average, edges = Average(method.protocol), []
    for batch in tqdm(loader, disable=None, desc='measuring', unit='batch', leave=False):
        batch = {key: value.to(method.device) if torch.is_tensor(value) else value
                 for key, value in batch.items()}
        predictions = method.predict_depth(batch).float().cpu().numpy()
        for prediction, target in zip(predictions, batch['depth'].float().cpu().numpy()):
            average.add(method.protocol.image(prediction, target))
            edges.append(edge_metrics(prediction, target, EDGE))
    return {**average.result(), 'edge_f1': mean_edge_metrics(edges)['f1']}
