/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_backup: the tasks `backup` and `compare`.
 *
 * Both send what changed of the whole Box, or of its pre-selected shortcuts.  `backup` comes when the plan says,
 * or when a change was seen; `compare`, only where no --every and no --at does it anyway, once a day for changes
 * that nobody saw, and asks the server whether it still has what it acknowledged.
 */
#include <stdio.h>

#include "auto/budget.h"
#include "auto/task.h"
#include "backup/backup.h"
#include "base/text.h"

int
task_backup_next(struct auto_when *out, const struct auto_look *look, const struct auto_past *past,
		 struct err *err)
{
	struct moment change;

	if (auto_change_get(&change, look->box, err) < 0)
		return -1;
	*out = schedule_backup(&look->plan, past, &change, &look->conditions, &look->now);
	return budget_judge(out, look, err);
}

int
task_compare_next(struct auto_when *out, const struct auto_look *look, const struct auto_past *past,
		  struct err *err)
{
	struct auto_past backup, newest = *past;

	*out = (struct auto_when){ AUTO_NOT_PLANNED, 0 };
	if (look->plan.mode == AUTO_OFF || look->plan.every_ms || look->plan.at >= 0)
		return 0;
	if (auto_past_get(&backup, look->box, "backup", err) < 0)
		return -1;
	if (moment_unix_ms(&backup.done, &look->now) > moment_unix_ms(&past->done, &look->now))
		newest.done = backup.done;
	*out = schedule_period(SCHEDULE_DAY_MS, &look->plan, &newest, &look->conditions,
			       &look->now);
	return out->reason == AUTO_DUE ? budget_judge(out, look, err) : 0;
}

static bool
is_cancelled(void *ctx)
{
	const struct auto_run *run = ctx;

	return run->watch && run->watch->cancelled && run->watch->cancelled(run->watch->ctx);
}

/* Each failed or missing item is a sentence by itself. */
static int
note_items(struct auto_run *run, struct backup_result *r, struct err *err)
{
	struct backup_item item;
	int rc;

	for (size_t i = 0; i < r->n_warnings; i++)
		auto_note(run, r->warnings[i]);
	while ((rc = backup_result_next(&item, r, err)) == 0) {
		char sentence[1024];

		if (item.outcome == BACKUP_UPLOADED)
			continue;
		snprintf(sentence, sizeof sentence, "%s: %s: %s", item.app, item.name, item.reason);
		auto_note(run, sentence);
	}
	return rc < 0 ? -1 : 0;
}

static int
some_failed(const struct backup_result *r, struct err *err)
{
	char sentence[sizeof err->msg];

	snprintf(sentence, sizeof sentence,
		 text_plural("%llu item could not be saved", "%llu items could not be saved",
			     (unsigned long)r->n_failed),
		 (unsigned long long)r->n_failed);
	err_set(err, ERR_PARTIAL, "%s", sentence);
	err_hint(err, "cloudbox backup says which, and why");
	return AUTO_PARTIAL;
}

static int
note_postponed(struct auto_run *run, const struct backup_result *r, const struct moment *now,
	       struct err *err)
{
	char sentence[512];

	if (r->n_postponed) {
		snprintf(sentence, sizeof sentence,
			 text_plural("%llu item does not fit into what is left of this month's "
				     "budget: it waits for the next month, or for a link that "
				     "does not cost by the byte",
				     "%llu items do not fit into what is left of this month's "
				     "budget: they wait for the next month, or for a link that "
				     "does not cost by the byte",
				     (unsigned long)r->n_postponed),
			 (unsigned long long)r->n_postponed);
		auto_note(run, sentence);
	}
	return budget_postpone(run->box, r->n_postponed > 0, now->unix_ms, err);
}

/* What was saved is saved, though the server will not talk of the account now. */
static int
follow(struct auto_run *run, struct err *err)
{
	struct err why = { 0 };

	if (task_follow(run, 0, &why) == 0)
		return 0;
	if (why.code == ERR_ALARM || why.code == ERR_REVOKED || why.code == ERR_NOMEM) {
		*err = why;
		return -1;
	}
	auto_note(run, why.msg);
	return 0;
}

static int
back_up(struct auto_run *run, struct backup_request *request, struct err *err)
{
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct backup_watch watch = { .ctx = run, .cancelled = is_cancelled };
	struct remote *remote = auto_remote(run, err);
	struct moment begun = moment_now();
	uint64_t left;
	int rc;

	if (!remote)
		return -1;
	if (budget_binds(run->plan, run->conditions)) {
		if (budget_left(&left, run->box, run->plan, begun.unix_ms, err) < 0)
			return -1;
		request->budget_bytes = &left;
	}
	/* Before: what changes meanwhile is a new change. */
	if (auto_change_clear(run->box, err) < 0)
		return -1;
	rc = backup_run(&r, run->box, remote, request, &watch, err);
	run->result = (struct auto_result){
		.items = r.n_uploaded,
		.failed = r.n_failed,
		.bytes_sent = r.bytes_sent,
		.bytes_received = r.bytes_received,
	};
	if (rc < 0 || (r.requests && auto_contact_note(run->box, &begun, err) < 0) ||
	    note_items(run, &r, err) < 0 || note_postponed(run, &r, &begun, err) < 0 ||
	    (r.requests && follow(run, err) < 0))
		return -1;
	return r.n_failed ? some_failed(&r, err) : 0;
}

int
task_backup_run(struct auto_run *run, struct err *err)
{
	struct backup_request request = { .selected = run->plan->mode == AUTO_SELECTED };

	return back_up(run, &request, err);
}

int
task_compare_run(struct auto_run *run, struct err *err)
{
	struct backup_request request = {
		.selected = run->plan->mode == AUTO_SELECTED,
		.check = true,
	};

	return back_up(run, &request, err);
}
