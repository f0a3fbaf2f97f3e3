"""What goes wrong because a test wants it, and what a test can look at.

POST /control/faults takes a rule, or a list of rules; GET tells them; POST /control/reset forgets them. Each rule says when
  method, path      of a request: path is a regular expression over all behind /api2/json; nth (1) counts those that match,
                    times (1) how many from there on it hits, 0: all
  task, id          of a task instead: its type (a regular expression) and its id; nth and times as above
and what
  answer, message, errors   the request is answered with that status and not done
  cut                       "before" or "after": the connection ends, before or after it is done
  cut_at                    an upload's connection ends when so many bytes of its body have come
  delay                     seconds before it is done
  kill_client               this process is killed (SIGKILL) after it is done and before it is answered (kill: "before":
                            before it is done; an upload with cut_at: when so much has come); true: whoever asks
  config                    {"vmid": N, "set": {KEY: VALUE}, "pending": {…}, "delete": […]}: somebody else does that before
  seconds, error, late      of a task: it takes so long, ends with that error; late: after all was done
Standing ones, without a method or a task, until a reset:
  down: NODE                all below /nodes/NODE is answered with 595
  full: STORAGE             or {"storage": …, "avail": BYTES}: no room there
And at once:
  config: {…}               as above; `lock` is a key as any other
  task_of: {"node", "vmid", "type", "user"}   somebody else's task runs on a machine (until it is ended: end_tasks: true)
  ha: {"vm:ID": {"state": "started"}}         the machine is managed; null: no longer
  stop: VMID                the machine dies by itself

GET /control/state tells everything, POST merges into it, PUT begins anew with it; GET /control/log tells all requests so far.
"""
import contextlib
import json
import os
import pathlib
import re
import signal
import time

from . import guest, world as worlds
from .errors import ApiError


class Faults:
    """The rules of one world."""

    def __init__(self, world):
        self.world = world

    @property
    def rules(self):
        return self.world.state["faults"]

    def down(self):
        return [rule["down"] for rule in self.rules if "down" in rule]

    def hit(self, rule):
        """Counts a match; whether this one is meant."""
        rule["seen"] = rule.get("seen", 0) + 1
        first, times = rule.get("nth", 1), rule.get("times", 1)
        return rule["seen"] >= first and (times == 0 or rule["seen"] < first + times)

    def request(self, entry):
        """What is ordered for a request; it is counted, and what comes before it has been done."""
        order = {}
        with self.world.lock:
            self.world.state["requests"] += 1
            for rule in self.rules:
                if "path" not in rule and "method" not in rule:
                    continue
                path = entry["path"].removeprefix("/api2/json")
                if rule.get("method", entry["method"]) == entry["method"] and re.search(rule.get("path", ""), path) \
                        and self.hit(rule):
                    order.update(rule)
            if "config" in order:
                self.meddle(order["config"])
        if order.get("delay"):
            time.sleep(order["delay"])
        return order

    def for_task(self, kind, ident):
        """(seconds, error, late) of a task."""
        seconds, error, late = self.world.options.task_seconds, None, False
        for rule in self.rules:
            if "task" in rule and re.fullmatch(rule["task"], kind) and str(rule.get("id", ident)) == ident and self.hit(rule):
                seconds, error = rule.get("seconds", seconds), rule.get("error", error)
                late = rule.get("late", late)
        return seconds, error, late

    def meddle(self, what):
        """Somebody else changes a machine's configuration."""
        machine = self.world.state["machines"][str(what["vmid"])]
        machine["config"].update(what.get("set", {}))
        machine["pending"].update(what.get("pending", {}))
        for key in what.get("delete", []):
            machine["config"].pop(key, None)
        self.world.save()

    def add(self, rule):
        state = self.world.state
        if "full" in rule:
            full = rule["full"] if isinstance(rule["full"], dict) else {"storage": rule["full"], "avail": 0}
            store = state["storages"][full["storage"]]
            rule["before"] = store["avail"]
            store["avail"] = full["avail"]
        if "path" in rule or "method" in rule or "task" in rule or "down" in rule or "full" in rule:
            self.rules.append(rule)
            return
        if "config" in rule:
            self.meddle(rule["config"])
        if "task_of" in rule:
            self.foreign(rule["task_of"])
        if rule.get("end_tasks"):
            for entry in state["tasks"]:
                if entry.get("foreign") and entry["status"] == "running":
                    entry.update(status="stopped", exitstatus="OK", endtime=int(time.time()))
        worlds.merge(state["ha"], rule.get("ha", {}))
        if "stop" in rule:
            self.world.guests.dies(rule["stop"])

    def foreign(self, what):
        from . import tasks  # pylint: disable=import-outside-toplevel # tasks ask here, too
        entry = tasks.new_entry(self.world, what.get("node", self.world.options.node[0]), what.get("type", "vzdump"),
                                what["vmid"], what.get("user", "root@pam"))
        entry["foreign"] = True

    def reset(self):
        for rule in self.rules:
            if "full" in rule:
                name = rule["full"]["storage"] if isinstance(rule["full"], dict) else rule["full"]
                self.world.state["storages"][name]["avail"] = rule["before"]
        self.world.state["faults"] = []

    def note(self, entry):
        """A line of the log of requests."""
        with self.world.lock, open(self.world.path("requests.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps({"at": round(time.time(), 3), **hide(entry)}) + "\n")

    @staticmethod
    def kill(pid, sock):
        pid = peer_of(sock) if pid is True else int(pid)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def peer_of(sock):
    """The process at the other end of a connection of this computer: by the socket's inode, as the kernel lists them."""
    (_, port), (_, ours) = sock.getpeername(), sock.getsockname()
    for line in pathlib.Path("/proc/net/tcp").read_text().split("\n")[1:]:
        words = line.split()
        if words and words[1].endswith(f":{port:04X}") and words[2].endswith(f":{ours:04X}"):
            for descriptor in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
                with contextlib.suppress(OSError):
                    if os.readlink(descriptor) == f"socket:[{words[9]}]":
                        return int(descriptor.parts[2])
    raise ProcessLookupError("nobody is at the other end")


def hide(entry):
    """No secret goes into a log."""
    form = entry.get("form")
    if not form:
        return entry
    return {**entry, "form": {key: "(hidden)" if key in ("password", "cipassword") else value for key, value in form.items()}}


def control(world, verb, path, body):
    """The calls under /control/; they ask for no token."""
    with world.lock:
        if (verb, path) == ("POST", "/control/faults"):
            rules = json.loads(body)
            for rule in rules if isinstance(rules, list) else [rules]:
                world.faults.add(rule)
        elif (verb, path) == ("POST", "/control/reset"):
            world.faults.reset()
        elif (verb, path) == ("GET", "/control/faults"):
            return world.faults.rules
        elif (verb, path) == ("GET", "/control/state"):
            return world.state
        elif (verb, path) == ("POST", "/control/inside"):
            seen = guest.inside(world, json.loads(body))
            if seen is None:
                raise ApiError(404, "nobody of that name is up")
            world.save()
            return seen
        elif (verb, path) == ("GET", "/control/log"):
            log = world.path("requests.jsonl")
            return log.read_text() if log.exists() else ""
        elif (verb, path) == ("POST", "/control/state"):
            worlds.merge(world.state, json.loads(body))
        elif (verb, path) == ("PUT", "/control/state"):
            world.start_again(json.loads(body))
        else:
            raise ApiError(501, f"no control '{verb} {path}'")
        world.save()
    return {}
