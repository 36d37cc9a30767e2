# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is done with each kind of mutated file: `TARGETS[kind](folder, seed) -> text`."""
from functools import lru_cache, partial
import json
from pathlib import Path
import random
import shutil
import tempfile

from depth_ros import bags, model
from depth_ros.bags.salvage import open_bag
from depth_ros.camera import Camera
from depth_ros.config import NODES
from depth_ros.contracts import InputError
from depth_ros.documents import read_yaml
from depth_ros.engines.cache import engine_key, EngineCache
from depth_ros.model_file import SUMS, sums
from depth_ros.options import build, to_yaml
from fuzz_mutations import mutated
import numpy as np
from tiny_bags import make_tiny_bag
from tiny_domain_model import make_tiny_domains
from tiny_models import make_tiny_model

CAMERA = """image_width: 640
image_height: 480
camera_name: front
camera_matrix:
  rows: 3
  cols: 3
  data: [500.0, 0.0, 319.5, 0.0, 500.0, 239.5, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.1, 0.01, 0.0, 0.0, 0.0]
"""
PLAIN_CAMERA = 'width: 640\nheight: 480\nfx: 500.0\nfy: 500.0\ncx: 319.5\ncy: 239.5\n'
KEY = engine_key('a' * 64, 'tensorrt', '10.3.0', 'Orin', '8.7', 'fp16',
                 {'image': (1, 64, 96, 3)}, {'workspace': 0})
ENGINE = bytes(range(256)) * 4


@lru_cache(maxsize=None)
def _kept():
    """Folder for the files that are mutated; it lives as long as the process."""
    return Path(tempfile.mkdtemp(prefix='fuzz_kept_'))


@lru_cache(maxsize=None)
def _bag(storage, compress):
    """Return {file name: bytes} of a recording."""
    made = make_tiny_bag(_kept() / 'made', compressed=True)
    copy = _kept() / f'{storage}{compress}'
    with bags.Writer(copy, storage, compress) as writer:
        for raw in bags.read_raw(made):
            writer.write_raw(raw.topic, raw.stamp_ns, raw.msgtype, raw.data)
    shutil.rmtree(made)
    return {file.name: file.read_bytes() for file in sorted(copy.iterdir())}


def bag(folder, seed):
    """Open, read all, salvage; sometimes also check it as the command does."""
    files = dict(_bag(('mcap', 'sqlite3')[seed % 2], seed // 2 % 3 != 0))
    chance = random.Random(seed)
    name = 'metadata.yaml' if chance.random() < 0.25 else next(
        name for name in files if name != 'metadata.yaml')
    files[name] = mutated(files[name], seed, name.endswith('.yaml'))
    target = folder / 'bag'
    target.mkdir()
    for name, data in files.items():
        (target / name).write_bytes(data)
    if chance.random() < 0.1:
        (target / 'metadata.yaml').unlink()
    if chance.random() < 0.2:
        target = next(file for file in target.iterdir() if file.suffix != '.yaml')
    found = _read_all(bags.Bag, target)
    salvaged = _read_all(open_bag, target)
    if seed % 5 == 0:
        from depth_ros.bags.check import check_bag
        check_bag(target).as_json()
    return found if found == 'right' else salvaged


def _read_all(opener, target):
    try:
        with opener(target) as opened:
            for topic in opened.topics.values():
                assert topic.count >= 0
            assert opened.duration_s >= 0 and opened.count >= 0
            for _, stamp, _ in opened.messages():
                assert isinstance(stamp, int)
        return 'right' if getattr(opened, 'damage', None) is None else 'salvaged'
    except InputError as error:
        assert str(error) and '\n' not in str(error), f'not one line: {error}'
        return 'refused'


@lru_cache(maxsize=None)
def _model(kind):
    path = _kept() / f'{kind}.onnx'
    make_tiny_model(path, kind, confidence=0.5 if kind == 'completion' else None)
    return path.read_bytes()


def model_file(folder, seed):
    """Open it, and run what opens."""
    from depth_ros.engines import load_reference
    from depth_ros.engines.lean import lean
    path = folder / 'm.onnx'
    path.write_bytes(mutated(_model(('completion', 'monocular')[seed % 2]), seed))
    spec = lean(model.find(str(path)), ('confidence',), folder / 'cache')
    height, width = (min(size, 512) if spec.size_multiple == 1 else size
                     for size in (spec.input_height, spec.input_width))
    engine = load_reference(spec, height, width, options={})
    feed = {'image': np.zeros((height, width, 3), np.uint8)}
    if 'sparse_depth' in spec.inputs:
        feed['sparse_depth'] = np.zeros((height, width), np.float32)
    assert engine.run(**feed)['depth'].shape == (height, width)


@lru_cache(maxsize=None)
def _domains():
    return make_tiny_domains(_kept() / 'domains.onnx').read_bytes()


def domains_file(folder, seed):
    """Estimate with what opens, as a stream of a node does."""
    from depth_ros.domains import DomainWatch
    from depth_ros.estimator import Estimator
    path = folder / 'm.onnx'
    path.write_bytes(mutated(_domains(), seed))
    spec = model.find(str(path))
    if not spec.domains or max(spec.input_height, spec.input_width) > 512:
        return 'another model'
    watch = DomainWatch(spec.domains)
    estimator = Estimator(spec, 'onnxruntime', size=(spec.input_height, spec.input_width))
    for level in (60, 180, 255):
        frame = estimator.estimate(np.full((64, 96, 3), level, np.uint8),
                                   Camera(96, 64, 100.0, 100.0, 47.5, 31.5),
                                   domain=watch.request())
        seen = watch.seen(frame.domain, frame.domain_distances)
        assert 0 <= frame.domain < len(spec.domains) and frame.depth.shape == (64, 96)
        assert seen.nearest is None or 0 <= seen.nearest < len(spec.domains)
    return 'answered'


@lru_cache(maxsize=None)
def _entry():
    folder = _kept() / 'engines'
    EngineCache(folder).obtain(KEY, lambda: ENGINE, lambda content: {'worst': 0.1})
    return {suffix: EngineCache(folder).path(KEY, suffix).read_bytes()
            for suffix in ('engine', 'json')}


def engine_cache(folder, seed):
    """Whatever lies there: the engine is the right one, kept or built anew."""
    files, chance = dict(_entry()), random.Random(seed)
    suffix = 'json' if chance.random() < 0.8 else 'engine'
    files[suffix] = mutated(files[suffix], seed, suffix == 'json')
    cache = EngineCache(folder / 'cache')
    cache.prepare()
    for suffix, data in files.items():
        cache.path(KEY, suffix).write_bytes(data)
    cache.records()
    entry = cache.obtain(KEY, lambda: ENGINE)
    assert entry.content == ENGINE
    assert isinstance(entry.record['check'], dict)
    cache.path(KEY, 'json').write_bytes(files['json'])
    cache.prune()
    return 'built anew' if entry.built else 'right'


def camera(folder, seed):
    """Read it, and make its rays."""
    path = folder / 'camera.yaml'
    path.write_bytes(mutated((CAMERA, PLAIN_CAMERA)[seed % 2].encode(), seed, True))
    found = Camera.from_yaml(path)
    if found.width * found.height < 4e6:
        assert found.rays().shape == (found.height, found.width, 2)
    else:
        assert found.width * found.height < 1 << 28


def node_config(folder, seed):
    """Parameters of a node, as YAML."""
    kind = NODES[sorted(NODES)[seed % len(NODES)]]
    path = folder / 'node.yaml'
    path.write_bytes(mutated(to_yaml(kind).encode(), seed, True))
    content = read_yaml(path)
    try:
        values = dict(content['/**']['ros__parameters'])
    except (KeyError, TypeError, ValueError):
        return 'no parameters'
    build(kind, values)


def card(folder, seed):
    """SHA256SUMS and the card of a model, as `doctor` reads them."""
    from depth_ros.commands.doctor import models
    for file in model.MODELS.glob('student.*'):
        shutil.copyfile(file, folder / file.name)
    name = (SUMS, 'student.md')[seed % 2]
    text = ''.join(f'{digest}  {file}\n' for file, digest in sums(model.MODELS).items()
                   if file == 'student.onnx') if name == SUMS else (
        model.MODELS / name).read_text()
    (folder / name).write_bytes(mutated(text.encode(), seed, True))
    said = [check.found for check in models(folder)]
    assert said and not any('\n' in line for line in said), said


def training_config(folder, seed):
    """Read and resolve a training config."""
    from training.experiment import load_config, resolve
    paths = sorted((Path(__file__).resolve().parents[1] / 'config' / 'training').glob('*.yaml'))
    path = folder / 'config.yaml'
    path.write_bytes(mutated(paths[seed % len(paths)].read_bytes(), seed, True))
    config = load_config(path)
    resolve(config)


def r2m_record(folder, seed):
    """Read how far a folder is, and go on with it."""
    from training.robot.record import Record
    content = {'recordings': {'/bags/yard': 'abc'}, 'stages': {
        name: {'key': f'{name}1', 'found': {'frames': 3, 'parts': [{'recording': 'yard'}]},
               'seconds': 1.5, 'at': '2026-01-01T00:00:00Z'} for name in ('check', 'frames')}}
    text = json.dumps(content, indent=1).encode()
    (folder / 'r2m.json').write_bytes(mutated(text, seed, True))
    record = Record(folder)
    record.belong({'/other/yard': 'abc'})
    for name in ('check', 'frames', 'model'):
        record.done(name, f'{name}1')
    record.seconds()
    record.begin('model', 'k')
    record.finish('model', 1.0, {})


@lru_cache(maxsize=None)
def _checkpoint():
    import torch
    path = _kept() / 'last.ckpt'
    state = {f'net.{number}.weight': torch.ones(8, 8) for number in range(6)}
    torch.save({'state_dict': state, 'global_step': 3, 'average': {'mean': state, 'steps': 3}},
               path)
    return path.read_bytes()


def checkpoint(folder, seed):
    """Read it as weights of another run."""
    from training.networks.encoders import read_checkpoint, read_state
    path = folder / 'last.ckpt'
    path.write_bytes(mutated(_checkpoint(), seed))
    read_checkpoint(path)
    read_state(path)


@lru_cache(maxsize=None)
def _frames():
    import cv2
    cv2.imwrite(str(_kept() / '000000.png'), np.full((48, 64, 3), 90, np.uint8))
    np.save(_kept() / '000000.npy', np.array([[3, 4, 2.5], [5, 6, 3.5]], np.float32))
    return {'camera.yaml': b'width: 64\nheight: 48\nfx: 50.0\nfy: 50.0\ncx: 31.0\ncy: 23.0\n',
            'frames.json': b'{"0": "1.5"}',
            **{name: (_kept() / name).read_bytes() for name in ('000000.png', '000000.npy')}}


def kept_frames(folder, seed):
    """Read frames that r2m kept."""
    from training.robot.frames import open_dataset
    files = dict(_frames())
    name = sorted(files)[seed % 4]
    files[name] = mutated(files[name], seed, name.endswith(('yaml', 'json')))
    for name, data in files.items():
        (folder / name).write_bytes(data)
    for sample in open_dataset(folder).samples():
        assert sample.image.shape[:2] == sample.sparse.shape
        assert np.isfinite(sample.sparse).all()


FILES = {'model': model_file, 'domains': domains_file, 'engine cache': engine_cache,
         'camera': camera, 'node config': node_config, 'card': card}
TRAINING_FILES = {'training config': training_config, 'r2m.json': r2m_record,
                  'checkpoint': checkpoint, 'kept frames': kept_frames}
TARGETS = {'bag': bag, **FILES, **TRAINING_FILES}
prepare = {'bag': lambda: [_bag(s, c) for s in ('mcap', 'sqlite3') for c in (False, True)],
           'model': lambda: [_model(kind) for kind in ('completion', 'monocular')],
           'domains': _domains, 'engine cache': _entry, 'card': partial(sums, model.MODELS),
           'checkpoint': _checkpoint, 'kept frames': _frames}
