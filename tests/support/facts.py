"""What the tables of the sources say (include/symsweep/*.def), so that nobody else lists their names."""

import re
from pathlib import Path

HEADERS = Path(__file__).resolve().parents[2] / "include" / "symsweep"
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def arguments(text, at):
    """The arguments of the macro call whose parenthesis opens at `at`."""
    found, depth, start, i = [], 0, at + 1, at
    while True:
        if text[i] == '"':
            i = TEXT.match(text, i).end() - 1
        elif text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
        if depth == 0 or (depth == 1 and text[i] == ","):
            found.append(" ".join(text[start:i].split()))
            start = i + 1
            if depth == 0:
                return found
        i += 1


def value_of(text):
    """A column of a row: a text without its quotation marks, true, false, a number, else the expression."""
    if TEXT.fullmatch(text):
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def rows(table, macro, headers=HEADERS):
    """Rows of a table as dictionaries. The columns are named where the table's comment shows the macro."""
    text = (headers / (table + ".def")).read_text()
    called = r"(?<![\w#])%s(?=\()" % macro
    shown = re.search(called, text)
    columns = arguments(text, shown.end())
    code = re.sub(r"^#.*$", "", re.sub(r"/\*.*?\*/", "", text, flags=re.S), flags=re.M)
    found = []
    for match in re.finditer(called, code):
        values = [value_of(argument) for argument in arguments(code, match.end())]
        if len(values) != len(columns) and not columns[-1].endswith("..."):
            raise ValueError("%s.def: %d columns in the row of %s, not %s" % (table, len(values), values[0], columns))
        found.append(dict(zip(columns, values)))
    return sorted(found, key=lambda row: row["id"]) if "id" in columns else found


def names(table, macro):
    """Names in the order of their numbers."""
    return [row["name"] for row in rows(table, macro)]


KINDS = names("tasks", "X")
OPERATIONS = names("operations", "OPERATION")
GRAPHS = names("graphs", "GRAPH")
GROUPS = names("groups", "GROUP")
FAMILIES = names("families", "X")
PRIORS = names("priors", "PRIOR")
OPTIMIZERS = names("optimizers", "OPTIMIZER")
ACTIVATIONS = names("activations", "ACTIVATION")
LOSSES = names("losses", "LOSS")
STATES = names("states", "STATE")
PHASES = names("phases", "PHASE")
STATE = {name: code for code, name in enumerate(STATES)}
PHASE = {name: code for code, name in enumerate(PHASES)}
SNAPSHOTS = names("snapshots", "SNAPSHOT")
METRICS = ["/%s/%s" % (row["group"], row["name"]) for row in rows("metrics", "M")]


def cover(who, names, known):
    """What repeats the definitions must have each of them, and says by name which one it lacks."""
    lacking = [name for name in names if name not in known]
    if lacking:
        raise AssertionError("%s: nothing for %s" % (who, ", ".join(lacking)))
