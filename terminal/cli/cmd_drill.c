/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_drill: drill: proof that what was saved can come back. */
#include "restore/drill.h"

#include "cli/bad.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/show.h"

/* A drill that is watched. */
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
run_drill(struct drill_result *r, struct cli *cli, bool locked, struct err *err)
{
	static const struct drill_limits all = { UINT64_MAX, UINT64_MAX, false };
	struct watched w = { .state.what = _("rehearsing") };
	struct verify_watch watch = { &w, show_progress, interrupt_came };
	struct remote *remote = cli_remote(cli, err);
	struct unlocked *u;
	int rc;

	if (!remote)
		return -1;
	u = locked ? NULL : cli_unlock(cli, err);
	if (!locked && !u)
		return -1;
	interrupt_watch();
	progress_begin(&w.bar, cli->progress);
	if (locked)
		rc = drill_locked(r, cli->box, remote, &watch, err);
	else
		rc = drill_full(r, cli->box, u, args_has(&cli->args, "--all") ? &all : NULL, &watch,
				err);
	progress_end(&w.bar);
	return rc;
}

static void
print_json(struct cli *cli, const struct drill_result *r)
{
	struct json_object *o = json_record(cli);

	json_put_text(cli, o, "kind", drill_kind_name(r->kind));
	json_put_number(cli, o, "items", r->items);
	json_put_number(cli, o, "proven", r->proven);
	json_put_number(cli, o, "records", r->records);
	json_put_number(cli, o, "chunks", r->chunks);
	json_put_number(cli, o, "again", r->again);
	bad_json(cli, o, &r->found);
	json_put_number(cli, o, "bytes_received", r->found.bytes_received);
	json_put_number(cli, o, "requests", r->found.requests);
	json_result(cli, o);
}

static void
print_what(const struct drill_result *r)
{
	if (r->kind == DRILL_FULL)
		printf(text_plural("%s of %s item came back whole",
				   "%s of %s items came back whole", (unsigned long)r->items),
		       show_count(r->proven).s, show_count(r->items).s);
	else
		printf(text_plural("%s item compared", "%s items compared",
				   (unsigned long)r->items),
		       show_count(r->items).s);
	if (r->kind == DRILL_LOCKED)
		printf(_(", %s records and %s pieces of data drawn"), show_count(r->records).s,
		       show_count(r->chunks).s);
}

static void
print_text(const struct cli *cli, const struct drill_result *r)
{
	size_t n = r->found.n_bad;

	bad_print(cli, &r->found);
	print_what(r);
	if (n)
		printf(text_plural("; %s%s is bad%s", "; %s%s are bad%s", (unsigned long)n),
		       cli_red(cli), show_count(n).s, cli_plain(cli));
	printf(text_plural("; received %s in %u request.\n", "; received %s in %u requests.\n",
			   r->found.requests),
	       show_bytes(r->found.bytes_received).s, r->found.requests);
	if (r->again)
		puts(_("What is damaged is replaced by: cloudbox backup"));
	if (n)
		puts(_("The server's operator should hear of it: cloudboxd check says more "
		       "there."));
}

int
cmd_drill(struct cli *cli, struct err *err)
{
	AUTO(drill_result_clear) struct drill_result r = { 0 };
	bool locked = args_has(&cli->args, "--locked"), some;

	if (locked && args_has(&cli->args, "--all"))
		return err_set(err, ERR_USAGE, "either --all or --locked: not both");
	if (run_drill(&r, cli, locked, err) < 0)
		return -1;
	if (cli->json)
		print_json(cli, &r);
	else
		print_text(cli, &r);
	if (!r.found.n_bad)
		return CLI_DONE;
	some = locked ? r.found.n_bad < r.items : r.proven > 0;
	return some ? CLI_PARTIAL : CLI_FAILED;
}
