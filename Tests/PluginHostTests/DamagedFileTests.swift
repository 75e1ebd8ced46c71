import FulcrumKernel
import PluginHost
import Testing

/// Files that nobody vouches for must end in faults, never in a crash of the host.
@Suite struct DamagedFileTests {
  let folder: TemporaryFolder
  let bytes: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    try CPlugin().build(in: folder)
    bytes = try folder.read("libfulcrum-x.so")
  }

  /// The faults of a library with these bytes.
  private func faults(_ bytes: [UInt8]) throws -> [PluginFault] {
    let path = try folder.write("libfulcrum-x.so", bytes)
    return try SwiftLibraries().inspect(path: path).faults
  }

  /// A 16-, 32- or 64-bit field of the file, read apart from the code under test.
  private func field(_ offset: Int, _ width: Int) -> Int {
    bytes[offset..<offset + width].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  @Test func `the whole library is sound`() throws {
    #expect(try faults(bytes).isEmpty)
  }

  @Test func `a library cut short anywhere is refused`() throws {
    // The linker writes the section headers last, so every cut takes some of them away.
    #expect(field(40, 8) + field(60, 2) * 64 == bytes.count)
    for length in 0..<bytes.count {
      #expect(!(try faults(Array(bytes[..<length])).isEmpty), "cut after \(length) bytes")
    }
  }

  @Test(arguments: [
    (0, "not an ELF file, which a shared library on this system is"),
    (5, "the file is damaged or cut short: it ends within its first 6 bytes"),
    (40, "the file is damaged or cut short: an ELF header has 64 bytes, the file has 40"),
    (64, "the file is damaged or cut short: its program headers don't lie inside it"),
    (-1, "the file is damaged or cut short: its section headers don't lie inside it"),
  ])
  func `the message tells where the file ends`(length: Int, message: String) throws {
    let length = length < 0 ? bytes.count + length : length
    #expect(try faults(Array(bytes[..<length])).map(\.message) == [message])
  }

  @Test(arguments: [
    (4, 1, "expected a 64-bit library, got ELF class 1"),
    (5, 2, "expected a little-endian library, got ELF data encoding 2"),
    (16, 2, "expected a dynamic library (ELF type 3), got ELF type 2"),
    (54, 55, "the file is damaged or cut short: its program headers don't lie inside it"),
    (58, 63, "the file is damaged or cut short: its section headers don't lie inside it"),
    (62, 255, "the file is damaged or cut short: its section headers don't lie inside it"),
  ])
  func `one wrong header byte is one fault`(offset: Int, value: UInt8, message: String) throws {
    var copy = bytes
    copy[offset] = value
    #expect(try faults(copy).map(\.message) == [message])
  }

  @Test(arguments: [UInt64.max, UInt64(Int.max), UInt64(Int.max) - 63, 1 << 32])
  func `an offset that no file reaches does not overflow`(offset: UInt64) throws {
    for place in [32, 40] {
      var copy = bytes
      for byte in 0..<8 { copy[place + byte] = UInt8(truncatingIfNeeded: offset >> (8 * byte)) }
      #expect(try faults(copy).count == 1)
    }
  }

  @Test func `two thousand damaged headers are inspected without a crash`() throws {
    // Everything that the inspection reads: headers, section names, dynamic symbols, the stamp.
    let sections = field(40, 8)
    var places = Array(0..<64) + Array(64..<64 + field(56, 2) * 56)
    places += Array(sections..<bytes.count)
    for number in 0..<field(60, 2) {
      let header = sections + number * 64
      let type = field(header + 4, 4)
      let size = field(header + 32, 8)
      // 3: names; 11: dynamic symbols; 256 bytes of data: the stamp.
      if type == 3 || type == 11 || (type == 1 && size == 256) {
        places += Array(field(header + 24, 8)..<field(header + 24, 8) + size)
      }
    }

    let seed: UInt64 = 20250519
    var random = CounterRandom(seed: seed, purpose: "damage").stream(0)
    var refused = 0
    for _ in 0..<2000 {
      var copy = bytes
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let place = places[Int.random(in: 0..<places.count, using: &random)]
        copy[place] = UInt8.random(in: 0...255, using: &random)
      }
      let faults = try faults(copy)
      if !faults.isEmpty { refused += 1 }
      if copy[..<4] != bytes[..<4] {
        #expect(!faults.isEmpty, "seed \(seed): a wrong magic number was accepted")
      }
    }
    // Names and unused fields may change without harm; most damage must be seen.
    #expect(refused > 500 && refused < 2000, "seed \(seed): \(refused) of 2000 refused")
  }
}
