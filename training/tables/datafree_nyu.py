# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Distillation without the training data: five pairs of networks (arXiv 2208.12464)."""
from training.tables.table import Row, Table

# Valid depth counts, whole-size targets.
SUPERVISED = ('model.masked=true', 'model.protocol=image_rmse',
              'data.steps={size: [240, 320], crop: [228, 304]}')
# X'_1 is a part of X'_2; what makes its own images sees as many as X'_1 holds.
SMALLER, LARGER = 50_000, 300_000
BLANK = (f'data.blank={SMALLER}', 'data.number=null')
# Where images come from: name, label, whether they are simulated ones, and the changes.
WAYS = (
    ('noise', 'random noise', False, ('model.source=noise', *BLANK)),
    ('dfad', 'DFAD', False, (
        'model.source=adversarial', 'model.optimizer=sgd', 'model.lr=0.1',
        'model.weight_decay=5e-5', 'model.maker_lr=1e-3', 'data.batch_size=64', *BLANK)),
    ('ood1', "KD-OOD, X'_1", True, (
        'model.mix_share=0', 'model.transform=false', f'data.number={SMALLER}')),
    ('ours1', "ours, X'_1", True, (f'data.number={SMALLER}',)),
    ('ood2', "KD-OOD, X'_2", True, (
        'model.mix_share=0', 'model.transform=false', f'data.number={LARGER}')),
    ('ours2', "ours, X'_2", True, (f'data.number={LARGER}',)))
# Short name, network, encoders of teacher and student, REL and d1: of teacher and student
# trained on NYU v2, then of WAYS.
PAIRS = (
    ('r34', 'mff_student', 'resnet34', 'resnet34', (
        (.133, .829), (.133, .829), (.426, .193), (.285, .402), (.164, .753), (.155, .774),
        (.158, .761), (.151, .789))),
    ('mnv2', 'mff_student', 'resnet34', 'mobilenet_v2', (
        (.133, .829), (.145, .802), (.431, .194), (.306, .329), (.175, .712), (.168, .742),
        (.165, .742), (.157, .778))),
    ('fcrn', 'fcrn', 'resnet50', 'resnet18', (
        (.134, .824), (.145, .805), (.517, .102), (.300, .382), (.188, .660), (.173, .701),
        (.180, .676), (.165, .726))),
    ('wacv', 'high_resolution', 'resnet50', 'resnet18', (
        (.126, .843), (.137, .826), (.511, .112), (.341, .338), (.175, .710), (.167, .722),
        (.172, .713), (.157, .760))),
    ('sarpn', 'sarpn', 'senet154', 'resnet34', None))


def _rows():
    taught = {}
    for pair, network, above, below, figures in PAIRS:
        published = [dict(zip(('abs_rel', 'delta1'), pairs)) for pairs in figures] \
            if figures else [{}] * (2 + len(WAYS))
        what = f'{network}, {above} -> {below}'
        teacher = taught.get((network, above))
        if teacher is None:
            teacher = taught[network, above] = f'{pair}-teacher'
            yield _supervised(teacher, f'{what}: teacher', published[0], network, above)
        if above != below:
            yield _supervised(f'{pair}-student', f'{what}: student on NYU v2', published[1],
                              network, below)
        for (way, label, simulated, change), figure in zip(WAYS, published[2:]):
            networks = (f'model.network={network}', f'model.encoder={below}',
                        f'model.teacher_network={network}', f'model.teacher_encoder={above}')
            yield Row(f'{pair}-{way}', f'{what}: {label}', figure, 'data_free',
                      (*networks, *change), (('scenenet', False),) if simulated else (), teacher)


def _supervised(name, label, figures, network, encoder):
    return Row(name, label, figures, 'supervised', (
        *SUPERVISED, f'model.network={network}', f'model.encoder={encoder}'))


def small_row(config, frames: int) -> None:
    """Fit a row to `frames` images: the parts keep their ratio, the generator makes small ones."""
    model, data = config['model']['init_args'], config['data']['init_args']
    if data.get('number'):
        data['number'] = max(data['batch_size'], frames * data['number'] // LARGER)
    if model.get('optimizer') == 'sgd':
        model.update(lr=0.1, generator_size=[80, 96])


TABLE = Table(
    name='datafree-nyu',
    title="Distillation without the teacher's data: images of SceneNet RGB-D, measured on NYU v2",
    source='Hu et al., Dense Depth Distillation with Out-of-Distribution Simulated Images, arXiv '
           "2208.12464; sizes of X'_1 and X'_2 are ours, their ratio is the published 1/6",
    columns={'abs_rel': 'REL', 'delta1': 'd1'},
    needs=('nyu', 'scenenet'),
    small_row=small_row,
    rows=tuple(_rows()))
