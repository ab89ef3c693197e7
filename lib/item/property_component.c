/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property_component: the tables of what is no vCard: bookmarks and records (docs/formats/items.md).
 * Each is sorted by name, as strcmp() does (a test looks).
 */
#include "item/property.h"

#define SINGLE    FIELD_SINGLE
#define VOLATILE  FIELD_VOLATILE
#define IDENTITY  FIELD_IDENTITY
#define STRUCTURE FIELD_STRUCTURE

#define P(name, kind, flags)                                                                       \
	{                                                                                          \
		name, PROPERTY_##kind, flags, 0, NULL, NULL                                        \
	}

/* clang-format off */
static const struct property bookmark[] = {
	P("ADDED", TEXT, VOLATILE),
	P("BEGIN", TEXT, STRUCTURE),
	P("DESCRIPTION", TEXT, SINGLE),
	P("END", TEXT, STRUCTURE),
	P("FOLDER", EXACT, IDENTITY),
	P("KEYWORD", TEXT, SINGLE),
	P("TAG", LIST, 0),
	P("TITLE", TEXT, SINGLE),
	P("URL", EXACT, IDENTITY),
	P("VERSION", TEXT, STRUCTURE),
};

static const struct property record[] = {
	P("BEGIN", TEXT, STRUCTURE),
	P("END", TEXT, STRUCTURE),
	P("UID", TEXT, IDENTITY),
	P("VERSION", TEXT, STRUCTURE),
};
/* clang-format on */

#define TABLE(t)                                                                                   \
	(struct properties)                                                                        \
	{                                                                                          \
		t, sizeof(t) / sizeof *(t)                                                         \
	}

const struct property *
property_in_component(struct span name, enum item_version version)
{
	static const struct property unknown = { NULL, PROPERTY_EXACT, 0, 0, NULL, NULL };
	static const struct property any = { NULL, PROPERTY_TEXT, 0, 0, NULL, NULL };
	if (version == ITEM_ICALENDAR)
		return property_in_calendar(name, NULL);
	const struct property *p =
		property_find(version == ITEM_BOOKMARK ? TABLE(bookmark) : TABLE(record), name);

	return p ? p : version == ITEM_RECORD ? &any : &unknown;
}
