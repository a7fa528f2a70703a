"""A receiver of webhooks."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver:
    """A real HTTP server that keeps what it is sent and answers ``answer`` after ``seconds`` with ``statuses``, the last one again and again."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.seconds = 0.0
        self.answer = b"thanks"
        self.got: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(outer.seconds)
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status = outer.statuses.pop(0) if len(outer.statuses) > 1 else outer.statuses[0]
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", outer.url)
                self.end_headers()
                self.wfile.write(outer.answer)

            def log_message(self, *_arguments: object) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?team=1"
