/// A firmware's code as QEMU takes it: a ROM of 64 KiB that ends where a PC's CPU begins.
///
/// The CPU begins 16 bytes before the end of the ROM; a jump there leads to the code's first byte, at the
/// ROM's start.
package enum FirmwareROM {
  package static let size = 65_536
  private static let resetVector = size - 16
  /// `jmp` over the end of the 64 KiB segment to its start: the distance counts from behind these three
  /// bytes.
  private static let jumpToStart: [UInt8] = [0xE9, 0x0D, 0x00]

  /// - Precondition: the code ends before the reset vector.
  package static func image(of code: [UInt8]) -> [UInt8] {
    precondition(code.count <= resetVector, "a firmware's code must leave room for the reset vector")
    var image = code
    image += [UInt8](repeating: 0, count: resetVector - code.count)
    image += jumpToStart
    image += [UInt8](repeating: 0, count: size - image.count)
    return image
  }
}
