# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Throughput: what is counted, and what is said of it."""
import json
import time

from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
from tiny_frames import frame_config  # noqa: E402
import training.__main__  # noqa: E402
from training.throughput import Cached, loader_rate, measure, step_rate, text  # noqa: E402
import yaml  # noqa: E402


def test_command(tmp_path, capsys):
    """The report holds all rates, names the bottleneck, and has what the figures depend on."""
    (tmp_path / 'config.yaml').write_text(yaml.safe_dump(frame_config(tmp_path)))
    words = ['throughput', '--config', str(tmp_path / 'config.yaml'), '--steps', '2', '--workers',
             '0', '1', '--json', str(tmp_path / 'out.json'), '--set', 'data.batch_size=2']
    assert training.__main__.main(words) == 0
    output = capsys.readouterr().out
    report = json.loads((tmp_path / 'out.json').read_text())
    assert list(report['loader']) == ['0', '1'] and report['workers'] == 0
    assert (report['batch'], report['size'], report['device']) == (2, [32, 40], 'cpu')
    assert min(report['step'], report['both'], *report['loader'].values()) > 0
    assert report['loader_over_step'] == report['loader']['0'] / report['step']
    assert report['bottleneck'] == ('loader' if report['loader_over_step'] < 1 else 'step')
    assert {'torch', 'lightning'} <= set(report['environment']['packages'])
    assert report['environment']['threads'] == torch.get_num_threads()
    assert f'{report["step"]:.1f} images/s' in output and 'is the bottleneck' in output


def test_rates_are_images_a_second(tmp_path):
    """A step known to wait takes the time that it waits; only timed steps count."""
    config = frame_config(tmp_path)
    batch = loader_rate(config, 1, 0)[1]

    class Slow(Cached):
        def __iter__(self):
            for batch in super().__iter__():
                time.sleep(0.2)
                yield batch

    slow, device = step_rate(config, 3, Slow(batch, 5))
    assert device.type == 'cpu'
    assert slow < 3 / 0.2  # batches of three


def test_words():
    """Either part can be the bottleneck."""
    report = {'size': [3, 4], 'batch': 2, 'steps': 5, 'loader': {'0': 10.0, '2': 30.0},
              'workers': 2, 'step': 60.0, 'both': 25.0, 'loader_over_step': 0.5,
              'bottleneck': 'loader', 'device': 'cuda:0', 'device_name': 'X', 'precision': '16',
              'environment': {'threads': 1}}
    assert 'loader is the bottleneck: it gives 0.50' in text(report)
    assert 'share the cores' not in text(report)


def test_unusable(tmp_path):
    """No step to time."""
    with pytest.raises(InputError, match='0 steps'):
        measure(frame_config(tmp_path), 0)
