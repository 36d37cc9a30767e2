# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training table`: rerun a published table."""
import json
from pathlib import Path

from depth_ros.contracts import InputError
from training.memory import keep_freed_memory

HELP = 'rerun a published table: published | measured | protocol | data'


def add_arguments(parser):
    """Add the name of the table, data, folder of the runs and outputs."""
    parser.add_argument('name', nargs='?', help='see --list')
    parser.add_argument('--list', action='store_true', help='name the tables and stop')
    parser.add_argument('--data', type=Path, default=Path('data'),
                        help='folder of the data sets (default data)')
    parser.add_argument('--runs', type=Path, default=Path('runs/tables'),
                        help='folder of the runs; rows that are done there are not trained '
                             'again (default runs/tables)')
    parser.add_argument('--rows', nargs='+', metavar='ROW', help='only these')
    parser.add_argument('--steps', type=int, metavar='N',
                        help='training steps per row instead of the recipe')
    parser.add_argument('--teacher', '--weights', nargs='+', metavar='ROLE=PATH', default=[],
                        help='weights of a network of others: a folder, a last.ckpt or an ONNX '
                             'file; or the last.ckpt of one that is then not trained (see '
                             '--list for the roles)')
    parser.add_argument('--elevation', type=float, metavar='DEG',
                        help='where the measured line lies, for completion')
    parser.add_argument('--seeds', type=int, nargs='+', default=(), metavar='N',
                        help="for completion and masks: the seeds instead of the table's")
    parser.add_argument('--set', nargs='+', default=(), metavar='[STRATEGY:]KEY=VALUE',
                        help='for lifelong learning: change the configuration of every stage, or '
                             'of those of a strategy, such as ours:model.weight_consistency=3')
    parser.add_argument('--held', action='store_true',
                        help='for lifelong learning: measure the validation frames, to choose '
                             'settings by, instead of the reported ones')
    parser.add_argument('--small', action='store_true',
                        help='use small data even where the full data are')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the report there')
    parser.add_argument('--markdown', type=Path, metavar='FILE',
                        help='write the table there as Markdown')


def run(args):
    """Print the table."""
    from training.tables import find_table, TABLES
    if args.list or args.name is None:
        for name in TABLES:
            table = find_table(name)
            print(f'{name}: {table.title}\n    published: {table.source}\n'
                  f'    needs {", ".join((*table.needs, *table.teachers))}; rows: '
                  f'{", ".join(row.name for row in table.rows)}')
        return 0
    from training.tables.lifelong import LifelongTable
    from training.tables.report import markdown, text
    from training.tables.rerun import rerun, Settings
    table = find_table(args.name)
    if args.steps is not None and args.steps < 1:
        raise InputError(f'--steps {args.steps}: give at least 1')
    for file in filter(None, (args.json, args.markdown)):
        file.parent.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    if (args.elevation is not None or args.seeds) and table.rerun is None:
        raise InputError(f'--elevation and --seeds are for tables of completion, and --seeds for '
                         f'masks, not for {table.name}')
    if (args.set or args.held) and not isinstance(table, LifelongTable):
        raise InputError(f'--set and --held are for tables of lifelong learning, not for '
                         f'{table.name}')
    settings = Settings(args.runs, args.steps, _teachers(table, args.teacher), args.elevation,
                        tuple(args.seeds), tuple(args.set), args.held)
    report = (table.rerun or rerun)(table, args.data, settings, args.rows, args.small)
    print(text(report))
    if args.json:
        args.json.write_text(json.dumps(report, indent=1, allow_nan=False) + '\n')
    if args.markdown:
        args.markdown.write_text(markdown(report))
    return 0


def _teachers(table, words):
    """Read ROLE=PATH."""
    paths = {}
    for word in words:
        role, sign, path = word.partition('=')
        if not sign or role not in table.teachers:
            known = ', '.join(f'{role}=PATH' for role in table.teachers) or 'none'
            raise InputError(f'--teacher {word}: {table.name} takes {known}')
        paths[role] = Path(path)
    return paths
