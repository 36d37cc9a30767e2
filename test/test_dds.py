# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What dead processes leave in shared memory."""
import fcntl

from depth_ros.dds import clear_leftovers


def test_what_the_dead_left_is_removed_and_nothing_else(tmp_path):
    names = [f'fastrtps_{digit * 16}' for digit in 'abc']
    others = ['fastrtps_port7411', 'fastrtps_port7411_el', 'sem.fastrtps_port7411_mutex',
              'fastrtps_robot_el', 'camera']
    for name in names:
        (tmp_path / name).write_bytes(bytes(1 << 20))
        (tmp_path / f'{name}_el').touch()
    for name in others:
        (tmp_path / name).touch()
    dead, alive, _ = names
    (tmp_path / f'fastrtps_{"d" * 16}_el').touch()
    with open(tmp_path / f'{alive}_el') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert clear_leftovers(tmp_path, older_s=60.0) == (0, 0.0)
        assert clear_leftovers(tmp_path, older_s=-1.0) == (3, 2.0)
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {alive, f'{alive}_el', *others} and dead not in left
    assert clear_leftovers(tmp_path, older_s=-1.0) == (1, 1.0)
    assert clear_leftovers(tmp_path / 'nowhere') == (0, 0.0)
