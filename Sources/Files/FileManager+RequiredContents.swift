import Foundation
import FulcrumKernel

extension FileManager {
  /// - Throws: `.notFound` if there is no such file, or none that can be read.
  package func requiredContents(at path: String) throws(FulcrumError) -> Data {
    guard let data = contents(atPath: path) else {
      throw FulcrumError(.notFound, "no readable file here", at: path)
    }
    return data
  }
}
