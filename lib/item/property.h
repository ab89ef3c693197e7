/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property: what Cloudbox knows of each property: how its value is built, compared, written, and
 * whether an item can have it once only.  The table of vCard's is in property.c (the one in
 * docs/guide/merging.md is made from it: tests/unit/merge/test_guide.c), the others' in
 * property_component.c and property_ical.c.
 *
 * Programs have names of their own for the same thing (X-EVOLUTION-SPOUSE, X-MS-SPOUSE): `means`
 * is the one that all of them go by when fields are compared.  Stored names are never changed.
 */
#ifndef ITEM_PROPERTY_H
#define ITEM_PROPERTY_H

#include "base/span.h"
#include "item/item.h"

enum property_kind {
	PROPERTY_EXACT, /* unknown: the value as it is, and its group's label */
	PROPERTY_TEXT,
	PROPERTY_PARTS, /* parts separated by `;`: N, ADR, ORG, GENDER */
	PROPERTY_LIST,  /* elements separated by `,`, each a field: CATEGORIES, NICKNAME */
	PROPERTY_TEL,
	PROPERTY_EMAIL,
	PROPERTY_URL,
	PROPERTY_IMPP,
	PROPERTY_DATE,
	PROPERTY_GEO,       /* latitude and longitude */
	PROPERTY_ZONE,      /* a time zone: by name or by offset */
	PROPERTY_BINARY,    /* base64, data: or a link */
	PROPERTY_AGENT,     /* a card within the card */
	PROPERTY_COMPONENT, /* a component within the component, whole */
	/* iCalendar */
	PROPERTY_INSTANT,  /* a date, or a time with its zone */
	PROPERTY_INSTANTS, /* elements separated by `,`, each a field: EXDATE, RDATE */
	PROPERTY_RULE,     /* RRULE: its parts in any order */
	PROPERTY_TRIGGER,  /* an alarm's: a duration from the start or the end, or a time */
};

/* Who defines it: vCard 2.1 (versit 1996), 3.0 (RFC 2426, 4770), 4.0 (RFC 6350 and those that add to
 * it: 6474, 6715, 8605, 9554, 9555). */
enum property_in {
	IN_21 = 1 << 0,
	IN_30 = 1 << 1,
	IN_40 = 1 << 2,
	IN_PROGRAMS = 1 << 3, /* X-…: what programs write */
};

struct property {
	const char *name; /* upper-case; NULL: unknown */
	enum property_kind kind;
	unsigned flags;       /* enum field_flag */
	unsigned in;          /* enum property_in */
	const char *means;    /* the property that it is compared as; NULL: itself */
	const char *protocol; /* PROPERTY_IMPP: "aim" for X-AIM; NULL: the value says */
};

/* A property that the other version does not have is kept under its name behind this: ours alone, so
 * `X-CLOUDBOX-GENDER` is GENDER, wherever it is met. */
#define PROPERTY_KEPT "X-CLOUDBOX-"

/** Are its elements fields of their own? */
static inline bool
property_is_list(const struct property *p)
{
	return p->kind == PROPERTY_LIST || p->kind == PROPERTY_INSTANTS;
}

/** Of a vCard.  Never NULL.  Any case; PROPERTY_KEPT apart. */
const struct property *property_of(struct span name);

/** Of items of @version: each has a table of its own.  Never NULL.  Any case. */
const struct property *property_in(struct span name, enum item_version version);

/* A table for property_find(): sorted by name. */
struct properties {
	const struct property *list;
	size_t n;
};

/** The entry of that name, in any case, or NULL. */
const struct property *property_find(struct properties table, struct span name);

/** property_in() of what lies in a calendar.  @table, if not NULL, receives it all. */
const struct property *property_in_calendar(struct span name, struct properties *table);

/** property_in() of what is no vCard. */
const struct property *property_in_component(struct span name, enum item_version version);

/** Do we know it, or is it an X-…?  Upper case only: what may stand in the midst of somebody's text
 *  without being meant. */
bool property_is_known(struct span name);

/** What a field is compared as: @p, or what it means, or what its group's label makes of it (an
 *  X-ABDATE labelled "Anniversary" is an ANNIVERSARY).  Never NULL. */
const struct property *
property_compared_as(const struct property *p, struct span label, enum item_version version);

/** Does it only describe another line of its group (X-ABLABEL, X-ABADR)? */
bool property_is_member(const struct property *p);

/** Is it a label for people (X-ABLABEL)? */
bool property_is_label(const struct property *p);

/** The table, for those that walk it: sorted by name. */
extern const struct property property_table[];
extern const size_t property_table_n;

#endif
