/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_xml_parse: one element into an item.
 *
 * Each attribute of the element becomes a field under the name that Cloudbox has for it, each <part>
 * and each <addr> one more; then the id is made of those that are its identity.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/bytes.h"
#include "item/arena.h"
#include "item/markup.h"
#include "item/sms_xml.h"
#include "item/thread.h"
#include "item/value.h"

#define TEXT_MAX ((size_t)SMS_XML_BYTES_MAX)
#define ID_BYTES 16
#define IN(kind) (1u << SMS_XML_##kind)
#define IN_ALL   (IN(SMS) | IN(MMS) | IN(CALL))

/* What an attribute is: its name for people, how it is compared, what it is for. */
enum compared {
	AS_TEXT,
	AS_NUMBER, /* a phone number, an address, or several joined by '~' */
	AS_DATE,
	AS_DIRECTION,
};

static const struct attribute {
	const char *name;
	const char *field;
	enum compared as;
	unsigned flags;
	unsigned in; /* elements that have it */
} attributes[] = {
	{ "address", "ADDRESS", AS_NUMBER, FIELD_IDENTITY, IN(SMS) | IN(MMS) },
	{ "number", "ADDRESS", AS_NUMBER, FIELD_IDENTITY, IN(CALL) },
	{ "date", "DATE", AS_DATE, FIELD_IDENTITY, IN_ALL },
	{ "type", "DIRECTION", AS_DIRECTION, FIELD_IDENTITY, IN(SMS) | IN(CALL) },
	{ "msg_box", "DIRECTION", AS_DIRECTION, FIELD_IDENTITY, IN(MMS) },
	{ "body", "BODY", AS_TEXT, FIELD_IDENTITY, IN(SMS) },
	{ "duration", "DURATION", AS_TEXT, FIELD_IDENTITY, IN(CALL) },
	{ "m_id", "MESSAGE-ID", AS_TEXT, FIELD_IDENTITY, IN(MMS) },
	{ "tr_id", "TRANSACTION-ID", AS_TEXT, FIELD_IDENTITY, IN(MMS) },
	{ "subject", "SUBJECT", AS_TEXT, FIELD_VOLATILE, IN(SMS) },
	{ "sub", "SUBJECT", AS_TEXT, FIELD_VOLATILE, IN(MMS) },
	{ "contact_name", "CONTACT", AS_TEXT, FIELD_VOLATILE, IN_ALL },
};

struct reading {
	struct item *it;
	size_t cap_fields;
	enum sms_xml_kind kind;
	const char *source;
	unsigned line;
	struct buf text, key, say; /* scratch */
	struct field *open_part;   /* whose end tag has not come yet */
};

static void
reading_clear(struct reading *r)
{
	item_free(r->it);
	buf_clear(&r->text);
	buf_clear(&r->key);
	buf_clear(&r->say);
}
AUTO_OBJ(reading_clear, struct reading);

/* ---- what values mean ---- */

static bool
is_nothing(struct span raw)
{
	return raw.n == 0 || span_equal(raw, span_str("null"));
}

/* A number without region: ids are for ever, and the home region is a setting. */
static int
append_number_key(struct buf *out, struct span address, struct err *err)
{
	return thread_address_key(out, address, NULL, err);
}

/* The keys of all addresses in @text ("+1~+2"), joined by '~'. */
static int
append_numbers(struct buf *out, struct span text, struct err *err)
{
	while (text.n) {
		const uint8_t *tilde = memchr(text.p, '~', text.n);
		size_t n = tilde ? (size_t)(tilde - text.p) : text.n;
		if (append_number_key(out, span_of(text.p, n), err) < 0 ||
		    (tilde && buf_append_byte(out, '~', err) < 0))
			return -1;
		text = span_skip(text, tilde ? n + 1 : n);
	}
	return 0;
}

/* Android's numbers: 1 inbox, 2 sent, 3 draft, 4 outbox, 5 failed, 6 queued (Telephony.TextBasedSmsColumns);
 * a call's: 1 in, 2 out, 3 missed, 4 voicemail, 5 rejected, 6 blocked (CallLog.Calls). */
static const char *
direction_of(const struct reading *r, struct span type)
{
	static const char *const messages[] = { "in", "out", "draft", "out", "out", "out" };
	static const char *const calls[] = { "in",        "out",      "missed",
					     "voicemail", "rejected", "blocked" };

	if (type.n != 1 || type.p[0] < '1' || type.p[0] > '6')
		return NULL;
	if (r->kind != SMS_XML_CALL)
		return messages[type.p[0] - '1'];
	if (type.p[0] > '3' && r->it->profile && r->it->profile->only_missed)
		return calls[2];
	return calls[type.p[0] - '1'];
}

static bool
parse_date(int64_t *out, struct span text)
{
	int64_t v = 0;

	if (text.n == 0 || text.n > 17)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (text.p[i] - '0');
	}
	*out = v;
	return true;
}

/* In milliseconds; an MMS' in seconds: as finely as Android keeps it. */
static int
append_date(struct buf *out, const struct reading *r, struct span text, struct err *err)
{
	int64_t v;

	if (!parse_date(&v, text))
		return key_exact(out, text, err);
	if (r->kind == SMS_XML_MMS && v >= SMS_XML_SECONDS_BELOW)
		v /= 1000;
	else if (r->kind != SMS_XML_MMS && r->it->profile && r->it->profile->seconds)
		v -= v % 1000;
	return buf_append_fmt(out, err, "%" PRId64, v);
}

static int
compare_as(struct reading *r, const struct attribute *a, struct span text, struct err *err)
{
	const char *direction;

	switch (a->as) {
	case AS_NUMBER:
		return append_numbers(&r->key, text, err);
	case AS_DATE:
		return append_date(&r->key, r, text, err);
	case AS_DIRECTION:
		direction = direction_of(r, text);
		return direction ? buf_append_str(&r->key, direction, err)
				 : buf_append(&r->key, text, err);
	case AS_TEXT:
		break;
	}
	return key_exact(&r->key, text, err);
}

/* ---- fields ---- */

static int
add_field(struct reading *r, struct field f, struct span value, struct err *err)
{
	struct item *it = r->it;

	f.types = f.types ? f.types : "";
	f.label = "";
	f.means = f.name;
	f.key = f.stored_key = key_hash(buf_span(&r->key));
	if (arena_string(&it->arena, &f.value, value, err) < 0 ||
	    array_reserve((void **)&it->fields, &r->cap_fields, it->n_fields + 1,
			  sizeof *it->fields, SMS_XML_FIELDS_MAX, err) < 0)
		return -1;
	it->fields[it->n_fields++] = f;
	return 0;
}

static const struct attribute *
attribute_of(struct span name, enum sms_xml_kind kind)
{
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
		if ((attributes[i].in & 1u << kind) &&
		    span_equal(name, span_str(attributes[i].name)))
			return &attributes[i];
	return NULL;
}

/* An attribute that we have no name for: its own in capitals, kept, not compared. */
static int
own_name(struct reading *r, const char **name, struct span raw, struct err *err)
{
	buf_reset(&r->say);
	for (size_t i = 0; i < raw.n; i++) {
		uint8_t c = raw.p[i];
		if (buf_append_byte(&r->say, c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c, err) < 0)
			return -1;
	}
	return arena_string(&r->it->arena, name, buf_span(&r->say), err);
}

static int
read_attribute(struct reading *r, const struct markup *tag, const struct markup_attribute *attr,
	       struct err *err)
{
	const struct attribute *a = attribute_of(attr->name, r->kind);
	struct field f = { .name = a ? a->field : NULL,
			   .flags = a ? a->flags : FIELD_VOLATILE,
			   .own = tag->range,
			   .line = r->line + tag->line - 1 };

	buf_reset(&r->key);
	buf_reset(&r->text);
	if (!a && own_name(r, &f.name, attr->name, err) < 0)
		return -1;
	bool says_null = !a || strcmp(a->field, "BODY") != 0; /* a body may well be the word null */
	if (attr->value.n == 0 || (says_null && is_nothing(attr->value))) {
		f.flags |= FIELD_EMPTY;
		return add_field(r, f, span_str(""), err);
	}
	if (markup_decode(&r->text, attr->value, err) < 0 ||
	    (a && compare_as(r, a, buf_span(&r->text), err) < 0))
		return -1;
	return add_field(r, f, buf_span(&r->text), err);
}

/* Base64 as it is compared: without what may stand between its characters, and without padding. */
static int
append_base64_key(struct buf *out, struct span raw, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(TEXT_MAX);

	if (memchr(raw.p, '&', raw.n)) { /* line ends as references */
		if (markup_decode(&text, raw, err) < 0)
			return -1;
		raw = buf_span(&text);
	}
	for (size_t at = 0; at < raw.n;) {
		size_t from = at;

		while (at < raw.n && raw.p[at] > ' ' && raw.p[at] != '=')
			at++;
		if (buf_append(out, span_of(raw.p + from, at - from), err) < 0)
			return -1;
		while (at < raw.n && (raw.p[at] <= ' ' || raw.p[at] == '='))
			at++;
	}
	return 0;
}

/* r->text: what it says for people; r->key: type, whether it is data or text, content. */
static int
read_content(struct reading *r, const struct markup *tag, struct field *f, struct span type,
	     struct err *err)
{
	struct span data, text;
	bool has_data = markup_get(&data, tag, "data") && !is_nothing(data);

	if (buf_append_fmt(&r->key, err, "PART:%.*s:", SPAN_ARGS(type)) < 0)
		return -1;
	if (has_data) {
		size_t head = r->key.n;
		f->flags |= FIELD_BINARY;
		if (buf_append_byte(&r->key, 'd', err) < 0 ||
		    append_base64_key(&r->key, data, err) < 0)
			return -1;
		return buf_append_fmt(&r->text, err, "%.*s, %zu bytes", SPAN_ARGS(type),
				      (r->key.n - head - 1) * 3 / 4);
	}
	if (!markup_get(&text, tag, "text") || is_nothing(text)) {
		f->flags |= FIELD_EMPTY;
		return 0;
	}
	if (markup_decode(&r->text, text, err) < 0 || buf_append_byte(&r->key, 't', err) < 0)
		return -1;
	return key_exact(&r->key, buf_span(&r->text), err);
}

static int
read_part(struct reading *r, const struct markup *tag, struct err *err)
{
	struct field f = { .name = "PART", .own = tag->range, .line = r->line + tag->line - 1 };
	struct span type;

	if (!markup_get(&type, tag, "ct") || is_nothing(type))
		type = span_str("application/octet-stream");
	buf_reset(&r->text);
	buf_reset(&r->key);
	if (read_content(r, tag, &f, type, err) < 0 ||
	    arena_string(&r->it->arena, &f.types, type, err) < 0)
		return -1;
	if (span_equal(type, span_str("application/smil")))
		f.flags |= FIELD_VOLATILE; /* how the parts are laid out on a screen */
	if (add_field(r, f, buf_span(&r->text), err) < 0)
		return -1;
	r->open_part = tag->kind == MARKUP_OPEN ? &r->it->fields[r->it->n_fields - 1] : NULL;
	return 0;
}

/* PduHeaders of Android: 129 bcc, 130 cc, 137 from, 151 to. */
static const char *
address_role(struct span type)
{
	if (span_equal(type, span_str("137")))
		return SMS_XML_SENDER;
	if (span_equal(type, span_str("130")))
		return "cc";
	return span_equal(type, span_str("129")) ? "bcc" : "to";
}

static int
read_address(struct reading *r, const struct markup *tag, struct err *err)
{
	struct field f = { .name = "ADDRESS",
			   .flags = FIELD_IDENTITY,
			   .own = tag->range,
			   .line = r->line + tag->line - 1 };
	struct span raw, type;

	if (markup_get(&type, tag, "type"))
		f.types = address_role(type);
	/* Android puts this in the place of the phone's own number. */
	if (!markup_get(&raw, tag, "address") || is_nothing(raw) ||
	    span_equal(raw, span_str("insert-address-token")))
		return 0;
	buf_reset(&r->text);
	buf_reset(&r->key);
	if (markup_decode(&r->text, raw, err) < 0 ||
	    append_number_key(&r->key, buf_span(&r->text), err) < 0)
		return -1;
	return add_field(r, f, buf_span(&r->text), err);
}

static int
read_tag(struct reading *r, const struct markup *tag, bool first, struct err *err)
{
	struct span rest = tag->attributes;
	struct markup_attribute attr;

	if (tag->kind == MARKUP_CLOSE) {
		if (markup_is(tag, "part") && r->open_part)
			r->open_part->own.end = tag->range.end;
		if (markup_is(tag, "parts") && r->kind == SMS_XML_MMS) {
			r->it->insert_at = tag->range.start;
			r->it->closed = false;
		}
		r->open_part = NULL;
		return 0;
	}
	if (r->open_part) /* what a part holds is its own */
		return 0;
	if (markup_is(tag, "part"))
		return read_part(r, tag, err);
	if (markup_is(tag, "addr"))
		return read_address(r, tag, err);
	while (first && markup_attribute(&rest, &attr))
		if (read_attribute(r, tag, &attr, err) < 0)
			return -1;
	return 0;
}

/* ---- the id ---- */

static const struct field *
field_named(const struct item *it, const char *name)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_EMPTY) && strcmp(it->fields[i].name, name) == 0)
			return &it->fields[i];
	return NULL;
}

static void
hash_key_of(crypto_generichash_state *h, const struct item *it, const char *name)
{
	const struct field *f = name ? field_named(it, name) : NULL;
	static const struct field_key none;

	crypto_generichash_update(h, f ? f->key.b : none.b, FIELD_KEY_BYTES);
}

static int
key_order(const void *a, const void *b)
{
	return memcmp(a, b, FIELD_KEY_BYTES);
}

/* The keys, sorted, each once. */
static void
hash_set(crypto_generichash_state *h, struct field_key *keys, size_t n)
{
	qsort(keys, n, sizeof *keys, key_order);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !field_key_equal(&keys[i - 1], &keys[i]))
			crypto_generichash_update(h, keys[i].b, FIELD_KEY_BYTES);
}

/* Of all fields of that name. */
static int
hash_all(crypto_generichash_state *h, const struct item *it, const char *name, struct err *err)
{
	AUTO(free) struct field_key *keys = calloc(it->n_fields + 1, sizeof *keys);
	size_t n = 0;

	if (!keys)
		return err_nomem(err);
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & (FIELD_EMPTY | FIELD_VOLATILE)) &&
		    strcmp(it->fields[i].name, name) == 0)
			keys[n++] = it->fields[i].key;
	hash_set(h, keys, n);
	return 0;
}

/* The element's own `address`: it stands before all <addr>. */
static const struct field *
own_address(const struct item *it)
{
	const struct field *f = field_named(it, "ADDRESS");

	return f && f->own.start == it->fields[0].own.start ? f : NULL;
}

/* Of each number with whom it was exchanged. */
static int
hash_conversation(crypto_generichash_state *h, struct reading *r, struct err *err)
{
	const struct field *own = own_address(r->it);
	AUTO(free) struct field_key *keys = NULL;
	struct span left;
	size_t n = 1;

	if (!own)
		return hash_all(h, r->it, "ADDRESS", err);
	for (const char *p = own->value; *p; p++)
		n += *p == '~';
	keys = calloc(n, sizeof *keys);
	if (!keys)
		return err_nomem(err);
	left = span_str(own->value);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *tilde = left.n ? memchr(left.p, '~', left.n) : NULL;
		size_t len = tilde ? (size_t)(tilde - left.p) : left.n;

		buf_reset(&r->key);
		if (append_number_key(&r->key, span_of(left.p, len), err) < 0)
			return -1;
		keys[i] = key_hash(buf_span(&r->key));
		left = span_skip(left, tilde ? len + 1 : len);
	}
	hash_set(h, keys, n);
	return 0;
}

static int
hash_mms(crypto_generichash_state *h, struct reading *r, struct err *err)
{
	const struct item *it = r->it;
	const char *id = field_named(it, "MESSAGE-ID") ? "MESSAGE-ID" : "TRANSACTION-ID";

	hash_key_of(h, it, "DATE");
	hash_key_of(h, it, "DIRECTION");
	if (field_named(it, id)) {
		hash_key_of(h, it, id);
		return 0;
	}
	if ((it->profile && it->profile->conversations ? hash_conversation(h, r, err)
						       : hash_all(h, it, "ADDRESS", err)) < 0)
		return -1;
	hash_key_of(h, it, NULL); /* none: what follows is no address */
	return hash_all(h, it, "PART", err);
}

static int
make_id(struct reading *r, struct err *err)
{
	static const char *const prefixes[] = { "sms", "mms", "call" };
	static const char *const parts[][5] = {
		[SMS_XML_SMS] = { "ADDRESS", "DIRECTION", "DATE", "BODY" },
		[SMS_XML_CALL] = { "ADDRESS", "DIRECTION", "DATE", "DURATION" },
	};
	crypto_generichash_state h;
	uint8_t id[ID_BYTES];
	char text[2 * ID_BYTES + 8];

	crypto_generichash_init(&h, NULL, 0, ID_BYTES);
	if (r->kind == SMS_XML_MMS && hash_mms(&h, r, err) < 0)
		return -1;
	for (size_t i = 0; r->kind != SMS_XML_MMS && parts[r->kind][i]; i++)
		hash_key_of(&h, r->it, parts[r->kind][i]);
	crypto_generichash_final(&h, id, sizeof id);
	int n = snprintf(text, sizeof text, "%s:", prefixes[r->kind]);
	hex_encode(text + n, SPAN_ARRAY(id));
	return arena_string(&r->it->arena, &r->it->uid, span_str(text), err);
}

/* ---- the name ---- */

/* The first text that says something: a message's body, an MMS' subject or text, a call's person. */
static const char *
name_of(const struct item *it)
{
	static const char *const in_order[] = { "BODY", "SUBJECT", "PART", "CONTACT", "ADDRESS" };

	for (size_t i = 0; i < sizeof in_order / sizeof *in_order; i++)
		for (size_t j = 0; j < it->n_fields; j++) {
			const struct field *f = &it->fields[j];
			bool smil = i == 2 && (f->flags & FIELD_VOLATILE);
			bool nobody = i == 3 && strcmp(f->value, "(Unknown)") == 0;
			if (strcmp(f->name, in_order[i]) == 0 && f->value[0] && !smil && !nobody)
				return f->value;
		}
	return "";
}

static int
read_all(struct reading *r, struct err *err)
{
	struct markup_cursor c = { .source = r->it->bytes, .line = 1 };
	static const char *const names[] = { "sms", "mms", "call" };
	struct markup tag;
	bool first = true;

	for (; markup_next(&c, &tag) == 0; first = false) {
		if (tag.kind == MARKUP_BAD)
			return contentline_syntax(err, c.source, r->source, r->line, tag.fault,
						  tag.expected);
		for (size_t i = 0; first && i < 3; i++)
			if (markup_is(&tag, names[i]))
				r->kind = (enum sms_xml_kind)i;
		if (first && !markup_is(&tag, names[r->kind]))
			break;
		if (read_tag(r, &tag, first, err) < 0)
			return -1;
	}
	if (first)
		return contentline_syntax(err, c.source, r->source, r->line, 0,
					  "<sms>, <mms> or <call>");
	return 0;
}

int
sms_xml_parse(struct item **out, struct span bytes, const char *source, unsigned line,
	      const struct item_profile *profile, unsigned kinds, struct err *err)
{
	AUTO(reading_clear)
	struct reading r = { .it = calloc(1, sizeof *r.it),
			     .source = source,
			     .line = line,
			     .text = BUF_INIT(TEXT_MAX),
			     .key = BUF_INIT(2 * TEXT_MAX),
			     .say = BUF_INIT(TEXT_MAX) };

	if (!r.it)
		return err_nomem(err);
	if (bytes.n > SMS_XML_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%s:%u: an element of more than %u MiB", source,
			       line, SMS_XML_BYTES_MAX >> 20);
	r.it->bytes = bytes;
	r.it->version = ITEM_NO_VERSION;
	r.it->closed = true;
	r.it->profile = profile;
	if (read_all(&r, err) < 0)
		return -1;
	if (!(kinds & 1u << r.kind))
		return err_set(err, ERR_SYNTAX, "%s:%u: an element of another app", source, line);
	r.it->form = r.kind == SMS_XML_CALL ? &form_call : &form_message;
	r.it->name = name_of(r.it);
	if (make_id(&r, err) < 0)
		return -1;
	r.it->at_unix_ms = sms_xml_date_ms(r.it);
	*out = TAKE(r.it);
	return 0;
}
