"""Containers: created from templates, configured, started, their volumes moved from one to another."""
import copy
import re

from . import drives, power, qemu, schema, storage, tasks
from .errors import ApiError, TaskError, bad_parameter, failed
from .routes import route

MOUNT = re.compile(r"rootfs|mp(?:0|[1-9]\d*)")
NOT_CONFIG = qemu.NOT_CONFIG + ("ostemplate", "restore", "password", "ssh-public-keys", "ignore-unpack-errors", "storage")
AT_ONCE = re.compile(r"description|onboot|startup|protection|hookscript|tags|lock|memory|swap|cores|cpulimit|cpuunits|"
                     r"net\d+|mp\d+|unused\d+|nameserver|searchdomain")
UNPACKED = 3  # a template's files are about so many times as large as the template
KEYS = ("ecdsa", "rsa", "ed25519")
TAR = ("lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- tar xpf - --zstd --totals --one-file-system -p --sparse "
       "--numeric-owner --acls --xattrs '--xattrs-include=user.*' '--xattrs-include=security.capability' "
       "'--warning=no-file-ignored' '--warning=no-xattr-write' -C /var/lib/lxc/{}/rootfs --skip-old-files --anchored "
       "--exclude './dev/*'")


def format_of(world, key):
    return schema.kind_of(world.version, "lxc", key)["format"]


def normal(world, key, value):
    if key == "tags":
        return qemu.tags_of(value)
    if key == "description":
        return value.rstrip("\n") + "\n"
    if re.fullmatch(r"net\d+", key):
        values = {"type": "veth", **schema.parse(format_of(world, key), value)[0]}
        values.setdefault("hwaddr", qemu.new_mac(world))
        return schema.write(format_of(world, key), values)
    return value


def machine_of(world, call):
    return world.machine(call.params["vmid"], "lxc", call.params["node"])


# --- creating --------------------------------------------------------------------------------------------------------

@route("POST /nodes/{node}/lxc")
def create(world, call):
    ask, vmid, node = call.params, call.params["vmid"], call.params["node"]
    qemu.check_pool(world, call)
    if ask.get("unprivileged") == 0 and world.version == "9.2":
        call.token.demand("/", "Sys.Modify")
    if ask.get("restore"):
        if storage.sort_of(ask["ostemplate"]) != "backup":
            raise failed(f"unable to use volume {ask['ostemplate']} - content type needs to be 'backup'")
        raise failed("stand-in: restoring is not there")
    if qemu.already(world, vmid):
        raise failed(qemu.already(world, vmid))
    check_features(ask)
    mounts = {key: ask[key] for key in sorted(ask, key=mount_order) if MOUNT.fullmatch(key)}
    mounts.setdefault("rootfs", f"{ask.get('storage', 'local')}:4")
    for key, value in mounts.items():
        check_mount(world, call, key, value)
    check_bridges(call)
    template = ask["ostemplate"]
    storage.get(world, template.split(":")[0])
    if storage.sort_of(template) != "vztmpl":
        raise failed(f"unable to use volume {template} - content type needs to be 'vztmpl'")

    def work(task):
        try:
            build(world, task, call, mounts, template)
        except (TaskError, ApiError) as problem:
            raise TaskError(f"unable to create CT {vmid} - {getattr(problem, 'message', problem)}") from problem
        if ask.get("pool"):
            world.state["pools"][ask["pool"]]["members"].append(int(vmid))
        if ask.get("start"):
            start(world, call, task, vmid)
    return tasks.start(world, call, "vzcreate", vmid, work, vmid)


def mount_order(key):
    """rootfs, then mp0, mp1, …"""
    return -1 if key == "rootfs" else int(re.sub(r"\D", "", key) or 0)


def check_features(ask):
    flags = schema.options_of(ask.get("features", ""))
    if flags and ask.get("unprivileged") == 0:
        raise ApiError(403, "Permission check failed (changing feature flags for privileged container is only allowed "
                       "for root@pam)")
    if set(flags) - {"nesting"}:
        raise ApiError(403, "Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)")


def check_mount(world, call, key, value):
    values = schema.parse(format_of(world, key), value)[0]
    volume = values["volume"]
    if volume.startswith("/"):
        sort = "device" if volume.startswith("/dev/") else "bind"
        raise ApiError(403, f"Permission check failed (mount point type {sort} is only allowed for root@pam)")
    store = storage.get(world, volume.split(":")[0])
    call.token.demand(f"/storage/{volume.split(':')[0]}", "Datastore.AllocateSpace")
    if "rootdir" not in store["content"]:
        raise ApiError(400, "Parameter verification failed.",
                       {"storage": f"storage '{volume.split(':')[0]}' does not support container directories"})


def check_bridges(call):
    for key, value in call.params.items():
        bridge = re.search(r"bridge=([^,]+)", str(value)) if re.fullmatch(r"net\d+", key) else None
        if bridge:
            call.token.demand(f"/sdn/zones/localnetwork/{bridge[1]}", "SDN.Use")


def allocate(world, task, node, vmid, key, value):
    """A mount point's value with a volume of its own, when it asks for one."""
    values = schema.parse(format_of(world, key), value)[0]
    new = drives.ALLOCATED.fullmatch(values["volume"])
    if new:
        size = int(float(new[2]) * 1024) << 20
        volid = storage.free_name(world, node, new[1], vmid, "raw")
        storage.allocate(task, world, node, volid, size, "raw", "rootdir")
        values.update(volume=volid, size=storage.size_text(size))
    else:
        facts = storage.find(world, node, values["volume"])
        if not facts:
            raise TaskError(f"failed to stat '{storage.shown_path(world, values['volume'])}'")
        values["size"] = storage.size_text(facts["size"])
    return schema.write(format_of(world, key), values)


def build(world, task, call, mounts, template):
    ask, vmid, node = call.params, call.params["vmid"], call.params["node"]
    if qemu.already(world, vmid):
        raise failed(qemu.already(world, vmid))
    machine = world.new_machine(vmid, "lxc", node)
    config = machine["config"]
    try:
        for key, value in mounts.items():
            config[key] = allocate(world, task, node, vmid, key, value)
        unpack(world, task, vmid, node, template, config["rootfs"])
    except (TaskError, ApiError):
        for facts in list(world.state["volumes"].values()):
            if facts.get("vmid") == int(vmid) and facts["node"] == node:
                storage.remove(world, node, facts["volid"])
        del world.state["machines"][str(vmid)]
        raise
    config.update({"arch": "amd64", "ostype": "debian", "memory": 512, "swap": 512, "hostname": f"CT{vmid}"})
    config.update({key: normal(world, key, value) for key, value in ask.items()
                   if key not in NOT_CONFIG and not MOUNT.fullmatch(key)})
    if not config.get("unprivileged"):
        config.pop("unprivileged", None)
    for name in KEYS:
        task.log(f"Creating SSH host key 'ssh_host_{name}_key' - this may take some time ...",
                 f"done: SHA256:{'x' * 43} root@{ask.get('hostname', 'localhost')}")
    if "nesting=1" not in config.get("features", ""):
        task.warn("Systemd 257 detected. You may need to enable nesting.")


def unpack(world, task, vmid, node, template, root):
    facts = storage.find(world, node, template)
    if not facts:
        task.log(f"volume '{template}' does not exist")
        raise TaskError(f"volume '{template}' does not exist")
    volume = storage.find(world, node, drives.volume_of(root))
    task.log(f"extracting archive '{storage.shown_path(world, template)}'")
    if facts["size"] * UNPACKED > volume["size"]:
        task.log("tar: ./usr/lib/x86_64-linux-gnu/libgnutls.so.30: Cannot write: No space left on device")
        raise TaskError(f"command '{TAR.format(vmid)}' failed: exit code 2")
    task.log(f"Total bytes read: {facts['size'] * UNPACKED} (1MiB, 1MiB/s)", "Detected container architecture: amd64")
    volume.update(sha256=facts["sha256"], source=template, used=facts["size"])


@route("DELETE /nodes/{node}/lxc/{vmid}")
def destroy(world, call):
    vmid, machine = call.params["vmid"], machine_of(world, call)
    if machine["config"].get("protection"):
        raise failed(f"can't remove CT {vmid} - protection mode enabled")
    qemu.check_lock(machine, "CT")
    if machine["running"] and not call.params.get("force"):
        raise failed(f"unable to destroy CT {vmid} - container is running")

    def work(task):
        machine = machine_of(world, call)
        for volid in qemu.owned(world, machine, vmid, call.params.get("destroy-unreferenced-disks")):
            storage.remove(world, machine["node"], volid)
        qemu.forget(world, vmid, task, call, "CT")
    return tasks.start(world, call, "vzdestroy", vmid, work, vmid)


# --- the configuration -----------------------------------------------------------------------------------------------

@route("GET /nodes/{node}/lxc/{vmid}/config")
def config_of(world, call):
    machine = machine_of(world, call)
    config = dict(machine["config"])
    if not call.params.get("current"):
        config.update(machine["pending"])
        for key in machine["delete"]:
            config.pop(key, None)
    return {**config, "digest": qemu.digest_of(machine)}


@route("GET /nodes/{node}/lxc/{vmid}/pending")
def pending_of(world, call):
    return qemu.pending_list(machine_of(world, call))


@route("PUT /nodes/{node}/lxc/{vmid}/config", unlocked=True)
def put(world, call):
    with world.busy(call.params["vmid"], "lxc"):
        change(world, call)


def change(world, call):
    ask, machine = call.params, machine_of(world, call)
    given = {key: value for key, value in ask.items() if key not in NOT_CONFIG}
    dropped = schema.split_list(ask.get("delete", ""))
    for key in dropped:
        if not schema.kind_of(world.version, "lxc", key):
            raise bad_parameter(delete=f"unknown option '{key}'")
    qemu.demand(call, ask["vmid"], [re.sub(r"^(?:mp\d+|rootfs)$", "unused0", key) for key in list(given) + dropped])
    if "features" in given:
        check_features({"unprivileged": machine["config"].get("unprivileged", 0), **given})
    qemu.check_lock(machine, "CT")
    if ask.get("digest", qemu.digest_of(machine)) != qemu.digest_of(machine):
        raise failed(f"Container {ask['vmid']}: detected modified configuration - file changed by other user? Try again.")
    before = copy.deepcopy(machine)
    for key in schema.split_list(ask.get("revert", "")):
        machine["pending"].pop(key, None)
        machine["delete"].pop(key, None)
    for key in dropped:
        if key in machine["config"]:
            machine["delete"][key] = 0
    for key, value in given.items():
        if MOUNT.fullmatch(key):
            check_mount(world, call, key, value)
            value = allocate(world, None, machine["node"], ask["vmid"], key, value)
            drives.forget_unused(machine["config"], drives.volume_of(value))
        machine["delete"].pop(key, None)
        machine["pending"][key] = normal(world, key, value)
        if machine["config"].get(key) == machine["pending"][key]:
            del machine["pending"][key]
    problems = apply(world, machine)
    if problems:
        machine.update(before)
        raise ApiError(400, "Parameter verification failed.", problems)


def apply(world, machine):
    """Takes over what is pending, as far as a running container lets it; {key: why it could not be}."""
    config, problems = machine["config"], {}
    for key in list(machine["delete"]):
        if machine["running"] and not AT_ONCE.fullmatch(key):
            continue
        if machine["running"] and MOUNT.fullmatch(key):
            continue
        del machine["delete"][key]
        if drives.UNUSED.fullmatch(key) or MOUNT.fullmatch(key):
            drives.release(world, machine, key, False)
        else:
            config.pop(key, None)
    for key, value in list(machine["pending"].items()):
        if machine["running"] and not AT_ONCE.fullmatch(key):
            continue
        bridge = re.search(r"bridge=([^,]+)", value) if re.fullmatch(r"net\d+", key) else None
        if machine["running"] and bridge and "tag=" in value and not world.state["bridges"].get(bridge[1], {}).get("physical"):
            problems[key] = f"unable to hotplug {key}: no physical interface on bridge '{bridge[1]}'\n"
            continue
        old = drives.volume_of(config.get(key, "")) if MOUNT.fullmatch(key) else ""
        del machine["pending"][key]
        config[key] = value
        if old and old != drives.volume_of(value):
            drives.keep_unused(config, old)
    return problems


# --- power -----------------------------------------------------------------------------------------------------------

def start(world, call, task, vmid):
    machine = world.machine(vmid, "lxc", call.params["node"])
    qemu.check_lock(machine, "CT")
    apply(world, machine)
    for key, value in machine["config"].items():
        bridge = re.search(r"bridge=([^,]+)", str(value)) if re.fullmatch(r"net\d+", key) else None
        if bridge and bridge[1] not in world.state["bridges"]:
            raise TaskError(f"bridge '{bridge[1]}' does not exist")
    world.guests.start(task, vmid, machine)


def stop(world, call, _task, vmid):
    machine = world.machine(vmid, "lxc", call.params["node"])
    qemu.check_lock(machine, "CT")
    machine["running"] = None
    apply(world, machine)


def shutdown(world, call, task, vmid):
    machine = world.machine(vmid, "lxc", call.params["node"])
    qemu.check_lock(machine, "CT")
    if machine["running"] and not world.guests.shut_down(vmid, machine, call.params.get("timeout", 60)):
        if not call.params.get("forceStop"):
            raise TaskError("command 'lxc-stop -n %s --nokill --timeout %s' failed: exit code 1"
                            % (vmid, call.params.get("timeout", 60)))
    stop(world, call, task, vmid)


def reboot(world, call, task, vmid):
    shutdown(world, call, task, vmid)
    start(world, call, task, vmid)


def must(world, call, running, text):
    """Containers say at once what machines say in their task."""
    if bool(machine_of(world, call)["running"]) != running and not power.ha_of(world, call):
        raise failed(text)


@route("POST /nodes/{node}/lxc/{vmid}/status/start")
def start_call(world, call):
    must(world, call, False, f"CT {call.params['vmid']} already running")
    return power.power(world, call, "start", start)


@route("POST /nodes/{node}/lxc/{vmid}/status/stop")
def stop_call(world, call):
    must(world, call, True, f"CT {call.params['vmid']} not running")
    return power.power(world, call, "stop", stop)


@route("POST /nodes/{node}/lxc/{vmid}/status/shutdown")
def shutdown_call(world, call):
    must(world, call, True, "can't shutdown CT: not running")
    return power.power(world, call, "shutdown", shutdown)


@route("POST /nodes/{node}/lxc/{vmid}/status/reboot")
def reboot_call(world, call):
    must(world, call, True, f"CT {call.params['vmid']} not running")
    return power.power(world, call, "reboot", reboot)


@route("GET /nodes/{node}/lxc/{vmid}/status/current")
def current(world, call):
    vmid, machine = call.params["vmid"], machine_of(world, call)
    config = machine["config"]
    size = re.search(r"size=([^,]+)", config.get("rootfs", ""))
    answer = {"vmid": vmid, "type": "lxc", "name": config["hostname"], "status": "running" if machine["running"] else "stopped",
              "uptime": power.uptime(machine), "ha": power.managed(world, "ct", vmid), "cpus": config.get("cores", 2), "cpu": 0,
              "mem": 0, "maxmem": config["memory"] << 20, "swap": 0, "maxswap": config["swap"] << 20, "disk": 0,
              "maxdisk": storage.parse_size(size[1]) if size else 0, "diskread": 0, "diskwrite": 0, "netin": 0, "netout": 0}
    for key in ("tags", "template", "lock"):
        if config.get(key):
            answer[key] = config[key]
    return answer


@route("GET /nodes/{node}/lxc/{vmid}/interfaces")
def interfaces(world, call):
    machine = machine_of(world, call)
    if not machine["running"]:
        return None
    found = [face("lo", "00:00:00:00:00:00", "127.0.0.1/8", "::1/128")]
    for key in sorted(key for key in machine["config"] if re.fullmatch(r"net\d+", key)) if world.guests.up(machine) else []:
        values = schema.parse(format_of(world, key), machine["config"][key])[0]
        found.append(face(values["name"], values["hwaddr"].lower(), *(values.get(word, "") for word in ("ip", "ip6"))))
    return found


def face(name, mac, *addresses):
    told = [text for text in addresses if "/" in text]
    entry = {"name": name, "hwaddr": mac, "hardware-address": mac, "ip-addresses": [
        {"ip-address": text.split("/")[0], "prefix": text.split("/")[1], "ip-address-type": "inet6" if ":" in text else "inet"}
        for text in told]}
    for text in told:
        entry.setdefault("inet6" if ":" in text else "inet", text)
    return entry
