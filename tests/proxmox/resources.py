"""Holds what is written for OpenTofu against what the provider takes (provider-schema.json, beside this), and against itself.
resources.py [--provider VERSION] [--local NAME] [--resources N] FOLDER
prints what is wrong in the folder's aether.images.json and *.tf.json, a line each; N is how many resources there must be:

  - there is nothing but resources and local values; each attribute and block is known to that version, and of its type
  - templates are closed, what they name is there: local.aether_images and its images, no other local value but those of --local
  - what ignore_changes names is in the schema, and in the resource
"""
import argparse
import json
import pathlib
import re
import sys

SCHEMA = json.loads((pathlib.Path(__file__).parent / "provider-schema.json").read_text())["resources"]
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
# A reference as we write them: names, indexes, names in quotes.
REFERENCE = re.compile(r'local((?:\.[A-Za-z_][A-Za-z0-9_-]*|\[\d+\]|\["[^"$%{}\\]*"\])+)\Z')
CEIL = re.compile(r"ceil\((.*) / 1073741824\)\Z")
STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\["([^"]*)"\]')
problems = []


def wrong(place, what):
    problems.append(f"{place}: {what}")


def version(text):
    return tuple(int(number) for number in text.split("."))[:2]


def pieces(text):
    """The expressions of a template, and whether it is nothing but one; None where one is not closed."""
    at, expressions, plain = 0, [], ""
    while at < len(text):
        if text.startswith(("$${", "%%{"), at):
            plain, at = plain + text[at:at + 3], at + 3
        elif text.startswith("%{", at):
            return None
        elif text.startswith("${", at):
            end = text.find("}", at)
            if end < 0:
                return None
            expressions.append(text[at + 2:end])
            at = end + 1
        else:
            plain, at = plain + text[at], at + 1
    return expressions, len(expressions) == 1 and plain == ""


class Folder:
    def __init__(self, path, provider, local_values):
        self.path, self.provider, self.local_values = pathlib.Path(path), version(provider), set(local_values)
        self.images, self.locals = {}, {}

    def check(self):
        self.check_images()
        files = {path: json.loads(path.read_text()) for path in sorted(self.path.glob("*.tf.json"))}
        for path, top in files.items():
            for key in top.keys() - {"//", "resource", "locals"}:
                wrong(path, f"'{key}' is not ours to write")
            for name in top.get("locals", {}):
                if name in self.locals:
                    wrong(path, f"the local value '{name}' is there twice")
            self.locals.update(top.get("locals", {}))
        read = '${jsondecode(file("${path.module}/aether.images.json")).images}'
        if files and self.locals != {"aether_images": read}:
            wrong(self.path, f"unexpected local values {self.locals}")
        for path, top in files.items():
            for type_, resources in top.get("resource", {}).items():
                for name, body in resources.items():
                    self.check_resource(f"{path}: {type_}.{name}", SCHEMA[type_], name, body)
        return sum(len(resources) for top in files.values() for resources in top.get("resource", {}).values())

    def check_images(self):
        path = self.path / "aether.images.json"
        top = json.loads(path.read_text())
        if list(top) != ["schema", "images"] or top["schema"] != 1:
            wrong(path, "expected schema 1 and images")
        self.images = top["images"]
        if list(self.images) != sorted(self.images):
            wrong(path, "the images are not sorted")
        keys = ["kind", "arch", "generation", "format", "sha256", "size", "virtual_size", "proxmox", "previous"]
        for name, image in self.images.items():
            if list(image) != keys or list(image["proxmox"]) != ["node", "volid", "legacy_volid"]:
                wrong(path, f"{name}: unexpected keys")
            if image["previous"] and list(image["previous"]) != ["generation", "volid"]:
                wrong(path, f"{name}: unexpected keys of the previous one")

    def check_resource(self, place, schema, name, body):
        if not IDENTIFIER.match(name):
            wrong(place, "its label is no identifier")
        lifecycle = body.get("lifecycle", {})
        self.check_body(place, schema, {key: value for key, value in body.items() if key != "lifecycle"})
        if lifecycle.get("prevent_destroy") is not True:
            wrong(place, "it may be destroyed")
        for ignored in lifecycle.get("ignore_changes", []):
            self.check_ignored(f"{place}: ignore_changes {ignored}", schema, body, ignored)

    def check_ignored(self, place, schema, body, ignored):
        first, *rest = re.findall(r"[a-z_]+|\d+", ignored)
        if first not in schema:
            wrong(place, "the provider does not know it")
        elif rest and first not in body:
            wrong(place, "the resource has no such block")
        elif len(rest) == 2 and rest[1] not in schema[first]["block"]:
            wrong(place, "the provider does not know it")

    def check_body(self, place, schema, body):
        for key, row in schema.items():
            if row.get("required") and key not in body:
                wrong(place, f"'{key}' is missing")
        for key, value in body.items():
            if key not in schema:
                wrong(place, f"the provider does not know '{key}'")
            elif version(schema[key].get("since", "0.0")) > self.provider:
                wrong(place, f"the provider knows '{key}' only since {schema[key]['since']}")
            elif "block" in schema[key]:
                self.check_blocks(f"{place}.{key}", schema[key], value)
            else:
                self.check_value(f"{place}.{key}", schema[key], value)

    def check_blocks(self, place, row, value):
        blocks = value if isinstance(value, list) else [value]
        if len(blocks) > row["max"]:
            wrong(place, f"{len(blocks)} blocks, more than {row['max']}")
        for i, block in enumerate(blocks):
            if not block:
                wrong(f"{place}[{i}]", "the provider cannot read an empty block")
            self.check_body(f"{place}[{i}]", row["block"], block)

    def check_value(self, place, row, value):
        if row["type"] == "list of string":
            if not isinstance(value, list):
                return wrong(place, "expected a list")
            for i, item in enumerate(value):
                self.check_value(f"{place}[{i}]", {"type": "string"}, item)
            return None
        alone = self.check_template(place, value) if isinstance(value, str) else False
        kinds = {"string": str, "int": int, "bool": bool}
        if alone:
            return None
        if type(value) is not kinds[row["type"]]:
            return wrong(place, f"expected {row['type']}, found {value!r}")
        if "one_of" in row and value not in row["one_of"]:
            wrong(place, f"'{value}' is none of {row['one_of']}")
        if row["type"] == "int" and not row.get("min", 0) <= value <= row.get("max", 2**63):
            wrong(place, f"{value} is out of range")
        if len(str(value)) > row.get("max_length", 10**6):
            wrong(place, f"'{value}' is too long")
        return None

    def check_template(self, place, text):
        found = pieces(text)
        if found is None:
            wrong(place, f"not a template: {text}")
            return False
        for expression in found[0]:
            self.check_expression(place, expression)
        return found[1]

    def check_expression(self, place, expression):
        ceil = CEIL.match(expression)
        reference = REFERENCE.match(ceil.group(1) if ceil else expression)
        if not reference:
            return wrong(place, f"not an expression as we write them: {expression}")
        first, *rest = ["".join(step) for step in STEP.findall(reference.group(1))]
        if first != "aether_images":
            return first in self.local_values or wrong(place, f"there is no local value '{first}'")
        value = self.images
        for step in rest:
            if not isinstance(value, dict) or step not in value:
                return wrong(place, f"aether.images.json has no '{step}' of {expression}")
            value = value[step]
        return value is not None or wrong(place, f"{expression} is null")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--provider", default="999.0")
    parser.add_argument("--local", action="append", default=[])
    parser.add_argument("--resources", type=int, default=0)
    parser.add_argument("folder")
    options = parser.parse_args()
    n = Folder(options.folder, options.provider, options.local).check()
    if n != options.resources:
        wrong(options.folder, f"{n} resources, expected {options.resources}")
    print(*problems, sep="\n", end="\n" if problems else "")
    return bool(problems)


sys.exit(main())
