# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Masks of what a depth network needs: loss, networks, learning, plain masks, figures."""
from depth_ros.contracts import InputError
from depth_ros.evaluation.protocols import find_protocol
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('cv2')
from tiny_frames import batch, train  # noqa: E402
from training.losses.mask import mask_loss  # noqa: E402
from training.methods.saliency import Saliency  # noqa: E402
from training.networks.blocks import parameter_count  # noqa: E402
from training.networks.masks import build_mask_net, MASK_NETS  # noqa: E402
from training.saliency import masks as plain  # noqa: E402
from training.saliency.direct import optimise_mask  # noqa: E402
from training.saliency.measure import combine, masked_views, measure_batch  # noqa: E402
from training.targets import Target  # noqa: E402


class LeftHalf(torch.nn.Module):
    """A depth network that looks at the left half of its image only."""

    def forward(self, image, line=None):
        """Give 2 m and the brightness of the left half, mirrored to the right."""
        left = image.mean(1, keepdim=True)[..., :image.shape[3] // 2]
        return 2.0 + 0.5 * torch.cat([left, left.flip(3)], dim=3)


def half_target():
    """Return the network as a target."""
    net = LeftHalf()
    return Target(net, net, 'monocular', 'half')


def numpy_loss(depth, whole, mask, sparsity):
    """Compute the loss of the publication by hand, for single images (H, W)."""
    def sobel(d):
        p = np.pad(d, 1)
        across = p[:, :-2] - p[:, 2:]
        down = p[:-2] - p[2:]
        return (across[:-2] + 2 * across[1:-1] + across[2:],
                down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:])

    def log_mean(x):
        return np.log(np.abs(x) + 0.5).mean()
    (ax, ay), (bx, by) = sobel(depth), sobel(whole)
    cosine = (ax * bx + ay * by + 1) / np.sqrt((ax ** 2 + ay ** 2 + 1) * (bx ** 2 + by ** 2 + 1))
    return (log_mean(depth - whole) + log_mean(ax - bx) + log_mean(ay - by)
            + np.abs(1 - cosine).mean() + sparsity * mask.mean())


def test_loss_by_hand():
    """l_dif of N(x M) against N(x), and lambda times the mean of the mask."""
    rng = np.random.default_rng(0)
    depth, whole = rng.uniform(1, 4, (2, 9, 12))
    mask = rng.uniform(0, 1, (18, 24))
    given = [torch.from_numpy(x)[None, None] for x in (depth, whole, mask)]
    given[1].requires_grad_()
    parts = mask_loss(*given, 5.0)
    assert parts['loss'].item() == pytest.approx(numpy_loss(depth, whole, mask, 5.0), abs=1e-12)
    assert parts['mask'].item() == pytest.approx(mask.mean())
    assert not parts['dif'].requires_grad  # the whole image's answer is a target, nothing else
    assert mask_loss(*given[1::-1], given[2], 0.0)['dif'].requires_grad


@pytest.mark.parametrize('name', MASK_NETS)
def test_mask_networks(name):
    """All give masks of the image's size, a light one of sizes that do not halve, too."""
    with torch.device('meta'):
        net = build_mask_net(name)
        assert net(torch.empty(2, 3, 70, 90)).shape == (2, 1, 70, 90)
    counts = {'drn_d_22': 25_259_761, 'drn_d_38': 35_367_921, 'light': 1_596_305}
    assert parameter_count(net) == counts[name]


def test_unknown_mask_network():
    """An unknown name lists the choices."""
    with pytest.raises(InputError, match='drn_d_22, drn_d_38, light'):
        build_mask_net('vgg')


def method_of(target, **options):
    """Make a light method for a target."""
    torch.manual_seed(0)
    method = Saliency('given', mask_net='light', imagenet=False, **options)
    method.kept = (target,)
    return method


class OneMask(torch.nn.Module):
    """The simplest mask network: the same mask for every image."""

    def __init__(self):
        """Show half of everything at first."""
        super().__init__()
        self.logits = torch.nn.Parameter(torch.zeros(1, 1, 32, 64))

    def forward(self, image):
        """Give (N, 1, H, W)."""
        return self.logits.sigmoid().expand(len(image), -1, -1, -1)


def test_learns_where_the_network_looks():
    """The mask leaves the half that matters and hides the other; more lambda hides more."""
    data, shown = batch(4, 32, 64), {}
    for sparsity in (0.5, 3.0):
        method = method_of(half_target(), sparsity=sparsity)
        method.net = OneMask()
        losses = train(method, data, 40, 0.2)
        mask = method.masks(data)[1].detach()
        shown[sparsity] = mask[..., :32].mean().item(), mask[..., 32:].mean().item()
        assert losses[-1] < losses[0]
    assert shown[0.5][0] > 10 * shown[0.5][1]
    assert shown[3.0][0] < 0.8 * shown[0.5][0]


def test_direct_optimisation():
    """Free logits find that the right half is not needed; images do not mix."""
    data = batch(2, 16, 32)
    mask, losses = optimise_mask(half_target(), data['image'], 1.0, steps=60)
    assert losses[-1] < losses[0] and not mask.requires_grad
    assert mask[..., 16:].max() < 0.1 < mask[..., :16].mean()
    alone, _ = optimise_mask(half_target(), data['image'][:1], 1.0, steps=60)
    torch.testing.assert_close(alone, mask[:1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize('name', plain.PLAIN)
def test_plain_masks_show_as_much(name):
    """Each has the values of its image's mask; edges are those of the image."""
    image = torch.zeros(2, 3, 20, 30)
    image[:, :, :, 15:] = 1.0
    mask = torch.rand(2, 1, 20, 30)
    mask[1] *= 0.03
    binary = plain.binarise(mask)
    for kind in (mask, binary):
        made = plain.PLAIN[name](image, kind, torch.Generator().manual_seed(7))
        assert torch.equal(*(x.flatten(1).sort(1).values for x in (made, kind)))
        assert not torch.equal(made, kind)
    assert plain.shares(binary)[1] < 0.3
    if name == 'edges':
        step = torch.zeros_like(mask)
        step[..., 14:16] = 1.0
        assert torch.equal(plain.by_edges(image, step), step)
    else:
        again = plain.PLAIN[name](image, binary, torch.Generator().manual_seed(7))
        assert torch.equal(made, again)


def test_figures_by_hand():
    """A mask of the half that matters loses nothing, one of the other half all there is."""
    data, target, rule = batch(2, 16, 32), half_target(), find_protocol('image_mse')
    image = data['image']
    data['depth'] = target.depth(image)[:, 0]
    left = torch.zeros_like(image[:, :1])
    left[..., :16] = 1.0
    for mask, lost in ((left, 0.0), (1.0 - left, (image[..., :16].mean(1) / 2).square().mean())):
        figures = combine(measure_batch(target, data, image, mask, rule), rule)
        assert figures['rmse_binary'] == pytest.approx(float(lost) ** 0.5, abs=1e-6)
        assert figures['to_whole'] == pytest.approx(figures['rmse_binary'], rel=0.2, abs=1e-6)
        assert figures['sparseness'] == pytest.approx(0.5) and figures['rmse_whole'] == 0.0
        assert figures['images'] == 2 and figures['rmse_binary_random'] > 0.0
    soft = masked_views(target, data, image, 0.02 * left)
    assert soft['binary'][0].sum() == 0.0 < soft['soft'][0].sum()


def test_completion_keeps_its_line():
    """The line is not masked, and where it was measured nothing is scored."""
    seen = {}

    def answer(image, line):
        seen['line'] = line.clone()
        return 1.0 + image.mean(1, keepdim=True) * 0.0 + line[:, None]
    target = Target(torch.nn.Identity(), answer, 'completion', 'line')
    data = batch(1, 32, 64)
    data['sparse_depth'] = torch.zeros(1, 32, 64)
    data['sparse_depth'][:, 9] = 3.0
    data['depth'] = torch.ones(1, 32, 64)
    data['depth'][:, 9] = 50.0
    method = method_of(target)
    with torch.no_grad():
        figures = measure_batch(method.target, data, *method.masks(data), method.protocol)
    assert torch.equal(seen['line'], data['sparse_depth'])
    assert figures[0]['whole']['rmse'] == 0.0 and figures[0]['whole']['pixels'] == 31 * 64
    assert method.task == 'completion' and method.predict_depth(data).shape == (1, 32, 64)
