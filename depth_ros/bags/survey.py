# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A sample of a recording's frames: where the beams fall, how it moves, how bright it is."""
import cv2
from depth_ros.bags.calibration import Agreement
from depth_ros.contracts import NANOSECONDS
from depth_ros.datasets.bag import image_of, line_of, Reader, wrong_size
from depth_ros.lidar import sparse_depth, transform
from depth_ros.messages import stamp_ns
from depth_ros.pictures import overlay
import numpy as np
from tqdm import tqdm

# Motion is looked at between images at least so far apart.
STEP_NS = 90_000_000
# Images are shrunk to this width before they are looked at.
WIDTH = 480
# Displacement, as a share of the image width, below which the robot stands still.
STANDING = 0.0008
DARK, BRIGHT, BLURRED = 25, 250, 15.0


def survey(state, count, pictures):
    """
    Look at ``count`` evenly spread frames of a recording (the state of ``check``).

    Returns a dictionary of the sections line, motion, exposure, calibration and pictures.
    """
    chosen = _spread(state.frames, count)
    shown = {id(frame) for frame in _spread(chosen, pictures)} if pictures else set()
    truth = state.parts.truth is not None
    reader = Reader(state.path, state.parts, state.tree, state.options)
    beams, motion, light, agreement = _Beams(), _Motion(), _Light(), Agreement(state.camera)
    kept = []
    for frame, messages, later in tqdm(_read(state, chosen), total=len(chosen), unit='frame',
                                       desc='frames', disable=None, leave=False):
        image = image_of(state.parts, messages)
        if image.shape[:2] != (state.camera.height, state.camera.width):
            raise wrong_size(state.parts, image, state.camera)
        points, name = line_of(state.parts, messages, state.options)
        placed = transform(points, reader.pose(name))
        sparse = sparse_depth(placed, state.camera)
        beams.add(messages[state.line.name], points, placed, state.camera)
        light.add(image)
        if later is not None:
            motion.add(image, later)
        agreement.add(image, points, placed, reader.truth(
            messages, points, name, image.shape[:2]) if truth else None)
        if id(frame) in shown:
            since = frame[state.parts.image.name] - min(state.parts.image.stamps)
            kept.append((f'{since / NANOSECONDS:.1f} s',
                         overlay(image, sparse, far=_far(sparse))))
    return {'line': beams.result(state.camera), 'motion': motion.result(),
            'exposure': light.result(), 'calibration': agreement.result(),
            'pictures': tuple(kept)}


def _far(sparse):
    """Return the metres of the far colour: a single far beam must not set it."""
    measured = sparse[sparse > 0]
    return float(np.percentile(measured, 95)) if len(measured) else 0.0


def _spread(items, count):
    if len(items) <= count:
        return list(items)
    return [items[int((index + 0.5) * len(items) / count)] for index in range(count)]


def _read(state, frames):
    """Yield (frame, {topic: message}, a later image or None) of each frame."""
    image = state.parts.image
    stamps = np.array(sorted(image.stamps))
    wanted = []
    for frame in frames:
        at = np.searchsorted(stamps, frame[image.name] + STEP_NS)
        wanted.append((frame, int(stamps[at]) if at < len(stamps) else None))
    topics = {topic.name: topic for topic in vars(state.parts).values() if topic}
    # Without an index the file is read once; with one, only around each frame.
    groups = [wanted] if state.bag.damage else [[one] for one in wanted]
    for group in groups:
        yield from _read_group(state, group, topics, image.name)


def _read_group(state, group, topics, image):
    needed = {}
    for frame, later in group:
        for key in _keys(frame, later, image):
            needed[key] = needed.get(key, 0) + 1
    start = min(topics[name].recorded[stamp] for name, stamp in needed)
    held, group = {}, list(group)
    for topic, _, msg in state.bag.messages(sorted({name for name, _ in needed}), start):
        key = topic, stamp_ns(msg.header)
        if key in needed:
            held[key] = msg
        while group and all(key in held for key in _keys(*group[0], image)):
            frame, later = group.pop(0)
            yield (frame, {name: held[name, stamp] for name, stamp in frame.items()},
                   None if later is None else image_of(state.parts, {image: held[image, later]}))
            for key in _keys(frame, later, image):
                needed[key] -= 1
                if not needed[key]:
                    del held[key]
        if not group:
            return


def _keys(frame, later, image):
    return [*frame.items(), *([] if later is None else [(image, later)])]


class _Beams:
    """Counts beams, and those that fall into the image."""

    def __init__(self):
        self.total = self.valid = self.frames = self.overlapping = 0
        self.inside, self.rows, self.misses = [], [], []

    def add(self, message, points, placed, camera):
        self.frames += 1
        self.total += (len(message.ranges) if hasattr(message, 'ranges') else len(points))
        self.valid += len(points)
        pixels, z = camera.project(placed)
        with np.errstate(invalid='ignore'):
            x, y = pixels.T
            inside = ((x >= -0.5) & (x < camera.width - 0.5)
                      & (y >= -0.5) & (y < camera.height - 0.5))
            left, right = x < -0.5, x >= camera.width - 0.5
            beside = ~inside & ~left & ~right
            self.misses.append([mask.sum() for mask in (
                ~(z > 0), left, right, beside & (y < camera.cy), beside & (y > camera.cy))])
        self.inside.append(int(inside.sum()))
        self.rows.append(y[inside])
        self.overlapping += inside.sum() >= 5

    def result(self, camera):
        rows = np.concatenate(self.rows) if self.rows else np.zeros(0)
        low, middle, high = np.percentile(rows, (5, 50, 95)) if len(rows) else (None,) * 3
        misses = np.sum(self.misses, axis=0, dtype=float)
        names = ('behind', 'left', 'right', 'above', 'below')
        return {
            'frames': self.frames,
            'beams_in_image': float(np.median(self.inside)) if self.inside else 0.0,
            'row_p05': _number(low), 'row_median': _number(middle), 'row_p95': _number(high),
            'image_height': camera.height,
            'invalid_share': 1 - self.valid / self.total if self.total else 1.0,
            'overlap_share': float(self.overlapping / self.frames) if self.frames else 0.0,
            'misses': dict(zip(names, (misses / max(self.valid, 1)).tolist()))}


class _Motion:
    """Follows corners from an image to a later one."""

    def __init__(self):
        self.moved = []

    def add(self, image, later):
        before, after = _small(image), _small(later)
        corners = cv2.goodFeaturesToTrack(before, 150, 0.02, 8)
        if corners is None or len(corners) < 8 or before.shape != after.shape:
            return
        found, status, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, None,
                                                    winSize=(21, 21), maxLevel=3)
        moved = np.linalg.norm(found - corners, axis=2)[status.ravel() == 1]
        if len(moved) >= 8:
            self.moved.append(float(np.median(moved)) / before.shape[1] * image.shape[1])
            self.width = image.shape[1]

    def result(self):
        if not self.moved:
            return {'displacement_px': None, 'standing_share': None, 'between_s': STEP_NS / 1e9}
        return {'displacement_px': float(np.median(self.moved)), 'between_s': STEP_NS / 1e9,
                'standing_share': float(np.mean(np.array(self.moved) < STANDING * self.width))}


class _Light:
    """Judges brightness and fine detail."""

    def __init__(self):
        self.brightness, self.bright, self.detail = [], [], []

    def add(self, image):
        small = _small(image)
        self.brightness.append(float(np.median(small)))
        self.bright.append(float((small >= BRIGHT).mean()))
        self.detail.append(float(cv2.Laplacian(small, cv2.CV_32F).var()))

    def result(self):
        return {'brightness': float(np.median(self.brightness)),
                'dark_share': float(np.mean(np.array(self.brightness) < DARK)),
                'bright_share': float(np.mean(np.array(self.bright) > 0.25)),
                'detail': float(np.median(self.detail)),
                'blurred_share': float(np.mean(np.array(self.detail) < BLURRED))}


def _small(image):
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if grey.shape[1] <= WIDTH:
        return grey
    return cv2.resize(grey, (WIDTH, round(grey.shape[0] * WIDTH / grey.shape[1])),
                      interpolation=cv2.INTER_AREA)


def _number(value):
    return None if value is None else float(value)
