# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Relative-depth teachers in plain torch, and their export to a model file of task `relative`.

Teacher weights are for research only: they are read from the user's folder, the export says so
in its metadata, and nothing here is shipped.
"""

import argparse
from pathlib import Path
import sys
import warnings

from depth_ros.contracts import choose, InputError
import torch
from torch import nn
from torch.nn import functional
from training.files import replacing
from training.networks.encoders import read_checkpoint
from training.networks.monodepth2 import MonoDepth2

HELP = 'export a teacher to an ONNX file that evaluation can use as a baseline'


class RTMonoDepthS(nn.Module):
    """
    RT-MonoDepth-S: 1.2 M parameters, RGB (N, 3, 192, 640) in 0..1 to depth up to scale.

    The layers carry the key names of the public state dicts. Feng et al., Real-Time Monocular
    Depth Estimation on Embedded Systems, 2023.
    """

    height, width = 192, 640
    licence = 'research only (non-commercial terms of the training code)'
    lineage = 'RT-MonoDepth-S, self-supervised on KITTI'
    _channels, _decoded = (64, 64, 128, 192), (96, 64, 32, 16)

    def __init__(self):
        """Build the layers without weights."""
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.convs = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 3, 2, 1), nn.LeakyReLU(0.1),
                          nn.Conv2d(after, after, 3, 1, 1), nn.LeakyReLU(0.1))
            for before, after in zip(self._channels, self._channels[1:]))
        widths = (self._channels[-1],) + self._decoded
        blocks = []
        for before, after in zip(widths, widths[1:]):
            blocks += [_Reflected(before, after), _Reflected(after, after)]
        self.decoder = nn.ModuleList(blocks + [_Head(16)])

    def forward(self, image):
        """Return depth (N, 1, 192, 640), positive, up to scale."""
        features = functional.relu(self.conv1((image - 0.45) / 0.225))
        for stage in self.convs:
            features = stage(features)
        for index in range(0, 8, 2):
            features = functional.interpolate(
                self.decoder[index](features), scale_factor=2.0, mode='nearest')
            features = self.decoder[index + 1](features)
        disparity = torch.sigmoid(self.decoder[8](features))
        return 1.0 / (0.01 + 9.99 * disparity)

    @classmethod
    def load(cls, folder):
        """Load encoder.pth and depth.pth of ``folder``; heads of other scales are not used."""
        network = cls()
        state = {}
        for name in ('encoder.pth', 'depth.pth'):
            state.update(read_checkpoint(Path(folder) / name))
        needed = network.state_dict()
        missing = sorted(set(needed) - set(state))
        if missing:
            raise InputError(f'{folder} lacks {missing[0]} and {len(missing) - 1} more entries '
                             'of RT-MonoDepth-S')
        network.load_state_dict({name: state[name] for name in needed})
        return network.eval()


class _Reflected(nn.Module):
    """3x3 convolution with reflected border, then ELU."""

    def __init__(self, before, after):
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3)

    def forward(self, features):
        return functional.elu(self.conv(functional.pad(features, (1, 1, 1, 1), 'reflect')))


class _Head(nn.Module):
    """3x3 convolution to one channel."""

    def __init__(self, before):
        super().__init__()
        self.conv3 = nn.Conv2d(before, 1, 3, padding=1)

    def forward(self, features):
        return self.conv3(features)


class AtAnySize(nn.Module):
    """The model contract around a teacher: uint8 (1, H, W, 3) in, depth (1, H, W) out."""

    def __init__(self, teacher):
        """Wrap a teacher with ``height`` and ``width``."""
        super().__init__()
        self.teacher = teacher

    def forward(self, image):
        """Resize to the teacher's size, run it, resize its depth back."""
        size = image.shape[1:3]
        planes = image.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        resized = functional.interpolate(
            planes, (self.teacher.height, self.teacher.width), mode='bilinear',
            align_corners=False)
        depth = self.teacher(resized)
        return functional.interpolate(depth, size, mode='bilinear', align_corners=False)[:, 0]


def _trained(checkpoint):
    from training.methods.self_supervised import trained_network
    return trained_network(checkpoint)


# Name to function: folder of state dicts, or a run's last.ckpt -> network with its size.
TEACHERS = {'rt_monodepth_s': RTMonoDepthS.load, 'monodepth2': MonoDepth2.load,
            'self_supervised': _trained}


def export_teacher(name, weights, out):
    """
    Write a teacher to the ONNX file ``out`` and return the licence of its weights.

    ``name``: of TEACHERS; ``weights``: what its function takes.
    """
    teacher = choose(TEACHERS, name, 'teacher')(weights)
    write_teacher(name, teacher, out)
    return teacher.licence


def write_teacher(name, teacher, out):
    """Write a network with `height`, `width`, `licence` and `lineage` to the ONNX file `out`."""
    import onnx

    image = torch.zeros(1, teacher.height + 32, teacher.width + 64, 3, dtype=torch.uint8)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    axes = {1: 'height', 2: 'width'}
    with replacing(out) as part:
        with warnings.catch_warnings():
            # The exporter explains at length which constants it does not fold.
            warnings.simplefilter('ignore')
            torch.onnx.export(
                AtAnySize(teacher).eval(), (image,), str(part), input_names=['image'],
                output_names=['depth'], opset_version=17, dynamo=False,
                dynamic_axes={'image': axes, 'depth': axes})
        model = onnx.load(str(part))
        metadata = {
            'contract': 1, 'name': name, 'task': 'relative', 'input_height': teacher.height,
            'input_width': teacher.width, 'size_multiple': 1, 'focal': 0, 'depth_min': 0,
            'depth_max': 0, 'licence': teacher.licence, 'lineage': teacher.lineage,
            'training': getattr(teacher, 'training_note', 'none: exported public weights'),
            'seed': '', 'revision': '', 'figures': '{}'}
        for key, value in metadata.items():
            entry = model.metadata_props.add()
            entry.key, entry.value = f'depth_ros.{key}', str(value)
        onnx.save(model, str(part))


def add_arguments(parser):
    """Add the options of the export."""
    parser.add_argument('--teacher', default='rt_monodepth_s',
                        help=f'which teacher: {", ".join(TEACHERS)}')
    parser.add_argument('--weights', required=True,
                        help='folder of its state dicts, or last.ckpt of a self-supervised run')
    parser.add_argument('--out', required=True, help='ONNX file to write')


def run(args):
    """Export and say where the file is."""
    licence = export_teacher(args.teacher, args.weights, args.out)
    print(f'wrote {args.out} (task relative; licence of the weights: {licence})')
    return 0


def main():
    """Run `python -m training.teachers`."""
    parser = argparse.ArgumentParser(prog='python -m training.teachers', description=HELP)
    add_arguments(parser)
    try:
        return run(parser.parse_args())
    except InputError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
