/* SPDX-License-Identifier: Apache-2.0 */
/* change: what is done to an item besides merging: made new, a held value taken, a restore undone. */
#include <stdlib.h>

#include "base/text.h"
#include "merge/addition.h"
#include "merge/edit.h"
#include "merge/merge.h"

/*
 * Which fields' lines go.  A line that holds several elements goes only with all of them, a group's
 * members only with all the lines they describe.
 */
struct removal {
	const struct item *it;
	bool *gone;           /* by field */
	size_t *n_users;      /* by first member: lines that it describes */
	size_t *n_users_gone; /* and those of them that go */
};

static void
removal_clear(struct removal *r)
{
	free(r->gone);
	free(r->n_users);
	free(r->n_users_gone);
}
AUTO_OBJ(removal_clear, struct removal);

static int
removal_init(struct removal *r, const struct item *it, struct err *err)
{
	*r = (struct removal){
		.it = it,
		.gone = calloc(it->n_fields + 1, sizeof *r->gone),
		.n_users = calloc(it->n_members + 1, sizeof *r->n_users),
		.n_users_gone = calloc(it->n_members + 1, sizeof *r->n_users_gone),
	};
	return r->gone && r->n_users && r->n_users_gone ? 0 : err_nomem(err);
}

/* End of the run of fields that stand on the line of field @i. */
static size_t
line_fields_end(const struct item *it, size_t i)
{
	size_t to = i + 1;

	while (to < it->n_fields && it->fields[to].own.start == it->fields[i].own.start)
		to++;
	return to;
}

static void
keep_shared_lines(struct removal *r)
{
	for (size_t from = 0, to; from < r->it->n_fields; from = to) {
		bool all = true;
		to = line_fields_end(r->it, from);
		for (size_t i = from; i < to; i++)
			all &= r->gone[i];
		for (size_t i = from; i < to; i++)
			r->gone[i] = all;
	}
}

static int
add_member_edits(struct removal *r, const struct field *f, struct edits *e, struct err *err)
{
	if (f->n_members == 0 || ++r->n_users_gone[f->first_member] < r->n_users[f->first_member])
		return 0;
	for (size_t i = 0; i < f->n_members; i++)
		if (edits_add(e, r->it->members[f->first_member + i], span_of(NULL, 0), err) < 0)
			return -1;
	return 0;
}

/* Bytes of the line end at @at, 0 where none stands there. */
static size_t
line_end_at(struct span s, size_t at)
{
	size_t to = at;

	while (to < s.n && s.p[to] == '\r')
		to++;
	if (to < s.n && s.p[to] == '\n')
		return to + 1 - at;
	return to > at;
}

static int
is_base64(bool *out, const struct item *it, const struct field *f, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	struct contentline line;

	contentline_init(&c, range_span(it->bytes, f->own), "", 1);
	int rc = contentline_next(&c, &line, err);
	*out = rc == 0 && line.encoding == CONTENTLINE_BASE64;
	return rc < 0 ? -1 : 0;
}

/* 2.1 ends base64 with an empty line: that goes along. */
static int
add_line_edits(const struct item *it, const struct field *f, struct edits *e, struct err *err)
{
	size_t empty = line_end_at(it->bytes, f->own.end);
	bool base64 = false;

	if (edits_add(e, f->own, span_of(NULL, 0), err) < 0)
		return -1;
	if (it->version == ITEM_VCARD_21 && empty && is_base64(&base64, it, f, err) < 0)
		return -1;
	if (!base64)
		return 0;
	return edits_add(e, (struct range){ f->own.end, f->own.end + empty }, span_of(NULL, 0),
			 err);
}

/* As edits: each line that goes, and the members that have nothing left to describe. */
static int
removal_edits(struct removal *r, struct edits *e, struct err *err)
{
	const struct item *it = r->it;

	for (size_t i = 0; i < it->n_fields; i = line_fields_end(it, i))
		if (it->fields[i].n_members)
			r->n_users[it->fields[i].first_member]++;
	for (size_t i = 0; i < it->n_fields; i = line_fields_end(it, i))
		if (r->gone[i] && (add_line_edits(it, &it->fields[i], e, err) < 0 ||
				   add_member_edits(r, &it->fields[i], e, err) < 0))
			return -1;
	return 0;
}

/* ---- a new item ---- */

static bool
comes_along(const struct field *f, const struct merge_choice *choice)
{
	if ((f->flags & FIELD_DROPPED) && !(f->flags & (FIELD_IDENTITY | FIELD_STRUCTURE)))
		return false;
	bool always = (f->flags & (FIELD_IDENTITY | FIELD_VOLATILE | FIELD_STRUCTURE)) ||
		      strcmp(f->name, "N") == 0 || strcmp(f->name, "FN") == 0;

	return always || !choice->wants ||
	       (!(f->flags & FIELD_EMPTY) && choice->wants(choice->ctx, f));
}

/* Of a list it is enough that one element is wanted: the line stays as it is. */
static void
choose(struct removal *r, const struct merge_choice *choice)
{
	for (size_t i = 0; i < r->it->n_fields; i++)
		r->gone[i] = !comes_along(&r->it->fields[i], choice);
	keep_shared_lines(r);
}

static const struct field *
uid_field(const struct item *it)
{
	const struct field *empty = NULL;

	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		if (!(f->flags & FIELD_IDENTITY))
			continue;
		if (!(f->flags & FIELD_EMPTY))
			return f;
		empty = empty ? empty : f;
	}
	return empty;
}

int
merge_new_item(struct buf *out, const struct item *theirs, const struct merge_new *how,
	       struct err *err)
{
	AUTO(removal_clear) struct removal r = { 0 };
	AUTO(edits_clear) struct edits e = EDITS_INIT;
	AUTO(buf_clear) struct buf uid = BUF_INIT(out->max);
	char urn[UUID8_URN_BYTES];

	if (removal_init(&r, theirs, err) < 0)
		return -1;
	choose(&r, &how->choice);
	if (removal_edits(&r, &e, err) < 0)
		return -1;
	if (theirs->form->print_uid && (!theirs->uid || how->uid_taken)) {
		const struct field *old = uid_field(theirs);
		struct range at =
			old ? old->own : (struct range){ theirs->insert_at, theirs->insert_at };
		uuid8_urn(urn, how->item_id);
		if (theirs->form->print_uid(&uid, urn, theirs->uid, item_style(theirs), err) < 0 ||
		    edits_add(&e, at, buf_span(&uid), err) < 0)
			return -1;
	}
	return edits_apply(out, theirs->bytes, &e, err);
}

/* ---- a held value ---- */

int
merge_take(struct buf *out, const struct item *mine, const struct field *old,
	   const struct item *theirs, const struct field *value, struct err *err)
{
	AUTO(removal_clear) struct removal r = { 0 };
	AUTO(edits_clear) struct edits e = EDITS_INIT;
	AUTO(addition_clear) struct addition a;
	struct range at = { mine->insert_at, mine->insert_at };

	addition_init(&a, mine, theirs);
	int rc = addition_put(&a, &value, 1, err);
	if (rc == FORM_UNWRITABLE)
		return err_set(err, ERR_UNSUPPORTED, "%s", _(mine->form->unwritable));
	if (rc < 0 || removal_init(&r, mine, err) < 0)
		return -1;
	if (old) {
		r.gone[old - mine->fields] = true;
		keep_shared_lines(&r);
	}
	if (removal_edits(&r, &e, err) < 0)
		return -1;
	for (size_t i = 0; i < e.n; i++)
		if (old && e.list[i].range.start == old->own.start) {
			e.list[i].with = buf_span(&a.lines);
			return edits_apply(out, mine->bytes, &e, err);
		}
	if (edits_add(&e, at, buf_span(&a.lines), err) < 0)
		return -1;
	return edits_apply(out, mine->bytes, &e, err);
}

/* ---- undo ---- */

/* For each field the one before it with the same key, +1; by key the last one, +1. */
struct last_fields {
	struct key_set keys;
	size_t *last, *before;
};

static void
last_fields_clear(struct last_fields *l)
{
	key_set_clear(&l->keys);
	free(l->last);
	free(l->before);
}
AUTO_OBJ(last_fields_clear, struct last_fields);

static int
last_fields_init(struct last_fields *l, const struct item *it, struct err *err)
{
	*l = (struct last_fields){ .keys = KEY_SET_INIT,
				   .last = calloc(it->n_fields + 1, sizeof *l->last),
				   .before = calloc(it->n_fields + 1, sizeof *l->before) };
	if (!l->last || !l->before)
		return err_nomem(err);
	for (size_t i = 0; i < it->n_fields; i++) {
		size_t at;
		if (it->fields[i].flags & FIELD_IGNORED)
			continue;
		if (key_set_add(&l->keys, &it->fields[i].stored_key, &at, err) < 0)
			return -1;
		l->before[i] = l->last[at];
		l->last[at] = i + 1;
	}
	return 0;
}

/* Do the bytes read as @like does?  0, 1 or -1 (ERR_NOMEM). */
static int
reads_like(struct span bytes, const struct item *like, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	struct err why = { 0 };

	if (like->form->parse(&it, bytes, "", 1, like->profile, &why) < 0)
		return why.code == ERR_NOMEM ? err_nomem(err) : 0;
	if (it->n_fields != like->n_fields || it->n_junk != like->n_junk)
		return 0;
	for (size_t i = 0; i < it->n_fields; i++)
		if (!field_key_equal(&it->fields[i].key, &like->fields[i].key))
			return 0;
	return 1;
}

/* The empty line that ends at @at, or an empty range. */
static struct range
empty_line_before(struct span s, size_t at)
{
	for (size_t from = at; from-- > 0 && (s.p[from] == '\n' || s.p[from] == '\r');)
		if (line_end_at(s, from) == at - from && from > 0 &&
		    (s.p[from - 1] == '\n' || (s.p[from - 1] == '\r' && s.p[from] != '\n')))
			return (struct range){ from, at };
	return (struct range){ at, at };
}

/*
 * A merge puts an empty line before what it adds where that would else be read as a part of what
 * stands before (merge.c, build()).  With everything behind it gone, that line goes, too: it is the
 * merge's own if the card would read otherwise without it.
 */
static int
add_apart_edit(const struct item *mine, struct edits *e, struct err *err)
{
	AUTO(buf_clear) struct buf without = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	struct range first = { mine->insert_at, mine->insert_at }, empty;
	size_t gone = 0;

	for (size_t i = 0; i < e->n; i++) {
		gone += e->list[i].range.end - e->list[i].range.start;
		if (e->list[i].range.start < first.start)
			first = e->list[i].range;
	}
	empty = empty_line_before(mine->bytes, first.start);
	if (gone == 0 || first.start + gone != mine->insert_at || empty.start == empty.end)
		return 0;
	if (buf_append(&without, span_of(mine->bytes.p, empty.start), err) < 0 ||
	    buf_append(&without, span_skip(mine->bytes, empty.end), err) < 0)
		return -1;
	int rc = reads_like(buf_span(&without), mine, err);
	return rc == 0 ? edits_add(e, empty, span_of(NULL, 0), err) : rc < 0 ? -1 : 0;
}

int
merge_remove(struct buf *out, const struct item *mine, const struct field_key *added,
	     size_t n_added, bool *removed, struct err *err)
{
	AUTO(removal_clear) struct removal r = { 0 };
	AUTO(last_fields_clear) struct last_fields l = { 0 };
	AUTO(edits_clear) struct edits e = EDITS_INIT;
	AUTO(free) size_t *field = calloc(n_added + 1, sizeof *field); /* + 1; 0: not found */

	if (!field)
		return err_nomem(err);
	if (removal_init(&r, mine, err) < 0 || last_fields_init(&l, mine, err) < 0)
		return -1;
	for (size_t i = 0; i < n_added; i++) {
		size_t at = key_set_find(&l.keys, &added[i]);
		if (at == KEY_SET_NONE || l.last[at] == 0)
			continue;
		field[i] = l.last[at];
		l.last[at] = l.before[field[i] - 1];
		r.gone[field[i] - 1] = true;
	}
	keep_shared_lines(&r);
	for (size_t i = 0; i < n_added; i++)
		removed[i] = field[i] && r.gone[field[i] - 1];
	if (removal_edits(&r, &e, err) < 0 || add_apart_edit(mine, &e, err) < 0)
		return -1;
	return edits_apply(out, mine->bytes, &e, err);
}
