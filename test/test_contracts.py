# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Units and invalid values: exact numbers, the 16-bit guard, and damaged files."""

import cv2
from depth_ros import contracts
from depth_ros.contracts import InputError, read_depth, write_depth
import numpy as np
import pytest

ODD = np.array([[np.nan, np.inf, -np.inf, -1.0, 0.0, 1e-9, 1e30]], np.float32)


def test_millimetres_are_exact():
    raw = np.array([[0, 1, 2000, 65535]], np.uint16)
    depth = contracts.millimetres_to_metres(raw)
    assert depth.dtype == np.float32
    assert np.isnan(depth[0, 0])
    assert depth[0, 1:] == pytest.approx([0.001, 2.0, 65.535], rel=1e-6)
    assert np.array_equal(contracts.metres_to_millimetres(depth), raw)


@pytest.mark.parametrize('scale', [1000.0, 256.0, 5000.0])
def test_every_16_bit_value_survives_a_round_trip(scale):
    raw = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(contracts.encode_depth(contracts.decode_depth(raw, scale), scale), raw)


@pytest.mark.parametrize('scale', contracts.UNITS.values())
def test_what_16_bits_cannot_say_is_unknown(scale, recwarn):
    assert not contracts.encode_depth(ODD, scale).any()
    assert not recwarn.list


def test_nothing_wraps_round_to_a_near_obstacle():
    # A plain cast would turn 65.537 m into 1 mm.
    depth = np.array([[65.5349, 65.5351, 65.536, 65.537, 131.073, 70.0]], np.float32)
    assert contracts.metres_to_millimetres(depth).tolist() == [[65535, 65535, 0, 0, 0, 0]]
    far = np.array([[255.99, 256.0, 256.01, 300.0]], np.float32)
    kitti = contracts.encode_depth(far, contracts.KITTI_UNITS_PER_METRE)
    assert kitti.tolist() == [[65533, 0, 0, 0]]


def test_sparse_form_keeps_only_distances():
    assert not contracts.sparse_from_depth(ODD[:, :5]).any()
    assert contracts.sparse_from_depth(np.array([[2.5]])).tolist() == [[2.5]]


@pytest.mark.parametrize('unit,metres', [('mm', 2.0), ('kitti', 2.0), (5000, 2.0)])
def test_png_round_trip(tmp_path, unit, metres):
    depth = np.array([[metres, np.nan], [np.inf, 4 * metres]], np.float32)
    write_depth(tmp_path / 'd.png', depth, unit)
    back = read_depth(tmp_path / 'd.png', unit)
    assert back[0, 0] == metres and back[1, 1] == 4 * metres
    assert np.isnan(back[0, 1]) and np.isnan(back[1, 0])


def test_npy_keeps_beyond_range_and_refuses_nonsense(tmp_path):
    write_depth(tmp_path / 'd.npy', ODD)
    back = read_depth(tmp_path / 'd.npy')
    assert np.isposinf(back[0, 1]) and back[0, 5] == np.float32(1e-9)
    assert np.isnan(back[0, [0, 2, 3, 4]]).all()


def damaged_files(folder):
    """Map a file to what its error must say."""
    write_depth(folder / 'good.png', np.random.default_rng(0).uniform(1, 9, (64, 64)))
    write_depth(folder / 'good.npy', np.ones((64, 64)))
    for suffix in ('png', 'npy'):
        content = (folder / f'good.{suffix}').read_bytes()
        (folder / f'cut.{suffix}').write_bytes(content[:len(content) // 2])
        (folder / f'empty.{suffix}').write_bytes(b'')
    cv2.imwrite(str(folder / 'colour.png'), np.zeros((4, 4, 3), np.uint8))
    cv2.imwrite(str(folder / 'grey8.png'), np.zeros((4, 4), np.uint8))
    np.save(folder / 'cube.npy', np.zeros((2, 3, 4)))
    np.save(folder / 'object.npy', np.array([[None]], object), allow_pickle=True)
    np.save(folder / 'text.npy', np.array([['near']]))
    return {'nowhere.png': 'no depth file', 'cut.png': 'decoded', 'empty.png': 'decoded',
            'colour.png': '16-bit', 'grey8.png': '16-bit', 'cut.npy': 'cannot be read',
            'empty.npy': 'cannot be read', 'cube.npy': '(2, 3, 4)', 'object.npy': 'cannot be read',
            'text.npy': 'cannot be read'}


@pytest.mark.parametrize('name', [
    'nowhere.png', 'cut.png', 'empty.png', 'colour.png', 'grey8.png', 'cut.npy', 'empty.npy',
    'cube.npy', 'object.npy', 'text.npy'])
def test_damaged_files_are_named(tmp_path, name):
    expected = damaged_files(tmp_path)[name]
    with pytest.raises(InputError) as error:
        read_depth(tmp_path / name)
    assert expected in str(error.value) and name in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('unit', ['inch', 0, -1, float('nan'), None])
def test_unknown_unit_lists_the_choices(unit):
    with pytest.raises(InputError, match='choose one of kitti, m, mm'):
        contracts.units_per_metre(unit)


@pytest.mark.parametrize('name', ['folder/d.png', 'folder/d.npy', 'd.nonsense'])
def test_unwritable_place_is_an_input_error(tmp_path, name):
    with pytest.raises(InputError, match='cannot write'):
        write_depth(tmp_path / name, np.ones((2, 2)))
