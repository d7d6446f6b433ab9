#!/usr/bin/python3
"""Tries qemuvm's units under a real systemd: in a Debian guest, under TCG, with guests of its own.

usage: systemd-trial.py BINARY GUEST-FOLDER [WORK-FOLDER]

BINARY is qemuvm, linked statically; GUEST-FOLDER is what debian-guest.sh makes of
"debian-guest.sh GUEST-FOLDER qemu-system-x86,qemu-utils" (as root; package debootstrap). It installs, boots, brings
guests up, restarts and upgrades the supervisor, crashes a guest, powers off, boots again, cuts the power, boots again,
and shows what it saw. A step that does not hold ends it with exit code 1. Some ten minutes.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = float(os.environ.get("TRIAL_PATIENCE", "600"))


class Machine:
    """The Debian guest: its QEMU, and a root shell on its serial console."""

    def __init__(self, guest, work, payload):
        self.guest, self.work, self.payload = guest, work, payload
        self.disk = f"{work}/disk.qcow2"
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", f"{guest}/debian.qcow2", self.disk],
            check=True)
        self.log = open(f"{work}/console.log", "ab", buffering=0)
        self.count = 0

    def boot(self):
        path = f"{self.work}/console.sock"
        if os.path.exists(path):
            os.unlink(path)
        self.qemu = subprocess.Popen([
            "qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1536",
            "-nodefaults", "-display", "none", "-no-reboot",
            "-kernel", f"{self.guest}/vmlinuz", "-initrd", f"{self.guest}/debian-initrd.gz",
            "-append", "console=ttyS0 quiet no_timer_check tsc=unstable systemd.show_status=0",
            "-blockdev", f"driver=qcow2,node-name=d0,file.driver=file,file.filename={self.disk}",
            "-device", "virtio-blk-pci,drive=d0",
            "-blockdev", f"driver=raw,node-name=d1,read-only=on,file.driver=file,file.filename={self.payload}",
            "-device", "virtio-blk-pci,drive=d1", "-device", "virtio-rng-pci",
            "-serial", f"unix:{path},server=on,wait=on"])
        self.console = socket.socket(socket.AF_UNIX)
        for _ in range(200):
            try:
                self.console.connect(path)
                break
            except OSError:
                time.sleep(0.1)
        self.seen = b""
        self.read_until(b"root@guest:~# ")
        self.run("stty -echo cols 200; bind 'set enable-bracketed-paste off'; PS1=; export SYSTEMD_PAGER=cat", check=False)

    def read_until(self, text):
        """All that the console says up to and with the text."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            self.console.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                data = self.console.recv(65536)
            except socket.timeout:
                data = b""
            if not data:
                fail(f"the console did not say {text!r}; its end: {self.seen[-2000:].decode(errors='replace')}")
            self.log.write(data)
            self.seen += data
        head, _, self.seen = self.seen.partition(text)
        return head

    def run(self, command, check=True, show=True):
        """Runs a line of shell, shows it with its output, and gives that."""
        self.count += 1
        mark = f"@{self.count}@"
        self.console.sendall(f"{command}\necho \"@\"{self.count}@ $?\n".encode())
        output = self.read_until(mark.encode()).decode(errors="replace").replace("\r", "")
        code = int(self.read_until(b"\n").decode().strip() or -1)
        output = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output).strip("\n")
        if show:
            print(f"# {command}\n{output}" + (f"\n[exit code {code}]" if code else ""), flush=True)
        if check and code != 0:
            fail(f"'{command}' ended with {code}")
        return output

    def power_off(self, command="systemctl poweroff"):
        print(f"# {command}", flush=True)
        self.console.sendall(f"{command}\n".encode())
        self.gone()

    def gone(self):
        # What it says on its way is for the log alone.
        deadline = time.monotonic() + PATIENCE
        while self.qemu.poll() is None:
            if time.monotonic() > deadline:
                fail("it did not power off")
            self.console.settimeout(1)
            try:
                data = self.console.recv(65536)
                if data:
                    self.log.write(data)
            except OSError:
                pass
        self.console.close()


def fail(words):
    print(f"FAILED: {words}", flush=True)
    sys.exit(1)


def expect(fact, words):
    print(f"{'ok' if fact else 'NOT SO'}: {words}", flush=True)
    if not fact:
        fail(words)


def step(words):
    print(f"\n=== {words}", flush=True)


def guest_pids(machine):
    """The QEMU of each VM, by the supervisor's own word."""
    table = machine.run("qemuvm ls --json | tr -d '\\n'; echo", show=False)
    return dict(re.findall(r'"name": ?"(\w+)".*?"pid": ?(\d+)', table))


def running(machine):
    """Waits until both are running; what a boot starts takes its time under TCG."""
    machine.run("qemuvm wait shop/db shop/web --for running --timeout 5m")


def main():
    binary, guest = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    work = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else tempfile.mkdtemp(prefix="systemd-trial-")
    os.makedirs(work, exist_ok=True)
    payload = f"{work}/payload.tar"
    subprocess.run(["tar", "cf", payload, "-C", os.path.dirname(binary), os.path.basename(binary)], check=True)
    name = os.path.basename(binary)
    machine = Machine(guest, work, payload)
    try:
        trial(machine, name)
    finally:
        machine.qemu.kill()
        machine.qemu.wait()
    print(f"\nall of it held; the console's log is {work}/console.log")


def trial(machine, name):
    step("install")
    machine.boot()
    machine.run(f"tar xf /dev/vdb -C /usr/local/bin && chown root: /usr/local/bin/{name} && chmod 755 /usr/local/bin/{name}")
    machine.run("qemuvm generate systemd --output /etc/systemd/system")
    machine.run("systemd-analyze verify --man=no /etc/systemd/system/qemuvm*")
    machine.run("systemd-analyze security --no-pager qemuvm.service | tail -1")
    step("one that a command has started makes room")
    machine.run("mv /etc/systemd/system/qemuvm* /root/; mkdir -p /root/shop; cd /root/shop")
    machine.run("echo \"{ vms: { db: { profile: 'hello', accelerator: 'tcg' }, web: { profile: 'hello', accelerator: 'tcg', dependsOn: ['db'] } } }\" >qemuvm.json5")
    machine.run("qemuvm up --timeout 5m")
    before = guest_pids(machine)
    machine.run("mv /root/qemuvm*.* /etc/systemd/system/; systemctl daemon-reload")
    machine.run("systemctl enable --now qemuvm.socket qemuvm.service qemuvm-guests.service")
    machine.run("qemuvm supervisor status; systemctl is-active qemuvm.socket qemuvm.service qemuvm-guests.service")
    expect(guest_pids(machine) == before and len(before) == 2, f"the guests go on: {before}")
    machine.run("qemuvm restart --timeout 5m")

    step("restart, stop, crash and upgrade of the supervisor")
    before = guest_pids(machine)
    machine.run("systemctl restart qemuvm.service")
    expect(guest_pids(machine) == before, "'systemctl restart' leaves the guests running")
    machine.run("qemuvm supervisor stop")
    expect(guest_pids(machine) == before, "'supervisor stop' leaves them running, and the next command has a supervisor")
    machine.run("kill -KILL $(systemctl show -P MainPID qemuvm.service)")
    expect(guest_pids(machine) == before, "so does a supervisor that is killed")
    machine.run("systemctl stop qemuvm.socket qemuvm.service; systemctl is-active qemuvm.service", check=False)
    machine.run("cp /usr/local/bin/qemuvm /usr/local/bin/qemuvm.new && mv /usr/local/bin/qemuvm.new /usr/local/bin/qemuvm")
    machine.run("qemuvm ls")
    expect(guest_pids(machine) == before, "and an upgrade; the command had systemd start the supervisor")
    machine.run("systemctl is-active qemuvm.service")
    machine.run("systemctl start qemuvm.socket")
    machine.run("systemd-cgls --no-pager -u qemuvm.service | cut -c 1-120")

    step("a guest that crashes is in the journal")
    machine.run(f"kill -KILL {before['db']}")
    machine.run("qemuvm wait shop/db --for running --timeout 3m; qemuvm ls")
    journal = machine.run("journalctl --no-pager -o cat -u qemuvm.service -p notice")
    expect("shop/db" in journal, "a line each")

    step("power off: the guests see their power button")
    machine.power_off()
    machine.boot()
    machine.run("cd /root/shop")
    running(machine)
    events = machine.run("qemuvm events | tail -40")
    expect("its guests are down" in events, "the supervisor left when its guests were down")
    expect(events.count("guest-shutdown") >= 2, "both guests powered off by themselves")
    starts = [line for line in events.splitlines() if "QEMU started" in line][-2:]
    expect("shop/db" in starts[0] and "shop/web" in starts[1], "they are up again, db before web")
    machine.run("qemuvm why shop/db | head -3")

    step("the power is cut")
    machine.power_off("sync; echo o >/proc/sysrq-trigger")
    machine.boot()
    machine.run("cd /root/shop")
    running(machine)
    why = machine.run("qemuvm why shop/db")
    expect("cut its guest off" in why, "'why' tells it")

    step("power off without the guests' unit: what init kills is not started again")
    machine.run("systemctl disable qemuvm-guests.service; rm /etc/systemd/system/qemuvm-guests.service; systemctl daemon-reload")
    machine.power_off()
    machine.boot()
    machine.run("cd /root/shop")
    running(machine)
    why = machine.run("qemuvm why shop/db")
    expect("cut its guest off" in why, "'why' tells it")
    machine.run("qemuvm down --timeout 5m")
    machine.power_off()


if __name__ == "__main__":
    main()
