"""What is not of one machine: the version, nodes, the list of everything, permissions, pools, HA resources."""
import hashlib
import json
import time

from . import access, qemu, storage
from .errors import ApiError, bad_parameter, failed
from .routes import route

VERSIONS = {"9.2": {"version": "9.2.11", "release": "9.2", "repoid": "14a22df3"},
            "8.4": {"version": "8.4.14", "release": "8.4", "repoid": "b502d23c"}}
ALWAYS = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")


@route("GET /version")
def version(world, _call):
    return VERSIONS[world.version]


@route("GET /access/permissions")
def permissions(world, call):
    ask = call.params
    if "userid" in ask and ask["userid"] not in (call.token.name, call.token.user):
        call.token.demand("/access", "Sys.Audit")
    paths = [ask["path"]] if "path" in ask else sorted({*ALWAYS, *call.token.acl})
    found = {}
    for path in paths:
        have = call.token.privileges(path)
        if "*" in have:
            have = {*access.VMS, *access.AGENT[world.version], *access.STORAGE, "SDN.Use", "Sys.Audit", "Sys.Modify",
                    "Sys.Console", "Pool.Audit", "Pool.Allocate", "Permissions.Modify"}
        if have or "path" in ask:
            found[path] = {privilege: 1 for privilege in sorted(have)}
    return found


@route("GET /nodes")
def nodes(world, _call):
    down = world.faults.down()
    return [{"node": name, "id": f"node/{name}", "type": "node", "status": "offline" if name in down else "online",
             "uptime": 4711, "maxcpu": 8, "maxmem": 34359738368, "mem": 8589934592, "cpu": 0.02, "level": "",
             "ssl_fingerprint": world.path("pin").read_text().strip()} for name in world.options.node]


@route("GET /nodes/{node}/status")
def node_status(world, _call):
    known = VERSIONS[world.version]
    return {"uptime": 4711, "pveversion": f"pve-manager/{known['version']}/{known['repoid']}",
            "cpuinfo": {"cpus": 8, "sockets": 1}, "memory": {"total": 34359738368, "free": 25769803776, "used": 8589934592},
            "rootfs": {"total": storage.TOTAL, "avail": storage.AVAIL, "free": storage.AVAIL,
                       "used": storage.TOTAL - storage.AVAIL}}


def guest_of(world, vmid, machine):
    config = machine["config"]
    lxc = machine["type"] == "lxc"
    entry = {"id": f"{machine['type']}/{vmid}", "type": machine["type"], "vmid": int(vmid), "node": machine["node"],
             "name": config.get("hostname" if lxc else "name", f"{'CT' if lxc else 'VM'}{'' if lxc else ' '}{vmid}"),
             "status": "running" if machine["running"] else "stopped", "template": config.get("template", 0),
             "maxcpu": config.get("cores", 1), "maxmem": int(config.get("memory", 512)) << 20,
             "uptime": int(time.time() - machine["running"]["since"]) if machine["running"] else 0}
    for key in ("tags", "lock"):
        if config.get(key):
            entry[key] = config[key]
    for name, pool in world.state["pools"].items():
        if int(vmid) in pool["members"]:
            entry["pool"] = name
    if machine["node"] in world.faults.down():
        entry.update(status="unknown")
    resource = world.state["ha"].get(f"{'ct' if lxc else 'vm'}:{vmid}")
    if resource:
        entry["hastate"] = resource.get("state")
    return entry


@route("GET /cluster/resources")
def resources(world, call):
    sort, found = call.params.get("type"), []
    if sort in (None, "vm"):
        found += [guest_of(world, vmid, machine) for vmid, machine
                  in sorted(world.state["machines"].items(), key=lambda entry: int(entry[0]))
                  if call.token.may(f"/vms/{vmid}", "VM.Audit")]
    if sort in (None, "node"):
        found += nodes(world, call)
    if sort in (None, "storage"):
        found += [{"id": f"storage/{node}/{name}", "type": "storage", "storage": name, "node": node, "status": "available",
                   "plugintype": facts["type"], "content": ",".join(facts["content"]), "shared": facts["shared"],
                   "maxdisk": facts["total"], "disk": facts["total"] - storage.available(world, name)}
                  for node in world.options.node for name, facts in world.state["storages"].items()
                  if call.token.may(f"/storage/{name}", "Datastore.Audit")]
    return found


@route("GET /cluster/nextid")
def next_id(world, call):
    used = world.state["machines"]
    if "vmid" in call.params:
        if str(call.params["vmid"]) in used:
            raise bad_parameter(vmid=f"VM {call.params['vmid']} already exists")
        return str(call.params["vmid"])
    return str(next(number for number in range(100, 10 ** 9) if str(number) not in used))


def guests(world, call, sort):
    return [guest_of(world, vmid, machine) for vmid, machine in world.state["machines"].items()
            if machine["type"] == sort and machine["node"] == call.params["node"]
            and call.token.may(f"/vms/{vmid}", "VM.Audit")]


@route("GET /nodes/{node}/qemu")
def machines(world, call):
    return guests(world, call, "qemu")


@route("GET /nodes/{node}/lxc")
def containers(world, call):
    return guests(world, call, "lxc")


# --- pools -----------------------------------------------------------------------------------------------------------

def members(world, name):
    return [guest_of(world, vmid, world.state["machines"][str(vmid)]) for vmid in world.state["pools"][name]["members"]]


@route("GET /pools")
def pools(world, call):
    chosen = [name for name in world.state["pools"] if call.token.may(f"/pool/{name}", "Pool.Audit")]
    if "poolid" in call.params:
        name = call.params["poolid"]
        if name not in chosen:
            raise failed(f"pool '{name}' does not exist")
        return [{"poolid": name, "members": members(world, name)}]
    return [{"poolid": name} for name in chosen]


@route("GET /pools/{poolid}")
def pool(world, call):
    name = call.params["poolid"]
    if name not in world.state["pools"]:
        raise failed(f"pool '{name}' does not exist")
    return {"members": members(world, name)}


# --- HA --------------------------------------------------------------------------------------------------------------

def resource_of(world, sid):
    if sid not in world.state["ha"]:
        raise failed(f"no such resource '{sid}'")
    resource = world.state["ha"][sid]
    return {"sid": sid, "type": sid.split(":")[0], **resource,
            "digest": hashlib.sha1(json.dumps(world.state["ha"], sort_keys=True).encode()).hexdigest()}


@route("GET /cluster/ha/resources")
def ha_resources(world, _call):
    return [resource_of(world, sid) for sid in sorted(world.state["ha"])]


@route("GET /cluster/ha/resources/{sid}")
def ha_resource(world, call):
    return resource_of(world, call.params["sid"])


@route("POST /cluster/ha/resources")
def ha_create(world, call):
    sid = call.params["sid"]
    if sid in world.state["ha"]:
        raise failed(f"resource ID '{sid}' already defined")
    if sid.split(":")[1] not in world.state["machines"]:
        raise failed(f"cannot add '{sid}' because the {'VM' if sid.startswith('vm') else 'CT'} does not exist!")
    world.state["ha"][sid] = {key: value for key, value in call.params.items() if key != "sid"}
    world.state["ha"][sid].setdefault("state", "started")


@route("PUT /cluster/ha/resources/{sid}")
def ha_change(world, call):
    resource_of(world, call.params["sid"])
    world.state["ha"][call.params["sid"]].update({key: value for key, value in call.params.items()
                                                  if key not in ("sid", "digest", "delete")})


@route("DELETE /cluster/ha/resources/{sid}")
def ha_delete(world, call):
    resource_of(world, call.params["sid"])
    del world.state["ha"][call.params["sid"]]
