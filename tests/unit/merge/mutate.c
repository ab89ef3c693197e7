/* SPDX-License-Identifier: Apache-2.0 */
/* mutate: see mutate.h. */
#include "merge/mutate.h"

#include <ctype.h>

#include "item/card_convert.h"
#include "item/card_print.h"
#include "item/card_walk.h"
#include "item/charset.h"

#define LINES_MAX 4000

/* One line of the card, an AGENT's inner lines included. */
struct line {
	struct span bytes;
	struct contentline head; /* of `bytes` */
	bool is_member;
	bool verbatim; /* changed in no way but its place */
};

struct copy {
	const struct item *it;
	struct dice *d;
	struct line line[LINES_MAX];
	size_t n;
	struct buf *out;
};

static void
put(struct buf *out, struct span s)
{
	assert_int_equal(buf_append(out, s, NULL), 0);
}

static void
put_text(struct buf *out, const char *s)
{
	put(out, span_str(s));
}

static void
note(struct mutant *m, const char *what)
{
	size_t n = strlen(m->did);

	snprintf(m->did + n, sizeof m->did - n, "%s%s", n ? ", " : "", what);
}

/* ---- the card's lines ---- */

static void
take_line(struct copy *c, struct range r, bool is_member)
{
	AUTO(contentline_clear) struct contentline_cursor cursor;
	struct line *l = &c->line[c->n];

	if (c->n == LINES_MAX)
		return;
	*l = (struct line){ .bytes = range_span(c->it->bytes, r), .is_member = is_member };
	card_lines_init(&cursor, l->bytes, "", 1);
	assert_int_equal(contentline_next(&cursor, &l->head, NULL), 0);
	/* a head that was folded lies in the cursor; an AGENT has lines of its own */
	bool folded = cursor.head.n > 0;
	l->verbatim =
		folded || l->head.range.end != l->bytes.n || contentline_is(&l->head, "AGENT");
	c->n++;
}

static void
take_lines(struct copy *c)
{
	const struct item *it = c->it;

	for (size_t i = 0; i < it->n_fields; i++)
		if (i == 0 || it->fields[i].own.start != it->fields[i - 1].own.start)
			take_line(c, it->fields[i].own, false);
	for (size_t i = 0; i < it->n_members; i++)
		take_line(c, it->members[i], true);
}

/* Members keep their order: a group's first label is its label. */
static void
shuffle(struct copy *c)
{
	size_t n = 0;

	while (n < c->n && !c->line[n].is_member)
		n++;
	for (size_t i = n; i > 1; i--) {
		size_t j = dice_roll(c->d, (unsigned)i);
		struct line l = c->line[i - 1];
		c->line[i - 1] = c->line[j];
		c->line[j] = l;
	}
}

/* ---- one line ---- */

static void
put_swapped_case(struct buf *out, struct span s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		quoted ^= c == '"';
		if (!quoted && c < 0x80 && isalpha(c))
			c ^= 0x20;
		assert_int_equal(buf_append_byte(out, c, NULL), 0);
	}
}

/* item1 as G1item1: another name for the same group, free of collisions. */
static void
put_group(struct copy *c, const struct line *l, bool renumber)
{
	struct span group = l->head.group;

	(void)c;
	if (group.n == 0)
		return;
	put_text(c->out, renumber ? "G7" : "");
	put(c->out, group);
	put_text(c->out, ".");
}

static void
put_folded(struct copy *c, struct span value)
{
	size_t room = 10 + dice_roll(c->d, 80);

	for (size_t i = 0; i < value.n; i++) {
		if (room-- == 0) {
			put_text(c->out, dice_roll(c->d, 2) ? "\r\n " : "\r\n\t");
			room = dice_roll(c->d, 90);
		}
		assert_int_equal(buf_append_byte(c->out, value.p[i], NULL), 0);
	}
}

/* Every byte that is no letter or digit as =XX, and some that are. */
static void
put_qp(struct copy *c, struct span value)
{
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		uint8_t b = value.p[i];
		bool plain = b < 0x80 && isalnum(b) && dice_roll(c->d, 8);
		assert_int_equal(buf_append_fmt(c->out, NULL, plain ? "%c" : "=%02X", b), 0);
		n += plain ? 1 : 3;
		if (n > 60) {
			put_text(c->out, "=\r\n");
			n = 0;
		}
	}
}

static bool
is_latin1(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 0x80 && s.p[i] != 0xc2 && s.p[i] != 0xc3 && (s.p[i] & 0xc0) != 0x80)
			return false;
	return charset_is_utf8(s);
}

static void
put_latin1(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t b = s.p[i];
		if (b >= 0xc2)
			b = (uint8_t)((b & 3) << 6 | (s.p[++i] & 0x3f));
		assert_int_equal(buf_append_byte(out, b, NULL), 0);
	}
}

/* Its value in 2.1, where lines are not folded: quoted-printable, or ISO-8859-1. */
static void
put_old_value(struct copy *c, const struct line *l, struct span value)
{
	bool has_charset = memmem(l->head.params.p, l->head.params.n, "CHARSET", 7) != NULL;
	unsigned how = dice_roll(c->d, 3);

	if (how == 0 && charset_is_utf8(value) && !has_charset && value.n) {
		put_text(c->out, ";CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:");
		put_qp(c, value);
	} else if (how == 1 && is_latin1(value) && !has_charset) {
		put_text(c->out, ";CHARSET=ISO-8859-1:");
		put_latin1(c->out, value);
	} else {
		put_text(c->out, ":");
		put(c->out, value);
	}
	put_text(c->out, "\r\n");
}

static void
put_line(struct copy *c, const struct line *l, bool renumber)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SIZE_MAX / 4);
	bool old = c->it->version == ITEM_VCARD_21;
	uint8_t last = l->bytes.n ? l->bytes.p[l->bytes.n - 1] : 0;

	assert_int_equal(contentline_unfold(&value, range_span(l->bytes, l->head.value),
					    l->head.encoding, old, NULL),
			 0);
	bool multiline = value.n && memchr(value.p, '\n', value.n);
	bool is_text = l->head.encoding == CONTENTLINE_PLAIN;
	bool untouched =
		l->verbatim || multiline || l->head.encoding == CONTENTLINE_QP || (old && !is_text);
	if (untouched && !(renumber && l->head.group.n)) {
		put(c->out, l->bytes);
		put_text(c->out, last == '\n' || last == '\r' ? "" : "\r\n");
		return;
	}
	put_group(c, l, renumber);
	if (untouched) {
		size_t n = l->head.group.n ? l->head.group.n + 1 : 0;
		put(c->out, span_skip(l->bytes, n));
		put_text(c->out, last == '\n' || last == '\r' ? "" : "\r\n");
		return;
	}
	put(c->out, l->head.name);
	if (dice_roll(c->d, 2))
		put_swapped_case(c->out, l->head.params);
	else
		put(c->out, l->head.params);
	if (old) {
		put_old_value(c, l, buf_span(&value));
		return;
	}
	put_text(c->out, ":");
	put_folded(c, buf_span(&value));
	put_text(c->out, "\r\n");
	if (l->head.encoding == CONTENTLINE_BASE64)
		put_text(c->out, dice_roll(c->d, 2) ? "\r\n" : "");
}

/* ---- all of it ---- */

/* Of one in a group the label would stay, as a field of its own. */
static bool
is_lone_tel(const struct line *l)
{
	return contentline_is(&l->head, "TEL") && l->head.group.n == 0;
}

static void
other_line_ends(struct buf *card)
{
	size_t n = 0;

	for (size_t i = 0; i < card->n; i++)
		if (card->p[i] != '\r')
			card->p[n++] = card->p[i];
	card->n = n;
}

static bool
only_crlf(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n'))
			return false;
	return true;
}

void
mutate(struct mutant *out, const struct item *it, struct dice *d)
{
	static struct copy c; /* too large for the stack */
	bool renumber = dice_roll(d, 2), drop = dice_roll(d, 3) == 0;
	size_t doubled;

	c = (struct copy){ .it = it, .d = d, .out = &out->bytes };
	take_lines(&c);
	if (dice_roll(d, 3)) {
		shuffle(&c);
		note(out, "moved");
	}
	doubled = dice_roll(d, 3) == 0 && c.n ? dice_roll(d, (unsigned)c.n) : LINES_MAX;
	if (renumber)
		note(out, "groups renamed");
	put_text(&out->bytes, "BEGIN:VCARD\r\n");
	for (size_t i = 0; i < c.n; i++) {
		if (drop && !out->dropped && is_lone_tel(&c.line[i])) {
			out->dropped = true;
			note(out, "TEL dropped");
			continue;
		}
		put_line(&c, &c.line[i], renumber);
		if (i == doubled && !c.line[i].is_member) {
			put_line(&c, &c.line[i], renumber);
			note(out, "line doubled");
		}
	}
	out->added = dice_roll(d, 3) == 0;
	if (out->added) {
		put_text(&out->bytes, "EMAIL;TYPE=HOME:added@mutant.example\r\n");
		note(out, "EMAIL added");
	}
	put_text(&out->bytes, "END:VCARD\r\n");
	if (dice_roll(d, 4) == 0 && only_crlf(buf_span(&out->bytes))) {
		other_line_ends(&out->bytes);
		note(out, "LF");
	}
}

void
mutate_version(struct mutant *out, const struct item *it, struct dice *d)
{
	static const char *const bare = "BEGIN:VCARD\r\nVERSION:2.1\r\nEND:VCARD\r\n";
	unsigned version = dice_roll(d, 3);
	struct err err = { 0 };

	if (version) {
		AUTO(card_notes_clear) struct card_notes notes = { 0 };
		assert_int_equal(card_convert(&out->bytes, &notes, it,
					      version == 1 ? ITEM_VCARD_30 : ITEM_VCARD_40, &err),
				 0);
		note(out, version == 1 ? "as 3.0" : "as 4.0");
		return;
	}
	AUTO(item_free) struct item *empty = laws_parse(span_str(bare), it->profile, "bare");
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	assert_int_equal(merge_items(&o, empty, it, NULL, &err), 0);
	put(&out->bytes, buf_span(&o.bytes));
	note(out, "as 2.1");
}
