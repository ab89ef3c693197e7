/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_backup: backup, forget, receipts. */
#include "backup/backup.h"

#include "box/identity.h"
#include "box/receipts.h"
#include "box/shortcuts.h"
#include "cli/ask.h"
#include "cli/chosen.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/waits.h"
#include "remote/remote.h"

static const char *
stage_text(enum backup_stage stage)
{
	switch (stage) {
	case BACKUP_SCANNING:
		return _("looking for changes");
	case BACKUP_READING:
		return _("reading and sealing");
	case BACKUP_CHUNKS:
	case BACKUP_SENDING:
		return _("sending");
	case BACKUP_DONE:
		break;
	}
	return _("done");
}

/* Who is told of a backup while it runs. */
struct watched {
	const struct cli *cli;
	struct progress bar;
};

/* Items are done when the server has acknowledged them; until then what has left tells how far it
 * is.  That is compressed and padded, so it is held below the total. */
static void
show_progress(void *ctx, const struct backup_progress *p)
{
	struct watched *w = ctx;
	uint64_t done = p->bytes_sent > p->bytes_done ? p->bytes_sent : p->bytes_done;

	progress_update(&w->bar,
			&(struct progress_state){
				.what = stage_text(p->stage),
				.items_done = p->items_done,
				.items_total = p->items_total,
				.bytes_done = done < p->bytes_total ? done : p->bytes_total,
				.bytes_total = p->bytes_total,
			});
}

static void
tell_waiting(void *ctx, long pid)
{
	struct watched *w = ctx;
	char note[128];

	snprintf(note, sizeof note, _("waiting for another cloudbox (process %ld) to end"), pid);
	cli_warn(w->cli, note);
}

static struct json_object *
json_of_item(struct cli *cli, const struct backup_item *item)
{
	struct json_object *one = json_record(cli);

	json_put_text(cli, one, "app", item->app);
	json_put_text(cli, one, "id", item->id);
	json_put_text(cli, one, "name", item->name);
	json_put_number(cli, one, "bytes", item->bytes);
	json_put_text(cli, one, "reason", item->reason);
	return one;
}

static int
put_items(struct cli *cli, const char *key, struct backup_result *r, enum backup_outcome outcome,
	  struct err *err)
{
	struct backup_item item;
	int rc;

	if (json_open(cli, key, '[', err) < 0 || backup_result_rewind(r, err) < 0)
		return -1;
	while ((rc = backup_result_next(&item, r, err)) == 0)
		if (item.outcome == outcome &&
		    json_add(cli, NULL, json_of_item(cli, &item), err) < 0)
			return -1;
	return rc < 0 ? -1 : json_close(cli, err);
}

static int
print_json(struct cli *cli, struct backup_result *r, struct err *err)
{
	if (json_open(cli, NULL, '{', err) < 0 ||
	    put_items(cli, "uploaded", r, BACKUP_UPLOADED, err) < 0 ||
	    put_items(cli, "failed", r, BACKUP_FAILED, err) < 0 ||
	    put_items(cli, "missing", r, BACKUP_MISSING, err) < 0 ||
	    json_add_number(cli, "unchanged", r->n_unchanged, err) < 0 ||
	    json_add_number(cli, "bytes_sent", r->bytes_sent, err) < 0 ||
	    json_add_number(cli, "bytes_received", r->bytes_received, err) < 0 ||
	    json_add_number(cli, "requests", r->requests, err) < 0 ||
	    json_add_number(cli, "full_backup_bytes", r->full_backup_bytes, err) < 0 ||
	    (r->estimated && json_add(cli, "estimated", json_object_new_boolean(true), err) < 0) ||
	    json_add_number(cli, "duration_ms", (uint64_t)r->duration_ms, err) < 0)
		return -1;
	return json_close(cli, err);
}

static int
print_outcome(struct cli *cli, struct backup_result *r, enum backup_outcome outcome,
	      const char *colour, const char *mark, struct err *err)
{
	struct backup_item item;
	int rc;

	if (backup_result_rewind(r, err) < 0)
		return -1;
	while ((rc = backup_result_next(&item, r, err)) == 0)
		if (item.outcome == outcome)
			printf("  %s%s%s %s: %s\n", colour, mark, cli_plain(cli),
			       cli_clean(item.name), cli_clean(item.reason));
	return rc < 0 ? -1 : 0;
}

static int
print_costs(struct cli *cli, const struct backup_result *r, struct err *err)
{
	const struct column columns[] = {
		{ _("app"), COLUMN_LEFT },
		{ _("saved"), COLUMN_RIGHT },
		{ _("bytes"), COLUMN_RIGHT },
		{ _("a full backup"), COLUMN_RIGHT },
	};
	AUTO(table_clear) struct table t = TABLE_INIT(columns);

	for (size_t i = 0; i < r->n_apps; i++) {
		const struct backup_app_cost *a = &r->apps[i];
		char full[SHOW_BYTES * 2];

		snprintf(full, sizeof full, "%s%s", a->estimated ? "≈ " : "",
			 show_bytes(a->full_backup_bytes).s);
		if (a->uploaded && TABLE_ADD(&t, err, a->app, show_count(a->uploaded).s,
					     show_bytes(a->bytes).s, full) < 0)
			return -1;
	}
	return t.n_rows ? table_print(&t, stdout, cli->width, cli->colour_out, err) : 0;
}

static int
print_text(struct cli *cli, struct backup_result *r, struct err *err)
{
	uint64_t looked_at = r->n_uploaded + r->n_unchanged + r->n_missing + r->n_failed;

	if (looked_at == 0 && r->requests == 0) {
		puts(_("There is nothing to back up. Choose something: cloudbox add APP ITEM"));
		return 0;
	}
	if (r->n_uploaded == 0 && r->n_failed == 0 && r->n_missing == 0) {
		printf(_("%s✓%s Nothing changed in %s items: %s sent.\n"), cli_green(cli),
		       cli_plain(cli), show_count(r->n_unchanged).s, show_bytes(r->bytes_sent).s);
		return 0;
	}
	if (r->n_uploaded) {
		printf(text_plural("%s✓%s %s item saved, %s unchanged\n",
				   "%s✓%s %s items saved, %s unchanged\n",
				   (unsigned long)r->n_uploaded),
		       cli_green(cli), cli_plain(cli), show_count(r->n_uploaded).s,
		       show_count(r->n_unchanged).s);
		if (print_costs(cli, r, err) < 0)
			return -1;
	}
	if (print_outcome(cli, r, BACKUP_MISSING, cli_yellow(cli), _("missing"), err) < 0 ||
	    print_outcome(cli, r, BACKUP_FAILED, cli_red(cli), _("failed"), err) < 0)
		return -1;
	printf(text_plural("Sent %s%s%s, received %s, in %u request",
			   "Sent %s%s%s, received %s, in %u requests", r->requests),
	       cli_bold(cli), show_bytes(r->bytes_sent).s, cli_plain(cli),
	       show_bytes(r->bytes_received).s, r->requests);
	if (r->full_backup_bytes > r->bytes_sent)
		printf(_("; a full backup would have sent %s%s: %s"), r->estimated ? "≈ " : "",
		       show_bytes(r->full_backup_bytes).s,
		       show_saving(r->bytes_sent, r->full_backup_bytes).s);
	puts(_("."));
	return 0;
}

static void
tell_all(const struct cli *cli, char **sentences, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cli_warn(cli, sentences[i]);
}

/* An older state than was acknowledged: only the person can say what that means.  @err keeps the
 * alarm unless the answer is yes. */
static int
offer_rejoin(struct backup_result *r, struct cli *cli, struct err *err)
{
	char question[sizeof err->msg + 512];
	struct err unused;

	snprintf(question, sizeof question,
		 _("%s\nWas the server itself set back (restored from its own backup)? Then this "
		   "terminal can go on from there and save everything anew. Do that?"),
		 err->msg);
	if (ask_yes_no(cli, question, &unused) != 1)
		return -1;
	return backup_rejoin(r, cli->box, cli->remote, err);
}

static int
run(struct backup_result *r, struct cli *cli, const struct backup_request *request, struct err *err)
{
	struct watched watched = { .cli = cli };
	struct backup_watch watch = {
		.ctx = &watched,
		.progress = show_progress,
		.cancelled = interrupt_came,
		.waiting = tell_waiting,
	};
	struct remote *remote = cli_remote(cli, err);
	int rc;

	if (!remote)
		return -1;
	interrupt_watch();
	progress_begin(&watched.bar, cli->progress);
	rc = backup_run(r, cli->box, remote, request, &watch, err);
	progress_end(&watched.bar);
	if (rc < 0 && err->code == ERR_ALARM && r->behind && offer_rejoin(r, cli, err) == 0) {
		tell_all(cli, r->warnings, r->n_warnings);
		backup_result_clear(r);
		*r = (struct backup_result){ 0 };
		rc = backup_run(r, cli->box, remote, request, &watch, err);
	}
	return rc;
}

static int
no_app_for_where(struct err *err)
{
	return err_set(err, ERR_USAGE, "--where needs the app whose items are meant");
}

int
cmd_backup(struct cli *cli, struct err *err)
{
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	struct backup_request request = {
		.app = cli_word(cli, 0),
		.items = cli->args.n_words > 1 ? cli->args.words + 1 : NULL,
		.n_items = cli->args.n_words > 1 ? cli->args.n_words - 1 : 0,
		.thread = args_value(&cli->args, "--thread"),
		.selected = args_has(&cli->args, "--selected"),
		.check = args_has(&cli->args, "--check"),
	};
	AUTO(chosen_ids_clear) struct chosen_ids ids = { 0 };
	int rc = 0;

	if (args_has(&cli->args, "--where")) {
		if (!request.app || chosen_all(cli, err) < 0)
			return request.app ? -1 : no_app_for_where(err);
		if (chosen_ids_find(&ids, cli, CHOSEN_IN_BOX, err) < 0)
			return -1;
		request.items = ids.list;
		request.n_items = ids.n;
	}
	rc = run(&r, cli, &request, err);
	tell_all(cli, r.warnings, r.n_warnings);
	if (rc < 0)
		return -1;
	if (r.requests)
		waits_follow(cli);
	if ((cli->json ? print_json(cli, &r, err) : print_text(cli, &r, err)) < 0)
		return -1;
	return r.n_failed ? CLI_PARTIAL : CLI_DONE;
}

int
cmd_forget(struct cli *cli, struct err *err)
{
	AUTO(backup_result_clear) struct backup_result r = { 0 };
	const char *app = cli_word(cli, 0);
	struct watched watched = { .cli = cli };
	struct backup_watch watch = {
		.ctx = &watched,
		.cancelled = interrupt_came,
		.waiting = tell_waiting,
	};
	AUTO(chosen_ids_clear) struct chosen_ids ids = { 0 };
	bool some = args_has(&cli->args, "--where") || args_has(&cli->args, "--thread");
	int all = chosen_all(cli, err);
	struct remote *remote = all < 0 ? NULL : cli_remote(cli, err);

	if (!remote || (some && chosen_ids_find(&ids, cli, CHOSEN_SAVED, err) < 0))
		return -1;
	interrupt_watch();
	if (backup_forget(&r, cli->box, remote, app,
			  some  ? ids.list
			  : all ? NULL
				: cli->args.words + 1,
			  some  ? ids.n
			  : all ? 0
				: cli->args.n_words - 1,
			  &watch, err) < 0)
		return -1;
	tell_all(cli, r.warnings, r.n_warnings);
	if (cli->json)
		json_changed(cli, r.n_uploaded);
	else
		printf(text_plural(
			       "%s item is to go from the cloud. The server keeps old versions "
			       "as long as its retention says; the app's data stays.\n",
			       "%s items are to go from the cloud. The server keeps old "
			       "versions as long as its retention says; the app's data stays.\n",
			       (unsigned long)r.n_uploaded),
		       show_count(r.n_uploaded).s);
	return r.n_failed ? CLI_PARTIAL : CLI_DONE;
}

struct listing {
	struct cli *cli;
	struct json_object *list;
	struct table table;
};

static const char *
kind_text(enum receipt_kind kind)
{
	switch (kind) {
	case RECEIPT_BACKUP:
		return _("backup");
	case RECEIPT_RESTORE:
		return _("restore");
	case RECEIPT_UNDO:
		return _("undo");
	case RECEIPT_TAKE:
		return _("take");
	case RECEIPT_DRILL:
		return _("drill");
	}
	return "";
}

static int
list_receipt(void *ctx, const struct receipt *r, struct err *err)
{
	struct listing *l = ctx;

	if (!l->cli->json) {
		struct shown full = show_bytes(r->full_backup_bytes);

		return TABLE_ADD(&l->table, err, show_when(r->at_unix_ms).s, kind_text(r->kind),
				 show_count(r->items).s, show_bytes(r->bytes_sent).s,
				 show_bytes(r->bytes_received).s,
				 r->full_backup_bytes ? full.s : "",
				 show_saving(r->bytes_sent, r->full_backup_bytes).s);
	}
	struct json_object *o = json_push(l->cli, l->list);

	json_put_text(l->cli, o, "kind", receipt_kind_name(r->kind));
	json_put_when(l->cli, o, "at", r->at_unix_ms);
	json_put_number(l->cli, o, "items", r->items);
	json_put_number(l->cli, o, "bytes_sent", r->bytes_sent);
	json_put_number(l->cli, o, "bytes_received", r->bytes_received);
	json_put_number(l->cli, o, "full_backup_bytes", r->full_backup_bytes);
	return 0;
}

int
cmd_receipts(struct cli *cli, struct err *err)
{
	const struct column columns[] = {
		{ _("when"), COLUMN_LEFT },
		{ _("what"), COLUMN_LEFT },
		{ _("items"), COLUMN_RIGHT },
		{ _("sent"), COLUMN_RIGHT },
		{ _("received"), COLUMN_RIGHT },
		{ _("a full backup"), COLUMN_RIGHT },
		{ " ", COLUMN_LEFT },
	};
	struct listing l = { .cli = cli, .table = TABLE_INIT(columns) };
	int rc;

	if (!cli_account_box(cli, err))
		return -1;
	l.list = cli->json ? json_list(cli) : NULL;
	rc = receipts_each(cli->box, list_receipt, &l, err);
	if (rc == 0 && cli->json)
		json_result(cli, TAKE(l.list));
	else if (rc == 0 && l.table.n_rows)
		rc = table_print(&l.table, stdout, cli->width, cli->colour_out, err);
	else if (rc == 0)
		puts(_("No receipts yet: nothing was backed up or restored."));
	json_object_put(l.list);
	table_clear(&l.table);
	return rc < 0 ? -1 : CLI_DONE;
}
