/* libffi (Debian's libffi-dev), found through pkg-config, and what Swift can't say of it itself. */
#pragma once
#include <ffi.h>
#include <signal.h>

/* Swift 6 refuses the address of a C global that could change. These have static storage, are
   never freed and never written to. [any thread] */
static inline ffi_type *fulcrum_ffi_void(void) { return &ffi_type_void; }
static inline ffi_type *fulcrum_ffi_i32(void) { return &ffi_type_sint32; }
static inline ffi_type *fulcrum_ffi_i64(void) { return &ffi_type_sint64; }
static inline ffi_type *fulcrum_ffi_f32(void) { return &ffi_type_float; }
static inline ffi_type *fulcrum_ffi_f64(void) { return &ffi_type_double; }
static inline ffi_type *fulcrum_ffi_pointer(void) { return &ffi_type_pointer; }

/* The default calling convention is a macro of each processor. 1: prepared. */
static inline int fulcrum_ffi_prepare(
    ffi_cif *cif, unsigned count, ffi_type *result, ffi_type **arguments) {
  return ffi_prep_cif(cif, FFI_DEFAULT_ABI, count, result, arguments) == FFI_OK;
}

/* A function found by dlsym is a data pointer to Swift. [any thread: the cif is only read] */
static inline void fulcrum_ffi_call(ffi_cif *cif, void *function, void *result, void **arguments) {
  ffi_call(cif, (void (*)(void))function, result, arguments);
}

/* A function pointer that calls `body` with `user`; NULL if the system refuses memory that may be
   executed. `*closure` is to be freed by ffi_closure_free when nobody calls the function any more. */
static inline void *fulcrum_ffi_closure(
    void **closure, ffi_cif *cif, void (*body)(ffi_cif *, void *, void **, void *), void *user) {
  void *code = 0;
  ffi_closure *made = (ffi_closure *)ffi_closure_alloc(sizeof(ffi_closure), &code);
  if (!made) return 0;
  if (ffi_prep_closure_loc(made, cif, body, user, code) != FFI_OK) {
    ffi_closure_free(made);
    return 0;
  }
  *closure = made;
  return code;
}

/* si_addr is a macro. `info` is the siginfo_t of a SIGSEGV or SIGBUS. [signal handler] */
static inline void *fulcrum_fault_address(const void *info) {
  return ((const siginfo_t *)info)->si_addr;
}
