/* SPDX-License-Identifier: Apache-2.0 */
/* value: see value.h. */
#include "item/value.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <strings.h>
#include <unictype.h>
#include <unistr.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/text.h"
#include "item/charset.h"

void
value_clear(struct value *v)
{
	buf_clear(&v->text);
	free(v->part_end);
	v->part_end = NULL;
	v->n_parts = v->cap_parts = 0;
}

static void
value_reset(struct value *v, const struct property *property)
{
	v->property = property;
	v->form = VALUE_PARTS;
	buf_reset(&v->text);
	v->n_parts = 0;
	v->media[0] = v->protocol[0] = '\0';
	v->year_omitted = v->guessed = false;
}

struct span
value_part(const struct value *v, size_t i)
{
	size_t start = i ? v->part_end[i - 1] : 0;

	return span_of(v->text.p ? v->text.p + start : NULL, v->part_end[i] - start);
}

static int
part_ends_here(struct value *v, struct err *err)
{
	if (array_reserve((void **)&v->part_end, &v->cap_parts, v->n_parts + 1, sizeof *v->part_end,
			  SIZE_MAX / 16, err) < 0)
		return -1;
	v->part_end[v->n_parts++] = v->text.n;
	return 0;
}

/* ---- base64 ---- */

/* By OpenSSL: libsodium's takes constant time, which costs five times as much and protects nothing
 * here: photos are no keys. */

int
value_base64(struct buf *out, struct span data, struct err *err)
{
	uint8_t *at;

	if (buf_extend(out, (data.n + 2) / 3 * 4 + 1, &at, err) < 0)
		return -1;
	EVP_EncodeBlock(at, data.p, (int)data.n);
	out->n--; /* its NUL, which stays behind the bytes */
	return 0;
}

/* Exactly @n characters, a multiple of 4.  OpenSSL passes by what is no base64 at either end; the
 * length tells. */
static bool
decode_quads(uint8_t *at, const uint8_t *text, size_t n)
{
	return EVP_DecodeBlock(at, text, (int)n) == (int)(n / 4 * 3);
}

/* The last 2 or 3 characters, 1 or 2 bytes; what no byte takes of them must be zero. */
static bool
decode_rest(uint8_t *at, struct span rest)
{
	uint8_t quad[4] = { 'A', 'A', 'A', 'A' }, bytes[3];

	if (rest.n == 0)
		return true;
	memcpy(quad, rest.p, rest.n);
	if (rest.n == 1 || !decode_quads(bytes, quad, sizeof quad) || bytes[2] != 0 ||
	    (rest.n == 2 && bytes[1] != 0))
		return false;
	memcpy(at, bytes, rest.n - 1);
	return true;
}

int
value_base64_decode(struct buf *out, struct span text, struct err *err)
{
	size_t before = out->n;
	uint8_t *at;

	while (text.n && text.p[text.n - 1] == '=')
		text.n--;
	size_t quads = text.n / 4 * 4;
	if (buf_extend(out, quads / 4 * 3 + 3, &at, err) < 0)
		return -1;
	bool ok = text.n == 0 ||
		  (!memchr(text.p, '=', text.n) && (!quads || decode_quads(at, text.p, quads)) &&
		   decode_rest(at + quads / 4 * 3, span_skip(text, quads)));
	out->n = before + (ok ? text.n * 3 / 4 : 0);
	out->p[out->n] = '\0';
	return ok ? 0 : 1;
}

/* ---- quoted-printable, escapes ---- */

static int
append_qp_decoded(struct buf *out, struct span s, struct err *err)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (c == '=' && i + 2 < s.n && hex_decode(&c, 1, span_of(s.p + i + 1, 2)))
			i += 2;
		if (buf_append_byte(out, c, err) < 0)
			return -1;
	}
	return 0;
}

/* What `\` and @c stand for; 0 if they stand for themselves.  vCard 2.1 knows only `\;`, programs
 * that write it also `\,`. */
static uint8_t
escaped(uint8_t c, enum item_version version, bool exact)
{
	if (version == ITEM_VCARD_21)
		return !exact && (c == ';' || c == ',') ? c : 0;
	if (c == 'n' || c == 'N')
		return '\n';
	if (c == '\\')
		return '\\';
	return !exact && (c == ';' || c == ',' || c == ':') ? c : 0;
}

/*
 * Split @text at unescaped @separator (0: not at all) and append the parts, unescaped; a value at
 * least has one, empty or not.
 */
static int
append_parts(struct value *v, struct span text, uint8_t separator, enum item_version version,
	     struct err *err)
{
	bool exact = v->property->kind == PROPERTY_EXACT;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (separator && c == separator) {
			if (part_ends_here(v, err) < 0)
				return -1;
			continue;
		}
		uint8_t plain =
			c == '\\' && i + 1 < text.n ? escaped(text.p[i + 1], version, exact) : 0;
		if (plain) {
			c = plain;
			i++;
		}
		if (buf_append_byte(&v->text, c, err) < 0)
			return -1;
	}
	return part_ends_here(v, err);
}

int
value_text(struct buf *out, struct span source, const struct contentline *line,
	   enum item_version version, bool *guessed, struct err *err)
{
	AUTO(buf_clear) struct buf raw = BUF_INIT(CARD_TEXT_MAX);
	AUTO(buf_clear) struct buf bytes = BUF_INIT(CARD_TEXT_MAX);
	struct span params = line->params, charset = span_of(NULL, 0);
	struct contentline_param p;

	while (contentline_param_next(&params, &p)) {
		struct span list = p.value;
		if (p.name.n == 7 && strncasecmp((const char *)p.name.p, "CHARSET", 7) == 0)
			contentline_param_element(&list, &charset);
	}
	if (contentline_unfold(&raw, range_span(source, line->value), line->encoding,
			       version == ITEM_VCARD_21, err) < 0)
		return -1;
	if (line->encoding != CONTENTLINE_QP)
		return charset_decode(out, buf_span(&raw), charset, guessed, err);
	if (append_qp_decoded(&bytes, buf_span(&raw), err) < 0)
		return -1;
	return charset_decode(out, buf_span(&bytes), charset, guessed, err);
}

/* ---- parameters that say what a value is ---- */

static bool
word_is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static void
copy_lower(char *out, size_t cap, struct span s)
{
	size_t n = s.n < cap - 1 ? s.n : cap - 1;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = s.p[i];
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	out[n] = '\0';
}

/* A media type: "JPEG", "image/jpeg"; not TYPE's other words. */
static bool
is_media(struct span s)
{
	static const char *const other[] = { "HOME",  "WORK", "PREF",   "BASE64",           "B",
					     "URL",   "URI",  "BINARY", "QUOTED-PRINTABLE", "8BIT",
					     "INLINE" };
	if (s.n == 0 || s.n >= sizeof((struct value *)0)->media)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\",;:=", s.p[i]))
			return false;
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		if (word_is(s, other[i]))
			return false;
	return true;
}

struct hints {
	bool link; /* VALUE=uri, VALUE=URL */
};

static struct hints
read_hints(struct value *v, const struct contentline *line)
{
	struct hints h = { false };
	struct span params = line->params, element;
	struct contentline_param p;

	while (contentline_param_next(&params, &p)) {
		struct span list = p.value;
		if (word_is(p.name, "X-APPLE-OMIT-YEAR"))
			v->year_omitted = true;
		while (contentline_param_element(&list, &element)) {
			if (word_is(p.name, "VALUE") || p.name.n == 0)
				h.link |= word_is(element, "URI") || word_is(element, "URL");
			if (word_is(p.name, "X-SERVICE-TYPE"))
				copy_lower(v->protocol, sizeof v->protocol, element);
			if ((p.name.n == 0 || word_is(p.name, "TYPE") ||
			     word_is(p.name, "MEDIATYPE")) &&
			    is_media(element))
				copy_lower(v->media, sizeof v->media, element);
		}
	}
	if (v->property->protocol)
		copy_lower(v->protocol, sizeof v->protocol, span_str(v->property->protocol));
	return h;
}

/* ---- photos and the like ---- */

static bool
looks_like_link(struct span s)
{
	static const char *const schemes[] = { "http:", "https:", "ftp:",     "file:", "cid:",
					       "urn:",  "data:",  "content:", "geo:" };
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t n = strlen(schemes[i]);
		if (s.n >= n && strncasecmp((const char *)s.p, schemes[i], n) == 0)
			return true;
	}
	return false;
}

/* data:image/png;base64,…  (also `base64\,`, as some programs write).  1 if it is not that. */
static int
read_data_uri(struct value *v, struct span uri, struct err *err)
{
	const uint8_t *comma = uri.n > 5 ? memchr(uri.p, ',', uri.n) : NULL;

	if (!comma || strncasecmp((const char *)uri.p, "data:", 5) != 0)
		return 1;
	struct span head = span_of(uri.p + 5, (size_t)(comma - uri.p) - 5);
	while (head.n && head.p[head.n - 1] == '\\')
		head.n--;
	if (head.n < 7 || strncasecmp((const char *)head.p + head.n - 7, ";base64", 7) != 0)
		return 1;
	head.n -= 7;
	while (head.n && head.p[head.n - 1] == '\\') /* `image/png\;base64\,` */
		head.n--;
	buf_reset(&v->text);
	int rc = value_base64_decode(&v->text, span_skip(uri, (size_t)(comma - uri.p) + 1), err);
	if (rc != 0)
		return rc;
	const uint8_t *more = head.n ? memchr(head.p, ';', head.n) : NULL;
	if (more)
		head.n = (size_t)(more - head.p);
	if (is_media(head))
		copy_lower(v->media, sizeof v->media, head);
	v->form = VALUE_DATA;
	return 0;
}

static struct span
without_blanks_around(struct span s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_skip(s, 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static int
read_binary(struct value *v, struct span source, const struct contentline *line,
	    enum item_version version, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(CARD_TEXT_MAX);
	struct hints hints = read_hints(v, line);

	if (value_text(&text, source, line, version, &v->guessed, err) < 0)
		return -1;
	struct span s = without_blanks_around(buf_span(&text));
	int rc = read_data_uri(v, s, err);
	if (rc <= 0)
		return rc;
	if (line->encoding == CONTENTLINE_BASE64 && !hints.link) {
		rc = value_base64_decode(&v->text, s, err);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			v->form = VALUE_DATA;
			return 0;
		}
	}
	if (hints.link || looks_like_link(s))
		v->form = VALUE_LINK;
	if (line->encoding != CONTENTLINE_BASE64)
		return append_parts(v, s, 0, version, err);
	/* damaged base64 stays text: kept, compared as it stands */
	return buf_append(&v->text, s, err) < 0 ? -1 : part_ends_here(v, err);
}

int
value_read(struct value *v, struct span source, const struct contentline *line,
	   enum item_version version, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(CARD_TEXT_MAX);

	value_reset(v, property_of(line->name));
	if (v->property->kind == PROPERTY_BINARY)
		return read_binary(v, source, line, version, err);
	read_hints(v, line);
	if (value_text(&text, source, line, version, &v->guessed, err) < 0)
		return -1;
	uint8_t separator = v->property->kind == PROPERTY_PARTS  ? ';'
			    : v->property->kind == PROPERTY_LIST ? ','
								 : 0;
	return append_parts(v, buf_span(&text), separator, version, err);
}

int
value_read_agent(struct value *v, struct span source, const struct contentline *line,
		 struct span nested, enum item_version version, struct err *err)
{
	if (nested.n == 0)
		return value_read(v, source, line, version, err);
	value_reset(v, property_of(line->name));
	if (charset_decode(&v->text, nested, span_of(NULL, 0), &v->guessed, err) < 0)
		return -1;
	return part_ends_here(v, err);
}

static bool
is_blank_text(struct span s)
{
	for (size_t i = 0; s.p && i < s.n; i++)
		if (!strchr(" \t\r\n", s.p[i]) || s.p[i] == '\0')
			return false;
	return true;
}

bool
value_is_empty(const struct value *v, size_t element)
{
	if (v->property->kind == PROPERTY_LIST)
		return is_blank_text(value_part(v, element));
	return is_blank_text(buf_span(&v->text));
}

/* ---- keys ---- */

static int
parts_key(struct buf *out, const struct value *v, struct err *err)
{
	size_t n = v->n_parts;

	while (n && is_blank_text(value_part(v, n - 1)))
		n--; /* "Example;" is "Example" */
	for (size_t i = 0; i < n; i++)
		if ((i && buf_append_byte(out, 0x1f, err) < 0) ||
		    key_words(out, value_part(v, i), err) < 0)
			return -1;
	return 0;
}

static int
binary_key(struct buf *out, const struct value *v, struct err *err)
{
	uint8_t hash[crypto_generichash_BYTES];

	if (v->form != VALUE_DATA)
		return buf_append_str(out, v->form == VALUE_LINK ? "link:" : "text:", err) < 0
			       ? -1
			       : buf_append(out, value_part(v, 0), err);
	crypto_generichash(hash, sizeof hash, v->text.p, v->text.n, NULL, 0);
	if (buf_append_str(out, "data:", err) < 0)
		return -1;
	return buf_append(out, SPAN_ARRAY(hash), err);
}

static int
append_upper(struct buf *out, struct span s, struct err *err)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (buf_append_byte(out, c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c, err) < 0)
			return -1;
	}
	return 0;
}

int
value_key(struct buf *out, const struct value *v, size_t element, struct span name,
	  struct span label, const struct key_rules *rules, struct err *err)
{
	enum property_kind kind = v->property->kind;

	if (kind == PROPERTY_IMPP)
		name = span_str("IMPP");
	if (append_upper(out, name, err) < 0 || buf_append_byte(out, '\0', err) < 0)
		return -1;
	switch (kind) {
	case PROPERTY_TEL:
		return key_tel(out, value_part(v, 0), rules, err);
	case PROPERTY_EMAIL:
		return key_email(out, value_part(v, 0), err);
	case PROPERTY_URL:
		return key_url(out, value_part(v, 0), err);
	case PROPERTY_IMPP:
		return key_impp(out, value_part(v, 0), v->protocol[0] ? v->protocol : NULL, err);
	case PROPERTY_DATE:
		return key_date(out, value_part(v, 0), v->year_omitted, err);
	case PROPERTY_PARTS:
		return parts_key(out, v, err);
	case PROPERTY_LIST:
		return key_text(out, value_part(v, element), err);
	case PROPERTY_BINARY:
		return binary_key(out, v, err);
	case PROPERTY_TEXT:
	case PROPERTY_AGENT:
		return key_text(out, value_part(v, 0), err);
	case PROPERTY_EXACT:
		break;
	}
	if (buf_append(out, label, err) < 0 || buf_append_byte(out, '\0', err) < 0)
		return -1;
	return key_exact(out, value_part(v, 0), err);
}

/* ---- for people ---- */

static bool
is_east_asian(struct span s)
{
	ucs4_t c;

	if (!s.p || s.n == 0 || u8_mbtouc(&c, s.p, s.n) <= 0)
		return false;
	return (c >= 0x2e80 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7a3) ||
	       (c >= 0x20000 && c <= 0x3ffff);
}

static int
append_joined(struct buf *out, const struct value *v, const size_t *order, size_t n,
	      const char *between, struct err *err)
{
	size_t before = out->n;

	for (size_t i = 0; i < n; i++) {
		size_t at = order ? order[i] : i;
		struct span part = at < v->n_parts ? value_part(v, at) : span_of(NULL, 0);
		if (is_blank_text(part))
			continue;
		if ((out->n > before && buf_append_str(out, between, err) < 0) ||
		    key_words(out, part, err) < 0)
			return -1;
	}
	return 0;
}

/* family; given; more; prefix; suffix */
static int
append_name(struct buf *out, const struct value *v, struct err *err)
{
	static const size_t western[] = { 3, 1, 2, 0, 4 }, eastern[] = { 0, 2, 1 };

	if (v->n_parts && is_east_asian(value_part(v, 0)) &&
	    (v->n_parts < 2 || value_part(v, 1).n == 0 || is_east_asian(value_part(v, 1))))
		return append_joined(out, v, eastern, 3, "", err);
	return append_joined(out, v, western, 5, " ", err);
}

static struct span
without_scheme(struct span s, const char *scheme)
{
	size_t n = strlen(scheme);

	return s.p && s.n >= n && strncasecmp((const char *)s.p, scheme, n) == 0 ? span_skip(s, n)
										 : s;
}

int
value_for_people(struct buf *out, const struct value *v, size_t element, struct err *err)
{
	if (v->form == VALUE_DATA)
		return buf_append_fmt(out, err, _("%s, %zu bytes"),
				      v->media[0] ? v->media : _("data"), v->text.n);
	switch (v->property->kind) {
	case PROPERTY_PARTS:
		if (v->property->name && strcmp(v->property->name, "N") == 0)
			return append_name(out, v, err);
		return append_joined(out, v, NULL, v->n_parts, ", ", err);
	case PROPERTY_LIST:
		return key_text(out, value_part(v, element), err);
	case PROPERTY_TEL:
		return key_text(out, without_scheme(value_part(v, 0), "tel:"), err);
	default:
		return key_text(out, value_part(v, 0), err);
	}
}
