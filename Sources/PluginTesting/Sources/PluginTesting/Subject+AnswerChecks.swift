import FulcrumKernel

extension Subject where Instance == any RewardFn {
  /// Checks that a reward function's word on answers, before there is a completion, fits its scores.
  ///
  /// - Parameter type: of the reward functions; `nil`: not known, so nothing is checked.
  func answerChecks(
    of type: (any RewardFn.Type)?, _ trials: RewardTrials
  ) -> [ContractCheck] {
    guard type is any AnswerCheckingReward.Type else { return [] }
    return [
      ContractCheck("an answer passes its check if it is a given one, and only if it can be scored")
      {
        () throws(FulcrumError) in
        guard let reward = try make() as? any AnswerCheckingReward else { return }
        for sample in trials.given {
          do throws(FulcrumError) {
            try reward.check(Self.item(sample))
          } catch {
            throw unexpected(error, "the check of the answer '\(sample.answer.prefix(40))'")
          }
        }
        for answer in trials.answers + [""] {
          let sample = trials.plain(with: answer)
          do throws(FulcrumError) {
            _ = try reward.score(sample)
            continue
          } catch {}
          do throws(FulcrumError) {
            try reward.check(Self.item(sample))
          } catch {
            continue
          }
          throw fault(
            "expected '\(answer.prefix(40))' to be refused, as it is in scoring; it passed")
        }
      }
    ]
  }

  private static func item(_ sample: RewardSample) -> TaskItem {
    TaskItem(
      id: sample.id, prompt: sample.prompt, answer: sample.answer, category: "",
      fields: sample.fields, messages: sample.messages)
  }
}
