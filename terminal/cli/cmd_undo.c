/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_undo: undo, take: what is done on purpose with what the Box keeps of restores. */
#include "restore/undo.h"

#include "account/account.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/here.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "cli/told.h"
#include "restore/take.h"

/* Undo's outcomes in the words of the contract (docs/man): what a restore's would be that did it. */
static const char *
result_word(enum undo_outcome outcome)
{
	switch (outcome) {
	case UNDO_TAKEN_AWAY:
	case UNDO_GONE:
	case UNDO_PUT_BACK:
		return "merged";
	case UNDO_BEFORE:
		return "identical";
	case UNDO_STAYS:
		return "skipped";
	case UNDO_FAILED:
		break;
	}
	return "failed";
}

static void
print_json(struct cli *cli, const struct undo_result *r)
{
	struct json_object *o = json_record(cli), *items = json_list(cli);

	json_put_text(cli, o, "restore", r->restore[0] ? r->restore : NULL);
	for (size_t i = 0; i < r->n_items; i++) {
		const struct undo_item *it = &r->items[i];
		struct json_object *one = json_push(cli, items);

		json_put_text(cli, one, "app", it->app);
		json_put_text(cli, one, "id", it->id);
		json_put_text(cli, one, "name", it->name);
		json_put_text(cli, one, "result", result_word(it->outcome));
		told_fields(cli, one, "fields_added", it->put_back, it->n_put_back);
		told_fields(cli, one, "fields_removed", it->removed, it->n_removed);
		told_fields(cli, one, "fields_held", it->stays, it->n_stays);
		json_put_text(cli, one, "reason", it->reason);
	}
	json_put(cli, o, "items", items);
	json_put_number(cli, o, "written", r->written);
	json_put_number(cli, o, "bytes_received", 0);
	json_put_number(cli, o, "requests", 0);
	json_result(cli, o);
}

static const char *
outcome_text(enum undo_outcome outcome)
{
	switch (outcome) {
	case UNDO_TAKEN_AWAY:
	case UNDO_PUT_BACK:
	case UNDO_BEFORE:
		return _("undone");
	case UNDO_GONE:
		return _("gone again");
	case UNDO_STAYS:
		return _("stays");
	case UNDO_FAILED:
		break;
	}
	return _("failed");
}

static const char *
mark(const struct cli *cli, enum undo_outcome outcome)
{
	return outcome == UNDO_FAILED  ? cli_red(cli)
	       : outcome == UNDO_STAYS ? cli_yellow(cli)
				       : cli_green(cli);
}

static void
print_item(struct cli *cli, const struct undo_item *it)
{
	printf("  %s%s%s %s%s%s", mark(cli, it->outcome), outcome_text(it->outcome), cli_plain(cli),
	       cli_bold(cli), cli_clean(it->name), cli_plain(cli));
	if (it->reason[0])
		printf(" %s(%s)%s", cli_dim(cli), cli_clean(it->reason), cli_plain(cli));
	putchar('\n');
	for (size_t i = 0; i < it->n_removed; i++)
		printf("      - %s  %s\n", cli_clean(it->removed[i].field),
		       cli_value(it->removed[i].value));
	for (size_t i = 0; i < it->n_put_back; i++)
		printf("      + %s  %s\n", cli_clean(it->put_back[i].field),
		       cli_value(it->put_back[i].value));
	for (size_t i = 0; i < it->n_stays; i++)
		printf("      = %s  %s\n", cli_clean(it->stays[i].field),
		       cli_value(it->stays[i].value));
}

static void
print_text(struct cli *cli, const struct undo_result *r)
{
	uint64_t stays = 0;

	if (!r->restore[0]) {
		puts(_("There is nothing to undo: no restore changed anything that is not "
		       "undone."));
		return;
	}
	if (r->was_undone) {
		printf(_("Restore %.8s is undone already: nothing was changed.\n"), r->restore);
		return;
	}
	for (size_t i = 0; i < r->n_items; i++) {
		stays += r->items[i].outcome == UNDO_STAYS;
		print_item(cli, &r->items[i]);
	}
	printf(_("Restore %.8s: %s undone, %s stay as they are, %s failed.\n"), r->restore,
	       show_count(r->n_items - stays - r->failed).s, show_count(stays).s,
	       show_count(r->failed).s);
	if (r->failed)
		puts(_("When the cause is gone, undo it again: what is done is not done twice."));
}

const struct account_keys *
cli_keys(void *ctx, uint64_t epoch, struct err *err)
{
	struct cli *cli = ctx;
	struct unlocked *u = cli_unlock(cli, err);
	const struct account_keys *keys = u ? unlocked_keys(u, epoch) : NULL;

	if (u && !keys)
		err_set(err, ERR_AUTH,
			"what is kept is sealed with a key that the account never had");
	return keys;
}

/* How far it is. */
struct watched {
	struct progress bar;
	struct progress_state state;
};

static void
show_progress(void *ctx, uint64_t done, uint64_t total, uint64_t bytes)
{
	struct watched *w = ctx;

	(void)bytes;
	w->state.items_done = done;
	w->state.items_total = total;
	progress_update(&w->bar, &w->state);
}

int
cmd_undo(struct cli *cli, struct err *err)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	struct undo_request request = { cli_word(cli, 0), cli_keys, cli };
	struct watched w = { .state.what = _("undoing") };
	struct restore_watch watch = { .ctx = &w,
				       .progress = show_progress,
				       .cancelled = interrupt_came };
	int rc;

	if (!cli_account_box(cli, err))
		return -1;
	interrupt_watch();
	progress_begin(&w.bar, cli->progress);
	rc = undo_run(&r, cli->box, &request, &watch, err);
	progress_end(&w.bar);
	if (rc < 0)
		return -1;
	if (cli->json)
		print_json(cli, &r);
	else
		print_text(cli, &r);
	return r.failed ? CLI_PARTIAL : CLI_DONE;
}

int
cmd_take(struct cli *cli, struct err *err)
{
	struct held_request rq = { .app = cli_word(cli, 0),
				   .item = cli_word(cli, 1),
				   .field = cli_word(cli, 2),
				   .keys = cli_keys,
				   .keys_ctx = cli };

	if (!cli_account_box(cli, err) || here_know(cli, rq.app, err) < 0 ||
	    take_run(cli->box, &rq, err) < 0)
		return -1;
	if (cli->json)
		json_changed(cli, 1);
	else
		puts(_("Taken: the backup's value stands here now. What was here before is kept: "
		       "cloudbox undo puts it back."));
	return CLI_DONE;
}
