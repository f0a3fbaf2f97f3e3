"""Holds each request against schema.json: which parameters a call has, of which type and format, and what each must look like.
Property strings (`scsi0=local:0,import-from=…`) are taken apart and put together here, too."""
import ipaddress
import json
import pathlib
import re

from .errors import ApiError

SCHEMA = json.loads(pathlib.Path(__file__).with_name("..").joinpath("schema.json").resolve().read_text())
UNKNOWN = "property is not defined in schema and the schema does not allow additional properties"
MISSING = "property is missing and it is not optional"
DNS_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
CONFIG_ID = r"[A-Za-z][\w-]+"
STORAGE_ID = r"[A-Za-z][A-Za-z0-9\-_.]*[A-Za-z0-9]"
MAC = r"[a-fA-F0-9][02468aceACE](?::[a-fA-F0-9]{2}){5}"
DEVICE = r"(?:(?:ide|sata|scsi|virtio|net|usb|hostpci)\d+)"


def address(text, version=None, prefix=False):
    """Whether it is an address, with a prefix length or without."""
    try:
        found = ipaddress.ip_interface(text) if prefix else ipaddress.ip_address(text)
    except ValueError:
        return False
    return (not prefix or "/" in text) and version in (None, found.version)


def options_of(text):
    return dict(part.partition("=")[::2] for part in text.split(",") if part)


def split_list(text):
    """A list as Proxmox takes one: separated by commas, semicolons, spaces or NUL."""
    return [word for word in re.split(r"[,;\s\0]+", text) if word]


def ip_config(text):
    known = {"ip": 4, "gw": 4, "ip6": 6, "gw6": 6}
    for key, value in options_of(text).items():
        words = {"ip": ("dhcp",), "ip6": ("dhcp", "auto")}.get(key, ())
        if key not in known or not (value in words or address(value, known[key], not key.startswith("gw"))):
            return False
    return True


def ip_or(*words, version):
    return lambda text: text in words or address(text, version, True)


def whole(pattern):
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def all_of(test):
    return lambda text: all(test(word) for word in split_list(text))


dns_name = whole(rf"(?:{DNS_LABEL}\.)*{DNS_LABEL}")
volume_id = whole(rf"{STORAGE_ID}:\S+")
# format: (test, what is said when it fails)
FORMATS = {
    "pve-node": (whole(DNS_LABEL), "value does not look like a valid node name\n"),
    "pve-vmid": (whole(r"[1-9][0-9]{2,8}"), "value does not look like a valid VM ID\n"),
    "pve-vmid-list": (all_of(whole(r"[1-9][0-9]{2,8}")), "value does not look like a valid VM ID\n"),
    "pve-storage-id": (whole(STORAGE_ID), "storage ID contains illegal characters\n"),
    "dns-name": (dns_name, "value does not look like a valid DNS name\n"),
    "dns-name-list": (all_of(dns_name), "value does not look like a valid DNS name\n"),
    "pve-tag-list": (all_of(whole(r"(?i)[a-z0-9_][a-z0-9_\-+.]*")), "invalid characters in tag\n"),
    "pve-configid": (whole(CONFIG_ID), "invalid configuration ID\n"),
    "pve-configid-list": (all_of(whole(CONFIG_ID)), "invalid configuration ID\n"),
    "address-list": (all_of(address), "value does not look like a valid address\n"),
    "pve-qm-ipconfig": (ip_config, "invalid format\n"),
    "pve-qm-boot": (whole(rf"(?:legacy=[acdn]{{1,4}}|order={DEVICE}(?:;{DEVICE})*|order=|[acdn]{{1,4}})"), "invalid format\n"),
    "pve-startup-order": (whole(r"(?:(?:order=)?\d+|up=\d+|down=\d+)(?:,(?:order|up|down)=\d+)*"),
                          "unable to parse startup options\n"),
    "pve-hotplug-features": (lambda text: text in ("0", "1") or all_of(
        whole("network|disk|usb|cpu|memory|cloudinit"))(text), "unable to parse hotplug feature\n"),
    "pve-poolid": (whole(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+){0,2}"), "value does not look like a valid pool name\n"),
    "pve-bridge-id": (whole(r"[-_.\w]+"), "invalid bridge name\n"),
    "mac-addr": (whole(MAC), "value does not look like a valid unicast MAC address\n"),
    "ipv4": (lambda text: address(text, 4), "value does not look like a valid IPv4 address\n"),
    "ipv6": (lambda text: address(text, 6), "value does not look like a valid IPv6 address\n"),
    "pve-ipv4-config": (ip_or("dhcp", "manual", version=4), "value does not look like a valid ipv4 network configuration\n"),
    "pve-ipv6-config": (ip_or("dhcp", "manual", "auto", version=6),
                        "value does not look like a valid ipv6 network configuration\n"),
    "disk-size": (whole(r"\d+(?:\.\d+)?[KMGT]?"), "value does not look like a valid disk size\n"),
    "pve-volume-id": (volume_id, "unable to parse volume ID\n"),
    "urlencoded": (whole(r"[-%a-zA-Z0-9_.!~*'()]*"), "invalid urlencoded string\n"),
    "pve-storage-content": (whole("none|iso|vztmpl|import|images|rootdir|snippets|backup"), "invalid content type\n"),
    "pve-ct-timezone": (whole(r"host|[A-Za-z0-9_+\-/]+"), "invalid time zone\n"),
}
INTEGER, NUMBER = whole(r"[+-]?\d+"), whole(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
BOOLEANS = {"1": 1, "on": 1, "yes": 1, "true": 1, "0": 0, "off": 0, "no": 0, "false": 0}


def perl(pattern):
    """A pattern as Perl prints one: (?^:…)."""
    return pattern.replace("(?^:", "(?:").replace("(?^i:", "(?i:")


def wrong(kind, value):
    """What is wrong with a value, or None."""
    sort = kind.get("type")
    if sort == "boolean" and str(value).lower() not in BOOLEANS:
        return f"type check ('boolean') failed - got '{value}'"
    if sort in ("integer", "number"):
        if not (INTEGER if sort == "integer" else NUMBER)(value):
            return f"type check ('{sort}') failed - got '{value}'"
        for key, bad, text in (("minimum", float(value) < kind.get("minimum", float("-inf")), "must have a minimum value of"),
                               ("maximum", float(value) > kind.get("maximum", float("inf")), "must have a maximum value of")):
            if bad:
                return f"value {text} {kind[key]}"
    if len(value) > kind.get("maxLength", len(value)):
        return f"value may only be {kind['maxLength']} characters long"
    if len(value) < kind.get("minLength", 0):
        return f"value must be at least {kind['minLength']} characters long"
    if "enum" in kind and value not in [str(word) for word in kind["enum"]]:
        return f"value '{value}' does not have a value in the enumeration '{', '.join(map(str, kind['enum']))}'"
    if "pattern" in kind and not re.fullmatch(perl(kind["pattern"]), value):
        return "value does not match the regex pattern"
    return wrong_format(kind.get("format"), value)


def wrong_format(name, value):
    if name in SCHEMA["formats"]:
        _, errors = parse(name, value)
        told = "".join(f"{key}: {text}\n" for key, text in errors.items())
        return f"invalid format - format error\n{told}" if errors else None
    test, text = FORMATS.get(name, (None, None))
    return f"invalid format - {text}" if test and not test(value) else None


def parse(name, text):
    """Takes a property string apart: ({key: value}, {key: what is wrong})."""
    kinds, found, errors = SCHEMA["formats"][name], {}, {}
    default = next((key for key, kind in kinds.items() if kind.get("default_key")), None)
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            if default is None or default in found:
                return found, {"format": f"value without key, but schema does not define a default key: {part}"}
            key, value = default, part
        kind = kinds.get(key, {})
        if "keyAlias" in kind:
            found[kind["keyAlias"]] = key
        key = kind.get("alias", key)
        if key not in kinds:
            errors[key] = UNKNOWN
            continue
        if key in found:
            errors[key] = "duplicate key in comma-separated list property"
        problem = wrong(kinds[key], value)
        if problem:
            errors[key] = problem
        found[key] = value
    for key, kind in kinds.items():
        if kind.get("required") and key not in found:
            errors[key] = MISSING
    return found, errors


def write(name, values):
    """Puts a property string together: the default key, what is required, then the others, each by the alphabet."""
    kinds, values = SCHEMA["formats"][name], dict(values)
    default = next((key for key, kind in kinds.items() if kind.get("default_key")), None)
    parts = []
    if default in values:
        parts.append(values.pop(default))
        if name.startswith("net") and "macaddr" in values:
            parts[0] += "=" + values.pop("macaddr")
    for required in (True, False):
        parts += [f"{key}={values[key]}" for key in sorted(values) if bool(kinds.get(key, {}).get("required")) == required]
    return ",".join(parts)


class Method:
    """One path and method, as one version of Proxmox has it."""

    def __init__(self, name, entry, version):
        self.verb, self.path = name.split(" ")
        self.check = entry.get("check")
        if isinstance(self.check, dict):
            self.check = self.check[version]
        refs = entry["params"] + entry.get(version, [])
        self.kinds = {ref.split("/")[0]: SCHEMA["kinds"][ref] for ref in refs}
        regex = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        self.regex = re.compile(regex.replace("(?P<volume>[^/]+)", "(?P<volume>.+)"))

    def kind(self, name):
        """How a parameter looks like, also of an indexed one; None: there is none."""
        if name in self.kinds and not name.endswith("[n]"):
            return self.kinds[name]
        indexed = re.fullmatch(r"(.*?[a-z])(0|[1-9]\d*)", name)
        kind = self.kinds.get(indexed[1] + "[n]") if indexed else None
        return kind if kind and int(indexed[2]) <= kind["last"] else None

    def verify(self, params):
        """The parameters with numbers as such, or an error that names every one that is wrong."""
        errors, values = {}, {}
        for name, value in params.items():
            kind = self.kind(name)
            if kind is None:
                errors[name] = UNKNOWN
                continue
            if kind.get("type") == "array":
                values[name] = value if isinstance(value, list) else [value]
                continue
            if isinstance(value, list):
                value = "\0".join(value)
            problem = wrong(kind, value)
            if problem:
                errors[name] = problem
            if "requires" in kind and kind["requires"] not in params:
                errors[name] = f"missing property - '{kind['requires']}' requires this property"
            values[name] = value if problem else cast(kind, value)
        errors.update({name: MISSING for name, kind in self.kinds.items() if kind.get("required") and name not in params})
        if errors:
            raise ApiError(400, "Parameter verification failed.", errors)
        return values


def cast(kind, value):
    """A number for what is a number or a boolean."""
    sort = kind.get("type")
    if sort == "boolean":
        return BOOLEANS[str(value).lower()]
    return int(value) if sort == "integer" else value


def methods(version):
    return [Method(name, entry, version) for name, entry in SCHEMA["methods"].items() if entry.get("only", version) == version]


CONFIG_METHODS = {}


def kind_of(version, sort, key):
    """How an option of a machine's configuration looks like; None: there is no such option."""
    if (version, sort) not in CONFIG_METHODS:
        name = f"PUT /nodes/{{node}}/{sort}/{{vmid}}/config"
        CONFIG_METHODS[version, sort] = Method(name, SCHEMA["methods"][name], version)
    return CONFIG_METHODS[version, sort].kind(key)
