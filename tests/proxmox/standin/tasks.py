"""Tasks: each runs in a thread of its own, has a log, and ends with OK, warnings or an error."""
import re
import threading
import time

from .errors import ApiError, TaskError, failed
from .routes import route


class Task:
    """A task that runs: what its function is given to write its log with."""

    def __init__(self, world, entry):
        self.world, self.entry = world, entry

    def log(self, *lines):
        with self.world.lock:
            for line in lines:
                self.entry["log"].extend(str(line).split("\n"))

    def warn(self, text):
        self.log(*f"WARN: {text}".split("\n"))
        with self.world.lock:
            self.entry["warnings"] = self.entry.get("warnings", 0) + 1

    def finish(self, exitstatus):
        exitstatus = exitstatus.removesuffix("\n").replace("\n", " ")
        line = {"OK": "TASK OK"}.get(exitstatus, f"TASK ERROR: {exitstatus}")
        if exitstatus.startswith("WARNINGS: "):
            line = f"TASK {exitstatus}"
        with self.world.lock:
            self.log(line)
            self.entry.update(status="stopped", exitstatus=exitstatus, endtime=int(time.time()))
            self.world.save()


def new_entry(world, node, kind, ident, name):
    now, number = int(time.time()), world.next()
    pid, start = 1000 + number, int(time.monotonic() * 100) & 0xFFFFFFFF
    upid = f"UPID:{node}:{pid:08X}:{start:08X}:{now:08X}:{kind}:{ident}:{name}:"
    user, _, token = name.partition("!")
    entry = {"upid": upid, "node": node, "pid": pid, "pstart": start, "starttime": now, "type": kind, "id": str(ident),
             "user": user, "status": "running", "log": []}
    if token:
        entry["tokenid"] = token
    world.state["tasks"].append(entry)
    return entry


def start(world, call, kind, ident, work, vmid=None):
    """Starts a task that calls work(task), with the machine's lock and the world's held; answers its UPID."""
    with world.lock:
        entry = new_entry(world, call.params["node"], kind, ident, call.token.name)
        orders = world.faults.for_task(kind, str(ident))
        world.save()
    threading.Thread(target=run, args=(world, entry, work, orders, vmid, call.kind), daemon=True).start()
    return entry["upid"]


def run(world, entry, work, orders, vmid, kind):
    task = Task(world, entry)
    try:
        seconds, error, late = orders
        if vmid is None:
            if seconds:
                time.sleep(seconds)
            with world.lock:
                task_body(task, work, error, late)
        else:
            with world.busy(vmid, kind or "qemu", seconds=3600):
                if seconds:
                    with world.unlocked():
                        time.sleep(seconds)
                task_body(task, work, error, late)
    except (TaskError, ApiError) as problem:
        text = problem.message if isinstance(problem, ApiError) else str(problem)
        if isinstance(problem, ApiError) and problem.errors:
            text = f"{problem.status} {text}\n" + "".join(f"{key}: {what}\n" for key, what in problem.errors.items())
        task.finish(text)
    except Exception as problem:  # pylint: disable=broad-except # a mistake of ours must be seen by the client, too
        task.finish(f"stand-in: {type(problem).__name__}: {problem}")
        raise
    else:
        warnings = entry.get("warnings")
        task.finish(f"WARNINGS: {warnings}" if warnings else "OK")


def task_body(task, work, error, late):
    """Does it, or fails as ordered: before it did anything, or `late`, after it has done it."""
    if error and not late:
        raise TaskError(error)
    work(task)
    if error:
        raise TaskError(error)


def find(world, call):
    for entry in world.state["tasks"]:
        if entry["upid"] == call.params["upid"]:
            if not mine(entry, call) and not call.token.may(f"/nodes/{entry['node']}", "Sys.Audit"):
                raise ApiError(403, f"Permission check failed (/nodes/{entry['node']}, Sys.Audit)")
            return entry
    if not re.fullmatch(r"UPID:[\w.-]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:\s]+:[^:\s]*:[^:\s]+:", call.params["upid"]):
        raise ApiError(400, "Parameter verification failed.", {"upid": "unable to parse worker upid"})
    raise failed("no such task")


def mine(entry, call):
    return entry["user"] == call.token.user and entry.get("tokenid", call.token.token) == call.token.token


@route("GET /nodes/{node}/tasks/{upid}/status")
def status(world, call):
    entry = find(world, call)
    keys = ("upid", "node", "pid", "pstart", "starttime", "type", "id", "user", "tokenid", "status", "exitstatus")
    return {key: entry[key] for key in keys if key in entry}


@route("GET /nodes/{node}/tasks/{upid}/log")
def log(world, call):
    lines = find(world, call)["log"]
    first, limit = call.params.get("start", 0), call.params.get("limit", 50)
    chosen = list(enumerate(lines, 1))[first:first + limit if limit else None]
    return [{"n": number, "t": text} for number, text in chosen] or [{"n": 1, "t": "no content"}]


@route("DELETE /nodes/{node}/tasks/{upid}")
def stop(world, call):
    entry = find(world, call)
    if entry["status"] == "running":
        entry["stop"] = True
    return None


def brief(entry):
    keys = ("upid", "node", "pid", "pstart", "starttime", "type", "id", "user", "tokenid", "endtime")
    told = {key: entry[key] for key in keys if key in entry}
    if entry["status"] != "running":
        told["status"] = entry["exitstatus"]
    return told


@route("GET /nodes/{node}/tasks")
def tasks(world, call):
    ask = call.params
    auditor = call.token.may(f"/nodes/{ask['node']}", "Sys.Audit")
    source = ask.get("source", "archive")
    chosen = []
    for entry in reversed(world.state["tasks"]):
        running = entry["status"] == "running"
        if entry["node"] != ask["node"] or not (auditor or mine(entry, call)):
            continue
        if source != "all" and running != (source == "active"):
            continue
        if "vmid" in ask and entry["id"] != str(ask["vmid"]):
            continue
        if ask.get("typefilter", entry["type"]) != entry["type"] or not ask.get("since", 0) <= entry["starttime"]:
            continue
        if ask.get("errors") and (running or entry["exitstatus"] == "OK"):
            continue
        if ask.get("userfilter", "").lower() not in entry["user"].lower():
            continue
        chosen.append(brief(entry))
    first, limit = ask.get("start", 0), ask.get("limit", 50)
    return chosen[first:first + limit if limit else None]


@route("GET /cluster/tasks")
def cluster_tasks(world, call):
    auditor = call.token.may("/", "Sys.Audit")
    return [brief(entry) for entry in reversed(world.state["tasks"]) if auditor or mine(entry, call)][:25]
