"""The rules of CONTRIBUTING.md's section on code, each as a function from a tree of sources to what breaks it.

A finding is one line of text that begins with the file, below the top of the tree. test_house.py holds them all to be
empty, and shows of each that it finds what it looks for."""

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

COLUMNS = 120
FOLDERS = ("src", "include", "tests", "benchmarks")

# Tests that stand in a folder of another name than the module whose private headers they use.
TESTS_OF = {"nnfloat": {"nn"}, "objective": {"train", "nn"}, "job": {"farm"}, "fuzz": {"config", "farm"}}
# What src/main.c may include.
PROGRAM = {"farm", "cli", "store", "base"}

# One mechanism a job: what only the named files may call.
MECHANISMS = (
    ("a digest of its own", r"\bEVP_\w+", ("src/base/sha256.c",)),
    ("a rename or sync of its own", r"\b(?:fsync|fdatasync|rename|mkstemp)\s*\(", ("src/base/file.c",)),
    # What is interrupted elsewhere is no file: sockets and processes of the farm, the end of a child, a lock.
    ("a loop over interrupted calls", r"\bEINTR\b",
     ("src/base/file.c", "src/base/apart.c", "src/farm/", "src/store/lock.c")),
)

# Circles that are meant, as sets of files; none is.
CIRCLES = ()


class Tree:
    """Sources below `top`, and the objects of a build of them: path of a source -> its object files."""

    def __init__(self, top, objects=None):
        self.top, self.objects = Path(top), objects or {}
        self.texts = {}

    def files(self, *patterns, below=FOLDERS):
        found = []
        for folder in below:
            for path in (self.top / folder).rglob("*"):
                if path.suffix in patterns and path.is_file():
                    found.append(path.relative_to(self.top).as_posix())
        return sorted(found)

    def text(self, file):
        if file not in self.texts:
            self.texts[file] = (self.top / file).read_text()
        return self.texts[file]

    @functools.cached_property
    def allowed(self):
        """module -> modules that it may use, itself among them, as CMakeLists.txt declares them."""
        table = {}
        for name, rest in re.findall(r"^symsweep_module\((\w+)([^)]*)\)", (self.top / "CMakeLists.txt").read_text(), re.M):
            words = re.sub(r"\bLIBRARIES\b.*", "", rest, flags=re.S).split()
            table[name] = {name, *words[1:]} if words[:1] == ["DEPENDS"] else {name}
        return table

    @functools.cached_property
    def symbols(self):
        """source -> (functions that it defines for others, names that it uses and does not define)."""
        owner, command = {}, ["nm", "-A", "-g"]
        for file, objects in self.objects.items():
            for path in objects:
                owner[str(path)] = file
                command.append(str(path))
        found = {file: (set(), set()) for file in self.objects}
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout if owner else ""
        for line in out.splitlines():
            path, rest = line.rsplit(":", 1)
            *_, kind, name = rest.split()
            name = name.split(".")[0]  # clones of a function for one instruction set: name.avx2, name.resolver
            if kind in "TWi":
                found[owner[path]][0].add(name)
            elif kind == "U":
                found[owner[path]][1].add(name)
        return found


def objects_of(top, build):
    """Object files in `build` of every source file of the modules; those of a source that is gone are left out."""
    found = {}
    for path in sorted(Path(build).glob("CMakeFiles/symsweep_*.dir/**/*.o")):
        parts = path.relative_to(Path(build) / "CMakeFiles").parts[1:]
        source = Path(*parts).as_posix()[:-len(".o")]
        if source.startswith("src/") and (Path(top) / source).exists():
            found.setdefault(source, []).append(path)
    return found


# ---- text of C ----

COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


@functools.lru_cache(maxsize=None)
def code_of(text):
    """The text without comments, strings empty; lines stay where they are."""
    def blank(match):
        found = match.group()
        if found[0] in "\"'":
            return found[0] * 2
        return "\n" * found.count("\n") + " "
    return COMMENT.sub(blank, text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def includes(text):
    """(line, header) of each include in quotation marks."""
    return [(line_of(text, m.start()), m.group(1)) for m in re.finditer(r'^\s*#\s*include\s*"([^"]+)"', text, re.M)]


def without_directives(code):
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", "", code, flags=re.M)


def prototypes(text):
    """Functions that a header declares and does not define."""
    code, flat, depth = without_directives(code_of(text)), [], 0
    for character in code:
        if character == "{":
            depth += 1
            if depth == 1:
                flat.append("{}")
        elif character == "}":
            depth -= 1
            if depth == 0:
                flat.append(";")
        elif depth == 0:
            flat.append(character)
    found = []
    for statement in "".join(flat).split(";"):
        if "{}" in statement or re.search(r"\b(typedef|_Static_assert)\b", statement):
            continue
        match = re.match(r"\s*(?:[\w\s*]*?)\b(\w+)\s*\((?!\s*\*)", statement)
        if match and match.group(1) != "X":
            found.append(match.group(1))
    return found


def functions(text):
    """(line, text of the function's head and body) of each function of a formatted file."""
    code = code_of(text)
    for match in re.finditer(r"^(?=[a-zA-Z])(?:[^\n;{}=]+\n)*?[^\n;{}=]*\)\n\{\n.*?^\}|^[a-zA-Z][^\n;{}=]*\) \{[^\n]*\}$", code,
                             re.M | re.S):
        yield line_of(code, match.start()), match.group()


def module_of_source(file):
    parts = file.split("/")
    return parts[1] if len(parts) > 2 else None


def is_data_only(text):
    return not prototypes(text)


def module_of_header(tree, name):
    """Module of include/symsweep/<name>: that of the name, else that of the file of the name; None = none."""
    stem = Path(name).stem
    if name.endswith(".def"):
        return "base"
    for module in (stem, stem + "s"):
        if module in tree.allowed:
            return module
    homes = [module for module in tree.allowed if (tree.top / "src" / module / (stem + ".c")).exists()]
    if "base" in homes or stem == "version" or is_data_only(tree.text("include/symsweep/" + name)):
        return "base"  # the source of version.h is made by the build
    return homes[0] if len(homes) == 1 else None


def headers_of(tree):
    return [Path(file).name for file in tree.files(".h", ".def", below=("include",))]


# ---- the rules ----

def includes_upward(tree):
    found = []
    module_of = {name: module_of_header(tree, name) for name in headers_of(tree)}
    for name, module in module_of.items():
        if module is None:
            found.append("include/symsweep/%s: no module has that name, nor has one such a file" % name)
    for file in tree.files(".c", ".h", ".def", below=("src", "include")):
        module = module_of.get(Path(file).name) if file.startswith("include/") else module_of_source(file)
        allowed = PROGRAM if file == "src/main.c" else tree.allowed.get(module)
        if allowed is None:
            continue
        for line, header in includes(tree.text(file)):
            if header.startswith("symsweep/"):
                target = module_of.get(header[len("symsweep/"):])
                if target is not None and target not in allowed:
                    found.append("%s:%d: includes %s, of %s" % (file, line, header, target))
    return found


def private_headers_abroad(tree):
    """A private header is named by its module, and only its module, its tests and its benchmarks
    (benchmarks/<module>_*.c) include it."""
    found = []
    for file in tree.files(".c", ".h", ".def"):
        parts = file.split("/")
        home = parts[1] if len(parts) > 2 else None
        for line, header in includes(tree.text(file)):
            owner = header.split("/")[0] if "/" in header and not header.startswith("../") else None
            if owner == "symsweep":
                continue
            if owner in tree.allowed:
                mine = {"src": {home}, "tests": TESTS_OF.get(home, {home}),
                        "benchmarks": {parts[-1].split("_")[0]}}.get(parts[0], set())
                if owner not in mine:
                    found.append("%s:%d: includes %s, private to %s" % (file, line, header, owner))
            elif parts[0] == "src":
                found.append("%s:%d: includes %s: a header of the module is named %s/..." % (file, line, header, home))
    return found


def declared_elsewhere(tree):
    """A header sits with its implementation."""
    found = []
    defined = {}
    for file, (names, _) in tree.symbols.items():
        for name in names:
            defined.setdefault(name, set()).add(file)
    for file in tree.files(".h", below=("src", "include")):
        text = tree.text(file)
        public = file.startswith("include/")
        module = module_of_header(tree, Path(file).name) if public else module_of_source(file)
        for name in prototypes(text):
            where = defined.get(name, set())
            if not where:
                continue  # of another library, of the build, or of a configuration that is not built
            right = all(module_of_source(source) == module for source in where)
            if not public or Path(file).stem not in (module, module[:-1]):
                right = right and all(Path(source).stem == Path(file).stem for source in where)
            if not right:
                found.append("%s: declares %s, which %s defines" % (file, name, ", ".join(sorted(where))))
    return found


def components(graph):
    """Strongly connected components of more than one node, each sorted (Tarjan 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = []
            while not component or component[-1] != node:
                component.append(stack.pop())
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def circles(tree):
    """Files of a module that call each other, directly or through others."""
    found = []
    for module in tree.allowed:
        files = [file for file in tree.symbols if module_of_source(file) == module]
        definer = {name: file for file in files for name in tree.symbols[file][0]}
        graph = {file: {definer[name] for name in tree.symbols[file][1] if name in definer} - {file} for file in files}
        for component in components(graph):
            if set(component) in CIRCLES:
                continue
            calls = ["%s -> %s (%s)" % (Path(a).name, Path(b).name, ", ".join(
                         sorted(name for name in tree.symbols[a][1] if definer.get(name) == b)))
                     for a in component for b in component if b in graph[a]]
            found.append("%s: circle of %d files: %s" % ("src/" + module, len(component), "; ".join(calls)))
    return found


def names_of(file):
    """What an exported function of the file may be called: its module or the leading words of the file, then more."""
    words = Path(file).stem.split("_")
    stems = {module_of_source(file), *("_".join(words[:n]) for n in range(1, len(words) + 1))}
    return re.compile(r"sw_(?:%s)(?:_\w+)?" % "|".join(sorted(stems)))


def prefixes(tree):
    found = []
    for file, (names, _) in sorted(tree.symbols.items()):
        wrong = sorted(name for name in names if not names_of(file).fullmatch(name))
        found += ["%s: %s" % (file, name) for name in wrong]
    return found


def opening_comments(tree):
    found = []
    for file in tree.files(".c", ".h"):
        match = re.match(r"/\* (\S+): (.*?)\s*\*/", tree.text(file), re.S)
        if not match or match.group(1) != Path(file).name:
            found.append("%s: does not open with /* %s: what it is. */" % (file, Path(file).name))
        elif match.group(2).rstrip(")")[-1:] not in ".?!":
            found.append("%s: the comment that opens it does not end its sentence" % file)
    return found


def formatting(tree):
    files = tree.files(".c", ".h")
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], cwd=tree.top, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    found = re.findall(r"^(\S+?):(\d+):\d+: error: code should be clang-formatted", done.stdout, re.M)
    if done.returncode != 0 and not found:
        return [done.stdout[-500:]]
    return ["%s:%s: not as clang-format writes it" % pair for pair in found]


def long_lines(tree):
    return ["%s:%d: %d columns" % (file, number, len(line)) for file in tree.files(".c", ".h")
            for number, line in enumerate(tree.text(file).split("\n"), 1) if len(line) > COLUMNS]


FALLIBLE = re.compile(r"^(static )?(?:inline )?sw_status (\w+)\(", re.M)


def status_functions(tree):
    """Names of the functions of headers that return an sw_status."""
    return {name for file in tree.files(".h", below=("src", "include"))
            for _, name in FALLIBLE.findall(code_of(tree.text(file)))} | {"sw_fail"}


def after_call(code, at):
    """Position behind the parenthesis that closes the one at `at`."""
    depth = 0
    for i in range(at, len(code)):
        depth += {"(": 1, ")": -1}.get(code[i], 0)
        if depth == 0:
            return i + 1
    return len(code)


def status_idiom(tree):
    """A status is compared with SW_OK or another of its values, never used as a truth or a number."""
    found = []
    exported = status_functions(tree)
    for file in tree.files(".c", ".h"):
        static = {name for word, name in FALLIBLE.findall(code_of(tree.text(file))) if word}
        fallible = exported | static
        for line, body in functions(tree.text(file)):
            names = set(re.findall(r"\bsw_status (\w+)\b(?!\()", body))
            variables = r"(?<![\w.>*&])(?:%s)\b(?![\[(.]|->)" % "|".join(sorted(names)) if names else r"(?!)"
            for match in re.finditer(variables + r"|\b\w+(?=\()", body):
                if body[match.end():match.end() + 1] == "(" and match.group() not in fallible:
                    continue
                end = after_call(body, match.end()) if body[match.end()] == "(" else match.end()
                before, after = body[:match.start()].rstrip(), body[end:].lstrip()
                if before.endswith(("==", "!=")):
                    continue
                truth = before.endswith(("!", "&&", "||", "if (", "while (")) and after.startswith((")", "&&", "||"))
                if before.endswith(("&&", "||")) and re.match(r"[;:,]", after):
                    truth = True
                if truth or before.endswith("!") or re.match(r"[<>]=?[^<>]|\?|&&|\|\||[=!]= 0\b", after):
                    found.append("%s:%d: %s as a truth or a number" % (
                        file, line + line_of(body, match.start()) - 1, match.group()))
    return found


def mechanisms(tree):
    found = []
    for file in tree.files(".c", ".h", below=("src",)):
        code = code_of(tree.text(file))
        for what, pattern, homes in MECHANISMS:
            if not file.startswith(homes):
                for match in re.finditer(pattern, code):
                    found.append("%s:%d: %s: %s" % (file, line_of(code, match.start()), what, match.group()))
    return found


def nameless(tree):
    """No name falls back to a question mark: every number has its row."""
    return ["%s:%d: \"?\" for a name" % (file, number) for file in tree.files(".c", ".h", ".def", below=("src", "include"))
            for number, line in enumerate(tree.text(file).split("\n"), 1) if re.search(r'(?<!\\)"\?"', line)]


RULES = (includes_upward, private_headers_abroad, declared_elsewhere, circles, prefixes, opening_comments, formatting,
         long_lines, status_idiom, mechanisms, nameless)


def build_of(binary):
    """Build tree of a program."""
    return Path(os.path.realpath(shutil.which(str(binary)) or binary)).parent
