# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Parts of lifelong learning: shipped configs, replay, weights of old domains, units, files."""

from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('cv2')
pytest.importorskip('lightning')
pytest.importorskip('onnx')
from tiny_frames import batch  # noqa: E402
from training.datasets.domains import (  # noqa: E402
    Mixed,
)
from training.experiment import build, load_config, override  # noqa: E402
from training.lifelong.domains import Domain, read_domains, write_domain  # noqa: E402
from training.methods.lifelong import Lifelong  # noqa: E402


@pytest.mark.parametrize('name, domains', [
    ('lifelong_sdt', 1), ('lifelong_stage2', 2), ('lifelong_jdt', 2), ('cpu/lifelong', 1),
    ('cpu/lifelong_stage2', 2), ('cpu/lifelong_jdt', 2)])
def test_shipped_configs(repository, name, domains):
    """They build; the published ones have the published numbers."""
    path = repository / 'config' / 'training' / f'{name}.yaml'
    config = load_config(path, ['model.imagenet=false'])
    if config['model']['init_args'].pop('previous', None):
        override(config, ['model.older={nyu: null}'], path)
    with torch.device('meta'):
        method, data = build(config['model']), build(config['data'])
    assert len(method.names) == domains and len(data.new) == 1 + (name.endswith('jdt'))
    if not name.startswith('cpu'):
        count = 21_814_848 + domains * 208_258
        assert sum(value.numel() for value in method.parameters()) == count
        assert (method.hparams.lr, method.hparams.decay_every, method.hparams.decay_by,
                method.protocol.name, data.hparams.replay_frames) == (
                    1e-4, 5, 0.5, 'pixel_weighted', 500)


@pytest.mark.parametrize('cycled', [True, False])
def test_replay_is_cycled(cycled):
    """Replay begins again when it is used up; as released it is there once per epoch."""
    new = [{'image': torch.zeros(2)}] * 5
    old = [{'image': torch.full((3,), float(k))} for k in range(2)]
    mixed = Mixed([new], [old], cycled)
    for _ in range(2):
        batches = list(mixed)
        assert [int(one['domain'][0]) for one in batches] == [-1] * 5 and len(mixed) == 5
        replayed = [one['replay'][0] for one in batches]
        assert [one is None for one in replayed] == [not cycled and k > 1 for k in range(5)]
    if cycled:
        assert [int(one['image'][0]) for one in replayed] == [1, 0, 1, 0, 1]
        assert replayed[0]['domain'].tolist() == [0, 0, 0]


class Before(torch.nn.Module):
    """The network before, in place of one that was read."""

    def __init__(self, net):
        super().__init__()
        self.net, self.features, self.predict = net, net.features, net.predict


@pytest.mark.parametrize('author_mode', [False, True])
def test_weights_of_old_domains(author_mode):
    """Each old domain has its lambdas; as released, those of the first when replay is used up."""
    torch.manual_seed(0)
    method = Lifelong('third', 'mobilenet_v2', False, older={'first': None, 'second': None},
                      weight_consistency=[10.0, 100.0], weight_replay=[2.0, 3.0],
                      author_mode=author_mode)
    other = Lifelong('second', 'mobilenet_v2', False, older={'first': None})
    method.kept = (Before(other.net.eval()),)
    method.eval()

    def parts(first, second):
        with torch.no_grad():
            return method.losses({**batch(), 'replay': [first, second]})
    one, two, none = parts(batch(seed=1), None), parts(None, batch(seed=1)), parts(None, None)
    both = parts(batch(seed=1), batch(seed=1))
    assert 'replay' not in none
    assert both['replay'] == pytest.approx(
        (one['replay'] + two['replay'] * (1.5 if author_mode else 1)).item(), rel=1e-4)
    assert (none['consistency'] < 0.9 * both['consistency']).item() == author_mode


def test_cameras_of_several_focal_lengths():
    """With model.focal an answer grows with the focal length of the camera, else not."""
    data = batch()
    longer = {**data, 'camera': data['camera'] * 2}
    for focal, factor in ((60.0, 2.0), (None, 1.0)):
        torch.manual_seed(0)
        method = Lifelong('room', 'mobilenet_v2', False, focal=focal).eval()
        with torch.no_grad():
            torch.testing.assert_close(method.predict_depth(longer),
                                       method.predict_depth(data) * factor)
        torch.testing.assert_close(method.targets(longer, 0) * factor, method.targets(data, 0))


def test_domains_of_a_run_are_checked(tmp_path):
    """Facts that are missing, doubled or broken are one sentence."""
    with pytest.raises(InputError, match='has no finished domains: `fit`'):
        read_domains(tmp_path)
    domain = Domain('room', 60.0, 2.0, 9.0, np.zeros((64, 2, 3), np.float32), 0.1, 0.2)
    write_domain(tmp_path, domain)
    write_domain(tmp_path, Domain('a hall', *list(vars(domain).values())[1:]))
    assert [one.name for one in read_domains(tmp_path)] == ['room', 'a hall']
    write_domain(tmp_path, domain)
    assert [one.name for one in read_domains(tmp_path)] == ['room', 'a hall']
    facts = tmp_path / 'domains' / 'room' / 'facts.json'
    kept = facts.read_text()
    facts.unlink()
    with pytest.raises(InputError, match='domains is not whole.*there are a hall'):
        read_domains(tmp_path)
    facts.write_text(kept.replace('2.0', 'NaN'))
    with pytest.raises(InputError, match='does not hold the facts of a domain'):
        read_domains(tmp_path)
    facts.write_text(kept)
    (facts.parent / 'mean.npy').write_bytes(b'nothing')
    with pytest.raises(InputError, match='mean.npy cannot be read as an array'):
        read_domains(tmp_path)
    with pytest.raises(InputError, match='no name of a domain'):
        write_domain(tmp_path, Domain('../room', *list(vars(domain).values())[1:]))
