# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Several checkpoints on the same frames: figures, and a sheet with enlarged boundaries."""
from __future__ import annotations

import json
from pathlib import Path

import cv2
from depth_ros.contracts import InputError
from depth_ros.evaluation.edges import edge_metrics, EDGE_THRESHOLDS, mean_edge_metrics, sobel
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.pictures import colorize, depth_range, label, save
import numpy as np
import torch
from tqdm import tqdm
from training.experiment import build, load_config
from training.export import load_method
from training.methods.metric_depth import normalised
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD

HELP = 'several checkpoints on the same validation frames: figures and enlarged boundaries'
FIGURES = ('rmse', 'abs_rel', 'log10', 'delta1', 'delta2', 'delta3')
TILE, WINDOW = 192, 4  # pixels of a tile's width; a crop is a WINDOW-th of the image
STEP = 1.0  # Sobel response of log depth: a jump by some 30 %


def collect(checkpoints, overrides=()) -> tuple[list, dict]:
    """
    Predict the validation frames of the first run with every checkpoint.

    :param checkpoints: mapping of name to last.ckpt.
    :param overrides: of that run's config, such as 'data.validation_batches=32'.
    :returns: frames [{image (H, W, 3) uint8, depth (H, W) metres, name}], and predictions by name
        [(H, W) metres] in the same order.
    """
    methods = {name: load_method(path)[0] for name, path in checkpoints.items()}
    first = Path(next(iter(checkpoints.values())))
    config = load_config(first.parent / 'config.yaml', overrides)
    batches = list(build(config['data']).val_dataloader())
    if not batches:
        raise InputError('the data has no validation frames: give data.validation')
    frames, predictions = [], {name: [] for name in methods}
    with torch.no_grad():
        for batch in tqdm(batches, disable=None, unit='batch'):
            names = batch.get('name') or [''] * len(batch['depth'])
            for image, depth, name in zip(_pictures(batch['image']), batch['depth'], names):
                frames.append({'image': image, 'depth': depth.numpy(), 'name': name})
            for name, method in methods.items():
                predictions[name] += list(method.predict_depth(batch).numpy())
    return frames, predictions


def _pictures(image):
    """Give (B, H, W, 3) uint8 of a batch's images."""
    if image.dtype == torch.uint8:
        return image.numpy()
    mean, std = (torch.tensor(value)[:, None, None] for value in (IMAGENET_MEAN, IMAGENET_STD))
    return ((normalised(image) * std + mean).clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).numpy()


def figures(frames, predictions, protocol: str = 'image_rmse') -> dict:
    """Measure one model's predictions by a named protocol; edges where the truth is known."""
    rule = find_protocol(protocol)
    combined = rule.combine(
        rule.image(p, f['depth']) for f, p in zip(frames, predictions))
    result = {name: combined[name] for name in FIGURES}
    for threshold in EDGE_THRESHOLDS:
        edges = mean_edge_metrics(edge_metrics(p, f['depth'], threshold)
                                  for f, p in zip(frames, predictions))
        for name in ('precision', 'recall', 'f1'):
            result[f'edge_{name}_{threshold:g}'] = edges[name]
    return {**result, 'frames': len(frames)}


def sheet(frames, predictions, count: int = 6):
    """
    Draw the frames with the most depth edges: image, truth, predictions, and under each a crop.

    :returns: (H, W, 3) uint8 RGB; a row of tiles a frame, titles on the first.
    """
    def strength(frame):
        return float((_edges(frame['depth']) > STEP).mean())
    chosen = sorted(range(len(frames)), key=lambda k: -strength(frames[k]))
    chosen = chosen[:3 * count:3] or chosen  # spread: the first few may be one scene
    rows = []
    for k in chosen[:count]:
        frame = frames[k]
        near, far = 0.0, depth_range(frame['depth'])[1]
        top, left, height, width = _window(frame['depth'])
        tiles = []
        columns = {'image': frame['image'], 'truth': colorize(frame['depth'], far, near)}
        columns.update({name: colorize(made[k], far, near) for name, made in predictions.items()})
        for title, picture in columns.items():
            crop = picture[top:top + height, left:left + width]
            picture = cv2.rectangle(picture.copy(), (left, top),
                                    (left + width - 1, top + height - 1), (255, 255, 255), 1)
            tile = np.vstack([_wide(picture), _wide(crop)])
            tiles.append(label(tile, title) if not rows else tile)
        rows.append(np.hstack(tiles))
    return np.vstack(rows)


def _edges(depth):
    """Strength of steps of log depth (H, W) inside the image, 0 beside unknown depth and sky."""
    known = np.isfinite(depth) & (depth > 0)
    strength = np.nan_to_num(np.hypot(*sobel(np.log(np.where(known, depth, np.nan)))))
    strength[[0, -1]] = strength[:, [0, -1]] = 0.0
    return strength


def _window(depth):
    """Find the window with the most edge pixels: top, left, height, width."""
    height, width = depth.shape[0] // WINDOW, depth.shape[1] // WINDOW
    found = cv2.boxFilter((_edges(depth) > STEP).astype(np.float32), -1, (width, height),
                          borderType=cv2.BORDER_CONSTANT)
    inner = found[height // 2:depth.shape[0] - height, width // 2:depth.shape[1] - width]
    row, column = np.unravel_index(inner.argmax(), inner.shape)
    return int(row), int(column), height, width


def _wide(picture):
    height = round(picture.shape[0] * TILE / picture.shape[1])
    return cv2.resize(picture, (TILE, height), interpolation=cv2.INTER_NEAREST)


def table(results: dict) -> str:
    """Write the figures of several models as a markdown table."""
    names = [name for name in next(iter(results.values())) if name != 'frames']
    lines = ['| model | ' + ' | '.join(names) + ' |', '|---' * (len(names) + 1) + '|']
    lines += [f'| {model} | ' + ' | '.join(f'{row[name]:.3f}' for name in names) + ' |'
              for model, row in results.items()]
    return '\n'.join(lines)


def add_arguments(parser):
    """Add the options."""
    parser.add_argument('checkpoints', nargs='+', metavar='NAME=CKPT',
                        help='last.ckpt of a run, with the name to show')
    parser.add_argument('--set', nargs='*', default=[], metavar='KEY=VALUE',
                        help="changes of the first run's config, whose validation frames count")
    parser.add_argument('--protocol', default='image_rmse')
    parser.add_argument('--picture', type=Path, help='PNG or JPEG file of the sheet')
    parser.add_argument('--count', type=int, default=6, help='frames on the sheet')
    parser.add_argument('--json', type=Path, help='file for the figures')


def run(args) -> int:
    """Measure, print, draw."""
    checkpoints = dict(_named(word) for word in args.checkpoints)
    frames, predictions = collect(checkpoints, args.set)
    results = {name: figures(frames, made, args.protocol) for name, made in predictions.items()}
    print(f'{len(frames)} validation frames, protocol {args.protocol}')
    print(table(results))
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))
    if args.picture:
        save(args.picture, sheet(frames, predictions, args.count))
    return 0


def _named(word):
    name, sign, path = word.partition('=')
    if not sign:
        raise InputError(f'{word!r} is not NAME=CKPT, for example resnet18=runs/a/last.ckpt')
    if not Path(path).is_file():
        raise InputError(f'no checkpoint {path}')
    return name, path
