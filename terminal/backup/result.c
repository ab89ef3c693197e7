/* SPDX-License-Identifier: Apache-2.0 */
/* result: what a run did, in items and in bytes, and its receipt. */
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "base/array.h"
#include "os/os.h"

#define ITEMS_MAX    10000000
#define WARNINGS_MAX 1000
#define APPS_MAX     1024

static void
item_clear(struct backup_item *i)
{
	free(i->app);
	free(i->id);
	free(i->name);
	free(i->reason);
}

void
backup_result_clear(struct backup_result *r)
{
	for (size_t i = 0; i < r->n_items; i++)
		item_clear(&r->items[i]);
	for (size_t i = 0; i < r->n_apps; i++)
		free(r->apps[i].app);
	for (size_t i = 0; i < r->n_warnings; i++)
		free(r->warnings[i]);
	free(r->items);
	free(r->apps);
	free(r->warnings);
	*r = (struct backup_result){ 0 };
}

int
result_add(struct backup_result *out, enum backup_outcome outcome, const char *app, const char *id,
	   const char *name, uint64_t bytes, const char *reason, struct err *err)
{
	struct backup_item item = {
		.outcome = outcome,
		.app = strdup(app),
		.id = strdup(id),
		.name = strdup(name),
		.bytes = bytes,
		.reason = strdup(reason),
	};

	if (!item.app || !item.id || !item.name || !item.reason) {
		item_clear(&item);
		return err_nomem(err);
	}
	if (array_reserve((void **)&out->items, &out->cap_items, out->n_items + 1,
			  sizeof *out->items, ITEMS_MAX, err) < 0) {
		item_clear(&item);
		return -1;
	}
	out->items[out->n_items++] = item;
	out->n_uploaded += outcome == BACKUP_UPLOADED;
	out->n_missing += outcome == BACKUP_MISSING;
	out->n_failed += outcome == BACKUP_FAILED;
	return 0;
}

int
result_warn(struct backup_result *out, const char *line, struct err *err)
{
	if (array_reserve((void **)&out->warnings, &out->cap_warnings, out->n_warnings + 1,
			  sizeof(char *), WARNINGS_MAX, err) < 0)
		return -1;
	out->warnings[out->n_warnings] = strdup(line);
	if (!out->warnings[out->n_warnings])
		return err_nomem(err);
	out->n_warnings++;
	return 0;
}

int
result_receipt(struct run *r, struct err *err)
{
	if (r->receipt.number)
		return 0;
	r->receipt.kind = RECEIPT_BACKUP;
	r->receipt.at_unix_ms = os->now_unix_ms();
	return receipt_put(r->box, &r->receipt, err);
}

static int
by_app_name_id(const void *a, const void *b)
{
	const struct backup_item *x = a, *y = b;
	int c = strcmp(x->app, y->app);

	if (c == 0)
		c = strcmp(x->name, y->name);
	return c ? c : strcmp(x->id, y->id);
}

/* One app's cost beside a full backup of it. */
static int
add_cost(struct run *r, const struct run_app *a, struct err *err)
{
	struct backup_result *out = r->out;
	struct backup_app_cost *cost;

	if (array_reserve((void **)&out->apps, &out->cap_apps, out->n_apps + 1, sizeof *out->apps,
			  APPS_MAX, err) < 0)
		return -1;
	cost = &out->apps[out->n_apps];
	*cost = (struct backup_app_cost){ .app = strdup(a->app->name) };
	if (!cost->app)
		return err_nomem(err);
	out->n_apps++;
	for (size_t i = 0; i < out->n_items; i++)
		if (out->items[i].outcome == BACKUP_UPLOADED &&
		    strcmp(out->items[i].app, cost->app) == 0) {
			cost->uploaded++;
			cost->bytes += out->items[i].bytes;
		}
	if (saved_full_backup_bytes(&cost->full_backup_bytes, &cost->estimated, r->box, cost->app,
				    err) < 0)
		return -1;
	out->full_backup_bytes += cost->full_backup_bytes;
	out->estimated = out->estimated || cost->estimated;
	return 0;
}

static int
finish_receipt(struct run *r, struct err *err)
{
	const struct backup_result *out = r->out;

	if (!r->receipt.number)
		return 0;
	r->receipt.kind = RECEIPT_BACKUP;
	r->receipt.at_unix_ms = os->now_unix_ms();
	r->receipt.items = out->n_uploaded;
	r->receipt.bytes_sent = r->prior_sent + out->bytes_sent;
	r->receipt.bytes_received = r->prior_received + out->bytes_received;
	r->receipt.full_backup_bytes = out->full_backup_bytes;
	r->receipt.estimated = out->estimated;
	r->receipt.failed = out->n_failed;
	return receipt_update(r->box, &r->receipt, err);
}

/* Items that an earlier run left behind and this one had to do with again; they are sorted. */
static uint64_t
count_twice(const struct backup_result *out)
{
	uint64_t n = 0;

	for (size_t i = 1; i < out->n_items; i++)
		n += by_app_name_id(&out->items[i - 1], &out->items[i]) == 0;
	return n;
}

/* Those of the planned apps that were neither sent nor failed nor are missing. */
static uint64_t
count_unchanged(const struct run *r)
{
	uint64_t there = 0, done = r->n_todo - r->n_same;

	for (size_t i = 0; i < r->n_apps; i++)
		there += r->apps[i].shortcuts - r->apps[i].missing;
	if (r->n_leftover)
		done += r->n_leftover - count_twice(r->out);
	return there > done ? there - done : 0;
}

int
result_finish(struct run *r, struct err *err)
{
	struct backup_result *out = r->out;
	struct remote_traffic now = remote_traffic(r->remote);

	out->bytes_sent = now.bytes_sent - r->before.bytes_sent;
	out->bytes_received = now.bytes_received - r->before.bytes_received;
	out->requests = now.requests - r->before.requests;
	out->duration_ms = os->uptime_ms() - r->started_ms;
	out->seq = r->me->acked_seq;
	if (out->n_items > 1)
		qsort(out->items, out->n_items, sizeof *out->items, by_app_name_id);
	out->n_unchanged = count_unchanged(r);
	for (size_t i = 0; i < r->n_apps; i++)
		if (add_cost(r, &r->apps[i], err) < 0)
			return -1;
	return finish_receipt(r, err);
}
