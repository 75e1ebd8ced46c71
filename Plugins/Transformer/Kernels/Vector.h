/* Sixteen lanes: one register with AVX-512, two with AVX2, four with SSE2. */
#pragma once
#include <math.h>
#include <string.h>

#include "TransformerKernels.h"

/* A sanitizer's runtime is not up yet when the loader chooses clones. */
#if defined(__x86_64__) && !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
/* min_vector_width: else the AVX-512 clone is tuned to half registers. */
#define TK_CLONES                                                                   \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"),      \
                 min_vector_width(512)))
#else
#define TK_CLONES
#endif
/* Helpers take vectors by pointer: by value their ABI would depend on the clone. */
#define TK_INLINE static inline __attribute__((always_inline))

#pragma clang fp contract(fast)

typedef float v16 __attribute__((ext_vector_type(16)));
typedef int32_t i16 __attribute__((ext_vector_type(16)));
typedef float v8 __attribute__((ext_vector_type(8)));
typedef float v4 __attribute__((ext_vector_type(4)));
typedef float v16_unaligned __attribute__((ext_vector_type(16), aligned(4)));

#define TK_LOAD(p) ((v16)(*(const v16_unaligned *)(p)))
#define TK_STORE(p, v) (*(v16_unaligned *)(p) = (v))

/* The first n < 16 lanes from memory, the others `fill`. */
TK_INLINE void tk_load_part(v16 *v, const float *p, int n, float fill) {
  float lanes[16];
  for (int i = 0; i < 16; i++) lanes[i] = fill;
  memcpy(lanes, p, (size_t)n * sizeof(float));
  *v = TK_LOAD(lanes);
}

TK_INLINE void tk_store_part(float *p, const v16 *v, int n) {
  float lanes[16];
  TK_STORE(lanes, *v);
  memcpy(p, lanes, (size_t)n * sizeof(float));
}

/* A fixed tree, so that the sum doesn't depend on the clone's register width. */
TK_INLINE float tk_sum(const v16 *v) {
  v8 a = v->lo + v->hi;
  v4 b = a.lo + a.hi;
  return (b.x + b.z) + (b.y + b.w);
}

TK_INLINE float tk_maximum(const v16 *v) {
  v8 a = __builtin_elementwise_max(v->lo, v->hi);
  v4 b = __builtin_elementwise_max(a.lo, a.hi);
  return fmaxf(fmaxf(b.x, b.z), fmaxf(b.y, b.w));
}

/* The largest of count floats. */
TK_INLINE float tk_largest_of(const float *x, int count) {
  v16 most = -INFINITY;
  int i = 0;
  for (; i + 16 <= count; i += 16) most = __builtin_elementwise_max(most, TK_LOAD(x + i));
  float rest = tk_maximum(&most);
  for (; i < count; i++) rest = fmaxf(rest, x[i]);
  return rest;
}

/* e^x = 2^n e^r with |r| <= ln(2) / 2, e^r by its Taylor series to r^7, whose remainder is
 * 0.05 ulp. Adding 1.5 * 2^23 rounds to the nearest whole number. */
TK_INLINE void tk_exp16(v16 *x) {
  const v16 low = -87.3f, high = 88.3f, magic = 12582912.0f;
  v16 v = __builtin_elementwise_min(__builtin_elementwise_max(*x, low), high);
  v16 shifted = v * 1.44269504f + magic;
  v16 n = shifted - magic;
  /* ln 2 in two parts: the first has 9 bits, so that n times it is exact. */
  v16 r = v - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  v16 p = r * (1.0f / 5040) + (1.0f / 720);
  p = p * r + (1.0f / 120);
  p = p * r + (1.0f / 24);
  p = p * r + (1.0f / 6);
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  i16 bits;
  memcpy(&bits, &shifted, sizeof bits);
  i16 result;
  memcpy(&result, &p, sizeof result);
  result += bits << 23;
  v16 y;
  memcpy(&y, &result, sizeof y);
  *x = *x < low ? (v16)0.0f : y;
}
