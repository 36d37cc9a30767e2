# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A network of two domains that nobody trained, whose mean maps tell rooms from streets.

PYTHONPATH=. python test/made_domains.py FILE.onnx    # writes it as a model file
"""
import sys

from depth_ros.model import CONTRACT, read_spec
from drawn_rooms import KINDS, pictures, SIZE
import numpy as np
import torch
from training.domains_graph import DomainsGraph
from training.export import DEPTH_MIN, write_graph, write_metadata
from training.lifelong.domains import Domain
from training.lifelong.likeness import fit_likeness, pooled
from training.lifelong.selection import distances, mean_map
from training.networks.lifelong import LifelongNet
from training.wrappers import Normalisation

FOCALS, DEPTHS = (80.0, 100.0), (2.0, 20.0)


def make_net(encoder='mobilenet_v2', domains=2):
    """
    Return a network in eval mode whose heads answer about DEPTHS; its weights are random.

    BatchNorm has the statistics of noise, so that the values of all layers are ordinary ones.
    """
    torch.manual_seed(1)
    net = LifelongNet(encoder, domains).train()
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        features = net.features(torch.randn(4, 3, *SIZE))
        for number, predictor in enumerate(net.predictors):
            predictor.depth[1].bias[:] = DEPTHS[number % 2]
            net.predict(features, number)
    return net.eval()


def facts(net, images_of):
    """Return the Domains of {name: images (N, H, W, 3) uint8}, half for the mean, half beside."""
    found, normalised = [], Normalisation()
    for number, (name, images) in enumerate(images_of.items()):
        batch, half = normalised(torch.from_numpy(images)), len(images) // 2
        mean = mean_map(net, [batch[:half]])
        with torch.no_grad():
            away = distances(net.features(batch[half:]), [mean])[:, 0].numpy()
            shown, held = (pooled(net.features(part)).numpy()
                           for part in (batch[:half], batch[half:]))
        found.append(Domain(name, FOCALS[number], DEPTHS[number], 5 * DEPTHS[number],
                            mean.numpy(), float(np.median(away)), float(np.quantile(away, 0.99)),
                            fit_likeness(shown, held)))
    return found


def make_domains_model(path, graph, size=SIZE):
    """Write a DomainsGraph as a model file and return its spec."""
    _, (height, width, multiple) = write_graph(graph, 'monocular', path, size, 1e-3)
    write_metadata(path, {
        'contract': CONTRACT, 'name': 'domains', 'task': 'monocular', 'input_height': height,
        'input_width': width, 'size_multiple': multiple, 'depth_min': DEPTH_MIN,
        'licence': 'Apache-2.0', 'lineage': 'none', 'training': 'none', 'seed': 1,
        'revision': 'test', 'figures': '{}', **graph.metadata()})
    return read_spec(path)


def make_graph(count=8, **options):
    """Return a DomainsGraph of KINDS."""
    net = make_net()
    return DomainsGraph(net, facts(net, {kind: pictures(kind, count) for kind in KINDS}),
                        **options).eval()


if __name__ == '__main__':
    make_domains_model(sys.argv[1], make_graph())
