/* SPDX-License-Identifier: Apache-2.0 */
/* where: see where.h.  Reading: a cursor over the text, a function for each rule of the grammar.  What sizes and
 * dates mean: where_value.c. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistr.h>

#include "base/array.h"
#include "base/text.h"
#include "item/where_internal.h"

#define FOUND_BYTES 64

/* Names of terms, the first of each kind first. */
static const struct {
	const char *word;
	enum where_kind kind;
} keys[] = {
	{ "group", WHERE_GROUP },   { "category", WHERE_GROUP },  { "tag", WHERE_GROUP },
	{ "分组", WHERE_GROUP },    { "address", WHERE_ADDRESS }, { "number", WHERE_ADDRESS },
	{ "mail", WHERE_ADDRESS },  { "号码", WHERE_ADDRESS },    { "地址", WHERE_ADDRESS },
	{ "thread", WHERE_THREAD }, { "会话", WHERE_THREAD },     { "folder", WHERE_FOLDER },
	{ "path", WHERE_FOLDER },   { "文件夹", WHERE_FOLDER },   { "type", WHERE_MIME },
	{ "类型", WHERE_MIME },     { "name", WHERE_NAME },       { "名称", WHERE_NAME },
	{ "text", WHERE_TEXT },     { "文字", WHERE_TEXT },       { "size", WHERE_SIZE },
	{ "大小", WHERE_SIZE },     { "date", WHERE_DATE },       { "日期", WHERE_DATE },
};

/* Terms that are said otherwise. */
static const struct {
	const char *word, *then; /* then: a second word, or NULL */
	enum where_kind kind;
	enum where_op op;
} phrases[] = {
	{ "since", NULL, WHERE_DATE, WHERE_GE },    { "before", NULL, WHERE_DATE, WHERE_LT },
	{ "until", NULL, WHERE_DATE, WHERE_LE },    { "after", NULL, WHERE_DATE, WHERE_GT },
	{ "newer", "than", WHERE_AGE, WHERE_LT },   { "older", "than", WHERE_AGE, WHERE_GT },
	{ "larger", "than", WHERE_SIZE, WHERE_GT }, { "smaller", "than", WHERE_SIZE, WHERE_LT },
	{ "contains", NULL, WHERE_TEXT, WHERE_EQ }, { "in", NULL, WHERE_FOLDER, WHERE_EQ },
	{ "with", NULL, WHERE_ADDRESS, WHERE_EQ },  { "自", NULL, WHERE_DATE, WHERE_GE },
	{ "早于", NULL, WHERE_DATE, WHERE_LT },     { "晚于", NULL, WHERE_DATE, WHERE_GT },
	{ "包含", NULL, WHERE_TEXT, WHERE_EQ },
};

/* Longest first. */
static const struct {
	const char *word;
	enum where_op op;
} ops[] = {
	{ "!=", WHERE_NE }, { "<=", WHERE_LE }, { ">=", WHERE_GE },
	{ "=", WHERE_EQ },  { "<", WHERE_LT },  { ">", WHERE_GT },
};

#define N_OF(a) (sizeof(a) / sizeof *(a))

const char *
where_kind_word(enum where_kind kind)
{
	for (size_t i = 0; i < N_OF(keys); i++)
		if (keys[i].kind == kind)
			return keys[i].word;
	return "";
}

const char *
where_op_word(enum where_op op)
{
	for (size_t i = 0; i < N_OF(ops); i++)
		if (ops[i].op == op)
			return ops[i].word;
	return "";
}

struct cursor {
	struct where *w;
	struct span text;
	size_t at;
	unsigned depth;
};

static int
peek(const struct cursor *c)
{
	return c->at < c->text.n ? c->text.p[c->at] : -1;
}

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
skip_blanks(struct cursor *c)
{
	while (is_blank(peek(c)))
		c->at++;
}

/* What stands at @at, up to a blank: for a message. */
static const char *
found(char out[static FOUND_BYTES], const struct cursor *c, size_t at)
{
	size_t end = at;

	if (at >= c->text.n)
		return _("the end");
	while (end < c->text.n && !is_blank(c->text.p[end]) && end - at < FOUND_BYTES - 8)
		end++;
	while (end < c->text.n && (c->text.p[end] & 0xc0) == 0x80)
		end--; /* no half character */
	snprintf(out, FOUND_BYTES, "%.*s", (int)(end - at), (const char *)c->text.p + at);
	return out;
}

/* Columns count characters, from 1. */
static size_t
column(const struct cursor *c, size_t at)
{
	return u8_mbsnlen(c->text.p, at < c->text.n ? at : c->text.n) + 1;
}

/* The one wording of a mistake. */
static int
syntax(const struct cursor *c, size_t at, const char *expected, struct err *err)
{
	char what[FOUND_BYTES];

	return err_set(err, ERR_USAGE, "column %zu: expected %s, found %s", column(c, at), expected,
		       found(what, c, at));
}

static int
node_new(uint16_t *out, struct cursor *c, enum where_kind kind, struct err *err)
{
	struct where *w = c->w;

	if (array_reserve((void **)&w->nodes, &w->cap, w->n + 1, sizeof *w->nodes, WHERE_NODES_MAX,
			  err) < 0)
		return -1;
	w->nodes[w->n] =
		(struct where_node){ .kind = kind, .child = WHERE_NONE, .next = WHERE_NONE };
	*out = (uint16_t)w->n++;
	return 0;
}

/* May a word that names something go on with it? */
static bool
is_word_byte(int c)
{
	return c >= 0 && !is_blank(c) && !strchr("()=!<>\"'", c);
}

static struct span
word_here(const struct cursor *c)
{
	size_t end = c->at;

	while (end < c->text.n && is_word_byte(c->text.p[end]))
		end++;
	return span_of(c->text.p + c->at, end - c->at);
}

static bool
is_word(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

/* Take the word that joins, or not. */
static bool
take_word(struct cursor *c, const char *english, const char *chinese)
{
	struct span s;

	skip_blanks(c);
	s = word_here(c);
	if (!is_word(s, english) && !is_word(s, chinese))
		return false;
	c->at += s.n;
	return true;
}

/* ---- values ---- */

static int
quoted(struct buf *out, struct cursor *c, struct err *err)
{
	size_t open = c->at;
	int quote = c->text.p[c->at++];

	while (peek(c) >= 0 && peek(c) != quote) {
		if (peek(c) == '\\' && c->at + 1 < c->text.n)
			c->at++;
		if (buf_append_byte(out, c->text.p[c->at++], err) < 0)
			return -1;
	}
	if (peek(c) < 0)
		return err_set(err, ERR_USAGE,
			       "column %zu: this quotation mark is not closed by another",
			       column(c, open));
	c->at++;
	return 0;
}

/* A value, as it is meant, appended to @out; *at: where it began. */
static int
value(struct buf *out, size_t *at, struct cursor *c, const char *expected, struct err *err)
{
	size_t before = out->n;

	skip_blanks(c);
	*at = c->at;
	if (peek(c) == '"' || peek(c) == '\'') {
		if (quoted(out, c, err) < 0)
			return -1;
	} else {
		while (peek(c) >= 0 && !is_blank(peek(c)) && peek(c) != '(' && peek(c) != ')')
			if (buf_append_byte(out, c->text.p[c->at++], err) < 0)
				return -1;
	}
	if (out->n > before)
		return 0;
	syntax(c, *at, expected, err);
	return err_hint(err, "a value with blanks or parentheses stands in quotation marks: \"…\"");
}

/* ---- terms ---- */

static const char *
expected_value(enum where_kind kind)
{
	switch (kind) {
	case WHERE_SIZE:
		return _("a size such as 500k, 5M or 2G");
	case WHERE_DATE:
		return _("a date such as 2026, 2026-05 or 2026-05-01");
	case WHERE_AGE:
		return _("an age such as 12h, 30d or 6mo");
	case WHERE_MIME:
		return _("a type such as image/* or text/plain");
	default:
		return _("what it is to be");
	}
}

/* The value of node @number, which has its kind and operator. */
static int
term_value(struct cursor *c, uint16_t number, struct err *err)
{
	struct where *w = c->w;
	struct where_node *n = &w->nodes[number];
	size_t before = w->texts.n, at;

	if (value(&w->texts, &at, c, expected_value(n->kind), err) < 0)
		return -1;
	n->at = (uint16_t)before;
	n->n = (uint16_t)(w->texts.n - before);
	return where_understand(n, where_text(w, n)) ? 0
						     : syntax(c, at, expected_value(n->kind), err);
}

static bool
is_ordered(enum where_kind kind)
{
	return kind == WHERE_SIZE || kind == WHERE_DATE;
}

static int
term_op(enum where_op *out, struct cursor *c, enum where_kind kind, struct err *err)
{
	struct span rest;

	skip_blanks(c);
	rest = span_skip(c->text, c->at);
	for (size_t i = 0; i < N_OF(ops); i++) {
		size_t n = strlen(ops[i].word);

		if (rest.n < n || memcmp(rest.p, ops[i].word, n) != 0)
			continue;
		if (i > 0 && !is_ordered(kind) && ops[i].op != WHERE_EQ)
			break;
		*out = ops[i].op;
		c->at += n;
		return 0;
	}
	return syntax(c, c->at, is_ordered(kind) ? _("=, !=, <, <=, > or >=") : _("= or !="), err);
}

/* 1: what stands here is a phrase, read to its end; 0; -1. */
static int
phrase(uint16_t *out, struct cursor *c, struct span word, struct err *err)
{
	size_t i = 0;

	while (i < N_OF(phrases) && !is_word(word, phrases[i].word))
		i++;
	if (i == N_OF(phrases))
		return 0;
	c->at += word.n;
	if (phrases[i].then && !take_word(c, phrases[i].then, phrases[i].then))
		return syntax(c, c->at, phrases[i].then, err);
	if (node_new(out, c, phrases[i].kind, err) < 0)
		return -1;
	c->w->nodes[*out].op = phrases[i].op;
	return term_value(c, *out, err) < 0 ? -1 : 1;
}

static int
term(uint16_t *out, struct cursor *c, struct err *err)
{
	struct span word = word_here(c);
	enum where_op op = WHERE_EQ;
	size_t i = 0;
	int rc = phrase(out, c, word, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	while (i < N_OF(keys) && !is_word(word, keys[i].word))
		i++;
	if (i == N_OF(keys)) {
		syntax(c, c->at,
		       _("group, address, thread, folder, type, name, text, size, date, since, "
			 "newer "
			 "than, not or ("),
		       err);
		return err_hint(err, "for example: group=Family, text=Oslo, type=image/* and "
				     "date>=2026-05");
	}
	c->at += word.n;
	if (term_op(&op, c, keys[i].kind, err) < 0 || node_new(out, c, keys[i].kind, err) < 0)
		return -1;
	c->w->nodes[*out].op = op;
	return term_value(c, *out, err);
}

/* ---- what joins them ---- */

static int either(uint16_t *out, struct cursor *c, struct err *err);

static int
deeper(struct cursor *c, struct err *err)
{
	if (c->depth++ < WHERE_DEPTH_MAX)
		return 0;
	return err_set(err, ERR_LIMIT,
		       "column %zu: more than %u parentheses and nots within one another",
		       column(c, c->at), WHERE_DEPTH_MAX);
}

static int
parenthesis(uint16_t *out, struct cursor *c, struct err *err)
{
	if (deeper(c, err) < 0)
		return -1;
	c->at++;
	if (either(out, c, err) < 0)
		return -1;
	skip_blanks(c);
	if (peek(c) != ')')
		return syntax(c, c->at, _("and, or, or )"), err);
	c->at++;
	c->depth--;
	return 0;
}

/* "not", which is also "!" before anything but "=". */
static bool
take_not(struct cursor *c)
{
	if (take_word(c, "not", "非"))
		return true;
	if (peek(c) != '!' || (c->at + 1 < c->text.n && c->text.p[c->at + 1] == '='))
		return false;
	c->at++;
	return true;
}

static int
negation(uint16_t *out, struct cursor *c, struct err *err)
{
	uint16_t inner;

	if (!take_not(c))
		return peek(c) == '(' ? parenthesis(out, c, err) : term(out, c, err);
	if (deeper(c, err) < 0 || node_new(out, c, WHERE_NOT, err) < 0 ||
	    negation(&inner, c, err) < 0)
		return -1;
	c->w->nodes[*out].child = inner;
	c->depth--;
	return 0;
}

typedef int part_fn(uint16_t *out, struct cursor *c, struct err *err);

/* Parts that a word joins: one part is itself, several are children of one node. */
static int
joined(uint16_t *out, struct cursor *c, enum where_kind kind, part_fn *part, struct err *err)
{
	const char *english = kind == WHERE_AND ? "and" : "or";
	const char *chinese = kind == WHERE_AND ? "且" : "或";
	uint16_t first, last, one;

	if (part(&first, c, err) < 0)
		return -1;
	*out = last = first;
	while (take_word(c, english, chinese)) {
		if (*out == first) {
			if (node_new(out, c, kind, err) < 0)
				return -1;
			c->w->nodes[*out].child = first;
		}
		if (part(&one, c, err) < 0)
			return -1;
		c->w->nodes[last].next = one;
		last = one;
	}
	return 0;
}

static int
both(uint16_t *out, struct cursor *c, struct err *err)
{
	return joined(out, c, WHERE_AND, negation, err);
}

static int
either(uint16_t *out, struct cursor *c, struct err *err)
{
	return joined(out, c, WHERE_OR, both, err);
}

static int
check_text(struct span text, struct err *err)
{
	if (text.n > WHERE_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "an expression of %zu bytes; at most %u are read",
			       text.n, WHERE_BYTES_MAX);
	if (text.n && u8_check(text.p, text.n))
		return err_set(err, ERR_USAGE, "the expression is not UTF-8");
	for (size_t i = 0; i < text.n; i++)
		if ((text.p[i] < 0x20 && !is_blank(text.p[i])) || text.p[i] == 0x7f)
			return err_set(err, ERR_USAGE, "column %zu: a control character",
				       u8_mbsnlen(text.p, i) + 1);
	return 0;
}

int
where_parse(struct where **out, struct span typed, struct err *err)
{
	AUTO(where_free) struct where *w = NULL;
	struct cursor c = { .text = typed };

	if (check_text(typed, err) < 0)
		return -1;
	w = calloc(1, sizeof *w);
	if (!w)
		return err_nomem(err);
	w->texts = (struct buf)BUF_INIT(WHERE_BYTES_MAX);
	c.w = w;
	if (either(&w->root, &c, err) < 0)
		return -1;
	skip_blanks(&c);
	if (c.at < typed.n) {
		syntax(&c, c.at, _("and, or, or the end"), err);
		return err_hint(err,
				"a value with blanks or parentheses stands in quotation marks: "
				"group=\"Close friends\"");
	}
	*out = TAKE(w);
	return 0;
}

void
where_free(struct where *w)
{
	if (!w)
		return;
	free(w->nodes);
	buf_clear(&w->texts);
	free(w);
}

unsigned
where_needs(const struct where *w)
{
	unsigned needs = 0;

	for (size_t i = 0; i < w->n; i++) {
		switch (w->nodes[i].kind) {
		case WHERE_THREAD:
			needs |= WHERE_PARTIES;
			break;
		case WHERE_ADDRESS:
			needs |= WHERE_PARTIES | WHERE_FIELDS;
			break;
		case WHERE_GROUP:
		case WHERE_FOLDER:
		case WHERE_TEXT:
			needs |= WHERE_FIELDS;
			break;
		case WHERE_DATE:
		case WHERE_AGE:
			needs |= WHERE_WHEN;
			break;
		case WHERE_MIME:
			needs |= WHERE_TYPE;
			break;
		default:
			break;
		}
	}
	return needs;
}
