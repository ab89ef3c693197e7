/* SPDX-License-Identifier: Apache-2.0 */
/* run_once: see run_once.h. */
#include "cli/run_once.h"

#include "auto/tasks.h"
#include "cli/ask.h"
#include "cli/interrupt.h"
#include "cli/planned.h"
#include "cli/show.h"

struct once {
	struct cli *cli;
	struct auto_look look;
	struct auto_run run;
	struct json_object *done; /* --json: what was done */
	int status;
};

static void
tell_note(void *ctx, const char *sentence)
{
	const struct once *o = ctx;

	cli_warn(o->cli, sentence);
}

/* The session that the service holds; or what is given, as to any command.  Nobody is asked. */
static int
give_unlocked(struct unlocked **out, void *ctx, struct err *err)
{
	const struct once *o = ctx;

	*out = ask_credential_is_given(o->cli) ? cli_unlock(o->cli, err)
					       : cli_unlock_held(o->cli, err);
	if (*out)
		return 0;
	return err->code == ERR_LOCKED ? AUTO_LOCKED : -1;
}

/* A problem, on standard error, as a command's own. */
static void
tell_problem(const struct cli *cli, const struct auto_task *task, const struct err *problem)
{
	char sentence[PLANNED_TEXT_BYTES];

	snprintf(sentence, sizeof sentence, "%s: %s", text(task->name), problem->msg);
	cli_warn(cli, sentence);
	if (problem->hint[0])
		fprintf(stderr, "  %s\n", cli_clean(problem->hint));
}

static void
tell_done(const struct cli *cli, const struct auto_task *task, const struct auto_result *r)
{
	if (cli->json)
		return;
	printf(text_plural("%s%s%s: %s item, %s sent, %s received\n",
			   "%s%s%s: %s items, %s sent, %s received\n", (unsigned long)r->items),
	       cli_bold(cli), text(task->name), cli_plain(cli), show_count(r->items).s,
	       show_bytes(r->bytes_sent).s, show_bytes(r->bytes_received).s);
	fflush(stdout); /* before what standard error says next */
}

static void
keep_json(struct once *o, const struct auto_task *task, int rc, const struct err *problem)
{
	const struct auto_result *r = &o->run.result;
	struct json_object *one = json_push(o->cli, o->done);

	json_put_text(o->cli, one, "task", task->name);
	json_put_text(o->cli, one, "result",
		      rc < 0               ? "failed"
		      : rc == AUTO_PARTIAL ? "partial"
					   : "done");
	json_put_number(o->cli, one, "items", r->items);
	json_put_number(o->cli, one, "failed", r->failed);
	json_put_number(o->cli, one, "bytes_sent", r->bytes_sent);
	json_put_number(o->cli, one, "bytes_received", r->bytes_received);
	json_put_text(o->cli, one, "code", rc ? err_code_name(problem->code) : NULL);
	json_put_text(o->cli, one, "message", rc ? problem->msg : NULL);
}

static void
do_one(struct once *o, const struct auto_task *task)
{
	struct err problem = { 0 };
	bool is_news;
	int rc = auto_do(&is_news, &o->run, task, &problem);

	if (rc && is_news)
		tell_problem(o->cli, task, &problem);
	if (rc >= 0)
		tell_done(o->cli, task, &o->run.result);
	if (o->cli->json)
		keep_json(o, task, rc, &problem);
	if (rc && o->status == CLI_DONE)
		o->status = cli_exit_status(problem.code);
}

/* Each task once: what one of them does may make another due, or not due any more. */
static int
do_all(struct once *o, struct err *err)
{
	for (const struct auto_task *t = auto_tasks; t->name && !interrupt_came(NULL); t++) {
		struct auto_when when;

		o->look.now = moment_now();
		if (auto_task_when(&when, t, &o->look, err) < 0)
			return -1;
		if (when.reason == AUTO_DUE)
			do_one(o, t);
	}
	return 0;
}

/* What is left, and why. */
static int
tell_waiting(struct once *o, struct err *err)
{
	AUTO(buf_clear) struct buf unknown = BUF_INIT(PLANNED_TEXT_BYTES);
	struct auto_todo todo;

	o->look.now = moment_now();
	if (auto_todo(&todo, &o->look, err) < 0 || planned_unknown(&unknown, &o->look, err) < 0)
		return -1;
	if (unknown.n)
		cli_warn(o->cli, buf_str(&unknown));
	for (size_t i = 0; i < todo.n; i++) {
		AUTO(buf_clear) struct buf line = BUF_INIT(PLANNED_TEXT_BYTES);

		if (planned_sentence(&line, &o->look, &todo.states[i], err) < 0)
			return -1;
		cli_warn(o->cli, buf_str(&line));
	}
	if (!o->cli->json)
		return 0;
	struct json_object *result = json_record(o->cli);
	json_put(o->cli, result, "done", TAKE(o->done));
	json_put(o->cli, result, "waiting", planned_json(o->cli, &todo));
	json_put_when(o->cli, result, "next", todo.next_unix_ms);
	json_result(o->cli, result);
	return 0;
}

int
run_once(struct cli *cli, struct err *err)
{
	struct once o = { .cli = cli };
	struct auto_watch watch = {
		.ctx = &o, .note = tell_note, .cancelled = interrupt_came, .unlocked = give_unlocked
	};
	int rc;

	if (!cli_account_box(cli, err) || auto_look_now(&o.look, cli->box, err) < 0)
		return -1;
	o.look.unlocked = cli_can_unlock(cli);
	o.run = (struct auto_run){
		.box = cli->box,
		.plan = &o.look.plan,
		.conditions = &o.look.conditions,
		.watch = &watch,
	};
	o.done = cli->json ? json_list(cli) : NULL;
	interrupt_watch();
	rc = do_all(&o, err) < 0 ? -1 : tell_waiting(&o, err);
	auto_run_clear(&o.run);
	json_object_put(o.done);
	return rc < 0 ? -1 : o.status;
}
