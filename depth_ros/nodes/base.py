# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What every node shares: lifecycle, autostart, parameters, diagnostics, a clean end."""

from collections import deque
import os
import signal
import sys
import time
import traceback

from depth_ros.contracts import InputError
from depth_ros.dds import clear_leftovers
from depth_ros.nodes import diagnostics, parameters
from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.qos import QoSPresetProfiles, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions

# Of problems: letters of one, and lines in the log within seconds.
MOST_LETTERS = 500
MOST_LINES, MOST_LINES_SECONDS = 20, 10.0


class BaseNode(LifecycleNode):
    """
    Lifecycle node with typed options and diagnostics.

    A node implements `configure`, `activate`, `deactivate` and `cleanup`; an InputError in one of
    them fails the transition, and the node lives on and says why.
    """

    def __init__(self, name, config_class):
        """Declare the parameters of `config_class`; raises InputError for a bad value."""
        super().__init__(name)
        self._guard_transitions()
        self.tracker = diagnostics.Tracker()
        self.failure = ''
        self._logged = deque(maxlen=MOST_LINES)
        self.unfinished = False
        """Work that cannot be stopped still runs in a thread when the node is closed."""
        self.config = parameters.declare(self, config_class)
        parameters.follow(self, config_class, self.reconfigure)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # Steady time: diagnostics must also speak when simulated time stands still.
        self._diagnostics_timer = self.create_timer(
            self.config.diagnostics_period, self.publish_diagnostics,
            clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _guard_transitions(self):
        """Answer a transition that the state does not allow; rclpy lets it end the node."""
        service = self._service_change_state
        change_state = service.callback

        def guarded(request, response):
            try:
                return change_state(request, response)
            except RuntimeError as error:
                self.get_logger().warning(f'the node is {self.state}: transition '
                                          f'{request.transition.id} is refused ({error})')
                response.success = False
                return response

        service.callback = guarded

    def errand(self):
        """Do what the node was started for instead of running; None: nothing, else the status."""

    def start(self):
        """Configure and activate, when `autostart` says so."""
        if not self.config.autostart:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def close(self):
        """Stop all work before the node is destroyed."""
        self.deactivate()
        self.cleanup()

    def configure(self):
        """Load what is heavy and create publishers."""

    def activate(self):
        """Subscribe and start to work."""

    def deactivate(self):
        """Unsubscribe and stop; safe to call at any time."""

    def cleanup(self):
        """Free everything; safe to call at any time."""

    def reconfigure(self, config):
        """Take a changed configuration at run time."""
        self.config = config

    def extra_problems(self):
        """Problems found by looking at the node now, as (level, message)."""
        return []

    def extra_values(self):
        """Diagnostics values beside the tracker's."""
        return {}

    def on_configure(self, state):
        """Lifecycle transition."""
        return self._transition('configure', self.configure, super().on_configure, state)

    def on_activate(self, state):
        """Lifecycle transition."""
        return self._transition('activate', self.activate, super().on_activate, state)

    def on_deactivate(self, state):
        """Lifecycle transition."""
        return self._transition('deactivate', self.deactivate, super().on_deactivate, state)

    def on_cleanup(self, state):
        """Lifecycle transition."""
        return self._transition('clean up', self.cleanup, super().on_cleanup, state)

    def on_shutdown(self, state):
        """Lifecycle transition."""
        return self._transition('shut down', self.close, super().on_shutdown, state)

    def on_error(self, state):
        """Lifecycle transition: free everything and be ready to be configured again."""
        return self._transition('recover', self.close, super().on_error, state)

    def _transition(self, name, action, inherited, state):
        try:
            action()
        except InputError as error:
            self.failure = f'cannot {name}: {error}'
        except Exception as error:
            self.failure = f'cannot {name}: {type(error).__name__}: {error}'
            self.get_logger().error(traceback.format_exc())
        else:
            self.failure = ''
            return inherited(state)
        self.get_logger().error(self.failure)
        return TransitionCallbackReturn.FAILURE

    @property
    def state(self):
        """Lifecycle state as text."""
        return self._state_machine.current_state[1]

    def publish_diagnostics(self):
        """Publish one message on /diagnostics."""
        problems = [(diagnostics.ERROR, self.failure)] if self.failure else []
        problems += self.tracker.problems() + self.extra_problems()
        if not self.failure and self.state != 'active':
            problems.append((diagnostics.WARN, f'node is {self.state}'))
        values = {'state': self.state, **self.tracker.summary(), **self.extra_values()}
        self._diagnostics.publish(diagnostics.diagnostic_array(
            self.get_clock().now().to_msg(), self.get_fully_qualified_name(), 'depth_ros',
            problems, values))

    def report(self, key, message, level=diagnostics.ERROR):
        """Put a problem on /diagnostics, and in the log the first time."""
        message = one_line(message)
        if self.tracker.problem(key, message, level) and self._may_log():
            # Two places: rclpy refuses a second severity at one, with a ValueError.
            if level == diagnostics.ERROR:
                self.get_logger().error(message)
            else:
                self.get_logger().warning(message)

    def _may_log(self):
        """Whether the log still takes a line: a broken publisher may bring new words for ever."""
        now = time.monotonic()
        if len(self._logged) == MOST_LINES and now - self._logged[0] < MOST_LINES_SECONDS:
            return False
        self._logged.append(now)
        return True

    def subscribe(self, message_type, topic, callback, depth=5):
        """Subscription with sensor-data QoS (REP 2003) that `qos_overrides` can change."""
        qos = QoSProfile(depth=depth, history=QoSPresetProfiles.SENSOR_DATA.value.history,
                         reliability=QoSPresetProfiles.SENSOR_DATA.value.reliability)
        return self.create_subscription(
            message_type, topic, callback, qos,
            qos_overriding_options=QoSOverridingOptions.with_default_policies())

    def advertise(self, message_type, topic, depth=5):
        """Lifecycle publisher (reliable, so that every kind of subscriber can be served)."""
        return self.create_lifecycle_publisher(
            message_type, topic, QoSProfile(depth=depth),
            qos_overriding_options=QoSOverridingOptions.with_default_policies())


def one_line(text):
    """Text of others, e.g. an encoding, as one line of a bounded length that can be shown."""
    text = ''.join(letter if letter.isprintable() else ' ' for letter in text[:2 * MOST_LETTERS])
    return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS - 4] + ' ...'


def run(node_class, args=None):
    """Run one node until it is told to stop; returns the exit status."""
    # rclpy ends `spin` on a signal; a KeyboardInterrupt in the middle of a callback or of a
    # message conversion would come out as any kind of error.
    signal.signal(signal.SIGINT, lambda *unused: None)
    # A node that is started again after it was killed: what its predecessor left would stay.
    count, size = clear_leftovers()
    rclpy.init(args=args)
    node, executor = None, None
    try:
        node = node_class()
        if count:
            node.get_logger().info(f'removed {size:.0f} MiB of shared memory of {count} dead '
                                   'processes')
        status = node.errand()
        if status is not None:
            return status
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        node.start()
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (InputError, ParameterException) as error:
        print(f'{node_class.__name__}: {error}', file=sys.stderr)
        return 2
    except Exception:
        # A signal ends the context at any moment; a call that fails by it is no error.
        if rclpy.ok():
            raise
    finally:
        if executor is not None:
            executor.shutdown()
        if node is not None:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    if node is not None and node.unfinished:
        # The interpreter would wait for, or tear down, a library in the middle of its work.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    return 0
