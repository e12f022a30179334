"""The page: results files in, one self-contained HTML file out."""

import argparse
import html
import os
import re
from pathlib import Path

from . import command, encode, facts, output, payload, words

PAGE = Path(__file__).parent / "page"
SCRIPTS = ("core", "statistics", "figure", "chart", "overview", "lattice", "region", "phase", "curves", "story", "dial", "symmetries", "threshold", "onsets",
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


def build(results, title=None, all=False):
    """The page as text: of the planned rows, of all with `all`."""
    library = (PAGE / "vendor" / "plot.min.js").read_text(encoding="utf-8")
    header, arrays = payload.build(results, title, all)
    shown = results if all else results.planned
    values = {
        "title": html.escape(header["title"]),
        "description": html.escape(header["description"]),
        "summary": html.escape(summary_line(shown)),
        "left_out": "".join('<p class="banner left-out">%s.</p>\n' % html.escape(line[0].upper() + line[1:]) for line in header["left_out"]),
        "source": html.escape(words.visible(source_line(shown, header))),
        "style": (PAGE / "style.css").read_text(encoding="utf-8"),
        "drawn": html.escape(library[2:library.index("(")].strip(" *")),
        "licences": html.escape((PAGE / "vendor" / "plot.LICENCES.txt").read_text(encoding="utf-8")),
        "header": encode.pack(payload.to_json(header).encode("utf-8")),
        "arrays": encode.pack(arrays),
        "library": _inline(library),
        "scripts": _inline("\n".join((PAGE / (name + ".js")).read_text(encoding="utf-8") for name in SCRIPTS)),
    }
    template = (PAGE / "template.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match.group(1)], template)


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
