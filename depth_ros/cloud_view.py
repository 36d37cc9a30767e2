# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Point clouds that a reader of a page turns around: by mouse, touch or keyboard, without a network.

A frame is a dict of plain values. Its ``data`` is base64 of columns, one after the other: uint16
rays X/Z and Y/Z within ``x_rays`` and ``y_rays``, uint16 depth and true depth in 65535ths of
``far`` (0: unknown), of ``points`` pixels; the same without true depth of ``line`` beams; then
bytes: the colour of the image (3) and the confidence, where there are any.
"""
import base64
import json
from pathlib import Path

from depth_ros.lidar import measured_pixels
from depth_ros.pictures import depth_range, turbo
from depth_ros.svg import escaped
import numpy as np

POINTS, BEAMS = 24_000, 1500
WORST_ERROR = 0.5
LEVELS = 65535
SCRIPT = Path(__file__).with_suffix('.js')
STYLE = """
.cloud { border: 1px solid var(--rule); border-radius: 4px; padding: .6rem; --line: #d0147d; }
@media (prefers-color-scheme: dark) { .cloud { --line: #ff5fb4; } }
.cloud canvas { width: 100%; aspect-ratio: 16 / 9; max-height: 75vh; display: block;
  touch-action: none; cursor: grab; background: var(--fill); border-radius: 4px; }
.cloud canvas:active { cursor: grabbing; }
.cloud canvas:focus-visible { outline: 2px solid var(--note); outline-offset: 2px; }
.cloud .bar { display: inline-block; width: 9rem; height: .7rem; border-radius: 2px; }
.cloud .controls { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; align-items: center;
  font-size: .9rem; margin-top: .5rem; }
.cloud fieldset { border: 0; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: .8rem; }
.cloud legend { display: none; }
.cloud label { display: inline-flex; max-width: 100%; gap: .3rem; align-items: center;
  min-height: 1.9rem; }
.cloud select, .cloud button { font: inherit; color: inherit; background: var(--fill);
  border: 1px solid var(--rule); border-radius: 4px; padding: .2rem .6rem; min-width: 0; }
@media (max-width: 40rem) { .cloud canvas { aspect-ratio: 1; } }
.cloud [hidden] { display: none; }
.cloud:not(.ready) .controls, .cloud:not(.ready) canvas { display: none; }
"""
HINT = ('Drag or arrow keys turn; wheel (after a click), two fingers or + and - zoom; with shift, '
        'drag and arrows move; Home is the first view, c that of the camera.')
_COLOURS = (('image', 'image'), ('error', 'relative error'), ('confidence', 'confidence'),
            ('distance', 'distance'))


def cloud_frame(name, depth, camera, image=None, truth=None, line=None, confidence=None,
                points=POINTS):
    """
    Return one frame for ``cloud_html``, or None where no pixel has a depth and a ray.

    :param depth: (H, W) metres, NaN or Inf unknown; truth: the same, or None.
    :param camera: ``camera.Camera`` of this size; image (H, W, 3) uint8 RGB or None.
    :param line: (H, W) metres, 0 none; confidence (H, W) 0..1.
    :param points: at most so many pixels are kept.
    """
    rays = camera.rays()
    visible = np.isfinite(rays).all(-1)
    if truth is None:
        truth = np.full_like(depth, np.nan)
    usable = np.isfinite(depth) & (depth > 0) & visible
    rows, columns, stride = _chosen(usable, usable & np.isfinite(truth) & (truth > 0), points)
    if not len(rows):
        return None
    beams = measured_pixels(np.where(visible, line, 0)) if line is not None else ((), ())
    beams = [part[::max(1, -(-len(part) // BEAMS))] for part in beams]
    picked, beamed = rays[rows, columns], rays[beams[0], beams[1]] if len(beams[0]) else \
        np.zeros((0, 2), np.float32)
    z = depth[rows, columns]
    t = np.where(truth[rows, columns] > 0, truth[rows, columns], np.nan)
    lz = line[beams[0], beams[1]] if len(beams[0]) else np.zeros(0, np.float32)
    far = float(max(values[np.isfinite(values)].max(initial=0) for values in (z, t, lz)))
    limits = [[float(part.min()), float(part.max())] for part in
              np.concatenate([picked, beamed]).T]
    parts = [_levels(picked[:, k], *limits[k]) for k in (0, 1)]
    # A known depth never becomes 0, which says unknown.
    parts += [np.where(np.isfinite(values), np.maximum(_levels(values, 0.0, far), 1), 0)
              for values in (z, t)]
    parts += [_levels(beamed[:, k], *limits[k]) for k in (0, 1)] + [_levels(lz, 0.0, far)]
    data = np.concatenate(parts).astype('<u2').tobytes()
    if image is not None:
        data += np.ascontiguousarray(image[rows, columns]).tobytes()
    if confidence is not None:
        data += (255 * np.clip(confidence[rows, columns], 0, 1)).astype(np.uint8).tobytes()
    return {'name': str(name), 'points': len(rows), 'line': len(lz), 'far': far,
            'shown': min(far, depth_range(t if np.isfinite(t).any() else z, 98)[1]),
            'spacing': stride / camera.fx, 'x_rays': limits[0], 'y_rays': limits[1],
            'image': image is not None, 'truth': bool(np.isfinite(t).any()),
            'confidence': confidence is not None, 'data': base64.b64encode(data).decode()}


def _chosen(usable, known, points):
    """Return rows and columns of a grid of usable pixels, a third of known ones, its stride."""
    dense = known.sum() > 0.5 * usable.sum()
    stride = max(1, int(np.ceil((usable.sum() / (points if dense else points / 1.5)) ** 0.5)))
    grid = np.zeros_like(usable)
    grid[stride // 2::stride, stride // 2::stride] = True
    rows, columns = np.nonzero(grid & usable)
    rows, columns = (part[:points] for part in (rows, columns))
    if not dense and known.any():
        more = np.nonzero(known & ~grid)
        every = max(1, -(-len(more[0]) // max(points - len(rows), 1)))
        rows, columns = (np.concatenate([part, other[::every]])
                         for part, other in zip((rows, columns), more))
    return rows, columns, stride


def _levels(values, low, high):
    """Return numbers between low and high as whole numbers, 0 where they are not known."""
    share = (np.asarray(values, float) - low) / max(high - low, 1e-9)
    return np.nan_to_num(np.round(share * LEVELS)).astype(int)


def add_cloud(page, frames, name='cloud'):
    """
    Put frames of ``cloud_frame`` onto a page, one shown at a time.

    :param page: ``page.Page``; name: of the controls, another one for each cloud of a page.
    """
    page.interactive(cloud_html(frames, name), SCRIPT.read_text(encoding='utf-8'), STYLE)


def cloud_html(frames, name='cloud'):
    """Return the markup of a cloud; the script and the style belong on the page once."""
    given = {'turbo': base64.b64encode(turbo().tobytes()).decode(), 'worst': WORST_ERROR,
             'frames': frames}
    # No text can end the element early: HTML knows no escapes in there, JSON does.
    data = json.dumps(given, allow_nan=False).replace('<', '\\u003c')
    every = {key: all(frame[key] for frame in frames) for key in ('image', 'truth', 'confidence')}
    every.update(error=every['truth'], distance=True)
    colours = [(value, text) for value, text in _COLOURS if every[value]]
    shapes = [('depth', 'prediction')] + [('truth', 'ground truth')] * every['truth']
    options = ''.join(f'<option>{escaped(frame["name"])}</option>' for frame in frames)
    beams = ('<label><input type="checkbox" checked name="line-{0}">measured line</label>'.format(
        escaped(name)) if all(frame['line'] for frame in frames) else '')
    label = 'Point cloud. Arrow keys turn it, plus and minus zoom, Home is the first view.'
    return (
        '<div class="cloud"><noscript>Turning the point cloud needs JavaScript; nothing is '
        f'fetched.</noscript><canvas tabindex="0" role="img" aria-label="{label}"></canvas>'
        '<div class="controls">'
        f'<label>frame <select aria-label="frame">{options}</select></label>'
        f'{_radios("colour", name, colours)}{_radios("shape", name, shapes)}{beams}'
        '<button type="button" class="reset">first view</button>'
        '<button type="button" class="front">camera view</button>'
        '<span class="legend"><span class="low"></span> <span class="bar"></span> '
        '<span class="high"></span><span class="more"></span></span></div>'
        f'<script type="application/json">{data}</script></div>'
        f'<p class="hint">{HINT}</p>')


def _radios(what, name, choices):
    """Return a group of choices, the first one taken."""
    items = ''.join(
        f'<label><input type="radio" name="{what}-{escaped(name)}" value="{value}"'
        f'{"" if number else " checked"}>{escaped(text)}</label>'
        for number, (value, text) in enumerate(choices))
    hidden = ' hidden' if len(choices) == 1 else ''
    return f'<fieldset{hidden}><legend>{what}</legend>{items}</fieldset>'
