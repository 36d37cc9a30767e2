# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How many images a second the loader gives, the training step takes, and both make together."""
from __future__ import annotations

from copy import deepcopy
import gc
import itertools
import os
import time

from depth_ros.contracts import InputError
import lightning
import torch
from tqdm import tqdm
from training.average import WeightAverage
from training.cli import build, Experiment
from training.experiment import quiet
from training.provenance import provenance

WARM_UP = 2  # steps before the clock starts


class Clock(lightning.Callback):
    """Times training steps, from the end of the warm-up to the end of the last step."""

    def __init__(self):
        """Start without a step."""
        self.steps = self.images = 0
        self.begin = self.end = 0.0

    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        """Count the images of a step, when the device is done with it."""
        self.steps += 1
        if self.steps > WARM_UP:
            self.images += len(batch['image'])
        if self.steps in (WARM_UP, trainer.max_steps):
            synchronise(module.device)
            self.begin, self.end = self.end, time.monotonic()

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / (self.end - self.begin)


class Cached:
    """A loader that gives one batch over and over."""

    def __init__(self, batch, length: int):
        """Keep the batch."""
        self.batch, self.length = batch, length

    def __len__(self):
        """Return the number of batches."""
        return self.length

    def __iter__(self):
        """Yield the batch."""
        return itertools.repeat(self.batch, self.length)


def synchronise(device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def measure(config: dict, steps: int = 20, workers=None) -> dict:
    """
    Measure a config as `fit` would run it, on one device.

    :param steps: batches that are timed, after a warm-up.
    :param workers: numbers of loader processes to try; None: 0, 1, 2 ... cores, and the config's.
    :returns: plain values: `loader` ({workers: images/s}), `step`, `both` (images/s), `bottleneck`
        (loader or step), `loader_over_step`, `workers`, `batch`, `size`, `device`, environment.
    """
    if steps < 1:
        raise InputError(f'{steps} steps: at least 1 must be timed')
    configured = _workers(config)
    if workers is None:
        workers = range(min(len(os.sched_getaffinity(0)), 8) + 1)
    rates, batch = {}, None
    for count in tqdm(sorted({*workers, configured}), disable=None, desc='loader', leave=False):
        rates[count], batch = loader_rate(config, steps, count)
    data = build(config['data'])
    step, device = step_rate(config, steps, Cached(batch, steps + WARM_UP))
    both, _ = step_rate(config, steps, data)
    facts = provenance(config)
    return {
        'loader': {str(count): rate for count, rate in rates.items()}, 'step': step, 'both': both,
        'workers': configured, 'loader_over_step': rates[configured] / step,
        'bottleneck': 'loader' if rates[configured] < step else 'step',
        'batch': len(batch['image']), 'size': _size(batch['image']), 'steps': steps,
        'device': str(device), 'device_name': torch.cuda.get_device_name(device)
        if device.type == 'cuda' else facts['environment']['cpu'],
        'precision': str(config.get('trainer', {}).get('precision', '32-true')),
        'revision': facts['revision'], 'command': facts['command'],
        'environment': facts['environment'], 'config': config}


def _workers(config):
    data = build(config['data'])
    return int(data.hparams.workers)


def _size(image):
    """Give [height, width] of images (B, H, W, 3) uint8 or (B, 3, H, W) float."""
    shape = list(image.shape)
    return shape[1:3] if image.dtype == torch.uint8 else shape[2:]


def loader_rate(config, steps: int, workers: int):
    """Return the images a second of the loader alone with so many processes, and a batch."""
    section = deepcopy(config['data'])
    section.setdefault('init_args', {})['workers'] = workers
    data = build(section)
    data.prepare_data()
    data.setup('fit')
    loader = data.train_dataloader()
    batches = itertools.chain.from_iterable(itertools.repeat(loader))
    batch = None
    for _ in range(WARM_UP + workers):
        batch = next(batches)
    begin, images = time.monotonic(), 0
    for _ in range(steps):
        batch = next(batches)
        images += len(batch['image'])
    rate = images / (time.monotonic() - begin)
    del batches, loader, data
    gc.collect()  # ends the processes, which would work on beside what is timed next
    return rate, batch


def step_rate(config, steps: int, data):
    """Return the images a second of training on `data` (a loader or a data module), the device."""
    clock = Clock()

    def options(resolved, _):
        return {'callbacks': [WeightAverage(resolved['average']), clock], 'logger': False,
                'enable_checkpointing': False, 'enable_progress_bar': False,
                'enable_model_summary': False, 'num_sanity_val_steps': 0,
                'limit_val_batches': 0, 'max_steps': steps + WARM_UP, 'max_epochs': -1,
                'devices': 1}
    with quiet():
        experiment = Experiment(config, options)
        experiment.trainer.fit(experiment.model, data)
    if clock.steps < steps + WARM_UP:
        raise InputError(f'training stopped after {clock.steps} steps: the config says so '
                         '(model.steps or model.minutes); raise it, or lower --steps')
    return clock.rate, experiment.model.device


def text(report) -> str:
    """Return the report in words."""
    height, width = report['size']
    lines = [f'batches of {report["batch"]} images {height}x{width}, {report["steps"]} timed']
    for count, rate in report['loader'].items():
        mark = ' (as configured)' if int(count) == report['workers'] else ''
        lines.append(f'loader alone, {count} workers: {rate:9.1f} images/s{mark}')
    threads = report['environment']['threads']
    lines += [f'step alone, cached batch: {report["step"]:9.1f} images/s on '
              f'{report["device_name"]} ({report["device"]}, {threads} threads, '
              f'{report["precision"]})',
              f'both together:            {report["both"]:9.1f} images/s']
    ratio = report['loader_over_step']
    if report['bottleneck'] == 'loader':
        lines.append(f'The loader is the bottleneck: it gives {ratio:.2f} of what the step takes. '
                     'Raise data.workers, or keep small sets in memory (data.in_memory).')
    else:
        lines.append(f'The training step is the bottleneck: the loader gives {ratio:.1f} times '
                     'what it takes.')
    if report['device'] == 'cpu':
        lines.append('On a CPU both share the cores, so that together they are slower than each.')
    return '\n'.join(lines)
