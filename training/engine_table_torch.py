# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The shipped networks in torch, eager and compiled, with the same `run` as an engine."""
from __future__ import annotations

from depth_ros.contracts import InputError
import numpy as np

# What the shipped files were exported from.
NETWORKS = {'completion': ('training.networks.completion', 'CompletionNet'),
            'student': ('training.networks.student', 'StudentNet')}


def torch_rows(spec, height, width, device, report=print):
    """
    Yield (engine, precision) for eager and compiled, fp32 and fp16.

    Nothing is yielded, and a line says why, without torch, its GPU, or the network of the model.
    """
    try:
        import torch
        engines = _engines(torch, spec, height, width, device)
        for engine, precision in engines:
            yield engine, precision
    except (ImportError, InputError, RuntimeError, AssertionError) as error:
        text = (str(error) or type(error).__name__).splitlines()[0]
        report(f'{spec.name} in torch on {device}: not run, {text}')


def _engines(torch, spec, height, width, device):
    if device == 'cuda' and not torch.cuda.is_available():
        raise InputError('torch finds no GPU')
    net = network(torch, spec).to(device)
    for precision in ('fp32', 'fp16'):
        yield TorchEngine(torch, net, spec, height, width, device, precision, 'eager'), precision
    for precision in ('fp32', 'fp16'):
        torch.compiler.reset()
        # Replays CUDA graphs, as our TensorRT runtime does.
        compiled = torch.compile(net, mode='reduce-overhead')
        yield (TorchEngine(torch, compiled, spec, height, width, device, precision, 'compile'),
               precision)


def network(torch, spec):
    """Return the network of a shipped model with the weights of its file."""
    from importlib import import_module

    from training.networks.from_onnx import image_and_line, load_onnx
    from training.networks.lite_disparity import image_only
    if spec.name not in NETWORKS:
        raise InputError(f'only {", ".join(NETWORKS)} have a network here')
    module, name = NETWORKS[spec.name]
    net = getattr(import_module(module), name)()
    load_onnx(net, spec.file, image_and_line if spec.task == 'completion' else image_only)
    return net.eval()


class TorchEngine:
    """One way to run a network; takes and gives host arrays."""

    def __init__(self, torch, net, spec, height, width, device, precision, mode):
        """Keep what `run` needs."""
        self.torch, self.net, self.spec, self.device = torch, net, spec, device
        self.height, self.width, self.precision = height, width, precision
        self.name = f'torch {mode}'

    def describe(self):
        """Short text: torch, version, precision."""
        return f'{self.name} {self.torch.__version__} {self.precision} {self.device}'

    def run(self, image, sparse_depth=None):
        """One frame; see engines.onnxruntime.OnnxRuntimeEngine.run."""
        torch = self.torch
        inputs = [torch.from_numpy(np.ascontiguousarray(image))[None].to(self.device)]
        if self.spec.task == 'completion':
            sparse = np.ascontiguousarray(sparse_depth, np.float32)
            inputs.append(torch.from_numpy(sparse)[None].to(self.device))
        with torch.inference_mode(), torch.autocast(self.device, torch.float16,
                                                    enabled=self.precision == 'fp16'):
            outputs = self.net(*inputs)
        # The copy to the host waits for the GPU.
        return {name: value[0].float().cpu().numpy()
                for name, value in zip(self.spec.outputs, outputs)}
