# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A model with several domains in a real node, over DDS: who answers, and what is told."""

from array import array
from importlib.util import find_spec
import os
from pathlib import Path
import subprocess
import sys
import time

from depth_ros import messages
from drawn_rooms import pictures
import numpy as np
import pytest
from tiny_domain_model import make_tiny_domains
from tiny_models import make_tiny_model

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from node_bench import (  # noqa: E402, I100
    Bench,
    camera_info,
    image,
    nanoseconds,
    POSE,
    scan,
    TIMEOUT,
)

pytestmark = pytest.mark.ros
WARN = b'\x01'
ROOM, STREET, BORDER = 60, 180, 120


class Walk:
    """Sends frames one at a time and tells which domain answered each."""

    def __init__(self, node, first=ROOM):
        """Begin with images until the node has found this side and answers."""
        self.node = node
        self.answer(first, 0.5)

    def answer(self, picture, patience=10.0):
        """
        Median depth, metres, of one image: a grey, or `(H, W, 3) uint8`.

        :param patience: seconds until it is sent again.
        """
        sent, told = set(), []

        def again():
            if told and time.monotonic() - told[-1] < patience:
                return
            told.append(time.monotonic())
            stamp = self.node.next_stamp()
            sent.add(stamp)
            height, width = (48, 64) if np.ndim(picture) == 0 else picture.shape[:2]
            message = image(stamp, width, height, value=int(np.mean(picture)))
            if np.ndim(picture):
                message.data = array('B', np.ascontiguousarray(picture).tobytes())
            self.node.send(camera_info=camera_info(stamp, width, height), scan=scan(stamp))
            self.node.send(image=message)
        self.node.received['depth/image'].clear()
        self.node.wait(lambda: any(nanoseconds(m) in sent
                                   for m in self.node.received['depth/image']), 'depth',
                       every=again)
        return float(np.nanmedian(messages.image_to_depth(self.node.received['depth/image'][-1])))

    def along(self, pictures, border=6.0):
        """Return 0 for a near answer and 1 for a far one, a number per picture."""
        return [int(self.answer(picture) > border) for picture in pictures]


def changes(used):
    return int((np.diff(used) != 0).sum())


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """Rooms are dark and 2 m deep, streets are light and 20 m deep."""
    return str(make_tiny_domains(tmp_path_factory.mktemp('model') / 'tiny.onnx',
                                 distance_99=0.2))


def test_from_a_room_to_a_street(model, tmp_path):
    """
    One change at a noisy border; a pin, its end, and what no domain has seen.

    Grey levels stand for scenes: the model's distance is that of the mean grey.
    """
    rng = np.random.default_rng(1)
    levels = np.concatenate([np.full(8, ROOM), np.linspace(ROOM, STREET, 30), np.full(8, STREET)])
    levels = np.clip(levels + rng.normal(0, 20, len(levels)), 40, 200).round().astype(int)
    alone = (levels > BORDER).astype(int)
    assert changes(alone) >= 3
    with Bench('monocular', folder=tmp_path, model=model, engine='onnxruntime',
               reliable=True) as node:
        walk = Walk(node)
        used = walk.along(levels)
        assert changes(used) == 1 and (used[0], used[-1]) == (0, 1)
        node.refresh()
        assert node.values['domain'] == node.values['domain_nearest'] == 'street'
        assert node.values['domain_changes'] == '1' and node.values['domain_unlike'] == 'false'
        assert 0 < float(node.values['domain_margin']) <= 1
        assert 'domain room is left for street' in node.log
        # Pinned while it runs, by name and by number; then by itself again.
        assert node.set_parameter('domain', 'room') == (True, '')
        assert set(walk.along([STREET] * 8)) == {0}
        node.refresh()
        assert node.values['domain'] == 'room' and node.values['domain_nearest'] == 'street'
        assert node.values['domain_pinned'] == 'true'
        done, reason = node.set_parameter('domain', 'cellar')
        assert not done and 'choose one of room, street' in reason
        assert set(walk.along([STREET])) == {0}
        assert node.set_parameter('domain', '1') == (True, '')
        assert set(walk.along([ROOM] * 8)) == {1}
        assert node.set_parameter('domain_hold', 3) == (True, '')
        assert node.set_parameter('domain', '') == (True, '')
        assert walk.along([ROOM] * 6) == [1, 1, 1, 0, 0, 0]
        assert node.set_parameter('domain_hold', 0)[0] is False
        # Neither dark nor light: 75 from the lighter one.
        node.refresh()
        before = node.count('images_unlike')
        node.statuses.clear()
        assert walk.along([255] * 4) == [0, 0, 0, 1]
        status = node.expect('unlike every domain of the model; street is the nearest')
        assert status.level == WARN
        node.refresh()
        assert node.values['domain_unlike'] == 'true'
        assert node.count('images_unlike') == before + 4
        assert node.set_parameter('domain_unknown', 0.0) == (True, '')
        walk.along([255])
        node.refresh()
        assert node.values['domain_unlike'] == 'false'
        assert node.count('images_unlike') == before + 4
        assert node.count('images_rejected') == node.count('images_failed') == 0
    assert node.status_at_exit == 0


def test_domains_of_a_completion_model_and_of_the_one_beside_it(tmp_path):
    """Each follows its own; a pin counts for those that have such a domain."""
    alone = make_tiny_domains(tmp_path / 'alone.onnx', names=('hall', 'field'))
    whole = make_tiny_domains(tmp_path / 'whole.onnx', 'completion')
    with Bench('completion', folder=tmp_path, model=str(whole), engine='onnxruntime',
               on_missing_scan='monocular', monocular_model=str(alone), anchor=False,
               max_residual=10.0, reliable=True, **POSE) as node:
        walk = Walk(node)
        assert walk.along([ROOM, ROOM]) == [0, 0]
        assert node.set_parameter('domain', 'field') == (True, '')
        assert walk.along([ROOM, ROOM]) == [0, 0]
        assert node.set_parameter('domain', 'street') == (True, '')
        assert walk.along([ROOM, ROOM]) == [1, 1]
        assert node.set_parameter('domain', 'sea')[0] is False
        node.refresh()
        assert node.values['domain'] == 'street'
        assert node.values['monocular_domains'] == 'hall, field'


@pytest.mark.parametrize('domains,says', [(False, 'model tiny has no domains'),
                                          (True, 'choose one of room, street')])
def test_a_pin_that_the_model_does_not_have(tmp_path, model, domains, says):
    if not domains:
        model = str(make_tiny_model(tmp_path / 'tiny.onnx', 'monocular', depth=2.6))
    with Bench('monocular', folder=tmp_path, model=model, domain='cellar') as node:
        node.expect(f'cannot configure: the {says}' if not domains else says)
        assert node.state == 'unconfigured'
        # The user mends it and goes on.
        assert node.set_parameter('domain', '') == (True, '')
        assert node.change_state('configure') and node.change_state('activate')
        Walk(node)


def test_a_hostile_model_rejects_images_and_the_node_lives(tmp_path):
    model = str(make_tiny_domains(tmp_path / 'tiny.onnx', domain=[7]))
    with Bench('monocular', folder=tmp_path, model=model, engine='onnxruntime') as node:
        node.expect('it answers with domain 7, and has 2', every=node.send_good)
        node.refresh()
        assert node.count('images_rejected') and not node.count('images_failed')
        assert not node.received['depth/image']


def test_a_network_of_two_domains_walks_out_of_a_room(tmp_path):
    """A `LifelongNet` as one file: heads, choice and hysteresis, with pictures that are drawn."""
    if not (find_spec('torch') and find_spec('lightning')):
        pytest.skip('networks are made with the train extra')
    # In a process of its own, as training is everywhere but here.
    subprocess.run([sys.executable, str(Path(__file__).parents[1] / 'made_domains.py'),
                    str(tmp_path / 'm.onnx')], check=True, timeout=TIMEOUT,
                   env={**os.environ, 'PYTHONPATH': str(Path(__file__).parents[2])})
    rng = np.random.default_rng(0)
    share = np.clip(np.linspace(-0.5, 1.5, 32) + rng.normal(0, 0.15, 32), 0, 1)
    share = share[:, None, None, None]
    frames = ((1 - share) * pictures('room', 32, seed=3)
              + share * pictures('street', 32, seed=3)).astype(np.uint8)
    with Bench('monocular', ('depth/image', 'depth/confidence'), folder=tmp_path,
               model=str(tmp_path / 'm.onnx'), engine='onnxruntime', reliable=True) as node:
        walk = Walk(node, frames[0])
        used = walk.along(frames)
        assert changes(used) == 1 and (used[0], used[-1]) == (0, 1), used
        assert 8 <= used.index(1) <= 24
        node.refresh()
        assert node.values['domains'] == 'room, street' and node.values['domain'] == 'street'
        assert len(node.received['depth/confidence']) >= 32
        # The camera's focal length is 80, that of the street's metres 100.
        assert walk.answer(frames[-1]) == pytest.approx(20 * 80 / 100, rel=0.3)
        assert node.set_parameter('domain', 'room') == (True, '')
        assert walk.answer(frames[-1]) == pytest.approx(2 * 80 / 80, rel=0.6)
