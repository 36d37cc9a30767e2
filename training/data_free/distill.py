# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A teacher, a student's name and images of something else -> a trained student, and its file."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
import json
import math
from pathlib import Path

from depth_ros.contracts import choose, InputError
from depth_ros.model import find
from training.data_free.teachers import read_foreign
from training.datasets import stored
from training.datasets.frames import READERS, Source, WHERE
from training.datasets.pipeline import Augmentation
from training.datasets.procedural import kinds
from training.datasets.procedural.world import INDOOR, OUTDOOR
from training.datasets.simulated import SimulatedFrames
from training.experiment import fit, load_config, override
from training.export import export
from training.lifelong.add import begin
from training.methods.metric_depth import MetricDepth
from training.networks.metric import NETWORKS
from training.runs import load_method, run_folder

CONFIG = Path(__file__).resolve().parents[2] / 'config' / 'training' / 'data_free.yaml'
PROCEDURAL, FRAMES = 'procedural', 400  # images that are rendered where no number is asked for
SIZE = (228, 304)
MARGIN = 240 / 228  # of the size that the crop is taken from
IMAGES, MODEL = 'images', 'model.onnx'


@dataclass(frozen=True)
class Asked:
    """
    What the command line says.

    :param teacher: run (folder or last.ckpt), ONNX file, or name of a shipped model.
    :param student: NETWORK or NETWORK:ENCODER, see `networks.metric`.
    :param images: folder, DATASET:PATH, or procedural[:KIND].
    :param number: of images, drawn by the seed; None: all (or FRAMES rendered ones).
    :param size: (height, width) that the networks see; None: the teacher's.
    :param steps: None: 20 epochs.
    :param validation: DATASET:PATH with true depth, or None.
    """

    teacher: str
    student: str
    images: str
    out: Path
    number: int | None = None
    size: tuple[int, int] | None = None
    steps: int | None = None
    seed: int = 1
    validation: str | None = None
    overrides: tuple[str, ...] = ()


def distill(asked: Asked) -> dict:
    """
    Train the student where that is not done, and export it where its focal length is known.

    :returns: run, steps, model (path or None), remarks (sentences: what was left out, and why).
    :raises InputError: input that cannot be used, or a folder that was begun with other input.
    """
    config, remarks = make_config(asked)
    begin(asked.out, config)
    if asked.images.partition(':')[0] == PROCEDURAL:
        _render(asked, config)
    trainer = fit(config, asked.out)
    model, last = None, asked.out / 'last.ckpt'
    if config['model']['init_args'].get('focal'):
        model = asked.out / MODEL
        export(last, model)
    else:
        remarks.append('no model file: the teacher does not say which focal length its depth is '
                       f'for. python -m training export --checkpoint {last} --out FILE '
                       '--focal PIXELS writes it')
    return {'run': str(asked.out), 'steps': trainer.global_step,
            'model': model and str(model), 'remarks': remarks}


def make_config(asked: Asked) -> tuple[dict, list]:
    """Return the config of the run, and what had to be left out."""
    config, remarks = load_config(CONFIG), []
    config['seed'] = asked.seed
    model, data = config['model']['init_args'], config['data']['init_args']
    facts, size = _teacher(asked, remarks)
    model.update(facts)
    network, _, encoder = asked.student.partition(':')
    choose(NETWORKS, network, 'network of the student')
    model.update(network=network, encoder=encoder or {
        'fast_student': 'efficientnet_lite0', 'mff_student': 'mobilenet_v2'}.get(
            network, 'resnet18'))
    height, width = asked.size or size
    data['steps'] = {'size': [round(MARGIN * height), round(MARGIN * width)],
                     'crop': [height, width]}
    source, known = _images(asked)
    data.update(train=[source], number=None if source['path'] == str(asked.out / IMAGES)
                else asked.number, subset_seed=asked.seed, validation=[])
    if not known:
        model['mix_share'] = 0.0
        remarks.append('no ids of things (instance/NAME.png) with the images: without mixing')
    if asked.validation:
        data['validation'] = [_source(asked.validation)]
    if asked.steps:
        # As often as in the publication: the rate falls after each quarter.
        config['trainer'].pop('max_epochs')
        config['trainer'].update(max_steps=asked.steps, limit_val_batches=0,
                                 checkpoint_steps=min(1000, asked.steps))
        model.update(decay_every=math.ceil(asked.steps / 4), decay_unit='step')
    override(config, asked.overrides, 'the config of distill')
    return json.loads(json.dumps(config)), remarks


def _teacher(asked, remarks):
    """Return options of the method, and the (height, width) of the teacher's images."""
    path = Path(asked.teacher)
    if path.is_dir() or path.suffix == '.ckpt':
        last = run_folder(path) / 'last.ckpt'
        method, config, _ = load_method(last)
        if not isinstance(method, MetricDepth):
            raise InputError(f'{last} is a run of {type(method).__name__}: a teacher is a run of '
                             'Supervised, Distillation or another of networks of metric depth, '
                             'or an ONNX file')
        options = config['data'].get('init_args') or {}
        size = options.get('size') or (options.get('steps') or {}).get('crop') or SIZE
        return {'teacher_checkpoint': str(last), 'teacher_network': method.hparams.network,
                'teacher_encoder': method.hparams.encoder, 'focal': method.hparams.focal}, size
    facts, size = {'focal': None}, SIZE
    try:
        spec = find(asked.teacher)
    except InputError:
        if not path.is_file():
            raise
    else:
        path, size = spec.file, (spec.input_height, spec.input_width)
        facts['focal'] = spec.focal or None
    remarks.append(f'{path.name} shows no features: without the transformation network')
    options = [word.partition('=')[2] for word in asked.overrides
               if word.startswith('model.teacher_takes=')]
    read_foreign(path, *options)  # what cannot be read is said now
    return {**facts, 'teacher_checkpoint': str(path), 'transform': False}, size


def _images(asked):
    """Return the source of images, and whether their things are told apart."""
    name, _, kind = asked.images.partition(':')
    if name == PROCEDURAL:
        if kind:
            choose({**INDOOR, **OUTDOOR}, kind, 'kind of world')
        return {'dataset': 'stored', 'path': str(asked.out / IMAGES), 'labelled': False}, True
    source = {**_source(asked.images), 'labelled': False}
    found = SimulatedFrames(Source(**source), Augmentation())
    return source, found.has_instances


def _source(text) -> dict:
    """Return {dataset, path} of DATASET:PATH or of a folder whose layout tells."""
    name, colon, path = text.partition(':')
    if colon and name in READERS:
        return {'dataset': name, 'path': path}
    folder = Path(text)
    if not folder.is_dir():
        raise InputError(f'no folder {text}: give a folder of images, procedural[:KIND], or '
                         f'DATASET:PATH with one of {", ".join(sorted(WHERE))}')
    if (folder / stored.INDEX).is_file():
        return {'dataset': 'stored', 'path': text}
    photos = next(folder.glob('**/photo'), None)
    return {'dataset': 'images' if photos is None else 'scenenet', 'path': text}


def _render(asked, config):
    """Render procedural images where that is not done."""
    from tqdm import tqdm
    place = asked.out / IMAGES
    if (place / stored.INDEX).is_file():
        return
    kind, count = asked.images.partition(':')[2] or None, asked.number or FRAMES
    size = tuple(config['data']['init_args']['steps']['size'])
    drawn = islice(kinds.simulated(kind, asked.seed, size), count)
    stored.write_frames(place, tqdm(drawn, total=count, unit='frame', disable=None, desc=IMAGES),
                        json.dumps({'kind': kind or 'all', 'seed': asked.seed, 'frames': count}))
