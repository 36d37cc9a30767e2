# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The card of a defended model: what its defence costs in accuracy and time, and if it holds."""
from __future__ import annotations

import json
from pathlib import Path
import tempfile

from depth_ros.contracts import InputError
from depth_ros.engines.lean import lean
from depth_ros.estimator import Estimator
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.model import ModelError, read_spec
import numpy as np
from tqdm import tqdm
from training.attack.measure import ADAPTIVE, CONFIGURATIONS, TRANSFER, WORST
from training.datasets.frames import Frames, Source
from training.datasets.pipeline import Augmentation
from training.experiment import load_config
from training.provenance import cpu

SHOWN = ('rmse', 'abs_rel', 'delta1')
TURNS = 8  # rounds of timing; models alternate, so that a slow moment hits all of them
FRAMES_A_TURN = 10


def measured_frames(config) -> dict:
    """Return {set: samples} of a run's validation frames at their own size."""
    section = load_config(config)['data'].get('init_args') or {}
    sets = {}
    for values in section.get('validation') or ():
        part = Frames(Source(**values), Augmentation(), False)
        sets.setdefault(values['dataset'], []).extend(
            part.data.subset(part.indices).samples())
    if not sets:
        raise InputError(f'{config} has no validation frames (data.validation) to measure on')
    return sets


def accuracy(spec, sets, protocol) -> dict:
    """Return {set: figures}, 'all' among them, of a model file by `depth_ros`."""
    estimator, images = Estimator(spec, engine='onnxruntime'), {}
    for name, samples in sets.items():
        for sample in tqdm(samples, disable=None, desc=f'{spec.name}, {name}', leave=False):
            depth = estimator.estimate(sample.image, sample.camera, sparse=sample.sparse).depth
            images.setdefault(name, []).append(
                protocol.image(depth, sample.depth, spec.depth_max or None))
    images['all'] = [image for part in list(images.values()) for image in part]
    return {name: {**protocol.combine(part), 'frames': len(part)}
            for name, part in images.items()}


def times(specs, sample, threads: int = 1) -> dict:
    """Return {name: median milliseconds of inference}, measured in turns."""
    estimators = {name: Estimator(spec, engine='onnxruntime', threads=threads)
                  for name, spec in specs.items()}
    taken = {name: [] for name in specs}
    for _ in range(TURNS):
        for name, estimator in estimators.items():
            for _ in range(FRAMES_A_TURN):
                frame = estimator.estimate(sample.image, sample.camera, sparse=sample.sparse)
                taken[name].append(frame.timings_ms['inference'])
    return {name: float(np.median(values)) for name, values in taken.items()}


def card(defended, plain, config, saliency=None, attacks=None, command='',
         protocol: str = 'image_rmse') -> str:
    """
    Measure and write the card's text.

    :param defended, plain, saliency: model files: N(x G(x)), N, and N with an output saliency.
    :param config: config.yaml of the run; its validation frames are measured.
    :param attacks: report.json of `python -m training attack`, or None.
    """
    specs = {'N': read_spec(plain), 'N(x.G(x))': read_spec(defended)}
    if 'saliency' not in specs['N(x.G(x))'].outputs:
        raise ModelError(f'{defended} has no output saliency: export a `defence` run')
    rule, sets = find_protocol(protocol), measured_frames(config)
    found = {name: accuracy(spec, sets, rule) for name, spec in specs.items()}
    with tempfile.TemporaryDirectory() as folder:
        if saliency:
            whole = read_spec(saliency)
            specs['N + saliency, subscribed'] = whole
            specs['N + saliency, not subscribed'] = lean(whole, cache=folder)
        taken = times(specs, next(iter(sets.values()))[0])
    spec = specs['N(x.G(x))']
    parts = [f'# {spec.name}', 'Depth of an image behind a mask that hides what an attack uses. '
             'The output `saliency` is the mask.', _facts(spec, command), '## What it costs',
             f'Validation frames of the run at their own size, {rule.name}, by '
             '`depth_ros.estimator`; N is the same network without the mask.',
             _accuracy_table(found),
             'Inference, median, ONNX Runtime, one thread, models in turns '
             f'({cpu()}).', _times_table(taken)]
    if attacks:
        parts += ['## Whether it holds', _attack_table(json.loads(Path(attacks).read_text()))]
    return '\n\n'.join(parts) + '\n'


def _facts(spec, command):
    rows = [('file', f'`{Path(spec.file).name}`, SHA-256 `{spec.sha256}`'),
            ('input', f'{spec.input_height} x {spec.input_width} nominal, ' + (
                f'any multiples of {spec.size_multiple}' if spec.size_multiple else 'fixed')),
            ('outputs', ', '.join(f'`{name}`' for name in spec.outputs)),
            ('licence', spec.licence), ('lineage', spec.lineage),
            ('training', f'`{spec.training}`'), ('seed, revision',
                                                 f'{spec.seed}, `{spec.revision}`'),
            ('export', f'ONNX Runtime and torch agree within '
                       f'{spec.figures.get("parity", "?")}')]
    if command:
        rows.append(('this card', f'`{command}`'))
    return _table(('', ''), rows)


def _accuracy_table(found):
    rows = []
    for name, plain in found['N'].items():
        masked = found['N(x.G(x))'][name]
        rows.append((name, plain['frames'], *(
            f'{plain[key]:.3f} -> {masked[key]:.3f}' for key in SHOWN)))
    return _table(('frames', 'number', 'RMSE m: N -> defended', 'REL', 'd1'), rows)


def _times_table(taken):
    base = taken['N']
    return _table(('model', 'ms', 'times N'), [
        (name, f'{value:.1f}', f'{value / base:.2f}') for name, value in taken.items()])


def _attack_table(report):
    """Write RMSE and REL of N and of the defended model by setting and eps."""
    eps = report['curves'][0]['eps']
    rows = []
    for curve in (*report['curves'], *report.get('strong', ())):
        if curve['configuration'] not in ('N', 'N.G_adv'):
            continue
        name = CONFIGURATIONS[curve['configuration']].published
        found = dict(zip(curve['eps'], zip(curve['figures']['rmse'], curve['figures']['abs_rel'])))
        rows.append((f'{name}, {curve["setting"]} ({curve["images"]} frames)', *(
            '{:.3f} / {:.3f}'.format(*found[at]) if at in found else '-' for at in eps)))
    return (f'RMSE m / REL under attack by eps ({report["space"]} image, {report["protocol"]}). '
            f'{TRANSFER}: attacked against N alone, as published; {ADAPTIVE}: by somebody who '
            f'knows mask and network; {WORST}: for each image.\n\n'
            + _table(('depth', *(f'eps {at:g}' for at in eps)), rows))


def _table(header, rows):
    return '\n'.join('| ' + ' | '.join(map(str, row)) + ' |' for row in (
        header, ['---'] * len(header), *rows))
