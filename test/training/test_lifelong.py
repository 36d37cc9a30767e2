# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Lifelong learning: network, losses, selection and Fisher's information against references."""
import numpy as np
import pytest

torch = pytest.importorskip('torch')
from reference_numbers import assert_golden, built, fill  # noqa: E402
from training.lifelong.fisher import diagonal_fisher, ewc_penalty  # noqa: E402
from training.lifelong.selection import distances, mean_map, select  # noqa: E402
from training.losses.lifelong import (  # noqa: E402
    consistency_loss,
    stage_loss,
    uncertainty_loss,
)
from training.networks.blocks import parameter_count, resize  # noqa: E402
from training.networks.lifelong import LifelongNet, Predictor  # noqa: E402


@pytest.mark.parametrize('domains', [1, 2, 3])
def test_parameters(goldens, domains):
    """Counts with ResNet-34."""
    _, outputs, _ = goldens.load(f'lifelong/params_{domains}_domains')
    net = built(lambda: LifelongNet('resnet34', domains))
    first = net.predictors[0]
    counts = [parameter_count(x) for x in (net, net.encoder, net.fusion, first, first.depth)]
    assert counts == [outputs[key] for key in ('total', 'encoder', 'MFF', 'one_predictor',
                                               'one_R')]
    assert sum(value.numel() for value in net.shared()) == counts[1] + counts[2]


@pytest.mark.parametrize('domains, count', [(1, 22_023_106), (2, 22_231_364), (3, 22_439_622)])
def test_parameters_of_the_publication(domains, count):
    """The same counts, without the files; `grow` makes one domain more."""
    net = built(lambda: LifelongNet('resnet34', domains))
    assert parameter_count(net) == count
    with torch.device('meta'):
        net.grow()
    assert parameter_count(net) == count + 208_258 and len(net.predictors) == domains + 1


@pytest.mark.parametrize('size', ['228x304', '320x480', '352x1216'])
def test_shapes(goldens, size):
    """Features and depth are of half the input size."""
    inputs, outputs, _ = goldens.load(f'lifelong/shapes_{size}')
    net = built(lambda: LifelongNet('resnet34', 2))
    image = torch.empty(1, 3, int(inputs['h']), int(inputs['w']), device='meta')
    features = net.features(image)
    assert list(features.shape) == outputs['mff']
    for said in (*net.predict(features, 0), *net.predict(features), net(image)):
        assert list(said.shape) == outputs['depth']


def test_forward(goldens):
    """Filled weights give the published features and the same from all heads."""
    inputs, outputs, rtol = goldens.load('lifelong/forward_2_domains')
    net = fill(LifelongNet('resnet34', 2))
    with torch.no_grad():
        features = net.features(torch.from_numpy(inputs['x']))
        said = [*net.predict(features, 0), *net.predict(features, 1)]
    assert_golden(features, outputs['mff'], rtol, 'features')
    for name, value in zip(('depth0', 'uncertainty0', 'depth1', 'uncertainty1'), said):
        assert_golden(value, outputs[name], rtol, name)


def test_heads_are_not_swapped():
    """Four heads with four answers, each where it belongs: the filled weights cannot tell."""
    net = LifelongNet('mobilenet_v2', 2).eval()
    heads = [head for one in net.predictors for head in (one.depth, one.log_uncertainty)]
    for answer, head in enumerate(heads, 1):
        torch.nn.init.zeros_(head[-1].weight)
        torch.nn.init.constant_(head[-1].bias, answer)
    image = torch.zeros(1, 3, 64, 64)
    with torch.no_grad():
        features = net.features(image)
        for domain, wanted in ((0, (1, 2)), (1, (3, 4)), (-1, (3, 4))):
            assert tuple(x.mean().item() for x in net.predict(features, domain)) == wanted
            assert net(image, domain).unique().item() == wanted[0]


def test_old_heads_are_copied(goldens):
    """The next stage takes the old heads over; the released script does not."""
    _, outputs, _ = goldens.load('lifelong/old_head_copied')
    old = LifelongNet('mobilenet_v2', 1)
    for heads, name in ((True, 'is_training_True'), (False, 'default_is_training_False')):
        new = LifelongNet('mobilenet_v2', 2)
        untouched = new.predictors[1].state_dict()['depth.1.weight'].clone()
        new.copy_from(old, heads)
        assert same(new.encoder, old.encoder) == outputs['encoder_copied_default']
        assert same(new.fusion, old.fusion)
        assert same(new.predictors[0], old.predictors[0]) == outputs[f'old_head_copied_{name}']
        assert torch.equal(new.predictors[1].depth[1].weight, untouched)


def same(one, other):
    """Whether two modules have the same values."""
    return all(torch.equal(a, b) for a, b in
               zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_uncertainty_loss(goldens):
    """Equation 1 and its gradients."""
    inputs, outputs, rtol = goldens.load('lifelong/uncertainty_depth_loss')
    depth, s = (torch.from_numpy(inputs[key]).requires_grad_()
                for key in ('pred', 'log_uncertainty'))
    loss = uncertainty_loss(depth, s, torch.from_numpy(inputs['target']))
    loss.backward()
    assert_golden(loss, outputs['loss'], rtol, 'loss')
    assert_golden(depth.grad, outputs['grad_pred'], rtol, 'depth')
    assert_golden(s.grad, outputs['grad_s'], rtol, 'log-uncertainty')


def test_uncertainty_loss_without_ground_truth():
    """A batch that nothing is known of teaches nothing and breaks nothing."""
    said, target = torch.ones(2, 1, 1, 3, 4, requires_grad=True), torch.zeros(1, 1, 6, 8)
    target[..., 0] = torch.nan
    loss = uncertainty_loss(*said, target)
    loss.backward()
    assert loss.item() == 0.0 and not said.grad.any()


def numpy_uncertainty(depth, s, target):
    """Equation 1 at the target's size."""
    known = target > 0
    values = np.sort(target[known])
    median = values[(len(values) - 1) // 2]
    residual = (depth[known] - target[known]) / median
    return np.mean(np.exp(-s[known]) * residual ** 2 + 2 * s[known])


def numpy_consistency(new, old, floor=1e-2):
    """Equation 3."""
    def lower(x):
        return np.sort(x.ravel())[(x.size - 1) // 2]
    return sum(np.mean(np.abs(a - b)) / max(abs(lower(b)), floor) for a, b in zip(new, old))


@pytest.fixture
def step():
    """Make what the heads of two domains say, as float64 arrays."""
    rng = np.random.default_rng(2)
    shape = 2, 1, 6, 8
    said = {name: (rng.uniform(1, 9, shape), rng.normal(0, 1, shape))
            for name in ('new', 'old', 'frozen', 'replay')}
    targets = [np.where(rng.random(shape) < 0.6, rng.uniform(1, 9, shape), 0) for _ in range(2)]
    return said, *targets


@pytest.mark.parametrize('exhausted', [False, True])
def test_two_domain_step(step, exhausted):
    """The sum of a stage against NumPy and finite differences, with and without replay."""
    said, target, replayed = step
    tensors = {name: [torch.from_numpy(x).requires_grad_(name != 'frozen') for x in pair]
               for name, pair in said.items()}

    def total(new, s, old, old_s, again, again_s):
        replay = None if exhausted else (again, again_s, torch.from_numpy(replayed))
        return stage_loss((new, s), torch.from_numpy(target), [(old, old_s)],
                          [tensors['frozen']], [replay], [10.0], [7.0])
    values = [x for name in ('new', 'old', 'replay') for x in tensors[name]]
    parts = total(*values)
    wanted = {'new': numpy_uncertainty(*said['new'], target),
              'consistency': 10 * numpy_consistency(said['old'], said['frozen'])}
    if not exhausted:
        wanted['replay'] = 7 * numpy_uncertainty(*said['replay'], replayed)
    assert parts.keys() == {'loss', *wanted}
    for name, value in wanted.items():
        assert parts[name].item() == pytest.approx(value, rel=1e-9), name
    assert parts['loss'].item() == pytest.approx(sum(wanted.values()), rel=1e-9)
    assert torch.autograd.gradcheck(lambda *x: total(*x)['loss'], values)


def test_consistency_with_a_median_of_nothing():
    """A log-uncertainty about 0 does not blow the loss up; as released it does."""
    depth, s = torch.full((1, 1, 4, 4), 2.0), torch.zeros(1, 1, 4, 4)
    moved = s + 1e-3
    assert consistency_loss((depth, moved), (depth, s)).item() == pytest.approx(0.1)
    assert consistency_loss((depth, moved), (depth, s), 0.0).item() == float('inf')


class Fixed(torch.nn.Module):
    """A network whose features are the images."""

    def features(self, image):
        """Return the images."""
        return image


def test_mean_map():
    """The mean over all images of all batches; as released, of one image too few."""
    images = torch.randn(7, 5, 4, 6)
    batches = [{'image': images[:4]}, {'image': images[4:]}]
    mean = mean_map(Fixed(), batches)
    torch.testing.assert_close(mean, images.mean(0))
    torch.testing.assert_close(mean_map(Fixed(), batches, author_mode=True), images.sum(0) / 6)
    other = resize(torch.randn(1, 5, 8, 12), (4, 6))
    torch.testing.assert_close(mean_map(Fixed(), [images, resize(other, (4, 6))]),
                               torch.cat([images, other]).mean(0))


def test_selection():
    """The distance is the mean square; means of another size are resized, corners aligned."""
    means = [torch.randn(3, 2, 3), torch.randn(3, 4, 6)]
    grid = np.linspace(0, 1, 4) * (2 - 1), np.linspace(0, 1, 6) * (3 - 1)
    grown = np.empty((3, 4, 6))
    small = means[0].double().numpy()
    for row, y in enumerate(grid[0]):
        for column, x in enumerate(grid[1]):
            top, left = min(int(y), 0), min(int(x), 1)
            a, b = y - top, x - left
            grown[:, row, column] = (
                (1 - a) * ((1 - b) * small[:, top, left] + b * small[:, top, left + 1])
                + a * ((1 - b) * small[:, top + 1, left] + b * small[:, top + 1, left + 1]))
    features = torch.stack([torch.from_numpy(grown).float() + 0.1, means[1] - 0.2])
    found = distances(features, means)
    assert found.shape == (2, 2)
    wanted = [[np.mean((f.double().numpy() - m) ** 2) for m in (grown, means[1].double().numpy())]
              for f in features]
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5)
    assert select(found).tolist() == [0, 1]


def test_fisher_and_penalty():
    """Of a linear classifier, against its gradients by hand."""
    rng = np.random.default_rng(4)
    weight, x, labels = rng.normal(size=(3, 5)), rng.normal(size=(20, 5)), rng.integers(0, 3, 20)
    parameter = {'weight': torch.from_numpy(weight).requires_grad_(),
                 'unused': torch.zeros(2, requires_grad=True)}
    losses = (torch.nn.functional.cross_entropy(
        torch.from_numpy(row)[None] @ parameter['weight'].T, torch.tensor([int(label)]))
        for row, label in zip(x, labels))
    found = diagonal_fisher(parameter, losses)
    scores = np.exp(x @ weight.T)
    error = scores / scores.sum(1, keepdims=True) - np.eye(3)[labels]
    wanted = np.mean([np.outer(e, row) ** 2 for e, row in zip(error, x)], axis=0)
    np.testing.assert_allclose(found['weight'].numpy(), wanted, rtol=1e-9)
    assert not found['unused'].any()
    moved = {'weight': parameter['weight'].detach() + 0.5, 'unused': torch.ones(2)}
    penalty = ewc_penalty(found, moved, {name: x.detach() for name, x in parameter.items()})
    assert penalty.item() == pytest.approx(0.25 * wanted.sum())


def test_predictor_is_two_independent_heads():
    """What depth learns leaves the uncertainty alone."""
    torch.manual_seed(0)
    predictor = Predictor()
    depth, _ = predictor(torch.randn(1, 64, 6, 8))
    depth.mean().backward()
    assert all(x.grad is not None for x in predictor.depth.parameters())
    assert all(x.grad is None for x in predictor.log_uncertainty.parameters())
