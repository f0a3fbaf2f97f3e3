"""The upload's parser: as forgiving and as unforgiving as Proxmox's own, which is made of regular expressions over whatever
has come so far. In the order of its phases: everything before the first boundary is dropped; the fields `content`,
`checksum-algorithm` and `checksum` are looked for at the beginning, in this order; then the file's part, whose first header
must be its Content-Disposition. What is left of that part's headers is dropped only if its end has come already: else it is
written into the file. That is the trap that the client must know."""
import re

from .errors import ApiError

NEWLINE = rb"\r?\n"
FIELDS = (b"content", b"checksum-algorithm", b"checksum")


class Upload:
    """One body: feed() it in the blocks that are read."""

    def __init__(self, boundary, size, out):
        self.size, self.out = size, out
        self.delimiter = rb"--" + re.escape(boundary) + NEWLINE
        self.close = b"--" + boundary + b"--"
        self.kept_back = len(boundary) + 8
        self.buffer, self.phase, self.came, self.stored = b"", 0, 0, 0
        self.params, self.remarks = {}, []

    @property
    def done(self):
        return self.phase == 100

    def feed(self, block):
        self.buffer += block
        self.came += len(block)
        for phase in (self.find_start, self.take_fields, self.take_file):
            phase()
        if self.came >= self.size and not self.done:
            raise ApiError(501, "upload failed")

    def cut(self, pattern, by=b""):
        """Replaces what the buffer has of a pattern, once; answers the match."""
        found = re.search(pattern, self.buffer, re.S)
        if found:
            self.buffer = self.buffer[:found.start()] + (found.expand(by) if by else b"") + self.buffer[found.end():]
        return found

    def find_start(self):
        if self.phase == 0 and self.cut(rb"\A.*?(" + self.delimiter + rb")", rb"\1"):
            self.phase = 1

    def drop_headers(self):
        return self.cut(rb"\A.*?(?:" + NEWLINE + rb"){2}")

    def take_fields(self):
        if self.phase != 1:
            return
        for name in FIELDS:
            found = self.cut(rb"\A" + self.delimiter + rb'.*?Content-Disposition: (.*?); name="' + name + rb'"(.*?'
                             + self.delimiter + rb")", rb"\2")
            if found:
                self.form_data(found[1])
                self.drop_headers()
                value = self.cut(rb"\A(.*?)(" + self.delimiter + rb")", rb"\2")
                self.params[name.decode()] = value[1].strip().decode("latin-1") if value else ""
        found = self.cut(rb"\A" + self.delimiter + rb'Content-Disposition: (.*?); name="(.*?)"; filename="([^"]+)"' + NEWLINE)
        if found:
            self.form_data(found[1])
            if found[2] != b"filename":
                raise ApiError(501, f"wrong field name '{found[2].decode('latin-1')}' for file upload, expected 'filename'")
            self.params["filename"] = found[3].strip().decode("latin-1")
            self.phase = 2
            # No further header: the empty line ends the block, and what Proxmox then drops is data up to its first empty line.
            if not self.drop_headers():
                self.remarks.append("the file part's headers came in more than one block: they are written into the file")

    @staticmethod
    def form_data(disposition):
        if disposition != b"form-data":
            raise ApiError(501, f"wrong Content-Disposition '{disposition.decode('latin-1')}' in multipart, "
                           "expected 'form-data'")

    def take_file(self):
        if self.phase != 2:
            return
        end = self.buffer.find(self.close)
        if end >= 0:
            self.store(re.sub(NEWLINE + rb"\Z", b"", self.buffer[:end]))
            self.buffer, self.phase = b"", 100
        elif len(self.buffer) > self.kept_back:
            self.store(self.buffer[:-self.kept_back])
            self.buffer = self.buffer[-self.kept_back:]

    def store(self, data):
        self.out.write(data)
        self.stored += len(data)
