import Machine
import Testing

@Suite("Bad definitions")
struct BadDefinitionTests {
  /// What stands for `web: {…}`, and the message without `q.json5:1:COLUMN: vms.web.`.
  private static let unreadableKeys: [(String, String)] = [
    ("restart: false", "21: vms.web.restart: write restart: \"no\", the policy, for what is not restarted"),
    (
      "kernel: \"~/k\"",
      "20: vms.web.kernel: '~/k': only a shell knows '~'; write the folder, in a lab file as ${HOME}/k"
    ),
    ("cpus: 0", "18: vms.web.cpus: the number of CPUs must be from 1 to 4096, not 0"),
    ("cpus: -1", "18: vms.web.cpus: the number of CPUs must be from 1 to 4096, not -1"),
    ("cpus: 5000", "18: vms.web.cpus: the number of CPUs must be from 1 to 4096, not 5000"),
    ("cpus: 1.5", "18: vms.web.cpus: expected a whole number, found 1.5"),
    ("cpus: \"2\"", "18: vms.web.cpus: expected a whole number, found \"2\""),
    ("cpus: null", "18: vms.web.cpus: expected a whole number, found null"),
    ("topology: 4", "22: vms.web.topology: expected an object of sockets, cores and threads, found 4"),
    ("topology: { core: 4 }", "24: vms.web.topology.core: unknown key 'core'; did you mean 'cores'?"),
    (
      "topology: { threads: 9 }",
      "33: vms.web.topology.threads: the number of threads in a core must be from 1 to 8, not 9"
    ),
    (
      "hugepages: \"3M\"",
      "23: vms.web.hugepages: 3M is not the size of a huge page; most hosts have \"2M\" and \"1G\""
    ),
    (
      "hugepages: 2",
      "23: vms.web.hugepages: expected true, false or the size of a page such as \"2M\", found 2"
    ),
    ("numa: [{ cpus: \"0\" }]", "19: vms.web.numa[0].memory: the node's memory is missing"),
    (
      "numa: [{ memory: \"1K\" }]",
      "29: vms.web.numa[0].memory: the memory of a node is a whole number of MiB, at most 16T, not 1K"
    ),
    (
      "cpuPinning: 1",
      "24: vms.web.cpuPinning: expected CPUs of the host such as \"2-5\", or a list with those of each vCPU, found 1"
    ),
    ("cpuPinning: [\"3-1\"]", "25: vms.web.cpuPinning[0]: '3-1' names no CPUs; write such as '0-3,8'"),
    ("cpuPinning: [5000]", "25: vms.web.cpuPinning[0]: a CPU has a number from 0 to 4095, not 5000"),
    ("iothreads: 17", "23: vms.web.iothreads: the number of I/O threads must be from 0 to 16, not 17"),
    ("sound: \"hdaa\"", "19: vms.web.sound: unknown sound card 'hdaa'; did you mean 'hda'?"),
    ("vsock: 2", "19: vms.web.vsock: the context ID must be from 3 to 4294967294, not 2"),
    ("vsock: \"yes\"", "19: vms.web.vsock: expected true, false or the guest's context ID, found \"yes\""),
    (
      "pciPassthrough: [\"1:0.0\"]",
      "29: vms.web.pciPassthrough[0]: '1:0.0' is not a PCI address; 'lspci -D' shows them, such as '0000:01:00.0'"
    ),
    (
      "pciPassthrough: [\"01:00.0\", \"0000:01:00.0\"]",
      "40: vms.web.pciPassthrough[1]: '0000:01:00.0' is listed already"
    ),
    (
      "networks: [{ user: true, subnet: \"10.0.0.0/28\" }]",
      "45: vms.web.networks[0].subnet: 10.0.0.0/28 is too small for the network 'user'; it needs 32 addresses: /27 or less"
    ),
    (
      "networks: [{ user: true, hostname: \"a.b\" }]",
      "47: vms.web.networks[0].hostname: 'a.b' is no host name: at most 63 letters, digits and '-'"
    ),
    (
      "networks: [{ user: true, mtu: 9000 }]",
      "23: vms.web.networks[0]: 'mtu' is for a card on a network of the lab: write network: NAME"
    ),
    (
      "disks: [{ file: \"a.raw\", aio: \"native\" }]",
      "42: vms.web.disks[0].aio: 'native' needs cache: \"none\" or \"directsync\""
    ),
    ("cpu: \"\"", "17: vms.web.cpu: expected a CPU model, found an empty string"),
    (
      "cpu: \"max -x\"",
      "17: vms.web.cpu: 'max -x' is not a CPU model; 'qemu-system-x86_64 -cpu help' lists them"
    ),
    ("memory: \"512k\"", "20: vms.web.memory: the memory must be from 1M to 16T, not 512K"),
    ("memory: \"17T\"", "20: vms.web.memory: the memory must be from 1M to 16T, not 17T"),
    ("memory: \"1025K\"", "20: vms.web.memory: 1025K is not a whole number of MiB"),
    ("memory: -1", "20: vms.web.memory: a size cannot be negative, as -1 is"),
    (
      "memory: \"2 gigs\"",
      "20: vms.web.memory: '2 gigs' has the unknown unit ' gigs'; units are K, M, G and T, powers of 1024"
    ),
    ("memory: true", "20: vms.web.memory: expected a size such as '512M', found true"),
    (
      "memory: \"1G\", memoryPerCPU: \"1G\"",
      "40: vms.web.memoryPerCPU: 'memory' is written as well; write only one of the two"
    ),
    (
      "accelerator: \"kvn\"",
      "25: vms.web.accelerator: unknown accelerator 'kvn'; did you mean 'kvm'?"
    ),
    ("accelerator: \"hvf\"", "25: vms.web.accelerator: unknown accelerator 'hvf'; use auto, kvm or tcg"),
    (
      "firmware: \"builtin:helo\"",
      "22: vms.web.firmware: unknown built-in firmware 'helo'; did you mean 'hello'?"
    ),
    ("machine: 5", "21: vms.web.machine: expected a machine type or an object, found 5"),
    ("machine: { accel: \"kvm\" }", "30: vms.web.machine.accel: write this with the key 'accelerator'"),
    (
      "machine: { \"usb=on,x\": true }",
      "35: vms.web.machine.usb=on,x: 'usb=on,x' is not a valid name of a machine option"
    ),
    (
      "machine: { usb: [] }",
      "28: vms.web.machine.usb: expected a string, a whole number, true or false, found an array"
    ),
    ("kernel: \"\"", "20: vms.web.kernel: expected the kernel's file, found an empty string"),
    ("append: \"a\\0b\"", "20: vms.web.append: a text cannot hold the character NUL"),
    (
      "disks: [{ file: \"a.raw\", bus: \"sas\" }]",
      "42: vms.web.disks[0].bus: unknown disk bus 'sas'; use virtio, scsi, nvme, sata or ide"
    ),
    (
      "disks: [{ file: \"a.raw\", format: \"qcow\" }]",
      "45: vms.web.disks[0].format: unknown disk format 'qcow'; did you mean 'qcow2'?"
    ),
    (
      "disks: [{ file: \"a.raw\", cache: \"off\" }]",
      "44: vms.web.disks[0].cache: unknown cache mode 'off'; use none, writeback, writethrough, directsync or unsafe"
    ),
    (
      "disks: [{ file: \"a.raw\", readOnly: \"yes\" }]",
      "47: vms.web.disks[0].readOnly: expected true or false, found \"yes\""
    ),
    (
      "disks: [{ file: \"a\", image: \"b\" }]",
      "40: vms.web.disks[0].image: 'file' is written as well: a disk is that very file, or one of its own on an image"
    ),
    (
      "disks: [{ name: \"a\" }]", "20: vms.web.disks[0].file: the disk's 'file', 'image' or 'size' is missing"
    ),
    (
      "disks: [{ size: \"1G\" }]",
      "20: vms.web.disks[0].name: the name of a blank disk, by which it is found again, is missing"
    ),
    (
      "disks: [{ file: \"a.raw\", size: \"1G\" }]",
      "43: vms.web.disks[0].size: a 'file' is used as it is, and its size is its own; 'qemu-img resize' grows it while it is not used"
    ),
    (
      "disks: [{ name: \"a\", size: \"1000B\" }]",
      "39: vms.web.disks[0].size: a disk has from 1M to 64T, not 1000B"
    ),
    (
      "disks: [{ name: \"a\", size: \"1025000B\" }]",
      "39: vms.web.disks[0].size: a disk has from 1M to 64T, not 1025000B"
    ),
    (
      "disks: [{ name: \"a\", size: \"1048577B\" }]",
      "39: vms.web.disks[0].size: 1048577B is not a whole number of sectors, 512B each"
    ),
    ("disks: [{ file: \"a.raw\", clone: true }]", "44: vms.web.disks[0].clone: only an 'image' is copied"),
    (
      "disks: [{ image: \"a\", clone: true, persistent: false }]",
      "41: vms.web.disks[0].clone: a copy for each run would be thrown away; persistent: false needs none"
    ),
    (
      "disks: [{ image: \"a\", readOnly: true, size: \"1G\" }]",
      "56: vms.web.disks[0].size: a disk that is only read does not grow"
    ),
    (
      "image: \"https://a/b.img\"",
      "19: vms.web.image: an image is downloaded only with its checksum: { url: …, sha256: … }, or 'qemuvm image "
        + "pull' downloads it into the store, and its name stands here"
    ),
    (
      "image: { url: \"https://a/b.img\" }",
      "19: vms.web.image.sha256: the image's checksum, as 'sha256', 'sha512', or its publisher's file in "
        + "'checksums', is missing"
    ),
    (
      "image: { url: \"https://a/b.img\", sha512: \"00\" }",
      "53: vms.web.image.sha512: '00' is no such checksum: it has 128 hexadecimal digits"
    ),
    (
      "image: { url: \"http://a/b.img\", checksums: \"https://a/SUMS\" }",
      "26: vms.web.image.url: over http an image is taken only with 'sha256' or 'sha512' written here, or use https"
    ),
    (
      "image: { url: \"file:///etc/passwd\", sha256: \"00\" }",
      "26: vms.web.image.url: 'file:///etc/passwd' is no address that begins with https:// (or http://)"
    ),
    (
      "disks: [{ name: \"a\", size: \"1G\", boot: 0 }]",
      "51: vms.web.disks[0].boot: the turn at booting must be from 1 to 99, not 0"
    ),
    ("disks: \"a.raw\"", "19: vms.web.disks: expected a list, found \"a.raw\""),
    ("networks: [\"backend\"]", "23: vms.web.networks[0]: unknown network 'backend'; use user or none"),
    ("networks: [\"usr\"]", "23: vms.web.networks[0]: unknown network 'usr'; did you mean 'user'?"),
    (
      "networks: [\"user\", \"user\", \"user\", \"user\", \"user\"]",
      "22: vms.web.networks: a guest has at most 4 network cards, not 5"
    ),
    (
      "networks: [{ user: true, mac: \"53:54:00:00:00:01\" }]",
      "42: vms.web.networks[0].mac: '53:54:00:00:00:01' is the address of a group of cards; "
        + "the second digit of a card's own is even"
    ),
    (
      "networks: [{ user: true, mac: \"52:54:00:00:00\" }]",
      "42: vms.web.networks[0].mac: '52:54:00:00:00' is not a card's address; write one such as '52:54:00:12:34:56'"
    ),
    (
      "networks: [{ user: true, mac: \"52:54:00:00:00:01\" }, { user: true, mac: \"52-54-00-00-00-01\" }]",
      "65: vms.web.networks[1]: another card of this guest has the address 52:54:00:00:00:01"
    ),
    (
      "networks: [{ user: true, model: \"e100\" }]",
      "44: vms.web.networks[0].model: unknown card model 'e100'; did you mean 'e1000'?"
    ),
    (
      "networks: [{ bridge: \"br0\" }]",
      "25: vms.web.networks[0].bridge: a card on a bridge is not there yet; write user: true"
    ),
    (
      "networks: [{ mac: \"52:54:00:00:00:01\" }]",
      "23: vms.web.networks[0].user: the card's network, 'user: true' or 'network: NAME', is missing"
    ),
    (
      "ports: [\"80:0\"]",
      "20: vms.web.ports[0]: '80:0' has the port '0'; a port is a number from 1 to 65535"
    ),
    (
      "ports: [\"[::1]:80:80\"]",
      "20: vms.web.ports[0]: '[::1]:80:80' has an IPv6 address; QEMU's user network forwards from IPv4 addresses only"
    ),
    (
      "ports: [\"80:1\", \"80:2\"]",
      "28: vms.web.ports[1]: '127.0.0.1:80:2' wants the same port of the host as '127.0.0.1:80:1'"
    ),
    ("serial: \"1\"", "20: vms.web.serial: expected true, false or a number of serial ports, found \"1\""),
    ("serial: 5", "20: vms.web.serial: the number of serial ports must be from 0 to 4, not 5"),
    ("rtc: \"local\"", "17: vms.web.rtc: unknown clock 'local'; use utc or localtime"),
    (
      "uuid: \"1\"",
      "18: vms.web.uuid: '1' is not a UUID; write one such as '123e4567-e89b-42d3-a456-426614174000'"
    ),
    ("usb: [\"tablett\"]", "18: vms.web.usb[0]: unknown USB device 'tablett'; did you mean 'tablet'?"),
    ("display: \"vcn\"", "21: vms.web.display: unknown display 'vcn'; did you mean 'vnc'?"),
    ("balloon: 1", "21: vms.web.balloon: expected true or false, found 1"),
    ("bootMenu: \"yes\"", "22: vms.web.bootMenu: expected true or false, found \"yes\""),
    ("ignition: \"\"", "22: vms.web.ignition: expected Ignition's file, found an empty string"),
    (
      "fwCfg: { role: \"web\" }",
      "27: vms.web.fwCfg.role: 'role' is not a name for the guest: those begin with 'opt/', as in "
        + "\"opt/org.example/role\""
    ),
    (
      "fwCfg: { \"opt/a b\": \"web\" }",
      "32: vms.web.fwCfg.opt/a b: 'opt/a b' is not a name of at most 55 ASCII characters without spaces"
    ),
    (
      "fwCfg: { \"opt/a\": 1 }",
      "30: vms.web.fwCfg.opt/a: expected a text, or { file: \"FILE\" }, found 1"
    ),
    ("usb: [\"mouse\", \"mouse\"]", "27: vms.web.usb[1]: 'mouse' is listed already"),
    ("smbios: { uuid: \"1\" }", "22: vms.web.smbios.uuid: the key 'uuid' of the VM decides it"),
    (
      "smbios: { bios: { vendr: \"x\" } }",
      "30: vms.web.smbios.bios.vendr: unknown key 'vendr'; did you mean 'vendor'?"
    ),
    (
      "firmware: { code: \"c.fd\" }",
      "22: vms.web.firmware.variables: the file of the firmware's empty variables, of which the VM gets a copy, is missing"
    ),
    (
      "firmware: { code: \"c\", variables: \"v\", secureBoot: true }",
      "63: vms.web.firmware.secureBoot: it is of uefi: true; with files of your own, what they hold decides"
    ),
    (
      "shares: [{ path: \"/srv\", tag: \"a b\" }]",
      "42: vms.web.shares[0].tag: 'a b' is not a name of at most 30 letters, digits, '-' and '_'"
    ),
    (
      "shares: [{ path: \"a,b\", tag: \"x\" }]",
      "29: vms.web.shares[0].path: virtiofsd takes no path with a comma"
    ),
    (
      "shares: [{ path: \"/srv\" }]",
      "21: vms.web.shares[0].tag: the name by which the guest mounts it is missing"
    ),
    ("machine: { \"smp.cpus\": 4 }", "35: vms.web.machine.smp.cpus: write this with the key 'cpus'"),
    (
      "accelerator: \"k\\u202e\\u200f\\u2066vm\"",
      "25: vms.web.accelerator: unknown accelerator 'k\\u{202e}\\u{200f}\\u{2066}vm'; use auto, kvm or tcg"
    ),
    (
      "health: { console: \"(\" }",
      "31: vms.web.health.console: '(' is not an extended regular expression (regex(7)): a '(' is not closed"
    ),
    ("health: { interval: \"0s\" }", "32: vms.web.health.interval: must be 100ms or longer"),
    ("health: { probe: 1 }", "22: vms.web.health.probe: unknown key 'probe'"),
    ("onHang: \"kill\"", "20: vms.web.onHang: unknown action 'kill'; use restart, reset or none"),
    ("restart: \"allways\"", "21: vms.web.restart: unknown restart policy 'allways'; did you mean 'always'?"),
    (
      "restart: { window: \"0s\" }",
      "31: vms.web.restart.window: must be longer than 0"
    ),
    (
      "restart: { burst: 0 }",
      "30: vms.web.restart.burst: the number of failures must be from 1 to 1000000, not 0"
    ),
    (
      "stopTimeout: 60",
      "25: vms.web.stopTimeout: 60 has no unit; write a duration such as '10s' or '250ms'"
    ),
    ("hardware: {}", "12: vms.web.hardware: 'hardware' belongs in a profile"),
    (
      "dependsOn: 5", "23: vms.web.dependsOn: expected a list of VMs, or an object of conditions, found 5"
    ),
    (
      "dependsOn: { web: \"helthy\" }",
      "30: vms.web.dependsOn.web: unknown condition 'helthy'; did you mean 'healthy'?"
    ),
    (
      "dependsOn: { web: \"up\" }",
      "30: vms.web.dependsOn.web: unknown condition 'up'; use started, healthy or stopped"
    ),
    (
      "dependsOn: [\"../x\"]",
      "24: vms.web.dependsOn[0]: '../x' is not a valid name: " + nameRule + "'/'"
    ),
    ("dependsOn: [\"b\", \"b\"]", "29: vms.web.dependsOn[1]: 'b' is in the list already"),
    ("profile: \"../x\"", "21: vms.web.profile: '../x' is not a valid name: " + nameRule + "'/'"),
    ("arguments: \"-x\"", "23: vms.web.arguments: expected a list of arguments, found \"-x\""),
    ("arguments: [1]", "24: vms.web.arguments[0]: expected an argument, found 1"),
  ]

  private static let nameRule = "a name may have only ASCII letters, digits, '.', '_' and '-', not "

  @Test("What cannot be read is refused with its place and the nearest that could", arguments: unreadableKeys)
  func unreadable(_ keys: String, _ message: String) {
    #expect {
      try LabFile(parsing: Array("{vms:{web:{\(keys)}}}".utf8), file: "q", defaultLab: "lab")
    } throws: {
      #expect("\($0)" == "q:1:" + message)
      return $0 is DefinitionError
    }
  }

  @Test(
    "An option that is qemuvm's own, or that a key decides, is refused, with one dash or two",
    arguments: [
      "uuid", "name", "pidfile", "daemonize", "S", "sandbox", "qmp", "qmp-pretty", "mon", "monitor", "action",
      "no-shutdown", "no-reboot", "accel", "enable-kvm", "readconfig", "incoming", "preconfig", "m", "smp",
      "cpu",
      "M", "machine", "bios", "pflash", "kernel", "initrd", "append", "watchdog-action", "runas", "run-with",
      "chroot", "async-teardown", "add-fd", "set", "no-acpi",
    ])
  func ownOptions(_ option: String) {
    for dashes in ["-", "--"] {
      #expect {
        try Example.definition("arguments: [\"-rtc\", \"base=utc\", \"\(dashes)\(option)\", \"x\"]")
      } throws: {
        "\($0)".contains("vms.web.arguments[2]: '\(dashes)\(option)' is refused: ")
      }
    }
  }

  @Test("An argument that contradicts a key names the key to write")
  func contradictions() {
    for (words, key) in [
      ("\"-m\", \"4G\"", "memory"), ("\"-smp\", \"4\"", "cpus"), ("\"--bios\", \"x\"", "firmware"),
      ("\"-smbios\", \"type=1,serial=x,uuid=11111111-2222-3333-4444-555555555555\"", "uuid"),
    ] {
      #expect {
        try Example.definition("arguments: [\(words)]")
      } throws: {
        "\($0)".contains("is refused: ") && "\($0)".contains("the key '\(key)'")
      }
    }
    #expect(throws: Never.self) {
      try Example.definition(
        "arguments: [\"-smbios\", \"type=11,value=uuid\", \"-rtc\", \"driftfix=slew\"]")
    }
  }

  /// What reads well and cannot be, with the message.
  private static let unresolvableKeys: [(String, String)] = [
    (
      "cpus: 289", "qemuvm.json5:1:22: cpus: 289 CPUs are more than the 288 that the machine type 'q35' takes"
    ),
    (
      "cpus: 3, topology: { cores: 2 }",
      "qemuvm.json5:1:35: topology: sockets × cores × threads must be the number of CPUs, 3; leave 'cpus' out, or change one of them"
    ),
    (
      "memory: \"1G\", hugepages: \"1G\", numa: [{ memory: \"512M\", cpus: 0 }, { memory: \"512M\" }]",
      "qemuvm.json5:1:41: hugepages: 512M of memory is not a whole number of pages of 1G"
    ),
    (
      "memory: \"1G\", numa: [{ memory: \"512M\", cpus: 0 }]",
      "qemuvm.json5:1:36: numa: the nodes have 512M of memory together, and the guest 1G"
    ),
    (
      "memory: \"1G\", numa: [{ memory: \"1G\", cpus: \"0-1\" }]",
      "qemuvm.json5:1:59: numa[0].cpus: the guest has no CPU 1; its last is 0"
    ),
    (
      "cpus: 2, memory: \"1G\", numa: [{ memory: \"1G\", cpus: 0 }]",
      "qemuvm.json5:1:45: numa: CPU 1 is in none of the nodes"
    ),
    (
      "cpus: 2, cpuPinning: [0]",
      "qemuvm.json5:1:37: cpuPinning: the list has 1 entries, and the guest 2 CPUs; write one for each, or one text for all"
    ),
    (
      "profile: \"microvm\", sound: \"hda\"",
      "qemuvm.json5:1:43: sound: a sound card needs a PCI bus, which 'microvm' does not have; leave 'sound' out"
    ),
    (
      "profile: \"microvm\", pciPassthrough: [\"01:00.0\"]",
      "qemuvm.json5:1:52: pciPassthrough: a PCI device needs a PCI bus, which 'microvm' does not have; leave 'pciPassthrough' out"
    ),
    (
      "machine: \"q53\"",
      "qemuvm.json5:1:25: machine: QEMU 7.2.22 has no machine type 'q53'; did you mean 'q35'?"
    ),
    (
      "machine: { type: \"amiga\" }",
      "qemuvm.json5:1:33: machine.type: QEMU 7.2.22 has no machine type 'amiga'; see 'qemu-system-x86_64 -machine help'"
    ),
    (
      "cpus: 64, memoryPerCPU: \"1T\"",
      "qemuvm.json5:1:40: memoryPerCPU: 1T for each of 64 CPUs is more than 16T"
    ),
    ("initrd: \"i\"", "qemuvm.json5:1:24: initrd: an initrd needs a kernel; write 'kernel' as well"),
    (
      "append: \"quiet\"",
      "qemuvm.json5:1:24: append: a kernel's command line needs a kernel; write 'kernel' as well"
    ),
    (
      "profile: \"microvm\", firmware: \"uefi\"",
      "qemuvm.json5:1:46: firmware: UEFI works with the machine types 'pc' and 'q35' only, not with 'microvm'"
    ),
    (
      "profile: \"microvm\", disks: [{ file: \"a.raw\", bus: \"scsi\" }]",
      "qemuvm.json5:1:66: disks[0].bus: 'microvm' has no 'scsi', only 'virtio'"
    ),
    (
      "disks: [\"image\"]",
      "qemuvm.json5:1:24: disks[0].format: the format cannot be told from the name '/lab/image'; "
        + "write format: \"raw\" or \"qcow2\""
    ),
    (
      "disks: [\"a.raw\", { file: \"./a.raw\", readOnly: true }]",
      "qemuvm.json5:1:41: disks[1].file: '/lab/a.raw' is another disk of this VM already"
    ),
    (
      "ports: [\"80:80\"], networks: []",
      "qemuvm.json5:1:23: ports: ports lead through the network 'user', which 'networks' does not list"
    ),
    (
      "rtc: \"localtime\", arguments: [\"-rtc\", \"base=utc\"]",
      "qemuvm.json5:1:46: arguments[0]: '-rtc' is refused: the key 'rtc' is written as well; write only one of the two"
    ),
    (
      "profile: \"microvm\", display: \"vnc\"",
      "qemuvm.json5:1:45: display: a graphics card needs a PCI bus, which 'microvm' does not have; leave 'display' out"
    ),
    (
      "fwCfg: { \"opt/com.coreos/config\": \"{}\" }, ignition: \"a\"",
      "qemuvm.json5:1:68: ignition: 'fwCfg' has 'opt/com.coreos/config' as well; write only one of the two"
    ),
    (
      "profile: \"microvm\", usb: [\"tablet\"]",
      "qemuvm.json5:1:41: usb: a USB controller needs a PCI bus, which 'microvm' does not have; leave 'usb' out"
    ),
    (
      "profile: \"microvm\", networks: [{ user: true, model: \"e1000\" }]",
      "qemuvm.json5:1:47: networks[0]: a card 'e1000' needs a PCI bus, which 'microvm' does not have; "
        + "leave 'model' out for a virtio card"
    ),
    (
      "profile: \"microvm\", serial: 2",
      "qemuvm.json5:1:44: serial: 'microvm' has one serial port, not 2"
    ),
    (
      "profile: \"microvm\", smbios: { serial: \"1\" }",
      "qemuvm.json5:1:44: smbios: SMBIOS works with the machine types 'pc' and 'q35' only, not with 'microvm'"
    ),
    (
      "machine: \"isapc\", rng: true, networks: [], disks: [{ file: \"a.raw\", bus: \"ide\" }]",
      "qemuvm.json5:1:39: rng: 'rng' needs a PCI bus, which 'isapc' does not have; write rng: false"
    ),
    (
      "machine: \"isapc\", rng: false, networks: [\"user\"]",
      "qemuvm.json5:1:57: networks[0]: a card 'virtio' needs a PCI bus, which 'isapc' does not have; "
        + "write { user: true, model: \"ne2k_isa\" }, or networks: \"none\""
    ),
    (
      "restart: { delay: \"2m\", maxDelay: \"1m\" }",
      "qemuvm.json5:1:34: restart.delay: 2m is longer than 'maxDelay', 1m"
    ),
    (
      "serial: false, health: { console: \"login:\" }",
      "qemuvm.json5:1:50: health.console: a pattern needs the guest's console, which 'serial' has switched off"
    ),
  ]

  @Test("What cannot be is refused with the place of its key", arguments: unresolvableKeys)
  func unresolvable(_ keys: String, _ message: String) {
    #expect {
      try Example.machine(keys)
    } throws: {
      #expect("\($0)" == message)
      return $0 is DefinitionError
    }
  }

  @Test("More disks than there are places for are refused")
  func tooManyDisks() {
    let names = { (count: Int) in (0..<count).map { "\"\($0).raw\"" }.joined(separator: ",") }
    #expect(throws: Never.self) { try Example.machine("disks: [\(names(16))]") }
    #expect {
      try Example.machine("disks: [\(names(17))]")
    } throws: {
      "\($0)" == "qemuvm.json5:1:23: disks: 17 disks are more than the 16 that a machine takes"
    }
    let ide = (0..<5).map { "{ file: \"\($0).raw\", bus: \"ide\" }" }.joined(separator: ",")
    #expect {
      try Example.machine("machine: \"pc\", disks: [\(ide)]")
    } throws: {
      "\($0)" == "qemuvm.json5:1:38: disks: 5 disks on 'ide' are more than the 4 that 'pc' takes"
    }
  }

  @Test("All problems are reported at once, in the order of the file")
  func allAtOnce() {
    #expect {
      try Example.machine("cpus: 999, machine: \"q53\", append: \"x\"")
    } throws: {
      ("\($0)").split(separator: "\n").count == 2
    }
  }
}
