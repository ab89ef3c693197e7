/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contentline: see contentline.h.
 *
 * Lines are found physical line by physical line; each is looked at a bounded number of times (by
 * its own property, and once by the property before it, which asks whether it goes on there).
 */
#include "item/contentline.h"

#include <stdio.h>
#include <strings.h>

/* One physical line: [start, text_end) is its text, [text_end, end) its line end. */
struct physical {
	size_t start, text_end, end;
};

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct physical
physical_at(struct span s, size_t at)
{
	struct physical p = { at, at, at };

	while (p.text_end < s.n && s.p[p.text_end] != '\n' && s.p[p.text_end] != '\r')
		p.text_end++;
	p.end = p.text_end;
	if (p.end == s.n)
		return p;
	struct span end = span_skip(s, p.end);
	if (end.n >= 2 && memcmp(end.p, "\r\n", 2) == 0)
		p.end += 2;
	else if (end.n >= 3 && memcmp(end.p, "\r\r\n", 3) == 0)
		p.end += 3; /* a text file that went through DOS twice */
	else
		p.end += 1;
	return p;
}

static bool
all_blank(struct span s, struct physical p)
{
	for (size_t i = p.start; i < p.text_end; i++)
		if (!is_blank(s.p[i]))
			return false;
	return true;
}

static bool
is_name_byte(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

/* Where the name from @at ends, its group included. */
static size_t
name_end(struct span s, size_t at, size_t end)
{
	size_t name = at; /* behind the last dot */

	for (; at < end; at++) {
		bool own = s.p[at] == '/' && at - name > 2 && (s.p[name] & 0xdf) == 'X' &&
			   s.p[name + 1] == '-';
		if (!is_name_byte(s.p[at]) && !own)
			break;
		if (s.p[at] == '.')
			name = at + 1;
	}
	return at;
}

static bool
next_is_folded(struct span s, size_t at)
{
	return at < s.n && is_blank(s.p[at]);
}

/* Could a property begin with this physical line?  `NAME:` or `NAME;…:` (the colon may be folded).
 */
static bool
begins_property(struct span s, struct physical p)
{
	size_t at = name_end(s, p.start, p.text_end);

	if (at == p.start || s.p[at - 1] == '.')
		return false;
	if (at == p.text_end)
		return next_is_folded(s, p.end);
	if (s.p[at] == ':')
		return true;
	if (s.p[at] != ';')
		return false;
	return memchr(s.p + at, ':', p.text_end - at) || next_is_folded(s, p.end);
}

/* After a soft break text may look like anything ("http:…"): only what the format knows is taken for
 * a new property, and the end of a component: all their names begin with V. */
static bool
begins_known_property(const struct contentline_cursor *c, struct physical p)
{
	struct span s = c->source;

	if (!begins_property(s, p))
		return false;
	size_t end = name_end(s, p.start, p.text_end), start = end;
	while (start > p.start && s.p[start - 1] != '.')
		start--;
	if (c->knows && c->knows(span_of(s.p + start, end - start)))
		return true;
	struct span text = span_of(s.p + p.start, p.text_end - p.start);
	return text.n >= 5 && strncasecmp((const char *)text.p, "END:V", 5) == 0;
}

/* Unindented base64 has no blanks but at its end: a sentence is none. */
static bool
is_base64_line(struct span s, struct physical p)
{
	while (p.text_end > p.start && is_blank(s.p[p.text_end - 1]))
		p.text_end--;
	for (size_t i = p.start; i < p.text_end; i++) {
		uint8_t c = s.p[i];
		bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			  (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
		if (!ok)
			return false;
	}
	return true;
}

static bool
ends_softly(struct span s, struct physical p)
{
	size_t end = p.text_end;

	while (end > p.start && is_blank(s.p[end - 1]))
		end--;
	return end > p.start && s.p[end - 1] == '=';
}

void
contentline_init(struct contentline_cursor *c, struct span source, const char *name,
		 unsigned first_line)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };

	*c = (struct contentline_cursor){
		.source = source, .name = name, .line = first_line, .head = BUF_INIT(SIZE_MAX / 2)
	};
	if (source.n >= sizeof mark && memcmp(source.p, mark, sizeof mark) == 0)
		c->at = sizeof mark;
}

void
contentline_clear(struct contentline_cursor *c)
{
	buf_clear(&c->head);
}

/* Take physical lines that begin with a blank. */
static void
take_folds(struct contentline_cursor *c, struct physical *last)
{
	while (last->end < c->source.n && next_is_folded(c->source, last->end)) {
		*last = physical_at(c->source, last->end);
		c->line++;
	}
}

/* The colon that ends the head: the first outside quotation marks; if there is none, the first. */
static bool
find_colon(struct span s, size_t from, size_t to, size_t *at)
{
	bool quoted = false;

	for (size_t i = from; i < to; i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == ':' && !quoted) {
			*at = i;
			return true;
		}
	}
	const uint8_t *first = memchr(s.p + from, ':', to - from);
	if (first)
		*at = (size_t)(first - s.p);
	return first != NULL;
}

/* The head as one piece: itself, or unfolded into c->head. */
static int
head_span(struct contentline_cursor *c, size_t from, size_t to, struct span *head, struct err *err)
{
	*head = span_of(c->source.p + from, to - from);
	if (!memchr(head->p, '\n', head->n) && !memchr(head->p, '\r', head->n))
		return 0;
	buf_reset(&c->head);
	if (contentline_unfold(&c->head, *head, CONTENTLINE_PLAIN, false, err) < 0)
		return -1;
	*head = buf_span(&c->head);
	return 0;
}

/* group.name;params.  False if it is none. */
static bool
split_head(struct span head, struct contentline *out)
{
	size_t end = name_end(head, 0, head.n), dot = end;

	while (dot > 0 && head.p[dot - 1] != '.')
		dot--;
	if (end == dot || (end < head.n && head.p[end] != ';'))
		return false;
	out->group = span_of(head.p, dot ? dot - 1 : 0);
	out->name = span_of(head.p + dot, end - dot);
	out->params = span_skip(head, end);
	return true;
}

static bool
word_is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static enum contentline_encoding
encoding_of(struct span params)
{
	struct contentline_param p;

	while (contentline_param_next(&params, &p)) {
		bool named = word_is(p.name, "ENCODING");
		if (!named && p.name.n)
			continue;
		if (word_is(p.value, "QUOTED-PRINTABLE"))
			return CONTENTLINE_QP;
		if (word_is(p.value, "BASE64") || (named && word_is(p.value, "B")))
			return CONTENTLINE_BASE64;
	}
	return CONTENTLINE_PLAIN;
}

/* Does @next still belong to the property whose last physical line is @last? */
static bool
goes_on(const struct contentline_cursor *c, const struct contentline *line, struct physical last,
	struct physical next)
{
	struct span s = c->source;

	if (all_blank(s, next))
		return next.text_end > next.start && line->encoding != CONTENTLINE_BASE64;
	if (line->encoding == CONTENTLINE_QP && ends_softly(s, last))
		return !begins_known_property(c, next);
	if (is_blank(s.p[next.start]))
		return true;
	if (begins_property(s, next))
		return false;
	return line->encoding != CONTENTLINE_BASE64 || is_base64_line(s, next);
}

static void
take_rest(struct contentline_cursor *c, const struct contentline *line, struct physical *last)
{
	bool structure = contentline_is(line, "BEGIN") || contentline_is(line, "END");

	while (!structure && last->end < c->source.n) {
		struct physical next = physical_at(c->source, last->end);
		if (!goes_on(c, line, *last, next))
			break;
		*last = next;
		c->line++;
	}
}

int
contentline_next(struct contentline_cursor *c, struct contentline *out, struct err *err)
{
	if (c->at >= c->source.n)
		return CONTENTLINE_END;
	struct physical last = physical_at(c->source, c->at);
	*out = (struct contentline){ .kind = CONTENTLINE_JUNK, .line = c->line++ };
	out->range.start = c->at;
	if (all_blank(c->source, last)) {
		out->kind = CONTENTLINE_BLANK;
	} else if (begins_property(c->source, last)) {
		size_t colon;
		struct span head;
		take_folds(c, &last);
		if (find_colon(c->source, c->at, last.text_end, &colon)) {
			if (head_span(c, c->at, colon, &head, err) < 0)
				return -1;
			if (split_head(head, out)) {
				out->kind = CONTENTLINE_PROPERTY;
				out->encoding = encoding_of(out->params);
				take_rest(c, out, &last);
				out->value = (struct range){ colon + 1, last.text_end };
			}
		}
	}
	out->range.end = c->at = last.end;
	return 0;
}

bool
contentline_is(const struct contentline *line, const char *name)
{
	return word_is(line->name, name);
}

/* The next @sep outside quotation marks, or the end.  A mark that nothing closes is a character. */
static size_t
find_outside_quotes(struct span s, char sep)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == (uint8_t)sep)
			return i;
		if (s.p[i] != '"')
			continue;
		const uint8_t *close = memchr(s.p + i + 1, '"', s.n - i - 1);
		if (!close) {
			const uint8_t *p = memchr(s.p + i, sep, s.n - i);
			return p ? (size_t)(p - s.p) : s.n;
		}
		i = (size_t)(close - s.p);
	}
	return s.n;
}

bool
contentline_param_next(struct span *params, struct contentline_param *out)
{
	if (params->n && params->p[0] == ';')
		*params = span_skip(*params, 1);
	else if (params->n == 0)
		return false;
	struct span one = span_of(params->p, find_outside_quotes(*params, ';'));
	*params = span_skip(*params, one.n);
	const uint8_t *equals = one.n ? memchr(one.p, '=', one.n) : NULL;
	if (equals) {
		out->name = span_of(one.p, (size_t)(equals - one.p));
		out->value = span_skip(one, out->name.n + 1);
	} else {
		out->name = span_of(one.p, 0);
		out->value = one;
	}
	return true;
}

static bool
is_around_word(uint8_t c)
{
	return is_blank(c) || c == '"';
}

static struct span
strip(struct span s)
{
	while (s.n && is_around_word(s.p[0]))
		s = span_skip(s, 1);
	while (s.n && is_around_word(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
contentline_param_element(struct span *value, struct span *out)
{
	if (!value->p)
		return false;
	const uint8_t *comma = value->n ? memchr(value->p, ',', value->n) : NULL;
	size_t n = comma ? (size_t)(comma - value->p) : value->n;
	*out = strip(span_of(value->p, n));
	*value = n < value->n ? span_skip(*value, n + 1) : span_of(NULL, 0);
	return true;
}

void
contentline_param_whole(struct span value, struct span *out)
{
	*out = strip(value);
}

static int
append_without_blanks(struct buf *out, struct span text, struct err *err)
{
	uint8_t *at;

	if (buf_extend(out, text.n, &at, err) < 0)
		return -1;
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		if (!is_blank(text.p[i]) && text.p[i] != '\r' && text.p[i] != '\n')
			at[n++] = text.p[i];
	out->n -= text.n - n;
	out->p[out->n] = '\0';
	return 0;
}

int
contentline_unfold(struct buf *out, struct span raw, enum contentline_encoding encoding,
		   bool keep_blank, struct err *err)
{
	bool soft = false;

	if (encoding == CONTENTLINE_BASE64)
		return append_without_blanks(out, raw, err);
	for (size_t at = 0; at < raw.n;) {
		struct physical p = physical_at(raw, at);
		struct span text = span_of(raw.p + p.start, p.text_end - p.start);
		if (at > 0 && !soft) {
			if (!text.n || !is_blank(text.p[0])) {
				if (buf_append_byte(out, '\n', err) < 0)
					return -1;
			} else if (!keep_blank) {
				text = span_skip(text, 1);
			}
		}
		soft = encoding == CONTENTLINE_QP && ends_softly(raw, p);
		if (soft) {
			while (text.n && is_blank(text.p[text.n - 1]))
				text.n--;
			text.n--; /* the = itself */
		}
		if (buf_append(out, text, err) < 0)
			return -1;
		at = p.end;
	}
	return 0;
}

static const char *
byte_name(struct span s, size_t at, char room[static 8])
{
	if (at >= s.n)
		return "the end";
	if (s.p[at] == '\r' || s.p[at] == '\n')
		return "a line end";
	if (s.p[at] > ' ' && s.p[at] < 0x7f)
		snprintf(room, 8, "'%c'", s.p[at]);
	else
		snprintf(room, 8, "0x%02x", s.p[at]);
	return room;
}

int
contentline_syntax(struct err *err, struct span source, const char *source_name,
		   unsigned first_line, size_t at, const char *expected)
{
	return contentline_syntax_within(err, source, source_name, first_line, 0, at, expected);
}

int
contentline_syntax_within(struct err *err, struct span source, const char *source_name,
			  unsigned first_line, size_t before, size_t at, const char *expected)
{
	unsigned line = first_line;
	size_t line_start = 0;
	char room[8];

	while (line_start < at) {
		struct physical p = physical_at(source, line_start);
		if (p.end > at || p.end == line_start || p.end == p.text_end)
			break;
		line_start = p.end;
		line++;
	}
	return err_set(err, ERR_SYNTAX, "%s:%u:%zu: expected %s, found %s", source_name, line,
		       at - line_start + 1 + (line_start == 0 ? before : 0), expected,
		       byte_name(source, at, room));
}
