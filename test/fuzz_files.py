# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Fuzz files: `PYTHONPATH=. python test/fuzz_files.py [--count 1000] [--kind bag ...] [--first 0]`.

Prints a Markdown table of how the cases ended, and each fault with its seed; exit code 1 then.
"""
import argparse
import sys
import warnings

from fuzz_runner import timed
from fuzz_targets import prepare, TARGETS, TRAINING_FILES


def main():
    """Run each kind in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--count', type=int, default=1000, help='cases of each kind')
    parser.add_argument('--first', type=int, default=0, help='first seed')
    parser.add_argument('--kind', nargs='*', default=list(TARGETS), choices=list(TARGETS))
    args = parser.parse_args()
    warnings.simplefilter('ignore')
    if set(TRAINING_FILES) & set(args.kind):
        import training.experiment  # noqa: F401  once, not in each child
    if {'model', 'domains'} & set(args.kind):
        import onnxruntime  # noqa: F401
    found = 0
    print('| files | cases | how they ended | faults | seconds |\n|---|---|---|---|---|')
    for kind in args.kind:
        prepare.get(kind, lambda: None)()
        outcomes, faults, seconds = timed(TARGETS[kind],
                                          range(args.first, args.first + args.count))
        ends = ', '.join(f'{count} {name}' for name, count in outcomes.most_common())
        print(f'| {kind} | {args.count} | {ends} | {len(faults)} | {seconds:.0f} |', flush=True)
        for seed, fault in faults:
            print(f'{kind} seed {seed}: {fault}', file=sys.stderr)
        found += len(faults)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
