# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Folders of runs as `fit` leaves them, without training."""
import torch
from training.experiment import build
import yaml

DATA = {'class_path': 'ProceduralData', 'init_args': {
    'size': [32, 64], 'batch_size': 2, 'workers': 0, 'validation_batches': 1}}


def leave_run(folder, kind, options, raise_by=2.0):
    """
    Write config.yaml and last.ckpt of a method with random weights; returns the checkpoint.

    :param raise_by: added to the last bias, since random weights leave depths about 0 m.
    """
    torch.manual_seed(1)
    section = {'class_path': kind, 'init_args': options}
    method = build({**section, 'init_args': {**options, 'imagenet': False}})
    for layer in method.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):  # statistics that matter
            layer.running_mean.normal_(0.0, 0.1)
            layer.running_var.uniform_(0.8, 1.2)
    biases = [value for name, value in method.net.named_parameters() if value.shape == (1,)]
    if biases:
        biases[-1].data += raise_by
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'config.yaml').write_text(yaml.safe_dump(
        {'seed': 1, 'model': section, 'data': DATA, 'trainer': {}}))
    torch.save({'state_dict': method.state_dict(), 'global_step': 0}, folder / 'last.ckpt')
    return folder / 'last.ckpt'
