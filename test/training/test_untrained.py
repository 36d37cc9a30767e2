# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Published networks with random weights, to be timed."""
import pytest

pytest.importorskip('torch')
pytest.importorskip('lightning')
from depth_ros.engines import load, parity  # noqa: E402, I100
from depth_ros.model import find  # noqa: E402
import numpy as np  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.untrained import NETWORKS  # noqa: E402


@pytest.mark.parametrize(('name', 'task'), [
    ('mff_student', 'monocular'), ('s2d_18', 'completion'), ('rt_monodepth_s', 'relative')])
def test_files_of_the_contract(tmp_path, name, task):
    """They run at other sizes than their own, and their values are ordinary numbers."""
    path = tmp_path / f'{name}.onnx'
    words = ['export-untrained', '--network', name, '--out', str(path)]
    assert main(words if task == 'relative' else [*words, '--size', '64', '96']) == 0
    spec = find(path)
    assert (spec.name, spec.task, spec.licence) == (name, task, 'Apache-2.0')
    assert 'timing only' in spec.lineage
    depth = load('onnxruntime', spec, 96, 128).run(**parity.stored_input(spec, 96, 128))['depth']
    assert depth.shape == (96, 128) and np.isfinite(depth).all() and np.ptp(depth) > 0
    assert 1e-4 < np.median(depth) < 1e4


def test_unknown_networks_list_the_choices(tmp_path, capsys):
    assert main(['export-untrained', '--network', 'mff', '--out', str(tmp_path / 'x.onnx')]) == 2
    told = capsys.readouterr().err
    assert all(name in told for name in NETWORKS)
