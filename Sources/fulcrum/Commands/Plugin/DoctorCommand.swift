import ArgumentParser
import Foundation
import FulcrumKernel
import PluginHost
import Runs
import Training

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check that this machine and this installation can train.",
    discussion: """
      Also says which kernels serve this processor, and whether a token's log-probability has the same \
      bits in sampling and training. Exit status 1 if something needs mending.

        fulcrum doctor
      """)

  func run() throws {
    var faults = 0
    func check(_ name: String, _ isGood: Bool, _ text: String) {
      if !isGood { faults += 1 }
      print("\(isGood ? "ok   " : "FAULT") \(name): \(text)")
    }
    let process = ProcessInfo.processInfo
    print(
      "      fulcrum \(FulcrumVersion.text) at \(PluginSearchPath.folderOfThisExecutable ?? "?")")
    print("      kernel interface \(KernelInterface.major).\(KernelInterface.minor)")
    print("      compiler \(KernelInterface.compiler)")
    let memory = Double(process.physicalMemory) / 1e9
    check("processors", process.activeProcessorCount > 0, "\(process.activeProcessorCount)")
    check("memory", memory > 2, String(format: "%.1f GB", memory))
    let here = FileManager.default.currentDirectoryPath
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: here)
    let room = (attributes?[.systemFreeSize] as? NSNumber)?.doubleValue ?? 0
    check("disk", room > 1e9, String(format: "%.1f GB free in %@", room / 1e9, here))
    check("folder", FileManager.default.isWritableFile(atPath: here), "\(here) is writable")
    let host = Plugins.host()
    let listings = host.installed().filter { $0.shadowedBy == nil }
    for folder in host.searchPath.folders { print("      plugins from \(folder.path)") }
    for listing in listings {
      do throws(FulcrumError) {
        let plugin = try host.load(listing)
        check("plugin \(plugin.name)", true, plugin.version)
      } catch {
        check("plugin \(listing.name)", false, "\(error)")
      }
    }
    for kind in HostComponent.Kind.allCases {
      let names = host.loaded.flatMap { $0.components(kind) }.map(\.manual.name)
      check(
        kind.rawValue, !names.isEmpty, names.isEmpty ? "none" : names.joined(separator: ", "))
    }
    for policy in host.loaded.flatMap({ $0.components(.policy) }) {
      guard let type = policy.type as? any MachineDescribingPolicy.Type else { continue }
      for fact in type.machineFacts {
        print("      policy \(policy.manual.name), \(fact.name): \(fact.value)")
      }
    }
    guard faults == 0 else {
      print("\(faults) to mend")
      throw ExitCode(1)
    }
    print("all is well")
  }
}
