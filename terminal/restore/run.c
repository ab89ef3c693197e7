/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run: one restore's frame: lock, device, receipt.
 *
 *     run_start -> run_open_device -> run_begin -> ... -> run_end
 *
 * The restore's row stands in the Box as begun before anything is written, and is closed when all
 * was written and read back.
 */
#include "base/array.h"
#include "box/saved.h"
#include "os/os.h"
#include "remote/remote.h"
#include "restore/restore_internal.h"
#include "restore/result_rows.h"

/* So far, over the whole connection. */
static struct remote_traffic
traffic(const struct run *r)
{
	struct remote *remote = r->u ? unlocked_remote(r->u, NULL) : NULL;

	return remote ? remote_traffic(remote) : r->before;
}

void
run_progress(struct run *r, uint64_t n_done)
{
	r->done += n_done;
	if (r->watch && r->watch->progress)
		r->watch->progress(r->watch->ctx, r->done, r->total,
				   traffic(r).bytes_received - r->before.bytes_received);
}

int
run_check_cancelled(const struct run *r, struct err *err)
{
	if (r->watch && r->watch->cancelled && r->watch->cancelled(r->watch->ctx))
		return err_set(err, ERR_CANCELLED, "ended before everything was restored");
	return 0;
}

int
run_prove(struct run *r, const struct wire_item *at, struct err *err)
{
	if (r->rq->preview ||
	    memcmp(fetch_device(r->fetch)->id.b, r->me->device, sizeof r->me->device) != 0)
		return 0;
	if (array_reserve((void **)&r->proven, &r->cap_proven, r->n_proven + 1, sizeof *r->proven,
			  LISTING_ITEMS_MAX, err) < 0)
		return -1;
	r->proven[r->n_proven++] = (struct proven){ at->item, at->seq };
	return 0;
}

/* Only the version that the Box holds for the saved one; an older one proves nothing about it. */
static int
keep_proven(struct run *r, const struct proven *p, int64_t now, struct err *err)
{
	AUTO(saved_found_clear) struct saved_found f = SAVED_FOUND_INIT;
	int rc = saved_get(&f, r->box, p->item.b, err);

	if (rc < 0)
		return -1;
	return rc == 0 && f.saved.seq == p->seq ? saved_put_proven(r->box, p->item.b, now, err) : 0;
}

int
run_keep_proven(struct run *r, struct err *err)
{
	int64_t now = os->now_unix_ms();
	int rc = 0;

	if (r->n_proven == 0)
		return 0;
	if (box_begin(r->box, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < r->n_proven; i++)
		rc = keep_proven(r, &r->proven[i], now, err);
	r->n_proven = 0;
	if (rc == 0)
		return box_commit(r->box, err);
	box_rollback(r->box);
	return -1;
}

int
run_start(struct run *r, struct err *err)
{
	if (box_identity_need(&r->me, r->box, err) < 0 || !unlocked_remote(r->u, err) ||
	    box_lock(r->box, BOX_LOCK_WAIT_MS, NULL, NULL, err) < 0)
		return -1;
	r->before = traffic(r);
	return 0;
}

int
run_check_newest(struct run *r, struct err *err)
{
	struct err alarm = { 0 };

	if (device_check_newest(r->fetch, r->box, &alarm) == 0)
		return 0;
	return alarm.code == ERR_ALARM ? result_alarm(r->out, alarm.msg, err)
				       : err_set(err, alarm.code, "%s", alarm.msg);
}

int
run_open_device(struct run *r, enum device_need need, struct err *err)
{
	if (device_open(&r->fetch, r->box, r->u, r->rq->from, need, err) < 0)
		return -1;
	if (fetch_alarm(r->fetch)[0] && result_alarm(r->out, fetch_alarm(r->fetch), err) < 0)
		return -1;
	return run_check_newest(r, err);
}

static int
begin_rows(struct run *r, struct err *err)
{
	struct restore_row row = { .id = span_str(r->out->id), .at_unix_ms = os->now_unix_ms() };

	r->receipt = (struct receipt){ .kind = RECEIPT_RESTORE,
				       .at_unix_ms = row.at_unix_ms,
				       .restore = row.id };
	memcpy(row.from, fetch_device(r->fetch)->id.b, sizeof row.from);
	return restore_row_put(r->box, &row, err) < 0 ? -1 : receipt_put(r->box, &r->receipt, err);
}

int
run_begin(struct run *r, struct err *err)
{
	uint8_t id[BOX_ID_BYTES];

	hex_encode(r->out->from, SPAN_ARRAY(fetch_device(r->fetch)->id.b));
	if (r->rq->preview)
		return 0;
	if (inherit_new(&r->inherit, r->box, fetch_opener(r->fetch), &fetch_device(r->fetch)->id,
			err) < 0)
		return -1;
	os_random(id, sizeof id);
	hex_encode(r->out->id, SPAN_ARRAY(id));
	if (box_begin(r->box, err) < 0)
		return -1;
	if (begin_rows(r, err) < 0) {
		r->out->id[0] = '\0';
		box_rollback(r->box);
		return -1;
	}
	return box_commit(r->box, err);
}

static int
put_lines(struct run *r, struct err *err)
{
	for (size_t i = 0; i < r->out->n_items; i++) {
		const struct restore_item *it;
		struct receipt_item line;

		if (restore_result_item(&it, r->out, i, err) < 0)
			return -1;
		line = (struct receipt_item){ .app = it->app,
					      .id = span_str(it->id),
					      .name = span_str(it->name),
					      .result = restore_outcome_name(it->outcome),
					      .reason = span_str(it->reason) };
		if (receipt_put_item(r->box, r->receipt.number, &line, err) < 0)
			return -1;
	}
	return 0;
}

/* The receipt, in one transaction; a restore that ended early stays open. */
static int
close_receipt(struct run *r, bool whole, struct err *err)
{
	struct remote_traffic t = traffic(r);

	r->receipt.items = r->out->written;
	r->receipt.failed = r->out->failed;
	r->receipt.bytes_received = r->out->bytes_received;
	r->receipt.bytes_sent = t.bytes_sent - r->before.bytes_sent;
	r->receipt.restore = span_str(r->out->id);
	if (box_begin(r->box, err) < 0)
		return -1;
	if (receipt_update(r->box, &r->receipt, err) < 0 || put_lines(r, err) < 0 ||
	    (whole && restore_row_finish(r->box, span_str(r->out->id), err) < 0)) {
		box_rollback(r->box);
		return -1;
	}
	return box_commit(r->box, err);
}

int
run_end(struct run *r, int rc, struct err *err)
{
	struct err later = { 0 };
	struct remote_traffic t;

	if (rc == 0)
		rc = name_nameless(r, err);
	if (run_keep_proven(r, &later) < 0 && rc == 0) {
		if (err)
			*err = later;
		rc = -1;
	}
	if (inherit_finish(r->inherit, &later) < 0 && rc == 0) {
		if (err)
			*err = later;
		rc = -1;
	}
	t = traffic(r);
	r->out->bytes_received = t.bytes_received - r->before.bytes_received;
	r->out->requests = t.requests - r->before.requests;
	r->out->failed += restore_result_count(r->out, RESTORE_FAILED);
	if (r->out->rows && result_rows_sort(r->out->rows, &later) < 0 && rc == 0) {
		if (err)
			*err = later;
		rc = -1;
	}
	if (r->out->id[0] && close_receipt(r, rc == 0, &later) < 0 && rc == 0) {
		if (err)
			*err = later;
		rc = -1;
	}
	box_unlock(r->box);
	fetch_free(r->fetch);
	r->fetch = NULL;
	inherit_free(r->inherit);
	r->inherit = NULL;
	free(r->nameless);
	r->nameless = NULL;
	free(r->proven);
	r->proven = NULL;
	return rc;
}
