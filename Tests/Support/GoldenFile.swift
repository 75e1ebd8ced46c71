import Foundation
import FulcrumKernel
import JSON

/// Reads the files of `Tests/Fixtures/golden`, whose README says how each was made.
package enum GoldenFile {
  /// Returns what `NAME.json` holds.
  package static func read<Form: Decodable>(_ form: Form.Type, _ name: String) throws -> Form {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = tests.appending(path: "Fixtures/golden/\(name).json")
    return try JSONRecord.decode(form, from: [UInt8](try Data(contentsOf: file)))
  }

  /// A parameter's value.
  package enum Setting: Decodable, Sendable {
    case flag(Bool)
    case number(Double)
    case text(String)

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    package var value: ParameterValue {
      switch self {
      case .flag(let flag): .flag(flag)
      case .number(let number): .number(number)
      case .text(let text): .text(text)
      }
    }
  }
}
