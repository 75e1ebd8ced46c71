import Files
import FulcrumKernel

/// Writes the figures of methods and their numbers into a folder.
package enum MethodFiles {
  /// Writes `KIND-NAME.svg` for each method that has curves, and `methods.json`. An older figure of a
  /// method that has none now is removed.
  ///
  /// - Returns: the number of figures.
  /// - Throws: `.inputOutput`; a file that isn't whole is never left.
  package static func write(_ methods: [Method], to folder: String) throws(FulcrumError) -> Int {
    try SafeFiles.makeFolder(folder)
    for method in methods where method.curves == nil {
      try SafeFiles.remove(folder + "/\(method.id).svg")
    }
    var count = 0
    for method in methods {
      guard let figure = MethodFigure(method) else { continue }
      try SafeFiles.write(figure.document, to: folder + "/\(method.id).svg")
      count += 1
    }
    try SafeFiles.write(MethodsRecord.text(of: methods), to: folder + "/methods.json")
    return count
  }
}
