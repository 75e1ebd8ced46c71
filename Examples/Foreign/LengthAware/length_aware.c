/* A reward that likes right answers, and short ones more.
 *
 * 1 for a completion that holds the answer, times exp(-excess / target) for the tokens beyond
 * `target`; 0 for one that doesn't hold it. */
#include <math.h>
#include <stdint.h>
#include <string.h>

double length_aware_reward(
    const char *completion, const char *answer, int64_t token_count, double target) {
  if (!strstr(completion, answer)) return 0;
  double excess = (double)token_count - target;
  return excess > 0 ? exp(-excess / target) : 1;
}
