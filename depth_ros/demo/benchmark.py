# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Times models in engines, and the completion node over DDS beside its bare inference."""
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
import resource
import tempfile
import time

from depth_ros import bags
from depth_ros.camera import Camera
from depth_ros.engines import EngineError
from depth_ros.engines.progress import to_stderr
import numpy as np

STAGES = ('preprocess', 'inference', 'postprocess')
WARM_UP = 5
WIDTH, HEIGHT, FOCAL = 640, 480, 500.0
# LiDAR (x forward, y left, z up) to camera (x right, y down, z forward).
LIDAR_TO_CAMERA = (0.5, -0.5, 0.5, -0.5)
BEAMS, DISTANCE = 361, 3.0


def camera():
    """Return the camera of all measurements."""
    return Camera(WIDTH, HEIGHT, FOCAL, FOCAL, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)


def picture(index=0):
    """Make an image `(480, 640, 3) uint8` with structure at several scales."""
    import cv2
    rng = np.random.default_rng(index)
    parts = [cv2.resize(rng.uniform(0, 255, (n * 3, n * 4, 3)).astype(np.float32),
                        (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR) for n in (2, 8, 32)]
    return np.mean(parts, 0).astype(np.uint8)


def line():
    """Make the line of a wall straight ahead, `(480, 640) float32` metres, 0 = none."""
    sparse = np.zeros((HEIGHT, WIDTH), np.float32)
    sparse[HEIGHT // 2, ::2] = DISTANCE
    return sparse


def alone(function, *arguments):
    """Call a function in a process of its own, so that its memory can be told."""
    with ProcessPoolExecutor(1, get_context('spawn')) as pool:
        return pool.submit(function, *arguments).result()


def time_model(file, engine, frames, threads, size=None):
    """
    Load and run one model; call it through `alone`.

    :param size: (height, width) to run it at; None takes what suits the image.

    :return: plain figures in milliseconds and mebibytes.
    """
    from depth_ros.estimator import Estimator
    before = _peak_mib()
    start = time.perf_counter()
    estimator = Estimator(str(file), engine, size=size, threads=threads, report=to_stderr)
    estimator.prepare(camera())
    if engine not in ('auto', estimator.engine.name):
        raise EngineError(estimator.engine.note)
    load = time.perf_counter() - start
    image, sparse, view = picture(), line(), camera()
    # An engine returns its outputs as host arrays, so every run is complete when it returns.
    timings = [estimator.estimate(image, view, sparse=sparse).timings_ms
               for _ in range(WARM_UP + frames)][WARM_UP:]
    total = np.array([sum(timing.values()) for timing in timings])
    return {'model': estimator.spec.name, 'task': estimator.spec.task,
            'engine': estimator.engine.describe(),
            'input': {'height': estimator.engine.height, 'width': estimator.engine.width},
            'image': {'height': HEIGHT, 'width': WIDTH}, 'frames': frames, 'load_s': load,
            **{f'{stage}_ms': spread([timing[stage] for timing in timings])
               for stage in STAGES},
            'total_ms': spread(total), 'images_per_second': 1000.0 / float(np.mean(total)),
            'peak_memory_mib': _peak_mib(), 'memory_before_load_mib': before}


def spread(values):
    """Median and 99th percentile."""
    return {'median': float(np.median(values)), 'p99': float(np.percentile(values, 99))}


def _peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def time_node(model, frames, period_s, domain=None, bar=True):
    """
    Time the completion node over DDS: source, node and listener are processes of their own.

    :param period_s: seconds between two images; more than a frame takes, so that none waits.
    :return: latency from an image to its depth as the listener sees it, and what of it is not
        the model's inference in the same run.
    """
    from depth_ros.demo.session import counts, inspect, play
    with tempfile.TemporaryDirectory(prefix='depth_ros_benchmark_') as folder:
        folder = Path(folder)
        write_recording(folder / 'bag', WARM_UP + frames, period_s)
        collector = play(inspect(folder / 'bag'), folder, domain=domain, bar=bar, model=model)
    latency = collector.latencies_ms()[WARM_UP:]
    inference = {name: float(collector.value(f'inference_ms.{name}', 'nan'))
                 for name in ('median', 'p99')}
    result = spread(latency) if len(latency) else {'median': None, 'p99': None}
    found = counts(collector)
    return {'model': collector.value('model'), 'engine': collector.value('engine'),
            'image': {'height': HEIGHT, 'width': WIDTH}, 'period_ms': 1000 * period_s,
            'images': {'sent': WARM_UP + frames, **found, 'arrived': len(collector.depths)},
            'latency_ms': result, 'inference_ms': inference,
            'overhead_ms': {name: result[name] - inference[name] for name in result
                            if result[name] is not None},
            'in_node_ms': {name: float(collector.value(f'work_ms.{name}', 'nan'))
                           for name in ('median', 'p99')}}


def write_recording(path, frames, period_s):
    """Write a camera and a scan that sees a wall, both at the same stamps."""
    pixels = [picture(index).ravel() for index in range(3)]
    angles = np.linspace(-np.pi / 2, np.pi / 2, BEAMS)
    ranges = DISTANCE / np.maximum(np.cos(angles), 1e-3)
    with bags.Writer(path, compress=False) as writer:
        writer.write('/tf_static', 0, _transform())
        for index in range(frames):
            now = int((1 + index * period_s) * 1e9)
            header = {'stamp': bags.stamp(now), 'frame_id': 'camera'}
            writer.write('/camera_info', now, _calibration(header))
            writer.write('/scan', now + 1, bags.message(
                'sensor_msgs/msg/LaserScan', header={**header, 'frame_id': 'laser'},
                angle_min=float(angles[0]), angle_max=float(angles[-1]),
                angle_increment=float(angles[1] - angles[0]), range_min=0.05, range_max=30.0,
                ranges=ranges))
            # The image last: its latency starts when all that it needs is there.
            writer.write('/image', now + 2, bags.message(
                'sensor_msgs/msg/Image', header=header, height=HEIGHT, width=WIDTH,
                encoding='rgb8', step=3 * WIDTH, data=pixels[index % len(pixels)]))
            writer.write('/ground_truth/depth', now + 3, bags.message(
                'sensor_msgs/msg/Image', header=header, height=1, width=1, encoding='32FC1',
                step=4, data=[0, 0, 128, 63]))


def _calibration(header):
    view = camera()
    return bags.message(
        'sensor_msgs/msg/CameraInfo', header=header, height=HEIGHT, width=WIDTH,
        distortion_model='plumb_bob', d=[0.0] * 5, r=np.eye(3).ravel(),
        k=[view.fx, 0, view.cx, 0, view.fy, view.cy, 0, 0, 1],
        p=[view.fx, 0, view.cx, 0, 0, view.fy, view.cy, 0, 0, 0, 1, 0])


def _transform():
    return bags.message('tf2_msgs/msg/TFMessage', transforms=[bags.message(
        'geometry_msgs/msg/TransformStamped', header={'frame_id': 'camera'},
        child_frame_id='laser',
        transform={'rotation': dict(zip('xyzw', LIDAR_TO_CAMERA))})])
