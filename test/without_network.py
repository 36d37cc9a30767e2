# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Run a module where a network would show: `python test/without_network.py HOW MODULE WORDS`.

HOW is `killed`: the kernel ends a process of it that opens a socket of IPv4, IPv6 or packets,
whichever library asks; or `loopback`: it has no network but one of its own with itself, which is
what DDS needs. Exit code 77: the kernel does not allow that here.
"""
import ctypes
import fcntl
import os
from pathlib import Path
import platform
import runpy
import socket
import struct
import sys

NOT_HERE = 77
# <linux/audit.h> and the number of socket(2).
CALLS = {'x86_64': (0xc000003e, 41), 'aarch64': (0xc00000b7, 198)}
FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_PACKET)
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, KILL_PROCESS = 0x7fff0000, 0x80000000
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


class Program(ctypes.Structure):
    """A filter of struct seccomp_data, see seccomp(2)."""

    _fields_ = [('length', ctypes.c_ushort), ('code', ctypes.c_void_p)]


def forbid_sockets():
    """Let the kernel kill this process and its children for a socket of FAMILIES."""
    if platform.machine() not in CALLS:
        sys.exit(NOT_HERE)
    arch, number = CALLS[platform.machine()]
    count = len(FAMILIES)
    # Jumps count the instructions that are left out.
    code = [(LOAD, 0, 0, 4), (EQUAL, 0, 3 + count, arch), (LOAD, 0, 0, 0),
            (EQUAL, 0, 1 + count, number), (LOAD, 0, 0, 16),
            *((EQUAL, count - place, 0, int(family)) for place, family in enumerate(FAMILIES)),
            (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, KILL_PROCESS)]
    content = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *one) for one in code))
    program = Program(len(code), ctypes.cast(content, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
            PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0):
        sys.exit(NOT_HERE)


def only_loopback():
    """Leave all networks for one with nothing but the loopback device."""
    user, group = os.geteuid(), os.getegid()
    flags = CLONE_NEWNET | (CLONE_NEWUSER if user else 0)
    if ctypes.CDLL(None, use_errno=True).unshare(flags):
        sys.exit(NOT_HERE)
    if user:
        Path('/proc/self/setgroups').write_text('deny')
        Path('/proc/self/uid_map').write_text(f'{user} {user} 1')
        Path('/proc/self/gid_map').write_text(f'{group} {group} 1')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack('16sh14x', b'lo', IFF_UP))


def main():
    """Go where there is no network, and run the module."""
    how, module, *words = sys.argv[1:]
    {'killed': forbid_sockets, 'loopback': only_loopback}[how]()
    sys.argv = [module, *words]
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    runpy.run_module(module, run_name='__main__', alter_sys=True)


if __name__ == '__main__':
    main()
