/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_auto: auto: what is done by itself, and when. */
#include "auto/tasks.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/planned.h"
#include "cli/show.h"
#include "cli/table.h"

static const struct {
	const char *option;
	int (*parse)(struct auto_plan *p, const char *text, struct err *err);
} options[] = {
	{ "--every", auto_plan_parse_every },
	{ "--at", auto_plan_parse_at },
	{ "--only-on", auto_plan_parse_only_on },
	{ "--between", auto_plan_parse_between },
	{ "--budget", auto_plan_parse_budget },
	{ "--rate", auto_plan_parse_rate },
	{ "--keep-originals", auto_plan_parse_keep_originals },
};

#define N_OPTIONS (sizeof options / sizeof *options)

/* The plan as it stands on the command line: as a whole, nothing of the one before is left. */
static int
read_plan(struct auto_plan *plan, const struct cli *cli, struct err *err)
{
	if (auto_plan_parse_mode(plan, cli_word(cli, 0), err) < 0)
		return -1;
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const char *value = args_value(&cli->args, options[i].option);

		if (value && options[i].parse(plan, value, err) < 0)
			return -1;
	}
	if (!plan->every_ms || plan->at < 0)
		return 0;
	err_set(err, ERR_USAGE, "--every and --at cannot both be meant");
	return err_hint(err, "--at is once a day; --between keeps --every to some hours");
}

static int
needs_no_option(const struct cli *cli, struct err *err)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (args_has(&cli->args, options[i].option)) {
			err_set(err, ERR_USAGE, "which mode?");
			return err_hint(err, "write it so: cloudbox auto all %s ...",
					options[i].option);
		}
	return 0;
}

static const char *
mode_text(enum auto_mode mode)
{
	switch (mode) {
	case AUTO_OFF:
		return _("nothing: backups are made by hand");
	case AUTO_SELECTED:
		return _("backups of the selected shortcuts");
	case AUTO_ALL:
		return _("backups of all shortcuts");
	}
	return "";
}

/* When, as a line. */
static int
when_text(struct buf *out, const struct auto_plan *plan, struct err *err)
{
	char part[PLAN_TEXT_BYTES];

	auto_plan_print_every(part, plan);
	if (part[0])
		return buf_append_fmt(out, err, _("every %s"), part);
	auto_plan_print_at(part, plan);
	if (part[0])
		return buf_append_fmt(out, err, _("daily at %s"), part);
	return buf_append_str(out, _("after each change that is seen; once a day for the others"),
			      err);
}

static int
add_plan(struct table *t, const struct auto_plan *plan, struct err *err)
{
	AUTO(buf_clear) struct buf line = BUF_INIT(PLANNED_TEXT_BYTES);
	char between[PLAN_TEXT_BYTES], only_on[PLAN_TEXT_BYTES], keep[PLAN_TEXT_BYTES];

	auto_plan_print_between(between, plan);
	auto_plan_print_only_on(only_on, plan);
	auto_plan_print_keep_originals(keep, plan);
	if (TABLE_ADD(t, err, _("by itself"), mode_text(plan->mode)) < 0 ||
	    (plan->mode != AUTO_OFF && (when_text(&line, plan, err) < 0 ||
					TABLE_ADD(t, err, _("when"), buf_str(&line)) < 0)) ||
	    (between[0] && TABLE_ADD(t, err, _("only between"), between) < 0) ||
	    (only_on[0] && TABLE_ADD(t, err, _("only on"), only_on) < 0))
		return -1;
	buf_reset(&line);
	if (plan->budget_bytes &&
	    (buf_append_fmt(&line, err, _("%s a month where the link costs by the byte"),
			    show_bytes(plan->budget_bytes).s) < 0 ||
	     TABLE_ADD(t, err, _("budget"), buf_str(&line)) < 0))
		return -1;
	buf_reset(&line);
	if (plan->rate_bytes_s &&
	    (buf_append_fmt(&line, err, _("%s a second"), show_bytes(plan->rate_bytes_s).s) < 0 ||
	     TABLE_ADD(t, err, _("rate"), buf_str(&line)) < 0))
		return -1;
	return keep[0] ? TABLE_ADD(t, err, _("originals are kept"), keep) : 0;
}

static int
show_text(const struct auto_look *look, const struct auto_todo *todo, struct err *err)
{
	static const struct column columns[] = {
		{ NULL, COLUMN_LEFT },
		{ NULL, COLUMN_LEFT },
	};
	AUTO(table_clear) struct table t = TABLE_INIT(columns);
	AUTO(buf_clear) struct buf unknown = BUF_INIT(PLANNED_TEXT_BYTES);

	if (add_plan(&t, &look->plan, err) < 0 || table_print(&t, stdout, 0, false, err) < 0)
		return -1;
	for (size_t i = 0; i < todo->n; i++) {
		AUTO(buf_clear) struct buf line = BUF_INIT(PLANNED_TEXT_BYTES);

		if (planned_sentence(&line, look, &todo->states[i], err) < 0)
			return -1;
		puts(buf_str(&line));
	}
	if (planned_unknown(&unknown, look, err) < 0)
		return -1;
	if (unknown.n)
		puts(buf_str(&unknown));
	return 0;
}

/* A part as people write it; null where the plan has none. */
static void
put_part(struct cli *cli, struct json_object *o, const char *key, const struct auto_plan *plan,
	 void (*print)(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p))
{
	char text[PLAN_TEXT_BYTES];

	print(text, plan);
	json_put_text(cli, o, key, text[0] ? text : NULL);
}

static void
put_bytes(struct cli *cli, struct json_object *o, const char *key, uint64_t bytes)
{
	if (bytes)
		json_put_number(cli, o, key, bytes);
	else
		json_put_text(cli, o, key, NULL);
}

static void
put_known(struct cli *cli, struct json_object *o, const char *key, enum auto_known known)
{
	if (known == AUTO_UNKNOWN)
		json_put_text(cli, o, key, NULL);
	else
		json_put_flag(cli, o, key, known == AUTO_YES);
}

static struct json_object *
conditions_json(struct cli *cli, const struct auto_conditions *c)
{
	struct json_object *o = json_record(cli);

	put_known(cli, o, "connected", c->connected);
	put_known(cli, o, "metered", c->metered);
	put_known(cli, o, "charging", c->charging);
	if (c->battery == AUTO_BATTERY_UNKNOWN)
		json_put_text(cli, o, "battery", NULL);
	else
		json_put_number(cli, o, "battery", (uint64_t)c->battery);
	return o;
}

static void
show_json(struct cli *cli, const struct auto_look *look, const struct auto_todo *todo)
{
	struct json_object *o = json_record(cli);
	const struct auto_plan *plan = &look->plan;

	json_put_text(cli, o, "mode", auto_mode_name(plan->mode));
	put_part(cli, o, "every", plan, auto_plan_print_every);
	put_part(cli, o, "at", plan, auto_plan_print_at);
	put_part(cli, o, "between", plan, auto_plan_print_between);
	put_part(cli, o, "only_on", plan, auto_plan_print_only_on);
	put_bytes(cli, o, "budget", plan->budget_bytes);
	put_bytes(cli, o, "rate", plan->rate_bytes_s);
	put_part(cli, o, "keep_originals", plan, auto_plan_print_keep_originals);
	json_put_flag(cli, o, "due", todo->due);
	json_put(cli, o, "waiting", planned_json(cli, todo));
	json_put_when(cli, o, "next", todo->next_unix_ms);
	json_put(cli, o, "conditions", conditions_json(cli, &look->conditions));
	json_put(cli, o, "unknown", planned_unknown_json(cli, look));
	json_result(cli, o);
}

static int
show(struct cli *cli, struct err *err)
{
	struct auto_look look;
	struct auto_todo todo;

	if (auto_look_now(&look, cli->box, err) < 0 || auto_todo(&todo, &look, err) < 0)
		return -1;
	if (cli->json)
		show_json(cli, &look, &todo);
	else if (show_text(&look, &todo, err) < 0)
		return -1;
	return CLI_DONE;
}

/* The task `beat`, if it is due; NULL. */
static const struct auto_task *
due_beat(const struct auto_todo *todo)
{
	for (size_t i = 0; i < todo->n; i++)
		if (!strcmp(todo->states[i].task->name, "beat") &&
		    todo->states[i].when.reason == AUTO_DUE)
			return todo->states[i].task;
	return NULL;
}

/* Once nothing is done by itself no later run may come that tells the server so: it would miss this
 * terminal, and say so to others.  Told now, or that it was not. */
static int
take_back(struct cli *cli, struct err *err)
{
	AUTO(auto_run_clear) struct auto_run run = { .box = cli->box };
	struct auto_look look;
	struct auto_todo todo;
	struct err why = { 0 };

	if (auto_look_now(&look, cli->box, err) < 0 || auto_todo(&todo, &look, err) < 0)
		return -1;
	const struct auto_task *beat = due_beat(&todo);
	run.plan = &look.plan;
	run.conditions = &look.conditions;
	if (beat && auto_do(NULL, &run, beat, &why) < 0) {
		char note[sizeof why.msg + 128];

		snprintf(note, sizeof note,
			 _("the server still expects this terminal, until cloudbox run --once: %s"),
			 why.msg);
		cli_warn(cli, note);
	}
	return 0;
}

int
cmd_auto(struct cli *cli, struct err *err)
{
	struct auto_plan plan = AUTO_PLAN_INIT;
	bool sets = cli_word(cli, 0);

	if ((sets ? read_plan(&plan, cli, err) : needs_no_option(cli, err)) < 0 ||
	    !cli_account_box(cli, err))
		return -1;
	if (!sets)
		return show(cli, err);
	if (auto_plan_set(cli->box, &plan, err) < 0 ||
	    (plan.mode == AUTO_OFF && take_back(cli, err) < 0))
		return -1;
	if (!cli->json)
		return show(cli, err);
	json_changed(cli, 1);
	return CLI_DONE;
}
