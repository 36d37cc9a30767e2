# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Published networks with random weights as files of the model contract, to time them.

What a network takes does not depend on what it has learned, so that `depth_ros benchmark --peer`
can set networks whose weights are not free, or not at hand, beside ours.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from depth_ros.contracts import choose
from depth_ros.model import CONTRACT, read_spec
import torch
from torch import nn
from training.average import recompute_norms
from training.export import DEPTH_MAX, DEPTH_MIN, write_graph, write_metadata
from training.networks.completion_students import find_student
from training.networks.metric import build_network
from training.networks.monodepth2 import MonoDepth2
from training.networks.student import FOCAL
from training.teachers import AtAnySize, RTMonoDepthS, write_teacher
from training.wrappers import CompletedGraph, first, MonocularGraph

# Random networks have values of any size, so that only a graph that computes something else fails.
LIMIT = 0.05
BATCHES, SMALL = 2, (96, 160)
LINEAGE = 'random weights: for timing only'


@dataclass(frozen=True)
class Published:
    """How a network is made, what it does, and the published (height, width)."""

    build: Callable
    task: str
    size: tuple[int, int]


def _metric(network, encoder, size=(228, 304)):
    return Published(lambda: MonocularGraph(build_network(network, encoder)), 'monocular', size)


def _completion(name, size=(352, 1216)):
    def build():
        student = find_student(name)
        return CompletedGraph(student.build(), student.answer)
    return Published(build, 'completion', size)


def _relative(kind):
    return Published(lambda: AtAnySize(kind()), 'relative', (kind.height, kind.width))


NETWORKS = {
    'mff_student': _metric('mff_student', 'mobilenet_v2'),
    'mff_teacher': _metric('mff_student', 'resnet34'),
    'high_resolution': _metric('high_resolution', 'resnet50'),
    'fcrn': _metric('fcrn', 'resnet50'),
    **{name: _completion(name) for name in ('s2d_18', 's2d_34', 'dcvan')},
    'rt_monodepth_s': _relative(RTMonoDepthS), 'monodepth2': _relative(MonoDepth2)}


def export_untrained(name: str, path, size=None, seed: int = 1) -> None:
    """
    Write a network of NETWORKS with random weights.

    :param size: nominal (height, width); None: the published one.
    :raises InputError: an unknown name, or a file that differs from the network.
    """
    published = choose(NETWORKS, name, 'published network')
    size = tuple(size or published.size)
    torch.manual_seed(seed)
    graph = published.build()
    randomise(graph, published.task)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    if published.task == 'relative':
        graph.teacher.licence, graph.teacher.lineage = 'Apache-2.0', LINEAGE
        write_teacher(name, graph.teacher, path)
        return
    _, (height, width, multiple) = write_graph(graph, published.task, path, size, LIMIT)
    write_metadata(path, {
        'contract': CONTRACT, 'name': name, 'task': published.task, 'input_height': height,
        'input_width': width, 'size_multiple': multiple,
        'focal': FOCAL if published.task == 'monocular' else 0.0, 'depth_min': DEPTH_MIN,
        'depth_max': DEPTH_MAX[published.task], 'licence': 'Apache-2.0', 'lineage': LINEAGE,
        'training': 'none', 'seed': seed, 'revision': '', 'figures': '{}'})
    read_spec(path)


def randomise(graph: nn.Module, task: str) -> None:
    """
    Draw weights that keep the values of all layers in an ordinary range.

    Weights as small as those that some networks start from would make numbers so small that a
    processor takes many times longer for each.
    """
    for layer in graph.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    line = torch.zeros(1, *SMALL)
    line[0, SMALL[0] // 2, ::2] = 3.0
    inputs = [torch.randint(0, 255, (1, *SMALL, 3), dtype=torch.uint8), line]
    run = partial(_run, graph, inputs[:1 + (task == 'completion')])
    with torch.no_grad():
        recompute_norms(graph, range(BATCHES), run, BATCHES)


def _run(graph, inputs, _):
    return first(graph(*inputs))
