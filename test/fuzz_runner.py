# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Runs cases in child processes with little memory and little time, and says how each ended.

A case may give an answer or refuse by an InputError of one line. All else is a fault: another
exception, a death, more memory than it is given, or no end.
"""
from collections import Counter
import faulthandler
import os
from pathlib import Path
import resource
import select
import shutil
import signal
import tempfile
import time
import traceback

from depth_ros.contracts import InputError

SECONDS = 5.0
MEMORY_BYTES = 1500 << 20


def run_cases(target, seeds, seconds=SECONDS, memory=MEMORY_BYTES):
    """
    Return ({outcome: count}, [(seed, fault)]) of `target(folder, seed)` for each seed.

    :param target: returns a short text of what it found, or raises.
    :param seconds: that one case may take; memory: bytes that it may take beside the process.
    """
    outcomes, faults, left = Counter(), [], list(seeds)
    while left:
        done, fault = _batch(target, left, seconds, memory)
        outcomes.update(done)
        left = left[len(done):]
        if left:
            faults.append((left.pop(0), fault))
    return outcomes, faults


def _batch(target, seeds, seconds, memory):
    """Fork; return outcomes up to the first fault, and that fault."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        _child(target, seeds, write, memory)
    os.close(write)
    done, rest, end = [], b'', None
    while True:
        ready, _, _ = select.select([read], [], [], seconds)
        data = os.read(read, 1 << 16) if ready else b''
        if not ready:
            os.kill(child, signal.SIGKILL)
            end = f'no end after {seconds:g} s'
        if not data:
            break
        *lines, rest = (rest + data).split(b'\n')
        done += [line.decode() for line in lines]
    os.close(read)
    _, status = os.waitpid(child, 0)
    if done and done[-1].startswith('FAULT '):
        return done[:-1], done[-1].removeprefix('FAULT ')
    return done, end or f'died: status {status}'


def _child(target, seeds, write, memory):
    faulthandler.disable()  # A death is what is looked for.
    try:
        pages = int(Path('/proc/self/statm').read_text().split()[0])
        limit = pages * os.sysconf('SC_PAGE_SIZE') + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        for seed in seeds:
            said = _case(target, seed)
            os.write(write, said.replace('\n', ' | ').encode('utf-8', 'replace') + b'\n')
            if said.startswith('FAULT '):
                break
    finally:
        os._exit(0)


def _case(target, seed):
    folder = tempfile.mkdtemp(prefix='fuzz_')
    try:
        return target(Path(folder), seed) or 'right'
    except InputError as error:
        text = str(error)
        return 'refused' if text and '\n' not in text else f'FAULT not one line: {text!r}'
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return (f'FAULT {type(error).__name__}: {str(error)[:200]} at {place.filename}:'
                f'{place.lineno} {[p.name for p in traceback.extract_tb(error.__traceback__)]}')
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def timed(target, seeds):
    """Return run_cases and the seconds it took."""
    begin = time.monotonic()
    return (*run_cases(target, seeds), time.monotonic() - begin)
