"""What a machine's cloud-init drive would have in it."""
import hashlib
import ipaddress
import re
import urllib.parse

from .routes import route

OPTIONS = ("cipassword", "sshkeys", "nameserver", "searchdomain", "ciuser")


def config_of(world, call):
    return world.machine(call.params["vmid"], "qemu", call.params["node"])["config"]


@route("GET /nodes/{node}/qemu/{vmid}/cloudinit")
def options(world, call):
    config = config_of(world, call)
    return [{"key": key, "value": "**********" if key == "cipassword" else config[key]} for key in OPTIONS if key in config]


def user(config):
    name, domain = config.get("name", ""), config.get("searchdomain")
    lines = ["#cloud-config", f"hostname: {name}", "manage_etc_hosts: true"]
    if domain:
        lines.append(f"fqdn: {name}.{domain}")
    lines += [f"{word}: {config[key]}" for word, key in (("user", "ciuser"), ("password", "cipassword")) if key in config]
    if config.get("sshkeys"):
        keys = urllib.parse.unquote(config["sshkeys"]).strip().split("\n")
        lines += ["ssh_authorized_keys:"] + [f"  - {key}" for key in keys]
    lines += ["chpasswd:", "  expire: False", "users:", "  - default", "package_upgrade: true"]
    return "\n".join(lines) + "\n"


def subnets(told):
    if told.get("ip") == "dhcp":
        yield ["- type: dhcp4"]
    elif told.get("ip"):
        address = ipaddress.ip_interface(told["ip"])
        yield ["- type: static", f"  address: '{address.ip}'", f"  netmask: '{address.netmask}'"] + gateway(told, "gw")
    if told.get("ip6") in ("auto", "dhcp"):
        yield ["- type: " + {"auto": "ipv6_slaac", "dhcp": "dhcp6"}[told["ip6"]]]
    elif told.get("ip6"):
        yield ["- type: static6", f"  address: '{told['ip6']}'"] + gateway(told, "gw6")


def gateway(told, key):
    return [f"  gateway: '{told[key]}'"] if key in told else []


def network(config):
    lines = ["version: 1", "config:"]
    for key in sorted(key for key in config if re.fullmatch(r"net\d+", key)):
        told = dict(part.partition("=")[::2] for part in config.get("ipconfig" + key[3:], "").split(","))
        mac = re.match(r"\w+=([^,]+)", config[key])[1].lower()
        lines += ["    - type: physical", f"      name: eth{key[3:]}", f"      mac_address: '{mac}'", "      subnets:"]
        lines += [f"      {line}" for part in subnets(told) for line in part]
    if config.get("nameserver"):
        lines += ["    - type: nameserver", "      address:"]
        lines += [f"      - '{address}'" for address in config["nameserver"].split()]
        if config.get("searchdomain"):
            lines += ["      search:", f"      - '{config['searchdomain']}'"]
    return "\n".join(lines) + "\n"


def meta(config):
    return f"instance-id: {hashlib.sha1((user(config) + network(config)).encode()).hexdigest()}\n"


@route("GET /nodes/{node}/qemu/{vmid}/cloudinit/dump")
def dump(world, call):
    return {"user": user, "network": network, "meta": meta}[call.params["type"]](config_of(world, call))
