#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include <sys/types.h>

/*
 * Starts a program with pipes to its standard streams. In C because Swift doesn't see the GNU
 * functions that it takes: pipe2, and the spawn actions that change the folder and close the rest.
 *
 * The program gets no other descriptor of the host, the system's ways with signals, and none
 * blocked. Any thread may call it.
 *
 * folder: where the program begins; NULL: where the host is.
 * has_own_group: whether it gets a process group of its own.
 * streams: out, the host's ends: to its input, from its output, from its errors; non-blocking and
 *   closed by exec. On failure there is nothing to close.
 * Returns 0 and the process in *process, or an error number.
 */
int process_spawn(const char *executable, char *const arguments[], char *const environment[],
                  const char *folder, int has_own_group, int streams[3], pid_t *process);

/* The path of the program or library that an address lies in, as the loader knows it; null: none. */
const char *process_library_path(const void *address);

#endif
