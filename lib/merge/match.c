/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match: see match.h.  What is kept of the live items: match_index.c.
 *
 * Where finding can fail and only yes or no can be answered, it is no, and *wanted.failed says why: the
 * whole find fails then.
 */
#include "merge/match.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "item/form.h"
#include "merge/addition.h"
#include "merge/match_internal.h"

/* A backup's item in the index's terms. */
struct wanted {
	const struct item *it;
	struct key_list keys;
	const struct span *ids;
	size_t n_ids;
	struct sayable *say; /* by version and field */
	struct err *failed;  /* what went wrong where only yes or no could be answered */
};

/* Whether a card of a version can say a field: asked once. */
struct sayable {
	enum { SAY_UNKNOWN, SAY_YES, SAY_NO } in[ITEM_VERSIONS];
};

static void
wanted_clear(struct wanted *w)
{
	key_list_clear(&w->keys);
	free(w->say);
}
AUTO_OBJ(wanted_clear, struct wanted);

static int
wanted_init(struct wanted *w, struct match_index *ix, const struct item *it, struct err *err)
{
	w->it = it;
	if (key_list_init(&w->keys, it, err) < 0)
		return -1;
	w->say = calloc(it->n_fields + 1, sizeof *w->say);
	if (!w->say)
		return err_nomem(err);
	ix->steps += it->n_fields;
	return 0;
}

/* The live item @at with its keys, until the next one is asked for. */
static bool
get_seen(struct seen *v, struct match_index *ix, size_t at, const struct wanted *w)
{
	return match_index_see(v, ix, at, w->failed) == 0;
}

static bool
has_key(struct match_index *ix, const struct seen *v, const struct field_key *k)
{
	ix->steps++;
	return v->n_keys && bsearch(k, v->keys, v->n_keys, sizeof *k, key_order);
}

static size_t
count_shared(struct match_index *ix, const struct seen *v, const struct wanted *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->keys.n; i++)
		n += has_key(ix, v, &w->keys.k[i]);
	return n;
}

static bool
has_all(struct match_index *ix, const struct seen *v, const struct wanted *w)
{
	for (size_t i = 0; i < w->keys.n; i++)
		if (!has_key(ix, v, &w->keys.k[i]))
			return false;
	return true;
}

static bool
shares_name(const struct seen *v, const struct item *it)
{
	for (size_t i = 0; i < v->n_names; i++)
		for (size_t j = 0; j < it->n_name_keys; j++)
			if (field_key_equal(&v->names[i], &it->name_keys[j]))
				return true;
	return false;
}

/* The first of the item's numbers and addresses that @v has, too; NULL: none. */
static const struct field *
shared_field(struct match_index *ix, const struct seen *v, const struct item *it)
{
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		if ((f->flags & FIELD_IGNORED) || !(f->flags & FIELD_MATCH))
			continue;
		if (has_key(ix, v, &f->key))
			return f;
	}
	return NULL;
}

/* Walk a list, at most MATCH_LOOK_MAX postings of it. */
struct walk {
	struct match_index *ix;
	const struct wanted *w;
	struct postings_walk in;
	unsigned left;
	bool ended;
};

static struct walk
walk_of(struct match_index *ix, const struct field_key *k, const struct wanted *w)
{
	struct walk walk = { .ix = ix, .w = w, .left = MATCH_LOOK_MAX };

	walk.ended = postings_walk_init(&walk.in, ix->postings, k, w->failed) < 0;
	return walk;
}

/* The next posting's live item, or MATCH_NONE if that is out of date or not to be matched.  False: no
 * more, or enough seen. */
static bool
walk_next(struct walk *k, size_t *at)
{
	uint64_t value;

	if (k->left == 0)
		return false;
	if (k->ended || postings_walk_next(&value, &k->in, k->w->failed) <= 0) {
		k->ended = true;
		return false;
	}
	k->left--;
	k->ix->steps++;
	*at = match_index_live(k->ix, value);
	return true;
}

/* Is there more than was looked at? */
static bool
walk_was_cut(struct walk *k)
{
	uint64_t value;

	return !k->ended && postings_walk_next(&value, &k->in, k->w->failed) > 0;
}

/* Among candidates that fit equally: one nobody has claimed, then the first. */
static bool
is_better(const struct match_index *ix, size_t a, size_t than)
{
	if (than == MATCH_NONE)
		return true;
	bool free_a = !ix->live[a].claimed, free_b = !ix->live[than].claimed;

	return free_a != free_b ? free_a : a < than;
}

/* What a card of @v's version cannot say is held at each merge anew, and never lacking. */
static bool
can_say(const struct seen *v, const struct wanted *w, size_t field)
{
	struct sayable *s = &w->say[field];

	if (s->in[v->live->version] == SAY_UNKNOWN) {
		int rc = addition_try(w->it, &w->it->fields[field], v->live->version, w->failed);
		s->in[v->live->version] = rc > 0 ? SAY_NO : SAY_YES;
	}
	return s->in[v->live->version] == SAY_YES;
}

/* Would merging add nothing (but perhaps hold something)? */
static bool
lacks_nothing(struct match_index *ix, const struct seen *v, const struct wanted *w)
{
	const struct item *it = w->it;

	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		if (f->flags & FIELD_IGNORED)
			continue;
		struct field_key taken = match_taken_key(f);
		if (!has_key(ix, v, &f->key) &&
		    !((f->flags & FIELD_SINGLE) && has_key(ix, v, &taken)) && can_say(v, w, i))
			return false;
	}
	return true;
}

/* Rule 1: under one of the ids; contradicted ones count apart.  Of several: one that lacks nothing, else
 * the first. */
static size_t
find_by_id(struct match_index *ix, const struct wanted *w, bool judge, size_t *contradicted)
{
	size_t first = MATCH_NONE, at;

	for (size_t i = 0; i < w->n_ids; i++) {
		struct field_key k = match_id_key(w->ids[i]);
		struct walk walk = walk_of(ix, &k, w);

		while (walk_next(&walk, &at)) {
			struct seen v;

			if (at != MATCH_NONE && !judge)
				return at;
			if (at == MATCH_NONE || !get_seen(&v, ix, at, w))
				continue;
			bool other_name =
				v.n_names && w->it->n_name_keys && !shares_name(&v, w->it);
			if (other_name && !shared_field(ix, &v, w->it)) {
				++*contradicted;
				continue;
			}
			if (lacks_nothing(ix, &v, w))
				return at;
			if (first == MATCH_NONE)
				first = at;
		}
	}
	return first;
}

/* Rule 1 for items that carry their uid (FORM_BY_UID): of those of the same uid one that has all of it,
 * then, with @any, the first that is nobody's counterpart.  Where items are
 * counted (form.counted), each is one's counterpart only. */
static size_t
find_by_uid(struct match_index *ix, const struct wanted *w, bool any)
{
	size_t best = MATCH_NONE, first = MATCH_NONE, at;

	for (size_t i = 0; i <= w->n_ids; i++) { /* ids tell which of several it was */
		struct field_key k = match_id_key(i < w->n_ids ? w->ids[i] : span_str(w->it->uid));
		struct walk walk = walk_of(ix, &k, w);

		while (walk_next(&walk, &at)) {
			struct seen v;

			if (at == MATCH_NONE || !get_seen(&v, ix, at, w))
				continue;
			if (w->it->form->counted && ix->live[at].claimed)
				continue;
			if (is_better(ix, at, best) && has_all(ix, &v, w))
				best = at;
			if (first == MATCH_NONE && !ix->live[at].claimed)
				first = at;
		}
	}
	return best != MATCH_NONE ? best : any ? first : MATCH_NONE;
}

/* Rule 0 for an item that says nothing: whatever is here has all of it. */
static size_t
find_anything(struct match_index *ix)
{
	for (size_t at = 0; at < ix->n_live; at++) {
		ix->steps++;
		if (ix->live[at].generation && !ix->live[at].created)
			return at;
	}
	return MATCH_NONE;
}

static size_t
find_in_list(struct match_index *ix, const struct field_key *k, const struct wanted *w)
{
	struct walk walk = walk_of(ix, k, w);
	size_t best = MATCH_NONE, at;
	struct seen v;

	while (walk_next(&walk, &at))
		if (at != MATCH_NONE && is_better(ix, at, best) && get_seen(&v, ix, at, w) &&
		    has_all(ix, &v, w))
			best = at;
	return best;
}

/* Of the item's keys the one that fewest have had; NULL: one that nobody had. */
static const struct field_key *
rarest_key(struct match_index *ix, const struct wanted *w)
{
	const struct field_key *best = NULL;
	size_t n_best = 0;

	for (size_t i = 0; i < w->keys.n; i++) {
		size_t n;

		if (postings_count(&n, ix->postings, &w->keys.k[i], w->failed) < 0 || n == 0)
			return NULL;
		if (!best || n < n_best) {
			best = &w->keys.k[i];
			n_best = n;
		}
	}
	return best;
}

/* Rule 0. */
static size_t
find_identical(struct match_index *ix, const struct wanted *w)
{
	size_t none, at = find_by_id(ix, w, false, &none);
	const struct field_key *rarest;
	struct seen v;

	if (at != MATCH_NONE && get_seen(&v, ix, at, w) && has_all(ix, &v, w))
		return at;
	if (w->keys.n == 0)
		return find_anything(ix);
	struct field_key whole = match_whole_key(&w->keys);
	at = find_in_list(ix, &whole, w);
	if (at != MATCH_NONE)
		return at;
	rarest = rarest_key(ix, w);
	return rarest ? find_in_list(ix, rarest, w) : MATCH_NONE;
}

/* ---- rule 2 ---- */

struct best {
	size_t at, n_shared, n_alike;
	bool settled;              /* it has all of the item that can be added */
	size_t n_named, n_claimed; /* of that name; of them fitting, but another's */
	bool cut;                  /* too many to look at */
};

/*
 * The one sharing most wins.  One that has everything that could be added settles the matter, claimed
 * or not: this item was merged into it before, and nothing will be written.
 */
static void
consider(struct match_index *ix, size_t at, const struct wanted *w, struct best *b)
{
	struct seen v;

	if (at == MATCH_NONE || at == b->at || !get_seen(&v, ix, at, w))
		return;
	bool named = shares_name(&v, w->it);
	b->n_named += named;
	if (b->settled || !shared_field(ix, &v, w->it))
		return;
	b->settled = lacks_nothing(ix, &v, w);
	if (!b->settled && (v.live->claimed || !named)) {
		b->n_claimed += named;
		return;
	}
	size_t n = count_shared(ix, &v, w);
	if (n > b->n_shared || b->settled) {
		b->at = at;
		b->n_shared = n;
		b->n_alike = 0;
	}
	b->n_alike += n == b->n_shared;
}

static void
consider_list(struct match_index *ix, const struct field_key *k, const struct wanted *w,
	      struct best *b)
{
	struct walk walk = walk_of(ix, k, w);
	size_t at;

	while (walk_next(&walk, &at))
		consider(ix, at, w, b);
	b->cut |= walk_was_cut(&walk);
}

/*
 * All candidates bear one of the item's names: walk the list of each.  One that bears both is met
 * twice; consider() keeps it from tying with itself.  An item named by its ORG alone may have been
 * merged into one that has since been given a name: then that one lacks nothing.
 */
static void
find_by_name(struct match_index *ix, const struct wanted *w, struct best *b)
{
	*b = (struct best){ .at = MATCH_NONE };
	for (size_t i = 0; i < w->it->n_name_keys; i++) {
		struct field_key k = match_name_key(&w->it->name_keys[i]);
		consider_list(ix, &k, w, b);
	}
	if (w->it->n_name_keys == 1 && w->it->has_org_key &&
	    field_key_equal(&w->it->name_keys[0], &w->it->org_key)) {
		struct field_key k = match_org_key(&w->it->org_key);
		bool cut = b->cut;
		consider_list(ix, &k, w, b);
		b->cut = cut;
	}
}

static void
tell_shared(struct match *out, const struct field *f)
{
	size_t n = strlen(f->value), tail = 0;

	snprintf(out->shared_name, sizeof out->shared_name, "%s", f->name);
	if (strcmp(f->name, "TEL") != 0)
		return;
	for (size_t i = n; i > 0 && tail < 2; i--)
		if (isdigit((unsigned char)f->value[i - 1]))
			out->shared_tail[1 - tail++] = f->value[i - 1];
	if (tail < 2)
		out->shared_tail[0] = '\0';
}

static void
match_by_name(struct match *out, struct match_index *ix, const struct wanted *w)
{
	struct best b;

	find_by_name(ix, w, &b);
	if (b.at != MATCH_NONE && b.n_alike == 1 && (b.settled || !b.cut)) {
		struct seen v;
		const struct field *f =
			get_seen(&v, ix, b.at, w) ? shared_field(ix, &v, w->it) : NULL;
		if (!f)
			return; /* w->failed */
		out->at = b.at;
		out->rule = MATCH_RULE_NAME;
		out->n_shared = b.n_shared;
		tell_shared(out, f);
		return;
	}
	out->n_alike = b.n_alike;
	if (b.cut || b.n_alike > 1)
		out->why_new = MATCH_NEW_TIE;
	else if (out->why_new == MATCH_NEW_ID_REUSED)
		return;
	else if (b.n_claimed)
		out->why_new = MATCH_NEW_CLAIMED;
	else if (b.n_named)
		out->why_new = MATCH_NEW_NAME_ALONE;
}

int
match_find(struct match *out, struct match_index *ix, const struct item *theirs,
	   const struct span *ids, size_t n_ids, enum match_rule upto, struct err *err)
{
	struct err failed = { 0 };
	AUTO(wanted_clear) struct wanted w = { .ids = ids, .n_ids = n_ids, .failed = &failed };
	bool by_uid = theirs->form->match == FORM_BY_UID && theirs->uid;
	bool by_id = by_uid || theirs->form->match != FORM_BY_FIELDS;
	size_t contradicted = 0;

	*out = (struct match){ .at = MATCH_NONE, .rule = MATCH_RULE_IDENTICAL };
	if (wanted_init(&w, ix, theirs, err) < 0)
		return -1;
	if (!by_id)
		out->at = find_identical(ix, &w);
	if (out->at == MATCH_NONE && failed.code == ERR_NONE) {
		out->rule = MATCH_RULE_ID;
		if (by_uid)
			out->at = find_by_uid(ix, &w, upto > MATCH_RULE_ID);
		else if (by_id || upto >= MATCH_RULE_ID)
			out->at = find_by_id(ix, &w, !by_id, &contradicted);
	}
	if (out->at == MATCH_NONE && failed.code == ERR_NONE) {
		out->rule = MATCH_RULE_NEW;
		out->why_new = contradicted ? MATCH_NEW_ID_REUSED : MATCH_NEW_NOTHING_ALIKE;
		if (!by_id && upto >= MATCH_RULE_NAME)
			match_by_name(out, ix, &w);
	}
	if (failed.code == ERR_NONE)
		return 0;
	if (err)
		*err = failed;
	return -1;
}
