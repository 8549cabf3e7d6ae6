"""A collector's receiver: what is posted to it, and what it answers."""

from __future__ import annotations

import gzip
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread


class Receiver:
    """``answers``: (status, body, headers) in turn; when they are over, 200 and ``{}``."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.got, self.paths, self.headers = [], [], []
        self.came = Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                with receiver.came:
                    status, text, more = (
                        receiver.answers.pop(0) if receiver.answers else (200, b"{}", {})
                    )
                    receiver.got.append((status, json.loads(body)))
                    receiver.paths.append(self.path)
                    receiver.headers.append(dict(self.headers))
                    receiver.came.notify_all()
                self.send_response(status)
                for name, value in {**more, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_words):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()

    def records(self):
        """The records of the requests that it took."""
        return [record for _, record in self.resources_and_records()]

    def resources_and_records(self):
        return [
            (resource["resource"], record)
            for status, body in self.got
            if status == 200
            for resource in body["resourceLogs"]
            for scope in resource["scopeLogs"]
            for record in scope["logRecords"]
        ]


def plain(attributes):
    """KeyValues as a dict of what they hold."""
    return {one["key"]: _plain(one["value"]) for one in attributes}


def _plain(value):
    ((kind, held),) = value.items()
    if kind == "arrayValue":
        return [_plain(one) for one in held["values"]]
    return plain(held["values"]) if kind == "kvlistValue" else held
