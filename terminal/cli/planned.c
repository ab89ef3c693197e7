/* SPDX-License-Identifier: Apache-2.0 */
/* planned: see planned.h. */
#include "cli/planned.h"

#include "cli/show.h"

/* What it waits for. */
static int
append_reason(struct buf *out, const struct auto_look *look, enum auto_reason reason,
	      struct err *err)
{
	char hours[PLAN_TEXT_BYTES];

	switch (reason) {
	case AUTO_WAITS_TIME:
		return buf_append_str(out, _("its time"), err);
	case AUTO_WAITS_CHANGE:
		return buf_append_str(out, _("a change"), err);
	case AUTO_WAITS_RETRY:
		return buf_append_str(out, _("another try, after one that failed"), err);
	case AUTO_WAITS_HOURS:
		auto_plan_print_between(hours, &look->plan);
		return buf_append_fmt(out, err, _("its hours, %s"), hours);
	case AUTO_WAITS_NETWORK:
		return buf_append_str(out, _("a network"), err);
	case AUTO_WAITS_UNMETERED:
		return buf_append_str(out, _("a link that does not cost by the byte"), err);
	case AUTO_WAITS_CHARGING:
		return buf_append_str(out, _("the charger"), err);
	case AUTO_WAITS_BATTERY:
		return buf_append_fmt(out, err, _("more than %u %% in the battery, now %d %%"),
				      look->plan.battery_above, look->conditions.battery);
	case AUTO_WAITS_BUDGET:
		return buf_append_str(out, _("the next month, this one's bytes being used up"),
				      err);
	case AUTO_WAITS_UNLOCK:
		return buf_append_str(out, _("the passphrase"), err);
	case AUTO_DUE:
	case AUTO_NOT_PLANNED:
		break;
	}
	return 0;
}

int
planned_sentence(struct buf *out, const struct auto_look *look, const struct auto_state *s,
		 struct err *err)
{
	AUTO(buf_clear) struct buf reason = BUF_INIT(PLANNED_TEXT_BYTES);

	if (s->when.reason == AUTO_DUE)
		return buf_append_fmt(out, err, _("%s is due"), text(s->task->name));
	if (append_reason(&reason, look, s->when.reason, err) < 0)
		return -1;
	if (s->when.until_unix_ms)
		return buf_append_fmt(out, err, _("%s waits for %s, until %s"), text(s->task->name),
				      buf_str(&reason), show_when(s->when.until_unix_ms).s);
	return buf_append_fmt(out, err, _("%s waits for %s"), text(s->task->name),
			      buf_str(&reason));
}

struct json_object *
planned_json(struct cli *cli, const struct auto_todo *todo)
{
	struct json_object *list = json_list(cli);

	for (size_t i = 0; i < todo->n; i++) {
		const struct auto_state *s = &todo->states[i];

		if (s->when.reason == AUTO_DUE)
			continue;
		struct json_object *o = json_push(cli, list);
		json_put_text(cli, o, "reason", auto_reason_name(s->when.reason));
		json_put_when(cli, o, "until", s->when.until_unix_ms);
		json_put_text(cli, o, "task", s->task->name);
	}
	return list;
}

#define UNKNOWN_MAX 3

/* The conditions of the plan that are not known here, as --only-on writes them. */
static size_t
unknown_conditions(const char *out[static UNKNOWN_MAX], const struct auto_look *look)
{
	const struct auto_plan *plan = &look->plan;
	const struct auto_conditions *c = &look->conditions;
	size_t n = 0;

	if (plan->unmetered && c->metered == AUTO_UNKNOWN)
		out[n++] = "unmetered";
	if (plan->charging && c->charging == AUTO_UNKNOWN)
		out[n++] = "charging";
	if (plan->battery_above && c->battery == AUTO_BATTERY_UNKNOWN)
		out[n++] = "battery";
	return n;
}

int
planned_unknown(struct buf *out, const struct auto_look *look, struct err *err)
{
	const char *words[UNKNOWN_MAX];
	char list[PLAN_TEXT_BYTES] = "";
	size_t n = unknown_conditions(words, look);

	for (size_t i = 0; i < n; i++) {
		strcat(list, i ? ", " : "");
		strcat(list, words[i]);
	}
	return n ? buf_append_fmt(
			   out, err,
			   _("Nobody here can tell whether these conditions are met, so they count "
			     "as met: %s"),
			   list)
		 : 0;
}

struct json_object *
planned_unknown_json(struct cli *cli, const struct auto_look *look)
{
	const char *words[UNKNOWN_MAX];
	size_t n = unknown_conditions(words, look);
	struct json_object *list = json_list(cli);

	for (size_t i = 0; i < n; i++)
		if (json_object_array_add(list, json_object_new_string(words[i])) < 0)
			cli->json_failed = true;
	return list;
}

int
planned_problems_json(struct json_object **out, struct cli *cli, struct err *err)
{
	struct json_object *list = json_list(cli);

	for (const struct auto_task *t = auto_tasks; t->name; t++) {
		struct auto_past past;

		if (auto_past_get(&past, cli->box, t->name, err) < 0) {
			json_object_put(list);
			return -1;
		}
		if (!past.failed)
			continue;
		struct json_object *o = json_push(cli, list);
		json_put_text(cli, o, "task", t->name);
		json_put_text(cli, o, "code", err_code_name(past.failed));
		json_put_text(cli, o, "message", past.problem);
		json_put_when(cli, o, "at", past.tried.unix_ms);
	}
	*out = list;
	return 0;
}

int
planned_problems_print(struct cli *cli, struct err *err)
{
	for (const struct auto_task *t = auto_tasks; t->name; t++) {
		struct auto_past past;

		if (auto_past_get(&past, cli->box, t->name, err) < 0)
			return -1;
		if (past.failed)
			printf("%s%s, %s: %s%s\n", cli_yellow(cli), text(t->name),
			       show_when(past.tried.unix_ms).s, cli_clean(past.problem),
			       cli_plain(cli));
	}
	return 0;
}
