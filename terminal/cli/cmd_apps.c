/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_apps: apps, apps add, apps remove, items: what there is to choose from. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "box/shortcuts.h"
#include "cli/chosen.h"
#include "cli/commands.h"
#include "cli/here.h"
#include "cli/show.h"
#include "cli/table.h"

#define ID_TEXT_BYTES 8192
#define KEY_BYTES_MAX 256
#define NOTE_BYTES    1024

/* A list on its way to the screen or into JSON. */
struct listing {
	struct cli *cli;
	struct json_object *list; /* with --json */
	bool threads;             /* its items are in threads */
	struct chosen
		chosen; /* with --thread, --where: only these; those that cannot be read now, too */
	struct table table; /* without */
	const char *pattern;
	uint64_t n;
};

static int
list_app(struct listing *l, const struct app *app, uint64_t items, uint64_t in_box, struct err *err)
{
	if (l->cli->json) {
		struct json_object *o = json_push(l->cli, l->list);

		json_put_text(l->cli, o, "name", app->name);
		json_put_text(l->cli, o, "adapter", app->adapter);
		json_put_text(l->cli, o, "path", app->path);
		json_put_number(l->cli, o, "items", items);
		json_put_number(l->cli, o, "in_box", in_box);
		return 0;
	}
	return TABLE_ADD(&l->table, err, app->name, show_count(items).s, show_count(in_box).s,
			 app->adapter, app->path);
}

static int
list_box_app(void *ctx, const struct app *app, const struct box_app_counts *counts, struct err *err)
{
	return list_app(ctx, app, counts->items, counts->in_box, err);
}

struct count {
	struct app_session *session;
	uint64_t n;
	struct err why; /* the first thing that is refused */
};

/* Whole files: each source is one item. */
static int
count_source(void *ctx, const struct app_source *source, struct err *err)
{
	struct count *c = ctx;

	(void)source;
	(void)err;
	c->n++;
	return 0;
}

static int
count_item(void *ctx, const struct app_item *item, struct err *err)
{
	struct count *c = ctx;

	(void)item;
	(void)err;
	c->n++;
	return 0;
}

static int
pass_by(void *ctx, const struct app_refused *refused, struct err *err)
{
	(void)ctx;
	(void)refused;
	(void)err;
	return 0;
}

/* Why an app has no items. */
static int
note_refused(void *ctx, const struct app_refused *refused, struct err *err)
{
	struct count *c = ctx;

	(void)err;
	if (!refused->line && !c->why.code)
		c->why = *refused->why;
	return 0;
}

/* One that moves meanwhile has some or other number of items. */
static int
count_in_source(void *ctx, const struct app_source *source, struct err *err)
{
	struct count *c = ctx;

	return c->session->adapter->read_source(c->session, source, count_item, note_refused, c,
						err) < 0
		       ? -1
		       : 0;
}

/* How many items an app has that the Box does not know: nothing is kept of it. */
static int
count_items(uint64_t *n, const struct app *app, struct err *err)
{
	AUTO(app_session_free) struct app_session *session = NULL;
	struct count c = { 0 };

	if (app_session_open(&session, app, err) < 0)
		return -1;
	c.session = session;
	if (session->adapter->sources(session,
				      session->adapter->form ? count_in_source : count_source,
				      pass_by, &c, err) < 0)
		return -1;
	*n = c.n;
	if (c.n == 0 && c.why.code) {
		*err = c.why;
		return -1;
	}
	return 0;
}

/* An app found by itself that the Box does not know.  One that cannot be looked at now is an app none
 * the less. */
static int
list_found_app(void *ctx, const struct app *app, struct err *err)
{
	struct listing *l = ctx;
	struct err why = { 0 };
	uint64_t n = 0;

	if (count_items(&n, app, &why) < 0) {
		char note[NOTE_BYTES];

		if (why.code == ERR_NOMEM)
			return err_nomem(err);
		snprintf(note, sizeof note, "%s: %s", app->name, why.msg);
		cli_warn(l->cli, note);
	}
	return list_app(l, app, n, 0, err);
}

int
cmd_apps(struct cli *cli, struct err *err)
{
	const struct column columns[] = {
		{ _("app"), COLUMN_LEFT },     { _("items"), COLUMN_RIGHT },
		{ _("in Box"), COLUMN_RIGHT }, { _("adapter"), COLUMN_LEFT },
		{ _("path"), COLUMN_SHRINKS },
	};
	struct listing l = { .cli = cli, .table = TABLE_INIT(columns) };
	int rc;

	if (here_refresh_all(cli, err) < 0)
		return -1;
	l.list = cli->json ? json_list(cli) : NULL;
	rc = box_apps_each(cli->box, list_box_app, &l, err);
	if (rc == 0)
		rc = here_found_each(cli, list_found_app, &l, err);
	if (rc == 0 && cli->json)
		json_result(cli, TAKE(l.list));
	else if (rc == 0 && l.table.n_rows)
		rc = table_print(&l.table, stdout, cli->width, cli->colour_out, err);
	else if (rc == 0)
		puts(_("No apps here yet. Add one: cloudbox apps add NAME --adapter ADAPTER --path "
		       "PATH"));
	json_object_put(l.list);
	table_clear(&l.table);
	return rc < 0 ? -1 : CLI_DONE;
}

/* --set KEY=VALUE */
static int
set_one(struct app *app, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	AUTO(buf_clear) struct buf key = BUF_INIT(KEY_BYTES_MAX);

	if (!equals || equals == text) {
		err_set(err, ERR_USAGE, "--set wants KEY=VALUE");
		return err_hint(err, "for example: --set home-region=DE");
	}
	if (buf_append(&key, span_of(text, (size_t)(equals - text)), err) < 0)
		return -1;
	return app_set(app, buf_str(&key), equals + 1, err);
}

static int
need_option(const struct cli *cli, const char *name, const char *example, struct err *err)
{
	if (args_has(&cli->args, name))
		return 0;
	err_set(err, ERR_USAGE, "%s is missing", name);
	return err_hint(err, "for example: %s", example);
}

int
cmd_apps_add(struct cli *cli, struct err *err)
{
	const char *name = cli_word(cli, 0), *value;
	AUTO(app_free) struct app *app = NULL;
	AUTO(app_session_free) struct app_session *session = NULL;
	AUTO(free) char *path = NULL;
	struct box *box = cli_box(cli, err);
	size_t at = 0;

	if (!box ||
	    need_option(cli, "--adapter",
			"cloudbox apps add contacts --adapter vcard --path ~/Contacts", err) < 0 ||
	    need_option(cli, "--path",
			"cloudbox apps add contacts --adapter vcard --path ~/Contacts", err) < 0)
		return -1;
	path = realpath(args_value(&cli->args, "--path"), NULL);
	if (!path) {
		err_sys(err, errno, "%s", args_value(&cli->args, "--path"));
		return err_hint(err, "name a file or folder that is there");
	}
	if (app_new(&app, name, args_value(&cli->args, "--adapter"), path, err) < 0)
		return -1;
	while ((value = args_next_value(&cli->args, "--set", &at)))
		if (set_one(app, value, err) < 0)
			return -1;
	if (app_session_open(&session, app, err) < 0 || box_app_put(box, app, err) < 0)
		return -1;
	if (cli->json)
		json_changed(cli, 1);
	else
		printf(_("%s is known now. What it has: cloudbox items %s\n"), name, name);
	return CLI_DONE;
}

int
cmd_apps_remove(struct cli *cli, struct err *err)
{
	const char *name = cli_word(cli, 0);
	struct box *box = cli_box(cli, err);
	int rc = box ? box_app_remove(box, name, err) : -1;

	if (rc < 0)
		return -1;
	if (rc == BOX_ABSENT) {
		err_set(err, ERR_NOT_FOUND, "the Box knows no app %s", name);
		return err_hint(err, "cloudbox apps lists those it knows");
	}
	if (cli->json)
		json_changed(cli, 1);
	else
		printf(_("%s and its shortcuts left the Box; its data and its backups stay.\n"),
		       name);
	return CLI_DONE;
}

/* Whether an item is meant by PATTERN: a shell pattern, or a part of name or id. */
static bool
matches(const char *pattern, const char *name, const char *id)
{
	if (!pattern)
		return true;
	if (strpbrk(pattern, "*?["))
		return !fnmatch(pattern, name, FNM_CASEFOLD) || !fnmatch(pattern, id, FNM_CASEFOLD);
	return strcasestr(name, pattern) || strcasestr(id, pattern);
}

static int
list_row(struct listing *l, const struct inventory_item *item, const char *name, const char *id,
	 struct err *err)
{
	AUTO(buf_clear) struct buf with = BUF_INIT(ID_TEXT_BYTES);
	const char *mark = item->in_box ? "●" : " ";

	if (!l->threads)
		return TABLE_ADD(&l->table, err, mark, name, show_bytes(item->size).s, item->type,
				 id);
	if (buf_append(&with, item->party.n ? item->party : item->thread, err) < 0)
		return -1;
	return TABLE_ADD(&l->table, err, mark, name, buf_str(&with), show_bytes(item->size).s, id);
}

/* {"thread": "+15550001~+15550002", "with": "Jane"}; null for what nobody has sent. */
static int
put_thread(struct cli *cli, struct json_object *o, const struct inventory_item *item,
	   struct err *err)
{
	AUTO(buf_clear) struct buf thread = BUF_INIT(ID_TEXT_BYTES);
	AUTO(buf_clear) struct buf with = BUF_INIT(ID_TEXT_BYTES);

	if (buf_append(&thread, item->thread, err) < 0 || buf_append(&with, item->party, err) < 0)
		return -1;
	json_put_text(cli, o, "thread", thread.n ? buf_str(&thread) : NULL);
	json_put_text(cli, o, "with", with.n ? buf_str(&with) : NULL);
	return 0;
}

static int
list_item(void *ctx, const struct inventory_item *item, struct err *err)
{
	struct listing *l = ctx;
	AUTO(buf_clear) struct buf id = BUF_INIT(ID_TEXT_BYTES);
	AUTO(buf_clear) struct buf name = BUF_INIT(ID_TEXT_BYTES);
	AUTO(buf_clear) struct buf shown = BUF_INIT(SHOW_NAME_BYTES_MAX);

	if (item_show_id(&id, l->cli->box, item->native_id, item->item, err) < 0 ||
	    buf_append(&name, item->name, err) < 0 ||
	    show_name(&shown, item->name, item->taken, err) < 0)
		return -1;
	if (!matches(l->pattern, buf_str(&name), buf_str(&id)))
		return 0;
	int meant = chosen_item(&l->chosen, item, err);
	if (meant <= 0)
		return meant;
	l->n++;
	if (!l->cli->json)
		return list_row(l, item, buf_str(&shown), buf_str(&id), err);
	struct json_object *o = json_record(l->cli);

	json_put_text(l->cli, o, "app", item->app);
	json_put_text(l->cli, o, "id", buf_str(&id));
	json_put_text(l->cli, o, "name", buf_str(&name));
	json_put_text(l->cli, o, "type", item->type ? item->type : "application/octet-stream");
	json_put_number(l->cli, o, "size", item->size);
	json_put_text(l->cli, o, "taken_at", item->taken);
	json_put_flag(l->cli, o, "in_box", item->in_box);
	if (l->threads && put_thread(l->cli, o, item, err) < 0) {
		json_object_put(o);
		return -1;
	}
	return json_add(l->cli, NULL, o, err);
}

static int
list_items(struct listing *l, const char *app, struct err *err)
{
	struct cli *cli = l->cli;

	if (cli->json && json_open(cli, NULL, '[', err) < 0)
		return -1;
	if (inventory_each(cli->box, app, list_item, l, err) < 0)
		return -1;
	if (cli->json)
		return json_close(cli, err);
	if (l->n && table_print(&l->table, stdout, cli->width, cli->colour_out, err) < 0)
		return -1;
	printf(text_plural("%s%s item%s", "%s%s items%s", (unsigned long)l->n), cli_dim(cli),
	       show_count(l->n).s, cli_plain(cli));
	printf("%s\n", l->n ? _("  (● in the Box)") : "");
	return 0;
}

int
cmd_items(struct cli *cli, struct err *err)
{
	const struct column columns[] = {
		{ " ", COLUMN_LEFT },        { _("name"), COLUMN_SHRINKS },
		{ _("size"), COLUMN_RIGHT }, { _("type"), COLUMN_LEFT },
		{ _("id"), COLUMN_SHRINKS },
	};
	const struct column of_messages[] = {
		{ " ", COLUMN_LEFT },          { _("message"), COLUMN_SHRINKS },
		{ _("with"), COLUMN_SHRINKS }, { _("size"), COLUMN_RIGHT },
		{ _("id"), COLUMN_SHRINKS },
	};
	const char *app = cli_word(cli, 0);
	AUTO(here_clear) struct here h = HERE_INIT;
	struct listing l = { .cli = cli, .pattern = cli_word(cli, 1) };
	int rc;

	if (here_open(&h, cli, app, err) < 0 ||
	    inventory_types(cli->box, h.session, span_of(NULL, 0), err) < 0 ||
	    chosen_init(&l.chosen, cli, h.session, err) < 0) {
		chosen_clear(&l.chosen);
		return -1;
	}
	l.threads = h.session->adapter->form && h.session->adapter->form->thread;
	l.table = l.threads ? (struct table)TABLE_INIT(of_messages)
			    : (struct table)TABLE_INIT(columns);
	l.table.dir_fd = box_home_fd(cli->box);
	rc = list_items(&l, app, err);
	table_clear(&l.table);
	chosen_clear(&l.chosen);
	if (rc < 0)
		return -1;
	return h.n_unread ? CLI_PARTIAL : CLI_DONE;
}
