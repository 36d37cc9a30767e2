# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training render-drives`: procedural video with true depth and poses."""
from training.memory import keep_freed_memory

HELP = 'render drives through procedural worlds: images, camera, true depth, poses'


def add_arguments(parser):
    """Add folder, numbers and kind of world."""
    parser.add_argument('--out', required=True, help='folder; drives become 00, 01 ... in it')
    parser.add_argument('--drives', type=int, default=8, help='each through its own world')
    parser.add_argument('--frames', type=int, default=40, help='of each drive, at 10 Hz')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--shape', choices=('normal', 'wide'), default='wide',
                        help='192 x 256 or 128 x 384')
    parser.add_argument('--kind', help='of world: room, corridor, hall, desk, street, yard')
    parser.add_argument('--device', default='cpu')


def run(args):
    """Render, and say what was drawn."""
    from depth_ros.contracts import choose
    from training.datasets.procedural.drives import write_drives
    from training.datasets.procedural.world import INDOOR, OUTDOOR
    keep_freed_memory()
    if args.kind is not None:
        choose({**INDOOR, **OUTDOOR}, args.kind, 'kind of world')
    facts = write_drives(args.out, args.drives, args.frames, args.seed, args.shape, args.kind,
                         args.device)
    for number, drive in enumerate(facts):
        print(f'{args.out}/{number:02d}: {drive["kind"]}, seed {drive["seed"]}, '
              f'{drive["pace"]:.2f} m between frames')
    return 0
