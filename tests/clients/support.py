"""What each script needs: what it is told on standard input, a receiver of webhooks, the person at the phone."""

import json
import os
import queue
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

# How long a webhook may take; only a failing script waits so long.
PATIENCE = 30

_told = json.load(sys.stdin)
phone = _told["phone"]


def account(source):
    """The settings with which one connects to the first account of a source."""
    return next(a["set"] for a in _told["accounts"] if a["source"] == source)


def control(method, path, body):
    """A call to the simulator's control API."""
    request = urllib.request.Request(
        f"{_told['simulator']}/sim/v1{path}",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def write(provider, text):
    """The person writes."""
    return control("POST", f"/phones/{phone}/messages", {"type": "text", "provider": provider, "text": text})


class Hook:
    """One webhook: its headers and its raw bytes."""

    def __init__(self, headers, body):
        self.headers = headers
        self.body = body


class Receiver:
    """Receives webhooks, answers 200 and keeps them; a GET is answered by `challenge`, given its query."""

    def __init__(self, challenge=None):
        self._hooks = queue.Queue()
        hooks = self._hooks

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                hooks.put(Hook(self.headers, body))
                self._answer(200, b"")

            def do_GET(self):
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                words, status = challenge(query) if challenge else ("", 404)
                self._answer(status, words.encode())

            def _answer(self, status, body):
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"

    def until(self, wanted):
        """The next webhook that satisfies a condition."""
        while True:
            hook = self._hooks.get(timeout=PATIENCE)
            if wanted(hook):
                return hook


def changed(body):
    """The same bytes with one bit of one byte changed."""
    other = bytearray(body)
    other[len(other) // 2] ^= 1
    return bytes(other)


def say(result):
    """Says what came out, as one line of JSON, and ends."""
    print(json.dumps(result), flush=True)
    os._exit(0)
