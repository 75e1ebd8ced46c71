#define _GNU_SOURCE
#include "ProcessCalls.h"

#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OWN_DESCRIPTORS = 16 };

struct own {
  int descriptor; /* −1: the place is free */
  dev_t device;
  ino_t number;
};

static struct own own[OWN_DESCRIPTORS] = {[0 ... OWN_DESCRIPTORS - 1] = {-1, 0, 0}};

/* In a copy of the process: a lock or a pipe that it held would outlive the host. */
static void close_own(void) {
  for (int i = 0; i < OWN_DESCRIPTORS; i++) {
    if (own[i].descriptor >= 0) close(own[i].descriptor);
    own[i].descriptor = -1;
  }
}

void process_own_descriptor(int descriptor) {
  static int is_watched;
  struct stat status;
  if (!is_watched) pthread_atfork(NULL, NULL, close_own);
  is_watched = 1;
  if (fstat(descriptor, &status) != 0) return;
  for (int i = 0; i < OWN_DESCRIPTORS; i++) {
    if (own[i].descriptor >= 0) continue;
    own[i] = (struct own){descriptor, status.st_dev, status.st_ino};
    return;
  }
}

void process_disown_descriptor(int descriptor) {
  for (int i = 0; i < OWN_DESCRIPTORS; i++)
    if (own[i].descriptor == descriptor) own[i].descriptor = -1;
}

static int owns_all(void) {
  struct stat status;
  for (int i = 0; i < OWN_DESCRIPTORS; i++) {
    if (own[i].descriptor < 0) continue;
    if (fstat(own[i].descriptor, &status) != 0 || status.st_dev != own[i].device ||
        status.st_ino != own[i].number)
      return 0;
  }
  return 1;
}

struct file {
  int copy; /* -1: there was none */
  dev_t device;
  ino_t number;
};

struct process_state {
  struct file folder;
  struct file streams[3];
  mode_t file_mask;
  sigset_t signal_mask;
  char *locale;
  locale_t thread_locale;
  uint64_t floating_point;
  fenv_t environment;
  struct sigaction actions[NSIG];
};

/* Rounding, traps and the handling of tiny numbers; not what arithmetic has raised so far. */
static uint64_t floating_point(void) {
#if defined(__x86_64__)
  uint16_t x87;
  __asm__ volatile("fnstcw %0" : "=m"(x87));
  return (uint64_t)(__builtin_ia32_stmxcsr() & 0xFFC0u) << 16 | x87;
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  return control;
#else
  return (uint64_t)fegetround();
#endif
}

/* Reading the mask means to set it; meanwhile nobody else may get at a new file. */
static mode_t file_mask(void) {
  static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&one_at_a_time);
  mode_t mask = umask(077);
  umask(mask);
  pthread_mutex_unlock(&one_at_a_time);
  return mask;
}

static void take(struct file *file, int descriptor) {
  struct stat status;
  file->copy = descriptor;
  if (descriptor < 0) return;
  if (fstat(descriptor, &status) != 0) status = (struct stat){0};
  file->device = status.st_dev;
  file->number = status.st_ino;
}

static int is_same(const struct file *file, int (*look)(int, struct stat *), int descriptor) {
  struct stat status;
  if (look(descriptor, &status) != 0) return file->copy < 0;
  return file->copy >= 0 && status.st_dev == file->device && status.st_ino == file->number;
}

static int look_at_folder(int descriptor, struct stat *status) {
  (void)descriptor;
  return stat(".", status);
}

struct process_state *process_state_take(void) {
  struct process_state *state = malloc(sizeof *state);
  const char *locale = setlocale(LC_ALL, NULL);
  if (!state) return NULL;
  state->locale = strdup(locale ? locale : "C");
  if (!state->locale) {
    free(state);
    return NULL;
  }
  take(&state->folder, open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < 3; i++) take(&state->streams[i], fcntl(i, F_DUPFD_CLOEXEC, 10));
  state->file_mask = file_mask();
  pthread_sigmask(SIG_BLOCK, NULL, &state->signal_mask);
  state->thread_locale = uselocale((locale_t)0);
  state->floating_point = floating_point();
  fegetenv(&state->environment);
  memset(state->actions, 0, sizeof state->actions);
  for (int i = 1; i < NSIG; i++) sigaction(i, NULL, &state->actions[i]);
  return state;
}

int process_state_changed_signal(const struct process_state *before) {
  for (int i = 1; i < NSIG; i++) {
    struct sigaction now = {0};
    /* The C library keeps two for itself. */
    if (sigaction(i, NULL, &now) != 0) continue;
    if (now.sa_sigaction != before->actions[i].sa_sigaction) return i;
  }
  return 0;
}

unsigned process_state_changes(const struct process_state *before) {
  unsigned changes = 0;
  sigset_t mask;
  const char *locale = setlocale(LC_ALL, NULL);
  sigemptyset(&mask);
  pthread_sigmask(SIG_BLOCK, NULL, &mask);
  if (!is_same(&before->folder, look_at_folder, 0)) changes |= PROCESS_WORKING_FOLDER;
  for (int i = 0; i < 3; i++)
    if (!is_same(&before->streams[i], fstat, i)) changes |= PROCESS_STANDARD_INPUT << i;
  if (file_mask() != before->file_mask) changes |= PROCESS_FILE_MASK;
  if (process_state_changed_signal(before) != 0) changes |= PROCESS_SIGNAL_ACTIONS;
  for (int i = 1; i < NSIG; i++)
    if (sigismember(&mask, i) != sigismember(&before->signal_mask, i))
      changes |= PROCESS_SIGNAL_MASK;
  if (strcmp(locale ? locale : "C", before->locale) != 0 ||
      uselocale((locale_t)0) != before->thread_locale)
    changes |= PROCESS_LOCALE;
  if (!owns_all()) changes |= PROCESS_OWN_DESCRIPTORS;
  if (floating_point() != before->floating_point) changes |= PROCESS_FLOATING_POINT;
  return changes;
}

void process_state_restore(const struct process_state *before, unsigned changes) {
  if (changes & PROCESS_WORKING_FOLDER && before->folder.copy >= 0 &&
      fchdir(before->folder.copy) != 0)
    changes &= ~PROCESS_WORKING_FOLDER;
  for (int i = 0; i < 3; i++) {
    if (!(changes & PROCESS_STANDARD_INPUT << i)) continue;
    if (before->streams[i].copy >= 0)
      dup2(before->streams[i].copy, i);
    else
      close(i);
  }
  if (changes & PROCESS_FILE_MASK) umask(before->file_mask);
  if (changes & PROCESS_SIGNAL_ACTIONS)
    for (int i = 1; i < NSIG; i++) sigaction(i, &before->actions[i], NULL);
  if (changes & PROCESS_SIGNAL_MASK) pthread_sigmask(SIG_SETMASK, &before->signal_mask, NULL);
  if (changes & PROCESS_LOCALE) {
    setlocale(LC_ALL, before->locale);
    uselocale(before->thread_locale);
  }
  if (changes & PROCESS_FLOATING_POINT) fesetenv(&before->environment);
}

void process_state_free(struct process_state *state) {
  if (!state) return;
  if (state->folder.copy >= 0) close(state->folder.copy);
  for (int i = 0; i < 3; i++)
    if (state->streams[i].copy >= 0) close(state->streams[i].copy);
  free(state->locale);
  free(state);
}
