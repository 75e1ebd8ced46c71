#include "FulcrumStamp.h"

_Static_assert(sizeof(struct fulcrum_stamp) == 256, "the stamp's layout is fixed");
_Static_assert(sizeof(__VERSION__) <= FULCRUM_COMPILER_LENGTH, "the compiler's name fits");

/* used + retain: neither the compiler nor the linker may drop what no code reads.
 * hidden: every library keeps its own stamp. */
__attribute__((section(FULCRUM_STAMP_SECTION), used, retain, visibility("hidden")))
const struct fulcrum_stamp fulcrum_plugin_stamp = {
    FULCRUM_STAMP_MAGIC, FULCRUM_STAMP_FORMAT, FULCRUM_INTERFACE_MAJOR,
    FULCRUM_INTERFACE_MINOR, __VERSION__};

__attribute__((visibility("hidden"))) const char *fulcrum_compiler(void) {
  return fulcrum_plugin_stamp.compiler;
}
