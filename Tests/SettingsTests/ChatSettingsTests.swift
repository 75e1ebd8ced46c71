import FulcrumKernel
import Settings
import Testing
import YAML

@Suite struct ChatSettingsTests {
  private func settings(_ text: String) throws(FulcrumError) -> ChatSettings {
    try RunConfiguration(tree: ConfigurationTree(text: text, file: "run.yaml")).chat
  }

  @Test func `the checkpoint's template is the default`() throws {
    let chat = try settings("steps: 1")
    #expect(chat.template == .checkpoint)
    #expect(chat.system == nil && !chat.wrapsTexts && chat.arguments.isEmpty)
  }

  @Test(arguments: [
    ("chatml", ChatSettings.Template.format(.chatML)), ("llama-3", .format(.llama3)),
    ("plain", .plain), ("./own.jinja", .file("./own.jinja")), ("checkpoint", .checkpoint),
  ])
  func `a template is a name or a path`(_ text: String, _ template: ChatSettings.Template) throws {
    #expect(try settings("chat: {template: \(text)}").template == template)
  }

  @Test func `arguments are names and values`() throws {
    let chat = try settings("chat: {arguments: [enable_thinking=false, 'date=1 = 2']}")
    #expect(chat.arguments.map(\.name) == ["enable_thinking", "date"])
    #expect(chat.arguments.map(\.value) == ["false", "1 = 2"])
  }

  @Test(arguments: [
    (
      "chat: {template: chatlm}",
      """
      run.yaml:1: chat.template: expected one of checkpoint, chatml, llama-3, plain, or a file's path\
       with a '/', got 'chatlm'
        hint: did you mean 'chatml'?
      """
    ),
    (
      "chat: {arguments: [thinking]}",
      """
      run.yaml:1: chat.arguments: expected NAME=VALUE, got 'thinking'
        hint: such as enable_thinking=false, which Qwen3's template knows
      """
    ),
    (
      "chat: {template: chatml, arguments: [a=1]}",
      """
      run.yaml:1: chat.arguments: expected none with chat.template = chatml, got 1
        hint: only templates in Jinja take arguments
      """
    ),
  ])
  func `wrong values are named`(_ text: String, _ message: String) throws {
    let error = #expect(throws: FulcrumError.self) { try settings(text) }
    #expect(error?.description == message)
  }
}
