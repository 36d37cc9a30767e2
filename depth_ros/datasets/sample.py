# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What every data set hands out: samples, and the options that shape them."""
from collections.abc import Callable
from dataclasses import dataclass

from depth_ros.camera import Camera
from depth_ros.contracts import InputError
import numpy as np

# How files begin, and what their last bytes hold; cameras write some of their own behind.
_ENDS, _TAIL = {b'\xff\xd8\xff': b'\xff\xd9', b'\x89PNG': b'IEND'}, 1 << 16


@dataclass(frozen=True)
class Sample:
    """
    One frame with its measured line and its ground truth.

    image (H, W, 3) uint8 RGB; depth (H, W) float32 metres, NaN unknown, without the pixels of
    the line; sparse (H, W) float32 metres, 0 none: the line.
    """

    name: str
    image: np.ndarray
    depth: np.ndarray
    sparse: np.ndarray
    camera: Camera


@dataclass(frozen=True)
class Options:
    """
    How the line is chosen and, for bags, which topics are read.

    elevation: degrees of the ring taken as the line (data with a full scan); row: the image row
    as a fraction of the height (RGB-D data); None takes the data set's default. noise: standard
    deviation in metres added to the line. camera: replaces the data set's intrinsics. Topics:
    None finds the topic by its type. unlabelled: a recording without ground truth will do.
    extrinsics: numbers of ``poses.pose_from``: pose of the line's LiDAR in the camera optical
    frame; they replace the recorded transform.
    """

    elevation: float | None = None
    row: float | None = None
    noise: float = 0.0
    seed: int = 0
    camera: Camera | None = None
    image_topic: str | None = None
    camera_info_topic: str | None = None
    scan_topic: str | None = None
    cloud_topic: str | None = None
    depth_topic: str | None = None
    unlabelled: bool = False
    extrinsics: tuple | None = None


@dataclass(frozen=True)
class Dataset:
    """
    Named frames; ``read(indices)`` yields a ``Sample`` per index, in the order given.

    truth: False where every sample's depth is unknown (images and their line alone). missing:
    files without which frames had to be left out.
    """

    names: tuple
    line: str
    read: Callable
    truth: bool = True
    missing: tuple = ()

    def __len__(self):
        """Return the number of frames."""
        return len(self.names)

    def samples(self, limit=None):
        """Yield all samples, or at most ``limit`` spread evenly over the data set."""
        return self.read(self.spread(limit))

    def spread(self, limit=None):
        """Return the indices of at most ``limit`` evenly spread frames, ascending."""
        count = len(self)
        if limit is None or limit >= count:
            return list(range(count))
        if limit < 1:
            raise InputError(f'limit must be at least 1 frame, not {limit}')
        return [int((index + 0.5) * count / limit) for index in range(limit)]

    def subset(self, indices):
        """Return the data set of these frames only, in this order."""
        indices = list(indices)
        return Dataset(tuple(self.names[index] for index in indices), self.line,
                       lambda wanted: self.read([indices[index] for index in wanted]))


def from_files(names, line, read_one, missing=()):
    """Return a ``Dataset`` over files: ``read_one(index)`` loads one sample."""
    return Dataset(tuple(names), line, lambda indices: map(read_one, indices),
                   missing=tuple(missing))


def whole_frames(frames, files):
    """
    Split frames into a list of those whose files are all there, and the files that are not.

    files(frame): the paths that a frame needs.
    """
    whole, missing = [], []
    for frame in frames:
        absent = [file for file in files(frame) if not file.is_file()]
        missing += absent
        if not absent:
            whole.append(frame)
    return whole, missing


def require_frames(frames, path, dataset, layout):
    """Raise the one error that names the expected layout when nothing was found."""
    if not frames:
        missing = 'holds no frame of' if path.exists() else 'does not exist; expected'
        raise InputError(f'{path} {missing} data set {dataset!r}. Expected layout: {layout}')
    return frames


def read_image(path):
    """Read an image file as (H, W, 3) uint8 RGB; one that was cut off is an InputError."""
    import cv2
    image = cv2.imread(str(path), cv2.IMREAD_COLOR) if _ends(path) else None
    if image is None:
        raise InputError(f'{path} cannot be read as an image: is it there and complete?')
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _ends(path):
    """Whether a JPEG or PNG has its end: a decoder makes grey of what is missing."""
    try:
        with open(path, 'rb') as file:
            head = file.read(8)
            size = file.seek(0, 2)
            file.seek(max(size - _TAIL, 0))
            tail = file.read(_TAIL)
    except (OSError, ValueError):
        return False
    return next((mark in tail for begin, mark in _ENDS.items() if head.startswith(begin)), True)
