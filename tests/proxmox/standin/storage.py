"""Storages and what is on them: content files with their bytes in DIR/storage/, and the volumes of machines."""
import hashlib
import os
import re
import shutil
import subprocess
import time

from . import tasks
from .errors import ApiError, TaskError, bad_parameter, failed
from .routes import route

TOTAL, AVAIL = 270553174016, 76212166656
FOLDERS = {"import": "import", "iso": "template/iso", "vztmpl": "template/cache", "backup": "dump", "snippets": "snippets"}
NAMES = {"iso": r"\.(?:iso|img)$(?i)", "vztmpl": r"\.tar\.(?:gz|xz|zst|bz2)$", "import": r"\.(?:ova|qcow2|raw|vmdk)$"}
TEMPLATES = {"gz": "tgz", "xz": "txz", "zst": "tzst", "bz2": "tbz2"}
USUAL = {
    "local": ("/var/lib/vz", "iso,vztmpl,import,images,rootdir,snippets,backup"),
    "tank": ("/tank", "images,rootdir"),
    "noimport": ("/noimport", "iso,vztmpl,backup"),
}


def set_up(world):
    for name, (path, content) in USUAL.items():
        world.state["storages"].setdefault(name, {"type": "dir", "path": path, "content": content.split(","), "shared": 0,
                                                  "total": TOTAL, "avail": AVAIL})


def get(world, name, errors_of=None):
    if name not in world.state["storages"]:
        raise failed(f"storage '{name}' does not exist")
    return world.state["storages"][name]


def size_text(size):
    """As in `size=1667M`: the largest unit that it is a whole number of."""
    for unit, letter in ((1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")):
        if size and size % unit == 0:
            return f"{size // unit}{letter}"
    return str(size)


def parse_size(text):
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", text)
    return int(float(found[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}[found[2]])


# --- volumes ---------------------------------------------------------------------------------------------------------

def key_of(world, node, volid):
    shared = world.state["storages"].get(volid.split(":")[0], {}).get("shared")
    return volid if shared else f"{node} {volid}"


def find(world, node, volid):
    return world.state["volumes"].get(key_of(world, node, volid))


def sort_of(volid):
    """The content type that a volume's name says."""
    first = volid.split(":", 1)[1].split("/")[0]
    return first if first in FOLDERS else "images"


def shown_path(world, volid):
    """Where the real one would have it."""
    store, name = volid.split(":", 1)
    base, sort = world.state["storages"][store]["path"], sort_of(volid)
    if sort == "images":
        return f"{base}/images/{'/'.join(name.split('/')[-2:])}"
    return f"{base}/{FOLDERS[sort]}/{name.split('/', 1)[1]}"


def real_path(world, node, volid):
    """Where its bytes are, when it has any."""
    store = volid.split(":")[0]
    base = world.state["storages"][store]["path"]
    place = store if world.state["storages"][store]["shared"] else f"{store}@{node}"
    path = world.path("storage", place, shown_path(world, volid)[len(base) + 1:])
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def add(world, node, volid, **facts):
    facts = {"volid": volid, "node": node, "ctime": int(time.time()), **facts}
    world.state["volumes"][key_of(world, node, volid)] = facts
    return facts


def free_name(world, node, store, vmid, suffix):
    used = {int(number) for facts in world.state["volumes"].values() if facts["node"] == node
            for number in re.findall(rf"^{re.escape(store)}:(?:.*/)?(?:vm|base)-{vmid}-disk-(\d+)", facts["volid"])}
    number = next(n for n in range(1000) if n not in used)
    return f"{store}:{vmid}/vm-{vmid}-disk-{number}.{suffix}"


def format_line(path, fmt, size):
    if fmt == "raw":
        return f"Formatting '{path}', fmt=raw size={size} preallocation=off"
    return (f"Formatting '{path}', fmt={fmt} cluster_size=65536 extended_l2=off preallocation=metadata "
            f"compression_type=zlib size={size} lazy_refcounts=off refcount_bits=16")


def allocate(task, world, node, volid, size, fmt, content="images"):
    """A new empty volume."""
    store = get(world, volid.split(":")[0])
    if available(world, volid.split(":")[0]) < (size if store.get("thick") else 1 << 20):
        raise TaskError(f"unable to create image: qemu-img: {shown_path(world, volid)}: No space left on device")
    if task:
        task.log(format_line(shown_path(world, volid), fmt, size))
    path = real_path(world, node, volid)
    if world.guests.real:
        if fmt == "raw":
            with open(path, "wb") as file:
                file.truncate(size)
        else:
            subprocess.run(["qemu-img", "create", "-q", "-f", fmt, path, str(size)], check=True)
    vmid = int(volid.split(":", 1)[1].split("/")[-2])
    return add(world, node, volid, size=size, used=0, format=fmt, content=content, vmid=vmid)


def remove(world, node, volid):
    """The volume and its bytes."""
    world.state["volumes"].pop(key_of(world, node, volid), None)
    path = real_path(world, node, volid)
    if path.exists():
        path.unlink()


def rename(world, node, old, new):
    """A volume gets another owner and name; its bytes stay."""
    facts = world.state["volumes"].pop(key_of(world, node, old))
    if real_path(world, node, old).exists():
        real_path(world, node, old).rename(real_path(world, node, new))
    facts.update(volid=new, vmid=int(new.split(":", 1)[1].split("/")[0]))
    world.state["volumes"][key_of(world, node, new)] = facts


def available(world, store):
    facts = world.state["storages"][store]
    used = sum(volume.get("used", 0) for volume in world.state["volumes"].values()
               if volume["volid"].startswith(store + ":"))
    return max(0, facts["avail"] - used)


# --- what an image is ------------------------------------------------------------------------------------------------

def image_info(world, task, node, volid):
    """What qemu-img tells of a content file: (virtual size, format), or the task's error."""
    path, shown = real_path(world, node, volid), shown_path(world, volid)
    if not path.exists():
        raise TaskError(f"failed to stat '{shown}'")
    return probe(task, path, shown, volid.rsplit(".", 1)[-1])


def probe(task, path, shown, fmt):
    if fmt == "raw":
        return path.stat().st_size, "raw"
    if fmt != "qcow2":
        raise TaskError(f"stand-in: images of format '{fmt}' are not read")
    with open(path, "rb") as file:
        head = file.read(32)
    if len(head) < 32 or head[:4] != b"QFI\xfb":
        task.log(f"command '/usr/bin/qemu-img info '--output=json' {shown} -f qcow2' failed: exit code 1")
        raise TaskError(f"qemu-img: Could not open '{shown}': Image is not in qcow2 format")
    if int.from_bytes(head[8:16], "big"):
        raise TaskError(f"'{shown}' references a backing file, which is not allowed")
    return int.from_bytes(head[24:32], "big"), "qcow2"


def import_volume(world, task, node, source, target):
    """Copies an image into a volume, whose name is made from its format by target(format)."""
    facts = find(world, node, source)
    if facts and facts["content"] == "images":
        size, fmt = facts["size"], facts["format"]
    else:
        size, fmt = image_info(world, task, node, source)
    task.log(f"create full clone of drive ({source})")
    volid = target(fmt)
    if available(world, volid.split(":")[0]) < real_path(world, node, source).stat().st_size:
        raise TaskError(f"cannot import from '{source}' - copy failed: qemu-img: error while writing at byte 0: "
                        "No space left on device")
    task.log(format_line(shown_path(world, volid), fmt, size), f"allocated target volume '{volid}'")
    if size >= 1 << 20:
        human = f"{size / (1 << 30):.1f} GiB"
        task.log(f"transferred 0.0 B of {human} (0.00%)", f"transferred {human} of {human} (100.00%)")
    if world.guests.real:
        with world.unlocked():
            subprocess.run(["qemu-img", "convert", "-f", fmt, "-O", fmt, real_path(world, node, source),
                            real_path(world, node, volid)], check=True)
    sha = facts.get("sha256") if facts else None
    used = real_path(world, node, source).stat().st_size
    add(world, node, volid, size=size, used=used, format=fmt, content="images", sha256=sha, source=source,
        vmid=int(volid.split(":", 1)[1].split("/")[0]))
    return volid, size


# --- calls -----------------------------------------------------------------------------------------------------------

def facts_of(world, name):
    store = world.state["storages"][name]
    avail = available(world, name)
    return {"type": store["type"], "content": ",".join(store["content"]), "enabled": 1, "active": 1, "shared": store["shared"],
            "total": store["total"], "used": store["total"] - avail, "avail": avail}


@route("GET /nodes/{node}/storage")
def storages(world, call):
    ask = call.params
    return [{"storage": name, **facts_of(world, name)} for name, store in world.state["storages"].items()
            if call.token.may(f"/storage/{name}", "Datastore.Audit", "Datastore.AllocateSpace", any_of=True)
            and ask.get("storage", name) == name
            and all(word in store["content"] for word in re.split(r"[,;\s]+", ask.get("content", "")) if word)]


@route("GET /nodes/{node}/storage/{storage}/status")
def status(world, call):
    get(world, call.params["storage"])
    return facts_of(world, call.params["storage"])


@route("GET /nodes/{node}/storage/{storage}/content")
def content(world, call):
    ask = call.params
    get(world, ask["storage"])
    found = []
    for facts in world.state["volumes"].values():
        if not facts["volid"].startswith(ask["storage"] + ":") or find(world, ask["node"], facts["volid"]) is not facts:
            continue
        if ask.get("content", facts["content"]) != facts["content"] or ask.get("vmid", facts.get("vmid")) != facts.get("vmid"):
            continue
        keys = ("volid", "content", "ctime", "size", "format", "vmid", "subtype", "notes")
        found.append({key: facts[key] for key in keys if facts.get(key) is not None})
    return sorted(found, key=lambda facts: facts["volid"])


def volid_of(call):
    name = call.params["volume"]
    return name if ":" in name else f"{call.params['storage']}:{name}"


@route("GET /nodes/{node}/storage/{storage}/content/{volume}")
def volume(world, call):
    volid, node = volid_of(call), call.params["node"]
    get(world, volid.split(":")[0])
    call.token.demand(f"/storage/{volid.split(':')[0]}", "Datastore.AllocateSpace", "Datastore.Audit", any_of=True)
    facts = find(world, node, volid)
    if not facts:
        shown = shown_path(world, volid)
        raise failed(f"failed to stat '{shown}'" if world.version == "9.2" else f"volume_size_info on '{volid}' failed")
    size, fmt = facts["size"], facts["format"]
    used = facts.get("used", size)
    if facts["content"] in ("import", "iso"):
        size, fmt = facts.get("virtual", size), {"iso": "raw"}.get(fmt, fmt)
    elif facts["content"] == "vztmpl":
        size, used, fmt = -(-size // 512) * 512, -(-size // 4096) * 4096, "raw"
    return {"path": shown_path(world, volid), "size": size, "format": fmt, "used": used}


@route("DELETE /nodes/{node}/storage/{storage}/content/{volume}")
def delete(world, call):
    volid, node = volid_of(call), call.params["node"]
    store = volid.split(":")[0]
    get(world, store)
    call.token.demand(f"/storage/{store}", "Datastore.Allocate")
    owner = (find(world, node, volid) or {}).get("vmid")

    def work(task):
        if not find(world, node, volid):
            task.log(f"disk image '{shown_path(world, volid)}' does not exist")
        remove(world, node, volid)
        task.log(f"Removed volume '{volid}'")
    return tasks.start(world, call, "imgdel", f"{owner}@{store}" if owner else f"@{store}", work)


@route("POST /nodes/{node}/storage/{storage}/upload")
def upload(world, call):
    ask, node = call.params, call.params["node"]
    store = get(world, ask["storage"])
    if ask["content"] not in ("iso", "vztmpl", "import"):
        raise bad_parameter(content=f"upload content type '{ask['content']}' not allowed")
    if ask["content"] not in store["content"]:
        raise failed(f"storage '{ask['storage']}' does not support '{ask['content']}' content")
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", ask["filename"].replace("\\", "/").rsplit("/", 1)[-1])
    flags = re.I if ask["content"] == "iso" else 0
    if not re.search(NAMES[ask["content"]].replace("(?i)", ""), name, flags):
        raise bad_parameter(filename="invalid filename or wrong extension")
    volid = f"{ask['storage']}:{ask['content']}/{name}"
    spooled, call.spooled = call.spooled, None
    return tasks.start(world, call, "imgcopy", "", lambda task: copy(task, world, node, volid, ask, spooled))


def digest_of(path, algorithm):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def copy(task, world, node, volid, ask, spooled):
    """The task behind an upload: checks what has come and moves it to its place."""
    shown, target = f"/var/tmp/{spooled.name}", shown_path(world, volid)
    try:
        task.log(f"starting file import from: {shown}")
        algorithm = ask.get("checksum-algorithm", "sha256")
        with world.unlocked():
            got = digest_of(spooled, algorithm)
        if "checksum" in ask:
            if got.lower() != ask["checksum"].lower():
                task.log("calculating checksum...")
                raise TaskError(f"checksum mismatch: got '{got}' != expect '{ask['checksum']}'")
            task.log("calculating checksum...OK, checksum verified")
        size, virtual, fmt = spooled.stat().st_size, None, volid.rsplit(".", 1)[-1]
        if ask["content"] == "import":
            virtual, fmt = probe(task, spooled, shown, fmt)
        task.log(f"target node: {node}", f"target file: {target}", f"file size is: {size}", f"command: cp -- {shown} {target}")
        if available(world, ask["storage"]) < size:
            raise TaskError(f"import failed: cp: error writing '{target}': No space left on device")
        with world.unlocked():
            shutil.copyfile(spooled, real_path(world, node, volid))
            got = digest_of(spooled, "sha256") if algorithm != "sha256" else got
        fmt = {"iso": "iso", "vztmpl": TEMPLATES.get(fmt, fmt)}.get(ask["content"], fmt)
        add(world, node, volid, size=size, used=size, format=fmt, content=ask["content"], sha256=got, virtual=virtual)
        task.log("finished file import successfully")
    finally:
        os.unlink(spooled)
