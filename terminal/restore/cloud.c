/* SPDX-License-Identifier: Apache-2.0 */
/* cloud: see cloud.h. */
#include "restore/cloud.h"

#include <stdio.h>

#include "apps/taken.h"
#include "base/array.h"
#include "base/piece.h"
#include "base/text.h"
#include "box/box_apps.h"
#include "box/box_items.h"
#include "box/shortcuts.h"
#include "os/sorter.h"
#include "restore/of_thread.h"
#include "restore/pick.h"
#include "restore/restore_internal.h"

#define ALARMS_MAX         4
#define ITEM_ROW_BYTES_MAX (1u << 20)

static struct remote_traffic
traffic(struct unlocked *u)
{
	struct remote *r = unlocked_remote(u, NULL);

	return r ? remote_traffic(r) : (struct remote_traffic){ 0 };
}

static char *
shown_id(struct box *box, const struct identity *me, const struct record *r, struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(16 << 10);
	uint8_t item[BOX_ID_BYTES];

	keys_item_id(item, me->ids, r->app, r->native_id);
	if (item_show_id(&id, box, r->native_id, item, err) < 0)
		return NULL;
	return line_for_people(buf_span(&id), err);
}

/* The list of what is live. */

struct listing_cloud {
	struct cloud_list *out;
	struct box *box;
	const struct identity *me;
	struct fetch *fetch;
};

void
cloud_list_clear(struct cloud_list *l)
{
	sorter_free(l->items);
	for (size_t i = 0; i < l->n_alarms; i++)
		free(l->alarms[i]);
	free(l->alarms);
	*l = (struct cloud_list){ 0 };
}

/* An item and its strings, while it is put aside. */
struct cloud_strings {
	char *app, *id, *name, *type, *taken, *thread, *with, *problem;
};

static void
cloud_strings_clear(struct cloud_strings *s)
{
	free(s->app);
	free(s->id);
	free(s->name);
	free(s->type);
	free(s->taken);
	free(s->thread);
	free(s->with);
	free(s->problem);
}
AUTO_OBJ(cloud_strings_clear, struct cloud_strings);

/* Of a message whose bytes lie in its record; others nobody fetches for a list. */
static int
fill_thread(struct cloud_strings *s, struct listing_cloud *c, const struct record *r,
	    struct err *err)
{
	AUTO(buf_clear) struct buf thread = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf party = BUF_INIT(ITEM_BYTES_MAX);

	if (r && !r->chunks.n && !r->lists.n &&
	    of_record_thread(&thread, &party, c->fetch, r, err) < 0)
		return -1;
	s->thread = line_for_people(buf_span(&thread), err);
	s->with = line_for_people(buf_span(&party), err);
	return s->thread && s->with ? 0 : -1;
}

static int
fill(struct cloud_strings *s, struct listing_cloud *c, const struct fetched *f, struct err *err)
{
	const struct record *r = f->record;
	char hex[9];

	if (r) {
		s->app = line_for_people(r->app, err);
		s->id = shown_id(c->box, c->me, r, err);
		s->name = line_for_people(r->name, err);
		s->type = line_for_people(r->mime, err);
		s->taken = line_for_people(taken_is_valid(r->taken) ? r->taken : span_of(NULL, 0),
					   err);
		s->problem = strdup("");
	} else {
		hex_encode(hex, span_of(f->at->item.b, 4));
		s->app = strdup("");
		s->id = strdup(hex);
		s->name = strdup("");
		s->type = strdup("");
		s->taken = strdup("");
		s->problem = strdup(f->why->msg);
	}
	if (!s->app || !s->id || !s->name || !s->type || !s->taken || !s->problem)
		return err_nomem(err);
	return fill_thread(s, c, r, err);
}

/* Sorted by app, name, id, each with its NUL; the row is these and the rest. */
static int
put_item(struct cloud_list *l, const struct cloud_strings *s, const struct fetched *f,
	 struct err *err)
{
	AUTO(buf_clear) struct buf row = BUF_INIT(ITEM_ROW_BYTES_MAX);
	size_t key;

	if (piece_put_key(&row, s->app, err) < 0 || piece_put_key(&row, s->name, err) < 0 ||
	    piece_put_key(&row, s->id, err) < 0)
		return -1;
	key = row.n;
	if (piece_put_key(&row, s->type, err) < 0 || piece_put_key(&row, s->taken, err) < 0 ||
	    piece_put_key(&row, s->thread, err) < 0 || piece_put_key(&row, s->with, err) < 0 ||
	    piece_put_key(&row, s->problem, err) < 0 ||
	    buf_append_u64(&row, f->record ? f->record->size_bytes : 0, err) < 0 ||
	    buf_append_u64(&row, (uint64_t)f->saved_unix_ms, err) < 0 ||
	    buf_append_u32(&row, f->at->version, err) < 0 ||
	    sorter_add(l->items, span_of(row.p, key), buf_span(&row), err) < 0)
		return -1;
	l->n_items++;
	return 0;
}

int
cloud_list_next(struct cloud_item *out, struct cloud_list *l, struct err *err)
{
	struct span key, row;
	struct reader r;
	int rc = l->items ? sorter_next(&key, &row, l->items, err) : SORTER_END;

	if (rc)
		return rc < 0 ? -1 : CLOUD_LIST_END;
	r = reader_of(row);
	out->app = piece_get_key(&r);
	out->name = piece_get_key(&r);
	out->id = piece_get_key(&r);
	out->type = piece_get_key(&r);
	out->taken = piece_get_key(&r);
	out->thread = piece_get_key(&r);
	out->with = piece_get_key(&r);
	out->problem = piece_get_key(&r);
	out->size_bytes = read_u64(&r);
	out->saved_at_unix_ms = (int64_t)read_u64(&r);
	out->versions = read_u32(&r);
	return reader_done(&r, "an item put aside", err);
}

static int
add_item(void *ctx, const struct fetched *f, struct err *err)
{
	struct listing_cloud *c = ctx;
	AUTO(cloud_strings_clear) struct cloud_strings s = { 0 };

	if (f->record && !f->record->live)
		return 0;
	return fill(&s, c, f, err) < 0 ? -1 : put_item(c->out, &s, f, err);
}

static int
add_alarm(struct cloud_list *l, const char *sentence, struct err *err)
{
	if (array_reserve((void **)&l->alarms, &l->cap_alarms, l->n_alarms + 1, sizeof *l->alarms,
			  ALARMS_MAX, err) < 0)
		return -1;
	l->alarms[l->n_alarms] = strdup(sentence);
	return l->alarms[l->n_alarms++] ? 0 : err_nomem(err);
}

/* What is wrong with the list as a whole. */
static int
add_alarms(struct listing_cloud *c, struct err *err)
{
	struct err why = { 0 };

	if (fetch_alarm(c->fetch)[0] && add_alarm(c->out, fetch_alarm(c->fetch), err) < 0)
		return -1;
	if (device_check_newest(c->fetch, c->box, &why) == 0)
		return 0;
	return why.code == ERR_ALARM ? add_alarm(c->out, why.msg, err)
				     : err_set(err, why.code, "%s", why.msg);
}

static int
read_items(struct listing_cloud *c, const char *app, struct err *err)
{
	const struct listing *live = fetch_live(c->fetch);
	AUTO(listing_clear) struct listing want = { .scratch = live->scratch };
	struct id16 box = opener_folder_id(fetch_opener(c->fetch), span_str(BOX_APP));
	struct id16 only = opener_folder_id(fetch_opener(c->fetch), span_str(app ? app : ""));
	struct fetch_sink sink = { c, add_item, NULL };

	for (size_t i = 0; i < live->n; i++) {
		struct wire_item w;

		if (listing_get(&w, live, i, err) < 0)
			return -1;
		if (!id16_equal(&w.folder, &box) && (!app || id16_equal(&w.folder, &only)) &&
		    listing_add(&want, &w, err) < 0)
			return -1;
	}
	return fetch_records(c->fetch, &want, FETCH_LIVE, &sink, err);
}

/* An app of which nothing lies there: the Box's, or a slip of the pen. */

/* Names, each once, as many as fit a message. */
struct names {
	char text[300];
	const char *wanted;
	bool found;
};

static void
add_name(struct names *n, const char *name)
{
	size_t len = strlen(n->text);

	n->found |= strcmp(name, n->wanted) == 0;
	if (len + strlen(name) + 3 < sizeof n->text)
		snprintf(n->text + len, sizeof n->text - len, "%s%s", len ? ", " : "", name);
}

static int
add_box_app(void *ctx, const struct app *app, const struct box_app_counts *counts, struct err *err)
{
	(void)counts;
	(void)err;
	add_name(ctx, app->name);
	return 0;
}

/* An app that only the cloud knows is named by its records. */
static int
add_cloud_app(void *ctx, const struct fetched *it, struct err *err)
{
	AUTO(free) char *name = it->record ? line_for_people(it->record->app, err) : strdup("");

	if (!name)
		return err_nomem(err);
	if (name[0])
		add_name(ctx, name);
	return 0;
}

struct box_folders {
	const struct opener *opener;
	struct listing *want;
};

static int
leave_out(void *ctx, const struct app *app, const struct box_app_counts *counts, struct err *err)
{
	struct box_folders *b = ctx;
	struct id16 id = opener_folder_id(b->opener, span_str(app->name));
	size_t kept = 0;

	(void)counts;
	(void)err;
	for (size_t i = 0; i < b->want->n; i++)
		if (!id16_equal(&b->want->items[i].folder, &id))
			b->want->items[kept++] = b->want->items[i];
	b->want->n = kept;
	return 0;
}

/* One item of each folder whose app the Box does not know. */
static int
foreign_folders(struct listing *want, struct listing_cloud *c, struct err *err)
{
	const struct listing *live = fetch_live(c->fetch);
	struct id16 box = opener_folder_id(fetch_opener(c->fetch), span_str(BOX_APP));
	struct box_folders b = { fetch_opener(c->fetch), want };

	for (size_t i = 0; i < live->n; i++) {
		struct wire_item w;
		bool seen;

		if (listing_get(&w, live, i, err) < 0)
			return -1;
		seen = id16_equal(&w.folder, &box);
		for (size_t j = 0; !seen && j < want->n; j++)
			seen = id16_equal(&want->items[j].folder, &w.folder);
		if (!seen && listing_add(want, &w, err) < 0)
			return -1;
	}
	return box_apps_each(c->box, leave_out, &b, err);
}

static int
check_app_known(struct listing_cloud *c, const char *app, struct err *err)
{
	AUTO(listing_clear) struct listing want = { 0 };
	struct names n = { .wanted = app };
	struct fetch_sink sink = { &n, add_cloud_app, NULL };

	if (box_apps_each(c->box, add_box_app, &n, err) < 0)
		return -1;
	if (n.found)
		return 0;
	if (foreign_folders(&want, c, err) < 0 ||
	    fetch_records(c->fetch, &want, FETCH_LIVE, &sink, err) < 0)
		return -1;
	err_set(err, ERR_NOT_FOUND,
		"there is no app \"%.64s\" here, and nothing of it is backed up", app);
	return n.text[0] ? err_hint(err, "the apps are: %s", n.text) : -1;
}

int
cloud_read(struct cloud_list *out, struct box *box, struct unlocked *u, const char *app,
	   const char *from, struct err *err)
{
	AUTO(fetch_free) struct fetch *f = NULL;
	struct listing_cloud c = { .out = out, .box = box };
	struct remote_traffic before = traffic(u), after;

	if (box_identity_need(&c.me, box, err) < 0 ||
	    device_open(&f, box, u, from, DEVICE_NEEDS_ITEMS, err) < 0)
		return -1;
	c.fetch = f;
	hex_encode(out->device, SPAN_ARRAY(fetch_device(f)->id.b));
	if (sorter_new(&out->items, box_home_fd(box), err) < 0 || add_alarms(&c, err) < 0 ||
	    read_items(&c, app, err) < 0)
		return -1;
	if (app && out->n_items == 0 && check_app_known(&c, app, err) < 0)
		return -1;
	if (sorter_sort(out->items, err) < 0)
		return -1;
	after = traffic(u);
	out->bytes_received = after.bytes_received - before.bytes_received;
	out->requests = after.requests - before.requests;
	return 0;
}
