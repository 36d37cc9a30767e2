# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A network of several domains as one model file: choice, heads, confidence, every precision."""
import math

from depth_ros import engines
from depth_ros.camera import Camera
from depth_ros.engines import parity, PRECISIONS, trt_build
from depth_ros.engines.calibration import Calibration
from depth_ros.engines.lean import lean
from depth_ros.engines.precision import typed
from depth_ros.engines.trt_libraries import Libraries
from depth_ros.estimator import Estimator
from depth_ros.model import read_spec
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('tensorboard')
from drawn_rooms import KINDS, pictures, SIZE  # noqa: E402, I100
from made_domains import DEPTHS, FOCALS, make_domains_model, make_graph, make_net  # noqa: E402
from tiny_domains import samples, stage_config, write_domain_frames  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.domain_heads import HEADS  # noqa: E402
from training.domain_heads_table import untrained, WAYS  # noqa: E402
from training.domains_graph import confidence, DomainsGraph  # noqa: E402
from training.experiment import fit  # noqa: E402
from training.lifelong.domains import read_domains  # noqa: E402
from training.lifelong.likeness import pooled, unlikeness  # noqa: E402
from training.lifelong.selection import distances, select  # noqa: E402
from training.networks.blocks import resize  # noqa: E402
from training.runs import load_method  # noqa: E402
from training.wrappers import Normalisation, with_half_layers  # noqa: E402


@pytest.fixture(scope='module')
def graph():
    return make_graph()


@pytest.fixture(scope='module')
def spec(graph, tmp_path_factory):
    return make_domains_model(tmp_path_factory.mktemp('model') / 'domains.onnx', graph)


@torch.no_grad()
def test_the_graph_is_network_and_selection(graph):
    """Every head's own depth, in the metres of the first one's focal length."""
    net = make_net()
    image = torch.from_numpy(pictures('street', 1))
    features = net.features(Normalisation()(image))
    means = [torch.from_numpy(domain.mean) for domain in graph.domains]
    for request in (-1, 0, 1, 9):
        depth, right, used, away, strange = graph(image, torch.tensor([request]))
        torch.testing.assert_close(away, distances(features, means))
        torch.testing.assert_close(strange[0], torch.stack([unlikeness(
            pooled(features), torch.from_numpy(domain.likeness))[0] for domain in graph.domains]))
        wanted = int(select(away)[0]) if request < 0 else min(request, 1)
        assert used.tolist() == [wanted] and used.dtype == torch.int64
        own, spread = net.predict(features, wanted)
        expected = resize(own, SIZE)[:, 0] * FOCALS[0] / FOCALS[wanted]
        torch.testing.assert_close(depth, expected.clamp(min=1e-3), rtol=1e-4, atol=1e-4)
        sigma = math.sqrt(2) * DEPTHS[wanted] * (spread / 2).exp()
        share = torch.erf(0.1 * own.clamp(min=1e-3) / (math.sqrt(2) * sigma))
        torch.testing.assert_close(right, resize(share, SIZE)[:, 0], rtol=1e-3, atol=1e-4)
        assert 0 < right.min() and right.max() < 1


def test_confidence_is_how_often_depth_is_right():
    """Errors as the loss takes them: r^2 = 2 exp(s) of the typical depth."""
    rng, typical = np.random.default_rng(0), 3.0
    for s, depth in ((-4.0, 2.0), (-5.0, 8.0), (-3.0, 1.0)):
        error = rng.normal(0, typical * math.sqrt(2 * math.exp(s)), 200_000)
        right = float(confidence(torch.tensor(depth), torch.tensor(s), math.sqrt(2) * typical))
        assert right == pytest.approx((np.abs(error) < 0.1 * depth).mean(), abs=5e-3)
    # exp(-s) r^2 + 2 s is least there.
    s = torch.tensor(0.3, requires_grad=True)
    ((-s).exp() * 2 * math.exp(0.3) + 2 * s).backward()
    assert s.grad.abs() < 1e-6
    extreme = confidence(torch.tensor([1.0, -1.0, 1.0]), torch.tensor([1e9, 0.0, -1e9]), 1.0)
    assert torch.isfinite(extreme).all() and (extreme >= 0).all() and (extreme <= 1).all()


@pytest.mark.parametrize('heads', HEADS)
@torch.no_grad()
def test_every_way_of_computing_heads_gives_the_same(heads):
    net, features = make_net(domains=3), torch.randn(1, 64, 8, 12)
    for number in range(3):
        found = HEADS[heads](net.predictors)(features, torch.tensor([number]))
        for channel, expected in enumerate(net.predict(features, number)):
            torch.testing.assert_close(found[:, channel:channel + 1], expected, rtol=1e-3,
                                       atol=1e-4)


def test_one_file_for_every_engine(spec, graph):
    """Heads, choice and the range of each domain, at any size; no head is swapped."""
    assert [domain.name for domain in spec.domains] == list(KINDS)
    assert spec.focal == FOCALS[0] and spec.size_multiple == 32 and spec.depth_max == 100.0
    assert spec.domains[0].depth_max == 10.0
    assert (spec.input_height, spec.input_width) == graph.nominal == SIZE
    for name in ('onnxruntime', 'openvino'):
        if name == 'openvino':
            pytest.importorskip(name)
        engine = engines.load_only(name, spec, 64, 160)
        image = np.random.default_rng(0).integers(0, 255, (64, 160, 3), np.uint8)
        for request in (-1, 0, 1):
            with torch.no_grad():
                made = graph(torch.from_numpy(image[None]), torch.tensor([request]))
            found = engine.run(image, None, request)
            for wanted, key in zip(made, graph.outputs):
                np.testing.assert_allclose(found[key], wanted[0].numpy(), rtol=2e-3, atol=1e-4)
        assert abs(np.median(engine.run(image, None, 1)['depth']) * FOCALS[1] / FOCALS[0]
                   - DEPTHS[1]) < 5


def test_the_choice_of_new_images(spec):
    """Of pictures that no mean was made of."""
    camera = Camera(SIZE[1], SIZE[0], 80.0, 80.0, 47.5, 31.5)
    estimator, right = Estimator(spec, 'onnxruntime'), []
    for number, kind in enumerate(KINDS):
        for image in pictures(kind, 8, seed=9):
            frame = estimator.estimate(image, camera)
            right.append(frame.domain == number)
            assert frame.confidence.shape == SIZE
    assert all(right), right


@pytest.mark.parametrize('precision', ['fp16', 'int8'])
def test_other_precisions(spec, precision, tmp_path):
    """ONNX Runtime runs them; the choice of the domain stays, and parity asks every head."""
    engine = engines.load_only('onnxruntime', spec, *SIZE, precision=precision, cache=tmp_path,
                               calibration=Calibration(frames=2), check=False)
    reference = engines.load_reference(spec, *SIZE)
    feed = parity.stored_input(spec, *SIZE)
    assert engine.run(**feed)['domain'] == reference.run(**feed)['domain']
    if precision == 'fp16':
        assert parity.check(engine, spec, *SIZE, precision)['parity']['passed']
    for place in (0, 1):
        # Random heads answer with noise about a constant, which int8 makes coarser.
        gap = engine.run(**feed, domain=place)['depth'] - reference.run(
            **feed, domain=place)['depth']
        assert np.abs(gap).mean() < 0.1 * DEPTHS[place]


def test_half_layers_and_nothing_to_cut(graph, spec, tmp_path):
    half = with_half_layers(graph)
    assert next(half.encoder.parameters()).dtype == torch.float16
    assert next(half.heads.parameters()).dtype == torch.float16
    assert half.mean_0.dtype == torch.float32 == next(graph.heads.parameters()).dtype
    assert lean(spec, cache=tmp_path) == spec


@pytest.mark.trt
@pytest.mark.parametrize('precision', PRECISIONS)
def test_tensorrt_takes_it(spec, precision, tmp_path):
    trt = pytest.importorskip('tensorrt_rtx_bindings', reason='TensorRT-RTX is not installed')
    libraries = Libraries(trt, None, 'tensorrt_rtx', trt.__version__)
    file = typed(spec, precision, tmp_path, Calibration(frames=1))
    options = trt_build.BuildOptions(precision)
    assert trt_build.build(libraries, file, spec, *SIZE, options)


def test_heads_and_domains_must_agree(graph):
    with pytest.raises(ValueError, match='3 predictors and 2 domains'):
        DomainsGraph(make_net(domains=3), graph.domains)


def test_a_run_of_two_stages_becomes_one_file(tmp_path, capsys):
    """`python -m training export`: what a run's folder knows of its domains is in the file."""
    rooms = write_domain_frames(tmp_path / 'rooms')
    streets = write_domain_frames(tmp_path / 'streets', scale=6.0, shade=60)
    fit(stage_config('room', rooms), tmp_path / 'one')
    fit(stage_config('street', streets, tmp_path / 'one'), tmp_path / 'two')
    out, words = tmp_path / 'two.onnx', ['export', '--checkpoint',
                                         str(tmp_path / 'two' / 'last.ckpt'), '--out']
    assert main([*words, str(out)]) == 0
    spec, known = read_spec(out), read_domains(tmp_path / 'two')
    assert [(domain.name, domain.depth_max) for domain in spec.domains] == [
        (domain.name, pytest.approx(domain.depth_max)) for domain in known]
    assert [domain.name for domain in known] == ['room', 'street']
    assert spec.focal == pytest.approx(known[0].focal) and spec.task == 'monocular'
    # The domains' own numbers, by the file: depths of heads that have learned nothing but a scale.
    net = load_method(tmp_path / 'two' / 'last.ckpt')[0].net.eval()
    size = spec.input_height, spec.input_width
    image = next(iter(samples(1, 90))).image
    image = np.ascontiguousarray(np.resize(image, (*size, 3)))
    engine = engines.load_reference(spec, *size)
    for place, domain in enumerate(known):
        with torch.no_grad():
            depth = net(Normalisation()(torch.from_numpy(image[None])), place)
        wanted = resize(depth, size)[0, 0].clamp(min=1e-3) * spec.focal / domain.focal
        np.testing.assert_allclose(engine.run(image, None, place)['depth'], wanted, rtol=2e-3,
                                   atol=1e-3)
    capsys.readouterr()
    assert main([*words, str(out), '--focal', '100']) == 2
    assert 'leave out --focal' in capsys.readouterr().err
    (tmp_path / 'two' / 'domains' / 'room' / 'facts.json').unlink()
    assert main([*words, str(tmp_path / 'no.onnx')]) == 2
    assert capsys.readouterr().err.count('\n') == 1 and not (tmp_path / 'no.onnx').exists()


def test_files_of_every_way_answer_alike(tmp_path):
    """What `python -m training domain-heads` times is the same network."""
    engine = {heads: engines.load_reference(untrained(
        tmp_path / f'{heads}.onnx', 'mobilenet_v2', 3, (32, 64), heads), 32, 64) for heads in WAYS}
    image = np.random.default_rng(1).integers(0, 255, (32, 64, 3), np.uint8)
    for request in (-1, 0, 1, 2):
        wanted = engine['gathered'].run(image, None, request)
        for heads in WAYS:
            found = engine[heads].run(image, None, request)
            assert found['domain'] == wanted['domain']
            np.testing.assert_allclose(found['depth'], wanted['depth'], rtol=1e-3, atol=1e-3)
    assert len({file.read_bytes() for file in tmp_path.iterdir()}) == len(WAYS) == 3
