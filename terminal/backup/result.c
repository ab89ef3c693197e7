/* SPDX-License-Identifier: Apache-2.0 */
/* result: what a run did, in items and in bytes, and its receipt. */
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "base/array.h"
#include "base/piece.h"
#include "os/os.h"
#include "os/sorter.h"

#define ROW_BYTES_MAX (1u << 20)
#define WARNINGS_MAX  1000
#define APPS_MAX      1024

void
backup_result_clear(struct backup_result *r)
{
	sorter_free(r->items);
	for (size_t i = 0; i < r->n_apps; i++)
		free(r->apps[i].app);
	for (size_t i = 0; i < r->n_warnings; i++)
		free(r->warnings[i]);
	free(r->apps);
	free(r->warnings);
	*r = (struct backup_result){ 0 };
}

/* Sorted by app, name, id, each with its NUL; the row is these and the rest. */
static int
put_item(struct backup_result *out, const struct backup_item *item, struct err *err)
{
	AUTO(buf_clear) struct buf row = BUF_INIT(ROW_BYTES_MAX);
	size_t key;

	if (piece_put_key(&row, item->app, err) < 0 || piece_put_key(&row, item->name, err) < 0 ||
	    piece_put_key(&row, item->id, err) < 0)
		return -1;
	key = row.n;
	if (piece_put_key(&row, item->reason, err) < 0 ||
	    buf_append_byte(&row, (uint8_t)item->outcome, err) < 0 ||
	    buf_append_u64(&row, item->bytes, err) < 0)
		return -1;
	return sorter_add(out->items, span_of(row.p, key), buf_span(&row), err);
}

int
backup_result_next(struct backup_item *out, struct backup_result *result, struct err *err)
{
	struct span key, row;
	struct reader r;
	int rc = result->items ? sorter_next(&key, &row, result->items, err) : SORTER_END;

	if (rc)
		return rc < 0 ? -1 : BACKUP_RESULT_END;
	r = reader_of(row);
	out->app = piece_get_key(&r);
	out->name = piece_get_key(&r);
	out->id = piece_get_key(&r);
	out->reason = piece_get_key(&r);
	out->outcome = (enum backup_outcome)read_u8(&r);
	out->bytes = read_u64(&r);
	return reader_done(&r, "a line of the result", err);
}

int
backup_result_rewind(struct backup_result *r, struct err *err)
{
	return r->items ? sorter_rewind(r->items, err) : 0;
}

static int
count_cost(struct run *r, const struct backup_item *item, struct err *err)
{
	struct run_cost *c;
	size_t at = 0;

	while (at < r->n_costs && strcmp(r->costs[at].app, item->app) != 0)
		at++;
	if (at == r->n_costs) {
		if (array_reserve((void **)&r->costs, &r->cap_costs, r->n_costs + 1,
				  sizeof *r->costs, APPS_MAX, err) < 0)
			return -1;
		r->costs[at] = (struct run_cost){ .app = strdup(item->app) };
		if (!r->costs[at].app)
			return err_nomem(err);
		r->n_costs++;
	}
	c = &r->costs[at];
	c->uploaded++;
	c->bytes += item->bytes;
	return 0;
}

int
result_add(struct run *r, const struct backup_item *item, struct err *err)
{
	struct backup_result *out = r->out;

	if (put_item(out, item, err) < 0 ||
	    (item->outcome == BACKUP_UPLOADED && count_cost(r, item, err) < 0))
		return -1;
	out->n_uploaded += item->outcome == BACKUP_UPLOADED;
	out->n_missing += item->outcome == BACKUP_MISSING;
	out->n_failed += item->outcome == BACKUP_FAILED;
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
	for (size_t i = 0; i < r->n_costs; i++)
		if (strcmp(r->costs[i].app, cost->app) == 0) {
			cost->uploaded = r->costs[i].uploaded;
			cost->bytes = r->costs[i].bytes;
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
static int
count_twice(uint64_t *n, struct backup_result *out, struct err *err)
{
	AUTO(buf_clear) struct buf before = BUF_INIT(ROW_BYTES_MAX);
	struct span key, row;
	int rc;

	*n = 0;
	while ((rc = sorter_next(&key, &row, out->items, err)) == 0) {
		*n += span_equal(key, buf_span(&before));
		buf_reset(&before);
		if (buf_append(&before, key, err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : backup_result_rewind(out, err);
}

/* Those of the planned apps that were neither sent nor failed nor are missing. */
static int
count_unchanged(struct run *r, struct err *err)
{
	uint64_t there = 0, twice = 0;
	uint64_t done = r->n_todo + r->out->n_postponed - r->n_same;

	for (size_t i = 0; i < r->n_apps; i++)
		there += r->apps[i].shortcuts - r->apps[i].missing;
	if (r->n_leftover && count_twice(&twice, r->out, err) < 0)
		return -1;
	if (r->n_leftover)
		done += r->n_leftover - twice;
	r->out->n_unchanged = there > done ? there - done : 0;
	return 0;
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
	if (sorter_sort(out->items, err) < 0 || count_unchanged(r, err) < 0)
		return -1;
	for (size_t i = 0; i < r->n_apps; i++)
		if (add_cost(r, &r->apps[i], err) < 0)
			return -1;
	return finish_receipt(r, err);
}
