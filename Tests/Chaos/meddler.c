/* A reward of nothing that, in its CHAOS_CALL-th call, does what CHAOS_DEED says. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long calls;

double meddler(const char *completion) {
  const char *deed = getenv("CHAOS_DEED");
  const char *call = getenv("CHAOS_CALL");
  (void)completion;
  if (!deed || !call || ++calls != atol(call)) return 0;
  if (!strcmp(deed, "exit")) exit(0);
  if (!strcmp(deed, "_exit")) _exit(0);
  if (!strcmp(deed, "hang")) {
    /* Says that it is about to. */
    close(open(getenv("CHAOS_MARK"), O_CREAT | O_WRONLY, 0600));
    for (;;) pause();
  }
  puts("{\"step\": 1, \"reward\": 1000}");
  fflush(stdout);
  return 0;
}
