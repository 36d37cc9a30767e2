# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training`: a table of subcommands, each a module that is imported when asked for."""
import sys

from depth_ros.contracts import InputError
from depth_ros.dispatch import Program

# name: its module, and what it is for; see depth_ros.dispatch
COMMANDS = {
    'fit': ('training.commands.fit', 'train what a config file describes'),
    'ship': ('training.commands.ship', 'train in pieces, export, evaluate, write the card'),
    'r2m': ('training.commands.r2m', "a robot's recording to a model that the node loads"),
    'validate': ('training.commands.validate', 'errors of a run on its validation frames'),
    'compare': ('training.compare', 'several runs on the same frames: figures and a picture'),
    'add-domain': ('training.commands.add_domain',
                   'teach a lifelong model a new domain without the data of the others'),
    'distill': ('training.commands.distill',
                "a teacher's knowledge into a student, without the teacher's data"),
    'distill-sheet': ('training.commands.distill_sheet',
                      'images of such a run, mixed and transformed, side by side'),
    'saliency': ('training.commands.saliency', 'what a depth network looks at: figures, sheets'),
    'export': ('training.commands.export', 'write a run as an ONNX file of the model contract'),
    'defence-card': ('training.commands.defence_card',
                     'what the defence of an exported model costs, and whether it holds'),
    'export-teacher': ('training.teachers', 'write a relative-depth teacher as an ONNX file'),
    'export-untrained': ('training.commands.export_untrained',
                         'write a published network with random weights, to be timed'),
    'score-teachers': ('training.teacher_scores', 'teachers against true depth, up to scale'),
    'attack': ('training.commands.attack',
               'attack depth networks with and without defence: figures, curves, pictures'),
    'table': ('training.commands.table', 'rerun a published table'),
    'throughput': ('training.commands.throughput', 'images a second of loader and training step'),
    'engines': ('training.commands.engines',
                'time models in TensorRT, torch and ONNX Runtime, beside the floor of the GPU'),
    'domain-heads': ('training.commands.domain_heads',
                     'time the ways of computing one of several heads'),
    'domain-walk': ('training.commands.domain_walk',
                    'out of one domain into another through the node: which one answers'),
    'domain-strangers': ('training.commands.domain_strangers',
                         'which images are unlike every domain of a model'),
    'render-pool': ('training.commands.render_pool', 'render frames to disk for CPU training'),
    'render-bag': ('training.commands.render_bag', 'render the demo recording'),
    'calibration-table': ('training.calibration_table',
                          'known errors of a mounting, and what calibrate leaves of them'),
    'render-drives': ('training.commands.render_drives',
                      'render video with true depth for self-supervised training'),
    'render-stored': ('training.commands.render_stored',
                      'render kinds of worlds as stored data sets: domains'),
    'lifelong-sheet': ('training.commands.lifelong_sheet',
                       'frames of one domain seen by several lifelong runs'),
    'preview': ('training.commands.preview', 'sheet of random frames with depth and line'),
}
PROGRAM = Program('training', 'python -m training', COMMANDS,
                  (InputError, ValueError, FileNotFoundError), ('depth_ros', 'training'))
main, parser_for = PROGRAM.main, PROGRAM.parser_for

if __name__ == '__main__':
    sys.exit(main())
