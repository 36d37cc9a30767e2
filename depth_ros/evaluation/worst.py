# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pictures of all frames of a set, the worst first, and a page that lists them."""
import cv2
from depth_ros.evaluation.metrics import image_metrics
from depth_ros.pictures import colorize, depth_range, error_colors, overlay, save, UNKNOWN_RGB
import numpy as np
from tqdm import tqdm

WIDTH = 360
WORST_ERROR = 0.5
CAPTION = 20
TILES = ('image and line', 'prediction', 'ground truth', f'error, red {WORST_ERROR:.0%} or more')


def strip(caption, sample, depth):
    """
    Return one frame as (h, 4 * WIDTH, 3) uint8: image with line, prediction, truth, error.

    sample: ``datasets.Sample``; depth: (H, W) metres, NaN unknown.
    """
    far = depth_range(sample.depth)[1]
    known = np.isfinite(sample.depth)
    truth, error = colorize(sample.depth, far), error_colors(depth, sample.depth, WORST_ERROR)
    tiles = [_small(overlay(sample.image, sample.sparse, far)), _small(colorize(depth, far)),
             _small(truth, known), _small(error, known & np.isfinite(depth))]
    body = np.hstack(tiles)
    top = np.full((CAPTION, body.shape[1], 3), 255, np.uint8)
    cv2.putText(top, f'{caption}; colours 0 to {far:.1f} m', (4, 14), cv2.FONT_HERSHEY_SIMPLEX,
                0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([top, body])


def tiles(view):
    """
    Return [(caption, (h, w, 3) uint8)] of one frame: image with line, depth, truth, error.

    view: ``evidence.View``; without an image its tile is left out.
    """
    far = depth_range(view.truth)[1]
    known = np.isfinite(view.truth)
    error = error_colors(view.depth, view.truth, WORST_ERROR)
    wide = 2 * WIDTH if view.truth.shape[1] > 2 * view.truth.shape[0] else 4 * WIDTH // 3
    found = []
    if view.image is not None:
        found.append(('image' if view.line is None else 'image and line',
                      _small(overlay(view.image, view.line, far), width=wide)))
    return found + [
        (f'prediction, 0 to {far:.1f} m', _small(colorize(view.depth, far), width=wide)),
        ('ground truth', _small(colorize(view.truth, far), known, wide)),
        (f'relative error, red {WORST_ERROR:.0%} or more',
         _small(error, known & np.isfinite(view.depth), wide))]


def _small(picture, known=None, width=WIDTH):
    """Shrink to a width; where little is known, let the known pixels of a cell speak for it."""
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    if known is None or known.mean() > 0.5:
        return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    weight = cv2.resize(known.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    total = cv2.resize(picture * known[..., None].astype(np.float32), (width, height),
                       interpolation=cv2.INTER_AREA)
    result = np.full((height, width, 3), UNKNOWN_RGB, np.uint8)
    seen = weight > 0
    result[seen] = np.clip(total[seen] / weight[seen][:, None], 0, 255).astype(np.uint8)
    return result


def run_worst(data, estimator, rows, folder):
    """
    Write one sheet per row of the suite and `worst.md` into ``folder``, worst frames first.

    The line is the middle one of the row's variants. Returns {row name: list of dict with
    ``name``, ``abs_rel``, ``rmse``, ``delta1``}, worst first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = {}
    for row in tqdm(rows, unit='set', disable=None):
        frames = []
        for sample in row.frames(data, row.variants[len(row.variants) // 2]).samples():
            depth = estimator.estimate(sample.image, sample.camera, sparse=sample.sparse).depth
            errors = image_metrics(depth, sample.depth, beyond=estimator.spec.depth_max or None)
            caption = (f'{sample.name}: REL {errors["abs_rel"]:.3f}, RMSE {errors["rmse"]:.2f} m,'
                       f' delta1 {errors["delta1"]:.3f}')
            kept = {name: errors[name] for name in ('abs_rel', 'rmse', 'delta1')}
            frames.append(({'name': sample.name, **kept}, strip(caption, sample, depth)))
        frames.sort(key=lambda frame: -np.nan_to_num(frame[0]['abs_rel']))
        listed[row.name] = [entry for entry, _ in frames]
        save(folder / sheet_name(row.name), np.vstack([picture for _, picture in frames]))
    (folder / 'worst.md').write_text(page(listed))
    return listed


def sheet_name(row):
    """Return the file name of a row's sheet."""
    return f'worst_{row.replace(" ", "_")}.jpg'


def page(listed):
    """Return the markdown page of all frames, worst first, with room for a sentence each."""
    lines = ['# Frames, the worst first', '',
             f'Pictures from left to right: {", ".join(TILES)}.']
    for row, frames in listed.items():
        lines += ['', f'## {row}', '', f'![{row}]({sheet_name(row)})', '',
                  '| frame | REL | RMSE, m | delta1 | what went wrong |', '|---|---|---|---|---|']
        lines += [f'| {one["name"]} | {one["abs_rel"]:.3f} | {one["rmse"]:.2f} | '
                  f'{one["delta1"]:.3f} | |' for one in frames]
    return '\n'.join(lines) + '\n'
