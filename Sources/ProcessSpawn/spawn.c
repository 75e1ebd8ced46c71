#define _GNU_SOURCE
#include "ProcessSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

/* Both ends of a pipe, neither of them a standard stream: those are about to be replaced. */
static int make_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  for (int i = 0; i < 2; i++) {
    if (ends[i] > 2) continue;
    int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
    int fault = moved < 0 ? errno : 0;
    close(ends[i]);
    ends[i] = moved;
    if (fault) {
      close(ends[1 - i]);
      return fault;
    }
  }
  return 0;
}

static int spawn(const char *executable, char *const arguments[], char *const environment[],
                 const char *folder, int has_own_group, const int theirs[3], pid_t *process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int fault = posix_spawn_file_actions_init(&actions);
  if (fault) return fault;
  fault = posix_spawnattr_init(&attributes);
  if (fault) {
    posix_spawn_file_actions_destroy(&actions);
    return fault;
  }
  for (int i = 0; i < 3 && !fault; i++)
    fault = posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
  if (!fault) fault = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (!fault && folder) fault = posix_spawn_file_actions_addchdir_np(&actions, folder);
  sigset_t none, changed;
  sigemptyset(&none);
  sigemptyset(&changed);
  /* The host ignores or handles some of these. */
  const int signals[] = {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaddset(&changed, signals[i]);
  if (!fault) fault = posix_spawnattr_setsigmask(&attributes, &none);
  if (!fault) fault = posix_spawnattr_setsigdefault(&attributes, &changed);
  if (!fault) fault = posix_spawnattr_setpgroup(&attributes, 0);
  if (!fault)
    fault = posix_spawnattr_setflags(&attributes,
                                     POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                         (has_own_group ? POSIX_SPAWN_SETPGROUP : 0));
  if (!fault)
    fault = posix_spawn(process, executable, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return fault;
}

int process_spawn(const char *executable, char *const arguments[], char *const environment[],
                  const char *folder, int has_own_group, int streams[3], pid_t *process) {
  int pipes[3][2];
  int theirs[3];
  for (int i = 0; i < 3; i++) {
    int fault = make_pipe(pipes[i]);
    if (fault) {
      while (i-- > 0) {
        close(pipes[i][0]);
        close(pipes[i][1]);
      }
      return fault;
    }
    /* They read the first pipe and write the other two. */
    theirs[i] = pipes[i][i == 0 ? 0 : 1];
    streams[i] = pipes[i][i == 0 ? 1 : 0];
    fcntl(streams[i], F_SETFL, O_NONBLOCK);
  }
  int fault =
      spawn(executable, arguments, environment, folder, has_own_group, theirs, process);
  for (int i = 0; i < 3; i++) {
    close(theirs[i]);
    if (fault) close(streams[i]);
  }
  return fault;
}
