/* SPDX-License-Identifier: Apache-2.0 */
/*
 * region: the Box's home region, in which numbers without a country's prefix are dialled.
 *
 * The setting `home-region` holds two capitals of ISO 3166-1 or "none".  Before anybody has set it,
 * the locale says (phone.h); a new Box and its first restore write that down, so that the answer
 * does not change with whoever asks.  It travels with the Box's other settings (box_items.h).
 */
#ifndef BOX_REGION_H
#define BOX_REGION_H

#include "box/box.h"
#include "item/item.h"
#include "phone/phone.h"

#define REGION_NONE "none"

struct region {
	char code[PHONE_REGION_BYTES]; /* "" for none */
	bool by_locale;                /* nobody has set it yet */
};

int region_get(struct region *out, struct box *b, struct err *err);

/** region_get(), and what the locale says is written down. */
int region_settle(struct region *out, struct box *b, struct err *err);

/** @code: two letters in any case, or "none".  ERR_USAGE: no such region. */
int region_set(struct region *out, struct box *b, const char *code, struct err *err);

/* An app's profile (adapter.h) in the Box's home region.  Must stay where it is while it is used. */
struct region_profile {
	struct item_profile item;
	struct region region;
};

/** @app may be NULL: an app that has no profile. */
int region_profile(struct region_profile *out, struct box *b, const struct item_profile *app,
		   struct err *err);

#endif
