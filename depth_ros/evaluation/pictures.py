# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pictures of depth maps that a person understands at a glance (OpenCV, no display needed)."""
import cv2
import numpy as np

FONT = cv2.FONT_HERSHEY_SIMPLEX
UNKNOWN = (40, 40, 40)
PANEL_WIDTH = 640
ERROR_LIMIT = 0.5
_BAR_WIDTH, _LABEL_WIDTH, _TITLE_HEIGHT = 14, 62, 22


def depth_limits(*depths):
    """Return (near, far) metres for colours: the 2nd and 98th percentile of known depths."""
    known = np.concatenate([depth[np.isfinite(depth) & (depth > 0)] for depth in depths])
    if not known.size:
        return 1.0, 10.0
    near, far = np.percentile(known, (2, 98))
    return float(near), float(max(far, near * 1.2))


def colorize(depth, near, far):
    """
    Colour depth (H, W) metres as (H, W, 3) uint8 RGB: red near, blue far, logarithmic.

    Unknown pixels (NaN) are dark grey; pixels beyond range (+Inf) take the far colour.
    """
    known = depth > 0
    position = np.zeros(depth.shape, np.float32)
    position[known] = np.log(depth[known] / near) / np.log(far / near)
    return _turbo(1.0 - position, known)


def colorize_error(prediction, target, limit=ERROR_LIMIT):
    """Colour the relative error |prediction - target| / target: blue 0, red ``limit``."""
    known = np.isfinite(prediction) & np.isfinite(target) & (target > 0)
    error = np.zeros(target.shape, np.float32)
    error[known] = np.abs(prediction[known] - target[known]) / target[known] / limit
    return _turbo(error, known)


def draw_line(image, sparse, near, far):
    """Draw the measured line (H, W), 0 none, as coloured dots on a copy of the image."""
    colours = colorize(np.where(sparse > 0, sparse, np.nan), near, far)
    return _enlarged_dots(colours, sparse > 0, image)


def panel(title, image, line, prediction, target):
    """
    Return one (H, W, 3) uint8 RGB picture: image with line, prediction, truth and error.

    image (H, W, 3) uint8 RGB; line (H, W) metres, 0 none; prediction, target (H, W) metres,
    NaN unknown. Depths share one colour scale, drawn beside them.
    """
    near, far = depth_limits(target, line)
    backdrop = np.full(image.shape, UNKNOWN, np.uint8)
    known = np.isfinite(target)
    truth = colorize(target, near, far)
    error = colorize_error(prediction, target)
    if known.mean() < 0.5:
        truth = _enlarged_dots(truth, known, backdrop)
        error = _enlarged_dots(error, known & np.isfinite(prediction), backdrop)
    depth_bar = [f'{value:.3g} m' for value in np.geomspace(near, far, 5)]
    error_bar = [f'{100 * value:.0f} %' for value in np.linspace(ERROR_LIMIT, 0, 5)]
    tiles = [
        _tile(f'{title}: image and measured line', draw_line(image, line, near, far), depth_bar),
        _tile('predicted depth', colorize(prediction, near, far), depth_bar),
        _tile('ground truth', truth, depth_bar),
        _tile('relative error', error, error_bar),
    ]
    if image.shape[1] > 2 * image.shape[0]:
        return np.vstack(tiles)
    return np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])])


def save(path, picture):
    """Write an RGB picture as PNG, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def _turbo(position, known):
    levels = (np.clip(position, 0.0, 1.0) * 255.0).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    colours[~known] = UNKNOWN
    return colours


def _enlarged_dots(colours, known, backdrop):
    """Draw known pixels as blocks, so that single pixels survive shrinking."""
    reach = max(1, round(colours.shape[1] / PANEL_WIDTH))
    result = backdrop.copy()
    rows, columns = np.nonzero(known)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            row = np.clip(rows + down, 0, known.shape[0] - 1)
            column = np.clip(columns + right, 0, known.shape[1] - 1)
            result[row, column] = colours[rows, columns]
    return result


def _tile(title, picture, labels):
    """Add a title above and a colour bar with labels (top to bottom) at the right."""
    height = round(picture.shape[0] * PANEL_WIDTH / picture.shape[1])
    shrinks = picture.shape[1] > PANEL_WIDTH
    body = cv2.resize(picture, (PANEL_WIDTH, height),
                      interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST)
    levels = np.linspace(255, 0, height).astype(np.uint8)[:, None]
    bar = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    side = np.full((height, _BAR_WIDTH + _LABEL_WIDTH, 3), 255, np.uint8)
    side[:, 4:_BAR_WIDTH] = bar
    for index, label in enumerate(labels):
        row = 10 + index * (height - 14) // (len(labels) - 1)
        cv2.putText(side, label, (_BAR_WIDTH + 4, row), FONT, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    top = np.full((_TITLE_HEIGHT, PANEL_WIDTH + side.shape[1], 3), 255, np.uint8)
    cv2.putText(top, title, (4, 15), FONT, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([top, np.hstack([body, side])])
