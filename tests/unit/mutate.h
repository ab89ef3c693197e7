/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutate: what every decoder of ours must stand: each truncation and each flipped bit of good bytes
 * is refused, or decodes to something that encodes to exactly these bytes.
 *
 * Every variant lies in memory of its own exact size, so that AddressSanitizer sees a byte too far.
 */
#ifndef TESTS_MUTATE_H
#define TESTS_MUTATE_H

#include <stdlib.h>

#include "base/buf.h"
#include "unit.h"

/* Decode @bytes; false if refused, else true and what it encodes to appended to @again. */
typedef bool mutate_fn(void *ctx, struct span bytes, struct buf *again);

/* How many variants were refused and how many lived. */
struct mutate_count {
	size_t refused, lived;
};

static inline void
mutate_one(struct mutate_count *count, const uint8_t *p, size_t n, mutate_fn *fn, void *ctx)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(16u << 20);
	AUTO(free) uint8_t *exact = malloc(n ? n : 1);

	assert_non_null(exact);
	if (n)
		memcpy(exact, p, n);
	if (!fn(ctx, span_of(exact, n), &again)) {
		count->refused++;
		return;
	}
	count->lived++;
	assert_int_equal(again.n, n);
	assert_true(n == 0 || memcmp(again.p, exact, n) == 0);
}

static inline struct mutate_count
mutate_all(struct span good, mutate_fn *fn, void *ctx)
{
	struct mutate_count count = { 0, 0 }, whole = { 0, 0 };
	AUTO(free) uint8_t *copy = malloc(good.n);

	assert_non_null(copy);
	memcpy(copy, good.p, good.n);
	mutate_one(&whole, copy, good.n, fn, ctx);
	assert_int_equal(whole.lived, 1); /* the good bytes themselves */
	for (size_t n = 0; n < good.n; n++)
		mutate_one(&count, copy, n, fn, ctx);
	for (size_t bit = 0; bit < 8 * good.n; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		mutate_one(&count, copy, good.n, fn, ctx);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	return count;
}

#endif
