/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfault.so: a C library some of whose calls fail, for LD_PRELOAD.
 *
 * It stands between a whole program, the libraries it uses (SQLite, libcurl, libsodium) included,
 * and the C library; it counts the calls of the chosen kinds and fails, cuts short or kills at the
 * n-th.  What tests/fault/README.md says of the environment is its contract.
 *
 * Counted is from main() until it returns.  Not seen is what the C library calls by itself: stdio,
 * locale files, name resolution.  Any thread may meet the fault; one number for all.
 */
#include "preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- what is asked for --- */

#define BIT(kind)  (1u << (kind))
#define CHANGING   (BIT(WRITE) | BIT(TRUNCATE) | BIT(RENAME) | BIT(LINK) | BIT(UNLINK) | BIT(MKDIR))
#define DISK_WRITE (CHANGING | BIT(SYNC))
#define IO                                                                                         \
	(DISK_WRITE | BIT(OPEN) | BIT(READ) | BIT(STAT) | BIT(LIST) | BIT(MAP) | BIT(LOCK) |       \
	 BIT(META))
#define NET (BIT(SOCKET) | BIT(SEND) | BIT(RECV))

static const struct {
	const char *name;
	unsigned kinds;
} classes[] = {
	{ "io", IO },
	{ "disk-write", DISK_WRITE },
	{ "net", NET },
	{ "alloc", BIT(ALLOC) },
	{ "open", BIT(OPEN) },
	{ "read", BIT(READ) },
	{ "stat", BIT(STAT) },
	{ "list", BIT(LIST) },
	{ "map", BIT(MAP) },
	{ "lock", BIT(LOCK) },
	{ "meta", BIT(META) },
	{ "write", BIT(WRITE) },
	{ "sync", BIT(SYNC) },
	{ "truncate", BIT(TRUNCATE) },
	{ "rename", BIT(RENAME) },
	{ "link", BIT(LINK) },
	{ "unlink", BIT(UNLINK) },
	{ "mkdir", BIT(MKDIR) },
	{ "socket", BIT(SOCKET) },
	{ "send", BIT(SEND) },
	{ "recv", BIT(RECV) },
};

static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "EIO", EIO },       { "ENOSPC", ENOSPC },         { "EINTR", EINTR },
	{ "ENOMEM", ENOMEM }, { "ECONNRESET", ECONNRESET }, { "EPIPE", EPIPE },
	{ "EMFILE", EMFILE }, { "EACCES", EACCES },         { "EROFS", EROFS },
	{ "EDQUOT", EDQUOT }, { "ETIMEDOUT", ETIMEDOUT },
};

/* Shared with whoever steers a program that runs for long; else private. */
struct control {
	_Atomic uint64_t at;    /* the call that meets the fault; 0: none */
	_Atomic uint64_t calls; /* counted so far */
	_Atomic uint64_t hits;  /* faults met so far */
};

static struct {
	unsigned kinds;
	enum verdict what;
	int error;
	bool dies, dies_before, ever;
	const char *below; /* of FAULT_PATH, or NULL: what is not the system's */
	const char *from;  /* of FAULT_FROM, or NULL: whoever calls */
	const char *log;
} fault;

static struct control own_control;
static struct control *control = &own_control;
static atomic_bool counting;
static __thread bool inside; /* this thread runs code of ours */

void
preload_die(void)
{
	syscall(SYS_kill, getpid(), SIGKILL);
}

/* A line, and where it happened, appended to the log. */
static void
note(const char *what, uint64_t n, bool with_callers)
{
	char line[160];
	void *callers[24];

	if (!fault.log)
		return;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, fault.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0)
		return;
	int len = snprintf(line, sizeof line, "%s %llu\n", what, (unsigned long long)n);
	syscall(SYS_write, fd, line, (size_t)len);
	if (with_callers)
		backtrace_symbols_fd(callers + 2, backtrace(callers, 24) - 2, fd);
	syscall(SYS_close, fd);
}

static bool
starts_with(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool
is_of_interest(const char *path)
{
	static const char *const systems[] = { "/usr", "/lib", "/etc", "/proc", "/sys", "/dev" };

	if (fault.below)
		return starts_with(path, fault.below);
	if (path[0] != '/')
		return false; /* a pipe, a socket, an eventfd */
	for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
		if (starts_with(path, systems[i]))
			return false;
	return true;
}

/* What @fd is: a path, or "socket:[17]". */
static void
name_of(char out[static PATH_MAX], int fd)
{
	char link[64] = "/proc/self/cwd";

	if (fd != AT_FDCWD)
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	long n = syscall(SYS_readlinkat, AT_FDCWD, link, out, PATH_MAX - 1);
	out[n < 0 ? 0 : n] = '\0';
}

static bool
is_counted_file(int fd, const char *path)
{
	char where[2 * PATH_MAX];

	if (path && path[0] == '/')
		return is_of_interest(path);
	name_of(where, fd);
	size_t n = strlen(where);
	if (path)
		snprintf(where + n, sizeof where - n, "/%s", path);
	return is_of_interest(where);
}

/* Is the function that returns to @caller in one of the libraries of FAULT_FROM? */
static bool
is_counted_caller(const void *caller)
{
	Dl_info info;

	if (!fault.from)
		return true;
	if (!dladdr(caller, &info) || !info.dli_fname)
		return false;
	const char *slash = strrchr(info.dli_fname, '/');
	const char *name = slash ? slash + 1 : info.dli_fname;
	for (const char *p = fault.from; *p;) {
		size_t n = strcspn(p, ",");
		if (strncmp(name, p, n) == 0 && (name[n] == '\0' || name[n] == '.'))
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

/* A call that is of a chosen kind and place has come: the n-th? */
static enum verdict
judge(const char *name)
{
	uint64_t at = control->at;
	uint64_t n = atomic_fetch_add(&control->calls, 1) + 1;

	if (!at || n < at || (n > at && !fault.ever))
		return GO_ON;
	if (atomic_fetch_add(&control->hits, 1) == 0 || !fault.ever)
		note(name, n, true);
	if (fault.dies_before)
		preload_die();
	errno = fault.error;
	return fault.what;
}

enum verdict
preload_file(enum kind kind, const char *name, int fd, const char *path)
{
	enum verdict v = GO_ON;

	if (!counting || !(fault.kinds & BIT(kind)) || inside)
		return GO_ON;
	inside = true;
	int e = errno;
	if (is_counted_file(fd, path)) {
		errno = e;
		v = judge(name);
		e = errno;
	}
	errno = e;
	inside = false;
	return v;
}

enum verdict
preload_socket(enum kind kind, const char *name)
{
	if (!counting || !(fault.kinds & BIT(kind)) || inside)
		return GO_ON;
	inside = true;
	enum verdict v = judge(name);
	inside = false;
	return v;
}

bool
preload_memory(const char *name, const void *caller)
{
	enum verdict v = GO_ON;

	if (!counting || !(fault.kinds & BIT(ALLOC)) || inside)
		return false;
	inside = true;
	int e = errno;
	if (is_counted_caller(caller)) {
		errno = e;
		v = judge(name);
		e = errno;
	}
	errno = e;
	inside = false;
	return v == FAIL;
}

/* --- beginning and end --- */

static void
refuse(const char *what, const char *value)
{
	fprintf(stderr, "libfault.so: %s cannot be %s\n", what, value);
	_exit(125);
}

static unsigned
kinds_of(const char *list)
{
	unsigned kinds = 0;

	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ","), i = 0;

		while (i < sizeof classes / sizeof *classes &&
		       (strlen(classes[i].name) != n || strncmp(classes[i].name, p, n) != 0))
			i++;
		if (i == sizeof classes / sizeof *classes)
			refuse("FAULT_CLASS", list);
		kinds |= classes[i].kinds;
		p += n + (p[n] == ',');
	}
	return kinds;
}

static void
choose_what(const char *word)
{
	fault.what = FAIL;
	if (!word) {
		fault.error = fault.kinds == BIT(ALLOC)                    ? ENOMEM
			      : (fault.kinds & NET) && !(fault.kinds & IO) ? ECONNRESET
									   : EIO;
		return;
	}
	if (!strcmp(word, "short")) {
		fault.what = CUT;
		return;
	}
	if (!strcmp(word, "kill-before") || !strcmp(word, "kill-after")) {
		fault.what = DIE;
		fault.dies = true;
		fault.dies_before = !strcmp(word, "kill-before");
		return;
	}
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (!strcmp(word, errors[i].name))
			fault.error = errors[i].error;
	if (!fault.error)
		refuse("FAULT_DO", word);
}

static void
share_control(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *p = fd < 0 ? MAP_FAILED
			 : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		refuse("FAULT_CONTROL", path);
	close(fd);
	control = p;
}

static void __attribute__((constructor)) begin(void)
{
	const char *at = getenv("FAULT_AT"), *list = getenv("FAULT_CLASS"),
		   *shared = getenv("FAULT_CONTROL");
	void *caller[1];

	preload_calls_resolve();
	(void)backtrace(caller, 1); /* loads what it needs now */
	fault.kinds = list ? kinds_of(list) : 0;
	choose_what(getenv("FAULT_DO"));
	fault.ever = getenv("FAULT_EVER") != NULL;
	fault.below = getenv("FAULT_PATH");
	fault.from = getenv("FAULT_FROM");
	fault.log = getenv("FAULT_LOG");
	own_control.at = at ? strtoull(at, NULL, 10) : 0;
	if (shared)
		share_control(shared);
}

static int (*real_main)(int argc, char **argv, char **environment);

static int
counted_main(int argc, char **argv, char **environment)
{
	counting = true;
	int status = real_main(argc, argv, environment);
	counting = false;
	note("calls", control->calls, false);
	return status;
}

int __libc_start_main(int (*run)(int, char **, char **), int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

EXPORT int
__libc_start_main(int (*run)(int, char **, char **), int argc, char **argv, void (*init)(void),
		  void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	__typeof__(&__libc_start_main) start =
		(__typeof__(&__libc_start_main))(uintptr_t)dlsym(RTLD_NEXT, "__libc_start_main");

	real_main = run;
	return start(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
