#include "Vector.h"

TK_CLONES
int tk_rank(const float *logits, int count, int target) {
  const i16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  float own = logits[target];
  i16 before = 0;
  for (int i = 0; i < count; i += 16) {
    v16 z;
    if (i + 16 <= count)
      z = TK_LOAD(logits + i);
    else
      tk_load_part(&z, logits + i, count - i, -INFINITY);
    /* Comparisons give -1 where they hold. Lanes past the end are behind the target. */
    before -= (z > own) | ((z == own) & (lane + i < target));
  }
  int rank = 0;
  for (int i = 0; i < 16; i++) rank += before[i];
  return rank;
}

TK_CLONES
float tk_mass_above(const float *logits, int count, float inverse_temperature,
                    float threshold) {
  float largest = tk_largest_of(logits, count);
  double mass = 0, total = 0;
  for (int i = 0; i < count; i += 16) {
    v16 e;
    if (i + 16 <= count)
      e = TK_LOAD(logits + i);
    else
      tk_load_part(&e, logits + i, count - i, -INFINITY);
    /* The likeliest tokens' difference is 0 and their e 1, to the bit: a threshold of 1 keeps them. */
    e = (e - largest) * inverse_temperature;
    tk_exp16(&e);
    v16 above = (e >= threshold) ? e : (v16)0.0f;
    total += tk_sum(&e);
    mass += tk_sum(&above);
  }
  return (float)(mass / total);
}

/* Whether token a is behind token b: less likely, or as likely and of a higher number. */
TK_INLINE int is_behind(const float *logits, int32_t a, int32_t b) {
  return logits[a] < logits[b] || (logits[a] == logits[b] && a > b);
}

/* Lets the token at `place` sink in a heap whose root is behind all others. */
TK_INLINE void sink(const float *logits, int32_t *heap, int size, int place) {
  int32_t token = heap[place];
  for (;;) {
    int child = 2 * place + 1;
    if (child >= size) break;
    if (child + 1 < size && is_behind(logits, heap[child + 1], heap[child])) child++;
    if (!is_behind(logits, heap[child], token)) break;
    heap[place] = heap[child];
    place = child;
  }
  heap[place] = token;
}

TK_CLONES
void tk_top_tokens(const float *logits, int count, int top, int32_t *tokens) {
  for (int i = 0; i < top; i++) tokens[i] = i;
  for (int i = top / 2 - 1; i >= 0; i--) sink(logits, tokens, top, i);
  for (int i = top; i < count;) {
    float least = logits[tokens[0]];
    /* A later token must be strictly more likely. Most vectors hold none. */
    if (i + 16 <= count) {
      v16 z = TK_LOAD(logits + i);
      if (!(tk_maximum(&z) > least)) {
        i += 16;
        continue;
      }
    }
    int end = i + 16 < count ? i + 16 : count;
    for (; i < end; i++) {
      if (!(logits[i] > logits[tokens[0]])) continue;
      tokens[0] = i;
      sink(logits, tokens, top, 0);
    }
  }
  /* The root, the last of those that are left, goes behind them. */
  for (int left = top - 1; left > 0; left--) {
    int32_t last = tokens[0];
    tokens[0] = tokens[left];
    tokens[left] = last;
    sink(logits, tokens, left, 0);
  }
}

/* As tk_score_token: sums over all tokens but the likeliest keep the digits of a log pi near 0. */
TK_CLONES
void tk_log_probabilities(const float *logits, int count, float inverse_temperature,
                          const int32_t *tokens, int top, float *log_probabilities) {
  struct tk_token_statistics first =
      tk_score_token(logits, count, inverse_temperature, tokens[0]);
  log_probabilities[0] = first.log_probability;
  for (int i = 1; i < top; i++) {
    double below = (double)(logits[tokens[i]] * inverse_temperature) - first.maximum;
    log_probabilities[i] = (float)(below + first.log_probability);
  }
}
