import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import Runs
import Settings

struct WarmStartCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sft",
    abstract: "Make a policy's warm start: imitate the task's demonstrations.",
    discussion: """
      Reads the keys task, policy and warm-start, and writes a checkpoint to output. Where \
      warm-start.evaluation-items asks for held-out accuracy, it reads reward and evaluation, too.

        fulcrum sft warm-start.yaml --set output=runs/start
        fulcrum sft warm-start.yaml --set warm-start.checkpoints-every=500
      """)

  @OptionGroup var options: RunOptions

  func run() throws {
    var keys: [ComponentKey] = [.task, .policy]
    let configuration = try options.configuration(keys: keys)
    if configuration.warmStart.evaluationItems > 0 { keys.append(.reward) }
    let output = configuration.general.output
    // Before the work, which would be lost.
    try SafeFiles.requireRoom(forFolder: output)
    let setup = try RunSetup(configuration, keys: keys, host: Plugins.host)
    let display = ProgressDisplay()
    Interrupt.watch()
    let isComplete = try WarmStart(setup: setup, observer: display).run(output: output) {
      StopRequest.isMade
    }
    display.note("checkpoint \(output)" + (isComplete ? "" : ", stopped early"))
    try Interrupt.end(isComplete: isComplete)
  }
}
