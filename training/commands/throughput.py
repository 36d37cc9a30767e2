# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training throughput`: loader against training step."""
import json
from pathlib import Path

from training.memory import keep_freed_memory

HELP = 'images a second of the loader, of the training step, and of both'


def add_arguments(parser):
    """Add config, overrides, length and output."""
    parser.add_argument('--config', required=True, help='YAML file, see config/training')
    parser.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                        help='overrides, for example data.batch_size=16')
    parser.add_argument('--steps', type=int, default=20, metavar='N',
                        help='batches to time (default 20)')
    parser.add_argument('--workers', type=int, nargs='+', metavar='N',
                        help='loader processes to try (default 0 to the number of cores)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the report there')


def run(args):
    """Measure and print."""
    from training.experiment import load_config
    from training.throughput import measure, text
    keep_freed_memory()
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
    report = measure(load_config(args.config, args.set), args.steps, args.workers)
    print(text(report))
    if args.json:
        args.json.write_text(json.dumps(report, indent=1, allow_nan=False) + '\n')
    return 0
