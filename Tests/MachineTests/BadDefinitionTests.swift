import Machine
import Testing

@Suite("Bad definitions")
struct BadDefinitionTests {
  /// What stands for `web: {…}`, and the message without `q.json5:1:COLUMN: vms.web.`.
  private static let unreadableKeys: [(String, String)] = [
    ("cpus: 0", "18: vms.web.cpus: 0 is no number of CPUs: it must be from 1 to 4096"),
    ("cpus: -1", "18: vms.web.cpus: -1 is no number of CPUs: it must be from 1 to 4096"),
    ("cpus: 5000", "18: vms.web.cpus: 5000 is no number of CPUs: it must be from 1 to 4096"),
    ("cpus: 1.5", "18: vms.web.cpus: expected a whole number, found 1.5"),
    ("cpus: \"2\"", "18: vms.web.cpus: expected a whole number, found \"2\""),
    ("cpus: null", "18: vms.web.cpus: expected a whole number, found null"),
    ("cpu: \"\"", "17: vms.web.cpu: expected a CPU model, found an empty string"),
    (
      "cpu: \"max -x\"",
      "17: vms.web.cpu: 'max -x' is no CPU model; write one of 'qemu-system-x86_64 -cpu help'"
    ),
    ("memory: \"512k\"", "20: vms.web.memory: 512K is no size of memory: it must be from 1M to 16T"),
    ("memory: \"17T\"", "20: vms.web.memory: 17T is no size of memory: it must be from 1M to 16T"),
    ("memory: \"1025K\"", "20: vms.web.memory: 1025K is not a whole number of MiB"),
    ("memory: -1", "20: vms.web.memory: -1 is no size"),
    (
      "memory: \"2 gigs\"",
      "20: vms.web.memory: '2 gigs' has the unknown unit ' gigs'; units are K, M, G and T, powers of 1024"
    ),
    ("memory: true", "20: vms.web.memory: expected a size such as '512M', found true"),
    (
      "memory: \"1G\", memoryPerCPU: \"1G\"",
      "40: vms.web.memoryPerCPU: 'memory' is written as well; one of them decides"
    ),
    (
      "accelerator: \"kvn\"",
      "25: vms.web.accelerator: no accelerator 'kvn'; did you mean 'kvm'?"
    ),
    ("accelerator: \"hvf\"", "25: vms.web.accelerator: no accelerator 'hvf'; there is auto, kvm, tcg"),
    (
      "firmware: \"builtin:helo\"", "22: vms.web.firmware: no built-in firmware 'helo'; did you mean 'hello'?"
    ),
    ("machine: 5", "21: vms.web.machine: expected a machine type or an object, found 5"),
    ("machine: { accel: \"kvm\" }", "30: vms.web.machine.accel: the key 'accelerator' decides this"),
    (
      "machine: { \"usb=on,x\": true }",
      "35: vms.web.machine.usb=on,x: 'usb=on,x' is no name of a machine option"
    ),
    (
      "machine: { usb: [] }",
      "28: vms.web.machine.usb: expected a string, a whole number, true or false, found an array"
    ),
    ("kernel: \"\"", "20: vms.web.kernel: expected the kernel's file, found an empty string"),
    ("append: \"a\\0b\"", "20: vms.web.append: a text cannot hold the character NUL"),
    (
      "disks: [{ file: \"a.raw\", bus: \"sas\" }]",
      "42: vms.web.disks[0].bus: no disk bus 'sas'; there is virtio, scsi, nvme, sata, ide"
    ),
    (
      "disks: [{ file: \"a.raw\", format: \"qcow\" }]",
      "45: vms.web.disks[0].format: no disk format 'qcow'; did you mean 'qcow2'?"
    ),
    (
      "disks: [{ file: \"a.raw\", cache: \"off\" }]",
      "44: vms.web.disks[0].cache: no cache mode 'off'; there is none, writeback, writethrough, directsync, unsafe"
    ),
    (
      "disks: [{ file: \"a.raw\", readOnly: \"yes\" }]",
      "47: vms.web.disks[0].readOnly: expected true or false, found \"yes\""
    ),
    (
      "disks: [{ file: \"a\", image: \"b\" }]",
      "33: vms.web.disks[0].image: overlays on an image are not there yet; 'file' names an image to use as it is"
    ),
    ("disks: \"a.raw\"", "19: vms.web.disks: expected a list, found \"a.raw\""),
    ("networks: [\"backend\"]", "23: vms.web.networks[0]: no network 'backend'; there is user, or none"),
    ("networks: [\"usr\"]", "23: vms.web.networks[0]: no network 'usr'; did you mean 'user'?"),
    (
      "networks: [\"user\", \"user\"]",
      "31: vms.web.networks[1]: 'user' is listed twice; a guest has one card on it"
    ),
    (
      "ports: [\"0:80\"]",
      "20: vms.web.ports[0]: '0:80' has the port '0'; a port is a number from 1 to 65535"
    ),
    (
      "ports: [\"[::1]:80:80\"]",
      "20: vms.web.ports[0]: '[::1]:80:80' has an IPv6 address; QEMU's user network forwards from IPv4 addresses only"
    ),
    (
      "ports: [\"80:1\", \"80:2\"]",
      "28: vms.web.ports[1]: '127.0.0.1:80:2' wants the same port of the host as '127.0.0.1:80:1'"
    ),
    ("serial: 1", "20: vms.web.serial: expected true or false, found 1"),
    (
      "health: { console: \"(\" }",
      "31: vms.web.health.console: '(' is no extended regular expression (regex(7)): Unmatched ( or \\("
    ),
    ("health: { interval: \"0s\" }", "32: vms.web.health.interval: must be 100ms or longer"),
    ("health: { probe: 1 }", "22: vms.web.health.probe: unknown key 'probe'"),
    ("onHang: \"kill\"", "20: vms.web.onHang: no answer to a hang 'kill'; there is restart, reset, none"),
    ("restart: \"allways\"", "21: vms.web.restart: no restart policy 'allways'; did you mean 'always'?"),
    (
      "restart: { window: \"0s\" }",
      "31: vms.web.restart.window: must be longer than nothing"
    ),
    (
      "restart: { burst: 0 }",
      "30: vms.web.restart.burst: 0 is no number of failures: it must be from 1 to 1000000"
    ),
    (
      "stopTimeout: 60",
      "25: vms.web.stopTimeout: 60 has no unit; write a duration such as '10s' or '250ms'"
    ),
    ("hardware: {}", "12: vms.web.hardware: 'hardware' belongs in a profile"),
    ("dependsOn: []", "12: vms.web.dependsOn: unknown key 'dependsOn'"),
    ("profile: \"../x\"", "21: vms.web.profile: '../x' is no name: " + nameRule + "'/'"),
    ("arguments: \"-x\"", "23: vms.web.arguments: expected a list of arguments, found \"-x\""),
    ("arguments: [1]", "24: vms.web.arguments[0]: expected an argument, found 1"),
  ]

  private static let nameRule = "a name has ASCII letters, digits, '.', '_' and '-' only, not "

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
    "An option that is qemuvm's own is refused, with one dash or two",
    arguments: [
      "uuid", "name", "pidfile", "daemonize", "S", "sandbox", "qmp", "qmp-pretty", "mon", "monitor", "action",
      "no-shutdown", "no-reboot", "accel", "enable-kvm", "readconfig", "incoming", "preconfig",
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

  /// What reads well and cannot be, with the message.
  private static let unresolvableKeys: [(String, String)] = [
    ("cpus: 289", "qemuvm.json5:1:22: cpus: 289 is more than the machine type 'q35' takes, which is 288"),
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
    ("initrd: \"i\"", "qemuvm.json5:1:24: initrd: there is no 'kernel' that it would be for"),
    ("append: \"quiet\"", "qemuvm.json5:1:24: append: there is no 'kernel' that it would be for"),
    (
      "profile: \"microvm\", firmware: \"uefi\"",
      "qemuvm.json5:1:46: firmware: UEFI is there for 'pc' and 'q35' only, not for 'microvm'"
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
      "restart: { delay: \"2m\", maxDelay: \"1m\" }",
      "qemuvm.json5:1:34: restart.delay: 2m is longer than 'maxDelay', 1m"
    ),
    (
      "serial: false, health: { console: \"login:\" }",
      "qemuvm.json5:1:50: health.console: nothing shows on a console that 'serial' has switched off"
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
