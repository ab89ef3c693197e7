/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kept: originals, held, purge: what the Box keeps of restores. */
#include "account/account.h"
#include "base/when.h"
#include "box/inventory.h"
#include "box/originals.h"
#include "box/receipts.h"
#include "box/shortcuts.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/here.h"
#include "cli/show.h"
#include "cli/table.h"
#include "os/os.h"
#include "restore/held_rows.h"

#define TEXT_BYTES      8192
#define SHORT_ID_DIGITS 8 /* or more */

struct listing {
	struct cli *cli;
	struct json_object *list;
	struct table table;
	const char *item; /* only this one; NULL: all */
	uint64_t n;       /* listed */
};

/* What is shown of anything kept. */
struct kept_text {
	struct buf id, name, restore;
};

#define KEPT_TEXT_INIT                                                                             \
	{                                                                                          \
		BUF_INIT(TEXT_BYTES), BUF_INIT(TEXT_BYTES), BUF_INIT(TEXT_BYTES)                   \
	}

static void
kept_text_clear(struct kept_text *t)
{
	buf_clear(&t->id);
	buf_clear(&t->name);
	buf_clear(&t->restore);
}
AUTO_OBJ(kept_text_clear, struct kept_text);

static int
kept_text(struct kept_text *t, const struct listing *l, const struct kept *k, struct err *err)
{
	if (item_show_id(&t->id, l->cli->box, k->native_id, k->item, err) < 0 ||
	    buf_append(&t->name, k->name, err) < 0)
		return -1;
	return buf_append(&t->restore, k->restore, err);
}

static bool
is_meant(const struct listing *l, const struct kept_text *t, const struct kept *k)
{
	char digits[2 * BOX_ID_BYTES + 1];
	size_t n = l->item ? strlen(l->item) : 0;

	if (!l->item || !strcmp(l->item, buf_str(&t->id)) || !strcmp(l->item, buf_str(&t->name)))
		return true;
	hex_encode(digits, SPAN_ARRAY(k->item));
	return n >= SHORT_ID_DIGITS && !strncmp(digits, l->item, n);
}

static const char *
kind_text(enum kept_kind kind)
{
	switch (kind) {
	case KEPT_CREATED:
		return _("was not there");
	case KEPT_UNDONE:
		return _("before the undo");
	case KEPT_TAKEN:
		return _("before a value was taken");
	case KEPT_ORIGINAL:
	case KEPT_HELD:
		break;
	}
	return "";
}

static int
list_original(void *ctx, const struct kept *k, struct err *err)
{
	struct listing *l = ctx;
	AUTO(kept_text_clear) struct kept_text t = KEPT_TEXT_INIT;

	if (kept_text(&t, l, k, err) < 0)
		return -1;
	if (!is_meant(l, &t, k))
		return 0;
	l->n++;
	if (!l->cli->json)
		return TABLE_ADD(&l->table, err, k->app, buf_str(&t.name),
				 show_when(k->kept_unix_ms).s, kind_text(k->kind),
				 buf_str(&t.restore), buf_str(&t.id));
	struct json_object *o = json_push(l->cli, l->list);

	json_put_text(l->cli, o, "app", k->app);
	json_put_text(l->cli, o, "id", buf_str(&t.id));
	json_put_text(l->cli, o, "name", buf_str(&t.name));
	json_put_when(l->cli, o, "kept_at", k->kept_unix_ms);
	json_put_text(l->cli, o, "restore", buf_str(&t.restore));
	return 0;
}

/* A held value: what stands here and what the backup has. */
static int
list_held(void *ctx, const struct held_row *row, struct err *err)
{
	struct listing *l = ctx;
	const struct kept *k = row->kept;
	struct cli *cli = l->cli;
	AUTO(buf_clear) struct buf name = BUF_INIT(TEXT_BYTES);
	AUTO(buf_clear) struct buf here = BUF_INIT(ORIGINAL_BYTES_MAX);
	AUTO(buf_clear) struct buf backup = BUF_INIT(ORIGINAL_BYTES_MAX);

	if (row->older)
		return 0;
	l->n++;
	if (buf_append(&name, k->name, err) < 0 || buf_append(&here, row->held->here, err) < 0 ||
	    buf_append(&backup, row->held->backup, err) < 0)
		return -1;
	if (!cli->json)
		return TABLE_ADD(&l->table, err, k->app, buf_str(&name), k->field, buf_str(&here),
				 buf_str(&backup));
	struct json_object *o = json_push(cli, l->list);

	json_put_text(cli, o, "app", k->app);
	json_put_text(cli, o, "id", row->id);
	json_put_text(cli, o, "name", buf_str(&name));
	json_put_text(cli, o, "field", k->field);
	json_put_text(cli, o, "here", buf_str(&here));
	json_put_text(cli, o, "backup", buf_str(&backup));
	return 0;
}

/* Nothing is kept for the app and item that were typed: are there such? */
static int
check_words(struct cli *cli, struct err *err)
{
	AUTO(app_free) struct app *app = NULL;
	AUTO(inventory_found_clear) struct inventory_found here = INVENTORY_FOUND_INIT;
	AUTO(shortcut_found_clear) struct shortcut_found in_box = SHORTCUT_FOUND_INIT;
	const char *item = cli_word(cli, 1);
	struct err why = { 0 };

	if (!cli_word(cli, 0))
		return 0;
	if (here_get(&app, cli, cli_word(cli, 0), err) < 0)
		return -1;
	if (!item || shortcut_find(&in_box, cli->box, app->name, span_str(item), &why) == 0)
		return 0;
	return inventory_find(&here, cli->box, app->name, span_str(item), err);
}

static struct listing
listing_of(struct cli *cli)
{
	return (struct listing){ .cli = cli,
				 .item = cli_word(cli, 1),
				 .list = cli->json ? json_list(cli) : NULL };
}

/* Print what was listed, or @empty where that is nothing.  @rc: how the listing went. */
static int
listing_end(struct listing *l, int rc, const char *empty, struct err *err)
{
	struct cli *cli = l->cli;

	if (rc == 0 && l->n == 0)
		rc = check_words(cli, err);
	if (rc == 0 && cli->json)
		json_result(cli, TAKE(l->list));
	else if (rc == 0 && l->table.n_rows)
		rc = table_print(&l->table, stdout, cli->width, cli->colour_out, err);
	else if (rc == 0)
		puts(empty);
	json_object_put(l->list);
	table_clear(&l->table);
	return rc < 0 ? -1 : CLI_DONE;
}

int
cmd_originals(struct cli *cli, struct err *err)
{
	const struct column columns[] = {
		{ _("app"), COLUMN_LEFT },     { _("name"), COLUMN_SHRINKS },
		{ _("kept"), COLUMN_LEFT },    { " ", COLUMN_LEFT },
		{ _("restore"), COLUMN_LEFT }, { _("id"), COLUMN_SHRINKS },
	};
	struct kept_filter filter = { .app = cli_word(cli, 0) };

	if (!cli_account_box(cli, err))
		return -1;
	struct listing l = listing_of(cli);

	l.table = (struct table)TABLE_INIT(columns);
	return listing_end(&l, kept_each(cli->box, &filter, list_original, &l, err),
			   _("No originals: no restore has changed anything here."), err);
}

int
cmd_held(struct cli *cli, struct err *err)
{
	const struct column columns[] = {
		{ _("app"), COLUMN_LEFT },       { _("name"), COLUMN_SHRINKS },
		{ _("field"), COLUMN_LEFT },     { _("here"), COLUMN_SHRINKS },
		{ _("backup"), COLUMN_SHRINKS },
	};
	struct held_request rq = {
		.app = cli_word(cli, 0), .item = cli_word(cli, 1), .keys = cli_keys, .keys_ctx = cli
	};

	if (!cli_account_box(cli, err))
		return -1;
	struct listing l = listing_of(cli);

	l.table = (struct table)TABLE_INIT(columns);
	return listing_end(&l, held_rows_each(cli->box, &rq, list_held, &l, err),
			   _("Nothing is held: no backup differs in a field that holds one value."),
			   err);
}

int
cmd_purge(struct cli *cli, struct err *err)
{
	const char *age = args_value(&cli->args, "--older-than");
	int64_t age_ms = 0, before;
	uint64_t n = 0, receipts = 0;

	if (!age) {
		err_set(err, ERR_USAGE, "%s is missing", "--older-than");
		return err_hint(err, "for example: %s", "cloudbox purge --older-than 30d");
	}
	if (duration_parse(&age_ms, span_str(age), err) < 0) {
		err->code = ERR_USAGE;
		return -1;
	}
	if (!cli_account_box(cli, err))
		return -1;
	before = os->now_unix_ms() - age_ms;
	if (kept_purge(&n, cli->box, before, err) < 0 ||
	    receipts_purge(&receipts, cli->box, before, err) < 0)
		return -1;
	if (cli->json) {
		json_changed(cli, n);
		return CLI_DONE;
	}
	printf(text_plural("%s original or held value purged",
			   "%s originals and held values purged", (unsigned long)n),
	       show_count(n).s);
	printf(text_plural("; the item names of %s receipt, too.\n",
			   "; the item names of %s receipts, too.\n", (unsigned long)receipts),
	       show_count(receipts).s);
	return CLI_DONE;
}
