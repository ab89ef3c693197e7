/* SPDX-License-Identifier: Apache-2.0 */
/* card_internal: a card on its way to being an item; card_parse.c, card_groups.c, card_fields.c. */
#ifndef ITEM_CARD_INTERNAL_H
#define ITEM_CARD_INTERNAL_H

#include "item/card.h"
#include "item/value.h"

/* A property of the card, before it is a field. */
struct property_line {
	struct contentline line; /* its spans point into the card, or into the arena */
	const struct property *property;
	struct span nested; /* AGENT: the lines of the inner card */
	size_t first_member, n_members;
	const char *label; /* of its group, or "" */
	bool is_member;    /* belongs to other lines of its group */
};

struct parse {
	struct item *it;
	const struct item_profile *profile;
	unsigned depth; /* cards around this one */
	struct property_line *lines;
	size_t n_lines, cap_lines;
	size_t cap_fields, cap_members;
	struct value value;  /* scratch */
	struct buf key, say; /* scratch */
	bool has_fn;
	struct field_key first_fn;
};

/** card_parse() of a card within @depth others. */
int card_parse_nested(struct item **out, struct span bytes, const char *source, unsigned line,
		      const struct item_profile *profile, unsigned depth, struct err *err);

/** Which lines only describe others of their group, and how. */
int card_join_groups(struct parse *p, struct err *err);

/** Each line that is no member as a field, or as several. */
int card_make_fields(struct parse *p, struct err *err);

/** The item's name and ids, of its fields. */
int card_name_item(struct parse *p, struct err *err);

/** Append the key of an AGENT: what its card's fields say, in whatever version and order.
 *  @profile  that of the card around it, or NULL.  @depth: cards around it.
 *  @return   0; 1: it is no card (nothing was appended); -1 (ERR_NOMEM, ERR_LIMIT). */
int card_agent_key(struct buf *out, struct span card, const struct item_profile *profile,
		   unsigned depth, struct err *err);

#endif
