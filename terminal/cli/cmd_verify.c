/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_verify: verify: whether the server still has what was saved. */
#include "restore/verify.h"

#include "cli/bad.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/show.h"

/* A check that is watched. */
struct watched {
	struct progress bar;
	struct progress_state state;
};

static void
show_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct watched *w = ctx;

	w->state.items_done = done;
	w->state.items_total = total;
	progress_update(&w->bar, &w->state);
}

static int
check_data(struct verify_result *r, struct cli *cli, struct err *err)
{
	struct watched w = { .state.what = _("checking") };
	struct verify_watch watch = { &w, show_progress, interrupt_came };
	struct unlocked *u = cli_unlock(cli, err);
	int rc;

	if (!u)
		return -1;
	interrupt_watch();
	progress_begin(&w.bar, cli->progress);
	rc = verify_data(r, cli->box, u, &watch, err);
	progress_end(&w.bar);
	return rc;
}

static void
print_json(struct cli *cli, const struct verify_result *r)
{
	struct json_object *o = json_record(cli);

	json_put_number(cli, o, "checked", r->checked);
	json_put_number(cli, o, "versions", r->versions);
	json_put_number(cli, o, "chunks", r->chunks);
	bad_json(cli, o, r);
	json_put_number(cli, o, "bytes_received", r->bytes_received);
	json_put_number(cli, o, "requests", r->requests);
	json_result(cli, o);
}

static void
print_text(const struct cli *cli, const struct verify_result *r, bool data)
{
	bad_print(cli, r);
	printf(text_plural("%s item checked", "%s items checked", (unsigned long)r->checked),
	       show_count(r->checked).s);
	if (data)
		printf(_(", %s versions and %s pieces of data opened"), show_count(r->versions).s,
		       show_count(r->chunks).s);
	if (r->n_bad)
		printf(text_plural("; %s%s is bad%s", "; %s%s are bad%s", (unsigned long)r->n_bad),
		       cli_red(cli), show_count(r->n_bad).s, cli_plain(cli));
	printf(text_plural("; received %s in %u request.\n", "; received %s in %u requests.\n",
			   r->requests),
	       show_bytes(r->bytes_received).s, r->requests);
	if (!r->n_bad && !data)
		puts(_("The server lists all that it acknowledged. Its data itself is opened by: "
		       "cloudbox verify --data"));
}

int
cmd_verify(struct cli *cli, struct err *err)
{
	AUTO(verify_result_clear) struct verify_result r = { 0 };
	bool data = args_has(&cli->args, "--data");
	struct remote *remote = cli_remote(cli, err);

	if (!remote ||
	    (data ? check_data(&r, cli, err) : verify_server(&r, cli->box, remote, err)) < 0)
		return -1;
	if (cli->json)
		print_json(cli, &r);
	else
		print_text(cli, &r, data);
	return r.n_bad ? CLI_FAILED : CLI_DONE;
}
