# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Finds TensorRT (8.6 to 11, or TensorRT-RTX), cuda-python and the GPU; says what is missing."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
import platform

from depth_ros.engines import EngineError, UnavailableError
from depth_ros.engines.cuda_calls import Cuda

# Module and kind, in order of preference; the second of each pair is the package without the
# metapackage that only imports it.
TENSORRT = (('tensorrt', 'tensorrt'), ('tensorrt_bindings', 'tensorrt'),
            ('tensorrt_rtx', 'tensorrt_rtx'), ('tensorrt_rtx_bindings', 'tensorrt_rtx'))
# cuda-python 12.8 and newer, and older.
CUDA = ('cuda.bindings.runtime', 'cuda.cudart')
TEGRA = Path('/etc/nv_tegra_release')


@dataclass(frozen=True)
class Device:
    """The GPU that engines are built for: they run on no other kind."""

    name: str
    compute_capability: str
    """As '8.7'."""


@dataclass(frozen=True)
class Libraries:
    """What an engine is built and run with; tests put their own modules here."""

    trt: object
    """The TensorRT module."""
    cuda: Cuda
    kind: str
    """'tensorrt' or 'tensorrt_rtx'."""
    version: str

    def device(self):
        """
        Return the Device that CUDA calls number 0.

        :raises UnavailableError: there is no GPU, or its driver is missing or too old.
        """
        hint = 'is an NVIDIA driver installed, and does `nvidia-smi` list a GPU?'
        if is_jetson():
            hint = 'does this container see the GPU (--runtime nvidia)?'
        try:
            count = self.cuda.call('cudaGetDeviceCount')
        except EngineError as error:
            raise UnavailableError(f'no NVIDIA GPU can be used here: {error}; {hint}') from error
        if not count:
            raise UnavailableError(f'no NVIDIA GPU can be used here: CUDA finds none; {hint}')
        properties = self.cuda.call('cudaGetDeviceProperties', 0)
        name = properties.name
        if isinstance(name, bytes):
            name = name.split(b'\0')[0].decode()
        return Device(name, f'{properties.major}.{properties.minor}')


def libraries():
    """
    Import TensorRT and cuda-python.

    :raises UnavailableError: one of them is missing; the line names what to install here.
    """
    trt, kind = _tensorrt()
    return Libraries(trt, Cuda(_cuda()), kind, str(trt.__version__))


def is_jetson():
    """Whether this is an NVIDIA Jetson, whose TensorRT comes with JetPack."""
    return platform.machine() == 'aarch64' and TEGRA.exists()


def _tensorrt():
    broken = ''
    for name, kind in TENSORRT:
        try:
            return import_module(name), kind
        except ImportError as error:
            # A module that is not there names itself; another cause is worth telling.
            if getattr(error, 'name', None) != name:
                broken = broken or f' ({name} is installed but: {_first_line(error)})'
    if is_jetson():
        advice = ('sudo apt install python3-libnvinfer (part of JetPack), and a virtual '
                  'environment with --system-site-packages')
    else:
        advice = 'pip install tensorrt cuda-python'
    raise UnavailableError(f'the tensorrt engine needs TensorRT{broken}: {advice}')


def _cuda():
    broken = ''
    for name in CUDA:
        try:
            return import_module(name)
        except ImportError as error:
            if not str(getattr(error, 'name', None) or '').startswith('cuda'):
                broken = broken or f' ({name} is installed but: {_first_line(error)})'
    raise UnavailableError(f'the tensorrt engine needs cuda-python{broken}: pip install '
                           'cuda-python, of the major version of CUDA that TensorRT is for')


def _first_line(error):
    return (str(error) or type(error).__name__).splitlines()[0]
