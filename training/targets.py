# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Frozen depth networks that are looked at, attacked or defended, all called alike.

`load_target` takes what `fit` or `export` left, or the name of a shipped model. The answer is
differentiable with respect to the image.
"""
from __future__ import annotations

from functools import partial
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.model import find
import torch
from torch import nn
from training.exported_network import read_network
from training.lifelong.domains import read_domains
from training.lifelong.selection import distances, select
from training.methods.lifelong import Lifelong
from training.methods.metric_depth import MetricDepth
from training.networks.completion import CompletionNet
from training.networks.completion_students import find_student, raw_image
from training.networks.student import FOCAL, StudentNet, TYPICAL
from training.runs import load_method

STEP = 32  # pixels; the networks that ship halve the image five times


class Target(nn.Module):
    """
    A depth network, frozen and in eval mode whatever is asked of it.

    :param net: its weights; answer: (image (B, 3, H, W) ImageNet-normalised floats, line (B, H, W)
        metres or None) -> (B, 1, h, w) metres.
    :param task: monocular or completion; name: for people.
    :param focal: pixels at the input size that a monocular answer is right for; None: that of its
        data, whatever it was.
    :param multiple: of which height and width of the image must be.
    """

    def __init__(self, net: nn.Module, answer, task: str, name: str, focal: float | None = None,
                 multiple: int = 1):
        """Freeze the network."""
        super().__init__()
        self.net, self.answer = net, answer
        self.task, self.name, self.focal, self.multiple = task, name, focal, multiple
        self.requires_grad_(False)
        self.train(False)

    @property
    def completes(self) -> bool:
        """Whether it takes a measured line beside the image."""
        return self.task == 'completion'

    def train(self, mode: bool = True):
        """Stay in eval mode: statistics of masked or attacked images must not get in."""
        return super().train(False)

    def forward(self, image, sparse=None, camera=None):
        """See `depth`."""
        return self.depth(image, sparse, camera)

    def depth(self, image, sparse=None, camera=None):
        """
        Estimate depth, differentiable with respect to the image.

        :param image: (B, 3, H, W), ImageNet-normalised; 0 is the mean colour.
        :param sparse: (B, H, W) metres, 0 = none; completion only.
        :param camera: (B, 4) fx, fy, cx, cy at the image's size. A monocular network for another
            focal length then answers for this camera; None: as the network answers.
        :returns: (B, 1, h, w) metres at the network's own output size.
        :raises InputError: a size that it does not take, or a completion network without a line.
        """
        height, width = image.shape[2:]
        if height % self.multiple or width % self.multiple:
            raise InputError(
                f'{self.name} takes images whose sides are multiples of {self.multiple}, not '
                f'{width}x{height} (width x height): change the size (data.steps.size and crop)')
        if self.completes and sparse is None:
            raise InputError(f'{self.name} completes a measured line: give it one')
        depth = self.answer(image, sparse if self.completes else None)
        if camera is None or self.focal is None:
            return depth
        focal = (camera[:, 0] * camera[:, 1]).sqrt()
        return depth * (focal / self.focal)[:, None, None, None]


def _metric(net, image, line):
    return net(image)


def _student(net, image, line):
    log_depth, _ = net.answer((raw_image(image) - 127.0) / 128.0)
    return TYPICAL * torch.exp(log_depth)[:, None]


def _chosen(net, domains, image, line):
    """Answer for each image by the predictor whose domain is nearest, for the first's focal."""
    features = net.features(image)
    means = [torch.from_numpy(domain.mean) for domain in domains]
    chosen = select(distances(features.detach(), means))
    # Every predictor sees all images: which one answers may differ within a batch.
    depths = torch.stack([net.predictors[k].depth(features) * (domains[0].focal / domain.focal)
                          for k, domain in enumerate(domains)])
    return depths[chosen, torch.arange(len(image), device=chosen.device)]


def _completed(net, answer, image, line):
    return answer(net, image, line)[0]


def load_target(path) -> Target:
    """
    Load a depth network of this project.

    :param path: a run's last.ckpt (with config.yaml beside it), a model file that `export` wrote,
        or the name of a shipped model (completion, student).
    :raises InputError: no such thing, or not a network whose depth is in metres; says what to do.
    """
    path = str(path)
    if path.endswith('.onnx') or not (Path(path).is_file() or path.endswith('.ckpt')):
        return _of_file(find(path))
    method, _, _ = load_method(path)
    name = Path(path).resolve().parent.name
    if isinstance(method, MetricDepth):
        return Target(method.net, partial(_metric, method.net), 'monocular', name,
                      method.hparams.focal)
    if isinstance(method, Lifelong):
        domains = read_domains(path)
        return Target(method.net, partial(_chosen, method.net, domains), 'monocular', name,
                      domains[0].focal)
    target = _own(method.net, name)
    if target is None and hasattr(method, 'student'):
        target = _of_student(method.net, method.student, name)
    if target is None:
        raise InputError(f'{path} holds a {type(method).__name__}, whose answer is no depth in '
                         'metres: name a run of Supervised, Distillation, Student, Completion or '
                         'R2M')
    return target


def _own(net, name):
    if type(net) is StudentNet:  # FastStudent, made of it, is called otherwise
        return Target(net, partial(_student, net), 'monocular', name, FOCAL, STEP)
    if isinstance(net, CompletionNet):
        return _of_student(net, find_student('completion'), name)
    return None


def _of_student(net, student, name):
    multiple = STEP if isinstance(net, CompletionNet) else 1
    return Target(net, partial(_completed, net, student.answer), 'completion', name,
                  multiple=multiple)


def _of_file(spec):
    net, student = read_network(spec)
    if student is not None:
        return _of_student(net, student, spec.name)
    own = _own(net, spec.name)
    if own is not None:
        return own
    return Target(net, partial(_metric, net), 'monocular', spec.name, spec.focal)
