#!/usr/bin/python3
"""Holds the stand-in to what the real API said: flows.py STATE FLOW… plays each flow (flows/README.md says what is in one) and
compares each answer. A line `ok NAME` or `not ok NAME` for each."""
import hashlib
import json
import pathlib
import re
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

BASE = "/api2/json"
LONGEST_TASK = 20
QCOW2 = b"QFI\xfb\x00\x00\x00\x03" + bytes(16)


class Server:
    """The stand-in whose state is in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.url = f"https://127.0.0.1:{(folder / 'port').read_text().strip()}"
        self.digest = self.pid = None
        self.context = ssl.create_default_context(cafile=folder / "cert.pem")

    def ask(self, method, path, body=None, headers=None):
        """(status, reason, JSON or None)"""
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, context=self.context) as answer:
                return answer.status, answer.reason, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as problem:
            return problem.code, problem.reason, json.loads(problem.read() or b"null")

    def call(self, step):
        token, headers, body = step.get("token", "tofu@pve!tf"), {}, None
        headers["Authorization"] = f"PVEAPIToken={token}=SECRET"
        path = BASE + urllib.parse.quote(step["path"])
        if "query" in step:
            path += "?" + urllib.parse.urlencode(self.filled_in(step["query"]))
        if "form" in step:
            body = urllib.parse.urlencode(self.filled_in(step["form"])).encode()
        elif "multipart" in step:
            body = multipart(step["multipart"])
            headers["Content-Type"] = "multipart/form-data; boundary=flow"
        elif step["method"] in ("POST", "PUT"):
            body = b""
        return self.ask(step["method"], path, body, headers)

    def filled_in(self, form):
        """A form or query with the digest and the process id that were told last, and a text that is too long."""
        told = {"$digest": self.digest, "$pid": self.pid, "$long": "x" * 8193}
        pairs = form.items() if isinstance(form, dict) else form
        return [(name, told.get(value, value)) for name, value in pairs]

    def task(self, upid):
        path, until = f"{BASE}/nodes/{upid.split(':')[1]}/tasks/{urllib.parse.quote(upid)}", time.time() + LONGEST_TASK
        headers = {"Authorization": f"PVEAPIToken={upid.split(':')[7]}=SECRET"}
        while True:
            status = self.ask("GET", path + "/status", None, headers)[2]["data"]
            if status["status"] == "stopped" or time.time() > until:
                log = self.ask("GET", path + "/log?limit=0", None, headers)[2]["data"]
                return {"type": status["type"], "id": status["id"], "exitstatus": status.get("exitstatus"),
                        "log": [line["t"] for line in log if not line["t"].startswith("transferred ")]}
            time.sleep(0.02)

    def put(self, start):
        """The state that a flow begins with: machines, and content files with enough of a head to be what they are."""
        machines, volumes = {}, {}
        for volid, facts in start.get("content", {}).items():
            sort = volid.split(":")[1].split("/")[0]
            data = image(facts)
            path = self.folder / "storage" / "local@n" / {"import": "import", "iso": "template/iso", "vztmpl": "template/cache",
                                                          "backup": "dump"}[sort] / volid.rsplit("/", 1)[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            volumes[f"n {volid}"] = {"volid": volid, "node": "n", "content": sort, "ctime": 0, "size": facts["size"],
                                     "format": volid.rsplit(".", 1)[1], "virtual": facts.get("virtual"), "used": 0,
                                     "sha256": hashlib.sha256(data).hexdigest()}
        for vmid, machine in start.get("machines", {}).items():
            machines[vmid] = {"node": "n", "pending": {}, "delete": {}, "snapshots": {}, "calls": [], "running": None,
                              **machine}
            if machine.get("running"):
                machines[vmid]["running"] = {"since": 0, "boot_id": "b", "volid": "", **machine["running"]}
            for value in machine["config"].values():
                volumes.update(volume_in(vmid, machine["type"], str(value), start.get("image")))
        (self.folder / "guests.json").write_text(json.dumps(start.get("guests", {})))
        state = {"machines": machines, "volumes": volumes, **start.get("state", {})}
        assert self.ask("PUT", "/control/state", json.dumps(state).encode())[0] == 200


def volume_in(vmid, sort, value, sha256):
    """The volume that an option's value names."""
    found = re.match(r"([\w-]+:\d+/[\w.-]+)(?:,|$)", value)
    if not found:
        return {}
    size = re.search(r"size=(\d+)([KMGT]?)", value)
    count = int(size[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}[size[2]] if size else 1747976192
    return {f"n {found[1]}": {"volid": found[1], "node": "n", "content": "images" if sort == "qemu" else "rootdir", "ctime": 0,
                              "size": count, "used": 0, "format": found[1].rsplit(".", 1)[1], "vmid": int(vmid),
                              "sha256": sha256}}


def image(facts):
    """Bytes that begin as such a file does."""
    if "text" in facts:
        return facts["text"].encode()
    head = QCOW2 + facts["virtual"].to_bytes(8, "big") + bytes(72) if "virtual" in facts else b""
    return head or bytes(min(facts["size"], 540672))


def multipart(fields):
    """A body as the real parser wants it; the checksum "right" is filled in."""
    parts, data = [], image(fields[-1][1])
    for name, value in fields[:-1]:
        value = hashlib.sha256(data).hexdigest() if value == "right" else value
        parts.append(f'--flow\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    head = (f'--flow\r\nContent-Disposition: form-data; name="filename"; filename="{fields[-1][1]["filename"]}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n")
    return b"".join(parts) + head.encode() + data + b"\r\n--flow--\r\n"


# --- comparing -------------------------------------------------------------------------------------------------------

def same(wanted, got):
    """Whether they are the same; "…" in a text stands for anything, and at the end of a list for all the rest."""
    if isinstance(wanted, str) and "…" in wanted:
        return re.fullmatch(".*".join(map(re.escape, wanted.split("…"))), str(got), re.S) is not None
    if isinstance(wanted, dict):
        return isinstance(got, dict) and wanted.keys() == got.keys() and all(same(wanted[key], got[key]) for key in wanted)
    if isinstance(wanted, list):
        if wanted[-1:] == ["…"] and isinstance(got, list):
            wanted, got = wanted[:-1], got[:len(wanted) - 1]
        return isinstance(got, list) and len(wanted) == len(got) and all(map(same, wanted, got))
    return wanted == got


def shape(step, data):
    """The answer's data as a flow has it: a list of options by their keys; with `keys`, these alone."""
    if isinstance(data, list) and data and "key" in data[0]:
        data = {entry["key"]: {key: value for key, value in entry.items() if key != "key"} for entry in data}
        return {key: entry["value"] if list(entry) == ["value"] else entry for key, entry in data.items()}
    keys = step.get("keys")
    if keys and isinstance(data, list):
        return [{key: entry[key] for key in keys if key in entry} for entry in data]
    return {key: data[key] for key in keys if key in data} if keys and isinstance(data, dict) else data


def play(server, step):
    """What is answered to a step, in the words of a flow."""
    status, reason, answer = server.call(step)
    got = {"status": status}
    if status != 200:
        got.update(reason=reason, message=(answer or {}).get("message"), errors=(answer or {}).get("errors"))
    elif isinstance(answer["data"], str) and answer["data"].startswith("UPID:"):
        got["task"] = server.task(answer["data"])
    else:
        if step["path"].endswith("/config") and answer["data"]:
            server.digest = answer["data"]["digest"]
        if step["path"].endswith("/agent/exec"):
            server.pid = answer["data"]["pid"]
        got["data"] = shape(step, answer["data"])
    return got


def flow(server, path):
    lines = [json.loads(line) for line in path.read_text().split("\n") if line]
    server.put(lines[0]["start"])
    for number, step in enumerate(lines[1:], 2):
        got, only = play(server, step), step.get("only")
        for key in ("status", "reason", "message", "errors", "data", "task"):
            if only and key not in only or key not in step and not (key == "task" and key in got and "status" in step):
                continue
            wanted, have = step.get(key), got.get(key)
            if key == "task" and wanted and have:
                have = {part: have[part] for part in wanted}
            if not same(wanted, have):
                print(f"{path}:{number}: {step['method']} {step['path']}: {key} is\n  {json.dumps(have)}\ninstead of\n"
                      f"  {json.dumps(wanted, ensure_ascii=False)}")
                return False
    return True


def main():
    server, good = Server(pathlib.Path(sys.argv[1])), True
    for name in sys.argv[2:]:
        held = flow(server, pathlib.Path(name))
        print(f"{'ok' if held else 'not ok'} the stand-in answers as recorded: {pathlib.Path(name).stem}")
        good = good and held
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
