/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property: see property.h.  The table is sorted by name, as strcmp() does (a test looks).
 *
 * The second column is the key, the third says what else is special: SINGLE can be there once only
 * (RFC 6350's cardinality *1, and what has no second value by its nature), MATCH tells which item a
 * card is, VOLATILE is a program's own bookkeeping: when a card was saved, by whom, under which
 * number.
 */
#include "item/property.h"

#include <stdlib.h>
#include <strings.h>

#define ALL      (IN_21 | IN_30 | IN_40)
#define SINGLE   FIELD_SINGLE
#define MATCH    FIELD_MATCH
#define VOLATILE FIELD_VOLATILE

#define P(name, kind, flags, in)                                                                   \
	{                                                                                          \
		name, PROPERTY_##kind, flags, in, NULL, NULL                                       \
	}
/* The same as @means, under a program's own name. */
#define SAME(name, kind, flags, means)                                                             \
	{                                                                                          \
		name, PROPERTY_##kind, flags, IN_PROGRAMS, means, NULL                             \
	}
#define CHAT(name, protocol)                                                                       \
	{                                                                                          \
		name, PROPERTY_IMPP, MATCH, IN_PROGRAMS, "IMPP", protocol                          \
	}

/* clang-format off */
const struct property property_table[] = {
	P("ADR", PARTS, MATCH, ALL),
	P("AGENT", AGENT, 0, IN_21 | IN_30),
	P("ANNIVERSARY", DATE, SINGLE, IN_40),
	P("BDAY", DATE, SINGLE | MATCH, ALL),
	P("BEGIN", TEXT, FIELD_STRUCTURE, ALL),
	P("BIRTHPLACE", TEXT, SINGLE, IN_40), /* RFC 6474 */
	P("CALADRURI", URL, 0, IN_40),
	P("CALURI", URL, 0, IN_40),
	P("CATEGORIES", LIST, 0, IN_30 | IN_40),
	P("CLASS", TEXT, SINGLE, IN_30),
	P("CLIENTPIDMAP", EXACT, VOLATILE, IN_40),
	P("CONTACT-URI", URL, 0, IN_40), /* RFC 8605 */
	P("CREATED", TEXT, VOLATILE, IN_40), /* RFC 9554 */
	P("DEATHDATE", DATE, SINGLE, IN_40), /* RFC 6474 */
	P("DEATHPLACE", TEXT, SINGLE, IN_40),
	P("EMAIL", EMAIL, MATCH, ALL),
	P("END", TEXT, FIELD_STRUCTURE, ALL),
	P("EXPERTISE", TEXT, 0, IN_40), /* RFC 6715 */
	P("FBURL", URL, 0, IN_40),
	P("FN", TEXT, SINGLE, ALL), /* its first */
	P("GENDER", PARTS, SINGLE, IN_40),
	P("GEO", GEO, 0, ALL),
	P("GRAMGENDER", TEXT, 0, IN_40), /* RFC 9554 */
	P("HOBBY", TEXT, 0, IN_40), /* RFC 6715 */
	{ "IMPP", PROPERTY_IMPP, MATCH, IN_30 | IN_40, NULL, NULL }, /* RFC 4770 */
	P("INTEREST", TEXT, 0, IN_40), /* RFC 6715 */
	P("JSPROP", EXACT, 0, IN_40), /* RFC 9555 */
	P("KEY", BINARY, 0, ALL),
	P("KIND", TEXT, SINGLE, IN_40),
	P("LABEL", TEXT, 0, IN_21 | IN_30),
	P("LANG", TEXT, 0, IN_40),
	P("LANGUAGE", TEXT, SINGLE, IN_40), /* RFC 9554 */
	P("LOGO", BINARY, 0, ALL),
	P("MAILER", TEXT, 0, IN_21 | IN_30),
	P("MEMBER", TEXT, 0, IN_40),
	P("N", PARTS, SINGLE, ALL),
	P("NAME", TEXT, SINGLE, IN_30),
	P("NICKNAME", LIST, 0, IN_30 | IN_40),
	P("NOTE", TEXT, 0, ALL),
	P("ORG", PARTS, 0, ALL),
	P("ORG-DIRECTORY", URL, 0, IN_40), /* RFC 6715 */
	P("PHOTO", BINARY, 0, ALL),
	P("PRODID", TEXT, VOLATILE, IN_30 | IN_40),
	P("PROFILE", TEXT, VOLATILE, IN_30),
	P("PRONOUNS", TEXT, 0, IN_40), /* RFC 9554 */
	P("RELATED", TEXT, 0, IN_40),
	P("REV", TEXT, VOLATILE, ALL),
	P("ROLE", TEXT, 0, ALL),
	P("SOCIALPROFILE", URL, 0, IN_40), /* RFC 9554 */
	P("SORT-STRING", TEXT, SINGLE, IN_30),
	P("SOUND", BINARY, 0, ALL),
	P("SOURCE", URL, 0, IN_30 | IN_40),
	P("TEL", TEL, MATCH, ALL),
	P("TITLE", TEXT, 0, ALL),
	P("TZ", ZONE, 0, ALL),
	P("UID", TEXT, FIELD_IDENTITY, ALL),
	P("URL", URL, MATCH, ALL),
	P("VERSION", TEXT, FIELD_STRUCTURE, ALL),
	P("X-ABADR", EXACT, 0, IN_PROGRAMS),
	P("X-ABDATE", DATE, FIELD_LABELLED, IN_PROGRAMS),
	P("X-ABLABEL", EXACT, 0, IN_PROGRAMS),
	P("X-ABRELATEDNAMES", TEXT, FIELD_LABELLED, IN_PROGRAMS),
	P("X-ABSHOWAS", TEXT, SINGLE, IN_PROGRAMS),
	P("X-ABUID", EXACT, VOLATILE, IN_PROGRAMS),
	SAME("X-ADDRESSBOOKSERVER-KIND", TEXT, SINGLE, "KIND"),
	SAME("X-ADDRESSBOOKSERVER-MEMBER", TEXT, 0, "MEMBER"),
	CHAT("X-AIM", "aim"),
	SAME("X-ANNIVERSARY", DATE, SINGLE, "ANNIVERSARY"),
	P("X-ASSISTANT", TEXT, 0, IN_PROGRAMS),
	P("X-CLOUDBOX-LINE", TEXT, VOLATILE, IN_PROGRAMS), /* what no version can say */
	P("X-CLOUDBOX-RAW", TEXT, VOLATILE, IN_PROGRAMS), /* what an app cannot keep otherwise */
	P("X-CLOUDBOX-UID", TEXT, VOLATILE, IN_PROGRAMS),
	P("X-ETAG", EXACT, VOLATILE, IN_PROGRAMS),
	SAME("X-EVOLUTION-ANNIVERSARY", DATE, SINGLE, "ANNIVERSARY"),
	SAME("X-EVOLUTION-ASSISTANT", TEXT, 0, "X-ASSISTANT"),
	P("X-EVOLUTION-FILE-AS", EXACT, VOLATILE, IN_PROGRAMS),
	SAME("X-EVOLUTION-MANAGER", TEXT, 0, "X-MANAGER"),
	SAME("X-EVOLUTION-SPOUSE", TEXT, 0, "X-SPOUSE"),
	P("X-EVOLUTION-WEBDAV-ETAG", EXACT, VOLATILE, IN_PROGRAMS),
	P("X-EVOLUTION-WEBDAV-HREF", EXACT, VOLATILE, IN_PROGRAMS),
	CHAT("X-GADUGADU", "gadugadu"),
	P("X-GENERATOR", EXACT, VOLATILE, IN_PROGRAMS),
	CHAT("X-GOOGLE-TALK", "xmpp"), /* which it was */
	CHAT("X-GROUPWISE", "groupwise"),
	CHAT("X-GTALK", "xmpp"),
	CHAT("X-ICQ", "icq"),
	CHAT("X-IRC", "irc"),
	CHAT("X-JABBER", "xmpp"),
	SAME("X-KADDRESSBOOK-X-ANNIVERSARY", DATE, SINGLE, "ANNIVERSARY"),
	SAME("X-KADDRESSBOOK-X-ASSISTANTSNAME", TEXT, 0, "X-ASSISTANT"),
	CHAT("X-KADDRESSBOOK-X-IMADDRESS", NULL),
	SAME("X-KADDRESSBOOK-X-MANAGERSNAME", TEXT, 0, "X-MANAGER"),
	SAME("X-KADDRESSBOOK-X-PROFESSION", TEXT, 0, "X-PROFESSION"),
	SAME("X-KADDRESSBOOK-X-SPOUSESNAME", TEXT, 0, "X-SPOUSE"),
	P("X-MAIDENNAME", TEXT, SINGLE, IN_PROGRAMS),
	P("X-MANAGER", TEXT, 0, IN_PROGRAMS),
	CHAT("X-MATRIX", "matrix"),
	CHAT("X-MESSAGING/AIM-ALL", "aim"),
	CHAT("X-MESSAGING/GADU-ALL", "gadugadu"),
	CHAT("X-MESSAGING/GROUPWISE-ALL", "groupwise"),
	CHAT("X-MESSAGING/ICQ-ALL", "icq"),
	CHAT("X-MESSAGING/IRC-ALL", "irc"),
	CHAT("X-MESSAGING/MSN-ALL", "msn"),
	CHAT("X-MESSAGING/SKYPE-ALL", "skype"),
	CHAT("X-MESSAGING/XMPP-ALL", "xmpp"),
	CHAT("X-MESSAGING/YAHOO-ALL", "yahoo"),
	SAME("X-MS-ANNIVERSARY", DATE, SINGLE, "ANNIVERSARY"),
	SAME("X-MS-ASSISTANT", TEXT, 0, "X-ASSISTANT"),
	P("X-MS-CARDPICTURE", BINARY, 0, IN_PROGRAMS),
	CHAT("X-MS-IMADDRESS", NULL),
	SAME("X-MS-MANAGER", TEXT, 0, "X-MANAGER"),
	P("X-MS-OL-DEFAULT-POSTAL-ADDRESS", EXACT, SINGLE, IN_PROGRAMS),
	P("X-MS-OL-DESIGN", EXACT, SINGLE, IN_PROGRAMS),
	SAME("X-MS-SPOUSE", TEXT, 0, "X-SPOUSE"),
	SAME("X-MS-TEL", TEL, MATCH, "TEL"),
	CHAT("X-MSN", "msn"),
	SAME("X-NICKNAME", LIST, 0, "NICKNAME"),
	P("X-PHONETIC-FIRST-NAME", TEXT, SINGLE, IN_PROGRAMS),
	P("X-PHONETIC-LAST-NAME", TEXT, SINGLE, IN_PROGRAMS),
	P("X-PHONETIC-MIDDLE-NAME", TEXT, SINGLE, IN_PROGRAMS),
	P("X-PHONETIC-ORG", TEXT, SINGLE, IN_PROGRAMS),
	P("X-PROFESSION", TEXT, 0, IN_PROGRAMS),
	CHAT("X-QQ", "qq"),
	P("X-REV", EXACT, VOLATILE, IN_PROGRAMS),
	CHAT("X-SIP", "sip"),
	CHAT("X-SKYPE", "skype"),
	CHAT("X-SKYPE-USERNAME", "skype"),
	SAME("X-SOCIALPROFILE", URL, 0, "SOCIALPROFILE"),
	P("X-SPOUSE", TEXT, 0, IN_PROGRAMS),
	CHAT("X-TELEGRAM", "telegram"),
	P("X-THUNDERBIRD-ETAG", EXACT, VOLATILE, IN_PROGRAMS),
	SAME("X-WAB-SPOUSE_NAME", TEXT, 0, "X-SPOUSE"),
	SAME("X-WAB-WEDDING_ANNIVERSARY", DATE, SINGLE, "ANNIVERSARY"),
	CHAT("X-YAHOO", "yahoo"),
	CHAT("X-YAHOO-ID", "yahoo"),
	P("XML", EXACT, 0, IN_40),
};
/* clang-format on */

const size_t property_table_n = sizeof property_table / sizeof *property_table;

static const struct property unknown = { NULL, PROPERTY_EXACT, FIELD_LABELLED, 0, NULL, NULL };

/* The order of strcmp(), @name's letters taken as upper case. */
static int
by_name(const void *key, const void *entry)
{
	const struct span *name = key;
	const char *k = ((const struct property *)entry)->name;

	for (size_t i = 0; i < name->n; i++) {
		uint8_t c = name->p[i];
		c = c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
		if (c != (uint8_t)k[i])
			return c < (uint8_t)k[i] ? -1 : 1;
		if (c == 0)
			return 1; /* a NUL within the name: no name of ours */
	}
	return k[name->n] ? -1 : 0;
}

const struct property *
property_find(struct properties table, struct span name)
{
	return bsearch(&name, table.list, table.n, sizeof *table.list, by_name);
}

static const struct property *
find(struct span name)
{
	return property_find((struct properties){ property_table, property_table_n }, name);
}

const struct property *
property_of(struct span name)
{
	const struct property *p = find(name);
	size_t n = sizeof PROPERTY_KEPT - 1;

	if (!p && name.n > n && strncasecmp((const char *)name.p, PROPERTY_KEPT, n) == 0)
		p = find(span_skip(name, n));
	return p ? p : &unknown;
}

const struct property *
property_in(struct span name, enum item_version version)
{
	return version <= ITEM_VCARD_40 ? property_of(name) : property_in_component(name, version);
}

bool
property_is_known(struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] >= 'a' && name.p[i] <= 'z')
			return false;
	return (name.n > 2 && memcmp(name.p, "X-", 2) == 0) || property_of(name)->name != NULL;
}

const struct property *
property_compared_as(const struct property *p, struct span label, enum item_version version)
{
	/* What a label in Apple's and Google's words makes of a property. */
	static const char *const by_label[][3] = {
		{ "X-ABDATE", "Anniversary", "ANNIVERSARY" },
		{ "X-ABRELATEDNAMES", "Assistant", "X-ASSISTANT" },
		{ "X-ABRELATEDNAMES", "Manager", "X-MANAGER" },
		{ "X-ABRELATEDNAMES", "Spouse", "X-SPOUSE" },
	};
	if (p->means)
		return property_in(span_str(p->means), version);
	for (size_t i = 0; p->name && i < sizeof by_label / sizeof *by_label; i++)
		if (strcmp(p->name, by_label[i][0]) == 0 && strlen(by_label[i][1]) == label.n &&
		    strncasecmp(by_label[i][1], (const char *)label.p, label.n) == 0)
			return property_of(span_str(by_label[i][2]));
	return p;
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
