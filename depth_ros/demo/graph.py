# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What listens beside the nodes: a node of its own thread, and stamps without decoding."""
import struct
import threading

from depth_ros.contracts import NANOSECONDS
import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions


class Member:
    """
    A node in the graph, spun by a thread of its own within the context manager.

    :param name: of the node and the thread; domain: of DDS, None for that of the environment.
    """

    def __init__(self, name, domain=None):
        """Join the graph; subclasses subscribe before `__enter__`."""
        self._context = Context()
        # Ctrl-C is for the command that listens, not for the client library.
        rclpy.init(args=[], context=self._context, domain_id=domain,
                   signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node(name, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name=name, daemon=True)

    def _spin(self):
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass

    def __enter__(self):
        """Begin to listen."""
        self._thread.start()
        return self

    def __exit__(self, *_):
        """Leave the graph."""
        self._executor.shutdown()
        self._thread.join()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)


def stamp_of(data):
    """Stamp in nanoseconds of a serialized message, whose first field is its header."""
    seconds, nanoseconds = struct.unpack_from('<iI' if data[1] & 1 else '>iI', data, 4)
    return seconds * NANOSECONDS + nanoseconds
