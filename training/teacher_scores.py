# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Teachers against true depth: each image's answer is scaled by the ratio of the medians."""
from __future__ import annotations

import json
from pathlib import Path

from depth_ros.contracts import InputError, read_depth
from depth_ros.datasets import DATASETS, open_dataset
from depth_ros.datasets.sample import read_image
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.pictures import colorize, depth_range, label, save
import numpy as np
from tqdm import tqdm

HELP = 'teachers (last.ckpt, folder or ONNX file) against true depth, scaled by the medians'
FIGURES = ('abs_rel', 'rmse', 'delta1')
FARTHEST = 80.0  # metres; what lies beyond is not scored
TILE = 320  # pixels of a tile's width
SHARE = 0.05  # of a picture's depths beyond the last colour


def drive_frames(folder, step: int = 1) -> list:
    """List (image (H, W, 3), depth (H, W) metres, NaN unknown) of a drive of `render-drives`."""
    folder = Path(folder)
    files = sorted((folder / 'image').glob('*.png'))[::step]
    if not files:
        raise InputError(f'{folder} is no drive: it has no image/*.png, as `python -m training '
                         'render-drives` writes it')
    return [(read_image(file), read_depth(folder / 'depth' / file.name, 'kitti'))
            for file in files]


def dataset_frames(name, path, blind: bool = False) -> list:
    """
    List frames like `drive_frames` of a data set of `depth_ros evaluate`, its line as well.

    :param blind: also the frames of odd number of kitti_object, the blind ones of the suite.
    """
    dataset = open_dataset(name, path)
    chosen = [k for k, frame in enumerate(dataset.names)
              if blind or name != 'kitti_object' or frame[-1:] in '02468']
    if not chosen:
        raise InputError(f'{path} has no frames of even number')
    frames = []
    for sample in dataset.read(chosen):
        line = np.where(sample.sparse > 0, sample.sparse, np.nan)
        frames.append((sample.image, np.where(np.isfinite(sample.depth), sample.depth, line)))
    return frames


def ratio(depth, truth):
    """Return the ratio of the medians of truth and depth, where the truth is known."""
    known = np.isfinite(truth)
    return np.float32(np.median(truth[known]) / np.median(depth[known]))


def scaled(depth, truth):
    """Return relative depth times the ratio of the medians."""
    return depth * ratio(depth, truth)


def within(truth, farthest: float = FARTHEST):
    """Return the truth as far as it is scored; NaN beyond, and where it is unknown or sky."""
    with np.errstate(invalid='ignore'):
        return np.where((truth > 0) & (truth <= farthest), truth, np.nan).astype(np.float32)


def row_profile(frames, bins: int = 32) -> np.ndarray:
    """Give (bins,) geometric mean depth from the top to the bottom of the images' heights."""
    total, count = np.zeros(bins), np.zeros(bins)
    for _, truth in frames:
        rows, columns = np.nonzero(np.isfinite(truth))
        place = rows * bins // truth.shape[0]
        values = np.log(truth[rows, columns] / np.nanmedian(truth))
        total += np.bincount(place, values, bins)
        count += np.bincount(place, minlength=bins)
    seen = np.flatnonzero(count)
    return np.exp(np.interp(np.arange(bins), seen, total[seen] / count[seen]))


def baselines(frames) -> dict:
    """Name to function of (number, image): one depth everywhere, and one for each row."""
    profile = row_profile(frames)

    def rows(image):
        place = (np.arange(image.shape[0]) + 0.5) * len(profile) / image.shape[0] - 0.5
        return np.repeat(np.interp(place, np.arange(len(profile)), profile)[:, None],
                         image.shape[1], 1).astype(np.float32)
    return {'one depth': lambda image: np.ones(image.shape[:2], np.float32),
            'mean of the row': rows}


def measure(frames, answers) -> dict:
    """
    Score each of several functions image -> relative depth.

    :param answers: name to function.
    :returns: for each name its FIGURES (protocol image_rmse), and `scale_spread`: the standard
        deviation of the logarithm of its scale from image to image.
    """
    rule, results = find_protocol('image_rmse'), {}
    frames = [(image, within(truth)) for image, truth in frames]
    frames = [(image, truth) for image, truth in frames if np.isfinite(truth).any()]
    for name, answer in answers.items():
        parts, scales = [], []
        for image, truth in tqdm(frames, desc=name, disable=None):
            depth = answer(image)
            factor = ratio(depth, truth)
            scales.append(np.log(factor))
            parts.append(rule.image(factor * depth, truth))
        combined = rule.combine(parts)
        results[name] = {**{key: combined[key] for key in FIGURES},
                         'scale_spread': float(np.std(scales))}
    return results


def sheet(frames, answers, count: int = 5) -> np.ndarray:
    """Draw image, truth and answers of frames that lie evenly apart, a row a frame."""
    import cv2
    rows = []
    for image, truth in frames[::max(1, len(frames) // count)][:count]:
        truth = within(truth)
        far = depth_range(truth, 100 * (1 - SHARE))[1]
        tiles = {'image': image, 'truth': colorize(truth, far)}
        tiles.update({name: colorize(scaled(answer(image), truth), far)
                      for name, answer in answers.items()})
        height = round(image.shape[0] * TILE / image.shape[1])
        row = [cv2.resize(tile, (TILE, height), interpolation=cv2.INTER_AREA)
               for tile in tiles.values()]
        rows.append(np.hstack(row if rows else list(map(label, row, tiles))))
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])


def table(results: dict) -> str:
    """Write the figures as a markdown table."""
    lines = ['| teacher | REL | RMSE m | delta1 | spread of scale |', '|---' * 5 + '|']
    return '\n'.join(lines + [
        f'| {name} | {row["abs_rel"]:.3f} | {row["rmse"]:.2f} | {row["delta1"]:.3f} | '
        f'{row["scale_spread"]:.2f} |' for name, row in results.items()])


def open_answer(word, size=None):
    """
    Return name and function of `NAME=PATH`; a shipped model's name will do as a path.

    :param size: (height, width) at which ONNX files run.
    """
    from depth_ros.model import available
    from training.teacher_depth import Layout, open_teacher
    name, sign, path = word.partition('=')
    if not sign:
        raise InputError(f'{word!r} is not NAME=PATH, for example own=runs/own_teacher/last.ckpt')
    shipped = {spec.name: spec.file for spec in available()}
    return name, open_teacher(shipped.get(path, path), Layout(size=size)).depth


def add_arguments(parser):
    """Add the options."""
    parser.add_argument('teachers', nargs='*', metavar='NAME=PATH',
                        help='last.ckpt, folder, ONNX file, or student, the shipped model')
    parser.add_argument('--drive', nargs='*', default=[], help='folders of `render-drives`')
    parser.add_argument('--dataset', choices=sorted(DATASETS), help='of `depth_ros evaluate`')
    parser.add_argument('--path', help='where the data set is')
    parser.add_argument('--blind', action='store_true',
                        help='also the blind, odd frames of kitti_object (docs/evaluation.md)')
    parser.add_argument('--every', type=int, default=1, help='score every Nth frame of a drive')
    parser.add_argument('--size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'),
                        help='at which ONNX files of free size run (student: multiples of 32)')
    parser.add_argument('--picture', type=Path, help='PNG or JPEG file to draw')
    parser.add_argument('--json', type=Path, help='file for the figures')


def run(args) -> int:
    """Measure, print, draw."""
    if bool(args.drive) == bool(args.dataset and args.path):
        raise InputError('name what to score on: --drive FOLDER ..., or --dataset NAME --path DIR')
    frames = [frame for folder in args.drive for frame in drive_frames(folder, args.every)] \
        or dataset_frames(args.dataset, args.path, args.blind)
    answers = dict(open_answer(word, args.size) for word in args.teachers)
    known = [(image, within(truth)) for image, truth in frames]
    results = measure(frames, {**baselines(known), **answers})
    print(f'{len(frames)} frames, each scaled by the ratio of the medians, '
          f'truth up to {FARTHEST:g} m')
    print(table(results))
    if args.json:
        args.json.write_text(json.dumps({'frames': len(frames), 'teachers': results}, indent=1))
    if args.picture:
        save(args.picture, sheet(frames, answers))
    return 0
