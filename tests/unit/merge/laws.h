/* SPDX-License-Identifier: Apache-2.0 */
/* laws: what must hold whenever a card A' is merged into a card A, and made-up cards to try it on. */
#ifndef TEST_LAWS_H
#define TEST_LAWS_H

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "item/card.h"
#include "merge/merge.h"

/* xorshift64*: a seed is printed, so a failure can be run again. */
struct dice {
	uint64_t state;
};

static inline uint64_t
dice_next(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return d->state * 0x2545f4914f6cdd1dULL;
}

static inline unsigned
dice_roll(struct dice *d, unsigned sides)
{
	return (unsigned)((dice_next(d) >> 33) % sides);
}

/** @n; a tenth of it where $CLOUDBOX_TEST_SMALL is set (under valgrind), ten times as much with
 * $CLOUDBOX_FULL. */
static inline unsigned
scaled(unsigned n)
{
	return getenv("CLOUDBOX_TEST_SMALL") ? n / 10 : getenv("CLOUDBOX_FULL") ? n * 10 : n;
}

/** Parse or fail; @bytes must outlive the item. */
struct item *laws_parse(struct span bytes, const struct item_profile *profile, const char *what);

/** The same as an item of @form. */
struct item *laws_parse_as(const struct form *form, struct span bytes,
			   const struct item_profile *profile, const char *what);

/** How many comparable fields have this key. */
size_t laws_count(const struct item *it, const struct field_key *k);

/** All laws of merging @theirs into @mine, and the other way round.  @what names the case. */
void laws_check(const struct item *mine, const struct item *theirs, const char *what);

/** The same for @it and a changed copy of it: lines moved, left out, added; another version. */
void laws_check_changed_copy(const struct item *it, uint64_t seed, const char *what);

/** Append a made-up card. */
void laws_random_card(struct buf *out, struct dice *d);

#endif
