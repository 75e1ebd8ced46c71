import Foundation
import FulcrumKernel
import Testing

@Suite struct StopMatcherTests {
  /// A completion's tokens as bytes, and where it ends: `Fixtures/golden/make-sampling.py`.
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let pieces: [String]
    let stops: [String]
    let minimum: Int
    let end: Int?

    var testDescription: String { name }

    var bytes: [[UInt8]] {
      pieces.map { piece in
        let digits = Array(piece.utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
          UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
      }
    }
  }

  private struct File: Decodable { let stops: [Case] }

  static let cases: [Case] = {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/golden/sampling.json")
    guard let data = try? Data(contentsOf: path),
      let file = try? JSONDecoder().decode(File.self, from: data)
    else { return [] }
    return file.stops
  }()

  private func end(of pieces: [[UInt8]], _ stops: [String], minimum: Int) throws -> Int? {
    let matcher = try StopMatcher(stops)
    var progress = StopMatcher.Progress()
    for (place, piece) in pieces.enumerated()
    where matcher.read(piece.span, &progress) && place >= minimum { return place }
    return nil
  }

  @Test(arguments: cases)
  func `ends are those of decoding every prefix`(_ given: Case) throws {
    #expect(try end(of: given.bytes, given.stops, minimum: given.minimum) == given.end)
  }

  @Test func `the cases are there`() {
    #expect(Self.cases.count == 82 && Self.cases.contains { $0.end == nil })
  }

  @Test func `texts with one matcher don't disturb each other`() throws {
    let matcher = try StopMatcher(["abc"])
    #expect(!matcher.isEmpty)
    var one = StopMatcher.Progress()
    var other = StopMatcher.Progress()
    #expect(!matcher.read(Array("ab".utf8).span, &one))
    #expect(!matcher.read(Array("c".utf8).span, &other))
    #expect(matcher.read(Array("c".utf8).span, &one))
    #expect(!matcher.read([UInt8]().span, &other))
    #expect(matcher.read(Array("xabcx".utf8).span, &other))
  }

  @Test func `without stop strings nothing is found`() throws {
    let matcher = try StopMatcher([])
    var progress = StopMatcher.Progress()
    #expect(matcher.isEmpty)
    #expect(!matcher.read(Array("abc".utf8).span, &progress))
  }

  @Test func `the longest and the most are found`() throws {
    let stops = (0..<StopMatcher.maximumCount).map { number in
      String(repeating: "a", count: StopMatcher.maximumLength - 2) + "\(10 + number)"
    }
    let matcher = try StopMatcher(stops)
    var progress = StopMatcher.Progress()
    #expect(!matcher.read([UInt8](repeating: 97, count: 10_000).span, &progress))
    #expect(matcher.read(Array("41".utf8).span, &progress))
  }

  @Test func `what can't be looked for is refused`() {
    func message(_ stops: [String]) -> String? {
      do throws(FulcrumError) {
        _ = try StopMatcher(stops)
        return nil
      } catch {
        return "\(error.code.rawValue): \(error)"
      }
    }
    #expect(
      message(["a", ""]) == """
        usage: expected a stop string with a character, got an empty one
          hint: every text has the empty one: leave it out
        """)
    #expect(
      message(Array(repeating: "a", count: 33)) == "usage: expected at most 32 stop strings, got 33"
    )
    #expect(
      message([String(repeating: "é", count: 129)])
        == "usage: expected a stop string of at most 256 bytes, got 258: '"
        + String(repeating: "é", count: 40) + "…'")
    #expect(
      message(["a\u{FFFD}"])
        == "usage: expected a stop string of readable characters, got 'a\u{FFFD}' with U+FFFD")
    #expect(message([String(repeating: "é", count: 128)]) == nil)
  }
}
