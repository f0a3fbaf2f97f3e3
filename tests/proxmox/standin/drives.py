"""Disks of virtual machines: what a drive's value asks for, the volumes behind it, and what is left unused."""
import re

from . import schema, storage
from .errors import ApiError, TaskError, bad_parameter, failed

DRIVE = re.compile(r"(?:ide|sata|scsi|virtio)(?:0|[1-9]\d*)|efidisk0|tpmstate0")
UNUSED = re.compile(r"unused\d+")
EFI_BYTES, TPM_BYTES, SEED_BYTES = 540672, 4 << 20, 4 << 20
ALLOCATED = re.compile(r"([^:/]+):(\d+(?:\.\d+)?)")
VARIABLES = "/usr/share/pve-edk2-firmware//OVMF_VARS_4M.ms.fd"


def is_drive(key):
    return DRIVE.fullmatch(key) is not None


def taken_apart(world, key, text):
    """The values of a drive; its volume is `file`."""
    kind = schema.kind_of(world.version, "qemu", key)
    return schema.parse(kind["format"], text)[0]


def put_together(world, key, values):
    return schema.write(schema.kind_of(world.version, "qemu", key)["format"], values)


def volume_of(text):
    """The volume in a drive's or a mount point's value."""
    return re.sub(r"^(?:file|volume)=", "", str(text).split(",")[0])


def is_cdrom(text):
    return "media=cdrom" in str(text).split(",")


def is_seed(volid):
    return re.search(r"(?:^|[:/])vm-\d+-cloudinit(?:\.\w+)?$", volid) is not None


def check(world, call, vmid, key, text):
    """Refuses what a drive's value may not ask for, before anything is done."""
    values = taken_apart(world, key, text)
    file, source = values["file"], values.get("import-from")
    if file in ("none", "cdrom"):
        return
    if file.startswith("/"):
        raise failed("Only root can pass arbitrary filesystem paths.")
    store = file.split(":")[0]
    new = ALLOCATED.fullmatch(file)
    if source and not (new and float(new[2]) == 0):
        raise bad_parameter(**{key: "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>"})
    if source and source.startswith("/"):
        raise failed("Only root can pass arbitrary filesystem paths.")
    if new or file.endswith(":cloudinit"):
        call.token.demand(f"/storage/{store}", "Datastore.AllocateSpace")
        if "images" not in storage.get(world, store)["content"]:
            raise ApiError(400, "Parameter verification failed.", {"storage": f"storage '{store}' does not support vm images"})
    else:
        owner = (storage.find(world, call.params["node"], file) or {}).get("vmid")
        storage.get(world, store)
        if storage.sort_of(file) == "iso":
            if values.get("media") != "cdrom":
                raise bad_parameter(**{key: f"{file} has wrong type 'iso' - needs to be 'images' or 'import'"})
            call.token.demand(f"/storage/{store}", "Datastore.AllocateSpace", "Datastore.Audit", any_of=True)
        elif owner != int(vmid):
            call.token.demand(f"/storage/{store}", "Datastore.Allocate")
    if source:
        check_source(world, call, key, values, source)


def check_source(world, call, key, values, source):
    store = source.split(":")[0]
    storage.get(world, store)
    call.token.demand(f"/storage/{store}", "Datastore.AllocateSpace", "Datastore.Audit", any_of=True)
    sort = storage.sort_of(source)
    if sort not in ("images", "import"):
        raise bad_parameter(**{key: f"{source} has wrong type '{sort}' - needs to be 'images' or 'import'"})
    for needed in ("efitype", "pre-enrolled-keys") if key == "efidisk0" else ():
        if needed not in values:
            raise bad_parameter(**{key: f"need to specify '{needed}' when using 'import-from'"})


def create(world, task, node, vmid, params):
    """Makes the volumes that drives ask for, in the order of their names; answers {key: value as it is kept}."""
    made, result = [], {}
    try:
        for key in sorted(filter(is_drive, params)):
            values = taken_apart(world, key, params[key])
            volid, size, new = make(world, task, node, vmid, key, values)
            if new:
                made.append(volid)
            values.pop("import-from", None)
            if new:
                values.pop("format", None)
            values["file"] = volid
            if is_seed(volid):
                values["media"] = "cdrom"
            elif size:
                values["size"] = storage.size_text(size)
            result[key] = put_together(world, key, values)
            if new:
                task.log(f"{key}: successfully created disk '{result[key]}'")
    except (TaskError, ApiError):
        for volid in made:
            storage.remove(world, node, volid)
        raise
    return result


def make(world, task, node, vmid, key, values):
    """(volume, size, whether it is new) of a drive."""
    file = values["file"]
    if file in ("none", "cdrom"):
        return file, None, False
    store = file.split(":")[0]
    if values.get("import-from"):
        volid, size = storage.import_volume(world, task, node, values["import-from"],
                                            lambda fmt: storage.free_name(world, node, store, vmid, fmt))
        return volid, size, True
    if file.endswith(":cloudinit"):
        volid = f"{store}:{vmid}/vm-{vmid}-cloudinit.qcow2"
        storage.allocate(task, world, node, volid, SEED_BYTES, "qcow2")
        return volid, SEED_BYTES, True
    new = ALLOCATED.fullmatch(file)
    if not new:
        facts = storage.find(world, node, file)
        if not facts:
            raise TaskError(f"failed to stat '{storage.shown_path(world, file)}'")
        return file, facts["size"], False
    fmt = values.get("format", "raw")
    size = {"efidisk0": EFI_BYTES, "tpmstate0": TPM_BYTES}.get(key, int(float(new[2]) * (1 << 30)))
    volid = storage.free_name(world, node, store, vmid, fmt)
    storage.allocate(task, world, node, volid, size, fmt)
    if key == "efidisk0":
        task.log("transferred 0.0 B of 528.0 KiB (0.00%)", "transferred 528.0 KiB of 528.0 KiB (100.00%)")
        if values.get("pre-enrolled-keys") == "1":
            task.log(f"INFO: reading raw edk2 varstore from {VARIABLES}", "INFO: var store range: 0x64 -> 0x40000")
    return volid, size, True


# --- what is left over -----------------------------------------------------------------------------------------------

def keep_unused(config, volid):
    """A volume that no drive has any more; the lowest free `unusedN`."""
    if volid in [volume_of(value) for key, value in config.items() if UNUSED.fullmatch(key)]:
        return
    config[next(f"unused{n}" for n in range(256) if f"unused{n}" not in config)] = volid


def forget_unused(config, volid):
    for key in [key for key, value in config.items() if UNUSED.fullmatch(key) and volume_of(value) == volid]:
        del config[key]


def in_snapshot(machine, volid):
    return any(volume_of(value) == volid for snapshot in machine["snapshots"].values()
               for key, value in snapshot["config"].items() if is_drive(key) or re.fullmatch(r"mp\d+|rootfs", key))


def destroy(world, machine, volid):
    """Ends a volume, unless a snapshot holds it."""
    if in_snapshot(machine, volid):
        raise failed(f"unable to delete '{volid}' - volume is still in use (snapshot?)")
    storage.remove(world, machine["node"], volid)


def release(world, machine, key, force):
    """Takes a drive from a machine: its volume stays unused, or is gone."""
    config = machine["config"]
    volid = volume_of(config[key])
    if is_seed(volid) or force or UNUSED.fullmatch(key):
        destroy(world, machine, volid)
        del config[key]
    else:
        del config[key]
        if ":" in volid and storage.sort_of(volid) == "images":
            keep_unused(config, volid)


def boot_order(config):
    found = re.search(r"order=([^,]*)", str(config.get("boot", "")))
    return [key for key in found[1].split(";") if key] if found else []


def system_disk(config):
    """The first drive that the machine boots from."""
    for key in boot_order(config):
        if is_drive(key) and key in config:
            return key
    return next((key for key in ("scsi0", "virtio0", "sata0", "ide0") if key in config), None)
