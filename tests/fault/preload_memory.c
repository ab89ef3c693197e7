/* SPDX-License-Identifier: Apache-2.0 */
/* preload_memory: malloc() and its kin, which libfault.so stands before. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "preload.h"

/* The C library's own, by the names that need no look-up: dlsym() allocates. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t count, size_t n);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t alignment, size_t n);

EXPORT void *
malloc(size_t n)
{
	return preload_memory("malloc", __builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

EXPORT void *
calloc(size_t count, size_t n)
{
	return preload_memory("calloc", __builtin_return_address(0)) ? NULL
								     : __libc_calloc(count, n);
}

EXPORT void *
realloc(void *p, size_t n)
{
	return preload_memory("realloc", __builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

EXPORT void *
reallocarray(void *p, size_t count, size_t n)
{
	size_t all;

	if (__builtin_mul_overflow(count, n, &all) ||
	    preload_memory("reallocarray", __builtin_return_address(0))) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(p, all);
}

EXPORT void *
aligned_alloc(size_t alignment, size_t n)
{
	return preload_memory("aligned_alloc", __builtin_return_address(0))
		       ? NULL
		       : __libc_memalign(alignment, n);
}

EXPORT int
posix_memalign(void **out, size_t alignment, size_t n)
{
	void *p = preload_memory("posix_memalign", __builtin_return_address(0))
			  ? NULL
			  : __libc_memalign(alignment, n);

	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

static char *
copy_of(const char *s, size_t n)
{
	char *copy = __libc_malloc(n + 1);

	if (copy) {
		memcpy(copy, s, n);
		copy[n] = '\0';
	}
	return copy;
}

EXPORT char *(strdup)(const char *s)
{
	return preload_memory("strdup", __builtin_return_address(0)) ? NULL : copy_of(s, strlen(s));
}

EXPORT char *(strndup)(const char *s, size_t n)
{
	return preload_memory("strndup", __builtin_return_address(0)) ? NULL
								      : copy_of(s, strnlen(s, n));
}
