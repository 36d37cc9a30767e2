# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training preview`: what training sees, as one picture; how fast it is made."""
import json
from pathlib import Path

from training.memory import keep_freed_memory

HELP = 'sheet of random frames with depth and line; --json: speed and distributions'


def add_arguments(parser):
    """Add file, seed and number of frames."""
    parser.add_argument('--out', help='PNG or JPEG file')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--count', type=int, default=40)
    parser.add_argument('--json', type=Path, metavar='FILE',
                        help='measure frames/s and distributions over --count frames')
    parser.add_argument('--device', default='cpu', help='device to measure: cpu or cuda')
    parser.add_argument('--workers', type=int, default=0,
                        help='processes that draw worlds while the device renders')


def _measure(args):
    import torch
    from training.datasets.procedural import figures
    from training.datasets.procedural.dataset import GPU_BATCH
    torch.set_num_threads(1)
    keep_freed_memory()
    batch = 1 if args.device == 'cpu' else GPU_BATCH
    found = {'device': args.device, 'workers': args.workers, 'frames': args.count}
    for shape, size in (('normal', (160, 192)), ('wide', (96, 320))):
        found[shape] = {
            **figures.costs(args.seed, shape, args.count, args.device, batch),
            'frames_per_s': figures.stream_rate(
                args.seed, shape, args.count, args.device, args.workers),
            **figures.spread(args.seed, shape, -(-args.count // 8), size)}
    return found


def run(args):
    """Draw the sheet, measure, or both."""
    if not args.out and not args.json:
        raise ValueError('say --out FILE for a picture or --json FILE for figures')
    if args.out:
        from training.datasets.procedural.preview import write_sheet
        write_sheet(args.out, args.seed, args.count)
    if args.json:
        args.json.write_text(json.dumps(_measure(args), indent=2) + '\n')
    return 0
