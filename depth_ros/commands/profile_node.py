# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros profile`: the way of a frame through a node, stage by stage."""
import json
from pathlib import Path
import tempfile

from depth_ros.contracts import InputError
from depth_ros.evaluation.environment import environment

HELP = ('measure a node from inside, over DDS, at 640x480 or on a recording: time, page faults '
        'and new memory of every stage, from the receipt of an image to the publication')
DEFAULT_TOPICS = ('depth/image', 'depth/points')
TOPICS = ('depth/image', 'depth/points', 'depth/scan', 'depth/confidence', 'depth/saliency',
          'depth/image_color', 'overlay')
WARM_UP = 10


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('--node', choices=('completion', 'monocular'), default='completion')
    parser.add_argument('--model', default='', metavar='NAME', help='shipped model or .onnx file')
    parser.add_argument('--engine', default='onnxruntime', help='inference engine')
    parser.add_argument('--bag', type=Path, help='recording to play (default: a made one, '
                        '640x480)')
    parser.add_argument('--topics', nargs='+', choices=TOPICS, default=DEFAULT_TOPICS,
                        help=f'topics to subscribe (default: {" ".join(DEFAULT_TOPICS)})')
    parser.add_argument('--frames', type=int, default=100, metavar='N',
                        help='images of the made recording (default 100)')
    parser.add_argument('--rate', type=float, default=10.0, metavar='HZ',
                        help='images per second of the made recording (default 10)')
    parser.add_argument('--json', type=Path, metavar='OUT', help='file for the figures')


def run(args):
    """Play twice, for time and for memory; print a table."""
    if args.frames < 1 or args.rate <= 0:
        raise InputError('--frames and --rate must be positive')
    with tempfile.TemporaryDirectory(prefix='depth_ros_profile_') as folder:
        folder = Path(folder)
        bag = args.bag or _made(folder / 'bag', args)
        timed, memory = (_measure(bag, folder, args, kind) for kind in (False, True))
    result = {'environment': environment(), 'node': args.node, 'topics': list(args.topics),
              'frames': timed['frames'], 'latency_ms': timed['latency_ms'],
              'stages': _joined(timed['stages'], memory['stages'])}
    print(table(result))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(result, indent=1) + '\n')
        print(f'figures: {args.json}')
    return 0


def _made(path, args):
    from depth_ros.demo.made_recording import write_recording
    write_recording(path, WARM_UP + args.frames, 1 / args.rate)
    return path


def _measure(bag, folder, args, memory):
    from depth_ros.demo.session import inspect, play
    out = folder / f'{"memory" if memory else "time"}.json'
    others = tuple(topic for topic in args.topics if topic != 'depth/image')
    collector = play(
        inspect(bag), folder, node=args.node, listen=others, model=args.model,
        engine=args.engine,
        profile={'memory': memory, 'warm_up': WARM_UP, 'out': str(out)})
    if not out.exists():
        raise InputError(f'the {args.node} node left no figures; see {folder}')
    result = json.loads(out.read_text())
    if not result['frames']:
        raise InputError(f'no image of {bag} was answered after the first {WARM_UP}: play more')
    latencies = collector.latencies_ms()[WARM_UP:]
    from depth_ros.benchmark.spreads import spread
    return {**result, 'latency_ms': spread(latencies)}


def _joined(timed, memory):
    return {stage: {**row, 'new_bytes': memory.get(stage, {}).get('new_bytes')}
            for stage, row in timed.items()}


def table(result):
    """Lines for people, the dearest stage first."""
    lines = [f'{result["node"]} node, {result["frames"]} frames, subscribed: '
             f'{", ".join(result["topics"])}',
             f'{"stage":<28} {"calls":>6} {"ms":>8} {"p99":>8} {"ms/frame":>9} {"faults":>8} '
             f'{"new KiB":>9}']
    rows = sorted(result['stages'].items(), key=lambda item: -item[1]['ms_per_frame'])
    for stage, row in rows:
        new = row['new_bytes']
        lines.append(
            f'{stage:<28} {row["calls_per_frame"]:>6.1f} {row["ms"]["median"]:>8.3f} '
            f'{row["ms"]["p99"]:>8.3f} {row["ms_per_frame"]:>9.3f} '
            f'{row["page_faults_per_frame"]:>8.0f} '
            f'{"" if new is None else format(new["median"] / 1024, ".0f"):>9}')
    total = sum(row['ms_per_frame'] for row in result['stages'].values())
    inference = result['stages'].get('inference', {}).get('ms_per_frame', 0.0)
    lines.append(f'all stages {total:.2f} ms per frame, without inference {total - inference:.2f};'
                 f' image -> depth outside {result["latency_ms"]["median"]:.1f} ms '
                 f'(p99 {result["latency_ms"]["p99"]:.1f})')
    return '\n'.join(lines)
