# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Helper processes: JSON options on the command line, JSON lines in and out.

A helper is a module with `main(options, commands, say)`: `commands` is a queue of what its parent
wrote, None at the end; `say` writes a line.
"""
import json
from pathlib import Path
import queue
import subprocess
import sys
import threading
import time

from depth_ros.contracts import InputError
from depth_ros.demo import processes

STOP_SECONDS = 30


class Helper:
    """A helper process, seen from its parent; a context manager."""

    def __init__(self, module, environment, log, **options):
        """
        Start `module`.

        :param log: file for its standard error.
        """
        root = str(Path(__file__).resolve().parents[3])
        path = ':'.join(filter(None, (root, environment.get('PYTHONPATH'))))
        self.lines, self._log = [], log
        with open(log, 'w') as output:
            self._process = subprocess.Popen(
                [sys.executable, '-m', f'depth_ros.benchmark.ros.{module}', json.dumps(options)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, text=True,
                env={**environment, 'PYTHONPATH': path}, start_new_session=True)
        self._reader = threading.Thread(target=self._read, name=module, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(json.loads(line))

    def __enter__(self):
        """Return the helper itself."""
        return self

    def __exit__(self, kind, *_):
        """End the process; at once after an error."""
        try:
            if kind is not None:
                raise InputError('stopped')
            self.finish()
        except (InputError, OSError):
            self._process.kill()
            self._process.wait()

    def tell(self, command):
        """Send a line."""
        self._process.stdin.write(json.dumps(command) + '\n')
        self._process.stdin.flush()

    def wait(self, count, seconds):
        """
        Wait until it has said `count` lines, and return the last one of them.

        :raises InputError: it died, or was silent too long.
        """
        limit = time.monotonic() + seconds
        while len(self.lines) < count:
            self.check()
            if time.monotonic() > limit:
                raise InputError(f'a helper was silent for {seconds:.0f} s: {self._words()}')
            time.sleep(0.01)
        return self.lines[count - 1]

    def check(self):
        """Raise an InputError with its last words when it has died."""
        if self._process.poll() is not None and not self._reader.is_alive():
            raise InputError(f'a helper ended too early:\n{self._words()}')

    def finish(self):
        """End its input, wait for it to end, and return the last line it said."""
        if not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise InputError(f'a helper does not end:\n{self._words()}') from error
        self._reader.join()
        if status:
            raise InputError(f'a helper failed:\n{self._words()}')
        return self.lines[-1] if self.lines else None

    def _words(self):
        return processes.last_words(self._log)


def serve(main):
    """Run the `main` of a helper module in this process."""
    # What libraries print must not come between the lines.
    lines, sys.stdout = sys.stdout, sys.stderr
    commands = queue.Queue()

    def read():
        for line in sys.stdin:
            commands.put(json.loads(line))
        commands.put(None)

    def say(line):
        lines.write(json.dumps(line) + '\n')
        lines.flush()

    threading.Thread(target=read, name='commands', daemon=True).start()
    main(json.loads(sys.argv[1]), commands, say)
