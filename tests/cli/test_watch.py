#!/usr/bin/python3
"""symsweep status --watch on terminals of several sizes: everything fits, nothing scrolls, and the terminal is given
back whatever ends it."""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
import unittest

from results_support import BINARY, Folder, Live

TAKEN, GIVEN_BACK = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, columns, rows, *arguments):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen([BINARY, *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs,
                                        env={**os.environ, "TERM": "xterm"}, start_new_session=True)
        os.close(theirs)
        self.bytes = b""

    def read(self):
        try:
            more = os.read(self.ours, 65536)
        except OSError:
            more = b""
        self.bytes += more
        return more

    def picture(self):
        """Lines of the first whole picture."""
        while self.bytes.count(b"\x1b[J") < 2:  # one clears the screen that was taken
            if not self.read():
                raise AssertionError("no picture: %r" % self.bytes)
        text = self.bytes.decode().split("\x1b[H\x1b[J", 1)[1].split("\x1b[J")[0]
        return [line.replace("\x1b[H", "").removesuffix("\x1b[K") for line in re.split("\r+\n", text)]

    def rest(self):
        while self.read():
            pass
        os.close(self.ours)
        return self.bytes.decode()


class Watch(unittest.TestCase):
    def test_sizes(self):
        for runs in (5, 72, 2000):
            with Folder() as folder, Live(folder / "results.h5", runs, 3):
                for columns, rows in ((80, 24), (120, 40), (80, 10)):
                    with self.subTest(runs=runs, columns=columns, rows=rows):
                        terminal = Terminal(columns, rows, "status", "--watch", folder / "results.h5")
                        lines = terminal.picture()
                        terminal.process.terminate()
                        self.assertTrue(terminal.rest().endswith(GIVEN_BACK))
                        self.assertLessEqual(len(lines), rows)
                        self.assertLessEqual(max(map(len, lines)), columns)
                        self.assertRegex("".join(lines), "^[^\x00-\x1f\x7f]*$")
                        self.assertRegex(lines[0], "^fixture, begun .*: being written$")
                        self.assertRegex(lines[2], rf"^{runs} runs: \d+ done, 1 running")
                        if rows >= 24:
                            self.assertTrue(any(re.match(rf"\s*{runs - 1} ", line) for line in lines), lines)

    def test_every_end(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number), Folder() as folder, Live(folder / "results.h5", 4, 3):
                terminal = Terminal(80, 24, "status", "--watch", folder / "results.h5")
                terminal.picture()
                terminal.process.send_signal(number)
                text = terminal.rest()
                self.assertTrue(text.startswith(TAKEN))
                self.assertTrue(text.endswith(GIVEN_BACK))
                self.assertEqual(terminal.process.wait(), -number)

    def test_the_end_and_a_pause(self):
        with Folder() as folder:
            with Live(folder / "results.h5", 4, 3):
                terminal = Terminal(80, 24, "status", "--watch", folder / "results.h5")
                terminal.picture()
                terminal.process.send_signal(signal.SIGTSTP)
                while not terminal.bytes.endswith(GIVEN_BACK.encode()):
                    terminal.read()
                time.sleep(0.1)  # it stops behind what it has written
                terminal.process.send_signal(signal.SIGCONT)
            text = terminal.rest()
            self.assertEqual(terminal.process.wait(), 0)
            self.assertEqual((text.count(TAKEN), text.count(GIVEN_BACK)), (2, 2))
            self.assertIn("start the sweep again to go on\r\n", text.rsplit(GIVEN_BACK, 1)[1])  # on the first screen


if __name__ == "__main__":
    unittest.main()
