# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Errors of a network of several domains, and which of its predictors it chooses."""
from __future__ import annotations

from collections import Counter

from depth_ros.evaluation.protocols import Average, find_protocol
import torch
from tqdm import tqdm
from training.lifelong.likeness import pooled, unlikeness
from training.lifelong.selection import distances, select
from training.methods.metric_depth import normalised

PROTOCOL = 'pixel_weighted'


@torch.no_grad()
def score(method, domains, loaders, protocol: str = PROTOCOL) -> dict:
    """
    Measure every predictor where it belongs, and where selection puts it.

    :param method: `Lifelong` in eval mode; domains: [Domain] in the order of its predictors.
    :param loaders: name of a domain, known or not, to batches of `FrameData`.
    :returns: by name: frames; correct: figures with the predictor of that domain, None where the
        network has none; selected: figures with the predictor that is chosen; chosen: {domain:
        frames}; over: of each frame how unlike the most like domain it is (`likeness`), or, of
        runs without, the distance to the nearest domain over that domain's `distance_99`.
    """
    means = [torch.as_tensor(domain.mean, device=method.device) for domain in domains]
    return {name: _score(method, domains, means, name, loader, find_protocol(protocol))
            for name, loader in loaders.items()}


def _score(method, domains, means, name, loader, protocol):
    names = [domain.name for domain in domains]
    own = names.index(name) if name in names else None
    correct, selected = Average(protocol), Average(protocol)
    chosen, over = Counter(), []
    for batch in tqdm(loader, disable=None, desc=f'measuring {name}', unit='batch', leave=False):
        batch = {key: value.to(method.device) if torch.is_tensor(value) else value
                 for key, value in batch.items()}
        features = method.net.features(normalised(batch['image']))
        apart = distances(features, means)
        picked, strange = select(apart).tolist(), _unlikeness(features, domains)
        depths = [method.answer(features, batch, k).float().cpu().numpy()
                  for k in range(len(domains))]
        targets = batch['depth'].float().cpu().numpy()
        for k, (target, pick) in enumerate(zip(targets, picked)):
            selected.add(protocol.image(depths[pick][k], target))
            if own is not None:
                correct.add(protocol.image(depths[own][k], target))
            chosen[names[pick]] += 1
            over.append(float(apart[k, pick]) / domains[pick].distance_99 if strange is None
                        else float(strange[k].min()))
    return {'frames': len(over), 'correct': None if own is None else correct.result(),
            'selected': selected.result(), 'chosen': dict(chosen), 'over': over}


def _unlikeness(features, domains):
    """Give (N, D), or None where a domain does not say what its frames are like."""
    if any(domain.likeness is None for domain in domains):
        return None
    values = pooled(features)
    return torch.stack([unlikeness(values, torch.as_tensor(domain.likeness, device=values.device))
                        for domain in domains], 1)


def unlike(scores, times: float) -> float:
    """Return the share of frames that are unlike any domain, `times` as far as its last 1 %."""
    return sum(over > times for over in scores['over']) / len(scores['over'])
