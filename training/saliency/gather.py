# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Several mask networks, of one or more depth networks, on the same frames."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from depth_ros.contracts import InputError
import torch
from tqdm import tqdm
from training.experiment import build, load_config
from training.methods.metric_depth import normalised
from training.methods.saliency import Saliency
from training.pictures import to_rgb
from training.runs import load_method
from training.saliency.direct import optimise_mask
from training.saliency.masks import binarise
from training.saliency.measure import combine, depth_of, measure_batch


@dataclass
class Shown:
    """
    One frame for people.

    :param image: (H, W, 3) uint8; truth: (H, W) metres; line: (H, W) metres or None.
    :param whole: target name to N(x) (h, w) metres.
    :param masks: run name to mask (H, W); depths: to N(x M) (h, w), both for direct masks too.
    """

    name: str
    image: object
    truth: object
    line: object = None
    whole: dict = field(default_factory=dict)
    masks: dict = field(default_factory=dict)
    depths: dict = field(default_factory=dict)


def load_masks(checkpoints) -> dict:
    """
    Load runs of `saliency`.

    :param checkpoints: [(name or None, path of a last.ckpt)].
    :returns: {name: method}; without a name it is that of the target and lambda. Runs of the same
        target share it.
    :raises InputError: a run of another method, or two of the same name.
    """
    methods, targets = {}, {}
    for name, path in checkpoints:
        method, _, _ = load_method(path)
        if not isinstance(method, Saliency):
            raise InputError(f'{path} is a run of {type(method).__name__}, not of Saliency: '
                             'train one with config/training/saliency.yaml')
        h = method.hparams
        method.kept = (targets.setdefault(str(h.target), method.target),)
        name = name or f'{method.target.name}, lambda {h.sparsity:g}'
        if name in methods:
            raise InputError(f'two runs are called {name!r}: give names, NAME={path}')
        methods[name] = method
    return methods


@torch.no_grad()
def gather(methods, first, overrides=(), count: int = 4, direct: int = 0, thresholds=()):
    """
    Measure masks on the validation frames of a run, and keep some frames to look at.

    :param methods: {name: Saliency}, see `load_masks`.
    :param first: checkpoint whose config says which frames; overrides: of it, KEY=VALUE.
    :param count: frames to keep, evenly spread; direct: steps of the optimised masks of these,
        with the lambda of each target's last run; 0: none.
    :param thresholds: of M', measured one by one; empty: that of each run.
    :returns: {name: figures of `measure.combine`} (with several thresholds the name says which),
        [Shown].
    :raises InputError: no validation frames.
    """
    config = load_config(Path(first).parent / 'config.yaml', overrides)
    batches = list(build(config['data']).val_dataloader())
    total = sum(len(batch['image']) for batch in batches)
    if not total:
        raise InputError('the data has no validation frames: give data.validation')
    wanted = {round((k + 0.5) * total / count - 0.5) for k in range(count)}
    views = {f'{name}, above {t:g}' if len(thresholds) > 1 else name: (method, t)
             for name, method in methods.items()
             for t in thresholds or [method.hparams.threshold]}
    images, shown, place = {name: [] for name in views}, [], 0
    for batch in tqdm(batches, disable=None, unit='batch'):
        for name, (method, threshold) in views.items():
            images[name] += measure_batch(method.target, batch, *method.masks(batch),
                                          method.protocol, threshold)
        rows = [k for k in range(len(batch['image'])) if place + k in wanted]
        place += len(batch['image'])
        if rows:
            shown += _look(methods, _part(batch, rows), direct)
    figures = {name: {'target': method.target.name, 'sparsity': method.hparams.sparsity,
                      'threshold': threshold, **combine(images[name], method.protocol)}
               for name, (method, threshold) in views.items()}
    return figures, shown


def _part(batch, rows):
    return {key: value[rows] if torch.is_tensor(value) else [value[k] for k in rows]
            for key, value in batch.items()}


def _look(methods, batch, direct):
    """Give the frames of a batch with all masks and depths."""
    image = normalised(batch['image'])
    line = batch.get('sparse_depth')
    completes = any(method.target.completes for method in methods.values())
    frames = [Shown((batch.get('name') or [''] * len(image))[k], to_rgb(batch['image'][k]),
                    batch['depth'][k].numpy(),
                    line[k].numpy() if completes and line is not None else None)
              for k in range(len(image))]
    made = {name: method.masks(batch)[1] for name, method in methods.items()}
    last = {}
    for name, method in methods.items():
        last[id(method.target)] = method
    if direct:
        for method in last.values():
            h = method.hparams
            made[_direct_name(method)], _ = optimise_mask(method.target, image, h.sparsity, line,
                                                          direct, terms=h.terms)
    owners = {**methods, **{_direct_name(m): m for m in last.values()}}
    for name, mask in made.items():
        target = owners[name].target
        depth = depth_of(target, batch, image * mask)
        whole = depth_of(target, batch, image)
        for k, frame in enumerate(frames):
            frame.whole.setdefault(target.name, whole[k, 0].numpy())
            frame.masks[name], frame.depths[name] = mask[k, 0].numpy(), depth[k, 0].numpy()
    return frames


def _direct_name(method):
    return f'{method.target.name}, lambda {method.hparams.sparsity:g}, optimised directly'


def binary_of(mask, threshold):
    """Return the binarised (H, W) mask as a NumPy array."""
    return binarise(torch.from_numpy(mask), threshold).numpy()
