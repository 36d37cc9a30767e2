# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The options of a recording, the same in every command that reads one."""
from depth_ros.camera import Camera
from depth_ros.datasets import Options

_TOPICS = ('image', 'camera_info', 'scan', 'cloud', 'depth')


def add_bag_options(parser):
    """Add topics, intrinsics and extrinsics."""
    for topic in _TOPICS:
        parser.add_argument(f'--{topic.replace("_", "-")}-topic', metavar='TOPIC',
                            help=f'bag: topic of the {topic} (default: found by its type)')
    parser.add_argument('--camera', metavar='K.yaml', help='use these intrinsics instead')
    parser.add_argument('--extrinsics', type=float, nargs='+', metavar='N',
                        help='bag: pose of the LiDAR in the camera optical frame, in place of the '
                             'recorded one: x y z roll pitch yaw (metres, radians), or x y z qx '
                             'qy qz qw, or the 16 numbers of a 4x4 matrix')


def bag_options(args, **more):
    """Return the ``datasets.Options`` of a parsed command line; more: other fields of it."""
    return Options(
        camera=Camera.from_yaml(args.camera) if args.camera else None,
        extrinsics=tuple(args.extrinsics) if args.extrinsics else None,
        **{f'{topic}_topic': getattr(args, f'{topic}_topic') for topic in _TOPICS}, **more)
