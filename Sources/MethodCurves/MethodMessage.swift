import Foundation
import FulcrumKernel
import JSON

/// A message of the process that calls plugins to the one that tells of them: one JSON object a line.
enum MethodMessage: Codable {
  /// A plugin is being loaded from now on.
  case loading(String)
  /// A plugin can't be loaded.
  case refused(String, Method.Failure)
  /// The request names what there isn't.
  case wrongRequest(Method.Failure)
  /// The methods to come, in order, not tried yet.
  case plan([Method])
  /// The method of this place in the plan is called from now on.
  case begin(Int)
  case end(Int, Method)
  /// Nothing is left to try.
  case done

  /// `nil` for a line that no worker writes.
  init?(line: some Collection<UInt8>) {
    guard let message = try? JSONRecord.decode(MethodMessage.self, from: Array(line)) else {
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
