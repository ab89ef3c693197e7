/* SPDX-License-Identifier: Apache-2.0 */
/* rows: what a restore tells, row by row, named as this terminal names it. */
#include <stdio.h>

#include "base/array.h"
#include "box/shortcuts.h"
#include "restore/restore_internal.h"
#include "restore/result_rows.h"

#define RESULT_ROWS_MAX   LISTING_ITEMS_MAX
#define RESULT_ALARMS_MAX 64

/* A row is told of once all its texts are there. */
static int
row_new(size_t *row, struct run *r, struct restore_item *it, struct err *err)
{
	struct restore_result *out = r->out;

	if (!it->app || !it->id || !it->name || !it->reason)
		return err_nomem(err);
	if ((!out->rows && result_rows_new(&out->rows, box_home_fd(r->box), err) < 0) ||
	    result_rows_add(row, out->rows, it, err) < 0)
		return -1;
	out->n_items++;
	return 0;
}

int
row_add(size_t *row, struct run *r, struct span app, struct span native_id, struct span name,
	struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(16 << 10);
	AUTO(restore_item_clear) struct restore_item it = { .outcome = RESTORE_FAILED };
	uint8_t item[BOX_ID_BYTES];

	keys_item_id(item, r->me->ids, app, native_id);
	if (item_show_id(&id, r->box, native_id, item, err) < 0)
		return -1;
	it.app = line_for_people(app, err);
	it.id = line_for_people(buf_span(&id), err);
	it.name = line_for_people(name, err);
	it.reason = strdup("");
	return row_new(row, r, &it, err);
}

/* This device's own item: the Box knows what it is called. */
static int
add_known(bool *known, struct run *r, const char *app, const struct wire_item *at, size_t *row,
	  struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	int rc = inventory_get_id(&f, r->box, at->item.b, err);

	*known = rc == 0;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return row_add(row, r, span_str(f.item.app ? f.item.app : app), f.item.native_id,
		       f.item.name, err);
}

/* Nobody here knows it: its short id, and later perhaps its name. */
static int
add_nameless(struct run *r, const char *app, const struct wire_item *at, size_t *row,
	     struct err *err)
{
	AUTO(restore_item_clear) struct restore_item it = { .outcome = RESTORE_FAILED };
	char hex[9];

	hex_encode(hex, span_of(at->item.b, 4));
	it.app = strdup(app);
	it.id = strdup(hex);
	it.name = strdup("");
	it.reason = strdup("");
	if (array_reserve((void **)&r->nameless, &r->cap_nameless, r->n_nameless + 1,
			  sizeof *r->nameless, RESULT_ROWS_MAX, err) < 0 ||
	    row_new(row, r, &it, err) < 0)
		return -1;
	r->nameless[r->n_nameless++] = (struct nameless){ *row, at->item };
	return 0;
}

int
result_add_unopened(struct run *r, const char *app, const struct wire_item *at,
		    const struct err *why, struct err *err)
{
	bool known = false;
	size_t row = 0;

	if (add_known(&known, r, app, at, &row, err) < 0 ||
	    (!known && add_nameless(r, app, at, &row, err) < 0))
		return -1;
	return result_set(r, row, RESTORE_FAILED, why->msg, err);
}

int
result_set(struct run *r, size_t row, enum restore_outcome outcome, const char *reason,
	   struct err *err)
{
	struct restore_item *it;
	char *text;

	if (result_rows_open(&it, r->out->rows, row, err) < 0)
		return -1;
	text = text_for_people(span_str(reason), err);
	if (!text)
		return -1;
	r->any_field |= outcome == RESTORE_FAILED && !r->rq->n_items;
	free(it->reason);
	it->outcome = outcome;
	it->reason = text;
	return 0;
}

int
result_lacks_field(struct run *r, size_t row, const char *reason, struct err *err)
{
	return result_set(r, row, r->rq->n_items ? RESTORE_FAILED : RESTORE_SKIPPED, reason, err);
}

int
result_alarm(struct restore_result *out, const char *sentence, struct err *err)
{
	for (size_t i = 0; i < out->n_alarms; i++)
		if (strcmp(out->alarms[i], sentence) == 0)
			return 0;
	if (array_reserve((void **)&out->alarms, &out->cap_alarms, out->n_alarms + 1,
			  sizeof *out->alarms, RESULT_ALARMS_MAX, err) < 0)
		return -1;
	out->alarms[out->n_alarms] = strdup(sentence);
	if (!out->alarms[out->n_alarms])
		return err_nomem(err);
	out->n_alarms++;
	return 0;
}
