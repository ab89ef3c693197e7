/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match_index: what is kept of the live items.
 *
 *     memory: 16 bytes for each        scratch, or memory: its keys
 *     postings: key ---> live item << 32 | its generation
 *
 * Names, native ids and whole field sets are keys as well, each with a prefix of its own.  "Has a value
 * for BDAY" is a key that stands among the live item's only.  A live item that changes gets a new
 * generation and new keys: its old postings are passed over.
 */
#include <sodium.h>
#include <stdlib.h>

#include "base/array.h"
#include "item/form.h"
#include "merge/match_internal.h"

#define COUNT_MAX      (UINT32_MAX / 4)
#define GENERATION_MAX ((1u << 24) - 1)

#define CACHE_RECORDS (MATCH_LOOK_MAX + 24) /* so that looking at alike ones again reads nothing */
#define CACHED_BYTES  ((size_t)2 << 10)

int
match_index_new_on(struct match_index **out, struct scratch *scratch, struct err *err)
{
	AUTO(match_index_free) struct match_index *ix = calloc(1, sizeof *ix);

	if (!ix)
		return err_nomem(err);
	ix->records.max = SIZE_MAX / 4;
	ix->scratch = scratch;
	if (postings_new(&ix->postings, scratch, MATCH_POSTINGS_IN_MEMORY, err) < 0 ||
	    (scratch &&
	     scratch_cache_new(&ix->cache, scratch, CACHE_RECORDS, CACHED_BYTES, err) < 0))
		return -1;
	*out = TAKE(ix);
	return 0;
}

int
match_index_new(struct match_index **out, struct err *err)
{
	return match_index_new_on(out, NULL, err);
}

void
match_index_free(struct match_index *ix)
{
	if (!ix)
		return;
	postings_free(ix->postings);
	scratch_cache_free(ix->cache);
	buf_clear(&ix->records);
	free(ix->live);
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

struct field_key
match_id_key(struct span id)
{
	return prefixed_key('i', id);
}

struct field_key
match_name_key(const struct field_key *k)
{
	return prefixed_key('n', SPAN_ARRAY(k->b));
}

struct field_key
match_org_key(const struct field_key *k)
{
	return prefixed_key('o', SPAN_ARRAY(k->b));
}

struct field_key
match_taken_key(const struct field *f)
{
	return prefixed_key('s', span_str(f->name));
}

int
key_order(const void *a, const void *b)
{
	return memcmp(a, b, FIELD_KEY_BYTES);
}

void
key_list_clear(struct key_list *l)
{
	free(l->k);
}

int
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

struct field_key
match_whole_key(const struct key_list *l)
{
	return prefixed_key('w', span_of(l->k, l->n * sizeof *l->k));
}

/* ---- adding ---- */

static int
post(struct match_index *ix, const struct field_key *k, size_t at, struct err *err)
{
	return postings_add(ix->postings, k, (uint64_t)at << 32 | ix->live[at].generation, err);
}

/* Names, then sorted keys: of the fields, and of what is taken. */
static int
keep_record(struct match_index *ix, size_t at, const struct item *it, const struct key_list *keys,
	    struct err *err)
{
	size_t n_names = it->n_name_keys, n = n_names + keys->n;
	AUTO(free) struct field_key *k = calloc(n + it->n_fields + 1, sizeof *k);
	struct live *v = &ix->live[at];
	struct scratch_place place;

	if (!k)
		return err_nomem(err);
	for (size_t i = 0; i < n_names; i++)
		k[i] = it->name_keys[i];
	for (size_t i = 0; i < keys->n; i++)
		k[n_names + i] = keys->k[i];
	for (size_t i = 0; i < it->n_fields; i++)
		if (it->fields[i].flags & FIELD_SINGLE)
			k[n++] = match_taken_key(&it->fields[i]);
	qsort(k + n_names, n - n_names, sizeof *k, key_order);
	v->n = (uint32_t)n;
	v->n_names = n_names & 3;
	if (!ix->scratch) {
		v->at = ix->records.n;
		return buf_append(&ix->records, span_of(k, n * sizeof *k), err);
	}
	if (scratch_put(&place, ix->scratch, span_of(k, n * sizeof *k), err) < 0)
		return -1;
	v->at = place.at;
	return 0;
}

static int
post_fields(struct match_index *ix, size_t at, const struct item *it, struct err *err)
{
	AUTO(key_list_clear) struct key_list keys = { NULL, 0 };

	if (key_list_init(&keys, it, err) < 0 || keep_record(ix, at, it, &keys, err) < 0)
		return -1;
	for (size_t i = 0; i < keys.n; i++)
		if (post(ix, &keys.k[i], at, err) < 0)
			return -1;
	struct field_key whole = match_whole_key(&keys);
	return post(ix, &whole, at, err);
}

static int
post_ids(struct match_index *ix, size_t at, const struct item *it, const struct span *ids,
	 size_t n_ids, struct err *err)
{
	for (size_t i = 0; i < n_ids; i++) {
		struct field_key k = match_id_key(ids[i]);
		if (post(ix, &k, at, err) < 0)
			return -1;
	}
	const char *own;
	for (size_t i = it->uid ? 1 : 0; (own = item_own_id(it, i)) != NULL; i++) {
		struct field_key k = match_id_key(span_str(own));
		if (post(ix, &k, at, err) < 0)
			return -1;
	}
	return 0;
}

static int
post_names(struct match_index *ix, size_t at, const struct item *it, struct err *err)
{
	for (size_t i = 0; i < it->n_name_keys; i++) {
		struct field_key k = match_name_key(&it->name_keys[i]);
		if (post(ix, &k, at, err) < 0)
			return -1;
	}
	struct field_key org = match_org_key(&it->org_key);
	return it->has_org_key ? post(ix, &org, at, err) : 0;
}

int
match_add(struct match_index *ix, size_t at, const struct item *it, const struct span *ids,
	  size_t n_ids, enum match_add_flag flag, struct err *err)
{
	if (array_reserve((void **)&ix->live, &ix->cap_live, at + 1, sizeof *ix->live, COUNT_MAX,
			  err) < 0)
		return -1;
	if (at >= ix->n_live)
		ix->n_live = at + 1;
	struct live *v = &ix->live[at];
	if (v->generation == GENERATION_MAX)
		return err_set(err, ERR_LIMIT, "an item changed too often in one restore");
	v->generation++;
	v->created |= flag == MATCH_CREATED;
	v->version = (unsigned)it->version & 7;
	if (post_names(ix, at, it, err) < 0 || post_fields(ix, at, it, err) < 0)
		return -1;
	if (it->form->match == FORM_BY_UID && it->uid) {
		struct span uid = span_str(it->uid);
		if (post_ids(ix, at, it, &uid, 1, err) < 0)
			return -1;
	}
	return post_ids(ix, at, it, ids, n_ids, err);
}

/* ---- seeing ---- */

size_t
match_index_live(const struct match_index *ix, uint64_t posting)
{
	size_t at = (size_t)(posting >> 32);
	const struct live *v = &ix->live[at];

	return v->generation == (uint32_t)posting && !v->created ? at : MATCH_NONE;
}

int
match_index_see(struct seen *out, struct match_index *ix, size_t at, struct err *err)
{
	const struct live *v = &ix->live[at];
	size_t n = v->n * sizeof(struct field_key);
	struct scratch_place place = { v->at, (uint32_t)n };
	struct span s;

	if (!ix->scratch)
		s = n ? span_of(ix->records.p + v->at, n) : (struct span){ NULL, 0 };
	else if (scratch_cache_view(&s, ix->cache, place, err) < 0)
		return -1;
	const struct field_key *k = (const struct field_key *)s.p; /* bytes: no alignment to keep */
	*out = (struct seen){ .live = v,
			      .names = k,
			      .keys = k ? k + v->n_names : NULL,
			      .n_names = v->n_names,
			      .n_keys = v->n - v->n_names };
	return 0;
}
