/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_cloud: cloud and history: what lies on the server, opened here. */
#include "restore/cloud.h"

#include "box/box.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/here.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/told.h"

static int
print_cloud_json(struct cli *cli, struct cloud_list *l, struct err *err)
{
	struct cloud_item item;
	int rc = json_open(cli, NULL, '[', err);

	while (rc == 0 && (rc = cloud_list_next(&item, l, err)) == 0) {
		struct json_object *o = json_record(cli);

		json_put_text(cli, o, "app", item.app);
		json_put_text(cli, o, "id", item.id);
		json_put_text(cli, o, "name", item.name);
		json_put_text(cli, o, "type", item.type);
		json_put_number(cli, o, "size", item.size_bytes);
		json_put_text(cli, o, "taken_at", item.taken[0] ? item.taken : NULL);
		json_put_number(cli, o, "versions", item.versions);
		json_put_when(cli, o, "saved_at", item.saved_at_unix_ms);
		json_put_text(cli, o, "device", l->device);
		if (item.thread[0])
			json_put_text(cli, o, "thread", item.thread);
		if (item.with[0])
			json_put_text(cli, o, "with", item.with);
		if (item.problem[0])
			json_put_text(cli, o, "problem", item.problem);
		rc = json_add(cli, NULL, o, err);
	}
	return rc < 0 ? -1 : json_close(cli, err);
}

static int
print_cloud_text(struct cli *cli, struct cloud_list *l, struct err *err)
{
	const struct column columns[] = {
		{ _("app"), COLUMN_LEFT },       { _("name"), COLUMN_SHRINKS },
		{ _("size"), COLUMN_RIGHT },     { _("saved"), COLUMN_LEFT },
		{ _("versions"), COLUMN_RIGHT }, { _("id"), COLUMN_SHRINKS },
	};
	AUTO(table_clear) struct table t = TABLE_INIT(columns);
	struct cloud_item item;
	int rc;

	t.dir_fd = box_home_fd(cli->box);
	if (l->n_items == 0) {
		puts(_("Nothing lies in the cloud yet."));
		return 0;
	}
	while ((rc = cloud_list_next(&item, l, err)) == 0) {
		AUTO(buf_clear) struct buf name = BUF_INIT(SHOW_NAME_BYTES_MAX);

		if (show_name(&name, span_str(item.name), item.taken, err) < 0 ||
		    TABLE_ADD(&t, err, item.app, item.problem[0] ? item.problem : buf_str(&name),
			      show_bytes(item.size_bytes).s, show_when(item.saved_at_unix_ms).s,
			      show_count(item.versions).s, item.id) < 0)
			return -1;
	}
	if (rc < 0 || table_print(&t, stdout, cli->width, cli->colour_out, err) < 0)
		return -1;
	printf(text_plural("%s%s item%s\n", "%s%s items%s\n", (unsigned long)l->n_items),
	       cli_dim(cli), show_count(l->n_items).s, cli_plain(cli));
	return 0;
}

/* The whole list; that nothing was ever backed up is an empty one. */
static int
read_cloud(struct cloud_list *l, struct cli *cli, struct err *err)
{
	const char *app = cli_word(cli, 0), *from = args_value(&cli->args, "--from");
	struct unlocked *u = cli_unlock(cli, err);

	if (!u)
		return -1;
	if (cloud_read(l, cli->box, u, app, from, err) == 0)
		return 0;
	return !app && !from && err->code == ERR_NOT_FOUND ? 0 : -1;
}

int
cmd_cloud(struct cli *cli, struct err *err)
{
	AUTO(cloud_list_clear) struct cloud_list l = { 0 };

	if (read_cloud(&l, cli, err) < 0)
		return -1;
	told_alarms(cli, l.alarms, l.n_alarms);
	if ((cli->json ? print_cloud_json(cli, &l, err) : print_cloud_text(cli, &l, err)) < 0)
		return -1;
	return CLI_DONE;
}

static void
print_history_json(struct cli *cli, const struct cloud_history *h)
{
	struct json_object *list = json_list(cli);

	for (size_t i = 0; i < h->n_versions; i++) {
		const struct cloud_version *v = &h->versions[i];
		struct json_object *o = json_push(cli, list), *changed = json_list(cli);

		json_put_number(cli, o, "version", v->version);
		json_put_when(cli, o, "saved_at", v->saved_at_unix_ms);
		json_put_number(cli, o, "size", v->size_bytes);
		json_put_text(cli, o, "device", h->device);
		for (size_t f = 0; f < v->n_changed; f++) {
			struct json_object *one = json_push(cli, changed);

			json_put_text(cli, one, "field", v->changed[f].field);
			json_put_text(cli, one, "value", v->changed[f].value);
		}
		json_put(cli, o, "fields_changed", changed);
		if (v->removed)
			json_put_flag(cli, o, "removed", true);
		if (v->problem[0])
			json_put_text(cli, o, "problem", v->problem);
	}
	json_result(cli, list);
}

static void
print_history_text(struct cli *cli, const struct cloud_history *h)
{
	printf("%s%s%s\n", cli_bold(cli), cli_clean(h->name), cli_plain(cli));
	for (size_t i = 0; i < h->n_versions; i++) {
		const struct cloud_version *v = &h->versions[i];

		printf(_("  version %u  %s  %s"), v->version, show_when(v->saved_at_unix_ms).s,
		       show_bytes(v->size_bytes).s);
		if (v->removed)
			printf("  %s%s%s", cli_yellow(cli), _("forgotten"), cli_plain(cli));
		if (v->problem[0])
			printf("  %s%s%s", cli_red(cli), cli_clean(v->problem), cli_plain(cli));
		putchar('\n');
		for (size_t f = 0; f < v->n_changed; f++)
			printf("    %s %s\n", cli_clean(v->changed[f].field),
			       v->changed[f].value[0] ? cli_clean(v->changed[f].value)
						      : _("(gone)"));
	}
}

static void
print_diff_json(struct cli *cli, const struct cloud_diff *d)
{
	struct json_object *list = json_list(cli), *o = json_push(cli, list);
	struct json_object *changed = json_list(cli);

	if (d->version)
		json_put_number(cli, o, "version", d->version);
	else
		json_put_text(cli, o, "version", NULL);
	json_put_when(cli, o, "saved_at", d->saved_at_unix_ms);
	json_put_number(cli, o, "size", d->size_bytes);
	json_put_text(cli, o, "device", d->device);
	if (d->against)
		json_put_number(cli, o, "against", d->against);
	else
		json_put_text(cli, o, "against", NULL);
	for (size_t i = 0; i < d->fields.n; i++) {
		const struct diff_field *f = &d->fields.list[i];
		struct json_object *one = json_push(cli, changed);

		json_put_text(cli, one, "field", f->field);
		json_put_text(cli, one, "value", f->value);
		json_put_text(cli, one, "was", f->was);
		json_put_text(cli, one, "change", diff_kind_name(f->kind));
	}
	json_put(cli, o, "fields_changed", changed);
	json_result(cli, list);
}

static void
print_diff_field(struct cli *cli, const struct diff_field *f)
{
	switch (f->kind) {
	case DIFF_ADDED:
		printf("  %s+%s %s  %s\n", cli_green(cli), cli_plain(cli), cli_clean(f->field),
		       cli_clean(f->value));
		return;
	case DIFF_REMOVED:
		printf("  %s-%s %s  %s\n", cli_red(cli), cli_plain(cli), cli_clean(f->field),
		       cli_clean(f->was));
		return;
	case DIFF_CHANGED:
		printf("  %s~%s %s  %s → %s\n", cli_yellow(cli), cli_plain(cli),
		       cli_clean(f->field), cli_clean(f->was), cli_clean(f->value));
		return;
	}
}

static void
print_diff_text(struct cli *cli, const struct cloud_diff *d)
{
	printf("%s%s%s\n", cli_bold(cli), cli_clean(d->name), cli_plain(cli));
	if (!d->version)
		printf(_("what is here now, against version %u:\n"), d->against);
	else if (d->against)
		printf(_("version %u of %s, against version %u:\n"), d->version,
		       show_when(d->saved_at_unix_ms).s, d->against);
	else
		printf(_("version %u of %s, the first that is kept:\n"), d->version,
		       show_when(d->saved_at_unix_ms).s);
	for (size_t i = 0; i < d->fields.n; i++)
		print_diff_field(cli, &d->fields.list[i]);
	if (d->fields.n == 0)
		printf("  %s\n", _("no field differs"));
}

static int
show_diff(struct cli *cli, struct unlocked *u, struct err *err)
{
	AUTO(cloud_diff_clear) struct cloud_diff d = { 0 };
	AUTO(here_clear) struct here here = HERE_INIT;
	unsigned long version = 0;

	if (args_number(&cli->args, "--diff", UINT32_MAX, &version, err) < 0 ||
	    (version == 0 && here_open(&here, cli, cli_word(cli, 0), err) < 0) ||
	    cloud_diff_read(&d, cli->box, u, here.session, cli_word(cli, 0), cli_word(cli, 1),
			    args_value(&cli->args, "--from"), (uint32_t)version, err) < 0)
		return -1;
	if (cli->json)
		print_diff_json(cli, &d);
	else
		print_diff_text(cli, &d);
	return CLI_DONE;
}

int
cmd_history(struct cli *cli, struct err *err)
{
	AUTO(cloud_history_clear) struct cloud_history h = { 0 };
	unsigned long unused = 0;
	struct unlocked *u;

	if (args_number(&cli->args, "--diff", UINT32_MAX, &unused, err) < 0)
		return -1;
	u = cli_unlock(cli, err);
	if (u && args_has(&cli->args, "--diff"))
		return show_diff(cli, u, err);
	if (!u || cloud_history_read(&h, cli->box, u, cli_word(cli, 0), cli_word(cli, 1),
				     args_value(&cli->args, "--from"), err) < 0)
		return -1;
	if (cli->json)
		print_history_json(cli, &h);
	else
		print_history_text(cli, &h);
	return CLI_DONE;
}
