import JSON
import Machine

/// Settings with every key that a VM can have.
enum Everything {
  static let json: JSONObject = [
    "profile": "linux", "qemu": "/usr/bin/qemu-system-x86_64",
    "machine": ["type": "q35", "usb": "off"], "accelerator": "tcg", "cpu": "max,-avx", "cpus": 2,
    "topology": ["sockets": 1, "cores": 2, "threads": 1], "hugepages": "2M",
    "numa": [["memory": "1G", "cpus": "0-1", "hostNode": 0]], "cpuPinning": [0, "2-3"], "iothreads": 2,
    "sound": "hda", "vsock": 5, "pciPassthrough": ["0000:01:00.0"],
    "memoryPerCPU": "512M", "firmware": "uefi", "kernel": "/boot/vmlinuz", "initrd": "/boot/initrd",
    "append": "console=ttyS0",
    "image": "debian-12", "imageSize": "20G",
    "disks": [
      [
        "name": "data", "file": "/d.qcow2", "format": "qcow2", "bus": "virtio", "readOnly": false,
        "cache": "none",
        "discard": true, "cdrom": false, "serial": "data", "boot": 2,
      ],
      ["name": "blank", "size": "1G", "persistent": false],
      ["name": "full", "image": "/base.img", "size": "3G", "clone": true, "format": "raw"],
    ],
    "networks": ["user", ["user": true, "mac": "52:54:00:12:34:56", "model": "e1000e"]],
    "ports": ["127.0.0.1:8080:80", "0.0.0.0:53:53/udp"], "serial": 2, "rng": true,
    "rtc": "localtime", "uuid": "123e4567-e89b-42d3-a456-426614174000", "usb": ["tablet", "keyboard"],
    "smbios": [
      "manufacturer": "Example, Inc.", "serial": "7", "bios": ["vendor": "v"], "oemStrings": ["a", "b"],
    ],
    "cloudInit": [
      "user": "admin", "password": ["file": "/pw"], "sshKeys": ["ssh-ed25519 AAAA me"], "packages": ["nginx"],
      "hostname": "web", "timezone": "Europe/Berlin",
      "files": [["path": "/etc/motd", "content": "hello\n", "permissions": "0644", "owner": "root:root"]],
      "runCommands": ["echo a | cat", ["touch", "/b"]], "userData": "#!/bin/sh\n",
      "networkConfig": ["version": 2, "ethernets": [:]],
    ], "ssh": ["user": "root"],
    "display": "vnc", "tpm": true, "shares": [["path": "/srv", "tag": "data", "readOnly": true]],
    "balloon": true, "bootMenu": true, "ignition": "/ignition.json",
    "fwCfg": ["opt/org.example/role": "web", "opt/org.example/key": ["file": "/key"]],
    "dependsOn": ["db": "healthy", "job": "stopped", "cache": "started"],
    "restart": [
      "policy": "always", "delay": "1s", "maxDelay": "1m", "burst": 5, "window": "10m", "resetAfter": "0s",
    ],
    "health": [
      "interval": "10s", "timeout": "2s", "retries": 5, "startPeriod": "2m", "console": "login:", "port": 80,
      "startInterval": "1s",
    ],
    "onHang": "reset", "stopTimeout": "90s", "logs": ["maxSize": "64K", "keep": 5],
    "arguments": ["-device", "virtio-balloon"],
  ]

  static var settings: Settings {
    get throws { try Settings(json: .object(json)) }
  }
}
