# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
One stage of lifelong learning: training, then what the run keeps of each domain.

A kill at any moment costs what was done since the last checkpoint, or the domain files that were
being written: `fit` on the folder goes on.
"""
from __future__ import annotations

from dataclasses import replace
import os
from pathlib import Path
import shutil

import numpy as np
import torch
from torch.utils.data import ConcatDataset
from tqdm import tqdm
from training.datasets import geometry
from training.datasets.domains import in_order, stored
from training.datasets.stored import INDEX, write_frames
from training.lifelong.domains import (
    Domain,
    domain_folder,
    FACTS,
    KEPT,
    Kept,
    LIKENESS,
    MEAN,
    MEASURE,
    read_domains,
    read_kept,
    REPLAY,
    write_domain,
    write_kept,
)
from training.lifelong.likeness import fit_likeness, pooled
from training.lifelong.selection import distances, mean_map
from training.methods.metric_depth import normalised
from training.runs import describe_data, load_method, run_folder

SAMPLED = 2000  # depths of a frame that the median is made of


def run_stage(config: dict, run) -> list[Domain]:
    """
    Train a stage, or go on with it, and return what the run knows of its domains.

    :param config: of a `Lifelong` method with `DomainData`.
    """
    from training.experiment import fit
    fit(config, run)
    return read_domains(run)


def finish_stage(run, data) -> None:
    """
    Write what a run keeps of its domains, for the weights of its last.ckpt.

    :param data: the run's `DomainData`.
    """
    method, config, _ = load_method(Path(run) / 'last.ckpt')
    previous = (config['model'].get('init_args') or {}).get('previous')
    for name in method.names[:method.count_old]:
        carry_over(previous, run, name)
    keep_new_frames(method, run, data)
    describe(method.to('cuda' if torch.cuda.is_available() else 'cpu'), run)


def carry_over(previous, run, name: str) -> None:
    """Bring the kept frames of an old domain from the run before."""
    source, target = domain_folder(previous, name), domain_folder(run, name)
    if not (target / KEPT).is_file():
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f'.{name}.part')
        shutil.rmtree(part, ignore_errors=True)
        # Mean, likeness and facts are of the network before.
        shutil.copytree(source, part, ignore=shutil.ignore_patterns(FACTS, MEAN, LIKENESS))
        os.replace(part, target)


def keep_new_frames(method, run, data) -> None:
    """Keep frames of the domains that a method learns, as far as they are not kept yet."""
    if data.validation_frames is None:
        data.setup('fit')
    new = slice(method.count_old, None)
    for name, focal, part in zip(method.names[new], method.focals[new], data.new):
        source = describe_data({'init_args': part.hparams})
        keep_frames(run, Kept(name, part.steps, focal, source), part, data.hparams)


def keep_frames(run, kept: Kept, part, options) -> None:
    """
    Keep frames of a new domain: to learn from in later stages, and to measure by.

    :param part: FrameData of the domain; options: its DomainData's hyperparameters.
    """
    folder = domain_folder(run, kept.name)
    for name, frames, count in (
            (REPLAY, part.training_frames, options.replay_frames),
            (MEASURE, ConcatDataset(part.validation_frames) if part.validation_frames else None,
             options.measure_frames)):
        if frames is not None and not (folder / name / INDEX).is_file():
            samples = spread(frames, count, kept.steps.size)
            write_frames(folder / name, tqdm(samples, f'{kept.name}: {name}', disable=None,
                                             leave=False), kept.source)
    write_kept(run, kept)


def spread(frames: ConcatDataset, count: int, size=None):
    """
    Yield at most `count` of the frames with known depth, evenly spread, as they were recorded.

    :param size: (height, width) that the pipeline begins with: they are kept at that size.
    """
    total = len(frames)
    count = min(count, total)
    for number in ((np.arange(count) + 0.5) * total / count).astype(int):
        which = int(np.searchsorted(frames.cumulative_sizes, number, side='right'))
        one = frames.datasets[which]
        before = frames.cumulative_sizes[which - 1] if which else 0
        sample = one.sample(int(number) - before)
        sample = replace(sample, depth=np.where(sample.sparse > 0, sample.sparse, sample.depth))
        if np.isfinite(sample.depth).any():
            yield geometry.resize(sample, *size) if size else sample


@torch.no_grad()
def describe(method, run) -> None:
    """
    Write mean features and facts of each domain, in a method's network as it is now.

    Distances are those of the frames to measure by; where there are none, of the replay frames,
    each to the mean of the others. So is what likeness is scaled by.
    """
    h = method.hparams
    method.eval()
    for index, name in enumerate(tqdm(method.names, 'domains', disable=None, leave=False)):
        folder, kept = domain_folder(run_folder(run), name), read_kept(run, name)
        replay = stored(folder / REPLAY, kept.steps, False)
        like = []
        mean = mean_map(method.net, _images(method, replay), h.author_mode,
                        lambda features, like=like: like.append(pooled(features)))
        depths, greatest, focals = _depths(method, replay, index)
        held = (folder / MEASURE / INDEX).is_file()
        found, others = [], []
        for image in _images(method, stored(folder / MEASURE, kept.steps, False)
                             if held else replay):
            features = method.net.features(image)
            found.append(distances(features, [mean])[:, 0])
            others.append(pooled(features))
        found = torch.cat(found)
        if not held and len(replay) > 1:
            found = found * (len(replay) / (len(replay) - 1)) ** 2
        limits = (float(q) for q in np.quantile(found.cpu().numpy(), (0.5, 0.99)))
        likeness = fit_likeness(torch.cat(like).cpu().numpy(),
                                torch.cat(others).cpu().numpy() if held else None)
        write_domain(run, Domain(
            name, kept.focal or float(np.median(focals)), float(np.median(depths)), greatest,
            mean.cpu().numpy(), *limits, likeness), index)


def _images(method, frames):
    for batch in in_order(frames):
        yield normalised(batch['image'].to(method.device))


def _depths(method, frames, index):
    """Return known depths (sampled), the greatest one, and focal lengths of a domain's frames."""
    depths, greatest, focals = [], 0.0, []
    for batch in in_order(frames):
        for depth in method.targets(batch, index):
            values = depth[depth > 0].numpy()
            depths.append(values[::max(1, len(values) // SAMPLED)])
            greatest = max(greatest, float(values.max()))
        focals += (batch['camera'][:, 0] * batch['camera'][:, 1]).sqrt().tolist()
    return np.concatenate(depths), greatest, focals
