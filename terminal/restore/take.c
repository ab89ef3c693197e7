/* SPDX-License-Identifier: Apache-2.0 */
/* take: see take.h. */
#include "restore/take.h"

#include <stdio.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/text.h"
#include "box/box_apps.h"
#include "box/content.h"
#include "box/identity.h"
#include "box/inventory.h"
#include "item/form.h"
#include "os/os.h"
#include "restore/take_internal.h"
#include "restore/written.h"

#define HELD_MAX   (1u << 20)
#define TEXT_BYTES (16 << 10)
#define TAKE_TRIES 3

/* 1. Which one. */

struct take {
	struct box *box;
	const struct identity *me;
	const struct held_request *rq;
	/* What was chosen. */
	size_t n;        /* that fit */
	bool other_item; /* they are of several items */
	int64_t *held;   /* owned: its rows */
	size_t n_held, cap_held;
	uint8_t item[BOX_ID_BYTES];
	struct buf native, name, id; /* owned */
	char field[64];
	struct field_key key;
	struct buf here, card;
	/* The write. */
	struct app *app;
	struct app_session *session;
	char restore[RESTORE_ID_BYTES];
	int64_t kept;
	uint8_t written[BOX_HASH_BYTES];
};

static void
take_clear(struct take *t)
{
	buf_clear(&t->native);
	buf_clear(&t->name);
	buf_clear(&t->id);
	buf_clear(&t->here);
	buf_clear(&t->card);
	free(t->held);
	app_session_free(t->session);
	app_free(t->app);
}
AUTO_OBJ(take_clear, struct take);

static int
put(struct buf *out, struct span s, struct err *err)
{
	buf_reset(out);
	return buf_append(out, s, err);
}

/* A row that is applied with the take: the chosen one, and older ones of the same value. */
static int
add_held(struct take *t, int64_t number, struct err *err)
{
	if (array_reserve((void **)&t->held, &t->cap_held, t->n_held + 1, sizeof *t->held, HELD_MAX,
			  err) < 0)
		return -1;
	t->held[t->n_held++] = number;
	return 0;
}

static int
choose(void *ctx, const struct held_row *row, struct err *err)
{
	struct take *t = ctx;
	const struct kept *k = row->kept;
	bool same_item = t->n > 0 && memcmp(t->item, k->item, sizeof t->item) == 0;

	if (row->older)
		return same_item && field_key_equal(&t->key, &row->held->key)
			       ? add_held(t, k->number, err)
			       : 0;
	if (t->n++ > 0) {
		t->other_item |= !same_item;
		return 0;
	}
	t->key = row->held->key;
	memcpy(t->item, k->item, sizeof t->item);
	snprintf(t->field, sizeof t->field, "%s", k->field);
	if (put(&t->native, k->native_id, err) < 0 || put(&t->name, k->name, err) < 0 ||
	    put(&t->id, span_str(row->id), err) < 0 || put(&t->here, row->held->here, err) < 0 ||
	    put(&t->card, row->held->card, err) < 0)
		return -1;
	return add_held(t, k->number, err);
}

static int
choose_held(struct take *t, struct err *err)
{
	const struct held_request *rq = t->rq;

	if (held_rows_each(t->box, rq, choose, t, err) < 0)
		return -1;
	if (t->n == 1)
		return 0;
	if (t->n == 0) {
		err_set(err, ERR_NOT_FOUND, "nothing is held in field %.40s of this item",
			rq->field);
		return err_hint(err, "`cloudbox held %s` lists what can be taken", rq->app);
	}
	if (t->other_item) {
		err_set(err, ERR_AMBIGUOUS, "this name means several items");
		return err_hint(err, "name it by its id: `cloudbox held %s --json` shows it",
				rq->app);
	}
	err_set(err, ERR_AMBIGUOUS, "%zu values are held in this field", t->n);
	return err_hint(err, "say which: cloudbox take %s ITEM %.40s=VALUE", rq->app, t->field);
}

/* 2. The item as it is now. */

static int
open_app(struct take *t, const char *name, struct err *err)
{
	return box_app_get(&t->app, t->box, name, err) < 0 ||
			       app_session_open(&t->session, t->app, err) < 0 ||
			       app_session_ready(t->session, err) < 0
		       ? -1
		       : 0;
}

/* What cannot be read may hold the item. */
static int
refused(void *ctx, const struct app_refused *what, struct err *err)
{
	bool *incomplete = ctx;

	(void)err;
	*incomplete |= what->why->code == ERR_IO || what->why->code == ERR_CONFLICT;
	return 0;
}

/* 0, APP_MOVED or -1. */
static int
read_item(struct buf *out, struct inventory_found *f, struct take *t, struct err *err)
{
	bool incomplete = false;
	int rc;

	if (inventory_refresh(NULL, t->box, t->session, refused, &incomplete, err) < 0)
		return -1;
	rc = inventory_get(f, t->box, t->app->name, buf_span(&t->native), err);
	if (rc == BOX_ABSENT && incomplete)
		return err_set(err, ERR_IO,
			       "a part of the app cannot be read, and the item may be there: see "
			       "`cloudbox items`");
	if (rc == BOX_ABSENT) {
		err_set(err, ERR_NOT_FOUND, "this item is not in the app any more");
		return err_hint(err, "bring it back first: cloudbox restore %s ITEM", t->app->name);
	}
	buf_reset(out);
	return rc < 0 ? -1 : item_read_all(out, t->session, &f->item.place, err);
}

static const struct field *
find_single(const struct item *it, const char *name)
{
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];

		if ((f->flags & FIELD_SINGLE) && !(f->flags & FIELD_IGNORED) &&
		    strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

/* It is what it was when the backup's value was put aside. */
static int
check_here(const struct take *t, const struct item *mine, const struct field *old, struct err *err)
{
	if (take_find_key(mine, &t->key))
		return err_set(err, ERR_EXISTS, "the item has this value already");
	if (span_equal(span_str(old ? old->value : ""), buf_span(&t->here)))
		return 0;
	err_set(err, ERR_CONFLICT, "the value here has changed since the other one was held");
	return err_hint(err, "see both anew: cloudbox restore %s ITEM, then cloudbox held",
			t->app->name);
}

static int
make_bytes(struct buf *out, const struct take *t, struct span now, struct err *err)
{
	const struct form *form = t->session->adapter->form;
	const struct item_profile *profile = t->session->adapter->profile;
	AUTO(item_free) struct item *mine = NULL;
	AUTO(item_free) struct item *theirs = NULL;
	AUTO(item_free) struct item *made = NULL;
	const struct field *value, *old;

	if (!form)
		return err_set(err, ERR_UNSUPPORTED, "files are never replaced");
	if (form->parse(&mine, now, "", 1, profile, err) < 0 ||
	    form->parse(&theirs, buf_span(&t->card), "", 1, profile, err) < 0)
		return -1;
	value = take_find_key(theirs, &t->key);
	if (!value)
		return err_set(err, ERR_FORMAT, "a held value is damaged");
	old = find_single(mine, t->field);
	if (check_here(t, mine, old, err) < 0 ||
	    merge_take(out, mine, old, theirs, value, err) < 0 ||
	    form->parse(&made, buf_span(out), "", 1, profile, err) < 0)
		return -1;
	if (!take_find_key(made, &t->key))
		return err_set(err, ERR_UNSUPPORTED, "%s", _(form->unwritable));
	return 0;
}

/* 3. Keep, write, close. */

static int
keep_rows(struct take *t, const struct app_place *place, struct span before, struct err *err)
{
	struct restore_row row = { .id = span_str(t->restore), .at_unix_ms = os->now_unix_ms() };
	uint8_t about[TAKE_ABOUT_BYTES];
	struct kept k = { .kind = KEPT_TAKEN,
			  .restore = row.id,
			  .app = t->app->name,
			  .native_id = buf_span(&t->native),
			  .name = buf_span(&t->name),
			  .field = t->field,
			  .source = span_str(place->source),
			  .added_keys = SPAN_ARRAY(about) };

	memcpy(about, t->key.b, FIELD_KEY_BYTES);
	content_of(about + FIELD_KEY_BYTES, t->me->ids, before);
	memcpy(row.from, t->me->device, sizeof row.from);
	memcpy(k.item, t->item, sizeof k.item);
	memcpy(k.written, t->written, sizeof k.written);
	if (restore_row_put(t->box, &row, err) < 0 || kept_put(t->box, &k, before, err) < 0)
		return -1;
	t->kept = k.number;
	for (size_t i = 0; i < t->n_held; i++)
		if (kept_put_taken(t->box, t->held[i], t->kept, err) < 0)
			return -1;
	return 0;
}

static int
keep(struct take *t, const struct app_place *place, struct span before, struct span after,
     struct err *err)
{
	uint8_t id[BOX_ID_BYTES];

	os_random(id, sizeof id);
	hex_encode(t->restore, SPAN_ARRAY(id));
	if (written_expect(t->written, t->session, t->me, after, err) < 0)
		return -1;
	if (box_begin(t->box, err) < 0)
		return -1;
	if (keep_rows(t, place, before, err) < 0) {
		box_rollback(t->box);
		return -1;
	}
	return box_commit(t->box, err);
}

/* 0, APP_MOVED (nothing was written), or -1. */
static int
write_item(struct take *t, const struct app_place *place, struct span before, struct span after,
	   struct err *err)
{
	AUTO(buf_clear) struct buf back = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	struct app_change c = {
		.kind = APP_REPLACE, .place = *place, .expected = before, .bytes = after
	};
	struct err why = { 0 };
	int rc;

	t->session->adapter->apply(t->session, &c, 1, &why);
	if (c.result == APP_CHANGE_DONE) {
		rc = item_read_all(&back, t->session, &c.written, err);
		if (rc == 0)
			rc = written_check(t->session->adapter, after, buf_span(&back), err);
	} else if (c.result == APP_CHANGE_FAILED) { /* nobody knows how far: see take_recover() */
		*err = c.err;
		rc = -1;
	} else if (take_forget(t->box, t->kept, t->restore, err) < 0) {
		rc = -1;
	} else if (c.result == APP_CHANGE_CONFLICT) {
		rc = APP_MOVED;
	} else {
		*err = c.result == APP_CHANGE_REFUSED ? c.err : why;
		rc = -1;
	}
	app_change_clear(&c);
	return rc;
}

/* 0, APP_MOVED or -1. */
static int
try_once(struct take *t, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	AUTO(buf_clear) struct buf before = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf after = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	struct closing c = { .app = t->app->name,
			     .field = t->field,
			     .restore = t->restore,
			     .id = buf_span(&t->id),
			     .name = buf_span(&t->name) };
	int rc = read_item(&before, &f, t, err);

	if (rc == 0)
		rc = make_bytes(&after, t, buf_span(&before), err);
	if (rc == 0)
		rc = keep(t, &f.item.place, buf_span(&before), buf_span(&after), err);
	if (rc == 0)
		rc = write_item(t, &f.item.place, buf_span(&before), buf_span(&after), err);
	if (rc == 0)
		rc = take_close(t->box, &c, err);
	return rc;
}

static int
take_it(struct take *t, struct err *err)
{
	int rc = APP_MOVED;

	if (take_recover(t->box, err) < 0 || choose_held(t, err) < 0 ||
	    open_app(t, t->rq->app, err) < 0)
		return -1;
	for (int i = 0; i < TAKE_TRIES && rc == APP_MOVED; i++)
		rc = try_once(t, err);
	if (rc == APP_MOVED)
		return err_set(err, ERR_CONFLICT, "the app kept changing this item");
	return rc < 0 ? -1 : inventory_refresh(NULL, t->box, t->session, NULL, NULL, err);
}

int
take_run(struct box *b, const struct held_request *rq, struct err *err)
{
	AUTO(take_clear)
	struct take t = { .box = b,
			  .rq = rq,
			  .native = BUF_INIT(TEXT_BYTES),
			  .name = BUF_INIT(TEXT_BYTES),
			  .id = BUF_INIT(TEXT_BYTES),
			  .here = BUF_INIT(ORIGINAL_BYTES_MAX),
			  .card = BUF_INIT(ORIGINAL_BYTES_MAX) };
	int rc;

	if (box_identity_need(&t.me, b, err) < 0 ||
	    box_lock(b, BOX_LOCK_WAIT_MS, NULL, NULL, err) < 0)
		return -1;
	rc = take_it(&t, err);
	box_unlock(b);
	return rc;
}
