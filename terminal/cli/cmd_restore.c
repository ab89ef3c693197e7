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

#define VERSIONS_MAX 4294967295UL

static void
show_progress(void *ctx, uint64_t done, uint64_t total, uint64_t bytes)
{
	(void)bytes;
	progress_update(ctx, &(struct progress_state){
				     .what = _("getting it back"),
				     .items_done = done,
				     .items_total = total,
			     });
}

/* The options that say what and where to. */
static int
read_options(struct restore_request *request, const struct cli *cli, struct err *err)
{
	const struct args *a = &cli->args;
	const char *at = args_value(a, "--at");
	unsigned long version = 0;

	if (args_number(a, "--version", VERSIONS_MAX, &version, err) < 0 ||
	    (at && when_parse(&request->at_unix_ms, span_str(at), err) < 0))
		return -1;
	if (version && at)
		return err_set(err, ERR_USAGE, "--version and --at cannot both be meant");
	request->app = cli_word(cli, 0);
	if (a->n_words > 1) {
		request->items = a->words + 1;
		request->n_items = a->n_words - 1;
	}
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
	struct progress bar;
	struct restore_watch watch = { &bar, show_progress, interrupt_came };
	struct unlocked *u;
	int rc;

	if (read_options(&request, cli, err) < 0 ||
	    args_all_values(&fields, &request.n_fields, &cli->args, "--field", err) < 0)
		return -1;
	request.fields = fields;
	u = cli_unlock(cli, err);
	if (!u || here_know(cli, request.app, err) < 0)
		return -1;
	interrupt_watch();
	progress_begin(&bar, cli->progress);
	rc = restore_run(&r, cli->box, u, &request, &watch, err);
	progress_end(&bar);
	for (size_t i = 0; i < r.n_alarms; i++)
		cli_warn(cli, r.alarms[i]);
	if (rc < 0)
		return -1;
	told_restore(cli, &r, request.preview);
	return r.failed ? CLI_PARTIAL : CLI_DONE;
}
