# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a teacher says, kept on disk: a teacher is dear, and the same in every epoch."""
from __future__ import annotations

import hashlib
import os
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

FORMAT = 2  # raise when what is stored changes
FOLDER = 16  # digits of the teacher's key in the folder's name


def image_key(image) -> str:
    """Return the SHA-256 of an image's shape and pixels."""
    total = hashlib.sha256(repr((image.shape, str(image.dtype))).encode())
    total.update(np.ascontiguousarray(image))
    return total.hexdigest()


class CachedTeacher:
    """
    A teacher whose answers are files FOLDER/<teacher>/<image>.npz.

    Kept are the median of depth and depth over it in 16-bit floats (0.05 % of depth): the scale
    from image to image is the teacher's. `runs` counts how often the teacher itself was asked.
    Several processes may share a folder.
    """

    def __init__(self, teacher, folder):
        """Keep answers of `teacher` under `folder`; both teacher and options are in its key."""
        self.teacher, self.key, self.runs = teacher, teacher.key, 0
        self.folder = Path(folder) / f'{self.key[:FOLDER]}-{FORMAT}'

    def depth(self, image) -> np.ndarray:
        """Give (H, W) float32 of (H, W, 3) uint8, in the teacher's unit."""
        path = self.folder / f'{image_key(image)}.npz'
        kept = _read(path, image.shape[:2])
        if kept is None:
            depth = self.teacher.depth(image)
            self.runs += 1
            median = np.float32(np.median(depth))
            kept = np.clip(depth / median, 1e-4, 6e4).astype(np.float16), median
            _write(path, *kept)
        return kept[0].astype(np.float32) * kept[1]


def _read(path, shape):
    """Return what is stored, relative depth and its median, or None where it is not whole."""
    try:
        with np.load(path, allow_pickle=False) as file:
            kept, median = file['relative'], file['median']
    except (OSError, ValueError, EOFError, KeyError, BadZipFile):
        return None
    whole = (kept.shape == tuple(shape) and kept.dtype == np.float16
             and median.shape == () and median.dtype == np.float32)
    return (kept, median) if whole and np.isfinite(kept).all() and median > 0 else None


def _write(path, relative, median):
    # Under another name first: a killed run must not leave half a file.
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    with part.open('wb') as file:
        np.savez(file, relative=relative, median=median)
    os.replace(part, path)
