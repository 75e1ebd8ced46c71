import Report
import Testing

@Suite struct ArmTests {
  @Test func `how runs are looked at afterwards makes no other arm`() throws {
    let (one, two) = (try RunFolder("one"), try RunFolder("two"))
    let yaml = """
      advantage: a
      microscope: {batches: 5, arms: ["x=schedule=b"], words: "w.yaml"}
      """
    try one.write("advantage: a\n", to: "run.yaml")
    try two.write(yaml, to: "run.yaml")
    #expect(Arm.arms(of: [try RunRecord(one.path), try RunRecord(two.path)]).count == 1)
    try two.write(yaml + "\nschedule: c\n", to: "run.yaml")
    #expect(Arm.arms(of: [try RunRecord(one.path), try RunRecord(two.path)]).count == 2)
  }

  @Test func `a name that two arms were given names neither`() throws {
    let (one, two) = (try RunFolder("one"), try RunFolder("two"))
    try one.write("arm: x\nschedule: a\n", to: "run.yaml")
    try two.write("arm: x\nschedule: b\n", to: "run.yaml")
    let arms = Arm.arms(of: [try RunRecord(one.path), try RunRecord(two.path)])
    #expect(arms.map(\.name) == ["schedule a", "schedule b"])
  }
}
