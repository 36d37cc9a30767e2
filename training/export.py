# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Checkpoint -> one ONNX file that satisfies the model contract (depth_ros.model)."""
from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
from types import SimpleNamespace
import warnings

from depth_ros.contracts import choose, InputError
from depth_ros.documents import read_json
from depth_ros.model import CONTRACT, is_name, PREFIX, read_spec
from depth_ros.resizing import input_size
import numpy as np
import onnx
import torch
from training.average import recompute_norms
from training.domains_graph import DomainsGraph
from training.experiment import build
from training.files import replacing
from training.graph import fuse_pads
from training.lifelong.domains import read_domains
from training.methods.defence import Defence
from training.methods.metric_depth import MetricDepth
from training.methods.saliency import Saliency
from training.networks.completion import CompletionNet
from training.networks.lifelong import LifelongNet
from training.networks.student import FOCAL, StudentNet
from training.runs import FREE, lineage, load_method, UNKNOWN
from training.wrappers import (
    CompletedGraph,
    first,
    MonocularGraph,
    SalientGraph,
    with_half_layers,
)

OPSET, STEP = 18, 32
OUTPUTS = ('depth', 'confidence')  # of a graph that does not say which it has
# Metres by task: beyond the first nothing was learned, nearer than the second neither.
DEPTH_MAX, DEPTH_MIN = {'completion': 120.0, 'monocular': 80.0}, 0.1
# Greatest relative difference of the file and the float32 network, on any pixel of noise.
LIMITS = {'fp32': 1e-3, 'fp16': 2e-2}
# Training sizes of procedural frames by data.small, where data.size does not give one.
NOMINAL = {True: (128, 160), False: (160, 224)}
SIZES = ((192, 256), (96, 320), (224, 320))


def export_graph(net, task: str, path, opset: int = OPSET, size=SIZES[0], fixed: bool = False,
                 outputs=OUTPUTS) -> None:
    """
    Write the graph without metadata.

    :param net: graph of the contract, in eval mode on the CPU.
    :param size: (height, width) to trace it at; `fixed`: the only one that the file takes,
        otherwise it takes multiples of STEP.
    """
    height, width = size
    inputs, names = [torch.randint(0, 255, (1, height, width, 3), dtype=torch.uint8)], ['image']
    if task == 'completion':
        sparse = torch.zeros(1, height, width)
        sparse[0, height // 2] = 2.0
        inputs.append(sparse)
        names.append('sparse_depth')
    free = None if fixed else {name: {1: 'height', 2: 'width'} for name in (*names, *outputs)
                               if not name.startswith('domain')}
    if 'domain' in outputs:
        inputs.append(torch.tensor([-1]))
        names.append('domain_request')
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')
        torch.onnx.export(net, tuple(inputs), str(path), input_names=names,
                          output_names=list(outputs), dynamic_axes=free, opset_version=opset,
                          dynamo=False)
    model = onnx.load(str(path))
    fuse_pads(model)
    onnx.save(model, str(path))


def write_metadata(path, values: dict) -> None:
    """Put the spec into the file's metadata_props and check the file."""
    model = onnx.load(str(path))
    del model.metadata_props[:]
    for name, value in values.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = PREFIX + name, str(value)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def parity(net, task: str, path, sizes=SIZES) -> float:
    """
    Compare the file, run by ONNX Runtime, with the network at several sizes.

    :returns: the greatest difference of depth relative to the network's (that to DEPTH_MIN where
        the network's is below it), or of saliency, whichever is greater; every domain's.
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
        for more in getattr(net, 'requests', [{}]):
            # Unlike max, this keeps what is no number.
            worst = float(np.maximum(worst, _difference(net, session, {**feeds, **more})))
    return worst


def _difference(net, session, feeds):
    with torch.no_grad():
        made = net(*map(torch.from_numpy, feeds.values()))
    depth, measured = first(made).numpy(), session.run(['depth'], feeds)[0]
    gaps = [np.abs(measured - depth) / np.maximum(depth, DEPTH_MIN)]
    if isinstance(net, SalientGraph):
        gaps.append(np.abs(session.run(['saliency'], feeds)[0] - made[-1].numpy()))
    return np.max([gap.max() for gap in gaps])


def write_graph(net, task, path, nominal, limit, like=None):
    """
    Write a graph of free size, or of the nominal one where the network does not allow that.

    :param like: the network to agree with, if it is another one (float32 for float16).
    :returns: the parity error, and the (height, width, size_multiple) of the spec.
    :raises InputError: the file differs from the network by more than `limit`.
    """
    like, outputs = like or net, getattr(net, 'outputs', OUTPUTS)
    height, width = _rounded(nominal)
    # Traced at one size and compared at others, of another aspect too.
    sizes = [(height, width), (height + STEP, width), (height, width + 2 * STEP)]
    try:
        export_graph(net, task, path, size=(height + STEP, width + STEP), outputs=outputs)
        error = parity(like, task, path, sizes)
        if error <= limit:
            return error, (height, width, STEP)
    except OSError:
        raise  # The disk, not the graph.
    except Exception as reason:
        # ONNX Runtime has its own exceptions for graphs that hold the size they were traced at.
        error = reason
    if task != 'monocular':
        raise InputError(f'{path} differs from the network ({error}): do not use it')
    export_graph(net, task, path, size=nominal, fixed=True, outputs=outputs)
    error = parity(like, task, path, [nominal])
    if not error <= limit:
        raise InputError(f'{path} differs from the network by {error:.2%}: do not use it')
    return error, (*nominal, 0)


def _rounded(size):
    """Multiples of STEP of about the same area and aspect."""
    height, width = size
    if height % STEP == width % STEP == 0:
        return size
    return input_size(SimpleNamespace(size_multiple=STEP, input_height=height, input_width=width),
                      SimpleNamespace(height=height, width=width))


def first_batch(config: dict) -> dict:
    """Give one batch of a run's own data, for what its config does not say."""
    data = build(config['data'])
    for batch in data.val_dataloader():
        return batch
    data.setup('fit')
    return next(iter(data.train_dataloader()))


def nominal_size(config: dict) -> tuple[int, int]:
    """Tell the input size (height, width) that a run was trained for."""
    options = config['data'].get('init_args') or {}
    steps = options.get('steps') or {}
    size = options.get('size') or steps.get('crop') or steps.get('size')
    if not size and 'train' not in options:
        size = NOMINAL[bool(options.get('small'))]
    if not size:
        image = first_batch(config)['image']
        size = image.shape[1:3] if image.dtype == torch.uint8 else image.shape[2:]
    height, width = size
    return int(height), int(width)


def focal_of(method, config: dict, given: float | None) -> float:
    """
    Tell the focal length (pixels at input size) that a method's answers are right for.

    :raises InputError: only the data know it and they are not here, or their cameras differ.
    """
    if method.task != 'monocular':
        return 0.0
    known = FOCAL
    if isinstance(method, MetricDepth):
        known = method.hparams.focal
    elif isinstance(method, Saliency):
        known = method.target.focal
    if given or known:
        return float(given or known)
    ask = ('model.focal of this run is null, so its depth is right for the camera of its data '
           'only, and a monocular model must say which one that is')
    try:
        camera = first_batch(config)['camera']
    except (InputError, OSError, StopIteration) as error:
        raise InputError(f'{ask}: give --focal PIXELS, the focal length at the size the network '
                         f'saw (the data cannot be asked: {error})') from error
    focal = (camera[:, 0] * camera[:, 1]).sqrt()
    if focal.max() > 1.02 * focal.min():
        raise InputError(f'{ask}: its frames have focal lengths from {focal.min():.0f} to '
                         f'{focal.max():.0f} pixels. Train with model.focal, or give --focal')
    return float(focal.mean())


def contract_graph(method, run):
    """
    Return a method's network in the form of the contract; None where there is no such form.

    :param run: the folder of its run, which knows its domains.
    """
    if isinstance(method.net, LifelongNet):
        return DomainsGraph(method.net.eval(), read_domains(run))
    if isinstance(method, MetricDepth):
        return MonocularGraph(method.net)
    if isinstance(method, Saliency):
        return SalientGraph(method.target, method.net, isinstance(method, Defence))
    if isinstance(method.net, (CompletionNet, StudentNet)):
        return method.net
    student = getattr(method, 'student', None)
    return student and CompletedGraph(method.net, student.answer)


def export(checkpoint, path, name: str | None = None, figures: dict | None = None,
           norm_batches: int = 0, licence: str | None = None, focal: float | None = None,
           precision: str = 'fp32', size: Sequence[int] | None = None) -> float:
    """
    Export a run's checkpoint.

    :param norm_batches: training batches on which to recompute BatchNorm statistics first.
    :param licence: of the model; None: Apache-2.0 if nothing but procedural frames and free
        weights went into it, else unknown.
    :param focal: pixels at input size, for a monocular network that does not know it.
    :param precision: fp32, or fp16: float16 layers, the rest and all inputs and outputs float32.
    :param size: nominal (height, width); None: that of training.
    :returns: the parity error (relative) of the file against the float32 network.
    :raises InputError: where the file and the network disagree by more than LIMITS.
    """
    limit = choose(LIMITS, precision, 'precision')
    method, config, content = load_method(checkpoint)
    if method.task not in DEPTH_MAX:
        raise InputError(f'{checkpoint} is a teacher, whose depth has no scale: `export-teacher` '
                         'writes those')
    net = contract_graph(method, Path(checkpoint).parent)
    if net is None:
        raise InputError(f'{checkpoint} holds a {type(method.net).__name__}, which cannot be '
                         'exported to the model contract yet')
    facts = Path(checkpoint).parent / 'provenance.json'
    facts = read_json(facts) if facts.exists() else {}
    own = net.metadata() if isinstance(net, DomainsGraph) else {}
    if own and (focal or norm_batches):
        raise InputError('the domains of this run have their focal lengths, and share their '
                         'layers: leave out --focal and --norm-batches')
    nominal = tuple(size or getattr(net, 'nominal', None) or nominal_size(config))
    focal = own.get('focal') or focal_of(method, config, focal)
    if norm_batches:
        data = build(config['data'])
        data.setup('fit')
        # Batches come from the device that renders them.
        method.net.to((config['data'].get('init_args') or {}).get('device', 'cpu'))
        recompute_norms(method.net, data.train_dataloader(), method.predict_depth, norm_batches)
        method.net.to('cpu')
    path = Path(path)
    if not is_name(name or path.stem):
        raise InputError(f'{name or path.stem!r} is no name of a model, which is part of file '
                         'names: use letters, digits, blanks and _ . ( ) + -')
    path.parent.mkdir(parents=True, exist_ok=True)
    net.eval()
    with replacing(path) as part:
        error, (height, width, multiple) = write_graph(
            net if precision == 'fp32' else with_half_layers(net), method.task, part, nominal,
            limit, net)
        origin, free = lineage(config)
        minutes = {'training_minutes': round(content['elapsed'] / 60, 1)} \
            if content.get('elapsed') else {}
        write_metadata(part, {
            'contract': CONTRACT, 'name': name or path.stem, 'task': method.task,
            'input_height': height, 'input_width': width, 'size_multiple': multiple,
            'focal': focal, 'depth_min': DEPTH_MIN, 'depth_max': DEPTH_MAX[method.task],
            'licence': licence or (FREE if free else UNKNOWN), 'lineage': origin,
            'training': facts.get('command', 'unknown'), 'seed': config.get('seed', 1),
            'revision': facts.get('revision', 'unknown'),
            'figures': json.dumps({'steps': int(content['global_step']), **minutes,
                                   'precision': precision, 'parity': float(f'{error:.1e}'),
                                   **(figures or {})}), **own})
        read_spec(part)
    return error
