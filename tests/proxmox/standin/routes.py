"""Which function answers which path: filled by the modules as they are loaded."""

ROUTES = {}


def route(name, unlocked=False):
    """The function answers "METHOD /path/{with}/{parameters}", as schema.json names it. It holds the world's lock while it
    does, unless it takes locks itself."""
    def keep(function):
        ROUTES[name] = (function, unlocked)
        return function
    return keep
