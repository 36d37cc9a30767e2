# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Models with several domains: what a file must say, who answers, and when a stream changes."""
import json
import math

from depth_ros import engines
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.domains import Domain, DomainWatch, NEAREST, place_of, read_domains
from depth_ros.engines import parity, RefusedError
from depth_ros.engines.upgrade import load as load_upgrading
from depth_ros.estimator import Estimator
from depth_ros.model import ModelError, read_spec
import numpy as np
import onnx
import pytest
from tiny_domain_model import DEPTHS, make_tiny_domains, NAMES
from tiny_models import make_tiny_model

CAMERA = Camera(96, 64, 100.0, 100.0, 47.5, 31.5)
ENGINES = ['onnxruntime', 'openvino']
FACTS = (Domain('room', 1.0, 10.0), Domain('street', 1.0, 80.0))


@pytest.fixture
def path(tmp_path):
    """Rooms are dark and 2 m deep, streets are light and 20 m deep."""
    return make_tiny_domains(tmp_path / 'tiny.onnx')


def grey(level):
    return np.full((64, 96, 3), level, np.uint8)


def test_what_a_file_says(path):
    spec = read_spec(path)
    assert [domain.name for domain in spec.domains] == list(NAMES)
    assert spec.domains[1] == Domain('street', 0.01, 80.0)
    assert spec.inputs == ('image', 'domain_request')
    assert set(spec.outputs) == {'depth', 'domain', 'domain_distances'}
    assert json.loads(json.dumps(spec.summary()))['domains'][0]['name'] == 'room'


@pytest.mark.parametrize('domains,says', [
    ('[', 'domains'), ('{}', 'no list'), ('[1]', 'no object'), ('[{}]', 'no usable name'),
    ('[{"name": "a\\nb", "distance_99": 1}]', 'no usable name'),
    ('[{"name": "a", "distance_99": 0}]', 'out of range'),
    ('[{"name": "a", "distance_99": NaN}]', 'out of range'),
    ('[{"name": "a", "distance_99": 1e999}]', 'out of range'),
    ('[{"name": "a", "distance_99": "1"}]', 'is none'),
    ('[{"name": "a", "distance_99": true}]', 'is none'),
    (f'[{{"name": "a", "distance_99": 1{"0" * 400}}}]', 'domains'),
    ('[{"name": "a", "distance_99": 1, "depth_max": -1}]', 'out of range'),
    ('[{"name": "a", "distance_99": 1}, {"name": "a", "distance_99": 1}]', 'one name'),
    (json.dumps([{'name': str(k), 'distance_99': 1} for k in range(65)]), 'at most 64'),
    ('[' * 9999, 'domains'),
    ('[{"name": "a", "distance_99": 1}]', 'domain_distances'),  # one fact, two distances
    (None, 'inputs are'), ('[]', 'inputs are')])
def test_files_that_say_it_wrong(tmp_path, domains, says):
    made = make_tiny_domains(tmp_path / 'm.onnx', domains=domains)
    with pytest.raises(ModelError, match=says) as error:
        read_spec(made)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('lost', ['domain', 'domain_distances', 'domain_request'])
def test_files_that_lack_a_part(tmp_path, path, lost):
    model = onnx.load(str(path))
    for rows in (model.graph.output, model.graph.input):
        for value in [value for value in rows if value.name == lost]:
            rows.remove(value)
    if lost == 'domain_request':
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.int64([-1]), lost))
    onnx.save(model, str(path))
    with pytest.raises(ModelError, match='breaks the model contract: (it has|inputs are)'):
        read_spec(path)


def test_a_name_or_a_number():
    assert [place_of(FACTS, wanted) for wanted in ('room', 'street', 0, '1', '', None)] == [
        0, 1, 0, 1, NEAREST, NEAREST]
    # A name that looks like a number is a name first.
    assert place_of((FACTS[0], Domain('0', 1.0)), '0') == 1
    for wanted in ('Street', '2', 2, -2, 1.5, True, '9' * 5000, '\u0661', 'x' * 9999):
        with pytest.raises(InputError, match='has no domain .*choose one of room, street') as told:
            place_of(FACTS, wanted)
        assert len(str(told.value)) < 300
    with pytest.raises(InputError, match='has no domains'):
        place_of((), 'room')
    assert read_domains('') == read_domains(None) == ()


@pytest.mark.parametrize('name', ENGINES)
def test_every_engine_takes_the_request(path, name):
    if name != 'onnxruntime':
        pytest.importorskip(name)
    engine = engines.load_only(name, read_spec(path), 64, 96)
    for level in (60, 100, 140, 180):
        for wanted, used in ((-1, int(level > 120)), (0, 0), (1, 1), (99, 1)):
            found = engine.run(grey(level), None, wanted)
            assert found['domain'] == used and found['depth'].shape == (64, 96)
            assert np.allclose(found['depth'], DEPTHS[used])
            assert np.allclose(found['domain_distances'], ((level - np.array([60, 180])) / 100)**2,
                               atol=1e-5)
    assert engine.run(grey(180))['domain'] == 1


def test_an_engine_that_is_changed_meanwhile_takes_it(path):
    engine = load_upgrading('auto', read_spec(path), 64, 96)
    try:
        assert engine.run(grey(60), None, 1)['domain'] == 1
        assert engine.run(grey(60), None)['domain'] == 0
    finally:
        engine.close()


class Other:
    """An engine whose answers are changed."""

    name, note = 'other', ''

    def __init__(self, spec, change):
        self.inner, self.change = engines.load_reference(spec, 64, 96), change

    def run(self, image, sparse_depth=None, domain=NEAREST):
        return self.change(domain, self.inner.run(image, sparse_depth, domain))


def test_parity_asks_every_head(path):
    """A head that is wrong is found, also where the stored frame is not of its domain."""
    spec = read_spec(path)
    for wrong in (0, 1):
        def change(domain, found, wrong=wrong):
            return {**found, 'depth': found['depth'] * (1.5 if domain == wrong else 1.0)}
        with pytest.raises(RefusedError, match='differs from ONNX Runtime'):
            parity.check(Other(spec, change), spec, 64, 96, 'fp32')
    for share, fits in ((1e-3, True), (0.1, False)):
        def change(domain, found, share=share):
            return {**found, 'domain_distances': found['domain_distances'] * (1 + share)}
        engine = Other(spec, change)
        if fits:
            assert parity.check(engine, spec, 64, 96, 'fp32')['parity']['passed']
        else:
            with pytest.raises(RefusedError, match='domain_distances'):
                parity.check(engine, spec, 64, 96, 'fp32')


def test_the_estimator_chooses_and_is_told(path):
    estimator = Estimator(str(path), 'onnxruntime')
    frame = estimator.estimate(grey(180), CAMERA)
    assert frame.domain == 1 and np.allclose(frame.depth, 20.0)
    assert frame.domain_distances.argmin() == 1 and frame.domain_distances.shape == (2,)
    assert estimator.estimate(grey(180), CAMERA, domain='room').domain == 0
    assert estimator.estimate(grey(60), CAMERA, domain=1).domain == 1
    told = Estimator(str(path), 'onnxruntime', domain='street')
    assert told.estimate(grey(60), CAMERA).domain == 1
    assert told.estimate(grey(60), CAMERA, domain=NEAREST).domain == 0
    with pytest.raises(InputError, match='model tiny has no domain .cellar.: choose one of room'):
        estimator.estimate(grey(60), CAMERA, domain='cellar')
    with pytest.raises(InputError, match='model tiny has no domain'):
        Estimator(str(path), domain=2)


def test_each_domain_has_its_range(tmp_path):
    """20 m is beyond the range of rooms, and 60 m is not beyond that of streets."""
    path = make_tiny_domains(tmp_path / 'm.onnx', depths=(20.0, 60.0))
    estimator = Estimator(str(path), 'onnxruntime')
    assert np.isposinf(estimator.estimate(grey(60), CAMERA).depth).all()
    assert np.allclose(estimator.estimate(grey(180), CAMERA).depth, 60.0)
    # 0 stands for the range of the file, 100 m.
    path = make_tiny_domains(tmp_path / 'm.onnx', depths=(20.0, 160.0), depth_max=(0.0, 0.0))
    estimator = Estimator(str(path), 'onnxruntime')
    assert np.allclose(estimator.estimate(grey(60), CAMERA).depth, 20.0)
    assert np.isposinf(estimator.estimate(grey(180), CAMERA).depth).all()


def test_a_model_without_domains(tmp_path):
    estimator = Estimator(str(make_tiny_model(tmp_path / 'm.onnx', 'monocular')), 'onnxruntime')
    frame = estimator.estimate(grey(60), CAMERA)
    assert frame.domain is None and frame.domain_distances is None
    with pytest.raises(InputError, match='model tiny has no domains'):
        estimator.estimate(grey(60), CAMERA, domain='room')


@pytest.mark.parametrize('answers', [
    {'domain': [7]}, {'domain': [-1]}, {'domain': [2 ** 62]}, {'domain': [0, 1]}, {'domain': 0},
    {'domain': []}, {'distance': [[1.0, 2.0, 3.0]]}, {'distance': [[1.0]]}, {'distance': 1.0},
    {'distance': [[[1.0, 2.0]]]}])
def test_hostile_answers_are_one_line(tmp_path, answers):
    path = make_tiny_domains(tmp_path / 'm.onnx', **answers)
    try:
        estimator = Estimator(str(path), 'onnxruntime')
        frame = estimator.estimate(grey(60), CAMERA)
    except InputError as error:
        assert 'contract' in str(error) and '\n' not in str(error)
    else:  # Only where the numbers are those of two domains.
        assert answers == {'distance': [[[1.0, 2.0]]]} and len(frame.domain_distances) == 2


@pytest.mark.parametrize('distance', [
    [[math.nan] * 2], [[math.inf, math.nan]], [[-1.0, -math.inf]], [[math.nan, 5.0]]])
def test_distances_that_are_no_numbers(tmp_path, distance):
    """Depth comes out, no domain is left for them, and the image is unlike where none counts."""
    path = make_tiny_domains(tmp_path / 'm.onnx', distance=distance)
    estimator, watch = Estimator(str(path), 'onnxruntime'), DomainWatch(read_spec(path).domains)
    for _ in range(20):
        frame = estimator.estimate(grey(60), CAMERA, domain=watch.request())
        seen = watch.seen(frame.domain, frame.domain_distances)
        assert frame.domain in (0, 1) and np.isfinite(frame.depth).all()
        assert seen.unlike and not math.isinf(seen.margin)
    assert seen.astray
    if not np.isfinite(np.abs(distance)).any() or np.max(distance) < 0:
        assert watch.changes == 0 and seen.nearest is None


def drive(watch, rows):
    """Feed distances as a model would; return the domain that answered each image."""
    used = []
    for row in rows:
        request = watch.request()
        used.append(int(np.argmin(row)) if request == NEAREST else request)
        watch.seen(used[-1], row)
    return used


def changes(used):
    return int((np.diff(used) != 0).sum())


def test_a_walk_from_one_to_the_other_with_noise_at_the_border():
    """The choice of each image alone flickers; the stream changes once, soon after the border."""
    share = np.concatenate([np.zeros(30), np.linspace(0, 1, 60), np.ones(30)])
    flickers = []
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(0, 0.1, (120, 2))
        rows = np.stack([0.6 + share, 1.6 - share], 1) + noise
        alone = rows.argmin(1)
        used = drive(DomainWatch(FACTS), rows)
        flickers.append(changes(alone))
        assert changes(used) == 1 and (used[0], used[-1]) == (0, 1)
        assert 55 <= used.index(1) <= 85
        # What the parameters do: at once, and never by less than the margin.
        assert drive(DomainWatch(FACTS, hold=1, margin=0.0), rows)[1:] == list(alone[:-1])
        assert set(drive(DomainWatch(FACTS, margin=0.9), rows)) == {0}
    assert np.mean(flickers) > 4


def test_an_image_of_elsewhere_changes_nothing():
    rows = [(0.1, 1.0)] * 10 + [(1.0, 0.1)] * 4 + [(0.1, 1.0)] * 10
    assert set(drive(DomainWatch(FACTS, hold=5), rows)) == {0}
    # Four in a row are one too few, five are enough for the next image.
    assert drive(DomainWatch(FACTS, hold=4), rows)[14] == 1
    # Two others in turn are no row of either.
    three = (*FACTS, Domain('wood', 1.0))
    rows = [(0.5, 9, 9)] + [(0.5, 0.1, 9), (0.5, 9, 0.1)] * 9
    assert set(drive(DomainWatch(three, hold=3), rows)) == {0}


def test_a_pin_and_its_end():
    watch = DomainWatch(FACTS, pin='street')
    assert drive(watch, [(0.1, 1.0)] * 9) == [1] * 9 and watch.changes == 0
    assert watch.last.nearest == 0 and watch.last.used == 1
    with pytest.raises(InputError, match='choose one of room, street'):
        watch.configure('cellar', 1, 0.0, 0.0)
    assert watch.request() == 1 and watch.hold == 5
    watch.configure('', 3, 0.05, 2.0)
    # It goes on from the pinned one, and changes as ever.
    assert drive(watch, [(0.1, 1.0)] * 6) == [1, 1, 1, 0, 0, 0] and watch.changes == 1
    watch.configure('1', 3, 0.05, 2.0)
    assert watch.request() == 1


def test_unlike_and_margin():
    watch = DomainWatch(FACTS, unknown=2.0)
    assert not watch.seen(0, [1.9, 5.0]).unlike
    assert watch.seen(0, [2.1, 5.0]).unlike
    # Near enough for one of them is enough, even where another is nearer.
    wide = DomainWatch((Domain('a', 0.1), Domain('b', 5.0)), unknown=1.0)
    assert not wide.seen(0, [1.0, 2.0]).unlike
    assert not DomainWatch(FACTS, unknown=0.0).seen(0, [1e9, 1e9]).unlike
    assert watch.seen(0, [1.0, 4.0]).margin == pytest.approx(0.75)
    assert watch.seen(0, [0.0, 0.0]).margin == 0.0
    # A model's own word for it counts, not the distances.
    assert not watch.seen(0, [9.0, 9.0], [1.9, 7.0]).unlike
    assert watch.seen(0, [0.1, 0.2], [2.1, 7.0]).unlike
    assert watch.seen(0, [0.1, 0.2], [math.nan, -1.0]).unlike
    watch = DomainWatch(FACTS, hold=3)
    assert [watch.seen(0, [far, 9.0]).astray for far in (2, 2, 1, 2, 2, 2, 2, 1)] == (
        [False] * 5 + [True] * 2 + [False])
    assert math.isnan(DomainWatch(FACTS[:1]).seen(0, [1.0]).margin)
