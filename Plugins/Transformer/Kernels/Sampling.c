#include "Vector.h"

/* scratch = e^(logits / T - maximum), zeros up to whole vectors. Gives the sum. */
TK_INLINE double exponentials(const float *logits, int count, float inverse_temperature,
                              float *scratch) {
  float maximum = tk_largest_of(logits, count) * inverse_temperature;
  double total = 0;
  for (int i = 0; i < count; i += 16) {
    v16 e;
    if (i + 16 <= count)
      e = TK_LOAD(logits + i);
    else
      tk_load_part(&e, logits + i, count - i, -INFINITY);
    e = e * inverse_temperature - maximum;
    tk_exp16(&e);
    TK_STORE(scratch + i, e);
    total += tk_sum(&e);
  }
  return total;
}

/* The first token at which the running sum of scratch passes goal. */
TK_INLINE int pick(const float *scratch, int count, double goal) {
  double sum = 0;
  int last = 0;
  for (int i = 0; i < count; i += 16) {
    v16 e = TK_LOAD(scratch + i);
    double block = tk_sum(&e);
    if (sum + block <= goal) {
      sum += block;
      continue;
    }
    for (int j = i; j < i + 16; j++) {
      if (scratch[j] == 0) continue;
      last = j;
      sum += scratch[j];
      if (sum > goal) return j;
    }
    /* The block's own rounding kept the sum from the goal: its last likely token. */
    return last;
  }
  /* Reached only by rounding, as goal < total: the last token that is possible at all. */
  for (int j = count - 1; j > 0; j--)
    if (scratch[j] > 0) return j;
  return 0;
}

TK_CLONES
int tk_sample(const float *logits, int count, float inverse_temperature, float uniform,
              float *scratch) {
  double total = exponentials(logits, count, inverse_temperature, scratch);
  return pick(scratch, count, uniform * total);
}

/* Floats in their order as whole numbers, and back: the bits but for the sign's. */
TK_INLINE int32_t ordered(int32_t bits) { return bits >= 0 ? bits : bits ^ INT32_MAX; }

TK_INLINE float float_of(int32_t key) {
  int32_t bits = ordered(key);
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

TK_INLINE int32_t key_of(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return ordered(bits);
}

/* Sums up the tokens whose logit is at least `threshold`: their number if weights is null,
 * else the sum of their weights. Neither falls as the threshold does, rounding included. */
TK_INLINE double mass_from(const float *logits, const float *weights, int count,
                           float threshold) {
  double mass = 0;
  for (int i = 0; i < count; i += 16) {
    v16 z;
    if (i + 16 <= count)
      z = TK_LOAD(logits + i);
    else
      tk_load_part(&z, logits + i, count - i, NAN);
    v16 w = 1.0f;
    if (weights) w = TK_LOAD(weights + i);
    w = (z >= threshold) ? w : (v16)0.0f;
    mass += tk_sum(&w);
  }
  return mass;
}

/* Sets the weights of all tokens to 0 but those of the fewest largest logits that come to `goal`, in
 * numbers or in weights; of equal logits the first tokens stay. Halving the range of floats finds
 * the least logit that stays in 32 passes. */
TK_INLINE void keep_likeliest(const float *logits, float *weights, int count, double goal,
                              int is_counting) {
  const float *masses = is_counting ? 0 : weights;
  int64_t low = key_of(-INFINITY), high = key_of(tk_largest_of(logits, count));
  while (low < high) {
    int64_t middle = low + (high - low + 1) / 2;
    if (mass_from(logits, masses, count, float_of((int32_t)middle)) >= goal)
      low = middle;
    else
      high = middle - 1;
  }
  float threshold = float_of((int32_t)low);
  int32_t next = key_of(threshold) + 1;
  /* Both zeros are one number. */
  if (float_of(next) == threshold) next++;
  double mass = mass_from(logits, masses, count, float_of(next));
  for (int i = 0; i < count; i++) {
    if (logits[i] > threshold) continue;
    if (logits[i] == threshold && mass < goal)
      mass += is_counting ? 1 : weights[i];
    else
      weights[i] = 0;
  }
}

/* Sets the weights below `share` of the largest one to 0. */
TK_INLINE void keep_near_largest(float *weights, int count, float share) {
  /* The largest is 1 but for the rounding of logits / T. */
  float least = share * tk_largest_of(weights, count);
  for (int i = 0; i < count; i++)
    if (weights[i] < least) weights[i] = 0;
}

TK_CLONES
int tk_sample_truncated(const float *logits, int count, float inverse_temperature, int top_k,
                        float top_p, float min_p, float uniform, float *scratch) {
  exponentials(logits, count, inverse_temperature, scratch);
  if (top_k > 0 && top_k < count) keep_likeliest(logits, scratch, count, top_k, 1);
  if (top_p < 1) {
    double total = mass_from(logits, scratch, count, -INFINITY);
    keep_likeliest(logits, scratch, count, top_p * total, 0);
  }
  if (min_p > 0) keep_near_largest(scratch, count, min_p);
  return pick(scratch, count, uniform * mass_from(logits, scratch, count, -INFINITY));
}

TK_CLONES
int tk_largest(const float *logits, int count) {
  float maximum = tk_largest_of(logits, count);
  for (int i = 0; i < count; i++)
    if (logits[i] == maximum) return i;
  return 0;
}
