import ArgumentParser
import FulcrumKernel
import JSON
import PluginHost
import Training

struct PluginListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List every plugin on the search path.",
    discussion: """
      Exit status 1 if one of them can't be loaded.

        fulcrum plugin list
        fulcrum plugin list --plugin-path my-idea/.build/release
      """)

  @Option(
    name: .customLong("plugin-path"), help: "A folder to look in first.", completion: .directory)
  var pluginPath: [String] = []

  @Flag(help: "Print one JSON object a plugin.")
  var json = false

  func run() throws {
    let host = Plugins.host(pluginPath)
    let listings = host.installed()
    if listings.isEmpty, !json {
      print("no plugins in:")
      for folder in host.searchPath.folders { print("  \(folder.path) (\(folder.origin))") }
    }
    var isSound = true
    for listing in listings {
      let result = Self.load(listing, by: host)
      if case .failure = result, listing.shadowedBy == nil { isSound = false }
      print(json ? Self.line(listing, result).text : Self.text(listing, result))
    }
    if !isSound { throw ExitCode(1) }
  }

  /// Loads a listed library unless an earlier one has its name.
  private static func load(_ listing: PluginListing, by host: PluginHost)
    -> Result<LoadedPlugin, FulcrumError>
  {
    if let other = listing.shadowedBy {
      return .failure(FulcrumError(.notFound, "shadowed by \(other)", at: listing.path))
    }
    do {
      return .success(try host.load(listing))
    } catch {
      return .failure(error)
    }
  }

  private static func text(_ listing: PluginListing, _ result: Result<LoadedPlugin, FulcrumError>)
    -> String
  {
    switch result {
    case .success(let plugin):
      let components = plugin.components.map { "\($0.kind.rawValue) \($0.manual.name)" }
      return "\(plugin.name) \(plugin.version)\n  \(plugin.path)\n  "
        + components.joined(separator: ", ")
    case .failure(let error):
      return "\(listing.name): not loaded\n  \(error)"
    }
  }

  private static func line(_ listing: PluginListing, _ result: Result<LoadedPlugin, FulcrumError>)
    -> JSONLine
  {
    var line = JSONLine([("name", .text(listing.name)), ("path", .text(listing.path))])
    switch result {
    case .success(let plugin):
      line.add("version", .text(plugin.version))
      line.add("sha256", .text(plugin.digest))
      line.add(
        "components",
        .list(
          plugin.components.map {
            .object(
              JSONLine([("kind", .text($0.kind.rawValue)), ("name", .text($0.manual.name))]))
          }))
    case .failure(let error):
      line.add("error", .text(error.description))
    }
    return line
  }
}
