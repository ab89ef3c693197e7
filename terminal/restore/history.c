/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: all kept versions of one item, and what each changed; see cloud.h.
 *
 * A card's versions are compared field by field, by key, as matching does; any other item has the
 * one field `content`.
 */
#include <stdio.h>

#include "base/array.h"
#include "base/text.h"
#include "box/shortcuts.h"
#include "item/form.h"
#include "restore/history_internal.h"
#include "restore/pick.h"

#define VERSIONS_MAX 100000

void
reading_clear(struct reading *h)
{
	for (size_t i = 0; i < h->n_opened; i++)
		opened_clear(&h->opened[i]);
	free(h->opened);
	fetch_free(h->fetch);
}

void
cloud_history_clear(struct cloud_history *h)
{
	for (size_t i = 0; i < h->n_versions; i++) {
		free(h->versions[i].problem);
		restore_fields_free(h->versions[i].changed, h->versions[i].n_changed);
	}
	free(h->versions);
	free(h->app);
	free(h->id);
	free(h->name);
	*h = (struct cloud_history){ 0 };
}

int
reading_keep(void *ctx, const struct fetched *it, struct err *err)
{
	struct reading *h = ctx;

	if (array_reserve((void **)&h->opened, &h->cap_opened, h->n_opened + 1, sizeof *h->opened,
			  VERSIONS_MAX, err) < 0)
		return -1;
	if (opened_copy(&h->opened[h->n_opened], it, err) < 0) {
		opened_clear(&h->opened[h->n_opened]);
		return -1;
	}
	h->n_opened++;
	return 0;
}

/* What changed from one version to the next. */

void
seen_clear(struct seen *s)
{
	item_free(s->card);
	buf_clear(&s->bytes);
}

int
seen_read(struct seen *s, struct reading *h, struct opened *o, struct err *err)
{
	struct payload_sink sink = { &s->bytes, payload_to_buf };
	const struct form *form = form_of_type(o->record.mime);
	struct err why = { 0 };

	*s = (struct seen){ .bytes = BUF_INIT(ITEM_BYTES_MAX) };
	if (o->why || !o->record.live || o->record.size_bytes > ITEM_BYTES_MAX || !form)
		return 0;
	if (fetch_payload(h->fetch, &o->record, &sink, &why) == 0)
		return form->parse(&s->card, buf_span(&s->bytes), "", 1, NULL, &why) < 0 &&
				       why.code == ERR_NOMEM
			       ? err_nomem(err)
			       : 0;
	if (why.code == ERR_UNREACHABLE || why.code == ERR_NOMEM) {
		if (err)
			*err = why;
		return -1;
	}
	o->why = malloc(sizeof *o->why);
	if (!o->why)
		return err_nomem(err);
	*o->why = why;
	return 0;
}

static bool
has_field(const struct item *it, const struct field *f)
{
	for (size_t i = 0; it && i < it->n_fields; i++)
		if (field_key_equal(&it->fields[i].key, &f->key) &&
		    strcmp(it->fields[i].name, f->name) == 0)
			return true;
	return false;
}

static bool
has_name(const struct item *it, const char *name)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_IGNORED) && strcmp(it->fields[i].name, name) == 0)
			return true;
	return false;
}

static int
add_change(struct cloud_version *v, size_t *cap, const char *field, const char *value,
	   struct err *err)
{
	struct restore_field *f;

	if (array_reserve((void **)&v->changed, cap, v->n_changed + 1, sizeof *v->changed,
			  2 * ITEM_FIELDS_MAX, err) < 0)
		return -1;
	f = &v->changed[v->n_changed++];
	f->field = strdup(field);
	f->value = strdup(value);
	f->here = strdup("");
	return f->field && f->value && f->here ? 0 : err_nomem(err);
}

/* Fields that came or changed, with their value; names that went altogether, without. */
static int
compare_cards(struct cloud_version *v, const struct item *now, const struct item *before,
	      struct err *err)
{
	size_t cap = 0;

	for (size_t i = 0; i < now->n_fields; i++) {
		const struct field *f = &now->fields[i];

		if (!(f->flags & FIELD_IGNORED) && !has_field(before, f) &&
		    add_change(v, &cap, f->name, f->value, err) < 0)
			return -1;
	}
	for (size_t i = 0; before && i < before->n_fields; i++) {
		const struct field *f = &before->fields[i];

		if (!(f->flags & FIELD_IGNORED) && !has_field(now, f) && !has_name(now, f->name) &&
		    add_change(v, &cap, f->name, "", err) < 0)
			return -1;
	}
	return 0;
}

static int
compare(struct cloud_version *v, const struct opened *o, const struct seen *now,
	const struct seen *before, struct err *err)
{
	size_t cap = 0;
	char bytes[64];

	if (o->why || !o->record.live)
		return 0;
	if (now->card)
		return compare_cards(v, now->card, before->card, err);
	snprintf(bytes, sizeof bytes, _("%llu bytes"), (unsigned long long)o->record.size_bytes);
	return add_change(v, &cap, "content", bytes, err);
}

static int
add_version(struct cloud_history *out, const struct opened *o, struct err *err)
{
	struct cloud_version *v;

	if (array_reserve((void **)&out->versions, &out->cap_versions, out->n_versions + 1,
			  sizeof *out->versions, VERSIONS_MAX, err) < 0)
		return -1;
	v = &out->versions[out->n_versions++];
	v->version = o->at.version;
	v->saved_at_unix_ms = o->saved_unix_ms;
	v->size_bytes = o->record.size_bytes;
	v->removed = o->why ? (o->at.flags & RECORD_TOMBSTONE) != 0 : !o->record.live;
	v->problem = strdup(o->why ? o->why->msg : "");
	return v->problem ? 0 : err_nomem(err);
}

static int
compare_all(struct reading *h, struct err *err)
{
	struct seen before = { .bytes = BUF_INIT(0) };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < h->n_opened; i++) {
		struct seen now;

		rc = seen_read(&now, h, &h->opened[i], err);
		if (rc == 0)
			rc = add_version(h->out, &h->opened[i], err);
		if (rc == 0)
			rc = compare(&h->out->versions[i], &h->opened[i], &now, &before, err);
		seen_clear(&before);
		before = now;
	}
	seen_clear(&before);
	return rc;
}

static int
newest_first(const void *a, const void *b)
{
	const struct cloud_version *x = a, *y = b;

	return (y->version > x->version) - (y->version < x->version);
}

/* Whose history. */

static int
offer(void *ctx, const struct fetched *it, struct err *err)
{
	return picks_offer(ctx, it, err);
}

static int
find_live(struct id16 *item, struct reading *h, const struct id16 *folder, const char *text,
	  struct err *err)
{
	AUTO(picks_clear) struct picks p = { 0 };
	AUTO(listing_clear) struct listing want = { 0 };
	struct fetch_sink sink = { &p, offer, NULL };

	if (listing_of_folder(&want, fetch_live(h->fetch), folder, err) < 0 ||
	    picks_new(&p, &text, 1, h->me->ids, err) < 0 ||
	    fetch_records(h->fetch, &want, FETCH_LIVE, &sink, err) < 0 || picks_check(&p, err) < 0)
		return -1;
	*item = p.list[0].found[0].at.item;
	return 0;
}

/* The versions of what @text means: as a native id at once, else among the live items. */
static int
find_versions(struct listing *versions, struct reading *h, const char *app, const char *text,
	      struct err *err)
{
	struct id16 folder = opener_folder_id(fetch_opener(h->fetch), span_str(app));
	struct id16 item = opener_item_id(fetch_opener(h->fetch), span_str(app), span_str(text));

	if (fetch_versions(versions, h->fetch, &folder, &item, err) < 0)
		return -1;
	if (versions->n > 0)
		return 0;
	if (find_live(&item, h, &folder, text, err) < 0)
		return -1;
	return fetch_versions(versions, h->fetch, &folder, &item, err);
}

int
reading_name(struct reading *h, const char *app, const char *text, struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(16 << 10);
	const struct record *newest = NULL;
	uint8_t item[BOX_ID_BYTES];

	for (size_t i = 0; i < h->n_opened; i++)
		if (!h->opened[i].why && (h->opened[i].record.live || !newest))
			newest = &h->opened[i].record;
	h->out->app = strdup(app);
	if (newest) {
		keys_item_id(item, h->me->ids, newest->app, newest->native_id);
		if (item_show_id(&id, h->box, newest->native_id, item, err) < 0)
			return -1;
	}
	h->out->id = newest ? line_for_people(buf_span(&id), err) : strdup(text);
	h->out->name = newest ? line_for_people(newest->name, err) : strdup("");
	return h->out->app && h->out->id && h->out->name ? 0 : err_nomem(err);
}

/* The device's cloud, and in it the versions of the item. */
int
reading_open(struct reading *h, struct listing *versions, struct unlocked *u, const char *app,
	     const char *item, const char *from, struct err *err)
{
	if (box_identity_need(&h->me, h->box, err) < 0 ||
	    device_open(&h->fetch, h->box, u, from, DEVICE_NEEDS_ITEMS, err) < 0)
		return -1;
	hex_encode(h->out->device, SPAN_ARRAY(fetch_device(h->fetch)->id.b));
	return find_versions(versions, h, app, item, err);
}

int
cloud_history_read(struct cloud_history *out, struct box *box, struct unlocked *u, const char *app,
		   const char *item, const char *from, struct err *err)
{
	AUTO(reading_clear) struct reading h = { .out = out, .box = box };
	AUTO(listing_clear) struct listing versions = { 0 };
	struct fetch_sink sink = { &h, reading_keep, NULL };
	struct remote *remote = unlocked_remote(u, err);
	struct remote_traffic before, after;

	if (!remote)
		return -1;
	before = remote_traffic(remote);
	if (reading_open(&h, &versions, u, app, item, from, err) < 0 ||
	    fetch_records(h.fetch, &versions, FETCH_VERSIONS, &sink, err) < 0 ||
	    reading_name(&h, app, item, err) < 0 || compare_all(&h, err) < 0)
		return -1;
	if (out->n_versions > 1)
		qsort(out->versions, out->n_versions, sizeof *out->versions, newest_first);
	after = remote_traffic(remote);
	out->bytes_received = after.bytes_received - before.bytes_received;
	out->requests = after.requests - before.requests;
	return 0;
}
