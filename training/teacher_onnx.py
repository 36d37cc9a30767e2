# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Any ONNX file with one image in and a map of relative depth or disparity out, as a teacher."""
from __future__ import annotations

from depth_ros.contracts import InputError
import numpy as np
import torch
from torch.nn import functional
from training.datasets.geometry import resize_image
from training.teacher_input import checked, normalisation

LONGEST, MULTIPLE = 518, 14  # pixels, of a file that leaves the size free
# Disparity below this part of its largest value counts as that: nothing is farther than so.
FARTHEST = 0.01
KINDS = ('depth', 'disparity')


class OnnxTeacher:
    """
    A session, and what was found out about its input and output.

    The input is float (1, 3, h, w), normalised as `teacher_input` finds or is told, or uint8
    (1, h, w, 3) as in our model contract. A file of that contract says itself that it gives
    depth; of others the layout must say.
    """

    def __init__(self, path, layout, key: str):
        """Open the file; an InputError says what does not fit."""
        import onnxruntime
        self.path, self.layout, self.key = path, layout, key
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            self.session = onnxruntime.InferenceSession(
                str(path), options, ['CPUExecutionProvider'])
        except Exception as error:
            raise InputError(f'{path} cannot be read as an ONNX model ({_first_line(error)}): is '
                             'the file complete?') from error
        self.planar, self.size = self._input()
        self.output, self.kind = self._output(), self._kind()
        self.mean, self.std = (None, None) if self.bytes else normalisation(path, layout)

    def _input(self):
        inputs = self.session.get_inputs()
        shapes = ', '.join(f'{i.name} {i.type} {i.shape}' for i in inputs)
        wrong = InputError(f'{self.path} takes {shapes}: a teacher takes one image, float '
                           '(1, 3, h, w) or uint8 (1, h, w, 3)')
        if len(inputs) != 1 or len(inputs[0].shape or ()) != 4:
            raise wrong
        kind, shape = inputs[0].type, inputs[0].shape
        self.bytes = kind == 'tensor(uint8)'
        self.number = {'tensor(float)': np.float32, 'tensor(float16)': np.float16}.get(kind)
        if not self.bytes and self.number is None:
            raise wrong
        # Where no axis says 3, floats are taken to be planar and bytes to be interleaved.
        if shape[1] == 3 or shape[3] != 3 and not self.bytes and not isinstance(shape[1], int):
            planar, sizes = True, shape[2:]
        elif shape[3] == 3 or self.bytes and not isinstance(shape[3], int):
            planar, sizes = False, shape[1:3]
        else:
            raise wrong
        # Names stand where a size is free.
        fixed = tuple(sizes) if all(isinstance(s, int) and s > 0 for s in sizes) else None
        if fixed and self.layout.size and tuple(self.layout.size) != fixed:
            raise InputError(f'{self.path} runs at {fixed} (height, width) only, not at '
                             f'{tuple(self.layout.size)}: leave `size` out')
        return planar, fixed

    def _output(self):
        names = [output.name for output in self.session.get_outputs()]
        wanted = self.layout.output or ('depth' if 'depth' in names else None)
        if wanted is None and len(names) == 1:
            wanted = names[0]
        if wanted not in names:
            raise InputError(f'{self.path} gives {", ".join(names)}: say with `output` which of '
                             'these is the map')
        return wanted

    def _kind(self):
        own = 'depth_ros.contract' in self.session.get_modelmeta().custom_metadata_map
        kind = self.layout.kind or ('depth' if own else None)
        if kind not in KINDS:
            raise InputError(f'{self.path} does not say whether it gives depth or disparity: set '
                             '`kind` (--teacher-kind) to one of depth, disparity (MiDaS and Depth '
                             'Anything give disparity)')
        return kind

    def run_size(self, height, width):
        """Return the (height, width) at which an image of a size is run."""
        if self.size or self.layout.size:
            return self.size or tuple(self.layout.size)
        if not self.planar:
            return height, width
        scale = LONGEST / max(height, width)
        return tuple(max(MULTIPLE, MULTIPLE * round(x * scale / MULTIPLE))
                     for x in (height, width))

    def depth(self, image) -> np.ndarray:
        """Give (H, W) float32 up to scale of (H, W, 3) uint8; an InputError where not."""
        return checked(self.raw(image), str(self.path))

    def raw(self, image) -> np.ndarray:
        """Give what the file says, (H, W) float32, of (H, W, 3) uint8."""
        height, width = image.shape[:2]
        pixels = resize_image(image, *self.run_size(height, width))
        if not self.bytes:
            pixels = ((pixels / 255.0 - self.mean) / self.std).astype(self.number)
        if self.planar:
            pixels = pixels.transpose(2, 0, 1)
        feed = {self.session.get_inputs()[0].name: np.ascontiguousarray(pixels)[None]}
        try:
            values, = self.session.run([self.output], feed)
        except Exception as error:
            raise InputError(f'{self.path} fails on an image of {pixels.shape} '
                             f'({_first_line(error)}): give the size it is made for as `size` '
                             '[height, width]') from error
        values = np.asarray(values, np.float32)
        values = values.reshape([n for n in values.shape if n != 1])
        if values.ndim != 2:
            raise InputError(f'{self.path} gives {self.output} of shape {values.shape}, not one '
                             'map (height, width): name another `output`')
        if self.kind == 'disparity':
            with np.errstate(divide='ignore', invalid='ignore'):
                values = 1.0 / np.maximum(values, FARTHEST * values.max())
        return _resized(values, height, width)


def _resized(values, height, width):
    planes = torch.from_numpy(np.ascontiguousarray(values))[None, None]
    return functional.interpolate(planes, (height, width), mode='bilinear')[0, 0].numpy()


def _first_line(error):
    return str(error).strip().splitlines()[0][:160]
