"""HTTP/1.1 over TLS as pveproxy speaks it: one thread a connection, bodies read in blocks of 16 KiB at most, the message of an
error in the status line, too. What a client does that the real one would not like is noted as a violation."""
import hashlib
import json
import os
import pathlib
import re
import socket
import ssl
import threading
import time
import traceback
import urllib.parse

from . import access, faults, schema
from .errors import ApiError, Cut, TaskError
from .multipart import Upload
from .routes import ROUTES

BLOCK = 16384
BASE = "/api2/json"
STALL_SECONDS = 5
UPLOAD = "/nodes/{node}/storage/{storage}/upload"
REASONS = {200: "OK", 501: "Not Implemented"}


class Call:
    """One request of the API, as its function gets it."""

    def __init__(self, token, method, params):
        self.token, self.method, self.params, self.spooled = token, method, params, None
        self.kind = {"qemu": "qemu", "lxc": "lxc"}.get(method.path.split("/")[3] if method.path.count("/") > 2 else "")


class Connection:
    """One client."""

    def __init__(self, server, sock):
        self.server, self.world, self.sock = server, server.world, sock
        self.rest, self.violations, self.entry = b"", [], {}

    def serve(self):
        try:
            while self.one_request():
                pass
        except (Cut, ConnectionError, ssl.SSLError, TimeoutError, OSError) as problem:
            if self.entry:
                self.world.faults.note({**self.entry, "cut": type(problem).__name__})
        except Exception:  # pylint: disable=broad-except # of the stand-in itself: to be seen, not to end it
            traceback.print_exc()
        finally:
            self.hang_up()

    def hang_up(self):
        try:
            self.sock.close()
        except OSError:
            pass

    def receive(self, size=BLOCK):
        block = self.sock.recv(min(size, BLOCK))
        if not block:
            raise Cut
        return block

    # --- the head ----------------------------------------------------------------------------------------------------

    def one_request(self):
        self.entry, self.violations = {}, []
        head = self.read_head()
        if head is None:
            return False
        line, headers = head
        found = re.fullmatch(r"(\S+) (\S+) HTTP/(\d)\.(\d)", line)
        if not found:
            return self.answer(ApiError(400, "bad request", empty=True))
        verb, target, major, minor = found.groups()
        url = urllib.parse.urlsplit(target)
        self.entry = {"method": verb, "path": urllib.parse.unquote(url.path), "query": pairs(url.query)}
        if (major, minor) != ("1", "1"):
            self.violations.append(f"HTTP/{major}.{minor}")
        keep = "close" not in headers.get("connection", "").lower()
        return self.dispatch(verb, url, headers) and keep

    def read_head(self):
        while b"\r\n\r\n" not in self.rest:
            try:
                block = self.sock.recv(BLOCK)
            except (ConnectionError, ssl.SSLError):
                block = b""
            if not block:
                return None
            self.rest += block
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for text in lines[1:]:
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        if "expect" in headers:
            self.violations.append("Expect header: Proxmox never answers 100")
        return lines[0], headers

    def dispatch(self, verb, url, headers):
        path = urllib.parse.unquote(url.path)
        if path.startswith("/control/"):
            return self.control(verb, path, headers)
        try:
            if headers.get("transfer-encoding"):
                self.violations.append("Transfer-Encoding")
                raise ApiError(501, "chunked transfer encoding not supported", empty=True)
            if not path.startswith(BASE + "/"):
                raise ApiError(501, "no such uri", empty=True)
            return self.api(verb, path[len(BASE):], url.query, headers)
        except ApiError as problem:
            if problem.status in (401, 403) and problem.empty:
                time.sleep(self.world.options.auth_delay)
            return self.answer(problem)

    def control(self, verb, path, headers):
        try:
            return self.reply(200, faults.control(self.world, verb, path, self.small_body(headers)))
        except ApiError as problem:
            return self.reply(problem.status, {"message": problem.message}, problem.message)

    # --- the API -----------------------------------------------------------------------------------------------------

    def api(self, verb, path, query, headers):
        token = access.token_of(self.server.tokens, headers.get("authorization"))
        self.entry["token"] = token.name
        method, params = self.server.find(verb, path)
        order = self.world.faults.request(self.entry)
        if order.get("answer"):
            status = order["answer"]
            raise ApiError(status, order.get("message", "Internal Server Error"), order.get("errors"),
                           status in (401, 595, 596))
        if order.get("kill") == "before":
            self.world.faults.kill(order["kill_client"], self.sock)
        if "before" in (order.get("cut"), order.get("kill")):
            raise Cut
        self.check_node(params)
        if method.path == UPLOAD:
            call = self.upload(token, method, params, query, headers, order)
        else:
            call = self.form(token, method, params, query, headers)
        data = self.act(call)
        if order.get("kill_client"):
            self.world.faults.kill(order["kill_client"], self.sock)
        if order.get("cut") == "after":
            raise Cut
        return self.reply(200, {"data": data})

    def check_node(self, params):
        node = params.get("node")
        if node is None:
            return
        if node in self.world.faults.down():
            raise ApiError(595, "Connection refused", empty=True)
        if node not in self.world.options.node:
            raise ApiError(500, f"hostname lookup '{node}' failed - failed to get address info for: {node}: "
                           "Name or service not known")

    def form(self, token, method, params, query, headers):
        body = self.small_body(headers)
        if body and method.verb not in ("POST", "PUT"):
            raise ApiError(501, f"Unexpected content for method '{method.verb}'", empty=True)
        if headers.get("content-type", "").startswith("application/json") and body:
            given = {key: value if isinstance(value, list) else str(value) for key, value in json.loads(body).items()}
        else:
            given = pairs(body.decode())
        if body:
            self.entry["form"] = given
        given = {**pairs(query), **given, **params}
        if method.check:
            token.check(method.check, params)
        return Call(token, method, method.verify(given))

    def small_body(self, headers):
        length = int(headers.get("content-length") or 0)
        if length > 512 * 1024:
            raise ApiError(501, "for data too large", empty=True)
        while len(self.rest) < length:
            self.rest += self.receive()
        body, self.rest = self.rest[:length], self.rest[length:]
        return body

    def act(self, call):
        entry = ROUTES.get(f"{call.method.verb} {call.method.path}")
        if not entry:
            raise ApiError(501, f"stand-in: {call.method.verb} {call.method.path} is not there")
        function, unlocked = entry
        try:
            if unlocked:
                data = function(self.world, call)
            else:
                with self.world.lock:
                    data = function(self.world, call)
        except TaskError as problem:
            raise ApiError(500, str(problem)) from problem
        if call.method.verb != "GET":
            self.world.save()
        return data

    # --- uploads -----------------------------------------------------------------------------------------------------

    def upload(self, token, method, params, query, headers, order):
        """Reads the body of an upload; refuses it before that, as the real one does, without reading it."""
        try:
            token.check(method.check, params)
        except ApiError as problem:
            problem.empty = True
            raise
        size, boundary = int(headers.get("content-length") or 0), re.search(r'boundary\s*=\s*(\S+?)\s*(?:[;,]|$)',
                                                                           headers.get("content-type", ""))
        if not size:
            raise ApiError(501, "upload without content length header not supported", empty=True)
        if not boundary or not headers["content-type"].startswith("multipart/form-data"):
            raise ApiError(501, f"upload 'Content-Type '{headers.get('content-type')}' not implemented", empty=True)
        spooled = self.world.path("spool", "pveupload-" + hashlib.md5(os.urandom(16)).hexdigest())
        spooled.parent.mkdir(exist_ok=True)
        with open(spooled, "xb") as out:
            parser = Upload(boundary[1].encode(), size, out)
            self.read_upload(parser, order)
        fields = {**pairs(query), **parser.params}
        self.entry.update(multipart=fields, stored=parser.stored)
        self.violations += parser.remarks
        if "tmpfilename" in fields:
            self.violations.append("tmpfilename is not for clients")
        call = Call(token, method, method.verify({**fields, **params}))
        call.spooled = spooled
        return call

    def read_upload(self, parser, order):
        self.sock.settimeout(STALL_SECONDS)
        limit = order.get("cut_at") if order.get("cut_at") is not None else parser.size + 1
        while not parser.done:
            block, self.rest = (self.rest, b"") if self.rest else (self.receive(), b"")
            parser.feed(block[:BLOCK])
            self.rest = block[BLOCK:]
            if parser.came >= limit:
                if order.get("kill_client"):
                    self.world.faults.kill(order["kill_client"], self.sock)
                raise Cut
        self.sock.settimeout(None)

    # --- answers -----------------------------------------------------------------------------------------------------

    def answer(self, problem):
        keep = problem.status not in (401, 501) and not (self.entry.get("path", "").endswith("/upload"))
        if problem.empty:
            return self.reply(problem.status, None, problem.message) and keep
        body = {"data": None, "message": problem.message + "\n"}
        if problem.errors:
            body["errors"] = problem.errors
        return self.reply(problem.status, body, problem.message) and keep

    def reply(self, status, body, reason=None):
        reason = (reason or REASONS.get(status, "")).split("\n")[0]
        if isinstance(body, (bytes, str)):
            data = body.encode() if isinstance(body, str) else body
        else:
            data = b"" if body is None else json.dumps(body).encode()
        head = [f"HTTP/1.1 {status} {reason}", "Cache-Control: max-age=0", "Connection: Keep-Alive",
                "Server: pve-api-daemon/3.0", f"Content-Length: {len(data)}"]
        if data:
            head.append("Content-Type: application/json;charset=UTF-8")
        if self.entry and not self.entry["path"].startswith("/control/"):
            note = {**self.entry, "status": status}
            if status != 200:
                note["reason"] = reason
            if self.violations:
                note["violations"] = self.violations
            self.world.faults.note(note)
        self.sock.sendall(("\r\n".join(head) + "\r\n\r\n").encode() + data)
        return True


def pairs(text):
    """A query or form: a name that repeats has a list."""
    found = {}
    for name, value in urllib.parse.parse_qsl(text, keep_blank_values=True):
        if name in found:
            found[name] = (found[name] if isinstance(found[name], list) else [found[name]]) + [value]
        else:
            found[name] = value
    return found


class Server:
    """Listens, and finds the method of a path."""

    def __init__(self, world):
        self.world = world
        self.tokens = access.tokens(world.version, world.options.tokens)
        self.methods = schema.methods(world.version)

    def find(self, verb, path):
        for method in self.methods:
            found = method.verb == verb and method.regex.fullmatch(path.rstrip("/") or "/")
            if found:
                return method, found.groupdict()
        raise ApiError(501, f"Method '{verb} {path}' not implemented")

    def listen(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.world.path("cert.pem"), self.world.path("key.pem"))
        listener = socket.create_server(("127.0.0.1", self.world.options.port), backlog=32)
        new = self.world.path("port.new")
        pathlib.Path(new).write_text(f"{listener.getsockname()[1]}\n")
        os.replace(new, self.world.path("port"))
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=self.welcome, args=(context, sock), daemon=True).start()

    def welcome(self, context, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            wrapped = context.wrap_socket(sock, server_side=True)
        except (ssl.SSLError, OSError) as problem:
            self.world.faults.note({"handshake": str(problem)})
            sock.close()
            return
        Connection(self, wrapped).serve()
