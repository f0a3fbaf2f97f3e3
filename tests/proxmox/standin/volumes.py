"""Volumes of containers move: to another container, or to another storage."""
from . import drives, lxc, qemu, schema, storage, tasks
from .errors import ApiError, failed
from .routes import route


@route("POST /nodes/{node}/lxc/{vmid}/move_volume", unlocked=True)
def move_volume(world, call):
    ask = call.params
    if "target-vmid" not in ask:
        with world.lock:
            return move_to_storage(world, call)
    ask.setdefault("target-volume", ask["volume"])
    with world.lock:
        check_move(world, call)
    ident = f"{ask['vmid']}-{ask['volume']}>{ask['target-vmid']}-{ask['target-volume']}"

    def work(task):
        source, target = check_move(world, call)
        values = schema.parse(lxc.format_of(world, ask["volume"]), source["config"][ask["volume"]])[0]
        task.log(f"moving volume '{ask['volume']}' from container '{ask['vmid']}' to '{ask['target-vmid']}'",
                 f"removing volume '{ask['volume']}' from container '{ask['vmid']}' config")
        old = values["volume"]
        del source["config"][ask["volume"]]
        values["volume"] = storage.free_name(world, source["node"], old.split(":")[0], ask["target-vmid"],
                                             old.rsplit(".", 1)[-1])
        storage.rename(world, source["node"], old, values["volume"])
        target["config"][ask["target-volume"]] = schema.write(lxc.format_of(world, ask["target-volume"]), values)
        task.log(f"target container '{ask['target-vmid']}' updated with '{ask['target-volume']}'")
    return tasks.start(world, call, "move_volume", ident, work, ask["vmid"])


def check_move(world, call):
    """What stands against it; answers both containers."""
    ask, node = call.params, call.params["node"]
    key, slot, other = ask["volume"], ask["target-volume"], ask["target-vmid"]
    source = lxc.machine_of(world, call)
    call.token.demand(f"/vms/{other}", "VM.Config.Disk")
    if "rootfs" in (key, slot):
        raise failed("Cannot move to/from 'rootfs'")
    target = world.state["machines"].get(str(other))
    if not target or target["type"] != "lxc":
        raise failed(f"could not find CT {other}")
    if target["node"] != node:
        raise failed(f"Both containers need to be on the same node ({node} != {target['node']})")
    qemu.check_lock(source, "CT")
    qemu.check_lock(target, "CT")
    for vmid, machine, digest in ((ask["vmid"], source, ask.get("digest")), (other, target, ask.get("target-digest"))):
        if digest and digest != qemu.digest_of(machine):
            raise failed(f"Container {vmid}: detected modified configuration - file changed by other user? Try again.")
    if drives.UNUSED.fullmatch(key) and not drives.UNUSED.fullmatch(slot):
        raise failed("Moving an unused volume to a used one is not possible")
    if key not in source["config"]:
        raise failed(f"volume '{key}' for container '{ask['vmid']}' does not exist")
    if slot in target["config"]:
        raise failed(f"Target volume key '{slot}' is already in use for container '{other}'")
    if source["running"] and not drives.UNUSED.fullmatch(key):
        raise failed("Cannot move in-use volume while the source CT is running - detach or shutdown first")
    if drives.in_snapshot(source, drives.volume_of(source["config"][key])):
        raise failed("cannot move volume - it is used in a snapshot")
    return source, target


def move_to_storage(world, call):
    """To another storage of the same container."""
    ask, machine = call.params, lxc.machine_of(world, call)
    if ask["volume"] not in machine["config"]:
        raise ApiError(500, "format error", {"volume": schema.MISSING, "mp": schema.MISSING})
    storage.get(world, ask["storage"])

    def work(task):
        values = schema.parse(lxc.format_of(world, ask["volume"]), machine["config"][ask["volume"]])[0]
        old = values["volume"]
        new = storage.free_name(world, machine["node"], ask["storage"], ask["vmid"], "raw")
        facts = dict(storage.find(world, machine["node"], old))
        task.log(storage.format_line(storage.shown_path(world, new), "raw", facts["size"]))
        facts.pop("volid")
        facts.pop("node")
        storage.add(world, machine["node"], new, **facts)
        values["volume"] = new
        machine["config"][ask["volume"]] = schema.write(lxc.format_of(world, ask["volume"]), values)
        if ask.get("delete"):
            storage.remove(world, machine["node"], old)
        else:
            drives.keep_unused(machine["config"], old)
    return tasks.start(world, call, "move_volume", ask["vmid"], work, ask["vmid"])
