import Foundation
import FulcrumKernel
import Testing
import TransformerFormats

struct TensorHeaderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func bytes(_ header: String, dataCount: Int) -> [UInt8] {
    let length = UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
      + Array(repeating: 0, count: dataCount)
  }

  private func message(_ bytes: [UInt8]) throws -> String {
    let path = try folder.write(bytes, "f.safetensors")
    let error = try fault { try TensorFile(path: path) }
    #expect(error.code == .checkpoint)
    #expect(error.location == path)
    return error.message
  }

  @Test(
    arguments: [
      ([], "expected at least 8 bytes of a safetensors file, got 0"),
      ([1, 2, 3], "expected at least 8 bytes of a safetensors file, got 3"),
      (
        [9, 0, 0, 0, 0, 0, 0, 0, 0x7B],
        "the header is said to be 9 bytes long, the file has 1 after its length"
      ),
      (
        [1, 0xE1, 0xF5, 5, 0, 0, 0, 0, 0x7B],
        "the header is said to be 100000001 bytes long, expected at most 100000000"
      ),
      (
        Array(repeating: 0xFF, count: 8),
        "the header is said to be 18446744073709551615 bytes long, expected at most 100000000"
      ),
      (
        [0, 0, 0, 0, 0, 0, 0, 0],
        "not valid JSON at byte 0: expected a value, got the end of the text"
      ),
      (
        [2, 0, 0, 0, 0, 0, 0, 0, 0x5B, 0x5D],
        "expected a JSON object as header, got []"
      ),
    ] as [([UInt8], String)])
  func `a file that does not begin as the format says is refused`(
    _ bytes: [UInt8], _ expected: String
  ) throws {
    #expect(try message(bytes) == expected)
  }

  @Test(arguments: [
    (#"{"a":1}"#, "tensor 'a' has no dtype"),
    (#"{"a":{"dtype":"F31"}}"#, "tensor 'a' has the unknown dtype 'F31'"),
    (#"{"a":{"dtype":"F32"}}"#, "tensor 'a' has no shape"),
    (
      #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}"#,
      "tensor 'a' has the size -1 in its shape"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}"#,
      "tensor 'a' has the size 1.5 in its shape"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
      "tensor 'a' has a shape too large to address"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2]}}"#,
      "tensor 'a' has no valid data_offsets: got none"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
      "tensor 'a' has no valid data_offsets: got [8,0]"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#,
      "tensor 'a' has no valid data_offsets: got [-8,0]"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
      "tensor 'a' ends at byte 16 of the data, which has 8"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#,
      "tensor 'a' ends at byte 9223372036854775807 of the data, which has 8"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
      "tensor 'a' of shape [3] and dtype F32 needs 12 bytes, its data_offsets give 8"
    ),
    (
      #"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"#
        + #""b":{"dtype":"F16","shape":[3],"data_offsets":[2,8]}}"#,
      "tensor 'b' begins at byte 2 of the data, inside another tensor that ends at 4"
    ),
    (
      #"{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"#
        + #""b":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}}"#,
      "bytes 2 to 4 of the data, before tensor 'b', belong to no tensor"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
      "the tensors end at byte 4 of the data, which has 8"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      "the key 'a' is repeated at byte 54"
    ),
    (#"{"__metadata__":[]}"#, "expected an object of texts as __metadata__, got []"),
    (#"{"__metadata__":{"n":1}}"#, "expected a text as __metadata__ 'n', got 1"),
  ])
  func `a header that lies is refused, naming the tensor`(
    _ header: String, _ expected: String
  ) throws {
    #expect(try message(bytes(header, dataCount: 8)) == expected)
  }

  @Test func `a file cut off anywhere is refused, and never ends the process`() throws {
    let header =
      #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]}}"#
    let whole = bytes(header, dataCount: 16)
    for count in 0..<whole.count {
      _ = try message(Array(whole[..<count]))
      // The same with a length that fits the shorter file.
      if (8..<8 + header.utf8.count).contains(count) {
        _ = try message([UInt8(count - 8)] + whole[1..<count])
      }
    }
    #expect(try TensorFile(path: folder.write(whole, "f.safetensors")).names == ["a", "b"])
  }

  @Test func `a damaged header is refused or read, but never ends the process`() throws {
    let header =
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]}}"#
    let whole = bytes(header, dataCount: 16)
    let random = CounterRandom(seed: 1, purpose: "damage")
    var refusals = 0
    for trial in 0..<4000 {
      var stream = random.stream(UInt64(trial))
      var damaged = whole
      for _ in 0..<Int.random(in: 1...3, using: &stream) {
        damaged[Int.random(in: damaged.indices, using: &stream)] =
          UInt8.random(in: 0...255, using: &stream)
      }
      let path = try folder.write(damaged, "f.safetensors")
      do throws(FulcrumError) { _ = try TensorFile(path: path) } catch { refusals += 1 }
    }
    // Most damage hits the header and is seen; some hits names or data and can't be.
    #expect((2000..<4000).contains(refusals), "\(refusals) of 4000 with seed 1")
  }

  @Test func `data in any order of names and with an empty tensor is covered`() throws {
    let header =
      #"{"z":{"dtype":"U8","shape":[0],"data_offsets":[4,4]},"#
      + #""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"#
      + #""a":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}}  "#
    let path = try folder.write(bytes(header, dataCount: 8), "f.safetensors")
    #expect(try TensorFile(path: path).names == ["a", "b", "z"])
  }
}
