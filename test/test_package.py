# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The package's metadata, what pip and colcon install, and what an import may pull in."""
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

from depth_ros.version import VERSION
import pytest
import yaml

EXECUTABLES = ('completion', 'monocular', 'evaluation', 'replay')
INSTALLED = (
    'share/ament_index/resource_index/packages/depth_ros',
    'share/depth_ros/package.xml',
    'share/depth_ros/config/fastdds_shm.xml',
    'share/depth_ros/config/completion.yaml',
    'share/depth_ros/config/depth.rviz',
    'share/depth_ros/config/foxglove.json',
    'share/depth_ros/launch/completion.launch.py',
    'share/depth_ros/launch/demo.launch.py',
) + tuple(f'lib/depth_ros/{name}' for name in EXECUTABLES)
GUARD = """
import importlib.abc, pkgutil, sys

class Guard(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {blocked!r}:
            raise ModuleNotFoundError('forbidden import: ' + name, name=name)

sys.meta_path.insert(0, Guard())
import depth_ros
for module in pkgutil.walk_packages(depth_ros.__path__, 'depth_ros.'):
    if not module.name.startswith({skipped!r}):
        __import__(module.name)
        print(module.name)
"""


def clean_environment(**extra):
    """Return the environment without what another ROS Python would leave in it."""
    environment = {key: value for key, value in os.environ.items() if key not in (
        '_ROS_WHEELS_BOOTSTRAP_COMPLETE', 'LD_LIBRARY_PATH', 'PYTHONPATH', 'AMENT_PREFIX_PATH')}
    return {**environment, **extra}


def walk_imports(repository, blocked, skipped):
    """Import all modules of depth_ros in a new process that refuses the blocked ones."""
    code = GUARD.format(blocked=blocked, skipped=skipped)
    return subprocess.run([sys.executable, '-c', code], cwd=repository, capture_output=True,
                          text=True, env={**os.environ, 'PYTHONPATH': str(repository)})


def test_imports_without_training_libraries(repository):
    """Neither torch, TensorRT, OpenVINO nor the training code is needed to import depth_ros."""
    pytest.importorskip('rclpy')
    blocked = ('torch', 'torchvision', 'lightning', 'pytorch_lightning', 'onnx', 'tensorrt',
               'tensorrt_bindings', 'tensorrt_rtx', 'tensorrt_rtx_bindings', 'cuda', 'pycuda',
               'openvino', 'training', 'matplotlib', 'cv_bridge')
    result = walk_imports(repository, blocked, ('-',))
    assert result.returncode == 0, result.stderr
    assert 'depth_ros.estimator' in result.stdout.split()


def test_core_imports_without_ros(repository):
    """What computes is free of ROS: only messages, bags, nodes and the demo know it."""
    blocked = ('rclpy', 'sensor_msgs', 'std_msgs', 'launch', 'launch_ros', 'rosbags', 'torch')
    with_ros = ('depth_ros.messages', 'depth_ros.bags', 'depth_ros.nodes.',
                'depth_ros.demo.', 'depth_ros.datasets.bag', 'depth_ros.benchmark.ros')
    result = walk_imports(repository, blocked, with_ros)
    assert result.returncode == 0, result.stderr
    assert 'depth_ros.estimator' in result.stdout.split()


def test_package_xml(repository):
    """package.xml is valid; an invalid one makes colcon treat the package as plain Python."""
    packages = pytest.importorskip('catkin_pkg.package', reason='pip install catkin-pkg')
    package = packages.parse_package(str(repository))
    package.validate()
    assert package.name == 'depth_ros'
    assert package.get_build_type() == 'ament_python'
    assert package.licenses[0].file == 'LICENSE'


def test_versions_agree(repository):
    """package.xml, setup.py, the code, CITATION.cff and the changelog name one version."""
    version = ElementTree.parse(repository / 'package.xml').getroot().findtext('version')
    assert f"version='{version}'" in (repository / 'setup.py').read_text()
    assert VERSION == version
    citation = yaml.safe_load((repository / 'CITATION.cff').read_text())
    assert str(citation['version']) == version
    changes = (repository / 'CHANGELOG.rst').read_text()
    released = re.findall(r'^(\d+\.\d+\.\d+) \((.*)\)$', changes, re.MULTILINE)
    assert released[:1] in ([(version, str(citation['date-released']))], [])
    assert f'Version {version}' in (repository / 'QUALITY_DECLARATION.md').read_text()


def test_citation(repository):
    """CITATION.cff has what CFF 1.2.0 asks for, and every paper has authors, a year, a home."""
    citation = yaml.safe_load((repository / 'CITATION.cff').read_text())
    assert {'cff-version', 'message', 'title', 'authors'} <= set(citation)
    assert citation['cff-version'] == '1.2.0' and citation['license'] == 'Apache-2.0'
    assert len(citation['references']) == 8
    for paper in citation['references']:
        assert paper['type'] in ('article', 'conference-paper') and 2019 <= paper['year'] <= 2023
        assert all({'family-names', 'given-names'} == set(author) for author in paper['authors'])
        assert {'journal', 'conference', 'identifiers'} & set(paper)
        for file in re.findall(r'training/[\w/.]+', paper['notes']):
            assert (repository / file).exists(), file


def test_changelog(repository):
    """CHANGELOG.rst follows REP 132: title, then versions or Forthcoming with bullet lists."""
    lines = (repository / 'CHANGELOG.rst').read_text().splitlines()
    assert lines[1] == 'Changelog for package depth_ros'
    headings = [lines[i - 1] for i, line in enumerate(lines) if re.fullmatch('-+', line)]
    assert headings
    for heading in headings:
        assert re.fullmatch(r'Forthcoming|\d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\)', heading), heading


def test_requirements_are_pinned(repository):
    """Each line of the requirements names one exact version."""
    for path in (repository / 'requirements').glob('*.txt'):
        for line in path.read_text().splitlines():
            entry = line.partition('#')[0].strip()
            if entry and not entry.startswith('-r '):
                assert re.fullmatch(r'[a-z0-9.\-]+==[0-9a-z.]+', entry), f'{path.name}: {line}'
    assert '\ntorch' not in (repository / 'requirements' / 'demo.txt').read_text()


def copy_sources(repository, target):
    """Copy what git tracks, or would, so that a build leaves nothing in the checkout."""
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], cwd=repository,
                            capture_output=True, text=True, check=True).stdout.split('\n')
    for name in filter(None, listed):
        if not name.startswith('test/') and (repository / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, target / name)


@pytest.mark.slow
def test_pip_install(repository, tmp_path):
    """`pip install` puts the ament files and executables where ros2 looks for them."""
    source, prefix = tmp_path / 'source', tmp_path / 'prefix'
    copy_sources(repository, source)
    program = Path(sys.executable).parent / 'depth_ros'
    installed = program.is_file()
    # Without --ignore-installed pip removes the package from the environment of the tests.
    subprocess.run([sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps',
                    '--ignore-installed', '--no-build-isolation', '--prefix', str(prefix),
                    str(source)],
                   check=True, capture_output=True, env=clean_environment(PIP_NO_INDEX='1'))
    assert program.is_file() == installed
    missing = [name for name in INSTALLED if not (prefix / name).is_file()]
    assert not missing
    assert all(os.access(prefix / 'lib/depth_ros' / name, os.X_OK) for name in EXECUTABLES)
    package = next(prefix.glob('lib/python*/site-packages/depth_ros'))
    assert not (package.parent / 'training').exists()
    shipped = {path.name for path in (repository / 'depth_ros' / 'models').glob('*.onnx')}
    assert {path.name for path in (package / 'models').glob('*.onnx')} == shipped
    assert (package / 'demo_bag' / 'metadata.yaml').is_file()
    assert (package / 'engines' / 'parity_frame.npz').is_file()
    assert (package / 'cloud_view.js').is_file()


def colcon():
    """Return colcon's path, or skip."""
    found = shutil.which('colcon', path=f'{Path(sys.executable).parent}:{os.environ["PATH"]}')
    return found or pytest.skip('colcon is not installed: pip install colcon-ros')


@pytest.mark.slow
@pytest.mark.parametrize('options', [[], ['--symlink-install']], ids=['plain', 'symlink'])
def test_colcon_build(repository, tmp_path, options):
    """Colcon sees an ament_python package, builds it, and installs what ros2 looks for."""
    command = colcon()
    copy_sources(repository, tmp_path / 'src' / 'depth_ros')
    environment = clean_environment(COLCON_LOG_PATH=str(tmp_path / 'log'),
                                    COLCON_HOME=str(tmp_path))
    listed = subprocess.run([command, 'list'], cwd=tmp_path, env=environment,
                            capture_output=True, text=True)
    assert '(ros.ament_python)' in listed.stdout, listed.stdout + listed.stderr
    built = subprocess.run([command, 'build'] + options, cwd=tmp_path, env=environment,
                           capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    prefix = tmp_path / 'install' / 'depth_ros'
    missing = [name for name in INSTALLED + ('lib/depth_ros/depth_ros',)
               if not (prefix / name).is_file()]
    assert not missing
    hooks = list((prefix / 'share/depth_ros/hook').glob('ament_prefix_path*'))
    assert hooks, 'no AMENT_PREFIX_PATH hook: ros2 would not find the package'
