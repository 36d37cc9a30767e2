# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A model without outputs that nobody wants, as a model file of its own, for any engine."""

from contextlib import suppress
import hashlib
import os
from pathlib import Path
import tempfile
import warnings

from depth_ros.engines.cache import models_folder
from depth_ros.engines.cut import cut
from depth_ros.engines.maker import private_folder
from depth_ros.model import ModelError, read_spec

OPTIONAL = ('saliency',)


def lean(spec, without=OPTIONAL, cache=None):
    """
    Return the ModelSpec of a model without some of its outputs and without what makes them.

    :param spec: a ModelSpec; without: names of outputs, those that it does not have are ignored.
    :param cache: folder of the engines, as `cache.models_folder` takes it; the file is kept there
        and made once.
    :return: `spec` itself where nothing can be left out: it has no such output, or its depth needs
        all that makes it; with a warning also where the file cannot be written, since a robot
        should rather be slower than stop.
    :raises ModelError: the file cannot be read.
    """
    kept = [name for name in spec.outputs if name not in without]
    if len(kept) == len(spec.outputs):
        return spec
    try:
        whole = Path(spec.file).read_bytes()
        content = cut(whole, kept)
    except (OSError, ValueError) as error:
        raise ModelError(f'{spec.file} cannot be cut to its outputs {", ".join(kept)}: {error}'
                         ) from error
    if content is whole:
        return spec
    digest = hashlib.sha256(content).hexdigest()
    path = models_folder(cache) / f'{digest}.onnx'
    with suppress(ModelError):
        found = read_spec(path)
        if found.sha256 == digest:
            return found
    try:
        private_folder(path.parent)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
            part.write(content)
        os.replace(part.name, path)
    except OSError as error:
        warnings.warn(f'cannot write {path} ({error.strerror}): {", ".join(without)} is computed '
                      'for every frame. Name another folder of engines', stacklevel=2)
        return spec
    return read_spec(path)
