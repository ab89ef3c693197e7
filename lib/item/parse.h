/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse: content lines on their way to being an item: a card (card_parse.c) or another component
 * (component.c).  First lines are collected, then each that is no member of a group becomes a field,
 * or several.
 */
#ifndef ITEM_PARSE_H
#define ITEM_PARSE_H

#include "item/form.h"
#include "item/value.h"

/* A property of the item, before it is a field. */
struct property_line {
	struct contentline line; /* its spans point into the item's bytes, or into the arena */
	const struct property *property;
	struct span nested; /* the lines of an inner card (AGENT) or component */
	size_t first_member, n_members;
	const char *label; /* of its group, or "" */
	bool is_member;    /* belongs to other lines of its group */
};

struct parse {
	struct item *it;
	const struct item_profile *profile;
	unsigned depth; /* of a card: those around it */
	struct property_line *lines;
	size_t n_lines, cap_lines;
	size_t cap_fields, cap_members;
	struct value value;  /* scratch */
	struct buf key, say; /* scratch */
	bool has_fn;
	struct field_key first_fn;
};

/** @form, @bytes and @profile are those of the item; line ends are looked at.  0 or ERR_NOMEM. */
int parse_init(struct parse *p, const struct form *form, struct span bytes,
	       const struct item_profile *profile, struct err *err);
void parse_clear(struct parse *p);
AUTO_OBJ(parse_clear, struct parse);

/** Collect @line, whose head may lie in @c.  Junk is counted only.  ERR_NOMEM, ERR_LIMIT. */
int
parse_add_line(struct parse *p, const struct contentline_cursor *c, const struct contentline *line,
	       const struct property *property, struct err *err);

/** Each line that is no member as a field, or as several. */
int parse_make_fields(struct parse *p, struct err *err);

/** The first that says something, or NULL. */
const struct field *parse_first_field(const struct item *it, const char *name);

/** "expected @expected, found …" at @at of @c's source, in @line or behind it. */
int parse_syntax(struct err *err, const struct contentline_cursor *c,
		 const struct contentline *line, size_t at, const char *expected);

/* ---- cards ---- */

/** card_parse() of a card within @depth others. */
int card_parse_nested(struct item **out, struct span bytes, const char *source, unsigned line,
		      const struct item_profile *profile, unsigned depth, struct err *err);

/** Which lines only describe others of their group, and how. */
int card_join_groups(struct parse *p, struct err *err);

/** Append the key of an AGENT: what its card's fields say, in whatever version and order.
 *  @profile  that of the card around it, or NULL.  @depth: cards around it.
 *  @return   0; 1: it is no card (nothing was appended); -1 (ERR_NOMEM, ERR_LIMIT). */
int card_agent_key(struct buf *out, struct span card, const struct item_profile *profile,
		   unsigned depth, struct err *err);

/* ---- components ---- */

/** Append the key of a component within another: what it says, in whatever order.  ERR_NOMEM, ERR_LIMIT. */
int
component_key(struct buf *out, struct span component, enum item_version version, struct err *err);

/** Append the TZID of a VTIMEZONE: nothing if it has none. */
int component_zone_id(struct buf *out, struct span vtimezone, struct err *err);

/** Append what it says to people. */
int component_for_people(struct buf *out, struct span component, enum item_version version,
			 struct err *err);

#endif
