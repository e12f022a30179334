"""The page over HTTP while a sweep runs. It listens on the loopback device alone, answers nobody without its token, and only
reads: the data of the page are those that report puts into a file."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import gzip
import hashlib
import http.server
import multiprocessing
import os
import re
import secrets
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from . import command, payload, report, results, words
from .hdf5 import ResultsError

HERE = "127.0.0.1"
# A browser that was led here under another name (DNS rebinding) says that name.
HOSTS = re.compile(r"(127\.0\.0\.1|localhost)(:\d+)?")
EVERY, SHARE = 1.0, 4.0  # seconds from one reading to the next, at least; times the processor time of the last one
SETTLED = 2.0  # clocks of file systems are coarse: a file that was written to just now is read once more
STRANGERS = 32  # connections that have not shown the token yet
PATIENCE = 60.0  # seconds for a request to come in
LOWER = 10  # the sweep may run on the same cores
CRASHED = "the HDF5 library crashed: a results file is damaged; `symsweep status FILE` tells which"
FAILED = "the process that reads the results ended early, for want of memory perhaps; the terminal of analysis/serve may have the reason"
FORK = multiprocessing.get_context("fork")


# ---- reading, in processes of their own ----

def read(paths: Sequence[str], wait: float) -> tuple[Any, dict[str, str]]:
    """Results of those of the files that can be read, None when none can; path -> reason of the others."""
    try:
        return results.load(paths, wait), {}
    except ResultsError as error:
        if len(paths) == 1:
            return None, {paths[0]: str(error)}
    reasons = {}
    for path in paths:
        try:
            results.load(path, wait, verify=False)
        except ResultsError as error:
            reasons[path] = str(error)
    good = [path for path in paths if path not in reasons]
    return results.load(good, wait) if good else None, reasons


def framed(header: dict[str, Any], arrays: bytes = b"") -> bytes:
    """Four bytes that say how long the header is, the header, the arrays."""
    text = payload.to_json(header).encode("utf-8")
    return struct.pack("<I", len(text)) + text + arrays


class Answer(NamedTuple):
    tag: str  # the same for the same data
    packed: bytes
    trouble: str = ""  # what could not be read, and why
    again: bool = False  # it may be read the next time, though the file has not changed
    seconds: float = 0.0  # of processor time that it took


def _refusal(reason: str, again: bool) -> Answer:
    told = framed({"trouble": "%s." % reason})
    return Answer(hashlib.sha256(told).hexdigest(), gzip.compress(told), reason, again)


def answer_of(options: argparse.Namespace) -> Answer:
    """What the page is told of the files as they are."""
    try:
        found, reasons = read(options.results, options.wait)
        lines = [words.visible(reason) for reason in reasons.values()]
        again = any(os.path.exists(path) for path in reasons)
        if found is None:
            return _refusal("; ".join(lines), again)
        header, arrays = report.data(found, options.title, options.all)
    except (ResultsError, OSError, MemoryError) as error:
        return _refusal(words.visible(str(error) or "out of memory"), True)
    header["left_out"] += ["Left out: %s." % line for line in lines]
    lasting = {name: value for name, value in header.items() if name not in ("made_utc", "source")}  # those two have the time of day
    return Answer(hashlib.sha256(framed(lasting, arrays)).hexdigest(), gzip.compress(framed(header, arrays), 5), "; ".join(lines), again)


def _work(parent: int, asking: Any, options: argparse.Namespace) -> None:
    command.end_with(parent)
    asking.send(answer_of(options)._replace(seconds=time.process_time()))


def _supervise(parent: int, asking: Any, other_end: Any, options: argparse.Namespace) -> None:
    """Answers each request through a child of its own: what the HDF5 library keeps of a file that was replaced, and a crash
    of it on a damaged one, end with that child."""
    other_end.close()
    command.end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(LOWER)
    while asking.recv():
        mine, theirs = FORK.Pipe()
        child = FORK.Process(target=_work, args=(os.getpid(), theirs, options))
        child.start()
        theirs.close()
        try:
            answer = mine.recv()
            child.join()
        except EOFError:
            child.join()
            answer = _refusal(CRASHED if child.exitcode in command.CRASHES else FAILED, True)
        mine.close()
        asking.send(answer)


class Source:
    """The newest answer. Files are read when somebody asks, when they have changed, and never so often that it takes more than
    a fifth of a processor."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._paths = options.results
        self._lock = threading.Lock()
        self._seen: list[Any] = []  # the files at the last reading; empty where they are to be read again
        self._next = 0.0
        self._answer = Answer("", b"")
        self._asking, other_end = FORK.Pipe()
        self._reader = FORK.Process(target=_supervise, args=(os.getpid(), other_end, self._asking, options))
        self._reader.start()
        other_end.close()

    def _state(self) -> list[Any]:
        """What tells whether the files are other than they were."""
        found: list[Any] = []
        for path in self._paths:
            try:
                info = os.stat(path)
                found.append((info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns))
            except OSError:
                found.append(None)
        return found

    def _is_settled(self, state: list[Any]) -> bool:
        return all(entry is None or time.time() - entry[3] / 1e9 > SETTLED for entry in state)

    def current(self) -> Answer:
        with self._lock:
            state = self._state()
            if time.monotonic() >= self._next and state != self._seen:
                settled, before = self._is_settled(state), self._answer.trouble
                try:
                    self._asking.send(True)
                    self._answer = self._asking.recv()
                except (EOFError, OSError):
                    self._answer = _refusal(FAILED, True)
                self._seen = state if settled and not self._answer.again else []
                self._next = time.monotonic() + max(EVERY, SHARE * self._answer.seconds)
                if self._answer.trouble and self._answer.trouble != before:
                    print("note: %s" % self._answer.trouble, file=sys.stderr, flush=True)
            return self._answer

    def close(self) -> None:
        self._reader.terminate()
        self._reader.join()


# ---- HTTP ----

class Server(http.server.ThreadingHTTPServer):
    """Many connections that say nothing cannot keep others out: of those without the token the oldest is closed."""

    daemon_threads = True
    request_queue_size = STRANGERS

    def __init__(self, port: int, source: Source, page: bytes, policy: str) -> None:
        self.source, self.page, self.policy = source, page, policy
        self.token = secrets.token_urlsafe(24)
        self._strangers: dict[Any, None] = {}
        self._lock = threading.Lock()
        super().__init__((HERE, port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._strangers[request] = None
            oldest = next(iter(self._strangers)) if len(self._strangers) > STRANGERS else None
        if oldest is not None:
            self.admit(oldest)
            with contextlib.suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def admit(self, request: Any) -> None:
        """It is no stranger any more: it has shown the token, or is over."""
        with self._lock:
            self._strangers.pop(request, None)

    def shutdown_request(self, request: Any) -> None:
        self.admit(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], (OSError, EOFError)):  # whoever asked is gone
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    """GET and HEAD of the page and of its data, for whoever has the token."""

    server: Server
    timeout = PATIENCE
    error_message_format, error_content_type = "%(code)d %(message)s\n", "text/plain"

    def version_string(self) -> str:
        return "symsweep"

    def parse_request(self) -> bool:
        """Every request passes here before anything is done for it."""
        return super().parse_request() and self._is_admitted()

    def _is_admitted(self) -> bool:
        hosts = self.headers.get_all("Host") or []
        parts = self.path.partition("?")[0].split("/")
        token = parts[1] if len(parts) > 1 else ""
        if len(hosts) != 1 or not HOSTS.fullmatch(hosts[0]):
            self.send_error(HTTPStatus.FORBIDDEN)
        elif not secrets.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode()):
            self.send_error(HTTPStatus.NOT_FOUND)
        elif self.command not in ("GET", "HEAD"):
            self.send_response(HTTPStatus.METHOD_NOT_ALLOWED)
            self.send_header("Allow", "GET, HEAD")
            self.end_headers()
        else:
            self.server.admit(self.connection)
            return True
        return False

    def do_GET(self) -> None:
        place = self.path.partition("?")[0].removeprefix("/" + self.server.token)
        if place in ("", "/"):
            self._send("text/html; charset=utf-8", self.server.page)
        elif place == "/data":
            answer = self.server.source.current()
            self._send("application/octet-stream", answer.packed, '"%s"' % answer.tag)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET

    def _send(self, kind: str, packed: bytes, tag: str = "") -> None:
        known = tag != "" and self.headers.get("If-None-Match") == tag
        self.send_response(HTTPStatus.NOT_MODIFIED if known else HTTPStatus.OK)
        if tag:
            self.send_header("ETag", tag)
        if not known:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        if not known and self.command == "GET":
            self.wfile.write(packed)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self.server.policy)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass  # addresses have the token in them


# ---- the command ----

def way(port: int) -> str:
    """How to come here from another machine; of a node that is reached through the host of the job's submission, through that."""
    try:
        user = getpass.getuser() + "@"
    except (KeyError, OSError):
        user = ""
    host, front = socket.gethostname(), os.environ.get("SLURM_SUBMIT_HOST", "")
    jump = "-J %s%s " % (user, front) if front and front.split(".")[0] != host.split(".")[0] else ""
    return "ssh -N -L %d:%s:%d %s%s%s" % (port, HERE, port, jump, user, host)


def page_of(options: argparse.Namespace) -> bytes:
    title = options.title or ", ".join(os.path.basename(path) for path in options.results)
    empty = {"title": words.visible(title), "description": "", "summary": "", "left_out": [], "source": ""}
    return gzip.compress(report.page(empty).encode("utf-8"))


def serve(options: argparse.Namespace) -> None:
    """Until it is interrupted."""
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(Source(options)) as source:  # forks: before there are threads
        try:
            server = Server(options.port, source, page_of(options), report.policy(live=True) + "; frame-ancestors 'none'")
        except OSError as error:
            raise command.Refusal("port %d: %s; without --port a free one is taken" % (options.port, error.strerror)) from None
        with server:
            port = server.server_address[1]
            print("http://%s:%d/%s" % (HERE, port, server.token), flush=True)
            print("Open it in a browser of this machine. From another machine, first\n    %s\nthen the same address there. Whoever has "
                  "the address can read the results. Ctrl-C ends it." % way(port), file=sys.stderr, flush=True)
            server.serve_forever()


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


_port.__name__ = "port"  # as argparse says it


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="serve", description="The page of analysis/report for a sweep that runs: in a browser of this machine, or of another one "
        "through ssh, with new points as they come. Reads only. Whoever has the address that it prints can see the results; nobody else can.")
    command.add_results(parser)
    parser.add_argument("--port", type=_port, default=0, help="port to listen at, on %s (default: a free one)" % HERE)
    parser.add_argument("--title", help="title of the page (default: the sweep's name)")
    return command.run(parser, arguments, serve)


entry = main
