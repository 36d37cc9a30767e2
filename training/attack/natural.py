# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How far depth falls under natural corruptions, with and without defence."""
from __future__ import annotations

from depth_ros.contracts import InputError
from depth_ros.evaluation.protocols import Average
import torch
from tqdm import tqdm
from training.attack.corruptions import corrupt, CORRUPTIONS
from training.attack.measure import configurations, FIGURES, on_device
from training.attack.mix import of_batch
from training.saliency.measure import truth_of


@torch.no_grad()
def measure_natural(models, batches, protocol, names=tuple(CORRUPTIONS)) -> list:
    """
    Measure every configuration that sees the spoiled image alone, at every level of each kind.

    :param models, batches, protocol: see `measure.measure`.
    :returns: curves: `corruption`, `unit`, `configuration`, `levels` (the one that changes nothing
        among them, in order), `usual`, `figures` ({name: [at level]}), `images`.
    """
    averages, count = {}, 0
    for number, batch in enumerate(tqdm(batches, disable=None, desc='spoiling', unit='batch',
                                        leave=False)):
        batch = on_device(batch, models)
        count += len(batch['image'])
        for name in names:
            kind = CORRUPTIONS[name]
            for level in sorted({*kind.levels, kind.usual}):
                x = corrupt(batch['image'], name, level, seed=number)
                for one, images in _answers(models, batch, x, protocol).items():
                    average = averages.setdefault((name, one, level), Average(protocol))
                    for image in images:
                        average.add(image)
    if not count:
        raise InputError('there is no frame to spoil: the data need validation frames')
    curves = {}
    for (name, one, level), average in averages.items():
        curve = curves.setdefault((name, one), {
            'corruption': name, 'unit': CORRUPTIONS[name].unit, 'configuration': one,
            'levels': [], 'usual': CORRUPTIONS[name].usual,
            'figures': {figure: [] for figure in FIGURES}, 'images': count})
        curve['levels'].append(level)
        result = average.result()
        for figure in FIGURES:
            curve['figures'][figure].append(result[figure])
    return list(curves.values())


def _answers(models, batch, x, protocol):
    """Return {configuration: [metrics of each image]}; one that needs the clean image is out."""
    found = {}
    for name, one in configurations(models).items():
        if name == 'N.G(x)':
            continue
        answer = one.answer(models, x, x, lambda target: of_batch(target, batch))
        truth = truth_of(batch, models.target, answer.shape[2:]).float().cpu().numpy()
        found[name] = [protocol.image(*pair)
                       for pair in zip(answer[:, 0].float().cpu().numpy(), truth)]
    return found
