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

A model with several domains (depth_ros.domains) also takes ``domain_request`` int64 (1,), and
gives ``domain`` and ``domain_distances`` float32 (1, D), maybe ``domain_unlikeness`` likewise.
"""

from dataclasses import asdict, dataclass, field
import json
import math
import os
from pathlib import Path
import re
import warnings

from depth_ros.documents import printable
from depth_ros.domains import read_domains
from depth_ros.model_file import ModelError, read_model, sums

CONTRACT = '1'
PREFIX = 'depth_ros.'
LARGEST_SIDE = 16384
TASKS = ('completion', 'monocular', 'relative')
OUTPUTS = ('depth', 'confidence', 'saliency', 'domain', 'domain_distances',
           'domain_unlikeness')
OF_EACH_DOMAIN = OUTPUTS[-2:]
MODELS = Path(__file__).parent / 'models'
# The shipped model that a node takes when none is named, by task.
DEFAULTS = {'completion': 'completion', 'monocular': 'student'}
_NUMBERS = {'input_height': int, 'input_width': int, 'size_multiple': int, 'focal': float,
            'depth_min': float, 'depth_max': float}
# A model's name becomes part of file names.
_NAME = re.compile(r'[^\W_][\w .()+-]{0,99}')
_TEXTS = ('name', 'task', 'licence', 'lineage', 'training', 'seed', 'revision')


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
    domains: tuple = ()
    """depth_ros.domains.Domain of each head; () for a model that has but one."""

    def depth_max_in(self, domain):
        """Metres that the domain of this number, None for no domain, answers at most; 0: any."""
        own = self.domains[domain].depth_max if self.domains and domain is not None else 0
        return own or self.depth_max

    @property
    def reach(self):
        """Metres up to which every domain tells depths, beyond which any may answer +Inf."""
        limits = [self.depth_max, *(domain.depth_max for domain in self.domains)]
        return min((limit for limit in limits if limit > 0), default=math.inf)

    def summary(self):
        """Plain dictionary for `--json` and for people."""
        return {'name': self.name, 'task': self.task, 'file': str(self.file),
                'sha256': self.sha256, 'size_multiple': self.size_multiple,
                'input': {'height': self.input_height, 'width': self.input_width},
                'focal': self.focal, 'depth_range': [self.depth_min, self.depth_max],
                'outputs': list(self.outputs), 'licence': self.licence,
                'domains': [asdict(domain) for domain in self.domains],
                'lineage': self.lineage, 'training': self.training, 'seed': self.seed,
                'revision': self.revision, 'figures': self.figures}


def read_spec(path):
    """
    Open a model file, check it against the contract and return its ModelSpec.

    :raises ModelError: missing, truncated, not ONNX, without metadata, or breaking the contract.
    """
    path = Path(path)
    content, digest = read_model(path)
    session = _open(path, content)
    metadata = session.get_modelmeta().custom_metadata_map
    if PREFIX + 'contract' not in metadata:
        raise ModelError(f'{path} is an ONNX file without depth_ros metadata: export it with '
                         '`python -m training export`, see docs/models.md')
    if metadata[PREFIX + 'contract'] != CONTRACT:
        raise ModelError(f'{path} follows contract {metadata[PREFIX + "contract"]}, this version '
                         f'reads contract {CONTRACT}: update depth_ros or export it again')
    values = _parse(path, metadata)
    spec = ModelSpec(file=path, sha256=digest,
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
        session = onnxruntime.InferenceSession(content, options, ['CPUExecutionProvider'])
        # Texts that are no UTF-8 show only when they are asked for.
        session.get_modelmeta().custom_metadata_map
        for tensor in (*session.get_inputs(), *session.get_outputs()):
            tensor.name, tensor.shape
        return session
    except Exception as error:
        reason = (str(error).splitlines() or [''])[0][:160]
        raise ModelError(f'{path} cannot be read as an ONNX model: it is truncated or not ONNX '
                         f'({reason}). Copy or export it again') from error


def _parse(path, metadata):
    values = {key: printable(metadata.get(PREFIX + key, '')) for key in _TEXTS}
    for key, kind in _NUMBERS.items():
        text = metadata.get(PREFIX + key)
        if text is None:
            raise ModelError(f'{path} lacks the metadata {PREFIX + key}: export it again')
        try:
            values[key] = kind(text)
            if not math.isfinite(values[key]):
                raise ValueError
        except ValueError as error:
            raise ModelError(f'{path} has unreadable metadata ({key} is {text!r}): export it '
                             'again') from error
    for key, read in (('figures', lambda text: dict(json.loads(text or '{}'))),
                      ('domains', read_domains)):
        try:
            values[key] = read(metadata.get(PREFIX + key))
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise ModelError(f'{path} has unreadable metadata ({key}: {error}): export it again'
                             ) from error
    return values


def _check(spec, session):
    def fail(problem):
        raise ModelError(f'{spec.file} breaks the model contract: {problem}')

    if not spec.name:
        fail('the metadata give it no name')
    if not is_name(spec.name):
        fail(f'its name {spec.name[:40]!r} is part of file names: use letters, digits, blanks and '
             '_ . ( ) + -, at most 100')
    if spec.task not in TASKS:
        fail(f'task {spec.task!r} is none of {", ".join(TASKS)}')
    step = spec.size_multiple
    if spec.input_height <= 0 or spec.input_width <= 0 or step < 0:
        fail(f'input size {spec.input_width}x{spec.input_height} (multiple of {step}) is not '
             'usable')
    if max(spec.input_height, spec.input_width) > LARGEST_SIDE:
        fail(f'input size {spec.input_width}x{spec.input_height} is above {LARGEST_SIDE} pixels')
    if step and (spec.input_height % step or spec.input_width % step):
        fail(f'input size {spec.input_width}x{spec.input_height} is not a multiple of {step}')
    if spec.depth_min < 0 or (spec.depth_max and spec.depth_max <= spec.depth_min):
        fail(f'depth range {spec.depth_min} to {spec.depth_max} is empty')
    if spec.task == 'monocular' and spec.focal <= 0:
        fail('a monocular model must say the focal length it was trained for')
    _check_graph(spec, session, fail)


def _check_graph(spec, session, fail):
    def check(kind, tensor, expected_type, shape):
        # Axes with a name are free; those with a number must have it.
        wrong = (len(tensor.shape) != len(shape) or tensor.type != expected_type
                 or any(isinstance(axis, int) and axis != size
                        for axis, size in zip(tensor.shape, shape)))
        if wrong:
            fail(f'{kind} {tensor.name} is {tensor.type} {tensor.shape}, expected '
                 f'{expected_type} {list(shape)}')

    size = (spec.input_height, spec.input_width)
    inputs = {i.name: i for i in session.get_inputs()}
    outputs = {o.name: o for o in session.get_outputs()}
    expected = (['domain_request'] * bool(spec.domains) + ['image']
                + ['sparse_depth'] * (spec.task == 'completion'))
    if sorted(inputs) != expected:
        fail(f'inputs are {sorted(inputs)}, expected {expected}')
    if 'depth' not in outputs or set(outputs) - set(OUTPUTS):
        fail(f'outputs are {sorted(outputs)}, expected depth and optionally '
             f'{", ".join(OUTPUTS[1:])}')
    if spec.size_multiple and any(isinstance(axis, int) for axis in inputs['image'].shape[1:3]):
        fail(f'size_multiple {spec.size_multiple} promises a free input size, but image is '
             f'{inputs["image"].shape}')
    check('input', inputs['image'], 'tensor(uint8)', (1, *size, 3))
    if 'sparse_depth' in inputs:
        check('input', inputs['sparse_depth'], 'tensor(float)', (1, *size))
    if spec.domains:
        check('input', inputs['domain_request'], 'tensor(int64)', (1,))
    if spec.domains and not {'domain', 'domain_distances'} <= set(outputs):
        fail(f'it has {len(spec.domains)} domains, so domain and domain_distances must be outputs')
    for name in OF_EACH_DOMAIN:
        if name in outputs and not spec.domains:
            fail(f'it gives {name}, and the metadata name no domains')
    for name, tensor in outputs.items():
        if name == 'domain':
            check('output', tensor, 'tensor(int64)', (1,))
        elif name in OF_EACH_DOMAIN:
            check('output', tensor, 'tensor(float)', (1, len(spec.domains)))
        else:
            check('output', tensor, 'tensor(float)', (1, *size))


def _shipped():
    """Specs of all model folders, the default of each task first, and what cannot be read."""
    folders = [MODELS, *map(Path, filter(None, os.environ.get('DEPTH_ROS_MODELS', '').split(':')))]
    specs, problems = [], []
    for folder in folders:
        for path in sorted(folder.glob('*.onnx')):
            try:
                specs.append(read_spec(path))
            except ModelError as error:
                problems.append(str(error))
        try:
            missing = [name for name in sums(folder) or () if not (folder / name).is_file()]
            problems += [f'{folder / name} is listed in SHA256SUMS and missing: install '
                         'depth_ros again' for name in missing]
        except ModelError as error:
            problems.append(str(error))
    return sorted(specs, key=lambda spec: DEFAULTS.get(spec.task) != spec.name), problems


def available():
    """
    Shipped models and those in `DEPTH_ROS_MODELS` folders; the default of each task first.

    A file that cannot be read is left out with a warning, so that it does not hide the others.
    """
    specs, problems = _shipped()
    for problem in problems:
        warnings.warn(problem, stacklevel=2)
    return specs


def is_name(text):
    """Whether a model may be called so."""
    return bool(_NAME.fullmatch(text))


def _is_file(name):
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long, or with a zero byte
        return False


def find(name, task=None):
    """
    Model by shipped name, by file path, or the default of `task` for an empty name.

    :raises ModelError: nothing of that name, or it does another task; the message lists choices.
    """
    if not name:
        name = DEFAULTS.get(task, '')
    if str(name).endswith('.onnx') or _is_file(name):
        spec = read_spec(name)
    else:
        specs, problems = _shipped()
        by_name = {spec.name: spec for spec in specs}
        if name not in by_name:
            choices = ', '.join(by_name) or '(none installed)'
            raise ModelError('; '.join([f'unknown model {str(name)!r}: choose one of {choices}, '
                                        'or give an .onnx file', *problems]))
        spec = by_name[name]
    if task and spec.task != task:
        raise ModelError(f'model {spec.name!r} does {spec.task}, this needs {task}')
    return spec
