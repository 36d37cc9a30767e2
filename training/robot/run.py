# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The whole way from a recording to a model, and a forecast of it."""
from __future__ import annotations

from copy import deepcopy
from importlib import metadata
from pathlib import Path
import tempfile
import time

from depth_ros.estimator import Estimator
from depth_ros.evaluation.environment import environment
from depth_ros.poses import pose_from
import numpy as np
from training.experiment import fit
from training.provenance import git
from training.robot import deliver
from training.robot.frames import open_dataset as open_frames
from training.robot.learn import StepTimes
from training.robot.prepare import warnings_of
from training.robot.report import verdict, write_report
from training.robot.settings import command_of
from training.robot.stages import rule_of, Stages

TRIED = 4  # steps of a forecast; the first one is not counted


def robot_to_model(settings, say=print) -> dict:
    """
    Do what is not done yet in the folder; see `stages`.

    :param say: takes sentences for the user.
    :returns: all figures, as plain values.
    """
    stages = Stages(settings, say)
    checked, frames = check_and_split(stages, settings, say)
    teacher = stages.teacher()
    trained = stages.train(teacher)
    model = stages.model(teacher, trained)
    figures = stages.figures(teacher)
    result = {'settings': {'name': settings.model_name(), 'student': settings.student},
              'check': checked, 'frames': frames, 'teacher': stages.found('teacher'),
              'trust': stages.found('trust'),
              'training': trained, 'model': model, 'figures': figures,
              'seconds': stages.record.seconds(), 'launch': launch(stages, settings, checked),
              'rerun': _rerun(stages, settings)}
    sentences = verdict(result)
    result['verdict'] = sentences
    deliver.write_card(settings.out / 'model.md', model, figures, sentences, {
        'command': f'`{command_of(settings)}`',
        'seed, revision': f'{settings.seed}, `{git("rev-parse", "HEAD") or "unknown"}`',
        'training': (
            f'{trained["steps"]} steps, {trained["minutes"]:.1f} minutes on {trained["device"]}'),
        'frames': f'{sum(part["frames"] for part in frames["parts"])} to learn from'},
        stages.config())
    page = write_report(settings.out, result)
    say('\n'.join(['', *sentences, '', *deliver.figure_table(figures), '',
                   f'model: {settings.out / "model.onnx"}, card: {settings.out / "model.md"}, '
                   f'report: {page}', '', result['launch']]))
    return result


def _rerun(stages, settings):
    """Return what is needed to do it again: environment, and the recordings by their content."""
    found = environment()
    versions = {name: metadata.version(name) for name in ('torch', 'lightning', 'onnx')}
    return {'environment': {**found, 'command': command_of(settings),
                            'packages': {**found['packages'], **versions}},
            'recordings': dict(stages.marks), 'seed': settings.seed}


def check_and_split(stages, settings, say):
    """Do the first two stages and tell what they found; returns what `r2m.json` keeps of them."""
    checked = stages.check()
    for sentence in warnings_of(checked['recordings'], settings.force):
        say(sentence)
    frames = stages.frames()
    say(split_sentence(frames, settings))
    return checked, frames


def split_sentence(frames, settings) -> str:
    """Say how the recordings were divided."""
    parts = frames['parts']
    learned, chosen = (sum(part[name] for part in parts) for name in ('train', 'choose'))
    usable = sum(part['usable'] for part in parts)
    if settings.validation:
        measured = f'measured on {settings.validation}'
    else:
        measured = (f'{sum(len(part["measure"]) for part in parts)} at the end (the last 20 %) '
                    'for the figures')
    return (f'{usable} usable frames: {learned} to learn from, {chosen} to choose by, {measured}; '
            f'{parts[0]["gap_s"]:.1f} s between the parts are not used')


def launch(stages, settings, checked) -> str:
    """Return the command that starts the node with the model on the recording's topics."""
    report = checked['recordings'][0]
    roles = {topic['role']: (topic['name'], topic['kind']) for topic in report['topics']
             if topic['role'] in deliver.DEFAULT_TOPICS}
    if 'scan' in roles:
        roles.pop('cloud', None)
    params = None
    if settings.options.extrinsics is not None:
        params = deliver.write_params(settings.out / 'params.yaml',
                                      pose_from(settings.options.extrinsics))
    ring = None
    if 'cloud' in roles:
        ring = deliver.line_ring(stages.whole_or(settings.bags[0]), settings.options)
    return deliver.launch_command(settings.out / 'model.onnx', roles, params, ring)


def forecast(settings, say=print) -> dict:
    """
    Check, split, and try a few steps; nothing of the trial stays.

    :returns: step_seconds, teacher_seconds and measure_seconds (a frame), total_minutes, and what
        the check found.
    """
    stages = Stages(settings, say)
    checked, frames = check_and_split(stages, settings, say)
    learned = sum(part['train'] for part in frames['parts'])
    result = {'check': checked, 'frames': frames,
              **_trial(stages, settings, learned)}
    text = (f'a training step takes {result["step_seconds"]:.2f} s here: {result["steps"]} steps, '
            f'{result["passes"]:.1f} passes over the frames, in {result["training_minutes"]:.0f} '
            f'minutes; with teacher and figures about {result["total_minutes"]:.0f} minutes')
    say(text)
    return result


def _trial(stages, settings, learned):
    own = settings.teacher == 'self'
    with tempfile.TemporaryDirectory(prefix='r2m_') as folder:
        if own:  # the time of the shipped one stands in
            from dataclasses import replace
            stages.settings = replace(settings, teacher='student')
        teacher = stages.teacher()
        if not own:
            stages.trust(teacher, rule_of(stages.make_config(teacher)))
        sample = next(iter(open_frames(stages.folders()[0]).samples(1)))
        opened = stages.open_teacher(teacher)
        asked = _seconds(lambda: opened.depth(sample.image))
        model = Estimator(stages.spec)
        estimated = _seconds(lambda: model.estimate(sample.image, sample.camera,
                                                    sparse=sample.sparse))
        config = deepcopy(stages.make_config(teacher))
        batch = config['data']['init_args']['batch_size']
        config['data']['init_args']['cache'] = folder
        for source in config['data']['init_args']['train']:
            source['limit'] = batch
        config['model']['init_args'].update(train_steps=TRIED, train_minutes=None)
        times = StepTimes()
        fit(config, Path(folder) / 'run', callbacks=[times])
        stages.settings = settings
    step = float(np.median(np.diff(times.at)))
    steps = settings.steps or int(60 * settings.minutes / step)
    minutes = steps * step / 60
    others = (learned * asked + settings.measure_frames * (4 * estimated + asked)) / 60 + 0.5
    return {'step_seconds': step, 'teacher_seconds': asked, 'measure_seconds': estimated,
            'steps': steps, 'passes': steps * batch / learned, 'training_minutes': minutes,
            'total_minutes': minutes + others + (settings.teacher_minutes if own else 0.0)}


def _seconds(work):
    work()
    begin = time.monotonic()
    work()
    return time.monotonic() - begin
