# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The table of completion from one line: folds by drive, raw drives, teachers, a whole row."""
import json

from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.datasets import Options, Sample
from depth_ros.estimator import Estimator
from depth_ros.evaluation.protocols import find_protocol
import numpy as np
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
pytest.importorskip('onnx')
from tiny_teachers import write_onnx  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.datasets import images, kitti_raw  # noqa: E402
from training.datasets.frames import Frames, Source  # noqa: E402
from training.datasets.pipeline import Augmentation  # noqa: E402
from training.datasets.taught import TaughtData  # noqa: E402
from training.experiment import build  # noqa: E402
from training.tables import find_table, kitti  # noqa: E402
from training.tables.line import garg, of_teacher  # noqa: E402
from training.tables.rerun import Settings  # noqa: E402
from training.tables.taught import row_config, seed_figures  # noqa: E402

SIZE = (120, 400)  # of the made images
CAMERA = 'P2: 230 0 199.5 0 0 230 59.5 0 0 0 1 0\nR0_rect: 1 0 0 0 1 0 0 0 1\n'
AXES = '0 -1 0 0 0 -1 1 0 0'


def scan(angles=(1, -1, -2, -5), far=10.0):
    """Return rings (N, 4) on a cylinder of some metres around the LiDAR."""
    azimuth = np.linspace(0, 2 * np.pi, 1440, endpoint=False)
    rings = [np.stack([far * np.cos(azimuth), far * np.sin(azimuth),
                       np.full(1440, far * np.tan(np.radians(angle))), 0 * azimuth], 1)
             for angle in angles]
    return np.concatenate(rings).astype(np.float32)


def write_image(path, seed, size=SIZE):
    """Write an image of soft random patches."""
    path.parent.mkdir(parents=True, exist_ok=True)
    patches = np.random.default_rng(seed).integers(0, 255, (4, 12, 3), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(patches, size[::-1]))


@pytest.fixture
def root(tmp_path):
    """Write four object frames, images of another drive, and a teacher."""
    folder = tmp_path / 'data' / 'kitti' / 'object' / 'training'
    for name in ('velodyne', 'calib'):
        (folder / name).mkdir(parents=True)
    for k in range(4):
        write_image(folder / 'image_2' / f'{k:06d}.png', k)
        scan(far=10.0 + k).tofile(folder / 'velodyne' / f'{k:06d}.bin')
        (folder / 'calib' / f'{k:06d}.txt').write_text(
            f'{CAMERA}Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n')
    for k in range(2):
        write_image(tmp_path / 'data' / 'kitti' / 'odometry' / 'rgb' / f'{k}.jpg', 10 + k)
    write_onnx(tmp_path / 'teacher.onnx', (1, 'h', 'w', 3), kind='UINT8', gain=0.1, own=True)
    return tmp_path / 'data'


def test_folds_share_no_drive(root):
    """Each half of the object frames is measured by what the other half and drives taught."""
    found = kitti.find_kitti(root)
    assert not found.full and 'kitti/train (0 of 80000 frames)' in found.lacks
    for fold in found.folds:
        parts = {source['part'] for source in fold.train if source['dataset'] == 'kitti_object'}
        measured, = fold.measured
        assert parts | {measured['part']} == {'even', 'odd'}
        assert all(source['labelled'] is False for source in fold.train)
        assert fold.frames == {'kitti_object': 2, 'images': 2}
        names = [{frame['name'] for frame in Frames(
            Source(**source), Augmentation(size=None, crop=None), False)}
            for source in (*fold.train, measured) if source['dataset'] == 'kitti_object']
        assert not names[0] & names[-1]


def test_frames_of_a_measured_drive_are_not_learnt_from(root):
    """Images of object frames add scenes, but not those beside a measured frame."""
    for k in (4, 6, 23):
        write_image(root / 'kitti' / 'object_rgb_only' / 'image_2' / f'{k:06d}.jpg', k)
    for fold in kitti.find_kitti(root).folds:
        assert fold.frames == {'kitti_object': 2, 'images': 3}
        names = [{*part.data.names} & {part.data.names[k] for k in part.indices} for part in (
            Frames(Source(**source), Augmentation(), False) for source in fold.train
            if source['dataset'] == 'images')]
        assert {'000006'} in names and {'0', '1'} in names


def test_full_data_are_recognised(root, monkeypatch):
    """With the benchmark in place it is trained on, by the published recipe."""
    for place, files in (
            ('train', [f'd/proj_depth/groundtruth/image_02/{k}.png' for k in range(3)]),
            ('val_selection_cropped', [f'groundtruth_depth/{k}.png' for k in range(2)])):
        for file in files:
            write_image(root / 'kitti' / place / file, 0)
    monkeypatch.setattr(kitti, 'TRAIN', (*kitti.TRAIN[:2], 3))
    monkeypatch.setattr(kitti, 'SELECTION', (*kitti.SELECTION[:2], 2))
    found = kitti.find_kitti(root)
    assert found.full and found.elevation == -1.0 and not kitti.find_kitti(root, small=True).full
    table, (fold,) = find_table('ral2023-kitti'), found.folds
    for row in (row for row in table.rows if row.config and row.name.startswith('mono')):
        config = row_config(table, row, found, fold, 1, Settings(root), 'teacher.onnx')
        with torch.device('meta'):
            data = build(config['data'])
            config['model']['init_args']['imagenet'] = False
            method = build(config['model'])
        h, terms = method.hparams, row.name.split('-')[2]
        assert (h.lr, h.decay_every, config['trainer']['max_epochs'], data.hparams.batch_size) \
            == (1e-4, 5, 20, 8)
        assert (h.alpha, h.beta) == {'ud': (0, 0), 'sl': (1.0, 0), 'ldp': (1.0, 0.1)}[terms]
        assert (h.scale, h.alignment, h.shared) == ('medians', 'median', 0.0)
        assert data.steps.crop == (352, 1216)


def test_no_data(tmp_path, capsys):
    """One line names the layouts; a teacher that is not there names the place."""
    with pytest.raises(InputError, match='no KITTI data under .*kitti/train.*kitti/object') as e:
        kitti.find_kitti(tmp_path)
    assert '\n' not in str(e.value)
    assert main(['table', 'ral2023-kitti', '--data', str(tmp_path), '--teacher', 'MiDaS=x']) == 2
    assert 'takes MonoDepth2=PATH, CADepth=PATH' in capsys.readouterr().err
    assert main(['table', 'ksem2023', '--data', str(tmp_path), '--elevation', '-2']) == 2
    assert 'not for ksem2023' in capsys.readouterr().err


def test_missing_teacher(root, capsys):
    """It is named with the place where it is looked for."""
    assert main(['table', 'ral2023-kitti', '--data', str(root), '--rows', 'mono-line']) == 2
    error = capsys.readouterr().err
    assert 'no weights of the teacher MonoDepth2 at' in error and 'm_640_192' in error


def test_rows(root, tmp_path, capsys):
    """The scaled teacher, and our network trained for a step; figures by hand; not done twice."""
    words = ['table', 'ral2023-kitti', '--data', str(root), '--runs', str(tmp_path / 'runs'),
             '--rows', 'mono-line', 'mono-own-ldp', '--steps', '1', '--seeds', '2',
             '--teacher', f'MonoDepth2={tmp_path / "teacher.onnx"}',
             '--json', str(tmp_path / 'out.json'), '--markdown', str(tmp_path / 'out.md')]
    assert main(words) == 0
    assert 'not comparable with the published ones' in capsys.readouterr().out
    report = json.loads((tmp_path / 'out.json').read_text())
    rows = {row['name']: row for row in report['rows'] if row['measured']}
    assert set(rows) == {'mono-line', 'mono-own-ldp'}
    own = rows['mono-own-ldp']
    assert (own['seeds'], own['steps'], own['size']) == ([2], 1, [96, 320])
    assert own['measured_on'] == {'kitti_object': 4} and own['spread'] is None
    assert not rows['mono-line']['trained_on']
    # By hand from the model files; ground truth is what the other rings saw.
    protocol, frames = find_protocol('image_mse'), []
    for fold, part in (('even', 'even'), ('odd', 'odd')):
        model = tmp_path / 'runs/ral2023-kitti/mono-own-ldp-small' / f'{fold}-seed2/model.onnx'
        source = Source('kitti_object', str(root / 'kitti/object'), elevation=-2.0, part=part)
        data = Frames(source, Augmentation(), False).data
        for sample in data.read(range(part == 'odd', 4, 2)):
            assert not (np.isfinite(sample.depth) & (sample.sparse > 0)).any()
            frame = Estimator(model, anchor=False).estimate(
                sample.image, sample.camera, sparse=sample.sparse)
            frames.append(protocol.image(frame.depth, sample.depth, 120.0))
    assert own['measured']['abs_rel'] == pytest.approx(
        protocol.combine(frames)['abs_rel'], rel=1e-4)
    text = (tmp_path / 'out.md').read_text()
    assert '| plain | anchored | garg | higher |' in text
    written = tmp_path / 'runs/ral2023-kitti/mono-own-ldp-small/odd-seed2/row.json'
    before = written.stat().st_mtime_ns
    assert main(words) == 0
    assert written.stat().st_mtime_ns == before
    words[words.index('--steps') + 1] = '2'
    assert main(words) == 2
    assert 'even-seed2 holds a run with other settings' in capsys.readouterr().err


def test_mean_and_spread():
    """Over seeds, of the figures over all frames; one seed has no spread."""
    protocol, truth = find_protocol('image_mse'), np.full((4, 5), 10.0)
    frames = [[protocol.image(np.full((4, 5), value), truth) for value in values]
              for values in ((11.0, 13.0), (14.0, 18.0))]
    figures = seed_figures(frames, ('abs_rel', 'rmse'))
    assert figures['mean'] == pytest.approx({'abs_rel': 0.4, 'rmse': (5 ** 0.5 + 40 ** 0.5) / 2})
    assert figures['spread'] == pytest.approx(
        {'abs_rel': 0.4 / 2 ** 0.5, 'rmse': (40 ** 0.5 - 5 ** 0.5) / 2 ** 0.5})
    assert seed_figures(frames[:1], ('rmse',))['spread'] is None


@pytest.fixture
def frame():
    """Make a sample: 8 m near, 40 m far, of which the line has five and four pixels."""
    depth = np.full((6, 20), 8.0, np.float32)
    depth[:, 11:] = 40.0
    sparse = np.zeros_like(depth)
    sparse[3, 6:15] = depth[3, 6:15]
    truth = np.where(sparse > 0, np.nan, depth).astype(np.float32)
    return Sample('x', np.zeros((6, 20, 3), np.uint8), truth, sparse,
                  Camera(20, 6, 10.0, 10.0, 9.5, 2.5)), depth


@pytest.mark.parametrize('by, scale', [('line', 4.0), ('medians', 4.0), ('truth', 4.0)])
def test_scaled_teacher(frame, by, scale):
    """A teacher of the right shape gives the depth; anchored it keeps to the line."""
    sample, depth = frame

    class Right:
        def depth(self, image):
            return depth / scale

    plain, anchored = of_teacher(Right(), by)(sample)
    np.testing.assert_allclose(plain, depth, rtol=1e-6)
    np.testing.assert_allclose(anchored, depth, rtol=1e-5)
    measured = sample.sparse > 0
    wrong = type('Wrong', (), {'depth': lambda self, image: np.ones_like(depth)})()
    plain, anchored = of_teacher(wrong, by)(sample)
    np.testing.assert_allclose(plain, plain[0, 0])
    assert np.array_equal(anchored[measured], sample.sparse[measured])


def test_garg_crop():
    """Rows and columns of the crop, and nothing beyond 80 m."""
    truth = np.full((375, 1242), 10.0, np.float32)
    truth[200, 600] = 81.0
    kept = np.isfinite(garg(truth))
    rows, columns = np.flatnonzero(kept.any(1)), np.flatnonzero(kept.any(0))
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (153, 371, 44, 1197)
    assert not kept[200, 600] and kept.sum() == 218 * 1153 - 1


def test_raw_drive(tmp_path):
    """A raw scan and the same one projected give the same line; the rest is ground truth."""
    day = tmp_path / 'raw' / '2011_09_26'
    day.mkdir(parents=True)
    (day / 'calib_cam_to_cam.txt').write_text(
        'calib_time: x\nS_rect_02: 400 120\nP_rect_02: 230 0 199.5 0 0 230 59.5 0 0 0 1 0\n'
        'R_rect_00: 1 0 0 0 1 0 0 0 1\n')
    (day / 'calib_velo_to_cam.txt').write_text(f'R: {AXES}\nT: 0 0 0\n')
    write_image(day / 'drive' / 'image_02' / 'data' / '0000000005.png', 1)
    (day / 'drive' / 'velodyne_points' / 'data').mkdir(parents=True)
    scan().tofile(day / 'drive' / 'velodyne_points' / 'data' / '0000000005.bin')
    options = Options(elevation=-2.0)
    sample, = kitti_raw.open_dataset(day, options).read([0])
    assert sample.name == 'drive/0000000005' and (sample.camera.fx, sample.camera.cx) == (
        230.0, 199.5)
    rows = np.flatnonzero((sample.sparse > 0).any(1))
    # 2 degrees below the axis at the middle, less towards the sides, where depth shrinks.
    assert rows.max() <= 59.5 + 230 * np.tan(np.radians(2)) / np.cos(np.radians(42)) + 1
    assert not (np.isfinite(sample.depth) & (sample.sparse > 0)).any()
    whole = np.where(sample.sparse > 0, sample.sparse, np.nan_to_num(sample.depth))
    # Half the size, and the calibration in a folder beside it.
    half = tmp_path / 'projected'
    write_image(half / 'image_02' / '5.jpg', 1, (60, 200))
    (half / 'velodyne_raw').mkdir()
    cv2.imwrite(str(half / 'velodyne_raw' / '5.png'),
                (np.maximum(whole[::2, ::2], whole[1::2, ::2]) * 256).astype(np.uint16))
    other, = kitti_raw.open_dataset(half, options).read([0])
    assert other.camera.fx == 115.0 and other.camera.width == 200
    assert (other.sparse > 0).sum() > 20 and np.isfinite(other.depth).any()
    (day / 'calib_cam_to_cam.txt').unlink()
    with pytest.raises(InputError, match='no calib_cam_to_cam.txt in or beside'):
        kitti_raw.open_dataset(half, options)


def test_images_alone_get_their_line_from_the_teacher(root, tmp_path):
    """One row of its map, in the metres that the frames with a line give it."""
    drives = [{'dataset': 'kitti_object', 'path': str(root / 'kitti/object'), 'labelled': False,
               'elevation': -2.0}]
    alone = {'dataset': 'images', 'path': str(root / 'kitti/odometry'), 'row': 0.53}
    data = TaughtData(str(tmp_path / 'teacher.onnx'), cache=str(tmp_path / 'cache'), lines=None,
                      train=[*drives, alone], steps={'size': None, 'crop': None, 'flip': 0.0,
                                                     'degrees': 0.0, 'lighting': 0.0})
    data.setup('fit')
    with_line, without = data.training_frames.datasets
    ratios = list(with_line.teach())
    assert without.unit == pytest.approx(np.exp(np.median(np.log(ratios))))
    assert list(without.teach()) == [None, None]
    rows, factors = set(), []
    for _ in range(12):
        item = without[0]
        row, = np.flatnonzero((item['sparse_depth'] > 0).any(1))
        rows.add(row)
        # In scale, and farther in one run of columns, it differs as measured lines do.
        factor = (item['sparse_depth'] / item['teacher'])[row].numpy() / without.unit
        steps = np.flatnonzero(np.abs(np.diff(factor)) > 1e-4)
        assert len(steps) <= 2 and len(np.unique(factor.round(4))) <= 2
        factors.append(np.log(factor.min()))
    assert len(rows) > 3 and abs(np.array(list(rows)) / 119 - 0.53).max() < 0.05
    assert 0.05 < np.std(factors) < 0.4
    # Measuring draws nothing.
    without.training = False
    assert torch.equal(without[0]['sparse_depth'], without[0]['sparse_depth'])
    row, = np.flatnonzero((without[0]['sparse_depth'] > 0).any(1))
    np.testing.assert_allclose(without[0]['sparse_depth'][row],
                               without[0]['teacher'][row] * without.unit, rtol=1e-6)
    with pytest.raises(InputError, match='holds no image. Expected layout'):
        images.open_dataset(tmp_path / 'cache', Options())
