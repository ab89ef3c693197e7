/* SPDX-License-Identifier: Apache-2.0 */
/* expected: what items will cost, by preparing them exactly as a backup does, sending nothing. */
#include <string.h>

#include "backup/backup_internal.h"
#include "base/text.h"

static int
measure(struct backup_wanted *w, struct run *r, uint32_t app, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found found = INVENTORY_FOUND_INIT;
	AUTO(prepared_free) struct prepared *p = NULL;
	struct todo todo = { .app = app };
	struct err why = { 0 };
	int rc = inventory_get(&found, r->box, w->app, span_of(w->native_id, w->native_id_bytes),
			       err);

	if (rc < 0)
		return -1;
	if (rc == BOX_ABSENT) {
		w->reason = _("it is not in its app any more");
		return 0;
	}
	memcpy(todo.item.b, found.item.item, sizeof todo.item.b);
	todo.saved_before = true; /* if it was: its chunks are there */
	rc = prepare_item(&p, r, &todo, &why, err);
	if (rc < 0)
		return -1;
	if (rc == PREPARE_FAILED)
		w->reason = _("it cannot be read, or is too large");
	else
		w->bytes = prepared_frame_bytes(p) + p->new_bytes;
	return 0;
}

int
backup_expected_bytes(struct backup_wanted *items, size_t n, uint64_t *total, struct box *box,
		      struct err *err)
{
	AUTO(run_clear) struct run r = { 0 };
	struct backup_result unused = { 0 };

	*total = 0;
	if (run_open(&r, box, NULL, NULL, &unused, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct run_app *a;
		uint32_t at;

		items[i].bytes = 0;
		items[i].reason = NULL;
		if (plan_app(&at, &r, items[i].app, err) < 0)
			return -1;
		a = &r.apps[at];
		if (!a->session && app_session_open(&a->session, a->app, err) < 0)
			return -1;
		if (measure(&items[i], &r, at, err) < 0)
			return -1;
		*total += items[i].bytes;
	}
	return 0;
}
