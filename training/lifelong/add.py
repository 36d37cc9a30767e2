# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A new domain for a network that is in use, without the data of the domains that it knows.

One stage of `methods.lifelong` on a finished run, and how far every domain is before and after.
"""
from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
import math
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.documents import read_yaml
import torch
from training.cli import build
from training.datasets.domains import DomainData, in_order, stored
from training.datasets.frames import READERS
from training.datasets.stored import INDEX
from training.experiment import override
from training.files import write_json, write_text
from training.lifelong.domains import domain_folder, MEASURE, read_domains, read_kept
from training.lifelong.report import sentences, write_report
from training.lifelong.scores import score, unlike
from training.lifelong.stage import keep_new_frames, run_stage
from training.methods.lifelong import Lifelong
from training.runs import load_method, run_config, run_folder
import yaml

REPORT = 'report.json'
# Of a data set that is named without saying what is for what; in time they lie apart.
TRAIN, VALIDATION = ('first', 'middle'), ('last',)
SOURCES = ('train', 'validation')


@dataclass(frozen=True)
class Asked:
    """
    What the command line says.

    :param model: folder (or last.ckpt) of a finished run of `Lifelong`.
    :param data: YAML file with train, validation and maybe steps and other options of
        `DomainData`, by themselves or in the section data of a config; or DATASET:PATH.
    :param steps, epochs: of training; both None: as long as the run before.
    :param overrides: KEY=VALUE of the config.
    """

    model: Path
    data: str
    name: str
    out: Path
    steps: int | None = None
    epochs: int | None = None
    overrides: tuple[str, ...] = ()


def add_domain(asked: Asked) -> dict:
    """
    Train the new domain where that is not done, and report; what is done is not done again.

    :returns: name, previous, run, steps, domains (name: figures before and after), sentences.
    :raises InputError: input that cannot be used, or a folder that was begun with other input.
    """
    config = make_config(asked)
    begin(asked.out, config)
    # What cannot be read is said now.
    keep_new_frames(build(config['model']), asked.out, build(config['data']))
    run_stage(config, asked.out)
    runs, protocol = {}, None
    for when, run in (('before', asked.model), ('after', asked.out)):
        method, _, content = load_method(run_folder(run) / 'last.ckpt')
        method.to('cuda' if torch.cuda.is_available() else 'cpu')
        runs[when], protocol = (method, read_domains(run)), method.protocol
    measured = {when: _measure(*run, asked.out) for when, run in runs.items()}
    domains = {name: {when: found[name] for when, found in measured.items()}
               for name in measured['after']}
    result = {'name': asked.name, 'previous': str(asked.model), 'run': str(asked.out),
              'steps': int(content['global_step']), 'domains': domains,
              'protocol': f'{protocol.name}: {protocol.definition}'}
    result['sentences'] = sentences(result)
    write_json(asked.out / REPORT, result)
    write_report(asked.out, result, runs)
    return result


def make_config(asked: Asked) -> dict:
    """Return the config of the stage: that of the run before, with the new domain's data."""
    last = run_folder(asked.model) / 'last.ckpt'
    if run_folder(asked.model).resolve() == asked.out.resolve():
        raise InputError(f'--out {asked.out} is the model itself: name a new folder')
    method, config, _ = load_method(last)
    if not isinstance(method, Lifelong):
        raise InputError(f'{last} is a run of {type(method).__name__}: a domain can be added to '
                         'a run of Lifelong (config/training/lifelong_sdt.yaml) only')
    read_domains(asked.model)
    config = deepcopy(config)
    model = config['model']['init_args']
    model.update(domain=asked.name, strategy='ours',
                 previous=str(run_folder(asked.model).resolve()))
    for key in ('weight_consistency', 'weight_replay'):
        if isinstance(model.get(key), list):  # one for each domain, and now there are more
            del model[key]
    options = {key: value for key, value in config['data']['init_args'].items()
               if key not in ('others', *SOURCES)}
    config['data'] = {'class_path': f'{DomainData.__module__}.DomainData',
                      'init_args': {**options, **read_data(asked.data)}}
    _set_length(config, asked)
    return override(config, asked.overrides, f'the config of {asked.model}')


def _set_length(config, asked):
    model, trainer = config['model']['init_args'], config.setdefault('trainer', {})
    if asked.steps is None and asked.epochs is None:
        return
    for key in ('max_steps', 'max_epochs'):
        trainer.pop(key, None)
    if asked.steps is None:
        trainer['max_epochs'] = asked.epochs
    else:
        # As often as in the publication: the rate falls after each quarter.
        trainer['max_steps'] = asked.steps
        model.update(decay_every=math.ceil(asked.steps / 4), decay_unit='step')


def read_data(text: str) -> dict:
    """
    Return options of `DomainData` from --data.

    :raises InputError: neither a data set nor a YAML file that names train and validation.
    """
    name, colon, path = text.partition(':')
    if colon and name in READERS:
        return {key: [{'dataset': name, 'path': path, 'part': part} for part in parts]
                for key, parts in zip(SOURCES, (TRAIN, VALIDATION))}
    if Path(text).suffix not in ('.yaml', '.yml'):
        raise InputError(f'--data {text}: give DATASET:PATH with one of '
                         f'{", ".join(sorted(READERS))}, or a YAML file')
    content = read_yaml(text)
    for key in ('data', 'init_args'):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(content.get(key) for key in SOURCES):
        raise InputError(f'{text} needs train and validation, lists of data sets as in '
                         'config/training/lifelong_stage2.yaml')
    return {key: value for key, value in content.items() if key != 'others'}


def begin(out: Path, config: dict) -> None:
    """
    Take a folder for a config, or go on in it.

    :raises InputError: it holds something else.
    """
    out, path = Path(out), Path(out) / 'config.yaml'
    if path.is_file():
        before = run_config(path)
        other = [key for key in sorted({*before, *config}) if before.get(key) != config.get(key)]
        if other:
            raise InputError(f'{out} was begun with other input ({", ".join(other)}, see its '
                             'config.yaml): repeat that, or name another folder with --out')
    elif out.is_dir() and any(not file.name.startswith('.') for file in out.iterdir()):
        raise InputError(f'{out} holds other files: name an empty or a new folder with --out')
    else:
        out.mkdir(parents=True, exist_ok=True)
        write_text(path, yaml.safe_dump(config, sort_keys=False))


def _measure(method, domains, out) -> dict:
    """Measure a network on what is kept of every domain in the folder of the newest run."""
    loaders = {}
    for domain in read_domains(out):
        folder = domain_folder(out, domain.name) / MEASURE
        if (folder / INDEX).is_file():
            loaders[domain.name] = in_order(
                stored(folder, read_kept(out, domain.name).steps, False))
    found = score(method, domains, loaders, method.hparams.protocol)
    return {name: {**{key: value for key, value in one.items() if key != 'over'},
                   'unlike': unlike(one, 1.0)} for name, one in found.items()}
