"""Keeps a note: PUT it, GET it back."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

NOTE = Path(os.environ["NOTES"], "note.txt")


class Notes(BaseHTTPRequestHandler):
    def do_GET(self):
        if not NOTE.exists():
            NOTE.write_text(f"written by user {os.getuid()} in {Path.cwd()}\n")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(NOTE.read_bytes())


HTTPServer(("", int(os.environ["PORT"])), Notes).serve_forever()
