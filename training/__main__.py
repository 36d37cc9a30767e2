# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Command line: `python -m training fit|validate|export|render-pool|render-bag|preview`."""
from __future__ import annotations

import argparse
from pathlib import Path
import sys

from training.memory import keep_freed_memory


def _fit(args):
    from training.experiment import fit, load_config
    fit(load_config(args.config, args.set), args.run, not args.fresh)


def _render_pool(args):
    from training.datasets.procedural.pool import write_pool
    for shape, count in (('normal', args.normal), ('wide', args.wide)):
        write_pool(args.out, args.seed, shape, count, args.first)


def _render_bag(args):
    from training.datasets.procedural.bag import render_bag
    render_bag(args.out, args.frames)


def _preview(args):
    from training.datasets.procedural.preview import write_sheet
    write_sheet(args.out, args.seed, args.count)


def _export(args):
    import json

    from training.export import export
    figures = json.loads(args.figures.read_text()) if args.figures else None
    error = export(args.checkpoint, args.out, args.name, figures, args.norm_batches)
    print(f'{args.out}: agrees with the network within {error:.1e} (relative)')


def _validate(args):
    import torch
    from training.experiment import build
    from training.export import load_method
    from training.methods.base import depth_metrics
    method, config, _ = load_method(args.checkpoint)
    data, total, count = build(config['data']), torch.zeros(2), 0
    with torch.no_grad():
        for batch in data.val_dataloader():
            total += torch.stack(depth_metrics(method.predict_depth(batch), batch['depth']))
            count += 1
    rel, delta1 = (total / count).tolist()
    print(f'procedural validation frames: REL {rel:.4f}, delta1 {delta1:.4f}')


def parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    top = argparse.ArgumentParser(prog='python -m training', description=__doc__)
    commands = top.add_subparsers(dest='command', required=True)
    fit = commands.add_parser('fit', help='train what a config file describes')
    fit.add_argument('--config', required=True)
    fit.add_argument('--run', required=True, help='folder of the run (resumed where it exists)')
    fit.add_argument('--fresh', action='store_true', help='do not resume')
    fit.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                     help='overrides, for example model.lr=0.001 data.pool=null')
    fit.set_defaults(run_command=_fit)
    pool = commands.add_parser('render-pool', help='render frames to disk for CPU training')
    pool.add_argument('--out', required=True)
    pool.add_argument('--seed', type=int, default=100)
    pool.add_argument('--normal', type=int, default=8960, help='frames of 192 x 256')
    pool.add_argument('--wide', type=int, default=3840, help='frames of 128 x 384')
    pool.add_argument('--first', type=int, default=0, help='number of the first frame')
    pool.set_defaults(run_command=_render_pool)
    bag = commands.add_parser('render-bag', help='render the demo recording')
    bag.add_argument('--out', required=True, help='folder to make')
    bag.add_argument('--frames', type=int, default=120)
    bag.set_defaults(run_command=_render_bag)
    sheet = commands.add_parser('preview', help='sheet of random frames with depth and line')
    sheet.add_argument('--out', required=True, help='PNG or JPEG file')
    sheet.add_argument('--seed', type=int, default=1)
    sheet.add_argument('--count', type=int, default=40)
    sheet.set_defaults(run_command=_preview)
    export = commands.add_parser('export', help='checkpoint -> ONNX by the model contract')
    export.add_argument('--checkpoint', required=True)
    export.add_argument('--out', required=True, help='ONNX file')
    export.add_argument('--name', help='model name (default: the file name)')
    export.add_argument('--figures', type=Path, help='JSON file of figures for the metadata')
    export.add_argument('--norm-batches', type=int, default=0,
                        help='training batches to recompute BatchNorm statistics on')
    export.set_defaults(run_command=_export)
    check = commands.add_parser('validate', help='errors on the fixed procedural frames')
    check.add_argument('--checkpoint', required=True)
    check.set_defaults(run_command=_validate)
    return top


def main(words=None) -> int:
    """Run one command; bad input gives one line and exit code 2."""
    args = parser().parse_args(words)
    keep_freed_memory()
    try:
        args.run_command(args)
    except (ValueError, FileNotFoundError) as error:
        print(f'training: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
