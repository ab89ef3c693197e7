/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golden: what the tests of lib/crypto share: the frozen values of tests/data/keys-1.txt ("name
 * hex" a line), rows of counting bytes, and flipping every bit.
 *
 * keys-1.txt was printed by another implementation (keys-1.py) and never changes: whoever's change
 * makes one of these tests fail has made every existing backup unreadable.
 */
#ifndef TESTS_CRYPTO_GOLDEN_H
#define TESTS_CRYPTO_GOLDEN_H

#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/keys.h"

struct golden {
	uint8_t p[1024];
	size_t n;
};

static inline struct golden
golden(const char *name)
{
	struct golden g = { .n = 0 };
	char key[64], hex[2048];
	bool found = false;
	FILE *f = fopen(TESTS_DATA "/keys-1.txt", "r");

	assert_non_null(f);
	while (!found && fscanf(f, "%63s %2047s", key, hex) == 2)
		found = strcmp(key, name) == 0;
	fclose(f);
	if (!found)
		fail_msg("keys-1.txt has no %s", name);
	g.n = strlen(hex) / 2;
	assert_true(g.n <= sizeof g.p && hex_decode(g.p, g.n, span_str(hex)));
	return g;
}

static inline struct span
golden_span(const struct golden *g)
{
	return span_of(g->p, g->n);
}

static inline void
assert_span_is(struct span got, struct span want)
{
	assert_int_equal(got.n, want.n);
	if (want.n)
		assert_memory_equal(got.p, want.p, want.n);
}

static inline void
assert_golden(const char *name, const void *p, size_t n)
{
	struct golden g = golden(name);

	assert_span_is(span_of(p, n), golden_span(&g));
}

/* @n bytes counting up from @start, as keys-1.py has them. */
struct row {
	uint8_t p[64];
};

static inline struct row
row(uint8_t start)
{
	struct row r;

	for (size_t i = 0; i < sizeof r.p; i++)
		r.p[i] = (uint8_t)(start + i);
	return r;
}

static inline struct secret *
secret_of_row(uint8_t start)
{
	struct secret *s = NULL;
	struct row r = row(start);

	assert_int_equal(secret_from_bytes(&s, r.p, NULL), 0);
	return s;
}

/* The account and the device of keys-1.py. */
#define ACCOUNT (row(0x60).p)
#define DEVICE  (row(0x40).p)

/* Whether @bug ends the program by an assertion. */
static inline bool
aborts(void (*bug)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		bug();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static inline int
crypto_start(void **state)
{
	(void)state;
	return crypto_init(NULL);
}

#endif
