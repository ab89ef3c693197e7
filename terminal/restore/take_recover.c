/* SPDX-License-Identifier: Apache-2.0 */
/*
 * take_recover: takes that were cut off; the end that every take comes to.
 *
 * The item itself tells how far it came.  If it is as it was before, nothing was written and the take
 * is forgotten; if it has the value, the take is closed.  If it is gone, or was changed to something
 * else, its original stays and the value is held as before: nothing is lost either way.
 */
#include <stdio.h>

#include "base/array.h"
#include "base/text.h"
#include "box/box_apps.h"
#include "box/inventory.h"
#include "box/receipts.h"
#include "box/shortcuts.h"
#include "os/os.h"
#include "restore/take_internal.h"

#define RESTORES_MAX (1u << 20)
#define TEXT_BYTES   (16 << 10)

const struct field *
take_find_key(const struct item *it, const struct field_key *key)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_IGNORED) &&
		    field_key_equal(&it->fields[i].key, key))
			return &it->fields[i];
	return NULL;
}

/* As if it had never begun. */
int
take_forget(struct box *b, int64_t kept, const char *restore, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	if (kept_put_untaken(b, kept, err) < 0 || kept_remove(b, kept, err) < 0 ||
	    restore_row_remove(b, span_str(restore), err) < 0) {
		box_rollback(b);
		return -1;
	}
	return box_commit(b, err);
}

static int
close_rows(struct box *b, const struct closing *c, struct err *err)
{
	char reason[200];
	struct receipt r = { .kind = RECEIPT_TAKE,
			     .at_unix_ms = os->now_unix_ms(),
			     .items = 1,
			     .restore = span_str(c->restore) };
	struct receipt_item line = {
		.app = c->app, .id = c->id, .name = c->name, .result = "taken"
	};

	snprintf(reason, sizeof reason, _("the backup's %s is in the place of the one here"),
		 c->field);
	line.reason = span_str(reason);
	return receipt_put(b, &r, err) < 0 || receipt_put_item(b, r.number, &line, err) < 0 ||
			       restore_row_finish(b, span_str(c->restore), err) < 0
		       ? -1
		       : 0;
}

int
take_close(struct box *b, const struct closing *c, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	if (close_rows(b, c, err) < 0) {
		box_rollback(b);
		return -1;
	}
	return box_commit(b, err);
}

struct open_take {
	struct box *box;
	char restore[RESTORE_ID_BYTES];
	bool found;
	int64_t kept;
	char app[APP_NAME_MAX + 1], field[64];
	struct buf native, name; /* owned */
	uint8_t item[BOX_ID_BYTES];
	uint8_t written[BOX_HASH_BYTES], before[BOX_HASH_BYTES];
	struct field_key key;
};

static int
note_take(void *ctx, const struct kept *k, struct err *err)
{
	struct open_take *o = ctx;

	if (k->added_keys.n != TAKE_ABOUT_BYTES)
		return 0;
	o->found = true;
	o->kept = k->number;
	snprintf(o->app, sizeof o->app, "%s", k->app);
	snprintf(o->field, sizeof o->field, "%s", k->field);
	memcpy(o->item, k->item, sizeof o->item);
	memcpy(o->written, k->written, sizeof o->written);
	memcpy(o->key.b, k->added_keys.p, FIELD_KEY_BYTES);
	memcpy(o->before, k->added_keys.p + FIELD_KEY_BYTES, BOX_HASH_BYTES);
	return buf_append(&o->native, k->native_id, err) < 0 ? -1
							     : buf_append(&o->name, k->name, err);
}

enum take_state {
	TAKE_UNWRITTEN,  /* the item is as it was before */
	TAKE_WRITTEN,    /* it has the value */
	TAKE_UNSURE,     /* it is gone, or was changed since */
	TAKE_UNREADABLE, /* a part of the app cannot be read at present: it can wait */
};

static int
refused(void *ctx, const struct app_refused *what, struct err *err)
{
	bool *incomplete = ctx;

	(void)err;
	*incomplete |= what->why->code == ERR_IO || what->why->code == ERR_CONFLICT;
	return 0;
}

static int
has_value(enum take_state *out, const struct open_take *o, struct app_session *s,
	  const struct app_place *place, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(item_free) struct item *it = NULL;
	struct err why = { 0 };

	if (item_read_all(&bytes, s, place, err) < 0)
		return -1;
	if (!s->adapter->form ||
	    s->adapter->form->parse(&it, buf_span(&bytes), "", 1, s->adapter->profile, &why) < 0)
		return why.code == ERR_NOMEM ? err_nomem(err) : 0;
	if (take_find_key(it, &o->key))
		*out = TAKE_WRITTEN;
	return 0;
}

static int
look_how_far(enum take_state *out, const struct open_take *o, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	AUTO(app_free) struct app *app = NULL;
	AUTO(app_session_free) struct app_session *s = NULL;
	bool incomplete = false;
	int rc;

	*out = TAKE_UNSURE;
	if (box_app_get(&app, o->box, o->app, err) < 0 || app_session_open(&s, app, err) < 0 ||
	    s->adapter->tidy(s, err) < 0 ||
	    inventory_refresh(NULL, o->box, s, refused, &incomplete, err) < 0)
		return -1;
	rc = inventory_get(&f, o->box, o->app, buf_span(&o->native), err);
	if (rc == BOX_ABSENT && incomplete)
		*out = TAKE_UNREADABLE;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (f.item.has_content && memcmp(f.item.content, o->before, BOX_HASH_BYTES) == 0) {
		*out = TAKE_UNWRITTEN;
		return 0;
	}
	return has_value(out, o, s, &f.item.place, err);
}

/* Whatever became of the item: its original stays, and so does the held value. */
static int
leave_both(const struct open_take *o, struct err *err)
{
	if (box_begin(o->box, err) < 0)
		return -1;
	if (kept_put_untaken(o->box, o->kept, err) < 0 ||
	    restore_row_finish(o->box, span_str(o->restore), err) < 0) {
		box_rollback(o->box);
		return -1;
	}
	return box_commit(o->box, err);
}

static int
finish_one(const struct open_take *o, struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(TEXT_BYTES);
	enum take_state state;
	struct err why = { 0 };

	if (look_how_far(&state, o, &why) < 0) {
		if (why.code == ERR_NOT_FOUND) /* its app is not here at present: it can wait */
			return 0;
		*err = why;
		return -1;
	}
	if (state == TAKE_UNREADABLE)
		return 0;
	if (state == TAKE_UNWRITTEN)
		return take_forget(o->box, o->kept, o->restore, err);
	if (state == TAKE_UNSURE)
		return leave_both(o, err);
	if (item_show_id(&id, o->box, buf_span(&o->native), o->item, err) < 0)
		return -1;
	struct closing c = { .app = o->app,
			     .field = o->field,
			     .restore = o->restore,
			     .id = buf_span(&id),
			     .name = buf_span(&o->name) };
	return take_close(o->box, &c, err);
}

struct open_restores {
	char (*ids)[RESTORE_ID_BYTES]; /* owned */
	size_t n, cap;
};

static int
note_open(void *ctx, const struct restore_row *r, struct err *err)
{
	struct open_restores *o = ctx;

	if (r->finished)
		return 0;
	if (array_reserve((void **)&o->ids, &o->cap, o->n + 1, sizeof *o->ids, RESTORES_MAX, err) <
	    0)
		return -1;
	snprintf(o->ids[o->n++], sizeof *o->ids, "%.*s", SPAN_ARGS(r->id));
	return 0;
}

static int
recover_one(struct box *b, const char *restore, struct err *err)
{
	struct open_take o = { .box = b,
			       .native = BUF_INIT(TEXT_BYTES),
			       .name = BUF_INIT(TEXT_BYTES) };
	struct kept_filter f = { .kind = KEPT_TAKEN, .restore = span_str(restore) };
	int rc;

	snprintf(o.restore, sizeof o.restore, "%s", restore);
	rc = kept_each(b, &f, note_take, &o, err);
	if (rc == 0 && o.found)
		rc = finish_one(&o, err);
	buf_clear(&o.native);
	buf_clear(&o.name);
	return rc;
}

int
take_recover(struct box *b, struct err *err)
{
	struct open_restores o = { 0 };
	int rc = restore_rows_each(b, note_open, &o, err);

	for (size_t i = 0; rc == 0 && i < o.n; i++)
		rc = recover_one(b, o.ids[i], err);
	free(o.ids);
	return rc;
}
