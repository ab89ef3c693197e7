/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_pair: pair: this terminal takes another one into the account.  The other one's side: cmd_join.c. */
#include <stdio.h>

#include "account/pair.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/compare.h"
#include "cli/interrupt.h"
#include "cli/qr.h"
#include "cli/show.h"
#include "os/os.h"
#include "remote/remote.h"

#define QR_BYTES_MAX (1u << 20)

/* The code as a picture, where there is a terminal that has room for it. */
static int
print_picture(const struct cli *cli, const char *url, struct err *err)
{
	AUTO(buf_clear) struct buf lines = BUF_INIT(QR_BYTES_MAX);
	struct err why = { 0 };
	size_t n_cells = 0;
	int rc;

	if (!cli->width)
		return 0;
	rc = qr_draw(&lines, &n_cells, url, cli->colour_out, cli->width, &why);
	if (rc == 0) {
		fputs(buf_str(&lines), stdout);
	} else if (rc == QR_TOO_WIDE) {
		fprintf(stderr, _("The code needs a terminal %zu characters wide.\n"), n_cells);
	} else if (why.code == ERR_UNSUPPORTED) { /* the address does as well */
		cli_warn(cli, why.msg);
		cli_warn(cli, why.hint);
	} else {
		*err = why;
		return -1;
	}
	secret_wipe(lines.p, lines.n);
	return 0;
}

static void
print_json(struct cli *cli, const char *url, uint64_t left_ms)
{
	struct json_object *o = json_record(cli);

	json_put_text(cli, o, "url", url);
	json_put_when(cli, o, "expires_at", os->now_unix_ms() + (int64_t)left_ms);
	json_now(cli, o);
}

static int
show_code(void *ctx, const struct remote_url *code, uint64_t left_ms, struct err *err)
{
	struct cli *cli = ctx;
	char url[REMOTE_URL_TEXT_BYTES];
	int rc = 0;

	remote_url_print(url, code);
	if (cli->json) {
		print_json(cli, url, left_ms);
	} else {
		rc = print_picture(cli, url, err);
		printf(_("On the terminal that is to join, within %s:\n"),
		       show_duration((int64_t)left_ms).s);
		printf("    cloudbox join '%s'\n", url);
		fprintf(stderr, "%s\n", _("Waiting for it. Ctrl-C ends it; the code works once."));
	}
	fflush(stdout);
	secret_wipe(url, sizeof url);
	return rc;
}

static void
report(struct cli *cli, const struct account_paired *p)
{
	if (!cli->json)
		printf(_("%s✓%s %s is in the account now.\n"), cli_green(cli), cli_plain(cli),
		       cli_clean(p->name));
	if (!p->finished)
		cli_warn(cli,
			 _("it has not said that it has its keys: if it does not know that it "
			   "joined, pair it once more, and it becomes the same device; or shut "
			   "it out: cloudbox revoke"));
}

int
cmd_pair(struct cli *cli, struct err *err)
{
	const struct account_pair_person person = { .ctx = cli,
						    .show = show_code,
						    .compare = compare_digits };
	const struct remote_watch watch = { .cancelled = interrupt_came };
	struct account_paired paired;
	struct remote_url address;
	struct unlocked *u;
	int rc;

	if (compare_possible(cli, err) < 0)
		return -1;
	u = cli_unlock_anew(cli, err);
	if (!u || cli_server(&address, cli, err) < 0)
		return -1;
	interrupt_watch();
	remote_watch(cli->remote, &watch);
	rc = account_pair(&paired, u, cli->box, &address, &person, err);
	remote_watch(cli->remote, NULL);
	if (rc < 0)
		return -1;
	report(cli, &paired);
	return CLI_DONE;
}
