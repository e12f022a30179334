"""analysis/serve: the page of a running sweep in headless Chromium, without a reload; and what is refused."""

import contextlib
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

import browser
import fixtures
import symsweep
from symsweep import hdf5

FOLDER = Path(tempfile.mkdtemp(prefix="symsweep-test-"))
SERVE = fixtures.TOP / "analysis" / "serve"
PATIENCE = 120


def tearDownModule():
    shutil.rmtree(FOLDER)


@contextlib.contextmanager
def serving(*arguments):
    """The command, ready; afterwards it ends as Ctrl-C has it end."""
    process = subprocess.Popen([SERVE, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        process.url = process.stdout.readline().strip()
        yield process
        os.killpg(process.pid, signal.SIGINT)
        process.said = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == 0 and "Traceback" not in process.said, (process.returncode, process.said)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@contextlib.contextmanager
def training(content, output, *options):
    """A sweep that runs; killed at the end, if it has not ended."""
    path = fixtures.write_sweep(FOLDER, content)
    process = subprocess.Popen(fixtures.command(path, "--output", output, *options), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ask(url, path=None, method="GET", **headers):
    """(status, headers, body)."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, parts.path if path is None else path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read()
    connection.close()
    return found


def data(url):
    """The header of the data."""
    body = gzip.decompress(ask(url + "/data")[2])
    return json.loads(body[4:4 + struct.unpack_from("<I", body)[0]])


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.1)
    return found


def written(path):
    """Evaluations that the writer has acknowledged so far."""
    try:
        with hdf5.open_results(path) as file:
            return int(np.maximum(file["runs/written"][:], 0).sum())
    except hdf5.ResultsError:
        return 0


def go_on(sweep, path):
    """Has the sweep train until there are more evaluations, and no longer; how many."""
    before = written(path)
    os.killpg(sweep.pid, signal.SIGCONT)
    until(lambda: written(path) > before)
    os.killpg(sweep.pid, signal.SIGSTOP)
    return written(path)


def tiny(name, **keys):
    content = fixtures.sweep(name, **keys)
    content["run"]["steps"] = 60
    return content


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = fixtures.train(FOLDER, tiny("requests"))
        cls.stack = contextlib.ExitStack()
        cls.serve = cls.stack.enter_context(serving(cls.file))
        cls.url = cls.serve.url

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def test_address(self):
        self.assertRegex(self.url, r"^http://127\.0\.0\.1:\d+/[\w-]{32}$")
        other = subprocess.run([SERVE, self.file, "--port", str(urlsplit(self.url).port)], capture_output=True, text=True)
        self.assertEqual(other.returncode, 3)
        self.assertRegex(other.stderr, "^serve: error: port [0-9]+: Address already in use; without --port a free one is taken\n$")
        with socket.socket() as outside, self.assertRaises(OSError):
            outside.connect(("127.0.0.2", urlsplit(self.url).port))

    def test_page_and_data(self):
        status, headers, body = ask(self.url)
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(ask(self.url + "/")[2], body)
        text = gzip.decompress(body).decode()
        for policy in (headers["Content-Security-Policy"], re.search('Content-Security-Policy" content="([^"]*)', text)[1]):
            self.assertIn("default-src 'none'; script-src 'sha256-", policy)
            self.assertNotIn("'unsafe-inline'", policy.replace("style-src 'unsafe-inline'", ""))
        self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
        self.assertEqual((headers["Cache-Control"], headers["Referrer-Policy"]), ("no-store", "no-referrer"))
        status, headers, body = ask(self.url + "/data")
        self.assertEqual((status, data(self.url)["count"]), (200, 6))
        again = ask(self.url + "/data", If_None_Match=headers["ETag"])
        self.assertEqual((again[0], again[2]), (304, b""))
        self.assertEqual(ask(self.url + "/data", If_None_Match='"other"')[2], body)
        head = ask(self.url + "/data", method="HEAD")
        self.assertEqual((head[0], head[1]["Content-Length"], head[2]), (200, str(len(body)), b""))

    def test_no_token(self):
        token = urlsplit(self.url).path[1:]
        for path in ("/", "", "/data", "/" + token[:-1], "/" + token + "x", "/x" + token, "/" + token.swapcase(), "/?" + token, "/data/" + token, "/%2e%2e/" + token,
                     "/../" + token, "http://evil.example/" + token, "/" + "a" * 5000, "/%C3%A9"):
            status, _, body = ask(self.url, path=path or "/", Host="localhost")
            self.assertEqual((status, body), (404, b"404 Not Found\n"), path)

    def test_paths_below_the_token(self):
        for path in ("/../../../etc/passwd", "/..%2f..%2fetc/passwd", "/data/", "/data/x", "//etc/passwd", "/" + self.file.name):
            self.assertEqual(ask(self.url + path)[0], 404, path)

    def test_methods(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "x" * 300):
            status, headers, _ = ask(self.url, method=method)
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"), method)
            self.assertEqual(ask(self.url, path="/", method=method)[0], 404, method)

    def test_other_hosts(self):
        port = urlsplit(self.url).port
        for host in ("evil.example", "evil.example:%d" % port, "127.0.0.1.evil.example", "127.0.0.1@evil.example", "localhost.evil.example", "", "0.0.0.0:%d" % port, "127.0.0.1:", "127.0.0.1 evil"):
            self.assertEqual(ask(self.url, Host=host)[0], 403, host)
        for host in ("localhost", "localhost:9", "127.0.0.1:9"):  # through ssh the port is another one
            self.assertEqual(ask(self.url, Host=host)[0], 200, host)
        for lines in (b"", b"Host: localhost\r\nHost: evil.example\r\n"):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"GET %s HTTP/1.1\r\n%s\r\n" % (urlsplit(self.url).path.encode(), lines))
                self.assertIn(b" 403 ", connection.recv(100))

    def test_two_hundred_connections(self):
        place = ("127.0.0.1", urlsplit(self.url).port)
        with contextlib.ExitStack() as stack:
            idle = [stack.enter_context(socket.create_connection(place)) for _ in range(200)]
            self.assertEqual(ask(self.url)[0], 200)
            self.assertEqual(data(self.url)["count"], 6)
            closed = until(lambda: sum(_is_closed(connection) for connection in idle) >= 160)
            self.assertTrue(closed)
            self.assertLess(len(os.listdir("/proc/%d/task" % self.serve.pid)), 60)


def _is_closed(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class Files(unittest.TestCase):
    def test_several_files(self):
        """A second one that comes later is joined, one that is damaged is left out, and told."""
        first, second = FOLDER / "first.h5", FOLDER / "second.h5"
        shutil.copy(fixtures.train(FOLDER, tiny("several")), first)
        with serving(first, second, "--title", "Two files") as serve:
            header = data(serve.url)
            self.assertEqual((header["count"], header["title"], header["files"]), (6, "Two files", [str(first)]))
            self.assertEqual(header["left_out"], ["Left out: %s: no such file." % second])
            grid = {"seed": {"range": [3, 5]}}
            shutil.move(fixtures.train(FOLDER, tiny("more", grid=grid)), second)
            header = until(lambda: (found := data(serve.url))["count"] == 10 and found)
            self.assertEqual((header["left_out"], header["files"]), ([], [str(first), str(second)]))
            second.write_bytes(second.read_bytes()[:5000])
            header = until(lambda: (found := data(serve.url))["count"] == 6 and found)
            self.assertRegex(header["left_out"][0], "^Left out: .*second.h5: ")
            first.unlink()
            self.assertRegex(until(lambda: data(serve.url).get("trouble")), "first.h5: no such file; .*second.h5: ")
        self.assertIn("first.h5: no such file", serve.said)


class Live(unittest.TestCase):
    def test_running_killed_and_begun_anew(self):
        """From before the file exists: its points come in, what the reader chose stays; the writer is killed, and another sweep
        is put in its place; a second file comes, whose runs stand before those of the first."""
        output, other = FOLDER / "live.h5", FOLDER / "other.h5"
        long = fixtures.sweep("long", grid={"seed": {"range": [0, 20]}})
        long["run"].update({"steps": 40000, "evaluate": {"every": 400, "snapshots": 4}})  # it never comes to its end
        del long["run"]["stop"]
        with browser.Browser() as chromium, serving(other, output) as serve:
            chromium.size(1160, 900)
            chromium.go(serve.url)
            chromium.wait("/no such file/.test(document.getElementById('waiting').textContent)")
            with training(long, output) as sweep:
                chromium.wait("document.body.classList.contains('ready') && page.steps.length === %d" % go_on(sweep, output))
                chromium.evaluate("""(() => {
                    window.kept = true;
                    const box = [...document.querySelectorAll("#toolbar label")].find((l) => l.textContent.startsWith("label"));
                    const list = box.querySelector("select");
                    list.value = [...list.options].find((o) => o.text === "commutativity").value;
                    list.dispatchEvent(new Event("change", {bubbles: true}));
                    page.figures.find((f) => f.id === "curves").rebuild();
                    document.querySelector("#curves details.data > summary").click();
                    const search = document.querySelector("#run-table input[type=search]");
                    search.value = "seed";
                    search.dispatchEvent(new Event("input", {bubbles: true}));
                    document.querySelector("#run-table thead button").focus();
                    document.getElementById("curves").scrollIntoView();
                })()""")
                state = """JSON.stringify([location.hash, document.querySelectorAll('#curves details.data[open]').length, document.activeElement.textContent,
                    document.querySelector('#run-table input').value, window.scrollY > 500])"""
                top = "document.getElementById('curves').getBoundingClientRect().top"""
                before = json.loads(chromium.evaluate(state))
                self.assertEqual(before[1:], [1, "run", "seed", True])
                self.assertIn("only.label=commutativity", before[0])
                updates, place = chromium.evaluate("page.updates"), chromium.evaluate(top)
                chromium.wait("page.steps.length === %d && page.updates > %d" % (go_on(sweep, output), updates))
                self.assertEqual(json.loads(chromium.evaluate(state)), before)
                self.assertLess(abs(chromium.evaluate(top) - place), 3)
                last = go_on(sweep, output)
                os.killpg(sweep.pid, signal.SIGKILL)
                sweep.wait()
            chromium.wait("page.steps.length === %d" % last)
            self.assertIn("not over", chromium.evaluate("document.getElementById('banner').textContent"))
            short = fixtures.sweep("short")
            with training(short, output, "--fresh") as sweep:
                self.assertEqual(sweep.wait(), 0)
            chromium.wait("page.data.title === 'short' && page.all.every((run) => page.value('status', run) === 'done')")
            told = chromium.evaluate("document.querySelector('.summary-line').textContent")
            runs = symsweep.load(output).runs
            self.assertTrue(told.startswith("6 runs · %d generalized" % runs["t_gen"].notna().sum()), told)
            chromium.wait("document.getElementById('banner').hidden && document.querySelector('h1').textContent === 'short'")
            self.assertTrue(chromium.evaluate("window.kept"), "the page was loaded anew")
            self.assertEqual(json.loads(chromium.evaluate(state))[0], before[0])
            chosen = "page.column('id')[new URLSearchParams(location.hash.slice(1)).get('story.run')]"
            last = chromium.evaluate("page.showRun(page.all.find((run) => run !== page.representative() && page.evaluated(run))), page.remember(), " + chosen)
            self.assertRegex(last, "^[0-9a-f]{12}$")
            place = chromium.evaluate("page.column('id').indexOf('%s')" % last)
            shutil.move(fixtures.train(FOLDER, tiny("later")), other)
            chromium.wait("page.all.length === 12 && page.column('id').indexOf('%s') === %d" % (last, place + 6))
            chromium.wait("%s === '%s'" % (chosen, last))
            self.assertEqual(chromium.evaluate("page.figures.find((f) => f.id === 'story').table().rows[0][0]"), place + 6)
            found, requests = chromium.complaints()
            self.assertEqual(found, [])
            self.assertEqual({url for url in requests if not url.startswith("data:")}, {serve.url, serve.url + "/data"})


if __name__ == "__main__":
    unittest.main()
