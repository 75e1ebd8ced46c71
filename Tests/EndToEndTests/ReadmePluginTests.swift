import Foundation
import Testing

/// The plugin that the README prints, compiled from the README's own text.
@Suite struct ReadmePluginTests {
  @Test func `the plugin of the README compiles as printed, and keeps its contract`() throws {
    let readme = try String(
      contentsOfFile: CommandLine.fixture("../../README.md"), encoding: .utf8)
    let opening = try #require(readme.range(of: "```swift\n"))
    let rest = readme[opening.upperBound...]
    let closing = try #require(rest.range(of: "```\n"))
    // The README says that an entry function of six lines is beside it.
    let source =
      rest[..<closing.lowerBound] + """

        @c(fulcrum_plugin_advantage_reweighting)
        public func entry(_ host: UnsafeMutableRawPointer) {
          PluginRegistrar.register(host, name: "advantage-reweighting", version: "1.0.0") {
            $0.add(advantageTransform: AdvantageReweighting.self)
          }
        }
        """
    let folder = try CommandLine.Folder()
    let library = try PluginCompiler(folder: folder.path).library(String(source))
    let plugins = folder.path + "/plugins"
    try FileManager.default.createDirectory(
      atPath: plugins, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    try PluginCompiler.install(library, as: "advantage-reweighting", in: plugins)
    let checks = try PluginChecks("advantage-reweighting", "--plugin-path", plugins)
    #expect(checks.faults == [])
  }
}
