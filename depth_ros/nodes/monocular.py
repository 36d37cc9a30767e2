# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Node: camera in, metric depth out, scaled by the focal length."""

import sys
from types import SimpleNamespace

from depth_ros.config import MonocularConfig
from depth_ros.matching import Drop
from depth_ros.nodes.base import run
from depth_ros.nodes.depth import DepthNode


class MonocularNode(DepthNode):
    """See docs/nodes/monocular.md."""

    task = 'monocular'

    def __init__(self):
        """Declare parameters."""
        super().__init__('monocular', MonocularConfig)
        self._newest = None

    def deactivate(self):
        """Stop, and forget an image that nobody took."""
        super().deactivate()
        if self._newest is not None:
            self.tracker.count(f'dropped: {Drop.STOPPED.value}')
        self._newest = None

    def add_image(self, stamp_ns, arrival):
        """Keep the newest image only."""
        if self._newest is not None:
            self.tracker.count(f'dropped: {Drop.SUPERSEDED.value}')
        self._newest = SimpleNamespace(image=arrival)

    def take(self):
        """Newest image."""
        work, self._newest = self._newest, None
        return work, None

    def estimate(self, rgb, camera, work):
        """Depth of one image."""
        return self.domains.estimate(self.running, rgb, camera)


def main(args=None):
    """Entry point."""
    return run(MonocularNode, args)


if __name__ == '__main__':
    sys.exit(main())
