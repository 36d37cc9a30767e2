# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
The options of every node, typed once.

`python -m depth_ros.config --write` regenerates the YAML files in `config/` and the parameter
tables in `docs/nodes/`; without the flag it says which are out of date.
"""

from dataclasses import dataclass
from pathlib import Path
import sys

from depth_ros.engines import DEFAULT_PRECISION, ENGINES, PRECISIONS
from depth_ros.options import option, to_markdown, to_yaml


@dataclass(frozen=True)
class NodeConfig:
    """Options that every node has."""

    autostart: bool = option(
        True, 'Configure and activate at start; false waits for lifecycle transitions.',
        read_only=True)
    diagnostics_period: float = option(
        1.0, 'Seconds between two messages on /diagnostics.', 0.1, 60.0, read_only=True)


@dataclass(frozen=True)
class MonocularConfig(NodeConfig):
    """Options of the monocular node, and of every node that estimates depth."""

    model: str = option(
        '', 'Shipped model name or path of an .onnx file; empty takes the default of the task '
        '(`depth_ros models` lists them).', read_only=True)
    engine: str = option(
        'auto', 'Inference engine; `auto` takes the fastest that gives right depth here, as timed '
        'once on this machine. ONNX Runtime answers while others are timed, compiled or built.',
        choices=('auto', *ENGINES), read_only=True)
    threads: int = option(
        0, 'CPU threads of ONNX Runtime and OpenVINO; 0 takes one per core.', 0, 256,
        read_only=True)
    precision: str = option(
        DEFAULT_PRECISION, 'Precision of the engine; `auto` takes what suits it.',
        choices=(DEFAULT_PRECISION, *PRECISIONS), read_only=True)
    providers: str = option(
        '', 'ONNX Runtime: execution providers in order of preference, e.g. `CUDA` or `Tensorrt, '
        'CUDA`; empty takes the CPU.', read_only=True)
    device: str = option(
        'CPU', 'OpenVINO: device, e.g. CPU, GPU, GPU.1 or NPU.', read_only=True)
    engine_cache: str = option(
        '', 'Folder of built engines, converted models and measured times; empty takes '
        '$DEPTH_ROS_CACHE, else $XDG_CACHE_HOME/depth_ros/engines, else '
        '~/.cache/depth_ros/engines.', read_only=True)
    force_rebuild: bool = option(
        False, 'Build and time again, whatever the folder holds.', read_only=True)
    build_only: bool = option(
        False, 'TensorRT: build and check the engines of this configuration, print a table and '
        'exit.', read_only=True)
    workspace_mib: int = option(
        1024, 'TensorRT: most memory in MiB that a layer may try while the engine is built.', 16,
        65536, read_only=True)
    dla_core: int = option(
        -1, 'TensorRT: number of the deep-learning accelerator of a Jetson; -1 takes the GPU.',
        -1, 7, read_only=True)
    input_height: int = option(
        0, 'Height in pixels at which the model runs; 0 chooses it from the camera.', 0, 4096,
        read_only=True)
    input_width: int = option(
        0, 'Width in pixels at which the model runs; 0 chooses it from the camera.', 0, 4096,
        read_only=True)
    image_transport: str = option(
        'raw', 'Subscribe `image` (raw) or `image/compressed` (compressed).',
        choices=('raw', 'compressed'), read_only=True)
    rectified: bool = option(
        False, 'The image is rectified: use P of camera_info and no distortion.')
    depth_encoding: str = option(
        '32FC1', 'Encoding of depth/image: 32FC1 metres, or 16UC1 millimetres (0 = unknown, '
        'nothing beyond 65.535 m).', choices=('32FC1', '16UC1'))
    far_value: str = option(
        'inf', 'What a pixel beyond the range of the model becomes: +Inf (REP 117) or NaN.',
        choices=('inf', 'nan'))
    min_confidence: float = option(
        0.0, 'Depth with a confidence below this is published as unknown.', 0.0, 1.0)
    cloud_stride: int = option(
        1, 'Every n-th row and column goes into depth/points.', 1, 64)
    depth_scan_min_height: float = option(
        -0.1, 'depth/scan: lowest height in metres that counts, above the floor when '
        'depth_scan_camera_height is given, else above the camera.', -100.0, 100.0)
    depth_scan_max_height: float = option(
        0.5, 'depth/scan: greatest height that counts.', -100.0, 100.0)
    depth_scan_camera_height: float = option(
        0.0, 'depth/scan: height in metres of the camera above the floor.', 0.0, 100.0)
    depth_scan_camera_tilt: float = option(
        0.0, 'depth/scan: degrees by which the camera looks down.', -80.0, 80.0)
    depth_scan_range_max: float = option(
        8.0, 'depth/scan: metres up to which beams are followed; one that meets nothing is +Inf.',
        0.1, 1000.0)
    depth_scan_frame: str = option(
        '', 'depth/scan: its frame, at the camera with x level and forward and z up; empty takes '
        'the frame_id of the image without `_optical`.')
    color_max: float = option(
        0.0, 'Metres at the far end of the colours of depth/image_color; 0 takes the 95th '
        'percentile of each frame.', 0.0, 1000.0)
    domain: str = option(
        '', 'Model with several domains: name or number of the one that always answers; empty '
        'follows the images.')
    domain_hold: int = option(
        5, 'Images in a row in which another domain must be nearer before it takes over.', 1,
        1000)
    domain_margin: float = option(
        0.05, 'By how much nearer, as a share of the distance, another domain must be for that.',
        0.0, 0.9)
    domain_unknown: float = option(
        1.0, 'An image farther from every domain than this times what 99 % of its own images '
        'are within is unlike all of them; diagnostics warn of domain_hold such images in a row; '
        '0: no image is.', 0.0, 1000.0)
    watchdog_period: float = option(
        3.0, 'Seconds of silence on an input after which diagnostics warn.', 0.5, 3600.0)


@dataclass(frozen=True)
class CompletionConfig(MonocularConfig):
    """Options of the completion node."""

    lidar: str = option(
        'scan', 'LiDAR input: `scan` (LaserScan) or `cloud` (PointCloud2).',
        choices=('scan', 'cloud'), read_only=True)
    cloud_ring: int = option(
        -1, 'Use only this ring of the cloud (its `ring` or `channel` field); -1 uses all '
        'points.', -1, 1024)
    max_skew: float = option(
        0.06, 'Largest time in seconds between an image and its scan.', 0.0, 10.0)
    max_wait: float = option(
        0.1, 'Longest time in seconds that an image waits for a nearer scan.', 0.0, 10.0)
    scan_stamp_offset: float = option(
        0.0, 'Seconds added to the LiDAR stamps, for drivers that do not stamp the first beam.',
        -1.0, 1.0)
    on_missing_scan: str = option(
        'drop', 'An image without a scan within max_skew is dropped, or estimated by the '
        'monocular model with its confidence halved.', choices=('drop', 'monocular'),
        read_only=True)
    monocular_model: str = option(
        '', 'Model for on_missing_scan = monocular; empty takes the default.', read_only=True)
    anchor: bool = option(
        True, 'Make the published depth agree with the LiDAR at the measured pixels.',
        read_only=True)
    max_residual: float = option(
        0.25, 'Median relative difference between prediction and line above which diagnostics '
        'warn about the extrinsics.', 0.0, 10.0)
    extrinsics: str = option(
        'auto', 'Pose of the LiDAR in the camera: from `tf`, from `parameters`, or `auto`: '
        'parameters when they are given, else TF.', choices=('auto', 'tf', 'parameters'),
        read_only=True)
    lidar_translation: list = option(
        [0.0, 0.0, 0.0], 'Position x y z (metres) of the LiDAR frame in the camera optical '
        'frame.')
    lidar_rotation: list = option(
        [0.0, 0.0, 0.0, 0.0], 'Orientation x y z w (unit quaternion) of the LiDAR frame in the '
        'camera optical frame; all zero means not given.')
    fixed_frame: str = option(
        '', 'Frame that does not move with the robot (e.g. odom): with TF, beams are moved to '
        'the time of the image through it; empty switches that off.')
    tf_timeout: float = option(
        0.05, 'Seconds to wait for a transform.', 0.0, 5.0)


@dataclass(frozen=True)
class ReplayConfig(NodeConfig):
    """Options of the replay node."""

    bag: str = option('', 'Folder or file of the rosbag2 recording to play.', read_only=True)
    rate: float = option(1.0, 'Speed factor.', 0.01, 100.0, read_only=True)
    loop: bool = option(False, 'Start again at the end.', read_only=True)
    start_offset: float = option(
        0.0, 'Seconds of the recording to skip.', 0.0, 1e6, read_only=True)
    topics: str = option(
        '', 'Topics to play, separated by commas; empty plays all.', read_only=True)
    decompress: bool = option(
        True, 'Publish `X/compressed` images raw on `X`.', read_only=True)
    clock: bool = option(True, 'Publish /clock.', read_only=True)
    wait_for_subscribers: float = option(
        10.0, 'Longest time in seconds to wait for subscribers of every image topic.', 0.0,
        3600.0, read_only=True)
    subscribers: int = option(
        1, 'How many subscribers of every image topic to wait for.', 1, 100, read_only=True)


@dataclass(frozen=True)
class EvaluationConfig(NodeConfig):
    """Options of the evaluation node."""

    truth: str = option(
        'depth', 'Ground truth: `depth` (image on ground_truth/depth) or `cloud` (points on '
        'cloud, without those near the input line).', choices=('depth', 'cloud'),
        read_only=True)
    min_depth: float = option(0.1, 'Nearest ground truth in metres that counts.', 0.0, 1000.0)
    max_depth: float = option(
        0.0, 'Farthest ground truth in metres that counts; 0 sets no limit.', 0.0, 10000.0)
    max_skew: float = option(
        0.05, 'Largest time in seconds between a cloud and a depth image.', 0.0, 10.0,
        read_only=True)
    line_elevation: float = option(
        -90.0, 'Elevation in degrees, in the frame of the cloud, of the ring that was the '
        'input; points within line_margin of it do not count. -90 excludes none.', -90.0, 90.0,
        read_only=True)
    line_margin: float = option(
        0.4, 'Degrees around line_elevation that do not count.', 0.0, 90.0, read_only=True)
    extrinsics: str = option(
        'auto', 'Pose of the cloud frame in the camera: `tf`, `parameters`, or `auto`.',
        choices=('auto', 'tf', 'parameters'), read_only=True)
    lidar_translation: list = option(
        [0.0, 0.0, 0.0], 'Position x y z (metres) of the cloud frame in the camera optical '
        'frame.')
    lidar_rotation: list = option(
        [0.0, 0.0, 0.0, 0.0], 'Orientation x y z w (unit quaternion) of the cloud frame in the '
        'camera optical frame; all zero means not given.')
    fixed_frame: str = option('', 'See the completion node.')
    tf_timeout: float = option(0.05, 'Seconds to wait for a transform.', 0.0, 5.0)
    output: str = option(
        '', 'JSON file for the final figures; empty writes none.', read_only=True)
    html: str = option(
        '', 'HTML file for a page with figures, worst frames and point clouds; empty writes '
        'none. With it, `image`, `depth/confidence` and `depth/camera_info` are read too.',
        read_only=True)
    idle_timeout: float = option(
        0.0, 'Seconds without input after which the node writes its figures and exits; 0 waits '
        'for ever.', 0.0, 3600.0, read_only=True)


NODES = {'completion': CompletionConfig, 'monocular': MonocularConfig,
         'evaluation': EvaluationConfig, 'replay': ReplayConfig}


def generated_files(root):
    """`{path: text}` of every file that is made from the options."""
    root = Path(root)
    files = {root / 'config' / f'{name}.yaml':
             '# Generated by `python -m depth_ros.config --write`: every parameter, its default '
             'and limits.\n' + to_yaml(cls) for name, cls in NODES.items()}
    for name, cls in NODES.items():
        files[root / 'docs' / 'nodes' / f'{name}_parameters.md'] = (
            f'# Parameters of the {name} node\n\nGenerated by `python -m depth_ros.config '
            f'--write`.\n\n{to_markdown(cls)}')
    return files


def main():
    """Check or write the generated files below the current folder."""
    write, stale = '--write' in sys.argv[1:], []
    for path, text in generated_files(Path.cwd()).items():
        if not path.is_file() or path.read_text() != text:
            stale.append(str(path))
            if write:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    print('\n'.join(f'{"wrote" if write else "out of date:"} {name}' for name in stale)
          or 'all up to date')
    return 0 if write or not stale else 1


if __name__ == '__main__':
    sys.exit(main())
