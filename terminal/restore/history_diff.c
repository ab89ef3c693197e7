/* SPDX-License-Identifier: Apache-2.0 */
/* history_diff: two states of one item, compared: two versions, or the newest and what is here. */
#include <stdio.h>

#include "base/text.h"
#include "box/inventory.h"
#include "item/form.h"
#include "restore/history_internal.h"
#include "restore/same_file.h"

void
cloud_diff_clear(struct cloud_diff *d)
{
	free(d->name);
	diff_clear(&d->fields);
	*d = (struct cloud_diff){ 0 };
}

/* The version that is meant (@version 0: the newest) and, for a comparison with it, the one before. */
static int
choose_two(struct listing *want, const struct listing *versions, uint32_t version, const char *app,
	   struct err *err)
{
	size_t at = versions->n;

	for (size_t i = 0; i < versions->n; i++)
		if (version ? versions->items[i].version == version
			    : at == versions->n ||
				      versions->items[i].version > versions->items[at].version)
			at = i;
	if (at == versions->n) {
		err_set(err, ERR_NOT_FOUND, "the item has no version %u, or none any more",
			(unsigned)version);
		return err_hint(err, "`cloudbox history %s ITEM` lists them", app);
	}
	if (version && at > 0 && listing_add(want, &versions->items[at - 1], err) < 0)
		return -1;
	return listing_add(want, &versions->items[at], err);
}

/* 0 with o->record, or -1: it could not be opened. */
static int
need_opened(const struct opened *o, struct err *err)
{
	if (!o->why)
		return 0;
	*err = *o->why;
	return err_wrap(err, "version %u", (unsigned)o->at.version);
}

static int
diff_content(struct diff *out, bool was_there, uint64_t was, bool is_there, uint64_t is,
	     struct err *err)
{
	char before[64] = "", now[64] = "";

	if (!was_there && !is_there)
		return 0;
	if (was_there)
		snprintf(before, sizeof before, _("%llu bytes"), (unsigned long long)was);
	if (is_there)
		snprintf(now, sizeof now, _("%llu bytes"), (unsigned long long)is);
	return diff_add(out, "content", before, now,
			!was_there  ? DIFF_ADDED
			: !is_there ? DIFF_REMOVED
				    : DIFF_CHANGED,
			err);
}

static int
diff_versions(struct cloud_diff *out, struct reading *h, struct err *err)
{
	struct opened *now = &h->opened[h->n_opened - 1];
	struct opened *before = h->n_opened > 1 ? &h->opened[0] : NULL;
	struct seen is = { .bytes = BUF_INIT(0) }, was = { .bytes = BUF_INIT(0) };
	bool live = now->record.live, was_live = before && before->record.live;
	int rc;

	out->version = now->at.version;
	out->against = before ? before->at.version : 0;
	out->saved_at_unix_ms = now->saved_unix_ms;
	out->size_bytes = now->record.size_bytes;
	rc = seen_read(&is, h, now, err);
	if (rc == 0 && before)
		rc = seen_read(&was, h, before, err);
	if (rc == 0 && before)
		rc = need_opened(before, err);
	if (rc == 0)
		rc = need_opened(now, err);
	if (rc == 0 && (is.card || !live) && (was.card || !was_live))
		rc = diff_cards(&out->fields, was.card, is.card, err);
	else if (rc == 0)
		rc = diff_content(&out->fields, was_live, was_live ? before->record.size_bytes : 0,
				  live, now->record.size_bytes, err);
	seen_clear(&is);
	seen_clear(&was);
	return rc;
}

static int
moved(struct err *err)
{
	err_set(err, ERR_CONFLICT, "the item changed while it was compared");
	return err_hint(err, "try again");
}

static int
diff_here_card(struct cloud_diff *out, const struct seen *was, struct app_session *here,
	       const struct inventory_item *item, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(item_free) struct item *is = NULL;
	int rc = item ? item_read_all(&bytes, here, &item->place, err) : 0;

	if (rc == APP_MOVED)
		return moved(err);
	if (rc < 0 || (item && here->adapter->form->parse(&is, buf_span(&bytes), item->place.source,
							  1, NULL, err) < 0))
		return -1;
	return diff_cards(&out->fields, was->card, is, err);
}

static int
diff_here_file(struct cloud_diff *out, struct reading *h, const struct opened *was,
	       struct app_session *here, const struct inventory_item *item, struct err *err)
{
	bool same = false, fetched = false;
	int rc = item && was->record.live ? same_file(&same, &fetched, h->fetch, &was->record, here,
						      &item->place, err)
					  : 0;

	if (rc == APP_MOVED)
		return moved(err);
	if (rc < 0 || same)
		return rc;
	return diff_content(&out->fields, was->record.live, was->record.size_bytes, item != NULL,
			    item ? item->size : 0, err);
}

/* What is here now, against the newest version. */
static int
diff_here(struct cloud_diff *out, struct reading *h, struct app_session *here, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	struct opened *newest = &h->opened[0];
	struct seen was;
	int rc;

	rc = seen_read(&was, h, newest, err);
	if (rc == 0)
		rc = need_opened(newest, err);
	if (rc == 0)
		rc = inventory_get(&f, h->box, here->app->name, newest->record.native_id, err);
	if (rc >= 0) {
		const struct inventory_item *item = rc == 0 ? &f.item : NULL;

		out->against = newest->at.version;
		out->size_bytes = item ? item->size : 0;
		rc = here->adapter->form && (was.card || !newest->record.live)
			     ? diff_here_card(out, &was, here, item, err)
			     : diff_here_file(out, h, newest, here, item, err);
	}
	seen_clear(&was);
	return rc;
}

int
cloud_diff_read(struct cloud_diff *out, struct box *box, struct unlocked *u,
		struct app_session *here, const char *app, const char *item, const char *from,
		uint32_t version, struct err *err)
{
	AUTO(cloud_history_clear) struct cloud_history named = { 0 };
	AUTO(reading_clear) struct reading h = { .out = &named, .box = box };
	AUTO(listing_clear) struct listing versions = { 0 };
	AUTO(listing_clear) struct listing want = { 0 };
	struct fetch_sink sink = { &h, reading_keep, NULL };

	if (reading_open(&h, &versions, u, app, item, from, err) < 0 ||
	    choose_two(&want, &versions, version, app, err) < 0 ||
	    fetch_records(h.fetch, &want, FETCH_VERSIONS, &sink, err) < 0 ||
	    reading_name(&h, app, item, err) < 0)
		return -1;
	memcpy(out->device, named.device, sizeof out->device);
	out->name = TAKE(named.name);
	return version ? diff_versions(out, &h, err) : diff_here(out, &h, here, err);
}
