import Host
import JSON
import Testing

/// A machine as people run it, by a command line or another tool's file, and the lab file that means the same.
struct RealMachine: Sendable, CustomTestStringConvertible {
  /// What it was written as, shortened to what says something.
  let original: String
  let lab: String

  /// The images that it names, made blank, with their formats.
  let images: [(file: String, format: String)]

  /// What stands on the command line of a VM of it.
  let words: [(vm: String, words: [String])]

  var testDescription: String { original.split(separator: "\n").first.map(String.init) ?? "" }
}

extension RealMachine {
  static let all = [
    RealMachine(
      original: """
        Home Assistant OS with UEFI
        -machine q35 -smp 2 -m 1024 -drive if=pflash,readonly=on,file=OVMF_CODE.fd -drive if=pflash,file=haos_VARS.fd
        -drive file=haos_ova.qcow2,if=virtio,cache=none,aio=native -nic user,mac=52:54:00:4a:55:01,hostfwd=tcp::8123-:8123
        -device qemu-xhci -device usb-tablet -vnc :0 -device virtio-balloon
        """,
      lab: """
        { vms: { haos: {
          firmware: "uefi", cpus: 2, memory: "1G", accelerator: "tcg",
          disks: [{ file: "haos_ova.qcow2", cache: "none", aio: "native" }],
          networks: [{ user: true, mac: "52:54:00:4a:55:01" }], ports: ["0:8123"],
          usb: ["tablet"], display: "vnc", balloon: true,
        } } }
        """,
      images: [("haos_ova.qcow2", "qcow2")],
      words: [
        (
          "haos",
          ["52:54:00:4a:55:01", "\"aio\":\"native\"", "usb-tablet", "-vnc", "virtio-balloon-pci", "OVMF"]
        )
      ]),
    RealMachine(
      original: """
        OpenWrt with two cards
        -M pc -m 256 -drive file=openwrt-x86-64.img,format=raw,if=ide -netdev bridge,id=lan,br=br-lan
        -device e1000,netdev=lan,mac=52:54:00:0a:00:01 -netdev user,id=wan -device e1000,netdev=wan -serial mon:stdio
        """,
      lab: """
        { networks: { lan: { dhcp: false } }, vms: {
          openwrt: {
            machine: "pc", memory: "256M", accelerator: "tcg", disks: [{ file: "openwrt-x86-64.img", bus: "ide" }],
            networks: [
              { network: "lan", mac: "52:54:00:0a:00:01", model: "e1000", secure: false },
              { user: true, model: "e1000" },
            ],
          },
        } }
        """,
      images: [("openwrt-x86-64.img", "raw")],
      words: [("openwrt", ["\"driver\":\"e1000\"", "52:54:00:0a:00:01", "ide-hd", "net-user"])]),
    RealMachine(
      original: """
        Windows Server with two CDs
        <os><loader type='pflash'>OVMF_CODE.fd</loader></os> <topology sockets='1' cores='2' threads='1'/>
        <clock offset='localtime'/> <disk device='disk' bus='sata'> <disk device='cdrom'> server.iso, virtio-win.iso
        <interface> <model type='e1000e'/> <input type='tablet'/> <sound model='ich6'/> <graphics type='vnc'/>
        """,
      lab: """
        { vms: { server: {
          profile: "windows", accelerator: "tcg", cpu: "max", memory: "2G", topology: { cores: 2 },
          disks: [
            { name: "system", size: "64G", bus: "sata", serial: "WD-0001" },
            { file: "server.iso", boot: 1 }, { file: "virtio-win.iso" },
          ],
          usb: ["tablet"], sound: "hda", display: "vnc",
          smbios: { manufacturer: "Dell Inc.", product: "PowerEdge" },
        } } }
        """,
      images: [("server.iso", "raw"), ("virtio-win.iso", "raw")],
      words: [
        (
          "server",
          [
            "cores=2", "base=localtime", "server.iso", "virtio-win.iso", "e1000e", "hda-duplex",
            "product=PowerEdge",
          ]
        )
      ]),
    RealMachine(
      original: """
        FreeBSD with a second serial port
        -M q35 -uuid 8f1c0d3a-5a2e-4b0b-9d5e-0a1b2c3d4e5f -device nvme,drive=d0,serial=zroot -drive id=d0,file=freebsd.raw
        -serial mon:stdio -serial unix:gdb.sock -netdev user,id=n0,net=192.168.76.0/24,hostname=beastie
        -device virtio-net,netdev=n0 -device virtio-rng-pci -watchdog i6300esb
        """,
      lab: """
        { vms: { beastie: {
          accelerator: "tcg", uuid: "8f1c0d3a-5a2e-4b0b-9d5e-0a1b2c3d4e5f", serial: 2, watchdog: "reset",
          disks: [{ file: "freebsd.raw", bus: "nvme", serial: "zroot" }],
          networks: [{ user: true, subnet: "192.168.76.0/24", hostname: "beastie" }], ports: ["0:192.168.76.15:22"],
        } } }
        """,
      images: [("freebsd.raw", "raw")],
      words: [
        (
          "beastie",
          ["chardev:con1", "\"serial\":\"zroot\"", "192.168.76.0/24", "i6300esb", "8f1c0d3a-5a2e-4b0b"]
        )
      ]),
    RealMachine(
      original: """
        A trio as Talos has it
        for i in 1 2 3: -M q35 -smp 2 -m 1024 -drive file=talos-$i.qcow2,if=virtio -drive file=metal-amd64.iso,media=cdrom
        -netdev bridge,br=talos0 -device virtio-net-pci,mac=52:54:00:7a:10:0$i,host_mtu=9000
        -object iothread,id=io0 -device virtio-blk-pci,drive=data,iothread=io0
        """,
      lab: """
        { networks: { talos: { subnet: "10.5.0.0/24", mtu: 9000 } }, vms: { node: {
          count: 3, accelerator: "tcg", cpus: 2, memory: "1G", iothreads: 1,
          disks: [{ name: "system", size: "10G" }, { name: "data", size: "20G" }, "metal-amd64.iso"],
          networks: [{ network: "talos", mac: "52:54:00:7a:10:0${copy}", address: "10.5.0.1${copy}" }, "user"],
        } } }
        """,
      images: [("metal-amd64.iso", "raw")],
      words: [
        ("node-1", ["52:54:00:7a:10:01", "\"host_mtu\":9000", "\"iothread\":\"iothread0\""]),
        ("node-3", ["52:54:00:7a:10:03", "metal-amd64.iso"]),
      ]),
    RealMachine(
      original: """
        A router's image
        -M pc -m 256 -drive file=chr.img,format=raw,if=virtio -nic user -nic bridge,br=br1,model=vmxnet3
        -nic bridge,br=br2,model=virtio -display none -serial tcp::5000 -boot menu=on
        """,
      lab: """
        { networks: { inside: {}, guests: { dns: true } }, vms: { router: {
          machine: "pc", memory: "256M", accelerator: "tcg", disks: ["chr.img"], bootMenu: true,
          networks: [
            "user", { network: "inside", model: "vmxnet3", secure: false }, { network: "guests", secure: false },
          ],
        } } }
        """,
      images: [("chr.img", "raw")],
      words: [("router", ["vmxnet3", "menu=on", "net-inside", "net-guests", "net-user"])]),
    RealMachine(
      original: """
        An appliance on a vmdk
        -M pc -m 512 -drive file=appliance.vmdk,format=vmdk,if=scsi -nic user,model=pcnet -vga std -usbdevice tablet
        """,
      lab: """
        { vms: { appliance: {
          machine: "pc", memory: "512M", accelerator: "tcg", disks: [{ file: "appliance.vmdk", bus: "scsi" }],
          networks: [{ user: true, model: "pcnet" }], display: "vnc", usb: ["tablet", "keyboard"], sound: "ac97",
        } } }
        """,
      images: [("appliance.vmdk", "vmdk")],
      words: [("appliance", ["\"driver\":\"vmdk\"", "scsi-hd", "pcnet", "AC97", "usb-kbd"])]),
    RealMachine(
      original: """
        A pair over a network
        -name a -netdev socket,id=n0,listen=:1234 -device virtio-net,netdev=n0 -m 256 -numa node,cpus=0 -numa node,cpus=1
        -name b -netdev socket,id=n0,connect=127.0.0.1:1234 -device virtio-net,netdev=n0 -m 256
        """,
      lab: """
        { networks: { wire: {} }, vms: {
          a: {
            accelerator: "tcg", cpus: 2, memory: "256M", networks: ["wire"],
            numa: [{ memory: "128M", cpus: 0 }, { memory: "128M", cpus: 1 }],
          },
          b: { accelerator: "tcg", memory: "256M", networks: ["wire"], dependsOn: ["a"] },
        } }
        """,
      images: [],
      words: [("a", ["nodeid=1", "wire@machines/a.card"]), ("b", ["wire@machines/b.card"])]),
  ]
}

extension EndToEnd {
  @Suite("Machines as people run them") struct RealMachines {
    @Test("Each can be written by keys, and starts", arguments: RealMachine.all)
    func starts(_ machine: RealMachine) async throws {
      try await Fleet.run { fleet in
        for (file, format) in machine.images {
          let made = try await fleet.tool(
            "qemu-img", ["create", "-q", "-f", format, "\(fleet.folder)/\(file)", "16M"])
          #expect(made.code == 0, "\(made)")
        }
        try fleet.write("{ lab: 'machines', \(machine.lab.dropFirst(1))")
        try await fleet.qemuvm("up")
        let vms = try #require(try await fleet.json("ls").array)
        #expect(!vms.isEmpty && vms.allSatisfy { $0["state"] == "running" }, "\(vms)")
        for (vm, words) in machine.words {
          let line = try await fleet.qemuvm("args", vm).output
          for word in words { #expect(line.contains(word), "\(vm): \(word) is not in \(line)") }
        }
        try await fleet.qemuvm("down", "--stop-timeout", "0s")
      }
    }
  }
}
