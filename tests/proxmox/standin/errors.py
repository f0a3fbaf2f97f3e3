"""How a call and a task fail."""


class ApiError(Exception):
    """A call ends with this status; `message` is the status line's reason, too."""

    def __init__(self, status, message, errors=None, empty=False):
        super().__init__(message)
        self.status, self.message, self.errors, self.empty = status, message, errors, empty


class TaskError(Exception):
    """A task ends with this text as its exit status."""


class Cut(Exception):
    """The connection ends here, without an answer."""


def bad_parameter(**errors):
    """What a parameter that does not fit is answered with."""
    return ApiError(400, "Parameter verification failed.", {name.replace("_", "-"): text for name, text in errors.items()})


def failed(message):
    """Anything else that went wrong."""
    return ApiError(500, message)
