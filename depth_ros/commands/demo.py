# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros demo`: a recording through the completion node over DDS, judged and drawn."""
import json
from pathlib import Path
import sys
import tempfile

from depth_ros.contracts import InputError
import numpy as np
from tqdm import tqdm

HELP = ('replay a recording (the bundled one by default) through the completion node over DDS, '
        'each in a process of its own; print rate, latency and errors, and write pictures')
BUNDLED = Path(__file__).resolve().parents[1] / 'demo_bag'
COLUMNS = 7


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('--bag', type=Path, default=BUNDLED, metavar='PATH',
                        help='recording with a camera, its camera_info, a LaserScan, /tf_static '
                             'and ground truth (default: the bundled one)')
    parser.add_argument('--model', default='', metavar='NAME',
                        help='shipped model or .onnx file (default: the default of the task)')
    parser.add_argument('--rate', type=float, default=1.0, help='speed factor (default 1)')
    parser.add_argument('--output', type=Path, default=Path('demo_output'), metavar='DIR',
                        help='folder for pictures, logs and report.json (default demo_output)')
    parser.add_argument('--pictures', type=int, default=4, metavar='N',
                        help='frames drawn in full (default 4)')
    parser.add_argument('--domain', type=int, metavar='ID',
                        help='ROS domain, 0 to 101 (default: one of its own)')
    parser.add_argument('--json', metavar='OUT',
                        help='also write the figures to this file, - for the terminal')


def run(args):
    """Run the demo; the status is 1 when an image vanished without a reason."""
    from depth_ros.demo.report import lost, table
    result = demo(args)
    text = json.dumps(result, indent=1, allow_nan=False) + '\n'
    (args.output / 'report.json').write_text(text)
    if args.json == '-':
        print(text, end='')
    elif args.json:
        Path(args.json).write_text(text)
    if args.json != '-':
        print(table(result))
        print(f'pictures: {args.output}/strip.png and {args.output}/frame_*.png; '
              f'all figures: {args.output}/report.json')
    if lost(result):
        print(f'depth_ros demo: {lost(result)} images were lost without a reason: see '
              f'{args.output}/completion.log and `depth_ros doctor`', file=sys.stderr)
        return 1
    return 0


def demo(args):
    """Play, compare and draw; return the report."""
    from depth_ros.demo.report import report
    from depth_ros.demo.session import inspect, play
    _check(args)
    args.output.mkdir(parents=True, exist_ok=True)
    recording = inspect(args.bag)
    span = (max(recording.stamps) - min(recording.stamps)) / 1e9
    print(f'{args.bag}: {len(recording.stamps)} images at {recording.rate:.1f} Hz with a '
          f'2-D scan, {span:.1f} s', file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix='depth_ros_demo_') as folder:
        keep = Keeper(Path(folder))
        collector = play(recording, args.output, keep, args.rate, args.domain, model=args.model)
        session = _compare(args, recording, collector, keep)
    return report(recording, collector, session)


def _check(args):
    if args.rate <= 0:
        raise InputError(f'the rate {args.rate} must be positive')
    if args.bag == BUNDLED and not args.bag.is_dir():
        raise InputError('the bundled recording is missing from this installation: name another '
                         'one with --bag')


class Keeper:
    """Keeps depth images on disk, so that a long recording does not fill the memory."""

    def __init__(self, folder):
        """Use an existing folder."""
        self.folder = folder

    def __call__(self, stamp_ns, depth):
        """Store one depth image."""
        np.save(self.folder / f'{stamp_ns}.npy', depth)

    def load(self, stamp_ns):
        """Return a stored depth image."""
        return np.load(self.folder / f'{stamp_ns}.npy')


def _compare(args, recording, collector, keep):
    """Judge every depth image by the ground truth of the recording, and draw some."""
    from depth_ros.datasets import open_dataset
    from depth_ros.evaluation.pictures import save_panel
    from depth_ros.evaluation.session import Session
    dataset, session = open_dataset('bag', args.bag), Session()
    stamps = {f'{stamp / 1e9:.3f}': stamp for stamp in collector.depths}
    indices = [i for i, name in enumerate(dataset.names) if name in stamps]
    full, columns = _spread(indices, args.pictures), _spread(indices, COLUMNS)
    begin, per_frame, shown = min(recording.stamps), {}, []
    for old in args.output.glob('frame_*.png'):
        old.unlink()
    progress = tqdm(dataset.read(indices), total=len(indices), unit='frame', desc='comparing',
                    disable=None)
    for index, sample in zip(indices, progress):
        stamp = stamps[sample.name]
        depth = keep.load(stamp)
        per_frame[stamp] = session.add(stamp, depth, sample.depth)
        seconds = (stamp - begin) / 1e9
        if index in full:
            save_panel(args.output, f'frame_{seconds:06.2f}s', sample.image, sample.sparse, depth,
                       sample.depth)
        if index in columns:
            shown.append((seconds, sample.image, sample.sparse, depth, sample.depth))
    if shown:
        _draw_strip(args.output, recording, collector, per_frame, shown)
    return session


def _draw_strip(output, recording, collector, per_frame, shown):
    from depth_ros.demo.strip import strip
    from depth_ros.pictures import save
    begin, stamps = min(recording.stamps), sorted(collector.depths)
    times = np.array([(stamp - begin) / 1e9 for stamp in stamps])
    errors = np.array([per_frame[stamp]['abs_rel'] if stamp in per_frame else np.nan
                       for stamp in stamps])
    latencies = np.array([(collector.depths[stamp] - collector.images[stamp]) / 1e6
                          if stamp in collector.images else np.nan for stamp in stamps])
    span = (max(recording.stamps) - begin) / 1e9
    save(output / 'strip.png', strip(shown, times, errors, latencies, span))


def _spread(items, count):
    """At most `count` of the items, evenly spread."""
    if count >= len(items):
        return set(items)
    return {items[int((index + 0.5) * len(items) / count)] for index in range(max(count, 0))}
