# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Fresh views of rendered frames: crops, flips, squeezed pixels, exposure, noise, compression."""
from __future__ import annotations

import math

import torch
import torch.nn.functional as functional


def _rand(generator, shape, low, high, device):
    return low + (high - low) * torch.rand(shape, generator=generator, device=device)


def reframe(image, maps, k, size, generator=None):
    """
    Crop, flip and resize every frame its own way, with pixels up to 1.3 times wider than high.

    :param image: (B, 3, h, w) float; maps: (B, M, h, w), depth and the like; k: (B, 4); size:
        (H, W) wanted.
    :returns: image (B, 3, H, W), maps (B, M, H, W) by the nearest pixel, k (B, 4) of the new
        frames, and flip (B): -1 where left and right were exchanged, else 1.
    """
    batch, _, height, width = image.shape
    device = image.device
    stretch = torch.exp(_rand(generator, batch, -0.22, 0.22, device))
    # The largest window of the drawn shape that fits, then a random share of it.
    aspect = size[1] / size[0] * stretch
    tall = torch.minimum(torch.full_like(aspect, height), width / aspect)
    tall = tall * _rand(generator, batch, 0.72, 1.0, device)
    wide = tall * aspect
    top = torch.rand(batch, generator=generator, device=device) * (height - tall)
    left = torch.rand(batch, generator=generator, device=device) * (width - wide)
    flip = torch.where(torch.rand(batch, generator=generator, device=device) < 0.5, -1.0, 1.0)
    v = (torch.arange(size[0], device=device) + 0.5) / size[0]
    u = (torch.arange(size[1], device=device) + 0.5) / size[1]
    u = torch.where(flip[:, None] > 0, u[None], 1 - u[None])
    rows = (top[:, None] + v[None] * tall[:, None]) / height * 2 - 1
    columns = (left[:, None] + u * wide[:, None]) / width * 2 - 1
    grid = torch.stack([columns[:, None].expand(-1, size[0], -1),
                        rows[:, :, None].expand(-1, -1, size[1])], dim=-1)
    image = functional.grid_sample(image, grid, mode='bilinear', padding_mode='border',
                                   align_corners=False)
    maps = functional.grid_sample(maps, grid, mode='nearest', padding_mode='border',
                                  align_corners=False)
    sx, sy = size[1] / wide, size[0] / tall
    cx = (k[:, 2] + 0.5 - left) * sx - 0.5
    cx = torch.where(flip > 0, cx, size[1] - 1 - cx)
    cy = (k[:, 3] + 0.5 - top) * sy - 0.5
    return image, maps, torch.stack([k[:, 0] * sx, k[:, 1] * sy, cx, cy], dim=1), flip


def _cosines(device):
    """Make the 8 x 8 discrete cosine transform."""
    n = torch.arange(8, device=device, dtype=torch.float32)
    basis = torch.cos(math.pi * (n[None] + 0.5) * n[:, None] / 8) * 0.5
    basis[0] = basis[0] / math.sqrt(2)
    return basis


def compress(image, strength):
    """Quantise 8 x 8 cosine blocks like JPEG; image (B, 3, H, W) in 0..1, strength (B)."""
    batch, channels, height, width = image.shape
    basis = _cosines(image.device)
    blocks = image.reshape(batch, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
    coefficients = basis @ blocks @ basis.T
    n = torch.arange(8, device=image.device)
    step = (1 + n[:, None] + n[None]) * strength[:, None, None, None, None, None]
    coefficients = torch.where(step > 1e-4, (coefficients / step.clamp(min=1e-4)).round() * step,
                               coefficients)
    blocks = basis.T @ coefficients @ basis
    return blocks.transpose(3, 4).reshape(batch, channels, height, width)


def _soften(image, amount):
    """Blur by a 3 x 3 binomial mix (B) in -0.5..1: negative sharpens."""
    padded = functional.pad(image, (1, 1, 1, 1), mode='replicate')
    soft = functional.avg_pool2d(functional.avg_pool2d(padded, 2, 1), 2, 1)
    return image + (soft - image) * amount


def motion_blur(image, depth, share=0.2, generator=None):
    """
    Blur a share of the frames along the way that the image moved during the exposure.

    :param image: (B, 3, H, W); depth: (B, H, W) metres: what is near moves more where the camera
        moved, all alike where it turned.
    """
    batch, _, height, width = image.shape
    count = min(batch, math.ceil(share * batch))
    chosen = torch.randperm(batch, generator=generator, device=image.device)[:count]
    some, near = image[chosen], 1 / depth[chosen].clamp(min=0.5)
    turn, drive = (torch.randn(2, count, 2, generator=generator, device=image.device)
                   * torch.tensor([0.008, 0.005], device=image.device)[:, None, None])
    # A batch of one frame is blurred as rarely as the others.
    used = torch.rand(count, generator=generator, device=image.device) < share * batch / count
    way = (turn[:, None, None] + drive[:, None, None] * near[..., None]).clamp(-0.04, 0.04)
    way = way * used[:, None, None, None]
    v = (torch.arange(height, device=image.device) + 0.5) / height * 2 - 1
    u = (torch.arange(width, device=image.device) + 0.5) / width * 2 - 1
    grid = torch.stack(torch.broadcast_tensors(u[None], v[:, None]), dim=-1)[None]
    total = sum(functional.grid_sample(some, grid + way * step, mode='bilinear',
                                       padding_mode='border', align_corners=False)
                for step in (-1.0, -0.5, 0.0, 0.5, 1.0))
    return image.index_copy(0, chosen, total / 5)


def photograph(image, generator=None):
    """
    Give clean frames the look of cameras.

    :param image: (B, 3, H, W) float in 0..1, display values; sides multiples of 8.
    :returns: (B, H, W, 3) uint8.
    """
    batch = image.shape[0]
    device = image.device

    def draw(low, high, channels=1):
        return _rand(generator, (batch, channels, 1, 1), low, high, device)

    def some(share):
        return (draw(0, 1) < share).float()
    image = image.clamp(1e-4, 1) ** torch.exp(draw(-0.4, 0.4))
    gain = torch.where(draw(0, 1) < 0.1, draw(0.3, 1.1), draw(-0.35, 0.4))  # overexposed: 10 %
    image = image * torch.exp(gain) * torch.exp(draw(-0.14, 0.14, 3))
    grey = image.mean(1, keepdim=True)
    saturation = torch.where(draw(0, 1) < 0.05, torch.zeros_like(grey[:, :, :1, :1]),
                             draw(0.3, 1.7))
    image = grey + (image - grey) * saturation
    image = torch.where(draw(0, 1) < 0.25, image.flip(1), image)
    middle = image.mean((1, 2, 3), keepdim=True)
    image = middle + (image - middle) * draw(0.7, 1.6)
    y = torch.linspace(-1, 1, image.shape[2], device=device)[:, None]
    x = torch.linspace(-1, 1, image.shape[3], device=device)[None]
    image = image * (1 - draw(0, 0.35) * some(0.4) * (x * x + y * y) / 2)
    for share in (0.6, 0.25):
        image = _soften(image, draw(-0.4, 1.0) * some(share))
    # Sensor noise: a part that grows with the light (photons), a part that does not (reading).
    noise = torch.randn(image.shape, generator=generator, device=device)
    size = (draw(0, 0.2) ** 2 + draw(0, 0.25) ** 2 * image.clamp(min=0).sqrt()) * some(0.7)
    image = image + noise * size
    image = image.clamp(0, 1)
    strength = (draw(-0.01, 0.025).clamp(min=0))[:, 0, 0, 0]
    image = compress(image, strength).clamp(0, 1)
    return (image * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
