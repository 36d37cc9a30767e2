# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reading and writing recordings."""
from depth_ros import bags
from depth_ros.contracts import InputError
import numpy as np
import pytest

SECOND = 1_000_000_000


def image(index):
    """Make a small image whose pixels say which one it is."""
    return bags.message('sensor_msgs/msg/Image', header={
        'stamp': bags.stamp(index * SECOND + 5), 'frame_id': 'camera'},
        height=2, width=3, encoding='mono8', step=3, data=np.full(6, index))


def write(path, storage, compress, count=4):
    """Write images and scans."""
    with bags.Writer(path, storage, compress) as writer:
        for index in range(count):
            writer.write('/image', index * SECOND, image(index))
            writer.write('/scan', index * SECOND + 1, bags.message(
                'sensor_msgs/msg/LaserScan', ranges=[1.0, float('inf'), np.nan]))
    return path


@pytest.mark.parametrize('compress', [False, True])
@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_round_trip(tmp_path, storage, compress):
    path = write(tmp_path / 'bag', storage, compress)
    assert bags.topics(path) == {'/image': ('sensor_msgs/msg/Image', 4),
                                 '/scan': ('sensor_msgs/msg/LaserScan', 4)}
    found = list(bags.read(path))
    assert [(topic, stamp) for topic, stamp, _ in found[:3]] == [
        ('/image', 0), ('/scan', 1), ('/image', SECOND)]
    first = found[2][2]
    assert (first.header.stamp.sec, first.header.stamp.nanosec) == (1, 5)
    assert first.header.frame_id == 'camera' and first.data.tolist() == [1] * 6
    np.testing.assert_array_equal(found[1][2].ranges, np.float32([1, np.inf, np.nan]))
    with bags.Bag(path) as bag:
        assert bag.count == 8
        assert bag.duration_s == pytest.approx(3, abs=1e-6)
        late = [raw.stamp_ns for raw in bag.raw(['image'], start_ns=2 * SECOND)]
        assert late == [2 * SECOND, 3 * SECOND]


def test_a_single_file_is_a_recording_too(tmp_path):
    path = write(tmp_path / 'bag', 'mcap', True)
    assert len(list(bags.read(path / 'bag.mcap', ['/image']))) == 4


@pytest.mark.ros
def test_raw_bytes_are_what_ros_understands(tmp_path):
    serialization = pytest.importorskip('rclpy.serialization')
    messages = pytest.importorskip('sensor_msgs.msg')
    path = write(tmp_path / 'bag', 'mcap', True)
    raw = list(bags.read_raw(path, ['image']))[3]
    msg = serialization.deserialize_message(raw.data, messages.Image)
    assert (msg.header.stamp.sec, msg.header.frame_id, msg.encoding) == (3, 'camera', 'mono8')
    assert msg.data.tolist() == [3] * 6


def test_messages_can_be_copied_between_recordings(tmp_path):
    path = write(tmp_path / 'bag', 'mcap', False)
    with bags.Writer(tmp_path / 'copy', 'sqlite3') as writer:
        for topic, stamp, msg in bags.read(path):
            writer.write(topic, stamp, msg)
    pairs = zip(bags.read_raw(path), bags.read_raw(tmp_path / 'copy'), strict=True)
    assert all(one == two for one, two in pairs)


def test_unknown_names_are_refused(tmp_path):
    path = write(tmp_path / 'bag', 'mcap', True)
    with pytest.raises(InputError, match='no topic .*depth.*it has /image, /scan'):
        list(bags.read(path, ['depth']))
    with pytest.raises(InputError, match='unknown message type'):
        bags.message('sensor_msgs/msg/Nothing')
    with pytest.raises(InputError, match='no field colour'):
        bags.message('sensor_msgs/msg/Image', colour=1)
    with pytest.raises(InputError, match='mcap, sqlite3'):
        bags.Writer(tmp_path / 'other', 'zip')
    with pytest.raises(InputError, match='exists'):
        bags.Writer(path)


def test_what_is_no_recording_is_refused(tmp_path):
    with pytest.raises(InputError, match='does not exist: name the folder'):
        bags.topics(tmp_path / 'nothing')
    with pytest.raises(InputError, match=r'no metadata\.yaml'):
        bags.topics(tmp_path)
    (tmp_path / 'text.txt').write_text('hello')
    with pytest.raises(InputError, match='no recording'):
        bags.topics(tmp_path / 'text.txt')
    (tmp_path / 'false.mcap').write_text('hello')
    with pytest.raises(InputError, match='damaged'):
        bags.topics(tmp_path / 'false.mcap')


@pytest.mark.parametrize('storage,suffix', [('mcap', 'mcap'), ('sqlite3', 'db3')])
@pytest.mark.parametrize('share', [0.0, 0.3, 0.9])
def test_a_truncated_recording_is_refused(tmp_path, storage, suffix, share):
    path = write(tmp_path / 'bag', storage, False, count=200)
    file = next(path.glob(f'*.{suffix}'))
    file.write_bytes(file.read_bytes()[:int(share * file.stat().st_size)])
    with pytest.raises(InputError, match='bag.*(reindex|recover)'):
        list(bags.read(path))


def test_real_rosbag2(shared):
    found = bags.topics(shared / 'data/bags/kitti_sfnd_converted')
    assert found['/camera/image_raw'] == ('sensor_msgs/msg/Image', 16)
    for topic, _, msg in bags.read(shared / 'data/bags/kitti_sfnd_converted', ['scan']):
        assert topic == '/scan' and len(msg.ranges) == 2000


def test_real_ros1_recording(shared):
    path = shared / 'data/bags/ros1_luminar_laserscan.bag'
    scans = [msg for topic, _, msg in bags.read(path)
             if msg.__msgtype__ == 'sensor_msgs/msg/LaserScan']
    assert len(scans) == 5
    assert len(scans[0].ranges) == 90 and scans[0].range_max == pytest.approx(5.0)
