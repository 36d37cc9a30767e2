# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Faults of processes and disks: kills, one cache for two nodes, a full disk, ends in every state.

DEPTH_ROS_SEQUENCES=500 python -m pytest test/nodes/test_faults_processes.py -s    # all of it
"""

from contextlib import suppress
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

from depth_ros import dds
from depth_ros.benchmark import memory
from depth_ros.benchmark.ros.accounts import counts, unaccounted
import numpy as np
import pytest
from tiny_models import make_tiny_model

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from depth_ros.benchmark.ros.helper import Helper  # noqa: E402, I100
from depth_ros.benchmark.ros.rig import CLOUD, DEPTH  # noqa: E402
from lifecycle_msgs.srv import ChangeState  # noqa: E402
from node_bench import Bench, POSE  # noqa: E402

pytestmark = pytest.mark.ros
SCRIPT = Path(__file__).parents[1] / 'node_with_tensorrt.py'
# In the full run: sequences of transitions, and both signals in every state.
SEQUENCES = int(os.environ.get('DEPTH_ROS_SEQUENCES', 12))
ALL = SEQUENCES > 100
UGLY = 'Traceback', 'terminate called', 'Aborted', 'Segmentation', 'core dumped'
# What each transition makes of each state; anything else is refused.
NEXT = {('unconfigured', 1): 'inactive', ('inactive', 2): 'unconfigured',
        ('inactive', 3): 'active', ('active', 4): 'inactive'}


@pytest.fixture
def model(tmp_path):
    """Completion model: 2.6 m everywhere."""
    return str(make_tiny_model(tmp_path / 'tiny.onnx', depth=2.6, image_gain=1.0))


def clean(node):
    """Check that nothing in a log looks like an accident."""
    assert not [word for word in UGLY if word in node.log], node.log


def segments(pid):
    """Files of the shared memory that a process made: it holds the locks beside them open."""
    links = []
    for link in Path(f'/proc/{pid}/fd').iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            links.append(os.readlink(link))
    return [Path(link.removesuffix('_el')) for link in links
            if dds.SEGMENT.fullmatch(Path(link).name)]


def ended(node, how):
    """Send a signal; return the status and the seconds until the end."""
    begin = time.monotonic()
    status = node.stop(how)
    print(f'{how.name}: status {status} after {time.monotonic() - begin:.2f} s')
    return status


def test_a_killed_node_starts_again(model, tmp_path):
    with Bench('completion', folder=tmp_path, model=model, **POSE) as node:
        node.good_frame()
        for _ in range(2 if ALL else 1):
            left = segments(node.process.pid)
            assert left and all(path.exists() for path in left)
            node.process.kill()
            assert node.process.wait() == -signal.SIGKILL
            # What is younger than a second may be of a process that has not locked it yet.
            time.sleep(1.1)
            begin = time.monotonic()
            node.start()
            spoke = time.monotonic() - begin
            node.received['depth/image'].clear()
            node.good_frame()
            print(f'speaks after {spoke:.2f} s, depth after {time.monotonic() - begin:.2f} s')
            # Else every kill would cost shared memory until the machine starts again.
            assert not [path for path in left if path.exists()]
            node.refresh()
            assert unaccounted(counts(node.values)) == 0
    clean(node)


def test_a_killed_camera_starts_again(model, tmp_path):
    """The node hears the next process of the driver; what the dead one left does no harm."""
    with Bench('completion', folder=tmp_path, model=model, max_residual=10.0, **POSE) as node:
        for number in range(2):
            node.received['depth/image'].clear()
            source = Helper('source', dict(os.environ), tmp_path / f'source_{number}.log',
                            namespace=node.namespace, period_s=0.05, with_scan=True)
            with source:
                source.wait(1, 60)
                source.tell(10_000)
                begin = time.monotonic()
                node.wait(lambda: len(node.received['depth/image']) > 3, 'depth')
                print(f'depth after {time.monotonic() - begin:.2f} s')
                # In the middle of publishing.
                source._process.kill()
        node.good_frame()
        node.refresh()
        node.wait(lambda: not unaccounted(counts(node.values)), 'one fate for every image')
    clean(node)


def test_a_subscriber_that_hangs_costs_five_messages_of_each_topic(model, tmp_path):
    """The node keeps those for it, however long it hangs, and goes on for everybody else."""
    size = {'width': 640, 'height': 480}
    with Bench('completion', reliable=True, folder=tmp_path, model=model, max_residual=10.0,
               **POSE) as node, Helper(
            'listener', dict(os.environ), tmp_path / 'listener.log', namespace=node.namespace,
            topics=(DEPTH, CLOUD)) as listener:
        def held_after(frames):
            for _ in range(frames):
                node.good_frame(**size)
            return memory.anonymous_mib(node.process.pid)
        node.wait(lambda: listener.lines, 'messages', every=lambda: node.send_good(**size))
        before = held_after(10)
        listener._process.send_signal(signal.SIGSTOP)
        full, later = held_after(12), held_after(24)
        listener._process.send_signal(signal.SIGCONT)
        print(f'{before:.1f} MiB, {full:.1f} after 12 images, {later:.1f} after 24 more')
        # A depth image of 1.2 MiB and a cloud of 4.7.
        assert full - before < 5 * 5.9 + 6 and later - full < 3
        arrived = listener.finish()
    assert len(arrived[DEPTH]) > 5
    clean(node)


def test_two_nodes_share_one_cache(model, tmp_path):
    """They start together; one builds, both use it."""
    shared = {'engine': 'tensorrt', 'engine_cache': str(tmp_path / 'engines'), 'model': model,
              'max_residual': 10.0, **POSE}
    script = (SCRIPT, 'completion', 'good', tmp_path / 'go')
    (tmp_path / 'first').mkdir()
    (tmp_path / 'second').mkdir()
    with Bench('completion', folder=tmp_path / 'first', script=script, **shared) as first, \
            Bench('completion', folder=tmp_path / 'second', script=script, **shared) as second:
        def ask():
            first.send_good()
            second.send_good()
        for node in (first, second):
            node.wait(lambda node=node: node.values.get('engine', '').startswith('tensorrt'),
                      'the engine', every=ask)
            node.good_frame()
    logs = first.log + second.log
    assert logs.count('10.3.0: done in') == 1, logs
    assert first.status_at_exit == second.status_at_exit == 0
    assert len(list((tmp_path / 'engines').glob('*.engine'))) == 1
    assert not list((tmp_path / 'engines').glob('*.tmp'))


def test_the_disk_of_the_cache_is_full(model, tmp_path):
    """A file system of one page: the engine is used all the same, and the log says so."""
    folder = tmp_path / 'engines'
    folder.mkdir()
    prefix = ['unshare', '-m', 'sh', '-c',
              f'mount -t tmpfs -o size=4k,nr_inodes=9 tmpfs {folder} && exec "$@"', 'sh']
    if not shutil.which('unshare') or subprocess.run(
            [*prefix, 'true'], capture_output=True).returncode:
        pytest.skip('no small file system can be made here (it needs the rights of root)')
    with Bench('completion', folder=tmp_path, script=(SCRIPT, 'completion', 'good', 'none'),
               prefix=prefix, engine='tensorrt', engine_cache=str(folder), model=model,
               max_residual=10.0, **POSE) as node:
        node.wait(lambda: node.values.get('engine', '').startswith('tensorrt'), 'the engine',
                  every=node.send_good)
        node.good_frame()
        node.wait(lambda: 'No space left on device' in node.log, 'the reason')
        assert 'cannot be kept' in node.log and str(folder) in node.log
        node.refresh()
        assert counts(node.values)['dropped'].get('failed', 0) == 0
    assert node.status_at_exit == 0
    clean(node)


def test_random_transitions(model, tmp_path):
    """Sequences of any transitions, also ones that no state allows and that do not exist."""
    rng = np.random.default_rng(11)
    with Bench('completion', folder=tmp_path, model=model, autostart=False, watchdog_period=60.0,
               **POSE) as node:
        state, held, refused = 'unconfigured', [], 0
        for number in range(SEQUENCES):
            for transition in rng.choice([1, 2, 3, 4, 1, 3, 99, 0], rng.integers(1, 8)):
                if state == 'active':
                    node.send_good()
                request = ChangeState.Request()
                request.transition.id = int(transition)
                wanted = NEXT.get((state, int(transition)))
                assert node.call('change_state', request).success == (wanted is not None)
                refused += wanted is None
                state = wanted or state
            assert node.state == state
            if number in (SEQUENCES // 5, SEQUENCES - 1):
                held.append((memory.anonymous_mib(node.process.pid),
                             memory.open_files(node.process.pid),
                             memory.threads(node.process.pid)))
        for transition in {'unconfigured': ('configure', 'activate'), 'inactive': ('activate',),
                           'active': ()}[state]:
            assert node.change_state(transition)
        node.good_frame()
        node.refresh()
        node.wait(lambda: not unaccounted(counts(node.values)), 'one fate for every image')
        print(f'{SEQUENCES} sequences, {refused} transitions refused; MiB, files, threads after '
              f'a fifth and at the end: {held}')
        assert held[1][0] - held[0][0] < 1 + 0.1 * SEQUENCES
        # Entities of a state may come and go; nothing may grow with every turn.
        assert held[1][1] - held[0][1] < 20 and held[1][2] - held[0][2] < 10
    assert node.status_at_exit == 0
    clean(node)


def test_it_ends_cleanly_in_every_state(model, tmp_path):
    """Active and in mid-work are in test_completion, while it builds in test_node_engines."""
    with Bench('completion', folder=tmp_path, model=model, autostart=False, **POSE) as node:
        ways = (('configure',), ('shutdown unconfigured',), (), ('configure', 'activate'),
                ('configure', 'cleanup'), ('configure', 'activate', 'deactivate'))
        for number, way in enumerate(ways if ALL else ways[:2]):
            signals = signal.SIGINT, signal.SIGTERM
            for how in signals if ALL else (signals[number % 2],):
                if node.process.poll() is not None:
                    node.start()
                for transition in way:
                    assert node.change_state(transition)
                assert ended(node, how) == 0, node.log
    clean(node)


@pytest.mark.parametrize('name', ['completion', *(
    ('monocular', 'evaluation', 'replay') if ALL else ())])
@pytest.mark.parametrize('library', ['_multiarray_umath', '_rclpy_pybind11', 'lifecycle_msgs'])
def test_ctrl_c_while_it_starts(repository, model, tmp_path, name, library):
    """Interrupted when it has just loaded a library: no trace of where it was."""
    command = [sys.executable, repository / 'resource' / 'executables' / name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, cwd=tmp_path,
                               env={**os.environ, 'PYTHONPATH': str(repository)})
    maps = Path(f'/proc/{process.pid}/maps')
    while process.poll() is None and library not in maps.read_text():
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    words = process.communicate(timeout=60)[0]
    assert process.returncode in (0, -signal.SIGINT), words
    assert not [word for word in UGLY if word in words], words
