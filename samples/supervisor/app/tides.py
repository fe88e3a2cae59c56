"""Answers with the tide, and who it runs as."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Tides(BaseHTTPRequestHandler):
    def do_GET(self):
        text = f"high water at noon, says user {os.getuid()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


HTTPServer(("127.0.0.1", 8000), Tides).serve_forever()
