# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros build-engine`: TensorRT engines before they are needed."""
import json
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.engines import building, PRECISIONS
from depth_ros.engines.cache import EngineCache
from depth_ros.engines.progress import to_stderr
from depth_ros.engines.tensorrt import AUTO_PRECISION
from depth_ros.model import find

HELP = ('build TensorRT engines for this GPU, compare them with ONNX Runtime, and keep them where '
        'the nodes find them; status 1 when one is refused')


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('model', nargs='*', metavar='MODEL',
                        help='shipped model or .onnx file; several may be given')
    parser.add_argument('--precision', action='append', choices=PRECISIONS,
                        help=f'may be given again (default: {AUTO_PRECISION}, as the nodes)')
    size = parser.add_mutually_exclusive_group()
    size.add_argument('--camera', type=int, nargs=2, metavar=('WIDTH', 'HEIGHT'),
                      help='size of the images; the node chooses the input size by it '
                      f'(default {building.WIDTH} {building.HEIGHT})')
    size.add_argument('--input-size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'),
                      help='size of the input of the model, as input_height and input_width')
    parser.add_argument('--calibration', type=Path, metavar='BAG',
                        help='int8: recording whose frames set the ranges (default: the bundled '
                        'one)')
    parser.add_argument('--workspace-mib', type=int, default=1024, metavar='MIB',
                        help='most memory that a layer may try (default 1024)')
    parser.add_argument('--dla-core', type=int, default=-1, metavar='N',
                        help='deep-learning accelerator of a Jetson (default -1: the GPU)')
    parser.add_argument('--cache', type=Path, metavar='DIR', help='folder of the engines')
    parser.add_argument('--force', action='store_true', help='build even what is there')
    parser.add_argument('--list', action='store_true', help='list what the folder holds and end')
    parser.add_argument('--prune', action='store_true',
                        help='then remove every other engine from the folder')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')


def run(args):
    """Build, and print a table; progress goes to stderr."""
    cache = EngineCache(args.cache)
    if args.list:
        _print(args, {'folder': str(cache.folder), 'engines': cache.records()}, _listed)
        return 0
    if not args.model:
        raise InputError('name a model: `depth_ros models` lists what is there')
    if args.camera and min(args.camera) < 1:
        raise InputError('--camera takes a width and a height in pixels')
    rows = [building.build(spec, *building.size_for(spec, args.input_size, args.camera), precision,
                           **_options(args, cache))
            for spec in [find(name) for name in args.model]
            for precision in args.precision or [AUTO_PRECISION]]
    result = {'folder': str(cache.folder), 'engines': rows}
    if args.prune:
        kept = [Path(row['file']).stem for row in rows if 'file' in row]
        result['pruned'] = cache.prune(kept)
    _print(args, result, _built)
    return int(any(row['problem'] for row in rows))


def _options(args, cache):
    options = {'cache': cache, 'force': args.force, 'workspace_mib': args.workspace_mib,
               'dla_core': args.dla_core, 'report': to_stderr}
    if args.calibration:
        from depth_ros.engines.calibration import Calibration
        options['calibration'] = Calibration(args.calibration)
    return options


def _print(args, result, text):
    print(json.dumps(result, indent=1) if args.json else text(result))


def _built(result):
    lines = [building.table(result['engines']), f'engines: {result["folder"]}']
    if result.get('pruned'):
        lines.append(f'removed {len(result["pruned"])} others')
    return '\n'.join(lines)


def _listed(result):
    lines = [f'{len(result["engines"])} engines in {result["folder"]}']
    for record in result['engines']:
        key = record['key']
        shapes = ' '.join('x'.join(map(str, shape)) for shape in key['shapes'].values())
        state = 'refused' if record['refused'] else f'{record["engine_bytes"] / (1 << 20):.1f} MiB'
        lines.append(f'{record["created"]}  {record.get("model", "?")} {key["precision"]} '
                     f'{shapes} {key["library"]} {key["version"]} {key["gpu"]}  {state}')
    return '\n'.join(lines)
