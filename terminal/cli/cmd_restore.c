/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_restore: restore: getting it back. */
#include "restore/restore.h"

#include <stdlib.h>

#include "base/when.h"
#include "cli/commands.h"
#include "cli/here.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/told.h"
#include "remote/remote.h"

#define VERSIONS_MAX 4294967295UL

/* Who is told of a restore while it runs: of items by the restore, of bytes by the remote. */
struct watched {
	struct progress bar;
	struct progress_state state;
	uint64_t received_before;
};

static void
show_progress(void *ctx, uint64_t done, uint64_t total, uint64_t bytes)
{
	struct watched *w = ctx;

	w->state.items_done = done;
	w->state.items_total = total;
	if (bytes > w->state.bytes_done)
		w->state.bytes_done = bytes;
	progress_update(&w->bar, &w->state);
}

static void
show_moved(void *ctx, const struct remote_traffic *t)
{
	struct watched *w = ctx;

	w->state.bytes_done = t->bytes_received - w->received_before;
	progress_update(&w->bar, &w->state);
}

/* Before anything is written; the bar would stand in the way. */
static void
show_fit(void *ctx, const struct restore_fit *fit)
{
	struct watched *w = ctx;

	progress_end(&w->bar);
	told_fit(fit, false);
}

/* Restore, watched; Ctrl-C ends it after the item at hand. */
static int
run(struct restore_result *r, struct cli *cli, const struct restore_request *request,
    struct err *err)
{
	struct watched w = {
		.state.what = _("getting it back"),
		.received_before = remote_traffic(cli->remote).bytes_received,
	};
	struct restore_watch watch = { &w, show_fit, show_progress, interrupt_came };
	struct remote_watch moving = { .ctx = &w, .moved = show_moved };
	int rc;

	interrupt_watch();
	progress_begin(&w.bar, cli->progress);
	remote_watch(cli->remote, &moving);
	rc = restore_run(r, cli->box, cli->unlocked, request, &watch, err);
	remote_watch(cli->remote, NULL);
	progress_end(&w.bar);
	return rc;
}

/* The options that say what and where to. */
static int
read_options(struct restore_request *request, const struct cli *cli, struct err *err)
{
	const struct args *a = &cli->args;
	const char *at = args_value(a, "--at");
	unsigned long version = 0;

	if (args_number(a, "--version", VERSIONS_MAX, &version, err) < 0)
		return -1;
	if (at && when_parse(&request->at_unix_ms, span_str(at), err) < 0) {
		err->code = ERR_USAGE;
		return -1;
	}
	if (version && at)
		return err_set(err, ERR_USAGE, "--version and --at cannot both be meant");
	request->app = cli_word(cli, 0);
	if (a->n_words > 1) {
		request->items = a->words + 1;
		request->n_items = a->n_words - 1;
	}
	request->thread = args_value(a, "--thread");
	request->where = args_value(a, "--where");
	request->version = (uint32_t)version;
	request->from = args_value(a, "--from");
	request->into = args_value(a, "--into");
	request->create_dir = args_value(a, "--create");
	request->preview = args_has(a, "--preview");
	return 0;
}

int
cmd_restore(struct cli *cli, struct err *err)
{
	AUTO(restore_result_clear) struct restore_result r = { 0 };
	AUTO(free) const char **fields = NULL;
	struct restore_request request = { 0 };
	int rc;

	if (read_options(&request, cli, err) < 0 ||
	    args_all_values(&fields, &request.n_fields, &cli->args, "--field", err) < 0)
		return -1;
	request.fields = fields;
	if (!cli_unlock(cli, err) ||
	    here_know(cli, request.into ? request.into : request.app, err) < 0)
		return -1;
	rc = run(&r, cli, &request, err);
	told_alarms(cli, r.alarms, r.n_alarms);
	if (rc < 0)
		return -1;
	if (told_restore(cli, &r, request.preview, err) < 0)
		return -1;
	return r.failed ? CLI_PARTIAL : CLI_DONE;
}
