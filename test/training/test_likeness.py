# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Whether an image is like the frames of a domain."""
from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch')
from training.lifelong.domains import Domain, read_domains, write_domain  # noqa: E402
from training.lifelong.likeness import fit_likeness, pooled, unlikeness  # noqa: E402

CHANNELS = 6


def _values(count, seed, shift=0.0):
    """Give values of which some depend on each other: (N, 12)."""
    random = np.random.default_rng(seed)
    values = random.normal(0, 1, (count, 2 * CHANNELS))
    values[:, 1] = 3 * values[:, 0] + 0.3 * values[:, 1] + shift
    return values


def _unlike(known, values):
    return unlikeness(torch.from_numpy(values).float(), torch.from_numpy(known)).numpy()


@pytest.mark.parametrize('held', [True, False])
def test_own_frames_and_others(held):
    """Of own frames 1 % are beyond 1; what breaks the rule that own ones follow is far beyond."""
    known = fit_likeness(_values(300, 1), _values(200, 2) if held else None)
    assert known.shape == (2 * CHANNELS + 1, 2 * CHANNELS) and known.dtype == np.float32
    own = _unlike(known, _values(2000, 3))
    assert 0.002 < (own > 1).mean() < 0.03
    # Three spreads of one value in twelve, which alone would be nothing much.
    assert (_unlike(known, _values(2000, 3, 9.0)) > 1).mean() > 0.95


def test_few_frames():
    """One frame, or frames that are all alike, give numbers."""
    for count in (1, 3):
        values = np.repeat(_values(1, 1), count, 0)
        known = fit_likeness(values)
        assert np.isfinite(known).all()
        assert _unlike(known, values)[0] < 1e-3 < 1e3 < _unlike(known, values + 1)[0]


def test_pooled():
    """Roots of mean and spread; a mean below 0 counts as 0."""
    features = torch.randn(3, CHANNELS, 5, 7, generator=torch.Generator().manual_seed(1))
    flat = features.flatten(2).numpy()
    expected = np.sqrt(np.concatenate([np.maximum(flat.mean(2), 0), flat.std(2)], 1))
    np.testing.assert_allclose(pooled(features).numpy(), expected, rtol=1e-5, atol=1e-6)
    assert torch.isfinite(pooled(torch.zeros(1, 2, 3, 3))).all()


def test_kept_with_the_domain(tmp_path):
    """A run without it is read, too; one of another shape is one sentence."""
    mean = np.zeros((CHANNELS, 2, 3), np.float32)
    known = fit_likeness(_values(30, 1))
    write_domain(tmp_path, Domain('room', 60.0, 2.0, 9.0, mean, 0.1, 0.2, known))
    np.testing.assert_array_equal(read_domains(tmp_path)[0].likeness, known)
    path = tmp_path / 'domains' / 'room' / 'likeness.npy'
    np.save(path, known[:-1])
    with pytest.raises(InputError, match='likeness.npy is of shape .12, 12., which does not suit'):
        read_domains(tmp_path)
    write_domain(tmp_path, Domain('room', 60.0, 2.0, 9.0, mean, 0.1, 0.2))
    assert read_domains(tmp_path)[0].likeness is None and not path.exists()
