# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A node whose TensorRT is the strict fake: `node_with_tensorrt.py NODE HOW GO --ros-args ...`.

NODE: completion or monocular. HOW, GO: see broken_tensorrt.broken_libraries.
"""

import sys

from broken_tensorrt import broken_libraries
from depth_ros.nodes.base import run
from depth_ros.nodes.completion import CompletionNode
from depth_ros.nodes.monocular import MonocularNode


def node(base, libraries):
    """Return the class of a node that takes these libraries."""
    class Node(base):

        def engine_options(self):
            return {**super().engine_options(), 'libraries': libraries}
    Node.__name__ = base.__name__
    return Node


if __name__ == '__main__':
    name, how, go = sys.argv[1:4]
    bases = {'completion': CompletionNode, 'monocular': MonocularNode}
    sys.exit(run(node(bases[name], broken_libraries(how, go)), sys.argv))
