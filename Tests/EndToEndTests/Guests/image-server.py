#!/usr/bin/env python3
"""Serves the files of a folder over HTTP and HTTPS, well or with a fault on purpose, as the first part of the path says.

    image-server.py FOLDER CERTIFICATE     prints `ready HTTP-PORT HTTPS-PORT`

  /plain/NAME   as any server does, ranges included
  /cut/NAME     a third of what is asked for at most, then the connection ends
  /whole/NAME   always from the beginning; of the first request half comes
  /gate/NAME    half, then `waiting` is printed, and the rest comes when `open` is read from the input
  /mute/NAME    the whole, without saying how much it is
  /moved/NAME   leads to /plain/NAME

Every request is a line in FOLDER/requests, with its range. It ends with its input.
"""

import http.server
import os
import ssl
import sys
import threading

folder, certificate = sys.argv[1:3]
gate = threading.Event()
lock = threading.Lock()
seen = set()


def say(words):
    with lock:
        print(words, flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        mode, _, name = self.path.partition("?")[0].strip("/").partition("/")
        asked = self.headers.get("Range")
        with lock, open(os.path.join(folder, "requests"), "a") as log:
            log.write(f"{self.path} {asked or 'whole'}\n")
            is_first = self.path not in seen
            seen.add(self.path)
        if mode == "moved":
            self.send_response(302)
            self.send_header("Location", f"/plain/{name}")
            self.end_headers()
            return
        try:
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
        except OSError:
            self.send_error(404)
            return
        start = int(asked[6:].rstrip("-")) if asked and mode != "whole" else 0
        if start >= len(data) > 0 and start:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.end_headers()
            return
        rest = data[start:]
        self.send_response(206 if start else 200)
        if mode != "mute":
            self.send_header("Content-Length", str(len(rest)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if mode == "cut":
            rest = rest[: max(1, len(data) // 3)]
        elif mode == "whole" and is_first:
            rest = rest[: len(rest) // 2]
        elif mode == "gate" and not gate.is_set():
            self.wfile.write(rest[: len(rest) // 2])
            rest = rest[len(rest) // 2 :]
            say("waiting")
            gate.wait()
        self.wfile.write(rest)

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # A client that went away.


plain = Server(("127.0.0.1", 0), Handler)
secure = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
secure.socket = context.wrap_socket(secure.socket, server_side=True)
for server in plain, secure:
    threading.Thread(target=server.serve_forever, daemon=True).start()
say(f"ready {plain.server_port} {secure.server_port} end")
for line in sys.stdin:
    if line.strip() == "open":
        gate.set()
    elif line.strip() == "close":
        gate.clear()
os._exit(0)
