/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_box: box, remove, select, unselect: looking at the Box and changing it.  Adding: cmd_add.c */
#include "box/shortcuts.h"
#include "box/threads.h"
#include "cli/chosen.h"
#include "cli/commands.h"
#include "cli/here.h"
#include "cli/show.h"
#include "cli/table.h"

#define TEXT_BYTES 8192

/* A list on its way to the screen or into JSON. */
struct listing {
	struct cli *cli;
	struct json_object *list;
	struct table table;
	bool threads; /* its items are in threads */
	uint64_t n, bytes;
};

static int
list_folder(void *ctx, const struct folder *f, struct err *err)
{
	struct listing *l = ctx;

	l->n += f->shortcuts;
	l->bytes += f->bytes;
	if (!l->cli->json)
		return TABLE_ADD(&l->table, err, f->app, show_count(f->shortcuts).s,
				 show_bytes(f->bytes).s, show_count(f->saved).s);
	struct json_object *o = json_push(l->cli, l->list);

	json_put_text(l->cli, o, "app", f->app);
	json_put_number(l->cli, o, "shortcuts", f->shortcuts);
	json_put_number(l->cli, o, "bytes", f->bytes);
	json_put_number(l->cli, o, "saved", f->saved);
	return 0;
}

static int
show_folders(struct cli *cli, struct err *err)
{
	const struct column columns[] = {
		{ _("folder"), COLUMN_LEFT },
		{ _("shortcuts"), COLUMN_RIGHT },
		{ _("size"), COLUMN_RIGHT },
		{ _("saved"), COLUMN_RIGHT },
	};
	struct listing l = { .cli = cli, .table = TABLE_INIT(columns) };
	int rc;

	if (here_refresh_all(cli, err) < 0)
		return -1;
	l.list = cli->json ? json_list(cli) : NULL;
	rc = folders_each(cli->box, list_folder, &l, err);
	if (rc == 0 && cli->json)
		json_result(cli, TAKE(l.list));
	else if (rc == 0 && l.table.n_rows)
		rc = table_print(&l.table, stdout, cli->width, cli->colour_out, err);
	else if (rc == 0)
		puts(_("The Box is empty. Put something in: cloudbox add APP ITEM"));
	json_object_put(l.list);
	table_clear(&l.table);
	return rc;
}

static const char *
state_text(enum shortcut_state state)
{
	switch (state) {
	case SHORTCUT_NEW:
		return _("new");
	case SHORTCUT_SAVED:
		return _("saved");
	case SHORTCUT_CHANGED:
		return _("changed");
	case SHORTCUT_MISSING:
		return _("missing");
	}
	return "";
}

static int
list_shortcut(void *ctx, const struct shortcut *s, struct err *err)
{
	struct listing *l = ctx;
	struct cli *cli = l->cli;
	AUTO(buf_clear) struct buf id = BUF_INIT(TEXT_BYTES);
	AUTO(buf_clear) struct buf name = BUF_INIT(TEXT_BYTES);
	AUTO(buf_clear) struct buf path = BUF_INIT(TEXT_BYTES);
	AUTO(buf_clear) struct buf shown = BUF_INIT(SHOW_NAME_BYTES_MAX);
	AUTO(buf_clear) struct buf thread = BUF_INIT(TEXT_BYTES);
	AUTO(buf_clear) struct buf with = BUF_INIT(TEXT_BYTES);

	if (l->threads && threads_of_item(&thread, &with, cli->box, s->item, err) < 0)
		return -1;
	if (item_show_id(&id, cli->box, s->native_id, s->item, err) < 0 ||
	    buf_append(&name, s->name, err) < 0 || show_name(&shown, s->name, s->taken, err) < 0 ||
	    buf_append(&path, s->path, err) < 0)
		return -1;
	l->n++;
	l->bytes += s->size;
	if (!cli->json && l->threads)
		return TABLE_ADD(&l->table, err, s->selected ? "✓" : " ", buf_str(&shown),
				 buf_str(with.n ? &with : &thread), show_bytes(s->size).s,
				 state_text(s->state), show_when(s->saved_unix_ms).s, buf_str(&id));
	if (!cli->json)
		return TABLE_ADD(&l->table, err, s->selected ? "✓" : " ", buf_str(&shown),
				 show_bytes(s->size).s, state_text(s->state),
				 show_when(s->saved_unix_ms).s, buf_str(&id));
	struct json_object *o = json_record(cli);

	json_put_text(cli, o, "app", s->app);
	json_put_text(cli, o, "id", buf_str(&id));
	json_put_text(cli, o, "path", buf_str(&path));
	json_put_text(cli, o, "name", buf_str(&name));
	json_put_text(cli, o, "type", s->type);
	json_put_number(cli, o, "size", s->size);
	json_put_text(cli, o, "taken_at", s->taken);
	json_put_flag(cli, o, "selected", s->selected);
	json_put_text(cli, o, "state", shortcut_state_name(s->state));
	json_put_when(cli, o, "saved_at", s->saved_unix_ms);
	json_put_number(cli, o, "versions", s->versions);
	json_put_when(cli, o, "proven_at", s->proven_unix_ms);
	if (l->threads) {
		json_put_text(cli, o, "thread", thread.n ? buf_str(&thread) : NULL);
		json_put_text(cli, o, "with", with.n ? buf_str(&with) : NULL);
	}
	return json_add(cli, NULL, o, err);
}

/* Bring @app up to date; one whose path is not there can still be looked at.  @threads: are its items in
 * threads? */
static int
refresh_if_there(bool *threads, struct cli *cli, const char *app, struct err *err)
{
	AUTO(app_free) struct app *known = NULL;
	AUTO(here_clear) struct here h = HERE_INIT;
	struct err why = { 0 };

	if (here_get(&known, cli, app, err) < 0)
		return -1;
	if (here_open(&h, cli, app, &why) < 0)
		cli_warn(cli, why.msg);
	else
		*threads = h.session->adapter->form && h.session->adapter->form->thread;
	return 0;
}

static int
list_shortcuts(struct listing *l, const char *app, struct err *err)
{
	struct cli *cli = l->cli;

	if (cli->json && json_open(cli, NULL, '[', err) < 0)
		return -1;
	if (shortcuts_each(cli->box, app, list_shortcut, l, err) < 0)
		return -1;
	if (cli->json)
		return json_close(cli, err);
	if (!l->n) {
		printf(_("No shortcuts to %s yet. Make some: cloudbox add %s ITEM\n"), app, app);
		return 0;
	}
	if (table_print(&l->table, stdout, cli->width, cli->colour_out, err) < 0)
		return -1;
	printf(text_plural("%s%s shortcut, %s%s\n", "%s%s shortcuts, %s%s\n", (unsigned long)l->n),
	       cli_dim(cli), show_count(l->n).s, show_bytes(l->bytes).s, cli_plain(cli));
	return 0;
}

static int
show_folder(struct cli *cli, const char *app, struct err *err)
{
	const struct column columns[] = {
		{ " ", COLUMN_LEFT },        { _("name"), COLUMN_SHRINKS },
		{ _("size"), COLUMN_RIGHT }, { _("state"), COLUMN_LEFT },
		{ _("saved"), COLUMN_LEFT }, { _("id"), COLUMN_SHRINKS },
	};
	const struct column of_messages[] = {
		{ " ", COLUMN_LEFT },          { _("name"), COLUMN_SHRINKS },
		{ _("with"), COLUMN_SHRINKS }, { _("size"), COLUMN_RIGHT },
		{ _("state"), COLUMN_LEFT },   { _("saved"), COLUMN_LEFT },
		{ _("id"), COLUMN_SHRINKS },
	};
	struct listing l = { .cli = cli };
	int rc;

	if (refresh_if_there(&l.threads, cli, app, err) < 0)
		return -1;
	l.table = l.threads ? (struct table)TABLE_INIT(of_messages)
			    : (struct table)TABLE_INIT(columns);
	l.table.dir_fd = box_home_fd(cli->box);
	rc = list_shortcuts(&l, app, err);
	table_clear(&l.table);
	return rc;
}

int
cmd_box(struct cli *cli, struct err *err)
{
	const char *app = cli_word(cli, 0);
	int rc = app ? show_folder(cli, app, err) : show_folders(cli, err);

	return rc < 0 ? -1 : CLI_DONE;
}

/* What a command does to shortcuts: to all of an app, or to one. */
struct change {
	int (*all)(uint64_t *changed, struct box *b, const char *app, struct err *err);
	int (*one)(struct box *b, const struct shortcut *s, struct err *err);
};

/* Every ITEM is looked up before anything changes; an item named twice is one. */
static int
change_each(uint64_t *changed, struct cli *cli, const struct change *change,
	    const char *const *items, size_t n, struct err *err)
{
	const char *app = cli_word(cli, 0);

	for (size_t i = 0; i < n; i++) {
		AUTO(shortcut_found_clear) struct shortcut_found f = SHORTCUT_FOUND_INIT;

		if (shortcut_find(&f, cli->box, app, span_str(items[i]), err) < 0)
			return -1;
		int rc = change->one(cli->box, &f.shortcut, err);
		if (rc < 0)
			return -1;
		*changed += rc == 0;
	}
	return 0;
}

static int
change_shortcuts(uint64_t *changed, struct cli *cli, const struct change *change, struct err *err)
{
	AUTO(app_free) struct app *app = NULL;
	AUTO(chosen_ids_clear) struct chosen_ids ids = { 0 };
	bool some = args_has(&cli->args, "--where") || args_has(&cli->args, "--thread");
	int all = chosen_all(cli, err), rc;

	*changed = 0;
	if (all < 0 || here_get(&app, cli, cli_word(cli, 0), err) < 0 ||
	    (some && chosen_ids_find(&ids, cli, CHOSEN_IN_BOX, err) < 0))
		return -1;
	if (all && !some)
		return change->all(changed, cli->box, app->name, err);
	if (box_begin(cli->box, err) < 0)
		return -1;
	rc = some ? change_each(changed, cli, change, ids.list, ids.n, err)
		  : change_each(changed, cli, change, cli->args.words + 1, cli->args.n_words - 1,
				err);
	if (rc == 0)
		rc = box_commit(cli->box, err);
	if (rc < 0)
		box_rollback(cli->box);
	return rc;
}

static int
remove_one(struct box *b, const struct shortcut *s, struct err *err)
{
	return shortcut_remove(b, s->app, s->native_id, err);
}

int
cmd_remove(struct cli *cli, struct err *err)
{
	static const struct change change = { shortcut_remove_all, remove_one };
	uint64_t n;

	if (change_shortcuts(&n, cli, &change, err) < 0)
		return -1;
	if (cli->json)
		json_changed(cli, n);
	else
		printf(text_plural("%s shortcut removed; its data and its backup stay.\n",
				   "%s shortcuts removed; their data and their backups stay.\n",
				   (unsigned long)n),
		       show_count(n).s);
	return CLI_DONE;
}

static int
select_one(struct box *b, const struct shortcut *s, struct err *err)
{
	return s->selected ? BOX_EXISTS : shortcut_select(b, s->app, s->native_id, true, err);
}

static int
unselect_one(struct box *b, const struct shortcut *s, struct err *err)
{
	return s->selected ? shortcut_select(b, s->app, s->native_id, false, err) : BOX_EXISTS;
}

static int
select_all(uint64_t *changed, struct box *b, const char *app, struct err *err)
{
	return shortcut_select_all(changed, b, app, true, err);
}

static int
unselect_all(uint64_t *changed, struct box *b, const char *app, struct err *err)
{
	return shortcut_select_all(changed, b, app, false, err);
}

int
cmd_select(struct cli *cli, struct err *err)
{
	static const struct change change = { select_all, select_one };
	uint64_t n;

	if (change_shortcuts(&n, cli, &change, err) < 0)
		return -1;
	if (cli->json)
		json_changed(cli, n);
	else
		printf(text_plural("%s more shortcut is selected.\n",
				   "%s more shortcuts are selected.\n", (unsigned long)n),
		       show_count(n).s);
	return CLI_DONE;
}

int
cmd_unselect(struct cli *cli, struct err *err)
{
	static const struct change change = { unselect_all, unselect_one };
	uint64_t n;

	if (change_shortcuts(&n, cli, &change, err) < 0)
		return -1;
	if (cli->json)
		json_changed(cli, n);
	else
		printf(text_plural("%s shortcut is selected no more.\n",
				   "%s shortcuts are selected no more.\n", (unsigned long)n),
		       show_count(n).s);
	return CLI_DONE;
}
