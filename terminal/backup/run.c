/* SPDX-License-Identifier: Apache-2.0 */
/* run: one backup from beginning to end.  See backup_internal.h for its course. */
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "account/notices.h"
#include "account/owner.h"
#include "account/standing.h"
#include "backup/backup_internal.h"
#include "os/os.h"
#include "os/sorter.h"

#define SHOW_EVERY_MS       100
#define VIEW_ITEM_BYTES_MAX (1u << 20) /* read within a view of the Box */

void
run_keys(struct run *r)
{
	r->keys = (struct object_keys){
		.account = r->account,
		.device = r->device,
		.epoch = r->me->keys.epoch,
		.psk = r->me->keys.psk,
		.aek_public = r->me->keys.aek_public,
		.keys = r->me->ids,
	};
}

int
run_open(struct run *r, struct box *box, struct remote *remote, const struct backup_watch *watch,
	 struct backup_result *out, struct err *err)
{
	*r = (struct run){ .box = box, .remote = remote, .watch = watch, .out = out };
	if (!out->items && sorter_new(&out->items, box_home_fd(box), err) < 0)
		return -1;
	r->started_ms = os->uptime_ms();
	r->progress.app = "";
	r->progress.left_ms = -1;
	if (remote)
		r->before = remote_traffic(remote);
	if (account_check_keys(box, err) < 0 || box_identity_need(&r->me, box, err) < 0 ||
	    object_sealer_new(&r->sealer, err) < 0 || record_packer_new(&r->packer, err) < 0)
		return -1;
	memcpy(r->account.b, r->me->account, sizeof r->account.b);
	memcpy(r->device.b, r->me->device, sizeof r->device.b);
	run_keys(r);
	return 0;
}

void
run_clear(struct run *r)
{
	if (r->remote)
		remote_watch(r->remote, NULL);
	group_clear(&r->group);
	for (size_t i = 0; i < r->n_apps; i++) {
		app_session_free(r->apps[i].session);
		app_free(r->apps[i].app);
	}
	free(r->apps);
	free(r->todo);
	for (size_t i = 0; i < r->n_costs; i++)
		free(r->costs[i].app);
	free(r->costs);
	for (size_t i = 0; i < r->n_held_same; i++)
		prepared_free(r->same[i]);
	object_sealer_free(r->sealer);
	record_packer_free(r->packer);
}

bool
run_cancelled(const struct run *r)
{
	return r->watch && r->watch->cancelled && r->watch->cancelled(r->watch->ctx);
}

void
run_show(struct run *r, bool force)
{
	struct backup_progress *p = &r->progress;
	int64_t now = os->uptime_ms();

	if (!r->watch || !r->watch->progress || (!force && now - r->shown_ms < SHOW_EVERY_MS))
		return;
	r->shown_ms = now;
	p->elapsed_ms = now - r->started_ms;
	p->bytes_sent = r->remote ? remote_traffic(r->remote).bytes_sent - r->before.bytes_sent : 0;
	p->left_ms = -1;
	if (p->bytes_done > 0 && p->bytes_total >= p->bytes_done)
		p->left_ms =
			(int64_t)((double)p->elapsed_ms * (double)(p->bytes_total - p->bytes_done) /
				  (double)p->bytes_done);
	r->watch->progress(r->watch->ctx, p);
}

static void
on_moved(void *ctx, const struct remote_traffic *t)
{
	(void)t;
	run_show(ctx, false);
}

static bool
on_cancelled(void *ctx)
{
	return run_cancelled(ctx);
}

void
run_watch(struct run *r)
{
	remote_watch(r->remote, &(struct remote_watch){ r, on_moved, on_cancelled });
}

int
run_by_app_item(const void *a, const void *b)
{
	const struct todo *x = a, *y = b;
	int c = (x->app > y->app) - (x->app < y->app);

	return c ? c : id16_compare(&x->item, &y->item);
}

static bool
is_todo(const struct run *r, const struct saved *s)
{
	struct todo key = { 0 };

	memcpy(key.item.b, s->item, sizeof key.item.b);
	while (key.app < r->n_apps && strcmp(r->apps[key.app].app->name, s->app) != 0)
		key.app++;
	return r->n_todo && bsearch(&key, r->todo, r->n_todo, sizeof key, run_by_app_item);
}

/* Items whose cloud copy is to go, if no version of them is about to be saved. */
static int
add_tombstone(void *ctx, const struct saved *s, struct err *err)
{
	struct run *r = ctx;
	struct prepared *p;

	if (is_todo(r, s))
		return 0;
	if (r->group.n_items >= GROUP_RECORDS)
		return 0; /* the rest goes with the next backup */
	if (prepare_tombstone(&p, r, s, err) < 0)
		return -1;
	return group_add(r, p, err);
}

int
run_tombstones(struct run *r, struct err *err)
{
	return saved_each_forgotten(r->box, add_tombstone, r, err);
}

int
run_note_content(struct run *r, const struct prepared *p, struct err *err)
{
	if (p->tombstone || p->of_box || r->apps[p->run_app].session->adapter->form)
		return 0; /* of cards the inventory knows by itself */
	return inventory_put_content(r->box, p->app, buf_span(&p->native_id), &p->place, p->content,
				     err);
}

/* Files that were touched and are the same, so that they are not read again. */
static int
run_note_same(struct run *r, struct err *err)
{
	int rc = r->n_held_same ? box_begin(r->box, err) : 0;

	for (size_t i = 0; i < r->n_held_same; i++) {
		if (rc == 0)
			rc = run_note_content(r, r->same[i], err);
		prepared_free(r->same[i]);
	}
	if (rc == 0 && r->n_held_same)
		rc = box_commit(r->box, err);
	if (rc < 0)
		box_rollback(r->box);
	r->n_held_same = 0;
	return rc < 0 ? -1 : 0;
}

static int
run_same(struct run *r, struct prepared *take, struct err *err)
{
	r->n_same++;
	r->same[r->n_held_same++] = take;
	return r->n_held_same == RUN_SAME ? run_note_same(r, err) : 0;
}

int
run_view(struct run *r, uint64_t size, struct err *err)
{
	if (size <= VIEW_ITEM_BYTES_MAX)
		return box_view(r->box, err);
	box_view_end(r->box);
	return 0;
}

static int
run_one(struct run *r, const struct todo *t, struct err *err)
{
	struct prepared *p = NULL;
	struct err why = { 0 };
	int rc;

	if (run_cancelled(r))
		return err_set(err, ERR_CANCELLED, "stopped");
	r->progress.stage = BACKUP_READING;
	r->progress.app = r->apps[t->app].app->name;
	run_show(r, false);
	if (box_view(r->box, err) < 0)
		return -1;
	rc = prepare_item(&p, r, t, &why, err);
	if (rc == 0)
		return group_add(r, p, err);
	if (rc == PREPARE_SAME)
		return run_same(r, p, err);
	if (rc == PREPARE_FAILED)
		rc = result_add(r,
				&(struct backup_item){
					.outcome = BACKUP_FAILED,
					.app = r->progress.app,
					.id = p && p->shown_id ? p->shown_id : "",
					.name = p && p->name ? p->name : "",
					.reason = why.msg,
				},
				err);
	prepared_free(p);
	return rc < 0 ? -1 : 0;
}

static int
run_items(struct run *r, struct err *err)
{
	for (size_t i = 0; i < r->n_todo; i++) {
		int rc = run_one(r, &r->todo[i], err);

		if (rc == 0 && !group_full(&r->group))
			continue;
		box_view_end(r->box);
		r->more = r->n_todo - i > GROUP_RECORDS;
		if (rc < 0 || group_send(r, err) < 0)
			return -1;
	}
	box_view_end(r->box);
	r->more = false;
	return run_note_same(r, err) < 0 ? -1 : group_send(r, err);
}

/* Nothing changed: is what was acknowledged still what the server has? */
static int
check_server(struct run *r, struct err *err)
{
	struct device_head newest;

	if (remote_have(r->remote, &r->account, &r->device, r->me->dsk, NULL, 0, NULL, &newest,
			err) < 0)
		return -1;
	if (newest.seq == r->me->acked_seq &&
	    memcmp(newest.head.b, r->me->acked_head, sizeof newest.head.b) == 0)
		return 0;
	return newest.seq > r->me->acked_seq ? send_alarm_cloned(newest.seq, err)
					     : send_alarm_behind(r, newest.seq, err);
}

/* Entries that others signed meanwhile.  It takes a login, but they are few. */
static int
follow_log(struct run *r, struct err *err)
{
	char moved[ACCOUNT_MOVED_TEXT_BYTES];
	struct err why = { 0 };

	if (!r->log_grew)
		return 0;
	if (account_log_follow(moved, r->box, r->remote, &why) == 0)
		return moved[0] ? result_warn(r->out, moved, err) : 0;
	if (why.code == ERR_ALARM || why.code == ERR_REVOKED || why.code == ERR_NOMEM) {
		*err = why;
		return -1;
	}
	err_wrap(&why, "the account log");
	return result_warn(r->out, why.msg, err);
}

/* What the server told meanwhile of the account and its other devices; each once. */
static int
warn_of_notices(struct run *r, struct err *err)
{
	struct account_notice notices[WIRE_NOTICES_MAX];
	size_t n;

	if (account_notices_keep(r->box, r->remote, err) < 0 ||
	    account_notices_new(notices, &n, r->box, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (result_warn(r->out, notices[i].text, err) < 0)
			return -1;
	return 0;
}

static int
run_all(struct run *r, const struct backup_request *q, struct err *err)
{
	run_watch(r);
	if (send_leftover(r, err) < 0 || plan_make(r, q, err) < 0 || run_tombstones(r, err) < 0)
		return -1;
	if (r->n_todo == 0 && r->group.n_items == 0 && q->check && check_server(r, err) < 0)
		return -1;
	if (run_items(r, err) < 0)
		return -1;
	return follow_log(r, err) < 0 ? -1 : warn_of_notices(r, err);
}

static void
waiting(void *ctx, long pid)
{
	const struct backup_watch *w = ctx;

	if (w && w->waiting)
		w->waiting(w->ctx, pid);
}

int
run_lock(struct box *box, const struct backup_watch *watch, struct err *err)
{
	union {
		const struct backup_watch *in;
		void *out;
	} ctx = { watch };

	return box_lock(box, BOX_LOCK_WAIT_MS, waiting, ctx.out, err);
}

int
backup_run(struct backup_result *out, struct box *box, struct remote *remote,
	   const struct backup_request *request, const struct backup_watch *watch, struct err *err)
{
	AUTO(run_clear) struct run r = { 0 };
	struct err why = { 0 };
	int rc;

	if (run_lock(box, watch, err) < 0)
		return -1;
	rc = run_open(&r, box, remote, watch, out, &why);
	if (rc == 0)
		rc = run_all(&r, request, &why);
	if (rc < 0)
		account_gone(box, remote, &why);
	if (r.me) /* figures of what was done until then, too */
		rc = result_finish(&r, rc == 0 ? &why : &(struct err){ 0 }) < 0 ? -1 : rc;
	r.progress.stage = BACKUP_DONE;
	run_show(&r, true);
	box_unlock(box);
	if (rc < 0 && err)
		*err = why;
	return rc;
}
