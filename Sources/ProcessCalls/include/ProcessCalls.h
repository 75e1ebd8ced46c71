#ifndef PROCESS_CALLS_H
#define PROCESS_CALLS_H

#include <sys/types.h>

/*
 * What Swift can't call: fork, prctl, and the unions, macros and registers behind a process's state.
 */

/*
 * Splits the process, as fork does. The worker, which gets 0, is killed when the other one ends,
 * however that happens. To be called while there is one thread.
 */
pid_t process_fork_worker(void);

/*
 * Takes down a descriptor as the host's own: components must leave it alone, and copies of the
 * process that they make by fork don't get it. At most sixteen.
 */
void process_own_descriptor(int descriptor);

/* The descriptor is about to be closed by the host. */
void process_disown_descriptor(int descriptor);

/* What a component must leave as it found it; one bit each. */
enum {
  PROCESS_WORKING_FOLDER = 1,
  PROCESS_FILE_MASK = 2,
  PROCESS_SIGNAL_ACTIONS = 4,
  PROCESS_SIGNAL_MASK = 8,
  PROCESS_LOCALE = 16,
  PROCESS_FLOATING_POINT = 32,
  PROCESS_STANDARD_INPUT = 64,
  PROCESS_STANDARD_OUTPUT = 128,
  PROCESS_STANDARD_ERROR = 256,
  PROCESS_OWN_DESCRIPTORS = 512,
};

struct process_state;

/* Takes down the state of the process and of the calling thread; NULL if there is no memory. */
struct process_state *process_state_take(void);

/* Returns what has changed since, as bits. */
unsigned process_state_changes(const struct process_state *before);

/* Returns the first signal whose action has changed since; 0: none. */
int process_state_changed_signal(const struct process_state *before);

/* Puts back what the bits name; the host's own descriptors can't be. */
void process_state_restore(const struct process_state *before, unsigned changes);

void process_state_free(struct process_state *state);

#endif
