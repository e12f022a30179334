"""The page: results files in, one self-contained HTML file out."""

import argparse
import base64
import hashlib
import html
import os
import re
from pathlib import Path

from . import command, encode, facts, output, payload, words

PAGE = Path(__file__).parent / "page"
SCRIPTS = ("core", "live", "statistics", "figure", "chart", "overview", "lattice", "region", "phase", "curves", "measures", "story", "dial", "symmetries", "threshold", "onsets",
           "survival", "geometry", "runs", "main")


def summary_line(results):
    """One sentence for readers without JavaScript, and for search."""
    runs = results.runs
    if len(runs) == 0:
        return "This file holds no runs."
    counts = runs["status"].value_counts()
    words = ", ".join("%d %s" % (n, status.replace("_", " ")) for status, n in counts.items())
    phases = runs["phase"].value_counts() if "phase" in runs else {}
    labels = ", ".join("%d %s" % (phases[p], p) for p in facts.LEARNED if p in phases)
    return "%d run%s: %s%s." % (len(runs), "" if len(runs) == 1 else "s", words, "; phases: " + labels if labels else "")


def source_line(results, header):
    attributes = results.attributes
    made = "Made %s from %s." % (header["made_utc"], ", ".join(os.path.basename(p) for p in results.paths))
    trained = "Trained by symsweep %s (%s)" % (attributes.get("symsweep_version", "?"),
                                               str(attributes.get("git_commit", "unknown commit"))[:12])
    begun = attributes.get("created_utc")
    blas = str(attributes.get("blas", "")).split(" NO_")[0].split(" DYNAMIC")[0]
    return "%s %s%s%s." % (made, trained, ", begun " + str(begun) if begun else "", ", " + blas if blas else "")


def _inline(text):
    """Script text inside a script element: nothing in it may end the element."""
    return re.sub(r"</(script)", r"<\\/\1", text, flags=re.I)


def _scripts():
    """The two scripts of the page, as they stand in it."""
    return [_inline((PAGE / "vendor" / "plot.min.js").read_text(encoding="utf-8")),
            _inline("\n".join((PAGE / (name + ".js")).read_text(encoding="utf-8") for name in SCRIPTS))]


def policy(live=False):
    """What a browser lets the page do: its own two scripts, told by their hashes, and of the network nothing, or with
    `live` the server that it came from."""
    hashes = " ".join("'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") for text in _scripts())
    return ("default-src 'none'; script-src %s; style-src 'unsafe-inline'; img-src data:; %sbase-uri 'none'; form-action 'none'"
            % (hashes, "connect-src 'self'; " if live else ""))


def data(results, title=None, all=False):
    """(header, bytes of the arrays): what the page holds of the planned rows, of all with `all`."""
    header, arrays = payload.build(results, title, all)
    shown = results if all else results.planned
    header["summary"] = summary_line(shown)
    header["source"] = words.visible(source_line(shown, header))
    header["left_out"] = ["%s." % (line[0].upper() + line[1:]) for line in header["left_out"]]
    return header, arrays


def page(header, arrays=None):
    """The page as text. Without `arrays` it holds no data and asks the server that it came from for them."""
    library, scripts = _scripts()
    values = {
        "policy": policy(arrays is None),
        "title": html.escape(header["title"]),
        "description": html.escape(header["description"]),
        "summary": html.escape(header["summary"]),
        "left_out": "".join('<p class="banner left-out">%s</p>\n' % html.escape(line) for line in header["left_out"]),
        "source": html.escape(header["source"]),
        "style": (PAGE / "style.css").read_text(encoding="utf-8"),
        "drawn": html.escape(library[2:library.index("(")].strip(" *")),
        "licences": html.escape((PAGE / "vendor" / "plot.LICENCES.txt").read_text(encoding="utf-8")),
        "header": "" if arrays is None else encode.pack(payload.to_json(header).encode("utf-8")),
        "arrays": "" if arrays is None else encode.pack(arrays),
        "library": library,
        "scripts": scripts,
    }
    template = (PAGE / "template.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match.group(1)], template)


def build(results, title=None, all=False):
    """The page with its data as text: of the planned rows, of all with `all`."""
    return page(*data(results, title, all))


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="report", description="One self-contained HTML page of a sweep's results: phase diagram, curves, threshold, "
        "onsets, survival, geometry, failures. Works on a file that a sweep is still writing.")
    command.add_results(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="the page (default: beside the first results file, .html)")
    parser.add_argument("--title", help="title of the page (default: the sweep's name)")
    return command.run(parser, arguments, make)


def make(options):
    path = options.output or os.path.splitext(options.results[0])[0] + ".html"
    output.write(path, build(command.load(options), options.title, options.all), options.results)
    print(words.visible(path))


def entry() -> int:
    """The command line of an installed package."""
    return command.guarded(main)
