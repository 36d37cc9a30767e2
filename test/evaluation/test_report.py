# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pages of an evaluation: whole, bounded, and honest about what is missing."""
import re

from depth_ros.camera import Camera
from depth_ros.evaluation.companions import Companions
from depth_ros.evaluation.environment import environment
from depth_ros.evaluation.evidence import Evidence, View
from depth_ros.evaluation.metrics import image_metrics
from depth_ros.evaluation.report import make_page
from depth_ros.evaluation.session import Session
import numpy as np

CAMERA = Camera(96, 64, 80.0, 80.0, 47.5, 31.5)
HOSTILE = '<img src=http://e.org onerror=alert(1)>'


def collected(count, camera=CAMERA, rich=True, worst=2, spread=3):
    """Return the evidence and the report of noisy frames; frame 3 is the worst."""
    rng, session = np.random.default_rng(0), Session()
    evidence = Evidence(worst=worst, spread=spread)
    for number in range(count):
        truth = rng.uniform(1, 9, (64, 96)).astype(np.float32)
        depth = truth * np.float32(2.0 if number == 3 else 1 + 0.01 * number)
        line = np.zeros_like(truth)
        line[40] = truth[40]
        more = {'image': rng.integers(0, 255, (64, 96, 3), np.uint8), 'line': line,
                'confidence': np.full_like(truth, 0.5), 'others': {'nearest_fill': truth}}
        evidence.add(View(f'{HOSTILE}{number}', depth, truth, camera=camera,
                          **(more if rich else {})), image_metrics(depth, truth))
        session.add(number, depth, truth)
    return evidence, session.report(model=HOSTILE, truth='depth')


def test_frames_are_chosen_and_memory_is_bounded():
    evidence, _ = collected(30, rich=False)
    assert [one.number for one in evidence.worst()] == [3, 29]
    shown = [one.number for one in evidence.spread()]
    assert len(shown) == 3 and shown == sorted(shown) and shown[0] < 10 < 20 <= shown[-1]
    assert len(evidence._spread) <= 6
    # A typical one, the worst, and the best.
    names = [cloud['name'] for cloud in evidence.clouds()]
    assert 'typical' in names[0] and f'{HOSTILE}3, worst (REL 1.000)' == names[1]
    assert len(names) == 3 and evidence.result()['frames'] == 30


def test_page_holds_every_section_and_nothing_strange():
    evidence, report = collected(6)
    text = make_page(report, evidence).html()
    heads = re.findall('<h2>(.*?)</h2>', text)
    assert heads == ['Figures', 'Point cloud', 'Errors by distance', 'Errors by image row',
                     'Confidence', 'Error of each frame', 'The worst frames',
                     'Frames along the data', 'How to do it again']
    assert '<img src=http' not in text and text.count('<script') == 2
    assert 'REL 1.000, RMSE' in text and 'nearest fill' in text
    assert environment()['packages']['numpy'] in text
    assert '6 frames are few' in text
    assert len(text) < 4_000_000


def test_page_of_depth_alone():
    """A node may know neither image, camera nor confidence."""
    evidence, report = collected(2, camera=None, rich=False)
    text = make_page(report, evidence).html()
    assert 'Point cloud' not in text and 'Confidence' not in text
    assert '<h2>The worst frames</h2>' in text and 'image and line' not in text


def test_a_long_stream_is_a_bounded_page():
    evidence, report = collected(2, camera=None, rich=False)
    short = make_page(report, evidence).html()
    report['per_frame'] *= 5000
    text = make_page(report, evidence).html()
    assert 'one frame of 7' in text and text.count('REL 0.0000') <= 200
    assert len(text) < len(short) + 100_000


def test_page_without_a_frame():
    text = make_page(Session().report(predictions=0), Evidence()).html()
    assert 'no depth image came in' in text and '<dt>predictions</dt><dd>0</dd>' in text
    assert 'nothing in them could be compared' in text and 'How to do it again' in text


def test_large_frames_fit_into_the_page():
    rng, session, evidence = np.random.default_rng(0), Session(), Evidence()
    camera = Camera(640, 480, 500.0, 500.0, 319.5, 239.5)
    for number in range(7):
        truth = rng.uniform(1, 9, (480, 640)).astype(np.float32)
        # Noise is what compresses worst.
        evidence.add(View(str(number), truth, truth, rng.integers(0, 255, (480, 640, 3), np.uint8),
                          confidence=truth / 9, camera=camera), image_metrics(truth, truth))
        session.add(number, truth[:2], truth[:2])
    assert len(make_page(session.report(), evidence).html()) < 4_000_000


def test_companions_wait_for_each_other_and_not_for_ever():
    joined = Companions(('image', 'sure'), patience=2, kept=3)
    assert joined.add('image', 1, 'i1') == [] and joined.frame(1, 'f1') == []
    assert joined.add('sure', 1, 's1') == [(1, 'f1', {'image': 'i1', 'sure': 's1'})]
    assert joined.frame(2, 'f2') == joined.frame(3, 'f3') == []
    assert joined.add('image', 2, 'i2') == []
    assert joined.frame(4, 'f4') == [(2, 'f2', {'image': 'i2'})]
    for stamp in range(10, 20):
        joined.add('image', stamp, stamp)
    assert joined.finish() == [(3, 'f3', {}), (4, 'f4', {})]
    assert joined.frame(10, 'late') == joined.frame(18, 'f') == []
    assert joined.finish() == [(10, 'late', {}), (18, 'f', {'image': 18})]
