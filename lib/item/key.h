/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key: one key per field; equal keys mean equal fields.
 *
 * Equality is never judged pairwise: a value is normalised to one text, its hash is the key, so
 * equality is transitive and symmetric.  What is normalised how stands in docs/guide/merging.md.
 * Normalising is for comparing only; stored text is never rewritten.  When unsure, different: that
 * costs a double, never a loss.
 */
#ifndef ITEM_KEY_H
#define ITEM_KEY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define FIELD_KEY_BYTES 16

/* BLAKE2b-128 of the normalised text.  Never sent.  A key made in a home region is for the memory of
 * one run: another region makes another; what is kept is made without one (struct field). */
struct field_key {
	uint8_t b[FIELD_KEY_BYTES];
};

static inline bool
field_key_equal(const struct field_key *a, const struct field_key *b)
{
	return memcmp(a->b, b->b, FIELD_KEY_BYTES) == 0;
}

/**
 * A national number in E.164 ("+14155551212").  Given only where a home region is set.
 * @out     NUL-terminated.
 * @number  digits, already stripped of blanks and separators; without `+`, pause, wait, extension.
 * @return  false: not a valid number there; it stays as it is.
 */
typedef bool key_e164_fn(char out[static 32], struct span number, const char *region);

struct key_rules {
	const char *region; /* "US", "CN": the home region for national numbers; NULL: none */
	key_e164_fn *e164;  /* needed with a region; NULL: national numbers stay as they are */
};

struct field_key key_hash(struct span normalised);

/*
 * The normalised texts, appended to @out.  Values are decoded UTF-8 (escapes resolved).
 * All return 0 or -1 (ERR_NOMEM, ERR_LIMIT).
 */
int key_tel(struct buf *out, struct span value, const struct key_rules *rules, struct err *err);
int key_email(struct buf *out, struct span value, struct err *err);
int key_url(struct buf *out, struct span value, struct err *err);
/** @protocol: "aim", "xmpp"…, or NULL: taken from the value's scheme. */
int key_impp(struct buf *out, struct span value, const char *protocol, struct err *err);
/** BDAY and the like: "1980-01-01", "--01-01"; what is no date stays text. */
int key_date(struct buf *out, struct span value, bool year_omitted, struct err *err);
/**
 * A date or a time of iCalendar (RFC 5545 3.3.4, 3.3.5; 3.3.9: a period, start and end): "20240102",
 * "20240102T030405Z", "20240102T030405@Europe/Berlin", "20240102T030405" (floating).  A local time stays
 * one: what instant it is depends on rules that change.  A duration and all else is text.
 * @zone  its TZID, or empty: "/…/Europe/Berlin" (RFC 5545 3.8.3.1) is Europe/Berlin, UTC is Z.
 */
int key_instant(struct buf *out, struct span value, struct span zone, struct err *err);
/** RRULE: its parts and the days in them sorted, in capitals, without INTERVAL=1 and WKST=MO. */
int key_rule(struct buf *out, struct span value, struct err *err);
/** A TZID as key_instant() compares it; "Z" for UTC. */
int key_tzid(struct buf *out, struct span zone, struct err *err);
/** TZ: "-05:00" for -0500 and -5; a zone's name stays text. */
int key_zone(struct buf *out, struct span value, struct err *err);
/** GEO: "37.386,-122.0829" for geo:37.3860,-122.0829 and 37.386;-122.08290; anything else is text. */
int key_geo(struct buf *out, struct span value, struct err *err);
/** GEO's two numbers as they are written, in whichever version's way.  False: it is something else. */
bool key_geo_parts(struct span value, struct span *latitude, struct span *longitude);
/** NFC, trimmed, line ends as LF. */
int key_text(struct buf *out, struct span value, struct err *err);
/** The value as it is, but line ends as LF. */
int key_exact(struct buf *out, struct span value, struct err *err);
/** key_text() with inner blanks collapsed: a part of an address. */
int key_words(struct buf *out, struct span value, struct err *err);
/** key_words() and case folded: a name, for matching people. */
int key_name(struct buf *out, struct span value, struct err *err);

#endif
