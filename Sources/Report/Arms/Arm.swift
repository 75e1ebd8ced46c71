import FulcrumKernel

/// Runs of one configuration, apart from the seed.
package struct Arm {
  package let name: String
  package let runs: [RunRecord]

  /// Returns arms in the order in which their first runs are given.
  ///
  /// An arm has the name that its runs were given, if no other arm has it; else the settings in which
  /// it differs from the others are its name or, where these are too many to read, its first run's.
  package static func arms(of runs: [RunRecord]) -> [Arm] {
    let methods = runs.map { KeyPaths.method(of: $0.tree) }
    var groups: [[Int]] = []
    for index in runs.indices {
      if let group = groups.firstIndex(where: { methods[$0[0]] == methods[index] }) {
        groups[group].append(index)
      } else {
        groups.append([index])
      }
    }
    let differing = KeyPaths.differing(groups.map { methods[$0[0]] })
    let given = groups.map { group in
      let names = Set(group.map { runs[$0].arm })
      return names.count == 1 ? names.first ?? "" : ""
    }
    return zip(groups, given).map { group, name in
      if !name.isEmpty, given.count(where: { $0 == name }) == 1 {
        return Arm(name: name, runs: group.map { runs[$0] })
      }
      let method = methods[group[0]]
      let settings = differing.map { "\($0) \(method[$0] ?? "–")" }.joined(separator: ", ")
      let name =
        settings.isEmpty || settings.count > 48 ? runs[group[0]].name : settings
      return Arm(name: name, runs: group.map { runs[$0] })
    }
  }
}
