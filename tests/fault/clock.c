/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libclock.so: a C library whose clocks stand elsewhere, for LD_PRELOAD.
 *
 * Wall clock and boot clock have an offset each, and the machine's boot id is another one; both come from a file that
 * whoever steers the program maps and changes while it runs.  What tests/fault/README.md says of it is its contract.
 * CLOCK_MONOTONIC, by which programs wait for each other, is left alone, and so are the times of files.
 */
#undef _FILE_OFFSET_BITS /* openat() and openat64() are two functions here */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

#define SECOND_NS INT64_C(1000000000)

struct control {
	_Atomic int64_t wall_ns; /* added to CLOCK_REALTIME */
	_Atomic int64_t boot_ns; /* added to CLOCK_BOOTTIME */
	_Atomic uint64_t starts; /* of the machine: another number is another boot id */
};

static struct control none;
static struct control *control = &none;

static int (*real_clock_gettime)(clockid_t clock, struct timespec *t);
static int (*real_openat)(int dir_fd, const char *path, int flags, ...);
static int (*real_openat64)(int dir_fd, const char *path, int flags, ...);

#define RESOLVE(name) real_##name = (__typeof__(real_##name))(uintptr_t)dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("CLOCK_FILE");

	RESOLVE(clock_gettime);
	RESOLVE(openat);
	RESOLVE(openat64);
	if (!path)
		return;
	int fd = real_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		fprintf(stderr, "libclock.so: CLOCK_FILE cannot be mapped\n");
		_exit(125);
	}
	close(fd);
	control = at;
}

EXPORT int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int64_t offset = 0, ns;

	if (!real_clock_gettime) /* another library's constructor */
		RESOLVE(clock_gettime);
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI)
		offset = control->wall_ns;
	else if (clock == CLOCK_BOOTTIME)
		offset = control->boot_ns;
	if (real_clock_gettime(clock, t) < 0)
		return -1;
	ns = t->tv_nsec + offset % SECOND_NS;
	t->tv_sec += (time_t)(offset / SECOND_NS + (ns < 0 ? -1 : ns >= SECOND_NS));
	t->tv_nsec = (long)(ns < 0 ? ns + SECOND_NS : ns >= SECOND_NS ? ns - SECOND_NS : ns);
	return 0;
}

EXPORT int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec t;

	if (zone)
		memset(zone, 0, sizeof(struct timezone));
	clock_gettime(CLOCK_REALTIME, &t);
	tv->tv_sec = t.tv_sec;
	tv->tv_usec = t.tv_nsec / 1000;
	return 0;
}

EXPORT time_t
time(time_t *out)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (out)
		*out = t.tv_sec;
	return t.tv_sec;
}

/* A file with the boot id of this start of the machine. */
static int
open_boot_id(void)
{
	char text[40];
	int n = snprintf(text, sizeof text, "%08llx-0000-4000-8000-%012llx\n",
			 (unsigned long long)control->starts, (unsigned long long)control->starts);
	int fd = memfd_create("boot_id", MFD_CLOEXEC);

	if (fd >= 0 && (write(fd, text, (size_t)n) != n || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
opened(int (*real)(int dir_fd, const char *path, int flags, ...), int dir_fd, const char *path,
       int flags, mode_t mode)
{
	if (strcmp(path, "/proc/sys/kernel/random/boot_id") == 0)
		return open_boot_id();
	return real(dir_fd, path, flags, mode);
}

#define MODE_OF(flags, mode)                                                                       \
	do {                                                                                       \
		va_list ap_;                                                                       \
		va_start(ap_, flags);                                                              \
		if (flags & (O_CREAT | O_TMPFILE))                                                 \
			mode = va_arg(ap_, mode_t);                                                \
		va_end(ap_);                                                                       \
	} while (0)

EXPORT int
openat(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return opened(real_openat, dir_fd, path, flags, mode);
}

EXPORT int
openat64(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return opened(real_openat64, dir_fd, path, flags, mode);
}
