/* SPDX-License-Identifier: Apache-2.0 */
/* plan: see plan.h. */
#include "restore/plan.h"

#include <stdio.h>
#include <strings.h>

#include "base/array.h"
#include "base/text.h"
#include "merge/key_set.h"
#include "merge/postings.h"
#include "restore/held.h"

#define UIDS_IN_MEMORY 8192

struct plan {
	struct plan_rules rules;
	struct match_index *index;
	struct postings *uids; /* of the app as it is and as it will be, hashed */
	uint8_t *changed;      /* owned; a bit for each live item: changed by this plan */
	size_t n_live, cap_changed;
};

/* Making. */

int
plan_new(struct plan **out, const struct plan_rules *rules, struct err *err)
{
	AUTO(plan_free) struct plan *p = calloc(1, sizeof *p);

	if (!p)
		return err_nomem(err);
	p->rules = *rules;
	if (match_index_new_on(&p->index, rules->scratch, err) < 0 ||
	    postings_new(&p->uids, rules->scratch, UIDS_IN_MEMORY, err) < 0)
		return -1;
	*out = TAKE(p);
	return 0;
}

void
plan_free(struct plan *p)
{
	if (!p)
		return;
	match_index_free(p->index);
	postings_free(p->uids);
	free(p->changed);
	free(p);
}

void
plan_step_clear(struct plan_step *s)
{
	restore_fields_free(s->added, s->n_added);
	restore_fields_free(s->held, s->n_held);
	restore_fields_free(s->left, s->n_left);
	restore_fields_free(s->same, s->n_same);
	restore_fields_free(s->stays, s->n_stays);
	for (size_t i = 0; s->held_bodies && i < s->n_held; i++)
		buf_clear(&s->held_bodies[i]);
	free(s->held_bodies);
	free(s->added_keys);
	buf_clear(&s->before);
	buf_clear(&s->bytes);
	*s = (struct plan_step){ 0 };
}

/* The live app. */

/* The native ids under which a live item goes: the one that the Box knows it by, and its own UID
 * where it is another (a card that a restore wrote under a UUIDv8). */
static size_t
live_ids(struct span ids[static 2], struct span native_id, const struct item *it)
{
	struct span uid = it->uid ? span_str(it->uid) : (struct span){ NULL, 0 };
	bool second_of = native_id.n > uid.n && native_id.p[uid.n] == '#' && uid.n > 0 &&
			 memcmp(native_id.p, uid.p, uid.n) == 0;
	size_t n = 0;

	if (native_id.n)
		ids[n++] = native_id;
	if (uid.n && !span_equal(uid, native_id) && !second_of)
		ids[n++] = uid;
	return n;
}

static int
add_uid(struct plan *p, const char *uid, struct err *err)
{
	struct field_key k;

	if (!uid)
		return 0;
	k = key_hash(span_str(uid));
	return postings_add(p->uids, &k, 0, err);
}

static int
is_uid_taken(bool *taken, struct plan *p, const char *uid, struct err *err)
{
	struct field_key k;
	size_t n = 0;

	if (uid) {
		k = key_hash(span_str(uid));
		if (postings_count(&n, p->uids, &k, err) < 0)
			return -1;
	}
	*taken = n > 0;
	return 0;
}

/* The id of a live item that is new to the plan, as an inventory would number it: in @out, or empty. */
static int
number_id(struct buf *out, struct plan *p, const struct item *it, struct err *err)
{
	struct field_key k;
	size_t n = 0;

	if (!p->rules.outside || p->rules.form->match != FORM_BY_ID || !it->uid)
		return 0;
	k = key_hash(span_str(it->uid));
	if (postings_count(&n, p->uids, &k, err) < 0)
		return -1;
	return n ? buf_append_fmt(out, err, "%s#%zu", it->uid, n + 1) : 0;
}

/* Put the live item's (new) state into the index. */
static int
index_item(struct plan *p, size_t at, struct span native_id, struct span bytes, bool first,
	   struct err *err)
{
	AUTO(buf_clear) struct buf numbered = BUF_INIT(PLAN_ID_BYTES_MAX);
	AUTO(item_free) struct item *it = NULL;
	struct span ids[2];
	struct err bad = { 0 };
	size_t n;

	if (p->rules.form->parse(&it, bytes, "", 1, p->rules.profile, &bad) < 0)
		return bad.code == ERR_NOMEM ? err_nomem(err) : 0;
	if (first && number_id(&numbered, p, it, err) < 0)
		return -1;
	n = live_ids(ids, numbered.n ? buf_span(&numbered) : native_id, it);
	if (add_uid(p, it->uid, err) < 0)
		return -1;
	return match_add(p->index, at, it, ids, n, MATCH_LIVE, err);
}

int
plan_add_live(struct plan *p, struct span native_id, struct span bytes, struct err *err)
{
	size_t at = p->n_live;

	if (array_reserve((void **)&p->changed, &p->cap_changed, at / 8 + 1, 1, SIZE_MAX, err) < 0)
		return -1;
	p->n_live++;
	return index_item(p, at, native_id, bytes, true, err);
}

/* What was added and held, in words and bytes that outlive the items. */

static int
field_copy(struct restore_field *out, const struct merge_change *c, struct err *err)
{
	out->field = strdup(c->theirs->name);
	out->value = strdup(c->theirs->value);
	out->here = strdup(c->mine ? c->mine->value : "");
	return out->field && out->value && out->here ? 0 : err_nomem(err);
}

static int
keep_added(struct plan_step *s, const struct merge_change *c, size_t n, struct err *err)
{
	s->added = calloc(n ? n : 1, sizeof *s->added);
	s->added_keys = calloc(n ? n : 1, sizeof *s->added_keys);
	if (!s->added || !s->added_keys)
		return err_nomem(err);
	s->n_added = n;
	for (size_t i = 0; i < n; i++) {
		s->added_keys[i] = c[i].theirs->stored_key;
		if (field_copy(&s->added[i], &c[i], err) < 0)
			return -1;
	}
	return 0;
}

static int
keep_held(struct plan_step *s, const struct item *theirs, const struct merge_change *c, size_t n,
	  struct err *err)
{
	s->held = calloc(n ? n : 1, sizeof *s->held);
	s->held_bodies = calloc(n ? n : 1, sizeof *s->held_bodies);
	if (!s->held || !s->held_bodies)
		return err_nomem(err);
	s->n_held = n;
	for (size_t i = 0; i < n; i++) {
		s->held_bodies[i] = (struct buf)BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
		if (field_copy(&s->held[i], &c[i], err) < 0 ||
		    held_encode(&s->held_bodies[i], theirs, &c[i], err) < 0)
			return -1;
	}
	return 0;
}

/* What is left out, what is the same and what stays. */

static int
group_add(struct restore_field *out, size_t *n, const struct field *f, struct err *err)
{
	struct restore_field *one = &out[(*n)++];

	one->field = strdup(f->name);
	one->value = strdup(f->value);
	one->here = strdup("");
	return one->field && one->value && one->here ? 0 : err_nomem(err);
}

/* The fields of theirs that the app has no place for. */
static int
keep_left(struct plan_step *s, const struct item *theirs, struct err *err)
{
	size_t n = 0;

	restore_fields_free(s->left, s->n_left); /* of an earlier pass */
	s->left = NULL;
	s->n_left = 0;
	for (size_t i = 0; i < theirs->n_fields; i++)
		n += (theirs->fields[i].flags & FIELD_DROPPED) != 0;
	if (n == 0)
		return 0;
	s->left = calloc(n, sizeof *s->left);
	if (!s->left)
		return err_nomem(err);
	for (size_t i = 0; i < theirs->n_fields; i++)
		if ((theirs->fields[i].flags & FIELD_DROPPED) &&
		    group_add(s->left, &s->n_left, &theirs->fields[i], err) < 0)
			return -1;
	return 0;
}

static bool
is_held_against(const struct merge_outcome *o, const struct field *mine)
{
	for (size_t i = 0; i < o->n_held; i++)
		if (o->held[i].mine == mine)
			return true;
	return false;
}

/* Each field of the terminal's item, once: the backup has it, or the terminal alone. */
static int
keep_groups(struct plan_step *s, const struct item *mine, const struct item *theirs,
	    const struct merge_outcome *o, struct err *err)
{
	AUTO(key_set_clear) struct key_set have = KEY_SET_INIT;
	size_t at;

	s->same = calloc(mine->n_fields + 1, sizeof *s->same);
	s->stays = calloc(mine->n_fields + 1, sizeof *s->stays);
	if (!s->same || !s->stays)
		return err_nomem(err);
	for (size_t i = 0; i < theirs->n_fields; i++)
		if (!(theirs->fields[i].flags & FIELD_IGNORED) &&
		    key_set_add(&have, &theirs->fields[i].key, &at, err) < 0)
			return -1;
	for (size_t i = 0; i < mine->n_fields; i++) {
		const struct field *f = &mine->fields[i];
		bool same = key_set_find(&have, &f->key) != KEY_SET_NONE;

		if ((f->flags & FIELD_IGNORED) || (!same && is_held_against(o, f)))
			continue;
		if (same ? group_add(s->same, &s->n_same, f, err) < 0
			 : group_add(s->stays, &s->n_stays, f, err) < 0)
			return -1;
	}
	return 0;
}

/* Planning. */

static int
find(struct match *m, struct plan *p, const struct item *theirs, const struct plan_theirs *t,
     enum match_rule upto, struct err *err)
{
	char urn[UUID8_URN_BYTES];
	struct span ids[2];

	uuid8_urn(urn, t->item_id);
	ids[0] = t->native_id;
	ids[1] = span_str(urn);
	return match_find(m, p->index, theirs, ids, 2, upto, err);
}

static int
say(struct plan_step *s, const struct match *m)
{
	match_reason(s->reason, m);
	return 0;
}

static void
set_changed(struct plan *p, size_t at)
{
	p->changed[at / 8] |= (uint8_t)(1u << at % 8);
}

static bool
is_changed(const struct plan *p, size_t at)
{
	return p->changed[at / 8] >> at % 8 & 1;
}

/* It has a counterpart: merge into that. */
static int
plan_merge(struct plan_step *s, struct plan *p, const struct item *theirs, const struct match *m,
	   struct err *err)
{
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	AUTO(item_free) struct item *mine = NULL;
	AUTO(buf_clear) struct buf id = BUF_INIT(PLAN_ID_BYTES_MAX);
	int rc;

	s->before = (struct buf)BUF_INIT(ITEM_BYTES_MAX);
	rc = p->rules.read(p->rules.ctx, m->at, &s->before, &id, err);
	if (rc != 0)
		return rc;
	if (p->rules.form->parse(&mine, buf_span(&s->before), "", 1, p->rules.profile, err) < 0 ||
	    merge_items(&o, mine, theirs, p->rules.choice, err) < 0 ||
	    keep_added(s, o.added, o.n_added, err) < 0 ||
	    keep_held(s, theirs, o.held, o.n_held, err) < 0 ||
	    (p->rules.groups && keep_groups(s, mine, theirs, &o, err) < 0))
		return -1;
	match_claim(p->index, m->at);
	s->at = m->at;
	s->writes = o.result == MERGE_MERGED;
	s->outcome = s->writes || s->n_held ? RESTORE_MERGED : RESTORE_IDENTICAL;
	if (!s->writes)
		return say(s, m);
	s->bytes = o.bytes;
	o.bytes = (struct buf)BUF_INIT(0);
	set_changed(p, m->at);
	if (index_item(p, m->at, buf_span(&id), buf_span(&s->bytes), false, err) < 0)
		return -1;
	return say(s, m);
}

/* All of it is here: say what that is. */
static int
plan_identical(struct plan_step *s, struct plan *p, const struct item *theirs,
	       const struct match *m, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf id = BUF_INIT(PLAN_ID_BYTES_MAX);
	AUTO(item_free) struct item *mine = NULL;
	struct merge_outcome none = MERGE_OUTCOME_INIT;
	int rc = 0;

	match_claim(p->index, m->at);
	s->at = m->at;
	s->outcome = RESTORE_IDENTICAL;
	if (p->rules.groups)
		rc = p->rules.read(p->rules.ctx, m->at, &bytes, &id, err);
	if (rc != 0)
		return rc;
	if (p->rules.groups &&
	    (p->rules.form->parse(&mine, buf_span(&bytes), "", 1, p->rules.profile, err) < 0 ||
	     keep_groups(s, mine, theirs, &none, err) < 0))
		return -1;
	return say(s, m);
}

/* The fields that a new item comes with. */
static int
keep_new_fields(struct plan_step *s, const struct item *made, struct err *err)
{
	s->added = calloc(made->n_fields + 1, sizeof *s->added);
	if (!s->added)
		return err_nomem(err);
	for (size_t i = 0; i < made->n_fields; i++)
		if (!(made->fields[i].flags & FIELD_IGNORED) &&
		    group_add(s->added, &s->n_added, &made->fields[i], err) < 0)
			return -1;
	return 0;
}

/* It has none: write it as a new item. */
static int
plan_new_item(struct plan_step *s, struct plan *p, const struct item *theirs,
	      const struct plan_theirs *t, const struct match *m, struct err *err)
{
	struct merge_new how = { 0 };
	AUTO(item_free) struct item *made = NULL;

	memcpy(how.item_id, t->item_id, sizeof how.item_id);
	if (p->rules.form->print_uid && is_uid_taken(&how.uid_taken, p, theirs->uid, err) < 0)
		return -1;
	if (p->rules.choice)
		how.choice = *p->rules.choice;
	s->bytes = (struct buf)BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	if (merge_new_item(&s->bytes, theirs, &how, err) < 0 ||
	    p->rules.form->parse(&made, buf_span(&s->bytes), "", 1, p->rules.profile, err) < 0)
		return -1;
	if (add_uid(p, made->uid, err) < 0)
		return -1;
	if (p->rules.groups && keep_new_fields(s, made, err) < 0)
		return -1;
	s->uid_taken = how.uid_taken;
	s->new_uid = made->uid && (!theirs->uid || strcmp(made->uid, theirs->uid) != 0);
	if (s->new_uid)
		uuid8_urn(s->uid, t->item_id);
	s->at = MATCH_NONE;
	s->at_unix_ms = made->at_unix_ms;
	s->writes = true;
	s->outcome = RESTORE_ADDED;
	return say(s, m);
}

/* Names of the fields that it has, each once, as many as fit. */
static void
list_names(char *out, size_t n, const struct item *it)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		bool seen = (f->flags & FIELD_IGNORED) != 0;

		for (size_t j = 0; !seen && j < i; j++)
			seen = !(it->fields[j].flags & FIELD_IGNORED) &&
			       strcmp(it->fields[j].name, f->name) == 0;
		if (seen)
			continue;
		if (len + strlen(f->name) + 8 > n || i > 1000) {
			snprintf(out + len, n - len, ", …");
			return;
		}
		len += (size_t)snprintf(out + len, n - len, "%s%s", len ? ", " : "", f->name);
	}
}

/* Has it one of the chosen fields?  If not, it is passed over with a reason. */
static bool
has_chosen(struct plan_step *s, const struct plan *p, const struct item *it)
{
	const struct merge_choice *c = p->rules.choice;
	char names[300];

	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_IGNORED) &&
		    (!c || !c->wants || c->wants(c->ctx, &it->fields[i])))
			return true;
	if (!c)
		return true; /* an empty card is none the less a card */
	list_names(names, sizeof names, it);
	s->outcome = RESTORE_SKIPPED;
	snprintf(s->reason, sizeof s->reason, _("the backup has no such field; it has %s"),
		 names[0] ? names : "-");
	return false;
}

int
plan_item(struct plan_step *step, struct plan *p, const struct plan_theirs *theirs,
	  enum plan_pass pass, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	struct err bad = { 0 };
	struct match m;

	step->at = MATCH_NONE;
	if (p->rules.form->parse(&it, theirs->bytes, "", 1, p->rules.profile, &bad) < 0) {
		if (bad.code == ERR_NOMEM)
			return err_nomem(err);
		step->outcome = RESTORE_FAILED;
		snprintf(step->reason, sizeof step->reason, "%s", bad.msg);
		return 0;
	}
	item_mark_dropped(it);
	if (keep_left(step, it, err) < 0)
		return -1;
	if (!has_chosen(step, p, it))
		return 0;
	if (find(&m, p, it, theirs, pass == PLAN_SURE ? MATCH_RULE_ID : MATCH_RULE_NAME, err) < 0)
		return -1;
	if (m.at != MATCH_NONE && m.rule == MATCH_RULE_IDENTICAL)
		return plan_identical(step, p, it, &m, err);
	if (m.at != MATCH_NONE && is_changed(p, m.at))
		return pass == PLAN_SURE ? PLAN_LATER : PLAN_AGAIN;
	if (m.at != MATCH_NONE)
		return plan_merge(step, p, it, &m, err);
	return pass == PLAN_SURE ? PLAN_LATER : plan_new_item(step, p, it, theirs, &m, err);
}

bool
plan_wants(void *plan_fields, const struct field *theirs)
{
	const struct plan_fields *f = plan_fields;

	for (size_t i = 0; i < f->n; i++) {
		const char *equals = strchr(f->names[i], '=');
		size_t n = equals ? (size_t)(equals - f->names[i]) : strlen(f->names[i]);

		if (strlen(theirs->name) == n && strncasecmp(theirs->name, f->names[i], n) == 0 &&
		    (!equals || strcmp(equals + 1, theirs->value) == 0))
			return true;
	}
	return false;
}
