import Testing

/// The tests that drive the built binary with real QEMU, one after another.
///
/// Serialized, because what they say about time would mean little with twenty QEMUs started at once on two cores.
/// Each knows the product only by its command line, its files and its sockets.
@Suite("The built binary with real QEMU", .serialized)
enum EndToEnd {}
