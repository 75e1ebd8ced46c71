import ArgumentParser
import Foundation
import FulcrumKernel
import PluginHost
import Runs
import Settings
import Training
import YAML

/// Holds the options of all commands that work with a policy and no configuration.
struct PolicyOptions: ParsableArguments {
  @Option(
    help: """
      The policy's name; by default the only one installed, or of several the one that can also be \
      made from nothing.
      """)
  var use: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "A parameter of the policy, for instance microbatch-tokens=2048.")
  var overrides: [String] = []

  @Option(name: .customLong("plugin-path"), help: "A folder to look in first.")
  var pluginPath: [String] = []

  /// Makes the policy.
  ///
  /// - Parameter checkpoint: the folder to load; `nil`: the one that `--set` names, if any.
  func policy(
    checkpoint: String? = nil, threads: Int, seed: UInt64 = 1
  ) throws(FulcrumError) -> any PolicyModel {
    let host = host()
    if let checkpoint {
      // An empty name is refused here: to the policy it would mean a fresh start.
      guard !checkpoint.isEmpty else {
        throw FulcrumError(.usage, "expected a checkpoint folder, got an empty name")
      }
      if let remedy = RunDirectory.remedy(for: checkpoint) {
        throw FulcrumError(
          .usage, "expected a model's folder, got another", at: checkpoint, hint: remedy)
      }
    }
    return try factory(host, threads: threads, seed: seed).policy(
      try choice(host), checkpoint: checkpoint)
  }

  /// Returns the policy's type, for work that needs no model. The parameters are checked all the
  /// same.
  func policyType() throws(FulcrumError) -> any PolicyModel.Type {
    let host = host()
    return try factory(host).policyType(choice(host))
  }

  private func host() -> PluginHost { Plugins.host(pluginPath) }

  private func factory(_ host: PluginHost, threads: Int = 1, seed: UInt64 = 1) -> ComponentFactory {
    ComponentFactory(host: host, context: ComponentContext(seed: seed, threads: threads))
  }

  private func choice(_ host: PluginHost) throws(FulcrumError) -> ComponentChoice {
    let name = if let use { use } else { try Self.onlyPolicy(host) }
    var tree = try ConfigurationTree(text: "policy: {use: \"\(name)\"}", file: "--set")
    for override in overrides { try tree.set("policy.\(override)") }
    return try RunConfiguration(tree: tree).choice(.policy)
  }

  /// The only policy that is installed, or of several the only one that needs nothing to begin with.
  private static func onlyPolicy(_ host: PluginHost) throws(FulcrumError) -> String {
    var policies: [(name: String, isFresh: Bool)] = []
    // Loads only plugins with a policy: loading others would run examples and start programs.
    for listing in host.installed() where listing.isUsable && listing.kinds.contains(.policy) {
      let plugin = try host.load(listing.path)
      policies += plugin.components(.policy).map {
        ("\(plugin.name)/\($0.manual.name)", $0.type is any FreshPolicy.Type)
      }
    }
    let chosen = policies.count == 1 ? policies : policies.filter(\.isFresh)
    guard chosen.count == 1, let only = chosen.first?.name else {
      throw FulcrumError(
        .usage, "expected one installed policy, found \(policies.count)", at: "--use",
        hint: policies.isEmpty
          ? "install a plugin with a policy"
          : "choose of " + policies.map(\.name).joined(separator: ", "))
    }
    return only
  }
}

/// Holds the number of threads that a command keeps busy.
struct ThreadOptions: ParsableArguments {
  @Option(help: "Threads to keep busy; 0: all of the machine's.")
  var threads = 0

  func count() throws(FulcrumError) -> Int {
    guard threads >= 0 else {
      throw FulcrumError(.usage, "expected at least 0, got \(threads)", at: "--threads")
    }
    return threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount
  }
}

/// Reports faults of data that the user gave with the request, such as tokens or a prompt.
enum WrongRequest {
  /// Runs some work, and turns its faults of data into faults of the request.
  static func rethrow<Result>(
    at place: String? = nil, _ work: () throws(FulcrumError) -> Result
  ) throws(FulcrumError) -> Result {
    do {
      return try work()
    } catch {
      guard error.code == .data else { throw error }
      let fault = FulcrumError(.usage, error.message, at: error.location, hint: error.hint)
      throw place.map { fault.within($0) } ?? fault
    }
  }
}
