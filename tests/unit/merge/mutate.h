/* SPDX-License-Identifier: Apache-2.0 */
/* mutate: a card as another program, or another day, might have written it. */
#ifndef TEST_MUTATE_H
#define TEST_MUTATE_H

#include "merge/laws.h"

struct mutant {
	struct buf bytes;
	bool dropped;  /* a TEL is missing */
	bool added;    /* there is an EMAIL that the card has not */
	char did[200]; /* what was done, for messages */
};

#define MUTANT_INIT                                                                                \
	{                                                                                          \
		.bytes = BUF_INIT(SIZE_MAX / 4)                                                    \
	}

/** A changed copy of @it: lines moved and folded anew, parameters in other case, a line doubled,
 *  groups renumbered, other encodings, charset and line ends; a TEL less, an EMAIL more. */
void mutate(struct mutant *out, const struct item *it, struct dice *d);

/** The card as a card of another version says it: as much as that can say. */
void mutate_version(struct mutant *out, const struct item *it, struct dice *d);

#endif
