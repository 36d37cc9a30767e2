# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
From a config file to a model that can be shipped: pieces of training, export, figures, card.

The folder of a run tells how far it is (``ship.json``), so that every call does what is next: it
trains for some minutes until the schedule is at its end, then exports, then evaluates. The steps
can be done on different machines.
"""
from __future__ import annotations

import json
import os
from pathlib import Path
import platform
import time

from depth_ros.contracts import InputError
from depth_ros.documents import read_json
from depth_ros.estimator import Estimator
from depth_ros.evaluation import suite, tables
from depth_ros.evaluation.baselines import line_baselines
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.evaluation.scaled import ScaledByLine
from depth_ros.model import read_spec
import lightning
import onnx
import torch
from training.card import write_card
from training.compact import CompactCheckpoint
from training.experiment import fit, load_config
from training.export import export, load_method, PREFIX
from training.files import save_onnx, write_json, write_text
import yaml

NORM_BATCHES = 40


class TimeLimit(lightning.Callback):
    """Stops the training after some minutes of wall time, counted from its construction."""

    def __init__(self, minutes: float):
        """Start the clock."""
        self.end = time.monotonic() + 60 * minutes

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        """Stop where the time is over."""
        if time.monotonic() >= self.end:
            trainer.should_stop = True


class Record:
    """What has been done in the folder of a run; kept as ``ship.json`` in it."""

    def __init__(self, run):
        """Read the record of a folder, or begin one."""
        self.run, self.path = Path(run), Path(run) / 'ship.json'
        self.content = {'pieces': [], 'progress': 0.0}
        if self.path.exists():
            self.content = read_json(self.path)
            if not (isinstance(self.content, dict)
                    and isinstance(self.content.get('pieces'), list)
                    and isinstance(self.content.get('progress'), (int, float))):
                raise InputError(f'{self.path} does not say how far the run is: remove it, or '
                                 'name another --run')

    @property
    def finished(self) -> bool:
        """Tell whether the schedule is at its end."""
        return self.content['progress'] >= 1.0

    def update(self, **values) -> None:
        """Add values and write the file."""
        self.content.update(values)
        write_json(self.path, self.content)


def past_pieces(run, spec, config) -> list:
    """Return the pieces of a run; of one that `fit` made, what its provenance tells, as one."""
    pieces = Record(run).content['pieces']
    path = Path(run) / 'provenance.json'
    if pieces or not path.exists():
        return pieces
    facts, steps = json.loads(path.read_text()), spec.figures.get('steps', 0)
    where = facts.get('environment', {})
    cores = f'{where.get("cores", "?")} CPU cores ({where.get("cpu", "?")}), no GPU'
    return [{'steps': steps, 'frames': _frames(config, steps),
             'revision': facts.get('revision', 'unknown'),
             'minutes': spec.figures.get('training_minutes', 0.0),
             'hardware': ', '.join(where.get('gpus', ())) or cores,
             'precision': str((config.get('trainer') or {}).get('precision', '32-true')),
             'changed_files': [line[3:] for line in facts.get('changed_files', ())]}]


def open_run(config, run, overrides=()):
    """
    Return the config of a run: a file's, or that of a run begun earlier where no file is named.

    :raises InputError: neither a file nor a run is there.
    """
    kept = Path(run) / 'config.yaml'
    if config is None and not kept.exists():
        raise InputError(f'{run} holds no run yet: name its --config')
    return load_config(config or kept, overrides)


def train_piece(config, run, minutes, command, revision=None):
    """
    Train for at most so many minutes, going on where the last piece stopped.

    :returns: the part of the schedule that is done, 0..1.
    """
    record, begin = Record(run), time.monotonic()
    before = sum(piece['steps'] for piece in record.content['pieces'])
    trainer = fit(config, run, callbacks=[CompactCheckpoint(), TimeLimit(minutes)])
    path = Path(run) / 'provenance.json'
    facts = {**json.loads(path.read_text()), 'command': command}
    facts['revision'] = revision or facts['revision']
    write_json(path, facts)
    piece = {'steps': trainer.global_step - before, 'revision': facts['revision'],
             'minutes': round((time.monotonic() - begin) / 60, 1), 'hardware': hardware(trainer),
             'torch': torch.__version__, 'precision': str(trainer.precision),
             'frames': _frames(config, trainer.global_step - before),
             'changed_files': [line[3:] for line in facts['changed_files']]}
    progress = trainer.lightning_module.progress()
    record.update(pieces=[*record.content['pieces'], piece], progress=progress, command=command)
    return progress


def _frames(config, steps):
    return steps * config['data'].get('init_args', {}).get('batch_size', 0)


def hardware(trainer) -> str:
    """Name what a trainer ran on."""
    if trainer.strategy.root_device.type == 'cuda':
        return torch.cuda.get_device_name(trainer.strategy.root_device)
    return f'{len(os.sched_getaffinity(0))} CPU cores ({platform.machine()}), no GPU'


def export_run(run, name, norm_batches=NORM_BATCHES):
    """Write `run`/NAME.onnx from the run's checkpoint, unless one of the same step is there."""
    run = Path(run)
    path, checkpoint = run / f'{name}.onnx', run / 'last.ckpt'
    if not checkpoint.exists():
        if path.exists():
            return path
        raise InputError(f'{run} holds neither last.ckpt nor {path.name}: train first')
    method, _, content = load_method(checkpoint)
    if path.exists() and read_spec(path).figures.get('steps') == content['global_step']:
        return path
    count = sum(value.numel() for value in method.net.parameters())
    export(checkpoint, path, name, {'parameters': count}, norm_batches)
    return path


def evaluate_model(path, data, config, teacher=None):
    """
    Measure a model on the sets under ``data``, write the table and put figures into the file.

    :returns: the table as markdown.
    """
    path, estimator = Path(path), Estimator(str(path))
    if sees_no_line(config):
        estimator = ScaledByLine(estimator)
    report = suite.run_suite(data, estimator, find_protocol('image_rmse'),
                             line_baselines(teacher))
    text = tables.suite_table(report)
    write_text(path.parent / 'table.md', text)
    write_json(path.parent / 'table.json', report, allow_nan=False)
    figures = {**estimator.spec.figures, **short_figures(report)}
    put_figures(path, figures)
    write_json(path.parent / 'figures.json', figures)
    return text


def sees_no_line(config) -> bool:
    """Tell whether a run was trained without any line."""
    return config['data'].get('init_args', {}).get('none_share', 0.0) >= 1.0


def short_figures(report) -> dict:
    """Return the few figures of a report that a model file carries."""
    figures = {f'{row["name"].replace(" ", "_")}_rel': row['metrics']['abs_rel']
               for row in report['rows']}
    rows = {row['name']: row['metrics'] for row in report['rows']}
    if suite.USUAL_OBJECT in rows:
        figures['kitti_rel'] = rows[suite.USUAL_OBJECT]['abs_rel']
        figures['kitti_rmse'] = rows[suite.USUAL_OBJECT]['rmse']
    if report['means']['indoor']:
        figures['indoor_rel'] = report['means']['indoor']['metrics']['abs_rel']
    return {name: round(value, 4) for name, value in figures.items() if value is not None}


def put_figures(path, figures: dict) -> None:
    """Replace the figures in a model file's metadata."""
    model = onnx.load(str(path))
    for entry in model.metadata_props:
        if entry.key == PREFIX + 'figures':
            entry.value = json.dumps(figures)
    save_onnx(model, path)


def ship(config, run, minutes, data=None, name='completion', command='', now=False,
         teacher=None, notes=None, revision=None, norm_batches=NORM_BATCHES) -> str:
    """
    Do what is next for a run; see the module.

    :param data: folder of the real sets; None leaves the evaluation to another call.
    :param now: export what there is, before the schedule's end.
    :param notes: text for the end of the card, for example known failures.
    :returns: one sentence that says how far it is.
    """
    run = Path(run)
    record = Record(run)
    if not record.finished and not now:
        run.mkdir(parents=True, exist_ok=True)
        progress = train_piece(config, run, minutes, command, revision)
        if progress < 1.0:
            size = (run / 'last.ckpt').stat().st_size / 2 ** 20
            return (f'{progress:.0%} of the schedule done, checkpoint {size:.1f} MiB: call '
                    'again with the same arguments')
    path = export_run(run, name, norm_batches)
    if data is None:
        return f'{path} is exported; evaluate it with --data'
    table = evaluate_model(path, data, config, teacher)
    card = write_card(path, past_pieces(run, read_spec(path), config), table,
                      yaml.safe_dump(config, sort_keys=False), sees_no_line(config), notes)
    return f'{path} is ready, its card is {card}'
