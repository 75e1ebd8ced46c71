#include "OneDNN.h"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Version 3 has another interface. */
#if DNNL_VERSION_MAJOR == 2
#define TK_HAS_ONEDNN 1
#endif
#endif

#ifdef TK_HAS_ONEDNN

/* The functions that are used, by their own names. */
#define TK_FUNCTIONS(X)                                                                        \
  X(dnnl_version) X(dnnl_engine_create) X(dnnl_stream_create) X(dnnl_stream_destroy)           \
  X(dnnl_memory_desc_init_by_strides) X(dnnl_memory_desc_init_by_tag)                          \
  X(dnnl_memory_desc_get_size) X(dnnl_matmul_desc_init) X(dnnl_primitive_attr_create)          \
  X(dnnl_primitive_attr_destroy) X(dnnl_primitive_attr_set_scratchpad_mode)                    \
  X(dnnl_primitive_attr_set_post_ops) X(dnnl_post_ops_create) X(dnnl_post_ops_destroy)         \
  X(dnnl_post_ops_append_sum) X(dnnl_primitive_desc_create) X(dnnl_primitive_desc_destroy)     \
  X(dnnl_primitive_desc_query_md) X(dnnl_primitive_desc_query) X(dnnl_reorder_primitive_desc_create)                        \
  X(dnnl_primitive_create) X(dnnl_primitive_destroy) X(dnnl_primitive_execute)                 \
  X(dnnl_memory_create) X(dnnl_memory_destroy) X(dnnl_memory_set_data_handle)

static struct {
#define TK_DECLARE(name) __typeof__(name) *name;
  TK_FUNCTIONS(TK_DECLARE)
#undef TK_DECLARE
  /* OpenMP's, which the library uses: our threads share out the work themselves. */
  void (*omp_set_num_threads)(int);
  dnnl_engine_t engine;
  int version;
  const char *instructions;
} dnn;

/* Both functions came with minor versions; what lacks one says nothing. */
static const char *find_instructions(void *library) {
  __typeof__(dnnl_get_effective_cpu_isa) *effective =
      (__typeof__(effective))dlsym(library, "dnnl_get_effective_cpu_isa");
  __typeof__(dnnl_cpu_isa2str) *name = (__typeof__(name))dlsym(library, "dnnl_cpu_isa2str");
  return effective && name ? name(effective()) : NULL;
}

static void open_library(void) {
  void *library = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
#define TK_FIND(name)                                           \
  if (!(dnn.name = (__typeof__(dnn.name))dlsym(library, #name))) return;
  TK_FUNCTIONS(TK_FIND)
#undef TK_FIND
  dnn.omp_set_num_threads = (void (*)(int))dlsym(library, "omp_set_num_threads");
  const dnnl_version_t *version = dnn.dnnl_version();
  if (version->major != DNNL_VERSION_MAJOR) return;
  if (dnn.dnnl_engine_create(&dnn.engine, dnnl_cpu, 0) != dnnl_success) return;
  dnn.version = version->major * 10000 + version->minor * 100 + version->patch;
  dnn.instructions = find_instructions(library);
}

int tk_dnn_version(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_library);
  return dnn.version;
}

const char *tk_dnn_instructions(void) { return tk_dnn_version() ? dnn.instructions : NULL; }

bool tk_dnn_has_bf16(void) {
#if defined(__x86_64__)
  return tk_dnn_version() != 0 && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

/* A product that is ready to run: made once for a thread, as making costs some 0.4 ms. */
typedef struct plan {
  tk_product product;
  dnnl_primitive_t primitive;
  dnnl_memory_t x, w, y, scratch;
  struct plan *next;
} plan;

enum { BUCKETS = 256, MOST_PLANS = 2048 };

static _Thread_local struct {
  plan *buckets[BUCKETS];
  int count;
  dnnl_stream_t stream;
} local;

static bool is_thread_ready(void) {
  if (!tk_dnn_version()) return false;
  if (local.stream) return true;
  if (dnn.omp_set_num_threads) dnn.omp_set_num_threads(1);
  return dnn.dnnl_stream_create(&local.stream, dnn.engine, dnnl_stream_default_flags) ==
         dnnl_success;
}

static dnnl_data_type_t data_type(int element) {
  return element == TK_BF16 ? dnnl_bf16 : dnnl_f32;
}

static bool describe(dnnl_memory_desc_t *matrix, int64_t rows, int64_t columns, int element,
                     int64_t row_stride, int64_t column_stride) {
  dnnl_dims_t sizes = {rows, columns}, strides = {row_stride, column_stride};
  return dnn.dnnl_memory_desc_init_by_strides(matrix, 2, sizes, data_type(element), strides) ==
         dnnl_success;
}

/* The matmul of a product whose w is in `weight`. NULL: refused. */
static dnnl_primitive_desc_t describe_product(const tk_product *p,
                                              const dnnl_memory_desc_t *weight) {
  dnnl_memory_desc_t x, y;
  dnnl_matmul_desc_t matmul;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_post_ops_t sum = NULL;
  dnnl_primitive_desc_t description = NULL;
  if (!describe(&x, p->rows, p->inner, p->element, p->x_row_stride, p->x_inner_stride) ||
      !describe(&y, p->rows, p->columns, TK_F32, p->y_stride, 1) ||
      dnn.dnnl_matmul_desc_init(&matmul, &x, weight, NULL, &y) != dnnl_success ||
      dnn.dnnl_primitive_attr_create(&attributes) != dnnl_success)
    return NULL;
  dnn.dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  if (p->adds && dnn.dnnl_post_ops_create(&sum) == dnnl_success) {
    dnn.dnnl_post_ops_append_sum(sum, 1);
    dnn.dnnl_primitive_attr_set_post_ops(attributes, sum);
    dnn.dnnl_post_ops_destroy(sum);
  }
  if (dnn.dnnl_primitive_desc_create(&description, &matmul, attributes, dnn.engine, NULL) !=
      dnnl_success)
    description = NULL;
  dnn.dnnl_primitive_attr_destroy(attributes);
  return description;
}

/* Columns in panels of TK_PANEL, one after the other: what its fast kernels take as it is. A range
 * of whole panels is packed as a matrix of its own, and multiplies to the same bits (tested). */
static bool describe_packed(dnnl_memory_desc_t *packed, int inner, int columns, int element) {
  dnnl_dims_t sizes = {inner, columns};
  const dnnl_format_tag_t panels = element == TK_BF16 ? dnnl_BA16a64b2a : dnnl_BA16a64b;
  return dnn.dnnl_memory_desc_init_by_tag(packed, 2, sizes, data_type(element), panels) ==
         dnnl_success;
}

/* Whether such products run on kernels made for this processor, and not on plain loops. */
static bool is_fast(const dnnl_memory_desc_t *packed, int inner, int columns, int element) {
  const tk_product typical = {.rows = 32, .inner = inner, .columns = columns,
                              .x_row_stride = inner, .x_inner_stride = 1,
                              .y_stride = columns, .element = element};
  const char *name = NULL;
  dnnl_primitive_desc_t description = describe_product(&typical, packed);
  if (!description) return false;
  const bool is_brgemm = dnn.dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0,
                                                       &name) == dnnl_success &&
                         name && strncmp(name, "brg", 3) == 0;
  dnn.dnnl_primitive_desc_destroy(description);
  return is_brgemm;
}

static bool make_memory(dnnl_memory_t *memory, const dnnl_memory_desc_t *description, void *data) {
  return dnn.dnnl_memory_create(memory, description, dnn.engine, data) == dnnl_success;
}

static void destroy(plan *p) {
  if (p->primitive) dnn.dnnl_primitive_destroy(p->primitive);
  dnnl_memory_t memories[] = {p->x, p->w, p->y, p->scratch};
  for (int i = 0; i < 4; i++)
    if (memories[i]) dnn.dnnl_memory_destroy(memories[i]);
  free(p);
}

static plan *make_plan(const tk_product *product) {
  dnnl_memory_desc_t weight;
  const bool is_packed = product->w_inner_stride == 0 && product->w_column_stride == 0;
  if (!(is_packed ? describe_packed(&weight, product->inner, product->columns, product->element)
                  : describe(&weight, product->inner, product->columns, product->element,
                             product->w_inner_stride, product->w_column_stride)))
    return NULL;
  dnnl_primitive_desc_t description = describe_product(product, &weight);
  plan *p = description ? calloc(1, sizeof *p) : NULL;
  if (!p) return NULL;
  p->product = *product;
  const dnnl_memory_desc_t *x =
      dnn.dnnl_primitive_desc_query_md(description, dnnl_query_src_md, 0);
  const dnnl_memory_desc_t *y =
      dnn.dnnl_primitive_desc_query_md(description, dnnl_query_dst_md, 0);
  const dnnl_memory_desc_t *scratch =
      dnn.dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
  const bool is_made =
      dnn.dnnl_primitive_create(&p->primitive, description) == dnnl_success &&
      make_memory(&p->x, x, DNNL_MEMORY_NONE) && make_memory(&p->w, &weight, DNNL_MEMORY_NONE) &&
      make_memory(&p->y, y, DNNL_MEMORY_NONE) &&
      make_memory(&p->scratch, scratch, DNNL_MEMORY_ALLOCATE);
  dnn.dnnl_primitive_desc_destroy(description);
  if (is_made) return p;
  destroy(p);
  return NULL;
}

static unsigned bucket_of(const tk_product *product) {
  const uint32_t *words = (const uint32_t *)product;
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < sizeof *product / sizeof *words; i++) hash = (hash ^ words[i]) * 16777619u;
  return (hash ^ hash >> 15) % BUCKETS;
}

static void forget_plans(void) {
  for (int i = 0; i < BUCKETS; i++) {
    for (plan *p = local.buckets[i], *next; p; p = next) {
      next = p->next;
      destroy(p);
    }
    local.buckets[i] = NULL;
  }
  local.count = 0;
}

static plan *find_plan(const tk_product *product) {
  const unsigned bucket = bucket_of(product);
  for (plan *p = local.buckets[bucket]; p; p = p->next)
    if (memcmp(&p->product, product, sizeof *product) == 0) return p;
  if (local.count == MOST_PLANS) forget_plans();
  plan *p = make_plan(product);
  if (!p) return NULL;
  p->next = local.buckets[bucket];
  local.buckets[bucket] = p;
  local.count++;
  return p;
}

bool tk_dnn_multiply(const tk_product *product, const void *x, const void *w, float *y) {
  plan *p = is_thread_ready() ? find_plan(product) : NULL;
  if (!p) return false;
  dnn.dnnl_memory_set_data_handle(p->x, (void *)x);
  dnn.dnnl_memory_set_data_handle(p->w, (void *)w);
  dnn.dnnl_memory_set_data_handle(p->y, y);
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, p->x},
                                       {DNNL_ARG_WEIGHTS, p->w},
                                       {DNNL_ARG_DST, p->y},
                                       {DNNL_ARG_SCRATCHPAD, p->scratch}};
  return dnn.dnnl_primitive_execute(p->primitive, local.stream, 4, arguments) == dnnl_success;
}

size_t tk_dnn_packed_bytes(int inner, int columns, tk_element element) {
  dnnl_memory_desc_t packed;
  if (!is_thread_ready() || !describe_packed(&packed, inner, columns, (int)element) ||
      !is_fast(&packed, inner, columns, (int)element))
    return 0;
  return dnn.dnnl_memory_desc_get_size(&packed);
}

bool tk_dnn_pack(int inner, int columns, tk_element element, const void *weight, void *packed) {
  dnnl_memory_desc_t from, to;
  dnnl_primitive_desc_t description = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_memory_t source = NULL, target = NULL;
  bool is_done = false;
  if (is_thread_ready() && describe(&from, inner, columns, (int)element, 1, inner) &&
      describe_packed(&to, inner, columns, (int)element) &&
      dnn.dnnl_reorder_primitive_desc_create(&description, &from, dnn.engine, &to, dnn.engine,
                                             NULL) == dnnl_success &&
      dnn.dnnl_primitive_create(&reorder, description) == dnnl_success &&
      make_memory(&source, &from, (void *)weight) && make_memory(&target, &to, packed)) {
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}};
    is_done = dnn.dnnl_primitive_execute(reorder, local.stream, 2, arguments) == dnnl_success;
  }
  if (source) dnn.dnnl_memory_destroy(source);
  if (target) dnn.dnnl_memory_destroy(target);
  if (reorder) dnn.dnnl_primitive_destroy(reorder);
  if (description) dnn.dnnl_primitive_desc_destroy(description);
  return is_done;
}

#else

int tk_dnn_version(void) { return 0; }
const char *tk_dnn_instructions(void) { return NULL; }
bool tk_dnn_has_bf16(void) { return false; }
bool tk_dnn_multiply(const tk_product *product, const void *x, const void *w, float *y) {
  return false;
}
size_t tk_dnn_packed_bytes(int inner, int columns, tk_element element) { return 0; }
bool tk_dnn_pack(int inner, int columns, tk_element element, const void *weight, void *packed) {
  return false;
}

#endif
