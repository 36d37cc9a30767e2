# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What adding a domain gained and cost: sentences, a page with figures and pictures."""
from __future__ import annotations

from pathlib import Path

import cv2
from depth_ros.page import Page
from depth_ros.pictures import colorize, depth_range, error_colors, label
import numpy as np
import torch
from training.datasets.domains import in_order, stored
from training.datasets.stored import INDEX
from training.lifelong.domains import domain_folder, MEASURE, read_kept
from training.lifelong.selection import distances, select
from training.methods.metric_depth import normalised
from training.pictures import to_rgb, WORST

COLUMNS = ('domain', '', 'REL', 'RMSE, m', 'delta1', 'REL, predictor chosen', 'chosen right')
SHOWN, WIDTH = 2, 260  # frames of each domain; pixels of a picture
FORGOTTEN = 0.1  # relative rise of an old domain's error that is worth a word


def sentences(result: dict) -> list:
    """Say how well the new domain is known, and what that cost each old one."""
    said = []
    for name, found in result['domains'].items():
        after = found['after']['correct']['abs_rel']
        right = _right(name, found['after'])
        if name == result['name']:
            before = found['before']['selected']['abs_rel']
            said.append(f'{name}: REL {after:.3f} on its validation frames, where the nearest of '
                        f'the old predictors had {before:.3f}; {right:.0%} of its frames are '
                        'taken for it.'
                        + ('' if after < before else ' It was not learned: train longer, or '
                           'lower model.weight_consistency.'))
            continue
        before = found['before']['correct']['abs_rel']
        change = after / before - 1
        said.append(f'{name}: REL {before:.3f} before, {after:.3f} after ({change:+.0%}); '
                    f'{right:.0%} of its frames are taken for it.'
                    + (' It was forgotten in part: raise model.weight_consistency, lower '
                       'model.lr or train fewer steps.' if change > FORGOTTEN else ''))
    return said


def _right(name, found) -> float:
    return found['chosen'].get(name, 0) / found['frames']


def write_report(out, result: dict, runs: dict) -> Path:
    """
    Write report.html into the folder of the new run; returns its path.

    :param runs: 'before' and 'after' to (method, its domains).
    """
    page = Page(f'A new domain: {result["name"]}')
    for sentence in result['sentences']:
        page.paragraph(sentence)
    page.heading('Every domain before and after')
    page.paragraph(f'On the frames that the run keeps to measure by. {result["protocol"]}. The '
                   'first figures are by the predictor of the domain; "predictor chosen": by the '
                   'one whose mean features are nearest, as on a robot.')
    page.table(COLUMNS, [_row(name, when, found[when]) for name, found in
                         result['domains'].items() for when in ('before', 'after')])
    names = list(result['domains'])
    page.table(('frames of', *names), [
        (name, *(found['after']['chosen'].get(other, 0) for other in names))
        for name, found in result['domains'].items()], caption='Which predictor is chosen, after')
    page.heading('Frames')
    page.paragraph('Image, true depth, depth before and after by the predictor of the domain '
                   '(before, for the new domain: by the nearest one), and their relative errors '
                   f'(red: {WORST:.0%} or more).')
    page.pictures(panels(out, runs), columns=1)
    page.heading('Run')
    page.values({'previous': result['previous'], 'run': result['run'], 'steps': result['steps']})
    page.code(f'python -m training export --checkpoint {result["run"]}/last.ckpt '
              f'--out {result["name"]}.onnx')
    path = Path(out) / 'report.html'
    page.write(path)
    return path


def _row(name, when, found):
    correct = found['correct'] or {}
    return [name, when, *(correct.get(key) for key in ('abs_rel', 'rmse', 'delta1')),
            found['selected']['abs_rel'],
            _right(name, found) if correct else None]


@torch.no_grad()
def panels(out, runs: dict) -> list:
    """Return (caption, picture (H, W, 3) uint8) of a few kept frames of every domain."""
    drawn = []
    for domain in runs['after'][1]:
        folder = domain_folder(out, domain.name) / MEASURE
        if not (folder / INDEX).is_file():
            continue
        frames = stored(folder, read_kept(out, domain.name).steps, False)
        frames.indices = frames.data.spread(SHOWN)
        for batch in in_order(frames, 1):
            depths = {when: _depth(*run, domain.name, batch) for when, run in runs.items()}
            drawn.append((f'{domain.name}: {batch["name"][0]}', panel(batch, depths)))
    return drawn


def _depth(method, domains, name, batch):
    """Give depth (H, W) by a domain's predictor, or by the nearest one."""
    batch = {key: value.to(method.device) if torch.is_tensor(value) else value
             for key, value in batch.items()}
    features, names = method.net.features(normalised(batch['image'])), method.names
    if name in names:
        index = names.index(name)
    else:
        index = int(select(distances(features, [torch.from_numpy(one.mean) for one in domains])))
    return method.answer(features, batch, index)[0].float().cpu().numpy()


def panel(batch, depths: dict) -> np.ndarray:
    """Draw the only frame of a batch: image, truth, each depth and its error."""
    truth = batch['depth'][0].numpy()
    far = depth_range(truth)[1]
    tiles = [('image', to_rgb(batch['image'][0])), ('truth', colorize(truth, far))]
    for when, depth in depths.items():
        tiles += [(when, colorize(depth, far)),
                  (f'error {when}', error_colors(depth, truth, WORST))]
    return np.hstack([label(_fit(picture), text) for text, picture in tiles])


def _fit(picture):
    height = max(1, round(picture.shape[0] * WIDTH / picture.shape[1]))
    return np.ascontiguousarray(
        cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_NEAREST))
