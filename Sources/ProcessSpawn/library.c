#define _GNU_SOURCE
#include "ProcessSpawn.h"

#include <dlfcn.h>
#include <stddef.h>

const char *process_library_path(const void *address) {
  Dl_info information;
  return dladdr(address, &information) ? information.dli_fname : NULL;
}
