# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A model file in another precision: `typed(spec, precision, folder) -> Path`.

The file that ships is float32. From it come, without torch: fp16 and bf16 (half.py), and int8 with
quantise and dequantise nodes (int8.py) and the rest in fp16. All of them take and give what the
model contract says, and keep its metadata.
"""

import hashlib
import os
from pathlib import Path
import re
import tempfile

from depth_ros.contracts import choose
from depth_ros.engines import content_of, EngineError, NotBuiltError, UnavailableError
from depth_ros.engines.maker import private_folder

# Raise when the same file and precision give other bytes than before.
REVISION = 2
# The newest operators of TensorRT 8.6; ReduceMean, for one, takes its axes otherwise since.
OLD_OPSET = 17
# Names of the types in ONNX.
HALVES = {'fp16': 'FLOAT16', 'bf16': 'BFLOAT16'}


def typed(spec, precision, folder, calibration=None, report=None, make=True,
          old=False, beside='fp16'):
    """
    Return the path of `spec` in a precision, converting it if `folder` does not have it.

    :param spec: ModelSpec of a float32 model.
    :param precision: fp32 (only made readable for TensorRT), fp16, bf16, int8.
    :param folder: where converted files are kept, under a name of what they come from.
    :param calibration: calibration.Calibration, int8 only; None takes the demo recording.
    :param make: False raises a NotBuiltError where a conversion would be needed.
    :param old: for TensorRT 8: the operators of OLD_OPSET, and beside int8 float32 instead of
        fp16, since it reads no fp16 scales.
    :param beside: fp16, or fp32 for CPUs: the type of what int8 leaves.
    :raises EngineError: the package onnx is missing, or the model cannot be converted.
    """
    convert = choose(_converters(), precision, 'precision')
    if precision == 'int8' and calibration is None:
        from depth_ros.engines.calibration import Calibration
        calibration = Calibration()
    made_of = f'{spec.sha256} {precision} {REVISION}'
    made_of += ' old' * old
    if precision == 'int8':
        made_of += f' {calibration.tag()}' + ' fp32' * (beside == 'fp32')
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    path = Path(folder) / f'{spec.name}_{precision}_{digest}.onnx'
    if path.is_file():
        return path
    if not make:
        raise NotBuiltError(f'{spec.name} was not converted to {precision} yet')
    if report and precision != 'fp32':
        report(f'converting {spec.name} to {precision}')
    content = convert(spec, calibration, old, beside)
    try:
        private_folder(path.parent)
        return _write(path, content)
    except OSError:
        # A folder that is full or read-only costs a conversion at every start, no more.
        return _write(Path(tempfile.mkdtemp(prefix='depth_ros_')) / path.name, content)


def _write(path, content):
    """Write a file whole or not at all, and return its path."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(number, 'wb') as stream:
            stream.write(content)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
    return path


def emulated(spec, precision, folder):
    """
    Return the path of a float32 file that rounds as fp16 or bf16 would (see half.to_half).

    For runtimes without the type: it has the numbers of the type, not its speed.
    """
    from depth_ros.engines.half import to_half
    path = Path(folder) / f'{spec.name}_{precision}_emulated.onnx'
    path.write_bytes(to_half(_load(spec), HALVES[precision], emulate=True).SerializeToString())
    return path


def _converters():
    return {'fp32': _fp32, **{name: _half(kind) for name, kind in HALVES.items()}, 'int8': _int8}


def _load(spec, old=False):
    try:
        import onnx
    except ImportError as error:
        raise UnavailableError('models are converted with the package onnx: pip install onnx'
                               ) from error
    from depth_ros.engines.onnx_graph import cast_first
    model = onnx.load_model_from_string(content_of(spec.file, spec.sha256))
    if old and max(item.version for item in model.opset_import if not item.domain) > OLD_OPSET:
        from onnx import version_converter
        try:
            model = version_converter.convert_version(model, OLD_OPSET)
        except Exception as error:
            raise EngineError(f'{spec.name} has operators that TensorRT 8 does not know: '
                              f'{str(error).splitlines()[0][:200]}') from error
    cast_first(model)
    return model


def _fp32(spec, _, old, beside):
    return _load(spec, old).SerializeToString()


def _half(name):
    def convert(spec, _, old, beside):
        model = _load(spec, old)
        from depth_ros.engines.half import to_half
        return to_half(model, name).SerializeToString()
    return convert


def _int8(spec, calibration, old, beside):
    model = _load(spec, old)
    from depth_ros.engines.half import to_half
    from depth_ros.engines.int8 import to_int8
    keep = None
    if calibration.keep is not None:
        keep = {node.name for node in model.graph.node if re.search(calibration.keep, node.name)}
    model = to_int8(model, calibration.feeds(spec), keep)
    halved = not old and beside == 'fp16'
    return (to_half(model, HALVES['fp16']) if halved else model).SerializeToString()
