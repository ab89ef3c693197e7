/* SPDX-License-Identifier: Apache-2.0 */
/*
 * where_test: does an expression mean an item?  Texts are compared as names are (key_name()), numbers and
 * addresses by their keys, folders part by part, dates on the wall.
 */
#include <stdlib.h>

#include "item/key_internal.h"
#include "item/thread.h"
#include "item/where_internal.h"

/* What a term's text is compared by. */
struct ready {
	struct buf text;   /* folded; of a folder its parts, a NUL between */
	struct buf number; /* of an address: as a number or a mail address */
	struct thread_wish wish;
	bool is_thread;
};

struct where_test {
	const struct where *w;
	const struct key_rules *rules;
	struct where_clock clock;
	struct ready *ready; /* one for each node */
};

/* The parts of a folder's name, folded, NUL-terminated each.  @escaped: %2F is a '/' within a name. */
static int
fold_parts(struct buf *out, struct span path, bool escaped, struct err *err)
{
	AUTO(buf_clear) struct buf part = BUF_INIT(VALUE_MAX);

	while (path.n) {
		size_t end = 0;

		buf_reset(&part);
		for (; end < path.n && path.p[end] != '/'; end++) {
			bool slash = escaped && path.n - end >= 3 && path.p[end] == '%' &&
				     path.p[end + 1] == '2' && (path.p[end + 2] | 0x20) == 'f';
			bool percent = escaped && path.n - end >= 3 && path.p[end] == '%' &&
				       path.p[end + 1] == '2' && path.p[end + 2] == '5';

			if (buf_append_byte(&part, slash ? '/' : path.p[end], err) < 0)
				return -1;
			end += slash || percent ? 2 : 0;
		}
		if (part.n && (key_name(out, buf_span(&part), err) < 0 ||
			       buf_append_byte(out, '\0', err) < 0))
			return -1;
		path = span_skip(path, end < path.n ? end + 1 : end);
	}
	return 0;
}

static int
ready_node(struct ready *r, const struct where_test *t, const struct where_node *n, struct err *err)
{
	struct span text = where_text(t->w, n);

	r->text = (struct buf)BUF_INIT(VALUE_MAX);
	r->number = (struct buf)BUF_INIT(VALUE_MAX);
	switch (n->kind) {
	case WHERE_FOLDER:
		return fold_parts(&r->text, text, false, err);
	case WHERE_ADDRESS:
		return thread_address_key(&r->number, text, t->rules, err) < 0
			       ? -1
			       : key_name(&r->text, text, err);
	case WHERE_THREAD:
		r->is_thread = true;
		return thread_wish_init(&r->wish, text, t->rules, err);
	case WHERE_MIME:
		return key_append_lower(&r->text, text, err) < 0 ? -1
		       : memchr(text.p, '/', text.n) || memchr(text.p, '*', text.n)
			       ? 0
			       : buf_append_str(&r->text, "/*", err);
	case WHERE_GROUP:
	case WHERE_NAME:
	case WHERE_TEXT:
		return key_name(&r->text, text, err);
	default:
		return 0;
	}
}

int
where_test_new(struct where_test **out, const struct where *w, const struct key_rules *rules,
	       const struct where_clock *clock, struct err *err)
{
	AUTO(where_test_free) struct where_test *t = calloc(1, sizeof *t);

	if (!t)
		return err_nomem(err);
	t->w = w;
	t->rules = rules;
	t->clock = *clock;
	t->ready = calloc(w->n, sizeof *t->ready);
	if (!t->ready)
		return err_nomem(err);
	for (size_t i = 0; i < w->n; i++)
		if (ready_node(&t->ready[i], t, &w->nodes[i], err) < 0)
			return -1;
	*out = TAKE(t);
	return 0;
}

void
where_test_free(struct where_test *t)
{
	for (size_t i = 0; t && t->ready && i < t->w->n; i++) {
		buf_clear(&t->ready[i].text);
		buf_clear(&t->ready[i].number);
		if (t->ready[i].is_thread)
			thread_wish_clear(&t->ready[i].wish);
	}
	if (t)
		free(t->ready);
	free(t);
}

/* `*` is any run of bytes, also none; `?` one character.  Time: a product of the two lengths. */
static bool
fits(struct span pattern, struct span s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, resume = 0;

	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			resume = i;
		} else if (p < pattern.n && pattern.p[p] == '?') {
			p++;
			i++;
			while (i < s.n && (s.p[i] & 0xc0) == 0x80)
				i++;
		} else if (p < pattern.n && pattern.p[p] == s.p[i]) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* One term about one item. */
struct asking {
	const struct where_test *t;
	const struct where_node *node;
	const struct ready *ready;
	const struct where_item *item;
};

/* @s folded fits the term's text, or (@within) holds it.  1, 0, -1. */
static int
text_fits(const struct asking *a, struct span s, bool within, struct err *err)
{
	AUTO(buf_clear) struct buf folded = BUF_INIT(VALUE_MAX);
	const struct buf *want = &a->ready->text;

	if (key_name(&folded, s, err) < 0)
		return -1;
	if (!within)
		return fits(buf_span(want), buf_span(&folded));
	return want->n == 0 || (folded.n && memmem(folded.p, folded.n, want->p, want->n));
}

static bool
is_any(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

typedef int field_fn(const struct asking *a, const struct field *f, struct err *err);

/* 1: @fn says so of one of the fields named.  @names NULL: of all that say something to people. */
static int
any_field(const struct asking *a, const char *const *names, field_fn *fn, struct err *err)
{
	const struct item *it = a->item->fields;
	int rc = 0;

	for (size_t i = 0; it && rc == 0 && i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		bool meant =
			names ? is_any(f->means, names) || is_any(f->name, names)
			      : !(f->flags & (FIELD_BINARY | FIELD_STRUCTURE | FIELD_VOLATILE));

		if (meant && !(f->flags & FIELD_EMPTY))
			rc = fn(a, f, err);
	}
	return rc;
}

static int
field_fits(const struct asking *a, const struct field *f, struct err *err)
{
	return text_fits(a, span_str(f->value), false, err);
}

static int
field_holds(const struct asking *a, const struct field *f, struct err *err)
{
	return text_fits(a, span_str(f->value), true, err);
}

static int
meets_group(const struct asking *a, struct err *err)
{
	static const char *const names[] = { "CATEGORIES", "TAG", NULL };

	return any_field(a, names, field_fits, err);
}

static int
meets_text(const struct asking *a, struct err *err)
{
	int rc = text_fits(a, a->item->name, true, err);

	return rc ? rc : any_field(a, NULL, field_holds, err);
}

/* ---- numbers and addresses ---- */

/* Is @address, as somebody wrote it, the one that is meant? */
static int
address_fits(const struct asking *a, struct span address, struct err *err)
{
	AUTO(buf_clear) struct buf key = BUF_INIT(VALUE_MAX);
	struct span want = buf_span(&a->ready->number);

	if (thread_address_key(&key, address, a->t->rules, err) < 0)
		return -1;
	if (key.n && span_equal(buf_span(&key), want))
		return 1;
	return memchr(buf_str(&a->ready->text), '*', a->ready->text.n) &&
	       fits(buf_span(&a->ready->text), buf_span(&key));
}

/* "xmpp:ada@example.org" is ada@example.org, too. */
static int
field_address(const struct asking *a, const struct field *f, struct err *err)
{
	struct span s = span_str(f->value);
	const uint8_t *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
	int rc = address_fits(a, s, err);

	if (rc || !colon || strcmp(f->means, "TEL") == 0)
		return rc;
	return address_fits(a, span_skip(s, (size_t)(colon - s.p) + 1), err);
}

static int
meets_address(const struct asking *a, struct err *err)
{
	static const char *const names[] = { "TEL",      "EMAIL",     "IMPP",    "ADDRESS",
					     "ATTENDEE", "ORGANIZER", "CONTACT", NULL };
	struct span thread = a->item->thread;
	int rc = 0;

	while (thread.n && rc == 0) {
		size_t end = 0;

		while (end < thread.n && thread.p[end] != '~')
			end++;
		rc = end ? address_fits(a, span_of(thread.p, end), err) : 0;
		thread = span_skip(thread, end < thread.n ? end + 1 : end);
	}
	if (rc == 0 && a->item->party.n)
		rc = text_fits(a, a->item->party, false, err);
	if (rc || a->item->thread.n) /* a message has its own number among its fields */
		return rc;
	return any_field(a, names, field_address, err);
}

/* ---- folders ---- */

/* The part of @list (NUL-terminated ones) at @at, and where the next one begins. */
static struct span
part_at(struct span list, size_t at, size_t *next)
{
	size_t end = at;

	while (end < list.n && list.p[end])
		end++;
	*next = end + 1;
	return span_of(list.p + at, end - at);
}

/* Do all parts of @want stand in @have from @at on? */
static bool
parts_stand(struct span want, struct span have, size_t at)
{
	size_t w = 0, next;

	while (w < want.n) {
		struct span part = part_at(want, w, &w);

		if (at >= have.n || !fits(part, part_at(have, at, &next)))
			return false;
		at = next;
	}
	return true;
}

/* "Camera" is in DCIM/Camera and in DCIM/Camera/2026; "/Camera" only at the top. */
static int
folder_fits(const struct asking *a, struct span folder, bool escaped, struct err *err)
{
	AUTO(buf_clear) struct buf parts = BUF_INIT(VALUE_MAX);
	struct span text = where_text(a->t->w, a->node), want = buf_span(&a->ready->text);
	size_t next;

	if (fold_parts(&parts, folder, escaped, err) < 0)
		return -1;
	if (text.n && text.p[0] == '/')
		return parts_stand(want, buf_span(&parts), 0);
	for (size_t at = 0; at < parts.n; at = next) {
		if (parts_stand(want, buf_span(&parts), at))
			return 1;
		part_at(buf_span(&parts), at, &next);
	}
	return 0;
}

static int
field_folder(const struct asking *a, const struct field *f, struct err *err)
{
	return folder_fits(a, span_str(f->value), true, err);
}

static int
meets_folder(const struct asking *a, struct err *err)
{
	static const char *const names[] = { "FOLDER", NULL };
	struct span path = a->item->path;
	size_t n = path.n;

	if (a->item->fields && a->item->fields->form->kind == FORM_BOOKMARK)
		return any_field(a, names, field_folder, err);
	while (n && path.p[n - 1] != '/')
		n--;
	return folder_fits(a, span_of(path.p, n), false, err);
}

/* ---- dates ---- */

static int64_t
wall_of(const struct asking *a, int64_t at_unix_ms)
{
	int64_t s = at_unix_ms / 1000 - (at_unix_ms % 1000 < 0);

	return s + a->t->clock.east_s(at_unix_ms);
}

static int64_t
wall_of_text(const struct asking *a, const char *text)
{
	struct where_wall w = where_wall_parse(span_str(text));

	return w.utc && w.s != WHERE_WALL_NONE ? wall_of(a, w.s * 1000) : w.s;
}

/* The first field of that name that says a time. */
static int64_t
wall_of_field(const struct asking *a, const char *name)
{
	const struct item *it = a->item->fields;
	int64_t s = WHERE_WALL_NONE;

	for (size_t i = 0; it && s == WHERE_WALL_NONE && i < it->n_fields; i++)
		if (strcmp(it->fields[i].name, name) == 0)
			s = wall_of_text(a, it->fields[i].value);
	return s;
}

/* When the item is: an event's start, when a picture was taken, a bookmark added; else when it was
 * changed, which of messages and calls is when they came or went. */
static int64_t
wall_of_item(const struct asking *a)
{
	static const char *const names[] = { "DTSTART", "DUE", "ADDED", "LAST-MODIFIED", "REV" };
	int64_t s = a->item->taken ? wall_of_text(a, a->item->taken) : WHERE_WALL_NONE;

	for (size_t i = 0; s == WHERE_WALL_NONE && i < sizeof names / sizeof *names; i++)
		s = wall_of_field(a, names[i]);
	if (s == WHERE_WALL_NONE && a->item->modified_unix_ms)
		s = wall_of(a, a->item->modified_unix_ms);
	return s;
}

/* @value, which lasts from @from to before @until. */
static bool
in_order(enum where_op op, int64_t value, int64_t from, int64_t until)
{
	switch (op) {
	case WHERE_LT:
		return value < from;
	case WHERE_LE:
		return value < until;
	case WHERE_GT:
		return value >= until;
	case WHERE_GE:
		return value >= from;
	default:
		return value >= from && value < until;
	}
}

static bool
meets_date(const struct asking *a)
{
	int64_t s = wall_of_item(a), limit;

	if (s == WHERE_WALL_NONE)
		return false;
	if (a->node->kind == WHERE_DATE)
		return in_order(a->node->op, s, a->node->from, a->node->until);
	limit = wall_of(a, a->t->clock.now_unix_ms) - (int64_t)(a->node->number / 1000);
	return a->node->op == WHERE_LT ? s >= limit : s < limit;
}

static bool
meets_size(const struct asking *a)
{
	uint64_t size = a->item->size, n = a->node->number;

	switch (a->node->op) {
	case WHERE_LT:
		return size < n;
	case WHERE_LE:
		return size <= n;
	case WHERE_GT:
		return size > n;
	case WHERE_GE:
		return size >= n;
	default:
		return size == n;
	}
}

static int
meets_term(const struct asking *a, struct err *err)
{
	switch (a->node->kind) {
	case WHERE_GROUP:
		return meets_group(a, err);
	case WHERE_ADDRESS:
		return meets_address(a, err);
	case WHERE_THREAD:
		return thread_wish_fits(&a->ready->wish, a->item->thread, a->item->party, err);
	case WHERE_FOLDER:
		return meets_folder(a, err);
	case WHERE_MIME:
		return a->item->type && text_fits(a, span_str(a->item->type), false, err);
	case WHERE_NAME:
		return text_fits(a, a->item->name, false, err);
	case WHERE_TEXT:
		return meets_text(a, err);
	case WHERE_SIZE:
		return meets_size(a);
	default:
		return meets_date(a);
	}
}

/* As deep as an expression can be: WHERE_DEPTH_MAX. */
static int
meets(const struct where_test *t, uint16_t number, const struct where_item *item, struct err *err)
{
	const struct where_node *n = &t->w->nodes[number];
	int rc = 0;

	if (n->kind == WHERE_NOT) {
		rc = meets(t, n->child, item, err);
		return rc < 0 ? -1 : !rc;
	}
	if (n->kind != WHERE_AND && n->kind != WHERE_OR) {
		struct asking a = { t, n, &t->ready[number], item };

		rc = meets_term(&a, err);
		return rc < 0 ? -1 : (rc != 0) != (n->op == WHERE_NE);
	}
	for (uint16_t at = n->child; at != WHERE_NONE; at = t->w->nodes[at].next) {
		rc = meets(t, at, item, err);
		if (rc < 0 || (rc != 0) == (n->kind == WHERE_OR))
			break;
	}
	return rc;
}

int
where_meets(const struct where_test *t, const struct where_item *item, struct err *err)
{
	return meets(t, t->w->root, item, err);
}
