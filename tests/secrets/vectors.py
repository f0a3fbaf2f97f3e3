#!/usr/bin/python3
"""vectors.py PROGRAM FOLDER: each file that FOLDER/INDEX.tsv names is opened by PROGRAM, the one that machines have, and gets
the verdict that stands there; one that is valid gives exactly the values of its expected.json, one that is not gives none,
and a reason without a value in it."""
import csv
import hashlib
import json
import pathlib
import subprocess
import sys

FORMATS = {"yaml": "yaml", "json": "json", "env": "dotenv", "ini": "ini", "bin.json": "binary"}


def value_of(leaf):
    return bytes.fromhex(leaf["hex"]) if "hex" in leaf else leaf["text"].encode() if "text" in leaf else None


def same_leaf(ours, expected):
    value = value_of(ours)
    if any(ours[key] != expected[key] for key in ("path", "type", "encrypted")):
        return False
    if "sha256" in expected:
        return hashlib.sha256(value).hexdigest() == expected["sha256"] and len(value) == expected["length"]
    return value == value_of(expected)


def wrong_leaves(ours, expected):
    """What is wrong with the values, or None."""
    if [len(document) for document in ours["documents"]] != [len(document) for document in expected["documents"]]:
        return "another number of values"
    for document, wanted in zip(ours["documents"], expected["documents"]):
        for leaf, other in zip(document, wanted):
            if not same_leaf(leaf, other):
                return f"another value at {other['path']}"
    return None


def secrets_of(folder):
    """Encrypted values that are long enough to be told from other words."""
    expected = folder / "expected.json"
    if not expected.exists():
        return []
    leaves = [leaf for document in json.loads(expected.read_text())["documents"] for leaf in document]
    return [value for leaf in leaves if leaf["encrypted"] and (value := value_of(leaf)) and len(value) >= 8]


def run(program, row, folder, *options):
    return subprocess.run([program, "open", *options, "--format", FORMATS[row["file"].split(".", 1)[1]], "--identity",
                           folder / "keys.txt", folder / row["file"]], capture_output=True, timeout=60, check=False)


def wrong_verdict(program, row, folder):
    """What is wrong with what the program does of a file, or None."""
    done = run(program, row, folder, "--leaves")
    if done.returncode not in (0, 1):
        return f"it ends with {done.returncode}"
    if done.returncode == 0:
        if row["want"] == "invalid":
            return "it is taken"
        if row["file"] == "input.bin.json" and run(program, row, folder).stdout != (folder / "expected.bin").read_bytes():
            return "its bytes are others"
        return wrong_leaves(json.loads(done.stdout), json.loads((folder / "expected.json").read_text()))
    if row["want"] == "valid":
        return f"it is refused: {done.stderr.decode()}"
    if done.stdout or not done.stderr.strip():
        return "it is refused, but something was printed, or no reason was told"
    if any(value in done.stderr for value in secrets_of(folder)):
        return "a value stands in the reason"
    return None


def main():
    program, top = sys.argv[1], pathlib.Path(sys.argv[2])
    rows = list(csv.DictReader((top / "INDEX.tsv").open(), delimiter="\t", quoting=csv.QUOTE_NONE))
    problems = 0
    for row in rows:
        folder = top / row["set"] / row["name"]
        wrong = wrong_verdict(program, row, folder if folder.is_dir() else top / row["name"])
        if wrong:
            print(f"{row['name']} ({row['want']}): {wrong}")
            problems += 1
    print(f"{len(rows)} files, {problems} wrong")
    return problems > 0 or len(rows) < 10


sys.exit(main())
