# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Teachers: an image in, relative depth out.

A teacher is a file or folder of the user's: the public layout of MonoDepth2 or RT-MonoDepth-S
(encoder.pth and depth.pth), last.ckpt of an own self-supervised run, or an ONNX file.
"""
from __future__ import annotations

from dataclasses import asdict, dataclass
import hashlib
import json
from pathlib import Path
import typing

from depth_ros.contracts import InputError
import numpy as np
import torch
from training.networks.encoders import read_checkpoint
from training.teacher_input import checked

STATES = ('encoder.pth', 'depth.pth')


@typing.runtime_checkable
class Teacher(typing.Protocol):
    """What gives relative depth; `key` says which teacher it is, options included."""

    key: str

    def depth(self, image) -> np.ndarray:
        """Give (H, W) float32, positive, up to scale, of an image (H, W, 3) uint8 RGB."""


@dataclass(frozen=True)
class Layout:
    """
    What an ONNX file of others does not say of itself.

    :param kind: 'depth' or 'disparity' (inverse depth: MiDaS, Depth Anything).
    :param takes: what an input of floats is: 'imagenet', 'symmetric', 'unit' or 'bytes', see
        `teacher_input.INPUTS`; None takes what the graph tells, else it is an error.
    :param output: name, where the file has several.
    :param size: (height, width) to run at, where the file leaves it free; None keeps the image's
        aspect with 518 pixels on the longer side, in multiples of 14.
    :param mean, std: of RGB in 0..1, where `takes` has no name for it.
    """

    kind: str | None = None
    output: str | None = None
    size: tuple[int, int] | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    takes: str | None = None


def file_key(files, options=None) -> str:
    """Return the SHA-256 of files' contents and of options that change what comes out."""
    total = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for file in files:
        total.update(hashlib.sha256(Path(file).read_bytes()).digest())
    return total.hexdigest()


class TorchTeacher:
    """A network of `training.networks`, run at the size it was trained for."""

    def __init__(self, network, key: str, device: str = 'cpu'):
        """Wrap a network with `height`, `width`: (N, 3, height, width) in 0..1 to depth."""
        from training.teachers import AtAnySize
        self.key, self.device = key, device
        self.network = AtAnySize(network).eval().requires_grad_(False).to(device)

    @torch.no_grad()
    def depth(self, image) -> np.ndarray:
        """Give (H, W) float32 up to scale of (H, W, 3) uint8."""
        batch = torch.from_numpy(np.ascontiguousarray(image))[None].to(self.device)
        return checked(self.network(batch)[0].cpu().numpy(), 'the teacher')


def _load_folder(folder):
    from training.networks.monodepth2 import MonoDepth2
    from training.teachers import RTMonoDepthS
    missing = [name for name in STATES if not (folder / name).is_file()]
    if missing:
        raise InputError(f'{folder} lacks {" and ".join(missing)}: a teacher is a folder with '
                         'encoder.pth and depth.pth, a last.ckpt, or an ONNX file')
    keys = read_checkpoint(folder / STATES[0])
    own = 'convs.0.0.weight' in keys
    return (RTMonoDepthS if own else MonoDepth2).load(folder), [folder / name for name in STATES]


def open_teacher(path, layout: Layout | None = None, device: str = 'cpu') -> Teacher:
    """
    Open a teacher.

    :param layout: of an ONNX file.
    :raises InputError: it is missing, damaged, or of an unknown kind; says what would do.
    """
    path = Path(path)
    if path.is_dir():
        network, files = _load_folder(path)
        return TorchTeacher(network, file_key(files), device)
    if not path.is_file():
        raise InputError(f'no teacher at {path}: name a folder with encoder.pth and depth.pth, '
                         'the last.ckpt of a self-supervised run, or an ONNX file')
    if path.suffix == '.onnx':
        from training.teacher_onnx import OnnxTeacher
        layout = layout or Layout()
        return OnnxTeacher(path, layout, file_key([path], asdict(layout)))
    from training.methods.self_supervised import trained_network
    return TorchTeacher(trained_network(path), file_key([path]), device)
