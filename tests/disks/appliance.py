#!/usr/bin/python3
"""appliance.py SCRIPT DISK…: runs a shell script in libguestfs's appliance, as root, on disks of this host (raw, or qcow2 by
their names), which are /dev/disk/guestfs/drivea, driveb, …, and prints what it says. For tests: it shares nothing with the
builder's own file."""
import ctypes
import os
import sys
import tempfile

guestfs = ctypes.CDLL("libguestfs.so.0")
for name in ("create", "debug", "last_error"):
    getattr(guestfs, f"guestfs_{name}").restype = ctypes.c_void_p
FORMAT, LABEL, CACHEMODE = 1 << 1, 1 << 4, 1 << 6


class Options(ctypes.Structure):
    """struct guestfs_add_drive_opts_argv"""
    _fields_ = [("bitmask", ctypes.c_uint64), ("readonly", ctypes.c_int), ("format", ctypes.c_char_p),
                ("iface", ctypes.c_char_p), ("name", ctypes.c_char_p), ("label", ctypes.c_char_p),
                ("protocol", ctypes.c_char_p), ("server", ctypes.c_void_p), ("username", ctypes.c_char_p),
                ("secret", ctypes.c_char_p), ("cachemode", ctypes.c_char_p), ("discard", ctypes.c_char_p),
                ("copyonread", ctypes.c_int), ("blocksize", ctypes.c_int)]


def main():
    script, disks = sys.argv[1], sys.argv[2:]
    handle = ctypes.c_void_p(guestfs.guestfs_create())

    def call(name, *arguments):
        result = getattr(guestfs, f"guestfs_{name}")(handle, *arguments)
        if result in (None, -1):
            sys.exit(ctypes.string_at(guestfs.guestfs_last_error(handle)).decode(errors="replace"))
        return result

    guestfs.guestfs_set_error_handler(handle, None, None)
    call("set_backend", b"direct")
    call("set_backend_setting", b"force_tcg", b"1")
    for number, disk in enumerate(disks):
        options = Options(bitmask=FORMAT | LABEL, format=b"qcow2" if disk.endswith(".qcow2") else b"raw",
                          label=b"drive" + b"abcdef"[number:number + 1])
        call("add_drive_opts_argv", disk.encode(), ctypes.byref(options))
    call("launch")
    said = call("debug", b"sh", (ctypes.c_char_p * 2)(("exec 2>&1; " + script).encode(), None))
    print(ctypes.string_at(said).decode(errors="replace"), end="")
    call("shutdown")


with tempfile.TemporaryDirectory() as folder:
    os.environ["TMPDIR"] = folder
    main()
