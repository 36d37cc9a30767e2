# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What `auto` may take: the engines that are installed, each in a precision."""

from dataclasses import dataclass
from importlib import util

from depth_ros.engines import DEFAULT_PRECISION


@dataclass(frozen=True)
class Candidate:
    """An engine in a precision, and what of the options makes it another one."""

    engine: str
    precision: str
    extra: str = ''
    """Providers of ONNX Runtime, or the device of OpenVINO."""

    def text(self):
        """Return it as a node says it."""
        return ' '.join(part for part in (self.engine, self.precision, self.extra) if part)


REFERENCE = Candidate('onnxruntime', 'fp32')


def candidates(precision=DEFAULT_PRECISION, providers='', device='CPU'):
    """
    Return what may be taken here beside the reference, which comes first.

    Float32 always may; a lower precision only where it was asked for, since what it costs in
    accuracy depends on the model (docs/precision.md).

    :raises UnavailableError: a provider or device that was asked for is not here.
    """
    from depth_ros.engines import onnxruntime, openvino
    wanted = ['fp32'] + [precision] * (precision not in ('fp32', DEFAULT_PRECISION))
    found = [REFERENCE]
    if device != openvino.DEVICE:
        openvino.probe(device=device)
    if util.find_spec('openvino'):
        found += [Candidate('openvino', name, device) for name in wanted]
    names = onnxruntime.provider_names(providers) if providers else [onnxruntime.CPU]
    extra = '' if names == [onnxruntime.CPU] else ','.join(names)
    found += [Candidate('onnxruntime', name, extra) for name in wanted
              if name in onnxruntime.PRECISIONS]
    return list(dict.fromkeys(found))


def candidates_of(options):
    """Return `candidates` of the options of an engine."""
    return candidates(options.get('precision', DEFAULT_PRECISION), options.get('providers', ''),
                      options.get('device') or 'CPU')
