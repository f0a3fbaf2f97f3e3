"""Who asks, and what they may: tokens with privileges by path, as an ACL of Proxmox with privilege separation."""
import json

from .errors import ApiError

VMS = ("VM.Allocate VM.Audit VM.Clone VM.PowerMgmt VM.Snapshot VM.Snapshot.Rollback VM.Config.Disk VM.Config.CPU "
       "VM.Config.Memory VM.Config.Network VM.Config.Options VM.Config.HWType VM.Config.CDROM VM.Config.Cloudinit").split()
AGENT = {"9.2": ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "8.4": ["VM.Monitor"]}
STORAGE = ["Datastore.AllocateTemplate", "Datastore.AllocateSpace", "Datastore.Audit", "Datastore.Allocate"]
EVERYTHING = ["*"]


def tokens(version, path=None):
    """The tokens of a file {"user@realm!name": {"secret": …, "acl": {PATH: [PRIVILEGE…]}}} over the usual ones: `tf` has what
    the recordings' token had, `strict` only what is needed, `weak` next to nothing; `rr` is of root@pam, which is not root."""
    needed = {"/storage": STORAGE, "/vms": VMS + AGENT[version], "/sdn/zones/localnetwork": ["SDN.Use"]}
    known = {
        "tofu@pve!tf": {"secret": "SECRET", "acl": {**needed, "/": ["Sys.Audit"], "/pool": ["Pool.Audit", "Pool.Allocate"]}},
        "tofu@pve!strict": {"secret": "SECRET", "acl": needed},
        "tofu@pve!weak": {"secret": "SECRET", "acl": {"/vms": ["VM.Audit"]}},
        "root@pam!rr": {"secret": "SECRET", "acl": {"/": EVERYTHING}},
    }
    if path:
        with open(path, encoding="utf-8") as file:
            known.update(json.load(file))
    return known


class Token:
    """Somebody with a token."""

    def __init__(self, name, acl):
        self.name, self.acl = name, acl
        self.user, self.token = name.split("!")

    def privileges(self, path):
        """What they may at a path: the nearest entry above it counts, and replaces those further up."""
        parts = path.strip("/").split("/") if path != "/" else []
        for depth in range(len(parts), -1, -1):
            entry = self.acl.get("/" + "/".join(parts[:depth]))
            if entry is not None:
                return set(entry)
        return set()

    def may(self, path, *wanted, any_of=False):
        have = self.privileges(path)
        return "*" in have or (any if any_of else all)(privilege in have for privilege in wanted)

    def demand(self, path, *wanted, any_of=False):
        if not self.may(path, *wanted, any_of=any_of):
            missing = wanted if any_of else [name for name in wanted if not self.may(path, name)]
            text = "|".join(missing) if any_of else ", ".join(missing)
            raise ApiError(403, f"Permission check failed ({path}, {text})")

    def check(self, rule, params):
        """A rule of the schema: ["perm", path with {parameters}, privileges, "any", 1], or and/or of such."""
        if rule[0] in ("and", "or"):
            results = [self.allows(part, params) for part in rule[1:]]
            if not (all if rule[0] == "and" else any)(results):
                raise ApiError(403, "Permission check failed")
        elif rule[0] == "perm":
            self.demand(rule[1].format(**params) if "{" in rule[1] else rule[1], *rule[2],
                        any_of="any" in rule[3:])

    def allows(self, rule, params):
        try:
            self.check(rule, params)
        except (ApiError, KeyError):
            return False
        return True


def token_of(known, header):
    """Who an Authorization header says that they are."""
    if not header:
        raise ApiError(401, "No ticket", empty=True)
    scheme, _, value = header.partition("=")
    name, _, secret = value.partition("=")
    if scheme != "PVEAPIToken" or name not in known or known[name]["secret"] != secret:
        raise ApiError(401, "Authentication failed!", empty=True)
    return Token(name, known[name]["acl"])
