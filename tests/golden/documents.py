"""What the documents say, held against the programs and their sources. documents.py CHECK … prints what is wrong, a line each:

  links FILE…                     links lead to files that exist, and to headings that they have
  calls PROGRAM AGENT FILE…       calls of aether-build, aether-agent and make are such that the programs take them
  manual PROGRAM PAGE             the manual has the options of all verbs, and no others
  keys FOLDER FILE…               the keys of JSON that is shown are in the sources below the folder
  messages FOLDER FILE…           messages that are quoted are in the sources below the folder
  names FOLDER… -- FILE…          environment variables of ours (AETHER_…) are asked for by somebody below the folders
  blocks FOLDER FILE              runs what is marked for it in the page, in the folder, which is HOME, too

A page marks its fenced blocks by words behind the language:

  ```LANGUAGE file=PATH           is written to that file
  ```sh test                      is run by bash, and must succeed
  ```console test                 its lines `$ COMMAND` are run; what they print is what stands below each, where `…`
                                  is any text, and alone on a line any number of lines
  ```message                      what the program prints: each line is one of its messages, where `…` is any text
  ```console                      the same for what stands below `$ COMMAND`, which is looked at, and not run

In a table whose first column is called `message`, each cell is how a message begins.
"""
import functools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

FENCE = re.compile(r"^```([^`\n]*)\n(.*?)^```$", re.M | re.S)
INLINE = re.compile(r"`([^`\n]+)`")
ANYTHING = "…"


class Fence:
    """A fenced block: its language, the words behind it, its text, the line it begins at."""

    def __init__(self, page, match):
        info = match.group(1).split()
        self.language, self.words, self.text = (info or [""])[0], info[1:], match.group(2)
        self.line = page.count("\n", 0, match.start()) + 1

    def file(self):
        return next((word[5:] for word in self.words if word.startswith("file=")), None)


def fences(page):
    return [Fence(page, match) for match in FENCE.finditer(page)]


def without_fences(page):
    """The page with empty lines in the place of its fenced blocks."""
    return FENCE.sub(lambda match: "\n" * match.group().count("\n"), page)


def read(path):
    return pathlib.Path(path).read_text()


# --- links ---------------------------------------------------------------------------------------------------------------


def anchors(path):
    """The headings of a page as GitHub names them."""
    seen = {}
    for title in re.findall(r"^#+ +(.*?)\s*$", without_fences(read(path)), re.M):
        title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        yield f"{slug}-{seen[slug]}" if slug in seen else slug
        seen[slug] = seen.get(slug, 0) + 1


def check_links(*files):
    for path in files:
        for target in re.findall(r"\]\(([^) ]+)\)", without_fences(read(path))):
            if re.match(r"(https?|mailto):", target):
                continue
            name, _, anchor = target.partition("#")
            page = pathlib.Path(path).parent / name if name else pathlib.Path(path)
            if not page.exists():
                yield f"{path}: no such file: {target}"
            elif anchor and anchor not in anchors(page):
                yield f"{path}: no such heading: {target}"


# --- calls ---------------------------------------------------------------------------------------------------------------


@functools.cache
def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@functools.cache
def usage(program, verb):
    """A verb's arguments, and its options: name and whether a value follows."""
    text = run(program, verb, "--help").stdout
    first = re.match(r"usage: aether-build \S+ \[OPTION…\] ?(.*)", text)
    return (first.group(1).split() if first else []), dict(re.findall(r"^  --([a-z-]+)( \S+)?", text, re.M))


def verbs(program):
    return re.findall(r"^  ([a-z]+) .*", run(program, "--help").stdout, re.M)


def shell_words(line):
    """The words of the first command in a line of shell, without what is behind it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split, lexer.commenters = True, "#"
    words = []
    try:
        for word in lexer:
            if re.fullmatch(r"[();<>|&]+", word):
                break
            words.append(word.strip("[]"))
    except ValueError:
        return line.split()
    return [word for word in words if word]


def wrong_count(program, verb, words):
    """What is wrong with the number of arguments, or None."""
    arguments, options = usage(program, verb)
    wanted = [word for word in arguments if word != "--"]
    least, most = sum(word[0] != "[" for word in wanted), 99 if any(ANYTHING in word for word in wanted) else len(wanted)
    count, value = 0, False
    for word in words:
        if value or word == "--":
            value = False
        elif word.startswith("--"):
            value = "=" not in word and bool(options.get(word[2:]))
        else:
            count += 1
    if ANYTHING in words or least <= count <= most:
        return None
    return f"'{verb}' takes {' '.join(arguments) or 'nothing'}, not {count} arguments"


def wrong_build(program, words, whole):
    """What is wrong with a call of aether-build; `whole`: it is to be typed as it stands."""
    if words[:1] == ["VERB"] or not words and not whole:
        return None
    if words and words[0] in ("--help", "--version", "help"):
        return None
    if not words or words[0] not in verbs(program):
        return f"there is no verb '{' '.join(words[:1])}'"
    options = [word for word in words[1:] if word != ANYTHING]
    said = run(program, words[0], "--help", *options) # (first: a word behind an option may be taken for its value)
    if said.returncode:
        return said.stderr.strip().replace("\n", " ")
    return wrong_count(program, words[0], words[1:]) if whole else None


def wrong_agent(agent, words, _whole):
    commands = dict(re.findall(r"^  ([a-z-]+) ?(.*?)  ", run(agent, "--help").stdout, re.M))
    if not words or words[0] in ("COMMAND", "--help"):
        return None
    if words[0] not in commands:
        return f"aether-agent has no command '{words[0]}'"
    return next((f"'aether-agent {words[0]}' knows no '{word}'" for word in words[1:]
                 if word.startswith("--") and word not in commands[words[0]]), None)


def wrong_make(makefile, words, _whole):
    targets = re.findall(r"^([a-z]+):", makefile, re.M)
    return next((f"make has no '{word}'" for word in words if re.fullmatch(r"[a-z]+", word) and word not in targets), None)


def calls(path):
    """Line and text of each call in a page, and whether it is to be typed as it stands."""
    text = read(path)
    if path.endswith(".md"):
        for fence in fences(text):
            for line in re.sub(r" *\\\n *", " ", fence.text).split("\n"):
                if fence.language == "sh" or line.startswith("$ "):
                    yield fence.line, line, True
        for number, line in enumerate(without_fences(text).split("\n"), 1):
            for code in INLINE.findall(line):
                yield number, code.replace("\\|", "|"), False
    else:
        for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S):
            for line in block.split("\n"):
                yield 0, line, True


def check_calls(program, agent, *files):
    makefile = read(pathlib.Path(__file__).parents[2] / "Makefile")
    kinds = [(r"(?:^|[\s(/])aether-build ([^'`]+)", wrong_build, program),
             (r"(?:^|[\s(])aether-agent ([^'`]+)", wrong_agent, agent),
             (r"^(?:\$ )?make ([^'`]+)", wrong_make, makefile)]
    for path in files:
        for number, text, whole in calls(path):
            for pattern, wrong, what in kinds:
                for call in re.findall(pattern, text):
                    problem = wrong(what, shell_words(call), whole)
                    if problem:
                        yield f"{path}:{number}: '{text.strip()}': {problem}"


def check_manual(program, page):
    text = read(page)
    synopsis = text[text.index(".Sh SYNOPSIS"):text.index(".Sh DESCRIPTION")]
    described = set(re.findall(r"Fl -([a-z-]+)", text[text.index(".Sh OPTIONS"):text.index(".Sh ENVIRONMENT")]))
    every = {}
    for verb in verbs(program):
        every.update({name: verb for name in usage(program, verb)[1] if name != "help"})
    for part in synopsis.split("\n.Nm\n")[1:]:
        names = re.findall(r"[a-z]+", re.match(r"(?:\.Cm ([a-z |]+))?", part).group(1) or "")
        for name in re.findall(r"Fl -([a-z-]+)", part) if names else []:
            for verb in names:
                if name not in usage(program, verb)[1]:
                    yield f"{page}: '{verb}' has no --{name}"
    for name in sorted(described - set(every)):
        yield f"{page}: no verb has --{name}"
    for name in sorted(set(every) - described):
        yield f"{page}: --{name} of '{every[name]}' is not described"


# --- messages ------------------------------------------------------------------------------------------------------------

C_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|\'(?:\\.|[^\'\\])+\'|"(?:\\.|[^"\\\n])*"|\w+|[^\s\w]', re.S)
CONVERSION = re.compile(r"%[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j|t)?[diouxXcsfp]|\0")
PREFIX = re.compile(r"^(aether-(build|agent|init|secrets): |  hint: |WARNING: |  \| |  )?"
                    r"(\S+\.(recipe|lock|yaml):((\d+:\d+|…):)? ([a-z][A-Za-z.]*: )?)?")
ENDING = re.compile(": (" + "|".join(re.escape(os.strerror(number)) for number in range(1, 134)) + r"|[\d…]+\.[\d…]+ s)$")
LETTERS_MIN, HINT_LETTERS_MIN = 6, 3  # of a message's own: "%s: %s" is none


def literals(source):
    """The string literals of a C file, adjacent ones and macros between them as one; a macro is a NUL."""
    parts, gap = [], []
    for token in C_TOKEN.findall(source) + [";"]:
        if token.startswith(("/*", "//")):
            continue
        if token.startswith('"'):
            text = re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), token[1:-1])
            parts += gap + [text]
            gap = []
        elif parts and re.fullmatch(r"PRI\w+", token):
            gap.append("u")
        elif parts and re.fullmatch(r"[A-Z][A-Z0-9_]+", token):
            gap.append("\0")
        elif parts:
            yield "".join(parts)
            parts, gap = [], []


@functools.cache
def formats(folder):
    """All that the sources below the folder can print, a line each: its parts, between which something is put in."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*.[ch]")):
        for text in literals(path.read_text()):
            for line in text.split("\n"):
                parts = tuple(part.replace("%%", "%") for part in CONVERSION.split(line))
                found[parts] = sum(c.isalnum() for c in "".join(parts))
    return found


@functools.cache
def patterns(folder, least):
    """Regular expressions of those that have at least so many letters and digits of their own."""
    return [re.compile(".*".join(map(re.escape, parts)) + "$")
            for parts, letters in formats(folder).items() if letters >= least]


def is_message(folder, line):
    if line == ANYTHING:
        return True
    least = HINT_LETTERS_MIN if line.startswith("  hint: ") else LETTERS_MIN
    text = PREFIX.sub("", line, count=1)
    end = text[1:].strip() if text.startswith(ANYTHING) else None
    texts = {text, ENDING.sub("", text)}
    if line == f"  {text}": # indented by itself, or by who prints it
        texts.add(line)
    return any(pattern.match(text) for pattern in patterns(folder, least) for text in texts) or \
        end is not None and any(pattern.search(end) for pattern in patterns(folder, least))


def is_beginning(folder, cell):
    """Whether a message begins like that; in both, `…` is what is put in."""
    wanted = re.escape(cell.strip("`")).replace(ANYTHING, ".*")
    return any(re.match(wanted, ANYTHING.join(parts)) for parts in formats(folder))


def quoted_in_tables(page):
    """Lines and first cells of the tables whose first column is called `message`."""
    inside = False
    for number, line in enumerate(without_fences(page).split("\n"), 1):
        cell = line.split("|")[1].strip() if line.startswith("|") else None
        if inside and cell and cell.strip("-"):
            yield number, cell
        inside = cell is not None and (inside or cell == "message")


def check_messages(folder, *files):
    for path in files:
        for number, cell in quoted_in_tables(read(path)):
            if not is_beginning(folder, cell):
                yield f"{path}:{number}: nobody says '{cell}'"
        for fence in fences(read(path)):
            if fence.language not in ("message", "console") or "test" in fence.words:
                continue
            command = False # a line that goes on with a backslash is the command's
            for number, line in enumerate(fence.text.split("\n"), fence.line + 1):
                command, was_command = line.endswith("\\") and (command or line.startswith("$ ")), command
                if not line.strip() or was_command or line.startswith("$ ") or re.fullmatch(r"(out|recipes)/\S+", line):
                    continue
                if not is_message(folder, line.rstrip()):
                    yield f"{path}:{number}: nobody says '{line}'"


def keys_of(value):
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from keys_of(item)


def check_keys(folder, *files):
    sources = "\n".join(path.read_text() for path in sorted(pathlib.Path(folder).rglob("*.[ch]")))
    known = set(re.findall(r"\w+", sources))
    for path in files:
        for fence in fences(read(path)):
            if fence.language == "json":
                for key in sorted(set(keys_of(json.loads(fence.text))) - known):
                    yield f"{path}:{fence.line}: nobody writes '{key}'"


def check_names(*words):
    at = words.index("--")
    known = set()
    for folder in words[:at]:
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file() and path.suffix in (".c", ".h", ".sh", ""):
                known.update(re.findall(r"AETHER_[A-Z_]+", path.read_bytes().decode(errors="replace")))
    for path in words[at + 1:]:
        for name in sorted(set(re.findall(r"AETHER_[A-Z_]+[A-Z]", read(path))) - known):
            yield f"{path}: nobody asks for {name}"


# --- blocks --------------------------------------------------------------------------------------------------------------


def matches(expected, seen):
    """Whether the lines that were seen are those expected, with their wildcards."""
    pattern = ""
    for line in expected:
        pattern += "(?:.*\n)*?" if line == ANYTHING else re.escape(line).replace(ANYTHING, ".*") + "\n"
    return re.fullmatch(pattern, seen if seen.endswith("\n") or not seen else seen + "\n")


def shell(command, folder):
    env = os.environ | {"TZ": "UTC", "HOME": os.path.realpath(folder)}
    said = subprocess.run(["bash", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=300)
    return said.returncode, said.stdout


def dialogue(text):
    """Commands of a console, and the lines below each."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, rest = re.sub(r"\\\n", "", part).partition("\n")
        yield command, rest.split("\n")[:-1]


def check_blocks(folder, path):
    for fence in fences(read(path)):
        where = f"{path}:{fence.line}"
        if fence.file():
            target = pathlib.Path(folder, fence.file())
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(fence.text)
        if "test" not in fence.words:
            continue
        if fence.language == "console":
            for command, expected in dialogue(fence.text):
                _, seen = shell(command, folder)
                if not matches(expected, seen):
                    yield f"{where}: '{command}' printed\n{seen}"
        else:
            status, seen = shell("set -e\n" + fence.text, folder)
            if status:
                yield f"{where}: exit status {status}\n{seen}"


CHECKS = {"links": check_links, "calls": check_calls, "manual": check_manual, "messages": check_messages, "keys": check_keys,
          "names": check_names, "blocks": check_blocks}
if len(sys.argv) < 2 or sys.argv[1] not in CHECKS:
    sys.exit(__doc__)
PROBLEMS = list(CHECKS[sys.argv[1]](*sys.argv[2:]))
print("\n".join(PROBLEMS), end="\n" if PROBLEMS else "")
sys.exit(bool(PROBLEMS))
