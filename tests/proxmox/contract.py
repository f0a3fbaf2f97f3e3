#!/usr/bin/python3
"""contract.py FLOWS USED LOGS: what aether-build asked, held against what is recorded of the real API.

USED says of every flow either why we do not ask such a thing, or by which command we do and which of its changing requests
(`steps`, counted from 1): in LOGS/COMMAND.jsonl there are the same ones in the same order, with the parameters of the
recording, in its form; `not`: parameters that we have no use for; `also`: requests with parameters that have to be there
besides."""
import json
import pathlib
import re
import sys

FLOWS, USED, LOGS = map(pathlib.Path, sys.argv[1:])
NAMES = re.compile(r"(import|vztmpl|iso)/[A-Za-z0-9_.-]+")


def fields(request):
    """Of any body: its names and values."""
    body = request.get("form") or request.get("multipart") or request.get("query") or {}
    pairs = body.items() if isinstance(body, dict) else body
    return {name: value if isinstance(value, str) else str(value) for name, value in pairs}


def place(path):
    path = path.removeprefix("/api2/json").removeprefix("/nodes/n/").lstrip("/")
    return re.sub(r"\d+", "#", path)


def shape(key, value):
    """A value without what is by chance or choice: names of files, numbers, further options."""
    if not re.match(r"(scsi|ide|efidisk|rootfs|mp|net|ipconfig|ostemplate|boot)", key):
        return ""
    first = ",".join(value.split(",")[:2 if "import-from" in value else 1])
    return re.sub(r"=[0-9A-F]{2}(:[0-9A-F]{2}){5}", "", re.sub(r"\d+", "#", NAMES.sub(r"\1/FILE", first)))


def changing(lines):
    return [line for line in lines if line.get("method") not in (None, "GET") and line.get("status") == 200]


def differs(wanted, ours, unused):
    """Why a request of ours is not the recorded one; None when it is."""
    if wanted["method"] != ours["method"] or place(wanted["path"]) != place(ours["path"]):
        return "another request"
    ours = fields(ours)
    for key, value in fields(wanted).items():
        if key in unused or key in ("digest", "skiplock"):
            continue
        if key not in ours:
            return f"no parameter '{key}'"
        if shape(key, value) != shape(key, ours[key]):
            return f"{key}: '{ours[key]}' has not the form of '{value}'"
    return None


def held(flow, use, log):
    """The recorded requests that are used, found in order in the log; the first that is not there, or None."""
    recorded = changing(flow)
    at = 0
    for step in use["steps"]:
        wanted, why = recorded[step - 1], []
        while at < len(log):
            problem = differs(wanted, log[at], use.get("not", ()))
            at += 1
            if problem is None:
                break
            if problem != "another request":
                why.append(problem)
        else:
            return f"{wanted['method']} {wanted['path']}: {'; '.join(why) or 'never asked'}"
    for method, path, names in use.get("also", ()):
        if not any((line["method"], place(line["path"])) == (method, path) and set(names) <= set(fields(line)) for line in log):
            return f"{method} {path} with {names}: never asked"
    return None


def main():
    used = json.loads(USED.read_text())
    failed = 0
    names = sorted(path.stem for path in FLOWS.glob("*.json"))
    for name in sorted(set(used) - set(names)):
        print(f"not ok there is a flow {name}")
        failed += 1
    for name in names:
        flow = [json.loads(line) for line in (FLOWS / f"{name}.json").read_text().splitlines()]
        use = used.get(name)
        if use is None:
            problem = "nobody says whether it is used"
        elif "unused" in use:
            problem = None
        else:
            logs = [LOGS / f"{use[key]}.jsonl" for key in ("by", "in") if key in use]
            log = [json.loads(line) for path in logs for line in path.read_text().splitlines()]
            problem = held(flow, use, changing(log)) if log else f"{use['by']} has asked nothing"
        how = f"not used: {use['unused']}" if use and "unused" in use else f"asked by {use['by']}" if use else ""
        print(f"{'not ok' if problem else 'ok'} {name}, {how}{': ' if problem else ''}{problem or ''}")
        failed += problem is not None
    sys.exit(failed > 0)


main()
