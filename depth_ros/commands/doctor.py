# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros doctor`: what is installed, what is missing, and what to do about it."""
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
import json
import os
from pathlib import Path
import platform
import re
import shutil
import sys

from depth_ros import dds
from depth_ros.contracts import InputError

HELP = ('say in one screen what is installed, which engine runs which model, what is missing and '
        'how to get it; status 1 for errors')
OK, WARN, ERROR = 'ok', 'warn', 'error'
# Two nodes and a viewer need about this much for the shipped profile.
SHM_BYTES = 256 << 20
# name on the package index: (module, needed, what for)
LIBRARIES = {
    'numpy': ('numpy', True, 'everything'),
    'opencv': ('cv2', True, 'everything'),
    'onnxruntime': ('onnxruntime', True, 'the engine that all others are compared with'),
    'tqdm': ('tqdm', True, 'progress bars'),
    'rosbags': ('rosbags', False, 'recordings (demo, evaluate, replay)'),
    'openvino': ('openvino', False, 'the OpenVINO engine, often the faster one'),
}
ROS_PACKAGES = {
    'sensor_msgs': 'nodes', 'diagnostic_msgs': 'nodes', 'lifecycle_msgs': 'nodes',
    'tf2_ros': 'extrinsics from TF; without it give lidar_translation and lidar_rotation',
    'launch_ros': 'launch files; without it use the executables or `depth_ros demo`',
    'cv_bridge': 'rare image encodings', 'sensor_msgs_py': 'unusual point clouds',
}
NEEDED = ('sensor_msgs', 'diagnostic_msgs', 'lifecycle_msgs')
# What `python -m training` needs, by the names of the package index; not imported here.
TRAINING = ('torch', 'lightning', 'jsonargparse', 'onnx', 'onnxscript', 'tensorboard', 'h5py')


@dataclass(frozen=True)
class Check:
    """
    One finding: level ok, warn or error, and what to do unless it is ok.

    get: command that installs something that is missed by nobody yet.
    """

    name: str
    level: str
    found: str
    advice: str = ''
    get: str = ''


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('--all', action='store_true', help='every finding, a line each')
    parser.add_argument('--json', action='store_true', help='every finding as JSON')


def run(args):
    """Print the findings."""
    checks = [check for group in (python, libraries, training, tensorrt, ros, transport, models)
              for check in group()]
    if args.json:
        print(json.dumps({'checks': [asdict(check) for check in checks]}, indent=1))
    elif args.all:
        print('\n'.join(table(checks)))
    else:
        from depth_ros.commands.doctor_screen import screen
        print('\n'.join(screen(checks)))
    return int(any(check.level == ERROR for check in checks))


def table(checks):
    """Return a line for every finding, and one for what to do."""
    width = max(len(check.name) for check in checks)
    for check in checks:
        yield f'{check.level:<5}  {check.name:<{width}}  {check.found}'
        if check.advice or check.get:
            yield f'{"":5}  {"":{width}}  -> {check.advice or check.get}'


def python():
    """Interpreter, and what a sourced ROS installation puts before it."""
    version = platform.python_version()
    yield Check('python', OK if sys.version_info >= (3, 10) else ERROR,
                f'{version} {sys.executable}',
                '' if sys.version_info >= (3, 10) else 'Python 3.10 or newer is needed')
    own = f'python{sys.version_info[0]}.{sys.version_info[1]}'
    foreign = [p for p in sys.path if re.search(r'python3\.\d+', p)
               and own not in p and 'site-packages' in p]
    if foreign:
        yield Check('python path', ERROR, ', '.join(foreign),
                    'these belong to another Python: unset PYTHONPATH, or use the Python of the '
                    'sourced ROS installation')


def libraries():
    """Libraries of the package index."""
    for name, (module, needed, purpose) in LIBRARIES.items():
        version, problem = _version(module)
        if version is None:
            get = f'pip install {_package(name)}'
            yield Check(name, ERROR if needed else OK, f'not installed (for {purpose})',
                        *((get,) if needed else ('', get)))
        elif name == 'opencv' and int(version.split('.')[0]) >= 5:
            yield Check(name, WARN, version, "cv_bridge fails beside it: pip install 'opencv-"
                        "python-headless<5'")
        elif problem:
            yield Check(name, ERROR, problem, f'install {_package(name)} again')
        else:
            version = _distribution(name) if version == 'installed' else version
            yield Check(name, OK, version + _details(name))


def _package(name):
    return {'opencv': "'opencv-python-headless>=4.6,<5'"}.get(name, name)


def _details(name):
    if name == 'onnxruntime':
        providers = import_module('onnxruntime').get_available_providers()
        return ' with ' + ', '.join(p.removesuffix('ExecutionProvider') for p in providers)
    if name == 'openvino':
        from depth_ros.commands.doctor_engines import openvino_devices
        return f' with {openvino_devices()}'
    return ''


def _version(module):
    """Return (version or None when absent, problem)."""
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        return (None, '') if error.name == module else ('?', f'does not import: {error}')
    except Exception as error:
        return '?', f'does not import: {error}'
    return str(getattr(found, '__version__', 'installed')), ''


def training():
    """Libraries of `python -m training`, which a robot does not need."""
    versions = {name: _distribution(name) for name in TRAINING}
    missing = [name for name, version in versions.items() if version == '?']
    if missing:
        yield Check('training', OK, 'not installed (for `python -m training`: no '
                    f'{", ".join(missing)})',
                    get="pip install -e '.[training]'")
    else:
        yield Check('training', OK, f'torch {versions["torch"]}, lightning '
                    f'{versions["lightning"]}')


def tensorrt():
    """TensorRT, its GPU and its engines, none of which is needed; what `auto` takes."""
    from depth_ros.commands.doctor_engines import findings, remembered
    for name, good, found, advice in (*findings(), remembered()):
        get = 'docs/install.md' if found.startswith('not installed') and not advice else ''
        yield Check(name, OK if good else WARN, found, advice, get)


def ros():
    """Client library, middleware and ROS packages."""
    advice = 'source a ROS 2 installation, or run `make venv` and use .venv/bin/depth_ros'
    try:
        import rclpy
        from rclpy.utilities import get_rmw_implementation_identifier
        distribution = os.environ.get('ROS_DISTRO', 'not sourced, from the package index')
        yield Check('rclpy', OK, f'{_distribution("ros-rclpy", "rclpy")} ({distribution}) '
                    f'{Path(rclpy.__file__).parent}')
        rmw = get_rmw_implementation_identifier()
        yield Check('middleware', OK if 'fastrtps' in rmw else WARN, rmw,
                    '' if 'fastrtps' in rmw else 'the shipped shared-memory profile is for Fast '
                    'DDS: give this middleware large buffers by its own means')
    except Exception as error:
        yield Check('rclpy', ERROR, f'does not import: {error}', advice)
    for name, purpose in ROS_PACKAGES.items():
        if name == 'cv_bridge' and _distribution('cv-bridge').startswith('1.'):
            yield Check(name, WARN, 'the ROS 1 port of the package index',
                        'it cannot do 16-bit depth and is not used: pip uninstall cv-bridge')
            continue
        version, problem = _version(name)
        needed = name in NEEDED
        if version is None or problem:
            yield Check(name, ERROR if needed else OK, problem or 'not installed (for '
                        f'{purpose})', advice if needed else '', '' if needed else _apt(name))
        else:
            yield Check(name, OK, 'installed')


def _apt(name):
    """Return the command that installs a ROS package, as far as the distribution is known."""
    package = {'tf2_ros': 'tf2-ros-py'}.get(name, name.replace('_', '-'))
    distribution = os.environ.get('ROS_DISTRO')
    return f'sudo apt install ros-{distribution}-{package}' if distribution else \
        'part of a ROS 2 installation: docs/install.md'


def _distribution(*names):
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return '?'


def transport():
    """Shared memory, and the profile that makes image-sized messages arrive."""
    try:
        shipped = dds.profile_file()
    except InputError as error:
        yield Check('DDS profile', ERROR, 'not installed', str(error))
        return
    current = dds.current_profile()
    export = ' '.join(f'{name}={shipped}' for name in dds.VARIABLES)
    if current is None:
        yield Check('DDS profile', WARN, 'none set in this shell, which launch files and the demo '
                    'do themselves', 'elsewhere most image-sized messages get lost between '
                    f'processes, so on both ends: export {export}')
    elif not Path(current).is_file():
        yield Check('DDS profile', ERROR, f'{current} does not exist', f'export {export}')
    else:
        yield Check('DDS profile', OK, current)
    try:
        usage = shutil.disk_usage('/dev/shm')
    except OSError as error:
        yield Check('/dev/shm', WARN, str(error), 'shared memory is not available')
        return
    enough = usage.free >= SHM_BYTES
    yield Check('/dev/shm', OK if enough else WARN,
                f'{usage.free >> 20} MiB free of {usage.total >> 20} MiB',
                '' if enough else f'{SHM_BYTES >> 20} MiB are advised: in a container use '
                '--shm-size=1g or --ipc=host')


def models(folder=None):
    """Shipped models: readable, and the same file that their card describes."""
    from depth_ros.model import DEFAULTS, ModelError, MODELS, read_spec
    found = {}
    for path in sorted((folder or MODELS).glob('*.onnx')):
        try:
            spec = read_spec(path)
        except (ModelError, ImportError) as error:
            yield Check(f'model {path.name}', ERROR, str(error), 'install depth_ros again')
            continue
        found.setdefault(spec.task, []).append(spec.name)
        card = path.with_suffix('.md')
        said = card.read_text(errors='replace') if card.is_file() else ''
        known = re.findall(r'\b[0-9a-f]{64}\b', said)
        text = f'{spec.task}, sha256 {spec.sha256[:16]}...'
        if spec.sha256 in known:
            yield Check(f'model {spec.name}', OK, f'{text} as its card says')
        else:
            problem = f'is not what {card.name} says' if known else f'has no card {card.name}'
            yield Check(f'model {spec.name}', WARN, f'{text} {problem}',
                        'the file was changed or replaced: install depth_ros again unless that '
                        'was on purpose')
    for task, name in DEFAULTS.items():
        if name not in found.get(task, []):
            yield Check(f'model {name}', ERROR, 'not installed',
                        f'{task} has no default model: install depth_ros again, or name one by '
                        'the parameter `model`')
