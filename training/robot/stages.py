# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
The stages from a recording to a model, in their order; a folder knows which are done.

check -> frames -> teacher -> training -> model -> figures -> report
"""
from __future__ import annotations

from dataclasses import asdict
import json
from pathlib import Path

from depth_ros.estimator import Estimator
from depth_ros.evaluation.evidence import Evidence
import numpy as np
from training.experiment import load_config
from training.files import write_text
from training.robot import deliver, learn
from training.robot.doubt import doubts, FRAMES
from training.robot.frames import open_dataset as open_frames
from training.robot.measure import AFTER, BEFORE, compared, Measurement, PICTURES, TEACHER
from training.robot.panels import panel
from training.robot.prepare import Preparation
from training.robot.record import key_of, set_aside
from training.robot.settings import command_of, SHIPPED
from training.robot.teacher import choose_teacher, Chosen, OWN, self_config, train_own
from training.teacher_cache import CachedTeacher
from training.teacher_depth import Layout, open_teacher
import yaml

WORST = 4  # frames that the report shows
WEIGHTS = 0.1, 1.0  # of a teacher that is worse than the start, and of one that is as good


class Stages(Preparation):
    """All stages; each method is one and returns what it found."""

    def teacher(self) -> Chosen:
        """Find the teacher, or train the recording's own."""
        s, camera = self.settings, self.camera()
        if s.teacher != OWN:
            # What it cannot do is said now, not after the training of something else.
            chosen = choose_teacher(s.teacher, s.teacher_layout(), camera)
            files = [Path(chosen.path)] if Path(chosen.path).is_file() else \
                sorted(Path(chosen.path).iterdir())
            key = key_of(chosen, [(file.name, file.stat().st_size) for file in files])
            return Chosen(**self._stage('teacher', key, lambda: asdict(chosen)))
        key = key_of(self.keys['frames'], OWN, s.teacher_minutes)

        def work():
            config = self_config(self.folders(), camera,
                                 self.spec.input_height * self.spec.input_width)
            path = train_own(config, self.out / 'teacher', s.teacher_minutes)
            return asdict(Chosen(str(path), asdict(Layout()), "the recording's own video",
                                 'that of the recording and of the student it started from'))
        return Chosen(**self._stage('teacher', key, work, ['teacher']))

    def trust(self, teacher: Chosen, rule: str) -> dict:
        """
        Compare the teacher with the start at held-back beams of the frames that choose.

        :param rule: how the line scales the teacher, see `losses.alignment`.

        :returns: teacher, start (REL), weight: of the teacher in training, the square of start
            over teacher, within WEIGHTS; its error counts where nothing else speaks; doubts:
            sentences, see `doubt.doubts`.
        """
        s = self.settings
        key = key_of(self.keys['frames'], self.keys['teacher'], s.seed, rule)

        def work():
            said = self._doubts(teacher, rule)
            found = self.chosen_by({BEFORE: Estimator(self.spec)}, teacher, rule)['beams']
            start, other = (found[name]['abs_rel'] for name in (BEFORE, TEACHER))
            weight = float(np.clip((start / other) ** 2, *WEIGHTS))
            return {'start': start, 'teacher': other, 'weight': round(weight, 2), 'rule': rule,
                    'doubts': said}
        return self._stage('trust', key, work)

    def _doubts(self, teacher, rule):
        s, frames = self.settings, open_frames(self.folders('_choose')[0])
        stated = None if s.force else s.teacher_kind
        said = doubts(self.asked(teacher), teacher.path, frames.samples(FRAMES), rule, s.seed,
                      stated)
        for sentence in said:
            self.say(f'warning: {sentence}')
        return said

    def chosen_by(self, models, teacher=None, rule='ratios') -> dict:
        """Measure on the frames that choose."""
        measured = Measurement(models, teacher and self.asked(teacher), seed=self.settings.seed,
                               rule=rule)
        for folder in self.folders('_choose'):
            dataset = open_frames(folder)
            measured.run(dataset.samples(), len(dataset), 'choosing')
        return measured.result()

    def open_teacher(self, teacher: Chosen):
        """Open the teacher."""
        return open_teacher(teacher.path, Layout(**teacher.layout))

    def asked(self, teacher: Chosen) -> CachedTeacher:
        """Open the teacher, its answers kept in the folder."""
        return CachedTeacher(self.open_teacher(teacher), self.cache)

    def found(self, name: str) -> dict:
        """Return what a finished stage of this call found."""
        return self.record.done(name, self.keys[name])

    def config(self) -> dict:
        """Return the config that was trained by."""
        return yaml.safe_load((self.out / 'config.yaml').read_text())

    @property
    def cache(self) -> Path:
        """Folder of the teacher's answers."""
        return self.out / 'teacher_cache'

    def make_config(self, teacher: Chosen, weight: float = 1.0) -> dict:
        """Return the config of the training, with the user's overrides, and keep it."""
        s = self.settings
        config = learn.robot_config(s, self.folders(), self.size(), teacher, weight,
                                    bool(self.camera().distortion), self.cache)
        path = self.out / 'config.yaml'
        write_text(path, yaml.safe_dump(config, sort_keys=False))
        if s.overrides:
            config = load_config(path, s.overrides)
            write_text(path, yaml.safe_dump(config, sort_keys=False))
        return config

    def train(self, teacher: Chosen) -> dict:
        """Train, or go on."""
        weight = self.trust(teacher, rule_of(self.make_config(teacher)))['weight']
        config = self.make_config(teacher, weight if self.settings.student == SHIPPED else 1.0)
        # A folder may be moved.
        places = json.dumps(config).replace(str(self.out), '')
        key = key_of(self.keys['frames'], self.keys['teacher'], places)

        def work():
            trainer = learn.learn(config, self.out / 'run')
            method = trainer.lightning_module
            return {'steps': trainer.global_step, 'minutes': method.elapsed / 60,
                    'batch_size': config['data']['init_args']['batch_size'],
                    'device': str(trainer.strategy.root_device), 'progress': method.progress()}
        return self._stage('training', key, work, ['run'])

    def model(self, teacher: Chosen, trained: dict) -> dict:
        """Export, compare with the start on frames that choose, and deliver the better one."""
        s = self.settings
        key = key_of(self.keys['training'], s.model_name(), s.take, s.seed)

        def work():
            path = self.out / 'run' / 'trained.onnx'
            own = s.student == SHIPPED
            exported = deliver.export_trained(
                self.out / 'run', path, s.model_name(), self.size(), teacher,
                self.spec if own else None, [Path(bag).resolve().stem for bag in s.bags],
                command_of(s))
            models = {BEFORE: Estimator(self.spec), AFTER: Estimator(str(path))}
            chosen = compared(self.chosen_by(models), 'beams')
            better = chosen is not None and chosen['after'] < chosen['before']
            taken = better or s.take == 'trained'
            # A model that is replaced may be in use.
            set_aside(self.out / 'model.onnx')
            delivered = deliver.deliver(
                path if taken else self.spec.file, self.out / 'model.onnx',
                s.model_name() if taken else self.spec.name,
                {'r2m_steps': trained['steps']} if taken else {})
            return {**delivered, 'taken': AFTER if taken else BEFORE, 'chosen_by': chosen,
                    'trained': exported}
        return self._stage('model', key, work)

    def figures(self, teacher: Chosen) -> dict:
        """Measure the shipped model, the trained one, the teacher and the nearest fill."""
        s = self.settings
        key = key_of(self.keys['model'], s.seed, s.measure_frames, 'evidence')

        def work():
            models = {BEFORE: Estimator(self.spec),
                      AFTER: Estimator(str(self.out / 'run' / 'trained.onnx'))}
            evidence = Evidence(AFTER, worst=WORST)
            measured = Measurement(models, self.asked(teacher), s.seed, PICTURES,
                                   rule_of(self.config()), evidence)
            for dataset, indices in self.measured():
                measured.run(dataset.read(indices), len(indices))
            found = measured.result()
            pictures = [self._keep(f'frame_{number}', panel(shown), shown.name)
                        for number, shown in enumerate(measured.shown)]
            both = {kind: compared(found, kind) for kind in ('beams', 'truth')}
            return {**found, 'pictures': pictures, 'compared': both,
                    'evidence': self._keep_evidence(evidence)}
        return self._stage('figures', key, work)

    def _keep_evidence(self, evidence):
        """Write the clouds and the pictures of the worst frames; returns what to show."""
        clouds, worst = self.out / 'pictures' / 'clouds.json', []
        write_text(clouds, json.dumps(evidence.clouds()))
        for number, one in enumerate(evidence.worst()):
            worst.append({'name': one.name, 'errors': one.errors, 'tiles': [
                self._keep(f'worst_{number}_{k}', picture, caption)
                for k, (caption, picture) in enumerate(one.tiles)]})
        return {**evidence.result(), 'clouds': 'pictures/clouds.json', 'worst': worst}


def rule_of(config: dict) -> str:
    """Return how a config's method scales the teacher by the line."""
    return config['model']['init_args']['scale']
