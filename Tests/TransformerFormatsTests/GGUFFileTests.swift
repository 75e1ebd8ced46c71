import Foundation
import FulcrumKernel
import Testing
import TransformerFormats

/// Files that don't keep to the format.
struct GGUFFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ bytes: [UInt8]) throws -> GGUFCheckpoint {
    try GGUFCheckpoint(path: folder.write(bytes, "f.gguf"))
  }

  /// The error's line for the tiny model's file after a change of its bytes.
  private func damaged(_ change: (inout [UInt8]) -> Void) throws -> String {
    var bytes = GGUFBuilder.tiny().file()
    change(&bytes)
    return try fault { try open(bytes) }.line
  }

  private func built(_ change: (inout GGUFBuilder) -> Void) throws -> String {
    var builder = GGUFBuilder.tiny()
    change(&builder)
    return try fault { try open(builder.file()) }.line
  }

  @Test func `a file that does not begin as the format says is refused`() throws {
    #expect(
      try damaged { $0.removeAll() }
        == "[checkpoint] f.gguf: the file ends at byte 0, but the magic number begins at byte 0 and"
        + " has 4 bytes")
    #expect(
      try damaged { $0[0] = 0x46 }
        == "[checkpoint] f.gguf: the file begins with 0x46554746, expected 'GGUF'")
    #expect(
      try damaged { $0[4] = 1 }
        == "[unsupported] f.gguf: the file has GGUF version 1, expected 2 or 3")
    #expect(
      try damaged { ($0[4], $0[7]) = (0, 3) }
        == "[unsupported] f.gguf: the file is big-endian, expected little-endian")
    #expect(
      try fault { try GGUFCheckpoint(path: folder.path + "/none.gguf") }.line
        == "[not-found] none.gguf: can't open the file: No such file or directory")
  }

  @Test func `absurd counts are refused before anything is allocated`() throws {
    let size = GGUFBuilder.tiny().file().count
    #expect(
      try damaged { for i in 8..<16 { $0[i] = 0xFF } }
        == "[checkpoint] f.gguf: the number of tensors is said to be 18446744073709551615, but only"
        + " \(size - 16) bytes are left for them")
    #expect(
      try damaged { $0[20] = 1 }
        == "[checkpoint] f.gguf: the number of metadata values is said to be 4294967313, but only"
        + " \(size - 24) bytes are left for them")
    #expect(
      try damaged { $0[31] = 1 }
        == "[checkpoint] f.gguf: the key of metadata value 0 is said to be 72057594037927956 bytes"
        + " long, expected at most 65535")
    let endless = GGUFBuilder.little(5 as UInt32) + GGUFBuilder.little(1 << 61 as UInt64)
    #expect(
      try built { $0.metadata.insert(("x", .raw(9, endless)), at: 0) }
        == "[checkpoint] f.gguf: the number of elements in 'x' is said to be 2305843009213693952,"
        + " but only \(size - 24 - 25) bytes are left for them")
  }

  @Test func `metadata that lies is refused, naming the key`() throws {
    func line(_ type: UInt32, _ bytes: [UInt8]) throws -> String {
      try built { $0.metadata.insert(("x", .raw(type, bytes)), at: 0) }
    }
    let one = GGUFBuilder.little(1 as UInt64)
    #expect(try line(13, []) == "[checkpoint] f.gguf: 'x' has the type 13, expected from 0 to 12")
    #expect(
      try line(7, [2]) == "[checkpoint] f.gguf: 'x' is a bool with the value 2, expected 0 or 1")
    #expect(
      try line(8, GGUFBuilder.little(1 << 25 as UInt64))
        == "[checkpoint] f.gguf: 'x' is said to be 33554432 bytes long, expected at most 16777216")
    #expect(try line(8, one + [0xFF]) == "[checkpoint] f.gguf: 'x' is not valid UTF-8")
    #expect(
      try line(9, GGUFBuilder.little(9 as UInt32) + one)
        == "[unsupported] f.gguf: 'x' is an array of arrays, which is not read")
    #expect(
      try line(9, GGUFBuilder.little(8 as UInt32) + one + GGUFBuilder.little(1 << 25 as UInt64))
        == "[checkpoint] f.gguf: element 0 of 'x' is said to be 33554432 bytes long, expected at"
        + " most 16777216")
    #expect(
      try built { $0.metadata.append(("llama.block_count", .uint32(1))) }
        == "[checkpoint] f.gguf: the metadata key 'llama.block_count' is repeated")
    #expect(
      try built { $0.set("general.alignment", .uint32(24)) }
        == "[checkpoint] f.gguf: 'general.alignment' must be a power of two, got 24")
    #expect(
      try built { $0.set("general.alignment", .uint32(0)) }
        == "[checkpoint] f.gguf: 'general.alignment' must be an integer from 8 to 1048576, got 0")
  }

  /// The line for a file whose header's last bytes, those of the last tensor, are changed.
  private func ended(_ change: (inout ArraySlice<UInt8>) -> Void) throws -> String {
    // The last entry: a name of 18 bytes, rank, one size, type, offset.
    let builder = GGUFBuilder.tiny()
    let end = builder.header().count
    var bytes = builder.file()
    change(&bytes[end - 50..<end])
    return try fault { try open(bytes) }.line
  }

  @Test func `tensors that lie are refused, naming the tensor`() throws {
    let name = "tensor 'output_norm.weight'"
    #expect(
      try ended { $0[$0.startIndex] = 65 }
        == "[checkpoint] f.gguf: the name of tensor 10 is said to be 65 bytes long, expected at"
        + " most 64")
    #expect(
      try ended { $0[$0.startIndex + 26] = 5 }
        == "[checkpoint] f.gguf: \(name) has 5 dimensions, expected from 1 to 4")
    #expect(
      try ended { $0[$0.startIndex + 30] = 0 }
        == "[checkpoint] f.gguf: \(name) has a size 0 in its shape")
    #expect(
      try ended { $0[$0.startIndex + 37] = 0x80 }
        == "[checkpoint] f.gguf: \(name) has a shape too large to address")
    #expect(
      try ended { $0[$0.startIndex + 38] = 16 }
        == "[unsupported] f.gguf: \(name) has the type IQ2_XXS, which is not read")
    #expect(
      try ended { $0[$0.startIndex + 38] = 99 }
        == "[unsupported] f.gguf: \(name) has the type number 99, which is not read")
    #expect(
      try ended { $0[$0.startIndex + 38] = 2 }
        == "[checkpoint] f.gguf: \(name) has rows of 4, expected a multiple of 32 for Q4_0")
    #expect(
      try ended { $0[$0.startIndex + 42] ^= 1 }
        == "[checkpoint] f.gguf: \(name) begins at byte 705 of the data, expected 704")
    #expect(
      try ended { $0[$0.startIndex + 30] = 5 }
        == "[checkpoint] f.gguf: \(name) has 20 bytes from byte 704 of the data, which has 720")
    #expect(
      try built { $0.change("blk.0.ffn_norm.weight") { $0.name = "blk.0.attn_norm.weight" } }
        == "[checkpoint] f.gguf: the tensor name 'blk.0.attn_norm.weight' is repeated")
  }

  @Test func `values that are not finite are refused when they are read`() throws {
    var builder = GGUFBuilder.tiny()
    builder.change("output_norm.weight") {
      $0.bytes[11] = 0x7F; $0.bytes[10] = 0xC0
    }
    let checkpoint = try open(builder.file())
    #expect(
      try fault { try checkpoint.readValues(10) { _ in } }.line
        == "[checkpoint] f.gguf: tensor 'output_norm.weight' holds nan at element 2, expected"
        + " finite values")
  }

  /// Opens a file and reads every value, as an import does.
  private func readAll(_ bytes: [UInt8]) throws -> Int {
    let checkpoint = try open(bytes)
    var count = 0
    for index in checkpoint.tensors.indices {
      try checkpoint.readValues(index) { count += $0.count }
    }
    return count
  }

  @Test func `a file cut off anywhere is refused, and never ends the process`() throws {
    let whole = GGUFBuilder.tiny().file()
    for count in 0..<whole.count {
      let error = try fault { try open(Array(whole[..<count])) }
      #expect(error.code == .checkpoint, "\(count) bytes: \(error)")
    }
    // Attention and embedding have 3 · 16 and 2 · 32, the feed-forward layer 3 · 12, norms 3 · 4.
    #expect(try readAll(whole) == 160)
  }

  @Test func `a damaged header is refused or read, but never ends the process`() throws {
    let builder = GGUFBuilder.tiny()
    let whole = builder.file()
    let headerEnd = builder.header().count
    let random = CounterRandom(seed: 1, purpose: "damage")
    var refusals = 0
    for trial in 0..<5000 {
      var stream = random.stream(UInt64(trial))
      var damaged = whole
      for _ in 0..<Int.random(in: 1...3, using: &stream) {
        damaged[Int.random(in: 0..<headerEnd, using: &stream)] =
          UInt8.random(in: 0...255, using: &stream)
      }
      do { _ = try readAll(damaged) } catch { refusals += error is FulcrumError ? 1 : 0 }
    }
    // Most damage is seen; some hits a token's text or a constant and can't be.
    #expect((4000..<5000).contains(refusals), "\(refusals) of 5000 with seed 1")
  }
}
