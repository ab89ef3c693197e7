/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz: what every target shares.
 *
 * A target is one .c file with one LLVMFuzzerTestOneInput(), called with bytes as a stranger may
 * choose them.  It is linked with libFuzzer (make fuzz) or with replay.c (everywhere else).  What
 * must hold whatever the bytes is written down with FUZZ_TRUE(), which ends the program.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define FUZZ_TRUE(holds) ((holds) ? (void)0 : fuzz_broken(#holds, ERR_HERE))

static inline _Noreturn void
fuzz_broken(const char *what, const char *where)
{
	fprintf(stderr, "%s: does not hold: %s\n", where, what);
	abort();
}

/* The bytes that are left, cut at a place that the input chooses (a u16 in front of them). */
static inline struct span
fuzz_first_part(struct reader *r)
{
	size_t n = read_u16(r);

	return read_span(r, n < r->left.n ? n : r->left.n);
}

/* The same bytes in memory of their exact size, so that AddressSanitizer sees a byte too far. */
static inline uint8_t *
fuzz_copy(struct span s)
{
	uint8_t *p = malloc(s.n ? s.n : 1);

	FUZZ_TRUE(p != NULL);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

/* @s lies within @all. */
static inline bool
fuzz_within(struct span s, struct span all)
{
	return s.n == 0 || (s.p >= all.p && s.n <= all.n && s.p + s.n <= all.p + all.n);
}

/* Hand @all to @feed in pieces of @step bytes and at last to @end; 0 or -1 as they say. */
#define FUZZ_PIECES(all, step, feed, end)                                                          \
	__extension__({                                                                            \
		int rc_ = 0;                                                                       \
		for (size_t at_ = 0; at_ < (all).n && rc_ == 0; at_ += (step)) {                   \
			struct span piece_ = span_skip((all), at_);                                \
			if (piece_.n > (step))                                                     \
				piece_.n = (step);                                                 \
			rc_ = feed(piece_);                                                        \
		}                                                                                  \
		rc_ < 0 ? -1 : end();                                                              \
	})

#endif
