# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Light-weight depth by distillation with auxiliary images (KSEM 2023)."""
from training.tables.table import Row, Table

COLUMNS = {'rmse': 'RMS', 'abs_rel': 'REL', 'delta1': 'd1'}
# Supervised rows by the recipe of the distillation: valid depth counts, whole-size targets.
SUPERVISED = ('model.network=mff_student', 'model.masked=true', 'model.protocol=image_rmse',
              'data.steps={size: [240, 320], crop: [228, 304]}')
X, U, LABELLED_U = ('nyu', True), ('scannet', False), ('scannet', True)

# N_t teacher, N_s student, X NYU v2, U ScanNet without and U' with its labels.
TABLE = Table(
    name='ksem2023',
    title='A 1.7 M parameter student, its teacher, and auxiliary images (NYU v2, ScanNet)',
    source='Hu et al., Boosting Light-Weight Depth Estimation via Knowledge Distillation, KSEM '
           '2023 (public code); REL and d1 of N_t(X) and the supervised N_s(X): the table of '
           'their later work on data-free distillation, arXiv 2208.12464',
    columns=COLUMNS,
    needs=('nyu', 'scannet'),
    small_steps=40,
    rows=(
        Row('teacher', 'N_t(X), ResNet-34', {'abs_rel': .133, 'delta1': .829}, 'supervised',
            (*SUPERVISED, 'model.encoder=resnet34'), (X,)),
        Row('supervised', 'N_s(X) supervised, MobileNetV2', {'abs_rel': .145, 'delta1': .802},
            'supervised', (*SUPERVISED, 'model.encoder=mobilenet_v2'), (X,)),
        Row('unlabelled', 'N_s(X u U), MobileNetV2',
            {'rmse': .482, 'abs_rel': .131, 'delta1': .837}, 'distillation', (), (X, U),
            'teacher'),
        Row('teacher-union', "N_t(X u U'), ResNet-34", {}, 'supervised',
            (*SUPERVISED, 'model.encoder=resnet34'), (X, LABELLED_U)),
        Row('labelled', "N_s(X u U'), MobileNetV2",
            {'rmse': .461, 'abs_rel': .121, 'delta1': .855}, 'distillation', (),
            (X, LABELLED_U), 'teacher-union'),
    ))
