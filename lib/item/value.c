/* SPDX-License-Identifier: Apache-2.0 */
/* value: see value.h. */
#include "item/value.h"

#include <strings.h>

#include "base/array.h"
#include "base/bytes.h"
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
	v->year_omitted = v->agent = v->guessed = v->at_end = false;
	v->zone = span_of(NULL, 0);
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

/* Whose text has no use for a backslash: programs that write 2.1 mean line ends there, too. */
static bool
is_address(const struct property *p)
{
	return p->name && (strcmp(p->name, "ADR") == 0 || strcmp(p->name, "LABEL") == 0);
}

/* What `\` and @c stand for; 0 if they stand for themselves.  vCard 2.1 knows only `\;`, programs
 * that write it also `\,`; 3.0 and 4.0 do not know `\"`, programs that write them do. */
static uint8_t
escaped(uint8_t c, enum item_version version, const struct property *p)
{
	bool exact = p->kind == PROPERTY_EXACT, line_end = c == 'n' || c == 'N';

	if (version == ITEM_VCARD_21)
		return line_end && is_address(p) ? '\n' : !exact && (c == ';' || c == ',') ? c : 0;
	if (line_end)
		return '\n';
	if (c == '\\')
		return '\\';
	return !exact && c && strchr(";,:\"", c) ? c : 0;
}

/*
 * Split @text at unescaped @separator (0: not at all) and append the parts, unescaped; a value at
 * least has one, empty or not.
 */
static int
append_parts(struct value *v, struct span text, uint8_t separator, enum item_version version,
	     struct err *err)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (separator && c == separator) {
			if (part_ends_here(v, err) < 0)
				return -1;
			continue;
		}
		uint8_t plain = c == '\\' && i + 1 < text.n
					? escaped(text.p[i + 1], version, v->property)
					: 0;
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
		if (word_is(p.name, "TZID"))
			contentline_param_whole(p.value, &v->zone);
		while (contentline_param_element(&list, &element)) {
			if (word_is(p.name, "VALUE") || p.name.n == 0)
				h.link |= word_is(element, "URI") || word_is(element, "URL");
			if (p.name.n == 0 || word_is(p.name, "TYPE"))
				v->agent |= word_is(element, "AGENT");
			if (word_is(p.name, "RELATED"))
				v->at_end |= word_is(element, "END");
			if (word_is(p.name, "X-SERVICE-TYPE"))
				copy_lower(v->protocol, sizeof v->protocol, element);
			if ((p.name.n == 0 || word_is(p.name, "TYPE") ||
			     word_is(p.name, "MEDIATYPE") || word_is(p.name, "FMTTYPE")) &&
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

	value_reset(v, property_in(line->name, version));
	if (v->property->kind == PROPERTY_BINARY)
		return read_binary(v, source, line, version, err);
	read_hints(v, line);
	if (value_text(&text, source, line, version, &v->guessed, err) < 0)
		return -1;
	uint8_t separator = v->property->kind == PROPERTY_PARTS ? ';'
			    : property_is_list(v->property)     ? ','
								: 0;
	return append_parts(v, buf_span(&text), separator, version, err);
}

int
value_read_nested(struct value *v, struct span source, const struct contentline *line,
		  const struct property *property, struct span nested, enum item_version version,
		  struct err *err)
{
	if (nested.n == 0)
		return value_read(v, source, line, version, err);
	value_reset(v, property);
	if (charset_decode(&v->text, nested, span_of(NULL, 0), &v->guessed, err) < 0)
		return -1;
	return part_ends_here(v, err);
}

bool
value_is_blank(struct span s)
{
	for (size_t i = 0; s.p && i < s.n; i++)
		if (!strchr(" \t\r\n", s.p[i]) || s.p[i] == '\0')
			return false;
	return true;
}

bool
value_is_empty(const struct value *v, size_t element)
{
	if (property_is_list(v->property))
		return value_is_blank(value_part(v, element));
	return value_is_blank(buf_span(&v->text));
}
