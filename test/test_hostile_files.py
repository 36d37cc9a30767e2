# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Files made to do harm: each is one line that says so. What fuzzing found is here too."""
from contextlib import closing
import os
from pathlib import Path
import sqlite3
import struct

from depth_ros import bags
from depth_ros.bags import limits
from depth_ros.bags.limits import LARGEST_BYTES, unlz4, unzstd
from depth_ros.bags.salvage import open_bag
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.documents import inside, read_json, read_yaml
import pytest
from rosbags.rosbag2.storage_mcap import zstd
from tiny_bags import make_tiny_bag
import yaml

BOMB = zstd.compress(bytes(1 << 20)) * (LARGEST_BYTES // (1 << 20) + 1)


def refused(path, opener=bags.Bag):
    """Return what is said of a recording that cannot be read."""
    with pytest.raises(InputError) as error, opener(path) as bag:
        list(bag.messages())
    assert '\n' not in str(error.value)
    return str(error.value)


def test_a_small_file_does_not_unpack_to_all_memory():
    """A hundred kilobytes that hold a gigabyte; and less than was promised is no answer either."""
    assert len(BOMB) < 200_000
    with pytest.raises(InputError, match='unpacks to more than'):
        unzstd(BOMB)
    with pytest.raises(InputError, match='unpacks to more than 100 bytes'):
        unzstd(zstd.compress(bytes(200)), 100)
    with pytest.raises(InputError, match='claims to unpack'):
        unzstd(b'', LARGEST_BYTES + 1)
    with pytest.raises(InputError, match='cut off'):
        unzstd(zstd.compress(os.urandom(200))[:-20])
    import lz4.frame
    with pytest.raises(InputError, match='does not unpack to 100 bytes'):
        unlz4(lz4.frame.compress(bytes(200)), 100)
    assert unlz4(lz4.frame.compress(b'ab'), 2) == unzstd(zstd.compress(b'ab'), 2) == b'ab'


def test_a_packed_message_that_grows(tmp_path):
    """One message of a database holds a gigabyte."""
    path = tmp_path / 'bag'
    with bags.Writer(path, 'sqlite3') as writer:
        writer.write('/scan', 1, bags.message('sensor_msgs/msg/LaserScan'))
    with closing(sqlite3.connect(path / 'bag.db3')) as base:
        base.execute('UPDATE messages SET data = ?', (BOMB,))
        base.commit()
    assert 'unpacks to more than' in refused(path)
    assert 'unpacks to more than' in refused(path, open_bag)


def packed_as_a_whole(path, name):
    """Pack a recording's one file, as `ros2 bag record --compression-mode file` does."""
    file = path / name
    (path / f'{name}.zstd').write_bytes(zstd.compress(file.read_bytes()))
    file.unlink()
    content = yaml.safe_load((path / 'metadata.yaml').read_text())
    content['rosbag2_bagfile_information'].update(
        relative_file_paths=[f'{name}.zstd'], compression_format='zstd', compression_mode='FILE')
    (path / 'metadata.yaml').write_text(yaml.safe_dump(content))
    return path


def test_a_packed_file_does_not_fill_the_disk(tmp_path, monkeypatch):
    """It is unpacked into a folder of temporary files, as long as there is space."""
    path = packed_as_a_whole(make_tiny_bag(tmp_path / 'made', frames=2), 'made.mcap')
    assert len(list(bags.read(path))) == 9
    monkeypatch.setattr(limits, 'DISK_SHARE', 1e-12)
    assert 'unpacks to more than fits into' in refused(path)


@pytest.mark.parametrize('hidden', ['', 'packed', 'another ending'])
def test_a_query_in_the_place_of_a_table(tmp_path, hidden):
    """A view whose rows never end would be read for ever."""
    made, path = make_tiny_bag(tmp_path / 'made', frames=1), tmp_path / 'bag'
    with bags.Writer(path, 'sqlite3', False) as writer:
        for raw in bags.read_raw(made):
            writer.write_raw(*raw)
    with closing(sqlite3.connect(path / 'bag.db3')) as base:
        base.executescript(
            'ALTER TABLE messages RENAME TO old; CREATE VIEW messages AS WITH RECURSIVE '
            'c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c) '
            "SELECT id, 1 AS topic_id, id AS timestamp, x'00' AS data FROM c;")
    if hidden == 'packed':
        packed_as_a_whole(path, 'bag.db3')
    elif hidden:
        (path / 'bag.db3').rename(path / 'bag.data')
        index = path / 'metadata.yaml'
        index.write_text(index.read_text().replace('bag.db3', 'bag.data'))
    for opener in (bags.Bag, open_bag):
        assert "computes its view 'messages'" in refused(path, opener)


@pytest.mark.parametrize('name', ['../other/made.mcap', '/etc/passwd', '..', 'pipe', 'made.mcap/'])
def test_a_recording_stays_in_its_folder(tmp_path, name):
    """Whatever metadata.yaml names, only files of the folder are opened."""
    path, other = make_tiny_bag(tmp_path / 'made', frames=1), tmp_path / 'other'
    other.mkdir()
    (path / 'made.mcap').rename(other / 'made.mcap')
    if name == 'pipe':
        os.mkfifo(path / 'pipe')
    index = path / 'metadata.yaml'
    text = index.read_text()
    assert 'made.mcap' in text
    index.write_text(text.replace('made.mcap', name))
    assert str(path) in refused(path)


def test_types_of_a_recording_are_not_made_into_code(tmp_path):
    """Definitions inside are not looked at: what they say changes nothing."""
    path = make_tiny_bag(tmp_path / 'made', frames=2)
    file = path / 'made.mcap'
    data = file.read_bytes()
    # Of the same length, so that all else of the file is as it was.
    broken = data.replace(b'float32 angle_min', b'float32 @@@@@_min')
    assert broken != data
    file.write_bytes(broken)
    messages = {topic: msg for topic, _, msg in bags.read(file)}
    assert messages['/scan'].angle_min == pytest.approx(-0.5)


def test_names_that_speak_to_a_terminal(tmp_path):
    """A topic whose name clears the screen is refused, and not printed as it is."""
    made, path = make_tiny_bag(tmp_path / 'made', frames=1), tmp_path / 'bag'
    with bags.Writer(path, 'mcap', False) as writer:
        for raw in bags.read_raw(made):
            writer.write_raw('/\x1b[2J', raw.stamp_ns, raw.msgtype, raw.data)
            break
    said = refused(path)
    assert 'cannot read' in said and said.isprintable()


def test_a_chunk_that_is_listed_twice(tmp_path):
    """An index may not make a file of one chunk a file of a thousand."""
    path = make_tiny_bag(tmp_path / 'made', frames=2) / 'made.mcap'
    with bags.Bag(path) as bag:
        chunks = bag._reader.storage.chunks
        chunks.append(chunks[0])
        with pytest.raises(InputError, match='lists a chunk twice'):
            bag._check_index()


@pytest.mark.parametrize('record', [
    struct.pack('<BQ', 3, 1) + b'\0', struct.pack('<BQ', 4, 2) + b'\0\0',
    struct.pack('<BQ', 5, 4) + b'\0' * 4, struct.pack('<BQ', 6, 8) + b'\0' * 8,
    struct.pack('<BQHI', 3, 8, 1, 2) + b'\xff\xfe', struct.pack('<BQ', 5, 1 << 32)])
def test_records_that_are_too_short_end_what_can_be_salvaged(tmp_path, record):
    """Their kinds need more bytes; and a length is not believed before it is looked at."""
    file = tmp_path / 'a.mcap'
    file.write_bytes(b'\x89MCAP0\r\n' + record)
    assert 'a.mcap' in refused(file, open_bag)


@pytest.mark.parametrize('text, said', [
    ('[' * 100_000, 'more than 100 brackets'), ('{a: ' * 3000, 'more than 100 brackets'),
    ('- ' * 5000 + 'a', 'is not YAML'), ('a: ' + '9' * 5000, 'is not YAML'),
    ('a: &a [*a]', 'contains itself'), ('a: !!python/object/apply:os.getcwd []', 'is not YAML'),
    ('\n'.join(['a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]'] + [
        f'a{k}: &a{k} [{", ".join([f"*a{k - 1}"] * 10)}]' for k in range(1, 10)]),
     'holds more than'), ('\udcff', 'is no text')],
    ids=['brackets', 'braces', 'dashes', 'digits', 'itself', 'object', 'laughs', 'bytes'])
def test_yaml_that_would_hang_or_grow(tmp_path, text, said):
    """Found by fuzzing: brackets that a parser is lost in; and what is known of YAML."""
    path = tmp_path / 'a.yaml'
    path.write_bytes(text.encode('utf-8', 'surrogateescape'))
    for read in (read_yaml, Camera.from_yaml):
        with pytest.raises(InputError, match=said) as error:
            read(path)
        assert '\n' not in str(error.value) and 'a.yaml' in str(error.value)
    bag = make_tiny_bag(tmp_path / 'bag', frames=1)
    (bag / 'metadata.yaml').write_bytes(path.read_bytes())
    assert 'metadata.yaml' in refused(bag) or 'cannot read' in refused(bag)


def test_json_that_nests_without_end(tmp_path):
    """The parser's recursion is one line too."""
    path = tmp_path / 'a.json'
    for text in ('[' * 100_000, '1' * 10_000, '{', '\x00'):
        path.write_text(text)
        with pytest.raises(InputError, match='a.json is not JSON'):
            read_json(path)
    with pytest.raises(InputError, match='cannot read'):
        read_json(tmp_path)


@pytest.mark.parametrize('name', ['../a', '/etc/passwd', 'b/../../a', '.', '', 'link', 'a\0b'])
def test_names_that_lead_out_of_a_folder(tmp_path, name):
    """Neither dots nor an absolute path nor a link."""
    folder = tmp_path / 'folder'
    folder.mkdir()
    (folder / 'link').symlink_to(tmp_path)
    with pytest.raises(InputError, match='leads out of|is no name'):
        inside(folder, name)
    assert inside(folder, 'b/../a') == Path(folder, 'a').resolve()


def test_a_camera_of_more_pixels_than_memory(tmp_path):
    """Found by fuzzing: its rays would be made first."""
    path = tmp_path / 'a.yaml'
    path.write_text('{width: 1000000, height: 1000000, fx: 1, fy: 1, cx: 0, cy: 0}')
    with pytest.raises(InputError, match='more pixels than any'):
        Camera.from_yaml(path)
