# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
The model contract: what a model file must say and take, checked when it is opened.

A model is one ONNX file.  Its metadata (`metadata_props`, keys ``depth_ros.*``) holds the spec
below.  Normalisation and unit conversions are inside the graph:

- in ``image`` uint8 (1, H, W, 3) RGB; completion also ``sparse_depth`` float32 (1, H, W) metres,
  0 = none;
- out ``depth`` float32 (1, H, W) metres; optional ``confidence`` (1, H, W) 0..1, ``saliency``
  (1, H, W) 0..1, ``domain`` int64 (1,).
"""

from dataclasses import dataclass, field
import hashlib
import json
import os
from pathlib import Path

from depth_ros.contracts import InputError

CONTRACT = '1'
PREFIX = 'depth_ros.'
TASKS = ('completion', 'monocular', 'relative')
OUTPUTS = ('depth', 'confidence', 'saliency', 'domain')
MODELS = Path(__file__).parent / 'models'
# The shipped model that a node takes when none is named, by task.
DEFAULTS = {'completion': 'completion', 'monocular': 'student'}
_NUMBERS = {'input_height': int, 'input_width': int, 'size_multiple': int, 'focal': float,
            'depth_min': float, 'depth_max': float}
_TEXTS = ('name', 'task', 'licence', 'lineage', 'training', 'seed', 'revision')


class ModelError(InputError):
    """A model file that is missing, damaged, or does not satisfy the contract."""


@dataclass(frozen=True)
class ModelSpec:
    """What the metadata of a model file says; see the module's docstring."""

    name: str
    task: str
    file: Path
    sha256: str
    input_height: int
    input_width: int
    size_multiple: int = 0
    """0: the input size is fixed; n: any height and width that are multiples of n."""
    focal: float = 0.0
    """Monocular: focal length in pixels, at input size, that the depth is scaled for."""
    depth_min: float = 0.0
    depth_max: float = 0.0
    licence: str = ''
    lineage: str = ''
    training: str = ''
    seed: str = ''
    revision: str = ''
    figures: dict = field(default_factory=dict, hash=False)
    inputs: tuple = ()
    outputs: tuple = ('depth',)

    def summary(self):
        """Plain dictionary for `--json` and for people."""
        return {'name': self.name, 'task': self.task, 'file': str(self.file),
                'sha256': self.sha256, 'size_multiple': self.size_multiple,
                'input': {'height': self.input_height, 'width': self.input_width},
                'focal': self.focal, 'depth_range': [self.depth_min, self.depth_max],
                'outputs': list(self.outputs), 'licence': self.licence,
                'lineage': self.lineage, 'training': self.training, 'seed': self.seed,
                'revision': self.revision, 'figures': self.figures}


def read_spec(path):
    """
    Open a model file, check it against the contract and return its ModelSpec.

    :raises ModelError: missing, truncated, not ONNX, without metadata, or breaking the contract.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f'no model file at {path}: `depth_ros models` lists what is there')
    content = path.read_bytes()
    session = _open(path, content)
    metadata = session.get_modelmeta().custom_metadata_map
    if PREFIX + 'contract' not in metadata:
        raise ModelError(f'{path} is an ONNX file without depth_ros metadata: export it with '
                         '`python -m training export`, see docs/models.md')
    if metadata[PREFIX + 'contract'] != CONTRACT:
        raise ModelError(f'{path} follows contract {metadata[PREFIX + "contract"]}, this version '
                         f'reads contract {CONTRACT}: update depth_ros or export it again')
    values = _parse(path, metadata)
    spec = ModelSpec(file=path, sha256=hashlib.sha256(content).hexdigest(),
                     inputs=tuple(i.name for i in session.get_inputs()),
                     outputs=tuple(o.name for o in session.get_outputs()), **values)
    _check(spec, session)
    return spec


def _open(path, content):
    import onnxruntime
    try:
        options = onnxruntime.SessionOptions()
        # Only names and metadata are read here; optimising would cost a second.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        return onnxruntime.InferenceSession(content, options, ['CPUExecutionProvider'])
    except Exception as error:
        raise ModelError(f'{path} cannot be read as an ONNX model: it is truncated or not ONNX '
                         f'({str(error).splitlines()[0][:160]}). Copy or export it again'
                         ) from error


def _parse(path, metadata):
    values = {key: metadata.get(PREFIX + key, '') for key in _TEXTS}
    try:
        for key, kind in _NUMBERS.items():
            values[key] = kind(metadata[PREFIX + key])
        values['figures'] = json.loads(metadata.get(PREFIX + 'figures') or '{}')
    except KeyError as error:
        raise ModelError(f'{path} lacks the metadata {error}: export it again') from error
    except ValueError as error:
        raise ModelError(f'{path} has unreadable metadata ({error}): export it again') from error
    return values


def _check(spec, session):
    def fail(problem):
        raise ModelError(f'{spec.file} breaks the model contract: {problem}')

    if spec.task not in TASKS:
        fail(f'task {spec.task!r} is none of {", ".join(TASKS)}')
    inputs = {i.name: i for i in session.get_inputs()}
    expected = {'image': ('tensor(uint8)', 4)}
    if spec.task == 'completion':
        expected['sparse_depth'] = ('tensor(float)', 3)
    if set(inputs) != set(expected):
        fail(f'inputs are {sorted(inputs)}, expected {sorted(expected)}')
    for name, (kind, rank) in expected.items():
        if inputs[name].type != kind or len(inputs[name].shape) != rank:
            fail(f'input {name} is {inputs[name].type} {inputs[name].shape}, expected {kind} '
                 f'with {rank} dimensions')
    outputs = [o.name for o in session.get_outputs()]
    if 'depth' not in outputs or set(outputs) - set(OUTPUTS):
        fail(f'outputs are {outputs}, expected depth and optionally {", ".join(OUTPUTS[1:])}')
    if spec.input_height <= 0 or spec.input_width <= 0 or spec.size_multiple < 0:
        fail(f'input size {spec.input_width}x{spec.input_height} (multiple of '
             f'{spec.size_multiple}) is not usable')
    if spec.task == 'monocular' and spec.focal <= 0:
        fail('a monocular model must say the focal length it was trained for')


def available():
    """Shipped models and those in `DEPTH_ROS_MODELS` folders; the default of each task first."""
    folders = [MODELS, *map(Path, filter(None, os.environ.get('DEPTH_ROS_MODELS', '').split(':')))]
    specs = [read_spec(path) for folder in folders for path in sorted(folder.glob('*.onnx'))]
    return sorted(specs, key=lambda spec: DEFAULTS.get(spec.task) != spec.name)


def find(name, task=None):
    """
    Model by shipped name, by file path, or the default of `task` for an empty name.

    :raises ModelError: nothing of that name, or it does another task; the message lists choices.
    """
    if not name:
        name = DEFAULTS[task]
    if str(name).endswith('.onnx') or Path(name).is_file():
        spec = read_spec(name)
    else:
        by_name = {spec.name: spec for spec in available()}
        if name not in by_name:
            raise ModelError(f'unknown model {name!r}: choose one of '
                             f'{", ".join(by_name) or "(none installed)"}, or give an .onnx file')
        spec = by_name[name]
    if task and spec.task != task:
        raise ModelError(f'model {spec.name!r} does {spec.task}, this needs {task}')
    return spec
