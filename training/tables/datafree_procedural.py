# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A teacher of procedural rooms, students that see halls and corridors or nothing of the kind."""
from training.tables.datafree_worlds import rerun_worlds, WorldRow
from training.tables.table import Table

TEACHER = 'teacher'
PLAIN = ('model.mix_share=0', 'model.transform=false')
# Name, label, images, what is changed, batch.
WAYS = (
    ('own', "KD, the teacher's own images", 'home', PLAIN, 4),
    ('own-twice', "KD, the teacher's own images, twice as many per step", 'home', PLAIN, 8),
    ('noise', 'random noise', None, ('model.source=noise',), 4),
    ('dfad', 'DFAD', None, ('model.source=adversarial', 'model.maker_lr=1e-3',
                            'model.generator_size=[80, 96]'), 4),
    ('ood', 'KD-OOD', 'away', PLAIN, 4),
    ('ood-twice', 'KD-OOD, twice the images per step', 'away', PLAIN, 8),
    ('mixed', 'mixing alone', 'away', ('model.transform=false',), 4),
    ('transformed', 'transformation alone', 'away', ('model.mix_share=0',), 4),
    ('ours', 'ours', 'away', (), 4),
    ('ood-part', 'KD-OOD, 1/6 of the images', 'part', PLAIN, 4),
    ('ood-twice-part', 'KD-OOD, 1/6 of the images, twice as many per step', 'part', PLAIN, 8),
    ('ours-part', 'ours, 1/6 of the images', 'part', (), 4))


def _student(name, label, images, change, batch):
    return WorldRow(name, label, {}, 'data_free', (
        'model.network=fast_student', 'model.teacher_network=mff_student',
        'model.teacher_encoder=efficientnet_lite0', 'trainer.precision=bf16-mixed', *change),
        (), TEACHER, images=images,
        batch=batch)


TABLE = Table(
    name='datafree-procedural',
    title='A teacher of procedural rooms; students that see halls and corridors, measured on '
          'rooms',
    source='nothing, it is our own',
    columns={'abs_rel': 'REL', 'delta1': 'd1'},
    needs=('frames of python -m training render-stored',),
    # Of a CPU; all students learn at one rate.
    small_change=('average=0.99', 'model.encoder=efficientnet_lite0', 'model.imagenet=true',
                  'model.lr=1e-3', 'model.focal=80.0', 'model.masked=true',
                  'model.protocol=image_rmse'),
    rerun=rerun_worlds,
    rows=(WorldRow(TEACHER, 'the teacher, rooms with depth', {}, 'supervised',
                   ('model.network=mff_student',), (), images='home', seeds=(1,), steps=1500,
                   batch=8),
          *(_student(*way) for way in WAYS)))
