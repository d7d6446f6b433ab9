#!/usr/bin/python3
"""What stands in QEMU's place when it has turned against its supervisor; asked without a VM, it is the real QEMU.

It speaks on the monitor that it was given, and what it does is the name of its VM:

  loud     sends an event of 6 MB, 200,000 WATCHDOGs and DONE; answers `query-big` with 12 MB
  closing  ends each connection as soon as it is negotiated
  mute     once its guest runs ends the connection at the third question, and then greets and answers nothing
  stuck    says that a signal ends it, and does not end

It counts the connections in a file beside this one.
"""
import json, os, shutil, signal, socket, sys

if "-uuid" not in sys.argv:
    real = shutil.which("qemu-system-x86_64") or "/usr/bin/qemu-system-x86_64"
    os.execv(real, [real] + sys.argv[1:])

guest = next(word for word in sys.argv if word.startswith("guest="))
acts = next((act for act in ("closing", "mute", "stuck") if act in guest), "loud")
isMute = False
if acts == "stuck":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
listener = socket.socket(fileno=4)
listener.setblocking(True)


def send(connection, message):
    connection.sendall(json.dumps(message).encode() + b"\r\n")


def event(name, data):
    return {"timestamp": {"seconds": 1795826411, "microseconds": 834710}, "event": name, "data": data}


def requests(connection):
    decoder, text = json.JSONDecoder(), ""
    while more := connection.recv(65536):
        text += more.decode()
        while text:
            try:
                request, end = decoder.raw_decode(text)
            except ValueError:
                break
            text = text[end:].lstrip()
            yield request


def serve(connection):
    global isMute
    questions = None
    send(connection, {"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""},
                              "capabilities": []}})
    for request in requests(connection):
        command, reply = request["execute"], {}
        if isMute:
            continue
        if questions is not None:
            questions += 1
            if questions == 3:
                isMute = True
                return
        if command == "query-status":
            reply = {"status": "running", "singlestep": False, "running": True}
        if command == "query-kvm":
            reply = {"enabled": False, "present": False}
        if command == "query-big":
            reply = ["x" * 1000] * 12000
        send(connection, {"return": reply, "id": request["id"]})
        if acts == "closing":
            return
        if command == "cont":
            send(connection, event("RESUME", {}))
            if acts == "mute":
                questions = 0
                continue
            if acts == "stuck":
                send(connection, event("SHUTDOWN", {"guest": False, "reason": "host-signal"}))
                continue
            send(connection, event("BIG", {"text": "x" * 6000000}))
            storm = json.dumps(event("WATCHDOG", {"action": "reset"})).encode() + b"\r\n"
            connection.sendall(storm * 200000)
            send(connection, event("DONE", {}))
        if command == "quit":
            sys.exit()


count = 0
while True:
    connection, _ = listener.accept()
    count += 1
    with open(sys.argv[0] + ".count", "w") as file:
        file.write(str(count))
    try:
        serve(connection)
    except (BrokenPipeError, ConnectionResetError):
        pass
    connection.close()
