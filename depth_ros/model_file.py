# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
The bytes of a model file, taken only where they are whole, unchanged and all of the model.

A folder of models may hold SHA256SUMS, as `sha256sum *.onnx > SHA256SUMS` writes it; then each
model in it must be listed there with its digest. The shipped models are. That finds a file that
was damaged, replaced or added; whoever can write into the folder can change the list as well.
"""

import hashlib
from pathlib import Path
import re

from depth_ros.contracts import InputError
from depth_ros.protobuf import fields

SUMS = 'SHA256SUMS'
# protobuf takes no more.
LARGEST_BYTES = (1 << 31) - 1
_LINE = re.compile(r'([0-9a-f]{64}) [ *](.+)')
# Numbers of the fields of onnx.proto that lead to a tensor, by the message that has them.
_WAYS = {'model': {7: 'graph', 25: 'function'},
         'graph': {1: 'node', 5: 'tensor', 15: 'sparse'}, 'function': {7: 'node'},
         'node': {5: 'attribute'}, 'sparse': {1: 'tensor', 2: 'tensor'},
         'attribute': {5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse',
                       23: 'sparse'}}
_EXTERNAL, _LOCATION = 13, 14
_DEEPEST = 64


class ModelError(InputError):
    """A model file that is missing, damaged, or does not satisfy the contract."""


def read_model(path, sha256=None):
    """
    Return (content, its SHA-256) of a model file.

    :param sha256: what it was when it was looked at before; None takes any.
    :raises ModelError: missing, too large, not what SHA256SUMS or `sha256` say, or with weights
        in other files, whose paths may lead anywhere.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f'no model file at {path}: `depth_ros models` lists what is there')
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ModelError(f'{path} is larger than 2 GiB: no model of the contract is')
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f'{path} cannot be read: {error.strerror}') from error
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and digest != sha256:
        raise ModelError(f'{path} was changed since it was looked at: start again')
    _check_sum(path, digest)
    # Every tensor elsewhere names its location; the search costs a thousandth of the walk.
    if b'location' in content and _external(memoryview(content), 'model', 0):
        raise ModelError(f'{path} keeps weights in other files, which are not read: save it as '
                         'one file (onnx.save without save_as_external_data)')
    return content, digest


def sums(folder):
    """Return {file name: SHA-256} of the SHA256SUMS of a folder, or None where there is none."""
    path = Path(folder) / SUMS
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f'{path} cannot be read ({type(error).__name__}): install depth_ros '
                         'again') from error
    found = [_LINE.fullmatch(line) for line in lines if line.strip()]
    if not all(found):
        raise ModelError(f'{path} is damaged: install depth_ros again, or write it with '
                         f'`sha256sum *.onnx > {SUMS}`')
    return {match[2]: match[1] for match in found}


def _check_sum(path, digest):
    listed = sums(path.parent)
    if listed is None:
        return
    if path.name not in listed:
        raise ModelError(f'{path} is not listed in {SUMS} beside it, which names all models of '
                         'that folder: install depth_ros again, or keep own models elsewhere '
                         '(DEPTH_ROS_MODELS)')
    if listed[path.name] != digest:
        raise ModelError(f'{path} is not the file that {SUMS} beside it names: it was damaged or '
                         'replaced; install depth_ros again')


def _external(message, kind, depth):
    """Whether a tensor below lies in another file; what is no message has none."""
    if depth > _DEEPEST:
        return True  # Nothing that torch writes: better refused than followed.
    ways = _WAYS.get(kind, {})
    try:
        for number, raw, value in fields(message):
            if kind == 'tensor' and (number == _EXTERNAL or number == _LOCATION and raw[-1]):
                return True
            if number in ways and value is not None and _external(
                    value, ways[number], depth + 1):
                return True
    except ValueError:
        pass  # ONNX Runtime says what is wrong with it.
    return False
