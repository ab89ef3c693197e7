/* SPDX-License-Identifier: Apache-2.0 */
/* expected: what items will cost, by preparing them exactly as a backup does, sending nothing. */
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "base/text.h"

struct backup_expecting {
	struct run run;
	struct backup_result unused;
};

int
backup_expecting_new(struct backup_expecting **out, struct box *box, struct err *err)
{
	AUTO(backup_expecting_free) struct backup_expecting *e = calloc(1, sizeof *e);

	if (!e)
		return err_nomem(err);
	if (run_open(&e->run, box, NULL, NULL, &e->unused, err) < 0)
		return -1;
	*out = TAKE(e);
	return 0;
}

void
backup_expecting_free(struct backup_expecting *e)
{
	if (!e)
		return;
	if (e->run.box)
		box_view_end(e->run.box);
	run_clear(&e->run);
	backup_result_clear(&e->unused);
	free(e);
}

static int
measure(uint64_t *bytes, const char **reason, struct run *r, const struct todo *todo,
	struct err *err)
{
	AUTO(prepared_free) struct prepared *p = NULL;
	struct err why = { 0 };
	int rc = prepare_item(&p, r, todo, &why, err);

	if (rc < 0)
		return -1;
	if (rc == PREPARE_FAILED)
		*reason = _("it cannot be read, or is too large");
	else
		*bytes = prepared_frame_bytes(p) + p->new_bytes;
	return 0;
}

int
backup_expecting_item(uint64_t *bytes, const char **reason, struct backup_expecting *e,
		      const char *app, struct span native_id, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found found = INVENTORY_FOUND_INIT;
	struct run *r = &e->run;
	struct todo todo = { .anyhow = true };
	struct run_app *a;
	int rc;

	*bytes = 0;
	*reason = NULL;
	if (box_view(r->box, err) < 0 || plan_app(&todo.app, r, app, err) < 0)
		return -1;
	a = &r->apps[todo.app];
	if (!a->session && app_session_open(&a->session, a->app, err) < 0)
		return -1;
	rc = inventory_get(&found, r->box, app, native_id, err);
	if (rc < 0)
		return -1;
	if (rc == BOX_ABSENT) {
		*reason = _("it is not in its app any more");
		return 0;
	}
	memcpy(todo.item.b, found.item.item, sizeof todo.item.b);
	return measure(bytes, reason, r, &todo, err);
}
