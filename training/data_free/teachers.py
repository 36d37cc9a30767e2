# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Teachers of others: an ONNX file that takes an image and gives depth, and nothing else."""
from __future__ import annotations

import numpy as np
import torch
from training.networks.blocks import resize
from training.pictures import to_rgb
from training.teacher_depth import Layout, open_teacher


class Foreign:
    """Answers for batches of normalised images, one by one; it has no gradients or features."""

    def __init__(self, teacher, unit: float = 1.0):
        """Wrap what has `raw(image)`, in units of so many metres."""
        self.teacher, self.unit = teacher, unit

    @torch.no_grad()
    def answer(self, image, size):
        """Give (N, 1, *size) metres of (N, 3, H, W) normalised images, with 8 bits per colour."""
        depth = self.unit * np.stack([self.teacher.raw(to_rgb(one)) for one in image])
        return resize(torch.from_numpy(depth)[:, None].to(image.device, image.dtype), size)


def read_foreign(path, takes: str | None = None, unit: float = 1.0) -> Foreign:
    """
    Open an ONNX file whose output is depth.

    :param takes: see `teacher_depth.Layout`; unit: of the output, in metres.
    :raises InputError: it is missing, or of another kind; says what would do.
    """
    return Foreign(open_teacher(path, Layout(kind='depth', takes=takes)), unit)
