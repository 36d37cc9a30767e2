# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros suite`: a model on all real sets that there are, in one command."""
import json
from pathlib import Path

from depth_ros.commands.model_options import add_model_options, add_teacher_option
from depth_ros.contracts import InputError
from depth_ros.engines.progress import to_stderr
from depth_ros.estimator import Estimator
from depth_ros.evaluation import confidence, plots, robustness, suite, tables, worst
from depth_ros.evaluation.baselines import line_baselines
from depth_ros.evaluation.environment import environment
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.evaluation.run import plain
from depth_ros.evaluation.scaled import ScaledByLine

HELP = 'measure a model on all real sets: table, robustness, confidence, worst frames'
PROTOCOL = 'image_rmse'


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('data', type=Path, help='folder that holds the sets, see '
                                                'docs/evaluation.md')
    add_model_options(parser, 'completion')
    parser.add_argument('--out', type=Path, default=Path('suite_output'), metavar='DIR',
                        help='folder for tables, JSON files and pictures')
    parser.add_argument('--parts', nargs='+', choices=list(PARTS), default=['table'],
                        help='what to measure (default: table)')
    parser.add_argument('--blind', action='store_true',
                        help='the blind part instead of the open one; table only')
    parser.add_argument('--line', choices=['input', 'scale'], default='input',
                        help='scale: the model sees no line, which only scales its answer '
                             '(for a model that was trained without one)')
    add_teacher_option(parser)


def run(args):
    """Measure the parts asked for, write them and print their tables."""
    if args.blind and args.parts != ['table']:
        raise InputError('the blind part has a table only: curves and pictures would end its '
                         'blindness')
    estimator = Estimator(args.model, args.engine, report=to_stderr)
    if estimator.spec.task == 'relative':
        raise InputError(f'{args.model} gives relative depth only; pass it as --teacher')
    if estimator.spec.task != 'completion' and (
            args.line == 'scale' or 'robustness' in args.parts):
        raise InputError(f'{args.model} is a {estimator.spec.task} model: it takes no line, so '
                         'there is no --line and no part robustness')
    if args.line == 'scale':
        estimator = ScaledByLine(estimator)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f'cannot make the folder {args.out}: {error.strerror}') from error
    for part in args.parts:
        report, text = PARTS[part](args, estimator)
        name = 'blind' if args.blind else part
        details = {'line': args.line, 'model_file_sha256': estimator.spec.sha256,
                   'environment': environment()}
        (args.out / f'{name}.json').write_text(
            json.dumps(plain({**details, part: report}), indent=1, allow_nan=False) + '\n')
        (args.out / f'{name}.md').write_text(text)
        print(text)
    print(f'written to {args.out}')
    return 0


def _table(args, estimator):
    report = suite.run_suite(args.data, estimator, find_protocol(PROTOCOL),
                             line_baselines(args.teacher), args.blind)
    return report, tables.suite_table(report)


def _robustness(args, estimator):
    if args.line == 'scale':
        raise InputError('robustness is measured with the line as input')
    report = robustness.run_robustness(args.data, estimator)
    plots.plot_robustness(report, args.out / 'robustness.png')
    return report, tables.robustness_table(report)


def _confidence(args, estimator):
    rows, _ = suite.present(args.data, suite.usual_rows())
    report = confidence.run_confidence(args.data, estimator, rows)
    plots.plot_confidence(report, args.out / 'confidence.png')
    return report, tables.confidence_table(report)


def _worst(args, estimator):
    rows, _ = suite.present(args.data, suite.usual_rows())
    listed = worst.run_worst(args.data, estimator, rows, args.out)
    return listed, worst.page(listed)


PARTS = {'table': _table, 'robustness': _robustness, 'confidence': _confidence, 'worst': _worst}
