import ArgumentParser
import Foundation
import FulcrumKernel
import Runs
import Stages

/// Is the command line. Exit status: 0 done, 1 it failed, 2 the request was wrong.
@main
struct Fulcrum: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fulcrum",
    abstract: "Post-trains language models with reinforcement learning, out of plugins.",
    version: "fulcrum \(FulcrumVersion.text), kernel interface "
      + "\(KernelInterface.major).\(KernelInterface.minor)",
    subcommands: [
      TrainCommand.self, ResumeCommand.self, ArmsCommand.self, ExplainCommand.self,
      PlanCommand.self,
      ReplayCommand.self,
      EvaluateCommand.self, MicroscopeCommand.self, ReportCommand.self, CompareCommand.self,
      WarmStartCommand.self,
      ModelCommand.self, GenerateCommand.self, PluginCommand.self, MethodsCommand.self,
      MethodsWorkerCommand.self,
      RewardCommand.self,
      BenchCommand.self, DoctorCommand.self,
    ])

  static func main() {
    // A closed pipe (`| head`) ends the output, not the program with a signal.
    signal(SIGPIPE, SIG_IGN)
    // A file that may not grow gives an error of its write, as a full disk does.
    signal(SIGXFSZ, SIG_IGN)
    StandardOutput.openMissingStreams()
    // The workers of checks have watchers of their own.
    if !PluginCommand.isWorker(CommandLine.arguments) { Supervisor.begin() }
    StandardOutput.claim()
    do {
      try UnknownCommand.refuse(Array(CommandLine.arguments.dropFirst()))
      var command = try parseAsRoot()
      try command.run()
    } catch let error as FulcrumError {
      Self.report("error: \(error)")
      end(error.code.isWrongRequest ? 2 : 1)
    } catch let code as ExitCode {
      end(code.rawValue)
    } catch {
      let isHelp = exitCode(for: error).isSuccess
      let message = UnknownCommand.clearer(fullMessage(for: error))
      if isHelp { print(message) } else { Self.report(message) }
      end(isHelp ? 0 : 2)
    }
    end(0)
  }

  private static func end(_ status: Int32) -> Never {
    fflush(nil)
    Supervisor.sayFarewell(status)
    // What plugins would do at exit is no part of the work, and may hang or crash.
    _exit(status)
  }

  static func report(_ text: String) {
    StandardError.write(text.onTerminal + "\n")
  }
}

extension FulcrumError.Code {
  /// Whether the request can't be met, rather than that its work failed.
  var isWrongRequest: Bool {
    [.configuration, .parameter, .usage, .notFound, .unsupported].contains(self)
  }
}
