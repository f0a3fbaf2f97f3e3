"""Configurations of virtual machines: created, changed at once or at the next start, looked at."""
import hashlib
import json
import re
import time
import uuid

from . import drives, schema, storage, tasks
from .errors import ApiError, bad_parameter, failed
from .routes import route

PREFIX = "BC:24:11"
NOT_CONFIG = ("vmid", "node", "pool", "start", "force", "archive", "storage", "unique", "bwlimit", "live-restore", "skiplock",
              "import-working-storage", "ha-managed", "digest", "delete", "revert", "background_delay",
              "import-extraction-storage")
NEEDS = (("VM.Config.Disk", r"(?:scsi|virtio|sata|ide|unused)\d+|efidisk0|tpmstate0"),
         ("VM.Config.CPU", "cpu|cores|sockets|cpulimit|cpuunits|vcpus|numa|affinity|numa\\d+"),
         ("VM.Config.Memory", "memory|balloon|shares|hugepages"),
         ("VM.Config.Network", "net\\d+|nameserver|searchdomain|ipconfig\\d+"),
         ("VM.Config.Cloudinit", "ci.*|sshkeys"),
         ("VM.Config.HWType", "machine|bios|scsihw|vga|serial\\d+|audio0|rng0|kvm|acpi|arch|watchdog|usb\\d+|smbios1|vmgenid"))
AT_ONCE = {"description", "name", "onboot", "protection", "tags", "startup", "hookscript", "lock", "shares", "hotplug",
           "migrate_downtime", "migrate_speed", "vmstatestorage", "meta"}
HOTPLUG = "network,disk,usb"


def new_mac(world):
    return PREFIX + "".join(f":{byte:02X}" for byte in hashlib.md5(str(world.next()).encode()).digest()[:3])


def digest_of(machine):
    text = json.dumps([machine["config"], machine["pending"], machine["delete"], machine["snapshots"]], sort_keys=True)
    return hashlib.sha1(text.encode()).hexdigest()


def tags_of(text):
    return ";".join(sorted({tag.lower() for tag in schema.split_list(text)}))


def normal(world, key, value):
    """As a value is kept: tags sorted, a network card with its address."""
    if key == "tags":
        return tags_of(value)
    if re.fullmatch(r"net\d+", key):
        name = schema.kind_of(world.version, "qemu", key)["format"]
        values = schema.parse(name, value)[0]
        values.setdefault("macaddr", new_mac(world))
        return schema.write(name, values)
    return value


def demand(call, vmid, keys):
    """The privileges that changing these options needs."""
    for key in keys:
        wanted = next((privilege for privilege, regex in NEEDS if re.fullmatch(regex, key)), "VM.Config.Options")
        value = str(call.params.get(key, ""))
        if "cloudinit" in value or "media=cdrom" in value:
            wanted = "VM.Config.CDROM"
        call.token.demand(f"/vms/{vmid}", wanted)
        bridge = re.search(r"bridge=([^,]+)", value) if key.startswith("net") else None
        if bridge:
            call.token.demand(f"/sdn/zones/localnetwork/{bridge[1]}", "SDN.Use")


def check_lock(machine, kind="VM"):
    lock = machine["config"].get("lock")
    if lock:
        raise failed(f"{kind} is locked ({lock})")


# --- creating --------------------------------------------------------------------------------------------------------

def check_pool(world, call):
    """Making a machine needs VM.Allocate on its id, or on the pool that it goes into."""
    pool, vmid = call.params.get("pool"), call.params["vmid"]
    if pool is not None and pool not in world.state["pools"]:
        raise failed(f"pool '{pool}' does not exist")
    if not call.token.may(f"/vms/{vmid}", "VM.Allocate") and not (pool and call.token.may(f"/pool/{pool}", "VM.Allocate")):
        raise ApiError(403, "Permission check failed")


def already(world, vmid):
    machine = world.state["machines"].get(str(vmid))
    if machine:
        return f"{'VM' if machine['type'] == 'qemu' else 'CT'} {vmid} already exists on node '{machine['node']}'"
    return None


@route("POST /nodes/{node}/qemu")
def create(world, call):
    ask, vmid, node = call.params, call.params["vmid"], call.params["node"]
    check_pool(world, call)
    given = {key: value for key, value in ask.items() if key not in NOT_CONFIG}
    demand(call, vmid, given)
    for key in filter(drives.is_drive, given):
        drives.check(world, call, vmid, key, given[key])
    if "archive" in ask:
        raise failed("stand-in: restoring a virtual machine is not there")
    if already(world, vmid):
        raise failed(f"unable to create VM {vmid} - {already(world, vmid)}")

    def work(task):
        if already(world, vmid):
            raise failed(f"unable to create VM {vmid} - {already(world, vmid)}")
        machine = world.new_machine(vmid, "qemu", node)
        machine["config"]["lock"] = "create"
        try:
            disks = drives.create(world, task, node, vmid, given)
        except Exception as problem:
            del world.state["machines"][str(vmid)]
            message = getattr(problem, "message", None) or str(problem)
            raise failed(f"unable to create VM {vmid} - {message}") from problem
        config = {key: normal(world, key, value) for key, value in given.items()}
        config.update(disks, smbios1=f"uuid={uuid.uuid4()}", vmgenid=str(uuid.uuid4()),
                      meta=f"creation-qemu=10.1.2,ctime={int(time.time())}")
        machine["config"] = config
        if ask.get("pool"):
            world.state["pools"][ask["pool"]]["members"].append(int(vmid))
        if ask.get("start"):
            from . import power  # pylint: disable=import-outside-toplevel # it needs this module
            power.start(world, call, task, vmid)
    return tasks.start(world, call, "qmcreate", vmid, work, vmid)


@route("DELETE /nodes/{node}/qemu/{vmid}")
def destroy(world, call):
    vmid, node = call.params["vmid"], call.params["node"]
    machine = world.machine(vmid, "qemu", node)
    if machine["config"].get("protection"):
        raise failed(f"can't remove VM {vmid} - protection mode enabled")
    check_lock(machine)
    if machine["running"]:
        raise failed(f"VM {vmid} is running - destroy failed")

    def work(task):
        machine = world.machine(vmid, "qemu", node)
        gone = owned(world, machine, vmid, call.params.get("destroy-unreferenced-disks"))
        for volid in gone:
            clones = [other for other in world.state["volumes"].values() if other["volid"].startswith(volid + "/")]
            if clones:
                raise failed(f"base volume '{volid}' is still in use by linked cloned")
        for volid in gone:
            storage.remove(world, node, volid)
        forget(world, vmid, task, call, "VM")
    return tasks.start(world, call, "qmdestroy", vmid, work, vmid)


def owned(world, machine, vmid, everything):
    """The volumes that go with a machine: the boot disk last, as bases of clones are found by it."""
    values = [drives.volume_of(value) for key, value in machine["config"].items()
              if drives.is_drive(key) or re.fullmatch(r"unused\d+|mp\d+|rootfs", key)]
    values += [drives.volume_of(value) for value in machine["pending"].values() if ":" in str(value)]
    mine = [facts["volid"] for facts in world.state["volumes"].values()
            if facts.get("vmid") == int(vmid) and facts["content"] in ("images", "rootdir")
            and facts["node"] == machine["node"]]
    return [volid for volid in mine if everything or volid in values]


def forget(world, vmid, task, call, word):
    del world.state["machines"][str(vmid)]
    if call.params.get("purge"):
        task.log(f"purging {word} {vmid} from related configurations..")
        world.state["ha"].pop(f"{'vm' if word == 'VM' else 'ct'}:{vmid}", None)
    for pool in world.state["pools"].values():
        pool["members"] = [member for member in pool["members"] if member != int(vmid)]


# --- looking ---------------------------------------------------------------------------------------------------------

def shown(key, value):
    return "**********" if key == "cipassword" else value


@route("GET /nodes/{node}/qemu/{vmid}/config")
def config_of(world, call):
    machine = world.machine(call.params["vmid"], "qemu", call.params["node"])
    config = dict(machine["config"])
    if call.params.get("snapshot"):
        if call.params["snapshot"] not in machine["snapshots"]:
            raise failed(f"snapshot '{call.params['snapshot']}' does not exist")
        config = dict(machine["snapshots"][call.params["snapshot"]]["config"])
    elif not call.params.get("current"):
        config.update(machine["pending"])
        for key in machine["delete"]:
            config.pop(key, None)
    return {**{key: shown(key, value) for key, value in config.items()}, "digest": digest_of(machine)}


@route("GET /nodes/{node}/qemu/{vmid}/pending")
def pending_of(world, call):
    return pending_list(world.machine(call.params["vmid"], "qemu", call.params["node"]))


def pending_list(machine):
    found = []
    for key, value in {**machine["config"], "digest": digest_of(machine)}.items():
        entry = {"key": key, "value": shown(key, value)}
        if key in machine["pending"]:
            entry["pending"] = shown(key, machine["pending"][key])
        if key in machine["delete"]:
            entry["delete"] = 2 if machine["delete"][key] else 1
        found.append(entry)
    return found + [{"key": key, "pending": shown(key, value)} for key, value in machine["pending"].items()
                    if key not in machine["config"]]


# --- changing --------------------------------------------------------------------------------------------------------

@route("PUT /nodes/{node}/qemu/{vmid}/config", unlocked=True)
def put(world, call):
    vmid = call.params["vmid"]
    with world.busy(vmid, "qemu"):
        given, dropped = prepare(world, call)
        change(world, Silent(), call, given, dropped)


class Silent:
    """In the place of a task, where there is none."""

    def log(self, *lines):
        pass

    warn = log


@route("POST /nodes/{node}/qemu/{vmid}/config", unlocked=True)
def post(world, call):
    vmid = call.params["vmid"]
    with world.busy(vmid, "qemu"):
        given, dropped = prepare(world, call)
    told = " ".join(f"-{key} {value}" for key, value in call.params.items()
                    if key not in ("node", "vmid", "digest", "background_delay"))

    def work(task):
        task.log(f"update VM {vmid}: {told}")
        change(world, task, call, given, dropped)
    return tasks.start(world, call, "qmconfig", vmid, work, vmid)


def prepare(world, call):
    """What is checked before anything is done: ({key: value} to set, [key] to delete)."""
    ask, vmid = call.params, call.params["vmid"]
    machine = world.machine(vmid, "qemu", ask["node"])
    given = {key: value for key, value in ask.items() if key not in NOT_CONFIG}
    dropped = schema.split_list(ask.get("delete", ""))
    for key in dropped:
        if key in given:
            raise bad_parameter(**{"delete": f"duplicate definition of '{key}'"})
    for key in dropped + schema.split_list(ask.get("revert", "")):
        if not schema.kind_of(world.version, "qemu", key):
            raise bad_parameter(delete=f"unknown option '{key}'")
    demand(call, vmid, list(given) + dropped)
    for key in filter(drives.is_drive, given):
        drives.check(world, call, vmid, key, given[key])
    if ask.get("digest", digest_of(machine)) != digest_of(machine):
        raise failed("checksum mismatch (file change by other user?)")
    check_lock(machine)
    return given, dropped


def change(world, task, call, given, dropped):
    """Sets and deletes options: at once where that can be, else at the next start."""
    machine = world.machine(call.params["vmid"], "qemu", call.params["node"])
    for key in schema.split_list(call.params.get("revert", "")):
        revert(machine, key)
    disks = drives.create(world, task, machine["node"], call.params["vmid"], given)
    for key in dropped:
        if drives.UNUSED.fullmatch(key) and machine["config"].get("protection") and key in machine["config"]:
            raise failed(f"can't remove unused disk '{machine['config'][key]}' - protection mode enabled")
        if key in machine["pending"]:
            revert(machine, key)
        if key in machine["config"]:
            machine["delete"][key] = call.params.get("force", 0)
    for key, value in given.items():
        value = disks.get(key, normal(world, key, value))
        machine["delete"].pop(key, None)
        if key in machine["pending"] and value != machine["pending"][key]:
            revert(machine, key)
        if machine["config"].get(key) != value:
            machine["pending"][key] = value
            if drives.is_drive(key):
                drives.forget_unused(machine["config"], drives.volume_of(value))
        else:
            machine["pending"].pop(key, None)
    problems = apply(world, machine)
    if problems:
        raise ApiError(400, "Parameter verification failed.", problems)


def revert(machine, key):
    """Forgets what is pending; a volume that was made for it stays unused."""
    machine["delete"].pop(key, None)
    value = machine["pending"].pop(key, None)
    if value and drives.is_drive(key) and drives.volume_of(value) != drives.volume_of(machine["config"].get(key, "")):
        drives.keep_unused(machine["config"], drives.volume_of(value))


def apply(world, machine):
    """Takes over what is pending, as far as a running machine lets it; {key: why it cannot be, though it is hot-plugged}."""
    problems = {}
    for key, force in list(machine["delete"].items()):
        late = stays_pending(machine, key, None) if machine["running"] else None
        if late is None:
            drop(world, machine, key, force)
        elif late:
            problems[key] = late
    for key, value in list(machine["pending"].items()):
        late = stays_pending(machine, key, value) if machine["running"] else None
        if late is None:
            set_option(world, machine, key, value)
        elif late:
            problems[key] = late
    return problems


def stays_pending(machine, key, value):
    """None: it can be done in the running machine. "": it waits. Else: the problem that the hot-plugging has."""
    config = machine["config"]
    words = str(config.get("hotplug", HOTPLUG)).replace("1", HOTPLUG).split(",")
    if key in AT_ONCE or drives.UNUSED.fullmatch(key):
        return None
    if re.fullmatch(r"net\d+", key):
        return None if "network" in words else ""
    old = config.get(key)
    if drives.is_drive(key) and value is not None and old and drives.is_cdrom(old):
        return None if drives.is_cdrom(value) else "unable to change media type\n"  # another disc, or none, into its drive
    if not re.fullmatch(r"(?:scsi|virtio|sata)\d+", key):
        return ""
    if value is not None and old and drives.volume_of(old) == drives.volume_of(value):
        return ""
    if "disk" not in words:
        return ""
    if old and key in drives.boot_order(config):
        return f"hotplug problem - can't unplug bootdisk '{key}'\n"
    return None


def drop(world, machine, key, force):
    del machine["delete"][key]
    if key not in machine["config"]:
        return
    if drives.is_drive(key) or drives.UNUSED.fullmatch(key):
        drives.release(world, machine, key, force)
        order = drives.boot_order(machine["config"])
        if key in order:
            machine["config"]["boot"] = "order=" + ";".join(name for name in order if name != key)
    else:
        del machine["config"][key]


def set_option(world, machine, key, value):
    del machine["pending"][key]
    config = machine["config"]
    old = drives.volume_of(config.get(key, "")) if drives.is_drive(key) else ""
    config[key] = value
    if drives.is_drive(key):
        drives.forget_unused(config, drives.volume_of(value))
        if ":" in old and old != drives.volume_of(value) and storage.sort_of(old) == "images":
            if drives.is_seed(old):
                storage.remove(world, machine["node"], old)
            else:
                drives.keep_unused(config, old)


@route("PUT /nodes/{node}/qemu/{vmid}/unlink", unlocked=True)
def unlink(world, call):
    call.params["delete"] = call.params.pop("idlist")
    put(world, call)
