/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match: see match.h.
 *
 *   key_set: key ---> number ---> list of postings (live item, its generation)
 *   live item ---> sorted numbers of its fields' keys
 *
 * Names, native ids, whole field sets and "has a value for BDAY" are keys as well, each with a prefix
 * of its own; the last stands among the live item's numbers, too.  A live item
 * that changes gets a new generation: its old postings are passed over.
 */
#include "merge/match.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/text.h"
#include "merge/addition.h"
#include "merge/key_set.h"

#define COUNT_MAX (UINT32_MAX / 4)

struct posting {
	uint32_t live;
	uint32_t generation;
	uint32_t next; /* + 1; 0: the last */
};

struct posting_list {
	uint32_t first, last; /* + 1; 0: none */
	uint32_t n;
};

struct live {
	uint32_t generation; /* 0: not there */
	uint32_t first, n;   /* its keys' numbers in match_index.numbers */
	bool created, claimed;
	bool has_name, has_org;
	enum item_version version;
	struct field_key names[ITEM_NAME_KEYS_MAX], org;
};

struct match_index {
	struct key_set keys;
	struct posting_list *lists; /* by key number */
	size_t cap_lists;
	struct posting *postings;
	size_t n_postings, cap_postings;
	struct live *live;
	size_t n_live, cap_live;
	uint32_t *numbers;
	size_t n_numbers, cap_numbers;
	unsigned long steps;
};

int
match_index_new(struct match_index **out, struct err *err)
{
	struct match_index *ix = calloc(1, sizeof *ix);

	if (!ix)
		return err_nomem(err);
	*out = ix;
	return 0;
}

void
match_index_free(struct match_index *ix)
{
	if (!ix)
		return;
	key_set_clear(&ix->keys);
	free(ix->lists);
	free(ix->postings);
	free(ix->live);
	free(ix->numbers);
	free(ix);
}

unsigned long
match_steps(const struct match_index *ix)
{
	return ix->steps;
}

void
match_claim(struct match_index *ix, size_t at)
{
	if (at < ix->n_live)
		ix->live[at].claimed = true;
}

/* ---- keys that are no fields ---- */

static struct field_key
prefixed_key(char prefix, struct span s)
{
	struct field_key k;
	crypto_generichash_state hash;

	crypto_generichash_init(&hash, NULL, 0, sizeof k.b);
	crypto_generichash_update(&hash, (const uint8_t *)&prefix, 1);
	crypto_generichash_update(&hash, s.p, s.n);
	crypto_generichash_final(&hash, k.b, sizeof k.b);
	return k;
}

static struct field_key
id_key(struct span id)
{
	return prefixed_key('i', id);
}

static struct field_key
name_key(const struct field_key *k)
{
	return prefixed_key('n', SPAN_ARRAY(k->b));
}

static struct field_key
org_key(const struct field_key *k)
{
	return prefixed_key('o', SPAN_ARRAY(k->b));
}

/* "It has a value where only one is possible": another one would be held, not added. */
static struct field_key
taken_key(const struct field *f)
{
	return prefixed_key('s', span_str(f->name));
}

static int
key_order(const void *a, const void *b)
{
	return memcmp(a, b, FIELD_KEY_BYTES);
}

/* The comparable keys of an item, sorted, each once. */
struct key_list {
	struct field_key *k;
	size_t n;
};

static void
key_list_clear(struct key_list *l)
{
	free(l->k);
}
AUTO_OBJ(key_list_clear, struct key_list);

static int
key_list_init(struct key_list *l, const struct item *it, struct err *err)
{
	size_t n = 0;

	l->k = calloc(it->n_fields + 1, sizeof *l->k);
	if (!l->k)
		return err_nomem(err);
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_IGNORED))
			l->k[n++] = it->fields[i].key;
	qsort(l->k, n, sizeof *l->k, key_order);
	l->n = 0;
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !field_key_equal(&l->k[i], &l->k[i - 1]))
			l->k[l->n++] = l->k[i];
	return 0;
}

static struct field_key
whole_key(const struct key_list *l)
{
	return prefixed_key('w', span_of(l->k, l->n * sizeof *l->k));
}

/* ---- adding ---- */

static int
post(struct match_index *ix, const struct field_key *k, size_t at, uint32_t *number,
     struct err *err)
{
	size_t key;

	if (key_set_add(&ix->keys, k, &key, err) < 0 ||
	    array_reserve((void **)&ix->lists, &ix->cap_lists, key + 1, sizeof *ix->lists,
			  COUNT_MAX, err) < 0 ||
	    array_reserve((void **)&ix->postings, &ix->cap_postings, ix->n_postings + 1,
			  sizeof *ix->postings, COUNT_MAX, err) < 0)
		return -1;
	ix->postings[ix->n_postings++] =
		(struct posting){ (uint32_t)at, ix->live[at].generation, 0 };
	struct posting_list *l = &ix->lists[key];
	if (l->last)
		ix->postings[l->last - 1].next = (uint32_t)ix->n_postings;
	else
		l->first = (uint32_t)ix->n_postings;
	l->last = (uint32_t)ix->n_postings;
	l->n++;
	*number = (uint32_t)key;
	return 0;
}

static int
number_order(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return (a > b) - (a < b);
}

/* Post @k and keep its number with the live item. */
static int
post_number(struct match_index *ix, const struct field_key *k, size_t at, struct err *err)
{
	uint32_t number;

	if (post(ix, k, at, &number, err) < 0 ||
	    array_reserve((void **)&ix->numbers, &ix->cap_numbers, ix->n_numbers + 1,
			  sizeof *ix->numbers, COUNT_MAX, err) < 0)
		return -1;
	ix->numbers[ix->n_numbers++] = number;
	ix->live[at].n++;
	return 0;
}

static int
post_fields(struct match_index *ix, size_t at, const struct item *it, struct err *err)
{
	AUTO(key_list_clear) struct key_list keys = { NULL, 0 };
	struct live *v = &ix->live[at];
	uint32_t number;

	if (key_list_init(&keys, it, err) < 0)
		return -1;
	v->first = (uint32_t)ix->n_numbers;
	v->n = 0;
	for (size_t i = 0; i < keys.n; i++)
		if (post_number(ix, &keys.k[i], at, err) < 0)
			return -1;
	for (size_t i = 0; i < it->n_fields; i++) {
		struct field_key taken = taken_key(&it->fields[i]);
		if ((it->fields[i].flags & FIELD_SINGLE) && post_number(ix, &taken, at, err) < 0)
			return -1;
	}
	if (v->n)
		qsort(ix->numbers + v->first, v->n, sizeof *ix->numbers, number_order);
	struct field_key whole = whole_key(&keys);
	return post(ix, &whole, at, &number, err);
}

static int
post_ids(struct match_index *ix, size_t at, const struct item *it, const struct span *ids,
	 size_t n_ids, struct err *err)
{
	uint32_t number;

	for (size_t i = 0; i < n_ids; i++) {
		struct field_key k = id_key(ids[i]);
		if (post(ix, &k, at, &number, err) < 0)
			return -1;
	}
	const char *own;
	for (size_t i = it->uid ? 1 : 0; (own = item_own_id(it, i)) != NULL; i++) {
		struct field_key k = id_key(span_str(own));
		if (post(ix, &k, at, &number, err) < 0)
			return -1;
	}
	return 0;
}

int
match_add(struct match_index *ix, size_t at, const struct item *it, const struct span *ids,
	  size_t n_ids, enum match_add_flag flag, struct err *err)
{
	uint32_t number;

	if (array_reserve((void **)&ix->live, &ix->cap_live, at + 1, sizeof *ix->live, COUNT_MAX,
			  err) < 0)
		return -1;
	if (at >= ix->n_live)
		ix->n_live = at + 1;
	struct live *v = &ix->live[at];
	v->generation++;
	v->created |= flag == MATCH_CREATED;
	v->version = it->version;
	v->has_name = it->n_name_keys > 0;
	for (size_t i = 0; i < ITEM_NAME_KEYS_MAX; i++) {
		v->names[i] = it->name_keys[i < it->n_name_keys ? i : 0];
		struct field_key k = name_key(&v->names[i]);
		if (i < it->n_name_keys && post(ix, &k, at, &number, err) < 0)
			return -1;
	}
	v->has_org = it->has_org_key;
	v->org = it->org_key;
	struct field_key org = org_key(&v->org);
	if ((v->has_org && post(ix, &org, at, &number, err) < 0) ||
	    post_fields(ix, at, it, err) < 0)
		return -1;
	return post_ids(ix, at, it, ids, n_ids, err);
}

/* ---- finding ---- */

/* A backup's item in the index's terms. */
struct wanted {
	const struct item *it;
	struct key_list keys;
	uint32_t *numbers; /* of those keys that the index knows */
	size_t n_numbers;
	const struct span *ids;
	size_t n_ids;
	struct sayable *say; /* by version and field */
	struct err *failed;  /* what went wrong where only yes or no could be answered */
};

/* Whether a card of a version can say a field: asked once. */
struct sayable {
	enum { SAY_UNKNOWN, SAY_YES, SAY_NO } in[ITEM_VCARD_40 + 1];
};

static void
wanted_clear(struct wanted *w)
{
	key_list_clear(&w->keys);
	free(w->numbers);
	free(w->say);
}
AUTO_OBJ(wanted_clear, struct wanted);

static int
wanted_init(struct wanted *w, struct match_index *ix, const struct item *it, struct err *err)
{
	w->it = it;
	if (key_list_init(&w->keys, it, err) < 0)
		return -1;
	w->numbers = calloc(w->keys.n + 1, sizeof *w->numbers);
	w->say = calloc(it->n_fields + 1, sizeof *w->say);
	if (!w->numbers || !w->say)
		return err_nomem(err);
	for (size_t i = 0; i < w->keys.n; i++) {
		size_t number = key_set_find(&ix->keys, &w->keys.k[i]);
		if (number != KEY_SET_NONE)
			w->numbers[w->n_numbers++] = (uint32_t)number;
	}
	ix->steps += it->n_fields;
	return 0;
}

/* The live item of a posting, or NULL if it is out of date or not to be matched. */
static struct live *
live_of(struct match_index *ix, const struct posting *p)
{
	struct live *v = &ix->live[p->live];

	ix->steps++;
	return v->generation == p->generation && !v->created ? v : NULL;
}

static bool
has_number(struct match_index *ix, const struct live *v, uint32_t number)
{
	ix->steps++;
	return v->n && bsearch(&number, ix->numbers + v->first, v->n, sizeof number, number_order);
}

static bool
has_key(struct match_index *ix, const struct live *v, const struct field_key *k)
{
	size_t number = key_set_find(&ix->keys, k);

	return number != KEY_SET_NONE && has_number(ix, v, (uint32_t)number);
}

static size_t
count_shared(struct match_index *ix, const struct live *v, const struct wanted *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_numbers; i++)
		n += has_number(ix, v, w->numbers[i]);
	return n;
}

static bool
has_all(struct match_index *ix, const struct live *v, const struct wanted *w)
{
	for (size_t i = 0; i < w->n_numbers; i++)
		if (!has_number(ix, v, w->numbers[i]))
			return false;
	return true;
}

static bool
shares_name(const struct live *v, const struct item *it)
{
	for (size_t i = 0; v->has_name && i < ITEM_NAME_KEYS_MAX; i++)
		for (size_t j = 0; j < it->n_name_keys; j++)
			if (field_key_equal(&v->names[i], &it->name_keys[j]))
				return true;
	return false;
}

/* The first of the item's numbers and addresses that @v has, too; NULL: none. */
static const struct field *
shared_field(struct match_index *ix, const struct live *v, const struct item *it)
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

static const struct posting_list *
list_of(const struct match_index *ix, const struct field_key *k)
{
	static const struct posting_list none = { 0, 0, 0 };
	size_t number = key_set_find(&ix->keys, k);

	return number == KEY_SET_NONE ? &none : &ix->lists[number];
}

/* Walk a list, at most MATCH_LOOK_MAX postings of it. */
struct walk {
	const struct match_index *ix;
	uint32_t next;
	unsigned left;
};

static struct walk
walk_of(const struct match_index *ix, const struct posting_list *l)
{
	return (struct walk){ ix, l->first, MATCH_LOOK_MAX };
}

static const struct posting *
walk_next(struct walk *k)
{
	if (!k->next || k->left == 0)
		return NULL;
	const struct posting *p = &k->ix->postings[k->next - 1];
	k->next = p->next;
	k->left--;
	return p;
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
can_say(const struct live *v, const struct wanted *w, size_t field)
{
	struct sayable *s = &w->say[field];

	if (s->in[v->version] == SAY_UNKNOWN) {
		int rc = addition_try(w->it, &w->it->fields[field], v->version, w->failed);
		s->in[v->version] = rc > 0 ? SAY_NO : SAY_YES;
	}
	return s->in[v->version] == SAY_YES;
}

/* Would merging add nothing (but perhaps hold something)? */
static bool
lacks_nothing(struct match_index *ix, const struct live *v, const struct wanted *w)
{
	const struct item *it = w->it;

	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		if (f->flags & FIELD_IGNORED)
			continue;
		struct field_key taken = taken_key(f);
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
	size_t first = MATCH_NONE;

	for (size_t i = 0; i < w->n_ids; i++) {
		struct field_key k = id_key(w->ids[i]);
		struct walk walk = walk_of(ix, list_of(ix, &k));
		const struct posting *p;
		while ((p = walk_next(&walk)) != NULL) {
			struct live *v = live_of(ix, p);
			if (!v)
				continue;
			bool other_name =
				v->has_name && w->it->n_name_keys && !shares_name(v, w->it);
			if (judge && other_name && !shared_field(ix, v, w->it)) {
				++*contradicted;
				continue;
			}
			if (!judge || lacks_nothing(ix, v, w))
				return p->live;
			if (first == MATCH_NONE)
				first = p->live;
		}
	}
	return first;
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
find_in_list(struct match_index *ix, const struct posting_list *l, const struct wanted *w)
{
	struct walk walk = walk_of(ix, l);
	const struct posting *p;
	size_t best = MATCH_NONE;

	while ((p = walk_next(&walk)) != NULL) {
		struct live *v = live_of(ix, p);
		if (v && is_better(ix, p->live, best) && has_all(ix, v, w))
			best = p->live;
	}
	return best;
}

static const struct posting_list *
rarest_list(const struct match_index *ix, const struct wanted *w)
{
	const struct posting_list *best = &ix->lists[w->numbers[0]];

	for (size_t i = 1; i < w->n_numbers; i++)
		if (ix->lists[w->numbers[i]].n < best->n)
			best = &ix->lists[w->numbers[i]];
	return best;
}

/* Rule 0. */
static size_t
find_identical(struct match_index *ix, const struct wanted *w)
{
	size_t none, at = find_by_id(ix, w, false, &none);

	if (w->n_numbers < w->keys.n)
		return MATCH_NONE; /* some field is nowhere */
	if (at != MATCH_NONE && has_all(ix, &ix->live[at], w))
		return at;
	if (w->keys.n == 0)
		return find_anything(ix);
	struct field_key whole = whole_key(&w->keys);
	at = find_in_list(ix, list_of(ix, &whole), w);
	return at != MATCH_NONE ? at : find_in_list(ix, rarest_list(ix, w), w);
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
consider(struct match_index *ix, const struct posting *p, const struct wanted *w, struct best *b)
{
	struct live *v = live_of(ix, p);
	bool named = v && shares_name(v, w->it);

	if (!v || p->live == b->at)
		return;
	b->n_named += named;
	if (b->settled || !shared_field(ix, v, w->it))
		return;
	b->settled = lacks_nothing(ix, v, w);
	if (!b->settled && (v->claimed || !named)) {
		b->n_claimed += named;
		return;
	}
	size_t n = count_shared(ix, v, w);
	if (n > b->n_shared || b->settled) {
		b->at = p->live;
		b->n_shared = n;
		b->n_alike = 0;
	}
	b->n_alike += n == b->n_shared;
}

static void
consider_list(struct match_index *ix, const struct posting_list *l, const struct wanted *w,
	      struct best *b)
{
	struct walk walk = walk_of(ix, l);
	const struct posting *p;

	while ((p = walk_next(&walk)) != NULL)
		consider(ix, p, w, b);
	b->cut |= walk.next != 0;
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
		struct field_key k = name_key(&w->it->name_keys[i]);
		consider_list(ix, list_of(ix, &k), w, b);
	}
	if (w->it->n_name_keys == 1 && w->it->has_org_key &&
	    field_key_equal(&w->it->name_keys[0], &w->it->org_key)) {
		struct field_key k = org_key(&w->it->org_key);
		bool cut = b->cut;
		consider_list(ix, list_of(ix, &k), w, b);
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
		const struct field *f = shared_field(ix, &ix->live[b.at], w->it);
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
	size_t contradicted = 0;

	*out = (struct match){ .at = MATCH_NONE, .rule = MATCH_RULE_IDENTICAL };
	if (wanted_init(&w, ix, theirs, err) < 0)
		return -1;
	out->at = find_identical(ix, &w);
	if (out->at != MATCH_NONE)
		return 0;
	out->rule = MATCH_RULE_ID;
	if (upto >= MATCH_RULE_ID)
		out->at = find_by_id(ix, &w, true, &contradicted);
	if (out->at == MATCH_NONE) {
		out->rule = MATCH_RULE_NEW;
		out->why_new = contradicted ? MATCH_NEW_ID_REUSED : MATCH_NEW_NOTHING_ALIKE;
		if (upto >= MATCH_RULE_NAME)
			match_by_name(out, ix, &w);
	}
	if (failed.code == ERR_NONE)
		return 0;
	if (err)
		*err = failed;
	return -1;
}

/* ---- in words ---- */

static const char *
shared_sentence(const char *name)
{
	static const char *const sentences[][2] = {
		{ "TEL", N_("same name and same number") },
		{ "EMAIL", N_("same name and same e-mail address") },
		{ "URL", N_("same name and same web address") },
		{ "ADR", N_("same name and same postal address") },
		{ "BDAY", N_("same name and same birthday") },
	};
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if (strcmp(sentences[i][0], name) == 0)
			return _(sentences[i][1]);
	return _("same name and same chat address");
}

static const char *
new_sentence(enum match_new_reason why)
{
	switch (why) {
	case MATCH_NEW_NOTHING_ALIKE:
		break;
	case MATCH_NEW_NAME_ALONE:
		return _("new: the same name, but no number or address in common");
	case MATCH_NEW_ID_REUSED:
		return _("new: the same id, but another name and nothing in common");
	case MATCH_NEW_TIE:
		return _("new: several here fit equally well");
	case MATCH_NEW_CLAIMED:
		return _("new: the one like it belongs to another item of the backup");
	}
	return _("new: nothing like it here");
}

void
match_reason(char out[static MATCH_REASON_BYTES], const struct match *m)
{
	switch (m->rule) {
	case MATCH_RULE_IDENTICAL:
		snprintf(out, MATCH_REASON_BYTES, "%s", _("everything in it is here already"));
		return;
	case MATCH_RULE_ID:
		snprintf(out, MATCH_REASON_BYTES, "%s", _("same id"));
		return;
	case MATCH_RULE_NAME:
		if (m->shared_tail[0])
			snprintf(out, MATCH_REASON_BYTES, _("same name and same number ending %s"),
				 m->shared_tail);
		else
			snprintf(out, MATCH_REASON_BYTES, "%s", shared_sentence(m->shared_name));
		return;
	case MATCH_RULE_NEW:
		snprintf(out, MATCH_REASON_BYTES, "%s", new_sentence(m->why_new));
		return;
	}
}
