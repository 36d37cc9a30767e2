# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training r2m`: a robot's own recording to a model that the node loads."""
import json
from pathlib import Path
import sys

from training.memory import keep_freed_memory

HELP = ("a robot's recording (camera and single-line LiDAR) to a completion model that the node "
        'loads: check, teacher, training, figures, report; call again to go on')
TOPICS = ('image', 'scan', 'cloud', 'camera_info', 'depth')


def add_arguments(parser):
    """Add recordings, folder, topics, teacher, student and time."""
    parser.add_argument('--bag', nargs='+', type=Path, required=True, metavar='BAG',
                        help='recordings: rosbag2 folder or file')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='folder of the work; called again, it goes on')
    parser.add_argument('--validation-bag', type=Path, metavar='BAG',
                        help='measure on this recording (default: the last 20 %% of each --bag)')
    for topic in TOPICS:
        parser.add_argument(f'--{topic.replace("_", "-")}-topic', metavar='TOPIC',
                            help=f'topic of the {topic} (default: found by its type)')
    parser.add_argument('--extrinsics', nargs='+', type=float, metavar='N',
                        help='pose of the LiDAR in the camera optical frame: x y z roll pitch yaw '
                             '(metres, radians), x y z qx qy qz qw, or a 4x4 matrix')
    parser.add_argument('--line-elevation', type=float, metavar='DEG',
                        help='of a cloud: the ring that is the line')
    parser.add_argument('--teacher', default='student',
                        help='shipped monocular model (default: student), weights folder, '
                             'last.ckpt, ONNX file, or self: learn one from this video first')
    parser.add_argument('--teacher-kind', choices=('depth', 'disparity'),
                        help='what an ONNX teacher of others gives (MiDaS, Depth Anything: '
                             'disparity)')
    parser.add_argument('--teacher-input', choices=('imagenet', 'symmetric', 'unit', 'bytes'),
                        help='what it takes: RGB with mean 0.485 0.456 0.406 and deviation 0.229 '
                             '0.224 0.225 (MiDaS v2, Depth Anything), -1..1 (DPT), 0..1, 0..255; '
                             'only a file that normalises its image itself need not be told')
    parser.add_argument('--teacher-output', metavar='NAME', help='the map, of several outputs')
    parser.add_argument('--teacher-size', nargs=2, type=int, metavar=('HEIGHT', 'WIDTH'),
                        help='to run it at, where the file leaves that free (default: the longer '
                             'side 518)')
    parser.add_argument('--teacher-minutes', type=float, default=20.0,
                        help='of --teacher self (default 20)')
    parser.add_argument('--student', default='completion',
                        help='completion (the shipped net, default), s2d_18, s2d_34 or dcvan')
    length = parser.add_mutually_exclusive_group()
    length.add_argument('--minutes', type=float, default=20.0, help='of training (default 20)')
    length.add_argument('--steps', type=int, help='of training, in place of minutes')
    parser.add_argument('--name', help="of the model (default: the recording's)")
    parser.add_argument('--take', choices=('better', 'trained'), default='better',
                        help='better: deliver the shipped model where the training did not help')
    parser.add_argument('--frames', type=int, default=1500,
                        help='most frames to learn from (default 1500)')
    parser.add_argument('--measure-frames', type=int, default=100,
                        help='most frames to measure on (default 100)')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                        help='overrides of DIR/config.yaml, for example model.lr=0.0003')
    parser.add_argument('--force', action='store_true',
                        help='go on in spite of errors that the check found')
    parser.add_argument('--check-only', '--dry-run', action='store_true', dest='check_only',
                        help='check and split, try a few steps, and say how long it will take')
    parser.add_argument('--json', type=Path, metavar='OUT', help='file for all figures')


def run(args):
    """Do what is not done yet; print the figures and the command that starts the node."""
    from training.robot.run import forecast, robot_to_model
    keep_freed_memory()
    settings = settings_of(args)
    result = forecast(settings) if args.check_only else robot_to_model(settings)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(result, indent=1, allow_nan=False) + '\n')
    sys.stdout.flush()
    return 0


def settings_of(args):
    """Return the typed settings of a command line."""
    from depth_ros.datasets import Options
    from training.robot.settings import Settings
    given = {'extrinsics': tuple(args.extrinsics)} if args.extrinsics else {}
    options = Options(elevation=args.line_elevation, unlabelled=True, **given,
                      **{f'{topic}_topic': getattr(args, f'{topic}_topic') for topic in TOPICS})
    return Settings(
        bags=tuple(args.bag), out=args.out, options=options, validation=args.validation_bag,
        teacher=args.teacher, teacher_kind=args.teacher_kind, teacher_input=args.teacher_input,
        teacher_output=args.teacher_output,
        teacher_size=args.teacher_size and tuple(args.teacher_size),
        teacher_minutes=args.teacher_minutes, student=args.student,
        minutes=None if args.steps else args.minutes, steps=args.steps, name=args.name,
        overrides=tuple(args.set), seed=args.seed, frames=args.frames,
        measure_frames=args.measure_frames, take=args.take, force=args.force)
