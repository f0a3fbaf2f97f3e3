"""Snapshots of virtual machines: all disks at once, when all of them can."""
import re
import time
import uuid

from . import drives, qemu, tasks
from .errors import TaskError, failed
from .routes import route


def disks(config):
    return {key: drives.volume_of(value) for key, value in config.items()
            if drives.is_drive(key) and "media=cdrom" not in value and ":" in value}


def possible(config):
    return all(volid.endswith(".qcow2") for volid in disks(config).values())


@route("GET /nodes/{node}/qemu/{vmid}/snapshot")
def listed(world, call):
    machine = world.machine(call.params["vmid"], "qemu", call.params["node"])
    return listing(machine)


def listing(machine):
    keys = ("description", "snaptime", "vmstate", "parent")
    found = [{"name": name, **{key: snapshot[key] for key in keys if key in snapshot}}
             for name, snapshot in machine["snapshots"].items()]
    here = {"name": "current", "description": "You are here!", "running": 1 if machine["running"] else 0,
            "digest": qemu.digest_of(machine)}
    if machine["config"].get("parent"):
        here["parent"] = machine["config"]["parent"]
    return found + [here]


@route("GET /nodes/{node}/lxc/{vmid}/snapshot")
def listed_lxc(world, call):
    return listing(world.machine(call.params["vmid"], "lxc", call.params["node"]))


@route("POST /nodes/{node}/qemu/{vmid}/snapshot")
def create(world, call):
    ask, vmid = call.params, call.params["vmid"]

    def work(task):
        machine = world.machine(vmid, "qemu", ask["node"])
        qemu.check_lock(machine)
        config = machine["config"]
        if ask["snapname"] in machine["snapshots"]:
            raise TaskError(f"snapshot name '{ask['snapname']}' already used")
        if not possible(config):
            raise TaskError("snapshot feature is not available")
        for key, volid in sorted(disks(config).items()):
            task.log(f"snapshotting 'drive-{key}' ({volid})")
        kept = {key: value for key, value in config.items() if not re.fullmatch(r"unused\d+|parent", key)}
        entry = {"config": kept, "snaptime": int(time.time()), "description": ask.get("description", ""), "vmstate": 0}
        if config.get("parent"):
            entry["parent"] = config["parent"]
        machine["snapshots"][ask["snapname"]] = entry
        config["parent"] = ask["snapname"]
    world.machine(vmid, "qemu", ask["node"])
    return tasks.start(world, call, "qmsnapshot", vmid, work, vmid)


def snapshot_of(machine, name):
    if name not in machine["snapshots"]:
        raise failed(f"snapshot '{name}' does not exist")
    return machine["snapshots"][name]


@route("POST /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback")
def rollback(world, call):
    ask, vmid = call.params, call.params["vmid"]

    def work(_task):
        machine = world.machine(vmid, "qemu", ask["node"])
        kept = snapshot_of(machine, ask["snapname"])["config"]
        old, held = machine["config"], set(disks(kept).values())
        machine["running"] = None
        for volid in disks(old).values():
            if volid not in held:
                drives.keep_unused(old, volid)
        left = {key: value for key, value in old.items()
                if drives.UNUSED.fullmatch(key) and drives.volume_of(value) not in held}
        machine["config"] = {**kept, **left, "parent": ask["snapname"], "vmgenid": str(uuid.uuid4())}
        machine["pending"], machine["delete"] = {}, {}
    world.machine(vmid, "qemu", ask["node"])
    return tasks.start(world, call, "qmrollback", vmid, work, vmid)


@route("DELETE /nodes/{node}/qemu/{vmid}/snapshot/{snapname}")
def delete(world, call):
    ask, vmid = call.params, call.params["vmid"]

    def work(_task):
        machine = world.machine(vmid, "qemu", ask["node"])
        entry = snapshot_of(machine, ask["snapname"])
        del machine["snapshots"][ask["snapname"]]
        for other in [machine["config"], *machine["snapshots"].values()]:
            if other.get("parent") == ask["snapname"]:
                other.pop("parent")
                if entry.get("parent"):
                    other["parent"] = entry["parent"]
    world.machine(vmid, "qemu", ask["node"])
    return tasks.start(world, call, "qmdelsnapshot", vmid, work, vmid)


@route("GET /nodes/{node}/qemu/{vmid}/feature")
def feature(world, call):
    config = world.machine(call.params["vmid"], "qemu", call.params["node"])["config"]
    has = possible(config) if call.params["feature"] == "snapshot" else False
    return {"hasFeature": int(has), "nodes": list(world.options.node)}


@route("GET /nodes/{node}/lxc/{vmid}/feature")
def feature_lxc(world, call):
    world.machine(call.params["vmid"], "lxc", call.params["node"])
    return {"hasFeature": 0}
