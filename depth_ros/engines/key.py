# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What an engine depends on: another value of any of it is another engine."""

from dataclasses import asdict, dataclass
import hashlib
import json


@dataclass(frozen=True)
class Key:
    """All that an engine depends on; made by `engine_key`."""

    onnx_sha256: str
    library: str
    version: str
    gpu: str
    compute_capability: str
    precision: str
    shapes: dict
    options: dict

    @property
    def digest(self):
        """Name of the files of this engine."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def engine_key(onnx_sha256, library, version, gpu, compute_capability, precision, shapes, options):
    """
    Make the Key of an engine.

    :param onnx_sha256: of the ONNX file that is built; library, version: e.g. tensorrt, 10.3.0.
    :param gpu: name of the device, which with its compute_capability ('8.7') decides the kernels.
    :param shapes: `{input: shape}`. options: everything else that changes the engine.
    """
    def plain(values):
        # As it comes back out of the sidecar: tuples are lists there.
        return json.loads(json.dumps(values))
    return Key(str(onnx_sha256), str(library), str(version), str(gpu), str(compute_capability),
               str(precision), plain(shapes), plain(options))
