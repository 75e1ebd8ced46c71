import FulcrumKernel
import Testing
import TransformerPlugin

struct EntryTests {
  @Test func `the entry function registers the policy under the plugin's name`() throws {
    let registrar = PluginRegistrar()
    fulcrumPluginTransformer(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "transformer")
    #expect(registrar.failure == nil)
    #expect(registrar.components.map(\.kind) == [.policy])
    #expect(registrar.components.map(\.manual.name) == ["transformer"])
  }

  @Test func `the defaults make a policy of 869,504 parameters`() throws {
    let policy = try Fixtures.policy([:])
    // Enough different words for 512 tokens.
    let words = (0..<2000).map { String($0 * 7919, radix: 26) }
    try policy.create(fromTexts: [words.joined(separator: " ")])
    // 512·128 + 4 · (4·128·128 + 3·128·352 + 2·128) + 128
    #expect(policy.parameterCount == 869_504)
  }
}
