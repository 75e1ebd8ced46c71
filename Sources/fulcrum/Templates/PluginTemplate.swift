import ArgumentParser
import FulcrumKernel
import PluginHost
import Training

/// Makes the files of a new plugin's package.
struct PluginTemplate {
  /// Lists the kinds of plugin.
  enum Kind: String, CaseIterable, ExpressibleByArgument {
    case advantageTransform = "advantage-transform"
    case updateScheduler = "update-scheduler"
    case policyObjective = "policy-objective"
    case reward
    case task
    case policy
  }

  /// Holds the parts of the files that depend on the kind.
  struct Component {
    /// The component with its imports; the entry function follows.
    let source: String
    /// The functions of the test suite.
    let tests: String
    /// The method of the registrar's `add`.
    let label: String
    /// A line of a configuration that names the component.
    let usage: String
  }

  let name: PluginName
  let kind: Kind
  /// The absolute path of the kernel's package.
  let kernel: String

  /// The name in camel case: `MyIdea`.
  private var word: String {
    name.text.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  private var module: String { word + "Plugin" }

  /// The component's type. The suffix keeps it from hiding one of Swift's own or the kernel's.
  private var type: String {
    let suffix =
      switch kind {
      case .advantageTransform: "Advantage"
      case .updateScheduler: "Schedule"
      case .policyObjective: "Objective"
      case .reward: "Reward"
      case .task: "Task"
      case .policy: "Policy"
      }
    let type = word + suffix
    return type == "PolicyObjective" ? "PolicyTermObjective" : type
  }

  private var component: Component {
    switch kind {
    case .advantageTransform: .advantageTransform(type, name.text)
    case .updateScheduler: .updateScheduler(type, name.text)
    case .policyObjective: .policyObjective(type, name.text)
    case .reward: .reward(type, name.text)
    case .task: .task(type, name.text)
    case .policy: .policy(type, name.text)
    }
  }

  /// The files, with their paths within the package and their contents.
  var files: [(path: String, text: String)] {
    let component = component
    return [
      ("Package.swift", manifest),
      ("Sources/\(module)/\(word).swift", component.source + entry(component)),
      ("Tests/\(word)Tests/\(word)Tests.swift", tests(component)),
      ("README.md", readme(component)),
      (".gitignore", ".build/\n.swiftpm/\nPackage.resolved\n"),
    ]
  }

  private func entry(_ component: Component) -> String {
    """

    @c(\(name.entrySymbol))
    public func fulcrumPlugin\(word)(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "\(name)", version: "0.1.0") {
        $0.add(\(component.label): \(type).self)
      }
    }

    """
  }

  private func tests(_ component: Component) -> String {
    """
    import FulcrumKernel
    import PluginTesting
    import Testing

    @testable import \(module)

    @Suite struct \(word)Tests {
    \(component.tests)
      @Test(arguments: PluginContract.checks(for: \(type).self))
      func `the contract is kept`(_ check: ContractCheck) throws { try check.run() }
    }

    """
  }

  private var manifest: String {
    let literal = kernel.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return """
      // swift-tools-version: 6.2
      import PackageDescription

      // The sources of the kernel that loads this plugin; PluginTesting lies beside them.
      let kernel = Context.environment["FULCRUM_KERNEL"] ?? "\(literal)"

      let package = Package(
        name: "\(name)",
        products: [
          .library(name: "fulcrum-\(name)", type: .dynamic, targets: ["\(module)"])
        ],
        dependencies: [
          .package(path: kernel),
          .package(path: kernel + "/../PluginTesting"),
        ],
        targets: [
          .target(
            name: "\(module)",
            dependencies: [
              .product(name: "FulcrumKernel", package: "Kernel"),
              // The kernel and the compiler that it was built with, for the host to read.
              .product(name: "FulcrumStamp", package: "Kernel"),
            ]),
          .testTarget(
            name: "\(word)Tests",
            dependencies: [
              "\(module)",
              .product(name: "FulcrumKernel", package: "Kernel"),
              .product(name: "PluginTesting", package: "PluginTesting"),
            ]),
        ],
        swiftLanguageModes: [.v6]
      )

      """
  }

  private func readme(_ component: Component) -> String {
    """
    # \(name)

    A plugin for Fulcrum, of kind \(kind.rawValue). Build it, test it, and see that it is found:

        swift build -c release
        swift test
        fulcrum plugin list --plugin-path .build/release

    In a configuration:

    ```yaml
    plugin-path: [\(name)/.build/release]     # relative to the working folder
    \(component.usage)
    ```

    `fulcrum plugin info \(name) --plugin-path .build/release` prints its parameters. Another
    Fulcrum than the one that wrote this package: `FULCRUM_KERNEL=PREFIX/share/fulcrum/Kernel swift
    build -c release`, with that Fulcrum's toolchain.

    """
  }
}
