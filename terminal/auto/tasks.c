/* SPDX-License-Identifier: Apache-2.0 */
/* tasks: see tasks.h. */
#include "auto/tasks.h"

#include <stdio.h>
#include <string.h>

#include "auto/budget.h"
#include "auto/task.h"
#include "base/text.h"
#include "box/identity.h"
#include "box/settings.h"
#include "remote/remote.h"

const struct auto_task auto_tasks[] = {
	{ N_("backup"), task_backup_next, task_backup_run },
	{ N_("compare"), task_compare_next, task_compare_run },
	{ N_("locked-drill"), task_locked_drill_next, task_locked_drill_run },
	{ N_("drill"), task_drill_next, task_drill_run },
	{ N_("purge"), task_purge_next, task_purge_run },
	{ N_("beat"), task_beat_next,
	  task_beat_run }, /* last: where others sent something it is not due */
	{ NULL, NULL, NULL },
};

_Static_assert(sizeof auto_tasks / sizeof *auto_tasks <= AUTO_TASKS_MAX + 1,
	       "struct auto_todo holds them all");

int
auto_look_now(struct auto_look *out, struct box *b, struct err *err)
{
	out->box = b;
	out->unlocked = false;
	out->now = moment_now();
	auto_conditions_read(&out->conditions);
	return auto_plan_get(&out->plan, b, err);
}

/* @at is the next moment to look, if it comes before that which is known. */
static void
sooner(int64_t *next_unix_ms, int64_t at_unix_ms)
{
	if (at_unix_ms && (!*next_unix_ms || at_unix_ms < *next_unix_ms))
		*next_unix_ms = at_unix_ms;
}

int
auto_task_when(struct auto_when *out, const struct auto_task *task, const struct auto_look *look,
	       struct err *err)
{
	struct auto_past past;

	return auto_past_get(&past, look->box, task->name, err) < 0
		       ? -1
		       : task->next(out, look, &past, err);
}

int
auto_todo(struct auto_todo *out, const struct auto_look *look, struct err *err)
{
	*out = (struct auto_todo){ .n = 0 };
	for (const struct auto_task *t = auto_tasks; t->name; t++) {
		struct auto_state *s = &out->states[out->n];

		if (auto_task_when(&s->when, t, look, err) < 0)
			return -1;
		if (s->when.reason == AUTO_NOT_PLANNED)
			continue;
		s->task = t;
		out->n++;
		out->due |= s->when.reason == AUTO_DUE;
		sooner(&out->next_unix_ms, s->when.until_unix_ms);
	}
	return 0;
}

struct remote *
auto_remote(struct auto_run *run, struct err *err)
{
	const struct identity *me;
	struct remote_url url;

	if (run->remote)
		return run->remote;
	if (box_identity_need(&me, run->box, err) < 0 ||
	    remote_url_parse(&url, span_str(me->server.url), err) < 0)
		return NULL;
	url.pinned = me->server.tls == IDENTITY_TLS_PIN;
	memcpy(url.pin, me->server.pin, sizeof url.pin);
	const struct remote_options options = { .rate_bytes_s = run->plan->rate_bytes_s };
	return remote_new(&run->remote, &url, &options, err) < 0 ? NULL : run->remote;
}

void
auto_run_clear(struct auto_run *run)
{
	remote_free(run->remote);
	run->remote = NULL;
}

/* ---- sentences that are told once ---- */

#define NOTES_KEY_FMT "local-auto-%s-notes"

/* FNV-1a of 64 bits (Fowler, Noll, Vo): which of a few sentences it is; nothing rests on it. */
static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	while (*text)
		h = (h ^ (uint8_t)*text++) * UINT64_C(0x100000001b3);
	return h;
}

static bool
has(const uint64_t *list, size_t n, uint64_t one)
{
	while (n)
		if (list[--n] == one)
			return true;
	return false;
}

void
auto_note(struct auto_run *run, const char *sentence)
{
	uint64_t h = hash(sentence);
	bool known = has(run->noted, run->n_noted, h);

	if (!known && run->n_noted < AUTO_NOTES_MAX)
		run->noted[run->n_noted++] = h;
	if (!known && !has(run->before, run->n_before, h) && run->watch && run->watch->note)
		run->watch->note(run->watch->ctx, sentence);
}

/* As 16 hex digits each. */
static int
get_notes(struct auto_run *run, const char *task, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	char key[SETTING_KEY_MAX + 1];
	unsigned long long one;

	run->n_before = run->n_noted = 0;
	snprintf(key, sizeof key, NOTES_KEY_FMT, task);
	if (setting_get(&value, run->box, key, err) < 0)
		return -1;
	for (const char *at = buf_str(&value);
	     run->n_before < AUTO_NOTES_MAX && sscanf(at, "%16llx", &one) == 1; at += 16)
		run->before[run->n_before++] = one;
	return 0;
}

static int
set_notes(const struct auto_run *run, const char *task, struct err *err)
{
	char key[SETTING_KEY_MAX + 1], text[16 * AUTO_NOTES_MAX + 1];

	snprintf(key, sizeof key, NOTES_KEY_FMT, task);
	if (!run->n_noted)
		return run->n_before ? setting_remove(run->box, key, err) : 0;
	for (size_t i = 0; i < run->n_noted; i++)
		snprintf(text + 16 * i, 17, "%016llx", (unsigned long long)run->noted[i]);
	return setting_set(run->box, key, span_str(text), err);
}

/* ---- doing ---- */

/* Kept before the run: one that is cut off, again and again, is a failure, too, and no loop. */
static int
note_begin(const struct auto_past *past, struct auto_run *run, const struct auto_task *task,
	   struct err *err)
{
	struct auto_past cut = *past;

	cut.failures++;
	run->result = (struct auto_result){ .items = 0 };
	return get_notes(run, task->name, err) < 0 ? -1
						   : auto_past_set(run->box, task->name, &cut, err);
}

static int
note_end(struct auto_past *past, const struct auto_run *run, const struct auto_task *task, int rc,
	 const struct err *problem, struct err *err)
{
	bool stopped = rc < 0 && problem->code == ERR_CANCELLED;

	if (rc >= 0)
		past->done = past->tried;
	if (stopped) /* no failure: it goes on as soon as somebody looks again */
		past->tried = (struct moment){ 0 };
	past->failures = rc < 0 ? past->failures + 1 : 0;
	past->failed = rc == 0 || stopped ? ERR_NONE : problem->code;
	snprintf(past->problem, sizeof past->problem, "%s", past->failed ? problem->msg : "");
	return auto_past_set(run->box, task->name, past, err) < 0 ||
			       set_notes(run, task->name, err) < 0
		       ? -1
		       : 0;
}

/* A server that is not reached is that, whatever the network says of it each time. */
static bool
is_same(const struct auto_past *past, const struct err *problem)
{
	return past->failed == problem->code &&
	       (problem->code == ERR_UNREACHABLE || strcmp(past->problem, problem->msg) == 0);
}

int
auto_do(bool *is_news, struct auto_run *run, const struct auto_task *task, struct err *err)
{
	struct err problem = { 0 };
	struct auto_past past;
	int rc;

	if (auto_past_get(&past, run->box, task->name, err) < 0)
		return -1;
	past.tried = moment_now();
	if (note_begin(&past, run, task, err) < 0)
		return -1;
	rc = task->run(run, &problem);
	if (budget_binds(run->plan, run->conditions) &&
	    budget_spend(run->box, run->result.bytes_sent + run->result.bytes_received,
			 past.tried.unix_ms, err) < 0)
		return -1;
	if (is_news)
		*is_news = rc != 0 && problem.code != ERR_CANCELLED && !is_same(&past, &problem);
	if (note_end(&past, run, task, rc, &problem, err) < 0)
		return -1;
	*err = problem;
	return rc;
}
