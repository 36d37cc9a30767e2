# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a teacher says, kept on disk: a teacher is dear, and the same in every epoch."""
from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

FORMAT = 1  # raise when what is stored changes
FOLDER = 16  # digits of the teacher's key in the folder's name


def image_key(image) -> str:
    """Return the SHA-256 of an image's shape and pixels."""
    total = hashlib.sha256(repr((image.shape, str(image.dtype))).encode())
    total.update(np.ascontiguousarray(image))
    return total.hexdigest()


class CachedTeacher:
    """
    A teacher whose answers are files FOLDER/<teacher>/<image>.npy.

    Kept is depth over its median in 16-bit floats (0.05 % of depth). `runs` counts how often the
    teacher itself was asked. Several processes may share a folder.
    """

    def __init__(self, teacher, folder):
        """Keep answers of `teacher` under `folder`; both teacher and options are in its key."""
        self.teacher, self.key, self.runs = teacher, teacher.key, 0
        self.folder = Path(folder) / f'{self.key[:FOLDER]}-{FORMAT}'

    def depth(self, image) -> np.ndarray:
        """Give (H, W) float32, median 1, of (H, W, 3) uint8."""
        path = self.folder / f'{image_key(image)}.npy'
        kept = _read(path, image.shape[:2])
        if kept is None:
            depth = self.teacher.depth(image)
            self.runs += 1
            kept = np.clip(depth / np.median(depth), 1e-4, 6e4).astype(np.float16)
            _write(path, kept)
        return kept.astype(np.float32)


def _read(path, shape):
    """Return the stored array, or None where there is none that is whole."""
    try:
        kept = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    whole = kept.shape == tuple(shape) and kept.dtype == np.float16
    return kept if whole and np.isfinite(kept).all() else None


def _write(path, values):
    # Under another name first: a killed run must not leave half a file.
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    with part.open('wb') as file:
        np.save(file, values)
    os.replace(part, path)
