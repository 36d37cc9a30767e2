# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros models`: the models that are there, or those in files."""
import json

from depth_ros.model import available, find

HELP = ('list the models, the default of each task first; or look at files: what one says of '
        'itself, or what is missing (exit code 2)')


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('files', nargs='*', metavar='FILE', help='.onnx files or names of models')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')


def run(args):
    """Print the models."""
    models = [spec.summary() for spec in (map(find, args.files) if args.files else available())]
    if args.json:
        print(json.dumps({'models': models}, indent=1))
        return 0
    if not models:
        print('no model is installed; set DEPTH_ROS_MODELS to a folder of .onnx files')
    for model in models:
        size = f'{model["input"]["width"]}x{model["input"]["height"]}'
        free = f', any multiple of {model["size_multiple"]}' if model['size_multiple'] else ''
        print(f'{model["name"]}: {model["task"]}, {size}{free}, {model["licence"]}')
        if model['domains']:
            print('  domains: ' + ', '.join(domain['name'] for domain in model['domains']))
        print(f'  {model["file"]}\n  sha256 {model["sha256"]}')
    return 0
