#define _GNU_SOURCE
#include "ProcessCalls.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

pid_t process_fork_worker(void) {
  pid_t parent = getpid();
  pid_t process = fork();
  if (process != 0) return process;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* The other one may have ended before that was said. */
  if (getppid() != parent) _exit(1);
  return 0;
}
