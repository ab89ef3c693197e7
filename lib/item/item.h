/* SPDX-License-Identifier: Apache-2.0 */
/*
 * item: one piece of an app's data, as its original bytes and as fields.
 *
 * The bytes are the truth and are never rewritten; fields say where in them each property lies,
 * what it says to people, and its key (key.h).  A property that holds a list (CATEGORIES, NICKNAME)
 * becomes one field for each element, all with the same range.  A group (`item1.TEL` with
 * `item1.X-ABLabel`) is one field with members.
 * A form fills items (form.h): card.h for contacts, component.h for what else lies in content lines.  An item is made by one codec call and constant after.
 */
#ifndef ITEM_ITEM_H
#define ITEM_ITEM_H

#include "base/auto.h"
#include "base/span.h"
#include "item/contentline.h"
#include "item/key.h"

enum field_flag {
	FIELD_SINGLE = 1 << 0,    /* the item can hold one value only (rule 4) */
	FIELD_VOLATILE = 1 << 1,  /* never compared, added or held: REV, PRODID… */
	FIELD_IDENTITY = 1 << 2,  /* UID: says which item this is; never compared, added or held */
	FIELD_EMPTY = 1 << 3,     /* has no value: ignored on both sides */
	FIELD_STRUCTURE = 1 << 4, /* BEGIN, VERSION, END */
	FIELD_MATCH = 1 << 5,     /* TEL, EMAIL, IMPP, URL, ADR, BDAY: tells which item this is */
	FIELD_BINARY = 1 << 6,    /* embedded data (PHOTO…): `value` only describes it */
	FIELD_LIST = 1 << 7,      /* one element of a list-valued property */
	FIELD_GUESSED =
		1 << 8, /* its charset was missing or wrong; guessed, or replaced by U+FFFD */
	FIELD_LABELLED = 1 << 9,    /* its group's label is a part of its key */
	FIELD_TIME = 1 << 11,       /* says when the item is: DTSTART, DTEND, DUE, DURATION */
	FIELD_WITH_TIMES = 1 << 12, /* an alarm: only where the times agree (merge.h) */
	FIELD_DROPPED = 1 << 10,    /* the app at hand has no place for it: item_mark_dropped() */
};

/* Fields that take part in comparing and merging have none of these. */
#define FIELD_IGNORED                                                                              \
	(FIELD_VOLATILE | FIELD_IDENTITY | FIELD_EMPTY | FIELD_STRUCTURE | FIELD_DROPPED)

struct field {
	const char *name;  /* upper-case, without group: "TEL" */
	const char *means; /* the property it is compared as: "ANNIVERSARY" for X-MS-ANNIVERSARY
			      (property.h); mostly `name` */
	const char *value; /* for people: decoded UTF-8, one line or more; "" if empty */
	const char *label; /* its group's label ("Boat"), or "" */
	const char *zone;  /* a time's TZID, as written; NULL: none.  VTIMEZONE: its own */
	const char *types; /* its TYPE parameters, lower-case: "cell, work", or "" */
	struct field_key key;
	struct field_key stored_key; /* the same without a home region: what may be kept */
	struct range own;            /* its physical lines in item->bytes */
	size_t first_member;         /* in item->members: the other lines of its group */
	size_t n_members;
	unsigned flags;   /* enum field_flag */
	unsigned element; /* with FIELD_LIST: which one, from 0 */
	unsigned line;    /* in its file */
};

/* What an app does with fields: the adapter says. */
struct item_profile {
	const char *const *single; /* properties that the app shows only once, besides those that
				      every card has only once (property.c); upper-case,
				      NULL-terminated; or NULL */
	const char *const
		*drops; /* properties that the app has no place for, so written; or NULL */
	/* Messages and calls, whose ids are made of what they say (sms_xml.h): what the app cannot tell
	 * apart says the same. */
	bool seconds;       /* it keeps the seconds of a date, no more */
	bool conversations; /* it keeps with whom an MMS was exchanged, not in which part */
	bool only_missed;   /* a call that was rejected, blocked or recorded was missed */
	struct key_rules keys;
};

/** Does it make ids by content coarser: are those of records to be made anew for this app? */
bool item_profile_is_coarse(const struct item_profile *profile);

/** Has the app no place for property @name (upper-case)?  @profile may be NULL. */
bool item_profile_drops(const struct item_profile *profile, const char *name);

enum item_version {
	ITEM_VCARD_21,
	ITEM_VCARD_30, /* also cards that name no version */
	ITEM_VCARD_40,
	ITEM_ICALENDAR, /* RFC 5545, and vCalendar 1.0, which says the same in the same way */
	ITEM_BOOKMARK,
	ITEM_RECORD,
	ITEM_NO_VERSION, /* of forms that have none */
};

#define ITEM_VERSIONS (ITEM_NO_VERSION + 1)

enum item_line_end {
	ITEM_CRLF,
	ITEM_LF,
	ITEM_CR,
};

/** "\r\n", "\n" or "\r". */
const char *item_line_end_text(enum item_line_end e);

/* How a line is written into an item. */
struct item_style {
	enum item_version version;
	enum item_line_end line_end;
};

#define ITEM_BYTES_MAX  (64u << 20) /* one item that has fields, photo or picture and all */
#define ITEM_FIELDS_MAX 100000u     /* list elements counted singly */

#define ITEM_NAME_KEYS_MAX 2

struct form;

struct item {
	const struct form *form;            /* what it was parsed by (form.h) */
	struct span bytes;                  /* borrowed: the original */
	const struct item_profile *profile; /* borrowed: what it was parsed with, or NULL */
	enum item_version version;
	enum item_line_end line_end; /* of its first line */
	struct field *fields;        /* in the order of the bytes */
	size_t n_fields;
	struct range *members; /* see struct field */
	size_t n_members;
	size_t insert_at;   /* where added lines go: the offset of END */
	bool closed;        /* it has no place for added lines */
	const char *uid;    /* decoded; NULL if there is none */
	int64_t at_unix_ms; /* when it happened: a message's or call's date; 0: no such thing */
	const char *name;   /* for people: FN, else N, else ORG, EMAIL, TEL; "" if none of them */
	size_t n_guessed;   /* fields with FIELD_GUESSED: worth a warning */
	size_t n_junk;      /* lines that are no property: kept, not understood */
	struct field_key name_keys[ITEM_NAME_KEYS_MAX]; /* of FN; of N put together, where that
							   differs; of ORG where there is neither */
	size_t n_name_keys;
	struct field_key org_key; /* of its first ORG, as a name */
	bool has_org_key;
	struct item_arena *arena;
};

void item_free(struct item *it);
AUTO_PTR(item_free, struct item);

/** Mark the fields that an app of the item's profile has no place for (profile->drops): a backup's
 *  item that such an app is to take.  They are then neither compared nor added nor held. */
void item_mark_dropped(struct item *it);

/** Native ids that the item itself carries: UID, then each X-CLOUDBOX-UID.  The @nth, or NULL. */
const char *item_own_id(const struct item *it, size_t nth);

#define ITEM_CONTENT_ID_BYTES 16

/** The content id of an item without UID: BLAKE2b-128 of (name key, sorted TEL and EMAIL keys), or
 * of its bytes where it has none of these.  Assigned at first sight; box.db keeps it from then on.
 */
int
item_content_id(const struct item *it, uint8_t out[static ITEM_CONTENT_ID_BYTES], struct err *err);

#define UUID8_URN_BYTES 46 /* "urn:uuid:" and 36 characters and NUL */

/** "urn:uuid:…": a UUID version 8 (RFC 9562) of an item id: its bits, version and variant
 *  overwritten. */
void uuid8_urn(char out[static UUID8_URN_BYTES], const uint8_t item_id[static 16]);

/** Is @uid the UUIDv8 of @item_id?  With or without "urn:uuid:", in any case. */
bool uuid8_is(struct span uid, const uint8_t item_id[static 16]);

#endif
