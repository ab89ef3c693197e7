/* SPDX-License-Identifier: Apache-2.0 */
/* property: what Cloudbox knows of each vCard property: how its value is built, compared, written.
 */
#ifndef ITEM_PROPERTY_H
#define ITEM_PROPERTY_H

#include "base/span.h"

enum property_kind {
	PROPERTY_EXACT, /* unknown: the value as it is */
	PROPERTY_TEXT,
	PROPERTY_PARTS, /* parts separated by `;`: N, ADR, ORG, GENDER */
	PROPERTY_LIST,  /* elements separated by `,`, each a field: CATEGORIES, NICKNAME */
	PROPERTY_TEL,
	PROPERTY_EMAIL,
	PROPERTY_URL,
	PROPERTY_IMPP,
	PROPERTY_DATE,
	PROPERTY_BINARY, /* base64, data: or a link */
	PROPERTY_AGENT,  /* a card within the card */
};

struct property {
	const char *name; /* upper-case; NULL: unknown */
	enum property_kind kind;
	unsigned flags;       /* enum field_flag */
	const char *protocol; /* PROPERTY_IMPP: "aim" for X-AIM; NULL: the value says */
};

/** Never NULL.  Any case. */
const struct property *property_of(struct span name);

/** Does it only describe another line of its group (X-ABLABEL, X-ABADR)? */
bool property_is_member(const struct property *p);

/** Is it a label for people (X-ABLABEL)? */
bool property_is_label(const struct property *p);

#endif
