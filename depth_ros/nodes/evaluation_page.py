# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The page of the evaluation node: what it shows of the topics, and how it is written."""
from pathlib import Path

from depth_ros import messages
from depth_ros.contracts import InputError, NANOSECONDS
from depth_ros.evaluation.companions import Companions
from depth_ros.evaluation.evidence import Evidence, View
from depth_ros.evaluation.report import write_page

NAME = 'depth/image'
IMAGE, CONFIDENCE = 'image', 'depth/confidence'


class EvaluationPage:
    """Collects compared frames with their image and confidence, where these are published."""

    def __init__(self, min_depth):
        """Begin without frames; min_depth: nearest ground truth in metres that counts."""
        self.evidence = Evidence(NAME, min_depth)
        self._companions = Companions((IMAGE, CONFIDENCE))

    def companion(self, topic, msg, info):
        """Take a message of ``IMAGE`` or ``CONFIDENCE``; info: the newest CameraInfo or None."""
        self._show(self._companions.add(topic, messages.stamp_ns(msg.header), msg), info)

    def compared(self, stamp, depth, truth, metrics, info):
        """Take a compared frame, (H, W) metres each, and its errors."""
        self._show(self._companions.frame(stamp, (depth, truth, metrics)), info)

    def write(self, path, report, info):
        """
        Write the page, making its folder.

        :raises InputError: it cannot be written.
        """
        self._show(self._companions.finish(), info)
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f'cannot make the folder {path.parent}: {error.strerror}') from error
        write_page(path, report, self.evidence)

    def _show(self, ready, info):
        for stamp, (depth, truth, metrics), found in ready:
            self.evidence.add(View(
                f'{stamp / NANOSECONDS:.3f} s', depth, truth,
                _fitting(found.get(IMAGE), messages.image_to_rgb, depth.shape),
                confidence=_fitting(found.get(CONFIDENCE), messages.image_array, depth.shape),
                camera=_camera(info, depth.shape)), metrics)


def _fitting(msg, convert, shape):
    """Return the pixels of a message, None where they are no companion of this depth."""
    if msg is None:
        return None
    try:
        pixels = convert(msg)
    except InputError:
        return None
    return pixels if pixels.shape[:2] == shape else None


def _camera(info, shape):
    if info is None or (info.height, info.width) != shape:
        return None
    try:
        return messages.camera_from_info(info)
    except InputError:
        return None
