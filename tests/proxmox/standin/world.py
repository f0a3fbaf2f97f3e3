"""All that the stand-in remembers: one tree of JSON in DIR/state.json, written anew (and moved into place) after each change,
so that it can be killed at any time."""
import contextlib
import json
import os
import pathlib
import threading
import time

from .errors import ApiError, failed

FRESH = {"machines": {}, "volumes": {}, "tasks": [], "storages": {}, "pools": {}, "ha": {}, "faults": [], "sequence": 0,
         "execs": {}, "requests": 0,
         "bridges": {"vmbr0": {"physical": 1}, "vmbr1": {"physical": 1}}}
CONFIG_LOCK_SECONDS = 10


class World:
    """The cluster. Whoever reads or changes `state` holds `lock`; whoever changes a machine holds its `busy()` before that."""

    def __init__(self, folder, options):
        self.folder, self.options = pathlib.Path(folder), options
        self.lock = threading.RLock()
        self.machine_locks = {}
        self.state = json.loads(json.dumps(FRESH))
        self.faults = self.set_up = None  # set by the program, as
        self.guests = None  # what stands behind started machines: set by the program
        self.load()

    @property
    def version(self):
        return self.options.version

    def path(self, *parts):
        return self.folder.joinpath(*parts)

    def load(self):
        with contextlib.suppress(FileNotFoundError):
            self.state.update(json.loads(self.path("state.json").read_text()))
        for task in self.state["tasks"]:
            if task["status"] == "running" and not task.get("foreign"):
                task.update(status="stopped", exitstatus="unexpected status", endtime=int(time.time()))
        for machine in self.state["machines"].values():
            machine.pop("in_task", None)

    def start_again(self, facts):
        """Everything as at first, and these facts."""
        self.state = json.loads(json.dumps(FRESH))
        self.set_up(self)
        merge(self.state, facts)

    def save(self):
        with self.lock:
            new = self.path("state.json.new")
            new.write_text(json.dumps(self.state, indent=1))
            os.replace(new, self.path("state.json"))

    def next(self):
        self.state["sequence"] += 1
        return self.state["sequence"]

    @contextlib.contextmanager
    def busy(self, vmid, kind, seconds=None):
        """One change of a machine at a time, as the lock of its configuration file; then the tree's own lock."""
        with self.lock:
            lock = self.machine_locks.setdefault(str(vmid), threading.RLock())
        if not lock.acquire(timeout=CONFIG_LOCK_SECONDS if seconds is None else seconds):
            folder, prefix = ("/run/lock/lxc/pve-config", "") if kind == "lxc" else ("/var/lock/qemu-server", "lock-")
            raise failed(f"can't lock file '{folder}/{prefix}{vmid}.{'lock' if kind == 'lxc' else 'conf'}' - got timeout")
        try:
            with self.lock:
                yield
                self.save()
        finally:
            lock.release()

    @contextlib.contextmanager
    def unlocked(self):
        """Gives the tree's lock up for a while (a pause, a copy)."""
        self.lock.release()
        try:
            yield
        finally:
            self.lock.acquire()

    def machine(self, vmid, kind, node):
        """The machine, or the error of a configuration file that is not there."""
        machine = self.state["machines"].get(str(vmid))
        if not machine or machine["type"] != kind or machine["node"] != node:
            folder = "qemu-server" if kind == "qemu" else "lxc"
            raise ApiError(500, f"Configuration file 'nodes/{node}/{folder}/{vmid}.conf' does not exist")
        return machine

    def new_machine(self, vmid, kind, node):
        machine = {"type": kind, "node": node, "config": {}, "pending": {}, "delete": {}, "snapshots": {}, "running": None,
                   "calls": []}
        self.state["machines"][str(vmid)] = machine
        return machine


def merge(old, new):
    """What a test puts into the state: dictionaries are merged, null removes, anything else replaces."""
    for key, value in new.items():
        if value is None:
            old.pop(key, None)
        elif isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(old[key], value)
        else:
            old[key] = value
