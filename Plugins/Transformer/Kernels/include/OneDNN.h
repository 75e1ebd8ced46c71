/* Matrix products by oneDNN, where it is installed: in f32 or bf16, on one thread.
 *
 * The library is opened when the program runs, so nothing is needed to load the plugin; only its
 * header is needed to build this in. Each calling thread keeps its own prepared products.
 * Invariance: a row of y depends on its own row of x alone, for every number of rows (tested). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { TK_F32 = 0, TK_BF16 = 1 } tk_element;

/* y[rows][columns] = x[rows][inner] * w[inner][columns], or y += it. y is f32.
 * Strides are in elements; one of each pair is 1. Both of w's 0: packed by tk_dnn_pack. y's other
 * than `columns` is slow. */
typedef struct {
  int32_t rows, inner, columns;
  int32_t x_row_stride, x_inner_stride;
  int32_t w_inner_stride, w_column_stride;
  int32_t y_stride;
  int32_t element;
  int32_t adds;
} tk_product;

/* The library's version, as major * 10000 + minor * 100 + patch; 0: not built in or not found. */
int tk_dnn_version(void);

/* The instructions that the library uses on this processor, as it calls them: "cpu_isa_avx2". NULL:
 * there is no library, or it doesn't say. Static storage. [any thread] */
const char *tk_dnn_instructions(void);

/* Whether products of bf16 have instructions of their own here. */
bool tk_dnn_has_bf16(void);

/* False: the library refused; y is as before. */
bool tk_dnn_multiply(const tk_product *product, const void *x, const void *w, float *y);

/* Columns of a panel: whole panels of a packed w are a packed w of their own. */
#define TK_PANEL 64

/* Bytes of w[inner][columns] packed; 0: refused, or no faster than plain loops here. */
size_t tk_dnn_packed_bytes(int inner, int columns, tk_element element);

/* Packs weight [columns][inner], as checkpoints have it, for x * weight^T. */
bool tk_dnn_pack(int inner, int columns, tk_element element, const void *weight, void *packed);
