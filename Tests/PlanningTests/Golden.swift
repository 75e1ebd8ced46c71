import Foundation
import JSON
import Testing

/// What the engine itself says of models, passes, memory and decoding (Tests/Fixtures/planning).
enum Golden {
  static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()

  static func read() throws -> JSONValue {
    let file = tests.appendingPathComponent("Fixtures/planning/planning.json")
    return try JSONReader.parse([UInt8](try Data(contentsOf: file)))
  }
}

extension JSONValue {
  /// The value under a key, which must be there.
  func at(_ key: String) throws -> JSONValue { try #require(self[key], "no key \(key)") }
  func number(_ key: String) throws -> Double { try #require(try at(key).double) }
  func integer(_ key: String) throws -> Int { try #require(try at(key).integer) }
  func list(_ key: String) throws -> [JSONValue] { try #require(try at(key).elements) }
  func integers(_ key: String) throws -> [Int] { try list(key).map { try #require($0.integer) } }
  func numbers(_ key: String) throws -> [Double] { try list(key).map { try #require($0.double) } }
}
