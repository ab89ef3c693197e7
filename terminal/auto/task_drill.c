/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_drill: the tasks `locked-drill` and `drill`.
 *
 * The locked one comes once a week.  The full one takes keys: while somebody has unlocked the account anyway
 * (a session is at hand) a small one comes once a week; else it is asked for once a quarter, and waits for the
 * passphrase.  Whichever of them a person did by hand counts; one that found something is repeated a day later.  What is found damaged is a seen change: the next
 * backup sends it again.
 */
#include <stdio.h>

#include "auto/task.h"
#include "base/text.h"
#include "box/drills.h"
#include "box/identity.h"
#include "restore/drill.h"

/* As schedule_period(), of which every drill counts.  One that found something is done again the next day: what
 * it found was sent again meanwhile. */
static int
next_drill(struct auto_when *out, int64_t period_ms, enum drill_kind kind,
	   const struct auto_look *look, const struct auto_past *past, struct err *err)
{
	struct auto_past newest = *past;
	struct drill_done done;
	struct moment at;

	if (drill_done_since(&done, look->box, kind, err) < 0)
		return -1;
	at = (struct moment){ .unix_ms = done.at_unix_ms };
	if (moment_unix_ms(&at, &look->now) > moment_unix_ms(&past->done, &look->now))
		newest.done = at;
	*out = schedule_period(done.failed ? SCHEDULE_DAY_MS : period_ms, &look->plan, &newest,
			       &look->conditions, &look->now);
	return 0;
}

static bool
is_planned(const struct auto_look *look)
{
	const struct identity *me = box_identity(look->box);

	return look->plan.mode != AUTO_OFF && me && me->acked_seq;
}

int
task_locked_drill_next(struct auto_when *out, const struct auto_look *look,
		       const struct auto_past *past, struct err *err)
{
	*out = (struct auto_when){ AUTO_NOT_PLANNED, 0 };
	if (!is_planned(look))
		return 0;
	return next_drill(out, DRILL_LOCKED_EVERY_MS, DRILL_LOCKED, look, past, err);
}

int
task_drill_next(struct auto_when *out, const struct auto_look *look, const struct auto_past *past,
		struct err *err)
{
	*out = (struct auto_when){ AUTO_NOT_PLANNED, 0 };
	if (!is_planned(look))
		return 0;
	if (look->unlocked)
		return next_drill(out, DRILL_UNLOCKED_EVERY_MS, DRILL_FULL, look, past, err);
	if (next_drill(out, DRILL_FULL_EVERY_MS, DRILL_FULL, look, past, err) < 0)
		return -1;
	if (out->reason != AUTO_WAITS_TIME)
		*out = (struct auto_when){ AUTO_WAITS_UNLOCK, 0 };
	return 0;
}

static bool
is_cancelled(void *ctx)
{
	const struct auto_run *run = ctx;

	return run->watch && run->watch->cancelled && run->watch->cancelled(run->watch->ctx);
}

/* Each bad item is a sentence by itself. */
static void
note_bad(struct auto_run *run, const struct verify_result *found)
{
	for (size_t i = 0; i < found->n_bad; i++) {
		const struct verify_bad *b = &found->bad[i];
		char sentence[1024];

		snprintf(sentence, sizeof sentence, "%s%s%s: %s", b->app, b->app[0] ? ": " : "",
			 b->name[0] ? b->name : b->id, b->reason);
		auto_note(run, sentence);
	}
}

static int
some_bad(const struct verify_result *found, struct err *err)
{
	char sentence[sizeof err->msg];

	snprintf(sentence, sizeof sentence,
		 text_plural("%llu item would not come back from the server as it is there",
			     "%llu items would not come back from the server as they are there",
			     (unsigned long)found->n_bad),
		 (unsigned long long)found->n_bad);
	err_set(err, ERR_PARTIAL, "%s", sentence);
	err_hint(err, "cloudbox drill says which; the server's operator should hear of it");
	return AUTO_PARTIAL;
}

static int
take_result(struct auto_run *run, const struct drill_result *r, struct err *err)
{
	const struct moment now = moment_now();

	run->result = (struct auto_result){
		.items = r->kind == DRILL_FULL ? r->proven : r->items,
		.failed = r->found.n_bad,
		.bytes_received = r->found.bytes_received,
	};
	note_bad(run, &r->found);
	if (r->again && auto_note_change(run->box, &now, err) < 0)
		return -1;
	return r->found.n_bad ? some_bad(&r->found, err) : 0;
}

/* Nothing is saved, or all of it was forgotten: nothing to prove, and no problem either. */
static int
nothing_there(const struct err *err)
{
	return err->code == ERR_NOT_FOUND ? 0 : -1;
}

int
task_locked_drill_run(struct auto_run *run, struct err *err)
{
	AUTO(drill_result_clear) struct drill_result r = { 0 };
	struct verify_watch watch = { .ctx = run, .cancelled = is_cancelled };
	struct remote *remote = auto_remote(run, err);

	if (!remote)
		return -1;
	if (drill_locked(&r, run->box, remote, &watch, err) < 0)
		return nothing_there(err);
	return take_result(run, &r, err);
}

int
task_drill_run(struct auto_run *run, struct err *err)
{
	static const struct drill_limits limits = { DRILL_AUTO_ITEMS, DRILL_AUTO_BYTES, true };
	AUTO(drill_result_clear) struct drill_result r = { 0 };
	struct verify_watch watch = { .ctx = run, .cancelled = is_cancelled };
	struct unlocked *u = NULL;
	int rc = AUTO_LOCKED;

	if (run->watch && run->watch->unlocked)
		rc = run->watch->unlocked(&u, run->watch->ctx, err);
	if (rc == AUTO_LOCKED)
		return err_set(err, ERR_LOCKED, "the unlocked session has ended meanwhile");
	if (rc < 0)
		return -1;
	if (drill_full(&r, run->box, u, &limits, &watch, err) < 0)
		return nothing_there(err);
	return take_result(run, &r, err);
}
