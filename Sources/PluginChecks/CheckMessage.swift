import Foundation
import FulcrumKernel
import JSON

/// A message of a worker to its supervisor: one JSON object a line.
enum CheckMessage: Codable, Equatable {
  /// The plugin is loaded and its registration sound.
  case loaded(milliseconds: Double, components: [String])
  /// The plugin was refused, or the request names what the plugin has not.
  case refused(isWrongRequest: Bool, code: String, message: String, place: String?, hint: String?)
  /// The checks to come, in order.
  case plan([CheckName])
  /// The check of this place in the plan runs from now on.
  case begin(Int)
  case end(Int, CheckFinding)
  /// Nothing is left to check.
  case done

  init(refusal error: FulcrumError, isWrongRequest: Bool) {
    self = .refused(
      isWrongRequest: isWrongRequest, code: error.code.rawValue, message: error.message,
      place: error.location, hint: error.hint)
  }

  /// `nil` for a line that no worker writes.
  init?(line: some Collection<UInt8>) {
    guard let message = try? JSONRecord.decode(CheckMessage.self, from: Array(line)) else {
      return nil
    }
    self = message
  }

  /// The message as text, with the line break at the end.
  var line: [UInt8] {
    // Numbers are finite and texts are Unicode, so nothing in it can fail to be encoded.
    let data = (try? JSONEncoder().encode(self)) ?? Data()
    return [UInt8](data) + [UInt8(ascii: "\n")]
  }
}
