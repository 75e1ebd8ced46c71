import PluginHost
import Testing

@Suite struct PluginNameTests {
  private let format = SwiftLibraries()

  @Test func `a name gives its file and its entry symbol, and the file gives the name back`() throws
  {
    let name = try #require(PluginName("advantage-reweighting"))
    #expect(format.fileName(of: name) == "libfulcrum-advantage-reweighting.so")
    #expect(name.entrySymbol == "fulcrum_plugin_advantage_reweighting")
    #expect(format.plugin(inFile: format.fileName(of: name)) == name)
  }

  @Test(arguments: ["", "Lopti", "2d", "-x", "a_b", "a.b", "a/b", "naïve", "a b", "../x"])
  func `a name that breaks the rule is none`(text: String) {
    #expect(PluginName(text) == nil)
  }

  @Test(arguments: ["libfulcrum-.so", "libfulcrum-X.so", "libfulcrum.so", "fulcrum-x.so", "x.so"])
  func `a file that is not libfulcrum-name holds no plugin`(fileName: String) {
    #expect(format.plugin(inFile: fileName) == nil)
  }
}
