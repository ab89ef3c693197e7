/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send: a batch from the journal to the server, and what each of its answers means.
 *
 *     SEALED/SENT --200, or 409 head: mine--> acknowledged (box.db: saved)
 *        |  |  \--unreachable, 401, 403, 404, 426, 507 disk…--> kept, the next backup goes on
 *        |  |--424--> chunks first, then the same bytes
 *        |  \--409 log--> kept, an alarm
 *        |  (SEALED and never sent, found at the start: dropped, for it may not have been checked)
 *        \--409 epoch, 422 root, 413, 507 quota, 409 head: a dropped one--> dropped, sealed anew
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "backup/backup_internal.h"
#include "os/os.h"

#define ROOTS_REFUSED_MAX 2

/* What the answer tells of the others goes into the next commit. */
static int
note_others(struct run *r, const struct wire_batch_answer *a, struct err *err)
{
	for (uint16_t i = 0; i < a->n_heads; i++) {
		struct identity_device d = { .seq = a->heads[i].seq };

		if (id16_equal(&a->heads[i].device, &r->device))
			continue;
		memcpy(d.device, a->heads[i].device.b, sizeof d.device);
		memcpy(d.head, a->heads[i].head.b, sizeof d.head);
		if (identity_put_head(r->box, &d, err) < 0)
			return -1;
	}
	if (a->log_length > r->me->log_length)
		r->log_grew = true;
	return 0;
}

static int
acknowledged(struct run *r, const struct journal_batch *batch, const struct wire_batch_answer *a,
	     struct err *err)
{
	if (a->seq != batch->seq || memcmp(a->head.b, batch->head, sizeof a->head.b) != 0) {
		err_set(err, ERR_ALARM, "the server acknowledged another batch than the one sent");
		return err_hint(err, "the backup counts as not saved and goes again next time; ask "
				     "the server's operator");
	}
	r->roots_refused = 0;
	if (journal_ack(r->box, batch, (int64_t)a->server_unix_ms, err) < 0)
		return -1;
	return note_others(r, a, err);
}

static int
drop(struct run *r, const struct journal_batch *batch, int then, struct err *err)
{
	struct err why;

	if (journal_drop(r->box, batch, &why) == 0)
		return then;
	if (err)
		*err = why;
	return -1;
}

int
send_alarm_behind(const struct run *r, uint64_t seq, struct err *err)
{
	r->out->behind = true;
	err_set(err, ERR_ALARM,
		"the server has batch %" PRIu64 " of this terminal as the newest, but acknowledged "
		"%" PRIu64 ": it shows an older state",
		seq, r->me->acked_seq);
	return err_hint(err,
			"ask its operator whether it was restored from a backup; what was saved "
			"since is not there any more");
}

int
send_alarm_cloned(uint64_t seq, struct err *err)
{
	err_set(err, ERR_ALARM,
		"the server has batch %" PRIu64 " signed by this terminal, which did not send it: "
		"its Box was copied, or set back",
		seq);
	return err_hint(err,
			"two terminals must not share one Box: join the account again from this "
			"one with an empty --home");
}

/* 409 head: what does the server have in place of the batch before ours? */
static int
head_differs(struct run *r, const struct journal_batch *batch, const struct problem *p,
	     struct err *err)
{
	struct journal_batch dropped;
	int rc;

	if (p->seq == batch->seq && memcmp(p->head.b, batch->head, sizeof p->head.b) == 0) {
		r->roots_refused = 0;
		return journal_ack(r->box, batch, os->now_unix_ms(), err);
	}
	rc = journal_find_dropped(&dropped, r->box, p->head.b, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return journal_ack_dropped(r->box, &dropped, os->now_unix_ms(), err) < 0
			       ? -1
			       : drop(r, batch, SEND_AGAIN, err);
	if (p->seq < r->me->acked_seq)
		return send_alarm_behind(r, p->seq, err);
	if (p->seq == r->me->acked_seq &&
	    memcmp(p->head.b, r->me->acked_head, sizeof p->head.b) == 0)
		return drop(r, batch, SEND_AGAIN, err); /* ours was sealed on another head */
	return send_alarm_cloned(p->seq, err);
}

static int
epoch_is_old(struct run *r, const struct journal_batch *batch, struct err *err)
{
	struct err why;

	if (account_log_refresh(r->box, r->remote, &why) < 0) {
		if (err)
			*err = why;
		return -1;
	}
	run_keys(r);
	return drop(r, batch, SEND_AGAIN, err);
}

/* 409 log: the server's account log is not the one that the batch names.  The signed entries that
 * this terminal holds say that theirs is the true one. */
static int
log_differs(const struct run *r, const struct problem *p, struct err *err)
{
	r->out->behind = p->length < r->me->log_length;
	if (r->out->behind)
		err_set(err, ERR_ALARM,
			"the server's account log has %llu entries, this terminal knows %llu",
			(unsigned long long)p->length, (unsigned long long)r->me->log_length);
	else
		err_set(err, ERR_ALARM,
			"the server's account log does not continue the one that this terminal "
			"knows");
	return err_hint(err, "the server shows an older state: ask its operator whether it was "
			     "restored from a backup");
}

static int
root_differs(struct run *r, const struct journal_batch *batch, struct err *err)
{
	struct batch_prefix newest;
	struct hash32 head;
	struct err why = { 0 };
	bool has_batch;

	if (++r->roots_refused >= ROOTS_REFUSED_MAX) {
		err_wrap(err, "refused again after the list was fetched anew");
		return err_hint(err, "the server computes another state than this terminal: please "
				     "report it; nothing of this backup was saved");
	}
	if (drop(r, batch, SEND_AGAIN, err) < 0)
		return -1;
	memcpy(head.b, r->me->acked_head, sizeof head.b);
	if (rebuild_map(r, &head, &newest, &has_batch, &why) < 0) {
		if (err)
			*err = why;
		return -1;
	}
	return SEND_AGAIN;
}

/* Unless it is dropped here, the next backup goes on with the same bytes. */
static int
refused(struct run *r, const struct journal_batch *batch, struct err *err)
{
	const struct problem *p = remote_problem(r->remote);

	if (!p)
		return -1;
	switch (p->word) {
	case PROBLEM_HEAD:
		return head_differs(r, batch, p, err);
	case PROBLEM_EPOCH:
		return epoch_is_old(r, batch, err);
	case PROBLEM_LOG:
		return log_differs(r, p, err);
	case PROBLEM_ROOT:
		return root_differs(r, batch, err);
	case PROBLEM_MISSING_CHUNKS:
		return SEND_CHUNKS;
	case PROBLEM_TOO_LARGE:
		return drop(r, batch, SEND_SMALLER, err);
	case PROBLEM_QUOTA: /* so that a `forget` is not stuck behind it */
	case PROBLEM_DISK:
	case PROBLEM_RECORDS:
	case PROBLEM_MALFORMED:
		return drop(r, batch, -1, err);
	case PROBLEM_ACCOUNT:
	case PROBLEM_DEVICE:
		if (err)
			err->code = ERR_REVOKED;
		return -1;
	default:
		return -1;
	}
}

/* What has travelled so far, into the receipt.  @on_its_way: of an attempt whose end may not be seen. */
static int
note_traffic(struct run *r, uint64_t on_its_way, struct err *err)
{
	struct remote_traffic now = remote_traffic(r->remote);

	if (!r->receipt.number)
		return 0;
	r->receipt.bytes_sent = r->prior_sent + now.bytes_sent - r->before.bytes_sent + on_its_way;
	r->receipt.bytes_received =
		r->prior_received + now.bytes_received - r->before.bytes_received;
	return receipt_update(r->box, &r->receipt, err);
}

/* Before an attempt; one transaction. */
static int
note_attempt(struct run *r, struct journal_batch *batch, struct err *err)
{
	if (box_begin(r->box, err) < 0)
		return -1;
	if (journal_sent(r->box, batch, err) < 0 || note_traffic(r, batch->bytes, err) < 0) {
		box_rollback(r->box);
		return -1;
	}
	return box_commit(r->box, err);
}

int
send_batch(struct run *r, struct journal_batch *batch, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(JOURNAL_BATCH_BYTES_MAX);
	struct wire_batch_answer answer;

	struct err unseen = { 0 };

	if (journal_read(&bytes, r->box, batch, err) < 0 || note_attempt(r, batch, err) < 0)
		return -1;
	if (remote_batch(r->remote, buf_span(&bytes), &answer, err) == 0)
		return acknowledged(r, batch, &answer, err);
	note_traffic(r, 0, &unseen); /* if that fails, the receipt says a little too much */
	return refused(r, batch, err);
}

/* A line of the receipt that the earlier run wrote. */
static int
leftover_line(void *ctx, const struct receipt_item *line, struct err *err)
{
	struct run *r = ctx;
	char id[4096], name[4096];

	if (strcmp(line->result, "uploaded") != 0)
		return 0;
	snprintf(id, sizeof id, "%.*s", (int)line->id.n, (const char *)line->id.p);
	snprintf(name, sizeof name, "%.*s", (int)line->name.n, (const char *)line->name.p);
	r->n_leftover++;
	return result_add(r,
			  &(struct backup_item){
				  .outcome = BACKUP_UPLOADED,
				  .app = line->app,
				  .id = id,
				  .name = name,
				  .bytes = line->bytes,
				  .reason = "",
			  },
			  err);
}

static int
send_left(bool *done, struct run *r, struct journal_batch *batch, struct err *err)
{
	int rc;

	if (batch->attempts == 0) /* killed before its bytes were checked: nobody has seen it */
		return drop(r, batch, 0, err);
	r->progress.stage = BACKUP_SENDING;
	rc = send_batch(r, batch, err);
	switch (rc) {
	case 0:
		*done = true;
		return batch->receipt
			       ? receipt_items_each(r->box, batch->receipt, leftover_line, r, err)
			       : 0;
	case SEND_AGAIN:
	case SEND_SMALLER: /* its items are as unsaved as before: they come with the plan */
		return 0;
	case SEND_CHUNKS:
		return drop(r, batch, 0, err);
	default:
		return -1;
	}
}

int
send_leftover(struct run *r, struct err *err)
{
	struct journal_batch batch;
	bool done = false;
	int rc = journal_current(&batch, r->box, err);

	if (rc == BOX_ABSENT)
		return 0;
	if (rc < 0)
		return -1;
	if (batch.receipt && receipt_get(&r->receipt, r->box, batch.receipt, err) < 0)
		return -1;
	r->prior_sent = r->receipt.bytes_sent;
	r->prior_received = r->receipt.bytes_received;
	rc = send_left(&done, r, &batch, err);
	if (done)
		return rc;
	r->receipt = (struct receipt){ 0 }; /* it is over; what is sent from here on has its own */
	r->prior_sent = r->prior_received = 0;
	return rc;
}
