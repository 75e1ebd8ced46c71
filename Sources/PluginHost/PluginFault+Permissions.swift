import Files

extension PluginFault {
  /// Returns a fault for a file that anybody may write to, and for each such folder that it is
  /// reached by: the file could be another one by the time that it is loaded.
  package static func permissions(
    of path: String, _ contents: FileSystem.Contents
  ) -> [PluginFault] {
    var faults: [PluginFault] = []
    var folders = [FileSystem.folder(of: path)]
    if let target = FileSystem.canonicalPath(path).map(FileSystem.folder(of:)),
      target != FileSystem.canonicalPath(folders[0])
    {
      folders.append(target)
    }
    for folder in folders where FileSystem.isWorldWritable(folder) {
      faults.append(
        PluginFault(
          "anybody may write to its folder \(folder)", hint: "run: chmod o-w '\(folder)'"))
    }
    if contents.isWorldWritable {
      faults.append(
        PluginFault("anybody may write to the file", hint: "run: chmod o-w '\(path)'"))
    }
    return faults
  }
}
