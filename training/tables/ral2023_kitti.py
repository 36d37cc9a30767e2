# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Completion from a relative teacher and one LiDAR line: what each loss adds (RA-L 2023)."""
from training.tables.table import Table
from training.tables.taught import rerun_taught, TaughtRow, Teachers

COLUMNS = {'rmse': 'RMS', 'abs_rel': 'REL', 'log10': 'log10', 'delta1': 'd1', 'delta2': 'd2',
           'delta3': 'd3'}
TERMS = {'ud': ('l_ud', ('model.alpha=0', 'model.beta=0')),
         'sl': ('+ l_sl', ('model.beta=0',)), 'ldp': ('+ l_LDP', ())}

# Small frames and the aspect of KITTI; the model is our own and goes on from the shipped one.
STEPS = ('data.steps={{size: [{0}], crop: [{0}], place: random, degrees: 0.0, zoom: 1.1,'
         ' lighting: 0.0, jitter: 0.2}}')
SMALL = ('data.batch_size=4', 'data.workers=0', 'data.in_memory=true', STEPS.format('96, 320'),
         'data.lines={length: 20.0, residual: 0.05, count: 64, tau: 0.02}',
         'model.imagenet=false', 'model.scale=ratios', 'model.shared=1.0', 'model.bend=true',
         'trainer.checkpoint_steps=1000', 'trainer.log_every_n_steps=10', 'average=0.98')
# From random weights; a step of the published student costs 15 times one of ours, hence the size.
S2D_SMALL = ('model.student=s2d_18', 'model.lr=1e-3', STEPS.format('64, 208'))
DCVAN_SMALL = ('model.lr=1e-3',)
OWN = ('model.student=completion',)
OWN_SMALL = ('model.start=completion', 'model.freeze_norm=true', 'model.alignment=log',
             'model.lr=5e-4', 'model.keep=0.5')


def _figures(*values):
    return dict(zip(COLUMNS, values))


def _students(teacher, key, published):
    """Make the rows of one teacher; published: (student, term) to figures."""
    rows = [
        TaughtRow(f'{key}-truth', f'{teacher}, scaled by ground truth',
                  published.get('truth', {}), taught_by=teacher, scaled_by='truth'),
        TaughtRow(f'{key}-line', f'{teacher}, scaled by the median ratio on the line',
                  taught_by=teacher, scaled_by='line'),
        TaughtRow(f'{key}-medians', f'{teacher}, scaled by the medians on the line',
                  taught_by=teacher, scaled_by='medians')]
    for student, label, change, small, steps, seeds in (
            ('s2d', 'S2D', ('model.student=s2d_34',), S2D_SMALL, 60, (1,)),
            ('dcvan', 'DCVAN', ('model.student=dcvan',), DCVAN_SMALL, 100, (1,)),
            ('own', 'our network', OWN, OWN_SMALL, 300, (1, 2, 3))):
        for term, (name, terms) in TERMS.items():
            rows.append(TaughtRow(
                f'{key}-{student}-{term}', f'{teacher} -> {label}, {name}',
                published.get((student, term), {}), 'r2m', (*change, *terms), taught_by=teacher,
                small=small, small_steps=steps, small_seeds=seeds))
    return rows


TABLE = Table(
    name='ral2023-kitti',
    title='Completion from one LiDAR line without depth labels, by teacher, student and loss '
          '(KITTI)',
    source='Hu et al., R2M: self-supervised depth completion from a single LiDAR line, RA-L 2023 '
           '(bibliographic entry and slides)',
    columns=COLUMNS,
    needs=('KITTI depth completion',),
    rerun=rerun_taught,
    teachers={'MonoDepth2': Teachers('weights/monodepth2', 'weights/rt_monodepth_s/m_640_192'),
              'CADepth': Teachers('weights/cadepth', 'weights/rt_monodepth_s/ms_640_192')},
    small_change=SMALL,
    rows=(
        TaughtRow('balanced', 'Balanced DC (quoted)', _figures(3.921)),
        TaughtRow('ryu', 'Ryu et al. (quoted)', _figures(3.616)),
        TaughtRow(
            'lu', 'Lu et al., other split (quoted)',
            {'rmse': 4.582, 'abs_rel': .106, 'delta1': .871, 'delta2': .951, 'delta3': .982}),
        *_students('MonoDepth2', 'mono', {
            'truth': _figures(4.198, .134, .054, .854, .974, .993),
            ('s2d', 'ud'): _figures(3.809), ('s2d', 'sl'): _figures(3.739),
            ('s2d', 'ldp'): _figures(3.700, .100, .041, .920, .983, .995),
            ('dcvan', 'ud'): _figures(3.890), ('dcvan', 'sl'): _figures(3.886),
            ('dcvan', 'ldp'): _figures(3.723, .098, .040, .920, .983, .995)}),
        *_students('CADepth', 'cadepth', {
            'truth': _figures(3.914, .120, .048, .877, .977, .994),
            ('s2d', 'ud'): _figures(3.538), ('s2d', 'sl'): _figures(3.461),
            ('s2d', 'ldp'): _figures(3.404, .088, .036, .933, .987, .996)}),
    ))
