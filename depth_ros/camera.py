# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pinhole camera: scaling and cropping of K, lens distortion, rays, projection and its inverse."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.documents import read_yaml, words
import numpy as np

# sensor_msgs/distortion_models names -> how many coefficients OpenCV may be given.
DISTORTION_MODELS = {'plumb_bob': (0, 4, 5), 'rational_polynomial': (0, 8, 12, 14), '': (0,)}
# More would fill the memory with rays before the first image is compared with them.
LARGEST_PIXELS = 1 << 27
# (x/z, y/z) of 84 degrees off the axis: no lens of these models sees farther.
_WIDEST = 10.0
# Focal lengths and offsets in image sizes: a telescope sees 0.05 degrees so.
_LONGEST = 1000.0
# Share of the pixels that may be without a ray.
_MOST_BLIND = 0.5


@dataclass(frozen=True)
class Camera:
    """
    Pinhole intrinsics in pixels; pixel centres lie at whole numbers (OpenCV, ROS).

    :raises InputError: a focal length or size that is not positive, or an unsupported lens.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple = ()
    model: str = 'plumb_bob'

    def __post_init__(self):
        """Refuse intrinsics that cannot be used."""
        if self.width <= 0 or self.height <= 0:
            raise InputError(f'camera size is {self.width}x{self.height}: the camera_info is '
                             'not filled in; calibrate the camera or fix its driver',
                             'camera_info')
        if self.width * self.height > LARGEST_PIXELS:
            raise InputError(f'camera size is {self.width}x{self.height}, more pixels than any '
                             'camera has: fix the calibration or the driver', 'camera_info')
        numbers = (self.fx, self.fy, self.cx, self.cy)
        if not np.isfinite(numbers).all() or self.fx <= 0 or self.fy <= 0:
            raise InputError(f'camera focal length is ({self.fx:g}, {self.fy:g}): the '
                             'camera_info is not calibrated; publish a calibrated one',
                             'camera_info')
        if not (max(self.fx, self.fy) < _LONGEST * (self.width + self.height)
                and max(abs(self.cx), abs(self.cy)) < _LONGEST * (self.width + self.height)):
            raise InputError(f'camera matrix has fx {self.fx:g}, fy {self.fy:g}, cx {self.cx:g}, '
                             f'cy {self.cy:g} for {self.width}x{self.height} pixels: no lens has '
                             'these; calibrate the camera', 'camera_info')
        if self.model not in DISTORTION_MODELS:
            raise InputError(f'distortion model {self.model!r} is not supported: rectify the '
                             'image (image_proc) and use the rectified topic; supported are '
                             'plumb_bob and rational_polynomial', 'camera_info')
        if len(self.distortion) not in DISTORTION_MODELS[self.model]:
            raise InputError(f'{len(self.distortion)} distortion coefficients do not fit '
                             f'{self.model!r}: expected {DISTORTION_MODELS[self.model]}',
                             'camera_info')
        if not np.isfinite(self.distortion).all():
            raise InputError(f'distortion coefficients are {self.distortion}: the camera_info '
                             'is not calibrated; publish a calibrated one', 'camera_info')

    @classmethod
    def from_matrix(cls, matrix, width, height, distortion=(), model='plumb_bob'):
        """From a 3x3 camera matrix (or 3x4 P, or 9 numbers) and an image size in pixels."""
        values = np.asarray(matrix, float).reshape(3, -1)
        # All-zero coefficients are dropped: the pinhole path is exact and much faster.
        kept = tuple(float(d) for d in distortion) if np.any(distortion) else ()
        return cls(int(width), int(height), float(values[0, 0]), float(values[1, 1]),
                   float(values[0, 2]), float(values[1, 2]), kept, model)

    @classmethod
    def from_yaml(cls, path):
        """
        From a YAML file: the ROS calibration format, or plain `width height fx fy cx cy`.

        :raises InputError: the file is missing or lacks a key (both formats are named).
        """
        path = Path(path)
        if not path.is_file():
            raise InputError(f'no camera file at {path}')
        try:
            data = read_yaml(path)
        except InputError as error:
            raise InputError(f'{path} is not a camera file: {error}') from error
        try:
            if 'camera_matrix' in data:
                return cls.from_matrix(
                    data['camera_matrix']['data'], data['image_width'], data['image_height'],
                    (data.get('distortion_coefficients') or {}).get('data', ()),
                    data.get('distortion_model', 'plumb_bob'))
            return cls(int(data['width']), int(data['height']),
                       *(float(data[key]) for key in ('fx', 'fy', 'cx', 'cy')),
                       tuple(data.get('distortion', ())), data.get('model', 'plumb_bob'))
        except InputError:
            raise
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
            raise InputError(
                f'{path} is not a camera file ({words(error)}): expected a ROS calibration YAML '
                'with camera_matrix, image_width and image_height, or the keys width height fx '
                'fy cx cy') from error

    @property
    def matrix(self):
        """Camera matrix K, `(3, 3) float64`."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1.0]])

    def scaled(self, width, height):
        """Camera of the image resized to `width` x `height` (pixel areas, not corners, align)."""
        sx, sy = width / self.width, height / self.height
        return replace(self, width=int(width), height=int(height), fx=self.fx * sx,
                       fy=self.fy * sy, cx=(self.cx + 0.5) * sx - 0.5,
                       cy=(self.cy + 0.5) * sy - 0.5)

    def cropped(self, x, y, width, height):
        """Camera of the window with top-left pixel `(x, y)`."""
        if x < 0 or y < 0 or x + width > self.width or y + height > self.height:
            raise InputError(f'crop {width}x{height} at ({x}, {y}) leaves the '
                             f'{self.width}x{self.height} image')
        return replace(self, width=int(width), height=int(height), cx=self.cx - x,
                       cy=self.cy - y)

    def rays(self):
        """
        `(H, W, 2) float32`: X/Z and Y/Z of every pixel, distortion undone; read-only.

        NaN where the lens model has no ray for a pixel.
        """
        rays = np.stack(_ray_planes(self)[:2], -1)
        rays.flags.writeable = False
        return rays

    def check_lens(self):
        """
        Look at a few pixels, in milliseconds: does the lens model see most of the image.

        The pixels without a ray are the dear ones: for a lens of nonsense all would take seconds.

        :raises InputError: most of them have no ray.
        """
        if not self.distortion:
            return
        u, v = (np.linspace(0, size - 1, 32) for size in (self.width, self.height))
        blind = np.isnan(_undistorted(self, u, v)[0]).mean()
        if blind > _MOST_BLIND:
            raise InputError(f'the lens leaves {100 * blind:.0f} % of the image without a ray: '
                             'its distortion coefficients do not fit this image; calibrate the '
                             'camera', 'camera_info')

    def project(self, points):
        """
        Project points of the optical frame.

        :param points: `(N, 3)` metres, x right, y down, z forward.
        :return: pixel coordinates `(N, 2) float64` (NaN where z <= 0 or where the lens model
            folds over) and depths z `(N,)`.
        """
        points = np.asarray(points, np.float64).reshape(-1, 3)
        z = points[:, 2]
        pixels = np.full((len(points), 2), np.nan)
        front = np.isfinite(points).all(1) & (z > 1e-6)
        normalised = points[front, :2] / z[front, None]
        if self.distortion:
            normalised, kept = self._distort(normalised)
            front[front] = kept
            normalised = normalised[kept]
        pixels[front] = normalised * (self.fx, self.fy) + (self.cx, self.cy)
        return pixels, z

    def _distort(self, normalised):
        """Distorted coordinates, and which are on the near side of the lens model's fold."""
        import cv2
        if not len(normalised):
            return normalised, np.zeros(0, bool)
        kept = np.hypot(*normalised.T) < _fold_radius(self.distortion)
        ones = np.ones((len(normalised), 1))
        pixels, _ = cv2.projectPoints(np.hstack([normalised, ones]), np.zeros(3), np.zeros(3),
                                      np.eye(3), np.array(self.distortion))
        return pixels.reshape(-1, 2), kept

    def back_project(self, depth):
        """Depth `(H, W)` metres to points `(H, W, 3) float32`; unknown depth gives NaN points."""
        import cv2
        return cv2.merge(self.point_planes(depth))

    def point_planes(self, depth, stride=1):
        """
        X, Y and Z of `back_project`, each `(H, W) float32`; of every `stride`-th row and column.

        Z may be `depth` itself.
        """
        depth = np.asarray(depth, np.float32)
        if depth.shape != (self.height, self.width):
            raise InputError(f'depth is {depth.shape[1]}x{depth.shape[0]} but the camera is '
                             f'{self.width}x{self.height}: scale the camera first')
        x, y, blind = _ray_planes(self)
        if stride > 1:
            depth, x, y, blind = (plane if plane is None else np.ascontiguousarray(
                plane[::stride, ::stride]) for plane in (depth, x, y, blind))
        # A sum is finite only when all are: a third of the time of looking at each.
        if blind is not None or not np.isfinite(depth.sum()):
            unknown = ~np.isfinite(depth)
            if blind is not None:
                unknown |= blind
            depth = np.where(unknown, np.float32(np.nan), depth)
        return x * depth, y * depth, depth


@lru_cache(maxsize=8)
def _fold_radius(distortion):
    """
    Radius (x/z, y/z) beyond which the radial polynomial falls and points would come back in.

    The polynomial is that of OpenCV's calib3d; its coefficients are k1 k2 p1 p2 k3 k4 k5 k6 ...
    """
    k1, k2, _, _, k3, k4, k5, k6 = np.pad(np.array(distortion[:8], float),
                                          (0, max(8 - len(distortion), 0)))
    radius = np.linspace(0, _WIDEST, 10001)
    square = radius ** 2
    with np.errstate(divide='ignore', invalid='ignore'):
        image = (radius * (1 + square * (k1 + square * (k2 + square * k3)))
                 / (1 + square * (k4 + square * (k5 + square * k6))))
        falls = np.flatnonzero(~(np.diff(image) > 0))
    return radius[falls[0]] if len(falls) else _WIDEST


@lru_cache(maxsize=4)
def _ray_planes(camera):
    """
    X/Z and Y/Z of all pixels, and which have no ray (None: all have one).

    :raises InputError: a lens that leaves most of the image without rays.
    """
    u, v = np.arange(camera.width, dtype=np.float64), np.arange(camera.height, dtype=np.float64)
    if camera.distortion:
        camera.check_lens()
        u, v = _undistorted(camera, u, v)
    else:
        u, v = np.meshgrid((u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy)
    planes = tuple(np.ascontiguousarray(plane, np.float32) for plane in (u, v))
    for plane in planes:
        plane.flags.writeable = False
    blind = np.isnan(planes[0])
    return *planes, blind if blind.any() else None


def _undistorted(camera, u, v):
    """X/Z and Y/Z, each `(len(v), len(u))`, of pixel columns and rows; NaN without a ray."""
    import cv2
    pixels = np.stack(np.meshgrid(u, v), -1).reshape(-1, 1, 2)
    # The default of five iterations is off by pixels at the edge of a wide lens.
    rays = cv2.undistortPointsIter(
        pixels, camera.matrix, np.array(camera.distortion), None, None,
        (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-4))
    # Pixels that no ray reaches through this lens model get none.
    back, kept = camera._distort(rays[:, 0])
    missed = np.abs(back * (camera.fx, camera.fy) + (camera.cx, camera.cy) - pixels[:, 0])
    rays[~(kept & (missed < 0.1).all(1))] = np.nan
    return np.moveaxis(rays.reshape(len(v), len(u), 2), -1, 0)
