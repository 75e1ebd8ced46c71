/// Holds what the page of methods says around its table.
enum MethodPageWords {
  static let introduction = """
    # Methods

    Every method that Fulcrum has a plugin for, side by side: what becomes of a token's weight on
    ∇ log π, what that takes, and whom it favours. `make methods` writes this page and its figures by one
    `fulcrum methods --markdown`, which calls every advantage transform, objective and schedule on made-up
    batches: name, source and formula are what a plugin says of itself, all else is what it did. A plugin of
    yours gets its line by `fulcrum methods my-idea --plugin-path my-idea/.build/release`, its figure and
    its numbers (`methods.json`) by `--output FOLDER`.

    ## How to read it

    Symbols: p = π_old and π are a token's probability before the step and now, r = π/p, A its advantage,
    H the entropy of the distribution that it was drawn from, N the tokens of a batch, σ the logistic
    function, sg(·) a number without a gradient; w is the weight on ∇ log π before the aggregation's share
    (Documentation/Method.md, section 1). "In the clip" is on one side: r ≤ 1 + clip-high where A > 0,
    r ≥ 1 − clip-low where A < 0. A transform changes A to A'; an objective makes w of A.

    **Figures.** Blue: tokens with A > 0; orange: A < 0; dashed where both are alike. Thin: plain GRPO with a
    clip of 0.2, the yardstick; on policy its w/A is 1. A line is the mean over the batch's tokens at that
    place, its band goes from the least to the greatest: where a weight also depends on the entropy, on the
    group, on chance. Left: along the probability at a step's first update, where r = 1. Right: along the ratio,
    of tokens with p = 0.02, 0.1 and 0.24; a transform has it only if it reads the sampler's probabilities, and
    then ρ = p/π_rollout is the ratio. A further line is the weight v on ∇H, or the weight c on the likeliest
    token of a place, over A, with a colour for each sign of A where they differ. Where the weight is the same
    for either sign of A there is one line: w. A figure whose label says *beyond N: cut* has lines that go on
    beyond N, at about a tenth of the places at most: they are broken there. A schedule's figure has the share
    of the tokens in each phase, of its first six.

    **The batch.** 51 probabilities from 0.001 to 0.99, each with four distributions of the other 255
    tokens (each other token 0.2, 0.5, 0.8 or 0.95 times as likely as the one before it, so entropies from
    nearly 0 to 4 nats), in groups of eight completions of which two, four or six are right; A = ±1. The
    reference is a tenth of a logit away from the policy. For the ratio: 74 ratios from 0.26 to 3.86, 1.7 %
    apart about 1 and 7 % elsewhere, none of them a usual bound of a clip but 1, a group each, in which all
    tokens have that ratio, so a sequence's ratio is its tokens'. A transform that
    subtracts a baseline itself (returns that are all higher by 1 change nothing) gets returns 0 and 1, and
    its A' is divided by the return less its group's mean. Parameters have their defaults, the step is the
    first, the seed 1.

    **Whom it favours.** The mean of abs(w/A) over the places with π < 0.25 (unlikely), π ≥ 0.75 (likely) and
    between on policy, relative to GRPO's, which is 1; numbers within 3 % of each other count as equal, and
    *all* is said only where every place agrees with every other, else *on average*. *Turned*: the sign is not
    A's; *partly*: at some places. *Beyond the clip*: the mean along log r where GRPO's clip leaves nothing, r >
    1.2 for A > 0 and r < 0.8 for A < 0. *That fell*, *that rose*: the other two corners, relative to GRPO's.
    The yardstick of a baseline is the return less its group's mean, so `grpo` itself is ×2: it also divides by
    the deviation, which is about a half here.

    ## The table
    """

  static let missing = """
    ## What is missing

    A weight here may depend on what a policy tells of a token's place, of its sequence, its group and its
    mini-batch, and on the likeliest tokens of the place. It can't depend on

    - **products of tokens' gradients**: THR (arXiv 2510.03669) weighs a token by how its gradient agrees with
      those of right answers, DelTA (arXiv 2605.21467) by how far it tells right ones from wrong ones. For each
      token of each step that takes a gradient a token, or what it comes from at the head, the hidden state and
      e − π, which no policy tells. The microscope has such products for some tokens of a step
      ([Microscope.md](Microscope.md));
    - **given tokens' present probabilities**: the top-k form of DPPO (arXiv 2602.04879) compares π with p at the
      old policy's likeliest tokens; policies tell those of the present one's;
    - **a formula that nobody published**: RSI-S (arXiv 2606.31575), and the entropy-guided course of
      Positive-Advantage Reweighting (arXiv 2511.05993).

    Methods that are several settings at once are arms of
    [Recipes/methods.yaml](Recipes/methods.yaml): MiniRL, Dr. GRPO, FIPO as it is used.
    """
}
