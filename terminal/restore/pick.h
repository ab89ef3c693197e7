/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pick: which of the backed-up items a person means: ITEM is a native id, else a short id (8 or more
 * hex digits of the item id), else an exact name, looked up among the opened records.
 */
#ifndef RESTORE_PICK_H
#define RESTORE_PICK_H

#include "restore/fetch.h"

struct pick {
	const char *text;        /* what was typed; borrowed */
	struct id16 expected[2]; /* item ids that it would have: a record that cannot be opened is
	                            known by them alone; zeros: none */
	int rank;             /* by what it was found: 0 not yet, 1 name, 2 short id, 3 native id */
	struct opened *found; /* owned; all of that rank */
	size_t n, cap;
};

struct picks {
	struct pick *list; /* owned */
	size_t n;
	const struct device_keys *mine; /* this terminal's ids are understood, too */
};

int picks_new(struct picks *out, const char *const *items, size_t n, const struct device_keys *mine,
	      struct err *err);
void picks_clear(struct picks *p);
AUTO_OBJ(picks_clear, struct picks);

/** Offer a record: it is kept where it is meant by one of the texts. */
int picks_offer(struct picks *p, const struct fetched *it, struct err *err);

/** Each text means exactly one: 0, or -1: ERR_NOT_FOUND, ERR_AMBIGUOUS with the candidates. */
int picks_check(const struct picks *p, struct err *err);

#endif
