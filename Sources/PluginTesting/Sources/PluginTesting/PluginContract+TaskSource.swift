import FulcrumKernel

extension PluginContract {
  /// The contract of a task source, for its author.
  ///
  /// - Parameters:
  ///   - type: the task to be tested.
  ///   - parameters: to test with; those left out have their defaults.
  public static func checks(
    for type: any TaskSource.Type, _ parameters: [String: ParameterValue] = [:]
  ) -> [ContractCheck] {
    checks(task: type.manual, parameters) { (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// The contract of a task source, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    task manual: ComponentManual, _ parameters: [String: ParameterValue],
    make: @escaping Maker<any TaskSource>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    return subject.commonChecks(probe: subject.probe) + subject.taskChecks + [subject.likenessCheck]
  }
}

extension Subject where Instance == any TaskSource {
  fileprivate var probe: Probe<any TaskSource> {
    { (instance, trace) throws(FulcrumError) in
      for index in Self.indices(of: instance).prefix(8) {
        trace.add("training item \(index)", texts: Self.texts(of: try instance.trainingItem(index)))
      }
      for item in try heldOutItems(of: instance, perCategory: 2) {
        trace.add("held-out item \(item.id)", texts: Self.texts(of: item))
      }
      for (index, demonstration) in try demonstrations(of: instance, 4).enumerated() {
        trace.add(
          "demonstration \(index)",
          texts: [Self.prompt(of: demonstration), demonstration.completion])
      }
    }
  }

  /// Some training items: the first ones, and the last of a finite source.
  private static func indices(of instance: any TaskSource) -> [Int] {
    guard let count = instance.trainingCount else { return Array(0..<32) + [1000, 1_000_000] }
    return Array(Set(0..<min(32, count)).union(max(0, count - 8)..<max(0, count))).sorted()
  }

  private static func texts(of item: TaskItem) -> [String] {
    [item.id, prompt(of: item), item.answer, item.category]
  }

  private static func prompt(of item: TaskItem) -> String { item.text }

  private static func prompt(of demonstration: Demonstration) -> String {
    demonstration.prompt.isEmpty ? text(of: demonstration.messages) : demonstration.prompt
  }

  private static func text(of messages: [ChatMessage]) -> String {
    messages.map { "\($0.role.rawValue): \($0.content)\n" }.joined()
  }

  /// None from a source that has none for these parameters.
  private func heldOutItems(
    of instance: any TaskSource, perCategory count: Int
  ) throws(FulcrumError) -> [TaskItem] {
    do {
      return try instance.heldOutItems(perCategory: count)
    } catch  where error.code == .unsupported {
      return []
    } catch {
      throw unexpected(error, "a call of heldOutItems")
    }
  }

  /// None from a source that has none.
  private func demonstrations(
    of instance: any TaskSource, _ count: Int
  ) throws(FulcrumError) -> [Demonstration] {
    var demonstrations: [Demonstration] = []
    guard let instance = instance as? any DemonstratingTask else { return [] }
    do {
      for index in 0..<count { demonstrations.append(try instance.demonstration(index)) }
    } catch  where error.code == .unsupported {
      return []
    } catch {
      throw unexpected(error, "a call of demonstration")
    }
    return demonstrations
  }

  fileprivate var taskChecks: [ContractCheck] {
    [
      ContractCheck("there are training items, each with an id and a prompt") {
        () throws(FulcrumError) in
        let task = try make()
        let indices = Self.indices(of: task)
        guard !indices.isEmpty else {
          throw fault("expected training items, got a count of \(task.trainingCount ?? 0)")
        }
        for index in indices {
          let item: TaskItem
          do throws(FulcrumError) {
            item = try task.trainingItem(index)
          } catch {
            throw unexpected(error, "training item \(index)")
          }
          guard !item.id.isEmpty, !Self.prompt(of: item).isEmpty else {
            throw fault(
              "expected an id and a prompt, or messages, in training item \(index), got id '\(item.id)' and a"
                + " prompt of \(item.prompt.utf8.count) bytes")
          }
        }
      },
      ContractCheck("items are functions of their index, in whatever order they are asked for") {
        () throws(FulcrumError) in
        let straight = try make()
        let backwards = try make()
        let indices = Self.indices(of: straight)
        var one: [[String]] = []
        for index in indices { one.append(Self.texts(of: try straight.trainingItem(index))) }
        for (place, index) in indices.enumerated().reversed() {
          let again = Self.texts(of: try backwards.trainingItem(index))
          guard again == one[place] else {
            throw fault(
              "expected training item \(index) to be the same in any order of calls, got"
                + " '\(one[place][1].prefix(60))' and then '\(again[1].prefix(60))'")
          }
        }
      },
      ContractCheck("ids are distinct") { () throws(FulcrumError) in
        let task = try make()
        var seen: Set<String> = []
        var items: [TaskItem] = []
        for index in Self.indices(of: task) { items.append(try task.trainingItem(index)) }
        for item in items + (try heldOutItems(of: task, perCategory: 16))
        where !seen.insert(item.id).inserted {
          throw fault("expected distinct ids, got '\(item.id)' twice")
        }
      },
      ContractCheck("held-out items are none of the training items or demonstrations") {
        () throws(FulcrumError) in
        let task = try make()
        var held: Set<String> = []
        for item in try heldOutItems(of: task, perCategory: 16) {
          held.insert(Self.prompt(of: item))
        }
        for index in Self.indices(of: task)
        where held.contains(Self.prompt(of: try task.trainingItem(index))) {
          throw fault("expected other held-out prompts, got that of training item \(index)")
        }
        for (index, demonstration) in try demonstrations(of: task, 16).enumerated()
        where held.contains(Self.prompt(of: demonstration)) {
          throw fault("expected other held-out prompts, got that of demonstration \(index)")
        }
      },
      ContractCheck("held-out items are the same for every seed") { () throws(FulcrumError) in
        var traces: [Trace] = []
        for seed in [1, 2] as [UInt64] {
          var trace = Trace()
          for item in try heldOutItems(of: make(seed: seed), perCategory: 4) {
            trace.add("held-out item \(item.id)", texts: Self.texts(of: item))
          }
          traces.append(trace)
        }
        try requireSame(traces[0], traces[1], "with one seed and with another")
      },
      ContractCheck("held-out items come category by category, no more than asked for") {
        () throws(FulcrumError) in
        let task = try make()
        for count in [0, 1, 3] { try checkCategories(of: task, count) }
      },
    ]
  }

  private func checkCategories(of task: any TaskSource, _ count: Int) throws(FulcrumError) {
    var counts: [String: Int] = [:]
    var last: String?
    for item in try heldOutItems(of: task, perCategory: count) {
      if item.category != last, counts[item.category] != nil {
        throw fault(
          "expected held-out items category by category, got '\(item.category)' again after"
            + " '\(last ?? "")'")
      }
      last = item.category
      counts[item.category, default: 0] += 1
    }
    for (category, got) in counts.sorted(by: { $0.key < $1.key }) where got > count {
      throw fault(
        "expected at most \(count) held-out items of category '\(category)', got \(got)")
    }
  }
}
