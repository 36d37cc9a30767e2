# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Clouds of pages hold the points that were given, and draw in a browser where one is here."""
import base64
import json
import re
import shutil
import subprocess

from depth_ros.camera import Camera
from depth_ros.cloud_view import add_cloud, BEAMS, cloud_frame, cloud_html, SCRIPT
from depth_ros.page import Page
import numpy as np
import pytest

CAMERA = Camera(64, 48, 50.0, 52.0, 31.5, 23.5, (-0.05, 0.01, 0.0, 0.0, 0.0))
HOSTILE = '</script><script>alert(1)</script><b> & "\' \u2028'


def scene():
    """Return depth with gaps, truth, image, line and confidence of CAMERA."""
    rng = np.random.default_rng(0)
    depth = rng.uniform(1, 20, (48, 64)).astype(np.float32)
    truth = depth * rng.uniform(0.8, 1.2, depth.shape).astype(np.float32)
    depth[5], depth[6], truth[7] = np.nan, np.inf, np.nan
    line = np.zeros_like(depth)
    line[20] = truth[20]
    return (depth, truth, rng.integers(0, 255, (48, 64, 3), np.uint8), line,
            rng.uniform(0, 1, depth.shape).astype(np.float32))


def opened(frame):
    """Return points, true points (N, 3), beams (M, 3), colours and confidence of a frame."""
    data, n, m = base64.b64decode(frame['data']), frame['points'], frame['line']
    words = np.frombuffer(data, '<u2', 4 * n + 3 * m)
    rest = np.frombuffer(data, np.uint8)[2 * len(words):]
    x, y, z, t = words[:4 * n].reshape(4, n)
    beams = words[4 * n:].reshape(3, m)

    def points(x, y, z):
        rays = [low + values / 65535 * (high - low) for values, (low, high) in (
            (x, frame['x_rays']), (y, frame['y_rays']))]
        depth = z / 65535 * frame['far']
        return np.stack([rays[0] * depth, rays[1] * depth, depth], 1)
    return (points(x, y, z), points(x, y, t), points(*beams), rest[:3 * n].reshape(-1, 3),
            rest[3 * n:] / 255)


def test_points_are_what_was_given():
    depth, truth, image, line, sure = scene()
    frame = cloud_frame('a', depth, CAMERA, image, truth, line, sure)
    points, true, beams, colours, confidence = opened(frame)
    known = np.isfinite(depth)
    assert frame['points'] == known.sum()
    exact = np.concatenate([CAMERA.rays(), np.ones((48, 64, 1))], -1)
    np.testing.assert_allclose(points, (exact * depth[..., None])[known], atol=2e-3)
    wanted = np.nan_to_num((exact * truth[..., None])[known])
    np.testing.assert_allclose(true, wanted, atol=2e-3)
    assert (true[np.isnan(truth[known])] == 0).all()
    np.testing.assert_array_equal(colours, image[known])
    np.testing.assert_allclose(confidence, sure[known], atol=1 / 255)
    np.testing.assert_allclose(beams, (exact * line[..., None])[20], atol=2e-3)


def test_size_is_bounded_and_sparse_truth_survives():
    rng = np.random.default_rng(1)
    camera = Camera(1280, 960, 900.0, 900.0, 640.0, 480.0)
    depth = rng.uniform(1, 50, (960, 1280)).astype(np.float32)
    truth = np.where(rng.random(depth.shape) < 0.01, depth, np.float32(np.nan))
    frame = cloud_frame('a', depth, camera, truth=truth, line=depth, points=6000)
    assert 4000 < frame['points'] <= 6000 and frame['line'] <= BEAMS
    assert np.isfinite(truth).sum() > 6000
    assert (opened(frame)[1][:, 2] > 0).sum() > 1500
    assert not frame['image'] and not frame['confidence'] and frame['truth']


def test_nothing_to_see_is_none():
    depth = np.full((48, 64), np.nan, np.float32)
    assert cloud_frame('a', depth, CAMERA) is None
    depth[3, 4] = 2.0
    one = cloud_frame('a', depth, CAMERA)
    assert (one['points'], one['line'], one['truth']) == (1, 0, False)


def test_markup_offers_what_there_is_and_no_text_escapes():
    depth, truth, image, line, sure = scene()
    whole = cloud_html([cloud_frame(HOSTILE, depth, CAMERA, image, truth, line, sure)])
    bare = cloud_html([cloud_frame('a', depth, CAMERA)])
    values = re.compile('value="([a-z]+)"')
    assert values.findall(whole) == ['image', 'error', 'confidence', 'distance', 'depth', 'truth']
    assert values.findall(bare) == ['distance', 'depth']
    assert 'measured line' in whole and 'measured line' not in bare
    assert whole.count('<script') == whole.count('</script') == 1
    data = re.search(r'json">(.*)</script>', whole, re.S).group(1)
    assert json.loads(data)['frames'][0]['name'] == HOSTILE


def test_a_browser_draws_it(tmp_path):
    browser = shutil.which('chromium') or shutil.which('google-chrome')
    if browser is None:
        pytest.skip('no chromium here: apt-get install chromium')
    depth, truth, image, line, sure = scene()
    page = Page('cloud')
    add_cloud(page, [cloud_frame(HOSTILE, depth, CAMERA, image, truth, line, sure)])
    page.write(tmp_path / 'page.html')
    dumped = subprocess.run(
        [browser, '--headless', '--no-sandbox', '--disable-gpu', f'--user-data-dir={tmp_path}/u',
         '--virtual-time-budget=3000', '--dump-dom', f'file://{tmp_path}/page.html'],
        capture_output=True, text=True, timeout=240).stdout
    # The first view leaves some points beside the canvas.
    drawn = int(re.search(r'data-drawn="(\d+)"', dumped).group(1))
    assert 0.5 * np.isfinite(depth).sum() < drawn <= np.isfinite(depth).sum()
    assert 'class="cloud ready"' in dumped


def test_the_script_asks_for_nothing():
    text = SCRIPT.read_text()
    for word in ('http', 'fetch(', 'import', 'eval(', 'innerHTML', 'localStorage', 'cookie'):
        assert word not in text, word
