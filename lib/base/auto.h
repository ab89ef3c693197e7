/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auto: owned locals that are released when they go out of scope.
 *
 *     AUTO(thing_free) struct thing *t = NULL;      pointer: AUTO_PTR(thing_free, struct thing)
 *     AUTO(buf_clear) struct buf b = BUF_INIT(64);  object:  AUTO_OBJ(buf_clear, struct buf)
 *     *out = TAKE(t);                               the one hand-over, on the success path
 *
 * Initialise where you declare.  The AUTO_PTR or AUTO_OBJ line stands in the type's header.
 */
#ifndef BASE_AUTO_H
#define BASE_AUTO_H

#include <stdlib.h>

#define AUTO(fn) __attribute__((cleanup(auto_##fn)))

#define AUTO_PTR(fn, type)                                                                         \
	static inline void auto_##fn(type **pp)                                                    \
	{                                                                                          \
		fn(*pp);                                                                           \
	}                                                                                          \
	struct auto_##fn##_ends_with_semicolon
#define AUTO_OBJ(fn, type)                                                                         \
	static inline void auto_##fn(type *p)                                                      \
	{                                                                                          \
		fn(p);                                                                             \
	}                                                                                          \
	struct auto_##fn##_ends_with_semicolon

#define TAKE(p)                                                                                    \
	__extension__({                                                                            \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

/* AUTO(free) char *s = NULL; */
static inline void
auto_free(void *pp)
{
	free(*(void **)pp);
}

#endif
