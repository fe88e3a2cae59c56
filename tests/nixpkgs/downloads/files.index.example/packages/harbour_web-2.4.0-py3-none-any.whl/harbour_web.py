"""A web server small enough for a sample: answers every request with what an application says."""

import sys
from importlib import import_module
from wsgiref.simple_server import make_server

from harbour_log import line


def main():
    module, _, name = sys.argv[1].partition(":")
    sys.path.insert(0, ".")
    application = getattr(import_module(module), name or "application")
    with make_server("", 8000, application) as server:
        print(line(f"listening on {server.server_port}"), flush=True)
        server.serve_forever()
