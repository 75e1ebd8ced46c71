/* The stamp that every plugin carries in its ELF section "fulcrum".
 *
 * A plugin that depends on the product FulcrumStamp gets this object linked in:
 * the kernel interface and the compiler that it was really built with, which
 * the host reads from the file before any code of it runs. Authors write nothing. */
#pragma once
#include <stdint.h>

/* The kernel's interface. Major: a change that breaks built plugins.
 * Minor: an addition. Sources/Kernel/Interface holds the text they stand for. */
#define FULCRUM_INTERFACE_MAJOR 2
#define FULCRUM_INTERFACE_MINOR 4

#define FULCRUM_STAMP_MAGIC "FULCRUM"
#define FULCRUM_STAMP_FORMAT 1
#define FULCRUM_STAMP_SECTION "fulcrum"
#define FULCRUM_COMPILER_LENGTH 236

/* 256 bytes, little endian, no padding. */
struct fulcrum_stamp {
  char magic[8];
  uint32_t format;
  uint32_t interface_major;
  uint32_t interface_minor;
  char compiler[FULCRUM_COMPILER_LENGTH]; /* NUL-terminated */
};

/* The toolchain's own name for its exact revision. Static storage. [any thread] */
const char *fulcrum_compiler(void);
