# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training calibration-table`: known errors of a mounting, and what is left."""
from dataclasses import replace
import json
from pathlib import Path

from depth_ros.calibration.objective import changed, NAMES
import numpy as np

HELP = 'put known errors into procedural recordings and calibrate: what is recovered'
SIZE = np.array([0.05, 0.05, 0.05, *np.radians([2.0, 2.0, 2.0]), 0.04])
UNITS = np.array([100, 100, 100, *[180 / np.pi] * 3, 1000])  # cm, degrees, ms
ALL = {'all +': np.array([1, -1, 1, 1, -1, 1, 1]), 'all -': np.array([-1, 1, -1, 1, 1, -1, -1])}


def add_arguments(parser):
    """Add what to try, and on what."""
    parser.add_argument('--bags', type=Path, required=True,
                        help='folder of the recordings; those that are missing are rendered')
    parser.add_argument('--seeds', type=int, nargs='+', default=[101, 102])
    parser.add_argument('--frames', type=int, default=64, help='of each recording, at 10 Hz')
    parser.add_argument('--pairs', type=int, default=24, help='of images to look at')
    parser.add_argument('--depth', nargs='+', default=['student', 'recorded'],
                        help='models, `recorded` (true depth) or `none`')
    parser.add_argument('--errors', nargs='+', default=[*ALL, *NAMES], choices=[*ALL, *NAMES])
    parser.add_argument('--json', type=Path, help='write every run')


def run(args):
    """Run all, print a line each."""
    from training.datasets.procedural.calibration_bag import render_calibration_bag
    rows = []
    for seed in args.seeds:
        bag = args.bags / f'r{seed}'
        if not bag.is_dir():
            args.bags.mkdir(parents=True, exist_ok=True)
            render_calibration_bag(bag, seed, args.frames)
        for depth in args.depth:
            for row in _tried(bag, depth, args):
                rows.append({'seed': seed, 'depth': depth, **row})
                print(_line(rows[-1]), flush=True)
                if args.json:
                    args.json.write_text(json.dumps(rows, indent=1) + '\n')
    return 0


def _tried(bag, depth, args):
    """Calibrate one recording from each wrong start; the images are looked at once."""
    from depth_ros.bags.pairs import read_recording
    from depth_ros.calibration.maps import working_camera
    from depth_ros.calibration.objective import Objective
    from depth_ros.calibration.run import images_maps
    from depth_ros.calibration.solve import solve
    from depth_ros.datasets import Options
    from depth_ros.estimator import Estimator
    recording = read_recording(bag, Options(), args.pairs, depth == 'recorded')
    camera = working_camera(recording.camera)
    estimator = None if depth in ('recorded', 'none') else Estimator(depth)
    maps = images_maps(recording, camera, estimator)
    for name in args.errors:
        error = SIZE * ALL.get(name, np.array([one == name for one in NAMES], float))
        start = replace(recording, pose=changed(recording.pose, error))
        objective = Objective(start.pairs, maps, camera, start.pose, error[6],
                              scaled=depth != 'recorded')
        found = solve(objective)
        left = _difference(changed(start.pose, found.values), recording.pose)
        yield {'error': name, 'known': found.known.tolist(),
               'left': [*(left * UNITS[:6]).tolist(), float((error[6] + found.values[6]) * 1e3)],
               'deviations': [float(value) if known else None for value, known in zip(
                   found.deviations * UNITS, found.known)]}


def _difference(pose, truth):
    """Return metres along the axes of the LiDAR, and radians about those of the camera (6,)."""
    turn = pose[:3, :3] @ truth[:3, :3].T
    return np.array([*truth[:3, :3].T @ (pose[:3, 3] - truth[:3, 3]),
                     (turn[2, 1] - turn[1, 2]) / 2, (turn[0, 2] - turn[2, 0]) / 2,
                     (turn[1, 0] - turn[0, 1]) / 2])


def _line(row):
    cells = ' '.join(f'{value:+7.2f}{" " if known else "*"}' for value, known in zip(
        row['left'], row['known']))
    return f'{row["seed"]} {row["depth"]:<10} {row["error"]:<6} {cells}   (*: left as it was)'
