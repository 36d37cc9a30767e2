# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Finding TensorRT, cuda-python and the GPU, and the one line where something is missing."""

import sys
from types import ModuleType

from depth_ros.engines import trt_libraries, UnavailableError
from depth_ros.engines.trt_libraries import CUDA, libraries, TENSORRT
from fake_cuda import FakeCuda
from fake_tensorrt import fake_libraries
import pytest


@pytest.fixture
def install(monkeypatch):
    """Return a function that makes these modules importable, and none of the others."""
    for name in (*dict(TENSORRT), *CUDA, 'cuda', 'cuda.bindings'):
        monkeypatch.setitem(sys.modules, name, None)

    def put(**modules):
        for name, content in modules.items():
            name = name.replace('__', '.')
            module = ModuleType(name)
            module.__dict__.update(content)
            module.__path__ = []
            monkeypatch.setitem(sys.modules, name, module)
            parent, _, child = name.rpartition('.')
            if parent:
                parent_module = sys.modules.get(parent) or ModuleType(parent)
                parent_module.__path__ = []
                monkeypatch.setitem(sys.modules, parent, parent_module)
                setattr(parent_module, child, module)
    return put


@pytest.mark.parametrize('name, kind', TENSORRT)
@pytest.mark.parametrize('cuda', CUDA)
def test_old_and_new_names(install, name, kind, cuda):
    parts = cuda.split('.')
    for count in range(1, len(parts)):
        install(**{'__'.join(parts[:count]): {}})
    install(**{name: {'__version__': '10.3.0'}, cuda.replace('.', '__'): {'mark': 5}})
    found = libraries()
    assert (found.kind, found.version, found.cuda.module.mark) == (kind, '10.3.0', 5)


def test_tensorrt_is_preferred_to_rtx(install):
    install(tensorrt={'__version__': '10.3.0'}, tensorrt_rtx={'__version__': '1.7'}, cuda={},
            cuda__cudart={})
    assert libraries().kind == 'tensorrt'


@pytest.mark.parametrize('jetson, advice', [
    (False, 'needs TensorRT: pip install tensorrt cuda-python'),
    (True, 'needs TensorRT: sudo apt install python3-libnvinfer .*--system-site-packages')])
def test_without_tensorrt(install, monkeypatch, jetson, advice):
    monkeypatch.setattr(trt_libraries, 'is_jetson', lambda: jetson)
    with pytest.raises(UnavailableError, match=advice) as caught:
        libraries()
    assert '\n' not in str(caught.value)


def test_without_cuda_python(install):
    install(tensorrt={'__version__': '10.3.0'})
    with pytest.raises(UnavailableError, match='needs cuda-python: pip install cuda-python, of'):
        libraries()


def test_a_broken_installation_says_why(install, tmp_path, monkeypatch):
    (tmp_path / 'tensorrt.py').write_text(
        'raise ImportError("libnvinfer.so.10: cannot open shared object file\\nmore")\n')
    monkeypatch.delitem(sys.modules, 'tensorrt')
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UnavailableError, match=r'tensorrt is installed but: libnvinfer.so.10: '
                       r'cannot open shared object file\)') as caught:
        libraries()
    assert '\n' not in str(caught.value)


def test_the_gpu():
    device = fake_libraries(gpu='NVIDIA Jetson AGX Orin', capability=(8, 7)).device()
    assert (device.name, device.compute_capability) == ('NVIDIA Jetson AGX Orin', '8.7')


@pytest.mark.parametrize('jetson, hint', [(False, 'nvidia-smi'), (True, '--runtime nvidia')])
def test_no_gpu(monkeypatch, jetson, hint):
    monkeypatch.setattr(trt_libraries, 'is_jetson', lambda: jetson)
    old = fake_libraries(fail={'cudaGetDeviceCount': ('cudaErrorInsufficientDriver', 1)})
    for found, reason in ((old, 'cudaErrorInsufficientDriver'),
                          (fake_libraries(devices=0), 'CUDA finds none')):
        with pytest.raises(UnavailableError, match=f'no NVIDIA GPU .*{reason}.*{hint}') as caught:
            found.device()
        assert '\n' not in str(caught.value)


def test_the_calls_exist_in_the_real_module():
    runtime = pytest.importorskip('cuda.bindings.runtime', reason='cuda-bindings is not installed')
    used = [name for name in vars(FakeCuda) if name.startswith('cuda')]
    assert len(used) > 15
    assert [name for name in used if not hasattr(runtime, name)] == []
    assert runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost == 2
    error = runtime.cudaError_t.cudaErrorMemoryAllocation
    assert runtime.cudaGetErrorString(error)[-1] == b'out of memory'
