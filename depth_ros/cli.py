# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The `depth_ros` command: one module of depth_ros.commands per subcommand, loaded lazily."""
import sys

from depth_ros.dispatch import Program

# name: what it is for; the module depth_ros.commands.<name> is imported when it is asked for, or
# the one of MODULES where the standard library has that name.
MODULES = {'profile': 'profile_node'}
COMMANDS = {
    'demo': 'replay the bundled recording through the completion node and show the result',
    'complete': 'one image and one measured line to a dense depth file',
    'check': 'say whether a recording is fit for training, before time is spent on it',
    'calibrate': 'refine the extrinsics and the time offset of the LiDAR from a recording',
    'evaluate': 'measure a model on a data set or a recording',
    'suite': 'measure a model on all real sets',
    'convert': 'make a model file of another precision and say what it costs',
    'models': 'list the shipped models',
    'build-engine': 'build TensorRT engines for this GPU before they are needed',
    'benchmark': 'time the shipped models and the node',
    'profile': 'show where the time and the memory of a frame go in a node',
    'doctor': 'say what is installed and what is missing',
}
PROGRAM = Program('depth_ros', 'depth_ros', {
    name: (f'depth_ros.commands.{MODULES.get(name, name.replace("-", "_"))}', purpose)
    for name, purpose in COMMANDS.items()})
main = PROGRAM.main

if __name__ == '__main__':
    sys.exit(main())
