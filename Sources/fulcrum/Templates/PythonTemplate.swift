import FulcrumKernel
import PluginHost

/// Makes the files of a new plugin in Python.
struct PythonTemplate {
  /// Holds the parts that depend on the kind.
  struct Component {
    /// The file, from its imports on.
    let source: String
    /// The methods of its test.
    let tests: String
    /// A line of a configuration that names the component.
    let usage: String
  }

  let name: PluginName
  private let component: Component

  /// - Throws: `.unsupported` for a policy.
  init(name: PluginName, kind: PluginTemplate.Kind) throws(FulcrumError) {
    self.name = name
    component =
      switch kind {
      case .advantageTransform: .advantageTransform(name.text)
      case .updateScheduler: .updateScheduler(name.text)
      case .policyObjective: .policyObjective(name.text)
      case .reward: .reward(name.text)
      case .task: .task(name.text)
      case .policy:
        throw FulcrumError(
          .unsupported, "expected another kind than policy for a plugin in Python",
          at: "--kind policy", hint: "write it in Swift: leave out --language")
      }
  }

  private var file: String { name.text + ".py" }
  /// Names that hold hyphens can't be imported, so tests have underscores.
  private var testFile: String { "test_" + name.text.replacing("-", with: "_") + ".py" }

  /// The files, with their paths within the folder and their contents.
  var files: [(path: String, text: String)] {
    [(file, component.source), (testFile, tests), ("README.md", readme)]
  }

  private var tests: String {
    """
    import unittest
    from pathlib import Path

    import fulcrum.testing as testing

    plugin = testing.load(Path(__file__).with_name("\(file)"))


    class Tests(unittest.TestCase):
    \(component.tests)
        def test_what_can_be_checked_without_the_host(self) -> None:
            testing.check(plugin)


    if __name__ == "__main__":
        unittest.main()

    """
  }

  private var readme: String {
    """
    # \(name)

    A plugin for Fulcrum in one Python file. Test it (with Fulcrum's package `fulcrum` on PYTHONPATH), see that it is
    found, and have it checked as the host will use it:

        python3 -m unittest
        fulcrum plugin list --plugin-path .
        fulcrum plugin check \(name) --plugin-path .

    In a configuration:

    ```yaml
    plugin-path: [\(name)]     # relative to the working folder
    \(component.usage)
    ```

    """
  }
}
