/* SPDX-License-Identifier: Apache-2.0 */
/* span: borrowed bytes.  Never freed, never NUL-terminated by promise; valid while the owner is. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *p;
	size_t n; /* bytes */
};

static inline struct span
span_of(const void *p, size_t n)
{
	return (struct span){ p, n };
}

static inline struct span
span_str(const char *s)
{
	return (struct span){ (const uint8_t *)s, strlen(s) };
}

/** An array object as a span: SPAN_ARRAY(id) */
#define SPAN_ARRAY(a) span_of((a), sizeof(a))

static inline bool
span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/** Bytewise order, shorter first where one is the other's beginning. */
static inline int
span_compare(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/** From @from (clamped to the end) on. */
static inline struct span
span_skip(struct span s, size_t from)
{
	if (from > s.n)
		from = s.n;
	/* Nothing may be added to NULL, not even 0. */
	return from ? (struct span){ s.p + from, s.n - from } : s;
}

/** For printf("%.*s", SPAN_ARGS(s)). */
#define SPAN_ARGS(s) (int)((s).n > 200 ? 200 : (s).n), (const char *)(s).p

#endif
