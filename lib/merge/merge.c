/* SPDX-License-Identifier: Apache-2.0 */
/* merge: see merge.h. */
#include "merge/merge.h"

#include "base/array.h"
#include "merge/addition.h"
#include "merge/agree.h"

#define CHANGES_MAX (2 * (size_t)ITEM_FIELDS_MAX)

void
merge_outcome_clear(struct merge_outcome *o)
{
	buf_clear(&o->bytes);
	free(o->added);
	free(o->held);
	*o = (struct merge_outcome)MERGE_OUTCOME_INIT;
}

/* What stands in A for a property that can hold one value only. */
struct single {
	const char *means;
	const struct field *mine; /* NULL: nothing */
	bool taken;               /* by A, or by what was added */
};

struct merge {
	const struct item *mine, *theirs;
	const struct merge_choice *choice;
	struct merge_outcome *out;
	struct key_set have; /* keys of A, and of what is added */
	struct agree agree;

	struct single *singles; /* asked for so far: as few as there are single-valued properties */
	size_t n_singles, cap_singles;
};

static void
merge_clear(struct merge *m)
{
	key_set_clear(&m->have);
	agree_clear(&m->agree);
	free(m->singles);
}
AUTO_OBJ(merge_clear, struct merge);

static int
add_change(struct merge_change **list, size_t *n, size_t *cap, struct merge_change c,
	   struct err *err)
{
	if (array_reserve((void **)list, cap, *n + 1, sizeof **list, CHANGES_MAX, err) < 0)
		return -1;
	(*list)[(*n)++] = c;
	return 0;
}

static int
hold(struct merge *m, const struct field *theirs, const struct field *mine, enum merge_held why,
     struct err *err)
{
	struct merge_change c = { theirs, mine, why };

	return add_change(&m->out->held, &m->out->n_held, &m->out->cap_held, c, err);
}

static int
single_of(struct merge *m, const char *means, struct single **out, struct err *err)
{
	for (size_t i = 0; i < m->n_singles; i++) {
		*out = &m->singles[i];
		if (strcmp((*out)->means, means) == 0)
			return 0;
	}
	if (array_reserve((void **)&m->singles, &m->cap_singles, m->n_singles + 1,
			  sizeof *m->singles, CHANGES_MAX, err) < 0)
		return -1;
	*out = &m->singles[m->n_singles++];
	(*out)->means = means;
	for (size_t i = 0; i < m->mine->n_fields && !(*out)->mine; i++) {
		const struct field *f = &m->mine->fields[i];
		if ((f->flags & FIELD_SINGLE) && strcmp(f->means, means) == 0)
			(*out)->mine = f;
	}
	(*out)->taken = (*out)->mine != NULL;
	return 0;
}

/* Rules 1 to 4 for one field of A'. */
static int
judge(struct merge *m, const struct field *f, struct err *err)
{
	struct single *s = NULL;
	bool fits;
	size_t at;

	m->out->n_chosen++;
	if (key_set_find(&m->have, &f->key) != KEY_SET_NONE) {
		m->out->n_equal++;
		return 0;
	}
	if ((f->flags & FIELD_SINGLE) && single_of(m, f->means, &s, err) < 0)
		return -1;
	if (s && s->taken)
		return hold(m, f, s->mine, MERGE_HELD_SINGLE, err);
	if (agree_field(&fits, &m->agree, f, err) < 0)
		return -1;
	if (!fits)
		return hold(m, f, NULL, MERGE_HELD_UNFIT, err);
	if (s)
		s->taken = true;
	if (key_set_add(&m->have, &f->key, &at, err) < 0)
		return -1;
	struct merge_change c = { f, NULL, MERGE_HELD_SINGLE };
	return add_change(&m->out->added, &m->out->n_added, &m->out->cap_added, c, err);
}

static bool
is_chosen(const struct merge *m, const struct field *f)
{
	return !m->choice || !m->choice->wants || m->choice->wants(m->choice->ctx, f);
}

static int
judge_all(struct merge *m, struct err *err)
{
	size_t at;

	m->agree = (struct agree){ .mine = m->mine, .theirs = m->theirs, .have = &m->have };
	for (size_t i = 0; i < m->mine->n_fields; i++)
		if (!(m->mine->fields[i].flags & FIELD_IGNORED) &&
		    key_set_add(&m->have, &m->mine->fields[i].key, &at, err) < 0)
			return -1;
	for (size_t i = 0; i < m->theirs->n_fields; i++) {
		const struct field *f = &m->theirs->fields[i];
		if (!(f->flags & FIELD_IGNORED) && is_chosen(m, f) && judge(m, f, err) < 0)
			return -1;
	}
	return 0;
}

/* Write the changes [@from, @to), elements of one line; those that cannot be written are held. */
static int
write_line(struct merge *m, struct addition *a, size_t from, size_t to, size_t *kept,
	   struct err *err)
{
	AUTO(free) const struct field **elements = calloc(to - from, sizeof(struct field *));
	struct merge_outcome *o = m->out;

	if (!elements)
		return err_nomem(err);
	for (size_t i = from; i < to; i++)
		elements[i - from] = o->added[i].theirs;
	int rc = addition_put(a, elements, to - from, err);
	if (rc < 0)
		return -1;
	for (size_t i = from; i < to; i++) {
		if (rc == 0)
			o->added[(*kept)++] = o->added[i];
		else if (hold(m, o->added[i].theirs, NULL, MERGE_HELD_UNWRITABLE, err) < 0)
			return -1;
	}
	return 0;
}

/* Both lists are in A''s order. */
static bool
is_in(const struct merge_change *list, size_t n, const struct field *f)
{
	for (size_t low = 0, high = n; low < high;) {
		size_t mid = low + (high - low) / 2;
		if (list[mid].theirs == f)
			return true;
		if (list[mid].theirs < f)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Fields of A' that seemed equal to one that then could not be written are held with it: those held
 * from @first on. */
static int
hold_doubles(struct merge *m, size_t first, struct err *err)
{
	AUTO(key_set_clear) struct key_set lost = KEY_SET_INIT;
	struct merge_outcome *o = m->out;
	size_t n_held = o->n_held, at;

	for (size_t i = first; i < n_held; i++)
		if (key_set_add(&lost, &o->held[i].theirs->key, &at, err) < 0)
			return -1;
	for (size_t i = 0; i < m->theirs->n_fields; i++) {
		const struct field *f = &m->theirs->fields[i];
		if ((f->flags & FIELD_IGNORED) || key_set_find(&lost, &f->key) == KEY_SET_NONE ||
		    !is_chosen(m, f) || is_in(o->held + first, n_held - first, f))
			continue;
		o->n_equal--;
		if (hold(m, f, NULL, MERGE_HELD_UNWRITABLE, err) < 0)
			return -1;
	}
	return 0;
}

static int
write_added(struct merge *m, struct addition *a, struct err *err)
{
	struct merge_outcome *o = m->out;
	size_t kept = 0, n_held = o->n_held;

	for (size_t from = 0, to; from < o->n_added; from = to) {
		size_t line = o->added[from].theirs->own.start;
		for (to = from + 1; to < o->n_added && o->added[to].theirs->own.start == line;)
			to++;
		if (write_line(m, a, from, to, &kept, err) < 0)
			return -1;
	}
	o->n_added = kept;
	return o->n_held > n_held ? hold_doubles(m, n_held, err) : 0;
}

/* ---- the new A ---- */

/* Does @now hold all of A, what was added at its place, and nothing else? */
static bool
is_whole(const struct merge *m, const struct item *now)
{
	size_t n = m->mine->n_fields, n_added = m->out->n_added, first = 0;

	while (first < n && m->mine->fields[first].own.start < m->mine->insert_at)
		first++;
	if (now->n_fields != n + n_added || now->n_junk != m->mine->n_junk ||
	    now->version != m->mine->version)
		return false;
	for (size_t i = 0; i < now->n_fields; i++) {
		const struct field *was = i < first             ? &m->mine->fields[i]
					  : i < first + n_added ? m->out->added[i - first].theirs
								: &m->mine->fields[i - n_added];
		if (!field_key_equal(&was->key, &now->fields[i].key))
			return false;
	}
	return true;
}

/* A's bytes with @lines before END, @apart from what stands before by an empty line or not.
 * 1: that would change how A reads. */
static int
insert(struct merge *m, struct span lines, bool apart, struct err *err)
{
	AUTO(item_free) struct item *now = NULL;
	struct span mine = m->mine->bytes;
	struct buf *out = &m->out->bytes;
	struct err why = { 0 };

	buf_reset(out);
	if (buf_append(out, span_of(mine.p, m->mine->insert_at), err) < 0 ||
	    (apart && buf_append_str(out, item_line_end_text(m->mine->line_end), err) < 0) ||
	    buf_append(out, lines, err) < 0 ||
	    buf_append(out, span_skip(mine, m->mine->insert_at), err) < 0)
		return -1;
	if (m->mine->form->parse(&now, buf_span(out), "merged item", 1, m->mine->profile, &why) < 0)
		return why.code == ERR_NOMEM ? err_nomem(err) : 1;
	return is_whole(m, now) ? 0 : 1;
}

static int
build(struct merge *m, const struct addition *a, struct err *err)
{
	/* a value that ends with a stray soft break would swallow the next line */
	int rc = insert(m, buf_span(&a->lines), false, err);

	if (rc > 0)
		rc = insert(m, buf_span(&a->lines), true, err);
	if (rc > 0)
		return err_set(err, ERR_LIMIT,
			       "line %u: fields cannot be added to this card without changing "
			       "others",
			       m->mine->n_fields ? m->mine->fields[0].line : 1);
	return rc;
}

int
merge_items(struct merge_outcome *out, const struct item *mine, const struct item *theirs,
	    const struct merge_choice *choice, struct err *err)
{
	AUTO(merge_clear)
	struct merge m = { .mine = mine, .theirs = theirs, .choice = choice, .out = out };
	AUTO(addition_clear) struct addition a;

	addition_init(&a, mine, theirs);
	if (judge_all(&m, err) < 0 || write_added(&m, &a, err) < 0)
		return -1;
	out->result = out->n_added ? MERGE_MERGED : MERGE_IDENTICAL;
	if (out->result == MERGE_IDENTICAL)
		return buf_append(&out->bytes, mine->bytes, err);
	return build(&m, &a, err);
}
