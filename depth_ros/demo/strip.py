# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One picture of a whole run: frames over time, and the error and latency of every frame."""
import cv2
from depth_ros.pictures import color_bar, colorize, error_colors, label, overlay
import numpy as np

COLUMN = 230
SIDE = 92
PLOT_HEIGHT, GAP = 130, 4
WORST_ERROR = 0.5
INK, GRID = (30, 30, 30), (215, 215, 215)
ORANGE, BLUE = (214, 90, 20), (30, 90, 190)


def strip(frames, times, errors, latencies, total_s):
    """
    Draw the strip, `(H, W, 3) uint8` RGB.

    :param frames: up to eight (seconds, image, line, depth, truth), see evaluation.pictures.
    :param times: `(N,)` seconds of all frames; errors, latencies: `(N,)` REL and milliseconds,
        NaN where unknown.
    :param total_s: seconds of the recording.
    """
    far = max(float(np.nanpercentile(np.where(np.isfinite(truth), truth, np.nan), 95))
              for _, _, _, _, truth in frames)
    columns = [_column(frame, far) for frame in frames]
    height = columns[0][0].shape[0]
    captions = ['camera and measured line', 'estimated depth', 'ground truth', 'relative error']
    bars = [color_bar(height, far), color_bar(height, far), color_bar(height, far),
            color_bar(height, 100 * WORST_ERROR, '%')]
    # The error's colours run the other way: blue is small.
    bars[3] = _flip_colours(bars[3], height)
    rows = []
    for index, caption in enumerate(captions):
        tiles = [column[index] for column in columns]
        label(tiles[0], caption)
        row = np.hstack([*tiles, _fit(bars[index], height)])
        rows.append(np.vstack([row, np.full((GAP, row.shape[1], 3), 255, np.uint8)]))
    width = rows[0].shape[1]
    header = np.full((26, width, 3), 255, np.uint8)
    for index, (seconds, *_) in enumerate(frames):
        _write(header, f't = {seconds:.1f} s', (index * COLUMN + 6, 18))
    plots = [_plot(width, times, errors, total_s, 'REL per frame', ORANGE),
             _plot(width, times, latencies, total_s, 'latency in ms', BLUE)]
    return np.vstack([header, *rows, *plots])


def _column(frame, far):
    _, image, line, depth, truth = frame
    height = round(image.shape[0] * COLUMN / image.shape[1])
    error = error_colors(depth, truth, WORST_ERROR)
    pictures = [overlay(image, line, far, max(image.shape[1] // 90, 2)), colorize(depth, far),
                _dots(colorize(truth, far), truth), _dots(error, truth)]
    return [cv2.resize(picture, (COLUMN, height), interpolation=cv2.INTER_AREA)
            for picture in pictures]


def _dots(picture, truth):
    """Enlarge the pixels of a ground truth that is not dense, so that they survive shrinking."""
    known = np.isfinite(truth)
    if known.mean() > 0.5:
        return picture
    picture = np.where(known[..., None], picture, 0)
    return cv2.dilate(picture, np.ones((3, 3), np.uint8))


def _flip_colours(bar, height):
    width = max(height // 30, 10)
    bar[:, :width] = bar[::-1, :width]
    return bar


def _fit(bar, height):
    fitted = np.full((height, SIDE, 3), 255, np.uint8)
    width = min(SIDE - 4, bar.shape[1])
    fitted[:, 4:4 + width] = bar[:, :width]
    return fitted


def _plot(width, times, values, total_s, title, colour):
    """Draw one line over time with a scale from 0 to a round number."""
    picture = np.full((PLOT_HEIGHT, width, 3), 255, np.uint8)
    known = np.isfinite(values)
    top = _round_up(float(np.max(values[known])) if known.any() else 1.0)
    left, right, base, crown = 50, width - SIDE, PLOT_HEIGHT - 22, 24
    for share in (0.0, 0.5, 1.0):
        y = int(base - share * (base - crown))
        cv2.line(picture, (left, y), (right, y), GRID, 1)
        _write(picture, f'{share * top:.3g}', (6, y + 4))
    for seconds in np.linspace(0, total_s, 6):
        x = int(left + (right - left) * seconds / max(total_s, 1e-9))
        _write(picture, f'{seconds:.1f} s', (min(x, right - 30), PLOT_HEIGHT - 6))
    xs = left + (right - left) * np.asarray(times)[known] / max(total_s, 1e-9)
    ys = base - (base - crown) * np.asarray(values)[known] / top
    points = np.stack([xs, ys], 1).round().astype(np.int32)
    if len(points):
        cv2.polylines(picture, [points], False, colour, 1, cv2.LINE_AA)
        for x, y in points.tolist():
            cv2.circle(picture, (x, y), 2, colour, -1, cv2.LINE_AA)
    _write(picture, title, (left + 4, 16), colour)
    return picture


def _round_up(value):
    """Return the next of 1, 2, 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value))


def _write(picture, text, place, colour=INK):
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
