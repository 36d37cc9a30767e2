# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Rewriting exported graphs: the answers stay, the padding goes."""
import warnings

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')
onnx = pytest.importorskip('onnx', reason='training needs the train extra: onnx')

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from training.graph import fuse_pads  # noqa: E402
from training.networks.efficientnet_lite import SameConv  # noqa: E402


class Padded(nn.Module):
    """Uneven zeros for a convolution, then a padding of the kind given for another."""

    def __init__(self, value=0.0, mode='constant', shared=False):
        super().__init__()
        self.first = SameConv(3, 4, 3, 2)
        self.second = nn.Conv2d(4, 2, 3, padding=1)
        self.options, self.shared = {'value': value, 'mode': mode}, shared

    def forward(self, image):
        wide = functional.pad(self.first(image), (1, 2, 0, 1), **self.options)
        result = self.second(wide)
        return result + wide[:, :2, :1, :1] if self.shared else result


def rewritten(net, path, dynamic=True):
    """Export, rewrite; give how many pads went, how many stayed, and the greatest change."""
    torch.manual_seed(0)
    image = torch.randn(1, 3, 16, 24)
    axes = {'image': {2: 'height', 3: 'width'}} if dynamic else None
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(net.eval(), (image,), str(path), input_names=['image'],
                          opset_version=18, dynamic_axes=axes, dynamo=False)
    model = onnx.load(str(path))
    gone = fuse_pads(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    change = 0.0
    for size in ((16, 24), (8, 32))[:1 + dynamic]:
        image = torch.randn(1, 3, *size)
        with torch.no_grad():
            wanted = net(image).numpy()
        result = session.run(None, {'image': image.numpy()})[0]
        change = max(change, float(np.abs(result - wanted).max()))
    return gone, sum(node.op_type == 'Pad' for node in model.graph.node), change


@pytest.mark.parametrize('dynamic', [True, False])
def test_zero_padding_moves_into_convolutions(tmp_path, dynamic):
    """Both pads go, and the answers are the network's."""
    gone, left, change = rewritten(Padded(), tmp_path / 'net.onnx', dynamic)
    assert (gone, left) == (2, 0) and change < 1e-5


@pytest.mark.parametrize('options', [{'value': 1.0}, {'mode': 'replicate'}, {'shared': True}])
def test_other_padding_stays(tmp_path, options):
    """A pad of other values, or one that something else reads too, is left alone."""
    gone, left, change = rewritten(Padded(**options), tmp_path / 'net.onnx')
    assert (gone, left) == (1, 1) and change < 1e-5
