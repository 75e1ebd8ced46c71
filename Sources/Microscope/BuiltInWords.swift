/// The lists for English that Fulcrum comes with, as `fulcrum microscope --print-words` prints them.
package enum BuiltInWords {
  package static let name = "built in"

  package static let yaml = """
    # Six categories of words in English step-by-step reasoning, after arXiv 2505.12929, Fig. 5. The
    # paper's own lists are not public; these are Fulcrum's choice. One idea a category: a word stands
    # where its most common use in a solution belongs, and no word or phrase has one of another
    # category within. Change a copy of this file and name it with --words, or in a configuration
    # under microscope.words.
    #
    # Case is of no matter; a phrase is words in a row; conclud* is conclude, concluded, concluding.

    # What the writer does: looks at something, tries it, compares, checks.
    # Also said of things ("a check", "a test"). Left out: "find", "solve", "see", "show", which most
    # sentences of a solution have whatever it does.
    Analysis:
      - analy*
      - assess*
      - break down
      - breaking down
      - calculat*
      - case by case
      - check
      - checked
      - checking
      - checks
      - compar*
      - consider
      - considered
      - considering
      - considers
      - determin*
      - evaluat*
      - examin*
      - explor*
      - go through
      - going through
      - inspect*
      - investigat*
      - let me see
      - let us see
      - let's see
      - look at
      - looking at
      - re check*
      - re examin*
      - recheck*
      - reconsider*
      - reexamin*
      - rethink*
      - review*
      - step by step
      - test
      - tested
      - testing
      - tests
      - think about
      - think through
      - thinking about
      - try each
      - verif*
      - work out
      - working out

    # What somebody says, or the problem gives: words that bring a premise in.
    # "state" is also a condition, and what is quoted may be anything. Left out: "given", which brings
    # in causes as well ("given that").
    Statement:
      - according to
      - announc*
      - claim
      - claimed
      - claiming
      - claims
      - comment*
      - declar*
      - mention*
      - quot*
      - remark*
      - replied
      - replies
      - reply
      - said
      - say
      - saying
      - says
      - state
      - stated
      - statement*
      - states
      - stating
      - tell
      - telling
      - tells
      - told

    # A reason follows, or something is named as one.
    # "since" is also of time. Left out: "as" and "for", which are mostly something else, and "reason",
    # which is mostly "reasoning".
    Causal Indicator:
      - based on
      - because
      - because of
      - by virtue of
      - caus*
      - due to
      - given that
      - inasmuch as
      - lead to
      - leading to
      - leads to
      - led to
      - on account of
      - on the basis of
      - on the grounds that
      - owing to
      - seeing that
      - since
      - stem from
      - stems from
      - thanks to
      - why

    # What follows from what was before.
    # "so" is also a degree and, in "so that", a purpose; it stays, for it is by far the most common
    # of all. Left out: "then", which is mostly of order or of a condition's second half.
    Conclusion Indicator:
      - accordingly
      - as a consequence
      - as a result
      - conclud*
      - conclusion
      - conclusions
      - consequently
      - ergo
      - final answer
      - finally
      - follows from
      - follows that
      - for this reason
      - hence
      - implied
      - implies
      - imply
      - implying
      - in short
      - in summary
      - it follows
      - overall
      - so
      - that means
      - the answer is
      - the solution is
      - thereby
      - therefore
      - this means
      - thus
      - to sum up
      - to summarize
      - ultimately
      - we get
      - we obtain
      - which means

    # Something is taken as true to see what comes of it.
    # "if" is also part of statements that are reported. Left out: "maybe", "perhaps", "might", which
    # hedge and suppose nothing, and "whether", which leaves both open.
    Assumption:
      - assum*
      - conjectur*
      - guess
      - guessed
      - guessing
      - hypothe*
      - if
      - imagin*
      - in case
      - postulat*
      - premise*
      - presum*
      - pretend*
      - provided that
      - providing that
      - suppos*
      - unless

    # The writer vouches for it: certainty and necessity, without a reason.
    # "must" and "cannot" are also in rules that a problem gives. Left out: "true" and "false", which
    # puzzles use of statements, and "is", which is nearly everywhere.
    Assertion:
      - absolutely
      - always
      - beyond doubt
      - can not
      - can't
      - cannot
      - certain
      - certainly
      - clear
      - clearly
      - definite
      - definitely
      - evident
      - evidently
      - fact
      - has to be
      - have to be
      - impossible
      - inevitabl*
      - indeed
      - must
      - necessarily
      - never
      - no doubt
      - obvious
      - obviously
      - of course
      - plainly
      - sure
      - surely
      - undeniabl*
      - undoubtedly
      - we know
      - without doubt

    """
}
