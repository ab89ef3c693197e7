/* SPDX-License-Identifier: Apache-2.0 */
/* markup: see markup.h. */
#include "item/markup.h"

#include <string.h>
#include <unistr.h>

#include "item/charset.h"

#define TEXT_MAX          ((size_t)64 << 20)
#define REPLACEMENT       0xfffdu
#define REFERENCE_MAX     12 /* bytes of a reference between & and ;: "#x0010FFFF" and some zeros */
#define IS_HIGH(c)        ((c) >= 0xd800 && (c) <= 0xdbff)
#define IS_LOW(c)         ((c) >= 0xdc00 && (c) <= 0xdfff)
#define JOINED(high, low) (0x10000u + (((high)-0xd800u) << 10) + ((low)-0xdc00u))

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == ':' || c == '.' || c >= 0x80;
}

/* ---- tags ---- */

/* Count the lines up to @to and go there. */
static void
move(struct markup_cursor *c, size_t to)
{
	for (size_t i = c->at; i < to; i++)
		c->line += c->source.p[i] == '\n';
	c->at = to;
}

/* What stands between a "<!--", "<?" or "<!" and its end; 0: it has no end. */
static size_t
end_of_aside(struct span source, size_t at)
{
	struct span rest = span_skip(source, at);
	const char *end = ">";

	if (rest.n >= 4 && memcmp(rest.p, "<!--", 4) == 0)
		end = "-->";
	else if (rest.n >= 2 && rest.p[1] == '?')
		end = "?>";
	const uint8_t *p = memmem(rest.p + 2, rest.n - 2, end, strlen(end));
	return p ? (size_t)(p - source.p) + strlen(end) : 0;
}

static int
bad(struct markup *out, size_t at, const char *expected)
{
	out->kind = MARKUP_BAD;
	out->fault = at;
	out->expected = expected;
	return 0;
}

/* The end of the tag that began at out->range.start, whose attributes begin at @at. */
static int
read_end(struct markup_cursor *c, struct markup *out, size_t at)
{
	struct span s = c->source;
	size_t from = at;

	while (at < s.n && s.p[at] != '>' && s.p[at] != '<') {
		if (s.p[at] == '"' || s.p[at] == '\'') {
			const uint8_t *quote = memchr(s.p + at + 1, s.p[at], s.n - at - 1);
			if (!quote)
				return c->more ? MARKUP_CUT
					       : (out->range.end = s.n,
						  bad(out, s.n, "the closing quotation mark"));
			at = (size_t)(quote - s.p);
		}
		at++;
	}
	if (at == s.n && c->more)
		return MARKUP_CUT;
	out->range.end = at;
	if (at == s.n || s.p[at] == '<')
		return bad(out, at, "'>'");
	out->range.end = at + 1;
	if (out->kind == MARKUP_OPEN && at > from && s.p[at - 1] == '/') {
		out->kind = MARKUP_EMPTY;
		at--;
	}
	out->attributes = span_of(s.p + from, at - from);
	return 0;
}

static int
read_tag(struct markup_cursor *c, struct markup *out)
{
	struct span s = c->source;
	size_t at = c->at + 1, name;

	*out = (struct markup){ .kind = MARKUP_OPEN, .line = c->line };
	out->range.start = c->at;
	if (at < s.n && s.p[at] == '/') {
		out->kind = MARKUP_CLOSE;
		at++;
	}
	for (name = at; at < s.n && is_name_byte(s.p[at]); at++)
		;
	if (at == s.n && c->more)
		return MARKUP_CUT;
	out->name = span_of(s.p + name, at - name);
	out->range.end = at;
	return out->name.n ? read_end(c, out, at) : bad(out, at, "a tag's name");
}

int
markup_next(struct markup_cursor *c, struct markup *out)
{
	struct span s = c->source;

	for (;;) {
		const uint8_t *p = c->at < s.n ? memchr(s.p + c->at, '<', s.n - c->at) : NULL;
		if (!p) {
			move(c, s.n);
			return MARKUP_END;
		}
		move(c, (size_t)(p - s.p));
		if (c->at + 4 > s.n && c->more)
			return MARKUP_CUT; /* too short to tell what it is */
		if (c->at + 1 < s.n && (s.p[c->at + 1] == '!' || s.p[c->at + 1] == '?')) {
			size_t end = end_of_aside(s, c->at);
			if (!end && c->more)
				return MARKUP_CUT;
			move(c, end ? end : s.n);
			continue;
		}
		int rc = read_tag(c, out);
		if (rc == 0)
			move(c, out->range.end);
		return rc;
	}
}

bool
markup_is(const struct markup *tag, const char *name)
{
	return tag->name.n == strlen(name) && memcmp(tag->name.p, name, tag->name.n) == 0;
}

/* ---- attributes ---- */

/* The value that begins behind `name=`, at @at; where to go on. */
static size_t
read_value(struct span s, size_t at, struct span *value)
{
	while (at < s.n && is_blank(s.p[at]))
		at++;
	if (at == s.n)
		return at;
	if (s.p[at] == '"' || s.p[at] == '\'') {
		const uint8_t *end = memchr(s.p + at + 1, s.p[at], s.n - at - 1);
		size_t to = end ? (size_t)(end - s.p) : s.n;
		*value = span_of(s.p + at + 1, to - at - 1);
		return end ? to + 1 : to;
	}
	size_t from = at;
	while (at < s.n && !is_blank(s.p[at]))
		at++;
	*value = span_of(s.p + from, at - from);
	return at;
}

bool
markup_attribute(struct span *attributes, struct markup_attribute *out)
{
	struct span s = *attributes;
	size_t at = 0;

	*out = (struct markup_attribute){ .value = { s.p, 0 } };
	if (s.n == 0)
		return false;
	while (at < s.n && !is_name_byte(s.p[at]))
		at++;
	size_t from = at;
	while (at < s.n && is_name_byte(s.p[at]))
		at++;
	out->name = span_of(s.p + from, at - from);
	while (at < s.n && is_blank(s.p[at]))
		at++;
	if (at < s.n && s.p[at] == '=')
		at = read_value(s, at + 1, &out->value);
	*attributes = span_skip(s, at);
	return out->name.n > 0;
}

bool
markup_get(struct span *value, const struct markup *tag, const char *name)
{
	struct span rest = tag->attributes;
	struct markup_attribute a;

	while (markup_attribute(&rest, &a)) {
		if (a.name.n == strlen(name) && memcmp(a.name.p, name, a.name.n) == 0) {
			*value = a.value;
			return true;
		}
	}
	return false;
}

/* ---- characters ---- */

static int
append_character(struct buf *out, uint32_t c, struct err *err)
{
	uint8_t bytes[6];
	int n = c == 0 ? -1 : u8_uctomb(bytes, c, sizeof bytes);

	if (n < 0)
		n = u8_uctomb(bytes, REPLACEMENT, sizeof bytes);
	return buf_append(out, span_of(bytes, (size_t)n), err);
}

static bool
named_reference(struct span name, uint32_t *c)
{
	static const struct {
		const char *name;
		char is;
	} names[] = {
		{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (name.n == strlen(names[i].name) && memcmp(name.p, names[i].name, name.n) == 0) {
			*c = (uint8_t)names[i].is;
			return true;
		}
	return false;
}

static bool
numeric_reference(struct span digits, unsigned base, uint32_t *c)
{
	*c = 0;
	for (size_t i = 0; i < digits.n; i++) {
		uint8_t d = digits.p[i];
		unsigned v = 16;
		if (d >= '0' && d <= '9')
			v = (unsigned)(d - '0');
		else if ((d | 0x20) >= 'a' && (d | 0x20) <= 'f')
			v = (unsigned)((d | 0x20) - 'a') + 10;
		if (v >= base)
			return false;
		*c = *c * base + v;
		if (*c > 0x10ffff)
			*c = 0x110000; /* no character: becomes U+FFFD */
	}
	return digits.n > 0;
}

/* The reference at the start of @s ("&…;").  Its length, or 0: it is none. */
static size_t
read_reference(struct span s, uint32_t *c)
{
	size_t window = s.n < REFERENCE_MAX + 2 ? s.n : REFERENCE_MAX + 2;
	const uint8_t *end = memchr(s.p, ';', window);

	if (!end || s.p[0] != '&')
		return 0;
	struct span name = span_of(s.p + 1, (size_t)(end - s.p) - 1);
	bool known;
	if (name.n > 1 && name.p[0] == '#' && (name.p[1] == 'x' || name.p[1] == 'X'))
		known = numeric_reference(span_skip(name, 2), 16, c);
	else if (name.n > 1 && name.p[0] == '#')
		known = numeric_reference(span_skip(name, 1), 10, c);
	else
		known = named_reference(name, c);
	return known ? name.n + 2 : 0;
}

/* Resolve the references of @text, which is UTF-8. */
static int
resolve(struct buf *out, struct span text, struct err *err)
{
	while (text.n) {
		const uint8_t *amp = memchr(text.p, '&', text.n);
		size_t plain = amp ? (size_t)(amp - text.p) : text.n;
		uint32_t c, low;

		if (buf_append(out, span_of(text.p, plain), err) < 0)
			return -1;
		text = span_skip(text, plain);
		if (!text.n)
			return 0;
		size_t n = read_reference(text, &c);
		if (n == 0) {
			c = '&';
			n = 1;
		} else if (IS_HIGH(c)) {
			size_t m = read_reference(span_skip(text, n), &low);
			if (m && IS_LOW(low)) {
				c = JOINED(c, low);
				n += m;
			}
		}
		if (append_character(out, c, err) < 0)
			return -1;
		text = span_skip(text, n);
	}
	return 0;
}

int
markup_decode(struct buf *out, struct span raw, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(4 * TEXT_MAX);
	bool guessed = false;

	if (!charset_is_utf8(raw)) {
		if (charset_decode(&text, raw, span_of(NULL, 0), &guessed, err) < 0)
			return -1;
		raw = buf_span(&text);
	}
	while (raw.n) { /* from one U+0000 to the next */
		const uint8_t *nul = memchr(raw.p, 0, raw.n);
		size_t n = nul ? (size_t)(nul - raw.p) : raw.n;
		if (resolve(out, span_of(raw.p, n), err) < 0 ||
		    (nul && append_character(out, REPLACEMENT, err) < 0))
			return -1;
		raw = span_skip(raw, nul ? n + 1 : n);
	}
	return 0;
}

int
markup_encode(struct buf *out, struct span text, struct err *err)
{
	size_t from = 0;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c >= ' ' && c != '&' && c != '<' && c != '>' && c != '"')
			continue;
		if (buf_append(out, span_of(text.p + from, i - from), err) < 0 ||
		    buf_append_fmt(out, err, "&#%u;", c) < 0)
			return -1;
		from = i + 1;
	}
	return buf_append(out, span_skip(text, from), err);
}
