# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The parity gate: the stored frame, the measures, and what does not pass."""

from dataclasses import replace
import json

from depth_ros.engines import onnxruntime
from depth_ros.engines.parity import compare, gate, LIMITS, Parity, ParityError, stored_input
from depth_ros.model import available, find, read_spec
import numpy as np
import pytest
from tiny_models import make_tiny_model

DEPTH = np.linspace(1, 20, 6400, dtype=np.float32).reshape(80, 80)


def spec_of(tmp_path, **options):
    return read_spec(make_tiny_model(tmp_path / f'{len(options)}.onnx', **options))


@pytest.mark.parametrize('size', [(160, 224), (96, 320), (480, 640)])
def test_the_stored_frame_is_a_scene_with_a_line(size):
    feed = stored_input(find('completion'), *size)
    assert feed['image'].shape == (*size, 3) and feed['image'].dtype == np.uint8
    assert feed['image'].std() > 30
    line = feed['sparse_depth']
    assert line.shape == size and line.dtype == np.float32
    assert (line > 0).sum() > 100 and 1 < line[line > 0].min() and line.max() < 20
    assert np.array_equal(stored_input(find('completion'), *size)['image'], feed['image'])
    assert set(stored_input(find('student'), *size)) == {'image'}


@pytest.mark.parametrize('name', [spec.name for spec in available()])
def test_shipped_models_do_something_on_it(name):
    """A frame on which a model says the same everywhere would show no wrong layer."""
    spec = find(name)
    height, width = spec.input_height, spec.input_width
    outputs = onnxruntime.load(spec, height, width).run(**stored_input(spec, height, width))
    assert np.percentile(outputs['depth'], 95) > 3 * np.percentile(outputs['depth'], 5) > 0


def test_figures_are_those_of_the_definition():
    other = DEPTH * np.float32(1.001)
    other[0, 0] = 1.2 * DEPTH[0, 0]
    found = compare({'depth': DEPTH}, {'depth': other}, 'fp16')
    assert found.median_rel == pytest.approx(1e-3, rel=1e-3)
    assert found.p99_rel == pytest.approx(1e-3, rel=1e-3)
    assert found.max_rel == pytest.approx(0.2, rel=1e-5)
    assert found.passed and found.pixels == 6400 and found.not_finite == 0
    assert not compare({'depth': DEPTH}, {'depth': other}, 'fp32').passed


def scaled(factor, pixels=slice(None)):
    depth = DEPTH.copy()
    depth.ravel()[pixels] *= np.float32(factor)
    return depth


@pytest.mark.parametrize('precision', LIMITS)
@pytest.mark.parametrize('wrong', [
    lambda limit: scaled(1 + 1.1 * limit.median_rel),
    lambda limit: scaled(1 + 1.1 * limit.p99_rel, slice(0, 100)),
    lambda limit: scaled(1 + 1.1 * limit.max_rel, slice(0, 1)),
    lambda limit: scaled(float('nan'), slice(7, 8)),
    lambda limit: scaled(float('inf'), slice(7, 8)),
    lambda limit: DEPTH[:40], lambda limit: None, lambda limit: np.zeros_like(DEPTH)])
def test_each_measure_alone_refuses(precision, wrong):
    outputs = {'depth': wrong(LIMITS[precision])}
    assert compare({'depth': DEPTH}, {'depth': DEPTH}, precision).passed
    assert not compare({'depth': DEPTH}, outputs, precision).passed


def test_other_outputs_count_and_indices_do_not():
    reference = {'depth': DEPTH, 'confidence': np.full((80, 80), 0.5, np.float32),
                 'domain': np.array(1)}
    good = {**reference, 'domain': np.array(0)}
    assert compare(reference, good, 'fp16').passed
    for confidence in (np.full((80, 80), 0.6, np.float32), np.full((80, 80), np.nan), None):
        assert not compare(reference, {**good, 'confidence': confidence}, 'fp16').passed


def test_a_record_goes_through_json():
    for outputs in ({'depth': DEPTH}, {}):
        found = compare({'depth': DEPTH, 'confidence': DEPTH / 20}, outputs, 'int8')
        text = json.dumps(found.record(), allow_nan=False)
        again = Parity.from_record(json.loads(text))
        assert again.text() == found.text() and again.passed == found.passed


class Off:
    """An engine that gives the reference times a factor."""

    def __init__(self, spec, factor):
        self.inner, self.factor = onnxruntime.load(spec, 64, 96), factor

    def run(self, image, sparse_depth=None):
        outputs = self.inner.run(image, sparse_depth)
        return {**outputs, 'depth': outputs['depth'] * np.float32(self.factor)}


def test_the_gate_times_what_passes_and_refuses_the_rest(tmp_path):
    spec = spec_of(tmp_path, depth=2.0, image_gain=5.0, confidence=0.5)
    found = gate(Off(spec, 1.0), spec, 64, 96, 'fp32')
    assert found['parity']['passed'] and found['parity']['max_rel'] == 0.0
    assert 0 < found['latency_ms']['median'] <= found['latency_ms']['p99']
    assert found['reference_latency_ms']['median'] > 0
    for factor, words in ((1.4, 'median 40 %'), (1.03, 'median 3 %')):
        with pytest.raises(ParityError, match=f'fp16 engine of tiny .*{words}') as refused:
            gate(Off(spec, factor), spec, 64, 96, 'fp16')
        assert refused.value.figures['parity']['median_rel'] == pytest.approx(factor - 1, rel=1e-4)
        assert '\n' not in str(refused.value) and '(limit 0.5 %)' in str(refused.value)


def test_the_reference_is_the_original_file(tmp_path):
    """A converted file that is wrong must not be its own reference."""
    spec = spec_of(tmp_path, depth=2.0)
    file = make_tiny_model(tmp_path / 'other.onnx', depth=2.2)
    other = replace(spec, file=file, sha256=read_spec(file).sha256)
    with pytest.raises(ParityError):
        gate(onnxruntime.load(other, 64, 96), spec, 64, 96, 'int8')
