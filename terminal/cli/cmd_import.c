/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_import: import: items out of a file into an app, merged as a restore merges. */
#include "restore/import.h"

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/here.h"
#include "cli/interrupt.h"
#include "cli/told.h"

static void
show_fit(void *ctx, const struct restore_fit *fit)
{
	(void)ctx;
	if (fit->n_left)
		told_fit(fit, true);
}

int
cmd_import(struct cli *cli, struct err *err)
{
	AUTO(restore_result_clear) struct restore_result r = { 0 };
	struct restore_watch watch = { .fit = show_fit, .cancelled = interrupt_came };
	struct import_request request = { .app = cli_word(cli, 0),
					  .file = cli_word(cli, 1),
					  .preview = args_has(&cli->args, "--preview") };

	if (here_know(cli, request.app, err) < 0)
		return -1;
	interrupt_watch();
	if (import_run(&r, cli->box, &request, &watch, err) < 0)
		return -1;
	for (size_t i = 0; i < r.n_alarms; i++)
		cli_warn(cli, r.alarms[i]);
	if (r.n_items == 0 && !cli->json)
		puts(_("There is nothing in that file that this app takes."));
	else if (told_restore(cli, &r, request.preview, err) < 0)
		return -1;
	return r.failed ? CLI_PARTIAL : CLI_DONE;
}
