# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One frame in, one DepthFrame out: resize, run the model, undo the resize, anchor to the line."""

from dataclasses import dataclass, field, replace
from time import perf_counter

from depth_ros import engines, lidar
from depth_ros.anchoring import anchor_broad, anchor_exact, line_residual, LineResidual
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.domains import answered, NEAREST, place_of
from depth_ros.model import find, ModelSpec
from depth_ros.resizing import check_size, enlarge, enlarge_depth, input_size, shrink
import numpy as np


@dataclass(frozen=True)
class DepthFrame:
    """The result for one image, at the size of that image; see contracts for the units."""

    depth: np.ndarray
    camera: Camera
    confidence: np.ndarray = None
    saliency: np.ndarray = None
    sparse_depth: np.ndarray = None
    """What was measured, `(H, W) float32` metres, 0 = none; None for a monocular model."""
    residual: LineResidual = None
    domain: int = None
    """Number of the domain that answered; None for a model that has but one."""
    domain_distances: np.ndarray = None
    """`(D,) float32`, how far the image is from each domain; the nearest has the least."""
    domain_unlikeness: np.ndarray = None
    """`(D,) float32`, how unlike each domain's own images it is, 1 as the last 1 % of them; None
    of models that do not give it."""
    metric: bool = True
    """False: a completion model ran without any line, the depth is only relative."""
    timings_ms: dict = field(default_factory=dict)

    def points(self):
        """Organised points `(H, W, 3) float32` of the optical frame, NaN where unknown."""
        return self.camera.back_project(self.depth)


class NoLineError(InputError):
    """A completion model that must have a line got no measurement inside the image."""


class Estimator:
    """
    Dense metric depth from an image and, for a completion model, a measured line.

    :param model: a ModelSpec, a shipped model's name, or the path of a model file.
    :param engine: key of engines.ENGINES, or 'auto'.
    :param anchor: make the output agree with the measured line.
    :param size: (height, width) to run the model at; None chooses it from the camera.
    :param min_confidence: depth below this confidence is published as unknown.
    :param require_line: raise NoLineError instead of estimating relative depth when a completion
        model gets no measurement inside the image.
    :param domain: name or number of the domain that answers, of a model with several; None takes
        the nearest of each image.
    :param loader: replaces `engines.load`, e.g. by `engines.upgrade.load`.
    :param engine_options: passed to the engine, e.g. `threads`.

    Three lines without ROS: ``estimator = Estimator('completion')``,
    ``frame = estimator.estimate(image, camera, points=points)``, ``frame.depth``.
    """

    def __init__(self, model, engine='auto', anchor=True, size=None, min_confidence=0.0,
                 require_line=False, domain=None, loader=engines.load, **engine_options):
        """Open the model; the engine is loaded at the first image or by `prepare`."""
        self.spec = model if isinstance(model, ModelSpec) else find(model)
        self.engine_name, self.anchor, self.size = engine, anchor, size
        self.min_confidence, self.engine_options = min_confidence, engine_options
        self.require_line, self.domain, self.loader = require_line, domain, loader
        self._place(domain)
        self.engine = None
        if engine != 'auto':
            engines.choose(engines.ENGINES, engine, 'engine')

    def prepare(self, camera=None):
        """Load the engine for a camera (the nominal input size without one) and warm it up."""
        height, width = self._size_for(camera)
        if not self.engine or (self.engine.height, self.engine.width) != (height, width):
            self._load(height, width)
        if camera is not None or self.size is not None or not self.spec.size_multiple:
            self.expect(camera)

    def expect(self, camera):
        """Begin what takes minutes, building an engine in the background, for a camera."""
        if hasattr(self.engine, 'expect'):
            self.engine.expect(*self._size_for(camera))

    def _size_for(self, camera):
        if self.size is not None:
            return self.size
        if camera is None:
            return self.spec.input_height, self.spec.input_width
        return input_size(self.spec, camera)

    def close(self):
        """Give back what the engine holds on a GPU; no frame may be running."""
        if self.engine is not None:
            engines.close(self.engine)
        self.engine = None

    def _load(self, height, width):
        check_size(self.spec, height, width)
        # Loading again would hold up the first frames of a camera with another aspect.
        resized = getattr(self.engine, 'resized', None)
        if resized and self.spec.size_multiple:
            self.engine = resized(height, width)
        else:
            self.close()
            self.engine = self.loader(self.engine_name, self.spec, height, width,
                                      **self.engine_options)
        blank = np.zeros((height, width, 3), np.uint8)
        self.engine.run(blank, np.zeros((height, width), np.float32))

    def _place(self, domain):
        return place_of(self.spec.domains, domain, f'model {self.spec.name}')

    def estimate(self, image, camera, points=None, sparse=None, domain=None):
        """
        Estimate the depth of one image.

        :param image: `(H, W, 3) uint8` RGB.
        :param camera: Camera of that image.
        :param points: measured points `(N, 3)` metres in the camera's optical frame, or
        :param sparse: `(H, W) float32` metres, 0 = none, instead of points.
        :param domain: name or number of the domain that answers; None takes the estimator's, and
            domains.NEAREST the nearest.
        :raises InputError: sizes that do not belong together, or no such domain.
        """
        start = perf_counter()
        _check(image, camera, sparse)
        domain = self.domain if domain is None else domain
        domain = domain if domain == NEAREST else self._place(domain)
        self.prepare(camera)
        height, width = self.engine.height, self.engine.width
        small = shrink(image, height, width)
        measured = self._measured(camera, points, sparse)
        if self.require_line and measured is not None and not len(measured.rows):
            raise NoLineError('no measurement falls into the image')
        ready = perf_counter()
        outputs = self._infer(small, None if measured is None else measured.small, domain)
        done = perf_counter()
        frame = self._finish(outputs, camera, measured)
        end = perf_counter()
        return replace(frame, timings_ms={'preprocess': 1e3 * (ready - start),
                                          'inference': 1e3 * (done - ready),
                                          'postprocess': 1e3 * (end - done)})

    def _infer(self, image, sparse, domain):
        request = (domain,) if self.spec.domains else ()
        return self.engine.run(image, sparse, *request)

    def _measured(self, camera, points, sparse):
        """Return the measurements as a _Line; None for a model that takes none."""
        if self.spec.task != 'completion':
            return None
        if points is not None:
            full = lidar.sparse_depth(points, camera)
        elif sparse is not None:
            full = np.where(np.isfinite(sparse) & (sparse > 0), sparse, 0).astype(np.float32)
        else:
            full = np.zeros((camera.height, camera.width), np.float32)
        return _Line.of(full, self.engine.height, self.engine.width)

    def _finish(self, outputs, camera, line):
        try:
            domain, *apart = answered(self.spec.domains, outputs)
        except ValueError as error:
            raise engines.EngineError(f'{self.spec.name} breaks the model contract: {error}. '
                                      'Export it again') from error
        depth = outputs['depth']
        if self.spec.task == 'monocular':
            scaled = camera.scaled(depth.shape[1], depth.shape[0])
            depth = depth * np.float32((scaled.fx * scaled.fy) ** 0.5 / self.spec.focal)
        residual = None
        metric = line is None or bool(len(line.rows))
        anchored = self.anchor and line is not None and metric
        if line is not None and metric:
            residual = line_residual(depth, line.small, line.small_pixels)
        if anchored:
            depth = anchor_broad(depth, line.small, pixels=line.small_pixels)
        depth = enlarge_depth(depth, camera)
        self._mark_unknown(depth, domain)
        confidence = enlarge(outputs.get('confidence'), camera)
        if confidence is not None and self.min_confidence > 0:
            depth[confidence < self.min_confidence] = np.nan
        if anchored:
            anchor_exact(depth, line.full, pixels=line.pixels)
        if residual is not None:
            left = line_residual(depth, line.full, line.pixels)
            residual = replace(residual, anchored_median_abs=left.median_abs
                               if left else float('nan'))
        return DepthFrame(depth, camera, confidence, enlarge(outputs.get('saliency'), camera),
                          None if line is None else line.full, residual, domain, *apart, metric)

    def _mark_unknown(self, depth, domain):
        """Beyond the model's range is +Inf, and what is no distance is NaN (in place)."""
        spec, depth_max = self.spec, self.spec.depth_max_in(domain)
        # Most frames have neither, and NaN fails both comparisons.
        if (depth.min() > max(spec.depth_min, 0)
                and (depth_max <= 0 or depth.max() <= depth_max)):
            return
        with np.errstate(invalid='ignore'):
            if depth_max > 0:
                depth[depth > depth_max] = np.inf
            depth[~(depth > max(spec.depth_min, 0))] = np.nan


@dataclass(frozen=True)
class _Line:
    """The measurements at the image size and at the model's, and their pixels, found once."""

    full: np.ndarray
    pixels: tuple
    small: np.ndarray
    small_pixels: tuple

    @classmethod
    def of(cls, full, height, width):
        pixels = lidar.measured_pixels(full)
        small = lidar.resize_sparse(full, height, width, pixels)
        return cls(full, pixels, small, lidar.measured_pixels(small))

    @property
    def rows(self):
        return self.pixels[0]


def _check(image, camera, sparse):
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(f'image is {image.dtype} {image.shape}, expected (H, W, 3) uint8 RGB',
                         'encoding')
    if image.shape[:2] != (camera.height, camera.width):
        raise InputError(f'image is {image.shape[1]}x{image.shape[0]} but the camera is '
                         f'{camera.width}x{camera.height}: use the camera_info of this image')
    if sparse is not None and sparse.shape != image.shape[:2]:
        raise InputError(f'sparse depth is {sparse.shape[1]}x{sparse.shape[0]} but the image is '
                         f'{image.shape[1]}x{image.shape[0]}')
