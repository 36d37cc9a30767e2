# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a team asks for: one recording or several, a teacher, a time."""
from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
import re
import shlex

from depth_ros.contracts import InputError
from depth_ros.datasets import open_dataset, Options
from depth_ros.model import is_name
from training.teacher_depth import Layout

SHIPPED = 'completion'


@dataclass(frozen=True)
class Settings:
    """
    The options of `python -m training r2m`.

    :param bags: recordings to learn from; validation: another to measure on, in place of the end
        of each of `bags`.
    :param options: of the reader: topics, extrinsics.
    :param teacher: see `teacher.choose_teacher`; teacher_kind, teacher_input, teacher_output,
        teacher_size: of an ONNX file of others, see `teacher_depth.Layout`.
    :param student: see `networks.completion_students`; start: weights of `completion`.
    :param minutes, steps: of training; one of the two.
    :param take: 'better' delivers the start where the training did not help, 'trained' does not.
    :param frames, measure_frames: at most so many, evenly spread.
    :param force: go on in spite of errors that the check found.
    """

    bags: tuple
    out: Path
    options: Options = Options()
    validation: Path | None = None
    teacher: str = 'student'
    teacher_kind: str | None = None
    teacher_input: str | None = None
    teacher_output: str | None = None
    teacher_size: tuple | None = None
    teacher_minutes: float = 20.0
    student: str = SHIPPED
    start: str = SHIPPED
    minutes: float | None = 20.0
    steps: int | None = None
    name: str | None = None
    overrides: tuple = ()
    seed: int = 1
    lr: float = 1e-4
    frames: int = 1500
    measure_frames: int = 100
    take: str = 'better'
    force: bool = False

    def recordings(self) -> list:
        """Return the recordings to learn from and the one to measure on."""
        return [Path(bag) for bag in self.bags] + ([self.validation] if self.validation else [])

    def teacher_layout(self) -> Layout:
        """Return what was said of an ONNX teacher of others."""
        return Layout(self.teacher_kind, self.teacher_output, self.teacher_size,
                      takes=self.teacher_input)

    def model_name(self) -> str:
        """Return the model's name: the given one, or the first recording's."""
        stem = Path(self.bags[0]).resolve().stem
        usable = stem if is_name(stem) else 'm' + re.sub(r'[^\w .()+-]', '_', stem)[:90]
        return self.name or usable

    def open_recording(self, path):
        """Open a recording; ground truth is used for figures where there is any."""
        return open_dataset('bag', path, replace(self.options, unlabelled=True))


def command_of(settings: Settings) -> str:
    """Return the command that repeats the work; of files and folders only their names."""
    words = ['python', '-m', 'training', 'r2m', '--bag', *(Path(b).name for b in settings.bags),
             '--out', Path(settings.out).name]
    named = {'validation': 'validation_bag', 'overrides': 'set'}
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if field.name in ('bags', 'out', 'options', 'start', 'lr') or value == field.default:
            continue
        flag = '--' + named.get(field.name, field.name).replace('_', '-')
        if value is True:
            words.append(flag)
        elif isinstance(value, tuple):
            words += [flag, *map(str, value)]
        elif value is not None:  # no minutes where steps are given
            words += [flag, Path(str(value)).name]
    for name in ('image', 'scan', 'cloud', 'camera_info', 'depth'):
        topic = getattr(settings.options, f'{name}_topic')
        if topic:
            words += [f'--{name.replace("_", "-")}-topic', topic]
    if settings.options.elevation is not None:
        words += ['--line-elevation', f'{settings.options.elevation:g}']
    if settings.options.extrinsics is not None:
        words += ['--extrinsics', *(f'{number:g}' for number in settings.options.extrinsics)]
    return shlex.join(words)


def check_settings(settings: Settings) -> None:
    """Raise InputError for what cannot be meant."""
    for path in settings.recordings():
        if not path.exists():
            raise InputError(f'no recording at {path}: name a rosbag2 folder, an .mcap, .db3 or '
                             '.bag file')
    if settings.validation and settings.validation.resolve() in (
            Path(bag).resolve() for bag in settings.bags):
        raise InputError(f'{settings.validation} is learned from: --validation-bag must be '
                         'another recording; without it the end of each recording is measured on')
    if settings.name and not is_name(settings.name):
        raise InputError(f'--name {settings.name!r} is part of file names: use letters, digits, '
                         'blanks and _ . ( ) + -')
    for name in ('minutes', 'steps', 'teacher_minutes', 'frames', 'measure_frames'):
        value = getattr(settings, name)
        if value is not None and value <= 0:
            raise InputError(f'--{name.replace("_", "-")} is {value:g}: it must be positive')
