/* SPDX-License-Identifier: Apache-2.0 */
/* forget: tombstones for what is to go from the cloud. */
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "base/array.h"

#define FORGET_MAX 10000000

/* Items to forget, by their ids: the callbacks of the map must not change it. */
struct wanted {
	struct id16 *items;
	size_t n, cap;
};

static void
wanted_clear(struct wanted *w)
{
	free(w->items);
}
AUTO_OBJ(wanted_clear, struct wanted);

static int
want(void *ctx, const struct saved *s, struct err *err)
{
	struct wanted *w = ctx;

	if (array_reserve((void **)&w->items, &w->cap, w->n + 1, sizeof *w->items, FORGET_MAX,
			  err) < 0)
		return -1;
	memcpy(w->items[w->n++].b, s->item, sizeof s->item);
	return 0;
}

static int
find_wanted(struct wanted *w, struct box *box, const char *app, const char *const *items,
	    size_t n_items, struct err *err)
{
	if (n_items == 0)
		return saved_each(box, app, want, w, err);
	for (size_t i = 0; i < n_items; i++) {
		AUTO(saved_found_clear) struct saved_found found = SAVED_FOUND_INIT;

		if (saved_find(&found, box, app, span_str(items[i]), err) < 0 ||
		    want(w, &found.saved, err) < 0)
			return -1;
	}
	return 0;
}

/* Marked as to go, and without a shortcut that would bring it back. */
static int
mark(struct box *box, const struct id16 *item, struct err *err)
{
	AUTO(saved_found_clear) struct saved_found found = SAVED_FOUND_INIT;
	int rc = saved_get(&found, box, item->b, err);

	if (rc < 0 || saved_forget(box, item->b, err) < 0)
		return -1;
	if (rc == BOX_ABSENT)
		return 0;
	return shortcut_remove(box, found.saved.app, found.saved.native_id, err) < 0 ? -1 : 0;
}

static int
mark_all(struct box *box, const struct wanted *w, struct err *err)
{
	if (box_begin(box, err) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++)
		if (mark(box, &w->items[i], err) < 0) {
			box_rollback(box);
			return -1;
		}
	return box_commit(box, err);
}

/* Batches, until nothing is left to be forgotten. */
static int
send_all(struct run *r, struct err *err)
{
	do {
		if (run_tombstones(r, err) < 0)
			return -1;
		if (r->group.n_items == 0)
			return 0;
		if (group_send(r, err) < 0)
			return -1;
	} while (!run_cancelled(r));
	return err_set(err, ERR_CANCELLED, "stopped");
}

static int
forget(struct run *r, const char *app, const char *const *items, size_t n_items, struct err *err)
{
	AUTO(wanted_clear) struct wanted w = { 0 };

	run_watch(r);
	if (send_leftover(r, err) < 0 || find_wanted(&w, r->box, app, items, n_items, err) < 0 ||
	    mark_all(r->box, &w, err) < 0)
		return -1;
	r->forgetting = true;
	r->progress.items_total = w.n;
	return send_all(r, err);
}

int
backup_forget(struct backup_result *out, struct box *box, struct remote *remote, const char *app,
	      const char *const *items, size_t n_items, const struct backup_watch *watch,
	      struct err *err)
{
	AUTO(run_clear) struct run r = { 0 };
	struct err why = { 0 };
	int rc;

	if (run_lock(box, watch, err) < 0)
		return -1;
	rc = run_open(&r, box, remote, watch, out, &why);
	if (rc == 0)
		rc = forget(&r, app, items, n_items, &why);
	if (r.me)
		rc = result_finish(&r, rc == 0 ? &why : &(struct err){ 0 }) < 0 ? -1 : rc;
	box_unlock(box);
	if (rc < 0 && err)
		*err = why;
	return rc;
}
