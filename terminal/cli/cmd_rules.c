/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_rules: rules, rules remove.  `add --where EXPR --rule NAME` makes them: cmd_add.c. */
#include "box/rules.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/table.h"
#include "item/where.h"

struct listing {
	struct cli *cli;
	struct json_object *list;
	struct table table;
};

/* Why this program cannot follow the rule, into @why; false: it can. */
static bool
is_strange(const struct rule *r, struct err *why)
{
	AUTO(where_free) struct where *w = NULL;

	if (!r->app[0]) {
		err_set(why, ERR_UNSUPPORTED, "made by a newer program");
		return true;
	}
	return where_parse(&w, span_str(r->where), why) < 0;
}

static int
list_rule(void *ctx, const struct rule *r, struct err *err)
{
	struct listing *l = ctx;
	struct err why = { 0 };
	bool strange = is_strange(r, &why);

	if (strange && !l->cli->json) {
		AUTO(buf_clear) struct buf note = BUF_INIT(4096);

		if (buf_append_fmt(&note, err, _("rule %s makes no shortcuts: %s"), r->name,
				   why.msg) < 0)
			return -1;
		cli_warn(l->cli, buf_str(&note));
	}
	if (!l->cli->json)
		return TABLE_ADD(&l->table, err, r->selected ? "✓" : " ", r->name, r->app, r->where,
				 show_count(r->made).s);
	struct json_object *o = json_push(l->cli, l->list);

	json_put_text(l->cli, o, "name", r->name);
	json_put_text(l->cli, o, "app", r->app[0] ? r->app : NULL);
	json_put_text(l->cli, o, "where", r->app[0] ? r->where : NULL);
	json_put_flag(l->cli, o, "selected", r->selected);
	json_put_number(l->cli, o, "shortcuts", r->made);
	if (strange)
		json_put_text(l->cli, o, "problem", why.msg);
	return 0;
}

int
cmd_rules(struct cli *cli, struct err *err)
{
	const struct column columns[] = {
		{ " ", COLUMN_LEFT },        { _("name"), COLUMN_SHRINKS },
		{ _("app"), COLUMN_LEFT },   { _("where"), COLUMN_SHRINKS },
		{ _("made"), COLUMN_RIGHT },
	};
	struct listing l = { .cli = cli, .table = TABLE_INIT(columns) };
	int rc;

	if (!cli_account_box(cli, err))
		return -1;
	l.list = cli->json ? json_list(cli) : NULL;
	rc = rules_each(cli->box, list_rule, &l, err);
	if (rc == 0 && cli->json)
		json_result(cli, TAKE(l.list));
	else if (rc == 0 && l.table.n_rows)
		rc = table_print(&l.table, stdout, cli->width, cli->colour_out, err);
	else if (rc == 0)
		puts(_("No rules yet. Make one: cloudbox add APP --where EXPR --rule NAME"));
	json_object_put(l.list);
	table_clear(&l.table);
	return rc < 0 ? -1 : CLI_DONE;
}

int
cmd_rules_remove(struct cli *cli, struct err *err)
{
	const char *name = cli_word(cli, 0);
	int rc;

	if (!cli_account_box(cli, err))
		return -1;
	rc = rule_remove(cli->box, name, err);
	if (rc < 0)
		return -1;
	if (rc == BOX_ABSENT) {
		err_set(err, ERR_NOT_FOUND, "there is no rule %.200s", name);
		return err_hint(err, "cloudbox rules lists them");
	}
	if (cli->json)
		json_changed(cli, 1);
	else
		printf(_("The rule %s is gone; the shortcuts that it made stay.\n"),
		       cli_clean(name));
	return CLI_DONE;
}
