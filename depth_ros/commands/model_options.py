# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The options of a model that is run, the same in every command that runs one."""
from depth_ros.engines import ENGINES
from depth_ros.evaluation.baselines import TEACHER_VARIABLE


def add_model_options(parser, default=None):
    """Add model and engine; without a default the model must be named."""
    parser.add_argument('--model', default=default, required=default is None,
                        help='name of a model (see `depth_ros models`) or an .onnx file')
    parser.add_argument('--engine', default='auto', choices=['auto', *ENGINES],
                        help='inference engine')


def add_anchor_option(parser):
    """Add the one that leaves the line alone."""
    parser.add_argument('--no-anchor', action='store_true',
                        help='do not make the output agree with the line')


def add_domain_option(parser):
    """Add the one that asks for a domain."""
    parser.add_argument('--domain', help='name or number of the domain that answers, of a model '
                                         'with several (default: the nearest of each image)')


def add_teacher_option(parser):
    """Add a relative-depth model for comparison."""
    parser.add_argument('--teacher', metavar='FILE.onnx',
                        help='relative-depth model scaled by the line as a further baseline '
                             f'(default: the environment variable {TEACHER_VARIABLE})')
