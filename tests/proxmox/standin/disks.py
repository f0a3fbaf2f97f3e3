"""Disks grow and move."""
import subprocess

from . import drives, qemu, schema, storage, tasks
from .errors import TaskError, failed
from .routes import route


def resized(world, call, sort, key, task):
    machine = world.machine(call.params["vmid"], sort, call.params["node"])
    kind = schema.kind_of(world.version, sort, key)["format"]
    values = schema.parse(kind, machine["config"][key])[0]
    volid, text = drives.volume_of(machine["config"][key]), call.params["size"]
    facts = storage.find(world, machine["node"], volid)
    size = storage.parse_size(text.lstrip("+")) + (facts["size"] if text.startswith("+") else 0)
    if size < facts["size"]:
        raise TaskError("shrinking disks is not supported")
    if world.guests.real:
        subprocess.run(["qemu-img", "resize", "-q", "-f", facts["format"], storage.real_path(world, machine["node"], volid),
                        str(size)], check=True)
    task.log("Image resized.")
    facts["size"] = size
    values["size"] = storage.size_text(size)
    machine["config"][key] = schema.write(kind, values)


def resize(world, call, sort, word):
    vmid, key = call.params["vmid"], call.params["disk"]
    machine = world.machine(vmid, sort, call.params["node"])
    qemu.check_lock(machine, word)
    if call.params.get("digest", qemu.digest_of(machine)) != qemu.digest_of(machine):
        raise failed("checksum mismatch (file change by other user?)")
    if key not in machine["config"]:
        raise failed(f"disk '{key}' does not exist")
    return tasks.start(world, call, "resize", vmid, lambda task: resized(world, call, sort, key, task), vmid)


@route("PUT /nodes/{node}/qemu/{vmid}/resize")
def resize_qemu(world, call):
    return resize(world, call, "qemu", "VM")


@route("PUT /nodes/{node}/lxc/{vmid}/resize")
def resize_lxc(world, call):
    return resize(world, call, "lxc", "CT")


@route("POST /nodes/{node}/qemu/{vmid}/move_disk")
def move_disk(world, call):
    ask = call.params
    if "target-vmid" not in ask:
        raise failed("stand-in: moving a disk to another storage is not there")
    ask.setdefault("target-disk", ask["disk"])
    check_move(world, call)
    ident = f"{ask['vmid']}-{ask['disk']}>{ask['target-vmid']}-{ask['target-disk']}"

    def work(task):
        source, target = check_move(world, call)
        key, slot = ask["disk"], ask["target-disk"]
        value = source["config"][key]
        task.log(f"reassign disk '{key}' from VM '{ask['vmid']}' as '{slot}' to VM '{ask['target-vmid']}'",
                 f"removing disk '{key}' from VM '{ask['vmid']}' config")
        old = drives.volume_of(value)
        new = storage.free_name(world, source["node"], old.split(":")[0], ask["target-vmid"], old.rsplit(".", 1)[-1])
        storage.rename(world, source["node"], old, new)
        del source["config"][key]
        target["config"][slot] = value.replace(old, new)
        if drives.is_drive(slot):
            task.log(f"update VM {ask['target-vmid']}: -{slot} {target['config'][slot]}")
    return tasks.start(world, call, "qmmove", ident, work, ask["vmid"])


def check_move(world, call):
    ask = call.params
    source = world.machine(ask["vmid"], "qemu", ask["node"])
    call.token.demand(f"/vms/{ask['target-vmid']}", "VM.Config.Disk")
    target = world.state["machines"].get(str(ask["target-vmid"]))
    if not target or target["type"] != "qemu":
        raise failed(f"could not find VM {ask['target-vmid']}")
    for vmid, machine, digest in ((ask["vmid"], source, ask.get("digest")),
                                  (ask["target-vmid"], target, ask.get("target-digest"))):
        qemu.check_lock(machine)
        if digest and digest != qemu.digest_of(machine):
            raise failed(f"VM {vmid}: checksum mismatch (file change by other user?)")
    if ask["disk"] not in source["config"]:
        raise failed(f"Disk '{ask['disk']}' for VM '{ask['vmid']}' does not exist")
    if ask["target-disk"] in target["config"]:
        raise failed(f"Target disk key '{ask['target-disk']}' is already in use for VM '{ask['target-vmid']}'")
    if source["running"]:
        raise failed("Cannot move in-use disk while the source VM is running - detach or shutdown first"
                     if not drives.UNUSED.fullmatch(ask["disk"]) else "Cannot reassign a disk of a running VM")
    return source, target
