# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros evaluate`: a model against ground truth and baselines on recorded data."""
import json
from pathlib import Path

from depth_ros.commands.bag_options import add_bag_options, bag_options
from depth_ros.commands.model_options import (
    add_anchor_option,
    add_domain_option,
    add_model_options,
    add_teacher_option,
)
from depth_ros.contracts import InputError
from depth_ros.datasets import DATASETS, open_dataset
from depth_ros.engines.progress import to_stderr
from depth_ros.estimator import Estimator
from depth_ros.evaluation.baselines import line_baselines
from depth_ros.evaluation.environment import environment
from depth_ros.evaluation.evidence import Evidence
from depth_ros.evaluation.pictures import save_panel
from depth_ros.evaluation.protocols import find_protocol, PROTOCOLS
from depth_ros.evaluation.report import write_page
from depth_ros.evaluation.run import evaluate

HELP = 'measure a model on a data set or a bag and compare it with baselines'
SHOWN = ('rmse', 'mae', 'abs_rel', 'log10', 'irmse', 'delta1', 'delta2', 'delta3', 'coverage')


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('path', type=Path, help='folder or bag that holds the data')
    parser.add_argument('--dataset', required=True, choices=list(DATASETS),
                        help='format of the data')
    add_model_options(parser)
    line = parser.add_mutually_exclusive_group()
    line.add_argument('--line-elevation', type=float, metavar='DEG',
                      help='data with a full scan: the line is the ring nearest to this '
                           'elevation (default -1)')
    line.add_argument('--line-row', type=float, metavar='FRACTION',
                      help='RGB-D data: the line is the image row at this fraction of the '
                           'height (default 0.6)')
    parser.add_argument('--line-noise', type=float, default=0.0, metavar='M',
                        help='standard deviation of range noise added to the line, metres')
    parser.add_argument('--seed', type=int, default=0, help='seed of the line noise')
    parser.add_argument('--limit', type=int, metavar='N',
                        help='use at most N frames, evenly spread')
    parser.add_argument('--protocol', default='image_rmse', choices=list(PROTOCOLS),
                        help='how images are averaged (default image_rmse)')
    add_teacher_option(parser)
    add_anchor_option(parser)
    add_domain_option(parser)
    add_bag_options(parser)
    parser.add_argument('--json', type=Path, metavar='OUT', help='file for the figures')
    parser.add_argument('--html', type=Path, metavar='OUT',
                        help='file for a page with figures, pictures and point clouds')
    parser.add_argument('--pictures', type=Path, metavar='DIR',
                        help='write one picture per frame into this folder')


def run(args):
    """Evaluate, write the report and print a table."""
    _check_outputs(args)
    protocol = find_protocol(args.protocol)
    evidence = Evidence(minimum=protocol.minimum) if args.html else None
    report = run_evaluation(args, evidence)
    if args.json:
        args.json.write_text(json.dumps(report, indent=1, allow_nan=False) + '\n')
    if args.html:
        write_page(args.html, report, evidence)
    print(table(report) + '\n')
    for name, path in (('report', args.json), ('page', args.html), ('pictures', args.pictures)):
        if path:
            print(f'{name}: {path}')
    return 0


def _check_outputs(args):
    """Refuse before the work, not after it, what cannot be written."""
    files = {'--json': args.json, '--html': args.html}
    for folder in filter(None, (*(file and file.parent for file in files.values()),
                                args.pictures)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f'cannot make the folder {folder}: {error.strerror}') from error
    for option, file in files.items():
        if file and file.is_dir():
            raise InputError(f'{file} is a folder: {option} names a file')


def run_evaluation(args, evidence=None):
    """Return the report of the parsed command line; evidence: see ``run.evaluate``."""
    if args.line_noise < 0:
        raise InputError(f'line noise {args.line_noise} m must not be negative')
    options = bag_options(args, elevation=args.line_elevation, row=args.line_row,
                          noise=args.line_noise, seed=args.seed)
    dataset = open_dataset(args.dataset, args.path, options)
    estimator = Estimator(args.model, args.engine, anchor=not args.no_anchor,
                          domain=args.domain, report=to_stderr)
    if estimator.spec.task == 'relative':
        raise InputError(f'{args.model} gives relative depth only; pass it as --teacher')
    report = evaluate(
        dataset, estimator, find_protocol(args.protocol), line_baselines(args.teacher),
        args.limit, _picture_writer(args.pictures) if args.pictures else None, evidence)
    report.update(dataset=args.dataset, path=str(args.path), environment=environment(),
                  options={'line_noise': args.line_noise, 'seed': args.seed,
                           'limit': args.limit, 'anchor': not args.no_anchor,
                           'domain': args.domain})
    return report


def _picture_writer(folder):
    def write(sample, depth):
        save_panel(folder, sample.name, sample.image, sample.sparse, depth, sample.depth)
    return write


def table(report):
    """Return the report as a short text table."""
    rows = [('model ' + report['model'], report['metrics'])]
    rows += list(report['baselines'].items())
    width = max(len(name) for name, _ in rows)
    lines = [f'{report["frames"]} frames of {report["dataset"]}; line: {report["line"]}',
             f'{report["protocol"]}: {report["protocol_definition"]}', '',
             ' ' * width + ''.join(f'{name:>9}' for name in SHOWN)]
    for name, metrics in rows:
        lines.append(f'{name:<{width}}' + ''.join(_cell(metrics[key]) for key in SHOWN))
    residual, latency = report['residual_on_line'], report['latency_ms']
    if residual:
        lines.append(f'\non the line before anchoring: median {_unit(residual["median_abs"])} '
                     f'({100 * residual["median_rel"]:.1f} %), published: '
                     f'{_unit(residual["anchored_median_abs"])}')
    if latency['median'] is not None:
        lines.append(f'latency: median {latency["median"]:.1f} ms, p99 {latency["p99"]:.1f} ms')
    return '\n'.join(lines)


def _cell(value):
    if value is None:
        return f'{"-":>9}'
    return f'{value:>9.1f}' if value >= 100 else f'{value:>9.3f}'


def _unit(metres):
    return '-' if metres is None else f'{metres:.3f} m'
