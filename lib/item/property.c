/* SPDX-License-Identifier: Apache-2.0 */
/* property: see property.h.  The first letter finds the few lines worth comparing. */
#include "item/property.h"

#include <strings.h>

#include "item/item.h"

#define IMPP(name, protocol)                                                                       \
	{                                                                                          \
		name, PROPERTY_IMPP, FIELD_MATCH, protocol                                         \
	}

static const struct property known[] = {
	{ "ADR", PROPERTY_PARTS, FIELD_MATCH, NULL },
	{ "AGENT", PROPERTY_AGENT, 0, NULL },
	{ "ANNIVERSARY", PROPERTY_DATE, 0, NULL },
	{ "BDAY", PROPERTY_DATE, FIELD_MATCH, NULL },
	{ "BEGIN", PROPERTY_TEXT, FIELD_STRUCTURE, NULL },
	{ "CATEGORIES", PROPERTY_LIST, 0, NULL },
	{ "EMAIL", PROPERTY_EMAIL, FIELD_MATCH, NULL },
	{ "END", PROPERTY_TEXT, FIELD_STRUCTURE, NULL },
	{ "FN", PROPERTY_TEXT, 0, NULL },
	{ "GENDER", PROPERTY_PARTS, 0, NULL },
	IMPP("IMPP", NULL),
	{ "KEY", PROPERTY_BINARY, 0, NULL },
	{ "KIND", PROPERTY_TEXT, 0, NULL },
	{ "LABEL", PROPERTY_TEXT, 0, NULL },
	{ "LOGO", PROPERTY_BINARY, 0, NULL },
	{ "N", PROPERTY_PARTS, 0, NULL },
	{ "NICKNAME", PROPERTY_LIST, 0, NULL },
	{ "NOTE", PROPERTY_TEXT, 0, NULL },
	{ "ORG", PROPERTY_PARTS, 0, NULL },
	{ "PHOTO", PROPERTY_BINARY, 0, NULL },
	{ "PRODID", PROPERTY_TEXT, FIELD_VOLATILE, NULL },
	{ "RELATED", PROPERTY_TEXT, 0, NULL },
	{ "REV", PROPERTY_TEXT, FIELD_VOLATILE, NULL },
	{ "ROLE", PROPERTY_TEXT, 0, NULL },
	{ "SORT-STRING", PROPERTY_TEXT, 0, NULL },
	{ "SOUND", PROPERTY_BINARY, 0, NULL },
	{ "TEL", PROPERTY_TEL, FIELD_MATCH, NULL },
	{ "TITLE", PROPERTY_TEXT, 0, NULL },
	{ "UID", PROPERTY_TEXT, FIELD_IDENTITY, NULL },
	{ "URL", PROPERTY_URL, FIELD_MATCH, NULL },
	{ "VERSION", PROPERTY_TEXT, FIELD_STRUCTURE, NULL },
	{ "X-ABADR", PROPERTY_EXACT, 0, NULL },
	{ "X-ABLABEL", PROPERTY_EXACT, 0, NULL },
	IMPP("X-AIM", "aim"),
	{ "X-CLOUDBOX-UID", PROPERTY_TEXT, FIELD_VOLATILE, NULL },
	{ "X-EVOLUTION-FILE-AS", PROPERTY_EXACT, FIELD_VOLATILE, NULL },
	{ "X-EVOLUTION-WEBDAV-ETAG", PROPERTY_EXACT, FIELD_VOLATILE, NULL },
	{ "X-EVOLUTION-WEBDAV-HREF", PROPERTY_EXACT, FIELD_VOLATILE, NULL },
	IMPP("X-GADUGADU", "gadugadu"),
	IMPP("X-GOOGLE-TALK", "gtalk"),
	IMPP("X-GROUPWISE", "groupwise"),
	IMPP("X-ICQ", "icq"),
	IMPP("X-JABBER", "xmpp"),
	IMPP("X-MATRIX", "matrix"),
	IMPP("X-MSN", "msn"),
	IMPP("X-QQ", "qq"),
	{ "X-REV", PROPERTY_EXACT, FIELD_VOLATILE, NULL },
	IMPP("X-SIP", "sip"),
	IMPP("X-SKYPE", "skype"),
	IMPP("X-SKYPE-USERNAME", "skype"),
	IMPP("X-TELEGRAM", "telegram"),
	IMPP("X-YAHOO", "yahoo"),
};

static const struct property unknown = { NULL, PROPERTY_EXACT, 0, NULL };

const struct property *
property_of(struct span name)
{
	if (name.n == 0)
		return &unknown;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const char *k = known[i].name;
		if ((name.p[0] & 0xdf) == (uint8_t)k[0] && strlen(k) == name.n &&
		    strncasecmp(k, (const char *)name.p, name.n) == 0)
			return &known[i];
	}
	return &unknown;
}

bool
property_is_label(const struct property *p)
{
	return p->name && strcmp(p->name, "X-ABLABEL") == 0;
}

bool
property_is_member(const struct property *p)
{
	return p->name && (property_is_label(p) || strcmp(p->name, "X-ABADR") == 0);
}
