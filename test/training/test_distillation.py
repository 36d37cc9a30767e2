# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Distilled metric depth: the teacher, the mix of images, wrong checkpoints."""
from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from tiny_frames import batch, SMALL, train  # noqa: E402
from training.methods.distillation import Distillation  # noqa: E402
from training.networks.blocks import parameter_count  # noqa: E402
from training.networks.metric import build_network  # noqa: E402


@pytest.fixture
def teacher(tmp_path):
    """Write a teacher's weights; returns the path and the network."""
    torch.manual_seed(5)
    net = build_network('mff_student', 'mobilenet_v2').eval()
    torch.save(net.state_dict(), tmp_path / 'teacher.pth')
    return tmp_path / 'teacher.pth', net


def distilled(path, **options):
    """Make a method with its teacher read."""
    method = Distillation(**SMALL, teacher_encoder='mobilenet_v2', teacher_checkpoint=str(path),
                          **options)
    method.setup('fit')
    return method


def test_distillation_learns(teacher):
    """Without labels the student comes nearer to its teacher, who stays as it is."""
    path, net = teacher
    torch.manual_seed(1)
    method, data = distilled(path, terms=['depth']), batch()
    data['labelled'][:] = False
    data['depth'][:] = torch.nan
    losses = train(method, data, 10, 1e-3)
    assert losses[-1] < losses[0] - 0.1
    assert all(torch.equal(value, net.state_dict()[key])
               for key, value in method.teacher[0].state_dict().items())
    assert not any('teacher' in key for key in method.state_dict())
    assert sum(p.numel() for p in method.parameters()) == parameter_count(net) == 1_673_905


def test_distillation_mixes(teacher):
    """Labelled images are drawn to their ground truth, unlabelled ones to the teacher."""
    method, data = distilled(teacher[0], truth_share=1.0, terms=['depth']), batch()
    data['labelled'][1] = False
    method.eval()
    with torch.no_grad():
        image = data['image']
        truth = torch.stack([data['depth'][:1], method.teacher[0](image)[1]])
        expected = torch.log((method.net(image) - truth).abs() + 0.5).mean()
        assert method.losses(data)['loss'].item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize('options, message', [
    ({}, 'needs model.teacher_checkpoint: the last.ckpt of a supervised run'),
    ({'teacher_checkpoint': 'no.ckpt'}, 'no weights at no.ckpt'),
    ({'truth_share': 1.5}, 'truth_share is 1.5'),
    ({'teacher_network': 'mff', 'teacher_checkpoint': 'x'}, 'unknown network .mff.*high_resol'),
    ({'protocol': 'eigen'}, 'unknown protocol .eigen.*image_mse')])
def test_unusable_options(options, message):
    """Mistakes in the config are one clear error."""
    with pytest.raises(InputError, match=message):
        Distillation(**{**SMALL, **options}).setup('fit')


def test_wrong_teacher(teacher):
    """Weights of another network are refused with the keys that do not fit."""
    with pytest.raises(InputError, match='teacher.pth does not fit MFFStudent: .* missing'):
        method = Distillation(**SMALL, teacher_checkpoint=str(teacher[0]))
        method.setup('fit')
